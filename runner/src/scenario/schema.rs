//! The JSON Schema of a scenario file, for editors: made from the table of keys
//! that the reader reads by.

use serde_json::{Map, Value, json};

use super::keys::{
    DISTRIBUTION, Keys, MAX_BANDWIDTH, MAX_DRIFT, MAX_MESSAGE, MAX_RATE, SCENARIO, Shape,
};
use base::{duration, size};
use framing::Framing;

/// An IPv4 address, or an IPv6 address in brackets, and a port. Their numbers
/// are left to the reader.
const ADDRESS: &str = r"([0-9.]+|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}";
/// The name of a value of an axis.
const LABEL: &str = r"^[A-Za-z0-9_.+-]{1,40}$";
const NAME: &str = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}$";

/// What a distribution's values are.
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
    root["definitions"] = json!({
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
    });
    let mut text = serde_json::to_string_pretty(&root).expect("a JSON value is JSON");
    text.push('\n');
    text
}

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

/// Adds what a key means. Beside a `$ref` draft-07 ignores every other word,
/// so a reference is put into an `allOf`.
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

/// A size that may say what it is per.
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

fn shape(shape: &Shape, unit: Unit) -> Value {
    let duration = matches!(unit, Unit::Duration | Unit::SignedDuration);
    let parts = unit == Unit::PerMillion;
    // Of a deviation or a scale the reader knows that it is not negative.
    let span = match unit {
        Unit::SignedDuration => "signed_duration",
        _ => "duration",
    };
    let two =
        |items: Value| json!({ "type": "array", "items": items, "minItems": 2, "maxItems": 2 });
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Name => reference("name"),
        Shape::Behavior => {
            json!({ "type": "string", "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$" })
        }
        Shape::Whole(low, u64::MAX) => json!({ "type": "integer", "minimum": low }),
        Shape::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Shape::Positive | Shape::Exponent => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Shape::Sigma => json!({ "type": "number", "minimum": 0 }),
        Shape::Probability => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Shape::Word(words) => json!({ "type": "string", "enum": words }),
        Shape::Duration | Shape::Delay => reference("duration"),
        Shape::Span => reference("span"),
        Shape::Rate => reference("rate"),
        Shape::Offset => reference("offset"),
        Shape::Drift => reference("drift"),
        Shape::MessageSize => reference("size"),
        Shape::Bandwidth => reference("bandwidth"),
        Shape::Address => json!({ "type": "string", "pattern": format!("^{ADDRESS}$") }),
        Shape::Endpoint => {
            json!({ "type": "string", "pattern": format!("^(tcp|udp)://{ADDRESS}$") })
        }
        Shape::Framing => {
            let names: Vec<&str> = Framing::all().map(Framing::name).collect();
            json!({ "type": "string", "enum": names })
        }
        Shape::Command => {
            json!({ "type": "array", "minItems": 1, "items": { "type": "string" } })
        }
        Shape::Anything => json!({ "type": "object" }),
        Shape::Selector => json!({ "type": "string", "minLength": 1 }),
        Shape::Selectors => two(json!({ "type": "string", "minLength": 1 })),
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
        Shape::Bounds if duration => two(reference(span)),
        Shape::WholeBounds if duration => two(reference(span)),
        Shape::Values if duration => {
            json!({ "type": "array", "minItems": 1, "items": reference(span) })
        }
        Shape::Spread | Shape::Scale if duration => reference(span),
        Shape::Bounds if parts => two(ppm("number")),
        Shape::WholeBounds if parts => two(ppm("integer")),
        Shape::Values if parts => {
            json!({ "type": "array", "minItems": 1, "items": ppm("number") })
        }
        Shape::Spread | Shape::Scale if parts => ppm("number"),
        Shape::Bounds => two(positive_rate()),
        Shape::WholeBounds => {
            two(json!({ "type": "integer", "minimum": 1, "maximum": MAX_RATE as u64 }))
        }
        Shape::Values => json!({ "type": "array", "minItems": 1, "items": positive_rate() }),
        Shape::Spread => json!({ "type": "number", "minimum": 0, "maximum": MAX_RATE as u64 }),
        Shape::Scale => positive_rate(),
    }
}
