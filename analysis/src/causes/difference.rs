//! Where two runs part.
//!
//! The records of each node are compared with those of the node of the same name, the first
//! with the first, and so on: what they say, and not when. A message is the same if its
//! sender's name and number are. So two runs with other latencies are the same as long as the
//! same happens in each node in the same order; that their times differ is told beside it, as
//! is the length of inboxes, which follows from times.
//!
//! Each node has a first record that differs. One of these records is the first of all: the
//! earliest, unless it handled a message that another node sent after its own first
//! difference. Then the difference came from there, and so on back. The others say how it
//! spread.

use std::collections::{HashMap, VecDeque};

use super::past::OwnColumns;
use super::story::{Change, shown};
use crate::log::{Columns, EventId, LogError, Row, RunLog, RunSchema};

/// How two runs differ.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// The nodes that both have, in the order of the first run.
    pub nodes: Vec<NodeDifference>,
    /// The names of nodes that only the first has, and only the second.
    pub only: [Vec<String>; 2],
    /// The node with the first record that differs, by its place in `nodes`.
    pub first: Option<usize>,
    /// The node with the first record whose time differs, by its place in `nodes`.
    pub first_time: Option<usize>,
    /// The names behind the records of each run.
    pub schemas: [RunSchema; 2],
}

/// How a node differs in two runs.
#[derive(Clone, Debug, Default)]
pub struct NodeDifference {
    /// Its name.
    pub name: String,
    /// Its index in each run.
    pub index: [u32; 2],
    /// Number of records that are the same, from the beginning.
    pub same_rows: u64,
    /// The last step that is the same.
    pub same_steps: u64,
    /// The last record that is the same, in each run.
    pub last_same: Option<[Row; 2]>,
    /// The last message that it sent before it differs.
    sent: u64,
    /// Where it differs first; none if it never does.
    pub parting: Option<Parting>,
    /// The first records of which only time or queue differ.
    pub time: Option<[Row; 2]>,
}

/// The first record of a node that differs.
#[derive(Clone, Debug, Default)]
pub struct Parting {
    /// The record in each run; none if the run has no more records of the node.
    pub rows: [Option<Row>; 2],
    /// What differs: the name of a cell or column, and the value in each run.
    pub what: Vec<Change>,
    /// The node that sent the message by which the difference came, by its place among the
    /// nodes that both have, and the number of the message.
    pub by: Option<(usize, u64)>,
}

impl Parting {
    /// The time of the earlier of both records `[ns]`.
    pub fn time_ns(&self) -> u64 {
        let times = self.rows.iter().flatten().map(|row| row.time_ns);
        times.min().unwrap_or(0)
    }
}

/// A record that waits for its counterpart.
struct Held {
    row: Row,
    own: OwnColumns,
}

/// What is known of a node while its records are compared.
struct Pair {
    node: NodeDifference,
    /// The records of one of the runs that the other has not come to.
    waiting: [VecDeque<Held>; 2],
    /// Common columns: the index in each run.
    columns: Vec<[usize; 2]>,
}

/// Compares two runs, record by record.
///
/// # Errors
/// A log cannot be read.
pub fn difference(mut first: RunLog, mut second: RunLog) -> Result<Difference, LogError> {
    let [a, b] = [first.schema().clone(), second.schema().clone()];
    let mut comparison = Comparison::new(&a, &b);
    // The time up to which each run was read; none at its end.
    let mut times = [Some(0), Some(0)];
    while comparison.open > 0 {
        let side = match times {
            [Some(first), Some(second)] => usize::from(second < first),
            [Some(_), None] => 0,
            [None, Some(_)] => 1,
            [None, None] => break,
        };
        let (reader, other) = match side {
            0 => (&mut first, &second),
            _ => (&mut second, &first),
        };
        times[side] = match reader.next_named()? {
            Some((row, columns, schema)) => {
                comparison.take(side, row, columns, [schema, other.schema()]);
                Some(row.time_ns)
            }
            None => None,
        };
    }
    let schemas = [first.schema().clone(), second.schema().clone()];
    Ok(comparison.end(schemas))
}

