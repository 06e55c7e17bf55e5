//! What a scenario may set for the central.

use crate::announce::Announce;
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of `lottery.central`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CentralConfig {
    /// How many agencies there are, numbered from 1; the draw happens once all have
    /// ended. None: as many as there are nodes linked to it, or 5 where there are
    /// none.
    #[schemars(range(min = 1))]
    pub agencies: Option<u32>,

    /// The number that wins.
    pub winner: u64,

    /// Acknowledge bets only once the disk has them, so that they outlive a power
    /// failure. Without it they outlive the central and its process.
    pub sync: bool,

    /// Of which bets a line is printed when they are stored: of `each`, of a
    /// `single` one that was handed in by itself, of `none`.
    pub announce: Announce,
}

impl Default for CentralConfig {
    fn default() -> CentralConfig {
        CentralConfig {
            agencies: None,
            winner: 7574,
            sync: false,
            announce: Announce::Each,
        }
    }
}
