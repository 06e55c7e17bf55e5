//! What a callback may ask and do.
//!
//! [`Node`] has the time, the peers, the config, the random numbers and the columns
//! of a node. [`Context`] is a `Node` with effects: it sends, sets timers, records,
//! prints. `Behavior::new` has a `Node`, since a node does nothing before it starts;
//! all other callbacks have a `Context`.
//!
//! Time, config, random numbers, columns and the one word of a tick are plain loads
//! and stores in memory that the host shares; the rest are calls into the host.

use crate::export::Raw;
use crate::{
    Behavior, Cell, Column, Event, Peer, Program, Random, Result, Shape, ShapedKind, Value,
};
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The number of peers that an error names.
const PEERS_SHOWN: usize = 10;

/// The node that a behavior's instance belongs to, without effects.
#[repr(transparent)]
pub struct Node<'callback, B: Behavior> {
    pub(crate) raw: Raw,
    callback: PhantomData<&'callback B::Config>,
}

/// A [`Node`] during a callback, with its effects.
///
/// Effects are queued in order; no other callback runs before this one returns.
#[repr(transparent)]
pub struct Context<'callback, B: Behavior> {
    node: Node<'callback, B>,
}

impl<'callback, B: Behavior> Deref for Context<'callback, B> {
    type Target = Node<'callback, B>;
    #[inline]
    fn deref(&self) -> &Node<'callback, B> {
        &self.node
    }
}

impl<'callback, B: Behavior> DerefMut for Context<'callback, B> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Node<'callback, B> {
        &mut self.node
    }
}

