//! Behaviors that do what a runner must withstand, and some that use every part
//! of the boundary in a way that a test can foresee.

mod judges;
mod panics;
mod refuses;
mod relay;
mod sends_to_nobody;
mod stops;
mod talks;
mod timers;

pub use judges::Judges;
pub use panics::Panics;
pub use refuses::Refuses;
pub use relay::Relay;
pub use sends_to_nobody::SendsToNobody;
pub use stops::Stops;
pub use talks::Talks;
pub use timers::Timers;

runner_sdk::plugin! {
    name: "misbehaving",
    docs: "Behaviors that panic, refuse, stop and talk, for tests of the runner.",
    behaviors: [Panics, Refuses, SendsToNobody, Stops, Talks, Timers, Relay],
    checks: [Judges],
}
