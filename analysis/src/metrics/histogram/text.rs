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
    let mut words = text.splitn(3, ' ');
    if words.next() != Some(VERSION) {
        return None;
    }
    let resolution: u8 = words.next()?.parse().ok()?;
    let mut rest = words.next();
    let mut sums = Sums::default();
    if resolution > EXACT {
        return None;
    }
    if resolution < EXACT {
        let mut words = rest?.splitn(4, ' ');
        sums.sum = words.next()?.parse().ok()?;
        sums.min = words.next()?.parse().ok()?;
        sums.max = words.next()?.parse().ok()?;
        rest = words.next();
    }
    let entries = entries(rest, &mut sums.count)?;
    Some((resolution, entries, sums))
}

/// The buckets. A report reads those of all runs, so each byte is looked at once.
fn entries(text: Option<&str>, all: &mut u64) -> Option<Vec<Entry>> {
    let Some(text) = text else {
        return Some(Vec::new());
    };
    let mut entries: Vec<Entry> = Vec::with_capacity(text.len() / LEAST_OFTEN);
    let (mut rest, mut value) = (text.as_bytes(), 0u64);
    loop {
        let step = digits(&mut rest)?;
        let count = match rest.split_first() {
            Some((b'*', after)) => {
                rest = after;
                digits(&mut rest)?
            }
            _ => 1,
        };
        if count == 0 || (step == 0 && !entries.is_empty()) {
            return None;
        }
        value = value.checked_add(step)?;
        entries.push((value, count));
        *all = all.checked_add(count)?;
        match rest.split_first() {
            None => return Some(entries),
            Some((b' ', after)) => rest = after,
            Some(_) => return None,
        }
    }
}

/// Most buckets take no less than this in the text `[bytes]`.
const LEAST_OFTEN: usize = 4;

/// Takes the number at the beginning.
fn digits(rest: &mut &[u8]) -> Option<u64> {
    let (mut number, mut len) = (0u64, 0);
    for digit in rest.iter().map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            break;
        }
        number = number.checked_mul(10)?.checked_add(digit.into())?;
        len += 1;
    }
    *rest = &rest[len..];
    (len > 0).then_some(number)
}
