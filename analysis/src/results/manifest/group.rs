//! The groups of nodes in a manifest: their names, columns and event words.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::streams::StreamNames;
use crate::log::{ColumnKind, ColumnSchema, Driving, NodeSchema};

/// A group of nodes that are alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Its name; also the name of its only node if it is not `numbered`.
    pub name: String,
    /// Number of nodes.
    pub count: u32,
    /// Whether the nodes are `NAME-1`, `NAME-2`, ...
    pub numbered: bool,
    /// The name that replaces `name` in random streams, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rng_id: Option<String>,
    /// `PLUGIN.BEHAVIOR`.
    pub behavior: String,
    /// The documentation of the behavior; may be empty.
    #[serde(default)]
    pub docs: String,
    /// When its nodes act, as text: `ticks per second: 1 to 6 (whole numbers)`;
    /// empty for external programs.
    #[serde(default)]
    pub timing: String,
    /// What makes its nodes handle a message.
    #[serde(default)]
    pub driving: Driving,
    /// For load generators: whether its nodes send requests at times of their own, and not after
    /// replies; `None` for all other behaviors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_loop: Option<bool>,
    /// The log columns of the behavior.
    #[serde(default)]
    pub columns: Vec<ColumnInfo>,
    /// The event words of the behavior.
    #[serde(default)]
    pub events: Vec<EventInfo>,
}

/// A log column of a behavior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnInfo {
    /// Its header.
    pub name: String,
    /// What its cells hold: `u64`, `i64`, `f64`, `bool`, `text`.
    #[serde(with = "ColumnKindText")]
    pub kind: ColumnKind,
    /// One line, with the unit.
    #[serde(default)]
    pub docs: String,
}

/// [`ColumnKind`] as the manifest writes it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ColumnKind", rename_all = "lowercase")]
enum ColumnKindText {
    U64,
    I64,
    F64,
    Bool,
    Text,
}

/// An event word of a behavior.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventInfo {
    /// The word.
    pub name: String,
    /// What it means, in one line.
    #[serde(default)]
    pub docs: String,
}

/// The number of nodes of these groups.
pub(super) fn node_count(groups: &[GroupInfo]) -> u64 {
    groups.iter().map(|group| u64::from(group.count)).sum()
}

impl GroupInfo {
    /// Whether its nodes are external programs: only a behavior has a timing.
    pub fn is_program(&self) -> bool {
        self.timing.is_empty()
    }

    /// The name of its node `index`, from 0.
    pub fn node_name(&self, index: u32) -> String {
        if self.numbered {
            format!("{}-{}", self.name, index + 1)
        } else {
            self.name.clone()
        }
    }

    /// The names of its nodes in random streams.
    pub fn stream_names(&self) -> StreamNames {
        StreamNames {
            name: self.rng_id.as_ref().unwrap_or(&self.name).clone(),
            count: self.count,
            numbered: self.numbered,
        }
    }

    /// The schemas of its nodes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeSchema> {
        let column = |column: &ColumnInfo| ColumnSchema {
            name: column.name.clone(),
            kind: column.kind,
            docs: column.docs.clone(),
        };
        let columns: Arc<[ColumnSchema]> = self.columns.iter().map(column).collect();
        let events: Arc<[String]> = self.events.iter().map(|event| event.name.clone()).collect();
        (0..self.count).map(move |index| NodeSchema {
            name: self.node_name(index),
            columns: Arc::clone(&columns),
            events: Arc::clone(&events),
            program: self.is_program(),
            driving: self.driving,
        })
    }
}
