//! The check `kv.linearizable`: builds a history from the records of a run, and rows of evidence
//! from its verdict.

use super::order::Order;
use super::{Asked, BUDGET, Beginning, Evidence, History, Id, Verdict as Judgement, Violation};
use crate::server::KEYS;
use runner_sdk::{Check, Found, Record, Result, RunInfo, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of `kv.linearizable`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LinearizableConfig {
    /// Maximum number of search steps for each key. If they do not suffice, the verdict is
    /// unknown. Three million steps take about a second.
    #[schemars(range(min = 1))]
    pub budget: u64,

    /// The least share of the operations that must be answered, from 0 to 1. If fewer are, the
    /// verdict is unknown: the others may have found a mistake. With 0, one answer is enough.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_answered: f64,
}

impl Default for LinearizableConfig {
    fn default() -> LinearizableConfig {
        LinearizableConfig {
            budget: BUDGET,
            min_answered: 0.0,
        }
    }
}

/// `kv.linearizable`.
pub struct Linearizable {
    history: History<Found>,
    config: LinearizableConfig,
    /// By node: what it is for the check.
    parts: Vec<Part>,
    /// A program that sent something to a store, whose operations are not recorded.
    external_client: Option<String>,
    /// A program to which a client sent commands: a store that may have held values before.
    external_store: Option<String>,
    /// Number of keys that a store had when it first started.
    earlier: u64,
    /// Whether replies can be told apart that clients did not wait for.
    order: Order,
}

/// What a node is for the check.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its operations are recorded.
    Client,
    /// Any other behavior, such as a store.
    Store,
    /// A program: nothing of it is recorded.
    Program,
}

impl Check for Linearizable {
    type Config = LinearizableConfig;
    const NAME: &'static str = "linearizable";
    const DOCS: &'static str = "What the clients saw can be explained by a store that does one command \
        after the other, each between its sending and its reply. Judged from their records `invoke`, \
        `retry`, `return` and `settled`, key by key; all who write to the store must be nodes that \
        record so. A failure names the operations of one key that cannot be explained. Unknown if no \
        operation was answered, or fewer than `min_answered`, or if a client used a command that is not \
        modelled, or if what a store outside held before the run may explain the results.";

