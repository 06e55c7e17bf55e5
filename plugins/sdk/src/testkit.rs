//! Drives one behavior's state machine: no runner, no time.
//!
//! Each call returns what the behavior did, in order:
//!
//! ```
//! use runner_sdk::testkit::{Effect, node};
//! use runner_sdk::{Behavior, Context, NoConfig, Node, Peer, Result};
//!
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
//! let mut server = node::<Echo>().peers(["client"]).create();
//! assert_eq!(server.start(), []);
//! assert_eq!(server.message(0, "hello"), [Effect::sent(0, "hello")]);
//! ```
//!
//! The kit calls the behavior through the functions that a host calls, with a host's
//! table of its own, so that a test covers the boundary, too. Timers do not run by
//! themselves: [`Kit::timer`] is a timer that is due, and [`Kit::at`] sets the time.

mod check;
mod docs;
mod effect;
mod host;
#[cfg(test)]
mod tests;

pub use check::{CheckSetup, Judge, Seen, check, check_problems};
pub use docs::check_readme;
pub use effect::{Effect, Failure};

use crate::config::{self, Problem};
use crate::{Behavior, Column, Random, Value};
use host::Host;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Begins the making of a node with behavior `B`: `node::<B>().create()`.
pub fn node<B: Behavior>() -> Setup<B> {
    Setup {
        name: "node".to_owned(),
        config: String::new(),
        peers: Vec::new(),
        behaviors: Vec::new(),
        seed: 1,
        run_folder: String::new(),
        now: Duration::ZERO,
        behavior: std::marker::PhantomData,
    }
}

/// What is wrong with a config; empty if it is accepted.
pub fn problems<B: Behavior>(config: &str) -> Vec<Problem> {
    config::read(config, B::check).err().unwrap_or_default()
}

/// A node in the making.
#[derive(Clone, Debug)]
pub struct Setup<B> {
    name: String,
    config: String,
    peers: Vec<String>,
    behaviors: Vec<String>,
    seed: u64,
    run_folder: String,
    now: Duration,
    behavior: std::marker::PhantomData<fn(B)>,
}

impl<B: Behavior> Setup<B> {
    /// Its name; `node` if none is given.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Its config, as a scenario's `config` table: TOML.
    pub fn config(mut self, toml: &str) -> Self {
        self.config = toml.to_owned();
        self
    }

    /// The names of its peers, the next node first; none if none are given.
    pub fn peers<Name: Into<String>>(mut self, names: impl IntoIterator<Item = Name>) -> Self {
        self.peers = names.into_iter().map(Into::into).collect();
        self
    }

    /// The behaviors of its peers, in their order; an empty one is a program. All are
    /// programs if none are given.
    pub fn behaviors<Name: Into<String>>(mut self, of: impl IntoIterator<Item = Name>) -> Self {
        self.behaviors = of.into_iter().map(Into::into).collect();
        self
    }

    /// The seed of its random stream; 1 if none is given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The folder for its run's files; none if none is given.
    pub fn run_folder(mut self, folder: &str) -> Self {
        self.run_folder = folder.to_owned();
        self
    }

    /// Its local time when it is made; 0 if none is given. A node that starts again after a
    /// crash is made later.
    pub fn at(mut self, now: Duration) -> Self {
        self.now = now;
        self
    }

    /// Makes the node; it is not started yet.
    ///
    /// # Panics
    /// When the config has mistakes or the behavior refuses.
    #[track_caller]
    pub fn create(self) -> Kit<B> {
        match self.try_create() {
            Ok(kit) => kit,
            Err(failure) => panic!("`new` failed: {failure}"),
        }
    }

    /// Makes the node, or returns why it cannot be made.
    ///
    /// # Errors
    /// When the behavior refuses or panics.
    ///
    /// # Panics
    /// When the config has mistakes; see [`problems`] to look at those.
    #[track_caller]
    pub fn try_create(self) -> Result<Kit<B>, Failure> {
        let config = match config::read(&self.config, B::check) {
            Ok(config) => config,
            Err(problems) => panic!("the config has mistakes: {problems:?}"),
        };
        let random = Random::from_seed(self.seed);
        let host = Host::new(
            config,
            self.name,
            self.peers,
            self.behaviors,
            self.run_folder,
            random,
            self.now,
        )?;
        Ok(Kit { host })
    }
}

