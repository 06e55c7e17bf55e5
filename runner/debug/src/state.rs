//! Where the messages of a run are after an entry, which nodes are up, and which faults
//! hold.
//!
//! Each change can be taken back, so a state goes to the next entry and to the one before
//! in the same way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base::time::SimTime;

use crate::history::History;

/// One change. Messages are indices into the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A message is on its link now.
    Departs(u32),
    /// A message is no longer on its link: it was lost, or handled at once.
    Leaves(u32),
    /// A message is in its destination's inbox, behind all others.
    Waits(u32),
    /// The first message of its destination's inbox leaves it.
    Taken(u32),
    /// A node starts.
    Up(u32),
    /// A node crashes or stops.
    Down(u32),
    /// A fault begins.
    FaultBegins(u32),
    /// A fault ends.
    FaultEnds(u32),
}

/// The state of a run after some of its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Messages on links, by the time of their arrival.
    pub under_way: BTreeSet<(SimTime, u32)>,
    /// Messages in inboxes, by node, the first one first. No inbox here is empty.
    pub inboxes: BTreeMap<u32, VecDeque<u32>>,
    /// By node: whether it is up.
    pub up: Vec<bool>,
    /// The faults that hold.
    pub faults: BTreeSet<u32>,
}

impl State {
    /// Before the first entry.
    pub(crate) fn new(nodes: usize) -> State {
        State {
            up: vec![false; nodes],
            ..State::default()
        }
    }

    /// Number of messages in a node's inbox.
    pub fn inbox_len(&self, node: u32) -> usize {
        self.inboxes.get(&node).map_or(0, VecDeque::len)
    }

    pub(crate) fn apply(&mut self, change: Change, history: &History) {
        self.change(change, history, true);
    }

    fn take_back(&mut self, change: Change, history: &History) {
        self.change(change, history, false);
    }

    fn change(&mut self, change: Change, history: &History, forward: bool) {
        match change {
            Change::Departs(message) | Change::Leaves(message) => {
                let key = (history.message(message).arrives, message);
                match matches!(change, Change::Departs(_)) == forward {
                    true => self.under_way.insert(key),
                    false => self.under_way.remove(&key),
                };
            }
            Change::Waits(message) | Change::Taken(message) => {
                let node = history.message(message).name.to;
                let inbox = self.inboxes.entry(node).or_default();
                match (change, forward) {
                    (Change::Waits(_), true) => inbox.push_back(message),
                    (Change::Waits(_), false) => drop(inbox.pop_back()),
                    (_, true) => drop(inbox.pop_front()),
                    (_, false) => inbox.push_front(message),
                }
                if inbox.is_empty() {
                    self.inboxes.remove(&node);
                }
            }
            Change::Up(node) | Change::Down(node) => {
                self.up[node as usize] = matches!(change, Change::Up(_)) == forward;
            }
            Change::FaultBegins(fault) | Change::FaultEnds(fault) => {
                match matches!(change, Change::FaultBegins(_)) == forward {
                    true => self.faults.insert(fault),
                    false => self.faults.remove(&fault),
                };
            }
        }
    }
}

/// A state that goes from entry to entry.
#[derive(Clone, Debug)]
pub struct Moving {
    /// Number of entries that it has seen.
    seen: usize,
    state: State,
}

impl Moving {
    /// The state before the first entry of a run.
    pub fn new(history: &History) -> Moving {
        Moving {
            seen: 0,
            state: State::new(history.schema.nodes.len()),
        }
    }

    /// The state where it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Goes back before the last entry, to which more may be added.
    pub fn leave_last(&mut self, history: &History) {
        while self.seen >= history.len() && self.seen > 0 {
            self.step_back(history);
        }
    }

    fn step_back(&mut self, history: &History) {
        self.seen -= 1;
        let changes = &history.changes[history.change_range(self.seen)];
        for change in changes.iter().rev() {
            self.state.take_back(*change, history);
        }
    }

    /// Goes to the state after an entry.
    pub fn go(&mut self, entry: usize, history: &History) {
        let wanted = (entry + 1).min(history.len());
        let (kept, state) = history.kept.nearest(wanted);
        if kept.abs_diff(wanted) < self.seen.abs_diff(wanted) {
            (self.seen, self.state) = (*kept, state.clone());
        }
        while self.seen < wanted {
            for change in &history.changes[history.change_range(self.seen)] {
                self.state.apply(*change, history);
            }
            self.seen += 1;
        }
        while self.seen > wanted {
            self.step_back(history);
        }
    }
}
