//! The runs of one case as a population: how often they fail, the confidence interval
//! of this rate, and the first runs that fail.

use crate::log::tables::{RunRow, RunStatus, Verdict};
use crate::statistics::{CONFIDENCE, proportion_interval};

/// Maximum number of failing runs that are named.
const FIRST: usize = 3;

/// The runs of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// Runs that either passed or failed.
    pub runs: u64,
    /// Runs of these that failed, or in which an expectation or a check failed.
    pub failed: u64,
    /// Runs that could not be judged; they are not in `runs`.
    pub unknown: u64,
    /// The numbers of the first that failed, in the order of the plan.
    pub first: Vec<u64>,
}

impl Population {
    /// Adds a run. A run that was interrupted counts only if it was judged.
    pub fn add(&mut self, run: &RunRow) {
        let failed = run.status == RunStatus::Failed || run.verdict == Some(Verdict::Failed);
        match (failed, run.verdict) {
            (true, _) => {
                self.runs += 1;
                self.failed += 1;
                if self.first.len() < FIRST {
                    self.first.push(run.run);
                }
            }
            (false, Some(Verdict::Unknown)) => self.unknown += 1,
            (false, None) if run.status == RunStatus::Interrupted => {}
            _ => self.runs += 1,
        }
    }

    /// The share of runs that failed; `None` without runs.
    pub fn rate(&self) -> Option<f64> {
        (self.runs > 0).then(|| self.failed as f64 / self.runs as f64)
    }

    /// The 95 % interval of the failure rate, which is exact; `None` without runs.
    pub fn interval(&self) -> Option<(f64, f64)> {
        (self.runs > 0).then(|| proportion_interval(self.failed, self.runs, CONFIDENCE))
    }

    /// `12 of 10000 runs failed: 0.12 % (95 % interval 0.069 % to 0.21 %)`.
    pub fn text(&self) -> String {
        let (Some(rate), Some((low, high))) = (self.rate(), self.interval()) else {
            return "no run passed or failed".to_owned();
        };
        let unknown = match self.unknown {
            0 => String::new(),
            more => format!("; {more} unknown, left out"),
        };
        format!(
            "{} of {} runs failed: {} (95 % interval {} to {}{unknown})",
            self.failed,
            self.runs,
            percent(rate),
            percent(low),
            percent(high),
        )
    }

    /// `4, 7 and 10 more`: the numbers of the first runs that failed; empty without any.
    pub fn first_text(&self) -> String {
        let runs: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let more = self.failed - self.first.len() as u64;
        match more {
            0 => runs.join(", "),
            more => format!("{} and {more} more", runs.join(", ")),
        }
    }
}

/// A share in percent, with two significant digits of the distance to 0 % or 100 %.
pub fn percent(share: f64) -> String {
    let value = 100.0 * share;
    let distance = value.min(100.0 - value);
    if distance <= 0.0 {
        return format!("{value:.0} %");
    }
    let decimals = (1.0 - distance.log10().floor()).clamp(0.0, 12.0);
    format!("{value:.0$} %", decimals as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u64, status: RunStatus, verdict: Option<Verdict>) -> RunRow {
        RunRow {
            run: number,
            case: "default".into(),
            seed: 1000 + number,
            status,
            verdict,
            duration_s: 1.0,
            wall_s: 0.0,
            events: 0,
            messages: 0,
            warmup_s: None,
            axes: vec![],
        }
    }

    #[test]
    fn a_run_counts_as_failed_passed_or_unknown() {
        let mut all = Population::default();
        assert_eq!((all.rate(), all.interval()), (None, None));
        for (number, status, verdict) in [
            (1, RunStatus::Complete, None),
            (2, RunStatus::Complete, Some(Verdict::Passed)),
            (3, RunStatus::Complete, Some(Verdict::Failed)),
            (4, RunStatus::Failed, None),
            (5, RunStatus::Failed, Some(Verdict::Unknown)),
            (6, RunStatus::Complete, Some(Verdict::Unknown)),
            (7, RunStatus::Interrupted, None),
            (8, RunStatus::Interrupted, Some(Verdict::Passed)),
        ] {
            all.add(&run(number, status, verdict));
        }
        assert_eq!((all.runs, all.failed, all.unknown), (6, 3, 1));
        assert_eq!(all.first, [3, 4, 5]);
        assert_eq!(
            all.text(),
            "3 of 6 runs failed: 50 % (95 % interval 12 % to 88 %; 1 unknown, left out)"
        );
        assert_eq!(all.first_text(), "3, 4, 5");
        (10..20).for_each(|number| all.add(&run(number, RunStatus::Failed, None)));
        assert!(all.first_text().ends_with("3, 4, 5 and 10 more"));
    }

    #[test]
    fn percentages_keep_two_digits_at_either_end() {
        for (share, text) in [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.5, "50 %"),
            (0.0312, "3.1 %"),
            (0.000_369_2, "0.037 %"),
            (0.999_63, "99.963 %"),
        ] {
            assert_eq!(percent(share), text);
        }
    }
}
