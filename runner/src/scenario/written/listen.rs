//! `[[nodes.NAME.listen]]` as written.

use std::net::SocketAddr;

use super::{OptionalKey, array_of_tables};
use crate::scenario::document::Table;
use crate::scenario::keys::{LISTEN, MAX_MESSAGE};
use crate::scenario::reader::{Field, Mistakes, TableReader};
use crate::scenario::resolved::StandardInput;
use crate::scenario::source::Place;
use crate::scenario::values;
use framing::Framing;

/// One `[[nodes.NAME.listen]]` entry as written.
#[derive(Clone, Debug)]
pub struct ListenEntry {
    /// Where the header is written.
    pub place: Place,
    pub tcp: OptionalKey<SocketAddr>,
    pub udp: OptionalKey<SocketAddr>,
    pub stdin: OptionalKey<StandardInput>,
    pub framing: OptionalKey<Framing>,
    pub max_peers: OptionalKey<u64>,
    pub max_message: OptionalKey<u64>,
}

/// Reads `[[nodes.NAME.listen]]`.
pub fn entries(field: Field<'_>) -> Option<Vec<ListenEntry>> {
    array_of_tables(field, "[[nodes.NAME.listen]]", |table, place| {
        entry(table, place, field.mistakes)
    })
}

fn entry(table: &Table, place: Place, mistakes: &Mistakes) -> ListenEntry {
    let mut reader = TableReader::new(table, place, &LISTEN, mistakes);
    let entry = ListenEntry {
        place,
        tcp: reader.optional("tcp", values::address),
        udp: reader.optional("udp", values::address),
        stdin: reader.optional(
            "stdin",
            values::word(&[
                ("lines", StandardInput::Lines),
                ("keys", StandardInput::Keys),
            ]),
        ),
        framing: reader.optional("framing", values::framing),
        max_peers: reader.optional("max_peers", values::whole(1, u32::MAX.into())),
        max_message: reader.optional("max_message", values::size(1, MAX_MESSAGE)),
    };
    reader.finish();
    entry
}
