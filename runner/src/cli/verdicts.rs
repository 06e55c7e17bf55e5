//! What the judges say, as a person reads it: the failed and the unknown with
//! their reasons and proof, and what that makes of the exit code.

use analysis::results::{Judgement, Verdict, gravest};

use crate::cli::Exit;
use crate::cli::terminal::Terminal;
use base::time::SimTime;

/// Rows of evidence that are shown; all are in `evidence.csv`.
const ROWS: usize = 8;

/// What this verdict makes of the exit code.
pub fn exit(verdict: Option<Verdict>) -> Exit {
    match verdict {
        None | Some(Verdict::Passed) => Exit::Passed,
        Some(Verdict::Failed) => Exit::Broken,
        Some(Verdict::Unknown) => Exit::Unknown,
    }
}

/// The verdict in a word.
pub fn word(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("not judged", Verdict::word)
}

/// Tells of what failed or is unknown in a run, or over the runs of a case; `of`
/// says which. Answers the gravest verdict.
pub fn tell(terminal: &Terminal, of: &str, judgements: &[Judgement]) -> Option<Verdict> {
    for judgement in judgements {
        match judgement.verdict {
            Verdict::Passed => {}
            Verdict::Failed => terminal.error(&format!("{of}: {}", text(judgement))),
            Verdict::Unknown => terminal.warning(&format!("{of}: {}", text(judgement))),
        }
    }
    gravest(judgements.iter().map(|it| it.verdict))
}

/// `check clock.lamport failed: ...`, and below it the rows that prove it.
pub fn text(judgement: &Judgement) -> String {
    let mut text = format!(
        "{} `{}` {}",
        judgement.judge.word(),
        judgement.name,
        match judgement.verdict {
            Verdict::Unknown => "is unknown",
            other => other.word(),
        },
    );
    if !judgement.reason.is_empty() {
        text.push_str(&format!(": {}", judgement.reason));
    }
    if !judgement.measured.is_empty() {
        text.push_str(&format!("\n  measured: {}", judgement.measured));
    }
    for row in judgement.evidence.iter().take(ROWS) {
        let peer = match (row.peer.as_str(), row.message) {
            ("", _) => String::new(),
            (peer, 0) => format!(" {peer}"),
            (peer, message) => format!(" {peer} #{message}"),
        };
        let note = match row.note.as_str() {
            "" => String::new(),
            note => format!(": {note}"),
        };
        text.push_str(&format!(
            "\n  {} row {} (step {}, {}): {}{peer}{note}",
            row.node,
            row.row,
            row.step,
            SimTime(row.time_ns),
            row.event,
        ));
    }
    if let Some(more @ 1..) = judgement.evidence.len().checked_sub(ROWS) {
        text.push_str(&format!("\n  {more} more rows in evidence.csv"));
    }
    text
}
