//! The JSON Schema of scenario files has the same keys as the reader, and accepts
//! every valid file. The committed schema, and the reference of keys in
//! `scenarios/README.md`, are those that the code makes.

use std::path::Path;

use runner::scenario::{references, schema};

use crate::scenario_errors::{files, fixtures, overridden};

#[test]
fn the_committed_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/scenario.schema.json");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == schema(),
        "scenarios/scenario.schema.json is stale: cargo run -- schema > scenarios/scenario.schema.json"
    );
}

#[test]
fn the_reference_of_keys_in_the_readme_is_fresh() {
    const END: &str = "<!-- keys: end -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/README.md");
    let committed = std::fs::read_to_string(&path).unwrap();
    let mut fresh = committed.clone();
    for reference in references() {
        let begin = format!("<!-- keys of {}: generated -->\n", reference.what);
        let parts = fresh.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some(format!(
                "{before}{begin}\n{}\n{END}{after}",
                reference.table
            ))
        });
        fresh = parts.unwrap_or_else(|| {
            panic!("scenarios/README.md has no place for the keys: `{begin}` ... `{END}`")
        });
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, fresh).unwrap();
    } else {
        assert!(
            committed == fresh,
            "scenarios/README.md is stale; regenerate it: UPDATE_DOCS=1 cargo test -p runner --test promises scenario_schema"
        );
    }
}

/// The keys that a table of the schema has.
fn schema_keys(table: &serde_json::Value) -> Vec<String> {
    let properties = table["properties"].as_object().expect("a table");
    properties.keys().cloned().collect()
}

#[test]
fn reader_and_schema_know_the_same_keys() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let root = schema_keys(&schema);
    let group = schema_keys(&schema["properties"]["nodes"]["additionalProperties"]);
    let groups = &schema["properties"]["nodes"]["additionalProperties"];
    let listen = schema_keys(&groups["properties"]["listen"]["items"]);
    let link = schema_keys(&schema["properties"]["links"]["items"]);
    let fault_table = &schema["properties"]["faults"]["items"];
    let fault = schema_keys(fault_table);
    let fault_part = |name: &str| schema_keys(&fault_table["properties"][name]);
    let span = schema_keys(&schema["definitions"]["span"]["anyOf"][1]);
    let parameters = |name: &str| {
        let span = &schema["definitions"]["span"]["anyOf"][1];
        schema_keys(&span["properties"][name])
    };
    let tables = [
        ("links.0.latency.normal.", parameters("normal")),
        ("links.0.latency.exponential.", parameters("exponential")),
        ("links.0.latency.lognormal.", parameters("lognormal")),
        ("links.0.latency.pareto.", parameters("pareto")),
        ("links.0.latency.gamma.", parameters("gamma")),
        ("links.0.latency.erlang.", parameters("erlang")),
        ("links.0.latency.weibull.", parameters("weibull")),
        ("links.0.latency.triangular.", parameters("triangular")),
        ("links.0.latency.empirical.", parameters("empirical")),
        ("links.0.latency.trace.", parameters("trace")),
        ("", root),
        ("nodes.a.", group),
        ("nodes.a.listen.0.", listen),
        ("links.0.", link.clone()),
        ("faults.0.", fault),
        ("faults.0.link.", link),
        ("faults.0.tick_rate.", fault_part("tick_rate")),
        ("faults.0.drift.", fault_part("drift")),
        ("links.0.latency.", span),
    ];
    let text = "[nodes.a]\nbehavior = \"a.b\"\n[[nodes.a.listen]]\n[[links]]\nlatency = {}\n[[faults]]\nat = \"0s\"\n";
    for (prefix, keys) in tables {
        // The message about an unknown key lists all keys.
        let unknown = overridden(text, &[&format!("{prefix}xyzzy=1")]).unwrap_err();
        let listed = unknown
            .lines()
            .skip_while(|line| !line.contains("unknown key `xyzzy`"))
            .find_map(|line| line.trim().strip_prefix("keys here: "))
            .unwrap_or_else(|| panic!("{prefix}: {unknown}"));
        let mut known: Vec<&str> = listed.split(", ").collect();
        known.sort_unstable();
        assert_eq!(known, keys, "{prefix}");
    }
}

