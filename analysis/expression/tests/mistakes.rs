//! Every mistake in an expression has its place, and says what to write.

use std::sync::Arc;

use analysis_expression::{Expression, Group, Mistake, Program, Scope, Shape};
use analysis_log::{ColumnKind, ColumnSchema};

fn shape(columns: &[(&str, ColumnKind)], events: &[&str]) -> Option<Shape> {
    let columns = columns.iter().map(|(name, kind)| ColumnSchema {
        name: (*name).to_owned(),
        kind: *kind,
        docs: String::new(),
    });
    Some(Shape {
        columns: columns.collect(),
        events: events
            .iter()
            .map(|it| (*it).to_owned())
            .collect::<Vec<_>>()
            .into(),
        program: false,
    })
}

fn group(name: &str, nodes: std::ops::Range<u32>, shape: Option<Shape>) -> Group {
    Group {
        name: name.to_owned(),
        numbered: nodes.len() > 1,
        nodes,
        shape,
    }
}

/// Three machines, two lights, and a program.
fn scope(global: bool) -> Scope {
    use ColumnKind::{Bool, F64, Text, U64};
    let machine = shape(
        &[
            ("clock", U64),
            ("load", F64),
            ("leader", Bool),
            ("wait_ns", U64),
            ("state", U64),
        ],
        &["internal", "elected"],
    );
    let light = shape(&[("colour", Text), ("state", Text)], &["ignored"]);
    Scope {
        groups: vec![
            group("machine", 0..3, machine),
            group("east_west", 3..4, light.clone()),
            group("north_south", 4..5, light),
            group(
                "outside",
                5..6,
                Some(Shape {
                    program: true,
                    columns: Arc::default(),
                    ..Shape::default()
                }),
            ),
        ],
        selected: None,
        global,
    }
}

fn mistakes_in(text: &str, scope: &Scope) -> Vec<Mistake> {
    match Expression::parse(text) {
        Err(mistake) => vec![mistake],
        Ok(expression) => match Program::new(&expression, scope) {
            Err(mistakes) => mistakes,
            Ok(program) => {
                assert!(program.is_some(), "{text}");
                Vec::new()
            }
        },
    }
}

/// The mistakes as lines: `PLACE: MESSAGE (HELP)`.
fn said(text: &str, global: bool) -> Vec<String> {
    let said = |mistake: Mistake| {
        assert!(
            mistake.span.range().end <= text.len(),
            "{text}: {mistake:?}"
        );
        let place = &text[mistake.span.range()];
        let mut line = format!("{place}: {}", mistake.message);
        for help in &mistake.help {
            line.push_str(&format!(" ({help})"));
        }
        if let Some(known) = &mistake.known {
            line.push_str(&format!(" [{}: {}]", known.what, known.found));
            assert!(!known.names.is_empty());
        }
        line
    };
    mistakes_in(text, &scope(global))
        .into_iter()
        .map(said)
        .collect()
}

#[test]
fn what_is_right_is_accepted() {
    for text in [
        "clock > last(clock)",
        "clock - last(clock) <= 10",
        "event == 'elected' and time < 5s",
        "event in ['send', 'receive'] implies message > 0",
        "colour == \"G\"",
        "peer != 'machine-1' or not leader",
        "load * 2 >= 1.5e-3",
        "wait_ns <= 1m30s",
        "wait_ns / 2 < time - 1s",
        "wait_ns * 1.5 < 2s",
        "time / 1s > 3",
        "time % 1s == 0s",
        "clock % 2 == 0",
        "has(peer) implies abs(clock - 5) < 100",
        "last(colour) == 'G' implies colour in ['G', 'Y']",
        "leader == (clock > 3)",
        "last(last(clock)) < clock",
        "node == 'machine-2' and queue <= 50",
        "`clock` == clock",
        "clock == 1.0",
        "-clock < 3",
        "true",
    ] {
        assert_eq!(said(text, false), [""; 0], "{text}");
    }
    for text in [
        "count(nodes, leader) <= 1",
        "max(nodes, clock) - min(nodes, clock) <= 100",
        "not (east_west.colour == 'G' and north_south.colour == 'G')",
        "'machine-1'.clock < 'machine-2'.clock",
        "all(nodes, clock > last(clock)) or any(nodes, queue > 3)",
        "sum(nodes, queue) < 100",
    ] {
        assert_eq!(said(text, true), [""; 0], "{text}");
    }
}