struct Comparison {
    pairs: Vec<Pair>,
    /// By run: the pair of each node.
    pair_of: [Vec<Option<usize>>; 2],
    only: [Vec<String>; 2],
    /// Number of nodes that have not parted.
    open: usize,
}

impl Comparison {
    fn new(first: &RunSchema, second: &RunSchema) -> Comparison {
        let names = second.nodes.iter().enumerate();
        let there: HashMap<&str, usize> = names.map(|(at, node)| (&*node.name, at)).collect();
        let mut comparison = Comparison {
            pairs: Vec::new(),
            pair_of: [
                vec![None; first.nodes.len()],
                vec![None; second.nodes.len()],
            ],
            only: [Vec::new(), Vec::new()],
            open: 0,
        };
        for (at, node) in first.nodes.iter().enumerate() {
            let Some(&other) = there.get(&*node.name) else {
                comparison.only[0].push(node.name.clone());
                continue;
            };
            let theirs = &second.nodes[other].columns;
            let columns = node.columns.iter().enumerate().filter_map(|(own, column)| {
                let same = theirs.iter().position(|it| it.name == column.name)?;
                Some([own, same])
            });
            let place = Some(comparison.pairs.len());
            (comparison.pair_of[0][at], comparison.pair_of[1][other]) = (place, place);
            comparison.pairs.push(Pair {
                node: NodeDifference {
                    name: node.name.clone(),
                    index: [at as u32, other as u32],
                    ..NodeDifference::default()
                },
                waiting: [VecDeque::new(), VecDeque::new()],
                columns: columns.collect(),
            });
        }
        let others = second.nodes.iter().zip(&comparison.pair_of[1]);
        let only = others.filter(|(_, pair)| pair.is_none());
        comparison.only[1] = only.map(|(node, _)| node.name.clone()).collect();
        comparison.open = comparison.pairs.len();
        comparison
    }

    /// Takes a record of a run; `schemas` are that of this run, and that of the other one.
    fn take(&mut self, side: usize, row: Row, columns: Columns<'_>, schemas: [&RunSchema; 2]) {
        let Some(at) = self.pair_of[side][row.node as usize] else {
            return;
        };
        let pair = &mut self.pairs[at];
        if pair.node.parting.is_some() {
            return;
        }
        let Some(other) = pair.waiting[1 - side].pop_front() else {
            let own = OwnColumns::copied(columns);
            pair.waiting[side].push_back(Held { row, own });
            return;
        };
        let (mut rows, mut values) = ([row, other.row], [columns, other.own.columns()]);
        let mut schemas = schemas;
        if side == 1 {
            rows.swap(0, 1);
            values.swap(0, 1);
            schemas.swap(0, 1);
        }
        if pair.compare(rows, values, schemas) {
            self.open -= 1;
            pair.waiting = [VecDeque::new(), VecDeque::new()];
        }
    }

    fn end(mut self, schemas: [RunSchema; 2]) -> Difference {
        for pair in &mut self.pairs {
            for side in 0..2 {
                if let Some(held) = pair.waiting[side].pop_front() {
                    let mut rows = [None; 2];
                    rows[side] = Some(held.row);
                    let what = Vec::new();
                    pair.node.parting = Some(Parting {
                        rows,
                        what,
                        by: None,
                    });
                }
            }
        }
        let [of_first, of_second] = self.pair_of;
        let mut nodes: Vec<NodeDifference> = self.pairs.into_iter().map(|it| it.node).collect();
        let by: Vec<_> = (nodes.iter())
            .map(|node| came_by(node, &nodes, [&of_first, &of_second]))
            .collect();
        for (node, by) in nodes.iter_mut().zip(by) {
            if let Some(parting) = &mut node.parting {
                parting.by = by;
            }
        }
        let times = nodes.iter().enumerate().filter_map(|(at, node)| {
            let [a, b] = node.time?;
            Some((a.time_ns.min(b.time_ns), at))
        });
        Difference {
            first: first_of(&nodes),
            first_time: times.min().map(|(_, at)| at),
            nodes,
            only: self.only,
            schemas,
        }
    }
}

