//! Random streams: one for each node, link and purpose, alike on every machine
//! and in every version.
//!
//! A stream is named by *what it is for*: (seed, case, run, purpose, name). The
//! name's FNV-1a hash (64 bit) is stretched by SplitMix64 to the 256 bits of a
//! xoshiro256++ generator, as its authors recommend (Blackman and Vigna,
//! "Scrambled Linear Pseudorandom Number Generators", 2021, section 5). Since no
//! stream is cut from another, adding a node, a link or a draw leaves the other
//! streams as they were.
//!
//! All of it is written out here, because a library is free to change what a
//! seed means; a test holds it against the published generators.

/// A xoshiro256++ generator. Its state is what a plugin advances in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random(pub [u64; 4]);

impl Random {
    /// The generator that SplitMix64 makes of a 64-bit seed.
    pub fn from_seed(seed: u64) -> Random {
        let mut state = seed;
        Random(std::array::from_fn(|_| split_mix(&mut state)))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `[0, 1)`: the upper 53 bits of one draw.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `(0, 1]`: safe to take the logarithm of.
    pub fn unit_above_zero(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A whole number in `0..count`, all alike (Lemire, "Fast Random Integer
    /// Generation in an Interval", 2019, algorithm 5). `count` must not be 0.
    pub fn below(&mut self, count: u64) -> u64 {
        let mut wide = u128::from(self.next_u64()) * u128::from(count);
        if (wide as u64) < count {
            let threshold = count.wrapping_neg() % count;
            while (wide as u64) < threshold {
                wide = u128::from(self.next_u64()) * u128::from(count);
            }
        }
        (wide >> 64) as u64
    }
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
/// 2014, with the constants of Vigna's reference code.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a stream is for: the last but one part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What the behavior draws.
    Behavior,
    /// A node's tick rate or interval, and its phase.
    Tick,
    /// A server's service times.
    Service,
    /// Latency and loss of one direction of a link.
    Link,
    /// How far a node's own clock is ahead.
    Offset,
    /// How much faster it goes.
    Drift,
    /// Which of a link's messages arrive twice, and when the copies do.
    Duplicate,
    /// Which of a link's messages arrive changed, and how.
    Corrupt,
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

    /// A stream of the fault with this index, for the time numbered `window` that
    /// it holds, from 0; of a node, or of the link between two.
    pub fn fault(&self, purpose: Purpose, fault: usize, window: u64, names: &[&str]) -> Random {
        let mut hash = Fnv(self.prefix);
        hash.text("fault");
        hash.text(purpose.name());
        hash.bytes(&(fault as u64).to_le_bytes());
        hash.bytes(&window.to_le_bytes());
        names.iter().for_each(|name| hash.text(name));
        Random::from_seed(hash.0)
    }

    /// One number that stands for the run: printed beside its results.
    pub fn run_seed(&self) -> u64 {
        self.prefix
    }
}

/// A number for a name of these parts, the same in every version: its bits are
/// spread, so that its rest by any count divides names evenly.
pub fn name_hash(parts: &[&str], number: u64) -> u64 {
    let mut hash = Fnv::new();
    parts.iter().for_each(|part| hash.text(part));
    hash.bytes(&number.to_le_bytes());
    split_mix(&mut hash.0)
}

/// FNV-1a, 64 bit; texts are closed by a byte that UTF-8 never contains, so
/// that no two lists of parts run together alike.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{Rng, SeedableRng};

    #[test]
    fn the_generator_is_the_published_one() {
        let mut ours = Random::from_seed(262);
        let mut theirs = Xoshiro256PlusPlus::seed_from_u64(262);
        for _ in 0..1000 {
            assert_eq!(ours.next_u64(), theirs.next_u64());
        }
    }

    #[test]
    fn fnv_matches_its_published_vectors() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8_u64),
        ] {
            let mut fnv = Fnv::new();
            fnv.bytes(text.as_bytes());
            assert_eq!(fnv.0, hash);
        }
    }

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

    /// Computed apart, with a program in another language.
    const PINNED: [u64; 4] = [8, 2, 2, 7];

    #[test]
    fn below_is_even_over_a_range_that_does_not_divide() {
        let mut stream = Random::from_seed(7);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        let chi2: f64 = counts
            .iter()
            .map(|&n| (f64::from(n) - 10_000.0).powi(2) / 10_000.0)
            .sum();
        assert!(
            chi2 < 22.5,
            "chi-square of {chi2} with 6 degrees: {counts:?}"
        );
    }
}
