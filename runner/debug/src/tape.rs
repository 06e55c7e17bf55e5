//! Records a run: a [`Sink`] that passes everything on to another one, and keeps it.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use analysis_log::{Columns, EventId, Row, RunSchema};
use base::time::SimTime;
use engine::follow::{Happening, Intervention, MessageName, Move};
use engine::message::MessageId;
use engine::sink::Sink;

use crate::history::{
    Cause, Entry, History, KeptStates, Message, StoredColumns, StoredRow, is_text,
};
use crate::state::{Change, State};

/// How many bytes of a message are kept: more than a line of a terminal shows.
pub(crate) const KEPT_BYTES: usize = 256;

/// Records a run, and passes it on to another sink.
#[derive(Debug)]
pub struct Tape<S> {
    /// The other sink.
    pub inner: S,
    recording: Recording,
    /// What is to be done, by the number of the entry before which it is done.
    interventions: VecDeque<(usize, Intervention)>,
}

/// A history that grows.
#[derive(Debug)]
pub struct Recording {
    history: History,
    /// The state after all entries so far.
    state: State,
    /// The messages that are somewhere, by their names in the engine.
    places: HashMap<MessageId, u32>,
    /// Messages under way of which only the records are known, in real time.
    by_name: HashMap<MessageName, VecDeque<u32>>,
    /// Messages whose `send` record is still to come.
    departed: Vec<MessageName>,
    /// By node: the columns of its latest row.
    latest: Vec<Option<u32>>,
    texts: HashMap<String, u32>,
    /// The most entries that are kept.
    most: usize,
}

impl<S: Sink> Tape<S> {
    /// Records the run of these nodes, at most so many entries of it, and intervenes before
    /// the entries with these numbers, which are sorted.
    pub fn new(
        inner: S,
        schema: &Arc<RunSchema>,
        interventions: Vec<(usize, Intervention)>,
        most: usize,
    ) -> Tape<S> {
        Tape {
            inner,
            recording: Recording::new(schema, most),
            interventions: interventions.into(),
        }
    }

    /// The other sink, and what was recorded.
    pub fn into_parts(self) -> (S, Recording) {
        (self.inner, self.recording)
    }
}

impl Recording {
    /// Of the run of these nodes, at most so many entries of it.
    pub fn new(schema: &Arc<RunSchema>, most: usize) -> Recording {
        let nodes = schema.nodes.len();
        let begin = Entry {
            time: SimTime::ZERO,
            cause: Cause::Begin,
            first_row: 0,
            first_change: 0,
        };
        Recording {
            history: History {
                schema: schema.clone(),
                external_peers: Vec::new(),
                entries: vec![begin],
                rows: Vec::new(),
                columns: StoredColumns::default(),
                of_node: vec![Vec::new(); nodes],
                messages: Vec::new(),
                bytes: Vec::new(),
                changes: Vec::new(),
                printed: Vec::new(),
                kept: KeptStates::new(nodes),
                cut: None,
            },
            state: State::new(nodes),
            places: HashMap::new(),
            by_name: HashMap::new(),
            departed: Vec::new(),
            latest: vec![None; nodes],
            texts: HashMap::new(),
            most,
        }
    }

    /// What has been recorded so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What was recorded.
    pub fn into_history(self) -> History {
        self.history
    }

    fn is_cut(&self) -> bool {
        self.history.cut.is_some()
    }

    fn change(&mut self, change: Change) {
        self.history.changes.push(change);
        self.state.apply(change, &self.history);
    }

    fn message(&mut self, name: MessageName, bytes: &[u8], size: u64, arrives: SimTime) -> u32 {
        let kept = &bytes[..bytes.len().min(KEPT_BYTES)];
        let history = &mut self.history;
        let message = Message {
            name,
            sent: history.entries.len() as u32 - 1,
            arrives,
            size,
            first_byte: history.bytes.len() as u32,
            kept_bytes: kept.len() as u32,
        };
        history.bytes.extend_from_slice(kept);
        history.messages.push(message);
        history.messages.len() as u32 - 1
    }

