//! Transactions as the clients saw them.

use crate::history::{History, Operation};
use serde_json::Value;

/// A transaction.
#[derive(Debug)]
pub struct Transaction<'a> {
    /// The operation of the client.
    pub operation: &'a Operation,
    /// Its parts, with the results of the reads if it is committed.
    pub parts: Vec<Part>,
}

/// A part of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The key, as text.
    pub key: String,
    /// What it does.
    pub act: Act,
}

/// What a part does.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// It read this; null if there was nothing, or if the result is not known.
    Read(Value),
    /// It wrote or appended this, as text.
    Write(String),
}

impl Transaction<'_> {
    /// Whether it has happened.
    pub fn is_committed(&self) -> bool {
        self.operation.is_ok()
    }

    /// Whether it has certainly not happened.
    pub fn is_aborted(&self) -> bool {
        !self.operation.is_ok() && !self.operation.is_open()
    }

    /// Whether a read of it found something.
    pub fn has_seen(&self) -> bool {
        let found = |part: &Part| matches!(&part.act, Act::Read(found) if !found.is_null() && found.as_array().is_none_or(|it| !it.is_empty()));
        self.is_committed() && self.parts.iter().any(found)
    }

    /// The client and the transaction as text.
    pub fn told(&self) -> String {
        let parts = self.operation.result().unwrap_or(&self.operation.value);
        format!("{} {}", self.operation.client, crate::history::shown(parts))
    }
}

/// The transactions of a history.
pub fn transactions(history: &History) -> Vec<Transaction<'_>> {
    history.of("txn").map(transaction).collect()
}

fn transaction(operation: &Operation) -> Transaction<'_> {
    let parts = operation.result().unwrap_or(&operation.value);
    let parts = parts.as_array().map_or(&[][..], Vec::as_slice);
    Transaction {
        operation,
        parts: parts.iter().map(part).collect(),
    }
}

fn part(part: &Value) -> Part {
    Part {
        key: part[1].to_string(),
        act: match part[0].as_str() {
            Some("r") => Act::Read(part[2].clone()),
            _ => Act::Write(part[2].to_string()),
        },
    }
}
