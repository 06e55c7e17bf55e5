//! A scenario as its file has it: every key read and each value sound by
//! itself, nothing looked up, defaulted or inherited yet.

mod fault;

use std::net::SocketAddr;
use std::path::PathBuf;

use super::diagnostic::Place;
use super::document::{Kind, Table, Value};
use super::judges::{self, CheckEntry, ExpectEntry};
use super::keys::{GROUP, LINK, LISTEN, MAX_BANDWIDTH, MAX_MESSAGE, MAX_NODES, MAX_RUNS, SCENARIO};
use super::reader::{Field, Mistakes, TableReader, Written};
use super::resolved::{BehaviorName, LinkTransport, Order, StandardInput, Transport};
use super::values::{self, Quantity, distribution};
use base::distribution::Distribution;
use base::time::SimDuration;
use framing::Framing;

type Key<T> = Option<Written<T>>;

/// The file as written.
#[derive(Debug)]
pub struct ScenarioFile {
    pub name: Key<String>,
    pub title: Key<String>,
    pub description: Key<String>,
    pub notes: Key<PathBuf>,
    pub runs: Key<u64>,
    pub duration: Key<SimDuration>,
    pub seed: Key<u64>,
    pub time: Key<TimeWord>,
    pub speed: Key<f64>,
    /// The groups, in the order of the file.
    pub groups: Vec<GroupEntry>,
    /// The link entries, in the order of the file.
    pub links: Vec<LinkEntry>,
    /// The faults, in the order of the file.
    pub faults: Vec<FaultEntry>,
    /// The checks and expectations, in the order of the file.
    pub checks: Vec<CheckEntry>,
    pub expectations: Vec<ExpectEntry>,
}

/// The value of `time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWord {
    Virtual,
    Real,
}

/// `[nodes.NAME]` as written.
#[derive(Clone, Debug)]
pub struct GroupEntry {
    pub name: String,
    /// Where the name is.
    pub place: Place,
    pub behavior: Key<BehaviorName>,
    pub count: Key<u64>,
    pub config: Key<Table>,
    pub extends: Key<String>,
    pub start_at: Key<SimDuration>,
    pub rng_id: Key<String>,
    pub timing: TimingKeys,
    pub inbox_limit: Key<u64>,
    pub offset: Key<Distribution>,
    pub drift: Key<Distribution>,
    pub listen: Key<Vec<ListenEntry>>,
    pub program: ProgramKeys,
    /// Whether a mistake in it, or in what it extends, has been reported: then
    /// what its behavior lacks may only follow from that.
    pub flawed: bool,
}

/// The timing keys of a group as written.
#[derive(Clone, Debug)]
pub struct TimingKeys {
    pub tick_rate: Key<Distribution>,
    pub tick_interval: Key<Distribution>,
    pub tick_phase: Key<Distribution>,
    pub service_time: Key<Distribution>,
}

/// One `[[nodes.NAME.listen]]` entry as written.
#[derive(Clone, Debug)]
pub struct ListenEntry {
    /// Where its header is.
    pub place: Place,
    pub tcp: Key<SocketAddr>,
    pub udp: Key<SocketAddr>,
    pub stdin: Key<StandardInput>,
    pub framing: Key<Framing>,
    pub max_peers: Key<u64>,
    pub max_message: Key<u64>,
}

/// The keys that make the nodes of a group programs, as written.
#[derive(Clone, Debug)]
pub struct ProgramKeys {
    pub external: Key<(Transport, SocketAddr)>,
    pub framing: Key<Framing>,
    pub max_message: Key<u64>,
    pub command: Key<Vec<String>>,
}

/// One `[[links]]` entry as written.
#[derive(Debug)]
pub struct LinkEntry {
    /// Where its header is.
    pub place: Place,
    pub between: Key<[Selector; 2]>,
    pub from: Key<Selector>,
    pub to: Key<Selector>,
    pub latency: Key<Distribution>,
    pub loss: Key<f64>,
    pub duplicate: Key<f64>,
    pub corrupt: Key<f64>,
    pub bandwidth: Key<u64>,
    pub queue_limit: Key<u64>,
    pub order: Key<Order>,
    pub transport: Key<LinkTransport>,
}

/// One `[[faults]]` entry as written.
#[derive(Debug)]
pub struct FaultEntry {
    /// Where its header is.
    pub place: Place,
    pub at: Key<SimDuration>,
    pub span: Key<SimDuration>,
    pub every: Key<SimDuration>,
    pub required: Key<bool>,
    pub partition: Key<Vec<Vec<Selector>>>,
    pub crash: Key<Vec<Selector>>,
    pub pause: Key<Vec<Selector>>,
    pub link: Key<LinkEntry>,
    pub tick_rate: Key<NodesTo>,
    pub drift: Key<NodesTo>,
}

/// Nodes, and the number that something of theirs becomes.
#[derive(Debug)]
pub struct NodesTo {
    pub nodes: Key<Vec<Selector>>,
    pub to: Key<Distribution>,
}

/// A group, node name or glob, with its place.
#[derive(Clone, Debug)]
pub struct Selector {
    pub text: String,
    pub place: Place,
}

