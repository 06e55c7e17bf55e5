//! The discrete-event engine: nodes, messages, links and time, without I/O and
//! without a clock of its own.
//!
//! Start reading at [`run`]: a [`run::Run`] owns the [`world::World`] (the state that
//! behaviors act on) and a [`behaviors::Behaviors`] (what the nodes do). It takes the
//! next event or tick that is due, has one node handle it (a *step*), and hands the
//! records of the step to a [`sink::Sink`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`run`] | one run: its loop, its steps, starts and stops, faults of nodes, the interface of the real-time driver |
//! | [`world`] | the state of a run, and the effects that change it: send, timer, close |
//! | [`behaviors`] | the trait that the plugin host implements, and how a callback fails |
//! | [`sink`] | the trait for whatever takes the records |
//! | [`follow`] | what a sink sees that follows a run event by event, and may do to it |
//! | [`queue`] | the pending events, in their total order |
//! | [`ticks`] | the ticks of clocked nodes, which are not in the queue |
//! | [`message`] | the messages on links and in inboxes |
//! | [`topology`] | the nodes that each node is linked to, and the numbers of its peers |
//! | [`network`] | what a link does to a message: latency, loss, order, bandwidth |
//! | [`faults`] | when each fault holds, and what it touched |
//! | [`clocks`] | the nodes' own clocks, with offset and drift |
//! | [`transport`] | what leaves the process, in real time |
//! | [`conservation`] | the account of messages, which must balance |
//! | [`waiting`] | how long messages wait in the inboxes |
//!
//! # Order
//!
//! 1. Time.
//! 2. At one instant: faults that end, faults that begin; then starts, arrivals, timers
//!    and completed services, in the order in which they were caused, those caused at
//!    that instant included; then ticks, nodes in the order of the scenario.
//!
//! Nothing else has an influence: no wall clock, no order of threads or of a hash map.

pub mod run;
pub mod world;

pub mod behaviors;
pub mod follow;
pub mod foreign;
pub mod sink;

pub mod message;
pub mod network;
pub mod queue;
pub mod ticks;
pub mod topology;

pub mod clocks;
pub mod conservation;
pub mod faults;
pub mod transport;
pub mod waiting;

#[cfg(test)]
mod tests;