    /// The columns of a row, which are often those of the row before.
    fn keep_columns(&mut self, node: u32, columns: &Columns<'_>) -> u32 {
        let schema = &self.history.schema.nodes[node as usize];
        let store = &mut self.history.columns;
        let first = store.cells.len();
        for (index, column) in schema.columns.iter().enumerate() {
            let is_present = columns.present >> index & 1 == 1;
            let raw = columns.cells.get(index).copied().unwrap_or(0);
            let cell = match (is_present, is_text(column.kind)) {
                (false, _) => 0,
                (true, false) => raw,
                (true, true) => {
                    let text = columns.texts.get(raw as usize);
                    let text = text.map_or("", String::as_str);
                    match self.texts.get(text) {
                        Some(&known) => known.into(),
                        None => {
                            let new = store.texts.len() as u32;
                            store.texts.push(text.to_owned());
                            self.texts.insert(text.to_owned(), new);
                            new.into()
                        }
                    }
                }
            };
            store.cells.push(cell);
        }
        if let Some(before) = self.latest[node as usize] {
            let (present, start) = store.starts[before as usize];
            let start = start as usize;
            let count = schema.columns.len();
            let same = store.cells[start..start + count] == store.cells[first..];
            if same && present == columns.present {
                store.cells.truncate(first);
                return before;
            }
        }
        store.starts.push((columns.present, first as u32));
        let own = store.starts.len() as u32 - 1;
        self.latest[node as usize] = Some(own);
        own
    }

    /// What a record says about the place of a message that the engine does not tell of: in
    /// real time, messages between nodes are on sockets.
    fn follow_row(&mut self, row: &Row) {
        let is_sent = row.event == EventId::SEND;
        let name = match is_sent {
            true => MessageName {
                from: row.node,
                number: row.message,
                to: row.peer,
            },
            false => MessageName {
                from: row.peer,
                number: row.message,
                to: row.node,
            },
        };
        match row.event {
            EventId::SEND => {
                if let Some(at) = self.departed.iter().position(|it| *it == name) {
                    self.departed.swap_remove(at);
                    return;
                }
                // A message to a peer outside is gone.
                if (row.peer as usize) < self.history.schema.nodes.len() {
                    let message = self.message(name, &[], row.bytes, SimTime::NEVER);
                    self.by_name.entry(name).or_default().push_back(message);
                    self.change(Change::Departs(message));
                }
            }
            EventId::RECEIVE | EventId::DROP => self.leave_socket(name),
            EventId::START | EventId::RESTART => self.change(Change::Up(row.node)),
            EventId::CRASH | EventId::STOP => self.change(Change::Down(row.node)),
            _ => {}
        }
    }

    fn leave_socket(&mut self, name: MessageName) {
        let Some(open) = self.by_name.get_mut(&name) else {
            return;
        };
        let message = open.pop_front();
        if open.is_empty() {
            self.by_name.remove(&name);
        }
        if let Some(message) = message {
            self.change(Change::Leaves(message));
        }
    }

