//! What lists show: the last element of a list names its version, and the elements before it all
//! versions before.
//!
//! The order of the versions of a key is that of its longest read. An append that is in no read comes
//! after all of them, if its transaction has certainly happened.

use super::anomaly::{Anomaly, DUPLICATES, G1A, G1B, GARBAGE, INTERNAL, ORDER, of_cycles};
use super::graph::{Graph, Kind};
use super::parts::{Act, Transaction};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A read of a list.
struct Read {
    /// The transaction that read.
    by: usize,
    /// The elements, as text.
    list: Vec<String>,
    /// How many of them at the end are the transaction's own.
    own: usize,
}

/// All that is known of a key.
#[derive(Default)]
struct Key {
    /// By element: the transaction that appended it.
    writer: BTreeMap<String, usize>,
    /// By transaction: its appends, in their order.
    appends: BTreeMap<usize, Vec<String>>,
    reads: Vec<Read>,
}

/// The anomalies of these transactions.
///
/// # Errors
/// If two transactions append the same element to a key: then nobody can tell whose it is.
pub fn anomalies(transactions: &[Transaction<'_>]) -> Result<Vec<Anomaly>, String> {
    let (keys, mut found) = keys(transactions)?;
    let mut graph = Graph::new(transactions);
    for (name, key) in &keys {
        let before = found.len();
        for read in &key.reads {
            found.extend(of_read(name, key, read, transactions));
        }
        let longest = key.reads.iter().max_by_key(|it| it.list.len());
        if let Some(longest) = longest {
            let other = key
                .reads
                .iter()
                .find(|it| !longest.list.starts_with(&it.list));
            found.extend(other.map(|other| apart(name, longest, other)));
        }
        // Edges from reads that cannot be right would show cycles that are none.
        if found.len() == before {
            let order = longest.map_or(&[][..], |it| &it.list);
            add_edges(&mut graph, name, key, order, transactions);
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
        // By key: what the transaction knows to be there, and its own appends so far.
        let mut known: BTreeMap<&str, (Option<Vec<String>>, Vec<String>)> = BTreeMap::new();
        for part in &transaction.parts {
            let (list, own) = known.entry(&part.key).or_default();
            let key = keys.entry(part.key.clone()).or_default();
            match &part.act {
                Act::Write(element) => {
                    if let Some(earlier) = key.writer.insert(element.clone(), by) {
                        let (one, other) = (transactions[earlier].told(), transaction.told());
                        return Err(format!(
                            "{one} and {other} both append {element} to key {}",
                            part.key
                        ));
                    }
                    key.appends.entry(by).or_default().push(element.clone());
                    list.iter_mut().for_each(|list| list.push(element.clone()));
                    own.push(element.clone());
                }
                Act::Read(read) if transaction.is_committed() => {
                    let read: Vec<String> = elements(read);
                    let fits = match &list {
                        Some(list) => *list == read,
                        None => read.ends_with(own),
                    };
                    if !fits {
                        let expected = match &list {
                            Some(list) => told(list),
                            None => format!("a list that ends in {}", told(own)),
                        };
                        found.push(Anomaly {
                            name: INTERNAL,
                            told: format!(
                                "T1 reads key {} as {}, expected {expected}",
                                part.key,
                                told(&read)
                            ),
                            transactions: vec![by],
                        });
                    }
                    key.reads.push(Read {
                        by,
                        own: if fits { own.len() } else { 0 },
                        list: read.clone(),
                    });
                    *list = Some(read);
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
    read: &Read,
    transactions: &[Transaction<'_>],
) -> Option<Anomaly> {
    let mut seen = BTreeSet::new();
    for (index, element) in read.list.iter().enumerate() {
        let anomaly = |name, told, other: Option<usize>| {
            Some(Anomaly {
                name,
                told,
                transactions: std::iter::once(read.by).chain(other).collect(),
            })
        };
        if !seen.insert(element) {
            let told = format!("T1 reads {element} twice in key {name}");
            return anomaly(DUPLICATES, told, None);
        }
        let Some(&writer) = key.writer.get(element) else {
            let told = format!("T1 reads {element} in key {name}, which nobody appended");
            return anomaly(GARBAGE, told, None);
        };
        if transactions[writer].is_aborted() {
            let told =
                format!("T1 reads {element} in key {name}, which T2 appended, and T2 failed");
            return anomaly(G1A, told, Some(writer));
        }
        let appends = &key.appends[&writer];
        if index + 1 == read.list.len() && writer != read.by && appends.last() != Some(element) {
            let told = format!(
                "T1 reads key {name} up to {element}, after which T2 appended {}",
                appends.last().map_or("", String::as_str)
            );
            return anomaly(G1B, told, Some(writer));
        }
    }
    None
}

/// The steps that the versions of a key show.
fn add_edges(
    graph: &mut Graph,
    name: &str,
    key: &Key,
    order: &[String],
    transactions: &[Transaction<'_>],
) {
    let writer = |element: &String| key.writer[element];
    for pair in order.windows(2) {
        graph.add(writer(&pair[0]), writer(&pair[1]), Kind::Ww, name);
    }
    let in_order: BTreeSet<&String> = order.iter().collect();
    let unread: BTreeSet<usize> = key
        .writer
        .iter()
        .filter(|&(element, &by)| transactions[by].is_committed() && !in_order.contains(element))
        .map(|(_, &by)| by)
        .collect();
    if let Some(last) = order.last() {
        for &by in &unread {
            graph.add(writer(last), by, Kind::Ww, name);
        }
    }
    let mut done = BTreeSet::new();
    for read in &key.reads {
        let version = read.list.len() - read.own;
        if !done.insert((read.by, version)) {
            continue;
        }
        if version > 0 {
            graph.add(writer(&order[version - 1]), read.by, Kind::Wr, name);
        }
        match order.get(version) {
            Some(next) => graph.add(read.by, writer(next), Kind::Rw, name),
            None => unread
                .iter()
                .for_each(|&by| graph.add(read.by, by, Kind::Rw, name)),
        }
    }
}

/// Two reads of which neither is the beginning of the other.
fn apart(name: &str, one: &Read, other: &Read) -> Anomaly {
    let pairs = one.list.iter().zip(&other.list);
    let same = pairs.take_while(|(one, other)| one == other).count();
    let element = |read: &Read| {
        read.list
            .get(same)
            .map_or("nothing", String::as_str)
            .to_owned()
    };
    Anomaly {
        name: ORDER,
        told: format!(
            "element {} of key {name} is {} for T1 and {} for T2",
            same + 1,
            element(one),
            element(other)
        ),
        transactions: vec![one.by, other.by],
    }
}

fn elements(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().map(Value::to_string).collect()
}

/// The most elements of a list that a text shows: the last ones.
const SHOWN: usize = 8;

fn told(list: &[String]) -> String {
    match list.len().checked_sub(SHOWN) {
        None | Some(0) => format!("[{}]", list.join(",")),
        Some(more) => format!("[{more} more,{}]", list[more..].join(",")),
    }
}
