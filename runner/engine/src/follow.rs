//! What a sink sees that follows a run event by event, and what it may do to it.
//!
//! Records say what nodes did. A debugger also shows where each message is: on a link, in
//! an inbox, or gone; and it lets a person deliver or drop a message by hand. Only a sink
//! with [`Sink::FOLLOWS`] is told and asked. For all other sinks the compiler removes the
//! calls.

use crate::behaviors::{Behaviors, Failure};
use crate::message::MessageId;
use crate::queue::Event;
use crate::run::Run;
use crate::sink::Sink;
use base::time::SimTime;

/// What is handled next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// An event of the queue.
    Event(Event),
    /// A node ticks.
    Tick {
        /// The node.
        node: u32,
    },
    /// In real time: a message from a socket reaches a node.
    Socket {
        /// The node.
        node: u32,
    },
    /// A person intervenes.
    Intervention(Intervention),
    /// The run ends: its nodes stop.
    End,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug)]
pub enum Move<'a> {
    /// It is on a link.
    Departs {
        /// Its name until it is lost or taken.
        message: MessageId,
        /// Its sender.
        from: u32,
        /// Its destination.
        to: u32,
        /// The sender's number for it.
        number: u64,
        /// Its bytes, as they will arrive.
        bytes: &'a [u8],
        /// When it arrives.
        arrives: SimTime,
    },
    /// It is in the inbox of this node, behind all others.
    Waits {
        /// Its name.
        message: MessageId,
        /// Its sender.
        from: u32,
        /// The sender's number for it.
        number: u64,
        /// The node.
        node: u32,
    },
    /// The first message in the inbox of this node leaves it: the node handles it, or a
    /// crash destroys it.
    Taken {
        /// The node.
        node: u32,
    },
    /// It was on a link and is lost.
    Lost {
        /// Its name.
        message: MessageId,
    },
}

/// What a person does to a message that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervention {
    /// The message.
    pub message: MessageName,
    /// What is done to it.
    pub act: Act,
}

/// The name of a message that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageName {
    /// Its sender.
    pub from: u32,
    /// The sender's number for it.
    pub number: u64,
    /// Its destination.
    pub to: u32,
}

/// What is done to a message that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It arrives now, before everything else.
    Deliver,
    /// It is lost.
    Drop,
}

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Does what the sink asks for before the next event. Of a message that a link has
    /// duplicated, the copy that would arrive first is meant. An intervention for a message
    /// that is not under way does nothing.
    #[cold]
    pub(crate) fn intervene(&mut self, intervention: Intervention) -> Result<(), Failure> {
        let now = self.world.now;
        let what = Happening::Intervention(intervention);
        self.world.sink.happens(now, what);
        self.world.counts.events += 1;
        let MessageName { from, number, to } = intervention.message;
        let messages = &self.world.messages;
        let event = self.world.events.remove_first(|event| match event {
            Event::Arrival { node, message } => {
                node == to && messages.sender(message) == from && messages.number(message) == number
            }
            _ => false,
        });
        let Some(Event::Arrival { node, message }) = event else {
            return Ok(());
        };
        match intervention.act {
            Act::Deliver => self.arrival(node, message),
            Act::Drop => {
                self.lose_under_way(node, message);
                Ok(())
            }
        }
    }
}