/// What a schema does not allow in a value. Supports the words that the schema uses,
/// except patterns.
fn violations(
    schema: &serde_json::Value,
    root: &serde_json::Value,
    value: &serde_json::Value,
) -> Vec<String> {
    use serde_json::Value;
    let mut found = Vec::new();
    let mut check = |holds: bool, word: &str| {
        if !holds {
            found.push(format!("{word}: {value}"));
        }
    };
    for (word, rule) in schema.as_object().unwrap() {
        match word.as_str() {
            "$schema" | "title" | "description" | "definitions" | "properties" | "pattern"
            | "propertyNames" => {}
            "$ref" => {
                let name = rule.as_str().unwrap().trim_start_matches("#/definitions/");
                let inner = violations(&root["definitions"][name], root, value);
                check(inner.is_empty(), &inner.join("; "));
            }
            "allOf" => {
                for schema in rule.as_array().unwrap() {
                    let inner = violations(schema, root, value);
                    check(inner.is_empty(), &inner.join("; "));
                }
            }
            "anyOf" => {
                let mut any = rule.as_array().unwrap().iter();
                check(any.any(|it| violations(it, root, value).is_empty()), word);
            }
            "type" => check(
                match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_u64() || value.is_i64(),
                    other => panic!("unknown type {other}"),
                },
                word,
            ),
            "enum" => check(rule.as_array().unwrap().contains(value), word),
            "required" => check(
                rule.as_array()
                    .unwrap()
                    .iter()
                    .all(|key| value.get(key.as_str().unwrap()).is_some()),
                word,
            ),
            "minimum" => check(value.as_f64() >= rule.as_f64(), word),
            "maximum" => check(value.as_f64() <= rule.as_f64(), word),
            "exclusiveMinimum" => check(value.as_f64() > rule.as_f64(), word),
            "minLength" => check(!value.as_str().unwrap_or_default().is_empty(), word),
            "minItems" => check(
                value.as_array().map(Vec::len) >= rule.as_u64().map(|it| it as usize),
                word,
            ),
            "maxItems" => check(
                value
                    .as_array()
                    .is_none_or(|it| it.len() as u64 <= rule.as_u64().unwrap()),
                word,
            ),
            "minProperties" => check(
                value
                    .as_object()
                    .is_none_or(|it| it.len() as u64 >= rule.as_u64().unwrap()),
                word,
            ),
            "maxProperties" => check(
                value
                    .as_object()
                    .is_none_or(|it| it.len() as u64 <= rule.as_u64().unwrap()),
                word,
            ),
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    let inner = violations(rule, root, item);
                    check(inner.is_empty(), &inner.join("; "));
                }
            }
            "additionalProperties" => {
                for (key, item) in value.as_object().into_iter().flatten() {
                    let inner = match (&schema["properties"][key], rule) {
                        (Value::Null, Value::Bool(false)) => vec![format!("key {key}")],
                        (Value::Null, rule) => violations(rule, root, item),
                        (known, _) => violations(known, root, item),
                    };
                    check(inner.is_empty(), &inner.join("; "));
                }
            }
            other => panic!("the schema uses the word {other}, which this test does not know"),
        }
    }
    found
}

#[test]
fn the_schema_allows_the_valid_files_and_refuses_impossible_ones() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let violations_of = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        // The crate `toml` cannot read these numbers.
        let text = text.replace(&u64::MAX.to_string(), &i64::MAX.to_string());
        let text = text.replace(&"9".repeat(41), &i64::MAX.to_string());
        let text = text.replace("1e999", "1e99");
        let value: toml::Table = toml::from_str(&text).unwrap();
        violations(&schema, &schema, &serde_json::to_value(value).unwrap())
    };
    for path in files("valid") {
        assert_eq!(
            violations_of(&path),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
    }
    for name in [
        "distributions",
        "durations",
        "framings",
        "matrix-axes",
        "matrix-is-a-number",
        "matrix-zip-shape",
        "sizes",
        "no-nodes",
        "numbers-out-of-range",
        "unknown-keys",
        "wrong-types",
        "wrong-types-in-links",
    ] {
        let path = fixtures("bad").join(format!("{name}.toml"));
        assert!(!violations_of(&path).is_empty(), "{name}");
    }
}
