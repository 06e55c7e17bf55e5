//! A behavior that attacks in a tick.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

use crate::attack::{How, attack};

/// Counts its ticks.
pub struct Attacker {
    ticks: u32,
}

/// What the behavior does, and when.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The attack.
    how: How,
    /// The tick, from 1.
    at: u32,
}

impl Behavior for Attacker {
    type Config = Config;
    const NAME: &'static str = "attacker";
    const DOCS: &'static str = "Attacks on the tick that its config names.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Attacker { ticks: 0 })
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        self.ticks += 1;
        if self.ticks == node.config().at {
            let folder = node.run_folder().unwrap_or(Path::new("")).to_owned();
            attack(node.config().how, &folder);
        }
        Ok(())
    }
}
