//! The options of `run`, in the groups in which they are used.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

use super::node::{ProgramAddress, SecretOption, address, count_from, program_address, silence};
use super::{ScenarioOptions, SelectionOptions};

/// Options of `run`.
#[derive(Args, Debug)]
pub struct RunOptions {
    #[command(flatten)]
    /// Which scenarios.
    pub scenario: ScenarioOptions,
    #[command(flatten)]
    /// Keys of the scenario that have options.
    pub overrides: OverrideOptions,
    #[command(flatten)]
    /// Which runs.
    pub selection: SelectionOptions,
    #[command(flatten)]
    /// How runs are executed.
    pub execution: ExecutionOptions,
    #[command(flatten)]
    /// Nodes in other places.
    pub places: PlacesOptions,
    #[command(flatten)]
    /// Where results go, and which.
    pub results: ResultsOptions,
    #[command(flatten)]
    /// What is printed.
    pub output: OutputOptions,
}

/// Keys of the scenario that have options.
#[derive(Args, Debug)]
pub struct OverrideOptions {
    /// How time passes; overrides `time` of the scenario
    #[arg(long, value_enum, value_name = "HOW")]
    pub time: Option<Time>,
    /// The root of all randomness; overrides `seed`
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Runs per case; overrides `runs`
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub runs: Option<u32>,
    /// When a run ends, as 60s or 1m30s; overrides `duration`
    #[arg(long, value_name = "D")]
    pub duration: Option<String>,
    /// In real time: where the files of nodes outlive the run, as DIR/NODE/; a later run goes
    /// on with them. Overrides `state`
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// How runs are executed.
#[derive(Args, Debug)]
pub struct ExecutionOptions {
    /// Runs side by side; default: one per core, or what SLURM_CPUS_PER_TASK says if that is less.
    /// In virtual time, a run without checks for which two are left uses two threads
    #[arg(long, short, value_name = "N", value_parser = super::count)]
    pub jobs: Option<u32>,
    /// In real time: a process for each node
    #[arg(long)]
    pub processes: bool,
    /// Begin no run after a run that failed
    #[arg(long)]
    pub fail_fast: bool,
    /// A run that takes longer than this by the wall clock has failed: 30s
    #[arg(long, value_name = "D", value_parser = super::timeout)]
    pub timeout: Option<Duration>,
    /// Run each run twice, and report the first difference
    #[arg(long)]
    pub check_determinism: bool,
    /// In virtual time: for the first run of each distinct failure, write the smallest scenario
    /// that still fails in the same way into RESULTS/shrunk; at most five, a minute each
    #[arg(long)]
    pub shrink: bool,
    /// Run runs in child processes: a crash in a plugin costs one run
    #[arg(long, conflicts_with = "processes")]
    pub isolate: bool,
    /// With --isolate: memory limit of a run, as 512MiB; default: the memory of the machine
    /// divided by --jobs
    #[arg(long, value_name = "SIZE", value_parser = super::memory, requires = "isolate")]
    pub memory: Option<u64>,
}

/// Nodes in other places.
#[derive(Args, Debug)]
pub struct PlacesOptions {
    /// In real time: wait at this address for a process for each node (`runner node --join`), here
    /// or on other machines; 127.0.0.1:0 takes any free port
    #[arg(
        long,
        value_name = "HOST:PORT",
        value_parser = address,
        conflicts_with_all = ["processes", "isolate", "check_determinism"]
    )]
    pub coordinator: Option<String>,
    #[command(flatten)]
    /// What both sides have to know.
    pub secret: SecretOption,
    /// With --coordinator: how long to wait for the nodes
    #[arg(long, value_name = "D", default_value = "5m", value_parser = super::timeout)]
    pub wait: Duration,
    /// With --coordinator: a node from which nothing comes for this long has failed
    #[arg(long, value_name = "D", default_value = "30s", value_parser = silence)]
    pub silence: Duration,
    /// The number of nodes of a group is the value of an environment variable, if that is set;
    /// overrides `count`
    #[arg(long, value_name = "GROUP=VARIABLE", value_parser = count_from)]
    pub count_from: Vec<(String, String)>,
    /// With --coordinator: where the program of a node is (`external`); its host is looked up when
    /// the command starts, for at most 30 s: server=tcp://server:15000
    #[arg(
        long,
        value_name = "NODE=tcp://HOST:PORT",
        value_parser = program_address,
        requires = "coordinator"
    )]
    pub address: Vec<ProgramAddress>,
}

/// Where results go, and which.
#[derive(Args, Debug)]
pub struct ResultsOptions {
    /// Folder of the results; default: results/NAME/TIMESTAMP
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Continue the results in --out DIR or in results/NAME/latest: run the missing runs
    #[arg(long)]
    pub resume: bool,
    /// With --resume, in virtual time: other runners may write the same results at once, also on
    /// other machines. Needs no locks; of equal runs the first one stays
    #[arg(long, requires_all = ["resume", "out"])]
    pub shared: bool,
    /// Which logs to keep
    #[arg(long, value_enum, default_value_t = Log::PerNode, value_name = "WHICH")]
    pub log: Log,
    /// Build no report; the tables are written
    #[arg(long)]
    pub no_report: bool,
    /// Write the results as JUnit XML, all scenarios into one file
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// What is printed.
#[derive(Args, Debug)]
pub struct OutputOptions {
    /// Show what happens on the whole terminal: a run in real time as `runner debug` shows one,
    /// with messages, keys and cuts by hand; or the runs of a sweep, as they end
    #[arg(long, conflicts_with_all = ["quiet", "processes", "coordinator"])]
    pub live: bool,
    /// Log what happens; -vv: details, -vvv: everything. RUNNER_LOG selects modules:
    /// realtime=debug,engine=trace
    #[arg(long, short, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Print only errors, warnings and failed judgements
    #[arg(long, short)]
    pub quiet: bool,
}

/// How time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Time {
    /// From event to event.
    Virtual,
    /// With the wall clock.
    Real,
}

/// Which logs to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// One file per node.
    PerNode,
    /// One file per run.
    Combined,
    /// None: only the tables.
    Off,
}
