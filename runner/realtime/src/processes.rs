//! The nodes of a run in processes of their own, on this machine or on others: the
//! supervisor in the runner, and the messages between it and the processes.
//!
//! # How a run begins
//!
//! With `--processes` the supervisor starts a process for each node; with
//! `--coordinator` it waits until a process has joined for each node ([`join`],
//! [`coordinator`]). It starts one more for the programs that stand for nodes, if there
//! are any. From there on all are the same to it. Each process makes the whole plan anew from the
//! scenario's text, so that it has every node and draws the same random numbers,
//! but it drives only its own nodes. Then, for all processes at once:
//!
//! 1. the supervisor sends each its [`NodeJob`];
//! 2. each opens its sockets and reports their addresses: [`NodeReport::Listening`];
//! 3. the supervisor sends all [`ProcessAddresses`] to all of them. Of each linked
//!    pair, the node with the higher index connects to the other. A process that has
//!    all its connections and programs reports [`NodeReport::Ready`];
//! 4. the supervisor names the instant at which the run begins: [`NodeOrder::Go`].
//!
//! A process that joined from elsewhere compares its clock with the coordinator's before
//! step 3 and after the run ([`clocks`]), and hands over the files that it writes
//! ([`hand_over`]). It and the coordinator hear from each other each second. If something
//! between the two closes their connection, it connects again, and both go on where they were
//! ([`control`]).
//!
//! From then on messages between nodes go from process to process. A run in which nothing
//! can happen any more ends, as it does in one process ([`quiescence`]). At the end of its
//! duration each process sends its neighbors an end, after which no more messages
//! follow, and waits for theirs, so that no message is lost. A process whose
//! control connection closes ends itself: its runner is gone.
//!
//! [`control`] carries orders and reports in [`frames`], [`orders`] receives orders
//! during a run, [`rendezvous`] connects the nodes, [`supervisor`] is the runner's
//! side. [`seats`] are the nodes that processes can join as, and [`secret`] is what both
//! sides must know. The other side is `session::node`, and `session::joined` for a process
//! that joins.

pub mod clocks;
pub mod control;
pub mod coordinator;
pub mod frames;
pub mod hand_over;
pub mod join;
mod network;
pub mod orders;
pub mod quiescence;
pub mod rendezvous;
pub mod seats;
pub mod secret;
pub mod supervisor;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::clocks::{ClockOffset, ClockReply};
use self::hand_over::FilePart;
use self::quiescence::AtRest;
use crate::lag::NodeCounts;
use crate::under_way::UnderWay;
use analysis::log::Occupancy;
use engine::conservation::Conservation;

/// An order of the supervisor to a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum NodeOrder {
    /// Content to do.
    Job(Box<NodeJob>),
    /// Connect to the nodes at these addresses.
    Connect(Vec<ProcessAddresses>),
    /// Begin at an instant of the monotonic clock.
    Go {
        /// The instant that is time 0 `[ns]`.
        start_ns: u64,
    },
    /// End the run now.
    Stop,
    /// The time, which the process has asked for.
    Clock(ClockReply),
    /// Say whether there is nothing to do, in this round.
    Rest(u64),
    /// Nothing can happen any more, in any process: end the run.
    Finish,
    /// The coordinator is there.
    Beat,
    /// There is nothing more to do: end. The reason, if runs are left.
    Over(Option<String>),
}

/// A report of a process to the supervisor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum NodeReport {
    /// Its sockets are open, at these addresses.
    Listening(ProcessAddresses),
    /// It is connected, and its programs run.
    Ready {
        /// How long an order and its reply take, of a process elsewhere `[ns]`.
        round_trip_ns: u64,
    },
    /// It cannot begin, for this reason.
    Refused(String),
    /// A program failed before the run began, in this way.
    ProgramFailed(String),
    /// A behavior has stopped the run, or a behavior or program has failed: all processes
    /// must end the run.
    StopAll,
    /// Its part of the run is over, and its logs are written.
    Done(ProcessResult),
    /// A part of a file that it has written.
    File(FilePart),
    /// It asks for the time; its own clock shows this `[ns]`.
    Clock(u64),
    /// It has nothing to do.
    AtRest(AtRest),
    /// The process is there.
    Beat,
    /// It was asked to end, while it was in no run.
    Leaving,
}

/// Content one process does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeJob {
    /// The path of the scenario, as typed.
    pub path: String,
    /// The text of the scenario: the file may change meanwhile.
    pub text: String,
    /// Content overrides the scenario.
    pub settings: Vec<Setting>,
    /// The builds of the plugins, as JSON of the host's `GivenBuild`s.
    pub plugins: String,
    /// The number of the run.
    pub run: u32,
    /// The nodes to drive.
    pub nodes: Vec<u32>,
    /// A secret number by which the processes of this run recognize one another.
    pub token: u128,
    /// The folder of the run, which exists. A process elsewhere has one of its own.
    pub folder: PathBuf,
    /// Where connections of other nodes are accepted. A process elsewhere knows it itself.
    pub host: IpAddr,
    /// Whether what the nodes print is shown at once.
    pub say: bool,
    /// Whether that is shown in color.
    pub color: bool,
    /// The verbosity of the log, as the number of `-v`.
    pub verbosity: u8,
}

