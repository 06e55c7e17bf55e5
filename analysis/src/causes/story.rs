//! What a reader looks at of a past: the nearest steps, what each changed, and one line for
//! all steps in between that decided nothing.
//!
//! A step decided something if it sent a message that has a part in what came of it, if it
//! changed a column of its node, if it handled a message and the node has no columns that
//! could tell whether that changed anything, or if it is one of the records to begin with. So
//! a tick on which a node did nothing decided nothing. It is folded, not left out: it did
//! happen before. Messages to a node that were lost one after the other are folded, too.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::past::{OwnColumns, Past, PastStep};
use crate::log::{Cell, EventId, LogError, NodeSchema, Row, RunSchema};

/// The nearest steps of a past, and counts of all of it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The steps that are kept, nearest first.
    pub items: Vec<Item>,
    /// What the past has of each node, by its index.
    pub nodes: Vec<Counted>,
    /// Steps of the past that are neither among the items nor folded.
    pub left_out: u64,
    /// Number of records of the past.
    pub rows: u64,
    /// The targets that were not met, by their index.
    pub not_met: Vec<usize>,
    /// The names behind the rows.
    pub schema: RunSchema,
}

/// What a past has of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Number of records.
    pub rows: u64,
    /// Number of steps, and of rows outside of steps.
    pub steps: u64,
}

/// A step, or steps of one node that are folded.
#[derive(Clone, Debug)]
pub struct Item {
    /// True time `[ns]`; of folded steps, that of the last one.
    pub time_ns: u64,
    /// The node.
    pub node: u32,
    /// Which of both.
    pub kind: Kind,
}

/// What an [`Item`] is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A step, or a row outside of steps.
    Step {
        /// Its rows, in their order.
        rows: Vec<Row>,
        /// The columns that it changed.
        changes: Vec<Change>,
        /// The target that it has.
        target: Option<usize>,
        /// The numbers of the messages that it sent, and that have a part.
        caused: Vec<u64>,
    },
    /// Messages to the node that were lost, and no step of it in between that is an item.
    Lost {
        /// Number of messages.
        count: u64,
        /// The time of the first one.
        since_ns: u64,
        /// The senders, by their index, and the number of messages of each.
        of: Vec<(u32, u64)>,
    },
    /// So many steps that decided nothing, from this time on `[ns]`.
    Folded {
        /// Number of steps.
        count: u64,
        /// The time of the first one.
        since_ns: u64,
    },
}

/// A column that a step changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its name.
    pub column: String,
    /// The value before; empty if it had none.
    pub before: String,
    /// The value after the step.
    pub after: String,
}

impl Story {
    /// Walks to the beginning of a past, and keeps up to so many of its nearest items.
    ///
    /// # Errors
    /// A log cannot be read.
    pub fn of(past: Past, limit: usize) -> Result<Story, LogError> {
        Story::checked(past, limit, CHECKED_EVERY)
    }

    fn checked(mut past: Past, limit: usize, every: u64) -> Result<Story, LogError> {
        let mut teller = Teller::new(past.schema().nodes.clone(), limit);
        let mut steps = 0_u64;
        while let Some(step) = past.next()? {
            steps += 1;
            teller.count(step);
            let node = step.rows[0].node;
            if !teller.is_full {
                teller.take(step);
            } else if teller.pass(step) {
                past.leave_out_columns_of(node);
            }
            if !teller.is_full && steps.is_multiple_of(every) && teller.has_all() {
                teller.is_full = true;
                past.only_columns_of(teller.waiting.clone());
            }
        }
        let mut story = teller.end();
        story.schema = past.schema().clone();
        let targets = 0..past.targets().len();
        story.not_met = targets.filter(|&index| !past.has_met(index)).collect();
        Ok(story)
    }
}

/// Number of steps after which it is looked whether more can be of use. Arbitrary: looking
/// takes time in proportion to the nodes.
const CHECKED_EVERY: u64 = 1_024;

