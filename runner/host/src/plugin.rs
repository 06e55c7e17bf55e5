//! The description of a loaded plugin: checked once, and copied from its tables.

use std::sync::Arc;

use crate::build::Build;
use analysis_log::{ColumnKind, ColumnSchema};
use runner_abi as abi;

/// A loaded plugin.
#[derive(Debug)]
pub struct Plugin {
    /// Its name: what scenarios write before the dot.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its description.
    pub docs: String,
    /// The build of its file that was loaded.
    pub build: Arc<Build>,
    /// The behaviors that it provides.
    pub behaviors: Vec<Arc<Behavior>>,
    /// The checks that it provides.
    pub checks: Vec<Arc<Check>>,
}

impl Plugin {
    /// The behavior of this name.
    pub fn behavior(&self, name: &str) -> Option<&Arc<Behavior>> {
        self.behaviors.iter().find(|behavior| behavior.name == name)
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> Option<&Arc<Check>> {
        self.checks.iter().find(|check| check.name == name)
    }
}

/// A behavior of a loaded plugin.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// Its name: what scenarios write after the dot.
    pub name: String,
    /// Its description.
    pub docs: String,
    /// JSON Schema of its config.
    pub config_schema: serde_json::Value,
    /// Its own columns.
    pub columns: Arc<[ColumnSchema]>,
    /// Its own words for `event`.
    pub events: Arc<[String]>,
    /// What each of them means.
    pub event_docs: Vec<String>,
    /// The files that a node may write into the run's folder; `{node}` stands for its
    /// name.
    pub files: Vec<String>,
    /// The callbacks that do something: bits of the ABI.
    pub(super) handles: u64,
    /// The functions; checked for null. None: another process has loaded the plugin.
    pub(super) table: Option<Table<abi::Behavior>>,
    /// What ends an instance, if the plugin has the extension.
    pub(super) destructor: Option<Table<abi::Destructor>>,
    /// What tells the columns of a config, if the plugin has the extension.
    pub(super) shape: Option<Table<abi::BehaviorShape>>,
    /// Whether a config has decided the columns.
    pub(super) is_shaped: bool,
}

/// A check of a loaded plugin.
#[derive(Debug)]
pub struct Check {
    /// Its name: what scenarios write after the dot.
    pub name: String,
    /// Its description: what must hold.
    pub docs: String,
    /// JSON Schema of its config.
    pub config_schema: serde_json::Value,
    /// The functions; checked for null. None: another process has loaded the plugin.
    pub(super) table: Option<Table<abi::Check>>,
}

/// The plugin's own table of a behavior or a check.
pub(super) struct Table<T: 'static>(pub &'static T);

impl<T> Clone for Table<T> {
    fn clone(&self) -> Table<T> {
        *self
    }
}

impl<T> Copy for Table<T> {}

impl<T> std::fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

impl Behavior {
    /// Whether it handles ticks, so that its nodes may be clocked.
    pub fn ticks(&self) -> bool {
        self.handles & abi::HANDLES_TICK != 0
    }

    /// Whether a config has decided its columns, words and callbacks.
    pub fn is_shaped(&self) -> bool {
        self.is_shaped
    }

    /// The functions.
    ///
    /// # Panics
    ///
    /// If this process has not loaded the plugin: then nothing of it may be called here.
    pub(super) fn table(&self) -> Table<abi::Behavior> {
        self.table.expect("the plugin is loaded in this process")
    }
}

impl Check {
    /// As [`Behavior::table`].
    pub(super) fn table(&self) -> &'static abi::Check {
        let table = self.table.expect("the plugin is loaded in this process");
        table.0
    }
}

/// The number of a column's kind in the ABI.
pub(super) fn column_number(kind: ColumnKind) -> u32 {
    match kind {
        ColumnKind::U64 => abi::COLUMN_U64,
        ColumnKind::I64 => abi::COLUMN_I64,
        ColumnKind::F64 => abi::COLUMN_F64,
        ColumnKind::Bool => abi::COLUMN_BOOL,
        ColumnKind::Text => abi::COLUMN_TEXT,
    }
}

/// The kind of a column by its number in the ABI.
pub(super) fn column_kind(kind: u32) -> Option<ColumnKind> {
    Some(match kind {
        abi::COLUMN_U64 => ColumnKind::U64,
        abi::COLUMN_I64 => ColumnKind::I64,
        abi::COLUMN_F64 => ColumnKind::F64,
        abi::COLUMN_BOOL => ColumnKind::Bool,
        abi::COLUMN_TEXT => ColumnKind::Text,
        _ => return None,
    })
}
