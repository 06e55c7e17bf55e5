//! The options of `maelstrom test`: those of Maelstrom, with its defaults, and a few of our own.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use runner_maelstrom::topology::WORDS;

use super::ColorOption;

/// Options of `maelstrom`.
#[derive(Args, Debug)]
pub struct MaelstromOptions {
    /// What to do.
    #[command(subcommand)]
    pub what: MaelstromCommand,
}

/// What to do with a program that speaks Maelstrom's protocol.
#[derive(Debug, Subcommand)]
pub enum MaelstromCommand {
    /// Test a program: nodes, clients of a workload, faults, and a check of what the clients saw
    Test(Box<MaelstromTest>),
}

/// Options of `maelstrom test`.
///
/// Writes the scenario that they stand for into maelstrom-WORKLOAD.toml here, and runs it.
/// Exit codes are those of Maelstrom: 0 valid, 1 invalid, 2 unknown, 254 wrong arguments,
/// 255 something else failed.
#[derive(Args, Debug)]
pub struct MaelstromTest {
    /// What the clients ask for, and what is checked
    #[arg(long, short, value_enum, default_value_t = Workload::LinKv)]
    pub workload: Workload,
    /// The program that runs a node
    #[arg(long, value_name = "FILE")]
    pub bin: OsString,
    /// The program's arguments
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<OsString>,
    /// Number of nodes
    #[arg(long, value_name = "N", default_value = "5", value_parser = super::count)]
    pub node_count: u32,
    /// Number of clients; 4n is four for each node
    #[arg(long, value_name = "N|Nn", default_value = "1n", value_parser = Concurrency::parse)]
    pub concurrency: Concurrency,
    /// Operations per second, of all clients together
    #[arg(long, value_name = "RATE", default_value = "5", value_parser = at_least_0, allow_negative_numbers = true)]
    pub rate: f64,
    /// How long the clients work, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = above_0, allow_negative_numbers = true)]
    pub time_limit: f64,
    /// Mean latency of messages between nodes, in milliseconds
    #[arg(long, value_name = "MS", default_value = "0", value_parser = at_least_0, allow_negative_numbers = true)]
    pub latency: f64,
    /// How latencies are distributed: all the mean, from 0 to twice the mean, or exponentially
    #[arg(long, value_enum, default_value_t = LatencyDist::Constant, value_name = "HOW")]
    pub latency_dist: LatencyDist,
    /// Faults, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FAULTS")]
    pub nemesis: Vec<Nemesis>,
    /// Seconds between the beginnings and ends of faults, on average
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = above_0, allow_negative_numbers = true)]
    pub nemesis_interval: f64,
    /// Seconds of quiet before the last reads
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = at_least_0, allow_negative_numbers = true)]
    pub recovery: f64,
    /// For broadcast: the neighbors that nodes are told
    #[arg(long, value_name = "WHICH", default_value = "grid", value_parser = topology)]
    pub topology: String,
    /// The share of operations that must succeed, from 0 to 1; `total` is 1
    #[arg(long, value_name = "SHARE", value_parser = availability, allow_negative_numbers = true)]
    pub availability: Option<f64>,
    /// For transactions: consistency models that must hold, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "strict-serializable",
        value_name = "MODELS"
    )]
    pub consistency_models: Vec<String>,
    /// For lin-kv, kafka and transactions: number of keys in use at a time
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub key_count: Option<u32>,
    /// For transactions: most operations of one
    #[arg(long, value_name = "N", default_value = "4", value_parser = super::count)]
    pub max_txn_length: u32,
    /// For lin-kv and transactions: writes of a client on each key, before it takes new keys
    #[arg(long, value_name = "N", default_value = "16", value_parser = super::count)]
    pub max_writes_per_key: u32,
    /// The root of all randomness: values, keys, latencies, faults
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,
    /// Number of runs, each with a seed of its own
    #[arg(long, value_name = "N", default_value = "1", value_parser = super::count)]
    pub test_count: u32,
    /// In virtual time (`virtual = "experimental"`): repeatable, and faster than the clock
    #[arg(long = "virtual")]
    pub is_virtual: bool,
    /// Print what the programs wrote to standard error, after the test
    #[arg(long)]
    pub log_stderr: bool,
    /// Taken for Maelstrom's sake: each message is in the logs of the results anyway
    #[arg(long)]
    pub log_net_send: bool,
    /// As --log-net-send
    #[arg(long)]
    pub log_net_recv: bool,
    /// Print the scenario, and run nothing
    #[arg(long)]
    pub print_scenario: bool,
    /// Folder of the results; default: results/maelstrom-WORKLOAD/TIMESTAMP
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Build no report
    #[arg(long)]
    pub no_report: bool,
    /// Print only errors, warnings, failed judgements and the last line
    #[arg(long, short)]
    pub quiet: bool,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// A workload, by Maelstrom's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Workload {
    Broadcast,
    Echo,
    GCounter,
    GSet,
    Kafka,
    LinKv,
    PnCounter,
    TxnListAppend,
    TxnRwRegister,
    UniqueIds,
}

/// How latencies are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum LatencyDist {
    Constant,
    Uniform,
    Exponential,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Nemesis {
    /// Nodes are cut off from each other
    Partition,
    /// Programs are killed, and start again
    Kill,
}

/// A number of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// So many.
    Count(u32),
    /// So many for each node.
    PerNode(u32),
}

impl Concurrency {
    fn parse(text: &str) -> Result<Concurrency, String> {
        let parsed = match text.strip_suffix('n') {
            Some("") => Ok(Concurrency::PerNode(1)),
            Some(digits) => super::count(digits).map(Concurrency::PerNode),
            None => super::count(text).map(Concurrency::Count),
        };
        parsed.map_err(|_| {
            "expected a whole number of 1 or more, as 10, or as 4n for four for each node"
                .to_owned()
        })
    }

    /// The number of clients for so many nodes.
    pub fn of(self, nodes: u32) -> u32 {
        match self {
            Concurrency::Count(count) => count,
            Concurrency::PerNode(count) => count.saturating_mul(nodes),
        }
    }
}

/// The largest number of seconds, milliseconds or operations. Arbitrary.
const MOST: f64 = 1e6;

fn number(text: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if fits(number) => Ok(number),
        _ => Err(format!("expected {expected}")),
    }
}

fn at_least_0(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1000000", |it| {
        (0.0..=MOST).contains(&it)
    })
}

fn above_0(text: &str) -> Result<f64, String> {
    number(text, "a number above 0, at most 1000000", |it| {
        it > 0.0 && it <= MOST
    })
}

fn availability(text: &str) -> Result<f64, String> {
    match text {
        "total" => Ok(1.0),
        _ => number(text, "`total`, or a number from 0 to 1", |it| {
            (0.0..=1.0).contains(&it)
        }),
    }
}

/// Maelstrom's words: `tree` is one with two children.
fn topology(text: &str) -> Result<String, String> {
    let word = if text == "tree" { "tree2" } else { text };
    match WORDS.contains(&word) {
        true => Ok(word.to_owned()),
        false => Err(format!("expected one of {}, tree", WORDS.join(", "))),
    }
}