/// Makes a story of steps as they come.
struct Teller {
    nodes: Vec<NodeSchema>,
    limit: usize,
    story: Story,
    /// The items so far, by the number of their first step.
    items: BTreeMap<u64, Item>,
    /// By node: the step whose values before are not known yet.
    open: HashMap<u32, Open>,
    /// By node: the steps that decided nothing since its last item.
    folds: HashMap<u32, (u64, Item)>,
    /// By node: the messages to it that were lost since its last item.
    lost: HashMap<u32, (u64, Item)>,
    /// Messages of the past whose sending was not met yet.
    awaited: HashSet<(u32, u64)>,
    /// The number of the next step.
    number: u64,
    /// Whether no step that comes can be an item any more.
    is_full: bool,
    /// If it is full: the nodes with an item whose values before are not known yet.
    waiting: HashSet<u32>,
}

struct Open {
    number: u64,
    step: PastStep,
    caused: Vec<u64>,
}

impl Teller {
    fn new(nodes: Vec<NodeSchema>, limit: usize) -> Teller {
        Teller {
            limit,
            story: Story {
                nodes: vec![Counted::default(); nodes.len()],
                ..Story::default()
            },
            nodes,
            items: BTreeMap::new(),
            open: HashMap::new(),
            folds: HashMap::new(),
            lost: HashMap::new(),
            awaited: HashSet::new(),
            number: 0,
            is_full: false,
            waiting: HashSet::new(),
        }
    }

    fn count(&mut self, step: &PastStep) {
        let rows = step.rows.len() as u64;
        let counted = &mut self.story.nodes[step.rows[0].node as usize];
        counted.rows += rows;
        counted.steps += 1;
        self.story.rows += rows;
    }

    fn take(&mut self, step: &PastStep) {
        let node = step.rows[0].node;
        if let Some(open) = self.open.remove(&node) {
            self.close(open, Some(&step.own));
        }
        let sent = step.rows.iter().filter(|row| row.event == EventId::SEND);
        let caused = sent
            .map(|row| row.message)
            .filter(|&message| self.awaited.remove(&(node, message)))
            .collect();
        for row in &step.rows {
            let lost = row.event == EventId::DROP && step.target.is_some();
            if row.event == EventId::RECEIVE || lost {
                self.awaited.insert((row.peer, row.message));
            }
        }
        let (number, step) = (self.number, step.clone());
        self.number += 1;
        let open = Open {
            number,
            step,
            caused,
        };
        self.open.insert(node, open);
    }

    /// Makes an item of a step, now that the values before it are known.
    fn close(&mut self, open: Open, before: Option<&OwnColumns>) {
        let Open {
            number,
            step,
            caused,
        } = open;
        let (first, last) = (step.rows[0], step.rows[step.rows.len() - 1]);
        let schema = &self.nodes[first.node as usize];
        let changes = match before {
            Some(before) if first.event.in_step() => changes(schema, before, &step.own),
            _ => Vec::new(),
        };
        let decided = step.target.is_some()
            || !caused.is_empty()
            || !changes.is_empty()
            || step.rows.iter().any(|row| tells(row.event, schema));
        if !decided {
            self.fold(number, &first);
            return;
        }
        for folds in [&mut self.folds, &mut self.lost] {
            if let Some((number, fold)) = folds.remove(&first.node) {
                self.story.left_out += keep(&mut self.items, self.limit, number, fold);
            }
        }
        let item = Item {
            time_ns: last.time_ns,
            node: first.node,
            kind: Kind::Step {
                rows: step.rows,
                changes,
                target: step.target,
                caused,
            },
        };
        self.keep(number, item);
    }