/// A node whose behavior is driven by a test. Each callback's method returns what the
/// behavior did, and panics if it failed; [`Kit::call`] returns the failure, too.
pub struct Kit<B: Behavior> {
    host: Host<B>,
}

/// A callback with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call<'a> {
    /// The node starts.
    Start,
    /// A message from a peer is taken from the inbox.
    Message(u32, &'a [u8]),
    /// A timer with this tag is due.
    Timer(u64),
    /// A tick finds an empty inbox.
    Tick,
    /// A peer connected.
    Connect(u32),
    /// A peer's connection closed.
    Disconnect(u32),
    /// The run ends.
    Stop,
}

impl<B: Behavior> Kit<B> {
    /// Makes one callback and returns what the behavior did.
    ///
    /// # Errors
    /// If it returns an error, panics, or sends to a peer that it has no link to.
    pub fn call(&mut self, call: Call<'_>) -> Result<Vec<Effect>, Failure> {
        self.host.call(call)
    }

    #[track_caller]
    fn expect(&mut self, call: Call<'_>) -> Vec<Effect> {
        match self.call(call) {
            Ok(effects) => effects,
            Err(failure) => panic!("{call:?} failed: {failure}"),
        }
    }

    /// The node starts.
    #[track_caller]
    pub fn start(&mut self) -> Vec<Effect> {
        self.expect(Call::Start)
    }

    /// A message from a peer is taken from the inbox.
    #[track_caller]
    pub fn message(&mut self, from: u32, bytes: impl AsRef<[u8]>) -> Vec<Effect> {
        self.expect(Call::Message(from, bytes.as_ref()))
    }

    /// A timer with this tag is due.
    #[track_caller]
    pub fn timer(&mut self, tag: u64) -> Vec<Effect> {
        self.expect(Call::Timer(tag))
    }

    /// A tick finds an empty inbox.
    #[track_caller]
    pub fn tick(&mut self) -> Vec<Effect> {
        self.expect(Call::Tick)
    }

    /// A peer connected.
    ///
    /// # Panics
    /// If [`Behavior::CONNECTS`] is false: no host would call it.
    #[track_caller]
    pub fn connect(&mut self, peer: u32) -> Vec<Effect> {
        assert!(
            B::CONNECTS,
            "the behavior lacks `const CONNECTS: bool = true`"
        );
        self.expect(Call::Connect(peer))
    }

    /// A peer's connection closed.
    ///
    /// # Panics
    /// As [`connect`](Kit::connect).
    #[track_caller]
    pub fn disconnect(&mut self, peer: u32) -> Vec<Effect> {
        assert!(
            B::CONNECTS,
            "the behavior lacks `const CONNECTS: bool = true`"
        );
        self.expect(Call::Disconnect(peer))
    }

    /// The run ends.
    #[track_caller]
    pub fn stop(&mut self) -> Vec<Effect> {
        self.expect(Call::Stop)
    }

    /// Sets the node's local time since the run began, for what follows.
    pub fn at(&mut self, now: Duration) -> &mut Self {
        self.host.set_now(now);
        self
    }

    /// Sets the time of day, for what follows; before, there is none, as in virtual time.
    pub fn at_time_of_day(&mut self, time: SystemTime) -> &mut Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        self.host.set_time_of_day_ns(ns);
        self
    }

    /// The value of a column of numbers, if it has one.
    pub fn get<T: Value>(&self, column: Column<T>) -> Option<T> {
        self.host.cell(column.index()).map(T::from_cell)
    }

    /// The value of a column of text, if it has one.
    pub fn text(&self, column: Column<str>) -> Option<&str> {
        self.host.text(column.index())
    }
}
