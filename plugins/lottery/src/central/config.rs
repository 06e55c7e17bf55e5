//! The config of `lottery.central`.

use crate::announce::Announce;
use schemars::JsonSchema;
use serde::Deserialize;

/// The config of `lottery.central`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CentralConfig {
    /// Number of agencies. They are numbered from 1, and the draw happens after all have ended.
    /// Default: the number of nodes that are linked to the central, or 5 without links.
    #[schemars(range(min = 1))]
    pub agencies: Option<u32>,

    /// The winning number.
    pub winner: u64,

    /// Acknowledge bets only after they are on the disk, so they survive a power failure. With
    /// `false` they survive a crash of the central and of its process.
    pub sync: bool,

    /// For which stored bets a line is printed: for `each`, for a `single` bet (a batch of one
    /// bet), or for `none`.
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
