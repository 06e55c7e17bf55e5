//! `[[faults]]` as written.

use super::super::diagnostic::Place;
use super::super::document::Table;
use super::super::keys::{DRIFT_FAULT, FAULT, Keys, TICK_RATE_FAULT};
use super::super::reader::{Field, Mistakes, TableReader};
use super::super::values::{self, Quantity, distribution};
use super::{FaultEntry, NodesTo, Selector, link, selector};

pub fn faults(field: Field<'_>) -> Option<Vec<FaultEntry>> {
    let mut faults = Vec::new();
    for value in field.array("an array of tables: [[faults]]")? {
        let part = field.part(value);
        if let Some(table) = part.table("a table: [[faults]]") {
            faults.push(fault(table, value.place, field.mistakes));
        }
    }
    Some(faults)
}

fn fault(table: &Table, place: Place, mistakes: &Mistakes) -> FaultEntry {
    let mut reader = TableReader::new(table, place, &FAULT, mistakes);
    let entry = FaultEntry {
        place,
        at: reader.required("at", values::delay),
        span: reader.optional("for", values::duration),
        every: reader.optional("every", values::duration),
        required: reader.optional("required", values::flag),
        partition: reader.optional("partition", selector_lists),
        crash: reader.optional("crash", selector_list),
        pause: reader.optional("pause", selector_list),
        link: reader.optional("link", |field| {
            let table = field.table("a table: { from, to, latency = \"2s\" }")?;
            Some(link(table, field.value.place, field.mistakes))
        }),
        tick_rate: reader.optional("tick_rate", |field| {
            nodes_to(field, &TICK_RATE_FAULT, "to", Quantity::Rate)
        }),
        drift: reader.optional("drift", |field| {
            nodes_to(field, &DRIFT_FAULT, "ppm", Quantity::Drift)
        }),
    };
    reader.finish();
    entry
}

fn nodes_to(
    field: Field<'_>,
    keys: &'static Keys,
    to: &'static str,
    quantity: Quantity,
) -> Option<NodesTo> {
    let table = field.table(&format!("a table: {{ nodes, {to} }}"))?;
    let mut reader = TableReader::new(table, field.value.place, keys, field.mistakes);
    let read = NodesTo {
        nodes: reader.required("nodes", selector_list),
        to: reader.required(to, distribution(quantity)),
    };
    reader.finish();
    Some(read)
}

/// One selector, or an array of at least one.
fn selector_list(field: Field<'_>) -> Option<Vec<Selector>> {
    if let super::Kind::Text(_) = field.value.kind {
        return Some(vec![selector(field)?]);
    }
    let values = field.array("an array of groups or nodes")?;
    if values.is_empty() {
        return field.wrong(format!(
            "`{}` is empty, expected at least one group or node",
            field.key
        ));
    }
    let read: Vec<_> = values.iter().map(|it| selector(field.part(it))).collect();
    read.into_iter().collect()
}

fn selector_lists(field: Field<'_>) -> Option<Vec<Vec<Selector>>> {
    let values = field.array("an array of arrays: [[\"a-1\"], [\"a-2\", \"a-3\"]]")?;
    if values.is_empty() {
        return field.wrong("`partition` is empty, expected at least one array of nodes");
    }
    let read: Vec<_> = values
        .iter()
        .map(|it| selector_list(field.part(it)))
        .collect();
    read.into_iter().collect()
}