    fn fold(&mut self, number: u64, row: &Row) {
        let since_ns = row.time_ns;
        let (folds, kind) = match row.event {
            EventId::DROP => {
                let of = Vec::new();
                let kind = Kind::Lost {
                    count: 0,
                    since_ns,
                    of,
                };
                (&mut self.lost, kind)
            }
            _ => (&mut self.folds, Kind::Folded { count: 0, since_ns }),
        };
        let new = || {
            let item = Item {
                time_ns: row.time_ns,
                node: row.node,
                kind,
            };
            (number, item)
        };
        let (_, item) = folds.entry(row.node).or_insert_with(new);
        match &mut item.kind {
            Kind::Folded { count, since_ns } => {
                (*count, *since_ns) = (*count + 1, row.time_ns);
            }
            Kind::Lost {
                count,
                since_ns,
                of,
            } => {
                (*count, *since_ns) = (*count + 1, row.time_ns);
                match of.iter_mut().find(|(sender, _)| *sender == row.peer) {
                    Some((_, count)) => *count += 1,
                    None => of.push((row.peer, 1)),
                }
            }
            Kind::Step { .. } => {}
        }
    }

    fn keep(&mut self, number: u64, item: Item) {
        self.story.left_out += keep(&mut self.items, self.limit, number, item);
    }

    /// Whether the items are full. A step that is not decided yet may still become one, if it
    /// comes before the last: its node is waited for.
    fn has_all(&mut self) -> bool {
        let Some((&last, _)) = self.items.last_key_value() else {
            return self.limit == 0;
        };
        let open = self.open.iter().filter(|(_, open)| open.number < last);
        self.waiting = open.map(|(&node, _)| node).collect();
        self.items.len() == self.limit
    }

    /// Takes a step that is no item. Returns whether its node was waited for.
    fn pass(&mut self, step: &PastStep) -> bool {
        self.story.left_out += 1;
        let node = step.rows[0].node;
        if self.waiting.is_empty() || !self.waiting.remove(&node) {
            return false;
        }
        if let Some(open) = self.open.remove(&node) {
            self.close(open, Some(&step.own));
        }
        true
    }

    fn end(mut self) -> Story {
        let mut open: Vec<Open> = std::mem::take(&mut self.open).into_values().collect();
        open.sort_unstable_by_key(|it| it.number);
        for it in open {
            match self.is_full && !self.waiting.contains(&it.step.rows[0].node) {
                true => self.story.left_out += 1,
                false => self.close(it, None),
            }
        }
        let mut folds: Vec<_> = std::mem::take(&mut self.folds).into_values().collect();
        folds.extend(std::mem::take(&mut self.lost).into_values());
        folds.sort_unstable_by_key(|(number, _)| *number);
        for (number, fold) in folds {
            self.keep(number, fold);
        }
        self.story.items = self.items.into_values().collect();
        self.story
    }
}

/// Adds an item to the nearest ones. Returns the number of steps that there is no place for.
fn keep(items: &mut BTreeMap<u64, Item>, limit: usize, number: u64, item: Item) -> u64 {
    items.insert(number, item);
    let last = (items.len() > limit).then(|| items.pop_last()).flatten();
    last.map_or(0, |(_, item)| steps_of(&item))
}

/// Number of steps, and of rows outside of steps, of an item.
pub fn steps_of(item: &Item) -> u64 {
    match item.kind {
        Kind::Step { .. } => 1,
        Kind::Folded { count, .. } | Kind::Lost { count, .. } => count,
    }
}

/// Whether a row tells something whatever the columns say.
fn tells(event: EventId, schema: &NodeSchema) -> bool {
    match event {
        EventId::CRASH | EventId::RESTART | EventId::DISCONNECT => true,
        EventId::RECEIVE => schema.columns.is_empty(),
        _ => false,
    }
}

/// The columns that differ.
fn changes(schema: &NodeSchema, before: &OwnColumns, after: &OwnColumns) -> Vec<Change> {
    let (before, after) = (before.columns(), after.columns());
    let columns = schema.columns.iter().enumerate();
    let changed = columns.filter_map(|(index, column)| {
        let was = before.cell(index, column.kind);
        let is = after.cell(index, column.kind);
        (was != is).then(|| Change {
            column: column.name.clone(),
            before: shown(was),
            after: shown(is),
        })
    });
    changed.collect()
}