impl<'callback, B: Behavior> Node<'callback, B> {
    /// The node's local time since the run began. It drifts from true time
    /// where the scenario says so.
    #[inline]
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.raw.now_ns())
    }

    /// The node's local time since the run began `[ns]`.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        self.raw.now_ns()
    }

    /// The time of day by the node's own clock, in real time. `None` in virtual time: what a
    /// run does there does not depend on when it is made.
    pub fn time_of_day(&self) -> Option<SystemTime> {
        let ns = self.raw.time_of_day_ns()?;
        let span = Duration::from_nanos(ns.unsigned_abs());
        match ns < 0 {
            true => UNIX_EPOCH.checked_sub(span),
            false => UNIX_EPOCH.checked_add(span),
        }
    }

    /// The config of the node's group.
    ///
    /// Like the names below, it may be used beside effects, but does not outlive
    /// the callback.
    #[inline]
    pub fn config(&self) -> &'callback B::Config {
        self.raw.config::<B>()
    }

    /// The node's random stream.
    #[inline]
    pub fn random(&mut self) -> &mut Random {
        self.raw.random()
    }

    /// The number of peers that the scenario links to this node.
    #[inline]
    pub fn peer_count(&self) -> u32 {
        self.raw.peer_count()
    }

    /// The peers that the scenario links to this node, the next node first.
    #[inline]
    pub fn peers(&self) -> impl ExactSizeIterator<Item = Peer> + Clone + use<'callback, B> {
        (0..self.peer_count()).map(Peer)
    }

    /// The peer of this name.
    pub fn peer_named(&self, name: &str) -> Option<Peer> {
        self.peers().find(|&peer| self.peer_name(peer) == name)
    }

    /// The node's name.
    pub fn name(&self) -> &'callback str {
        self.raw.node_name()
    }

    /// A peer's name; empty if there is no such peer.
    pub fn peer_name(&self, peer: Peer) -> &'callback str {
        self.raw.peer_name(peer.0)
    }

    /// A peer's behavior, `PLUGIN.BEHAVIOR`; empty if the peer is a program, or there is
    /// no such peer.
    pub fn peer_behavior(&self, peer: Peer) -> &'callback str {
        self.raw.peer_behavior(peer.0).0
    }

    /// The peers that have another behavior than this node. For a client they are the
    /// nodes that may be its server: without links, the other clients are peers, too.
    pub fn peers_of_other_kinds(&self) -> impl Iterator<Item = Peer> {
        let (count, mut next) = (self.peer_count(), 0);
        let alike = std::iter::from_fn(move || {
            let first = (next < count).then_some(next)?;
            let (behavior, alike) = self.raw.peer_behavior(first);
            next = first.saturating_add(alike).min(count);
            Some((behavior, first..next))
        });
        alike
            .filter(|(behavior, _)| behavior.rsplit('.').next() != Some(B::NAME))
            .flat_map(|(_, peers)| peers.map(Peer))
    }

    /// The peer that is the server of this node, which is a client: the one that the
    /// config names in `key`, or else the only one that has another behavior than this
    /// node.
    ///
    /// # Errors
    /// If no peer has that name, or if no name is given and it is not the only one. The
    /// message says which peers there are, and what to write.
    pub fn server(&self, key: &str, named: Option<&str>) -> Result<Peer> {
        let listed = |peers: &[Peer]| -> String {
            let names: Vec<&str> = peers.iter().map(|&peer| self.peer_name(peer)).collect();
            names.join(", ")
        };
        let all: Vec<Peer> = self.peers().take(PEERS_SHOWN).collect();
        if all.is_empty() {
            return Err(format!(
                "`{}` has no peers: link it to a server (without [[links]], two nodes that \
                 both listen are not linked)",
                self.name()
            )
            .into());
        }
        if let Some(name) = named {
            return self.peer_named(name).ok_or_else(|| {
                let all = listed(&all);
                format!("`{key}` is `{name}`, which this node has no link to (its peers: {all})")
                    .into()
            });
        }
        let able: Vec<Peer> = self.peers_of_other_kinds().take(PEERS_SHOWN).collect();
        match &able[..] {
            [server] => Ok(*server),
            [] => Err(format!(
                "no peer can be the server, since all have the behavior of this node: {}; link it \
                 to a server",
                listed(&all)
            )
            .into()),
            [first, ..] => Err(format!(
                "several peers can be the server: {}; say which one in its config, for example \
                 {key} = {:?}",
                listed(&able),
                self.peer_name(*first)
            )
            .into()),
        }
    }

    /// The folder for the node's files; `None` if the run keeps no files. They belong to
    /// this run's results, or, where the scenario says `state`, outlive the run in a
    /// folder of the node's own. A behavior may find files there that it wrote before a
    /// crash, before `kill -9` of the runner, or in an earlier run: see
    /// [`journal`](crate::journal).
    pub fn run_folder(&self) -> Option<&'callback Path> {
        match self.raw.run_folder() {
            "" => None,
            folder => Some(Path::new(folder)),
        }
    }

    /// The folder of the scenario's file, in which [`start_program`](Node::start_program)
    /// starts programs; empty if the runner does not tell it.
    pub fn scenario_folder(&self) -> &'callback Path {
        Path::new(self.raw.scenario_folder())
    }

    /// Starts a program (the first word) with its arguments in the folder of the scenario.
    /// It and all that it starts end with the runner, even if the runner is killed.
    ///
    /// # Errors
    /// If it cannot be started, or if the runner (or the test kit) does not start programs.
    pub fn start_program(&mut self, words: &[String]) -> std::io::Result<Program> {
        self.raw.start_program(words).map(Program::new)
    }

    /// The columns and words that the config decides: those of
    /// [`Behavior::shape`], where the runner has asked for them.
    pub fn shape(&self) -> Option<&'callback Shape> {
        self.raw.shape::<B>()
    }

    /// Sets a column; the value holds until it is set again or cleared, and
    /// stands in every row of the node.
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    #[inline]
    pub fn set<T: Value>(&mut self, column: Column<T>, value: T) {
        own_column::<B, T>(column);
        self.raw.set_cell::<B>(column.index(), value.to_cell());
    }

    /// The value of a column; `None` before it is set and after it is cleared.
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    #[inline]
    pub fn get<T: Value>(&self, column: Column<T>) -> Option<T> {
        own_column::<B, T>(column);
        self.raw.cell::<B>(column.index()).map(T::from_cell)
    }

    /// Empties a column of numbers.
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    #[inline]
    pub fn clear<T: Value>(&mut self, column: Column<T>) {
        own_column::<B, T>(column);
        self.raw.clear_cell(column.index());
    }
}

