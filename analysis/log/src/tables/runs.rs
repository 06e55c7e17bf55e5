//! `runs.csv`: how each run went, one row per run of the plan that was started.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// To its end; its folder is `runs/NNNN`.
    Complete,
    /// A plugin or a node failed; what it wrote is in `runs/NNNN.partial`.
    Failed,
    /// Stopped by a signal. In virtual time what it wrote is in
    /// `runs/NNNN.partial`; in real time that is an end like any other.
    Interrupted,
}

/// What the expectations and checks made of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All passed.
    Passed,
    /// At least one failed.
    Failed,
    /// At least one had nothing to judge, and none failed.
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
    /// How far it came.
    pub status: RunStatus,
    /// What was made of it; none: the scenario expects and checks nothing.
    pub verdict: Option<Verdict>,
    /// Simulated time that passed `[s]`.
    pub duration_s: f64,
    /// Wall time that passed `[s]`.
    pub wall_s: f64,
    /// Events that the engine handled.
    pub events: u64,
    /// Messages that were sent.
    pub messages: u64,
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

/// The columns that every `runs.csv` has, in order; the axes follow.
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

/// The header line of `runs.csv`, with its line break.
pub fn runs_header<'a>(axes: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = RUN_COLUMNS.join(",");
    for axis in axes {
        line.push(',');
        push_cell(&mut line, axis);
    }
    line.push('\n');
    line
}

impl fmt::Display for RunRow {
    /// Its line in `runs.csv`, with its line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = format!("{},", self.run);
        push_cell(&mut line, &self.case);
        line.push_str(&format!(
            ",{},{},{},{},{:.6},{},{}",
            self.seed,
            self.status.word(),
            self.verdict.map_or("", Verdict::word),
            self.duration_s,
            self.wall_s,
            self.events,
            self.messages,
        ));
        for axis in &self.axes {
            line.push(',');
            push_cell(&mut line, axis);
        }
        writeln!(f, "{line}")
    }
}

/// Appends a CSV cell, quoted only where it must be (RFC 4180).
pub(super) fn push_cell(line: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_one_line_and_quotes_only_what_needs_it() {
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
            axes: vec!["10".into(), "a \"b\"".into()],
        };
        assert_eq!(
            row.to_string(),
            "7,\"faces=10,rates=narrow\",99,complete,,60,0.001250,600,170,10,\"a \"\"b\"\"\"\n"
        );
        assert_eq!(
            runs_header(["faces"]),
            "run,case,seed,status,verdict,duration_s,wall_s,events,messages,faces\n"
        );
    }
}
