//! Nodes that are no instances of a plugin: what they do comes from a process.
//!
//! To the engine such a node is like any other. It has steps, an inbox and rows; links and
//! faults hold for it. Whoever knows its process implements [`Foreign`] for all such nodes
//! of a run, and gives it to the host, which passes on the calls that are for no instance.
//! So the instances of plugins cost nothing more.

use std::fmt::Debug;

use crate::behaviors::CallError;
use base::random::Random;
use base::time::{SimDuration, SimTime};

/// All foreign nodes of a run.
pub trait Foreign: Debug + Send {
    /// Whether a node is one of them.
    fn holds(&self, node: u32) -> bool;

    /// Creates the node's state anew; called before each start of the node.
    ///
    /// # Errors
    ///
    /// If that is not possible.
    fn create(&mut self, _node: u32, _random: Random, _at: Moment) -> Result<(), CallError> {
        Ok(())
    }

    /// Drops the node's state, if there is one: the node has crashed, or the run has ended.
    ///
    /// # Errors
    ///
    /// If that is not possible.
    fn destroy(&mut self, _node: u32) -> Result<(), CallError> {
        Ok(())
    }

    /// The node is called. What it does is added to `effects`, in order.
    ///
    /// # Errors
    ///
    /// If the node has failed: the run ends.
    fn call(
        &mut self,
        node: u32,
        call: ForeignCall<'_>,
        at: Moment,
        effects: &mut Vec<Effect>,
    ) -> Result<(), CallError>;

    /// What makes the result doubtful, in virtual time, for people. Asked once, at the end.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// When a node is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// True time.
    pub now: SimTime,
    /// What the node's own clock shows.
    pub local: SimTime,
}

/// A call of a foreign node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignCall<'a> {
    /// The node starts.
    Start,
    /// A message was taken from the inbox.
    Message {
        /// The node that sent it, or an external peer, by index.
        from: u32,
        /// The sender's name, if it is an external peer.
        external: &'a str,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// A timer is due.
    Timer {
        /// Which.
        tag: u64,
    },
    /// The run ends.
    Stop,
}

/// What a foreign node does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It sends a message to a node that it has a link to, or to itself.
    Send {
        /// The node, by index.
        to: u32,
        /// The message.
        bytes: Vec<u8>,
    },
    /// It prints a line into its output.
    Print(String),
    /// It is called with this tag after a span of its own clock. A timer of the same tag that
    /// it has set before is not due any more.
    SetTimer {
        /// Which timer.
        tag: u64,
        /// After how long.
        delay: SimDuration,
    },
    /// A timer that it has set is not due any more.
    CancelTimer {
        /// Which timer.
        tag: u64,
    },
    /// It does not understand the message of this call: the message is lost.
    Refuse(String),
    /// In real time: the driver has to write this to its process.
    Hand(Handed),
}

/// A message that the driver of a run in real time writes to the process of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The node.
    pub node: u32,
    /// The node that sent it, or an external peer, by index.
    pub from: u32,
    /// The message.
    pub bytes: Vec<u8>,
}
