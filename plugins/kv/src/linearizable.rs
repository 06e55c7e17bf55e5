//! Linearizability: whether a correct store can explain all results that the clients recorded.
//!
//! # The problem
//! Several clients send commands to a store at the same time. Each command takes effect at
//! some instant between its sending and its reply, and no client sees this instant. A history of
//! such operations is *linearizable* if each operation can be assigned an instant between its
//! `invoke` and its `return`, such that a plain map that executes the operations in the order of
//! these instants returns the same results (Herlihy and Wing, "Linearizability: A Correctness
//! Condition for Concurrent Objects", ACM TOPLAS 12(3), 1990). A history with a stale read,
//! a lost write, or a value that reappears after its deletion is not linearizable.
//!
//! # The algorithm
//! Linearizability is local (theorem 1 of that paper): a history is linearizable if the
//! history of each key is. So each key is judged alone, which replaces one search of
//! infeasible size by many small ones.
//!
//! For one key, `search` goes through the events in the order of time and keeps an *explanation*:
//! the state of the key, and which pending operations have happened. When an operation returns
//! that has not happened yet in the explanation, the search tries all continuations in which it
//! happens, one after the other, until one of them reaches the end ("just-in-time
//! linearization": Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993, with
//! the improvement of Lowe, "Testing for linearizability", CCPE 29(4), 2017: no explanation
//! is tried twice). If none reaches the end, the history is not linearizable. The proof is its
//! shortest prefix, up to a return, without an explanation. `shrink` then removes every
//! operation that the proof does not need.
//!
//! # Uncertain operations
//! - An operation without a reply may have taken effect or not, at any time after its
//!   sending.
//! - A command that was sent n times may have taken effect n times. Besides the one operation that
//!   must have happened, each other sending adds an operation that may have happened, until the
//!   client has settled.
//! - Operations at equal times are simultaneous, whatever the order of their records.
//!
//! The search is exponential in the worst case (the problem is NP-complete: Gibbons and
//! Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997). It is limited by steps and
//! not by time, so a verdict is the same on every machine. If the steps do not suffice, the
//! verdict is *unknown*.
//!
//! # What was there before
//! The store begins empty. If it is a program of somebody else, this is not known: a violation
//! that a value from before the run explains (`beginning`) is *unknown*.
//!
//! # Other commands
//! The commands of Redis that use one key are executed by a `model`. A key on which a client used
//! one of them is judged by `general`, which tries all orders. It knows no laws of the commands,
//! so it needs more steps. Commands that use several keys, lists of keys, or time are not
//! modelled: where a client used one, the history is never linearizable, but *unknown*.
//!
//! # Why not an existing checker
//! Of the checkers in Rust, `todc-utils` 0.1 panics at an operation without a return, `stateright`
//! 0.31 does not remember the states that it has searched and returns no evidence, and `lincheck`
//! 0.2 runs programs under its own scheduler; none has a limit. Porcupine, which does most
//! of this, is written in Go.

mod beginning;
mod check;
mod doubt;
mod general;
mod history;
mod item;
mod model;
mod order;
mod search;
mod shrink;
#[cfg(test)]
mod tests;

pub use check::{Linearizable, LinearizableConfig};
pub use history::{Asked, History, Id};

use general::TooLong;
use item::{Operation, items};
use model::Kind;
use search::Outcome;
use std::fmt;

/// Default number of search steps for each key; arbitrary: they take about a second.
pub const BUDGET: u64 = 3_000_000;

/// The result for a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<R> {
    /// The history is linearizable.
    Linearizable {
        /// Number of keys.
        keys: usize,
        /// Number of operations that returned.
        operations: usize,
    },
    /// The history is not linearizable.
    Violation(Violation<R>),
    /// Whether the history is linearizable is not known; the reason.
    Unknown(String),
}

/// What a store held before the first operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Nothing.
    Empty,
    /// It is not known: each key may have had a value.
    Unknown,
}

