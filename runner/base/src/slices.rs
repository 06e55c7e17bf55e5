//! Equal slices of a run's time, of which there are never more than a bound.
//!
//! How long a run will be is not known while it goes. So the slices begin short, and
//! whenever there would be too many, two and two become one: their width doubles. The
//! slices at the end depend only on the end, not on what happened before. Whoever sums
//! something for each slice (the engine the time that messages wait, the metrics their
//! samples) follows the same rule, and so has the same slices.
//!
//! A slice holds the times after its begin up to and including its end. What happens at
//! the origin or before is in no slice.

/// The most slices.
pub const MOST: u64 = 399;
/// The least number of slices of a run that is at least so many first widths long; a run
/// that lasts for its whole `duration` has exactly so many.
pub const LEAST: u64 = MOST.div_ceil(2);

/// The slices of a run, as wide as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slices {
    origin_ns: u64,
    width_ns: u64,
}

impl Slices {
    /// One slice without an end, after `origin_ns`.
    pub fn endless(origin_ns: u64) -> Slices {
        Slices {
            origin_ns,
            width_ns: u64::MAX,
        }
    }

    /// Slices after `origin_ns`. If the run is known to end at the latest at `end_ns`, they
    /// are such that it then has [`LEAST`] of them.
    pub fn after(origin_ns: u64, end_ns: Option<u64>) -> Slices {
        let width_ns = end_ns.map_or(1, |end_ns| {
            let whole = end_ns.saturating_sub(origin_ns).div_ceil(LEAST).max(1);
            whole >> whole.trailing_zeros()
        });
        Slices {
            origin_ns,
            width_ns,
        }
    }

    /// What is at this time or before it is in no slice `[ns]`.
    pub fn origin_ns(self) -> u64 {
        self.origin_ns
    }

    /// The width of a slice `[ns]`.
    pub fn width_ns(self) -> u64 {
        self.width_ns
    }

    /// The slice of a time; `None` up to the origin. It may be [`MOST`] or more: then the
    /// slices must become wider.
    pub fn index(self, time_ns: u64) -> Option<u64> {
        let since = time_ns.checked_sub(self.origin_ns)?.checked_sub(1)?;
        Some(since / self.width_ns)
    }

    /// The end of a slice `[ns]`.
    pub fn end_ns(self, index: u64) -> u64 {
        let span = (index + 1).saturating_mul(self.width_ns);
        self.origin_ns.saturating_add(span)
    }

    /// Doubles the width if a time would be beyond the last slice; returns whether it did.
    /// Must be called until it does not.
    pub fn widen(&mut self, time_ns: u64) -> bool {
        let beyond = self.index(time_ns).is_some_and(|index| index >= MOST);
        if beyond {
            self.width_ns = self.width_ns.saturating_mul(2);
        }
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at_the_end(mut slices: Slices, end_ns: u64) -> Slices {
        while slices.widen(end_ns) {}
        slices
    }

    #[test]
    fn a_run_of_its_whole_duration_has_two_hundred_slices() {
        for duration in [200, 60 * SECOND, 3600 * SECOND, 1_234_000] {
            let slices = at_the_end(Slices::after(0, Some(duration)), duration);
            assert_eq!(slices.width_ns(), duration / 200, "{duration}");
            assert_eq!(slices.index(duration), Some(199));
        }
        let slices = at_the_end(Slices::after(10 * SECOND, Some(30 * SECOND)), 30 * SECOND);
        assert_eq!(slices.width_ns(), SECOND / 10);
        assert_eq!(slices.index(10 * SECOND), None, "the origin is in no slice");
        assert_eq!(slices.index(10 * SECOND + 1), Some(0));
    }

    #[test]
    fn any_other_end_has_200_to_399_slices() {
        for end in [400, 12_345, 7 * SECOND + 3, u64::MAX] {
            let slices = at_the_end(Slices::after(0, None), end);
            let count = slices.index(end).unwrap() + 1;
            assert!((LEAST..=MOST).contains(&count), "{end}: {count}");
        }
        // A run that a behavior stops long before its duration.
        let early = at_the_end(Slices::after(0, Some(3600 * SECOND)), 11 * SECOND);
        assert!((LEAST..=MOST).contains(&(early.index(11 * SECOND).unwrap() + 1)));
    }

    #[test]
    fn the_end_of_a_slice_belongs_to_it() {
        let slices = Slices::after(5, Some(5 + 200 * 8));
        assert_eq!(slices.end_ns(0), 5 + slices.width_ns());
        assert_eq!(slices.index(slices.end_ns(0)), Some(0));
        assert_eq!(slices.index(slices.end_ns(0) + 1), Some(1));
        assert_eq!(Slices::endless(7).index(u64::MAX), Some(0));
    }
}
