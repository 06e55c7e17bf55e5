//! What is kept of a node beside its metrics, as text: the samples behind the percentiles,
//! so that percentiles over runs are those of all samples, and are judged later with the
//! same bounds; and for how long messages waited, which logs do not have.

use super::histogram::{Digest, Histogram, Room};
use super::value::Value;
use super::window::BatchMeans;
use crate::log::Occupancy;

/// The families of percentiles, in the order of the tables: the names of their metrics
/// before `_p50`.
const FAMILIES: [&str; 3] = ["clock_jump", "queue", "latency"];
/// The family of the sizes of jumps below 0, which belong to `clock_jump`.
const BACK: &str = "clock_jump_back";

/// What a log does not say, one number each: for how long messages waited in the inbox,
/// summed over them `[ns]`, for how long the server was busy `[ns]`, and how many messages
/// were not handled at the end. A log says when a message was sent and handled, but not when
/// it arrived or when a server began to serve it. With `warmup`, it is of the measured part.
const KNOWN: [&str; 3] = ["waited", "served", "unhandled"];

/// The families of batch means begin so; the metric follows.
pub const BATCHED: &str = "batches:";

/// What a log does not say of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known([u128; 3]);

impl Known {
    /// Adds a number by the name of its family; `None` if it is another family, `false` if
    /// the text is not right.
    pub fn add(&mut self, family: &str, text: &str) -> Option<bool> {
        let place = KNOWN.iter().position(|name| *name == family)?;
        let number = text.parse().ok();
        Some(number.map(|number| self.0[place] = number).is_some())
    }

    /// As the engine would have it.
    pub fn occupancy(self, node: u32) -> Occupancy {
        let [waited, served, unhandled] = self.0;
        let small = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        Occupancy {
            node,
            waited,
            served: small(served),
            unhandled: small(unhandled),
            ..Occupancy::default()
        }
    }
}

/// The ends of the names of percentiles, in the order of
/// [`PERCENTILES`](super::PERCENTILES).
const SUFFIXES: [&str; 5] = ["_p50", "_p90", "_p95", "_p99", "_p999"];

/// The samples of one node: `FAMILY HISTOGRAM`, joined by `;`, for each family that has
/// samples; and `waited TIME` if messages waited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples(Box<str>);

/// The samples of a node that is finished. Each of its histograms is read once, for its
/// samples and its metrics; the room for that is used again for the next node.
#[derive(Debug, Default)]
pub(super) struct Finishing {
    text: String,
    room: Room,
    /// For jumps below 0.
    below: Room,
}

impl Finishing {
    /// Adds the jumps of the clock: of 0 or more, and the sizes of those below 0.
    pub fn jumps(&mut self, up: &Histogram, down: Option<&Histogram>) -> (Digest<'_>, Digest<'_>) {
        let none = Histogram::default();
        let up = up.digest(&mut self.room);
        let down = down.unwrap_or(&none).digest(&mut self.below);
        push_family(&mut self.text, FAMILIES[0], &up);
        push_family(&mut self.text, BACK, &down);
        (up, down)
    }

    /// Adds the lengths of the queue.
    pub fn queue(&mut self, lengths: &Histogram) -> Digest<'_> {
        self.family(FAMILIES[1], lengths)
    }

    /// Adds the latencies.
    pub fn latency(&mut self, latencies: &Histogram) -> Digest<'_> {
        self.family(FAMILIES[2], latencies)
    }

    fn family(&mut self, family: &str, histogram: &Histogram) -> Digest<'_> {
        let digest = histogram.digest(&mut self.room);
        push_family(&mut self.text, family, &digest);
        digest
    }

    /// Adds what a log does not say.
    pub fn known(&mut self, held: &Occupancy) {
        let mut digits = itoa::Buffer::new();
        let numbers = [held.waited, held.served.into(), held.unhandled.into()];
        for (name, number) in KNOWN.into_iter().zip(numbers) {
            if number > 0 {
                begin_family(&mut self.text, name);
                self.text.push_str(digits.format(number));
            }
        }
    }

    /// Takes the samples; the next node has none yet.
    pub fn take(&mut self) -> Samples {
        let samples = Samples(self.text.as_str().into());
        self.text.clear();
        samples
    }
}

fn begin_family(text: &mut String, family: &str) {
    if !text.is_empty() {
        text.push(';');
    }
    text.push_str(family);
    text.push(' ');
}

fn push_family(text: &mut String, family: &str, digest: &Digest<'_>) {
    if digest.count() > 0 {
        begin_family(text, family);
        digest.push_text(text);
    }
}

impl Samples {
    fn push(&mut self, family: &str, text: &str) {
        let mut all = std::mem::take(&mut self.0).into_string();
        begin_family(&mut all, family);
        all.push_str(text);
        self.0 = all.into();
    }

