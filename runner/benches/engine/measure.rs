//! Comparable times: measured in turns, A B A B, within one process.
//!
//! The load, clock rate and temperature of the machine change over seconds. Measurements
//! close in time see about the same machine, so a *ratio* is computed within each round,
//! and the median over the rounds is the result. Nanoseconds are only for orientation.

use std::time::{Duration, Instant};

/// Something to be timed; it returns the time that counts.
pub type Timed<'a> = &'a mut dyn FnMut() -> Duration;

/// The times of several things, round by round `[s]`.
pub struct Rounds<const N: usize>(Vec<[f64; N]>);

/// Times each thing once per round, in turns. A round before the first fills caches and
/// maps memory; it does not count.
pub fn in_turns<const N: usize>(rounds: usize, mut things: [Timed<'_>; N]) -> Rounds<N> {
    let mut round = || {
        let mut times = [0.0; N];
        for (time, thing) in times.iter_mut().zip(&mut things) {
            *time = thing().as_secs_f64();
        }
        times
    };
    round();
    Rounds((0..rounds).map(|_| round()).collect())
}

impl<const N: usize> Rounds<N> {
    /// The median of what this makes of the times of a round.
    pub fn median_of(&self, of: impl Fn(&[f64; N]) -> f64) -> f64 {
        median(self.0.iter().map(of).collect())
    }

    /// The median time of a thing `[s]`.
    pub fn seconds(&self, thing: usize) -> f64 {
        self.median_of(|times| times[thing])
    }

    /// The ratio of the times of two things: the median over the rounds.
    pub fn ratio(&self, thing: usize, other: usize) -> f64 {
        self.median_of(|times| times[thing] / times[other])
    }
}

/// Does a piece of work; returns its result and its time.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
