//! The config of a clock machine.

use crate::Encoding;
use runner_sdk::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `clock.machine`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Faces of the die that a machine rolls if no message waits. 1 to 3 send, the others
    /// are internal events: more faces, fewer messages.
    #[schemars(range(min = 1))]
    pub faces: u32,

    /// Send the value of the clock before the increment of the tick. Then a receipt may have
    /// the same clock as its sending, which breaks Lamport's clock condition: an experiment.
    pub send_before_increment: bool,

    /// The receivers of a roll of 3 with more than three machines: `two` different random
    /// others, or `all` others.
    pub broadcast: Broadcast,

    /// The bytes of a message.
    pub encoding: Encoding,

    /// The rolls of the die, instead of random ones, each from 1 to `faces`; after the last,
    /// the first comes again. Empty: random rolls. With more than three machines, the
    /// receivers of a roll are still random.
    #[schemars(inner(range(min = 1)))]
    pub script: Vec<u32>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            faces: 10,
            send_before_increment: false,
            broadcast: Broadcast::default(),
            encoding: Encoding::default(),
            script: Vec::new(),
        }
    }
}

/// The receivers of a roll of 3 with more than three machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Broadcast {
    /// To two different random others.
    #[default]
    Two,
    /// To all others.
    All,
}

impl Config {
    /// The mistakes of a config, beyond types and ranges.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let rolls = self.script.iter().enumerate();
        let beyond = rolls.filter(|&(_, &roll)| roll > self.faces);
        beyond
            .map(|(i, roll)| {
                Problem::at(
                    format!("script[{i}]"),
                    format!(
                        "a roll of {roll} with a die of {faces} faces, expected 1 to {faces}",
                        faces = self.faces
                    ),
                )
            })
            .collect()
    }
}
