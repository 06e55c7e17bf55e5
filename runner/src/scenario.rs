//! From the text of a scenario file to a [`Scenario`] in which nothing is left
//! to look up.

mod resolved;

pub use resolved::{
    BehaviorName, Group, Link, LinkRule, Order, Scenario, TickRule, TimeMode, Timing,
};
