//! `runner shrink`: the smallest scenario that still fails in the same way.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::arguments::{ScenarioOptions, SelectionOptions, ShrinkOptions};
use crate::cli::run::settings_of;
use crate::cli::select::select;
use crate::cli::{Exit, Overrides, overrides, plan_all};
use crate::plan::planner::Planner;
use crate::reporter::console::{Console, print};
use crate::reporter::count;
use crate::session::isolate::{ErrorPrinter, Isolation, share};
use crate::session::{Options, Processes, to_override};
use crate::shrink::{End, Request, SEEDS, ShrinkError, Shrunk, Standing, Wanted, shrink as search};
use analysis::results::RepeatCommand;
use os::signals::StopSignals;
use realtime::programs;

/// Shrinks a run of a scenario.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn shrink(options: &ShrinkOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    let scenario = ScenarioOptions {
        scenarios: vec![options.scenario.clone()],
        set: options.set.clone(),
        plugin_path: options.plugin_path.clone(),
        color: options.color,
    };
    if options.scenario.is_dir() {
        let folder = options.scenario.display();
        console.error(&format!("{folder} is a folder\n  name one scenario file"));
        return Ok(Exit::BadInput);
    }
    let settings = settings_of(&scenario, &options.overrides);
    let sound: Vec<_> = settings.iter().filter_map(to_override).collect();
    let all = Overrides {
        sound: sound.clone(),
        mistakes: overrides(&options.set).mistakes,
    };
    let isolate = options.isolate || options.timeout.is_some();
    let mut planner = match isolate {
        true => Planner::apart(options.timeout),
        false => Planner::Here,
    };
    let plans = match plan_all(&scenario, all, &mut planner, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let selection = SelectionOptions {
        case: options.case.clone(),
        run: options.run,
        shard: None,
    };
    let selected = match select(&plans, &selection, &console) {
        Ok(selected) => selected,
        Err(exit) => return Ok(exit),
    };
    let stop = StopSignals::catch(|| {
        os::terminal::restore();
        programs::end_all();
    })?;
    let mut exit = Exit::Passed;
    for (plan, runs) in &selected {
        let begun = Instant::now();
        let out = out(options, &plan.loaded.scenario.name);
        let jobs = jobs(options.jobs);
        let request = Request {
            plan,
            overrides: &sound,
            wanted: options.check.as_deref().map_or(Wanted::Any, Wanted::Named),
            out: &out,
            options: run_options(
                isolate,
                options.timeout,
                options.memory,
                jobs,
                options.check_determinism,
            ),
            jobs,
            budget: options.budget,
            tries: options.tries.map(u64::from),
            stop: &stop.flag,
        };
        let mut progress = Progress::new(&console, &plan.loaded.scenario.name, options.quiet);
        let shrunk = search(&request, runs, &mut |standing| progress.show(standing));
        drop(progress);
        exit = exit.and(match shrunk {
            Ok(shrunk) => {
                let repeat = repeat(options, &shrunk.file).plain();
                match options.quiet {
                    true => print(&format!("{}\n", shrunk.file.display()))?,
                    false => print(&text(&shrunk, begun.elapsed(), &repeat))?,
                }
                Exit::Passed
            }
            Err(error) => {
                console.error(&error.to_string());
                exit_of(&error)
            }
        });
    }
    Ok(stop.signal().map_or(exit, Exit::Signal))
}

/// How candidates are run.
pub fn run_options(
    isolate: bool,
    timeout: Option<Duration>,
    memory: Option<u64>,
    jobs: usize,
    check_determinism: bool,
) -> Options {
    Options {
        timeout,
        isolation: isolate.then(|| Isolation {
            // What was set is in the text of a candidate.
            plan: Processes::default(),
            memory: memory.or_else(|| share(jobs)),
            errors: ErrorPrinter::new(|_| {}),
        }),
        check_determinism,
        ..Options::default()
    }
}

/// Number of candidates side by side.
pub fn jobs(asked: Option<u32>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, |jobs| jobs as usize)
}

