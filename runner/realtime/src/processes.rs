//! The nodes of a run in processes of their own: what the runner and these
//! processes say to one another.
//!
//! # How a run comes together
//!
//! The runner starts a process for each node, and one more for the programs that
//! stand for nodes, if there are any. Each makes the whole plan anew, so that it
//! knows every node and draws what it would draw in one process, but drives its
//! own alone. Then, step by step, all of them at once:
//!
//! 1. the runner gives each its [`Job`];
//! 2. each opens its sockets and tells where they are: [`Report::Here`];
//! 3. the runner hands the list of all [`Place`]s round; of each linked pair the
//!    later node calls the earlier one; who has all its connections and programs
//!    is [`Report::Ready`];
//! 4. the runner names the instant at which the run begins: [`Order::Go`].
//!
//! Messages then go from process to process; only the end is the runner's matter
//! again. At the end of its duration each process tells its neighbors that no
//! more will come, and waits until they have told it the same, so that nothing is
//! lost on the way. A process whose control socket closes has no runner any more
//! and ends itself.
//!
//! [`control`] carries orders and reports, [`meeting`] connects the nodes,
//! [`crew`] is the runner's side; the other side is `execute::node`.

pub mod control;
pub mod crew;
pub mod meeting;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use engine::conservation::Conservation;

/// What the runner tells a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// What it is there for.
    Job(Box<Job>),
    /// Where everybody is: connect.
    Meet(Vec<Place>),
    /// Begin, when the monotonic clock shows this `[ns]`.
    Go {
        /// The instant that is time 0.
        start_ns: u64,
    },
    /// End the run now.
    Stop,
}

/// What a process tells the runner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// Its sockets are open.
    Here(Place),
    /// It is connected, and its programs run.
    Ready,
    /// It cannot begin, for this reason.
    Refused(String),
    /// A behavior has stopped the run; all are to end.
    Ending,
    /// It has ended, and all that it recorded is written.
    Done(Share),
}

/// What one process is there for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The path of the scenario, as it was given.
    pub path: String,
    /// Its text: the file may change meanwhile.
    pub text: String,
    /// What overrides it.
    pub settings: Vec<Setting>,
    /// Where to look for plugins first.
    pub plugin_path: Vec<PathBuf>,
    /// The number of the run.
    pub run: u32,
    /// The nodes to drive.
    pub nodes: Vec<u32>,
    /// What the processes of this run know one another by.
    pub token: u128,
    /// The folder of the run, which exists.
    pub folder: PathBuf,
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
        /// As it is typed: `--seed`.
        flag: String,
        /// The key of the scenario.
        key: String,
        /// The value.
        value: String,
    },
}

/// Where the nodes of one process can be reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The nodes.
    pub nodes: Vec<u32>,
    /// Where connections from other nodes are taken.
    pub wires: SocketAddr,
    /// Where datagrams from other nodes are taken, by node.
    pub datagrams: Vec<(u32, SocketAddr)>,
    /// Where listening nodes wait for programs from outside, by name.
    pub doors: Vec<(String, SocketAddr)>,
    /// What people are to know.
    pub remarks: Vec<String>,
}

/// What one process has to say at the end of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// When its part of the run ended `[ns]`.
    pub end_ns: u64,
    /// Why.
    pub ending: Ending,
    /// Events that it handled.
    pub events: u64,
    /// Messages that its nodes sent.
    pub messages: u64,
    /// How late it was: each lag `[ns]`, and how often.
    pub lags: Vec<(u64, u64)>,
    /// What happened beside the records.
    pub remarks: Vec<String>,
    /// What each fault of the scenario touched here.
    pub faults: Vec<FaultShare>,
    /// What became of the messages here.
    pub conservation: Conservation,
}

/// Each time that a fault held.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FaultShare(pub Vec<Held>);

/// One time that a fault held.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Held {
    /// When it began `[ns]`.
    pub from_ns: u64,
    /// When it ended `[ns]`.
    pub until_ns: u64,
    /// How much it touched.
    pub touched: u64,
}

/// Why a process came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The run's duration was over, or nothing was left to happen.
    Complete,
    /// A behavior of its own stopped the run, for this reason.
    Stopped(String),
    /// The runner told it to.
    Told,
    /// A behavior failed, or its records could not be written.
    Failed(String),
}

/// The monotonic clock, which all processes of a machine share `[ns]`.
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The instant at which [`monotonic_ns`] answers this.
pub fn instant_at(ns: u64) -> Instant {
    let (now, now_ns) = (Instant::now(), monotonic_ns());
    match ns.checked_sub(now_ns) {
        Some(ahead) => now + Duration::from_nanos(ahead),
        None => now
            .checked_sub(Duration::from_nanos(now_ns - ns))
            .unwrap_or(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_found_again_by_what_the_clock_shows() {
        let before = Instant::now();
        let found = instant_at(monotonic_ns());
        let after = Instant::now();
        // The two clocks are read one after the other, but are the same.
        let slack = Duration::from_millis(5);
        assert!(before <= found + slack && found <= after + slack);
        let later = instant_at(monotonic_ns() + 3_600_000_000_000);
        assert!(later > after + Duration::from_secs(3599));
    }

    #[test]
    fn an_order_comes_back_as_it_went() {
        let job = Job {
            path: "a.toml".to_owned(),
            text: "name = \"a\"\n".to_owned(),
            settings: vec![Setting::Set("seed=3".to_owned())],
            plugin_path: vec![PathBuf::from("plugins")],
            run: 2,
            nodes: vec![1],
            token: u128::MAX,
            folder: PathBuf::from("out"),
            say: true,
            color: false,
            verbosity: 0,
        };
        let line = serde_json::to_string(&Order::Job(Box::new(job))).unwrap();
        assert!(!line.contains('\n'));
        let Order::Job(back) = serde_json::from_str(&line).unwrap() else {
            panic!("another order");
        };
        assert_eq!((back.token, back.run, back.nodes), (u128::MAX, 2, vec![1]));
        assert_eq!(back.settings, [Setting::Set("seed=3".to_owned())]);
    }
}
