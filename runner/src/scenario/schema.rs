//! The JSON Schema of a scenario file, for editors. It is made from the table of
//! keys (`keys`).

use serde_json::{Map, Value, json};

use super::keys::{
    DISTRIBUTION, Keys, LOSS, MAX_BANDWIDTH, MAX_DRIFT, MAX_LOG, MAX_MESSAGE, MAX_RATE, SCENARIO,
    Shape,
};
use base::{duration, size};
use framing::Framing;

/// An IPv4 address, or an IPv6 address in brackets, and a port. The reader checks
/// the range of the numbers.
const ADDRESS: &str = r"([0-9.]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}";
/// The name of a value of an axis.
const LABEL: &str = r"^[A-Za-z0-9_.+-]{1,40}$";
const NAME: &str = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$";

/// The unit of a distribution's values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Duration,
    PerSecond,
    SignedDuration,
    PerMillion,
}

/// The JSON Schema (draft-07) of a scenario file, as JSON text.
pub fn schema() -> String {
    let mut root = table(&SCENARIO, Unit::PerSecond);
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("Scenario");
    root["description"] = json!(
        "A scenario of a distributed system: node groups with their behaviors, the links between them, and how long and how often to run."
    );
    root["definitions"] = definitions();
    let mut text = serde_json::to_string_pretty(&root).expect("a JSON value is JSON");
    text.push('\n');
    text
}

/// The schemas that others refer to by name.
fn definitions() -> Value {
    json!({
        "duration": {
            "type": "string",
            "pattern": duration::pattern(),
            "description": "A duration with its unit: ns, us, ms, s, m, h or d. `\"250us\"`, `\"1.5s\"`, `\"1m30s\"`.",
        },
        "signed_duration": {
            "type": "string",
            "pattern": duration::pattern().replacen(r"^\s*", r"^\s*-?\s*", 1),
            "description": "A duration with its unit, or a minus before it: `\"20ms\"`, `\"-1.5s\"`.",
        },
        "size": {
            "description": "A size with its unit (B, kB, MB, GB, KiB, MiB, GiB), or a number of bytes. `\"64KiB\"`, `\"16 MiB\"`, `8192`.",
            "anyOf": [
                { "type": "string", "pattern": size::pattern() + "$" },
                { "type": "integer", "minimum": 1, "maximum": MAX_MESSAGE },
            ],
        },
        "bandwidth": {
            "description": "Bytes per second: a size with its unit (B, kB, MB, GB, KiB, MiB, GiB), or a number of bytes. `\"1MiB\"`, `\"1.5 MB/s\"`, `8192`.",
            "anyOf": [
                { "type": "string", "pattern": bandwidth() },
                { "type": "integer", "minimum": 1, "maximum": MAX_BANDWIDTH },
            ],
        },
        "name": {
            "type": "string",
            "pattern": NAME,
            "description": "Letters, digits, `-`, `_`, `.` (not first), at most 64 characters.",
        },
        "span": {
            "description": "A duration, or a distribution of durations.",
            "anyOf": [
                { "$ref": "#/definitions/duration" },
                distribution(Unit::Duration),
            ],
        },
        "rate": {
            "description": "A number per second, or a distribution of such.",
            "anyOf": [
                positive_rate(),
                distribution(Unit::PerSecond),
            ],
        },
        "offset": {
            "description": "A duration that may be negative, or a distribution of such.",
            "anyOf": [
                { "$ref": "#/definitions/signed_duration" },
                distribution(Unit::SignedDuration),
            ],
        },
        "drift": {
            "description": "Parts per million, negative too, or a distribution of such.",
            "anyOf": [
                ppm("number"),
                distribution(Unit::PerMillion),
            ],
        },
    })
}

