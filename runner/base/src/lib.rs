//! Time, random streams and distributions: what a number in a scenario means and
//! what a seed draws, once, for the runner and for the plugins' SDK.
//!
//! [`time`] has instants and spans, [`random`] the named streams, [`distribution`]
//! how a number varies. Nothing here reads a file or a clock.

pub mod distribution;
pub mod random;
pub mod time;