/// Operations on one key whose results no order explains. The proof needs each of them: without
/// any one, an order explains the results of the others, except of those that depended on it.
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
    /// The client that sent the operation.
    pub client: String,
    /// `set`, `get`, `delete`, `incr` and so on.
    pub command: String,
    /// The value that it writes; else empty.
    pub value: String,
    /// Time of the first sending `[ns]`.
    pub invoked_ns: u64,
    /// Number of sendings.
    pub sendings: usize,
    /// Time of the return `[ns]`, and the result; `None` if there is no reply, or it arrived too
    /// late to be part of the proof.
    pub returned: Option<(u64, String)>,
    /// Records of its sendings and its return.
    pub rows: Vec<R>,
    /// The record that no message of it was in flight any more, if the proof needs it.
    pub settled: Option<R>,
}

impl<R: Clone> History<R> {
    /// Judges the history of a store that began empty, with at most `budget` search steps for
    /// each key.
    pub fn judge(&self, budget: u64) -> Verdict<R> {
        self.judge_from(Beginning::Empty, budget)
    }

    /// Judges the history of a store with this beginning, with at most `budget` search steps for
    /// each key.
    pub fn judge_from(&self, beginning: Beginning, budget: u64) -> Verdict<R> {
        let (operations, begun) = self.answered();
        if operations == 0 {
            return Verdict::Unknown(match begun {
                0 => "no operation began: there is nothing to judge".to_owned(),
                begun => format!("0 of {begun} operations answered: there is nothing to judge"),
            });
        }
        let (mut unfinished, mut too_long) = (Vec::new(), Vec::new());
        for (key, operations) in self.keys() {
            match judge_key(operations, budget) {
                Ok(None) => {}
                Ok(Some(Unjudged::Violation(evidence))) => {
                    let evidence = match beginning {
                        Beginning::Empty => Some(evidence),
                        Beginning::Unknown => beginning::proof(operations, evidence, budget),
                    };
                    if let Some(evidence) = evidence {
                        let key = key.clone();
                        return Verdict::Violation(Violation { key, evidence });
                    }
                }
                Ok(Some(Unjudged::OutOfBudget)) => unfinished.push(key.as_str()),
                Err(TooLong) => too_long.push(key.as_str()),
            }
        }
        let keys = self.keys().len();
        match (unfinished.first(), too_long.first()) {
            (None, None) => Verdict::Linearizable { keys, operations },
            (Some(key), _) => Verdict::Unknown(format!(
                "{} of {keys} keys not judged within {budget} steps, the first `{key}`: allow more with \
                 `budget`, or run fewer clients or more keys",
                unfinished.len(),
            )),
            (None, Some(key)) => Verdict::Unknown(format!(
                "{} of {keys} keys not judged, the first `{key}`: its values are so long that the log \
                 has only a hash of them, and commands such as `append` need all of their bytes",
                too_long.len(),
            )),
        }
    }
}

/// What keeps a key from being judged linearizable.
enum Unjudged<R> {
    Violation(Vec<Evidence<R>>),
    OutOfBudget,
}

/// Judges the operations of a key; `None`: an order explains them.
fn judge_key<R: Clone>(
    operations: &[Operation<R>],
    budget: u64,
) -> Result<Option<Unjudged<R>>, TooLong> {
    let is_rich = |it: &Operation<R>| model::kind(&it.command, true) == Kind::Rich;
    if operations.iter().any(is_rich) {
        return Ok(match general::search(operations, u64::MAX, budget)? {
            Outcome::Explained => None,
            Outcome::OutOfBudget => Some(Unjudged::OutOfBudget),
            Outcome::Unexplained { .. } => {
                Some(Unjudged::Violation(general::proof(operations, budget)))
            }
        });
    }
    Ok(match search::search(&items(operations, u64::MAX), budget) {
        Outcome::Explained => None,
        Outcome::OutOfBudget => Some(Unjudged::OutOfBudget),
        Outcome::Unexplained { at_ns } => {
            let at_ns = shrink::shortest(operations, at_ns, budget);
            Some(Unjudged::Violation(shrink::shrink(
                operations, at_ns, budget,
            )))
        }
    })
}

/// Maximum number of operations that a verdict's text names: the last ones.
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
        if self.command == "set" || !self.value.is_empty() {
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

/// A time in seconds, as text with as many digits as it needs, up to nanoseconds.
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