    /// Adds the batch means of the node.
    pub(super) fn add_batches(&mut self, batches: &[BatchMeans]) {
        for BatchMeans { metric, means } in batches {
            let means: Vec<String> = means.iter().map(|mean| format!("{mean:?}")).collect();
            // The name of a behavior's column may be anything.
            if !metric.contains([';', '\n', '"', ',']) {
                let family = format!("{BATCHED}{}", metric.replace(' ', "_"));
                self.push(&family, &means.join(" "));
            }
        }
    }

    /// The batch means of the node: each metric with its means.
    pub fn batch_means(&self) -> impl Iterator<Item = (&str, Vec<f64>)> {
        self.families().filter_map(|(family, text)| {
            let metric = family.strip_prefix(BATCHED)?;
            let means: Option<Vec<f64>> = text.split(' ').map(|it| it.parse().ok()).collect();
            Some((metric, means?))
        })
    }

    /// The text of all families, for [`Samples::from_text`].
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The samples of this text; wrong parts are found when they are read.
    pub fn from_text(text: &str) -> Samples {
        Samples(text.into())
    }

    /// Family and histogram of each family that has samples, as text.
    pub fn families(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut rest = &*self.0;
        let part = move || {
            let (part, after) = match memchr::memchr(b';', rest.as_bytes()) {
                Some(end) => (&rest[..end], &rest[end + 1..]),
                None if rest.is_empty() => return None,
                None => (rest, ""),
            };
            rest = after;
            Some(part)
        };
        std::iter::from_fn(part).filter_map(|part| {
            let end = memchr::memchr(b' ', part.as_bytes())?;
            Some((&part[..end], &part[end + 1..]))
        })
    }
}

/// A percentile by its name: its family, and its index in
/// [`PERCENTILES`](super::PERCENTILES). `None` for any other metric.
pub fn percentile(metric: &str) -> Option<(&'static str, usize)> {
    let strip = |(index, suffix): (usize, &&str)| Some((index, metric.strip_suffix(suffix)?));
    let (index, name) = SUFFIXES.iter().enumerate().find_map(strip)?;
    let family = FAMILIES.into_iter().find(|family| *family == name)?;
    Some((family, index))
}

/// The family of percentiles that these samples belong to, by their name in
/// `samples.csv`.
pub fn family_of(of: &str) -> Option<&'static str> {
    let of = if of == BACK { FAMILIES[0] } else { of };
    FAMILIES.into_iter().find(|family| *family == of)
}

/// Samples of one family: of a node in one run, or pooled over nodes and runs.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    up: Histogram,
    down: Histogram,
}

impl Pool {
    /// Adds samples of a family or, of jumps, those below 0. Returns whether the text is
    /// right and the samples belong to `family`.
    pub fn add(&mut self, family: &str, of: &str, text: &str) -> bool {
        let own = match of {
            _ if of == family => &mut self.up,
            BACK if family == FAMILIES[0] => &mut self.down,
            _ => return false,
        };
        own.merge_text(text)
    }

    /// Adds the samples of another pool of the same family.
    pub fn merge(&mut self, other: &Pool) {
        self.up.merge(&other.up);
        self.down.merge(&other.down);
    }

    /// Number of samples.
    pub fn count(&self) -> u64 {
        self.up.count() + self.down.count()
    }

    /// The percentiles, in the order of [`PERCENTILES`](super::PERCENTILES).
    pub fn percentiles(&self) -> [Option<Value>; 5] {
        self.up.percentiles_with(&self.down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_have_a_family() {
        assert_eq!(percentile("latency_p999"), Some(("latency", 4)));
        assert_eq!(percentile("clock_jump_p50"), Some(("clock_jump", 0)));
        for other in [
            "latency_max",
            "p50",
            "load_p50",
            "clock_jump_back_p50",
            "latency_p9",
        ] {
            assert_eq!(percentile(other), None, "{other}");
        }
    }

    #[test]
    fn pooled_percentiles_are_those_of_all_samples() {
        // Means of the medians of the parts would be 50.
        let mut pool = Pool::default();
        assert!(pool.add("latency", "latency", "1 63 1*99"));
        assert!(pool.add("latency", "latency", "1 63 99"));
        assert!(!pool.add("latency", "queue", "1 63 99"));
        assert!(!pool.add("latency", "latency", "2 63 99"));
        let expected = [1, 1, 1, 1, 99].map(|value| Some(Value::Unsigned(value)));
        assert_eq!((pool.count(), pool.percentiles()), (100, expected));
    }

    #[test]
    fn jumps_back_are_pooled_with_those_forward() {
        let mut pool = Pool::default();
        assert!(pool.add("clock_jump", "clock_jump", "1 63 1*4"));
        assert!(pool.add("clock_jump", "clock_jump_back", "1 63 3*6"));
        assert_eq!(pool.percentiles()[0], Some(Value::Signed(-3)));
        assert_eq!(pool.percentiles()[1], Some(Value::Unsigned(1)));
    }
}
