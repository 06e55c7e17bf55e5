//! `runner why --odds`: how likely the failure was at each time of the run.

use std::collections::HashSet;
use std::path::Path;
use std::time::SystemTime;

use analysis::causes::{Failure, Past, RunFolder, Story, WhyError, choose, text};
use analysis::render::plot::standalone;
use analysis::report::{Figure, LinePanel, Lines, Plot};
use analysis::results::differences_as;
use base::time::SimTime;
use indicatif::{ProgressBar, ProgressStyle};

use super::{exit_of, picture_file, write};
use crate::cli::Exit;
use crate::cli::arguments::WhyOptions;
use crate::odds::{OddsError, Point, Request, odds};
use crate::plan::{Plan, RunSpec};
use crate::reporter::console::{Console, print};
use crate::results::manifest::manifest;
use crate::scenario::Override;
use host::search::SearchPath;
use os::signals::StopSignals;
use realtime::programs;

/// The header line of the file with the shares, with its line end. `after_ns` is empty for runs
/// in which nothing is as it was.
const HEADER: &str = "after_ns,runs,failing,share,low,high\n";
/// Maximum number of rises that are told. Arbitrary.
const MAX_RISES: usize = 3;
/// Maximum number of lines for a rise. Arbitrary.
const MAX_LINES: usize = 12;
/// Maximum number of steps that are kept to tell what happened at a rise. Arbitrary.
const MAX_STEPS: usize = 100_000;

