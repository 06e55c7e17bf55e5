//! `[[faults]]` as written.

use super::link::{LinkEntry, link};
use super::selector::{Selector, selector_list, selector_lists};
use super::{OptionalKey, array_of_tables};
use crate::scenario::document::Table;
use crate::scenario::keys::{DRIFT_FAULT, FAULT, Keys, TICK_RATE_FAULT};
use crate::scenario::reader::{Field, Mistakes, TableReader, Written};
use crate::scenario::source::Place;
use crate::scenario::values::{self, Quantity, distribution};
use base::distribution::Distribution;
use base::time::SimDuration;

/// One `[[faults]]` entry as written.
#[derive(Debug)]
pub struct FaultEntry {
    /// Where the header is written.
    pub place: Place,
    pub at: OptionalKey<SimDuration>,
    pub span: OptionalKey<SimDuration>,
    pub every: OptionalKey<SimDuration>,
    pub required: OptionalKey<bool>,
    pub cut: OptionalKey<bool>,
    /// What the fault does: the keys of [`KINDS`] that are written, each with its
    /// name. A fault without mistakes has exactly one.
    pub kinds: Vec<(&'static str, Written<KindEntry>)>,
}

/// What a fault does, as written.
#[derive(Debug)]
pub enum KindEntry {
    Partition(Vec<Vec<Selector>>),
    Crash(Vec<Selector>),
    Pause(Vec<Selector>),
    Link(Box<LinkEntry>),
    TickRate(NodesTo),
    Drift(NodesTo),
}

/// Nodes, and the new value that a fault sets for them.
#[derive(Debug)]
pub struct NodesTo {
    pub nodes: OptionalKey<Vec<Selector>>,
    pub to: OptionalKey<Distribution>,
}

/// Reads what a fault does.
type KindReader = fn(Field<'_>) -> Option<KindEntry>;

/// The kinds of faults: the key of each, with its reader. The key also needs a row in
/// the table of keys (`keys/fault.rs`).
pub const KINDS: [(&str, KindReader); 6] = [
    ("partition", |field| {
        selector_lists(field).map(KindEntry::Partition)
    }),
    ("crash", |field| selector_list(field).map(KindEntry::Crash)),
    ("pause", |field| selector_list(field).map(KindEntry::Pause)),
    ("link", |field| {
        let table = field.table("a table: { from, to, latency = \"2s\" }")?;
        let link = link(table, field.value.place, field.mistakes);
        Some(KindEntry::Link(Box::new(link)))
    }),
    ("tick_rate", |field| {
        nodes_to(field, &TICK_RATE_FAULT, "to", Quantity::Rate).map(KindEntry::TickRate)
    }),
    ("drift", |field| {
        nodes_to(field, &DRIFT_FAULT, "ppm", Quantity::Drift).map(KindEntry::Drift)
    }),
];

/// Reads `[[faults]]`.
pub fn faults(field: Field<'_>) -> Option<Vec<FaultEntry>> {
    array_of_tables(field, "[[faults]]", |table, place| {
        fault(table, place, field.mistakes)
    })
}

fn fault(table: &Table, place: Place, mistakes: &Mistakes) -> FaultEntry {
    let mut reader = TableReader::new(table, place, &FAULT, mistakes);
    let entry = FaultEntry {
        place,
        at: reader.required("at", values::delay),
        span: reader.optional("for", values::duration),
        every: reader.optional("every", values::duration),
        required: reader.optional("required", values::flag),
        cut: reader.optional("cut", values::flag),
        kinds: KINDS
            .into_iter()
            .filter_map(|(name, read)| Some((name, reader.optional(name, read)?)))
            .collect(),
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
