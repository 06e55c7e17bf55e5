//! What the requests do: registers, lists in transactions, and logs.

use super::super::{Mistake, unknown};
use crate::body::{self, DIFFERS, Fields, MALFORMED, MISSING};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Registers and lists by key, logs by key, and committed offsets.
#[derive(Default)]
pub(super) struct Store {
    values: BTreeMap<String, Value>,
    logs: BTreeMap<String, Vec<Value>>,
    committed: BTreeMap<String, i64>,
}

/// Whether a request changes nothing.
pub(super) fn is_read(kind: &str, request: &Fields) -> bool {
    match kind {
        "read" | "poll" | "list_committed_offsets" => true,
        "txn" => {
            let parts = request.get("txn").and_then(Value::as_array);
            parts.is_some_and(|parts| parts.iter().all(|part| part[0] == "r"))
        }
        _ => false,
    }
}

impl Store {
    /// Executes a request, or only says so if the change is lost; the text of the reply.
    pub(super) fn execute(
        &mut self,
        request: &Fields,
        is_lost: bool,
        mistake: Option<Mistake>,
    ) -> String {
        let kind = body::kind(request);
        match self.fields(kind, request, is_lost, mistake) {
            Ok(fields) => body::reply(request, &format!("{kind}_ok"), fields),
            Err(Refused::Unknown) => unknown(request),
            Err(Refused::Because(code, text)) => body::error(request, code, text),
        }
    }

    fn fields(
        &mut self,
        kind: &str,
        request: &Fields,
        is_lost: bool,
        mistake: Option<Mistake>,
    ) -> Result<Vec<(&'static str, Value)>, Refused> {
        let field = |name| {
            request
                .get(name)
                .ok_or(Refused::Because(MALFORMED, "a field is missing"))
        };
        let fields = match kind {
            "read" => {
                let value = self.values.get(&field("key")?.to_string()).cloned();
                vec![("value", value.ok_or(Refused::MISSING)?)]
            }
            "write" => {
                let (key, value) = (field("key")?.to_string(), field("value")?.clone());
                if !is_lost {
                    self.values.insert(key, value);
                }
                Vec::new()
            }
            "cas" => {
                let value = self.values.get_mut(&field("key")?.to_string());
                let value = value.ok_or(Refused::MISSING)?;
                if *value != *field("from")? {
                    return Err(Refused::Because(DIFFERS, "the value is another one"));
                }
                if !is_lost {
                    *value = field("to")?.clone();
                }
                Vec::new()
            }
            "txn" => {
                let parts = field("txn")?.as_array().ok_or(Refused::FORM)?;
                let done: Vec<Value> = parts.iter().map(|part| self.part(part, is_lost)).collect();
                vec![("txn", done.into())]
            }
            "send" => {
                let key = field("key")?.as_str().ok_or(Refused::FORM)?;
                let log = self.logs.entry(key.to_owned()).or_default();
                let offset = log.len();
                let times = match mistake {
                    _ if is_lost => 0,
                    Some(Mistake::Repeat) => 2,
                    _ => 1,
                };
                log.extend(std::iter::repeat_n(field("msg")?.clone(), times));
                vec![("offset", offset.into())]
            }
            "poll" => {
                let offsets = field("offsets")?.as_object().ok_or(Refused::FORM)?;
                let messages = offsets
                    .iter()
                    .map(|(key, from)| (key.clone(), self.from(key, from)));
                vec![("msgs", Value::Object(messages.collect::<Map<_, _>>()))]
            }
            "commit_offsets" => {
                for (key, offset) in field("offsets")?.as_object().ok_or(Refused::FORM)? {
                    let offset = offset.as_i64().ok_or(Refused::FORM)?;
                    let committed = self.committed.entry(key.clone()).or_insert(offset);
                    *committed = offset.max(*committed);
                }
                Vec::new()
            }
            "list_committed_offsets" => vec![("offsets", json!(self.committed))],
            _ => return Err(Refused::Unknown),
        };
        Ok(fields)
    }

    /// Executes an operation of a transaction.
    fn part(&mut self, part: &Value, is_lost: bool) -> Value {
        let key = part[1].to_string();
        match part[0].as_str() {
            Some("r") => json!(["r", part[1], self.values.get(&key)]),
            Some("append") if !is_lost => {
                let list = self.values.entry(key).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    list.push(part[2].clone());
                }
                part.clone()
            }
            Some("w") if !is_lost => {
                self.values.insert(key, part[2].clone());
                part.clone()
            }
            _ => part.clone(),
        }
    }

    /// The messages of a log from an offset on, with their offsets.
    fn from(&self, key: &str, from: &Value) -> Value {
        let first = from.as_u64().unwrap_or(0) as usize;
        let log = self.logs.get(key).map_or(&[][..], Vec::as_slice);
        let messages = log.iter().enumerate().skip(first);
        messages
            .map(|(offset, message)| json!([offset, message]))
            .collect()
    }
}

/// Why a request is not executed.
enum Refused {
    /// Its type is unknown.
    Unknown,
    /// An error with this code.
    Because(i64, &'static str),
}

impl Refused {
    const MISSING: Refused = Refused::Because(MISSING, "the key does not exist");
    const FORM: Refused = Refused::Because(MALFORMED, "a field has another form");
}
