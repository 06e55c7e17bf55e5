//! A traffic light at a crossing of two roads, with a button for pedestrians.
//!
//! A system that is about time: each phase lasts an exact number of seconds, unless the
//! button is pressed.
//!
//! - [`Controller`] goes through the phases and sends the lights their colours. [`Cycle`] is
//!   its state machine, without nodes and messages.
//! - [`Light`] shows the colour that it receives.
//! - [`Button`] is pressed at given times, at random, or by a message.
//!
//! The messages to a light are `R`, `G` and `Y`, and any message to the controller is a
//! press, so lights and buttons may be external programs.
//!
//! [`check`] holds the checks of a run: the two roads never had way at the same time, and
//! every phase was as long as configured.

mod button;
pub mod check;
mod colour;
mod controller;
mod light;
mod phase;

pub use button::{Button, ButtonConfig};
pub use check::{TrafficSafe, TrafficTiming};
pub use colour::Colour;
pub use controller::{Controller, ControllerConfig, Cycle, Press, Timings};
pub use light::Light;
pub use phase::Phase;

runner_sdk::plugin! {
    name: "traffic",
    docs: "A traffic light: a controller with exact phases, two lights, and a button that shortens \
           a green.",
    behaviors: [Controller, Light, Button],
    checks: [TrafficSafe, TrafficTiming],
}

#[cfg(test)]
mod tests;
