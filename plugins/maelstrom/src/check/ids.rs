//! The check `maelstrom.unique-ids`.

use super::Nothing;
use crate::history::{History, Judge};
use runner_sdk::Verdict;
use std::collections::BTreeMap;

/// No id twice.
pub struct UniqueIds;

impl Judge for UniqueIds {
    type Config = Nothing;
    const NAME: &'static str = "unique-ids";
    const DOCS: &'static str =
        "No id is given twice, by one node or by two. Unknown if none was given.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        let mut first = BTreeMap::new();
        for operation in history.of("generate") {
            let Some(id) = operation.result() else {
                continue;
            };
            if let Some(earlier) = first.insert(id.to_string(), operation) {
                let (one, other) = (&earlier.asked, &operation.asked);
                let who = match one == other {
                    true => format!("{one} gave the id {id} twice"),
                    false => format!("{one} and {other} gave the same id {id}"),
                };
                return Verdict::fail(who)
                    .row(earlier.completion())
                    .row(operation.completion());
            }
        }
        match first.len() {
            0 => Verdict::unknown("no id was given"),
            count => Verdict::passed(format!("{count} ids, no two the same")),
        }
    }
}
