//! Named streams: one generator for each node, link and purpose of a run.
//!
//! A stream has a name made of what it is for: (seed, case, run, purpose, node or
//! link). The name's FNV-1a hash (64 bit) is the seed of its generator. No stream is
//! cut from another, so one more node, link or draw leaves the other streams as
//! they were.

use super::{Random, split_mix};
use crate::fnv;

/// What a stream is for: the last but one part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The draws of the behavior.
    Behavior,
    /// A node's tick rate or interval, and its phase.
    Tick,
    /// A server's service times.
    Service,
    /// Latency and loss of one direction of a link.
    Link,
    /// The offset of a node's own clock.
    Offset,
    /// The drift of a node's own clock.
    Drift,
    /// Which of a link's messages arrive twice, and when the copies do.
    Duplicate,
    /// Which of a link's messages arrive changed, and how.
    Corrupt,
    /// When a link changes between its good and its bad state.
    LossState,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Behavior => "behavior",
            Purpose::Tick => "tick",
            Purpose::Service => "service",
            Purpose::Link => "link",
            Purpose::Offset => "offset",
            Purpose::Drift => "drift",
            Purpose::Duplicate => "duplicate",
            Purpose::Corrupt => "corrupt",
            Purpose::LossState => "loss-state",
        }
    }
}

/// The streams of one run.
#[derive(Clone, Debug)]
pub struct Streams {
    prefix: u64,
}

impl Streams {
    /// The streams of run `run` (its number within the case, from 1) of a case.
    pub fn new(seed: u64, case: &str, run: u32) -> Streams {
        let mut hash = Fnv::new();
        hash.bytes(&seed.to_le_bytes());
        hash.text(case);
        hash.bytes(&u64::from(run).to_le_bytes());
        Streams { prefix: hash.0 }
    }

    /// Other streams, with the same names: number `number` of those that a run may go on with.
    pub fn reseeded(&self, number: u64) -> Streams {
        let mut hash = Fnv(self.prefix);
        hash.text("reseeded");
        hash.bytes(&number.to_le_bytes());
        Streams { prefix: hash.0 }
    }

    /// The stream of a node, under its name in random streams.
    pub fn node(&self, purpose: Purpose, name: &str) -> Random {
        let mut hash = Fnv(self.prefix);
        hash.text(purpose.name());
        hash.text(name);
        Random::from_seed(hash.0)
    }

    /// A stream of the link from one node to another.
    pub fn link(&self, purpose: Purpose, from: &str, to: &str) -> Random {
        let mut hash = Fnv(self.prefix);
        hash.text(purpose.name());
        hash.text(from);
        hash.text(to);
        Random::from_seed(hash.0)
    }

    /// A stream of the fault with this index, for its occurrence number `window`, from
    /// 0. `names` is one node, or the two nodes of a link.
    pub fn fault(&self, purpose: Purpose, fault: usize, window: u64, names: &[&str]) -> Random {
        let mut hash = Fnv(self.prefix);
        hash.text("fault");
        hash.text(purpose.name());
        hash.bytes(&(fault as u64).to_le_bytes());
        hash.bytes(&window.to_le_bytes());
        names.iter().for_each(|name| hash.text(name));
        Random::from_seed(hash.0)
    }

    /// The seed of the run as its results show it.
    pub fn run_seed(&self) -> u64 {
        self.prefix
    }
}

/// A number for a name of these parts, the same in every version. Its bits are
/// mixed, so that the remainder by any count spreads names evenly.
pub fn name_hash(parts: &[&str], number: u64) -> u64 {
    let mut hash = Fnv::new();
    parts.iter().for_each(|part| hash.text(part));
    hash.bytes(&number.to_le_bytes());
    split_mix(&mut hash.0)
}

/// FNV-1a, 64 bit. A byte that UTF-8 never contains ends each text, so that two
/// different lists of parts never give the same bytes.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(fnv::EMPTY)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = fnv::extended(self.0, bytes.iter().copied());
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_every_part_of_their_name() {
        let base = Streams::new(1, "default", 1);
        let first = base.node(Purpose::Tick, "a").0;
        for other in [
            Streams::new(2, "default", 1).node(Purpose::Tick, "a"),
            Streams::new(1, "faces=5", 1).node(Purpose::Tick, "a"),
            Streams::new(1, "default", 2).node(Purpose::Tick, "a"),
            base.node(Purpose::Behavior, "a"),
            base.node(Purpose::Tick, "b"),
            base.link(Purpose::Link, "tick", "a"),
            base.link(Purpose::Link, "a", "tick"),
            base.link(Purpose::Corrupt, "a", "tick"),
            base.reseeded(0).node(Purpose::Tick, "a"),
            base.reseeded(1).node(Purpose::Tick, "a"),
        ] {
            assert_ne!(first, other.0);
        }
        let link = |from, to| base.link(Purpose::Link, from, to).0;
        assert_ne!(link("ab", "c"), link("a", "bc"));
    }

    #[test]
    fn streams_never_change_between_versions() {
        let mut stream = Streams::new(262, "default", 1).node(Purpose::Behavior, "machine-1");
        let drawn: Vec<u64> = (0..4).map(|_| stream.below(10)).collect();
        assert_eq!(drawn, PINNED, "a released seed means something else now");
    }

    /// Computed by a program in another language.
    const PINNED: [u64; 4] = [8, 2, 2, 7];
}
