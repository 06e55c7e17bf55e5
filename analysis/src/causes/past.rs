//! Walks the logs of a run back from some records, along happens-before.
//!
//! The files are merged from the end, the latest row first. A node is not part of the past
//! until one of its rows is asked for: a record to begin with, or the sending of a message
//! that a step of the past handled. From that row back, all its rows are. So each row is read
//! once, rows of nodes that have no part are passed over, files of nodes that no message came
//! from are never opened, and what is kept is the messages whose sending was not met yet.
//!
//! The latest row first is the order of causes turned around, with two exceptions: rows of
//! one instant, and nodes on machines whose clocks differ. There, a row that was passed over
//! may turn out to be asked for. [`Past`] then reads that part of the file again.

use std::collections::{BinaryHeap, HashSet, VecDeque};

use crate::log::{BackwardLog, Columns, EventId, LogError, NO_PEER, Row, RunSchema};

/// A record to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The node, by its index.
    pub node: u32,
    /// Which of its records.
    pub place: TargetPlace,
    /// What it says about a failure; may be empty.
    pub note: String,
}

/// Which record of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetPlace {
    /// The one of this time, step and event.
    Row(u64, u64, EventId),
    /// The step of this number; 0: what was before the first one.
    Step(u64),
    /// The last one.
    Last,
}

impl TargetPlace {
    fn is(self, row: &Row) -> bool {
        match self {
            TargetPlace::Row(time_ns, step, event) => {
                row.time_ns == time_ns && row.step == step && row.event == event
            }
            TargetPlace::Step(step) => row.step == step && (row.event.in_step() || step == 0),
            TargetPlace::Last => true,
        }
    }
}

/// A step of the past, or a row outside of the steps.
#[derive(Clone, Debug, Default)]
pub struct PastStep {
    /// Its rows, in their order; those after the record that was asked for are left out.
    pub rows: Vec<Row>,
    /// The target that it has, by its index.
    pub target: Option<usize>,
    /// The values of its node's columns after it, if they are asked for.
    pub own: OwnColumns,
}

/// The values of a node's columns, copied.
#[derive(Clone, Debug, Default)]
pub struct OwnColumns {
    present: u64,
    cells: Vec<u64>,
    texts: Vec<String>,
}

impl OwnColumns {
    /// The values.
    pub fn columns(&self) -> Columns<'_> {
        Columns {
            present: self.present,
            cells: &self.cells,
            texts: &self.texts,
        }
    }

    /// Copies values.
    pub fn copied(columns: Columns<'_>) -> OwnColumns {
        OwnColumns {
            present: columns.present,
            cells: columns.cells.to_vec(),
            texts: columns.texts.to_vec(),
        }
    }
}

/// The causal past of some records.
#[derive(Debug)]
pub struct Past {
    log: BackwardLog,
    targets: Vec<Target>,
    /// Whether each target was met.
    met: Vec<bool>,
    nodes: Vec<NodeState>,
    files: Vec<FileState>,
    /// The next rows of the files: (time, rows of the past first, file).
    heap: BinaryHeap<(u64, bool, u32)>,
    /// Steps of parts that were read again.
    late: VecDeque<PastStep>,
    /// The nodes of which the values of columns are wanted; none: of all.
    detailed: Option<HashSet<u32>>,
    step: PastStep,
}

#[derive(Debug)]
struct NodeState {
    reached: bool,
    /// Number of targets that were not met.
    targets: u32,
    /// The messages whose sending is looked for, before the node is reached.
    awaited: HashSet<u64>,
    /// The smallest number of a message whose sending was passed over.
    passed: u64,
    /// The place of the last row that is part of the past.
    edge: u64,
    /// Whether the log has its sendings.
    sends: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct FileState {
    entered: bool,
    /// The next row, and its place.
    head: Option<(Row, u64)>,
    /// Where that row ends; none at the end of the file.
    head_end: Option<u64>,
    /// The instant of the rows that were passed over last, and where they end.
    instant: Option<(u64, Option<u64>)>,
}

impl Past {
    /// The past of these records. Those of nodes that the run does not have are ignored.
    ///
    /// # Errors
    /// A log cannot be read.
    pub fn new(log: BackwardLog, targets: Vec<Target>) -> Result<Past, LogError> {
        let nodes = log.schema().nodes.iter();
        let nodes = nodes.map(|node| NodeState {
            reached: false,
            targets: 0,
            awaited: HashSet::new(),
            passed: u64::MAX,
            edge: 0,
            sends: !node.program,
        });
        let mut past = Past {
            met: vec![false; targets.len()],
            nodes: nodes.collect(),
            files: vec![FileState::default(); log.file_count()],
            log,
            targets,
            heap: BinaryHeap::new(),
            late: VecDeque::new(),
            detailed: None,
            step: PastStep::default(),
        };
        for index in 0..past.targets.len() {
            let node = past.targets[index].node;
            if let Some(state) = past.nodes.get_mut(node as usize) {
                state.targets += 1;
                past.enter(past.log.file_of(node))?;
            }
        }
        Ok(past)
    }

