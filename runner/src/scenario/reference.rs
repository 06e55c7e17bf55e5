//! The reference of keys in `scenarios/README.md`: Markdown tables, made from the
//! tables of keys (`keys`).

use std::fmt::Write;

use super::keys::{DISTRIBUTION, Key, Keys, LOSS, SCENARIO, Shape};

/// A table of keys in the reference.
pub struct Reference {
    /// What the keys are of: `a node group`.
    pub what: &'static str,
    /// The Markdown table; ends with a newline.
    pub table: String,
}

/// The reference of all keys of a scenario file.
pub fn references() -> Vec<Reference> {
    let mut tables: Vec<&'static Keys> = Vec::new();
    collect(&SCENARIO, &mut tables);
    collect(&LOSS, &mut tables);
    collect(&DISTRIBUTION, &mut tables);
    let references = tables.into_iter().map(|keys| Reference {
        what: keys.what,
        table: table(keys),
    });
    references.collect()
}

/// Adds a table of keys, and the tables inside of it.
fn collect(keys: &'static Keys, tables: &mut Vec<&'static Keys>) {
    if tables.iter().any(|it| it.what == keys.what) {
        return;
    }
    tables.push(keys);
    for key in keys.keys {
        match &key.shape {
            Shape::TableOf(inner) | Shape::ArrayOf(inner) => collect(inner, tables),
            Shape::Parameters(inner) if !is_inline(inner) => collect(inner, tables),
            _ => {}
        }
    }
}

/// Whether the keys of a table are rows of the table around it.
fn is_inline(keys: &Keys) -> bool {
    let is_table = |key: &Key| {
        matches!(
            key.shape,
            Shape::TableOf(_) | Shape::ArrayOf(_) | Shape::Parameters(_)
        )
    };
    keys.keys.len() <= 5 && !keys.keys.iter().any(is_table)
}

fn table(keys: &Keys) -> String {
    let mut text = "| key | value | meaning |\n|---|---|---|\n".to_owned();
    for key in keys.keys {
        row(&mut text, "", key);
        if let Shape::Parameters(inner) = key.shape
            && is_inline(inner)
        {
            for part in inner.keys {
                row(&mut text, &format!("{}.", key.name), part);
            }
        }
    }
    text
}

fn row(text: &mut String, prefix: &str, key: &Key) {
    let required = if key.required { "Required. " } else { "" };
    let cells = [value(&key.shape), format!("{required}{}", key.docs)];
    // A `|` would end the cell.
    let [value, meaning] = cells.map(|cell| cell.replace('|', "\\|"));
    // Writing to a String does not fail.
    let _ = writeln!(text, "| `{prefix}{}` | {value} | {meaning} |", key.name);
}

/// What a value looks like, in a few words.
fn value(shape: &Shape) -> String {
    let words = match shape {
        Shape::Text | Shape::Path => "text",
        Shape::Name => "name",
        Shape::Behavior => "`\"PLUGIN.NAME\"`",
        Shape::Whole(low, u64::MAX) => return format!("whole number, {low} or more"),
        Shape::Whole(low, high) => return format!("whole number, {low} to {high}"),
        Shape::Positive | Shape::Exponent => "number above 0",
        Shape::Sigma => "number, 0 or more",
        Shape::Probability => "number, 0 to 1",
        Shape::HalfWidth => "`\"5%\"`, number, or duration",
        Shape::Confidence => "number, 0.5 to 0.999",
        Shape::Loss => "number, 0 to 1, or table",
        Shape::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
            return words.join(", ");
        }
        Shape::Duration => "duration above 0",
        Shape::Warmup => "duration above 0, or `\"auto\"`",
        Shape::Delay => "duration",
        Shape::Span => "duration, or distribution",
        Shape::Rate | Shape::Drift => "number, or distribution",
        Shape::Offset => "duration (negative, too), or distribution",
        Shape::MessageSize | Shape::LogSize => "size",
        Shape::Bandwidth => "size",
        Shape::Address => "`\"ADDRESS:PORT\"`",
        Shape::Endpoint => "`\"tcp://ADDRESS:PORT\"`, `\"udp://ADDRESS:PORT\"`",
        Shape::Framing => "name of a framing",
        Shape::Command => "array of texts",
        Shape::Anything | Shape::Parameters(_) => "table",
        Shape::Expression => "expression",
        Shape::Expressions => "array of two expressions",
        Shape::Selector => "nodes",
        Shape::Selectors => "array of two: nodes",
        Shape::SelectorList => "nodes, or array of nodes",
        Shape::SelectorLists => "array of arrays of nodes",
        Shape::Amount => "number, or duration",
        Shape::Amounts => "array of two: number, or duration",
        Shape::Flag => "`true`, `false`",
        Shape::TableOf(_) => "tables by name",
        Shape::ArrayOf(_) | Shape::Points => "array of tables",
        Shape::Bounds | Shape::WholeBounds => "array of two values",
        Shape::Values => "array of values",
        Shape::Spread => "value, 0 or more",
        Shape::Scale => "value above 0",
        Shape::List => "array",
        Shape::Labels => "array of names",
        Shape::AxisGroups => "array of arrays of axes",
    };
    words.to_owned()
}
