//! `runner run`: runs scenarios, one after another.

use std::sync::Arc;

use crate::cli::arguments::{Log, OverrideOptions, RunOptions, ScenarioOptions, Time};
use crate::cli::run_plan::PlanCommand;
use crate::cli::select::select;
use crate::cli::{Exit, Overrides, overrides, plan_all};
use crate::plan::planner::Planner;
use crate::plan::{Plan, RunSpec};
use crate::reporter::console::{Console, line_printer};
use crate::reporter::junit::Junit;
use crate::reporter::live::Live;
use crate::reporter::quiet::Quiet;
use crate::reporter::terminal::Terminal;
use crate::reporter::{Reporter, Reporters, count, logging};
use crate::results::error::ResultsError;
use crate::session::to_override;
use os::signals::StopSignals;
use os::terminal::Screen;
use realtime::processes::Setting;
use realtime::processes::coordinator::Coordinator;
use realtime::programs;

/// Runs the scenarios.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn run(options: &RunOptions, command: &[String]) -> anyhow::Result<Exit> {
    let console = Console::new(options.scenario.color.color);
    let bad_input = |why: String| {
        console.error(&why);
        Ok(Exit::BadInput)
    };
    if let Err(why) = logging::begin(&console, options.output.verbose) {
        return bad_input(why);
    }
    let settings = match settings(options) {
        Ok(settings) => settings,
        Err(why) => return bad_input(why),
    };
    let plans = match plans(options, &settings, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let selected = match select(&plans, &options.selection, &console) {
        Ok(selected) => selected,
        Err(exit) => return Ok(exit),
    };
    if let Some(why) = conflict(options, &plans, &selected) {
        return bad_input(why);
    }
    let stop = StopSignals::catch(|| {
        os::terminal::restore();
        programs::end_all();
    })?;
    let live = live(options, &console, &plans);
    let view = live.as_ref().map(Live::view);
    let mut reporters = match reporters(options, &console, live) {
        Ok(reporters) => reporters,
        Err(error) => return bad_input(error.to_string()),
    };
    let coordinator = match coordinator(options, &selected, &console) {
        Ok(coordinator) => coordinator,
        Err(why) => return bad_input(why),
    };
    let mut exit = Exit::Passed;
    for (plan, runs) in selected {
        let command = PlanCommand {
            plan,
            options,
            command,
            settings: settings.clone(),
            coordinator: coordinator.clone(),
            live: view.clone(),
            console: &console,
            stop: &stop,
        };
        exit = exit.and(command.run(&runs, &mut reporters)?);
        if stop.signal().is_some() {
            break;
        }
    }
    Ok(stop.signal().map_or(exit, Exit::Signal))
}

/// The view of `--live`. Where there is no terminal, this is said once, and the output is plain.
fn live(options: &RunOptions, console: &Console, plans: &[Plan]) -> Option<Live> {
    if !options.output.live {
        return None;
    }
    if !Screen::is_possible() {
        console.note("--live: no terminal to draw on, so the output is plain");
        return None;
    }
    if options.execution.isolate && plans.iter().any(Plan::is_real) {
        console.note("--live: with --isolate, a run is in another process, so the output is plain");
        return None;
    }
    Some(Live::new(console.clone()))
}

/// The reporters that the options ask for.
fn reporters(
    options: &RunOptions,
    console: &Console,
    live: Option<Live>,
) -> Result<Reporters, ResultsError> {
    let people: Box<dyn Reporter> = match options.output.quiet {
        true => Box::new(Quiet::new(console.clone())),
        false if live.is_some() => Box::new(Terminal::without_progress(console.clone())),
        false => Box::new(Terminal::new(console.clone())),
    };
    let mut reporters = Reporters(Vec::new());
    // The screen from before is there again before anything is printed.
    reporters
        .0
        .extend(live.map(|it| Box::new(it) as Box<dyn Reporter>));
    reporters.0.push(people);
    if let Some(path) = &options.results.junit {
        reporters.0.push(Box::new(Junit::check(path)?));
    }
    Ok(reporters)
}

/// Begins to listen for nodes in other places, if that is asked for.
fn coordinator(
    options: &RunOptions,
    selected: &[(&Plan, Vec<RunSpec>)],
    console: &Console,
) -> Result<Option<Arc<Coordinator>>, String> {
    let Some(address) = &options.places.coordinator else {
        return Ok(None);
    };
    let [(plan, _)] = selected else {
        return Err(format!(
            "--coordinator: the processes of nodes join one scenario, but there are {}\n  run them one by one",
            count(selected.len() as u64, "scenario")
        ));
    };
    let say = (!options.output.quiet).then(|| line_printer(console.has_color_out()));
    super::coordinator::listen(address, options, plan, say).map(Some)
}

fn plans(options: &RunOptions, settings: &[Setting], console: &Console) -> Result<Vec<Plan>, Exit> {
    let overrides = Overrides {
        sound: settings.iter().filter_map(to_override).collect(),
        mistakes: overrides(&options.scenario.set).mistakes,
    };
    let mut planner = match options.execution.isolate {
        true => Planner::apart(options.execution.timeout),
        false => Planner::Here,
    };
    plan_all(&options.scenario, overrides, &mut planner, console)
}

/// The overrides of the scenario: those of the environment, then those of the command line.
/// `--set` wins over the environment.
fn settings(options: &RunOptions) -> Result<Vec<Setting>, String> {
    let counts = super::coordinator::counts(&options.places)?;
    let typed = settings_of(&options.scenario, &options.overrides);
    // The addresses of programs are known here and now alone, so they come last.
    let addresses = super::coordinator::addresses(&options.places)?;
    Ok(counts.into_iter().chain(typed).chain(addresses).collect())
}