/// Measures the failure of a run along its time, prints it, and writes it as a table and as a
/// picture.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn measured(options: &WhyOptions, run: &RunFolder, console: &Console) -> anyhow::Result<Exit> {
    let failure = match failure_of(options, run) {
        Ok(failure) => failure,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(exit_of(&error));
        }
    };
    let Some((plan, spec)) = plan_of(options, run, console) else {
        return Ok(Exit::BadInput);
    };
    let stop = StopSignals::catch(|| {
        os::terminal::restore();
        programs::end_all();
    })?;
    let times = match times(run, &failure) {
        Ok(times) => times,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(exit_of(&error));
        }
    };
    let jobs = || std::thread::available_parallelism().map_or(1, usize::from);
    let request = Request {
        plan: &plan,
        spec,
        identity: &failure.identity,
        times,
        points: options.points as usize,
        samples: u64::from(options.samples),
        jobs: options.jobs.map_or_else(jobs, |jobs| jobs as usize),
        stop: &stop.flag,
    };
    let mut bar = None;
    let points = odds(&request, &mut |done, most| {
        if console.is_interactive() {
            let bar = bar.get_or_insert_with(|| console.add_bar(new_bar(most)));
            bar.set_position(done as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let told = match points {
        Ok(points) => told(options, run, &failure, &points),
        Err(error) => {
            console.error(&error.to_string());
            let exit = match error {
                OddsError::Real | OddsError::Apart(_) => Exit::BadInput,
                OddsError::NotAgain(_) => Exit::Unknown,
                _ => Exit::Failed,
            };
            return Ok(stop.signal().map_or(exit, Exit::Signal));
        }
    };
    match told {
        Ok(text) => {
            print(&text)?;
            Ok(Exit::Passed)
        }
        Err(error) => {
            console.error(&error.to_string());
            Ok(exit_of(&error))
        }
    }
}

fn new_bar(most: usize) -> ProgressBar {
    let bar = ProgressBar::new(most as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} times") {
        bar.set_style(style);
    }
    bar
}

/// The failure: also one that no record proves.
fn failure_of(options: &WhyOptions, run: &RunFolder) -> Result<Failure, WhyError> {
    let check = options.check.as_deref();
    match choose(run, &[], check) {
        Ok(chosen) => match chosen.failure {
            Some(failure) => Ok(failure),
            None => unreachable!("no record was named"),
        },
        Err(error @ WhyError::NoEvidence { .. }) => {
            let mut failures = run.failures()?.into_iter();
            let found = failures.find(|it| check.is_none_or(|check| it.text.contains(check)));
            found.ok_or(error)
        }
        Err(error) => Err(error),
    }
}

/// The plan of the results, and the run in it; none if there is a mistake, which was printed.
fn plan_of(options: &WhyOptions, run: &RunFolder, console: &Console) -> Option<(Plan, RunSpec)> {
    let then = run.manifest();
    let overrides: Vec<Override> = (then.settings.iter())
        .filter_map(|label| Override::of_label(label))
        .collect();
    // First those that are named now, then where the plugins were.
    let folders = then
        .plugins
        .iter()
        .filter_map(|it| Path::new(&it.file).parent());
    let folders = options
        .plugin_path
        .iter()
        .map(|it| it.as_path())
        .chain(folders);
    let folders: Vec<_> = folders.map(Path::to_owned).collect();
    let search = SearchPath::with(&folders);
    let (file, text) = (&then.scenario.file, &then.scenario.text);
    let plan = match Plan::of_text(file, text, &overrides, &search) {
        Ok(plan) => plan,
        Err(refusal) => {
            console.error(&refusal.to_string());
            return None;
        }
    };
    match manifest(&plan, &[], then.log, SystemTime::now()) {
        Ok(now) => {
            let differing = differences_as(then, &now, ("then", "now"));
            if !differing.is_empty() {
                let lines = differing.join("\n  ");
                console.note(&format!(
                    "not all is as it was when the run was done:\n  {lines}"
                ));
            }
        }
        Err(error) => console.note(&format!("the notes cannot be read: {error}")),
    }
    let spec = plan.runs().find(|it| u64::from(it.number) == run.run());
    if spec.is_none() {
        console.error(&format!("the plan has no run {}", run.run()));
    }
    Some((plan, spec?))
}

/// The times of the steps that led to a failure; none if no record proves it.
fn times(run: &RunFolder, failure: &Failure) -> Result<Vec<u64>, WhyError> {
    if failure.targets.is_empty() {
        return Ok(Vec::new());
    }
    let mut past = Past::new(run.backward()?, failure.targets.clone())?;
    past.only_columns_of(HashSet::new());
    let mut times = Vec::new();
    while let Some(step) = past.next()? {
        times.push(step.rows[0].time_ns);
    }
    times.sort_unstable();
    times.dedup();
    Ok(times)
}

/// What was measured: as text, and in two files.
fn told(
    options: &WhyOptions,
    run: &RunFolder,
    failure: &Failure,
    points: &[Point],
) -> Result<String, WhyError> {
    let picture = match &options.out {
        Some(out) => out.clone(),
        None => picture_file(None, run).with_file_name(format!("odds-{:04}.svg", run.run())),
    };
    let table = picture.with_extension("csv");
    write(&table, &csv(points))?;
    write(&picture, &standalone(&figure(run, failure, points)))?;
    let first = failure.text.lines().next().unwrap_or_default();
    let mut out = format!(
        "{}\nthe share of {} runs that still fail in this way, if all is as it was up to a time and chance decides from then on:\n\n",
        base::harmless::lines(&format!("{}: {first}", run.name())),
        points.first().map_or(0, |it| it.runs),
    );
    for point in points {
        let (low, high) = point.interval();
        let bar = "#".repeat((point.share() * 20.0).round() as usize);
        out += &format!(
            "  {:>18}  {:>5}  {bar:20}  ({} to {})\n",
            after(point),
            percent(point.share()),
            percent(low),
            percent(high)
        );
    }
    out += &rises(run, failure, points)?;
    out += &format!(
        "\ntable: {}\npicture: {}\n",
        table.display(),
        picture.display()
    );
    Ok(out)
}

fn after(point: &Point) -> String {
    match point.after_ns {
        None => "from the start".to_owned(),
        Some(time_ns) => SimTime(time_ns).to_string(),
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Where it was decided, and what happened there.
fn rises(run: &RunFolder, failure: &Failure, points: &[Point]) -> Result<String, WhyError> {
    let clear = |pair: &&[Point]| {
        let ((low, high), (from, to)) = (pair[0].interval(), pair[1].interval());
        high < from || to < low
    };
    let mut found: Vec<&[Point]> = points.windows(2).filter(clear).collect();
    let change = |pair: &[Point]| pair[1].failing.abs_diff(pair[0].failing);
    found.sort_by_key(|pair| (std::cmp::Reverse(change(pair)), pair[0].after_ns));
    found.truncate(MAX_RISES);
    found.sort_by_key(|pair| pair[0].after_ns);
    if found.is_empty() && points.iter().all(|it| it.failing == it.runs) {
        return Ok("\nno rise: it fails whatever chance decides\n".to_owned());
    }
    if found.is_empty() {
        return Ok("\nno rise is clear: it was decided little by little, or there are too few runs (--samples)\n".to_owned());
    }
    let story = match failure.targets.is_empty() {
        true => None,
        false => {
            let past = Past::new(run.backward()?, failure.targets.clone())?;
            Some(Story::of(past, MAX_STEPS)?)
        }
    };
    let mut out = String::new();
    for pair in found {
        let (from, to) = (pair[0], pair[1]);
        let begin = match from.after_ns {
            None => "before".to_owned(),
            Some(time_ns) => format!("after {}, up to", SimTime(time_ns)),
        };
        out += &format!(
            "\ndecided {begin} {}: {} -> {}\n",
            after(&to),
            percent(from.share()),
            percent(to.share())
        );
        let Some(story) = &story else { continue };
        let mut there = Story {
            schema: story.schema.clone(),
            ..Story::default()
        };
        let is_there = |time_ns| {
            from.after_ns.is_none_or(|it| time_ns > it)
                && to.after_ns.is_some_and(|it| time_ns <= it)
        };
        there.items.extend(
            story
                .items
                .iter()
                .filter(|it| is_there(it.time_ns))
                .cloned(),
        );
        out += &text::lines(&there, &failure.targets, MAX_LINES, " in that time");
    }
    Ok(out)
}

/// The table of the shares.
fn csv(points: &[Point]) -> String {
    let mut out = HEADER.to_owned();
    for point in points {
        let (low, high) = point.interval();
        let after = point.after_ns.map_or_else(String::new, |it| it.to_string());
        out += &format!(
            "{after},{},{},{:.4},{low:.4},{high:.4}\n",
            point.runs,
            point.failing,
            point.share()
        );
    }
    out
}

fn figure(run: &RunFolder, failure: &Failure, points: &[Point]) -> Figure {
    let timed = || points.iter().filter(|it| it.after_ns.is_some());
    let at = |it: &Point| it.after_ns.unwrap_or(0) as f64 / 1e9;
    let line = |value: &dyn Fn(&Point) -> f64| -> Vec<(f64, f64)> {
        timed().map(|it| (at(it), 100.0 * value(it))).collect()
    };
    let end_s = timed().map(at).fold(0.0, f64::max);
    let start = points.iter().find(|it| it.after_ns.is_none());
    let first = failure.text.lines().next().unwrap_or_default();
    let note = match start {
        Some(it) => format!(
            "with other random numbers from the start: {}",
            percent(it.share())
        ),
        None => String::new(),
    };
    Figure {
        stem: "odds".to_owned(),
        title: format!("{}: {first}", run.name()),
        caption: String::new(),
        plot: Plot::Lines(Lines {
            at_least: (0.0, 0.0),
            y_label: "runs that still fail [%]".to_owned(),
            end_s,
            step: false,
            series: ["share", "95 % interval: low", "high"]
                .map(str::to_owned)
                .into(),
            panels: vec![LinePanel {
                title: format!("all is as it was up to this time ({})", run.name()),
                note,
                left_out_s: 0.0,
                lines: vec![
                    (0, line(&Point::share)),
                    (1, line(&|it| it.interval().0)),
                    (2, line(&|it| it.interval().1)),
                ],
            }],
        }),
    }
}
