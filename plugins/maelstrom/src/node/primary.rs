//! What the first of the nodes keeps: registers, lists and logs. The others pass requests on to it, and
//! its replies back.
//!
//! With the mistake `stale` each node has a copy of its own, to which the first node sends each change
//! while it answers already, and reads come from there.

mod store;

use super::{LOST, Mistake, Reference};
use crate::body::{self, Fields};
use runner_sdk::{Node, Peer};
use serde_json::Value;
use std::collections::BTreeMap;
use store::{Store, is_read};

/// A request that was passed on.
const PASSED_ON: &str = "pass_on";

/// Its reply.
const PASSED_BACK: &str = "pass_back";

/// A change, for the copies of other nodes.
const CHANGED: &str = "changed";

/// What a node knows of the first node, and the state if it is that itself.
pub(super) struct Primary {
    /// The first node; `None` if it is this one.
    first: Option<Peer>,
    /// All other nodes.
    others: Vec<Peer>,
    /// Requests passed on so far, and who asked.
    passed: u64,
    /// Changes executed so far.
    changes: u64,
    waiting: BTreeMap<u64, Peer>,
    store: Store,
}

impl Primary {
    pub(super) fn new(node: &Node<Reference>, neighbors: &[Peer]) -> Primary {
        let first = neighbors
            .iter()
            .copied()
            .min_by_key(|&peer| name_order(node.peer_name(peer)));
        let first =
            first.filter(|&peer| name_order(node.peer_name(peer)) < name_order(node.name()));
        Primary {
            first,
            others: neighbors.to_vec(),
            passed: 0,
            changes: 0,
            waiting: BTreeMap::new(),
            store: Store::default(),
        }
    }

    /// Takes a message: what is to be sent, and to whom.
    pub(super) fn take(
        &mut self,
        from: Peer,
        request: &Fields,
        mistake: Option<Mistake>,
    ) -> Vec<(Peer, String)> {
        let inner = || request.get("body").and_then(Value::as_object);
        match (body::kind(request), self.first) {
            (PASSED_BACK, _) => {
                let id = request.get("id").and_then(Value::as_u64);
                let client = id.and_then(|id| self.waiting.remove(&id));
                let text = request.get("body").map(Value::to_string);
                client.zip(text).into_iter().collect()
            }
            (CHANGED, _) => {
                if let Some(change) = inner() {
                    self.store.execute(change, false, mistake);
                }
                Vec::new()
            }
            (PASSED_ON, None) => {
                let Some(asked) = inner() else {
                    return Vec::new();
                };
                let (reply, mut sends) = self.execute(asked, mistake);
                let id = request.get("id").cloned().unwrap_or_default();
                let reply: Value = serde_json::from_str(&reply).unwrap_or_default();
                sends.push((
                    from,
                    body::write(PASSED_BACK, &[("id", id), ("body", reply)]),
                ));
                sends
            }
            (_, None) => {
                let (reply, mut sends) = self.execute(request, mistake);
                sends.push((from, reply));
                sends
            }
            (kind, Some(_)) if mistake == Some(Mistake::Stale) && is_read(kind, request) => {
                vec![(from, self.store.execute(request, false, mistake))]
            }
            (_, Some(first)) => {
                self.passed += 1;
                self.waiting.insert(self.passed, from);
                let fields = [
                    ("id", self.passed.into()),
                    ("body", Value::Object(request.clone())),
                ];
                vec![(first, body::write(PASSED_ON, &fields))]
            }
        }
    }

    /// Executes a request on the first node; also the messages to the copies.
    fn execute(
        &mut self,
        asked: &Fields,
        mistake: Option<Mistake>,
    ) -> (String, Vec<(Peer, String)>) {
        let changes = !is_read(body::kind(asked), asked);
        self.changes += u64::from(changes);
        let is_lost =
            changes && mistake == Some(Mistake::Lose) && self.changes.is_multiple_of(LOST);
        let reply = self.store.execute(asked, is_lost, mistake);
        let mut sends = Vec::new();
        if mistake == Some(Mistake::Stale) && changes {
            let text = body::write(CHANGED, &[("body", Value::Object(asked.clone()))]);
            sends.extend(self.others.iter().map(|&peer| (peer, text.clone())));
        }
        (reply, sends)
    }
}

/// The order of nodes: by the text of their names, then by the number that they end in.
fn name_order(name: &str) -> (&str, u64) {
    let text = name.trim_end_matches(|it: char| it.is_ascii_digit());
    (text, name[text.len()..].parse().unwrap_or(0))
}
