//! The discrete-event engine.

pub mod distribution;
