//! `runner debug`: a run on the terminal, forward and back.

mod failing;
mod save;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use debug::app::App;
use debug::by_hand::ByHand;
use debug::explorer::{Execute, Explorer, Recorded};
use debug::scene::Scene;
use debug::screen;
use debug::view::style::Style;
use model::Fault;
use os::signals::StopSignals;
use os::terminal::Screen;
use realtime::programs;

use crate::cli::arguments::{DebugOptions, ScenarioOptions, SelectionOptions};
use crate::cli::run::settings_of;
use crate::cli::select::select;
use crate::cli::{Exit, Overrides, overrides, plan_all};
use crate::plan::planner::Planner;
use crate::plan::{Plan, RunSpec};
use crate::reporter::console::{Console, print};
use crate::results::run_result::RunResult;
use crate::scenario::Override;
use crate::session::recorded::{HowToRecord, record};
use crate::session::to_override;
use crate::shrink::Scratch;

/// Shows a run of a scenario.
///
/// # Errors
///
/// Fails if the terminal cannot be written or read.
pub fn debug(options: &DebugOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    let refuse = |why: &str| {
        console.error(why);
        Ok(Exit::BadInput)
    };
    if options.scenario.is_dir() {
        let folder = options.scenario.display();
        return refuse(&format!("{folder} is a folder\n  name one scenario file"));
    }
    let (mut plan, spec, sound) = match planned(options, &console) {
        Ok(planned) => planned,
        Err(exit) => return Ok(exit),
    };
    if plan.is_real() {
        return refuse(&format!(
            "`{}` runs in real time, which cannot go back\n  debug it with --time virtual, or watch it: runner run {} --live",
            plan.loaded.scenario.name,
            options.scenario.display()
        ));
    }
    let case = plan.case(spec);
    let name = |node: u32| case.roster.name(node).unwrap_or_default();
    let node = |wanted: &str| (0..case.roster.len()).find(|&it| name(it) == wanted);
    let by_hand = match options.replay.as_deref().map(|file| replay(file, &node)) {
        None => ByHand::default(),
        Some(Ok(by_hand)) => by_hand,
        Some(Err(mistakes)) => return refuse(&mistakes.join("\n")),
    };
    if !Screen::is_possible() {
        return refuse(
            "no terminal to draw on: standard input and output must be one, in the foreground\n  without one: runner run, and the report that it builds",
        );
    }
    let stop = StopSignals::catch(|| {
        os::terminal::restore();
        programs::end_all();
    })?;
    let scenario = &case.scenario;
    let title = format!("{} run {}", scenario.name, spec.number);
    let faults = scenario.faults.clone();
    let scene = Scene::new(
        title,
        case.roster.clone(),
        scenario.links.clone(),
        faults.clone(),
    );
    let scratch = Scratch::new()?;
    let mut runs = Runs {
        folder: scratch.path().join("run"),
        plan: &mut plan,
        spec,
        sound: &sound,
        faults,
        most: options.max_events as usize,
        stop: &stop.flag,
        options,
    };
    let recorded = match runs.execute(&by_hand) {
        Ok(recorded) => recorded,
        Err(why) if stop.signal().is_none() => {
            console.error(&why);
            return Ok(Exit::Failed);
        }
        Err(_) => return Ok(stop.signal().map_or(Exit::Failed, Exit::Signal)),
    };
    let explorer = Explorer::new(scene, recorded, by_hand, &mut runs);
    let mut app = App::new(explorer);
    let color = console.has_color_out();
    screen::show(&mut app, Style { color }, &stop.flag)?;
    if let Some(left) = not_saved(&app) {
        print(&left)?;
    }
    Ok(stop.signal().map_or(Exit::Passed, Exit::Signal))
}

/// The plan, the run of it, and the overrides.
fn planned(
    options: &DebugOptions,
    console: &Console,
) -> Result<(Plan, RunSpec, Vec<Override>), Exit> {
    let scenario = ScenarioOptions {
        scenarios: vec![options.scenario.clone()],
        set: options.set.clone(),
        plugin_path: options.plugin_path.clone(),
        color: options.color,
    };
    let settings = settings_of(&scenario, &options.overrides);
    let sound: Vec<_> = settings.iter().filter_map(to_override).collect();
    let all = Overrides {
        sound: sound.clone(),
        mistakes: overrides(&options.set).mistakes,
    };
    let mut plans = plan_all(&scenario, all, &mut Planner::Here, console)?;
    let selection = SelectionOptions {
        case: options.case.clone(),
        run: options.run,
        shard: None,
    };
    let selected = select(&plans, &selection, console)?;
    let first = selected.first().and_then(|(_, runs)| runs.first().copied());
    let spec = first.ok_or(Exit::Unknown)?;
    drop(selected);
    Ok((plans.swap_remove(0), spec, sound))
}

fn replay(file: &Path, node: &dyn Fn(&str) -> Option<u32>) -> Result<ByHand, Vec<String>> {
    let path = file.display().to_string();
    let read = fs::read_to_string(file);
    let text = read.map_err(|error| vec![format!("{path}: cannot be read: {error}")])?;
    ByHand::parse(&path, &text, node)
}

/// What was done by hand and written nowhere is printed, so that it is not lost.
fn not_saved(app: &App<'_>) -> Option<String> {
    let explorer = &app.explorer;
    if explorer.by_hand().all.is_empty() || explorer.is_saved {
        return None;
    }
    let name = |node: u32| explorer.scene.name(node);
    let head = ["done by hand, and not written into a file".to_owned()];
    Some(explorer.by_hand().to_toml(&head, &name))
}

/// Executes the run that is debugged.
struct Runs<'a> {
    plan: &'a mut Plan,
    spec: RunSpec,
    sound: &'a [Override],
    /// The faults of the scenario.
    faults: Vec<Fault>,
    folder: PathBuf,
    most: usize,
    stop: &'a AtomicBool,
    options: &'a DebugOptions,
}

impl Execute for Runs<'_> {
    fn execute(&mut self, by_hand: &ByHand) -> Result<Recorded, String> {
        // A crash by hand is a fault like those of the scenario, after them.
        let faults = [&self.faults[..], &by_hand.faults()].concat();
        self.plan.cases[self.spec.case].scenario.faults = faults;
        let how = HowToRecord {
            by_hand: by_hand.clone(),
            most: self.most,
        };
        let recorded = record(self.plan, self.spec, &self.folder, &how, self.stop);
        let (result, recording) = recorded.map_err(|error| error.to_string())?;
        Ok(Recorded {
            failures: failing::of(self.plan, &result, recording.history()),
            verdict: verdict(&result),
            recording,
        })
    }

    fn save(&mut self, file: &str, by_hand: &ByHand) -> Result<String, String> {
        save::save(self, Path::new(file), by_hand)
    }
}

/// How the run ended: `passed`, `failed`.
fn verdict(result: &RunResult) -> String {
    use analysis::results::RunStatus;
    match (result.row.status, result.row.verdict) {
        (RunStatus::Failed, _) => "FAILED".to_owned(),
        (RunStatus::Interrupted, _) => "interrupted".to_owned(),
        (_, Some(verdict)) if result.has_failed() => verdict.word().to_uppercase(),
        (_, Some(verdict)) => verdict.word().to_owned(),
        (_, None) => "complete".to_owned(),
    }
}