    /// The names behind the rows.
    pub fn schema(&self) -> &RunSchema {
        self.log.schema()
    }

    /// The records to begin with.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Whether the target of this index was met so far.
    pub fn has_met(&self, target: usize) -> bool {
        self.met[target]
    }

    /// The values of columns are wanted of these nodes alone, from now on.
    pub fn only_columns_of(&mut self, nodes: HashSet<u32>) {
        self.detailed = Some(nodes);
    }

    /// The values of this node's columns are not wanted any more.
    pub fn leave_out_columns_of(&mut self, node: u32) {
        if let Some(nodes) = &mut self.detailed {
            nodes.remove(&node);
        }
    }

    fn wants_columns_of(&self, node: u32) -> bool {
        match &self.detailed {
            None => true,
            Some(nodes) => !nodes.is_empty() && nodes.contains(&node),
        }
    }

    /// The next step of the past: no step before it in this order depends on it. `None` after
    /// the first step of the run that has a part.
    ///
    /// # Errors
    /// A log cannot be read, or holds something that is no row.
    // Not an iterator: the step is borrowed until the next call.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<&PastStep>, LogError> {
        loop {
            if let Some(step) = self.late.pop_front() {
                self.step = step;
                self.follow()?;
                return Ok(Some(&self.step));
            }
            let Some((_, _, file)) = self.heap.pop() else {
                return Ok(None);
            };
            let file = file as usize;
            let Some((row, place)) = self.files[file].head else {
                continue;
            };
            if !self.nodes[row.node as usize].reached && !self.reaches(&row, place) {
                self.pass_over(file, &row)?;
                continue;
            }
            self.take_step(file)?;
            self.follow()?;
            return Ok(Some(&self.step));
        }
    }

    /// Opens a file.
    fn enter(&mut self, file: usize) -> Result<(), LogError> {
        if !self.files[file].entered {
            self.files[file].entered = true;
            self.files[file].head = self.log.previous(file)?;
            self.queue(file);
        }
        Ok(())
    }

    fn queue(&mut self, file: usize) {
        if let Some((row, _)) = self.files[file].head {
            let reached = self.nodes[row.node as usize].reached;
            self.heap.push((row.time_ns, reached, file as u32));
        }
    }

    fn advance(&mut self, file: usize) -> Result<(), LogError> {
        let state = &mut self.files[file];
        state.head_end = state.head.map(|(_, place)| place);
        state.head = self.log.previous(file)?;
        Ok(())
    }

    /// Whether a node becomes part of the past with this row of it.
    fn reaches(&mut self, row: &Row, place: u64) -> bool {
        let target = self.target(row).is_some();
        let state = &mut self.nodes[row.node as usize];
        let reaches =
            target || (row.event == EventId::SEND && state.awaited.contains(&row.message));
        if reaches {
            state.reached = true;
            state.edge = place;
            state.awaited = HashSet::new();
        }
        reaches
    }

    /// The target that a row is.
    fn target(&self, row: &Row) -> Option<usize> {
        if self.nodes[row.node as usize].targets == 0 {
            return None;
        }
        let is = |(target, met): (&Target, &bool)| {
            !met && target.node == row.node && target.place.is(row)
        };
        self.targets.iter().zip(&self.met).position(is)
    }

    fn pass_over(&mut self, file: usize, row: &Row) -> Result<(), LogError> {
        if row.event == EventId::SEND {
            self.nodes[row.node as usize].passed = row.message;
        }
        let state = &mut self.files[file];
        if state
            .instant
            .is_none_or(|(time_ns, _)| time_ns != row.time_ns)
        {
            state.instant = Some((row.time_ns, state.head_end));
        }
        self.advance(file)?;
        self.queue(file);
        Ok(())
    }

