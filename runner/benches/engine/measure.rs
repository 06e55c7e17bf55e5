//! Times that can be compared: taken in turns, A B A B, within one process.
//!
//! Other work on the machine, its clock rate and its temperature change over
//! seconds. Neighbors in time see about the same machine, so a *ratio* is taken
//! within each round, and the median of the rounds is the result. Nanoseconds
//! are printed for orientation only.

use std::time::{Duration, Instant};

/// Something that is timed; what it answers was spent on what counts.
pub type Timed<'a> = &'a mut dyn FnMut() -> Duration;

/// The times of several things, round by round `[s]`.
pub struct Rounds<const N: usize>(Vec<[f64; N]>);

/// Times each thing once per round, in turns. A round before the first, which
/// fills caches and faults pages in, does not count.
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
    /// The median time of a thing `[s]`.
    pub fn seconds(&self, thing: usize) -> f64 {
        median(self.0.iter().map(|times| times[thing]).collect())
    }

    /// How many times as long a thing took as another: the median of the rounds.
    pub fn ratio(&self, thing: usize, other: usize) -> f64 {
        median(self.0.iter().map(|t| t[thing] / t[other]).collect())
    }
}

/// Does a piece of work, and tells how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
