//! The command line: the arguments as typed ([`arguments`]) and a module per command.
//!
//! `runner run` is [`run`], which runs each scenario by [`run_plan`].

pub mod arguments;
pub mod check;
mod coordinator;
pub mod debug;
pub mod diff;
pub mod export;
pub mod join;
pub mod list;
pub mod maelstrom;
pub mod new;
pub mod node;
mod plugin_exit;
pub mod plugins;
pub mod report;
pub mod run;
pub mod run_plan;
pub mod run_process;
pub mod select;
pub mod send;
pub mod shrink;
pub mod why;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use analysis::results::Verdict;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Color, Command, ScenarioOptions};

use os::keeper;

use crate::plan::Plan;
use crate::plan::planner::Planner;
use crate::reporter::console::{Console, print};
use crate::scenario::{Diagnostic, Diagnostics, Override, Place, Source};

/// The exit code of the process; see the README's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything passed.
    Passed,
    /// An expectation or a check failed.
    Broken,
    /// Bad input; nothing was run.
    BadInput,
    /// A plugin or a node failed, or results could not be written.
    Failed,
    /// A check had nothing to judge, or nothing was selected.
    Unknown,
    /// Stopped by this signal, after a graceful end.
    Signal(i32),
    /// A code of `maelstrom test`, which has those of Maelstrom.
    Maelstrom(u8),
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Broken => 1,
            Exit::BadInput => 2,
            Exit::Failed => 3,
            Exit::Unknown => 4,
            Exit::Signal(signal) => 128 + signal as u8,
            Exit::Maelstrom(code) => code,
        }
    }

    /// The exit code that follows from a verdict.
    pub fn of(verdict: Option<Verdict>) -> Exit {
        match verdict {
            None | Some(Verdict::Passed) => Exit::Passed,
            Some(Verdict::Failed) => Exit::Broken,
            Some(Verdict::Unknown) => Exit::Unknown,
        }
    }

    /// Returns the graver of two.
    pub fn and(self, other: Exit) -> Exit {
        let rank = |exit| match exit {
            Exit::Passed => 0,
            Exit::Unknown => 1,
            Exit::Broken => 2,
            Exit::Failed => 3,
            Exit::BadInput => 4,
            Exit::Signal(_) => 5,
            Exit::Maelstrom(_) => 6,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// Runs the command of a command line.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn main(words: Vec<OsString>) -> anyhow::Result<Exit> {
    if words.get(1).is_some_and(|word| word == keeper::SUBCOMMAND) {
        os::exit::at_once(keeper::keep(words.into_iter().skip(2)));
    }
    let command_line: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if let Some(why) = arguments::mistyped(&words) {
        Console::new(Color::Auto).error(&why);
        return Ok(Exit::BadInput);
    }
    let words = arguments::with_run(words);
    let of_maelstrom = words.get(1).is_some_and(|word| word == "maelstrom");
    let arguments = match Arguments::try_parse_from(words) {
        Err(error) if of_maelstrom && error.use_stderr() => {
            error.print()?;
            return Ok(Exit::Maelstrom(maelstrom::WRONG_ARGUMENTS));
        }
        parsed => parsed.unwrap_or_else(|error| error.exit()),
    };
    plugin_exit::guard(&arguments.command);
    match arguments.command {
        Command::Run(options) => run::run(&options, &command_line),
        Command::Check(options) => check::check(&options),
        Command::List(options) => list::list(&options),
        Command::Plugins(options) => plugins::plugins(&options),
        Command::New(options) => new::new(&options),
        Command::Report(options) => report::report(&options),
        Command::Shrink(options) => shrink::shrink(&options),
        Command::Debug(options) => debug::debug(&options),
        Command::Why(options) => why::why(&options),
        Command::Diff(options) => diff::diff(&options),
        Command::Send(options) => send::send(&options),
        Command::Export(options) => export::export(&options),
        Command::Maelstrom(options) => maelstrom::maelstrom(&options, &command_line),
        Command::Node(options) => join::join(&options),
        Command::NodeProcess { who } => node::node(&who),
        Command::RunProcess => run_process::run_process(),
        Command::PlanProcess => run_process::plan_process(),
        Command::Schema => {
            print(&crate::scenario::schema())?;
            Ok(Exit::Passed)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "runner", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(Exit::Passed)
        }
    }
}

/// Returns the scenario files; a folder is replaced by the files in it. Also the mistakes:
/// folders that cannot be read, or that have no scenario file.
fn scenario_files(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<Diagnostic>) {
    let (mut files, mut mistakes) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match files_in(path) {
            Ok(found) => files.extend(found),
            Err(what) => {
                let source = Source::new(&path.display().to_string(), String::new(), Vec::new());
                mistakes.push(Diagnostic::new(&source.into(), Place::Whole, what));
            }
        }
    }
    (files, mistakes)
}

/// Returns the scenario files in a folder, in the order of their names.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = folder.read_dir();
    let entries = entries.map_err(|error| format!("cannot be read: {error}"))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|end| end == "toml") && file.is_file())
        .collect();
    if found.is_empty() {
        return Err("holds no scenario file (*.toml)".to_owned());
    }
    found.sort();
    Ok(found)
}

/// Plans the scenarios of a command without overrides of its own.
fn planned(
    options: &ScenarioOptions,
    planner: &mut Planner,
    console: &Console,
) -> Result<Vec<Plan>, Exit> {
    let overrides = overrides(&options.set);
    plan_all(options, overrides, planner, console)
}

/// Plans all scenarios with these overrides, or prints all mistakes: those of `--set`,
/// of the folders, and of the files.
fn plan_all(
    options: &ScenarioOptions,
    overrides: Overrides,
    planner: &mut Planner,
    console: &Console,
) -> Result<Vec<Plan>, Exit> {
    let (files, of_folders) = scenario_files(&options.scenarios);
    let search = host::search::SearchPath::with(&options.plugin_path);
    let mut plans = Vec::new();
    let mut exit = Exit::Passed;
    for mistake in overrides.mistakes.into_iter().chain(of_folders) {
        console.mistakes(&Diagnostics::from(mistake));
        exit = Exit::BadInput;
    }
    // A plugin that does not load is reported once, though several files name it.
    let mut reported = BTreeSet::new();
    for file in &files {
        let refusal = match Plan::load_by(file, &overrides.sound, &search, planner) {
            Ok(plan) => {
                plan.warnings.iter().for_each(|it| console.warning(it));
                plans.push(plan);
                continue;
            }
            Err(refusal) => refusal,
        };
        if let Some(mistakes) = &refusal.mistakes {
            console.mistakes(mistakes);
            exit = exit.and(Exit::BadInput);
        }
        for error in refusal.broken.iter().map(ToString::to_string) {
            exit = exit.and(Exit::Failed);
            if !reported.contains(&error) {
                console.error(&error);
                reported.insert(error);
            }
        }
    }
    match exit {
        Exit::Passed => Ok(plans),
        exit => Err(exit),
    }
}

/// The overrides of the command line.
#[derive(Debug, Default)]
struct Overrides {
    sound: Vec<Override>,
    mistakes: Vec<Diagnostic>,
}

/// Returns the overrides of `--set`.
fn overrides(set: &[String]) -> Overrides {
    let mut overrides = Overrides::default();
    for text in set {
        match Override::parse(text) {
            Ok(one) => overrides.sound.push(one),
            Err(mistake) => overrides.mistakes.push(mistake),
        }
    }
    overrides
}
