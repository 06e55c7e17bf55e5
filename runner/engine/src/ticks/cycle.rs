//! Ticks that repeat: all instants of one cycle in a list.
//!
//! A node of rate `r` ticks at floor(k * 10^9 / r) ns. If `r` is the fraction p/q, in
//! lowest terms, then p ticks take exactly q seconds, and the offsets of the next p ticks
//! are the same, q seconds later. So the ticks of all nodes repeat after the least common
//! multiple of these spans, from the time on at which all nodes have started. The list has
//! the instants before that time, and those of one cycle.

use super::Ticks;
use super::lane::Lane;
use super::period::greatest_common_divisor;

/// The instants at which nodes tick.
#[derive(Debug)]
pub(super) struct Cycle {
    instants: Vec<Listed>,
    /// The index of the next one.
    next: usize,
    /// The first instant of the cycle; those before it are not repeated.
    repeats: usize,
    /// Number of nodes that tick before it.
    nodes_before: usize,
    /// From one repetition to the next `[ns]`.
    span: u64,
    /// How much later than listed the instants are now `[ns]`.
    later: u64,
}

/// An instant in the list.
#[derive(Clone, Copy, Debug)]
struct Listed {
    time: u64,
    /// Number of nodes that tick until then, those of this instant included.
    end: u32,
}

/// The nodes that tick at one instant: an interval of the list of nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instant {
    /// `[ns]`
    pub time: u64,
    pub first: usize,
    pub end: usize,
}

/// The most ticks of a list, for each node; and in any case. Rates of 1 to 6 ticks a second
/// need 3.5 for each node, 4 bytes each.
const TICKS_PER_NODE: u64 = 4;
const FEW_TICKS: u64 = 256;

impl Cycle {
    /// Lists the ticks if they repeat soon, with the nodes in their order. Takes the ticks
    /// from `ticks`, where none has been taken.
    pub(super) fn record(ticks: &mut Ticks) -> Option<(Cycle, Vec<u32>)> {
        let Extent {
            span,
            starts_after,
            listed,
        } = extent(&ticks.lanes)?;
        let mut nodes = Vec::with_capacity(listed as usize);
        let mut cycle = Cycle {
            instants: Vec::new(),
            next: 0,
            repeats: 0,
            nodes_before: 0,
            span,
            later: 0,
        };
        let mut first = None;
        while ticks.time != u64::MAX {
            match first {
                None if ticks.time > starts_after => {
                    first = Some(ticks.time);
                    cycle.repeats = cycle.instants.len();
                    cycle.nodes_before = nodes.len();
                }
                Some(first) if ticks.time - first >= span => return Some((cycle, nodes)),
                _ => {}
            }
            nodes.extend_from_slice(&ticks.due);
            cycle.instants.push(Listed {
                time: ticks.time,
                end: u32::try_from(nodes.len()).ok()?,
            });
            ticks.next_of_lanes();
        }
        // The end of time is within the list: `extent` excludes it.
        None
    }

    /// The next instant.
    #[inline]
    pub(super) fn next_instant(&mut self) -> Instant {
        let first = match self.next {
            0 => 0,
            next if next < self.instants.len() => self.instants[next - 1].end as usize,
            _ => {
                self.next = self.repeats;
                self.later = self.later.saturating_add(self.span);
                self.nodes_before
            }
        };
        let listed = self.instants[self.next];
        self.next += 1;
        Instant {
            time: listed.time.saturating_add(self.later),
            first,
            end: listed.end as usize,
        }
    }
}

/// What a list would hold.
struct Extent {
    /// The length of a cycle `[ns]`.
    span: u64,
    /// After this time, ticks repeat `[ns]`.
    starts_after: u64,
    /// The most ticks before a cycle and in it.
    listed: u64,
}

/// What a list of the ticks of these lanes would hold; none if it would be too long, or if
/// they do not repeat.
fn extent(lanes: &[Lane]) -> Option<Extent> {
    let nodes: u64 = lanes.iter().map(|lane| lane.len() as u64).sum();
    let most = (TICKS_PER_NODE * nodes).max(FEW_TICKS);
    let mut span: u64 = 1;
    for lane in lanes {
        let (_, own) = lane.cycle()?;
        span = (span / greatest_common_divisor(span, own)).checked_mul(own)?;
    }
    // An instant has 16 bytes: where each node has its own, lanes are smaller.
    let (mut ticks, mut instants): (u64, u64) = (0, 0);
    for lane in lanes {
        let (count, own) = lane.cycle()?;
        let rounds = count.checked_mul(span / own)?;
        ticks = ticks.checked_add(rounds.checked_mul(lane.len() as u64)?)?;
        instants = instants.checked_add(rounds.checked_mul(lane.base_count() as u64)?)?;
    }
    let starts_after = lanes.iter().map(|lane| lane.bases().1).max()?;
    let starts = lanes.iter().map(|lane| lane.bases().0).min()?;
    let cycles = ((starts_after - starts) / span).checked_add(2)?;
    // Far from the end of time, so that no tick of the list is beyond it.
    starts_after.checked_add(span.checked_mul(4)?)?;
    let listed = ticks.checked_mul(if starts_after == starts { 1 } else { cycles })?;
    let instants = instants.checked_mul(cycles)?;
    (listed <= most && instants <= (nodes / 2).max(2 * FEW_TICKS)).then_some(Extent {
        span,
        starts_after,
        listed,
    })
}