/// A value as text.
pub fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::U64(value) => value.to_string(),
        Cell::I64(value) => value.to_string(),
        Cell::F64(value) => value.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Text(text) => base::harmless::line(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Target, TargetPlace};
    use super::*;
    use crate::log::{ColumnKind, ColumnSchema, Columns, NO_PEER, NodeLogs, NodeSchema, RunLog};

    fn schema() -> RunSchema {
        let column = ColumnSchema {
            name: "value".to_owned(),
            kind: ColumnKind::U64,
            docs: String::new(),
        };
        let columns: Arc<[ColumnSchema]> = vec![column].into();
        let node = |index| NodeSchema {
            name: format!("n-{index}"),
            columns: Arc::clone(&columns),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: (0..4).map(node).collect(),
            external_peers: vec![],
        }
    }

    /// Writes a run: who acts, whether it changes its column, and whom it sends a message that
    /// is handled at once.
    fn written(folder: &std::path::Path, script: &[(u32, bool, u32)]) {
        let mut logs = NodeLogs::create(folder, &schema());
        let (mut steps, mut values, mut sent) = ([0; 4], [0; 4], [0; 4]);
        for (time_ns, &(node, changes, to)) in (1..).zip(script) {
            let at = node as usize;
            steps[at] += 1;
            values[at] += u64::from(changes);
            let mut row = Row {
                time_ns,
                step: steps[at],
                node,
                event: EventId::TICK,
                peer: NO_PEER,
                message: 0,
                bytes: 0,
                queue: 0,
            };
            let of = |value: &u64| [*value];
            let put = |logs: &mut NodeLogs, row: &Row, value: &u64| {
                let columns = Columns {
                    present: 1,
                    cells: &of(value),
                    texts: &[],
                };
                logs.row(row, &columns);
            };
            if to < 4 && to != node {
                sent[at] += 1;
                (row.event, row.peer, row.message) = (EventId::SEND, to, sent[at]);
                put(&mut logs, &row, &values[at]);
                steps[to as usize] += 1;
                let handled = Row {
                    step: steps[to as usize],
                    node: to,
                    event: EventId::RECEIVE,
                    peer: node,
                    ..row
                };
                put(&mut logs, &handled, &values[to as usize]);
            } else {
                put(&mut logs, &row, &values[at]);
            }
        }
        logs.finish().unwrap();
    }

    fn story(folder: &std::path::Path, limit: usize) -> Story {
        let log = RunLog::open(folder, Some(&schema())).unwrap();
        let target = Target {
            node: 0,
            place: TargetPlace::Last,
            note: String::new(),
        };
        let past = Past::new(log.backward(), vec![target]).unwrap();
        Story::checked(past, limit, 1).unwrap()
    }

    /// The steps that are items: node, step, changes.
    fn items(story: &Story) -> Vec<(u32, u64, Vec<Change>)> {
        let steps = story.items.iter().filter_map(|item| match &item.kind {
            Kind::Step { rows, changes, .. } => Some((item.node, rows[0].step, changes.clone())),
            _ => None,
        });
        steps.collect()
    }

    proptest! {
        #[test]
        fn the_nearest_items_are_those_of_the_whole_story(
            script in prop::collection::vec((0..4_u32, any::<bool>(), 0..12_u32), 1..80),
            limit in 1..20_usize,
        ) {
            let folder = tempfile::tempdir().unwrap();
            written(folder.path(), &script);
            let (whole, nearest) = (story(folder.path(), usize::MAX), story(folder.path(), limit));
            let (all, some) = (items(&whole), items(&nearest));
            prop_assert!(nearest.items.len() <= limit);
            prop_assert_eq!(&some[..], &all[..some.len()]);
            for story in [&whole, &nearest] {
                let steps = story.nodes.iter().map(|it| it.steps).sum::<u64>();
                let told = story.items.iter().map(steps_of).sum::<u64>();
                prop_assert_eq!(told + story.left_out, steps);
            }
            prop_assert_eq!(whole.nodes, nearest.nodes);
            prop_assert_eq!(whole.left_out, 0);
        }
    }
}
