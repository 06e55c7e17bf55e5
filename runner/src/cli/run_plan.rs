//! One plan of `runner run`: opens the results, executes the runs, reports, and
//! builds the report.

mod shrink;

use std::collections::BTreeSet;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::thread;
use std::time::{Instant, SystemTime};

use analysis::results::{FailureIdentity, failures_of};
use analysis::results::{LogMode, Manifest, RepeatCommand, RunStatus};

use crate::cli::Exit;
use crate::cli::arguments::{Log, RunOptions};
use crate::cli::select::selection;
use crate::execute::{self, Happening, execute, wanted};
use crate::plan::{Plan, RunSpec};
use crate::reporter::console::{Console, line_printer};
use crate::reporter::{Context, Ending, Event, Reporter, ReporterError, Reporters};
use crate::results::journal::ResumeError;
use crate::results::manifest::{manifest, selected};
use crate::results::open::{OpenError, OpenResults, Request, open};
use crate::results::run_result::RunResult;
use crate::session::isolate::{ErrorPrinter, Isolation, share};
use crate::session::{self, Processes, RunError};
use debug::live::ToView;
use os::signals::StopSignals;
use realtime::processes::Setting;
use realtime::processes::coordinator::Coordinator;
use realtime::programs;
use realtime::setup::SetupError;

/// A plan, and how the command line wants it to be run.
#[derive(Debug)]
pub struct PlanCommand<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The options.
    pub options: &'a RunOptions,
    /// The words of the command line.
    pub command: &'a [String],
    /// The overrides of the scenario.
    pub settings: Vec<Setting>,
    /// Shows runs while they happen.
    pub live: Option<ToView>,
    /// Lets in the processes of nodes; none if they are this process's.
    pub coordinator: Option<Arc<Coordinator>>,
    /// Standard error, and whether standard output uses color.
    pub console: &'a Console,
    /// Ends the plan.
    pub stop: &'a StopSignals,
}

