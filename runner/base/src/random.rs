//! Random numbers: a generator, and the named streams of a run.
//!
//! The generator is xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled Linear
//! Pseudorandom Number Generators", ACM TOMS 47(4), 2021): 256 bits of state, made
//! of a 64-bit seed by SplitMix64, as its authors recommend. It is written out here
//! and not taken from a library, so that a seed means the same on every machine and
//! in every version, and because plugins advance the state in the host's memory. A
//! test compares it with the generator of the crate `rand`.
//!
//! [`Streams`] gives each node, link and purpose a generator of its own.

mod streams;

pub use streams::{Purpose, Streams, name_hash};

use std::convert::Infallible;
use std::ops::RangeInclusive;

use rand::TryRng;

/// A xoshiro256++ generator and its state, which is never all zero where numbers
/// are drawn.
///
/// It is also a generator for the crate `rand` 0.10 (`rand::Rng`), whose
/// distributions may change between versions of that crate. Prefer the methods here
/// where results should be comparable over years.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Random(pub [u64; 4]);

impl Random {
    /// The generator that SplitMix64 makes of a 64-bit seed.
    pub fn from_seed(seed: u64) -> Random {
        let mut state = seed;
        Random(std::array::from_fn(|_| split_mix(&mut state)))
    }

    /// 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let draw = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        draw
    }

    /// A whole number from the range, both ends included, uniformly distributed.
    /// Returns the start of the range if the range is empty.
    #[inline]
    pub fn uniform_int(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = (*range.start(), *range.end());
        if high <= low {
            return low;
        }
        match (high - low).checked_add(1) {
            Some(count) => low + self.below(count),
            None => self.next_u64(),
        }
    }

    /// An index below `count`, uniformly distributed; 0 if `count` is 0.
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

    /// A number in `(0, 1]`: its logarithm is finite.
    #[inline]
    pub fn unit_above_zero(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with this probability.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in `0..count`, uniformly distributed. `count` must not be 0.
    ///
    /// Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1),
    /// 2019, algorithm 5: the upper half of the product of a draw and `count` is the
    /// number. The lower half shows, almost always without a division, whether the
    /// draw is one of the few that would favor some numbers; it is then repeated.
    #[inline]
    pub fn below(&mut self, count: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(count);
        if (product as u64) < count {
            let threshold = count.wrapping_neg() % count;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(count);
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

/// The next number of SplitMix64: Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014, with the constants of Vigna's reference
/// code.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{Rng, RngExt, SeedableRng};

    #[test]
    fn a_million_draws_are_those_of_the_rand_crate() {
        let mut ours = Random::from_seed(262);
        let mut theirs = Xoshiro256PlusPlus::seed_from_u64(262);
        for draw in 0..1_000_000 {
            assert_eq!(ours.next_u64(), theirs.next_u64(), "draw {draw}");
        }
    }

    #[test]
    fn a_seed_is_expanded_as_in_the_rand_crate() {
        for seed in [0, 1, 262, u64::MAX] {
            let mut theirs = Xoshiro256PlusPlus::seed_from_u64(seed);
            assert_eq!(Random::from_seed(seed).next_u64(), theirs.next_u64());
        }
    }

    #[test]
    fn the_traits_of_rand_draw_the_same_as_its_own_generator() {
        let mut ours = Random::from_seed(7);
        let mut theirs = Xoshiro256PlusPlus::seed_from_u64(7);
        let (mut a, mut b) = ([0; 13], [0; 13]);
        ours.fill_bytes(&mut a);
        theirs.fill_bytes(&mut b);
        assert_eq!(a, b);
        assert_eq!(ours.next_u32(), theirs.next_u32());
        assert_eq!(ours.random_range(0..1000), theirs.random_range(0..1000));
    }

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
        let mut random = Random([1, 2, 3, 4]);
        assert_eq!(expected.map(|_| random.next_u64()), expected);
    }

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

    #[test]
    fn a_draw_below_the_threshold_is_repeated() {
        // With 3 * 2^62 numbers a quarter of all draws is below the threshold: of
        // four draws in a row two make a multiple of 3. Repeated, a third is.
        let count = 3 * (1u64 << 62);
        let mut random = Random([1, 2, 3, 4]);
        let multiples = (0..30_000)
            .filter(|_| random.uniform_int(0..=count - 1).is_multiple_of(3))
            .count();
        // Binomial with deviation 82; five of them either side.
        assert!((9_590..=10_410).contains(&multiples), "{multiples}");
    }

    #[test]
    fn empty_and_whole_ranges_have_a_draw() {
        let mut random = Random([1, 2, 3, 4]);
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
        let mut random = Random([1, 2, 3, 4]);
        let mean = (0..10_000)
            .map(|_| random.unit())
            .inspect(|unit| assert!((0.0..1.0).contains(unit)))
            .sum::<f64>()
            / 10_000.0;
        // Deviation of the mean: 1 / sqrt(12 * 10000) = 0.0029; five of them.
        assert!((0.4855..0.5145).contains(&mean), "{mean}");
    }
}
