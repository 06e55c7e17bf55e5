//! Drives one run to its end, in one of three ways: virtual time, real time in
//! this process, or real time with a process per node.
//!
//! A new way to drive a run is a new arm in [`Drive::go`] that returns [`Ended`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use analysis::results::LogMode;

use super::ended::{Ended, lateness};
use super::held::HeldPrograms;
use super::recorded::HowToRecord;
use super::state::StateFolders;
use super::{Options, RunError, processes};
use crate::judge::checks::Checks;
use crate::judge::properties::Properties;
use crate::plan::{Case, Plan, RunSpec};
use crate::results::logs::Logs;
use crate::results::record::{LogsAt, Recorder};
use crate::results::relay::{self, LogsApart};
use crate::scenario::{TimeMode, folder_of};
use base::random::Streams;
use debug::live::{Beginning, Hand, Item, ToView, Watched};
use debug::scene::Scene;
use debug::tape::{Recording, Tape};
use engine::run::{Limits, Outcome, Run};
use engine::sink::Sink;
use host::activity;
use host::instance::Instances;
use host::progress_page::ProgressPage;
use realtime::processes::coordinator::Coordinator;
use realtime::programs::speaker::Mailbox;
use realtime::real_time::RealTime;
use realtime::real_time::by_hand::{Order, Person};
use realtime::under_way;
use tracing::debug;

/// A run, and everything that its driver needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drive<'a> {
    pub plan: &'a Plan,
    pub spec: RunSpec,
    pub options: &'a Options,
    /// The folder of the run.
    pub folder: &'a Path,
    /// Which logs to write.
    pub log: LogMode,
    /// Ends the run when it is set.
    pub stop: &'a AtomicBool,
}

