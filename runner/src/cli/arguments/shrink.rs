//! The options of `shrink`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{ColorOption, OverrideOptions};

/// Options of `shrink`.
///
/// Leaves out and simplifies everything without which a run still fails in the same way: other
/// runs, faults, nodes, links, configs, time. Writes the smallest scenario found, after it
/// failed once more, run from the file.
#[derive(Args, Debug)]
pub struct ShrinkOptions {
    /// The scenario file
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// The run that fails, by its number in the whole plan; default: the first that fails
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub run: Option<u32>,
    /// Only the cases whose id matches, as faces=10*; any of several
    #[arg(long, value_name = "GLOB")]
    pub case: Vec<String>,
    /// Which failure, if a run has several: a part of its name; default: the first
    #[arg(long, value_name = "NAME")]
    pub check: Option<String>,
    /// The file to write; default: NAME-shrunk.toml in the working folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// End the search after this time: 60s. The result then depends on the speed of the machine
    #[arg(long, value_name = "D", value_parser = super::timeout)]
    pub budget: Option<Duration>,
    /// End the search after so many candidates
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub tries: Option<u32>,
    /// Candidates side by side; default: one per core. The result does not depend on it
    #[arg(long, short, value_name = "N", value_parser = super::count)]
    pub jobs: Option<u32>,
    /// Set a key of the scenario to a TOML value: nodes.machine.config.faces=5
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    /// Keys of the scenario that have options.
    pub overrides: OverrideOptions,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    /// Run candidates in child processes: for a run that crashes the process of its plugin
    #[arg(long)]
    pub isolate: bool,
    /// With --isolate: memory limit of a run, as 512MiB
    #[arg(long, value_name = "SIZE", value_parser = super::memory, requires = "isolate")]
    pub memory: Option<u64>,
    /// A run that takes longer than this by the wall clock has failed; implies --isolate. Whether
    /// a candidate takes longer depends on the speed of the machine
    #[arg(long, value_name = "D", value_parser = super::timeout)]
    pub timeout: Option<Duration>,
    /// Run each candidate twice: for a run that is not the same twice
    #[arg(long)]
    pub check_determinism: bool,
    /// Print only the path of the file, and errors
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}
