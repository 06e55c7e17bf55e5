//! The command line: the arguments as typed ([`arguments`]) and a module per command.
//!
//! `runner run` is [`run`], which runs each scenario by [`run_plan`].

pub mod arguments;
pub mod check;
pub mod list;
pub mod new;
pub mod node;
pub mod plugins;
pub mod report;
pub mod run;
pub mod run_plan;
pub mod run_process;
pub mod select;
pub mod send;

use std::ffi::OsString;
use std::path::PathBuf;

use analysis::results::Verdict;
use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command, ScenarioOptions};

use crate::plan::{Plan, Refusal};
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
    let command_line: Vec<String> = words
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let arguments = Arguments::parse_from(arguments::with_run(words));
    match arguments.command {
        Command::Run(options) => run::run(&options, &command_line),
        Command::Check(options) => check::check(&options),
        Command::List(options) => list::list(&options),
        Command::Plugins(options) => plugins::plugins(&options),
        Command::New(options) => new::new(&options),
        Command::Report(options) => report::report(&options),
        Command::Send(options) => send::send(&options),
        Command::NodeProcess { who } => node::node(&who),
        Command::RunProcess => run_process::run_process(),
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

/// Returns the scenario files; a folder is replaced by the files in it.
///
/// # Errors
///
/// Fails if a folder cannot be read, or has no scenario file.
fn scenario_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Diagnostic> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let wrong = |what: String| {
            let source = Source::new(&path.display().to_string(), String::new(), Vec::new());
            Diagnostic::new(&source.into(), Place::Whole, what)
        };
        let entries = path
            .read_dir()
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| file.extension().is_some_and(|end| end == "toml") && file.is_file())
            .collect();
        if found.is_empty() {
            return Err(wrong("holds no scenario file (*.toml)".to_owned()));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Plans the scenarios of a command without overrides of its own.
fn planned(options: &ScenarioOptions, console: &Console) -> Result<Vec<Plan>, Exit> {
    let overrides = overrides(&options.set, console)?;
    plan_all(
        &options.scenarios,
        &overrides,
        &options.plugin_path,
        console,
    )
}

/// Plans all scenarios, or prints all their mistakes.
fn plan_all(
    paths: &[PathBuf],
    overrides: &[Override],
    plugin_path: &[PathBuf],
    console: &Console,
) -> Result<Vec<Plan>, Exit> {
    let files = scenario_files(paths).map_err(|mistake| {
        console.mistakes(&Diagnostics::from(mistake));
        Exit::BadInput
    })?;
    let search = host::search::SearchPath::with(plugin_path);
    let mut plans = Vec::new();
    let mut exit = Exit::Passed;
    for file in &files {
        match Plan::load(file, overrides, &search) {
            Ok(plan) => {
                plan.warnings.iter().for_each(|it| console.warning(it));
                plans.push(plan);
            }
            Err(Refusal::Mistakes(mistakes)) => {
                console.mistakes(&mistakes);
                exit = exit.and(Exit::BadInput);
            }
            Err(Refusal::Plugins(broken)) => {
                for error in &broken {
                    console.error(&error.to_string());
                }
                exit = exit.and(Exit::Failed);
            }
        }
    }
    match exit {
        Exit::Passed => Ok(plans),
        exit => Err(exit),
    }
}

/// Returns the overrides of `--set`, or prints all that are wrong.
fn overrides(set: &[String], console: &Console) -> Result<Vec<Override>, Exit> {
    let mut overrides = Vec::new();
    let mut wrong = false;
    for text in set {
        match Override::parse(text) {
            Ok(one) => overrides.push(one),
            Err(mistake) => {
                console.mistakes(&Diagnostics::from(mistake));
                wrong = true;
            }
        }
    }
    if wrong {
        return Err(Exit::BadInput);
    }
    Ok(overrides)
}
