//! `runner run`: runs scenarios, writes their results and reports, and says how
//! it went.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Instant, SystemTime};

use analysis::expect::Over;
use analysis::results::{LogMode, RunStatus, Verdict};

use crate::cli::arguments::{Log, RunOptions, Time};
use crate::cli::check::count;
use crate::cli::junit::Junit;
use crate::cli::place::{Place, place};
use crate::cli::select::{select, selection};
use crate::cli::summary::Summary;
use crate::cli::terminal::{Terminal, teller};
use crate::cli::{Exit, overrides, plan_all, print, verdicts};
use crate::execute::isolate::{Isolation, share};
use crate::execute::{ExecuteError, Options, Processes, execute, to_override, wanted};
use crate::plan::{Plan, RunSpec};
use crate::results::ledger::RunResult;
use crate::results::manifest::{manifest, selected as chosen};
use crate::scenario::Override;
use os::signals::StopSignals;
use realtime::processes::Setting;
use realtime::programs;

/// Runs the scenarios that were named, one after another.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn run(options: &RunOptions, command: &[String]) -> anyhow::Result<Exit> {
    let terminal = Terminal::new(options.scenario.color.color);
    if options.verbose {
        terminal.trace();
    }
    let plans = match plans(options, &terminal) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let selected = match select(&plans, &options.selection, &terminal) {
        Ok(selected) => selected,
        Err(exit) => return Ok(exit),
    };
    if options.out.is_some() && selected.len() > 1 {
        terminal.error(&format!(
            "--out names one folder, but there are {}\n  run them one by one, or leave out --out",
            count(selected.len() as u64, "scenario")
        ));
        return Ok(Exit::BadInput);
    }
    if options.processes
        && let Some(why) = plans.iter().find_map(|plan| no_processes(plan, options))
    {
        terminal.error(&why);
        return Ok(Exit::BadInput);
    }
    if options.check_determinism
        && let Some(plan) = plans.iter().find(|plan| plan.is_real())
    {
        terminal.error(&format!(
            "--check-determinism: `{}` runs in real time, where no two runs are alike\n  add --time virtual, or leave out --check-determinism",
            plan.loaded.scenario.name
        ));
        return Ok(Exit::BadInput);
    }
    let stop = StopSignals::catch(|| {
        os::terminal::restore();
        programs::end_all();
    })?;
    let mut exit = Exit::Passed;
    let mut junit = match options.junit.as_deref().map(Junit::begin).transpose() {
        Ok(junit) => junit,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(Exit::BadInput);
        }
    };
    for (plan, runs) in selected {
        let junit = junit.as_mut();
        exit = exit.and(run_plan(
            plan, runs, options, command, junit, &stop, &terminal,
        )?);
        if stop.signal().is_some() {
            break;
        }
    }
    Ok(stop.signal().map_or(exit, Exit::Signal))
}

fn plans(options: &RunOptions, terminal: &Terminal) -> Result<Vec<Plan>, Exit> {
    // What is wrong with them is told here.
    overrides(&options.scenario.set, terminal)?;
    let all: Vec<Override> = settings(options).iter().filter_map(to_override).collect();
    let scenario = &options.scenario;
    plan_all(&scenario.scenarios, &all, &scenario.plugin_path, terminal)
}

/// What overrides the scenario.
fn settings(options: &RunOptions) -> Vec<Setting> {
    let set = options.scenario.set.iter().cloned().map(Setting::Set);
    let mut all: Vec<Setting> = set.collect();
    // The options that have a name of their own win over `--set`.
    let mut option = |flag: &str, key: &str, value: Option<String>| {
        all.extend(value.map(|value| Setting::Option {
            flag: flag.to_owned(),
            key: key.to_owned(),
            value,
        }));
    };
    option("--seed", "seed", options.seed.map(|seed| seed.to_string()));
    option("--runs", "runs", options.runs.map(|runs| runs.to_string()));
    option("--duration", "duration", options.duration.clone());
    option("--time", "time", options.time.map(word));
    all
}

/// Why the nodes cannot have processes of their own, if they cannot.
fn no_processes(plan: &Plan, options: &RunOptions) -> Option<String> {
    let name = &plan.loaded.scenario.name;
    if !plan.is_real() {
        return Some(format!(
            "--processes: `{name}` runs in virtual time, where one process does everything\n  add --time real, or leave out --processes"
        ));
    }
    let mut groups = plan.cases.iter().flat_map(|case| &case.scenario.groups);
    if let Some(group) = groups.find(|group| group.stdin.is_some()) {
        return Some(format!(
            "--processes: `{}` listens to standard input, which is the runner's own\n  leave out --processes",
            group.name
        ));
    }
    let log = match options.log {
        Log::PerNode => return None,
        Log::Combined => "combined",
        Log::Off => "off",
    };
    Some(format!(
        "--processes: each process writes the log of its own node, so --log {log} cannot be\n  leave out --log {log}, or --processes"
    ))
}