/// The file to write: without `--out`, the first of its name that does not exist.
fn out(options: &ShrinkOptions, name: &str) -> PathBuf {
    if let Some(out) = &options.out {
        return out.clone();
    }
    let file = |number: u32| match number {
        1 => PathBuf::from(format!("{name}-shrunk.toml")),
        _ => PathBuf::from(format!("{name}-shrunk-{number}.toml")),
    };
    let mut files = (1..).map(file);
    files.find(|file| !file.exists()).unwrap_or_default()
}

/// The command that runs the result.
fn repeat(options: &ShrinkOptions, file: &Path) -> RepeatCommand {
    let mut command = RepeatCommand::new(&file.display().to_string());
    for folder in &options.plugin_path {
        command.option("--plugin-path", Some(&folder.display().to_string()));
    }
    let timeout = options.timeout;
    let timeout = timeout.map(|limit| base::duration::to_text(limit.into()));
    command.option("--timeout", timeout.as_deref());
    let memory = options.memory.map(|bytes| format!("{bytes}B"));
    command.option("--memory", memory.as_deref());
    command.flag_after("--isolate", options.isolate || options.timeout.is_some());
    command.flag_after("--check-determinism", options.check_determinism);
    command
}

/// What the search came to.
pub fn text(shrunk: &Shrunk, took: Duration, repeat: &str) -> String {
    let (before, after) = (shrunk.before, shrunk.after);
    let failure = base::harmless::lines(&shrunk.failure);
    let first = failure.lines().next().unwrap_or_default();
    let end = match shrunk.end {
        End::Minimal => "",
        End::Tries => "; --tries ended it, more could be left out",
        End::Budget => {
            "; --budget ended it, more could be left out, and another machine may come to another result"
        }
        End::Stopped => "; a signal ended it, more could be left out",
    };
    format!(
        "{first}\n  before: {}, {}, {}, {}\n  after:  {}, {}, {}, {}\n  {} in {:.1} s{end}\n  it fails with {} of {SEEDS} seeds\nwritten: {}\n  run it: {repeat}\n",
        count(before.events, "event"),
        count(before.nodes.into(), "node"),
        count(before.faults as u64, "fault"),
        count(before.lines as u64, "line"),
        count(after.events, "event"),
        count(after.nodes.into(), "node"),
        count(after.faults as u64, "fault"),
        count(after.lines as u64, "line"),
        tries(shrunk.tries),
        took.as_secs_f64(),
        shrunk.failing_seeds,
        shrunk.file.display(),
    )
}

/// `1 try`, `5 tries`.
fn tries(number: u64) -> String {
    match number {
        1 => "1 try".to_owned(),
        _ => format!("{number} tries"),
    }
}

/// The exit code of a run that was not shrunk.
fn exit_of(error: &ShrinkError) -> Exit {
    match error {
        ShrinkError::Passes { .. } | ShrinkError::Other { .. } | ShrinkError::Flaky { .. } => {
            Exit::Unknown
        }
        ShrinkError::Real(_) | ShrinkError::Edit(_) | ShrinkError::Exists(_) => Exit::BadInput,
        ShrinkError::Run(_) | ShrinkError::Write { .. } | ShrinkError::Stopped => Exit::Failed,
    }
}

/// A search that ends sooner shows no progress. Arbitrary.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// The interval of lines where there is no terminal. Arbitrary.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of a search: the size that it has come to. Dropping it removes the line.
pub struct Progress<'a> {
    console: &'a Console,
    name: String,
    quiet: bool,
    next: Instant,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Of the scenario with this name.
    pub fn new(console: &'a Console, name: &str, quiet: bool) -> Progress<'a> {
        Progress {
            console,
            name: name.to_owned(),
            quiet,
            next: Instant::now() + FIRST_AFTER,
            bar: None,
        }
    }

    /// Shows the present size.
    pub fn show(&mut self, standing: &Standing<'_>) {
        if self.quiet || Instant::now() < self.next {
            return;
        }
        let line = format!(
            "{}: {}, {}; {}, now the {}",
            self.name,
            count(standing.events, "event"),
            count(standing.lines as u64, "line"),
            tries(standing.tries),
            standing.pass
        );
        if !self.console.is_interactive() {
            self.console.note(&line);
            self.next = Instant::now() + LINE_EVERY;
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = self.console.add_bar(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_message(line);
        bar.tick();
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
