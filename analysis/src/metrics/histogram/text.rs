//! A histogram as text, for the journal and for `samples.csv`: words separated by
//! spaces.
//!
//! ```text
//! 1                    the version of the form
//! 63                   resolution: 63 is exact; b: values that agree in their highest
//!                      bit and in the b bits below are counted together
//! SUM LEAST GREATEST   of the values; only if the resolution is not 63
//! 20 4*3 1             ascending: the difference to the value before, and *COUNT
//!                      unless it is 1; here 20 once, 24 three times, 25 once
//! ```

use std::fmt::Write;

use super::counts::{EXACT, Entry, LIMIT, Sums};
use super::{Digest, Histogram, Room};

/// The version of the form.
const VERSION: &str = "1";

impl Digest<'_> {
    /// Appends the histogram as text.
    pub fn push_text(&self, text: &mut String) {
        let infallible = "a string takes what it is given";
        let mut digits = itoa::Buffer::new();
        text.push_str(VERSION);
        text.push(' ');
        text.push_str(digits.format(self.resolution));
        if self.resolution < EXACT {
            let Sums { sum, min, max, .. } = self.sums;
            write!(text, " {sum} {min} {max}").expect(infallible);
        }
        let mut last = 0;
        for &(value, count) in self.entries {
            text.push(' ');
            text.push_str(digits.format(value - last));
            if count != 1 {
                text.push('*');
                text.push_str(digits.format(count));
            }
            last = value;
        }
    }
}

impl Histogram {
    /// The histogram as text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.digest(&mut Room::default()).push_text(&mut text);
        text
    }

    /// Reads what [`Histogram::to_text`] wrote; `None` if it is something else, or of
    /// another version.
    pub fn from_text(text: &str) -> Option<Histogram> {
        let (resolution, entries, sums) = parts(text)?;
        Some(Histogram::of(resolution, LIMIT, entries, sums))
    }

    /// Adds what [`Histogram::to_text`] wrote of another histogram. Returns whether it is that.
    pub fn merge_text(&mut self, text: &str) -> bool {
        let parts = parts(text);
        let added = parts.map(|(resolution, entries, sums)| self.take(resolution, entries, sums));
        added.is_some()
    }
}

/// The resolution, the buckets, and the sums of the values.
fn parts(text: &str) -> Option<(u8, Vec<Entry>, Sums)> {
    let mut words = text.split(' ');
    if words.next() != Some(VERSION) {
        return None;
    }
    let resolution: u8 = words.next()?.parse().ok()?;
    let mut sums = Sums::default();
    if resolution > EXACT {
        return None;
    }
    if resolution < EXACT {
        sums.sum = words.next()?.parse().ok()?;
        sums.min = words.next()?.parse().ok()?;
        sums.max = words.next()?.parse().ok()?;
    }
    let mut entries = Vec::new();
    let mut last: Option<u64> = None;
    for word in words {
        let (step, count) = word.split_once('*').unwrap_or((word, "1"));
        let (step, count): (u64, u64) = (step.parse().ok()?, count.parse().ok()?);
        if count == 0 || (step == 0 && last.is_some()) {
            return None;
        }
        let value = last.unwrap_or(0).checked_add(step)?;
        entries.push((value, count));
        sums.count = sums.count.checked_add(count)?;
        last = Some(value);
    }
    Some((resolution, entries, sums))
}
