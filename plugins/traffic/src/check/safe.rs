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

/// The colours of the two roads, each with its row.
type Shown<R> = [(Colour, Option<R>); 2];

/// Checks that the two roads never both show another colour than red.
#[derive(Clone, Debug)]
pub struct Safe<R> {
    tolerance_ns: u64,
    shown: Shown<R>,
    /// The time since which both are not red `[ns]`, and what they showed then.
    both_since: Option<(u64, Shown<R>)>,
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
        self.pass_time(time_ns, Some(&row));
        self.shown[road as usize] = (colour, Some(row));
        let both = self.shown.iter().all(|(shown, _)| *shown != Colour::Red);
        if !both {
            self.both_since = None;
        } else if self.both_since.is_none() {
            self.both_since = Some((time_ns, self.shown.clone()));
        }
        if both && self.tolerance_ns == 0 {
            self.fail(None);
        }
    }

    /// Number of times that a light showed a colour.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The result, if the run has ended at this time, with this row.
    pub fn finish(mut self, end_ns: u64, last: Option<&R>) -> Finding<R> {
        self.pass_time(end_ns, last);
        match self.failure {
            Some(failure) => failure,
            None if self.changes > 0 => Finding::Pass,
            None => Finding::Unknown {
                reason: "no light showed anything".to_owned(),
            },
        }
    }

    /// `row` is the row of this time, if there is one: it shows how long both lasted.
    fn pass_time(&mut self, now_ns: u64, row: Option<&R>) {
        if let Some((since, _)) = self.both_since
            && now_ns - since > self.tolerance_ns
        {
            self.fail(row.filter(|_| self.tolerance_ns > 0));
        }
    }

    /// Only the first violation is reported: the rows since which both are not red, and a row
    /// until which they were.
    fn fail(&mut self, until: Option<&R>) {
        let Some((since_ns, [(east_west, one), (north_south, other)])) = &self.both_since else {
            return;
        };
        self.failure.get_or_insert_with(|| Finding::Fail {
            reason: format!(
                "at {} east-west showed {east_west} and north-south {north_south}",
                seconds(*since_ns)
            ),
            rows: [one.as_ref(), other.as_ref(), until]
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
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
        safe.finish(end * 1_000_000_000, None)
    }

    fn fails<const ROWS: usize>(reason: &str, rows: [usize; ROWS]) -> Finding<usize> {
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
        let reason = "at 5 s east-west showed green and north-south green";
        // The third row shows how long it lasted.
        assert_eq!(found(10, &overlap(5.02), 10), fails(reason, [0, 1, 2]));
        // A violation that lasts until the end.
        assert_eq!(found(10, &overlap(5.0)[..2], 10), fails(reason, [0, 1]));
        // The colours are those of the beginning.
        let [one, other, end] = overlap(5.02);
        let yellow = [one, other, (5.005, EastWest, Yellow), end];
        assert_eq!(found(10, &yellow, 10), fails(reason, [0, 1, 3]));
    }

    #[test]
    fn without_a_colour_nothing_is_known() {
        let expected = Finding::Unknown {
            reason: "no light showed anything".to_owned(),
        };
        assert_eq!(found(0, &[], 10), expected);
    }
}
