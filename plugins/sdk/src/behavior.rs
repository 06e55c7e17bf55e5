//! The trait that a plugin implements, and the few types in its signatures.

use crate::{ColumnInfo, Context, Event, Node, Problem, Shape};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a callback failed: anything that is an error, or text
/// (`Err("no such account".into())`).
pub type Error = Box<dyn std::error::Error>;

/// The result of a callback. An error fails the run and is reported with node,
/// callback, time and step. What may happen in the system (a bad request, a lost
/// peer) is no error: the behavior handles it.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// What the nodes of a group do: a state machine, one instance per node and run.
///
/// Write the callbacks that matter; the others do nothing. An instance must
/// keep no state outside of itself: the same library serves thousands of nodes
/// and several runs at once. All randomness comes from [`Node::random`], all
/// time from [`Node::now`]; then the same seed gives the same run.
pub trait Behavior: Sized + 'static {
    /// What a scenario may set for a node: the `config` table. The fields' doc
    /// comments, defaults and ranges (`#[schemars(range(min = 1))]`) become the
    /// reference that `runner plugins` shows. Made once per node group and
    /// shared by its nodes.
    type Config: DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The name after the dot in a scenario's `behavior = "PLUGIN.NAME"`.
    const NAME: &'static str;

    /// One paragraph of documentation.
    const DOCS: &'static str;

    /// The columns that it adds to its node's log; at most 63.
    const COLUMNS: &'static [ColumnInfo] = &[];

    /// The words of its own for the log's `event` column.
    const EVENTS: &'static [Event] = &[];

    /// The files that a node may write into [`Node::run_folder`]: names without
    /// folders, in which `{node}` stands for the node's name. A scenario in which two
    /// nodes would write one file, or a node the file of a log, is refused.
    const FILES: &'static [&'static str] = &[];

    /// Whether it can be a clocked node (`tick_rate`, `tick_interval`). A
    /// scenario that gives such timing to a behavior without it is refused, so
    /// set it wherever [`tick`](Behavior::tick) is written.
    const CLOCKED: bool = false;

    /// Whether [`connect`](Behavior::connect) and
    /// [`disconnect`](Behavior::disconnect) are called: set it wherever one of them is
    /// written. Without it the node's log has no such rows either.
    const CONNECTS: bool = false;

    /// What is wrong with a config, beyond its types and ranges: called once
    /// per group, before anything runs.
    fn check(config: &Self::Config) -> Vec<Problem> {
        let _ = config;
        Vec::new()
    }

    /// The columns, words and callbacks that a config decides; none (the default): those of
    /// the constants above. Called once per group, after
    /// [`check`](Behavior::check) has found nothing. A runner that is older than this
    /// function does not ask for it.
    fn shape(config: &Self::Config) -> Option<Shape> {
        let _ = config;
        None
    }

    /// Makes the node's instance. It may read the node and set columns, but has no
    /// effects yet: those begin with [`start`](Behavior::start).
    ///
    /// # Errors
    /// If the node cannot exist as configured; the run fails.
    fn new(node: &mut Node<Self>) -> Result<Self>;

    /// The node starts.
    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let _ = node;
        Ok(())
    }

    /// A message was taken from the inbox. It may come from any program if the node
    /// listens: see [`Rejected`](crate::Rejected).
    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let _ = (node, from, bytes);
        Ok(())
    }

    /// The timer set with this tag is due.
    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        let _ = (node, tag);
        Ok(())
    }

    /// A clocked node's tick found no message in the inbox. See
    /// [`CLOCKED`](Behavior::CLOCKED).
    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        let _ = node;
        Ok(())
    }

    /// A peer connected. See [`CONNECTS`](Behavior::CONNECTS).
    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let _ = (node, peer);
        Ok(())
    }

    /// A peer's connection closed by the other end. See
    /// [`CONNECTS`](Behavior::CONNECTS).
    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let _ = (node, peer);
        Ok(())
    }

    /// The run ends.
    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        let _ = node;
        Ok(())
    }
}

/// A peer of a node, by its number: from 0 in the order of the scenario, the
/// next node first, wrapping around. Connections from outside have numbers past
/// [`Node::peer_count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(pub u32);

/// The config of a behavior that has none: any key is a mistake.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct NoConfig {}
