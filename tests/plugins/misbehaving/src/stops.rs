//! A behavior that ends the run.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Counts its ticks.
pub struct Stops {
    ticks: u32,
}

/// When it ends the run.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The number of ticks after which it ends the run.
    #[schemars(range(min = 1))]
    after: u32,
}

impl Behavior for Stops {
    type Config = Config;
    const NAME: &'static str = "stops";
    const DOCS: &'static str = "Ends the run after a number of ticks.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Stops { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.ticks += 1;
        if self.ticks == node.config().after {
            node.stop_run(format!("{} ticks are enough", self.ticks));
        }
        Ok(())
    }
}
