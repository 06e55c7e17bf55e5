//! `sometimes`, over the runs of a case. In each run there is a judgement that says
//! whether it happened, which does not change the verdict of the run.

use super::rule::{Claim, PropertyRule};
use crate::results::{Judge, Judgement, Verdict};

/// Why a run has no verdict: it was evaluated, and was never true.
const NOT_IN_THIS_RUN: &str = "it did not happen in this run";

/// Whether a property is judged over the runs of a case.
pub fn is_sometimes(rule: &PropertyRule) -> bool {
    matches!(rule.claim, Claim::Sometimes(_))
}

/// In which runs something happened.
#[derive(Clone, Debug, Default)]
pub struct Happenings {
    /// Number of runs in which it was evaluated.
    evaluated: u64,
    /// Number of runs in which it happened.
    happened: u64,
    /// The first of these runs, and where in it.
    first: Option<(u64, String)>,
    /// Why it was not evaluated in the first run in which it was not.
    silent: Option<String>,
}

impl Happenings {
    /// The judgement of a run. `at` is where it happened first: `at 1.2 s (a)`. `silent` is
    /// why it was never evaluated, if it was not.
    pub(super) fn of_run(name: &str, at: Option<String>, silent: Option<String>) -> Judgement {
        let (verdict, reason) = match (&at, silent) {
            (Some(_), _) => (Verdict::Passed, String::new()),
            (None, Some(silent)) => (Verdict::Unknown, silent),
            (None, None) => (Verdict::Unknown, NOT_IN_THIS_RUN.to_owned()),
        };
        Judgement {
            judge: Judge::Happened,
            name: name.to_owned(),
            verdict,
            measured: at.unwrap_or_default(),
            reason,
            evidence: Vec::new(),
        }
    }

    /// Adds the judgement of a run, in the order of the runs.
    pub fn add(&mut self, run: u64, judgement: &Judgement) {
        let happened = judgement.verdict == Verdict::Passed;
        if happened || judgement.reason == NOT_IN_THIS_RUN {
            self.evaluated += 1;
        } else if self.silent.is_none() {
            self.silent = Some(judgement.reason.clone());
        }
        if happened {
            self.happened += 1;
            let measured = || (run, judgement.measured.clone());
            self.first.get_or_insert_with(measured);
        }
    }

    /// The judgement over all `runs` of a case. `claim` is the property in words.
    pub fn judge(&self, name: &str, claim: &str, runs: u64) -> Judgement {
        let measured = match &self.first {
            Some((run, at)) => {
                let happened = self.happened;
                format!("in {happened} of {runs} runs, first in run {run}, {at}")
            }
            None => format!("in 0 of {runs} runs"),
        };
        let (verdict, reason) = match (self.happened, self.evaluated) {
            (1.., _) => (Verdict::Passed, String::new()),
            (0, 1..) => {
                let reason = format!("it happened in no run: {claim}");
                (Verdict::Failed, reason)
            }
            (0, 0) => {
                let reason = self.silent.clone();
                let none = || "no run came to its end".to_owned();
                (Verdict::Unknown, reason.unwrap_or_else(none))
            }
        };
        Judgement {
            judge: Judge::Property,
            name: name.to_owned(),
            verdict,
            measured,
            reason,
            evidence: Vec::new(),
        }
    }

    /// The judgement of a case of which runs are missing.
    pub fn unjudged(name: &str) -> Judgement {
        Judgement {
            judge: Judge::Property,
            name: name.to_owned(),
            verdict: Verdict::Unknown,
            measured: String::new(),
            reason: "runs of the case are missing, so it is not judged".to_owned(),
            evidence: Vec::new(),
        }
    }
}
