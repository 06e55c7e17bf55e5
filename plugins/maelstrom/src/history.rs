//! What the clients saw: their operations, from the records of a run.
//!
//! A check of a workload is a function from a [`History`] to a verdict: it implements [`Judge`], and
//! [`Judged`] makes a check of it. What is common to all stands here: a reply of a wrong form fails
//! every check, and a run in which nothing was answered is unknown.

#[cfg(test)]
pub(crate) mod script;

use crate::client::record::{ASKED, CODE, F, LAST, OP, RESULT, VALUE};
use runner_sdk::{Check, Found, Problem, Record, Result, RunInfo, Verdict};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// An operation of a client.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The client.
    pub client: String,
    /// Its kind: `read`, `add`, ...
    pub f: String,
    /// What it asked for.
    pub value: Value,
    /// The node that it asked.
    pub asked: String,
    /// Whether it is one of the last reads.
    pub is_last: bool,
    /// When it began `[ns]`.
    pub began_ns: u64,
    /// When its outcome was known `[ns]`; `None` if it never was.
    pub ended_ns: Option<u64>,
    /// What became of it.
    pub outcome: Outcome,
    /// The row in which it began.
    pub began: Found,
    /// The row of its outcome.
    pub ended: Option<Found>,
}

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It happened, with this result.
    Ok(Value),
    /// It did not happen; the code of the error, if there was one.
    Fail(Option<i64>),
    /// It may have happened.
    Info,
}

impl Operation {
    /// The result, if it happened.
    pub fn result(&self) -> Option<&Value> {
        match &self.outcome {
            Outcome::Ok(result) => Some(result),
            _ => None,
        }
    }

    /// Whether it happened.
    pub fn is_ok(&self) -> bool {
        matches!(self.outcome, Outcome::Ok(_))
    }

    /// Whether it may have happened: its outcome is open.
    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Info
    }

    /// The row in which it began, with what it asked for.
    pub fn invocation(&self) -> Found {
        let (client, f, value) = (&self.client, &self.f, &self.value);
        let value = if value.is_null() {
            String::new()
        } else {
            format!(" {value}")
        };
        self.began
            .note(format!("{client} asks {}: {f}{value}", self.asked))
    }

    /// The row of its outcome, or else that in which it began, with what came back.
    pub fn completion(&self) -> Found {
        let (client, f) = (&self.client, &self.f);
        match (&self.ended, &self.outcome) {
            (Some(row), Outcome::Ok(Value::Null)) => row.note(format!("{client}: {f} ok")),
            (Some(row), Outcome::Ok(result)) => {
                row.note(format!("{client} gets {}", shown(result)))
            }
            (Some(row), Outcome::Fail(Some(code))) => {
                row.note(format!("{client}: {f} fails with error {code}"))
            }
            (Some(row), Outcome::Fail(None)) => row.note(format!("{client}: {f} fails")),
            (Some(row), Outcome::Info) => row.note(format!("{client}: {f} is left open")),
            (None, _) => self.began.note(format!("{client}: {f} never ends")),
        }
    }
}

/// The most characters of a value that evidence shows.
const SHOWN: usize = 160;

/// A value as text, cut if it is long.
pub fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}... ({} characters)", &text[..end], text.chars().count()),
        None => text,
    }
}

/// The operations of all clients, in the order in which they began.
#[derive(Debug, Default)]
pub struct History {
    /// The operations.
    pub operations: Vec<Operation>,
    /// By client: the operation under way.
    pending: BTreeMap<u32, usize>,
    /// The first reply of a wrong form.
    malformed: Option<Verdict>,
}

impl History {
    /// Takes the next record of a run.
    fn record(&mut self, record: &Record<'_>) {
        let text = |name| record.text(name).unwrap_or("");
        let json = |name| serde_json::from_str(text(name)).unwrap_or(Value::Null);
        let outcome = match record.event() {
            "invoke" if record.number(OP.info().name).is_some() => {
                self.pending.insert(record.node(), self.operations.len());
                self.operations.push(Operation {
                    client: record.node_name().to_owned(),
                    f: text(F.info().name).to_owned(),
                    value: json(VALUE.info().name),
                    asked: text(ASKED.info().name).to_owned(),
                    is_last: record.flag(LAST.info().name) == Some(true),
                    began_ns: record.time_ns(),
                    ended_ns: None,
                    outcome: Outcome::Info,
                    began: record.found(""),
                    ended: None,
                });
                return;
            }
            "ok" => Outcome::Ok(json(RESULT.info().name)),
            "fail" => Outcome::Fail(record.signed(CODE.info().name)),
            "info" | "malformed" => Outcome::Info,
            _ => return,
        };
        let Some(operation) = self.pending.remove(&record.node()) else {
            return;
        };
        let operation = &mut self.operations[operation];
        operation.outcome = outcome;
        operation.ended_ns = Some(record.time_ns());
        operation.ended = Some(record.found(""));
        if record.event() == "malformed" {
            let (asked, f, told) = (&operation.asked, &operation.f, text(RESULT.info().name));
            let reason = format!("the reply of {asked} to `{f}` {told}");
            self.malformed.get_or_insert_with(|| {
                Verdict::fail(reason)
                    .row(operation.invocation())
                    .row(record.found("a reply of a wrong form"))
            });
        }
    }

    /// The operations of a kind.
    pub fn of<'a>(&'a self, f: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.operations.iter().filter(move |it| it.f == f)
    }

    /// The number of operations that began.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether no operation began.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// What a check of a workload is: a function from a history to a verdict.
pub trait Judge: Sized + 'static {
    /// The config of the check.
    type Config: DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static;

    /// The name of the check: that of its workload.
    const NAME: &'static str;

    /// What must hold.
    const DOCS: &'static str;

    /// Whether a reply of a wrong form fails the check.
    const JUDGES_FORM: bool = true;

    /// What is wrong with a config, beyond types and ranges.
    fn problems(_: &Self::Config) -> Vec<Problem> {
        Vec::new()
    }

    /// Judges a history in which at least one operation happened or failed.
    fn judge(config: &Self::Config, history: &History) -> Verdict;
}

/// The check that a [`Judge`] makes.
pub struct Judged<J: Judge> {
    config: J::Config,
    history: History,
}

impl<J: Judge> Check for Judged<J> {
    type Config = J::Config;
    const NAME: &'static str = J::NAME;
    const DOCS: &'static str = J::DOCS;

    fn check(config: &J::Config) -> Vec<Problem> {
        J::problems(config)
    }

    fn new(config: &J::Config, _: &RunInfo) -> Result<Self> {
        Ok(Judged {
            config: config.clone(),
            history: History::default(),
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        self.history.record(record);
    }

    fn finish(mut self) -> Verdict {
        let malformed = self.history.malformed.take();
        if let Some(malformed) = malformed.filter(|_| J::JUDGES_FORM) {
            return malformed;
        }
        let begun = self.history.len();
        if begun == 0 {
            return Verdict::unknown("no operation began: there is nothing to judge");
        }
        if !self.history.operations.iter().any(Operation::is_ok) {
            return Verdict::unknown(format!(
                "none of {begun} operations succeeded: there is nothing to judge"
            ));
        }
        J::judge(&self.config, &self.history)
    }
}
