//! What a scenario means after it is resolved: node groups, links and faults.
//! Names are indices, text is values, defaults are filled in.
//!
//! This crate has values only. The crate `runner` reads them from a scenario
//! file; the crate `engine` runs them. Start at [`Group`] and [`LinkRule`]; a
//! [`roster::Roster`] has the index and the name of each node.
//!
//! A time is in simulated nanoseconds, also where a [`Distribution`] of times is
//! drawn from.
//!
//! [`Distribution`]: base::distribution::Distribution

mod external;
mod fault;
mod group;
mod link;
mod protocol;
pub mod roster;

pub use external::{
    ExitRule, External, Listen, Program, StandardInput, StandardStreams, Transport,
};
pub use fault::{Fault, FaultKind, NodeRanges};
pub use group::{BehaviorName, Group, LocalClock, TickRule, Timing};
pub use link::{Link, LinkChange, LinkRule, LinkSettings, LinkTransport, Loss, Order};
pub use protocol::{Held, INIT_WITHIN, Protocol};
