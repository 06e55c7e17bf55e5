//! The checks: one for each workload, and one for what all have in common.

mod availability;
mod counters;
mod echo;
mod ids;
mod kafka;
mod lin_kv;
mod sets;
#[cfg(test)]
mod tests;

pub use availability::{Availability, AvailabilityConfig};
pub use counters::{GCounter, PnCounter};
pub use echo::Echo;
pub use ids::UniqueIds;
pub use kafka::Kafka;
pub use lin_kv::{LinKv, LinKvConfig};
pub use sets::{Broadcast, GSet};

use schemars::JsonSchema;
use serde::Deserialize;

/// The config of a check that has none: any key is a mistake.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Nothing {}
