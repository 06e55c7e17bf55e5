//! `verdicts.csv` and `evidence.csv`: the result of each check and expectation of
//! each run, and the log rows that prove a failure.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reader::{TableError, TableReader, TableRow};
use super::runs::Verdict;
use crate::quoting::line;

/// The result of one check or expectation, of one run or of all runs of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What kind of judge.
    pub judge: Judge,
    /// The check or expectation: `clock.lamport`, `queue_max of machine at most 500`.
    pub name: String,
    /// The result.
    pub verdict: Verdict,
    /// The measured value; may be empty.
    pub measured: String,
    /// Why it failed or is unknown. If it passed: empty, or what makes the run doubtful
    /// all the same.
    pub reason: String,
    /// The log rows that prove a failure: all of them, at most [`MAX_EVIDENCE`], or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// Maximum number of rows of evidence of one judgement. A part of a proof proves nothing, so of a
/// longer one no row is kept, and the judgement says so. Arbitrary: far more than a reader looks
/// at, and about a megabyte in the journal.
pub const MAX_EVIDENCE: usize = 10_000;

/// The kinds of judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Judge {
    /// A check of a plugin.
    Check,
    /// An expectation of the scenario.
    Expect,
    /// A property of the scenario.
    Property,
    /// Whether what a property says happened in this run. The property is judged over
    /// the runs of the case, and the verdict of the run does not depend on it.
    Happened,
    /// A fault that is required to touch something.
    Fault,
    /// The runner: each message that was sent was received, or dropped, or is on
    /// its way.
    Conservation,
    /// The runner: at each node, the messages that wait are as many as Little's law says.
    LittlesLaw,
    /// The runner: done twice, a run with programs in virtual time is the same.
    Repeats,
    /// The runner: which part of a run is left out of the metrics. There is a judgement only
    /// if it is not known.
    Warmup,
    /// The runner: some node did a step, or some program exchanged a message. Of a
    /// single run there is a judgement only if nothing happened, and the verdict of the
    /// run does not depend on it; the case is judged over its runs.
    Activity,
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
    /// The other end of the message; may be empty.
    pub peer: String,
    /// The sender's number for the message; 0 if the row has no message.
    pub message: u64,
    /// Why the row proves the failure.
    pub note: String,
}

/// The header line of `verdicts.csv`, with its line end. `run` is empty for a
/// judgement over all runs of a case.
pub const VERDICTS_HEADER: &str = "run,case,judge,name,verdict,measured,reason\n";
/// The header line of `evidence.csv`, with its line end.
pub const EVIDENCE_HEADER: &str = "run,case,name,node,row,time_ns,step,event,peer,message,note\n";

impl Judge {
    const ALL: [Judge; 10] = [
        Judge::Check,
        Judge::Expect,
        Judge::Property,
        Judge::Happened,
        Judge::Fault,
        Judge::Conservation,
        Judge::LittlesLaw,
        Judge::Repeats,
        Judge::Warmup,
        Judge::Activity,
    ];

    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Judge::Check => "check",
            Judge::Expect => "expect",
            Judge::Property => "property",
            Judge::Happened => "happened",
            Judge::Fault => "fault",
            Judge::Conservation => "conservation",
            Judge::LittlesLaw => "littles-law",
            Judge::Repeats => "repeats",
            Judge::Warmup => "warmup",
            Judge::Activity => "activity",
        }
    }

    /// The judge behind a word.
    pub fn from_word(word: &str) -> Option<Judge> {
        Self::ALL.into_iter().find(|judge| judge.word() == word)
    }
}

/// The columns of a header line.
fn columns(header: &str) -> Vec<&str> {
    header.trim_end().split(',').collect()
}

impl Judgement {
    /// Appends the line of `verdicts.csv`; `run` is `None` for all runs of a case.
    pub fn line(&self, run: Option<u64>, case: &str, out: &mut String) {
        out.push_str(&line([
            number(run).as_str(),
            case,
            self.judge.word(),
            &self.name,
            self.verdict.word(),
            &self.measured,
            &self.reason,
        ]));
    }

    /// Appends the lines of `evidence.csv`.
    pub fn evidence_lines(&self, run: Option<u64>, case: &str, out: &mut String) {
        let run = number(run);
        for row in &self.evidence {
            let message = (row.message > 0).then_some(row.message);
            out.push_str(&line([
                run.as_str(),
                case,
                &self.name,
                &row.node,
                &row.row.to_string(),
                &row.time_ns.to_string(),
                &row.step.to_string(),
                &row.event,
                &row.peer,
                &number(message),
                &row.note,
            ]));
        }
    }
}

/// The judgement of a run in which nothing happened.
pub fn idle_run() -> Judgement {
    Judgement {
        judge: Judge::Activity,
        name: "a run".to_owned(),
        verdict: Verdict::Unknown,
        measured: String::new(),
        reason: "no node did a step and no program exchanged a message".to_owned(),
        evidence: Vec::new(),
    }
}

/// The judgement of a case in none of whose `runs` anything happened.
pub fn idle_case(runs: u64) -> Judgement {
    let of = match runs {
        1 => "its run".to_owned(),
        runs => format!("any of its {runs} runs"),
    };
    Judgement {
        name: "all runs".to_owned(),
        reason: format!("{} in {of}: nothing was tested", idle_run().reason),
        ..idle_run()
    }
}

