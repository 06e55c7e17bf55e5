//! The interface for plugin authors.
//!
//! A *behavior* is a state machine: the runner makes one instance of it per
//! node and calls it when the node starts, when a message is taken from its
//! inbox, when a timer is due, when it ticks. The effects of a callback (send, set a
//! timer, record, print) take place in order, after the callback returns.
//! It never sees a socket or a thread, and the time of day only in real time, so the same
//! compiled behavior runs in virtual and in real time.
//!
//! ```
//! use runner_sdk::{Behavior, Context, Node, NoConfig, Peer, Result};
//!
//! /// Sends every message back.
//! struct Echo;
//!
//! impl Behavior for Echo {
//!     type Config = NoConfig;
//!     const NAME: &'static str = "server";
//!     const DOCS: &'static str = "Sends every message back to its sender.";
//!
//!     fn new(_: &mut Node<Self>) -> Result<Self> {
//!         Ok(Echo)
//!     }
//!
//!     fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
//!         node.send(from, bytes)
//!     }
//! }
//!
//! runner_sdk::plugin! {
//!     name: "echo",
//!     docs: "Echo servers.",
//!     behaviors: [Echo],
//! }
//! # fn main() {}
//! ```
//!
//! Start reading at [`Behavior`]; then [`Node`] (what a callback reads) and
//! [`Context`] (its effects). A config's durations are [`Span`]s, its
//! values that may vary [`Distribution`]s, the requests of a load generator [`Arrivals`]. A [`Check`] judges a run by its records.
//! [`plugin!`] exports behaviors from a
//! library of crate type `cdylib`, and [`testkit`] drives one without a runner.
//!
//! Below is the C boundary of the crate `runner-abi`. All unsafe code
//! is in the private module `export` and the test kit's host; an author writes none.

mod arrivals;
mod behavior;
mod check;
mod column;
mod config;
mod context;
mod distribution;
#[doc(hidden)]
pub mod export;
pub mod journal;
mod program;
mod shape;
mod span;
pub mod testkit;

pub use arrivals::{Arrivals, Rate};
pub use base::fnv;
pub use base::random::Random;
pub use behavior::{Behavior, Error, NoConfig, Peer, Result};
pub use check::{Check, Found, Judged, Record, RunInfo, Verdict};
pub use column::{Column, ColumnInfo, Event, Kind, Value};
pub use config::{Problem, check_reference, reference};
pub use context::{Context, NoLink, Node, Rejected};
pub use distribution::{Distribution, InOrder, Quantity};
pub use program::{Ended, Program};
pub use shape::{Cell, Shape, ShapedColumn, ShapedEvent, ShapedKind};
pub use span::Span;

/// For `#[serde(crate = "runner_sdk::serde")]` in a crate without a dependency
/// of its own.
pub use serde;

/// For `use runner_sdk::schemars;` in a crate without a dependency of its own.
pub use schemars;
