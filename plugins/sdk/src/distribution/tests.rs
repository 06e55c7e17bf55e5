//! Distributions in configs: forms, mistakes, draws.

use super::*;
use crate::testkit::problems;
use crate::{Behavior, Node, Result, config};
use schemars::JsonSchema;
use serde::Deserialize;

struct Any;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    /// A span.
    patience: Span,
    /// Perhaps a span.
    timeout: Option<Span>,
    /// A span that may vary.
    interval: Distribution<Span>,
    /// A number that may vary.
    load: Distribution<f64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            patience: Span::from_ms(1500),
            timeout: None,
            interval: Law::Uniform {
                low: 1e9,
                high: 2e9,
            }
            .into(),
            load: 0.5.into(),
        }
    }
}

impl Behavior for Any {
    type Config = Settings;
    const NAME: &'static str = "any";
    const DOCS: &'static str = "Any config.";
    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Any)
    }
}

fn read(toml: &str) -> Settings {
    toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"))
}

/// The mistakes of a config, a line each.
fn mistakes(toml: &str) -> Vec<String> {
    let line = |problem: config::Problem| format!("{}: {}", problem.path, problem.message);
    problems::<Any>(toml).into_iter().map(line).collect()
}

#[test]
fn every_form_is_read_and_shown_as_it_was_written() {
    for form in [
        r#""1.5s""#,
        r#"{"uniform":["200ms","400ms"]}"#,
        r#"{"uniform_int":["1ns","6ns"]}"#,
        r#"{"choice":["1s","1m30s"]}"#,
        r#"{"normal":{"mean":"20ms","std":"5ms"}}"#,
        r#"{"exponential":{"mean":"1s"}}"#,
        r#"{"lognormal":{"median":"1s","sigma":0.5}}"#,
        r#"{"pareto":{"min":"1s","shape":1.5}}"#,
    ] {
        let read: Distribution<Span> = serde_json::from_str(form).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), form);
    }
    for form in [
        "3.5",
        r#"{"uniform":[1.0,6.0]}"#,
        r#"{"uniform_int":[-1,6]}"#,
        r#"{"choice":[1.0,2.5]}"#,
        r#"{"lognormal":{"median":1.0,"sigma":0.5}}"#,
    ] {
        let read: Distribution<f64> = serde_json::from_str(form).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), form);
    }
}

#[test]
fn a_toml_config_has_durations_in_all_their_forms() {
    assert_eq!(read("patience = '2 sec'").patience, Span::from_secs(2));
    assert_eq!(
        read("patience = '2 hours 5min'").patience.to_string(),
        "2h5m"
    );
}

#[test]
fn a_toml_config_takes_all_of_them() {
    let config = read(
        "patience = '250us'\ntimeout = '2s'\ninterval = { exponential = { mean = '1s' } }\n\
         load = { uniform = [1, 2.5] }",
    );
    assert_eq!(config.patience.ns(), 250_000);
    assert_eq!(config.timeout, Some(Span::from_secs(2)));
    assert_eq!(config.interval.law, Law::Exponential { mean: 1e9 });
    let range = Law::Uniform {
        low: 1.0,
        high: 2.5,
    };
    assert_eq!(config.load.law, range);
    assert_eq!(read("load = 3").load, 3.0.into());
}