impl Pair {
    /// Compares a record of each run. Returns whether they differ.
    fn compare(
        &mut self,
        rows: [Row; 2],
        values: [Columns<'_>; 2],
        schemas: [&RunSchema; 2],
    ) -> bool {
        let [a, b] = rows;
        let what = self.differing(rows, values, schemas);
        if !what.is_empty() {
            self.node.parting = Some(Parting {
                rows: [Some(a), Some(b)],
                what,
                by: None,
            });
            return true;
        }
        if (a.time_ns, a.queue) != (b.time_ns, b.queue) {
            self.node.time.get_or_insert(rows);
        }
        self.node.same_rows += 1;
        self.node.same_steps = a.step;
        self.node.last_same = Some(rows);
        if a.event == EventId::SEND {
            self.node.sent = a.message;
        }
        false
    }

    /// What differs in a record of each run, but for its time and queue.
    fn differing(
        &self,
        [a, b]: [Row; 2],
        [first, second]: [Columns<'_>; 2],
        [one, other]: [&RunSchema; 2],
    ) -> Vec<Change> {
        let mut what = Vec::new();
        let mut cell = |name: &str, before: String, after: String| {
            if before != after {
                let column = name.to_owned();
                what.push(Change {
                    column,
                    before,
                    after,
                });
            }
        };
        let (node, theirs) = (&one.nodes[a.node as usize], &other.nodes[b.node as usize]);
        let words = [node.event_name(a.event), theirs.event_name(b.event)];
        if words[0] != words[1] {
            cell("event", words[0].to_owned(), words[1].to_owned());
        }
        let peers = [one.peer_name(a.peer), other.peer_name(b.peer)];
        if peers[0] != peers[1] {
            cell("peer", peers[0].to_owned(), peers[1].to_owned());
        }
        for (name, first, second) in [
            ("step", a.step, b.step),
            ("message", a.message, b.message),
            ("bytes", a.bytes, b.bytes),
        ] {
            if first != second {
                cell(name, first.to_string(), second.to_string());
            }
        }
        for &[own, same] in &self.columns {
            let (kind, their_kind) = (node.columns[own].kind, theirs.columns[same].kind);
            let values = [first.cell(own, kind), second.cell(same, their_kind)];
            if values[0] != values[1] {
                cell(&node.columns[own].name, shown(values[0]), shown(values[1]));
            }
        }
        what
    }
}

/// The node from which a difference came, and by which message: one that was sent after the
/// sender had parted.
fn came_by(
    node: &NodeDifference,
    nodes: &[NodeDifference],
    pair_of: [&Vec<Option<usize>>; 2],
) -> Option<(usize, u64)> {
    let rows = node.parting.as_ref()?.rows;
    rows.into_iter().zip(pair_of).find_map(|(row, pair_of)| {
        let row = row?;
        if !matches!(row.event, EventId::RECEIVE | EventId::DROP) {
            return None;
        }
        let sender = (*pair_of.get(row.peer as usize)?)?;
        let parted = nodes[sender].parting.is_some() && row.message > nodes[sender].sent;
        parted.then_some((sender, row.message))
    })
}

/// The node whose difference came from no other one.
fn first_of(nodes: &[NodeDifference]) -> Option<usize> {
    let parted = nodes.iter().enumerate().filter_map(|(at, node)| {
        let parting = node.parting.as_ref()?;
        Some((parting.time_ns(), parting.by.is_some(), at))
    });
    let (_, _, mut at) = parted.min()?;
    for _ in 0..nodes.len() {
        match nodes[at].parting.as_ref().and_then(|it| it.by) {
            Some((sender, _)) => at = sender,
            None => break,
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::log::{NO_PEER, NodeLogs, NodeSchema};

    fn schema() -> RunSchema {
        let node = |name: &str| NodeSchema {
            name: name.to_owned(),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: ["a", "b", "c"].map(node).into(),
            external_peers: vec![],
        }
    }

    /// Rows: time, node, event, peer, message.
    fn log(folder: &Path, rows: &[(u64, u32, EventId, u32, u64)]) -> RunLog {
        let mut logs = NodeLogs::create(folder, &schema());
        for &(time_ns, node, event, peer, message) in rows {
            let row = Row {
                time_ns,
                step: time_ns,
                node,
                event,
                peer,
                message,
                bytes: 0,
                queue: 0,
            };
            // The step of a row is not of interest here.
            logs.row(&Row { step: 1, ..row }, &Columns::default());
        }
        logs.finish().unwrap();
        RunLog::open(folder, Some(&schema())).unwrap()
    }

    fn compared(
        first: &[(u64, u32, EventId, u32, u64)],
        second: &[(u64, u32, EventId, u32, u64)],
    ) -> Difference {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [a, b] = [(0, first), (1, second)].map(|(at, rows)| log(folders[at].path(), rows));
        difference(a, b).unwrap()
    }

    const TICK: EventId = EventId::TICK;
    const SEND: EventId = EventId::SEND;
    const RECEIVE: EventId = EventId::RECEIVE;

    #[test]
    fn the_same_in_other_times_is_the_same() {
        let first = [
            (1, 0, SEND, 1, 1),
            (2, 1, RECEIVE, 0, 1),
            (3, 2, TICK, NO_PEER, 0),
        ];
        let second = [
            (2, 2, TICK, NO_PEER, 0),
            (7, 0, SEND, 1, 1),
            (9, 1, RECEIVE, 0, 1),
        ];
        let difference = compared(&first, &second);
        assert_eq!(difference.first, None);
        assert_eq!(difference.first_time, Some(0));
        let same: Vec<u64> = difference.nodes.iter().map(|it| it.same_rows).collect();
        assert_eq!(same, [1, 1, 1]);
        assert_eq!(compared(&first, &first).first_time, None);
    }

    #[test]
    fn the_first_difference_is_where_it_came_from() {
        // `c` differs at the same instant as `a`, because `a` sends it something else.
        let first = [
            (5, 0, SEND, 1, 1),
            (5, 1, RECEIVE, 0, 1),
            (6, 2, TICK, NO_PEER, 0),
        ];
        let second = [
            (5, 0, SEND, 2, 1),
            (5, 1, TICK, NO_PEER, 0),
            (5, 2, RECEIVE, 0, 1),
        ];
        let difference = compared(&first, &second);
        assert_eq!(difference.first, Some(0));
        let by = |at: usize| difference.nodes[at].parting.as_ref().unwrap().by;
        assert_eq!((by(0), by(1), by(2)), (None, Some((0, 1)), Some((0, 1))));
        let what = &difference.nodes[0].parting.as_ref().unwrap().what;
        assert_eq!(what.len(), 1);
        assert_eq!(
            (&*what[0].column, &*what[0].before, &*what[0].after),
            ("peer", "b", "c")
        );
    }

    #[test]
    fn a_difference_came_from_its_sender_also_if_clocks_say_otherwise() {
        let first = [(7, 0, SEND, 1, 1), (5, 1, RECEIVE, 0, 1)];
        let second = [(7, 0, TICK, NO_PEER, 0), (5, 1, TICK, NO_PEER, 0)];
        assert_eq!(compared(&first, &second).first, Some(0));
    }

    #[test]
    fn a_run_that_ends_earlier_parts_where_the_other_goes_on() {
        let first = [(1, 0, TICK, NO_PEER, 0), (2, 0, TICK, NO_PEER, 0)];
        let difference = compared(&first, &first[..1]);
        let parting = difference.nodes[0].parting.as_ref().unwrap();
        assert_eq!(parting.rows[0].unwrap().time_ns, 2);
        assert_eq!(parting.rows[1], None);
        assert_eq!(difference.first, Some(0));
    }
}
