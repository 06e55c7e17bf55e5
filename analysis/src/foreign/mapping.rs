//! `--map time=t_ms:ms,event=kind,queue=backlog`: a format in one line, for CSV with a
//! header and a file per node.

use super::format::Format;
use super::toml_table::Mistake;
use crate::log::{Mapping, MappingError, STANDARD_EVENTS};
use crate::report::Error;

/// The units of time that may follow the name of the column.
const UNITS: [&str; 4] = ["ns", "us", "ms", "s"];

/// The format that a mapping stands for.
///
/// # Errors
/// The mapping, or what stands beside it, cannot be read.
pub fn format_of(
    mapping: &str,
    events: &[String],
    properties: Option<(&str, &str)>,
) -> Result<Format, Error> {
    Mapping::parse(mapping)?;
    let text = text_of(mapping)?;
    Format::parse("--map", &text, events, properties).map_err(|mistakes| {
        // The text is ours: what is wrong in it is wrong in the mapping.
        let own = |it: Mistake| Mistake {
            line: 1,
            column: 1,
            ..it
        };
        Error::mistakes(
            mistakes
                .into_iter()
                .map(|it| if it.file == "--map" { own(it) } else { it })
                .collect(),
        )
    })
}

fn text_of(mapping: &str) -> Result<String, MappingError> {
    let (mut time, mut read, mut events) = (String::new(), String::new(), String::new());
    for part in mapping.split(',').map(str::trim) {
        let no_pair = || MappingError::NoPair {
            part: part.to_owned(),
        };
        let (name, value) = part.split_once('=').ok_or_else(no_pair)?;
        let (name, value) = (name.trim(), value.trim());
        if STANDARD_EVENTS.contains(&name) {
            events.push_str(&format!("{} = {}\n", quoted(value), quoted(name)));
            continue;
        }
        if name == "time" || name == "time_ns" {
            let with_unit = value
                .rsplit_once(':')
                .filter(|(_, unit)| UNITS.contains(unit));
            let (column, unit) = with_unit.unwrap_or((value, "ns"));
            time = format!("column = {}\nform = {}\n", quoted(column), quoted(unit));
            continue;
        }
        read.push_str(&format!("{} = {}\n", quoted(name), quoted(value)));
    }
    Ok(format!(
        "lines = \"table\"\n\n[time]\n{time}\n[read]\n{read}\n[events]\n{events}"
    ))
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
