//! Mistakes in configs, as their authors read them.

use super::*;
use crate::Behavior;
use crate::{Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

struct Any;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    count: u32,
    small: u8,
    #[schemars(range(min = 0.0, max = 1.0))]
    share: f64,
    name: Option<String>,
    on: bool,
    mode: Mode,
    sizes: Vec<u64>,
    rates: Rates,
    weights: BTreeMap<String, f64>,
    shape: Option<Shape>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            count: 1,
            small: 0,
            share: 0.5,
            name: None,
            on: false,
            mode: Mode::Fast,
            sizes: Vec::new(),
            rates: Rates {
                low: 1.0,
                high: 2.0,
            },
            weights: BTreeMap::new(),
            shape: None,
        }
    }
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Slow,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Rates {
    low: f64,
    high: f64,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Shape {
    Point,
    Circle { radius: f64 },
}

impl Behavior for Any {
    type Config = Settings;
    const NAME: &'static str = "any";
    const DOCS: &'static str = "Any config.";

    fn check(config: &Settings) -> Vec<Problem> {
        let mut problems = Vec::new();
        if config.rates.low > config.rates.high {
            problems.push(Problem::at("rates.low", "is above `rates.high`"));
        }
        if config.name.is_some() && !config.on {
            problems.push(Problem::at("name", "is not used unless `on` is true"));
        }
        let sum: u64 = config.sizes.iter().sum();
        if sum > 100 / u64::from(config.small.max(1)) {
            problems.push(Problem::at("sizes", format!("{sum} do not fit")));
        }
        problems
    }

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Any)
    }
}

/// The mistakes of a config, a line each.
fn mistakes(toml: &str) -> Vec<String> {
    let problems = read(toml, Any::check).err().unwrap_or_default();
    let line = |problem: &Problem| format!("{}: {}", problem.path, problem.message);
    problems.iter().map(line).collect()
}

#[test]
fn an_empty_config_has_the_defaults() {
    let config = read("", Any::check).unwrap();
    assert_eq!((config.count, config.share), (1, 0.5));
}

#[test]
fn a_whole_config_is_read() {
    let config = read(
        "count = 7\nsmall = 25\nshare = 1\nname = 'n'\non = true\nmode = 'slow'\nsizes = [1, 2]\n\
         shape = { circle = { radius = 2.5 } }\nrates = { low = 1, high = 2.5 }\nweights.a = 0.25",
        Any::check,
    )
    .unwrap();
    assert_eq!((config.count, config.small, config.share), (7, 25, 1.0));
    assert_eq!((config.name.as_deref(), config.on), (Some("n"), true));
    assert_eq!((config.mode, config.sizes), (Mode::Slow, vec![1, 2]));
    assert_eq!((config.rates.low, config.rates.high), (1.0, 2.5));
    assert_eq!(config.weights["a"], 0.25);
    assert_eq!(config.shape, Some(Shape::Circle { radius: 2.5 }));
    let point = read("shape = 'point'", Any::check).unwrap();
    assert_eq!(point.shape, Some(Shape::Point));
}

#[test]
fn each_mistake_says_what_was_expected_and_found() {
    let cases = [
        (
            "count = 'ten'",
            "count: expected a whole number of at least 0, found text \"ten\"",
        ),
        (
            "count = -1",
            "count: expected a whole number of at least 0, found -1",
        ),
        (
            "count = 1.5",
            "count: expected a whole number of at least 0, found 1.5",
        ),
        (
            "count = 5000000000",
            "count: expected a whole number from 0 to 4294967295, found 5000000000",
        ),
        (
            "small = 256",
            "small: expected a whole number from 0 to 255, found 256",
        ),
        (
            "share = 1.5",
            "share: expected a number from 0 to 1, found 1.5",
        ),
        ("name = 5", "name: expected text, found 5"),
        (
            "on = 'yes'",
            "on: expected true or false, found text \"yes\"",
        ),
        (
            "on = 2020-01-01",
            "on: expected true or false, found the date 2020-01-01",
        ),
        (
            "mode = 'fsat'",
            "mode: expected one of \"fast\", \"slow\", found text \"fsat\" (did you mean \"fast\"?)",
        ),
        ("sizes = 3", "sizes: expected a list, found 3"),
        (
            "sizes = [1, -2]",
            "sizes[1]: expected a whole number of at least 0, found -2",
        ),
        (
            "rates = [1, 2]",
            "rates: expected a table, found a list of 2",
        ),
        ("rates = { low = 1 }", "rates.high: missing key `high`"),
        (
            "rates = { low = 1, hihg = 2 }",
            "rates.hihg: unknown key `hihg`, known are: high, low (did you mean `high`?)",
        ),
        (
            "weights.a = 'x'",
            "weights.a: expected a number, found text \"x\"",
        ),
        (
            "conut = 1",
            "conut: unknown key `conut`, known are: count, mode, name, on, rates, shape, share, sizes, small, weights (did you mean `count`?)",
        ),
        (
            "rates = { low = 3, high = 2 }",
            "rates.low: is above `rates.high`",
        ),
    ];
    for (toml, line) in cases {
        assert_eq!(mistakes(toml), [line], "{toml}");
    }
}

