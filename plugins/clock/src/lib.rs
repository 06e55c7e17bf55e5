//! Scale-model machines with Lamport clocks.
//!
//! # The problem
//! Machines in a distributed system have no common "now": their clocks run at
//! different rates, and a message takes time. Yet one often needs to know which
//! of two events came first, if only so that all machines agree on one order.
//!
//! # The idea
//! Lamport ("Time, Clocks, and the Ordering of Events in a Distributed System",
//! Communications of the ACM 21(7), 1978) does without physical time: an event *happened
//! before* another if both are in one machine and it came first there, or if one is the
//! sending of a message and the other its receipt, or by a chain of such pairs (section "The
//! Partial Ordering"). A *logical clock* gives each event a number that respects this order:
//! if a happened before b, then C(a) < C(b) (the *clock condition*, section "Logical
//! Clocks").
//!
//! # The rules
//! Two rules are enough:
//!
//! - **IR1**: each machine increments its clock between any two successive events.
//! - **IR2**: a message carries its sender's clock as its timestamp; the receiver
//!   sets its clock to a value not below its own and above the timestamp.
//!
//! Here: one more for each step, and `max(clock, received) + 1` on receipt.
//!
//! # The experiment
//! [`Machine`]s run at different rates, one step per tick. A slow machine's
//! clock *jumps* when it takes a message of a faster one, and the values that it
//! skips are gaps in its own sequence. A machine that ticks more rarely than
//! messages arrive only takes messages; its inbox grows and its clock *drifts*
//! behind. The size of jumps, gaps, queues and drift depends on the rates and on
//! how often machines send: `faces`.
//!
//! Start reading at [`Machine`]; [`Config`] is its config. [`Lamport`] is the check whether
//! the clocks of a run keep the clock condition.

mod config;
mod encoding;
mod lamport;
mod machine;

pub use config::{Broadcast, Config};
pub use encoding::Encoding;
pub use lamport::Lamport;
pub use machine::{CLOCK, INTERNAL, Machine};

runner_sdk::plugin! {
    name: "clock",
    docs: "Scale-model machines with Lamport clocks: how rates, sending and latency make logical \
           clocks jump and drift.",
    behaviors: [Machine],
    checks: [Lamport],
}
