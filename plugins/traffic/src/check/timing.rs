//! The phases follow in their order, and each is as long as configured.
//!
//! The expected phases are computed here from the configured durations and the messages to
//! the controller. The controller's own events about presses are not used.

use super::{Finding, seconds};
use crate::{Colour, Phase, Timings};

/// Checks that phases follow one another and last as configured.
#[derive(Clone, Debug)]
pub struct Timing<R> {
    tolerance_ns: u64,
    timings: Option<Timings>,
    phase: Option<Current<R>>,
    /// The row of a press that is remembered for the next north-south green.
    remembered: Option<R>,
    /// Number of phases that were checked.
    judged: u64,
    failure: Option<Finding<R>>,
}

/// The current phase.
#[derive(Clone, Debug)]
struct Current<R> {
    phase: Phase,
    began_ns: u64,
    row: R,
    /// The first press of this green.
    pressed: Option<Press<R>>,
}

/// A press that counts.
#[derive(Clone, Debug)]
struct Press<R> {
    /// When it counts from: the beginning of the phase if it was remembered `[ns]`.
    at_ns: u64,
    remembered: bool,
    row: R,
}

impl<R: Clone> Timing<R> {
    /// A phase may be too long or too short by the tolerance, because in real time timers are
    /// late.
    pub fn new(tolerance_ns: u64) -> Timing<R> {
        Timing {
            tolerance_ns,
            timings: None,
            phase: None,
            remembered: None,
            judged: 0,
            failure: None,
        }
    }

    /// A controller with these durations starts.
    pub fn starts(&mut self, timings: Timings) {
        self.timings = Some(timings);
        self.phase = None;
        self.remembered = None;
    }

    /// The controller crashes: the end of the phase is not checked.
    pub fn crashes(&mut self) {
        self.phase = None;
        self.timings = None;
    }

    /// A peer that is no light sends a message to the controller. To be called before the
    /// change that the message causes.
    pub fn press(&mut self, time_ns: u64, row: R) {
        let Some(timings) = &self.timings else { return };
        match &mut self.phase {
            Some(now) if now.phase == Phase::NorthSouthGreen => {
                now.pressed.get_or_insert(Press {
                    at_ns: time_ns,
                    remembered: false,
                    row,
                });
            }
            _ if timings.remember_press => {
                self.remembered.get_or_insert(row);
            }
            _ => {}
        }
    }

    /// The controller sends these colours to east-west and north-south; they may be the same
    /// as before.
    pub fn shows(&mut self, time_ns: u64, colours: [Colour; 2], row: R) {
        let was = self.phase.as_ref().map(|now| now.phase.colours());
        if self.timings.is_none() || self.failure.is_some() || was == Some(colours) {
            return;
        }
        let Some(phase) = Phase::of(colours) else {
            let [east_west, north_south] = colours;
            return self.fail(
                time_ns,
                format!(
                    "east-west is to show {east_west} and north-south {north_south}: no phase has that"
                ),
                row,
            );
        };
        let expected = self
            .phase
            .as_ref()
            .map_or(Phase::EastWestGreen, |now| now.phase.next());
        if phase != expected {
            let before = self
                .phase
                .as_ref()
                .map_or("the first phase is".to_owned(), |now| {
                    format!("{} is followed by", now.phase)
                });
            return self.fail(
                time_ns,
                format!("{before} {phase}, expected {expected}"),
                row,
            );
        }
        self.judge_length(time_ns, &row);
        let remembered = match phase {
            Phase::NorthSouthGreen => self.remembered.take(),
            _ => None,
        };
        self.phase = Some(Current {
            phase,
            began_ns: time_ns,
            row,
            pressed: remembered.map(|row| Press {
                at_ns: time_ns,
                remembered: true,
                row,
            }),
        });
    }

    /// Number of phases that have ended.
    pub fn judged(&self) -> u64 {
        self.judged
    }

    /// The result, if the run has ended at this time with this row.
    pub fn finish(mut self, end_ns: u64, row: R) -> Finding<R> {
        if let (Some(now), Some(ends)) = (&self.phase, self.ends_ns())
            && end_ns > ends.saturating_add(self.tolerance_ns)
        {
            let reason = format!(
                "{} goes on since {}, expected to end at {}",
                now.phase,
                seconds(now.began_ns),
                seconds(ends)
            );
            self.fail(end_ns, reason, row);
        }
        match self.failure {
            Some(failure) => failure,
            None if self.judged > 0 => Finding::Pass,
            None => Finding::Unknown {
                reason: "no phase has ended".to_owned(),
            },
        }
    }