#[test]
fn an_unknown_key_like_no_other_lists_those_that_there_are() {
    assert_eq!(
        mistakes("rates = { low = 1, high = 2, elsewhere = 3 }"),
        ["rates.elsewhere: unknown key `elsewhere`, known are: high, low"]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let found = mistakes(
        "conut = 1\nsmall = 300\nsizes = [1, 'a', -1]\nshape = 'squre'\nrates = { low = 1 }",
    );
    let places: Vec<&str> = found
        .iter()
        .filter_map(|line| line.split(':').next())
        .collect();
    for place in [
        "conut",
        "small",
        "sizes[1]",
        "sizes[2]",
        "shape",
        "rates.high",
    ] {
        assert!(places.contains(&place), "{place}: {found:#?}");
    }
    assert_eq!(found.len(), 6, "{found:#?}");
}

/// With a wrong key, nothing is known of the whole; but what is said of the others whatever
/// stands there is so.
#[test]
fn a_wrong_key_hides_no_contradiction_between_others() {
    let both = [
        "rates.low: is above `rates.high`",
        "name: is not used unless `on` is true",
    ];
    let cases = [
        ("count = 'x'", "count"),
        ("mode = 'x'", "mode"),
        ("small = -1", "small"),
        ("share = 7", "share"),
        ("weights.a = 'x'", "weights.a"),
        ("shape = 'x'", "shape"),
        ("sizes = 1", "sizes"),
        ("conut = 1", "conut"),
    ];
    for (wrong, place) in cases {
        let others = "name = 'n'\nrates = { low = 3, high = 2 }\n";
        let found = mistakes(&format!("{others}{wrong}"));
        assert!(found[0].starts_with(&format!("{place}: ")), "{found:?}");
        assert_eq!(found[1..], both, "{wrong}");
    }
}

#[test]
fn what_the_right_value_of_a_wrong_key_may_settle_is_not_said() {
    for (toml, place) in [
        ("name = 'n'\non = 'yes'", "on"),
        ("name = 5\non = false", "name"),
        ("name = 'n'\nno = true", "no"),
        // Perhaps `on` is meant.
        ("name = 'n'\nelsewhere = 1", "elsewhere"),
        ("rates = { low = 3, high = 'x' }", "rates.high"),
        // 60 fit beside a smaller number of `small`.
        ("sizes = [60]\nsmall = 'x'", "small"),
    ] {
        let found = mistakes(toml);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("{place}: ")), "{found:?}");
    }
    let found = mistakes("rates = { low = 3, high = 2 }\nelsewhere = 1");
    assert_eq!(found[1..], ["rates.low: is above `rates.high`"]);
    // And 600 fit beside none.
    let found = mistakes("sizes = [600]\nsmall = 'x'");
    assert_eq!(found[1..], ["sizes: 600 do not fit"]);
}

/// A key that has no default and is wrong.
#[test]
fn behind_a_key_that_must_be_there_mistakes_are_found_too() {
    struct Needy;
    #[derive(Debug, Deserialize, JsonSchema)]
    struct NeedyConfig {
        agency: u32,
        wait: crate::Span,
        #[serde(default)]
        from: u32,
        #[serde(default)]
        to: u32,
    }
    impl Behavior for Needy {
        type Config = NeedyConfig;
        const NAME: &'static str = "needy";
        const DOCS: &'static str = "A config with keys that must be there.";
        fn check(config: &NeedyConfig) -> Vec<Problem> {
            let NeedyConfig {
                agency,
                wait,
                from,
                to,
            } = config;
            match from <= to && *agency > 0 && *wait < crate::Span::from_secs(9) {
                true => Vec::new(),
                false => vec![Problem::at("from", "is above `to`")],
            }
        }
        fn new(_: &mut Node<Self>) -> Result<Self> {
            Ok(Needy)
        }
    }
    let places = |toml: &str| {
        let problems = read(toml, Needy::check).unwrap_err();
        problems
            .into_iter()
            .map(|it| it.path)
            .collect::<Vec<String>>()
    };
    assert_eq!(places("agency = 'x'\nwait = 'soon'"), ["agency", "wait"]);
    assert_eq!(
        places("agency = 'x'\nwait = '1s'\nfrom = 2\nto = 1"),
        ["agency", "from"]
    );
    assert_eq!(
        places("agency = 'x'\nwait = 'x'\nfrom = 2\nto = 1"),
        ["agency", "wait", "from"]
    );
    assert_eq!(
        places("agnecy = 1\nwait = '1s'\nfrom = 2\nto = 1"),
        ["agnecy", "agency", "from"]
    );
    assert_eq!(places("agency = 0\nwait = '1s'"), ["from"]);
}

#[test]
fn what_is_no_toml_is_a_mistake_of_the_whole() {
    let found = mistakes("count = = 1");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(": "), "{found:?}");
}

#[test]
fn a_behavior_without_a_config_knows_no_key() {
    struct Plain;
    impl Behavior for Plain {
        type Config = crate::NoConfig;
        const NAME: &'static str = "plain";
        const DOCS: &'static str = "No config.";
        fn new(_: &mut Node<Self>) -> Result<Self> {
            Ok(Plain)
        }
    }
    assert!(read("", Plain::check).is_ok());
    assert_eq!(
        read("count = 1", Plain::check).unwrap_err(),
        [Problem::at(
            "count",
            "unknown key `count`, none are known here"
        )]
    );
}

#[test]
fn the_reference_names_each_key_with_its_default() {
    let table = reference::<Any>();
    assert!(
        table.contains("| `share` | a number from 0 to 1 | `0.5` |"),
        "{table}"
    );
    assert!(table.contains("| `sizes` | a list, each a whole number of at least 0 | `[]` |"));
    assert!(
        table.contains("| `mode` | `\"fast\"` or `\"slow\"` |"),
        "{table}"
    );
}