fn run_plan(
    plan: &Plan,
    runs: Vec<RunSpec>,
    options: &RunOptions,
    command: &[String],
    mut junit: Option<&mut Junit>,
    stop: &StopSignals,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    let scenario = &plan.loaded.scenario;
    let began = Instant::now();
    let started = SystemTime::now();
    let log = match options.log {
        Log::PerNode => LogMode::PerNode,
        Log::Combined => LogMode::Combined,
        Log::Off => LogMode::Off,
    };
    let manifest = match manifest(plan, command, log, started) {
        Ok(mut manifest) => {
            manifest.selected = chosen(&selection(&options.selection), runs.len());
            manifest
        }
        Err(error) => {
            terminal.error(&format!("a plugin or the notes cannot be read: {error}"));
            return Ok(Exit::Failed);
        }
    };
    let settings = settings(options);
    let place = place(plan, options, &settings, &manifest, started, terminal);
    let Place {
        folder,
        books,
        fresh,
    } = match place {
        Ok(place) => place,
        Err(exit) => return Ok(exit),
    };
    // Runs in real time would disturb one another, and want the same ports.
    let usual = if plan.is_real() { 1 } else { cores() };
    let jobs = options.jobs.map_or(usual, |jobs| jobs as usize);
    let known = &books.resumed;
    let all = wanted(plan, &runs, |run| {
        known.kept.contains_key(&run) || known.again.contains_key(&run)
    });
    let mut left_out: BTreeMap<u32, RunSpec> = all.iter().map(|run| (run.number, *run)).collect();
    let number = all.len() as u64;
    let mut done = vec![0; plan.cases.len()];
    all.iter().for_each(|run| done[run.case] += 1);
    if let Some(junit) = &mut junit {
        junit.plan(plan, &manifest, &folder, started);
    }
    let mut progress = terminal.progress(&scenario.name, number);
    let mut summary = Summary::new(plan, number);
    let mut judged = Exit::Passed;
    let mut told = 0;
    let processes = Processes {
        settings: settings.clone(),
        plugin_path: options.scenario.plugin_path.clone(),
        verbose: options.verbose,
        color: terminal.colors_out(),
    };
    let execution = execute(
        plan,
        &folder,
        books,
        &Options {
            jobs,
            log,
            runs,
            say: (!options.quiet).then(|| teller(terminal.colors_out())),
            processes: options.processes.then(|| processes.clone()),
            fail_fast: options.fail_fast,
            timeout: options.timeout,
            isolation: options.isolate.then(|| Isolation {
                memory: options.memory.or_else(|| share(jobs)),
                plan: processes.clone(),
            }),
            twice: options.check_determinism,
            cell: None,
        },
        &stop.flag,
        |result| {
            if !options.quiet {
                progress.step();
            }
            summary.add(result);
            for warning in &result.warnings {
                progress.end();
                terminal.warning(&format!("run {}: {warning}", result.row.run));
            }
            for what in result.wrong() {
                progress.end();
                terminal.error(&format!("run {}: {what}", result.row.run));
            }
            let verdict = result.row.verdict;
            judged = judged.and(verdicts::exit(verdict));
            if !matches!(verdict, None | Some(Verdict::Passed)) && !result.judgements.is_empty() {
                progress.end();
                let of = format!("run {}", result.row.run);
                match told < TOLD_WHOLE {
                    true => drop(verdicts::tell(terminal, &of, &result.judgements)),
                    false => terminal.note(&format!("{of}: {}", verdicts::word(verdict))),
                }
                told += 1;
            }
            let repeat = repeat(plan, options, result);
            if result.failure.is_some() || verdict == Some(Verdict::Failed) {
                terminal.note(&format!("  repeat: {repeat}"));
            }
            if let Some(junit) = &mut junit {
                junit.add(plan, &folder, result, &repeat);
            }
            left_out.remove(&result.spec.number);
        },
    );
    progress.end();
    let why = match (&execution, stop.signal()) {
        (Err(_), _) => "the results could not be written, or the runs not begun",
        (_, Some(_)) => "the runner was stopped by a signal",
        _ => "a run before it failed (--fail-fast)",
    };
    if let (Some(junit), Ok(over_runs)) = (&mut junit, &execution) {
        for (case, judgement) in over_runs {
            junit.over_runs(plan, *case, judgement);
        }
    }
    let written = junit.map(|junit| junit.end_plan(plan, left_out.into_values(), why));
    let unwritten = written.and_then(Result::err);
    if let Some(error) = &unwritten {
        terminal.error(&error.to_string());
    }
    let over_runs = match execution {
        Ok(over_runs) => over_runs,
        Err(error) => {
            terminal.error(&error.to_string());
            return Ok(match error {
                ExecuteError::Setup(_) => {
                    if fresh {
                        folder.abandon();
                    }
                    Exit::BadInput
                }
                _ => Exit::Failed,
            });
        }
    };
    for (case, judgement) in over_runs {
        let of = match plan.cases.len() {
            1 => "over all runs".to_owned(),
            _ => format!("over the runs of {}", plan.cases[case].id),
        };
        judged = judged.and(verdicts::exit(verdicts::tell(terminal, &of, &[judgement])));
    }
    if !options.quiet && leaves_over_runs(plan, &done) {
        terminal.note(
            "what is expected over all runs of a case is judged once the parts are merged: runner report PART... --out DIR",
        );
    }
    let mut exit = match (summary.with(RunStatus::Failed), stop.signal()) {
        (_, Some(signal)) => Exit::Signal(signal),
        (0, None) => judged,
        _ => Exit::Failed,
    };
    if unwritten.is_some() {
        exit = exit.and(Exit::Failed);
    }
    if !options.quiet {
        print(&summary.table())?;
        print(&summary.failures())?;
        print(&summary.line(began.elapsed()))?;
        print(&format!("results: {}\n", folder.path().display()))?;
    }
    if !options.no_report && number > 0 {
        match analysis::report::build(folder.path(), folder.path()) {
            Ok(outputs) if !options.quiet => {
                print(&format!("report:  {}\n", outputs.html.display()))?;
            }
            Ok(_) => {}
            Err(error) => {
                terminal.error(&format!("the report could not be built: {error}"));
                exit = exit.and(Exit::Failed);
            }
        }
    }
    Ok(exit)
}