    /// When the phase should end `[ns]`.
    fn ends_ns(&self) -> Option<u64> {
        let (now, timings) = (self.phase.as_ref()?, self.timings?);
        let lasts = match now.phase {
            Phase::EastWestGreen => timings.east_west_green,
            Phase::NorthSouthGreen => timings.north_south_green,
            Phase::EastWestYellow | Phase::NorthSouthYellow => timings.yellow,
        };
        let ends = now.began_ns.saturating_add(lasts.ns());
        Some(match &now.pressed {
            Some(press) => {
                let least = timings.north_south_min_green.ns();
                ends.min(now.began_ns.saturating_add(least).max(press.at_ns))
            }
            None => ends,
        })
    }

    fn judge_length(&mut self, time_ns: u64, row: &R) {
        let (Some(now), Some(ends)) = (&self.phase, self.ends_ns()) else {
            return;
        };
        self.judged += 1;
        if time_ns.abs_diff(ends) <= self.tolerance_ns {
            return;
        }
        let pressed = match &now.pressed {
            Some(press) if press.remembered => ", with a press that was remembered".to_owned(),
            Some(press) => {
                let after = press.at_ns - now.began_ns;
                format!(", pressed {} after that", seconds(after))
            }
            None => String::new(),
        };
        let reason = format!(
            "{} since {}{pressed}, lasted {}, expected {}",
            now.phase,
            seconds(now.began_ns),
            seconds(time_ns - now.began_ns),
            seconds(ends - now.began_ns)
        );
        self.fail(time_ns, reason, row.clone());
    }