impl PlanCommand<'_> {
    /// Runs these runs of the plan.
    ///
    /// # Errors
    ///
    /// Fails if standard output cannot be written.
    pub fn run(&self, runs: &[RunSpec], reporters: &mut Reporters) -> anyhow::Result<Exit> {
        let name = &*self.plan.loaded.scenario.name;
        let _plan = tracing::info_span!("plan", scenario = name).entered();
        let (began, started) = (Instant::now(), SystemTime::now());
        let manifest = match self.manifest(runs.len(), started) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.console
                    .error(&format!("the notes cannot be read: {error}"));
                return Ok(Exit::Failed);
            }
        };
        let results = match open(self.plan, &manifest, started, self.request()) {
            Ok(results) => results,
            Err(error) => {
                self.console.error(&error.to_string());
                return Ok(exit_of(&error));
            }
        };
        let known = &results.resumed;
        let runs = wanted(self.plan, runs, |run| {
            known.kept.contains_key(&run) || known.again.contains_key(&run)
        });
        let folder = results.folder.clone();
        let context = Context {
            plan: self.plan,
            manifest: &manifest,
            folder: &folder,
            runs: &runs,
            started,
            began,
            repeat: &self.repeat(),
        };
        let exit = self.execute(&context, results, reporters)?;
        Ok(match exit {
            Continue(exit) => exit.and(self.report(&context, reporters)?),
            Break(exit) => exit,
        })
    }

    /// Executes and reports the runs. Returns the exit code, with `Break` if no report
    /// can be built.
    fn execute(
        &self,
        context: &Context<'_>,
        results: OpenResults,
        reporters: &mut Reporters,
    ) -> Result<ControlFlow<Exit, Exit>, ReporterError> {
        let fresh = results.fresh;
        for remark in &results.resumed.remarks {
            reporters.event(context, &Event::Warning(remark))?;
        }
        if !fresh {
            let kept = results.resumed.kept.len();
            reporters.event(context, &Event::Resumed { kept })?;
        }
        reporters.event(context, &Event::PlanBegins)?;
        tracing::info!(runs = context.runs.len(), "plan begins");
        let mut outcome = Outcome {
            exit: Exit::Passed,
            is_real: self.plan.is_real(),
            scheduled: Vec::new(),
            ended: BTreeSet::new(),
            failures: Vec::new(),
        };
        let mut reported = Ok(());
        let executed = execute(
            self.plan,
            context.runs,
            results,
            &self.how(),
            &self.stop.flag,
            &mut |happening| {
                let result = match happening {
                    Happening::Scheduled { runs, look } => {
                        outcome.scheduled.extend_from_slice(runs);
                        let (runs, look) = (runs.len(), look.as_deref());
                        reporters.event(context, &Event::Scheduled { runs, look })
                    }
                    Happening::RunEnded(result) => {
                        outcome.add(result);
                        reporters.event(context, &Event::RunEnded(result))
                    }
                    Happening::Stuck(text) => reporters.event(context, &Event::Error(text)),
                    Happening::Abandoned(text) => self.abandon(context, &outcome, reporters, text),
                };
                reported = std::mem::replace(&mut reported, Ok(())).and(result);
            },
        );
        reported?;
        let broken = match &executed {
            Ok(judged) => {
                for (case, judgement) in judged {
                    outcome.exit = outcome.exit.and(Exit::of(Some(judgement.verdict)));
                    let case = *case;
                    reporters.event(context, &Event::CaseJudged { case, judgement })?;
                }
                None
            }
            Err(error) => {
                reporters.event(context, &Event::Error(&error.to_string()))?;
                Some(error)
            }
        };
        if self.options.execution.shrink && broken.is_none() {
            self.shrink(context, &outcome, reporters)?;
        }
        let written = self.end(context, &outcome, broken.is_some(), reporters)?;
        Ok(match broken {
            None => Continue(outcome.exit(self.stop).and(written)),
            Some(error) => {
                if fresh && matches!(error, RunError::Setup(_)) {
                    context.folder.abandon();
                }
                Break(match error {
                    RunError::Setup(
                        SetupError::Program(_)
                        | SetupError::Missing { .. }
                        | SetupError::Lost { .. },
                    ) => Exit::Failed,
                    RunError::Setup(_) => Exit::BadInput,
                    _ => Exit::Failed,
                })
            }
        })
    }

    /// Ends the process though a callback has not returned: with the reports of what is
    /// finished, and the exit code of the signal.
    fn abandon(
        &self,
        context: &Context<'_>,
        outcome: &Outcome,
        reporters: &mut Reporters,
        text: &str,
    ) -> ! {
        let _ = reporters.event(context, &Event::Error(text));
        let _ = self.end(context, outcome, false, reporters);
        let _ = self.report(context, reporters);
        os::terminal::restore();
        programs::end_all();
        let exit = self.stop.signal().map_or(Exit::Failed, Exit::Signal);
        os::exit::at_once(exit.code().into())
    }

    /// Reports the end of the plan. A file that cannot be written is an error, but the
    /// report is built all the same.
    fn end(
        &self,
        context: &Context<'_>,
        outcome: &Outcome,
        broken: bool,
        reporters: &mut Reporters,
    ) -> Result<Exit, ReporterError> {
        let ending = match (broken, self.stop.signal()) {
            (true, _) => Ending::Broken,
            (false, Some(_)) => Ending::Stopped,
            (false, None) => Ending::Finished,
        };
        let not_begun: Vec<RunSpec> = outcome.not_begun().collect();
        tracing::info!(?ending, not_begun = not_begun.len(), "plan ended");
        let not_begun = &not_begun;
        match reporters.event(context, &Event::PlanEnded { ending, not_begun }) {
            Ok(()) => Ok(Exit::Passed),
            Err(ReporterError::File(error)) => {
                reporters.event(context, &Event::Error(&error.to_string()))?;
                Ok(Exit::Failed)
            }
            Err(error) => Err(error),
        }
    }

    /// Builds the report, unless that is not wanted.
    fn report(
        &self,
        context: &Context<'_>,
        reporters: &mut Reporters,
    ) -> Result<Exit, ReporterError> {
        if self.options.results.no_report || context.runs.is_empty() {
            return Ok(Exit::Passed);
        }
        let folder = context.folder.path();
        match analysis::report::build(folder, folder) {
            Ok(outputs) => {
                let html = &*outputs.html;
                reporters.event(context, &Event::ReportBuilt { html })?;
                Ok(Exit::Passed)
            }
            Err(error) => {
                let error = format!("the report could not be built: {error}");
                reporters.event(context, &Event::Error(&error))?;
                Ok(Exit::Failed)
            }
        }
    }

    fn manifest(&self, runs: usize, started: SystemTime) -> std::io::Result<Manifest> {
        let mut manifest = manifest(self.plan, self.command, self.log(), started)?;
        manifest.selected = selected(&selection(&self.options.selection), runs);
        manifest.repeat = Some(self.repeat());
        Ok(manifest)
    }

    fn request(&self) -> Request<'_> {
        let text = |setting: &Setting| match setting {
            Setting::Set(text) => text.clone(),
            Setting::Option { key, value, .. } => format!("{key}={value}"),
        };
        Request {
            out: self.options.results.out.as_deref(),
            resume: self.options.results.resume,
            shared: self.options.results.shared,
            settings: self.settings.iter().map(text).collect(),
            check_determinism: self.options.execution.check_determinism,
            keeps_files: self.log() != LogMode::Off,
        }
    }

    fn log(&self) -> LogMode {
        match self.options.results.log {
            Log::PerNode => LogMode::PerNode,
            Log::Combined => LogMode::Combined,
            Log::Off => LogMode::Off,
        }
    }

    /// How to execute the plan.
    fn how(&self) -> execute::Options {
        let console = self.console.clone();
        let execution = &self.options.execution;
        // Runs in real time side by side would delay one another and use the same ports.
        let usual = if self.plan.is_real() { 1 } else { cores() };
        let jobs = execution.jobs.map_or(usual, |jobs| jobs as usize);
        let processes = Processes {
            settings: self.settings.clone(),
            verbosity: self.options.output.verbose,
            color: self.console.has_color_out(),
            coordinator: self.coordinator.clone(),
        };
        let has_processes = execution.processes || self.coordinator.is_some();
        execute::Options {
            jobs,
            fail_fast: execution.fail_fast,
            is_part: self.options.selection.shard.is_some(),
            session: session::Options {
                log: self.log(),
                print_line: (!self.options.output.quiet && self.live.is_none())
                    .then(|| line_printer(self.console.has_color_out())),
                processes: has_processes.then(|| processes.clone()),
                timeout: execution.timeout,
                isolation: execution.isolate.then(|| Isolation {
                    memory: execution.memory.or_else(|| share(jobs)),
                    plan: processes,
                    errors: ErrorPrinter::new(move |text| console.styled(text)),
                }),
                check_determinism: execution.check_determinism,
                max_events: None,
                live: self.live.clone(),
                reseed: None,
                // Decided when it is known how many runs are side by side.
                spare_core: false,
                progress_page: None,
            },
        }
    }

    /// The command that repeats a run.
    fn repeat(&self) -> RepeatCommand {
        let options = self.options;
        let mut command = RepeatCommand::new(&self.plan.loaded.source.path);
        // The seed of the file may change later. If it is an axis, the case has it.
        let varied = self.plan.axes.iter().any(|axis| axis.path == "seed");
        let seed = self.plan.loaded.scenario.seed.to_string();
        command.option("--seed", (!varied).then_some(&*seed));
        for setting in &self.settings {
            if let Setting::Set(set) = setting {
                command.option("--set", Some(set));
            }
        }
        let [_, runs, duration, time, state] = options.overrides.values();
        for (flag, _, value) in [time, runs, duration, state] {
            command.option(flag, value.as_deref());
        }
        for folder in &options.scenario.plugin_path {
            command.option("--plugin-path", Some(&folder.display().to_string()));
        }
        let execution = &options.execution;
        let timeout = execution
            .timeout
            .map(|limit| base::duration::to_text(limit.into()));
        command.option_after("--timeout", timeout.as_deref());
        let memory = execution.memory.map(|bytes| format!("{bytes}B"));
        command.option_after("--memory", memory.as_deref());
        // On one machine: nobody joins when it is repeated.
        let has_processes = execution.processes || self.coordinator.is_some();
        command.flag_after("--processes", has_processes);
        command.flag_after("--isolate", execution.isolate);
        command.flag_after("--check-determinism", execution.check_determinism);
        command
    }
}

