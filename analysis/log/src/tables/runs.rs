//! `runs.csv`: how each run ended, one row per run that was started.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reader::{TableError, TableReader, TableRow};
use crate::quoting::line;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// The run reached its end; its folder is `runs/NNNN`.
    Complete,
    /// A plugin or a node failed; the folder is `runs/NNNN.partial`.
    Failed,
    /// A signal stopped the run. In virtual time the folder is
    /// `runs/NNNN.partial`; in real time the run is complete, in `runs/NNNN`.
    Interrupted,
}

/// The result of the expectations and checks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All passed.
    Passed,
    /// At least one failed.
    Failed,
    /// At least one had no data to judge, and none failed.
    Unknown,
}

/// One row of `runs.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// The run's number in the whole plan, from 1.
    pub run: u64,
    /// The id of its case.
    pub case: String,
    /// Its own seed.
    pub seed: u64,
    /// How the run ended.
    pub status: RunStatus,
    /// `None` if the scenario has no expectations and no checks.
    pub verdict: Option<Verdict>,
    /// Simulated time that passed `[s]`.
    pub duration_s: f64,
    /// Wall time that passed `[s]`.
    pub wall_s: f64,
    /// Events that the engine handled.
    pub events: u64,
    /// Messages that were sent.
    pub messages: u64,
    /// Simulated time at the beginning that the metrics leave out `[s]`: `None` if the plan
    /// has no warm-up, empty if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_s: Option<String>,
    /// The value on each axis, in the order of the header.
    pub axes: Vec<String>,
}

impl RunStatus {
    const ALL: [RunStatus; 3] = [
        RunStatus::Complete,
        RunStatus::Failed,
        RunStatus::Interrupted,
    ];

    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            RunStatus::Complete => "complete",
            RunStatus::Failed => "failed",
            RunStatus::Interrupted => "stopped",
        }
    }

    /// The status behind a word.
    pub fn from_word(word: &str) -> Option<RunStatus> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl Verdict {
    const ALL: [Verdict; 3] = [Verdict::Passed, Verdict::Failed, Verdict::Unknown];

    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Unknown => "unknown",
        }
    }

    /// The verdict behind a word.
    pub fn from_word(word: &str) -> Option<Verdict> {
        Self::ALL.into_iter().find(|verdict| verdict.word() == word)
    }
}

/// The columns that every `runs.csv` has, in order; [`WARMUP_COLUMN`] and the axes follow.
pub const RUN_COLUMNS: [&str; 9] = [
    "run",
    "case",
    "seed",
    "status",
    "verdict",
    "duration_s",
    "wall_s",
    "events",
    "messages",
];

/// The column of a plan with a warm-up.
pub const WARMUP_COLUMN: &str = "warmup_s";

/// The header line of `runs.csv`, with its line end. `warmup`: whether the plan has one.
pub fn runs_header<'a>(warmup: bool, axes: impl IntoIterator<Item = &'a str>) -> String {
    let own = warmup.then_some(WARMUP_COLUMN);
    line(RUN_COLUMNS.into_iter().chain(own).chain(axes))
}

impl fmt::Display for RunRow {
    /// The line in `runs.csv`, with its line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = [
            self.run.to_string(),
            self.case.clone(),
            self.seed.to_string(),
            self.status.word().to_owned(),
            self.verdict.map_or("", Verdict::word).to_owned(),
            self.duration_s.to_string(),
            format!("{:.6}", self.wall_s),
            self.events.to_string(),
            self.messages.to_string(),
        ];
        let rest = self.warmup_s.iter().chain(&self.axes);
        f.write_str(&line(cells.iter().chain(rest).map(String::as_str)))
    }
}

impl RunRow {
    /// Reads a `runs.csv`, in the order of the file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Vec<RunRow>, TableError> {
        let mut table = TableReader::open(path, &RUN_COLUMNS)?;
        let mut runs = Vec::new();
        let first = RUN_COLUMNS.len();
        let has_warmup = table.header().nth(first) == Some(WARMUP_COLUMN);
        while let Some(row) = table.next_row()? {
            runs.push(RunRow::from_row(&row, has_warmup)?);
        }
        Ok(runs)
    }

    fn from_row(row: &TableRow<'_>, has_warmup: bool) -> Result<RunRow, TableError> {
        let status = RunStatus::from_word(row.text(3)?)
            .ok_or_else(|| row.wrong(3, "`complete`, `failed` or `stopped`"))?;
        let verdict = match row.text(4)? {
            "" => None,
            word => Some(
                Verdict::from_word(word)
                    .ok_or_else(|| row.wrong(4, "`passed`, `failed`, `unknown` or nothing"))?,
            ),
        };
        let first = RUN_COLUMNS.len();
        let warmup_s = match has_warmup {
            true => {
                let cell = row.text(first)?;
                if !cell.is_empty() {
                    row.real(first)?;
                }
                Some(cell.to_owned())
            }
            false => None,
        };
        Ok(RunRow {
            run: row.number(0)?,
            case: row.text(1)?.to_owned(),
            seed: row.number(2)?,
            status,
            verdict,
            duration_s: row.real(5)?,
            wall_s: row.real(6)?,
            events: row.number(7)?,
            messages: row.number(8)?,
            warmup_s,
            axes: (first + usize::from(has_warmup)..row.cell_count())
                .map(|index| row.text(index).map(str::to_owned))
                .collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_and_reads_back() {
        let row = RunRow {
            run: 7,
            case: "faces=10,rates=narrow".into(),
            seed: 99,
            status: RunStatus::Complete,
            verdict: None,
            duration_s: 60.0,
            wall_s: 0.001_25,
            events: 600,
            messages: 170,
            warmup_s: None,
            axes: vec!["10".into(), "a \"b\"".into()],
        };
        assert_eq!(
            row.to_string(),
            "7,\"faces=10,rates=narrow\",99,complete,,60,0.001250,600,170,10,\"a \"\"b\"\"\"\n"
        );
        assert_eq!(
            runs_header(false, ["faces"]),
            "run,case,seed,status,verdict,duration_s,wall_s,events,messages,faces\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.csv");
        std::fs::write(
            &path,
            runs_header(false, ["faces", "name"]) + &row.to_string(),
        )
        .unwrap();
        assert_eq!(RunRow::read(&path).unwrap(), std::slice::from_ref(&row));
        for warmup in ["0.25", ""] {
            let row = RunRow {
                warmup_s: Some(warmup.to_owned()),
                ..row.clone()
            };
            let header = runs_header(true, ["faces", "name"]);
            std::fs::write(&path, header + &row.to_string()).unwrap();
            assert_eq!(RunRow::read(&path).unwrap(), [row]);
        }
    }
}
