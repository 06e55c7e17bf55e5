//! The check `maelstrom.availability`.

use crate::history::{History, Judge, Operation};
use runner_sdk::Verdict;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Enough of the operations happened.
pub struct Availability;

/// The config of `maelstrom.availability`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AvailabilityConfig {
    /// The least share of the operations that must succeed, from 0 to 1. With 1, all of them.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub at_least: f64,
}

/// Operations that fail by rule: a compare-and-set of a value that is not there.
const MAY_ALWAYS_FAIL: &str = "cas";

impl Judge for Availability {
    type Config = AvailabilityConfig;
    const NAME: &'static str = "availability";
    const JUDGES_FORM: bool = false;
    const DOCS: &'static str = "At least the share `at_least` of the operations succeeds, whatever their \
        workload. Unknown if no operation of a kind succeeded (a `cas` excepted): what the \
        workload's check says of that kind then rests on nothing.";

    fn judge(config: &AvailabilityConfig, history: &History) -> Verdict {
        let all = history.len();
        let count = history.operations.iter().filter(|it| it.is_ok()).count();
        let told = format!("{count} of {all} operations succeeded");
        if (count as f64) < config.at_least * all as f64 {
            let verdict = Verdict::fail(format!(
                "{told}, expected a share of at least {}",
                config.at_least
            ));
            let first = history.operations.iter().find(|it| !it.is_ok());
            return first.into_iter().fold(verdict, |verdict, it| {
                verdict.row(it.invocation()).row(it.completion())
            });
        }
        let mut kinds: BTreeMap<&str, bool> = BTreeMap::new();
        for Operation { f, outcome, .. } in &history.operations {
            *kinds.entry(f).or_default() |= matches!(outcome, crate::history::Outcome::Ok(_));
        }
        let none = kinds
            .iter()
            .find(|&(&f, &any)| !any && f != MAY_ALWAYS_FAIL);
        match none {
            Some((f, _)) => Verdict::unknown(format!("{told}, and no `{f}` among them")),
            None => Verdict::passed(told),
        }
    }
}
