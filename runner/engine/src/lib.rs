//! The discrete-event engine: nodes, messages, links and time, without I/O and
//! without a clock of its own.
//!
//! # How a run goes
//!
//! A [`run::Run`] owns the [`world::World`] (what behaviors act on) and a
//! [`behaviors::Behaviors`] (what nodes do). It takes the next thing that is due,
//! makes it a *step* of one node, and hands the step's records to a
//! [`sink::Sink`].
//!
//! # What comes first
//!
//! 1. Time.
//! 2. At one instant: faults that end, faults that begin; then starts, arrivals, timers and completed services, in the
//!    order in which they were caused, those caused at that very instant
//!    included; then ticks, nodes in the order of the scenario.
//!
//! Nothing else has a say: no wall clock, no order of threads or of a hash map.

pub mod behaviors;
pub mod clocks;
pub mod conservation;
pub mod faults;
pub mod message;
pub mod network;
pub mod queue;
pub mod run;
pub mod sink;
pub mod ticks;
pub mod topology;
pub mod transport;
pub mod world;

#[cfg(test)]
mod tests;
