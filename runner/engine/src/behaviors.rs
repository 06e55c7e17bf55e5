//! The interface between the engine and the nodes' behaviors. The plugin host
//! implements it, and so do tests.

use analysis_log::Columns;

use crate::foreign::Handed;
use crate::sink::Sink;
use crate::world::World;
use base::callback::Callback;
use base::random::Random;
use base::time::SimTime;

/// The behaviors of a run's nodes, with the nodes' states. A callback acts on the run
/// through the [`World`]; nothing else runs until it returns.
pub trait Behaviors {
    /// Creates the node's state and drops an old one; called before each start of the
    /// node.
    ///
    /// # Errors
    ///
    /// If the behavior refuses or panics.
    fn create<S: Sink>(
        &mut self,
        node: u32,
        random: Random,
        world: &mut World<S>,
    ) -> Result<(), CallError>;

    /// Drops the node's state, if there is one. Its columns stay as they are.
    ///
    /// # Errors
    ///
    /// If that panics. The state is dropped nevertheless.
    fn destroy<S: Sink>(&mut self, _node: u32, _world: &World<S>) -> Result<(), CallError> {
        Ok(())
    }

    /// Clears the columns of a node whose state was dropped, until it is created again.
    fn clear(&mut self, _node: u32) {}

    /// Gives the node another random stream, from its next callback on.
    fn reseed(&mut self, _node: u32, _random: Random) {}

    /// Calls one of the node's callbacks.
    ///
    /// # Errors
    ///
    /// If the behavior refuses or panics.
    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError>;

    /// Whether the node's behavior handles connections of its peers.
    fn handles_connections(&self, _node: u32) -> bool {
        false
    }

    /// Takes what foreign nodes were handed since the last call, in order: the driver of a run
    /// in real time writes it to their processes.
    fn take_handed(&mut self) -> Vec<Handed> {
        Vec::new()
    }

    /// The node's columns as they are now.
    fn columns(&self, node: u32) -> Columns<'_>;

    /// Prefetches the state of a node that acts soon.
    #[inline]
    fn expect(&self, _node: u32) {}

    /// Prefetches something that the engine reads soon. The engine has no unsafe code, so
    /// it cannot do this itself.
    #[inline]
    fn prefetch<T>(_soon: &T) {}
}

/// One callback, with its arguments.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// The node starts.
    Start,
    /// A message was taken from the inbox.
    Message {
        /// Which peer sent it.
        peer: u32,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A timer is due.
    Timer {
        /// Which.
        tag: u64,
    },
    /// A tick found the inbox empty.
    Tick,
    /// A peer connected.
    Connect {
        /// Which.
        peer: u32,
    },
    /// A peer's connection closed.
    Disconnect {
        /// Which.
        peer: u32,
    },
    /// The run ends.
    Stop,
}

impl Call<'_> {
    /// Which callback.
    #[inline]
    pub fn callback(&self) -> Callback {
        match self {
            Call::Start => Callback::Start,
            Call::Message { .. } => Callback::Message,
            Call::Timer { .. } => Callback::Timer,
            Call::Tick => Callback::Tick,
            Call::Connect { .. } => Callback::Connect,
            Call::Disconnect { .. } => Callback::Disconnect,
            Call::Stop => Callback::Stop,
        }
    }
}

/// Why a callback failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Whether it panicked; otherwise it returned an error.
    pub panicked: bool,
    /// The message of the panic or error.
    pub reason: String,
}

/// A behavior's failure, which ends the run: what went wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}` {} in `{callback}` at {time} (step {step}): {}", self.verb(), self.error.reason)]
pub struct Failure {
    /// The node's name.
    pub node: String,
    /// The callback; `new` creates the state, `drop` ends it.
    pub callback: &'static str,
    /// True time of the callback.
    pub time: SimTime,
    /// The node's step.
    pub step: u64,
    /// What went wrong.
    pub error: CallError,
}

impl Failure {
    fn verb(&self) -> &'static str {
        if self.error.panicked {
            "panicked"
        } else {
            "failed"
        }
    }
}
