//! A behavior that attacks while its config is checked.

use runner_sdk::{Behavior, Node, Result};
use schemars::JsonSchema;
use std::path::Path;

use serde::{Deserialize, Deserializer};

use crate::attack::{How, attack};

/// Does nothing: its config has done it.
pub struct AttacksAtConfig;

/// The config.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// The attack, which begins when it is read.
    #[serde(deserialize_with = "attacked")]
    #[allow(dead_code)]
    how: How,
}

fn attacked<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<How, D::Error> {
    let how = How::deserialize(deserializer)?;
    attack(how, Path::new(""));
    Ok(how)
}

impl Behavior for AttacksAtConfig {
    type Config = Config;
    const NAME: &'static str = "attacks_at_config";
    const DOCS: &'static str = "Attacks while its config is read.";

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(AttacksAtConfig)
    }
}
