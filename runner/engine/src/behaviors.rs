//! What the engine asks of the nodes' behaviors, whoever provides them: the
//! plugin host, or a test.

use analysis_log::Columns;

use crate::sink::Sink;
use crate::world::World;
use base::random::Random;
use base::time::SimTime;

/// The behaviors of a run's nodes, each with the node's state. A callback acts
/// on the run through the [`World`]; nothing else runs until it returns.
pub trait Behaviors {
    /// Makes the node's state, in place of one that it has; called once per node
    /// and life, before its start.
    ///
    /// # Errors
    ///
    /// Like every callback: when the behavior refuses or panics.
    fn create<S: Sink>(
        &mut self,
        node: u32,
        random: Random,
        world: &mut World<S>,
    ) -> Result<(), CallError>;

    /// The node's state is gone; it does nothing and has no columns until it is
    /// made anew.
    fn remove(&mut self, _node: u32) {}

    /// The node does something.
    ///
    /// # Errors
    ///
    /// When the behavior refuses or panics.
    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError>;

    /// Whether the node's behavior wants to know of its peers' connections.
    fn handles_connections(&self, _node: u32) -> bool {
        false
    }

    /// The node's columns as they are now.
    fn columns(&self, node: u32) -> Columns<'_>;

    /// The node acts soon: a hint to bring its state near. Changes nothing.
    #[inline]
    fn expect(&self, _node: u32) {}

    /// The engine reads this soon: a hint to bring it near, for which the engine,
    /// free of unsafe code, has no means of its own. Changes nothing.
    #[inline]
    fn prefetch<T>(_soon: &T) {}
}

/// One callback, with what it is told.
#[derive(Clone, Copy, Debug)]
pub enum Call<'a> {
    /// The node starts.
    Start,
    /// A message was taken from the inbox.
    Message {
        /// Which peer sent it.
        peer: u32,
        /// What it says.
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
    /// The callback's name, as errors show it.
    pub fn name(&self) -> &'static str {
        match self {
            Call::Start => "start",
            Call::Message { .. } => "message",
            Call::Timer { .. } => "timer",
            Call::Tick => "tick",
            Call::Connect { .. } => "connect",
            Call::Disconnect { .. } => "disconnect",
            Call::Stop => "stop",
        }
    }
}

/// Why a callback did not do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Whether it panicked; else it refused.
    pub panicked: bool,
    /// What it said.
    pub reason: String,
}

/// A run that a behavior broke: the plugin's fault, with where it happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("node `{node}` {} in `{callback}` at {time} (step {step}): {}", self.verb(), self.error.reason)]
pub struct Failure {
    /// The node's name.
    pub node: String,
    /// The callback: `new` where the state was being made.
    pub callback: &'static str,
    /// True time of the callback.
    pub time: SimTime,
    /// The node's step.
    pub step: u64,
    /// What the behavior did.
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
