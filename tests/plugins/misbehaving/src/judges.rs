//! A check whose result is in its config: it passes, fails, is unknown, panics or refuses.

use runner_sdk::{Check, Found, Record, Result, RunInfo, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

/// Returns the verdict of its config, whatever the run did.
pub struct Judges {
    verdict: Word,
    panics_at: u64,
    records: u64,
    nodes: usize,
    last: Option<Found>,
    rows: usize,
}

/// The result of the check.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// Its verdict.
    verdict: Word,
    /// The number of the record at which it panics, from 1. 0: it does not.
    #[serde(default)]
    panics_at: u64,
    /// How often a failure names the last record as its proof.
    #[serde(default = "once")]
    rows: usize,
    /// Whether it fails in `new`.
    #[serde(default)]
    refuses: bool,
}

fn once() -> usize {
    1
}

/// The verdicts.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Passes,
    Fails,
    Unknown,
    Panics,
}

impl Check for Judges {
    type Config = Config;
    const NAME: &'static str = "judges";
    const DOCS: &'static str = "Answers what its config says.";

    fn new(config: &Config, run: &RunInfo) -> Result<Self> {
        if config.refuses {
            return Err(format!("not a run of {} nodes", run.node_count()).into());
        }
        Ok(Judges {
            verdict: config.verdict,
            panics_at: config.panics_at,
            records: 0,
            nodes: run.node_count(),
            last: None,
            rows: config.rows,
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        assert!(self.records != self.panics_at, "told to panic here");
        self.last = Some(record.found(format!("seen by {}", record.node_name())));
    }

    fn finish(self) -> Verdict {
        let seen = format!("{} records of {} nodes", self.records, self.nodes);
        match self.verdict {
            Word::Passes => Verdict::passed(seen),
            Word::Fails => {
                let rows = self.last.into_iter().cycle().take(self.rows);
                rows.fold(Verdict::fail(seen), Verdict::row)
            }
            Word::Unknown => Verdict::unknown(seen),
            Word::Panics => panic!("told to panic at the end"),
        }
    }
}