impl<B: Behavior> Context<'_, B> {
    /// Sends a message to a peer.
    ///
    /// # Errors
    /// [`NoLink`] if this node has no link to that peer. The run fails, whether or not
    /// the callback returns this error.
    #[inline]
    pub fn send(&mut self, to: Peer, bytes: &[u8]) -> Result {
        match self.node.raw.send(to.0, bytes) {
            true => Ok(()),
            false => Err(no_link(to)),
        }
    }

    /// Sends a message to every peer, in their order.
    ///
    /// # Errors
    /// As [`send`](Context::send).
    pub fn send_all(&mut self, bytes: &[u8]) -> Result {
        self.peers().try_for_each(|peer| self.send(peer, bytes))
    }

    /// Closes the connection to a peer after all messages to it are sent.
    pub fn close(&mut self, peer: Peer) {
        self.node.raw.close(peer.0);
    }

    /// Sets a timer: [`Behavior::timer`] is called with `tag` after a span of local
    /// time (at most 584 years). A pending timer with the same tag is replaced.
    pub fn set_timer(&mut self, tag: u64, after: Duration) {
        let after_ns = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.node.raw.set_timer(tag, after_ns);
    }

    /// Cancels the timer with this tag, if there is one.
    pub fn cancel_timer(&mut self, tag: u64) {
        self.node.raw.cancel_timer(tag);
    }

    /// Writes a row with a word of the behavior's own. On a tick that has
    /// written nothing yet, the word takes the place of `tick`.
    ///
    /// # Panics
    /// When the word is not one of the behavior's.
    #[inline]
    pub fn record(&mut self, event: Event) {
        assert!(
            (event.index as usize) < B::EVENTS.len(),
            "the event is not one of this behavior's EVENTS"
        );
        self.node.raw.record(event.index);
    }

    /// As [`Node::set`].
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    #[inline]
    pub fn set<T: Value>(&mut self, column: Column<T>, value: T) {
        // Here too, so that `node.set(COLUMN, node.now_ns())` is one borrow.
        self.node.set(column, value);
    }

    /// Prints a line into the node's output.
    pub fn print(&mut self, line: impl AsRef<str>) {
        self.node.raw.print(line.as_ref());
    }

    /// Sets a column of text.
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    pub fn set_text(&mut self, column: Column<str>, text: impl AsRef<str>) {
        own_column::<B, str>(column);
        self.node.raw.set_text(column.index(), Some(text.as_ref()));
    }

    /// Empties a column of text.
    ///
    /// # Panics
    /// When the column is not one of the behavior's.
    pub fn clear_text(&mut self, column: Column<str>) {
        own_column::<B, str>(column);
        self.node.raw.set_text(column.index(), None);
    }

    /// Sets or empties a column that the config decides, by its index in the
    /// [`shape`](Node::shape).
    ///
    /// # Panics
    /// When there is no such column, or when it holds something else.
    pub fn set_shaped(&mut self, column: u32, value: Cell<'_>) {
        let columns = self.shape().map_or(&[][..], Shape::columns);
        let Some(kind) = columns.get(column as usize).map(|column| column.kind) else {
            panic!("there is no column {column} in the shape");
        };
        let raw = &mut self.node.raw;
        match (value, kind) {
            (Cell::Text(text), ShapedKind::Text) => raw.set_text(column, Some(text)),
            (Cell::Empty, ShapedKind::Text) => raw.set_text(column, None),
            (Cell::Empty, _) => raw.set_shaped_cell::<B>(column, None),
            (Cell::U64(it), ShapedKind::U64) => {
                raw.set_shaped_cell::<B>(column, Some(it.to_cell()));
            }
            (Cell::I64(it), ShapedKind::I64) => {
                raw.set_shaped_cell::<B>(column, Some(it.to_cell()));
            }
            (Cell::F64(it), ShapedKind::F64) => {
                raw.set_shaped_cell::<B>(column, Some(it.to_cell()));
            }
            (Cell::Bool(it), ShapedKind::Bool) => {
                raw.set_shaped_cell::<B>(column, Some(it.to_cell()));
            }
            (value, kind) => panic!("a column of {kind:?} was set to {value:?}"),
        }
    }

    /// As [`record`](Context::record), with a word that the config decides, by its index in
    /// the [`shape`](Node::shape).
    ///
    /// # Panics
    /// When there is no such word.
    pub fn record_shaped(&mut self, word: u32) {
        let words = self.shape().map_or(0, Shape::event_count);
        assert!(word < words, "there is no word {word} in the shape");
        self.node.raw.record(word);
    }

    /// Ends the run after this step, for this reason.
    pub fn stop_run(&mut self, reason: impl AsRef<str>) {
        self.node.raw.stop_run(reason.as_ref());
    }
}

/// Compiles to nothing: the column and the list are constants.
#[inline]
fn own_column<B: Behavior, T: ?Sized>(column: Column<T>) {
    let column = column.info();
    assert!(
        B::COLUMNS
            .get(column.index as usize)
            .is_some_and(|own| own.kind == column.kind),
        "the column is not one of this behavior's COLUMNS"
    );
}

#[cold]
fn no_link(to: Peer) -> crate::Error {
    Box::new(NoLink { to })
}

/// A message was sent to a peer that the node has no link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLink {
    /// The peer.
    pub to: Peer,
}

impl fmt::Display for NoLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sent a message to peer {}, which this node has no link to",
            self.to.0
        )
    }
}

impl std::error::Error for NoLink {}

/// The error with which [`message`](crate::Behavior::message) rejects a message that it
/// does not understand: `return Err(Rejected::because("not a number"))`. Return it before
/// any effect.
///
/// If the message came from outside of the scenario, it is recorded as dropped, the reason
/// is printed, and the run goes on: anybody can connect to a node that listens. From a node
/// of the scenario, it is an error like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected(String);

impl Rejected {
    /// A rejection for this reason, as an error.
    pub fn because(reason: impl Into<String>) -> crate::Error {
        Box::new(Rejected(reason.into()))
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejected {}
