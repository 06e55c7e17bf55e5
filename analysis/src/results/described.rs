//! A judgement as text, with the rows that prove it.

use base::time::SimTime;

use crate::log::tables::{Judgement, Verdict};

/// Maximum number of rows that are shown; all are in `evidence.csv`.
const ROWS: usize = 8;

/// One line: ``check `clock.lamport` failed: ...``.
pub fn sentence(judgement: &Judgement) -> String {
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
    text
}

/// The [`sentence`], and below it what was measured and the rows that prove it.
pub fn described(judgement: &Judgement) -> String {
    let mut text = sentence(judgement);
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
