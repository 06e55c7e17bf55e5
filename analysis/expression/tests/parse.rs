//! No text makes the parser panic, spans lie inside the text, and a tree that is printed
//! is parsed again as the same tree.

use analysis_expression::Expression;
use proptest::prelude::*;

/// Words of the language and others, in any order.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "clock",
            "a.b",
            "'x-1'.b",
            "`odd name`",
            "and",
            "or",
            "not",
            "implies",
            "in",
            "true",
            "false",
            "last",
            "count",
            "nodes",
            "max",
            "(",
            ")",
            "[",
            "]",
            ",",
            ".",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "+",
            "-",
            "*",
            "/",
            "%",
            "=",
            "1",
            "2.5",
            "1e9",
            "5s",
            "1m30s",
            "'G'",
            "\"it's\"",
            "\u{e9}",
            "\u{1F600}",
            "'",
            "5 s",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ];
    prop::collection::vec(word, 0..25).prop_map(|words| words.join(" "))
}

/// Texts of expressions, most of which parse.
fn sentence() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "clock",
        "a.b",
        "'x-1'.b",
        "`odd name`",
        "true",
        "1",
        "2.5",
        "1e300",
        "5s",
        "1m30s",
        "'G'",
        "\"it's\"",
        "0.1",
        "1e-9",
        "250ms",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "and", "or", "implies", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone(), any::<bool>()).prop_map(
                |(a, op, b, group)| {
                    match group {
                        true => format!("({a} {op} {b})"),
                        false => format!("{a} {op} {b}"),
                    }
                }
            ),
            inner.clone().prop_map(|it| format!("not {it}")),
            inner.clone().prop_map(|it| format!("-{it}")),
            inner.clone().prop_map(|it| format!("last({it})")),
            inner.clone().prop_map(|it| format!("count(nodes, {it})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) in [{b}, {a}]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) not in [{b}]")),
        ]
    })
}

fn is_sound(text: &str) -> Result<bool, TestCaseError> {
    match Expression::parse(text) {
        Ok(expression) => {
            let printed = expression.to_string();
            let again = Expression::parse(&printed);
            prop_assert_eq!(
                again.as_ref(),
                Ok(&expression),
                "{} printed as {}",
                text,
                printed
            );
            prop_assert_eq!(again.unwrap().to_string(), printed);
            Ok(true)
        }
        Err(mistake) => {
            let range = mistake.span.range();
            prop_assert!(text.get(range.clone()).is_some(), "{text:?}: {range:?}");
            Ok(false)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_is_parsed_or_refused_with_a_place(text in words()) {
        is_sound(&text)?;
    }

    #[test]
    fn what_is_printed_is_parsed_as_the_same_tree(text in sentence()) {
        is_sound(&text)?;
    }
}

#[test]
fn levels_are_as_documented() {
    for (text, printed) in [
        ("a or b and c", "a or b and c"),
        ("(a or b) and c", "(a or b) and c"),
        ("not a == b", "not a == b"),
        ("(not a) == b", "(not a) == b"),
        ("a implies b implies c", "a implies b implies c"),
        ("(a implies b) implies c", "(a implies b) implies c"),
        ("a - (b - c)", "a - (b - c)"),
        ("((a - b)) - c", "a - b - c"),
        ("-a * b", "-a * b"),
        ("-(a * b)", "-(a * b)"),
        ("a + b * c % d", "a + b * c % d"),
        ("a < b and not c in [1, 2]", "a < b and not c in [1, 2]"),
        ("a not in [1]", "a not in [1]"),
        ("a == 90s", "a == 1m30s"),
    ] {
        assert_eq!(Expression::parse(text).unwrap().to_string(), printed);
    }
    assert_ne!(
        Expression::parse("a - b - c").unwrap(),
        Expression::parse("a - (b - c)").unwrap()
    );
}