/// The exit code of results that cannot be opened.
fn exit_of(error: &OpenError) -> Exit {
    match error {
        OpenError::Results(ResumeError::Io(_)) => Exit::Failed,
        _ => Exit::BadInput,
    }
}

/// The number of processors that this process may use. Slurm does not bind a job to its
/// processors on every cluster; it says how many there are.
fn cores() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let given = std::env::var("SLURM_CPUS_PER_TASK").ok();
    match given.and_then(|text| text.parse().ok()) {
        None | Some(0) => cores,
        Some(given) => cores.min(given),
    }
}

/// What the exit code depends on, and which runs ended.
struct Outcome {
    exit: Exit,
    /// Whether the runs are in real time.
    is_real: bool,
    /// The runs that were to be done.
    scheduled: Vec<RunSpec>,
    ended: BTreeSet<u32>,
    /// Each distinct failure of a run, and the first run that has it.
    failures: Vec<(FailureIdentity, RunSpec)>,
}

impl Outcome {
    fn add(&mut self, result: &RunResult) {
        self.ended.insert(result.spec.number);
        for (identity, _) in failures_of(result.errors(), &result.judgements) {
            if !self.failures.iter().any(|(known, _)| *known == identity) {
                self.failures.push((identity, result.spec));
            }
        }
        let verdict = Exit::of(result.row.verdict);
        let status = match result.row.status {
            RunStatus::Failed => Exit::Failed,
            // A run in virtual time that was cut off is not done.
            RunStatus::Interrupted if !self.is_real => Exit::Unknown,
            RunStatus::Interrupted | RunStatus::Complete => Exit::Passed,
        };
        self.exit = self.exit.and(verdict).and(status);
    }

    fn not_begun(&self) -> impl Iterator<Item = RunSpec> + '_ {
        let is_missing = |run: &&RunSpec| !self.ended.contains(&run.number);
        self.scheduled.iter().filter(is_missing).copied()
    }

    /// The exit code: that of a signal outweighs all others. If a run was not begun,
    /// it is not that of success.
    fn exit(&self, stop: &StopSignals) -> Exit {
        let whole = match self.not_begun().next() {
            Some(_) => Exit::Unknown,
            None => Exit::Passed,
        };
        stop.signal().map_or(self.exit.and(whole), Exit::Signal)
    }
}
