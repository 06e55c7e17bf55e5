//! What spreads by gossip: sets, and counters.
//!
//! A counter is, for each node, how much was added there and how much was taken off. Both only grow, so
//! of two numbers for a node the greater one is newer, and whatever arrives late or twice does no harm
//! (a PN-counter: Shapiro et al., "Conflict-free Replicated Data Types", SSS 2011).

use crate::body::{self, Fields};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The type of the messages between nodes.
const GOSSIP: &str = "gossip";

/// What a node has of a set or a counter.
pub(super) enum Gossip {
    /// The values as text, by which they are told apart, and the field for them in a read's reply.
    Set {
        values: BTreeSet<String>,
        field: &'static str,
    },
    /// By node: the sums of what was added and of what was taken off.
    Counter {
        own: String,
        sums: BTreeMap<String, (u64, u64)>,
    },
}

/// What follows from a message.
#[derive(Default)]
pub(super) struct Taken {
    /// The reply to the sender.
    pub reply: Option<String>,
    /// What the other neighbors have to know.
    pub news: Option<String>,
}

impl Gossip {
    pub(super) fn set(field: &'static str) -> Gossip {
        Gossip::Set {
            values: BTreeSet::new(),
            field,
        }
    }

    pub(super) fn counter(own: &str) -> Gossip {
        Gossip::Counter {
            own: own.to_owned(),
            sums: BTreeMap::new(),
        }
    }

    /// Takes a message; `None` if its type is unknown.
    pub(super) fn take(&mut self, request: &Fields, is_lost: bool) -> Option<Taken> {
        let done = |kind: &str| Taken {
            reply: Some(body::reply(request, kind, Vec::new())),
            news: None,
        };
        let taken = match (self, body::kind(request)) {
            (Gossip::Set { values, .. }, kind @ ("broadcast" | "add")) => {
                let value = request
                    .get("message")
                    .or(request.get("element"))?
                    .to_string();
                let is_new = !is_lost && values.insert(value.clone());
                Taken {
                    news: is_new.then(|| set_text([&value])),
                    ..done(&format!("{kind}_ok"))
                }
            }
            (Gossip::Set { values, field }, "read") => {
                let values: Vec<Value> = values
                    .iter()
                    .filter_map(|it| serde_json::from_str(it).ok())
                    .collect();
                Taken {
                    reply: Some(body::reply(
                        request,
                        "read_ok",
                        vec![(*field, values.into())],
                    )),
                    news: None,
                }
            }
            (Gossip::Set { values, .. }, GOSSIP) => {
                let heard = request
                    .get("values")?
                    .as_array()?
                    .iter()
                    .map(Value::to_string);
                let new: Vec<String> = heard.filter(|it| values.insert(it.clone())).collect();
                Taken {
                    reply: None,
                    news: (!new.is_empty()).then(|| set_text(&new)),
                }
            }
            (Gossip::Counter { own, sums }, "add") => {
                let delta = body::integer(request, "delta")?;
                let (added, taken) = sums.entry(own.clone()).or_default();
                if !is_lost {
                    match delta >= 0 {
                        true => *added += delta.unsigned_abs(),
                        false => *taken += delta.unsigned_abs(),
                    }
                }
                Taken {
                    news: (!is_lost).then(|| counter_text(sums)),
                    ..done("add_ok")
                }
            }
            (Gossip::Counter { sums, .. }, "read") => {
                let sum: i64 = sums
                    .values()
                    .map(|(added, taken)| added.wrapping_sub(*taken).cast_signed())
                    .sum();
                Taken {
                    reply: Some(body::reply(request, "read_ok", vec![("value", sum.into())])),
                    news: None,
                }
            }
            (Gossip::Counter { sums, .. }, GOSSIP) => {
                let before = sums.clone();
                for (node, pair) in request.get("values")?.as_object()? {
                    let (added, taken) = sums.entry(node.clone()).or_default();
                    *added = pair[0].as_u64()?.max(*added);
                    *taken = pair[1].as_u64()?.max(*taken);
                }
                Taken {
                    reply: None,
                    news: (*sums != before).then(|| counter_text(sums)),
                }
            }
            _ => return None,
        };
        Some(taken)
    }

    /// All that the node has, for its neighbors; `None` if it has nothing.
    pub(super) fn all(&self) -> Option<String> {
        match self {
            Gossip::Set { values, .. } => (!values.is_empty()).then(|| set_text(values)),
            Gossip::Counter { sums, .. } => (!sums.is_empty()).then(|| counter_text(sums)),
        }
    }
}

fn set_text<'a>(values: impl IntoIterator<Item = &'a String>) -> String {
    let values = values
        .into_iter()
        .filter_map(|it| serde_json::from_str::<Value>(it).ok());
    body::write(GOSSIP, &[("values", values.collect::<Vec<Value>>().into())])
}

fn counter_text(sums: &BTreeMap<String, (u64, u64)>) -> String {
    let pairs = sums
        .iter()
        .map(|(node, (added, taken))| (node.clone(), json!([added, taken])));
    body::write(
        GOSSIP,
        &[("values", Value::Object(pairs.collect::<Map<_, _>>()))],
    )
}
