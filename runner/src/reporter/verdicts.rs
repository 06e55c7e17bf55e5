//! Judgements as text: failed and unknown ones with their reason and evidence.

use analysis::results::{Judgement, Verdict};

use super::console::Console;
use base::time::SimTime;

/// Maximum number of rows that are shown; all are in `evidence.csv`.
const ROWS: usize = 8;

/// The verdict in a word.
pub fn word(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("not judged", Verdict::word)
}

/// Prints the judgements that did not pass. `of` names the run, or the runs of a case.
pub fn print(console: &Console, of: &str, judgements: &[Judgement]) {
    for judgement in judgements {
        match judgement.verdict {
            Verdict::Passed => {}
            Verdict::Failed => console.error(&format!("{of}: {}", text(judgement))),
            Verdict::Unknown => tracing::warn!("{of}: {}", text(judgement)),
        }
    }
}

/// Returns `check clock.lamport failed: ...`, and below it the rows that prove it.
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