/// Runs whose failed judgements are told with their proof; of more, one line
/// each: what is wrong with thousands of runs is seen in the first ones.
const TOLD_WHOLE: u32 = 10;

/// Whether something is expected over the runs of a case of which only some are
/// done here, by case.
fn leaves_over_runs(plan: &Plan, done: &[u32]) -> bool {
    plan.cases.iter().zip(done).any(|(case, &done)| {
        let mut rules = case.scenario.expectations.iter();
        let part = done > 0 && done < case.scenario.runs;
        part && rules.any(|rule| rule.expectation.over != Over::EveryRun)
    })
}

/// The command that repeats one run.
fn repeat(plan: &Plan, options: &RunOptions, result: &RunResult) -> String {
    let mut words = vec!["runner".to_owned(), quoted(&plan.loaded.source.path)];
    let mut option = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([flag.to_owned(), value]);
        }
    };
    // Told even where it is the file's own: that may change. A seed that is an
    // axis comes with the run.
    let varied = plan.axes.iter().any(|axis| axis.path == "seed");
    let seed = plan.loaded.scenario.seed.to_string();
    option("--seed", (!varied).then_some(seed));
    for set in &options.scenario.set {
        option("--set", Some(quoted(set)));
    }
    option("--time", options.time.map(word));
    option("--runs", options.runs.map(|runs| runs.to_string()));
    option("--duration", options.duration.as_deref().map(quoted));
    for folder in &options.scenario.plugin_path {
        option("--plugin-path", Some(quoted(&folder.display().to_string())));
    }
    option("--run", Some(result.row.run.to_string()));
    option(
        "--timeout",
        options
            .timeout
            .map(|limit| base::duration::to_text(limit.into())),
    );
    option("--memory", options.memory.map(|bytes| format!("{bytes}B")));
    for (is, flag) in [
        (options.processes, "--processes"),
        (options.isolate, "--isolate"),
        (options.check_determinism, "--check-determinism"),
    ] {
        if is {
            words.push(flag.to_owned());
        }
    }
    words.join(" ")
}

/// How time passes, as the scenario says it.
fn word(time: Time) -> String {
    match time {
        Time::Virtual => "virtual".to_owned(),
        Time::Real => "real".to_owned(),
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
