//! What leaves the process: in real time, messages between nodes travel over
//! sockets, and external peers (programs that connect from outside) exist.
//!
//! The engine decides what is sent and when, as in virtual time. The driver of the
//! run takes it from [`Transport::outgoing`] and writes it to sockets. In virtual
//! time nothing leaves the process: every message goes through the event queue.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use crate::message::MessageId;
use crate::topology::{LinkEnd, NO_RULE};
use base::time::SimTime;

/// Which messages leave the process, and those that wait to be written.
#[derive(Debug, Default)]
pub struct Transport {
    /// Whether any message may leave; false in virtual time.
    any: bool,
    /// Whether messages over a link without a rule leave.
    all: bool,
    /// For each link rule, whether messages over its links leave.
    rules: Vec<bool>,
    /// For each node, whether it is reached over sockets only; empty: none is.
    away: Vec<bool>,
    /// For each node, whether another process drives it; empty: none.
    pub(super) remote: Vec<bool>,
    /// What is to be written now, in order.
    pub outgoing: Vec<Outgoing>,
    /// What leaves later, while its event is pending.
    delayed: Vec<Option<Outgoing>>,
    /// Free indices of `delayed`.
    free: Vec<u32>,
    external_peers: Vec<String>,
    /// Connections that may take a message directly, by (node, other node or external
    /// peer). Never iterated.
    direct_senders: HashMap<(u32, u32), Arc<dyn DirectSender>>,
}

/// A connection that may write a message while the behavior still lends its bytes:
/// a large message need not be copied then.
pub trait DirectSender: Debug + Send + Sync {
    /// Writes the sender's `number`-th message, sent at `now`, or declines it. Declines
    /// whenever an earlier message still waits; a declined message goes through
    /// [`Transport::outgoing`].
    fn offer(&self, number: u64, now: SimTime, message: &[u8]) -> Offer;
}

/// What became of a message that was offered to a [`DirectSender`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// No byte of it was taken.
    Declined,
    /// All of it is written.
    Sent,
    /// It is begun. The direct sender keeps a copy of the rest, if there is one; the driver
    /// has to write it.
    Started,
}

/// Messages of this size and more are offered to a direct sender; for smaller ones
/// a copy costs next to nothing `[bytes]`.
pub const LARGE: usize = 16 << 10;

/// Something that leaves the process.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    /// The node that it comes from.
    pub from: u32,
    /// The node or external peer that it is for.
    pub to: u32,
    /// What it is.
    pub what: Content,
}

/// The content of an [`Outgoing`].
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A message, to be taken from the run's messages.
    Message(MessageId),
    /// The rest of a message that a direct sender has started.
    Rest {
        /// The sender's number for it.
        number: u64,
        /// Its size `[bytes]`.
        bytes: u64,
    },
    /// The connection between the two closes.
    Close,
    /// It opens again.
    Open,
    /// A message was lost: its destination records that.
    Lost {
        /// The sender's number for it.
        number: u64,
        /// Its size `[bytes]`.
        bytes: u64,
    },
}

impl Transport {
    /// Sets which messages leave the process: those over links without a rule, those
    /// over the links of each rule, and those to each node marked in `away`.
    pub fn set_routes(&mut self, all: bool, rules: Vec<bool>, away: Vec<bool>) {
        self.any = all || !rules.is_empty() || !away.is_empty();
        (self.all, self.rules, self.away) = (all, rules, away);
    }

    /// Whether another process drives a node.
    #[inline]
    pub fn is_remote(&self, node: u32) -> bool {
        self.remote.get(node as usize).copied().unwrap_or(false)
    }

    /// Whether another process drives any node.
    pub fn has_remote_nodes(&self) -> bool {
        !self.remote.is_empty()
    }

    /// Whether a message over this link leaves the process.
    #[inline]
    pub(super) fn leaves_process(&self, to: LinkEnd) -> bool {
        self.any && self.leaves(to)
    }

    #[cold]
    fn leaves(&self, to: LinkEnd) -> bool {
        let by_link = match to.rule {
            NO_RULE => self.all,
            rule => self.rules.get(rule as usize).copied().unwrap_or(false),
        };
        by_link || self.away.get(to.node as usize).copied().unwrap_or(false)
    }

    /// The names of the external peers, in the order of their first appearance.
    pub fn external_peers(&self) -> &[String] {
        &self.external_peers
    }

    /// From now on, large messages of a node to another or to an external peer are offered
    /// to this sender first.
    pub fn set_direct_sender(&mut self, from: u32, to: u32, sender: Arc<dyn DirectSender>) {
        self.direct_senders.insert((from, to), sender);
    }

    /// Removes the direct sender of a connection.
    pub fn remove_direct_sender(&mut self, from: u32, to: u32) {
        self.direct_senders.remove(&(from, to));
    }

    /// Removes all direct senders.
    pub fn clear_direct_senders(&mut self) {
        self.direct_senders.clear();
    }

    /// Offers a large message to the direct sender of its connection, if nothing waits
    /// to be written before it. Returns whether the message was taken.
    pub(super) fn send_directly(
        &mut self,
        from: u32,
        to: u32,
        number: u64,
        now: SimTime,
        bytes: &[u8],
    ) -> bool {
        if bytes.len() < LARGE || !self.outgoing.is_empty() {
            return false;
        }
        let sender = self.direct_senders.get(&(from, to));
        let offer = sender.map_or(Offer::Declined, |sender| sender.offer(number, now, bytes));
        if offer == Offer::Started {
            let what = Content::Rest {
                number,
                bytes: bytes.len() as u64,
            };
            self.outgoing.push(Outgoing { from, to, what });
        }
        offer != Offer::Declined
    }

    /// Adds an external peer and returns its index among them.
    pub(super) fn add_external_peer(&mut self, name: String) -> u32 {
        self.external_peers.push(name);
        self.external_peers.len() as u32 - 1
    }

    /// Keeps something that leaves later; returns its index for [`Transport::release`].
    pub(super) fn delay(&mut self, outgoing: Outgoing) -> u32 {
        if let Some(delayed) = self.free.pop() {
            self.delayed[delayed as usize] = Some(outgoing);
            return delayed;
        }
        self.delayed.push(Some(outgoing));
        self.delayed.len() as u32 - 1
    }

    /// A message that is delayed, and its two ends; none if what is delayed is no message.
    pub(super) fn delayed_message(&self, delayed: u32) -> Option<(u32, u32, MessageId)> {
        let outgoing = self.delayed[delayed as usize]?;
        match outgoing.what {
            Content::Message(message) => Some((outgoing.from, outgoing.to, message)),
            _ => None,
        }
    }

    /// Something that was delayed is not to be written.
    pub(super) fn forget(&mut self, delayed: u32) {
        self.delayed[delayed as usize] = None;
        self.free.push(delayed);
    }

    /// Something that was delayed is to be written now.
    pub(super) fn release(&mut self, delayed: u32) {
        if let Some(outgoing) = self.delayed[delayed as usize].take() {
            self.outgoing.push(outgoing);
            self.free.push(delayed);
        }
    }
}