/// The overrides of a scenario. Options with a name of their own win over `--set`, so they
/// come last.
pub fn settings_of(scenario: &ScenarioOptions, own: &OverrideOptions) -> Vec<Setting> {
    let set = scenario.set.iter().cloned().map(Setting::Set);
    let own = own.values();
    let own = own.into_iter().filter_map(|(flag, key, value)| {
        Some(Setting::Option {
            flag: flag.to_owned(),
            key: key.to_owned(),
            value: value?,
        })
    });
    set.chain(own).collect()
}

impl OverrideOptions {
    /// Flag, scenario key and value of each option.
    pub fn values(&self) -> [(&'static str, &'static str, Option<String>); 5] {
        let time = self.time.map(|time| match time {
            Time::Virtual => "virtual".to_owned(),
            Time::Real => "real".to_owned(),
        });
        // Paths in a scenario are relative to its file.
        let state = self.state.as_deref().map(|folder| {
            let absolute = std::path::absolute(folder);
            let folder = absolute.as_deref().unwrap_or(folder);
            folder.to_string_lossy().into_owned()
        });
        [
            ("--seed", "seed", self.seed.map(|seed| seed.to_string())),
            ("--runs", "runs", self.runs.map(|runs| runs.to_string())),
            ("--duration", "duration", self.duration.clone()),
            ("--time", "time", time),
            ("--state", "state", state),
        ]
    }
}

/// Why the options do not fit the scenarios, if they do not.
fn conflict(
    options: &RunOptions,
    plans: &[Plan],
    selected: &[(&Plan, Vec<RunSpec>)],
) -> Option<String> {
    if options.results.out.is_some() && selected.len() > 1 {
        return Some(format!(
            "--out names one folder, but there are {}\n  run them one by one, or leave out --out",
            count(selected.len() as u64, "scenario")
        ));
    }
    let flag = match (options.execution.processes, &options.places.coordinator) {
        (true, _) => Some("--processes"),
        (false, Some(_)) => Some("--coordinator"),
        (false, None) => None,
    };
    if let Some(flag) = flag
        && let Some(why) = plans
            .iter()
            .find_map(|plan| no_processes(plan, options, flag))
    {
        return Some(why);
    }
    if let Some(why) = plans.iter().find_map(|plan| no_jobs(plan, options)) {
        return Some(why);
    }
    if let Some(why) = plans.iter().find_map(not_held) {
        return Some(why);
    }
    let real = plans.iter().find(|plan| plan.is_real())?;
    if options.execution.shrink {
        return Some(format!(
            "--shrink: `{}` runs in real time, where no two runs are equal\n  add --time virtual, or leave out --shrink",
            real.loaded.scenario.name
        ));
    }
    if options.results.shared {
        return Some(format!(
            "--shared: `{}` runs in real time, where no two runs are equal\n  add --time virtual, or leave out --shared and have one runner at a time write the results",
            real.loaded.scenario.name
        ));
    }
    options.execution.check_determinism.then(|| {
        format!(
            "--check-determinism: `{}` runs in real time, where no two runs are equal\n  add --time virtual, or leave out --check-determinism",
            real.loaded.scenario.name
        )
    })
}

/// Why a plan with programs in virtual time cannot run here, if it cannot.
fn not_held(plan: &Plan) -> Option<String> {
    let mut cases = plan.cases.iter();
    cases.find(|case| case.held().is_some())?;
    let reason = virtual_program::supported().err()?;
    Some(format!(
        "`{}` has programs in virtual time: {reason}\n  run with --time real",
        plan.loaded.scenario.name
    ))
}

/// Why `--jobs` does not fit a plan, if it does not.
fn no_jobs(plan: &Plan, options: &RunOptions) -> Option<String> {
    let jobs = options.execution.jobs.filter(|jobs| *jobs > 1)?;
    if options.places.coordinator.is_some() {
        return Some(format!(
            "--jobs {jobs}: the processes that join a coordinator do one run at a time\n  leave out --jobs"
        ));
    }
    let mut groups = plan.cases.iter().flat_map(|case| &case.scenario.groups);
    let group = groups.find(|group| group.state.is_some())?;
    (plan.run_count() > 1).then(|| {
        format!(
            "--jobs {jobs}: the nodes of `{}` have a state folder, which one run at a time can use\n  leave out --jobs, or `state`",
            group.name
        )
    })
}

/// Why `--processes` or `--coordinator`, the `flag`, does not fit a plan, if it does not.
fn no_processes(plan: &Plan, options: &RunOptions, flag: &str) -> Option<String> {
    let name = &plan.loaded.scenario.name;
    if !plan.is_real() {
        return Some(format!(
            "{flag}: `{name}` runs in virtual time, where one process does everything\n  add --time real, or leave out {flag}"
        ));
    }
    let mut groups = plan.cases.iter().flat_map(|case| &case.scenario.groups);
    if let Some(group) = groups.find(|group| group.stdin.is_some()) {
        return Some(format!(
            "{flag}: `{}` reads standard input, which only the runner has\n  leave out {flag}",
            group.name
        ));
    }
    let mut groups = plan.cases.iter().flat_map(|case| &case.scenario.groups);
    let has_stdio = |group: &&crate::scenario::Group| {
        group.program.as_ref().is_some_and(|it| it.stdio.is_some())
    };
    if let Some(group) = groups.find(has_stdio) {
        return Some(format!(
            "{flag}: the standard input and output of `{}` (`stdio`) are in one process, and its peer is in another\n  leave out {flag}",
            group.name
        ));
    }
    let log = match options.results.log {
        Log::PerNode => return None,
        Log::Combined => "combined",
        Log::Off => "off",
    };
    Some(format!(
        "{flag}: each process writes the log of its own node, so --log {log} is not possible\n  leave out --log {log}, or --processes"
    ))
}
