//! What registers show: a read names the write that it saw, but nothing before it.
//!
//! So the order of two versions of a key is known in two cases alone: a transaction that read one and
//! then wrote another replaced it, and no value at all comes before every other. Writes by transactions
//! that did not read the key before have no known place. What takes such an order is not seen: most
//! cycles of ww (G0), and lost updates by blind writes.

use super::anomaly::{Anomaly, G1A, G1B, GARBAGE, INTERNAL, of_cycles};
use super::graph::{Graph, Kind};
use super::parts::{Act, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// The text of no value.
const NOTHING: &str = "null";

/// All that is known of a key.
#[derive(Default)]
struct Key {
    /// By value: the transaction that wrote it.
    writer: BTreeMap<String, usize>,
    /// By transaction: the value that it wrote last.
    last: BTreeMap<usize, String>,
    /// Transactions, and what they read before they wrote the key themselves.
    reads: BTreeSet<(usize, String)>,
}

/// The anomalies of these transactions.
///
/// # Errors
/// If two transactions write the same value to a key: then nobody can tell whose it is.
pub fn anomalies(transactions: &[Transaction<'_>]) -> Result<Vec<Anomaly>, String> {
    let (keys, mut found) = keys(transactions)?;
    let mut graph = Graph::new(transactions);
    for (name, key) in &keys {
        let before = found.len();
        for (by, value) in &key.reads {
            found.extend(of_read(name, key, *by, value, transactions));
        }
        if found.len() == before {
            add_edges(&mut graph, name, key, transactions);
        }
    }
    found.extend(of_cycles(&graph));
    Ok(found)
}

/// What is known of each key, and which transactions do not see themselves.
fn keys(transactions: &[Transaction<'_>]) -> Result<(BTreeMap<String, Key>, Vec<Anomaly>), String> {
    let mut keys: BTreeMap<String, Key> = BTreeMap::new();
    let mut found = Vec::new();
    for (by, transaction) in transactions.iter().enumerate() {
        // By key: the value that the transaction knows to be there.
        let mut known: BTreeMap<&str, String> = BTreeMap::new();
        for part in &transaction.parts {
            let key = keys.entry(part.key.clone()).or_default();
            match &part.act {
                Act::Write(value) => {
                    if let Some(earlier) = key.writer.insert(value.clone(), by) {
                        let (one, other) = (transactions[earlier].told(), transaction.told());
                        return Err(format!(
                            "{one} and {other} both write {value} to key {}",
                            part.key
                        ));
                    }
                    key.last.insert(by, value.clone());
                    known.insert(&part.key, value.clone());
                }
                Act::Read(value) if transaction.is_committed() => {
                    let value = value.to_string();
                    match known.get(part.key.as_str()) {
                        None => {
                            key.reads.insert((by, value.clone()));
                        }
                        Some(expected) if *expected != value => found.push(Anomaly {
                            name: INTERNAL,
                            told: format!(
                                "T1 reads key {} as {value}, expected {expected}",
                                part.key
                            ),
                            transactions: vec![by],
                        }),
                        Some(_) => {}
                    }
                    known.insert(&part.key, value);
                }
                Act::Read(_) => {}
            }
        }
    }
    Ok((keys, found))
}

/// What is wrong with a read alone.
fn of_read(
    name: &str,
    key: &Key,
    by: usize,
    value: &str,
    transactions: &[Transaction<'_>],
) -> Option<Anomaly> {
    if value == NOTHING {
        return None;
    }
    let Some(&writer) = key.writer.get(value) else {
        return Some(Anomaly {
            name: GARBAGE,
            told: format!("T1 reads {value} in key {name}, which nobody wrote"),
            transactions: vec![by],
        });
    };
    let last = &key.last[&writer];
    let (name, told) = if transactions[writer].is_aborted() {
        (
            G1A,
            format!("T1 reads {value} in key {name}, which T2 wrote, and T2 failed"),
        )
    } else if writer == by {
        (
            INTERNAL,
            format!("T1 reads {value} in key {name} before it writes it"),
        )
    } else if last != value {
        (
            G1B,
            format!("T1 reads {value} in key {name}, which T2 then changed to {last}"),
        )
    } else {
        return None;
    };
    let transactions = if writer == by {
        vec![by]
    } else {
        vec![by, writer]
    };
    Some(Anomaly {
        name,
        told,
        transactions,
    })
}

/// The steps that the reads of a key show.
fn add_edges(graph: &mut Graph, name: &str, key: &Key, transactions: &[Transaction<'_>]) {
    let seen: BTreeSet<&String> = key.reads.iter().map(|(_, value)| value).collect();
    let happened = |by: usize| {
        transactions[by].is_committed()
            || key.last.get(&by).is_some_and(|value| seen.contains(value))
    };
    // By value: the transactions that read it and replaced it.
    let mut replaced: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (by, value) in &key.reads {
        if key.last.contains_key(by) {
            replaced.entry(value).or_default().push(*by);
        }
    }
    for (by, value) in &key.reads {
        let next: Vec<usize> = match key.writer.get(value) {
            Some(&writer) => {
                graph.add(writer, *by, Kind::Wr, name);
                if key.last.contains_key(by) {
                    graph.add(writer, *by, Kind::Ww, name);
                }
                replaced.get(value.as_str()).cloned().unwrap_or_default()
            }
            None => key
                .last
                .keys()
                .copied()
                .filter(|&by| happened(by))
                .collect(),
        };
        for other in next {
            graph.add(*by, other, Kind::Rw, name);
        }
    }
}
