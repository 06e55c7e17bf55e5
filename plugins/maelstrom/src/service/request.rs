//! What a store is asked, and its answer from the value of the key.

use crate::body::{self, DIFFERS, Fields, MALFORMED, MISSING, NOT_SUPPORTED};
use serde_json::Value;

/// An operation on a key.
pub(super) struct Request<'a> {
    fields: &'a Fields,
    /// The key, as text: keys may be any JSON.
    pub key: String,
    asked: Asked<'a>,
}

enum Asked<'a> {
    Read,
    Write(&'a Value),
    Cas {
        from: &'a Value,
        to: &'a Value,
        /// Whether a key that does not exist is created.
        create: bool,
    },
}

/// The answer to a request.
pub(super) struct Answer {
    /// The text of the reply.
    pub reply: String,
    /// The new value of the key, if it changes.
    pub change: Option<Value>,
}

impl<'a> Request<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// If it is none; the text of the reply that says so.
    pub(super) fn read(fields: &'a Fields) -> Result<Request<'a>, String> {
        let field = |name: &str| {
            fields.get(name).ok_or_else(|| {
                let text = format!("`{}` has no `{name}`", body::kind(fields));
                body::error(fields, MALFORMED, &text)
            })
        };
        let asked = match body::kind(fields) {
            "read" => Asked::Read,
            "write" => Asked::Write(field("value")?),
            "cas" => Asked::Cas {
                from: field("from")?,
                to: field("to")?,
                create: fields.get("create_if_not_exists") == Some(&Value::Bool(true)),
            },
            other => {
                let text = format!("this service knows `read`, `write` and `cas`, not `{other}`");
                return Err(body::error(fields, NOT_SUPPORTED, &text));
            }
        };
        Ok(Request {
            fields,
            key: field("key")?.to_string(),
            asked,
        })
    }

    /// The answer, if the key has this value.
    pub(super) fn answer(&self, value: Option<&Value>) -> Answer {
        let (reply, change) = match (&self.asked, value) {
            (Asked::Read, Some(value)) => {
                let fields = vec![("value", value.clone())];
                (body::reply(self.fields, "read_ok", fields), None)
            }
            (Asked::Write(value), _) => (self.done("write_ok"), Some((*value).clone())),
            (
                Asked::Cas {
                    to, create: true, ..
                },
                None,
            ) => (self.done("cas_ok"), Some((*to).clone())),
            (Asked::Cas { from, to, .. }, Some(value)) if *from == value => {
                (self.done("cas_ok"), Some((*to).clone()))
            }
            (Asked::Cas { from, .. }, Some(value)) => {
                let text = format!("the value is {value}, not {from}");
                (body::error(self.fields, DIFFERS, &text), None)
            }
            (_, None) => (
                body::error(self.fields, MISSING, "the key does not exist"),
                None,
            ),
        };
        Answer { reply, change }
    }

    fn done(&self, kind: &str) -> String {
        body::reply(self.fields, kind, Vec::new())
    }
}
