//! Whether what the clients saw can be explained: linearizability.
//!
//! # The question
//! Clients send commands to a store at the same time. Each command takes effect somewhere
//! between its sending and its reply; where, nobody sees. A history of such operations is
//! *linearizable* if one instant can be named for each, between its `invoke` and its
//! `return`, so that a plain map which does them in the order of these instants would
//! have given the same answers (Herlihy and Wing, "Linearizability: A Correctness
//! Condition for Concurrent Objects", ACM TOPLAS 12(3), 1990). A stale read, a lost
//! write, a value that comes back after it was deleted: none of them can be explained so.
//!
//! # The way
//! Linearizability is local (theorem 1 of that paper): a history is linearizable if the
//! history of each key is. So keys are judged one by one, which turns an impossible
//! search into many small ones.
//!
//! For one key, `search` walks through time and keeps an explanation: the state, and which
//! of the pending operations have happened. When an operation returns that has not happened yet,
//! the explanation is continued in all ways that make it happen, one after the other until one of
//! them leads to the end ("just-in-time linearization": Wing and Gong, "Testing and
//! Verifying Concurrent Objects", JPDC 17, 1993, with the improvements of Lowe, "Testing
//! for linearizability", CCPE 29(4), 2017: none is followed twice). If none does, the
//! history up to the first return that leaves none is a proof, the shortest prefix that is one.
//! `shrink` then takes out every operation that the proof does not need.
//!
//! # What is not known
//! - An operation without a reply may have taken effect or not, at any time from its
//!   sending on.
//! - A command that was sent n times may have taken effect n times: for each sending but
//!   one there is an operation more that may have happened, until the client has
//!   settled.
//! - Times that are equal are taken for simultaneous, whatever the order of the records.
//!
//! The search is exponential in the worst case (the problem is NP-complete: Gibbons and
//! Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997). It is bounded by steps rather
//! than by time, so that a verdict is the same on every machine; when they run out it
//! is *unknown*.
//!
//! # Why not somebody else's
//! Of the checkers in Rust, `todc-utils` 0.1 panics at an operation without a return, `stateright`
//! 0.31 searches without remembering what it has searched and answers without evidence, and `lincheck` 0.2 runs
//! programs under a scheduler of its own; none is bounded. Porcupine, which does most of
//! this, is in Go.

mod check;
mod item;
mod search;
mod shrink;
#[cfg(test)]
mod tests;

pub use check::{Linearizable, LinearizableConfig};

use item::{Operation, items};
use search::Outcome;
use std::collections::HashMap;
use std::fmt;

/// How many steps the search takes for a key unless told otherwise; arbitrary: about
/// a second.
pub const BUDGET: u64 = 3_000_000;

/// What clients recorded, put together as the records come, in the order of time. `R` names
/// a record.
#[derive(Debug)]
pub struct History<R> {
    /// Each key with its operations, in the order in which they were first used.
    keys: Vec<(String, Vec<Operation<R>>)>,
    by_name: HashMap<String, usize>,
    clients: HashMap<String, Client>,
}

/// A client: its last operation.
#[derive(Clone, Copy, Debug)]
struct Client {
    key: usize,
    operation: usize,
}

/// What a history comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<R> {
    /// It can be explained.
    Linearizable {
        /// Number of keys.
        keys: usize,
        /// Number of operations that returned.
        operations: usize,
    },
    /// It cannot.
    Violation(Violation<R>),
    /// It is not known: why not.
    Unknown(String),
}

/// Operations on one key that no order explains; each of them is needed for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation<R> {
    /// The key.
    pub key: String,
    /// The operations, in the order of their sending.
    pub evidence: Vec<Evidence<R>>,
}

/// An operation that is part of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence<R> {
    /// Whose it is.
    pub client: String,
    /// What it is: `set`, `get`, `delete`.
    pub command: String,
    /// What it writes; empty otherwise.
    pub value: String,
    /// When it was sent `[ns]`.
    pub invoked_ns: u64,
    /// How often it was sent.
    pub sendings: usize,
    /// When it returned `[ns]`, and what; none if that came too late to matter, or never.
    pub returned: Option<(u64, String)>,
    /// Its records.
    pub rows: Vec<R>,
}

impl<R> Default for History<R> {
    fn default() -> History<R> {
        History {
            keys: Vec::new(),
            by_name: HashMap::new(),
            clients: HashMap::new(),
        }
    }
}