/// A number as a cell; `None` is an empty cell.
fn number(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// A row of `verdicts.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct VerdictRow {
    /// `None` for a judgement over all runs of a case.
    pub run: Option<u64>,
    /// The id of the case.
    pub case: String,
    /// The judgement, without its evidence.
    pub judgement: Judgement,
}

impl VerdictRow {
    /// Opens a `verdicts.csv`.
    ///
    /// # Errors
    /// The file cannot be read, or has another header.
    pub fn open(path: &Path) -> Result<TableReader, TableError> {
        TableReader::open(path, &columns(VERDICTS_HEADER))
    }

    /// Reads a row.
    ///
    /// # Errors
    /// A cell holds something else.
    pub fn from_row(row: &TableRow<'_>) -> Result<VerdictRow, TableError> {
        let judge = Judge::from_word(row.text(2)?).ok_or_else(|| {
            row.wrong(
                2,
                "`check`, `expect`, `property`, `happened`, `fault`, `conservation` or `activity`",
            )
        })?;
        let verdict = Verdict::from_word(row.text(4)?)
            .ok_or_else(|| row.wrong(4, "`passed`, `failed` or `unknown`"))?;
        Ok(VerdictRow {
            run: row.optional_number(0)?,
            case: row.text(1)?.to_owned(),
            judgement: Judgement {
                judge,
                name: row.text(3)?.to_owned(),
                verdict,
                measured: row.text(5)?.to_owned(),
                reason: row.text(6)?.to_owned(),
                evidence: Vec::new(),
            },
        })
    }
}

/// A row of `evidence.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRow {
    /// The number of the run.
    pub run: u64,
    /// The check that failed.
    pub name: String,
    /// The row of a node's log.
    pub evidence: Evidence,
}

impl EvidenceRow {
    /// Opens an `evidence.csv`.
    ///
    /// # Errors
    /// The file cannot be read, or has another header.
    pub fn open(path: &Path) -> Result<TableReader, TableError> {
        TableReader::open(path, &columns(EVIDENCE_HEADER))
    }

    /// Reads a row.
    ///
    /// # Errors
    /// A cell holds something else.
    pub fn from_row(row: &TableRow<'_>) -> Result<EvidenceRow, TableError> {
        Ok(EvidenceRow {
            run: row.number(0)?,
            name: row.text(2)?.to_owned(),
            evidence: Evidence {
                node: row.text(3)?.to_owned(),
                row: row.number(4)?,
                time_ns: row.number(5)?,
                step: row.number(6)?,
                event: row.text(7)?.to_owned(),
                peer: row.text(8)?.to_owned(),
                message: row.optional_number(9)?.unwrap_or(0),
                note: row.text(10)?.to_owned(),
            },
        })
    }
}

/// The gravest of some verdicts: failed before unknown before passed; `None` if
/// there are none.
pub fn gravest(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Passed => 0,
        Verdict::Unknown => 1,
        Verdict::Failed => 2,
    };
    verdicts.into_iter().max_by_key(rank)
}

/// The verdict of a run. A run with no expectation and no check has none:
/// [`Judge::Conservation`], [`Judge::LittlesLaw`] and [`Judge::Repeats`] count only if they
/// failed,
/// [`Judge::Activity`] and [`Judge::Happened`] only over the runs of a case.
pub fn verdict_of(judgements: &[Judgement]) -> Option<Verdict> {
    let counts = |it: &&Judgement| match it.judge {
        Judge::Conservation | Judge::LittlesLaw | Judge::Repeats => it.verdict == Verdict::Failed,
        Judge::Activity | Judge::Happened => false,
        Judge::Check | Judge::Expect | Judge::Property | Judge::Fault | Judge::Warmup => true,
    };
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
    fn a_single_run_without_activity_keeps_its_verdict() {
        let idle = judged(Judge::Activity, Verdict::Unknown);
        assert_eq!(verdict_of(std::slice::from_ref(&idle)), None);
        let passed = judged(Judge::Expect, Verdict::Passed);
        assert_eq!(verdict_of(&[idle, passed]), Some(Verdict::Passed));
    }

    #[test]
    fn judgements_and_evidence_read_back_as_written() {
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, format!("{VERDICTS_HEADER}{lines}")).unwrap();
        let mut table = VerdictRow::open(&path).unwrap();
        let row = VerdictRow::from_row(&table.next_row().unwrap().unwrap()).unwrap();
        assert_eq!((row.run, row.case.as_str()), (Some(4), "default"));
        let row = VerdictRow::from_row(&table.next_row().unwrap().unwrap()).unwrap();
        assert_eq!((row.run, row.case.as_str()), (None, "faces=10,rates=low"));
        let proofs = one.evidence.clone();
        one.evidence.clear();
        assert_eq!(row.judgement, one);
        std::fs::write(&path, format!("{EVIDENCE_HEADER}{rows}")).unwrap();
        let mut table = EvidenceRow::open(&path).unwrap();
        let row = EvidenceRow::from_row(&table.next_row().unwrap().unwrap()).unwrap();
        assert_eq!((row.run, row.name.as_str()), (4, "clock.lamport"));
        assert_eq!([row.evidence], *proofs);
    }
}
