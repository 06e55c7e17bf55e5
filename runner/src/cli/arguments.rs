//! The command line as typed. No file is read here.

mod debug;
mod diff;
mod export;
pub mod maelstrom;
mod node;
mod run;
mod shrink;
mod why;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use analysis::cli::DemandArgs;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::cli::send::Address;
use crate::plan::{Shard, nearest};
pub use crate::reporter::console::Color;
use base::{duration, size};
pub use debug::DebugOptions;
pub use diff::DiffOptions;
pub use export::{
    ComposeOptions, ExportKind, ExportOptions, LogsOptions, SlurmOptions, Trace, TraceOptions,
};
use framing::Framing;
pub use node::{NodeOptions, ProgramAddress, SecretOption};
pub use run::{
    ExecutionOptions, Log, OutputOptions, OverrideOptions, PlacesOptions, ResultsOptions,
    RunOptions, Time,
};
pub use shrink::ShrinkOptions;
pub use why::WhyOptions;

/// Runs scenarios of distributed systems.
///
/// A scenario is a TOML file that declares nodes, links and timing; plugins say
/// what the nodes do. `runner SCENARIO...` is short for `runner run SCENARIO...`.
#[derive(Debug, Parser)]
#[command(name = "runner", version, max_term_width = 100)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios; write results and a report
    Run(Box<RunOptions>),
    /// Find every mistake in scenarios, without running them
    Check(CheckOptions),
    /// Show the cases and runs that scenarios expand to
    List(ListOptions),
    /// Show the plugins found, or what one of them or its behavior offers
    Plugins(PluginsOptions),
    /// Begin a scenario, or a plugin that builds as it stands
    New(NewOptions),
    /// Build the report again from the CSV files of results
    Report(ReportOptions),
    /// Write the smallest scenario that still fails in the same way as a run
    Shrink(ShrinkOptions),
    /// Show a run on the terminal, forward and back, event by event
    Debug(DebugOptions),
    /// Print and draw what led to a record of a run, or to its failure
    Why(WhyOptions),
    /// Find where two runs part: the first record that differs, and how it spread
    Diff(DiffOptions),
    /// Send a message to a listening node, and print the reply
    Send(SendOptions),
    /// Write what other systems need to run a scenario
    Export(ExportOptions),
    /// Test a program that speaks Maelstrom's protocol, by Maelstrom's command line
    Maelstrom(maelstrom::MaelstromOptions),
    /// Run a node for a coordinator, here or on another machine
    Node(NodeOptions),
    /// Print the JSON Schema of the scenario file
    Schema,
    /// Run a node; only `run --processes` starts it
    #[command(hide = true)]
    NodeProcess {
        /// The node
        who: String,
    },
    /// Run runs; only `run --isolate` starts it
    #[command(hide = true)]
    RunProcess,
    /// Run plugin code while a plan is made; only `--isolate` starts it
    #[command(hide = true)]
    PlanProcess,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Which scenarios, changed in which way.
#[derive(Args, Debug)]
pub struct ScenarioOptions {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Set a key of the scenario to a TOML value: nodes.machine.config.faces=5
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Which of the runs that scenarios expand to.
#[derive(Args, Clone, Debug)]
pub struct SelectionOptions {
    /// Only the cases whose id matches, as faces=10*; any of several
    #[arg(long, value_name = "GLOB")]
    pub case: Vec<String>,
    /// Only the run with this number in the whole plan
    #[arg(long, value_name = "N", value_parser = count)]
    pub run: Option<u32>,
    /// Only the I-th of N shards of the runs; the name of a run decides its shard
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    pub shard: Option<Shard>,
}

/// Whether to color.
#[derive(Args, Clone, Copy, Debug)]
pub struct ColorOption {
    /// Color what is printed
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// Options of `check`.
#[derive(Args, Debug)]
pub struct CheckOptions {
    #[command(flatten)]
    /// Which scenarios.
    pub scenario: ScenarioOptions,
    /// Load plugins and check configs in a process of their own: whatever a plugin does there is
    /// an error of that plugin
    #[arg(long)]
    pub isolate: bool,
    /// With --isolate: limit for loading a plugin, and for checking a config
    #[arg(long, value_name = "D", default_value = "60s", value_parser = timeout, requires = "isolate")]
    pub timeout: Duration,
}

/// Options of `list`.
#[derive(Args, Debug)]
pub struct ListOptions {
    #[command(flatten)]
    /// Which scenarios.
    pub scenario: ScenarioOptions,
    #[command(flatten)]
    /// Which runs.
    pub selection: SelectionOptions,
    /// With --format github: up to N jobs per scenario, each a shard; default: a job per case
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=256),
        conflicts_with_all = ["run", "shard"]
    )]
    pub shards: Option<u32>,
    /// How to write the list; `github` is a strategy.matrix value
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub format: Format,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For a CI's matrix.
    Github,
}

