//! A lane: nodes of one period, with a cursor at the node that ticks next.

use super::Clocked;
use super::period::TickOffsets;

/// Nodes of one period in the order of their ticks. The first and the last node are
/// less than one period apart.
#[derive(Debug)]
pub(super) struct Lane {
    offsets: TickOffsets,
    nodes: Vec<u32>,
    /// The time from which each node's offsets count `[ns]`; empty: `base` for all.
    bases: Vec<u64>,
    base: u64,
    cursor: usize,
}

/// The nodes of a lane that tick at one instant: `nodes[start..end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) lane: u32,
    start: u32,
    end: u32,
}

impl Lane {
    /// A lane of these nodes, sorted by `base`; not empty.
    pub(super) fn new(members: &[Clocked], base: impl Fn(&Clocked) -> u64) -> Lane {
        let first = &members[0];
        let mut offsets = TickOffsets::new(first.period);
        if first.phase.is_none() {
            offsets.advance();
        }
        let alike = base(&members[members.len() - 1]) == base(first);
        Lane {
            offsets,
            nodes: members.iter().map(|c| c.node).collect(),
            bases: if alike {
                Vec::new()
            } else {
                members.iter().map(&base).collect()
            },
            base: base(first),
            cursor: 0,
        }
    }

    /// Number of its nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How often its nodes tick until all offsets repeat, and the span of that `[ns]`; none
    /// if that is not known.
    pub(super) fn cycle(&self) -> Option<(u64, u64)> {
        self.offsets.cycle()
    }

    /// Number of different times from which the offsets of its nodes count, at most.
    pub(super) fn base_count(&self) -> usize {
        self.bases.len().max(1)
    }

    /// The first and the last time from which the offsets of its nodes count `[ns]`.
    pub(super) fn bases(&self) -> (u64, u64) {
        (self.base, self.bases.last().copied().unwrap_or(self.base))
    }

    /// When the node at the cursor ticks `[ns]`.
    #[inline]
    pub(super) fn next_time(&self) -> u64 {
        let base = if self.bases.is_empty() {
            self.base
        } else {
            self.bases[self.cursor]
        };
        base.saturating_add(self.offsets.offset)
    }

    /// Takes the nodes that tick next: all from the cursor on at the same time.
    #[inline]
    pub(super) fn take_part(&mut self, lane: u32) -> Part {
        let start = self.cursor;
        let end = match self.bases.get(start) {
            None => self.nodes.len(),
            Some(base) => {
                let alike = self.bases[start..].iter().take_while(|b| *b == base);
                start + alike.count()
            }
        };
        self.cursor = end;
        if end == self.nodes.len() {
            self.cursor = 0;
            self.offsets.advance();
        }
        Part {
            lane,
            start: start as u32,
            end: end as u32,
        }
    }
}

impl Part {
    /// Number of its nodes.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Its nodes, in the order of the scenario.
    #[inline]
    pub(super) fn nodes<'a>(&self, lanes: &'a [Lane]) -> &'a [u32] {
        &lanes[self.lane as usize].nodes[self.start as usize..self.end as usize]
    }
}
