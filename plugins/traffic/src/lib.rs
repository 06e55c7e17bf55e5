//! A traffic light at a crossing of two roads, with a button for those on foot.
//!
//! A system whose time is its point: what happens, happens after exactly so many
//! seconds, unless somebody presses a button.
//!
//! - [`Controller`] decides: it goes through the phases and tells the lights
//!   their colours. [`Cycle`] is its state machine, without nodes and messages.
//! - [`Light`] shows what it is told.
//! - [`Button`] is pressed: at given times, at random, or when somebody tells it.
//!
//! The messages are `R`, `G` and `Y` to a light, and anything at all to the
//! controller, so that lights and buttons may be programs that others wrote.
//!
//! [`check`] holds what can be said of a run afterwards: that the two roads never
//! had way at once, and that every phase was as long as configured.

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
