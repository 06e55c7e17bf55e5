//! What leaves the process: in real time, messages between nodes travel over
//! sockets, and strangers (programs that connect from outside) are peers.
//!
//! The engine decides what is sent and when, as in virtual time; whoever drives
//! the run takes it from [`Wires::outgoing`] and carries it. In virtual time
//! there are no wires: every message goes through the event queue.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use crate::message::MessageId;
use crate::topology::{LinkEnd, NO_RULE};

/// The ways out of the process.
#[derive(Debug, Default)]
pub struct Wires {
    /// Whether messages over an unnamed link take a wire; false in virtual time.
    all: bool,
    /// Whether those over the links of each rule do.
    rules: Vec<bool>,
    /// Nodes that can be reached over a wire alone, by index; empty: none.
    away: Vec<bool>,
    /// Nodes that another process drives, by index; empty: none.
    pub(super) elsewhere: Vec<bool>,
    /// What is to be carried out now, in order.
    pub outgoing: Vec<Outgoing>,
    /// What leaves later, while its event is pending.
    held: Vec<Option<Outgoing>>,
    /// Places of `held` that are free.
    free: Vec<u32>,
    strangers: Vec<String>,
    /// Ways to strangers that may take a message at once, by (node, stranger).
    /// Never iterated.
    outlets: HashMap<(u32, u32), Arc<dyn Outlet>>,
}

/// A way out that may take a message while it is still lent by the behavior that
/// sends it: a large one need not be copied then.
pub trait Outlet: Debug + Send + Sync {
    /// Takes a message, or leaves it to be carried like any other: always, if
    /// anything waits that was sent before it.
    fn offer(&self, message: &[u8]) -> Offer;
}

/// What became of a message that was offered to an [`Outlet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Nothing was taken of it.
    Left,
    /// It is out.
    Taken,
    /// It was taken, and whoever drives the run is to look after its rest.
    Begun,
}

/// Messages of this size and more are offered to an outlet; below, laying them
/// down costs next to nothing `[bytes]`.
pub const LARGE: usize = 16 << 10;

/// Something to be carried out of the process.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    /// The node that it comes from.
    pub from: u32,
    /// The node or stranger that it is for.
    pub to: u32,
    /// What it is.
    pub what: What,
}

/// What is carried.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// A message, to be taken from the run's messages.
    Message(MessageId),
    /// An outlet has begun with a message and holds the rest of it.
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
    /// A message is lost on its way: the node that it was for records that.
    Lost {
        /// The sender's number for it.
        number: u64,
        /// Its size `[bytes]`.
        bytes: u64,
    },
}

impl Wires {
    /// Lets messages take wires: over unnamed links, and over those of each rule
    /// as told; and always to the nodes marked in `away`.
    pub fn lay(&mut self, all: bool, rules: Vec<bool>, away: Vec<bool>) {
        (self.all, self.rules, self.away) = (all, rules, away);
    }

    /// Whether another process drives a node.
    #[inline]
    pub fn is_elsewhere(&self, node: u32) -> bool {
        self.elsewhere.get(node as usize).copied().unwrap_or(false)
    }

    /// Whether another process drives any node.
    pub fn is_apart(&self) -> bool {
        !self.elsewhere.is_empty()
    }

    /// Whether a message takes a wire.
    #[inline]
    pub(super) fn carry(&self, to: LinkEnd) -> bool {
        if !self.all && self.rules.is_empty() && self.away.is_empty() {
            return false;
        }
        let by_link = match to.rule {
            NO_RULE => self.all,
            rule => self.rules.get(rule as usize).copied().unwrap_or(false),
        };
        by_link || self.away.get(to.node as usize).copied().unwrap_or(false)
    }

    /// Peers that are no nodes of the scenario, in the order of their first
    /// appearance.
    pub fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// From now on large messages of a node to a stranger are offered to this
    /// outlet first.
    pub fn open_outlet(&mut self, from: u32, to: u32, outlet: Arc<dyn Outlet>) {
        self.outlets.insert((from, to), outlet);
    }

    /// The outlet is gone.
    pub fn close_outlet(&mut self, from: u32, to: u32) {
        self.outlets.remove(&(from, to));
    }

    /// All outlets are gone.
    pub fn close_outlets(&mut self) {
        self.outlets.clear();
    }

    /// Whether a message left at once: only if all that was sent before it has.
    pub(super) fn leave_at_once(&mut self, from: u32, to: u32, number: u64, bytes: &[u8]) -> bool {
        if bytes.len() < LARGE || !self.outgoing.is_empty() {
            return false;
        }
        let offer = self
            .outlets
            .get(&(from, to))
            .map_or(Offer::Left, |outlet| outlet.offer(bytes));
        if offer == Offer::Begun {
            let what = What::Rest {
                number,
                bytes: bytes.len() as u64,
            };
            self.outgoing.push(Outgoing { from, to, what });
        }
        offer != Offer::Left
    }

    pub(super) fn add_stranger(&mut self, name: String) -> u32 {
        self.strangers.push(name);
        self.strangers.len() as u32 - 1
    }

    pub(super) fn hold(&mut self, outgoing: Outgoing) -> u32 {
        if let Some(parcel) = self.free.pop() {
            self.held[parcel as usize] = Some(outgoing);
            return parcel;
        }
        self.held.push(Some(outgoing));
        self.held.len() as u32 - 1
    }

    pub(super) fn release(&mut self, parcel: u32) {
        if let Some(outgoing) = self.held[parcel as usize].take() {
            self.outgoing.push(outgoing);
            self.free.push(parcel);
        }
    }
}
