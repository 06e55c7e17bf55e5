//! A behavior that reads the wall clock, so that no two runs are the same.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// Counts its ticks.
pub struct ReadsClock {
    ticks: u32,
}

/// When the behavior reads the wall clock.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The first tick in which it reads the clock.
    #[schemars(range(min = 1))]
    from: u32,
}

const SEEN: Column<u64> = Column::new(0, "seen", "nanoseconds of the wall clock when it looked");

impl Behavior for ReadsClock {
    type Config = Config;
    const NAME: &'static str = "reads_clock";
    const DOCS: &'static str = "Records the wall clock from a tick on.";
    const COLUMNS: &'static [ColumnInfo] = &[SEEN.info()];
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(ReadsClock { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.ticks += 1;
        if self.ticks >= node.config().from {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            node.set(SEEN, now.as_nanos() as u64);
        }
        Ok(())
    }
}