/// Options of `plugins`.
#[derive(Args, Debug)]
pub struct PluginsOptions {
    /// A plugin, or one of its behaviors: clock, clock.machine
    #[arg(value_name = "PLUGIN[.BEHAVIOR]")]
    pub name: Option<String>,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Options of `new`.
#[derive(Args, Debug)]
pub struct NewOptions {
    /// What to begin.
    #[command(subcommand)]
    pub thing: NewThing,
}

/// What to begin.
#[derive(Debug, Subcommand)]
pub enum NewThing {
    /// Write NAME.toml: a scenario that runs as it stands, every key explained
    Scenario(NewScenario),
    /// Make a folder NAME: a plugin with a test and a scenario, which builds as it stands
    Plugin(NewPlugin),
}

/// Options of `new scenario`.
#[derive(Args, Debug)]
pub struct NewScenario {
    /// Its name: letters, digits, `-`, `_`, `.`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Write the lab about logical clocks: the scenario, its two variations, and a notebook
    #[arg(long)]
    pub lab: bool,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Options of `new plugin`.
#[derive(Args, Debug)]
pub struct NewPlugin {
    /// Its name, and its crate's: lower-case letters, digits, `_`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The folder of the SDK; default: the one of this installation, or of this runner's source
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
    /// Have cargo take crates from the installation, so that the plugin builds without a network
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Options of `report`.
///
/// Of several folders, parts of one plan (of --shard, --case, --run) are merged into the whole;
/// results of different plans are compared.
#[derive(Args, Debug)]
pub struct ReportOptions {
    /// Folders of results
    #[arg(required = true, value_name = "RESULTS")]
    pub results: Vec<PathBuf>,
    /// Put the report here, and merged results; default: into the results, if they are one
    /// folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the report into this PDF file, by Chromium or a browser of its kind that is installed;
    /// RUNNER_CHROMIUM names one
    #[arg(long, value_name = "FILE")]
    pub pdf: Option<PathBuf>,
    #[command(flatten)]
    /// What is asked of the results.
    pub demands: DemandArgs,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// Options of `send`.
///
/// Over TCP all messages share one connection; over UDP each is a datagram. A
/// reply is printed as it is, and a newline behind it.
#[derive(Args, Debug)]
pub struct SendOptions {
    /// The address.
    #[arg(
        value_name = "ADDRESS",
        value_parser = Address::parse,
        help = "Address of the node: tcp://127.0.0.1:15000, udp://[::1]:15000"
    )]
    pub address: Address,
    /// The message; without it, each line of standard input is a message, sent after the reply to
    /// the line before
    #[arg(value_name = "MESSAGE")]
    pub message: Option<OsString>,
    /// How messages are framed over TCP (default: line); with `resp`, a message may be a command
    /// such as get KEY
    #[arg(long, value_name = "FRAMING", value_parser = FramingParser)]
    pub framing: Option<Framing>,
    /// Limit for the connection, and for each reply
    #[arg(long, value_name = "D", default_value = "5s", value_parser = timeout)]
    pub timeout: Duration,
    /// Do not wait for a reply
    #[arg(long)]
    pub no_reply: bool,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// A framing by its name. Help and errors list the names; `fixed:N` stands for many.
#[derive(Clone, Debug)]
struct FramingParser;

impl FramingParser {
    fn names() -> impl Iterator<Item = PossibleValue> {
        Framing::names().map(|(name, summary)| PossibleValue::new(name).help(summary))
    }
}

impl TypedValueParser for FramingParser {
    type Value = Framing;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Framing, clap::Error> {
        if let Some(framing) = value.to_str().and_then(Framing::from_name) {
            return Ok(framing);
        }
        let listed = PossibleValuesParser::new(FramingParser::names());
        listed.parse_ref(command, argument, value)?;
        // `fixed:N` as it stands in the list.
        let text = "`fixed:N` needs a number in place of N: the size of each message in bytes\n";
        Err(clap::Error::raw(clap::error::ErrorKind::InvalidValue, text).with_cmd(command))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(FramingParser::names()))
    }
}

/// The longest timeout: a year. Arbitrary.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(31_557_600);

/// A duration of more than 0, as `5s`, `250ms` or `1m30s`.
fn timeout(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text).map_err(|error| error.to_string())?;
    match Duration::from(duration) {
        Duration::ZERO => Err("expected more than 0".to_owned()),
        duration if duration > LONGEST_TIMEOUT => Err("expected at most a year".to_owned()),
        duration => Ok(duration),
    }
}

/// A memory limit that is not too small for a process.
fn memory(text: &str) -> Result<u64, String> {
    match size::parse(text) {
        Ok(bytes) if bytes < LEAST_MEMORY => Err("expected at least 32MiB".to_owned()),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}

/// The memory that a process needs for itself, with a reserve `[bytes]`.
const LEAST_MEMORY: u64 = 32 << 20;

/// Inserts `run` into a command line without a command.
pub fn with_run(mut words: Vec<OsString>) -> Vec<OsString> {
    let command = Arguments::command();
    let Some(first) = words.get(1) else {
        return words;
    };
    // A word that is not UTF-8 is a path.
    let known = first.to_str().is_some_and(|first| {
        ["help", "-h", "--help", "-V", "--version"].contains(&first)
            || command.find_subcommand(first).is_some()
    });
    if !known {
        words.insert(1, "run".into());
    }
    words
}

/// The message for a first word that is like the name of a command, and no path.
pub fn mistyped(words: &[OsString]) -> Option<String> {
    let word = words.get(1)?.to_str()?;
    let is_plain = word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    if !is_plain || word.starts_with('-') || Path::new(word).exists() {
        return None;
    }
    let command = Arguments::command();
    let names = command.get_subcommands().filter(|it| !it.is_hide_set());
    let names: Vec<String> = names.map(|it| it.get_name().to_owned()).collect();
    if word == "help" || command.find_subcommand(word).is_some() {
        return None;
    }
    let near = nearest(word, &names)?;
    Some(format!(
        "{word}: there is no such command or file (did you mean `runner {near}`?)\n  commands: {}",
        names.join(", ")
    ))
}

/// A whole number of 1 or more.
fn count(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number of 1 or more".to_owned()),
        Ok(count) => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_scenario_alone_is_run_with_all_options_of_run() {
        for words in [
            &["runner", "a.toml", "--seed", "7", "--jobs", "2"][..],
            &["runner", "--seed", "7", "-j2", "a.toml"],
            &["runner", "run", "a.toml", "--seed=7", "--jobs=2"],
        ] {
            let words = words.iter().map(OsString::from).collect();
            let arguments = Arguments::try_parse_from(with_run(words)).unwrap();
            let Command::Run(options) = arguments.command else {
                panic!("not run");
            };
            assert_eq!(options.overrides.seed, Some(7));
            assert_eq!(options.execution.jobs, Some(2));
            assert_eq!(options.scenario.scenarios, [PathBuf::from("a.toml")]);
        }
    }
}
