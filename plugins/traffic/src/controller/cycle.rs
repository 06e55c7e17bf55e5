//! The state machine: the current phase, when it ends, and the effect of a press.
//!
//! It has times `[ns]` and no nodes. A phase begins when its colours are sent, which on a
//! busy machine may be a little late. Its end is counted from then, so no phase is too short.

use super::Timings;
use crate::Phase;

/// The state of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    timings: Timings,
    phase: Phase,
    /// When the phase began `[ns]`.
    began_ns: u64,
    /// The time of the first press that counts for this green `[ns]`.
    pressed_ns: Option<u64>,
    /// Whether a press is remembered for the next north-south green.
    remembered: bool,
}

/// The effect of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// It ends this green at once, or as soon as the green is long enough.
    Counts,
    /// It is remembered for the next north-south green.
    Remembered,
    /// It changes nothing: presses do not count at this time, or an earlier press counts
    /// already.
    Ignored,
}

impl Cycle {
    /// The beginning of the first phase: east-west is green.
    pub fn new(timings: Timings, now_ns: u64) -> Cycle {
        Cycle {
            timings,
            phase: Phase::EastWestGreen,
            began_ns: now_ns,
            pressed_ns: None,
            remembered: false,
        }
    }

    /// The current phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When the phase began `[ns]`.
    pub fn began_ns(&self) -> u64 {
        self.began_ns
    }

    /// When the phase ends if the button is not pressed before `[ns]`.
    pub fn ends_ns(&self) -> u64 {
        let timings = &self.timings;
        let after = |span: runner_sdk::Span| self.began_ns.saturating_add(span.ns());
        match (self.phase, self.pressed_ns) {
            (Phase::EastWestGreen, _) => after(timings.east_west_green),
            (Phase::NorthSouthGreen, None) => after(timings.north_south_green),
            (Phase::NorthSouthGreen, Some(pressed)) => after(timings.north_south_min_green)
                .max(pressed)
                .min(after(timings.north_south_green)),
            (Phase::EastWestYellow | Phase::NorthSouthYellow, _) => after(timings.yellow),
        }
    }

    /// The button is pressed. The phase may end at this moment: see [`Cycle::ends_ns`].
    pub fn press(&mut self, now_ns: u64) -> Press {
        if self.phase == Phase::NorthSouthGreen {
            if self.pressed_ns.is_some() {
                return Press::Ignored;
            }
            self.pressed_ns = Some(now_ns);
            return Press::Counts;
        }
        if !self.timings.remember_press || self.remembered {
            return Press::Ignored;
        }
        self.remembered = true;
        Press::Remembered
    }

    /// Begins the next phase.
    pub fn go_on(&mut self, now_ns: u64) {
        self.phase = self.phase.next();
        self.began_ns = now_ns;
        self.pressed_ns = None;
        if self.phase == Phase::NorthSouthGreen && self.remembered {
            self.remembered = false;
            self.pressed_ns = Some(now_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runner_sdk::Span;

    const S: u64 = 1_000_000_000;

    /// The times `[s]` at which the phases begin, up to `end`, with presses at these times.
    /// At one instant, presses come first.
    fn changes(timings: Timings, presses: &[u64], end: u64) -> Vec<u64> {
        let mut cycle = Cycle::new(timings, 0);
        let mut begins = vec![0];
        let mut presses = presses.iter().copied().peekable();
        loop {
            let ends = cycle.ends_ns() / S;
            let now = match presses.next_if(|&press| press <= ends) {
                Some(press) => {
                    cycle.press(press * S);
                    press
                }
                None => ends,
            };
            if now > end {
                return begins;
            }
            if cycle.ends_ns() <= now * S {
                cycle.go_on(now * S);
                begins.push(now);
            }
        }
    }

    fn remembering() -> Timings {
        Timings {
            remember_press: true,
            ..Timings::default()
        }
    }

    #[test]
    fn without_a_press_the_phases_last_as_configured() {
        let begins = changes(Timings::default(), &[], 200);
        assert_eq!(begins, [0, 30, 35, 95, 100, 130, 135, 195, 200]);
    }

    #[test]
    fn an_early_press_takes_effect_after_the_least_green_and_a_late_one_at_once() {
        // North-south is green from 35 on.
        for (press, turns) in [
            (36, 65),
            (45, 65),
            (64, 65),
            (65, 65),
            (66, 66),
            (75, 75),
            (94, 94),
        ] {
            let begins = changes(Timings::default(), &[press], turns + 40);
            let expected = [0, 30, 35, turns, turns + 5, turns + 35, turns + 40];
            assert_eq!(begins, expected, "pressed at {press}");
        }
    }

    #[test]
    fn a_press_in_the_instant_of_the_change_ends_the_green_that_ends_anyway() {
        let begins = changes(Timings::default(), &[95], 200);
        assert_eq!(begins, changes(Timings::default(), &[], 200));
    }

    #[test]
    fn a_second_press_changes_nothing() {
        for second in [45, 50, 65] {
            let begins = changes(Timings::default(), &[45, second], 70);
            assert_eq!(begins, [0, 30, 35, 65, 70]);
        }
    }

    #[test]
    fn a_press_at_another_time_counts_only_where_it_is_remembered() {
        // East-west green, its yellow and its end; and then north-south yellow.
        for press in [0, 10, 29, 30, 32] {
            let ignored = changes(Timings::default(), &[press], 100);
            assert_eq!(ignored, [0, 30, 35, 95, 100], "pressed at {press}");
            let remembered = changes(remembering(), &[press], 170);
            let expected = [0, 30, 35, 65, 70, 100, 105, 165, 170];
            assert_eq!(remembered, expected, "pressed at {press}");
        }
        let yellow = changes(remembering(), &[97], 170);
        assert_eq!(yellow, [0, 30, 35, 95, 100, 130, 135, 165, 170]);
    }

    #[test]
    fn several_remembered_presses_are_one() {
        let begins = changes(remembering(), &[1, 2, 31, 33], 165);
        assert_eq!(begins, [0, 30, 35, 65, 70, 100, 105, 165]);
    }

    #[test]
    fn a_late_phase_is_not_shortened() {
        let mut cycle = Cycle::new(Timings::default(), 0);
        cycle.go_on(42 * S);
        assert_eq!(cycle.ends_ns(), 47 * S);
    }

    #[test]
    fn a_least_green_as_long_as_the_green_makes_presses_void() {
        let timings = Timings {
            north_south_min_green: Span::from_secs(60),
            ..Timings::default()
        };
        assert_eq!(changes(timings, &[40, 90], 100), [0, 30, 35, 95, 100]);
    }
}
