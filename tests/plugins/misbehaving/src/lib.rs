//! Behaviors that panic, refuse, block or crash, which the runner must survive; and
//! behaviors that use the parts of the plugin interface in a way that a test can predict.

mod crashes;
mod judges;
mod panics;
mod reads_clock;
mod refuses;
mod relay;
mod sends_to_nobody;
mod stops;
mod talks;
mod timers;
mod waits;
mod writes;

pub use crashes::Crashes;
pub use judges::Judges;
pub use panics::Panics;
pub use reads_clock::ReadsClock;
pub use refuses::Refuses;
pub use relay::Relay;
pub use sends_to_nobody::SendsToNobody;
pub use stops::Stops;
pub use talks::Talks;
pub use timers::Timers;
pub use waits::Waits;
pub use writes::Writes;

runner_sdk::plugin! {
    name: "misbehaving",
    docs: "Behaviors that panic, refuse, stop and talk, for tests of the runner.",
    behaviors: [
        Panics, Refuses, SendsToNobody, Stops, Talks, Timers, Relay, Crashes, ReadsClock, Waits,
        Writes,
    ],
    checks: [Judges],
}