/// A value from the command line that overrides the scenario's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// `--set PATH=VALUE`.
    Set(String),
    /// An option with a name of its own.
    Option {
        /// The option as typed: `--seed`.
        flag: String,
        /// The key of the scenario.
        key: String,
        /// The value.
        value: String,
    },
}

/// The addresses of one process and its nodes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessAddresses {
    /// The nodes.
    pub nodes: Vec<u32>,
    /// Where connections of other nodes are accepted.
    pub links: SocketAddr,
    /// Where datagrams of other nodes are received, by node.
    pub datagrams: Vec<(u32, SocketAddr)>,
    /// Where nodes listen for clients, by the node's name.
    pub listening: Vec<(String, SocketAddr)>,
    /// Lines for the terminal.
    pub remarks: Vec<String>,
}

/// The result of one process, at the end of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessResult {
    /// When its part of the run ended `[ns]`.
    pub end_ns: u64,
    /// Why it ended.
    pub ending: Ending,
    /// Number of events that it handled.
    pub events: u64,
    /// Number of messages that its nodes sent.
    pub messages: u64,
    /// Each lag `[ns]` of its ticks and timers, and how often it occurred.
    pub lags: Vec<(u64, u64)>,
    /// The lags of each of its nodes.
    pub node_lags: Vec<NodeCounts>,
    /// Messages that it sent or began to receive, and that were not delivered.
    pub under_way: Vec<UnderWay>,
    /// Content happened and is not in the logs.
    pub remarks: Vec<String>,
    /// Content each fault of the scenario did in this process.
    pub faults: Vec<FaultTimes>,
    /// Content happened to the messages in this process.
    pub conservation: Conservation,
    /// What the inboxes and servers of its nodes held.
    pub occupancy: Vec<Occupancy>,
    /// The clock of a process elsewhere, compared before the run and after it.
    pub clocks: Vec<ClockOffset>,
}

impl ProcessAddresses {
    /// Replaces each address that stands for all of a machine by one of them.
    pub fn reached_at(&mut self, host: IpAddr) {
        let datagrams = self.datagrams.iter_mut().map(|(_, address)| address);
        let listening = self.listening.iter_mut().map(|(_, address)| address);
        let all = datagrams.chain(listening).chain([&mut self.links]);
        for address in all.filter(|address| address.ip().is_unspecified()) {
            address.set_ip(host);
        }
    }

    /// Replaces the addresses of its links, which it has from the point of view of its own
    /// machine.
    pub fn links_at(&mut self, host: IpAddr) {
        self.links.set_ip(host);
        for (_, address) in &mut self.datagrams {
            address.set_ip(host);
        }
    }
}

/// All addresses of this machine, of the same kind as `other`.
pub fn all_addresses(other: IpAddr) -> IpAddr {
    match other {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Each time that a fault was active.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FaultTimes(pub Vec<FaultTime>);

/// One time that a fault was active.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FaultTime {
    /// If it began `[ns]`.
    pub from_ns: u64,
    /// If it ended `[ns]`.
    pub until_ns: u64,
    /// Number of messages or nodes that it affected.
    pub touched: u64,
}

/// Why the part of a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The duration of the run was over, or nothing could happen any more.
    Complete,
    /// A behavior in this process stopped the run, for this reason.
    Stopped(String),
    /// The supervisor ordered it.
    Ordered,
    /// The process was asked to end, by a signal.
    Left,
    /// A behavior failed, or its records could not be written.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_decodes_to_what_was_encoded() {
        let job = NodeJob {
            path: "a.toml".to_owned(),
            text: "name = \"a\"\n".to_owned(),
            settings: vec![Setting::Set("seed=3".to_owned())],
            plugins: "[]".to_owned(),
            run: 2,
            nodes: vec![1],
            token: u128::MAX,
            folder: PathBuf::from("out"),
            host: Ipv4Addr::LOCALHOST.into(),
            say: true,
            color: false,
            verbosity: 0,
        };
        let mut buffer = frames::FrameBuffer::default();
        buffer.extend(&frames::encode(&NodeOrder::Job(Box::new(job))).unwrap());
        let Some(NodeOrder::Job(back)) = buffer.next_value().unwrap() else {
            panic!("another order");
        };
        assert_eq!((back.token, back.run, back.nodes), (u128::MAX, 2, vec![1]));
        assert_eq!(back.settings, [Setting::Set("seed=3".to_owned())]);
    }
}
