//! `runner plugins`: the plugins that are found, and their behaviors and checks, as the
//! plugins describe them.

use std::fmt::Write;

use analysis::log::ColumnKind;
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::arguments::PluginsOptions;
use crate::plan::{NO_PLUGINS, nearest};
use crate::reporter::console::{Console, print_shown};
use crate::reporter::summary::trimmed;
use host::build::Build;
use host::library::{LoadError, load};
use host::plugin::{Behavior, Check, Plugin};
use host::search::SearchPath;

/// Shows all plugins, one, or one behavior or check.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn plugins(options: &PluginsOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    let search = SearchPath::with(&options.plugin_path);
    let Some(name) = &options.name else {
        return list(&search, &console);
    };
    let (plugin, behavior) = match name.split_once('.') {
        Some((plugin, behavior)) => (plugin, Some(behavior)),
        None => (name.as_str(), None),
    };
    let Some(path) = search.find(plugin) else {
        console.error(&format!(
            "there is no plugin `{plugin}`{}\n  {}{}",
            meant(plugin, &search.names()),
            match search.names().is_empty() {
                true => format!("{NO_PLUGINS}\n  "),
                false => String::new(),
            },
            search.looked_for(plugin)
        ));
        return Ok(Exit::BadInput);
    };
    let plugin = match Build::read(plugin, &path).and_then(|build| load(&build)) {
        Ok(plugin) => plugin,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(Exit::Failed);
        }
    };
    let text = match behavior {
        None => describe(&plugin),
        Some(name) => match (plugin.behavior(name), plugin.check(name)) {
            (Some(behavior), _) => describe_behavior(&plugin, behavior),
            (None, Some(check)) => describe_check(&plugin, check),
            (None, None) => {
                let behaviors = plugin.behaviors.iter().map(|b| b.name.clone());
                let checks = plugin.checks.iter().map(|check| check.name.clone());
                let names: Vec<String> = behaviors.chain(checks).collect();
                console.error(&format!(
                    "plugin `{}` has no behavior or check `{name}`{}\n  there: {}",
                    plugin.name,
                    meant(name, &names),
                    names.join(", ")
                ));
                return Ok(Exit::BadInput);
            }
        },
    };
    print_shown(&text)?;
    Ok(Exit::Passed)
}

fn meant(found: &str, names: &[String]) -> String {
    nearest(found, names).map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

/// Prints a line per plugin. A library that is not a plugin is ignored; a plugin that
/// does not load is an error.
fn list(search: &SearchPath, console: &Console) -> anyhow::Result<Exit> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["plugin", "version", "behaviors", "checks", "file"]);
    let mut exit = Exit::Passed;
    for name in search.names() {
        let Some(path) = search.find(&name) else {
            continue;
        };
        match Build::read(&name, &path).and_then(|build| load(&build)) {
            Ok(plugin) => {
                let behaviors: Vec<&str> = plugin.behaviors.iter().map(|b| &*b.name).collect();
                let checks: Vec<&str> = plugin.checks.iter().map(|check| &*check.name).collect();
                table.add_row([
                    plugin.name.clone(),
                    plugin.version.clone(),
                    behaviors.join(", "),
                    checks.join(", "),
                    plugin.build.path.display().to_string(),
                ]);
            }
            Err(LoadError::NoEntry { .. }) => {}
            Err(error) => {
                console.error(&error.to_string());
                exit = Exit::Failed;
            }
        }
    }
    if table.is_empty() {
        console.error(&format!("{NO_PLUGINS}\n  {}", search.looked_for("NAME")));
        return Ok(exit);
    }
    print_shown(&trimmed(&table))?;
    Ok(exit)
}

fn describe(plugin: &Plugin) -> String {
    let mut text = format!("{} {}\n{}\n\n", plugin.name, plugin.version, plugin.docs);
    let _ = writeln!(text, "file: {}\n", plugin.build.path.display());
    for behavior in &plugin.behaviors {
        text.push_str(&describe_behavior(plugin, behavior));
        text.push('\n');
    }
    for check in &plugin.checks {
        text.push_str(&describe_check(plugin, check));
        text.push('\n');
    }
    text
}

fn describe_check(plugin: &Plugin, check: &Check) -> String {
    let mut text = format!("{}.{} (a check)\n", plugin.name, check.name);
    for line in check.docs.lines() {
        let _ = writeln!(text, "  {}", line.trim());
    }
    section(&mut text, "config", config_rows(&check.config_schema));
    text
}

fn describe_behavior(plugin: &Plugin, behavior: &Behavior) -> String {
    let mut text = format!("{}.{}\n", plugin.name, behavior.name);
    for line in behavior.docs.lines() {
        let _ = writeln!(text, "  {}", line.trim());
    }
    let timing = if behavior.ticks() {
        "may be clocked (tick_rate or tick_interval)"
    } else {
        "does nothing on a tick: event-driven or a server"
    };
    let _ = writeln!(text, "\n  timing: {timing}");
    section(&mut text, "config", config_rows(&behavior.config_schema));
    let columns = behavior.columns.iter();
    let columns = columns.map(|c| vec![c.name.clone(), kind(c.kind).to_owned(), c.docs.clone()]);
    section(&mut text, "columns", columns.collect());
    let events = behavior.events.iter().zip(&behavior.event_docs);
    let events = events.map(|(name, docs)| vec![name.clone(), docs.clone()]);
    section(&mut text, "events", events.collect());
    text
}

fn section(text: &mut String, title: &str, rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        let _ = writeln!(text, "\n  {title}: none");
        return;
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for row in rows {
        table.add_row(row);
    }
    let _ = writeln!(text, "\n  {title}:");
    for line in trimmed(&table).lines() {
        let _ = writeln!(text, "   {line}");
    }
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::U64 | ColumnKind::I64 => "integer",
        ColumnKind::F64 => "number",
        ColumnKind::Bool => "true or false",
        ColumnKind::Text => "text",
    }
}

/// Name, type, default and docs of each key of a config.
fn config_rows(schema: &Value) -> Vec<Vec<String>> {
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(key, property)| {
            let default = match &property["default"] {
                Value::Null => "no default".to_owned(),
                value => format!("default {value}"),
            };
            let docs = property["description"].as_str().unwrap_or_default();
            vec![
                key.clone(),
                type_text(schema, property),
                default,
                docs.split_whitespace().collect::<Vec<_>>().join(" "),
            ]
        })
        .collect()
}

/// The type of a config key in a few words.
fn type_text(schema: &Value, property: &Value) -> String {
    // The author's name of the type, which is more specific than the schema.
    if let Some(name) = property["x-value"].as_str() {
        return name.to_owned();
    }
    if let Some(target) = property["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        return schema
            .pointer(pointer)
            .map_or_else(|| "any".to_owned(), |inner| type_text(schema, inner));
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        if let Some(options) = property[list].as_array() {
            let mut texts: Vec<String> = options
                .iter()
                .map(|option| type_text(schema, option))
                .filter(|text| text != "null")
                .collect();
            texts.dedup();
            return texts.join(" or ");
        }
    }
    if let Some(words) = property["enum"].as_array() {
        let words: Vec<String> = words.iter().map(Value::to_string).collect();
        return words.join(" or ");
    }
    if property.get("const").is_some() {
        return property["const"].to_string();
    }
    let name = match &property["type"] {
        Value::String(name) => name.as_str(),
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("any"),
        _ => "any",
    };
    match name {
        "array" => format!("list of {}", type_text(schema, &property["items"])),
        "string" => "text".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => other.to_owned(),
    }
}
