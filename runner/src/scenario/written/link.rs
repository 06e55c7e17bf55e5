//! `[[links]]` as written.

use super::selector::{Selector, selector, two_selectors};
use super::{OptionalKey, array_of_tables};
use crate::scenario::document::Table;
use crate::scenario::keys::{LINK, LinkKeys, read_settings};
use crate::scenario::reader::{Field, Mistakes, TableReader};
use crate::scenario::source::Place;

/// One `[[links]]` entry, or a `link` fault, as written.
#[derive(Debug)]
pub struct LinkEntry {
    /// Where the header is written.
    pub place: Place,
    pub between: OptionalKey<[Selector; 2]>,
    pub from: OptionalKey<Selector>,
    pub to: OptionalKey<Selector>,
    pub settings: LinkKeys,
    /// Whether a mistake in the entry has been reported.
    pub flawed: bool,
}

/// Reads `[[links]]`.
pub fn links(field: Field<'_>) -> Option<Vec<LinkEntry>> {
    array_of_tables(field, "[[links]]", |table, place| {
        link(table, place, field.mistakes)
    })
}

/// Reads one link.
pub fn link(table: &Table, place: Place, mistakes: &Mistakes) -> LinkEntry {
    let before = mistakes.count();
    let mut reader = TableReader::new(table, place, &LINK, mistakes);
    let mut link = LinkEntry {
        place,
        between: reader.optional("between", two_selectors),
        from: reader.optional("from", selector),
        to: reader.optional("to", selector),
        settings: read_settings(&mut reader),
        flawed: false,
    };
    reader.finish();
    link.flawed = mistakes.count() > before;
    link
}
