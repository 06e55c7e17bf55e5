//! A behavior that ends the run.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Counts its ticks.
pub struct Stops {
    ticks: u32,
}

/// When the behavior ends the run.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The number of ticks after which it ends the run. None: no number does.
    #[schemars(range(min = 1))]
    #[serde(default)]
    after: Option<u32>,
    /// A file: the first tick at which the file exists ends the run. None: no file does.
    #[serde(default)]
    file: Option<PathBuf>,
}

impl Behavior for Stops {
    type Config = Config;
    const NAME: &'static str = "stops";
    const DOCS: &'static str = "Ends the run after a number of ticks, or once a file exists.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Stops { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.ticks += 1;
        let config = node.config();
        if Some(self.ticks) == config.after || config.file.as_deref().is_some_and(Path::exists) {
            node.stop_run(format!("{} ticks are enough", self.ticks));
        }
        Ok(())
    }
}
