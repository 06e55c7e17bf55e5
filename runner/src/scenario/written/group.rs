//! `[nodes.NAME]` as written.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::OptionalKey;
use super::listen::{self, ListenEntry};
use crate::scenario::document::{Table, ValueKind};
use crate::scenario::keys::{GROUP, MAX_MESSAGE, MAX_NODES};
use crate::scenario::reader::{Field, Mistakes, TableReader, Written};
use crate::scenario::resolved::{BehaviorName, ExitRule, Held, Transport};
use crate::scenario::source::Place;
use crate::scenario::values::{self, Quantity, distribution};
use base::distribution::Distribution;
use base::time::SimDuration;
use framing::Framing;
use runner_maelstrom::{IdRule, Neighbours};

/// `[nodes.NAME]` as written.
#[derive(Clone, Debug)]
pub struct GroupEntry {
    pub name: String,
    /// Where the name is written.
    pub place: Place,
    pub behavior: OptionalKey<BehaviorName>,
    pub count: OptionalKey<u64>,
    pub config: OptionalKey<Table>,
    pub extends: OptionalKey<String>,
    pub start_at: OptionalKey<SimDuration>,
    pub rng_id: OptionalKey<String>,
    pub timing: TimingKeys,
    pub inbox_limit: OptionalKey<u64>,
    pub offset: OptionalKey<Distribution>,
    pub drift: OptionalKey<Distribution>,
    pub state: OptionalKey<PathBuf>,
    pub listen: OptionalKey<Vec<ListenEntry>>,
    pub program: ProgramKeys,
    pub ids: OptionalKey<IdRule>,
    /// Whether a mistake in this group, or in a group that it extends, has been
    /// reported. Then a missing key may only be a consequence.
    pub flawed: bool,
    /// Whether keys are missing, because a group that it extends is unknown.
    pub lacks_base: bool,
}

/// The timing keys of a group as written.
#[derive(Clone, Debug)]
pub struct TimingKeys {
    pub tick_rate: OptionalKey<Distribution>,
    pub tick_interval: OptionalKey<Distribution>,
    pub tick_phase: OptionalKey<Distribution>,
    pub service_time: OptionalKey<Distribution>,
}

/// The keys that make the nodes of a group programs, as written.
#[derive(Clone, Debug)]
pub struct ProgramKeys {
    pub external: OptionalKey<(Transport, SocketAddr)>,
    pub image: OptionalKey<String>,
    pub framing: OptionalKey<Framing>,
    pub max_message: OptionalKey<u64>,
    pub command: OptionalKey<Vec<String>>,
    pub exit: OptionalKey<ExitRule>,
    pub ends_run: OptionalKey<bool>,
    pub stdio: OptionalKey<Framing>,
    pub protocol: OptionalKey<Spoken>,
    pub topology: OptionalKey<Neighbours>,
    pub init_within: OptionalKey<SimDuration>,
    pub in_virtual_time: OptionalKey<Held>,
}

/// The one protocol that programs speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoken;

impl GroupEntry {
    /// Sets a behavior without a value if there is none, so that its absence is
    /// not reported: it follows from a mistake that has been reported.
    pub fn assume_behavior(&mut self) {
        if self.program.makes_program().is_some() {
            return;
        }
        self.behavior.get_or_insert(Written {
            key: self.place,
            place: self.place,
            value: None,
        });
    }
}

/// Reads `[nodes]`.
pub fn groups(field: Field<'_>) -> Option<Vec<GroupEntry>> {
    let table = field.table("a table of node groups: [nodes.NAME]")?;
    if table.0.is_empty() {
        return field.wrong("`nodes` is empty, expected at least one group: [nodes.NAME]");
    }
    let mut groups = Vec::new();
    for entry in &table.0 {
        let field = Field {
            key: &entry.key,
            value: &entry.value,
            mistakes: field.mistakes,
        };
        if let Some(problem) = values::name_problem(&entry.key) {
            let message = format!("node group {:?} has {problem}", entry.key);
            field.mistakes.add(entry.place, message);
        }
        match field.table("a table: [nodes.NAME]") {
            Some(table) => groups.push(group(&entry.key, entry.place, table, field.mistakes)),
            None => {
                // Other entries may name the group: it exists, and is wrong.
                let empty = Table::default();
                let mut group = group(&entry.key, entry.place, &empty, field.mistakes);
                group.assume_behavior();
                group.flawed = true;
                groups.push(group);
            }
        }
    }
    Some(groups)
}