impl GroupEntry {
    /// Lets a group count as having a behavior, where the lack of one follows
    /// from a mistake that has been reported.
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

/// Reads the file's tree.
pub fn read(document: &Table, mistakes: &Mistakes) -> ScenarioFile {
    let mut reader = TableReader::new(document, Place::Whole, &SCENARIO, mistakes);
    let file = ScenarioFile {
        name: reader.optional("name", values::name),
        title: reader.optional("title", values::text),
        description: reader.optional("description", values::text),
        notes: reader.optional("notes", |field| Some(PathBuf::from(field.text()?))),
        runs: reader.optional("runs", values::whole(1, MAX_RUNS)),
        duration: reader.optional("duration", values::duration),
        seed: reader.optional("seed", values::whole(0, u64::MAX)),
        time: reader.optional(
            "time",
            values::word(&[("virtual", TimeWord::Virtual), ("real", TimeWord::Real)]),
        ),
        speed: reader.optional("speed", values::positive),
        groups: reader
            .required("nodes", groups)
            .and_then(|written| written.value)
            .unwrap_or_default(),
        links: reader
            .optional("links", links)
            .and_then(|written| written.value)
            .unwrap_or_default(),
        faults: reader
            .optional("faults", fault::faults)
            .and_then(|written| written.value)
            .unwrap_or_default(),
        checks: reader
            .optional("check", judges::checks)
            .and_then(|written| written.value)
            .unwrap_or_default(),
        expectations: reader
            .optional("expect", judges::expectations)
            .and_then(|written| written.value)
            .unwrap_or_default(),
    };
    // What is in it has been taken out, and put where it leads.
    reader.optional("matrix", |_| Some(()));
    reader.finish();
    file
}

fn groups(field: Field<'_>) -> Option<Vec<GroupEntry>> {
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
                // Others may name it: it is there, and wrong.
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
        inbox_limit: reader.optional("inbox_limit", values::whole(1, u32::MAX.into())),
        offset: reader.optional("offset", distribution(Quantity::Offset)),
        drift: reader.optional("drift", distribution(Quantity::Drift)),
        listen: reader.optional("listen", listen),
        program: ProgramKeys {
            external: reader.optional("external", values::endpoint),
            framing: reader.optional("framing", values::framing),
            max_message: reader.optional("max_message", values::size(1, MAX_MESSAGE)),
            command: reader.optional("command", values::command),
        },
        flawed: false,
    };
    reader.finish();
    group.flawed = mistakes.count() > before;
    group
}

fn listen(field: Field<'_>) -> Option<Vec<ListenEntry>> {
    let mut entries = Vec::new();
    for value in field.array("an array of tables: [[nodes.NAME.listen]]")? {
        let part = field.part(value);
        if let Some(table) = part.table("a table: [[nodes.NAME.listen]]") {
            entries.push(listen_entry(table, value.place, field.mistakes));
        }
    }
    Some(entries)
}

fn listen_entry(table: &Table, place: Place, mistakes: &Mistakes) -> ListenEntry {
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

/// A config is the plugin's to judge, but for numbers that TOML text between
/// runner and plugin cannot hold.
pub fn config(field: Field<'_>) -> Option<Table> {
    let table = field.table("a table")?;
    let mut fine = true;
    for entry in &table.0 {
        fine &= holds(Field {
            key: &entry.key,
            value: &entry.value,
            mistakes: field.mistakes,
        });
    }
    fine.then(|| table.clone())
}

/// Whether every number in a value is within 64 bits; reports those that are not.
fn holds(field: Field<'_>) -> bool {
    match &field.value.kind {
        Kind::Integer(number) if number.is_none_or(|it| i64::try_from(it).is_err()) => field
            .expected::<()>("a number within 64 bits, signed")
            .is_some(),
        Kind::Array(values) => values.iter().fold(true, |fine, value| {
            let here = holds(field.part(value));
            fine && here
        }),
        Kind::Table(table) => table.0.iter().fold(true, |fine, entry| {
            let here = holds(field.part(&entry.value));
            fine && here
        }),
        _ => true,
    }
}

fn links(field: Field<'_>) -> Option<Vec<LinkEntry>> {
    const WHAT: &str = "an array of tables: [[links]]";
    let mut links = Vec::new();
    for value in field.array(WHAT)? {
        let part = field.part(value);
        if let Some(table) = part.table("a table: [[links]]") {
            links.push(link(table, value.place, field.mistakes));
        }
    }
    Some(links)
}

fn link(table: &Table, place: Place, mistakes: &Mistakes) -> LinkEntry {
    let mut reader = TableReader::new(table, place, &LINK, mistakes);
    let link = LinkEntry {
        place,
        between: reader.optional("between", selectors),
        from: reader.optional("from", selector),
        to: reader.optional("to", selector),
        latency: reader.optional("latency", distribution(Quantity::Span)),
        loss: reader.optional("loss", values::probability),
        duplicate: reader.optional("duplicate", values::probability),
        corrupt: reader.optional("corrupt", values::probability),
        bandwidth: reader.optional("bandwidth", values::bandwidth(MAX_BANDWIDTH)),
        queue_limit: reader.optional("queue_limit", values::whole(0, u32::MAX.into())),
        order: reader.optional(
            "order",
            values::word(&[("fifo", Order::Fifo), ("any", Order::Any)]),
        ),
        transport: reader.optional(
            "transport",
            values::word(&[
                ("tcp", LinkTransport::Tcp),
                ("udp", LinkTransport::Udp),
                ("channel", LinkTransport::Channel),
            ]),
        ),
    };
    reader.finish();
    link
}

fn selectors(field: Field<'_>) -> Option<[Selector; 2]> {
    match field.array("an array of two groups or nodes")? {
        [one, other] => {
            let read = |value: &Value| selector(field.part(value));
            let (one, other) = (read(one), read(other));
            Some([one?, other?])
        }
        entries => field.wrong(format!(
            "`{}` is an array of {}, expected two groups or nodes",
            field.key,
            entries.len()
        )),
    }
}

pub fn selector(field: Field<'_>) -> Option<Selector> {
    Some(Selector {
        text: field.text()?.to_owned(),
        place: field.value.place,
    })
}