#[test]
fn every_mistake_has_its_place_and_a_way_out() {
    for (text, expected) in [
        (
            "",
            ": the expression is empty (write a condition, for example `queue <= 50`)",
        ),
        (
            "clock >",
            ": the expression ends here, expected a column, a number, a text or `(`",
        ),
        ("clock = 3", "=: `=` is no operator here (write `==`)"),
        (
            "leader && clock > 3",
            "&&: `&&` is no operator here (write `and`)",
        ),
        ("!leader", "!: `!` is no operator here (write `not`)"),
        (
            "clock \u{2265} 3",
            "\u{2265}: `\u{2265}` is no operator here (write `>=`)",
        ),
        (
            "colour == \u{201c}G\u{201d}",
            "\u{201c}: `\u{201c}` is no operator here (write plain quotes: '...')",
        ),
        ("colour == 'G", "'G: a ' without an end"),
        (
            "time < 5 s",
            "s: `s`, expected an operator or the end (write a duration without a blank: `5s`)",
        ),
        (
            "time < 5parsecs",
            "5parsecs: `5parsecs` is no duration, expected a duration, and `parsecs` is no unit (units: ns, us, ms, s, m, h, d; for example `250ms` or `1m30s`)",
        ),
        (
            "0 < clock < 5",
            "<: comparisons cannot be chained (write `0 < x and x < 5`, not `0 < x < 5`)",
        ),
        (
            "lats(clock) < 3",
            "lats: there is no function `lats` [functions: lats]",
        ),
        (
            "count(leader) < 3",
            "leader: `leader`, expected `nodes`: `count(nodes, ...)` is of all nodes",
        ),
        (
            "clok > 3",
            "clok: there is no column `clok` [columns here: clok]",
        ),
        (
            "event == elected",
            "elected: there is no column `elected` (a text is in quotes: `event == 'elected'`)",
        ),
        (
            "event == 'electd'",
            "'electd': no node here has an event `electd` [events here: electd]",
        ),
        (
            "last(event) == 'electd'",
            "'electd': no node here has an event `electd` [events here: electd]",
        ),
        (
            "node == 'machine-4'",
            "'machine-4': there is no node `machine-4` [nodes here: machine-4]",
        ),
        (
            "time_ns < 3",
            "time_ns: there is no column `time_ns` (the time of a record is `time`, a duration: `time < 5s`)",
        ),
        (
            "time < 3",
            "time < 3: `time` is a duration, and `3` is a whole number: they cannot be compared (write the unit: `3ms` or `3s`)",
        ),
        (
            "time < '2s'",
            "time < '2s': `time` is a duration, and `'2s'` is a text: they cannot be compared (write it without quotes: `2s`)",
        ),
        (
            "clock == '3'",
            "clock == '3': `clock` is a whole number, and `'3'` is a text: they cannot be compared (write it without quotes: `3`)",
        ),
        (
            "colour < 'G'",
            "colour < 'G': `colour` and `'G'` are each a text: they can only be compared with `==` and `!=`",
        ),
        (
            "clock + 1s > 3",
            "clock + 1s: `clock` is a whole number, and `1s` is a duration, expected two numbers or two durations",
        ),
        (
            "time * time > 3s",
            "time * time: `time` and `time` are each a duration, expected two numbers, or a duration and a number",
        ),
        (
            "clock",
            "clock: the expression is a whole number, expected true or false (compare it, for example `clock <= 10`)",
        ),
        (
            "not clock",
            "clock: `clock` is a whole number, expected true or false",
        ),
        (
            "abs(colour) == 3",
            "colour: `colour` is a text, expected a number or a duration",
        ),
        (
            "clock > 3 and colour == 'G'",
            "clock > 3 and colour == 'G': no node has all of the columns `colour`, `clock` (with `global = true`, `NODE.COLUMN` is the latest value of another node)",
        ),
        (
            "count(nodes, leader) <= 1",
            "count(nodes, leader): `count(nodes, leader)` is about other nodes (write `global = true`: the expression then sees all nodes)",
        ),
        (
            "99999999999999999999999999999999999999999 > clock",
            "99999999999999999999999999999999999999999: the number is too large",
        ),
        ("clock > 1e999", "1e999: the number is too large"),
    ] {
        assert_eq!(said(text, false), [expected], "{text}");
    }
    for (text, expected) in [
        (
            "count(nodes, clock) <= 1",
            "clock: `clock` is a whole number, expected something that is true or false",
        ),
        (
            "sum(nodes, colour) <= 1",
            "colour: `colour` is a text, expected a number or a duration",
        ),
        (
            "max(nodes, state) <= 1",
            "state: `state` is a whole number in some nodes, and a text in others (select nodes of one kind with `nodes`)",
        ),
        (
            "count(nodes, rol == 1) > 1",
            "rol: there is no column `rol` [columns here: rol]",
        ),
        (
            "east_wst.colour == 'G'",
            "east_wst: there is no node `east_wst` [nodes here: east_wst]",
        ),
        (
            "east_west.color == 'G'",
            "color: node `east_west` has no column `color` [columns there: color]",
        ),
        (
            "east_west == 'G'",
            "east_west: there is no column `east_west` (a column of this node is `east_west.COLUMN`)",
        ),
        (
            "machine-1.clock > 3",
            ".: `.`, expected an operator or the end (the name of a node with other signs is in quotes: `'machine-1'.clock`)",
        ),
        (
            "count(nodes, clock < max(nodes, clock)) > 1",
            "max(nodes, clock): `max(nodes, clock)` is about other nodes (inside a function of all nodes, only the columns of one node count)",
        ),
        (
            "last(east_west.colour) == 'G'",
            "east_west.colour: `east_west.colour` is about other nodes (inside last(...), only the columns of one node count)",
        ),
    ] {
        assert_eq!(said(text, true), [expected], "{text}");
    }
}

