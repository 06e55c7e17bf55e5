//! A behavior that blocks: with it, a test holds a plan at a known point, for as long as
//! the test needs.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// Blocks in each tick until a file exists.
pub struct Waits;

/// Ends a runner whose test has failed and creates no file. Arbitrary, and longer than any
/// test waits.
const BOUND: Duration = Duration::from_secs(600);

/// What the behavior waits for.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The file. Empty: the behavior never blocks.
    file: PathBuf,
}

impl Behavior for Waits {
    type Config = Config;
    const NAME: &'static str = "waits";
    const DOCS: &'static str = "Blocks in each tick until a file exists.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Waits)
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        let file = &node.config().file;
        let began = Instant::now();
        while !file.as_os_str().is_empty() && !file.exists() {
            if began.elapsed() > BOUND {
                return Err(format!("{} does not exist after {BOUND:?}", file.display()).into());
            }
            thread::park_timeout(Duration::from_millis(2));
        }
        Ok(())
    }
}
