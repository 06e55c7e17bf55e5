//! What a behavior did in a callback, as values to compare.

use crate::{Event, Peer};
use std::fmt;
use std::time::Duration;

/// One thing that a behavior did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It sent a message.
    Sent {
        /// To whom.
        to: Peer,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// It closed the connection to a peer.
    Closed(Peer),
    /// It set a timer.
    TimerSet {
        /// The timer's tag.
        tag: u64,
        /// The span until it is due.
        after: Duration,
    },
    /// It cancelled the timer with this tag.
    TimerCancelled(u64),
    /// It recorded a word of its own.
    Recorded(&'static str),
    /// It printed a line.
    Printed(String),
    /// It ended the run, for this reason.
    StoppedRun(String),
}

impl Effect {
    /// A message was sent to a peer.
    pub fn sent(to: u32, bytes: impl AsRef<[u8]>) -> Effect {
        Effect::Sent {
            to: Peer(to),
            bytes: bytes.as_ref().to_vec(),
        }
    }

    /// A timer was set.
    pub fn timer_set(tag: u64, after: Duration) -> Effect {
        Effect::TimerSet { tag, after }
    }

    /// A word was recorded.
    pub fn recorded(event: Event) -> Effect {
        Effect::Recorded(event.name)
    }

    /// A line was printed.
    pub fn printed(line: &str) -> Effect {
        Effect::Printed(line.to_owned())
    }
}

/// Why a callback failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The behavior returned this error.
    Refused(String),
    /// The behavior panicked with these words.
    Panicked(String),
    /// The behavior does not understand the message, for this reason
    /// ([`Rejected`](crate::Rejected)).
    Rejected(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(reason) | Failure::Rejected(reason) => f.write_str(reason),
            Failure::Panicked(reason) => write!(f, "panicked: {reason}"),
        }
    }
}

impl std::error::Error for Failure {}
