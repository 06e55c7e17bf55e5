//! A linear axis with round ticks.

use crate::render::number;

/// A linear axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    step: f64,
}

impl Scale {
    /// An axis from `low` to `high` drawn from `start` to `end`, with about
    /// `ticks` ticks at round values. With `extend`, the axis ends on a tick.
    pub fn new(
        (low, high): (f64, f64),
        (start, end): (f64, f64),
        ticks: usize,
        extend: bool,
    ) -> Scale {
        let low = if low.is_finite() { low } else { 0.0 };
        let high = if high.is_finite() && high > low {
            high
        } else {
            low + 1.0
        };
        let step = round_step((high - low) / ticks.max(1) as f64);
        let (low, high) = if extend {
            ((low / step).floor() * step, (high / step).ceil() * step)
        } else {
            (low, high)
        };
        Scale {
            low,
            high,
            start,
            end,
            step,
        }
    }

    /// The coordinate of a value; values outside are at an end of the axis.
    pub fn place(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }

    /// The ticks: value and label.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let decimals = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.low / self.step - 1e-9).ceil() as i64;
        let last = (self.high / self.step + 1e-9).floor() as i64;
        (first..=last)
            .map(|index| index as f64 * self.step)
            .map(|value| (value, number::fixed(value, decimals)))
            .collect()
    }

    /// The same axis at another place.
    pub fn moved(&self, start: f64, end: f64) -> Scale {
        Scale {
            start,
            end,
            ..self.clone()
        }
    }
}

/// The least of 1, 2, 5 times a power of ten that is at least `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw * (1.0 - 1e-9))
        .unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_axis() {
        let scale = Scale::new((0.0, 47.0), (0.0, 100.0), 4, true);
        let labels: Vec<_> = scale.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["0", "20", "40", "60"]);
        assert_eq!(scale.place(30.0), 50.0);
        assert_eq!(scale.place(1e9), 100.0);
    }

    #[test]
    fn an_axis_without_extent_still_has_one() {
        let scale = Scale::new((0.0, 0.0), (0.0, 10.0), 4, true);
        assert!(scale.ticks().len() >= 2 && scale.place(0.0) == 0.0);
        Scale::new((f64::NAN, f64::INFINITY), (0.0, 10.0), 0, true).ticks();
    }

    #[test]
    fn small_steps_show_their_decimals() {
        let scale = Scale::new((0.0, 0.08), (0.0, 1.0), 4, true);
        assert_eq!(scale.ticks()[1].1, "0.02");
    }
}