    /// Takes the rows of the step that is the next one of a file.
    fn take_step(&mut self, file: usize) -> Result<(), LogError> {
        self.step.rows.clear();
        self.step.target = None;
        if let Some((row, place)) = self.files[file].head
            && self.wants_columns_of(row.node)
        {
            self.step.own = OwnColumns::copied(self.log.columns(file, place)?);
        }
        while let Some((row, _)) = self.files[file].head {
            if (self.step.rows.last()).is_some_and(|last| !is_one_step(last, &row)) {
                break;
            }
            while let Some(target) = self.target(&row) {
                self.met[target] = true;
                self.nodes[row.node as usize].targets -= 1;
                self.step.target.get_or_insert(target);
            }
            self.step.rows.push(row);
            self.advance(file)?;
        }
        self.step.rows.reverse();
        self.queue(file);
        Ok(())
    }

    /// Looks for the sending of each message that the step handled.
    fn follow(&mut self) -> Result<(), LogError> {
        let rows = std::mem::take(&mut self.step.rows);
        for row in &rows {
            let lost = row.event == EventId::DROP && self.step.target.is_some();
            if row.event == EventId::RECEIVE || lost {
                self.look_for(row.peer, row.message)?;
            }
        }
        self.step.rows = rows;
        Ok(())
    }

    fn look_for(&mut self, node: u32, message: u64) -> Result<(), LogError> {
        if node == NO_PEER || message == 0 {
            return Ok(());
        }
        let Some(state) = self.nodes.get_mut(node as usize).filter(|it| it.sends) else {
            return Ok(());
        };
        if message >= state.passed && self.read_again(node, message)? {
            return Ok(());
        }
        let state = &mut self.nodes[node as usize];
        if !state.reached {
            state.awaited.insert(message);
            self.enter(self.log.file_of(node))?;
        }
        Ok(())
    }

    /// Looks for the sending of a message among rows that were passed over. If it is there,
    /// the rows from there on are part of the past.
    fn read_again(&mut self, node: u32, message: u64) -> Result<bool, LogError> {
        let file = self.log.file_of(node);
        let FileState {
            head,
            head_end,
            instant,
            ..
        } = self.files[file];
        let state = &self.nodes[node as usize];
        // Rows up to this place are part of the past, or come to it by the next row.
        let until = match state.reached {
            true => Some(state.edge),
            false => head.map(|(_, place)| place),
        };
        let begin = instant.and_then(|(_, end)| end);
        let mut steps = Vec::new();
        for begin in [begin, None] {
            self.log.go_to(file, begin);
            steps = self.steps_since(file, (node, message), until)?;
            if !steps.is_empty() || begin.is_none() {
                break;
            }
        }
        self.log.go_to(file, head_end);
        if head.is_some() {
            self.files[file].head = self.log.previous(file)?;
        }
        let found = !steps.is_empty();
        if let Some((_, edge)) = steps.first() {
            let state = &mut self.nodes[node as usize];
            (state.reached, state.edge) = (true, *edge);
            state.awaited = HashSet::new();
            state.passed = message + 1;
        }
        self.late.extend(steps.into_iter().map(|(step, _)| step));
        Ok(found)
    }

    /// The steps of a node from the sending of a message back to a place, with the place of
    /// the last row of each.
    fn steps_since(
        &mut self,
        file: usize,
        (node, message): (u32, u64),
        until: Option<u64>,
    ) -> Result<Vec<(PastStep, u64)>, LogError> {
        let mut steps: Vec<(PastStep, u64)> = Vec::new();
        while let Some((row, place)) = self.log.previous(file)? {
            if until.is_some_and(|until| place <= until) {
                break;
            }
            let begins = row.event == EventId::SEND && row.message == message;
            if row.node != node || (steps.is_empty() && !begins) {
                continue;
            }
            if let Some((step, _)) = steps.last_mut()
                && step.rows.last().is_some_and(|last| is_one_step(last, &row))
            {
                step.rows.push(row);
                continue;
            }
            let mut step = PastStep::default();
            step.rows.push(row);
            if self.wants_columns_of(node) {
                step.own = OwnColumns::copied(self.log.columns(file, place)?);
            }
            steps.push((step, place));
        }
        for (step, _) in &mut steps {
            step.rows.reverse();
        }
        Ok(steps)
    }
}

