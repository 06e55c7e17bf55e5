//! `verdicts.csv` and `evidence.csv`: what the checks and expectations made of
//! each run, and the rows that prove a failure.

use serde::{Deserialize, Serialize};

use super::runs::{Verdict, push_cell};

/// What one check or expectation made of one run, or of all runs of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Who judged.
    pub judge: Judge,
    /// What was asked: `clock.lamport`, `queue_max of machine at most 500`.
    pub name: String,
    /// The answer.
    pub verdict: Verdict,
    /// What was measured or seen; may be empty.
    pub measured: String,
    /// Why it failed or is unknown; empty where it passed.
    pub reason: String,
    /// The rows that prove a failure, at most [`MAX_EVIDENCE`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// The most rows of evidence that are kept of one judgement: what proves a
/// failure is a few rows, and nobody reads more.
pub const MAX_EVIDENCE: usize = 100;

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// A check of a plugin.
    Check,
    /// An expectation of the scenario.
    Expect,
    /// A fault that was required to touch something.
    Fault,
    /// The runner itself: no message appears or is lost without a trace.
    Conservation,
}

/// A row of a node's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The node's name.
    pub node: String,
    /// Number of the row in its log, from 1.
    pub row: u64,
    /// True time since the run began `[ns]`.
    pub time_ns: u64,
    /// The node's step.
    pub step: u64,
    /// What happened.
    pub event: String,
    /// The other end; may be empty.
    pub peer: String,
    /// The sender's number for the message; 0 where there is none.
    pub message: u64,
    /// What matters in it.
    pub note: String,
}

/// The name of the table of judgements.
pub const VERDICTS_FILE: &str = "verdicts.csv";
/// The name of the table of evidence.
pub const EVIDENCE_FILE: &str = "evidence.csv";

/// The header line of `verdicts.csv`, with its line break. `run` is empty for what
/// was judged over all runs of a case.
pub const VERDICTS_HEADER: &str = "run,case,judge,name,verdict,measured,reason\n";
/// The header line of `evidence.csv`, with its line break.
pub const EVIDENCE_HEADER: &str = "run,case,name,node,row,time_ns,step,event,peer,message,note\n";

impl Judge {
    const ALL: [Judge; 4] = [
        Judge::Check,
        Judge::Expect,
        Judge::Fault,
        Judge::Conservation,
    ];

    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Judge::Check => "check",
            Judge::Expect => "expect",
            Judge::Fault => "fault",
            Judge::Conservation => "conservation",
        }
    }

    /// The judge behind a word.
    pub fn from_word(word: &str) -> Option<Judge> {
        Self::ALL.into_iter().find(|judge| judge.word() == word)
    }
}

impl Judgement {
    /// Appends its line of `verdicts.csv`; `run` is none for all of a case.
    pub fn line(&self, run: Option<u64>, case: &str, out: &mut String) {
        push_run(run, case, out);
        for cell in [
            self.judge.word(),
            &self.name,
            self.verdict.word(),
            &self.measured,
            &self.reason,
        ] {
            out.push(',');
            push_cell(out, cell);
        }
        out.push('\n');
    }

    /// Appends its lines of `evidence.csv`.
    pub fn evidence_lines(&self, run: Option<u64>, case: &str, out: &mut String) {
        for row in &self.evidence {
            push_run(run, case, out);
            out.push(',');
            push_cell(out, &self.name);
            out.push(',');
            push_cell(out, &row.node);
            out.push_str(&format!(",{},{},{},", row.row, row.time_ns, row.step));
            push_cell(out, &row.event);
            out.push(',');
            push_cell(out, &row.peer);
            match row.message {
                0 => out.push_str(",,"),
                message => out.push_str(&format!(",{message},")),
            }
            push_cell(out, &row.note);
            out.push('\n');
        }
    }
}

fn push_run(run: Option<u64>, case: &str, out: &mut String) {
    if let Some(run) = run {
        out.push_str(&run.to_string());
    }
    out.push(',');
    push_cell(out, case);
}

/// The gravest of several: failed before unknown before passed; none if there
/// are none.
pub fn gravest(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Passed => 0,
        Verdict::Unknown => 1,
        Verdict::Failed => 2,
    };
    verdicts.into_iter().max_by_key(rank)
}

/// The verdict of a run by its judgements. That messages were conserved passes
/// nothing by itself: a scenario that expects and checks nothing has no verdict.
pub fn verdict_of(judgements: &[Judgement]) -> Option<Verdict> {
    let counts = |it: &&Judgement| it.judge != Judge::Conservation || it.verdict == Verdict::Failed;
    gravest(judgements.iter().filter(counts).map(|it| it.verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(judge: Judge, verdict: Verdict) -> Judgement {
        Judgement {
            judge,
            name: "clock.lamport".to_owned(),
            verdict,
            measured: "3, and more".to_owned(),
            reason: String::new(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn conservation_alone_makes_no_verdict_unless_it_fails() {
        let held = judged(Judge::Conservation, Verdict::Passed);
        assert_eq!(verdict_of(std::slice::from_ref(&held)), None);
        let broken = judged(Judge::Conservation, Verdict::Failed);
        assert_eq!(verdict_of(&[broken]), Some(Verdict::Failed));
        let unknown = judged(Judge::Check, Verdict::Unknown);
        let passed = judged(Judge::Expect, Verdict::Passed);
        assert_eq!(verdict_of(&[held, passed, unknown]), Some(Verdict::Unknown));
    }

    #[test]
    fn lines_are_csv() {
        let mut one = judged(Judge::Check, Verdict::Failed);
        one.evidence.push(Evidence {
            node: "a".to_owned(),
            row: 3,
            time_ns: 7,
            step: 2,
            event: "send".to_owned(),
            peer: "b".to_owned(),
            message: 1,
            note: "clock 4, not 5".to_owned(),
        });
        let (mut lines, mut rows) = (String::new(), String::new());
        one.line(Some(4), "default", &mut lines);
        one.line(None, "faces=10,rates=low", &mut lines);
        one.evidence_lines(Some(4), "default", &mut rows);
        assert_eq!(
            lines,
            "4,default,check,clock.lamport,failed,\"3, and more\",\n\
             ,\"faces=10,rates=low\",check,clock.lamport,failed,\"3, and more\",\n"
        );
        assert_eq!(
            rows,
            "4,default,clock.lamport,a,3,7,2,send,b,1,\"clock 4, not 5\"\n"
        );
    }
}