#[test]
fn each_mistake_says_what_was_expected_and_found() {
    let cases = [
        (
            "patience = 5",
            "patience: expected a duration with a unit, found 5 (write the unit: `\"5ms\"` or `\"5s\"`)",
        ),
        (
            "patience = -0.5",
            "patience: expected a duration, such as \"60s\", found -0.5",
        ),
        (
            "patience = '5parsecs'",
            "patience: expected a duration, and `parsecs` is no unit (units: ns, us, ms, s, m, h, d; \
             for example `\"1m30s\"`), found text \"5parsecs\"",
        ),
        (
            "patience = ['1s']",
            "patience: expected a duration, such as \"60s\", found a list",
        ),
        (
            "timeout = 5",
            "timeout: expected a duration with a unit, found 5 (write the unit: `\"5ms\"` or `\"5s\"`)",
        ),
        (
            "interval = true",
            "interval: expected a duration or a table with a distribution, found true",
        ),
        (
            "interval = 2.5",
            "interval: expected a duration with a unit, found 2.5 (write the unit: `\"2.5ms\"` or `\"2.5s\"`)",
        ),
        (
            "interval = {}",
            "interval: expected one distribution, such as { uniform = [..] }, found an empty table",
        ),
        (
            "interval = { unifrom = ['1s', '2s'] }",
            "interval.unifrom: unknown key `unifrom`, known are: uniform, uniform_int, choice, normal, exponential, lognormal, pareto, gamma, erlang, weibull, triangular, empirical (did you mean `uniform`?)",
        ),
        (
            "interval = { uniform = ['1s', '2s'], choice = ['1s'] }",
            "interval: expected one distribution, found `choice` and `uniform`",
        ),
        (
            "interval = { uniform = ['1s'] }",
            "interval: `uniform` is an array of 1, expected two: [low, high]",
        ),
        (
            "interval = { uniform = ['2s', '1s'] }",
            "interval: `uniform` runs from high to low, expected [low, high]",
        ),
        (
            "interval = { uniform = ['1s', 2] }",
            "interval.uniform[1]: expected a duration with a unit, found 2 (write the unit: `\"2ms\"` or `\"2s\"`)",
        ),
        (
            "interval = { uniform_int = ['1s', '300000d'] }",
            "interval.uniform_int[1]: expected less than 584 years (2^64 ns), found text \
             \"300000d\"",
        ),
        (
            "interval = { uniform_int = ['1s', '150000d'] }",
            "interval: expected less than 292 years (2^63 ns), found text \"150000d\"",
        ),
        (
            "interval = '150000d'",
            "interval: expected less than 292 years (2^63 ns), found text \"150000d\"",
        ),
        (
            "interval = { choice = [] }",
            "interval: `choice` is empty, expected at least one value",
        ),
        (
            "interval = { normal = { mean = '1s' } }",
            "interval.normal.std: missing key `std`",
        ),
        (
            "interval = { normal = { mean = '1s', sdt = '1s' } }",
            "interval.normal.sdt: unknown key `sdt`, known are: mean, std (did you mean `std`?)",
        ),
        (
            "interval = { exponential = { mean = '0s' } }",
            "interval: `mean` is 0, expected more than 0",
        ),
        (
            "interval = { lognormal = { median = '1s', sigma = -1 } }",
            "interval: `sigma` is -1, expected 0 or more",
        ),
        (
            "interval = { pareto = { min = '1s', shape = inf } }",
            "interval: `shape` is inf, expected more than 0",
        ),
        ("load = '5s'", "load: expected a number, found text \"5s\""),
        ("load = nan", "load: expected a finite number, found NaN"),
        (
            "load = { uniform_int = [1, 2.5] }",
            "load.uniform_int[1]: expected a whole number, found 2.5",
        ),
    ];
    let found: Vec<Vec<String>> = cases.iter().map(|(toml, _)| mistakes(toml)).collect();
    let expected: Vec<Vec<&str>> = cases.iter().map(|&(_, line)| vec![line]).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_trace_is_proposed_only_where_draws_have_an_order() {
    let toml = r#"{ tracs = { values = ["1s"] } }"#;
    let told = |read: std::result::Result<(), toml::de::Error>| read.unwrap_err().to_string();
    #[derive(Debug, Deserialize)]
    struct Drawn {
        #[serde(rename = "key")]
        _key: Distribution<Span>,
    }
    #[derive(Debug, Deserialize)]
    struct Ordered {
        #[serde(rename = "key")]
        _key: InOrder<Span>,
    }
    let key = format!("key = {toml}");
    let drawn = told(toml::from_str::<Drawn>(&key).map(drop));
    let ordered = told(toml::from_str::<Ordered>(&key).map(drop));
    assert!(!drawn.contains("`trace`"), "{drawn}");
    assert!(ordered.contains("`trace`"), "{ordered}");
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    let found = mistakes("patience = 5\ninterval = { uniform = ['1s'] }\nload = 'x'\nlaod = 1");
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn the_reference_names_spans_and_distributions_with_their_defaults() {
    let table = config::reference::<Any>();
    for line in [
        "| `patience` | a duration | `\"1.5s\"` | A span. |",
        "| `timeout` | a duration | none | Perhaps a span. |",
        "| `interval` | a duration or a distribution of durations | \
         `{\"uniform\":[\"1s\",\"2s\"]}` | A span that may vary. |",
        "| `load` | a number or a distribution of numbers | `0.5` | A number that may vary. |",
    ] {
        assert!(table.contains(line), "no {line} in\n{table}");
    }
}

#[test]
fn a_constant_draws_nothing() {
    let mut random = Random::from_seed(1);
    let before = random.clone();
    let constant: Distribution<Span> = Span::from_secs(2).into();
    assert_eq!(constant.sample(&mut random), Span::from_secs(2));
    assert!(constant.is_constant());
    assert_eq!(random, before);
}
