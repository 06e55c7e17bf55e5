//! A behavior that refuses its config, or fails in `new`.

use runner_sdk::{Behavior, Node, Problem, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Fails in `new`.
pub struct Refuses;

/// What the behavior refuses.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// A whole number. An odd one is refused before anything runs.
    #[serde(default)]
    even: u32,
}

impl Behavior for Refuses {
    type Config = Config;
    const NAME: &'static str = "refuses";
    const DOCS: &'static str = "Accepts an even config and then refuses to be made.";
    const CLOCKED: bool = true;

    fn check(config: &Config) -> Vec<Problem> {
        match config.even % 2 {
            0 => Vec::new(),
            _ => vec![Problem::at(
                "even",
                format!("expected an even number, found {}", config.even),
            )],
        }
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        Err(format!("{} will not be a node", node.name()).into())
    }
}