impl<R: Clone> History<R> {
    /// A client began an operation. What is neither `set`, `get` nor `delete` is no
    /// operation on a store.
    pub fn invoke(&mut self, client: &str, time_ns: u64, row: R, [command, key, value]: [&str; 3]) {
        if !matches!(command, "set" | "get" | "delete") {
            self.clients.remove(client);
            return;
        }
        let index = match self.by_name.get(key) {
            Some(&index) => index,
            None => {
                self.keys.push((key.to_owned(), Vec::new()));
                self.by_name.insert(key.to_owned(), self.keys.len() - 1);
                self.keys.len() - 1
            }
        };
        let operations = &mut self.keys[index].1;
        operations.push(Operation {
            client: client.to_owned(),
            command: command.to_owned(),
            value: value.to_owned(),
            sent_ns: vec![time_ns],
            returned: None,
            settled_ns: None,
            rows: vec![row],
        });
        let last = Client {
            key: index,
            operation: operations.len() - 1,
        };
        self.clients.insert(client.to_owned(), last);
    }

    fn last(&mut self, client: &str) -> Option<&mut Operation<R>> {
        let &Client { key, operation } = self.clients.get(client)?;
        Some(&mut self.keys[key].1[operation])
    }

    /// It sent its command again.
    pub fn retry(&mut self, client: &str, time_ns: u64, row: R) {
        if let Some(operation) = self.last(client) {
            operation.sent_ns.push(time_ns);
            operation.rows.push(row);
        }
    }

    /// Its reply came.
    pub fn returned(&mut self, client: &str, time_ns: u64, row: R, result: &str) {
        if let Some(operation) = self.last(client) {
            operation.returned = Some((time_ns, result.to_owned()));
            operation.rows.push(row);
        }
    }

    /// Nothing of its operation is under way any more.
    pub fn settled(&mut self, client: &str, time_ns: u64) {
        if let Some(operation) = self.last(client) {
            operation.settled_ns.get_or_insert(time_ns);
        }
    }

    /// Judges it, with so many steps for each key.
    pub fn judge(&self, budget: u64) -> Verdict<R> {
        let returned = |operations: &[Operation<R>]| {
            let returned = operations.iter().filter(|it| it.returned.is_some());
            returned.count()
        };
        let operations = self.keys.iter().map(|(_, it)| returned(it)).sum();
        if operations == 0 {
            return Verdict::Unknown("no operation returned: there is nothing to judge".to_owned());
        }
        let mut unfinished = Vec::new();
        for (key, operations) in &self.keys {
            match search::search(&items(operations, u64::MAX), budget) {
                Outcome::Explained => {}
                Outcome::OutOfBudget => unfinished.push(key.as_str()),
                Outcome::Unexplained { at_ns } => {
                    let at_ns = shrink::shortest(operations, at_ns, budget);
                    let evidence = shrink::shrink(operations, at_ns, budget);
                    let key = key.clone();
                    return Verdict::Violation(Violation { key, evidence });
                }
            }
        }
        match unfinished.first() {
            None => Verdict::Linearizable {
                keys: self.keys.len(),
                operations,
            },
            Some(key) => Verdict::Unknown(format!(
                "{} of {} keys not judged within {budget} steps, the first `{key}`: allow more with \
                 `budget`, or run fewer clients or more keys",
                unfinished.len(),
                self.keys.len(),
            )),
        }
    }
}

/// Operations that a verdict names in its sentence; of more, the last.
const NAMED: usize = 6;

impl<R> fmt::Display for Violation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        write!(f, "key `{key}`: no order of these explains their results: ")?;
        let earlier = self.evidence.len().saturating_sub(NAMED);
        if earlier > 0 {
            write!(f, "{earlier} operations, then ")?;
        }
        for (index, evidence) in self.evidence[earlier..].iter().enumerate() {
            let part = if index > 0 { "; " } else { "" };
            write!(f, "{part}{evidence}")?;
        }
        Ok(())
    }
}

impl<R> fmt::Display for Evidence<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.client, self.command)?;
        if self.command == "set" {
            write!(f, " \"{}\"", self.value)?;
        }
        write!(f, " from {}", Seconds(self.invoked_ns))?;
        match &self.returned {
            Some((at, result)) => write!(f, " to {}: \"{result}\"", Seconds(*at))?,
            None => f.write_str(", without a reply so far")?,
        }
        match self.sendings {
            1 => Ok(()),
            count => write!(f, " (sent {count} times)"),
        }
    }
}

/// A time for people, to the nanosecond where need be.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:09}", self.0 % 1_000_000_000);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{} s", self.0 / 1_000_000_000),
            digits => write!(f, "{}.{digits} s", self.0 / 1_000_000_000),
        }
    }
}
