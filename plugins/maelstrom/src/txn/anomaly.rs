//! The anomalies, and which consistency model forbids which.
//!
//! | anomaly | what it is |
//! |---|---|
//! | garbage read | a read has what nobody wrote |
//! | duplicate elements | a read has an element twice |
//! | incompatible order | two reads of a key of which neither is the beginning of the other |
//! | internal | a transaction does not see its own writes and reads |
//! | G1a | a read has what an aborted transaction wrote |
//! | G1b | a read has what its writer changed again |
//! | G0 | a cycle of ww |
//! | G1c | a cycle of ww and wr |
//! | lost update | two transactions read a version of a key, and both replaced it |
//! | G-single | a cycle with one rw |
//! | G2 | a cycle with several rw |
//! | ...-realtime | the same, with steps of real time |

use super::graph::{Allowed, Cycle, Graph, Kind};
use super::parts::Transaction;
use runner_sdk::Verdict;

/// The anomalies, the worst first.
const NAMES: [&str; 15] = [
    GARBAGE,
    DUPLICATES,
    ORDER,
    INTERNAL,
    G1A,
    G1B,
    "G0",
    "G1c",
    LOST_UPDATE,
    "G-single",
    "G2",
    "G0-realtime",
    "G1c-realtime",
    "G-single-realtime",
    "G2-realtime",
];

/// A read has what nobody wrote.
pub const GARBAGE: &str = "garbage read";

/// A read has an element twice.
pub const DUPLICATES: &str = "duplicate elements";

/// Two reads contradict each other.
pub const ORDER: &str = "incompatible order";

/// A transaction does not see itself.
pub const INTERNAL: &str = "internal";

/// An aborted read.
pub const G1A: &str = "G1a";

/// An intermediate read.
pub const G1B: &str = "G1b";

/// Two transactions replace the same version.
const LOST_UPDATE: &str = "lost update";

/// A consistency model: what it forbids.
#[derive(Debug)]
pub struct Models {
    name: &'static str,
    forbidden: &'static [&'static str],
}

const MODELS: [Models; 7] = [
    Models {
        name: "strict-serializable",
        forbidden: &NAMES,
    },
    Models {
        name: "strong-serializable",
        forbidden: &NAMES,
    },
    Models {
        name: "serializable",
        forbidden: NAMES.split_at(11).0,
    },
    // Without predicates, all reads are of items.
    Models {
        name: "repeatable-read",
        forbidden: NAMES.split_at(11).0,
    },
    Models {
        name: "snapshot-isolation",
        forbidden: NAMES.split_at(10).0,
    },
    Models {
        name: "read-committed",
        forbidden: &[GARBAGE, DUPLICATES, ORDER, G1A, G1B, "G0", "G1c"],
    },
    Models {
        name: "read-uncommitted",
        forbidden: &[GARBAGE, DUPLICATES, ORDER, "G0"],
    },
];

impl Models {
    /// The names of all models.
    pub const NAMES: [&'static str; 7] = [
        MODELS[0].name,
        MODELS[1].name,
        MODELS[2].name,
        MODELS[3].name,
        MODELS[4].name,
        MODELS[5].name,
        MODELS[6].name,
    ];

    /// The model of this name.
    pub fn named(name: &str) -> Option<&'static Models> {
        const ALL: &[Models] = &MODELS;
        ALL.iter().find(|it| it.name == name)
    }

    /// Whether it forbids an anomaly.
    pub fn forbids(&self, anomaly: &str) -> bool {
        self.forbidden.contains(&anomaly)
    }
}

/// An anomaly, and what shows it.
#[derive(Debug)]
pub struct Anomaly {
    /// Its name.
    pub name: &'static str,
    /// What was seen, with T1 for the first of the transactions.
    pub told: String,
    /// The transactions that show it.
    pub transactions: Vec<usize>,
}

impl Anomaly {
    /// Its place among the anomalies, the worst first.
    pub fn rank(&self) -> usize {
        NAMES
            .iter()
            .position(|name| *name == self.name)
            .unwrap_or(NAMES.len())
    }

    /// The verdict that it leads to.
    pub fn verdict(&self, all: &[Transaction<'_>]) -> Verdict {
        let verdict = Verdict::fail(format!("{}: {}", self.name, self.told));
        let rows = self.transactions.iter().enumerate();
        rows.fold(verdict, |verdict, (index, &it)| {
            let operation = all[it].operation;
            let row = operation.ended.as_ref().unwrap_or(&operation.began);
            verdict.row(row.note(format!("T{}: {}", index + 1, all[it].told())))
        })
    }
}

/// The worst cycle of a graph. Where there is one, each model that allows it allows all lesser ones, so
/// those are not looked for.
pub fn of_cycles(graph: &Graph) -> Option<Anomaly> {
    let of = |wr, rw, realtime| Allowed { wr, rw, realtime };
    let tries = [
        ("G0", Kind::Ww, of(false, false, false)),
        ("G1c", Kind::Wr, of(true, false, false)),
        ("G-single", Kind::Rw, of(true, false, false)),
        ("G2", Kind::Rw, of(true, true, false)),
        ("G0-realtime", Kind::Ww, of(false, false, true)),
        ("G1c-realtime", Kind::Wr, of(true, false, true)),
        ("G-single-realtime", Kind::Rw, of(true, false, true)),
        ("G2-realtime", Kind::Rw, of(true, true, true)),
    ];
    let (name, cycle) = tries
        .into_iter()
        .find_map(|(name, through, allowed)| Some((name, graph.cycle(through, allowed)?)))?;
    let name = match is_lost_update(&cycle) {
        true => LOST_UPDATE,
        false => name,
    };
    let count = cycle.len();
    let steps: Vec<String> = (0..count)
        .map(|index| {
            let (one, other) = (index + 1, (index + 1) % count + 1);
            let (_, edge) = &cycle[index];
            let key = &edge.key;
            match edge.kind {
                Kind::Ww => format!("T{one} wrote key {key} before T{other} did"),
                Kind::Wr => format!("T{other} read what T{one} wrote to key {key}"),
                Kind::Rw => format!("T{one} read key {key} before T{other} wrote it"),
                Kind::Realtime => format!("T{one} had ended before T{other} began"),
            }
        })
        .collect();
    Some(Anomaly {
        name,
        told: format!("no order fits: {}", steps.join(", ")),
        transactions: cycle.into_iter().map(|(from, _)| from).collect(),
    })
}

/// Whether two transactions read a version of a key, and both replaced it.
fn is_lost_update(cycle: &Cycle) -> bool {
    match &cycle[..] {
        [(_, one), (_, other)] => {
            let kinds = (one.kind, other.kind);
            one.key == other.key
                && matches!(
                    kinds,
                    (Kind::Rw, Kind::Ww | Kind::Rw) | (Kind::Ww, Kind::Rw)
                )
        }
        _ => false,
    }
}
