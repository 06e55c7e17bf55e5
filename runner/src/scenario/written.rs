//! A scenario as written in its file: every key is read, and each value is right
//! by itself. No name is looked up, no default filled in, nothing inherited yet.

mod fault;
mod group;
mod link;
mod listen;
mod selector;

use std::path::PathBuf;

use super::document::{Table, Value};
use super::judges::{self, CheckEntry, ExpectEntry};
use super::keys::{MAX_CHAIN, MAX_LOG, MAX_RUNS, MIN_BUFFERED, RNG_ID, SCENARIO};
use super::properties::{self, PropertyEntry};
use super::reader::{Field, Mistakes, TableReader, Written};
use super::resolved::RngId;
use super::source::Place;
use super::until::{self, UntilEntry};
use super::values;
use analysis::metrics::Warmup;
use base::time::SimDuration;

pub use fault::{FaultEntry, KINDS, KindEntry, NodesTo};
pub use group::{GroupEntry, ProgramKeys, TimingKeys, config};
pub use link::LinkEntry;
pub use listen::ListenEntry;
pub use selector::{Selector, selector};

/// A key that may be absent.
pub type OptionalKey<T> = Option<Written<T>>;

/// The file as written.
#[derive(Debug)]
pub struct ScenarioFile {
    pub name: OptionalKey<String>,
    pub title: OptionalKey<String>,
    pub description: OptionalKey<String>,
    pub notes: OptionalKey<PathBuf>,
    pub runs: OptionalKey<u64>,
    pub duration: OptionalKey<SimDuration>,
    pub warmup: OptionalKey<Warmup>,
    pub purpose: OptionalKey<Purpose>,
    pub seed: OptionalKey<u64>,
    pub rng_id: OptionalKey<RngId>,
    pub time: OptionalKey<TimeWord>,
    pub speed: OptionalKey<f64>,
    pub max_buffered: OptionalKey<u64>,
    /// The state folder of all groups that have no own.
    pub state: OptionalKey<PathBuf>,
    pub max_events_at_once: OptionalKey<u64>,
    pub max_log: OptionalKey<u64>,
    /// The groups, in the order of the file.
    pub groups: Vec<GroupEntry>,
    /// The link entries, in the order of the file.
    pub links: Vec<LinkEntry>,
    /// The faults, in the order of the file.
    pub faults: Vec<FaultEntry>,
    /// The checks, expectations and properties, in the order of the file.
    pub checks: Vec<CheckEntry>,
    pub expectations: Vec<ExpectEntry>,
    pub until: OptionalKey<UntilEntry>,
    pub properties: Vec<PropertyEntry>,
}

/// The value of `purpose`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Terminating,
    SteadyState,
}

/// The value of `time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWord {
    Virtual,
    Real,
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
        warmup: reader.optional("warmup", warmup),
        purpose: reader.optional(
            "purpose",
            values::word(&[
                ("terminating", Purpose::Terminating),
                ("steady-state", Purpose::SteadyState),
            ]),
        ),
        seed: reader.optional("seed", values::whole(0, u64::MAX)),
        rng_id: reader.optional("rng_id", rng_id),
        time: reader.optional(
            "time",
            values::word(&[("virtual", TimeWord::Virtual), ("real", TimeWord::Real)]),
        ),
        speed: reader.optional("speed", values::positive),
        max_buffered: reader.optional("max_buffered", values::size(MIN_BUFFERED, u64::MAX >> 1)),
        state: reader.optional("state", values::folder),
        max_events_at_once: reader.optional("max_events_at_once", values::whole(1, MAX_CHAIN)),
        max_log: reader.optional("max_log", values::size(1, MAX_LOG)),
        groups: entries(reader.required("nodes", group::groups)),
        links: entries(reader.optional("links", link::links)),
        faults: entries(reader.optional("faults", fault::faults)),
        checks: entries(reader.optional("check", judges::checks)),
        expectations: entries(reader.optional("expect", judges::expectations)),
        until: reader.optional("until", until::until),
        properties: entries(reader.optional("property", properties::properties)),
    };
    // The matrix was taken out of the document, and its values put in.
    reader.optional("matrix", |_| Some(()));
    reader.finish();
    file
}

/// Which run's random numbers are drawn.
fn rng_id(field: Field<'_>) -> Option<RngId> {
    let table = field.table("a table: { case = \"faces=10\", run = 7 }")?;
    let mut reader = TableReader::new(table, field.value.place, &RNG_ID, field.mistakes);
    let case = reader.optional("case", values::text);
    let run = reader.optional("run", values::whole(1, MAX_RUNS));
    reader.finish();
    let case = match case {
        Some(written) => Some(written.value?),
        None => None,
    };
    let run = match run {
        Some(written) => written.value?.try_into().ok()?,
        None => 1,
    };
    Some(RngId { case, run })
}

/// A duration above 0, or `auto`.
fn warmup(field: Field<'_>) -> Option<Warmup> {
    match field.value.as_text() {
        Some("auto") => Some(Warmup::Auto),
        Some(text) if text.chars().all(char::is_alphabetic) => {
            field.expected("a duration, such as \"5s\", or \"auto\"")
        }
        _ => values::duration(field).map(|span| Warmup::Until(span.0)),
    }
}

/// The entries of a table or an array; none if it is absent or wrong.
fn entries<T>(key: OptionalKey<Vec<T>>) -> Vec<T> {
    key.and_then(|written| written.value).unwrap_or_default()
}

/// Reads an array of tables, each with `read`; `header` is for messages:
/// `[[links]]`. What is not a table is reported and left out.
pub fn array_of_tables<T>(
    field: Field<'_>,
    header: &str,
    mut read: impl FnMut(&Table, Place) -> T,
) -> Option<Vec<T>> {
    let values: &[Value] = field.array(&format!("an array of tables: {header}"))?;
    let mut entries = Vec::new();
    for value in values {
        if let Some(table) = field.part(value).table(&format!("a table: {header}")) {
            entries.push(read(table, value.place));
        }
    }
    Some(entries)
}