/// The schema of a table with these keys.
fn table(keys: &Keys, unit: Unit) -> Value {
    let mut properties = Map::new();
    for key in keys.keys {
        properties.insert(
            key.name.to_owned(),
            described(shape(&key.shape, unit), key.docs),
        );
    }
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    let required: Vec<&str> = keys
        .keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Adds a description. Draft-07 ignores every other word beside a `$ref`, so a
/// reference is put into an `allOf`.
fn described(mut schema: Value, docs: &str) -> Value {
    if schema.get("$ref").is_some() {
        schema = json!({ "allOf": [schema] });
    }
    schema["description"] = json!(docs);
    schema
}

fn distribution(unit: Unit) -> Value {
    let mut schema = table(&DISTRIBUTION, unit);
    schema["minProperties"] = json!(1);
    schema["maxProperties"] = json!(1);
    schema
}

/// The pattern of a size, with an optional `/s`.
fn bandwidth() -> String {
    size::pattern() + r"(/s)?\s*$"
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn positive_rate() -> Value {
    json!({ "type": "number", "exclusiveMinimum": 0, "maximum": MAX_RATE as u64 })
}

fn amount() -> Value {
    json!({ "anyOf": [{ "type": "number" }, reference("duration")] })
}

fn ppm(kind: &str) -> Value {
    let most = MAX_DRIFT as i64;
    json!({ "type": kind, "exclusiveMinimum": -most, "maximum": most })
}

/// The schema of a value. `unit` is that of the distribution around it, if there is
/// one.
fn shape(shape: &Shape, unit: Unit) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Name => reference("name"),
        Shape::Behavior => {
            json!({ "type": "string", "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$" })
        }
        Shape::Whole(low, u64::MAX) => json!({ "type": "integer", "minimum": low }),
        Shape::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Probability => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Shape::HalfWidth => json!({
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0 },
                { "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*%\s*$" },
                reference("duration"),
            ],
        }),
        Shape::Confidence => json!({ "type": "number", "minimum": 0.5, "maximum": 0.999 }),
        Shape::Loss => json!({
            "anyOf": [self::shape(&Shape::Probability, unit), table(&LOSS, unit)],
        }),
        Shape::Word(words) => json!({ "type": "string", "enum": words }),
        Shape::Duration | Shape::Delay => reference("duration"),
        Shape::Warmup => json!({ "anyOf": [reference("duration"), { "const": "auto" }] }),
        Shape::Span => reference("span"),
        Shape::Rate => reference("rate"),
        Shape::Offset => reference("offset"),
        Shape::Drift => reference("drift"),
        Shape::MessageSize => reference("size"),
        Shape::LogSize => log_size(),
        Shape::Bandwidth => reference("bandwidth"),
        Shape::Address => json!({ "type": "string", "pattern": format!("^{ADDRESS}$") }),
        Shape::Endpoint => {
            json!({ "type": "string", "pattern": format!("^(tcp|udp)://{ADDRESS}$") })
        }
        Shape::Framing => framing(),
        Shape::Command => {
            json!({ "type": "array", "minItems": 1, "items": { "type": "string" } })
        }
        Shape::Anything => json!({ "type": "object" }),
        Shape::Selector | Shape::Expression => json!({ "type": "string", "minLength": 1 }),
        Shape::Selectors | Shape::Expressions => two(json!({ "type": "string", "minLength": 1 })),
        Shape::Amount => amount(),
        Shape::Amounts => two(amount()),
        Shape::SelectorList => json!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "minItems": 1, "items": { "type": "string", "minLength": 1 } },
            ],
        }),
        Shape::SelectorLists => {
            json!({ "type": "array", "minItems": 1, "items": self::shape(&Shape::SelectorList, unit) })
        }
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::TableOf(keys) => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": NAME },
            "additionalProperties": table(keys, unit),
        }),
        Shape::ArrayOf(keys) => json!({ "type": "array", "items": table(keys, unit) }),
        Shape::Parameters(keys) => table(keys, unit),
        Shape::Path => json!({ "type": "string", "minLength": 1 }),
        Shape::List => json!({ "type": "array", "minItems": 1 }),
        Shape::Labels => {
            json!({ "type": "array", "items": { "type": "string", "pattern": LABEL } })
        }
        Shape::AxisGroups => json!({
            "type": "array",
            "items": { "type": "array", "minItems": 2, "items": { "type": "string" } },
        }),
        Shape::Points => json!({
            "type": "array",
            "items": { "type": "object", "minProperties": 1 },
        }),
        Shape::Bounds
        | Shape::WholeBounds
        | Shape::Values
        | Shape::Spread
        | Shape::Scale
        | Shape::Sigma
        | Shape::Exponent => parameter(shape, unit),
    }
}

fn log_size() -> Value {
    json!({
        "anyOf": [
            { "type": "string", "pattern": size::pattern() + "$" },
            { "type": "integer", "minimum": 1, "maximum": MAX_LOG },
        ],
    })
}

fn framing() -> Value {
    let names = Framing::without_parameter();
    let names: Vec<String> = names.map(|framing| framing.to_string()).collect();
    json!({
        "anyOf": [
            { "type": "string", "enum": names },
            { "type": "string", "pattern": "^fixed:[1-9][0-9]*$" },
        ],
    })
}

/// A parameter of a distribution.
fn parameter(shape: &Shape, unit: Unit) -> Value {
    match (shape, unit) {
        (Shape::Sigma, _) => json!({ "type": "number", "minimum": 0 }),
        (Shape::Exponent, _) => json!({ "type": "number", "exclusiveMinimum": 0 }),
        (Shape::Bounds, _) => two(of(unit)),
        (Shape::WholeBounds, Unit::PerSecond) => {
            two(json!({ "type": "integer", "minimum": 1, "maximum": MAX_RATE as u64 }))
        }
        (Shape::WholeBounds, Unit::PerMillion) => two(ppm("integer")),
        (Shape::WholeBounds, _) => two(of(unit)),
        (Shape::Values, _) => json!({ "type": "array", "minItems": 1, "items": of(unit) }),
        (Shape::Spread, Unit::PerSecond) => {
            json!({ "type": "number", "minimum": 0, "maximum": MAX_RATE as u64 })
        }
        // The reader checks that a deviation or a scale is not negative.
        _ => of(unit),
    }
}

/// A number or a duration of this unit.
fn of(unit: Unit) -> Value {
    match unit {
        Unit::Duration => reference("duration"),
        Unit::SignedDuration => reference("signed_duration"),
        Unit::PerSecond => positive_rate(),
        Unit::PerMillion => ppm("number"),
    }
}

/// An array of two.
fn two(items: Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 2, "maxItems": 2 })
}