#[test]
fn a_division_by_a_0_that_is_written_is_a_mistake() {
    for (text, divisor) in [
        ("clock / 0 > 1", "0"),
        ("load / 0.0 > 1", "0.0"),
        ("clock % -0 == 1", "-0"),
        ("time % 0s == 1s", "0s"),
    ] {
        let found = said(text, false);
        let [found] = &found[..] else {
            panic!("{text}: {found:?}")
        };
        let place = format!("{divisor}: `");
        assert!(found.starts_with(&place), "{found}");
        assert!(found.contains("` is a division by zero (it"), "{found}");
    }
    // What may be 0 in some records is for the run.
    for text in [
        "1 / clock > 1",
        "1 / (clock - clock) > 1",
        "0 / 3 < 1",
        "clock % 2 == 0",
    ] {
        assert_eq!(said(text, false), [""; 0], "{text}");
    }
}

#[test]
fn all_mistakes_are_found_at_once() {
    let found = said("clok > 3 and event == 'electd' and time < 5", false);
    assert_eq!(found.len(), 3, "{found:?}");
    let found = said(
        "count(nodes, ledr) > 1 and east_west.color == 'G' and clok > 'a'",
        true,
    );
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn deep_and_long_expressions_are_refused() {
    let deep = format!("{}true{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = vec!["true"; 10_000].join(" and ");
    let nots = format!("{}true", "not ".repeat(10_000));
    for text in [deep, long, nots] {
        assert!(Expression::parse(&text).is_err());
    }
    let fits = vec!["true"; 250].join(" and ");
    assert!(Expression::parse(&fits).is_ok());
}

#[test]
fn nodes_that_are_not_known_hide_no_mistake_and_make_none() {
    let mut scope = scope(false);
    scope.groups.push(group("broken", 6..7, None));
    let bound = |text: &str| Program::new(&Expression::parse(text).unwrap(), &scope);
    assert!(bound("term > 3").unwrap().is_none());
    assert!(bound("event == 'anything'").unwrap().is_none());
    assert!(bound("time < 3").is_err());
}