fn group(name: &str, place: Place, table: &Table, mistakes: &Mistakes) -> GroupEntry {
    let before = mistakes.count();
    let mut reader = TableReader::new(table, place, &GROUP, mistakes);
    let mut group = GroupEntry {
        name: name.to_owned(),
        place,
        behavior: reader.optional("behavior", values::behavior),
        count: reader.optional("count", values::whole(1, MAX_NODES)),
        config: reader.optional("config", config),
        extends: reader.optional("extends", values::text),
        start_at: reader.optional("start_at", values::delay),
        rng_id: reader.optional("rng_id", values::name),
        timing: TimingKeys {
            tick_rate: reader.optional("tick_rate", distribution(Quantity::Rate)),
            tick_interval: reader.optional("tick_interval", distribution(Quantity::Interval)),
            tick_phase: reader.optional("tick_phase", distribution(Quantity::Span)),
            service_time: reader.optional("service_time", distribution(Quantity::Span)),
        },
        inbox_limit: reader.optional("inbox_limit", values::whole(0, u32::MAX.into())),
        offset: reader.optional("offset", distribution(Quantity::Offset)),
        drift: reader.optional("drift", distribution(Quantity::Drift)),
        state: reader.optional("state", values::folder),
        listen: reader.optional("listen", listen::entries),
        program: ProgramKeys {
            external: reader.optional("external", values::endpoint),
            image: reader.optional("image", values::text),
            framing: reader.optional("framing", values::framing),
            max_message: reader.optional("max_message", values::size(1, MAX_MESSAGE)),
            command: reader.optional("command", values::command),
            exit: reader.optional(
                "exit",
                values::word(&[
                    ("success", ExitRule::Success),
                    ("any", ExitRule::Any),
                    ("never", ExitRule::Never),
                ]),
            ),
            ends_run: reader.optional("ends_run", values::flag),
            stdio: reader.optional("stdio", values::framing),
            protocol: reader.optional("protocol", values::word(&[("maelstrom", Spoken)])),
            topology: reader.optional("topology", values::neighbours),
            init_within: reader.optional("init_within", values::duration),
            in_virtual_time: reader.optional(
                "virtual",
                values::word(&[
                    ("experimental", Held::Twice),
                    ("experimental-once", Held::Once),
                ]),
            ),
        },
        ids: reader.optional("ids", values::ids),
        flawed: false,
        lacks_base: false,
    };
    reader.finish();
    group.flawed = mistakes.count() > before;
    group
}

/// Reads the config of a behavior or a check. The plugin checks it; here only
/// numbers beyond 64 bits are refused, because TOML text cannot hold them.
pub fn config(field: Field<'_>) -> Option<Table> {
    let table = field.table("a table")?;
    let mut fine = true;
    for entry in &table.0 {
        fine &= within_64_bits(Field {
            key: &entry.key,
            value: &entry.value,
            mistakes: field.mistakes,
        });
    }
    fine.then(|| table.clone())
}

/// Whether every number in a value is within 64 bits; reports those that are not.
fn within_64_bits(field: Field<'_>) -> bool {
    match &field.value.kind {
        ValueKind::Integer(number) if number.is_none_or(|it| i64::try_from(it).is_err()) => field
            .expected::<()>("a number within 64 bits, signed")
            .is_some(),
        ValueKind::Array(values) => values.iter().fold(true, |fine, value| {
            let here = within_64_bits(field.part(value));
            fine && here
        }),
        ValueKind::Table(table) => table.0.iter().fold(true, |fine, entry| {
            let here = within_64_bits(field.part(&entry.value));
            fine && here
        }),
        _ => true,
    }
}
