//! Chains of causes within one instant, and what is kept of them.
//!
//! An event may cause others at its own instant: a message without latency, a timer
//! without delay. The *depth* of an event is the number of events at its instant that led
//! to it, one causing the next. If such a chain closes, time stands still; so the first
//! event whose depth exceeds a limit is noted. A tick begins new chains: any number of
//! nodes may tick at once.
//!
//! The depth is the low part of a [`Sequence`], so that it takes no room. What caused what
//! is kept only near the limit, to name the nodes of a chain that is too long.

use std::collections::HashMap;

use super::{Event, Sequence};

/// The low bits of a sequence are the depth of the event. The others number the events:
/// 4 * 10^12 of them, days of a machine's time.
const DEPTH_BITS: u32 = 22;

/// The difference between the sequences of two events that are scheduled one after the
/// other, without their depths.
pub(super) const STEP: u64 = 1 << DEPTH_BITS;

/// The deepest that an event may be.
pub const MAX_DEPTH: u32 = STEP as u32 - 2;

/// Most causes that are kept: a bound for the memory.
const MOST_CAUSES: usize = 1 << 20;

impl Sequence {
    /// Length of the chain of causes within its instant.
    pub(super) fn depth(self) -> u32 {
        (self.0 % STEP) as u32
    }
}

/// The limit for chains of causes, and the end of a chain that comes near it.
#[derive(Debug)]
pub struct Chains {
    /// The greatest depth that is allowed.
    limit: u32,
    /// From this depth on, causes are kept.
    traced_from: u32,
    causes: HashMap<Sequence, Cause>,
    /// The first event that is deeper than the limit.
    too_deep: Option<Sequence>,
}

/// What an event at a great depth is for, and which event led to it.
#[derive(Clone, Copy, Debug)]
struct Cause {
    node: Option<u32>,
    before: Sequence,
}

impl Default for Chains {
    fn default() -> Chains {
        Chains {
            limit: MAX_DEPTH,
            traced_from: MAX_DEPTH,
            causes: HashMap::new(),
            too_deep: None,
        }
    }
}

impl Chains {
    /// Sets the length of the longest chain within one instant; at most [`MAX_DEPTH`].
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit.min(MAX_DEPTH);
        // Long enough to show a cycle twice.
        self.traced_from = self.limit / 2;
    }

    /// The longest chain that is allowed.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Whether an event was scheduled that is deeper than the limit.
    #[inline]
    pub fn is_too_deep(&self) -> bool {
        self.too_deep.is_some()
    }

    /// The nodes of the events that led to the one that is too deep, the latest first.
    pub fn nodes(&self) -> Vec<u32> {
        let mut nodes = Vec::new();
        let mut next = self.too_deep;
        while let Some(cause) = next.and_then(|sequence| self.causes.get(&sequence)) {
            nodes.extend(cause.node);
            next = Some(cause.before);
        }
        nodes
    }

    /// Whether the causes of an event of this depth are kept.
    #[inline]
    pub(super) fn traces(&self, depth: u32) -> bool {
        depth > self.traced_from
    }

    /// Whether the cause of this event is kept.
    pub(super) fn knows(&self, event: Sequence) -> bool {
        self.causes.contains_key(&event)
    }

    /// Keeps what led to an event.
    #[cold]
    pub(super) fn trace(&mut self, sequence: Sequence, event: Event, before: Sequence) {
        if sequence.depth() > self.limit {
            self.too_deep.get_or_insert(sequence);
        }
        if self.causes.len() >= MOST_CAUSES {
            // The end of the chain is enough to see what it is.
            let first = self.causes.keys().min().map_or(0, |first| first.0);
            let middle = first + (sequence.0 - first) / 2;
            self.causes.retain(|kept, _| kept.0 > middle);
        }
        let node = event.node();
        self.causes.insert(sequence, Cause { node, before });
    }

    /// Forgets the chains of the last instant.
    #[inline]
    pub(super) fn next_instant(&mut self) {
        if !self.causes.is_empty() {
            self.causes.clear();
        }
    }
}