    /// A record.
    pub fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        if self.is_cut() {
            return;
        }
        let columns = self.keep_columns(row.node, columns);
        let index = self.history.rows.len() as u32;
        self.history.rows.push(StoredRow { row: *row, columns });
        self.history.of_node[row.node as usize].push(index);
        self.follow_row(row);
    }

    /// A line that a node printed.
    pub fn print(&mut self, node: u32, line: &str) {
        if !self.is_cut() {
            let entry = self.history.entries.len() as u32 - 1;
            self.history.printed.push((entry, node, line.to_owned()));
        }
    }

    /// A new external peer.
    pub fn external_peer(&mut self, name: &str) {
        self.history.external_peers.push(name.to_owned());
    }

    /// Ends the recording, for this reason.
    pub fn end(&mut self, why: &str) {
        self.history.cut.get_or_insert_with(|| why.to_owned());
    }

    /// An event.
    pub fn happens(&mut self, time: SimTime, what: Happening) {
        let count = self.history.entries.len();
        if self.is_cut() {
            return;
        }
        if count >= self.most {
            let most = self.most;
            self.end(&format!("the recording ends after {most} events"));
            return;
        }
        self.departed.clear();
        self.history.kept.offer(count, &self.state);
        let cause = Cause::of(what);
        self.history.entries.push(Entry {
            time,
            cause,
            first_row: self.history.rows.len() as u32,
            first_change: self.history.changes.len() as u32,
        });
        match cause {
            Cause::FaultBegins(fault) => self.change(Change::FaultBegins(fault)),
            Cause::FaultEnds(fault) => self.change(Change::FaultEnds(fault)),
            _ => {}
        }
    }

    /// A message is on a link: its sender, destination and number, its bytes and size.
    pub fn departs(
        &mut self,
        message: MessageId,
        (from, to, number): (u32, u32, u64),
        (bytes, size): (&[u8], u64),
        arrives: SimTime,
    ) {
        if self.is_cut() {
            return;
        }
        let name = MessageName { from, number, to };
        let index = self.message(name, bytes, size, arrives);
        self.places.insert(message, index);
        // A copy that the link has made has no `send` record.
        if !self.departed.contains(&name) {
            self.departed.push(name);
        }
        self.change(Change::Departs(index));
    }

    /// A message is in the inbox of a node.
    pub fn waits(&mut self, message: MessageId, from: u32, number: u64, node: u32) {
        if self.is_cut() {
            return;
        }
        let name = MessageName {
            from,
            number,
            to: node,
        };
        let index = match self.places.remove(&message) {
            Some(index) => {
                self.change(Change::Leaves(index));
                index
            }
            None => {
                self.leave_socket(name);
                self.message(name, &[], 0, SimTime::NEVER)
            }
        };
        self.change(Change::Waits(index));
    }

    /// The first message of a node's inbox leaves it.
    pub fn taken(&mut self, node: u32) {
        if self.is_cut() {
            return;
        }
        let first = self.state.inboxes.get(&node).and_then(|it| it.front());
        if let Some(&message) = first {
            self.change(Change::Taken(message));
        }
    }

    /// A message on a link is lost.
    pub fn lost(&mut self, message: MessageId) {
        if !self.is_cut()
            && let Some(index) = self.places.remove(&message)
        {
            self.change(Change::Leaves(index));
        }
    }
}

impl<S: Sink> Sink for Tape<S> {
    const FOLLOWS: bool = true;

    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.inner.row(row, columns);
        self.recording.row(row, columns);
    }

    fn print(&mut self, time: SimTime, node: u32, line: &str) {
        self.inner.print(time, node, line);
        self.recording.print(node, line);
    }

    fn external_peer(&mut self, name: &str) {
        self.inner.external_peer(name);
        self.recording.external_peer(name);
    }

    fn is_full(&self) -> Option<String> {
        self.inner.is_full()
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn happens(&mut self, time: SimTime, what: Happening) {
        self.recording.happens(time, what);
    }

    fn moves(&mut self, what: Move<'_>) {
        let recording = &mut self.recording;
        match what {
            Move::Departs {
                message,
                from,
                to,
                number,
                bytes,
                arrives,
            } => {
                let size = bytes.len() as u64;
                recording.departs(message, (from, to, number), (bytes, size), arrives);
            }
            Move::Waits {
                message,
                from,
                number,
                node,
            } => recording.waits(message, from, number, node),
            Move::Taken { node } => recording.taken(node),
            Move::Lost { message } => recording.lost(message),
        }
    }

    fn intervention(&mut self) -> Option<Intervention> {
        let next = self.recording.history.entries.len();
        match self.interventions.front() {
            Some((before, _)) if *before <= next => self.interventions.pop_front().map(|it| it.1),
            _ => None,
        }
    }
}
