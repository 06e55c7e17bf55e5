//! A plugin as a process describes it to another one, which runs none of its code.

use std::sync::Arc;

use analysis_log::ColumnSchema;
use serde::{Deserialize, Serialize};

use crate::build::Build;
use crate::library::LoadError;
use crate::plugin::{Behavior, Check, Plugin, column_kind, column_number};

/// All that is known of a plugin without calling it.
#[derive(Debug, Serialize, Deserialize)]
struct DescribedPlugin {
    name: String,
    version: String,
    docs: String,
    behaviors: Vec<DescribedBehavior>,
    checks: Vec<DescribedCheck>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DescribedBehavior {
    name: String,
    docs: String,
    config_schema: serde_json::Value,
    /// Name, number of the kind, documentation.
    columns: Vec<(String, u32, String)>,
    events: Vec<String>,
    event_docs: Vec<String>,
    /// The files that a node may write.
    files: Vec<String>,
    handles: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct DescribedCheck {
    name: String,
    docs: String,
    config_schema: serde_json::Value,
}

impl Plugin {
    /// The description of this plugin, as JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn describe(&self) -> serde_json::Result<String> {
        let behavior = |it: &Arc<Behavior>| DescribedBehavior {
            name: it.name.clone(),
            docs: it.docs.clone(),
            config_schema: it.config_schema.clone(),
            columns: it.described_columns(),
            events: it.events.to_vec(),
            event_docs: it.event_docs.clone(),
            files: it.files.clone(),
            handles: it.handles,
        };
        let check = |it: &Arc<Check>| DescribedCheck {
            name: it.name.clone(),
            docs: it.docs.clone(),
            config_schema: it.config_schema.clone(),
        };
        serde_json::to_string(&DescribedPlugin {
            name: self.name.clone(),
            version: self.version.clone(),
            docs: self.docs.clone(),
            behaviors: self.behaviors.iter().map(behavior).collect(),
            checks: self.checks.iter().map(check).collect(),
        })
    }

    /// The plugin with this description. Its behaviors and checks can be looked at, and
    /// not called.
    ///
    /// # Errors
    ///
    /// If the text is no description.
    pub fn described(build: &Arc<Build>, text: &str) -> Result<Plugin, LoadError> {
        let plugin: DescribedPlugin =
            serde_json::from_str(text).map_err(|error| LoadError::Refused(error.to_string()))?;
        let behaviors = plugin
            .behaviors
            .into_iter()
            .map(DescribedBehavior::behavior);
        let check = |it: DescribedCheck| {
            Arc::new(Check {
                name: it.name,
                docs: it.docs,
                config_schema: it.config_schema,
                table: None,
            })
        };
        Ok(Plugin {
            name: plugin.name,
            version: plugin.version,
            docs: plugin.docs,
            build: build.clone(),
            behaviors: behaviors.collect::<Result<_, _>>()?,
            checks: plugin.checks.into_iter().map(check).collect(),
        })
    }
}

/// The columns, words and callbacks of the nodes with one config.
#[derive(Debug, Serialize, Deserialize)]
struct DescribedShape {
    columns: Vec<(String, u32, String)>,
    events: Vec<String>,
    event_docs: Vec<String>,
    handles: u64,
}

impl Behavior {
    /// What a config decides of this behavior, as JSON; none if it decides nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be written as JSON.
    pub fn describe_shape(&self) -> serde_json::Result<Option<String>> {
        let shape = self.is_shaped.then(|| DescribedShape {
            columns: self.described_columns(),
            events: self.events.to_vec(),
            event_docs: self.event_docs.clone(),
            handles: self.handles,
        });
        shape.map(|it| serde_json::to_string(&it)).transpose()
    }

    /// This behavior with the columns that a config decides, by the description of another
    /// process.
    ///
    /// # Errors
    ///
    /// If the text is no description.
    pub fn with_described_shape(&self, text: &str) -> Result<Arc<Behavior>, LoadError> {
        let shape: DescribedShape =
            serde_json::from_str(text).map_err(|error| LoadError::Refused(error.to_string()))?;
        let mut behavior = self.clone();
        behavior.columns = columns(shape.columns)?.into();
        behavior.events = shape.events.into();
        behavior.event_docs = shape.event_docs;
        behavior.handles = shape.handles;
        behavior.is_shaped = true;
        Ok(Arc::new(behavior))
    }

    /// Name, number of the kind and documentation of each column.
    fn described_columns(&self) -> Vec<(String, u32, String)> {
        let columns = self.columns.iter();
        let described = columns.map(|column| {
            let kind = column_number(column.kind);
            (column.name.clone(), kind, column.docs.clone())
        });
        described.collect()
    }
}

/// The columns with these names, numbers of kinds, and documentations.
fn columns(described: Vec<(String, u32, String)>) -> Result<Vec<ColumnSchema>, LoadError> {
    let column = |(name, kind, docs)| {
        let kind = column_kind(kind)
            .ok_or_else(|| LoadError::Refused(format!("column `{name}` has kind {kind}")))?;
        Ok(ColumnSchema { name, kind, docs })
    };
    described.into_iter().map(column).collect()
}

impl DescribedBehavior {
    fn behavior(self) -> Result<Arc<Behavior>, LoadError> {
        Ok(Arc::new(Behavior {
            name: self.name,
            docs: self.docs,
            config_schema: self.config_schema,
            columns: columns(self.columns)?.into(),
            events: self.events.into(),
            event_docs: self.event_docs,
            files: self.files,
            handles: self.handles,
            table: None,
            destructor: None,
            shape: None,
            is_shaped: false,
        }))
    }
}