    /// Only the first failure is reported, with the first row of the phase, its press and
    /// this row.
    fn fail(&mut self, time_ns: u64, what: String, row: R) {
        let now = self.phase.as_ref();
        let first = now.map(|now| now.row.clone());
        let press = now.and_then(|now| Some(now.pressed.as_ref()?.row.clone()));
        self.failure.get_or_insert_with(|| Finding::Fail {
            reason: format!("at {} {what}", seconds(time_ns)),
            rows: first.into_iter().chain(press).chain([row]).collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Colour::{Green, Red, Yellow};
    use runner_sdk::Span;

    /// The events in a controller's log.
    #[derive(Clone, Copy)]
    enum Told {
        Press,
        Shows(Colour, Colour),
        Crash,
        Start,
    }
    use Told::{Crash, Press, Shows, Start};

    const S: u64 = 1_000_000_000;

    /// A round without a press.
    const ROUND: [(u64, Told); 5] = [
        (0, Shows(Green, Red)),
        (30_000, Shows(Yellow, Red)),
        (35_000, Shows(Red, Green)),
        (95_000, Shows(Red, Yellow)),
        (100_000, Shows(Green, Red)),
    ];

    /// The result for this log, with times in ms. A row is the index of an entry; the end has
    /// the index after the last.
    fn found(timings: Timings, tolerance_ms: u64, log: &[(u64, Told)], end: u64) -> Finding<usize> {
        let mut timing = Timing::new(tolerance_ms * 1_000_000);
        timing.starts(timings);
        for (row, &(ms, told)) in log.iter().enumerate() {
            match told {
                Press => timing.press(ms * 1_000_000, row),
                Shows(one, other) => timing.shows(ms * 1_000_000, [one, other], row),
                Crash => timing.crashes(),
                Start => timing.starts(timings),
            }
        }
        timing.finish(end * 1_000_000, log.len())
    }

    fn fails(reason: &str, rows: &[usize]) -> Finding<usize> {
        Finding::Fail {
            reason: reason.to_owned(),
            rows: rows.to_vec(),
        }
    }

    /// The first three changes of a round, followed by these.
    fn then(more: &[(u64, Told)]) -> Vec<(u64, Told)> {
        [&ROUND[..3], more].concat()
    }

    #[test]
    fn a_round_as_configured_passes_and_repeated_colours_are_no_change() {
        assert_eq!(found(Timings::default(), 0, &ROUND, 130_000), Finding::Pass);
        let repeated: Vec<_> = ROUND.iter().flat_map(|&it| [it, it]).collect();
        let passes = found(Timings::default(), 0, &repeated, 100_000);
        assert_eq!(passes, Finding::Pass);
    }

    #[test]
    fn skipping_yellow_is_found() {
        let log = [ROUND[0], (30_000, Shows(Red, Green))];
        let reason =
            "at 30 s east-west green is followed by north-south green, expected east-west yellow";
        assert_eq!(
            found(Timings::default(), 0, &log, 30_000),
            fails(reason, &[0, 1])
        );
    }

    #[test]
    fn a_yellow_that_is_too_short_is_found_to_the_nanosecond() {
        let log = [ROUND[0], ROUND[1], (34_999, Shows(Red, Green))];
        let reason = "at 34.999 s east-west yellow since 30 s, lasted 4.999 s, expected 5 s";
        assert_eq!(
            found(Timings::default(), 0, &log, 40_000),
            fails(reason, &[1, 2])
        );
        assert_eq!(found(Timings::default(), 1, &log, 40_000), Finding::Pass);
    }

    #[test]
    fn a_press_decides_when_green_ends() {
        for (press, ends) in [(36, 65), (45, 65), (65, 65), (75, 75), (95, 95)] {
            let log = then(&[(press * 1000, Press), (ends * 1000, Shows(Red, Yellow))]);
            let passes = found(Timings::default(), 0, &log, ends * 1000);
            assert_eq!(passes, Finding::Pass, "pressed at {press}");
        }
        let unheard = then(&[(45_000, Press), (95_000, Shows(Red, Yellow))]);
        let reason = "at 95 s north-south green since 35 s, pressed 10 s after that, lasted 60 s, expected 30 s";
        assert_eq!(
            found(Timings::default(), 0, &unheard, 95_000),
            fails(reason, &[2, 3, 4])
        );
        let hasty = then(&[(45_000, Press), (45_000, Shows(Red, Yellow))]);
        assert_ne!(found(Timings::default(), 0, &hasty, 95_000), Finding::Pass);
        let unasked = then(&[(65_000, Shows(Red, Yellow))]);
        assert_ne!(
            found(Timings::default(), 0, &unasked, 95_000),
            Finding::Pass
        );
    }

    #[test]
    fn a_press_at_another_time_counts_only_where_it_is_remembered() {
        let remembering = Timings {
            remember_press: true,
            ..Timings::default()
        };
        let log = |ends| {
            [
                ROUND[0],
                (10_000, Press),
                ROUND[1],
                ROUND[2],
                (ends, Shows(Red, Yellow)),
            ]
        };
        for (timings, right, wrong) in [
            (Timings::default(), 95_000, 65_000),
            (remembering, 65_000, 95_000),
        ] {
            assert_eq!(found(timings, 0, &log(right), right), Finding::Pass);
            let Finding::Fail { rows, .. } = found(timings, 0, &log(wrong), wrong) else {
                panic!("a wrong end was not found");
            };
            // A press that counts is part of the proof.
            let proof: &[usize] = match timings.remember_press {
                true => &[3, 1, 4],
                false => &[3, 4],
            };
            assert_eq!(rows, proof);
        }
    }

    #[test]
    fn a_phase_that_does_not_end_is_found_at_the_end() {
        let reason = "at 36 s east-west yellow goes on since 30 s, expected to end at 35 s";
        let log = &ROUND[..2];
        assert_eq!(
            found(Timings::default(), 0, log, 36_000),
            fails(reason, &[1, 2])
        );
        assert_eq!(found(Timings::default(), 0, log, 35_000), Finding::Pass);
    }

    #[test]
    fn colours_of_no_phase_and_a_wrong_beginning_are_found() {
        let both = [ROUND[0], (5_000, Shows(Green, Green))];
        let reason = "at 5 s east-west is to show green and north-south green: no phase has that";
        assert_eq!(
            found(Timings::default(), 0, &both, 5_000),
            fails(reason, &[0, 1])
        );
        let late = [(0, Shows(Red, Green))];
        let reason = "at 0 s the first phase is north-south green, expected east-west green";
        assert_eq!(
            found(Timings::default(), 0, &late, 5_000),
            fails(reason, &[0])
        );
    }

    #[test]
    fn a_crash_cuts_a_phase_short_and_the_next_start_begins_anew() {
        let log = [
            ROUND[0],
            (10_000, Crash),
            (20_000, Press),
            (25_000, Start),
            (25_000, Shows(Green, Red)),
            (55_000, Shows(Yellow, Red)),
        ];
        assert_eq!(found(Timings::default(), 0, &log, 56_000), Finding::Pass);
    }

    #[test]
    fn without_an_ended_phase_nothing_is_known() {
        let unknown = Finding::Unknown {
            reason: "no phase has ended".to_owned(),
        };
        assert_eq!(found(Timings::default(), 0, &ROUND[..1], 29_000), unknown);
        let timing: Timing<usize> = Timing::new(0);
        assert_eq!(timing.finish(S, 0), unknown);
        let short = Timings {
            east_west_green: Span::from_secs(1),
            ..Timings::default()
        };
        assert_ne!(found(short, 0, &ROUND[..1], 2_000), unknown);
    }
}