impl Drive<'_> {
    /// Drives the run to its end.
    ///
    /// # Errors
    ///
    /// Fails if the run cannot begin, or if a log cannot be written.
    pub fn go(&self) -> Result<Ended, RunError> {
        self.in_activity(|| self.drive())
    }

    /// As [`Drive::go`], in virtual time, and keeps what happened.
    ///
    /// # Errors
    ///
    /// As [`Drive::go`].
    pub fn go_recorded(&self, how: &HowToRecord) -> Result<(Ended, Recording), RunError> {
        let schema = &self.plan.nodes(self.spec.case).schema;
        let messages = how.by_hand.messages();
        self.in_activity(|| {
            let tape = Tape::new(self.recorder(), schema, messages, how.most);
            let mut run = self.assemble_with(BTreeMap::new(), tape);
            let outcome = run.go(self.stop);
            let (recorder, recording) = run.into_sink().into_parts();
            Ok((Ended::new(outcome, recorder)?, recording))
        })
    }

    fn in_activity<T>(&self, run: impl FnOnce() -> Result<T, RunError>) -> Result<T, RunError> {
        let activity = activity::here();
        let roster = self.case().roster.clone();
        let name_of = move |node| roster.name(node).unwrap_or_default();
        activity.begin_run(format!("run {}", self.spec.number), name_of);
        let ended = run();
        if os::fork_mark::is_copy() {
            // A callback has forked, and returned in both processes: one goes on.
            os::exit::at_once(3);
        }
        activity.end_run();
        ended
    }

    fn drive(&self) -> Result<Ended, RunError> {
        let scenario = &self.case().scenario;
        match (scenario.time, &self.options.processes) {
            (TimeMode::Virtual, _) if self.options.spare_core && self.log != LogMode::Off => {
                self.with_logs_apart()
            }
            // A check is code of a plugin, which stays on the thread that calls the nodes.
            (TimeMode::Virtual, _) if self.options.spare_core && self.case().checks.is_empty() => {
                self.on_two_threads()
            }
            (TimeMode::Virtual, _) => {
                let run = self.assemble(BTreeMap::new());
                in_virtual_time(run, self.stop, self.options.max_events)
            }
            (TimeMode::Real { speed }, None) => {
                let roster = &self.case().roster;
                let states = StateFolders::open(roster, 0..roster.len())?;
                if let Some(view) = &self.options.live {
                    return self.watched(states.of, view, speed);
                }
                let run = self.assemble(states.of.clone());
                let mut real = RealTime::new(run, &scenario.links, speed)?;
                real.set_budget(scenario.max_buffered);
                self.in_real_time(real, |recorder| recorder)
            }
            (TimeMode::Real { .. }, Some(_)) => processes::run(self),
        }
    }

    /// Drives a run in virtual time, with its logs written on another thread.
    fn with_logs_apart(&self) -> Result<Ended, RunError> {
        let schema = &self.plan.nodes(self.spec.case).schema;
        let (apart, work) = LogsApart::new(schema);
        let logs = self.logs();
        let span = tracing::Span::current();
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("logs".to_owned());
            let write = || {
                let _run = span.enter();
                work.go(logs);
            };
            let logs = match builder.spawn_scoped(scope, write) {
                Ok(_) => {
                    debug!("another thread writes the logs");
                    LogsAt::Apart(Box::new(apart))
                }
                // There may be no more threads.
                Err(_) => LogsAt::Here(Box::new(self.logs())),
            };
            let run = self.assemble_with(BTreeMap::new(), self.recorder_with(logs));
            in_virtual_time(run, self.stop, self.options.max_events)
        })
    }

    /// Drives a run without checks and logs in virtual time, with its recorder on another
    /// thread.
    fn on_two_threads(&self) -> Result<Ended, RunError> {
        let schema = &self.plan.nodes(self.spec.case).schema;
        let (relay, taker) = relay::relay(schema, false);
        let span = tracing::Span::current();
        let record = || {
            let _run = span.enter();
            // At the end, the engine has ended.
            let mut recorder = self.recorder().on_cores(2);
            let outcome: Box<Outcome> = taker.take(&mut recorder)?;
            Some(Ended::new(*outcome, recorder))
        };
        std::thread::scope(|scope| {
            let builder = std::thread::Builder::new().name("records".to_owned());
            let Ok(recording) = builder.spawn_scoped(scope, record) else {
                // There may be no more threads.
                let run = self.assemble(BTreeMap::new());
                return in_virtual_time(run, self.stop, self.options.max_events);
            };
            debug!("another thread takes the records");
            let mut run = self.assemble_with(BTreeMap::new(), relay);
            let outcome = run.go(self.stop);
            let remarks = run.behaviors().remarks();
            run.into_sink().end(Box::new(outcome));
            let recorded = match recording.join() {
                Ok(recorded) => recorded,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            let mut ended = recorded.expect("it was told of the end")?;
            ended.warnings.splice(..0, remarks);
            Ok(ended)
        })
    }

    /// Who lets in the processes of nodes, if they join from elsewhere.
    pub fn coordinator(&self) -> Option<&Coordinator> {
        let processes = self.options.processes.as_ref()?;
        processes.coordinator.as_deref()
    }

    /// The case of the run.
    pub fn case(&self) -> &Case {
        self.plan.case(self.spec)
    }

    /// The checks of the case; none if the scenario has no checks.
    pub fn checks(&self) -> Option<Checks> {
        let nodes = self.plan.nodes(self.spec.case);
        let case = self.case();
        (!case.checks.is_empty()).then(|| {
            let description = nodes.description(case);
            Checks::begin(&case.checks, description, &nodes.schema, self.files())
        })
    }

    /// The properties of the case; none if the scenario has no properties.
    pub fn properties(&self) -> Option<Properties> {
        let schema = &self.plan.nodes(self.spec.case).schema;
        let properties = &self.case().properties;
        (!properties.is_empty()).then(|| Properties::begin(properties, schema))
    }

    /// The folder for files of plugins; none if the run keeps no files.
    fn files(&self) -> Option<&Path> {
        (self.options.log != LogMode::Off).then_some(self.folder)
    }

    fn assemble(&self, states: BTreeMap<u32, PathBuf>) -> Run<Instances, Recorder> {
        self.assemble_with(states, self.recorder())
    }

    fn assemble_with<S: Sink>(&self, states: BTreeMap<u32, PathBuf>, sink: S) -> Run<Instances, S> {
        let page = self.options.progress_page.clone();
        let streams = self.plan.streams(self.spec);
        let reseed = self.options.reseed;
        let other = reseed.map(|it| (it.after, streams.reseeded(it.number)));
        let (streams, later) = match other {
            None => (streams, None),
            Some((None, other)) => (other, None),
            Some((Some(after), other)) => (streams, Some((after, other))),
        };
        let (files, drawn) = (self.files(), (self.spec, streams));
        let mut run = assemble(self.plan, drawn, files, states, sink, page);
        if let Some(most) = self.options.max_events {
            run = run.with_most_events(most);
        }
        match later {
            Some((after, other)) => run.with_reseed(after, other),
            None => run,
        }
    }

    fn logs(&self) -> Logs {
        let schema = &self.plan.nodes(self.spec.case).schema;
        Logs::new(schema, self.folder, self.log).limited_to(self.case().scenario.max_log)
    }

    fn recorder(&self) -> Recorder {
        self.recorder_with(LogsAt::Here(Box::new(self.logs())))
    }

    fn recorder_with(&self, logs: LogsAt) -> Recorder {
        let nodes = self.plan.nodes(self.spec.case);
        let print = self.options.print_line.filter(|_| self.plan.is_real());
        let window = self.case().scenario.window();
        let mut recorder =
            Recorder::new(&nodes.schema, &nodes.shapes, logs, print).within(window.as_ref());
        if let Some(checks) = self.checks() {
            recorder = recorder.judged_by(checks);
        }
        if let Some(properties) = self.properties() {
            recorder = recorder.with_properties(properties);
        }
        recorder
    }

    /// Drives a run in real time that a person watches, and acts on.
    fn watched(
        &self,
        states: BTreeMap<u32, PathBuf>,
        view: &ToView,
        speed: f64,
    ) -> Result<Ended, RunError> {
        let case = self.case();
        let scenario = &case.scenario;
        let run = self.assemble_with(states, Watched::new(self.recorder(), view.clone()));
        let mut real = RealTime::new(run, &scenario.links, speed)?;
        real.set_budget(scenario.max_buffered);
        let (person, hand) = Person::new().map_err(|error| {
            RunError::Process(format!("the view cannot act on the run: {error}"))
        })?;
        real.take_by_hand(hand);
        let title = format!("{} run {}", scenario.name, self.spec.number);
        let (links, faults) = (scenario.links.clone(), scenario.faults.clone());
        view.tell(Item::Begins(Box::new(Beginning {
            scene: Scene::new(title, case.roster.clone(), links, faults),
            schema: self.plan.nodes(self.spec.case).schema.clone(),
            hand: Box::new(AtView(person)),
        })));
        self.in_real_time(real, |watched| watched.inner)
    }

    fn in_real_time<S: Sink>(
        &self,
        mut real: RealTime<Instances, S>,
        recorder: fn(S) -> Recorder,
    ) -> Result<Ended, RunError> {
        if let Some(print) = self.options.print_line {
            real.remarks.drain(..).for_each(|remark| print(&remark));
        }
        real.remarks.clear();
        let outcome = real.go(self.stop);
        let mut warnings = std::mem::take(&mut real.remarks);
        let lag = std::mem::take(&mut real.lag);
        warnings.extend(lateness(&lag, &self.case().roster));
        let under_way = under_way::warning(&real.under_way, &self.case().roster);
        warnings.extend(under_way.clone());
        self.copy_states()?;
        let mut ended = Ended::new(outcome, recorder(real.into_sink()))?;
        ended.warnings.splice(..0, warnings);
        ended.lag = Some(lag);
        ended.under_way = under_way;
        Ok(ended)
    }

    /// Copies the state folders into the run's folder, where the checks find them.
    pub fn copy_states(&self) -> Result<(), RunError> {
        match self.files() {
            Some(folder) if !self.case().checks.is_empty() => {
                let roster = &self.case().roster;
                Ok(StateFolders::copy(roster, 0..roster.len(), folder)?)
            }
            _ => Ok(()),
        }
    }
}

