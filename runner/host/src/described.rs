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
            columns: it
                .columns
                .iter()
                .map(|column| {
                    let kind = column_number(column.kind);
                    (column.name.clone(), kind, column.docs.clone())
                })
                .collect(),
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

impl DescribedBehavior {
    fn behavior(self) -> Result<Arc<Behavior>, LoadError> {
        let column = |(name, kind, docs)| {
            let kind = column_kind(kind)
                .ok_or_else(|| LoadError::Refused(format!("column `{name}` has kind {kind}")))?;
            Ok(ColumnSchema { name, kind, docs })
        };
        let columns: Result<Vec<_>, LoadError> = self.columns.into_iter().map(column).collect();
        Ok(Arc::new(Behavior {
            name: self.name,
            docs: self.docs,
            config_schema: self.config_schema,
            columns: columns?.into(),
            events: self.events.into(),
            event_docs: self.event_docs,
            files: self.files,
            handles: self.handles,
            table: None,
            destructor: None,
        }))
    }
}
