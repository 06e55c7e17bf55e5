//! Of two crossing roads, at least one always has red.

use super::{Finding, seconds};
use crate::Colour;

/// One of the two roads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// The road that is green first.
    EastWest,
    /// The road whose green a press shortens.
    NorthSouth,
}

/// Checks that the two roads never both show another colour than red.
#[derive(Clone, Debug)]
pub struct Safe<R> {
    tolerance_ns: u64,
    shown: [(Colour, Option<R>); 2],
    /// The time since which both are not red `[ns]`.
    both_since: Option<u64>,
    failure: Option<Finding<R>>,
    /// Number of times that a light showed a colour.
    changes: u64,
}

impl<R: Clone> Safe<R> {
    /// Both roads are red. With a tolerance of 0, both may never be not red, not even within
    /// one instant. Otherwise they may for at most that long: over a real network, the
    /// message `R` may arrive a little late.
    pub fn new(tolerance_ns: u64) -> Safe<R> {
        Safe {
            tolerance_ns,
            shown: [(Colour::Red, None), (Colour::Red, None)],
            both_since: None,
            failure: None,
            changes: 0,
        }
    }

    /// The light of a road shows this from now on.
    pub fn shows(&mut self, time_ns: u64, road: Road, colour: Colour, row: R) {
        self.changes += 1;
        self.pass_time(time_ns);
        self.shown[road as usize] = (colour, Some(row));
        let both = self.shown.iter().all(|(shown, _)| *shown != Colour::Red);
        match (both, self.both_since) {
            (false, _) => self.both_since = None,
            (true, None) => self.both_since = Some(time_ns),
            (true, Some(_)) => {}
        }
        if both && self.tolerance_ns == 0 {
            self.fail(time_ns);
        }
    }

    /// Number of times that a light showed a colour.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The result, if the run has ended at this time.
    pub fn finish(mut self, end_ns: u64) -> Finding<R> {
        self.pass_time(end_ns);
        match self.failure {
            Some(failure) => failure,
            None if self.changes > 0 => Finding::Pass,
            None => Finding::Unknown {
                reason: "no light showed anything".to_owned(),
            },
        }
    }

    fn pass_time(&mut self, now_ns: u64) {
        if let Some(since) = self.both_since
            && now_ns - since > self.tolerance_ns
        {
            self.fail(since);
        }
    }

    /// Only the first violation is reported.
    fn fail(&mut self, since_ns: u64) {
        let [(east_west, one), (north_south, other)] = &self.shown;
        self.failure.get_or_insert_with(|| Finding::Fail {
            reason: format!(
                "at {} east-west showed {east_west} and north-south {north_south}",
                seconds(since_ns)
            ),
            rows: [one, other].into_iter().flatten().cloned().collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Colour::{Green, Red, Yellow};
    use Road::{EastWest, NorthSouth};

    /// The result if the roads show these colours at these times `[s]`. A row is the index of
    /// an entry.
    fn found(tolerance_ms: u64, shown: &[(f64, Road, Colour)], end: u64) -> Finding<usize> {
        let mut safe = Safe::new(tolerance_ms * 1_000_000);
        for (row, &(time, road, colour)) in shown.iter().enumerate() {
            safe.shows((time * 1e9) as u64, road, colour, row);
        }
        safe.finish(end * 1_000_000_000)
    }

    fn fails(reason: &str, rows: [usize; 2]) -> Finding<usize> {
        Finding::Fail {
            reason: reason.to_owned(),
            rows: rows.to_vec(),
        }
    }

    #[test]
    fn roads_that_take_turns_are_safe() {
        let shown = [
            (0.0, NorthSouth, Red),
            (0.0, EastWest, Green),
            (30.0, EastWest, Yellow),
            (35.0, EastWest, Red),
            (35.0, NorthSouth, Green),
            (95.0, NorthSouth, Yellow),
            (100.0, NorthSouth, Red),
            (100.0, EastWest, Green),
        ];
        assert_eq!(found(0, &shown, 110), Finding::Pass);
    }

    #[test]
    fn both_green_is_found_at_the_first_time_and_so_is_yellow_beside_green() {
        let shown = [
            (0.0, EastWest, Green),
            (1.5, NorthSouth, Green),
            (2.0, EastWest, Red),
            (3.0, EastWest, Yellow),
        ];
        let expected = fails(
            "at 1.5 s east-west showed green and north-south green",
            [0, 1],
        );
        assert_eq!(found(0, &shown, 10), expected);
        let yellow = [(1.0, EastWest, Yellow), (2.0, NorthSouth, Yellow)];
        let expected = fails(
            "at 2 s east-west showed yellow and north-south yellow",
            [0, 1],
        );
        assert_eq!(found(0, &yellow, 2), expected);
    }

    #[test]
    fn the_order_within_an_instant_counts() {
        let wrong = [
            (0.0, EastWest, Green),
            (5.0, NorthSouth, Green),
            (5.0, EastWest, Red),
        ];
        assert_ne!(found(0, &wrong, 10), Finding::Pass);
    }

    #[test]
    fn a_tolerance_is_how_long_both_may_last() {
        let overlap = |until| {
            [
                (0.0, EastWest, Green),
                (5.0, NorthSouth, Green),
                (until, EastWest, Red),
            ]
        };
        assert_eq!(found(10, &overlap(5.01), 10), Finding::Pass);
        let expected = fails(
            "at 5 s east-west showed green and north-south green",
            [0, 1],
        );
        assert_eq!(found(10, &overlap(5.02), 10), expected);
        // A violation that lasts until the end.
        assert_eq!(found(10, &overlap(5.0)[..2], 10), expected);
    }

    #[test]
    fn without_a_colour_nothing_is_known() {
        let expected = Finding::Unknown {
            reason: "no light showed anything".to_owned(),
        };
        assert_eq!(found(0, &[], 10), expected);
    }
}