    fn new(config: &LinearizableConfig, run: &RunInfo) -> Result<Self> {
        let part = |node| match run.behavior(node) {
            "" => Part::Program,
            _ if run.has_column(node, "command") => Part::Client,
            _ => Part::Store,
        };
        Ok(Linearizable {
            history: History::default(),
            config: config.clone(),
            parts: (0..run.node_count() as u32).map(part).collect(),
            external_client: None,
            external_store: None,
            earlier: 0,
            order: Order::default(),
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        let (client, time) = (record.node_name(), record.time_ns());
        let id = Id {
            client,
            number: record.number("op").unwrap_or(0),
        };
        if self.part(record.node()) == Some(Part::Client) {
            self.order.client(record);
        }
        let text = |column| record.text(column).unwrap_or("");
        match record.event() {
            "invoke" => {
                let asked = Asked {
                    command: text("command"),
                    key: record.text("key"),
                    value: text("value"),
                };
                self.history.invoke(id, time, record.found(""), asked);
            }
            "retry" => self.history.retry(id, time, record.found("")),
            "return" => {
                let row = record.found("");
                self.history.returned(id, time, row, text("result"));
            }
            // Only a store has the column.
            "start" => {
                let keys = record.number(KEYS.info().name).unwrap_or(0);
                self.earlier = self.earlier.max(keys);
            }
            "settled" => self.history.settled(id, time, record.found("")),
            "receive" => {
                self.order.received(record);
                if self.external_client.is_none() && self.is_from_external(record) {
                    self.external_client = Some(record.peer_name().to_owned());
                }
            }
            "send" if self.external_store.is_none() && self.is_to_external(record) => {
                self.external_store = Some(record.peer_name().to_owned());
            }
            "drop" => self.order.lost(record),
            _ => {}
        }
    }

    fn finish(self) -> Verdict {
        let (answered, begun) = self.history.answered();
        if let Some(reason) = self.order.doubt() {
            return Verdict::unknown(reason);
        }
        match self.history.judge(self.config.budget) {
            Judgement::Linearizable { .. } if self.has_too_few_answers() => {
                Verdict::unknown(format!(
                    "{answered} of {begun} operations answered, expected at least the share {} \
                     (`min_answered`)",
                    self.config.min_answered
                ))
            }
            Judgement::Linearizable { keys, .. } => {
                let keys = match keys {
                    1 => "1 key".to_owned(),
                    count => format!("{count} keys"),
                };
                let explained =
                    format!("{answered} of {begun} operations answered, on {keys}, all explained");
                match self.history.doubt() {
                    Some(doubt) => Verdict::unknown(format!("{doubt}; of the rest, {explained}")),
                    None => Verdict::passed(explained),
                }
            }
            Judgement::Unknown(reason) => Verdict::unknown(match self.history.doubt() {
                Some(doubt) => format!("{doubt}; {reason}"),
                None => reason,
            }),
            Judgement::Violation(violation) if self.external_client.is_some() => {
                let client = self.external_client.unwrap_or_default();
                Verdict::unknown(format!(
                    "`{client}` is a program and sent something to a store: what it wrote is not \
                     recorded, and may explain this: {violation}"
                ))
            }
            Judgement::Violation(violation) if self.history.excuse().is_some() => {
                let excuse = self.history.excuse().unwrap_or_default();
                Verdict::unknown(format!("{excuse}, and which may explain this: {violation}"))
            }
            Judgement::Violation(violation) if self.earlier > 0 => Verdict::unknown(format!(
                "the store began with {} keys of an earlier run, whose values have no records here: \
                 {violation}",
                self.earlier
            )),
            Judgement::Violation(violation) => match self.external_store {
                Some(store) => external(&self.history, self.config.budget, &store, violation),
                None => failed(&violation, ""),
            },
        }
    }
}

/// The verdict on a violation of a store that is a program: it has failed only if no value that
/// the store held before the run explains the results.
fn external(
    history: &History<Found>,
    budget: u64,
    store: &str,
    violation: Violation<Found>,
) -> Verdict {
    match history.judge_from(Beginning::Unknown, budget) {
        Judgement::Violation(violation) => {
            let unwritten = history.unwritten(&violation.key, &violation.evidence);
            let hint = unwritten.map(|result| {
                format!(
                    "; no client wrote \"{result}\": if it is the store's word for a key that does not \
                     exist, name it with `not_found`"
                )
            });
            failed(&violation, &hint.unwrap_or_default())
        }
        _ => Verdict::unknown(format!(
            "`{store}` is a program, and a value that it held before the run may explain this: \
             {violation}; empty it before each run. If a result is the store's word for a key that \
             does not exist, name it with `not_found`"
        )),
    }
}

/// The verdict on a violation, with its rows and a hint.
fn failed(violation: &Violation<Found>, hint: &str) -> Verdict {
    let rows = violation.evidence.iter().flat_map(noted);
    rows.fold(Verdict::fail(format!("{violation}{hint}")), Verdict::row)
}

impl Linearizable {
    /// Whether a client sent the message to a program.
    fn is_to_external(&self, record: &Record<'_>) -> bool {
        let receiver = record.peer().map(|peer| self.part(peer));
        let is_program = matches!(receiver, Some(None | Some(Part::Program)));
        self.part(record.node()) == Some(Part::Client) && is_program
    }

    /// Whether a program sent the message that a store receives.
    fn is_from_external(&self, record: &Record<'_>) -> bool {
        let sender = record.peer().map(|peer| self.part(peer));
        let is_program = matches!(sender, Some(None | Some(Part::Program)));
        self.part(record.node()) == Some(Part::Store) && is_program
    }

    fn part(&self, node: u32) -> Option<Part> {
        self.parts.get(node as usize).copied()
    }

    /// Whether the share of the answered operations is below `min_answered`.
    fn has_too_few_answers(&self) -> bool {
        let (answered, begun) = self.history.answered();
        (answered as f64) < self.config.min_answered * begun as f64
    }
}

/// The rows of an operation, each with its command or its result as a note.
fn noted(evidence: &Evidence<Found>) -> Vec<Found> {
    let Evidence { command, value, .. } = evidence;
    let asked = match command == "set" || !value.is_empty() {
        true => format!("{command} \"{value}\""),
        false => command.clone(),
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
    let settled = evidence.settled.as_ref();
    let settled = settled.map(|row| row.note(format!("{asked} no longer on its way")));
    notes.chain(settled).collect()
}

#[cfg(test)]
mod tests;
