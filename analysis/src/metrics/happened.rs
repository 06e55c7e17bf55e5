//! How often each of a behavior's own words for `event` was written.

use smallvec::SmallVec;

use super::definition::Definition;
use super::value::Value;
use crate::log::{EventId, STANDARD_EVENTS};

/// The metric of this family; its name follows `WORD_`.
pub const DEFINITIONS: &[Definition] = &[Definition {
    name: "count",
    unit: "events",
    text: "Rows of the node with this word of its behavior in `event`.",
}];

/// The counts of one node, by the index of the word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Happened(SmallVec<[u64; 1]>);

impl Happened {
    /// For a behavior with so many words.
    pub fn new(words: usize) -> Happened {
        Happened(SmallVec::from_elem(0, words))
    }

    /// Adds a row.
    #[inline]
    pub fn row(&mut self, event: EventId) {
        let own = (event.0 as usize).wrapping_sub(STANDARD_EVENTS.len());
        if let Some(count) = self.0.get_mut(own) {
            *count += 1;
        }
    }

    /// Takes the counts; the node begins anew.
    pub fn take(&mut self) -> Happened {
        let fresh = Happened::new(self.0.len());
        std::mem::replace(self, fresh)
    }

    /// Gives the counts to a node that has none. A node without a row in the measured part
    /// has no counts to give.
    pub fn give(self, node: &mut Happened) {
        if self.0.len() == node.0.len() {
            *node = self;
        }
    }

    /// Adds the counts of the part of the run that follows.
    pub fn append(&mut self, later: &Happened) {
        if self.0.is_empty() {
            self.0.clone_from(&later.0);
            return;
        }
        for (count, more) in self.0.iter_mut().zip(&later.0) {
            *count += more;
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// The values, in the order of the words.
    pub fn finish(&self) -> impl Iterator<Item = Option<Value>> {
        self.0.iter().map(|&count| Some(Value::Unsigned(count)))
    }
}
