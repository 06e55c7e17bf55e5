//! Judgements on a terminal: failed and unknown ones with their reason and evidence.

use analysis::results::{Judgement, Verdict, described};

use super::console::Console;

/// Prints the judgements that did not pass. `of` names the run, or the runs of a case.
pub fn print(console: &Console, of: &str, judgements: &[Judgement]) {
    for judgement in judgements {
        match judgement.verdict {
            Verdict::Passed => {}
            Verdict::Failed => console.error(&format!("{of}: {}", described(judgement))),
            Verdict::Unknown => tracing::warn!("{of}: {}", described(judgement)),
        }
    }
}
