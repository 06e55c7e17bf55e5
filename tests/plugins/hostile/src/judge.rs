//! A check that attacks.

use std::path::Path;

use runner_sdk::{Check, Record, Result, RunInfo, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::attack::{How, attack};

/// Passes, if it gets that far.
pub struct Judge {
    how: How,
    place: Place,
}

/// The attack, and where it begins.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The attack.
    how: How,
    /// The function that attacks.
    r#in: Place,
}

/// A function of a check.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Place {
    New,
    Record,
    Finish,
}

impl Judge {
    fn reached(&self, place: Place) {
        if self.place == place {
            attack(self.how, Path::new(""));
        }
    }
}

impl Check for Judge {
    type Config = Config;
    const NAME: &'static str = "judge";
    const DOCS: &'static str = "Attacks in the function that its config names.";

    fn new(config: &Config, _: &RunInfo) -> Result<Self> {
        let judge = Judge {
            how: config.how,
            place: config.r#in,
        };
        judge.reached(Place::New);
        Ok(judge)
    }

    fn record(&mut self, _: &Record<'_>) {
        self.reached(Place::Record);
    }

    fn finish(self) -> Verdict {
        self.reached(Place::Finish);
        Verdict::pass()
    }
}
