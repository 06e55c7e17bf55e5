//! The options of `runner export`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{ColorOption, Log, OverrideOptions, ScenarioOptions};

/// Options of `export`.
#[derive(Args, Debug)]
pub struct ExportOptions {
    /// What is written.
    #[command(subcommand)]
    pub kind: ExportKind,
}

/// What is written.
#[derive(Debug, Subcommand)]
pub enum ExportKind {
    /// A folder for Docker Compose: a container for each node, and one for the coordinator
    Compose(ComposeOptions),
    /// A run of results as a trace: for Perfetto (ui.perfetto.dev), or for ShiViz
    Trace(TraceOptions),
    /// The logs of a run of results, a file for each node: of a run with `--log combined`
    Logs(LogsOptions),
    /// A folder of scripts that run a scenario as job arrays of Slurm, or by GNU parallel over ssh
    Slurm(SlurmOptions),
}

/// Options of `export compose`.
#[derive(Args, Debug)]
pub struct ComposeOptions {
    #[command(flatten)]
    /// Which scenario.
    pub scenario: ScenarioOptions,
    /// The folder; default: NAME-compose, NAME being the scenario's
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The group whose number of nodes CLIENTS=N sets at the start; default: the only group
    /// with `count`, or `client`
    #[arg(long, value_name = "GROUP")]
    pub clients: Option<String>,
    /// Put this plugin into the image, too, for other scenarios that it runs
    #[arg(long, value_name = "NAME")]
    pub plugin: Vec<String>,
    /// Replace what an earlier export wrote into the folder; its results and secret stay
    #[arg(long)]
    pub force: bool,
}

/// Options of `export trace`.
#[derive(Args, Debug)]
pub struct TraceOptions {
    /// A folder of results, with logs
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// The run, by its number in the whole plan; default: the first that failed, or the only one
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub run: Option<u32>,
    /// What the trace is for
    #[arg(long, value_enum, default_value_t = Trace::Chrome, value_name = "WHICH")]
    pub format: Trace,
    /// The file, `-` being standard output; default: NAME-run-N.json, and .shiviz for ShiViz
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// What a trace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trace {
    /// Chrome's JSON: for Perfetto
    Chrome,
    /// A log with vector clocks: for ShiViz
    Shiviz,
}

/// Options of `export logs`.
#[derive(Args, Debug)]
pub struct LogsOptions {
    /// A folder of results, with logs
    #[arg(value_name = "RESULTS")]
    pub results: PathBuf,
    /// The run, by its number in the whole plan; default: the first that failed, or the only one
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub run: Option<u32>,
    /// Only the nodes whose name matches, as machine-1*; any of several
    #[arg(long, value_name = "GLOB")]
    pub node: Vec<String>,
    /// The folder, which must not exist; default: NAME-run-N-logs
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Options of `export slurm`.
#[derive(Args, Debug)]
pub struct SlurmOptions {
    #[command(flatten)]
    /// Which scenario.
    pub scenario: ScenarioOptions,
    #[command(flatten)]
    /// Keys of the scenario that have options.
    pub overrides: OverrideOptions,
    /// Only the cases whose id matches, as faces=10*; any of several
    #[arg(long, value_name = "GLOB")]
    pub case: Vec<String>,
    /// Number of shards; never more than runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_SHARDS))]
    pub shards: u32,
    /// The folder; default: NAME-slurm, NAME being the scenario's
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Processors of a shard, and runs that it does side by side
    #[arg(long, short, value_name = "N", value_parser = super::count, default_value_t = 1)]
    pub jobs: u32,
    /// Time limit of a shard, as 2h; default: that of the partition
    #[arg(long, value_name = "D", value_parser = super::timeout)]
    pub time_limit: Option<Duration>,
    /// Shards at the same time; default: as many as the cluster begins
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub at_once: Option<u32>,
    /// MaxArraySize of the cluster, see `scontrol show config`: more shards are several arrays
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(2..=4_000_001),
        default_value_t = 1001
    )]
    pub max_array_size: u32,
    /// A run that takes longer than this by the wall clock has failed: 30s
    #[arg(long, value_name = "D", value_parser = super::timeout)]
    pub timeout: Option<Duration>,
    /// Run each run twice, and report the first difference
    #[arg(long)]
    pub check_determinism: bool,
    /// Run runs in child processes: a crash in a plugin costs one run
    #[arg(long)]
    pub isolate: bool,
    /// With --isolate: memory limit of a run, as 512MiB
    #[arg(long, value_name = "SIZE", value_parser = super::memory, requires = "isolate")]
    pub memory: Option<u64>,
    /// Which logs to keep
    #[arg(long, value_enum, default_value_t = Log::PerNode, value_name = "WHICH")]
    pub log: Log,
    /// Replace the scripts of an earlier export; its results stay
    #[arg(long)]
    pub force: bool,
    /// Write nothing; print the shards in DIR that miss runs or have damaged ones, a line for each
    /// array: a number that is added to its tasks, and the tasks
    #[arg(long, requires = "out")]
    pub missing: bool,
}

/// The greatest number of shards: so many names of folders fit on one command line.
const MAX_SHARDS: i64 = 50_000;
