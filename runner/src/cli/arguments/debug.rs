//! The options of `debug`.

use std::path::PathBuf;

use clap::Args;

use super::{ColorOption, OverrideOptions};

/// Options of `debug`.
///
/// Executes a run in virtual time, and shows it on the terminal: nodes and their columns,
/// inboxes, messages under way, faults, links, and events, forward and back. Messages can be
/// delivered first or dropped, and nodes crashed, by hand. Press ? for the keys.
#[derive(Args, Debug)]
pub struct DebugOptions {
    /// The scenario file
    #[arg(value_name = "SCENARIO")]
    pub scenario: PathBuf,
    /// The run, by its number in the whole plan; default: the first
    #[arg(long, value_name = "N", value_parser = super::count)]
    pub run: Option<u32>,
    /// Only the cases whose id matches, as faces=10*; any of several
    #[arg(long, value_name = "GLOB")]
    pub case: Vec<String>,
    /// Do again what a replay file says was done by hand
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
    /// The most events that are kept; about 200 bytes of memory each
    #[arg(long, value_name = "N", default_value = "5000000", value_parser = super::count)]
    pub max_events: u32,
    /// Set a key of the scenario to a TOML value: nodes.machine.config.faces=5
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    /// Keys of the scenario that have options.
    pub overrides: OverrideOptions,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}
