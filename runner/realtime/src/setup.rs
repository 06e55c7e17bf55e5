//! Why a run in real time could not begin: a port that is taken, a program that
//! is not there, more connections than there may be.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// A run that could not begin. Nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A node cannot listen where it should.
    #[error("node `{node}` cannot listen on {address}: {source}\n  {}", way_out(.source, "end the program that has it, or change the node's `listen`; port 0 takes any free one"))]
    Listen {
        /// The node.
        node: String,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The links would need more connections than the process may open.
    #[error(
        "the links between {nodes} nodes need {needed} sockets, and this process may open {limit}\n  give the links transport = \"channel\", or raise the limit (ulimit -n)"
    )]
    TooManySockets {
        /// Number of nodes.
        nodes: u32,
        /// Sockets that they need.
        needed: u64,
        /// Sockets that there may be.
        limit: u64,
    },
    /// A program cannot be started.
    #[error(
        "node `{node}`: `{command}` cannot be started: {source}\n  is it installed, and spelled as the system spells it?"
    )]
    Start {
        /// The node.
        node: String,
        /// The first word of its command.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program does not answer.
    #[error(
        "node `{node}`: nothing answers at {address} after {patience:?}: {source}\n  start the program first, or let the runner start it with `command`"
    )]
    Unreachable {
        /// The node.
        node: String,
        /// Where it was looked for.
        address: SocketAddr,
        /// For how long.
        patience: Duration,
        /// What the system said at last.
        source: io::Error,
    },
    /// More nodes than there may be processes.
    #[error(
        "{nodes} nodes would need {nodes} processes, and {limit} may be\n  leave out --processes, or give the scenario fewer nodes"
    )]
    TooManyProcesses {
        /// Number of nodes.
        nodes: usize,
        /// Processes that there may be.
        limit: usize,
    },
    /// The process of a node found that it cannot begin, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The process of a node was gone before the run began.
    #[error("the process of {who} ended before the run began: {how}")]
    Gone {
        /// Whose it was.
        who: String,
        /// How it ended.
        how: String,
    },
    /// Anything else that the system refuses.
    #[error("cannot set up the sockets of the run: {0}")]
    System(#[from] io::Error),
}

fn way_out(error: &io::Error, taken: &'static str) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => taken,
        io::ErrorKind::PermissionDenied => "ports below 1024 are the system's: take a higher one",
        _ => "change the node's `listen` to an address of this machine",
    }
}
