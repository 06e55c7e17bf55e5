//! The check `kv.linearizable`: builds a history from the records of a run, and rows of evidence
//! from its verdict.

use super::{BUDGET, Evidence, History, Verdict as Judgement};
use crate::server::KEYS;
use runner_sdk::{Check, Found, Record, Result, RunInfo, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of `kv.linearizable`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LinearizableConfig {
    /// Maximum number of search steps for each key. If they do not suffice, the verdict is
    /// unknown. Three million steps take about a second.
    #[schemars(range(min = 1))]
    pub budget: u64,
}

impl Default for LinearizableConfig {
    fn default() -> LinearizableConfig {
        LinearizableConfig { budget: BUDGET }
    }
}

/// `kv.linearizable`.
pub struct Linearizable {
    history: History<Found>,
    /// Number of keys that a store had when it first started.
    earlier: u64,
    budget: u64,
}

impl Check for Linearizable {
    type Config = LinearizableConfig;
    const NAME: &'static str = "linearizable";
    const DOCS: &'static str = "What the clients saw can be explained by a store that does one command \
        after the other, each between its sending and its reply. Judged from their records `invoke`, \
        `retry`, `return` and `settled`, key by key; all who write to the store must be nodes that \
        record so. A failure names the operations of one key that cannot be explained.";

    fn new(config: &LinearizableConfig, _: &RunInfo) -> Result<Self> {
        Ok(Linearizable {
            history: History::default(),
            earlier: 0,
            budget: config.budget,
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        let (client, time) = (record.node_name(), record.time_ns());
        let text = |column| record.text(column).unwrap_or("");
        match record.event() {
            "invoke" => {
                let what = ["command", "key", "value"].map(text);
                self.history.invoke(client, time, record.found(""), what);
            }
            "retry" => self.history.retry(client, time, record.found("")),
            "return" => {
                let row = record.found("");
                self.history.returned(client, time, row, text("result"));
            }
            // Only a store has the column.
            "start" => {
                let keys = record.number(KEYS.info().name).unwrap_or(0);
                self.earlier = self.earlier.max(keys);
            }
            "settled" => self.history.settled(client, time),
            _ => {}
        }
    }

    fn finish(self) -> Verdict {
        match self.history.judge(self.budget) {
            Judgement::Linearizable { keys, operations } => {
                let keys = match keys {
                    1 => "1 key".to_owned(),
                    count => format!("{count} keys"),
                };
                Verdict::passed(format!("{operations} operations on {keys} explained"))
            }
            Judgement::Unknown(reason) => Verdict::unknown(reason),
            Judgement::Violation(violation) if self.earlier > 0 => Verdict::unknown(format!(
                "the store began with {} keys of an earlier run, whose values have no records here: \
                 {violation}",
                self.earlier
            )),
            Judgement::Violation(violation) => {
                let rows = violation.evidence.iter().flat_map(noted);
                rows.fold(Verdict::fail(violation.to_string()), Verdict::row)
            }
        }
    }
}

/// The rows of an operation, each with its command or its result as a note.
fn noted(evidence: &Evidence<Found>) -> Vec<Found> {
    let Evidence { command, value, .. } = evidence;
    let asked = match command.as_str() {
        "set" => format!("set \"{value}\""),
        _ => command.clone(),
    };
    let sendings = evidence.sendings;
    let rows = evidence.rows.iter().enumerate();
    let notes = rows.filter_map(|(index, row)| match (index, &evidence.returned) {
        (0, _) => Some(row.note(&asked)),
        (index, _) if index < sendings => Some(row.note(format!("{asked} again"))),
        (_, Some((_, result))) => Some(row.note(format!("\"{result}\""))),
        // The reply arrived too late to be part of the proof.
        (_, None) => None,
    });
    notes.collect()
}

#[cfg(test)]
mod tests;
