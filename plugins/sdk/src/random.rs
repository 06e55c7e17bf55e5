//! Random draws from the node's own stream.
//!
//! The generator is xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled Linear
//! Pseudorandom Number Generators", ACM TOMS 47(4), 2021): 256 bits of state,
//! written out here so that a stream is the same on every machine and in every
//! version. Its state lies in the host's memory, seeded by the host from the
//! scenario's seed, case, run and node; a draw is a few instructions in place.
//!
//! Whole numbers are unbiased: Lemire's method ("Fast Random Integer Generation
//! in an Interval", ACM TOMACS 29(1), 2019, algorithm 5). The 128-bit product of
//! a draw and the number of choices has the choice in its upper half; the lower
//! half tells, almost always without a division, whether the draw falls into
//! the sliver that would favour some choices, and then it is drawn again.

use rand::TryRng;
use std::convert::Infallible;
use std::ops::RangeInclusive;

/// A random stream; see [`Node::random`](crate::Node::random).
///
/// It is also a generator for the crate `rand` 0.10 (`rand::Rng`), whose
/// distributions may change between versions of that crate: prefer the draws
/// here where results should be comparable over years.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream with this state, which must not be all zero.
    pub(crate) fn from_state(state: [u64; 4]) -> Random {
        debug_assert_ne!(state, [0; 4], "an all-zero xoshiro state draws only zeros");
        Random { state }
    }

    /// The stream of a seed, as the crate `rand` expands it (SplitMix64).
    pub(crate) fn from_seed(seed: u64) -> Random {
        let mut counter = seed;
        Random::from_state(std::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let word = (counter ^ counter >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ word >> 31
        }))
    }

    pub(crate) fn state(&self) -> [u64; 4] {
        self.state
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let draw = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        draw
    }

    /// A whole number from the range, both ends included, all alike. The start
    /// of the range where it is empty.
    #[inline]
    pub fn uniform_int(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = (*range.start(), *range.end());
        if high <= low {
            return low;
        }
        match (high - low).checked_add(1) {
            Some(choices) => low + self.below(choices),
            None => self.next_u64(),
        }
    }

    /// An index below `count`, all alike; 0 where `count` is 0.
    #[inline]
    pub fn index(&mut self, count: usize) -> usize {
        match count {
            0 => 0,
            _ => self.below(count as u64) as usize,
        }
    }

    /// A number in `[0, 1)`: the upper 53 bits of a draw over 2^53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `(0, 1]`: safe to take the logarithm of.
    #[inline]
    pub(crate) fn unit_above_zero(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with this probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Lemire's method; `choices` is at least 1.
    #[inline]
    pub(crate) fn below(&mut self, choices: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(choices);
        if (product as u64) < choices {
            let sliver = choices.wrapping_neg() % choices;
            while (product as u64) < sliver {
                product = u128::from(self.next_u64()) * u128::from(choices);
            }
        }
        (product >> 64) as u64
    }
}

impl TryRng for Random {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{Rng, RngExt, SeedableRng};

    #[test]
    fn draws_are_those_of_the_reference_implementation() {
        // From the authors' xoshiro256plusplus.c with the state 1, 2, 3, 4.
        let expected = [
            41943041,
            58720359,
            3588806011781223,
            3591011842654386,
            9228616714210784205,
            9973669472204895162,
            14011001112246962877,
            12406186145184390807,
            15849039046786891736,
            10450023813501588000,
        ];
        let mut random = Random::from_state([1, 2, 3, 4]);
        assert_eq!(expected.map(|_| random.next_u64()), expected);
    }

    #[test]
    fn the_stream_is_the_one_of_the_rand_crate() {
        let mut seed = [0; 32];
        for (i, byte) in seed.iter_mut().enumerate() {
            *byte = (i * 37 + 11) as u8;
        }
        let words = [0, 8, 16, 24].map(|at| {
            u64::from_le_bytes(
                seed[at..at + 8]
                    .try_into()
                    .expect("eight bytes of the seed"),
            )
        });
        let (mut ours, mut theirs) = (
            Random::from_state(words),
            Xoshiro256PlusPlus::from_seed(seed),
        );
        for _ in 0..10_000 {
            assert_eq!(ours.next_u64(), theirs.next_u64());
        }
        let (mut a, mut b) = ([0; 13], [0; 13]);
        ours.fill_bytes(&mut a);
        theirs.fill_bytes(&mut b);
        assert_eq!(a, b);
        assert_eq!(ours.random_range(0..1000), theirs.random_range(0..1000));
    }

    #[test]
    fn a_seed_expands_as_in_the_rand_crate() {
        for seed in [0, 1, 262, u64::MAX] {
            let mut theirs = Xoshiro256PlusPlus::seed_from_u64(seed);
            assert_eq!(Random::from_seed(seed).next_u64(), theirs.next_u64());
        }
    }

    #[test]
    fn whole_numbers_stay_in_range_and_are_alike() {
        let mut random = Random::from_state([1, 2, 3, 4]);
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[random.uniform_int(1..=6) as usize - 1] += 1;
        }
        // Each count is binomial with deviation 91; five of them either side.
        for count in counts {
            assert!((9_544..=10_456).contains(&count), "{counts:?}");
        }
    }

    #[test]
    fn a_draw_in_the_sliver_is_drawn_again() {
        // With 3 * 2^62 choices a quarter of all draws falls into the sliver: of
        // four draws in a row two make a multiple of 3. Drawn again, a third is.
        let choices = 3 * (1u64 << 62);
        let mut random = Random::from_state([1, 2, 3, 4]);
        let multiples = (0..30_000)
            .filter(|_| random.uniform_int(0..=choices - 1).is_multiple_of(3))
            .count();
        // Binomial with deviation 82; five of them either side.
        assert!((9_590..=10_410).contains(&multiples), "{multiples}");
    }

    #[test]
    fn odd_ranges_are_answered() {
        let mut random = Random::from_state([1, 2, 3, 4]);
        assert_eq!(random.uniform_int(7..=7), 7);
        #[allow(clippy::reversed_empty_ranges)]
        let empty = 9..=3;
        assert_eq!(random.uniform_int(empty), 9);
        assert_eq!(random.index(0), 0);
        let mut whole = random.clone();
        assert_eq!(random.uniform_int(0..=u64::MAX), whole.next_u64());
    }

    #[test]
    fn units_lie_in_zero_to_one() {
        let mut random = Random::from_state([1, 2, 3, 4]);
        let mean = (0..10_000)
            .map(|_| random.unit())
            .inspect(|unit| assert!((0.0..1.0).contains(unit)))
            .sum::<f64>()
            / 10_000.0;
        // Deviation of the mean: 1 / sqrt(12 * 10000) = 0.0029; five of them.
        assert!((0.4855..0.5145).contains(&mean), "{mean}");
    }
}
