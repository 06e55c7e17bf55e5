//! A command of a script as written in a scenario: text, or a table with the expected reply.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A command of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The message to send.
    pub send: String,
    /// The expected reply; `None`: any.
    pub expect: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    send: String,
    expect: Option<String>,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Step, D::Error> {
        struct StepVisitor;

        impl<'de> Visitor<'de> for StepVisitor {
            type Value = Step;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command as text, or { send = \"...\", expect = \"...\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Step, E> {
                Ok(Step {
                    send: text.to_owned(),
                    expect: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
                let Table { send, expect } =
                    Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Step { send, expect })
            }
        }

        deserializer.deserialize_any(StepVisitor)
    }
}

impl JsonSchema for Step {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-value": "text or `{ send = .., expect = .. }`",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "send": { "type": "string" },
                        "expect": { "type": "string" },
                    },
                    "required": ["send"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}