/// Whether a row and the one before it are of one step.
fn is_one_step(later: &Row, earlier: &Row) -> bool {
    (later.node, later.step) == (earlier.node, earlier.step)
        && later.time_ns == earlier.time_ns
        && later.event.in_step()
        && earlier.event.in_step()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::indices_of_past;
    use super::*;
    use crate::log::{CombinedLog, NodeLogs, NodeSchema, RunLog};

    fn schema(count: u32) -> RunSchema {
        let node = |index| NodeSchema {
            name: format!("n-{index}"),
            ..NodeSchema::default()
        };
        RunSchema {
            nodes: (0..count).map(node).collect(),
            external_peers: vec![],
        }
    }

    /// A run in the order in which it was recorded: who does what, and how much later.
    fn run_of(script: &[(u32, u32, u8)], nodes: u32) -> Vec<Row> {
        let (mut now, mut rows) = (0, Vec::new());
        let mut sent = vec![0; nodes as usize];
        let mut steps = vec![0; nodes as usize];
        let mut waiting: Vec<Vec<(u32, u64)>> = vec![Vec::new(); nodes as usize];
        for &(node, other, kind) in script {
            let (node, other) = (node % nodes, other % nodes);
            // Often several steps are of one instant.
            now += u64::from(kind % 3 == 0);
            steps[node as usize] += 1;
            let mut row = Row {
                time_ns: now,
                step: steps[node as usize],
                node,
                event: EventId::TICK,
                peer: NO_PEER,
                message: 0,
                bytes: 0,
                queue: 0,
            };
            if !waiting[node as usize].is_empty() && kind & 4 == 0 {
                let at = other as usize % waiting[node as usize].len();
                (row.peer, row.message) = waiting[node as usize].remove(at);
                row.event = EventId::RECEIVE;
            }
            rows.push(row);
            if kind & 24 != 0 && node != other {
                sent[node as usize] += 1;
                row.event = EventId::SEND;
                (row.peer, row.message) = (other, sent[node as usize]);
                rows.push(row);
                waiting[other as usize].push((node, row.message));
            }
        }
        rows
    }

    fn written(folder: &Path, rows: &[Row], nodes: u32, combined: bool) -> BackwardLog {
        let schema = schema(nodes);
        if combined {
            let mut log = CombinedLog::create(folder, &schema);
            rows.iter()
                .for_each(|row| log.row(row, &Columns::default()));
            log.finish().unwrap();
        } else {
            let mut log = NodeLogs::create(folder, &schema);
            rows.iter()
                .for_each(|row| log.row(row, &Columns::default()));
            log.finish().unwrap();
        }
        RunLog::open(folder, Some(&schema)).unwrap().backward()
    }

    /// The past as a set, and as it comes.
    fn past_of(log: BackwardLog, row: &Row) -> Vec<Row> {
        let target = Target {
            node: row.node,
            place: TargetPlace::Row(row.time_ns, row.step, row.event),
            note: String::new(),
        };
        let mut past = Past::new(log, vec![target]).unwrap();
        let mut found = Vec::new();
        while let Some(step) = past.next().unwrap() {
            found.extend(step.rows.iter().rev().copied());
        }
        assert!(past.has_met(0));
        found
    }

    fn key(row: &Row) -> (u32, u64, u16, u64) {
        (row.node, row.step, row.event.0, row.message)
    }

    proptest! {
        #[test]
        fn the_past_is_what_rows_in_memory_say(
            script in prop::collection::vec((0..5_u32, 0..5_u32, 0..32_u8), 1..150),
            at in 0..1000_usize,
            skewed in 0..4_u64,
        ) {
            let rows = run_of(&script, 5);
            let at = at % rows.len();
            let expected = indices_of_past(&rows, at);
            let expected: BTreeSet<_> = expected.into_iter().map(|index| key(&rows[index])).collect();
            for combined in [false, true] {
                // Another machine's clock may be ahead; a combined log is in one order.
                let skew = |row: &Row| Row {
                    time_ns: row.time_ns + if combined { 0 } else { u64::from(row.node) * skewed },
                    ..*row
                };
                let rows: Vec<Row> = rows.iter().map(skew).collect();
                let folder = tempfile::tempdir().unwrap();
                let log = written(folder.path(), &rows, 5, combined);
                let found = past_of(log, &rows[at]);
                let set: BTreeSet<_> = found.iter().map(key).collect();
                prop_assert_eq!(&set, &expected, "combined: {}", combined);
                prop_assert_eq!(set.len(), found.len(), "each row once");
            }
        }
    }

    #[test]
    fn files_of_nodes_without_a_part_are_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let rows = run_of(&[(0, 1, 8), (2, 3, 8), (1, 0, 0), (3, 0, 0)], 5);
        let log = written(folder.path(), &rows, 5, false);
        let target = rows.iter().find(|row| row.node == 1).unwrap();
        for other in ["n-2", "n-3", "n-4"] {
            std::fs::remove_file(folder.path().join(format!("{other}.csv"))).unwrap();
        }
        assert_eq!(past_of(log, target).len(), 3);
    }
}