/// Creates the nodes of a run. Behaviors may write files into `folder`, or into the
/// state folder of their node; each callback is noted on the progress page.
pub(super) fn assemble<S: Sink>(
    plan: &Plan,
    (spec, streams): (RunSpec, Streams),
    folder: Option<&Path>,
    states: BTreeMap<u32, PathBuf>,
    sink: S,
    progress_page: Option<Arc<ProgressPage>>,
) -> Run<Instances, S> {
    let case = plan.case(spec);
    let scenario = &case.scenario;
    let groups: Vec<_> = case
        .configs
        .iter()
        .zip(&scenario.groups)
        .map(|(config, group)| (config.clone(), group.count))
        .collect();
    let mut instances = Instances::new(&groups, folder)
        .with_state_folders(states)
        .with_scenario_folder(&folder_of(Path::new(&plan.loaded.source.path)))
        .with_progress_page(progress_page);
    if plan.is_real() {
        instances = instances
            .with_time_of_day()
            .with_foreign(Mailbox::of(&case.roster));
    } else {
        let held = HeldPrograms::of(&case.roster, &scenario.links);
        instances = instances.with_foreign(held);
    }
    Run::new(
        case.roster.clone(),
        &scenario.links,
        scenario.duration,
        streams,
        instances,
        sink,
    )
    .with_limits(Limits {
        chain: scenario.max_events_at_once,
        ..Limits::default()
    })
    .with_slices(scenario.window().and_then(|window| window.slices()))
    .with_faults(&scenario.faults)
}

fn in_virtual_time(
    mut run: Run<Instances, Recorder>,
    stop: &AtomicBool,
    max_events: Option<u64>,
) -> Result<Ended, RunError> {
    let outcome = run.go(stop);
    let remarks = run.behaviors().remarks();
    let mut recorder = run.into_sink();
    if max_events.is_some_and(|most| outcome.events > most) {
        recorder.leave_unchecked();
    }
    let mut ended = Ended::new(outcome, recorder)?;
    ended.warnings.splice(..0, remarks);
    Ok(ended)
}

/// A person at a view, as the view knows them.
#[derive(Debug)]
struct AtView(Person);

impl Hand for AtView {
    fn send(&mut self, node: u32, bytes: Vec<u8>) {
        self.0.order(Order::Send { node, bytes });
    }

    fn press(&mut self, node: u32, bytes: Vec<u8>) {
        self.0.order(Order::Press { node, bytes });
    }

    fn cut(&mut self, node: u32) {
        self.0.order(Order::Cut { node });
    }

    fn heal(&mut self) {
        self.0.order(Order::Heal);
    }
}
