//! The clock condition as a check: if a happened before b, then C(a) < C(b).
//!
//! Happened-before is the transitive closure of two relations (Lamport 1978, section "The
//! Partial Ordering"): the steps of a machine in their order, and the sending of each message
//! before its receipt. `<` is transitive, too, so it is enough that the clock rises from each
//! step of a node to its next step, and from the `send` row of each message to its `receive`
//! row. The content of messages is not used, only sender and number, which the records hold.
//!
//! A machine that loses its clock in a crash breaks the condition, and the check fails.

use runner_sdk::{Check, Found, NoConfig, Record, Result, RunInfo, Verdict};
use std::collections::HashMap;

#[cfg(test)]
mod tests;

/// The column of the clock.
const CLOCK: &str = "clock";

/// Checks the clock condition over all nodes with a column `clock`.
pub struct Lamport {
    /// The last step with a clock, by node.
    last: Vec<Option<Moment>>,
    /// The sending of each message in flight, by sender and number.
    sent: HashMap<(u32, u64), Moment>,
    /// Number of compared pairs, of which one happened before the other.
    pairs: u64,
    /// Number of these pairs that are between two nodes.
    messages: u64,
    /// The first pair that breaks the condition.
    broken: Option<Verdict>,
}

/// A row with its clock.
#[derive(Clone, Debug)]
struct Moment {
    clock: u64,
    row: Found,
}

impl Moment {
    fn noted(&self) -> Found {
        self.row.note(format!("clock {}", self.clock))
    }
}

impl Check for Lamport {
    type Config = NoConfig;
    const NAME: &'static str = "lamport";
    const DOCS: &'static str = "The clock condition: if one step happened before another, by the \
        order within a node or by a message from one to the other, its `clock` is smaller. Judged \
        from who sent which message to whom, not from what the messages say. Duplicates of a \
        message after its first receipt are not judged.";

    fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
        Ok(Lamport {
            last: vec![None; run.node_count()],
            sent: HashMap::new(),
            pairs: 0,
            messages: 0,
            broken: None,
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        if self.broken.is_some() {
            return;
        }
        let event = record.event();
        let sending = match (record.peer(), record.message()) {
            (Some(peer), Some(message)) if event == "receive" || event == "drop" => {
                self.sent.remove(&(peer, message))
            }
            _ => None,
        };
        // A drop or a crash is no step of the node.
        if matches!(
            event,
            "start" | "drop" | "connect" | "disconnect" | "stop" | "crash" | "restart"
        ) {
            return;
        }
        let Some(clock) = record.number(CLOCK) else {
            return;
        };
        let now = Moment {
            clock,
            row: record.found(""),
        };
        let node = record.node() as usize;
        if let Some(before) = &self.last[node]
            && before.row.step != now.row.step
        {
            self.pairs += 1;
            if before.clock >= clock {
                let name = record.node_name();
                let what = format!("`{name}` took a step and its clock did not rise");
                self.broken = Some(broken(&what, before, &now));
                return;
            }
        }
        if let Some(sending) = sending {
            self.pairs += 1;
            self.messages += 1;
            if sending.clock >= clock {
                let what = format!(
                    "`{}` received a message of `{}`, and its clock is not above the sender's",
                    record.node_name(),
                    record.peer_name(),
                );
                self.broken = Some(broken(&what, &sending, &now));
                return;
            }
        }
        if let (true, Some(message)) = (event == "send", record.message()) {
            self.sent.insert((record.node(), message), now.clone());
        }
        self.last[node] = Some(now);
    }

    fn finish(self) -> Verdict {
        match self.broken {
            Some(verdict) => verdict,
            None if self.last.iter().all(Option::is_none) => {
                Verdict::unknown("no step has a value in a column `clock`")
            }
            None if self.messages == 0 => {
                Verdict::unknown("no message was received, so no two nodes can be compared")
            }
            None => Verdict::passed(format!(
                "{} pairs of steps in order, {} of them a message",
                self.pairs, self.messages
            )),
        }
    }
}

fn broken(what: &str, before: &Moment, after: &Moment) -> Verdict {
    Verdict::fail(format!("{what}: {} then {}", before.clock, after.clock))
        .row(before.noted())
        .row(after.noted())
}
