//! What a person does to a run in real time: messages, keys, cuts.
//!
//! The person is at a view in another thread. Its orders come through a channel, with a byte
//! on a socket that the loop waits for. What was done is written into the output of the
//! node, so that the results tell it.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use crossbeam::channel::{Receiver, Sender, unbounded};

use super::RealTime;
use super::sockets::Socket;
use crate::input;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use engine::transport::Content;

/// The name of the person among a node's peers.
pub const NAME: &str = "by-hand";

/// What a person does to a run in real time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Sends a message to a node.
    Send {
        /// The node.
        node: u32,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Presses a key for the node that reads standard input. In a run without such a node,
    /// it is a message to this one.
    Press {
        /// The selected node.
        node: u32,
        /// The key.
        bytes: Vec<u8>,
    },
    /// Cuts all links of a node.
    Cut {
        /// The node.
        node: u32,
    },
    /// Ends all cuts.
    Heal,
}

/// The view's end.
#[derive(Debug)]
pub struct Person {
    orders: Sender<Order>,
    wake: UnixStream,
}

/// The run's end.
#[derive(Debug)]
pub struct Hand {
    orders: Receiver<Order>,
    wake: UnixStream,
}

impl Person {
    /// Both ends.
    ///
    /// # Errors
    ///
    /// If the system has no descriptor left.
    pub fn new() -> io::Result<(Person, Hand)> {
        let (sender, receiver) = unbounded();
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let person = Person {
            orders: sender,
            wake: near,
        };
        let hand = Hand {
            orders: receiver,
            wake: far,
        };
        Ok((person, hand))
    }

    /// Gives an order. Does nothing if the run has ended.
    pub fn order(&mut self, order: Order) {
        if self.orders.send(order).is_ok() {
            // If the socket is full, the loop has not read earlier bytes, and is awake.
            let _ = self.wake.write(&[1]);
        }
    }
}

impl Hand {
    /// Takes the bytes that have woken the loop.
    pub(super) fn wake_up(&mut self) {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|count| count > 0) {}
    }
}

impl AsFd for Hand {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

/// A person's part in a run.
#[derive(Debug, Default)]
pub(super) struct ByHand {
    /// Taken when the run begins.
    hand: Option<Hand>,
    orders: Option<Receiver<Order>>,
    /// The person, as a peer, and the number of messages that they have sent.
    peer: Option<(u32, u64)>,
    /// The nodes that know the person.
    connected: Vec<u32>,
    /// The node that reads standard input, its peer, and the number of keys.
    reader: Option<(u32, u32, u64)>,
}

impl ByHand {
    /// Whether a peer is the person.
    pub fn is_peer(&self, peer: u32) -> bool {
        let reader = self.reader.is_some_and(|it| it.1 == peer);
        reader || self.peer.is_some_and(|it| it.0 == peer)
    }

    /// The person, as a peer, if that is the name.
    pub fn peer_named(&self, name: &str) -> Option<u32> {
        self.peer.filter(|_| name == NAME).map(|it| it.0)
    }

    /// Whether a person is at a view, which also has the keyboard.
    pub fn is_there(&self) -> bool {
        self.hand.is_some() || self.orders.is_some()
    }
}

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Lets a person act on the run. Call this before it begins.
    pub fn take_by_hand(&mut self, hand: Hand) {
        self.run.expect_cuts();
        self.by_hand.hand = Some(hand);
    }

    /// Begins to take orders.
    pub(super) fn connect_hand(&mut self) -> Result<(), Failure> {
        let Some(hand) = self.by_hand.hand.take() else {
            return Ok(());
        };
        self.by_hand.orders = Some(hand.orders.clone());
        let added = self.sockets.add(Socket::Hand(hand));
        added.map_err(|error| self.system_failure(&error))?;
        let reader = input::reader(self.run.world.roster());
        if let Some((node, _)) = reader {
            let peer = self.run.add_external_peer(input::NAME);
            self.by_hand.reader = Some((node, peer, 0));
            self.run.connect(node, peer)?;
        }
        self.send_outgoing()
    }

    /// Does the orders that have come.
    pub(super) fn do_orders(&mut self) -> Result<(), Failure> {
        let Some(orders) = self.by_hand.orders.clone() else {
            return Ok(());
        };
        for order in orders.try_iter() {
            match order {
                Order::Send { node, bytes } => self.send_by_hand(node, &bytes)?,
                Order::Press { node, bytes } => match &mut self.by_hand.reader {
                    Some((reader, peer, count)) => {
                        *count += 1;
                        let (reader, peer, count) = (*reader, *peer, *count);
                        self.run.deliver(reader, peer, count, &bytes)?;
                    }
                    None => self.send_by_hand(node, &bytes)?,
                },
                Order::Cut { node } => {
                    self.run.cut_by_hand(node);
                    self.run
                        .world
                        .print_for(node, "by hand: cut off from all other nodes");
                }
                Order::Heal => {
                    for node in self.run.heal_by_hand() {
                        self.run.world.print_for(node, "by hand: linked again");
                    }
                }
            }
            self.send_outgoing()?;
        }
        Ok(())
    }

    fn send_by_hand(&mut self, node: u32, bytes: &[u8]) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if self.run.world.is_program(node) || !self.run.is_up(node) {
            let line = format!("by hand: not sent, it is no node that is up: {text}");
            self.run.world.print_for(node, &line);
            return Ok(());
        }
        let (peer, number) = match &mut self.by_hand.peer {
            Some((peer, number)) => {
                *number += 1;
                (*peer, *number)
            }
            None => {
                let peer = self.run.add_external_peer(NAME);
                self.by_hand.peer = Some((peer, 1));
                (peer, 1)
            }
        };
        if !self.by_hand.connected.contains(&node) {
            self.by_hand.connected.push(node);
            self.run.connect(node, peer)?;
        }
        self.run.deliver(node, peer, number, bytes)
    }

    /// Takes what a node sends to the person: it is printed.
    pub(super) fn send_to_hand(&mut self, node: u32, what: Content) {
        if let Content::Message(id) = what {
            self.print_message(node, id);
        }
    }
}
