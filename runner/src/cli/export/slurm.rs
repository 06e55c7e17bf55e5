//! `runner export slurm`: makes the plan, and writes its scripts; or says which shards miss runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use analysis::log::tables::{MANIFEST_FILE, RUNS_FILE, RunRow};
use analysis::results::{Journaled, LogMode, Manifest, differences};

use crate::cli::arguments::{Log, SelectionOptions, SlurmOptions};
use crate::cli::run::settings_of;
use crate::cli::select::select;
use crate::cli::{Exit, Overrides, overrides, plan_all};
use crate::export::slurm::{Arrays, ExportedFile, HOSTS, Sweep, files};
use crate::plan::planner::Planner;
use crate::plan::{Plan, RunSpec, Shard};
use crate::reporter::console::{Console, print, print_shown};
use crate::reporter::count;
use crate::results::manifest::manifest;
use crate::session::to_override;
use host::search::PATH_VARIABLE;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(
        "export slurm takes one scenario, and there are {0}\n  export them one by one, each into a folder of its own"
    )]
    Several(usize),
    #[error(
        "`{name}` has [until], so the number of its runs depends on their results, and there are no shards\n  leave out [until] and set `runs`; or `runner run` it in one job"
    )]
    Until { name: String },
    #[error(
        "the nodes of `{group}` have a state folder, which one run at a time can use, and shards run at once\n  leave out `state`, or export with --shards 1"
    )]
    State { group: String },
    #[error(
        "--check-determinism: `{name}` runs in real time, where no two runs are equal\n  add --time virtual, or leave out --check-determinism"
    )]
    RealTwice { name: String },
    #[error("{}: a script cannot name this path, which is not UTF-8\n  rename it", .0.display())]
    NotUtf8(PathBuf),
    #[error("the folder of this program is not known: {0}")]
    NoRunner(io::Error),
    #[error("shards of another plan, `there`; the scenario and its options are `here`:\n{}\n  restore what was exported; or move these shards away and submit them again", .0.join("\n"))]
    OtherPlan(Vec<String>),
    #[error("the notes cannot be read: {0}")]
    Notes(io::Error),
    #[error("{} exists already and is another file than the one to be written\n  name another folder with --out DIR; --force replaces the scripts of an earlier export, and keeps its results", .0.display())]
    Exists(PathBuf),
    #[error("{}: cannot be written: {source}\n  name another folder with --out DIR", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
}

/// Writes the folder, or prints the shards that miss runs.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn slurm(options: &SlurmOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.scenario.color.color);
    let settings = settings_of(&options.scenario, &options.overrides);
    let changes = Overrides {
        sound: settings.iter().filter_map(to_override).collect(),
        mistakes: overrides(&options.scenario.set).mistakes,
    };
    let mut planner = match options.isolate {
        true => Planner::apart(options.timeout),
        false => Planner::Here,
    };
    let plans = match plan_all(&options.scenario, changes, &mut planner, &console) {
        Ok(plans) => plans,
        Err(exit) => return Ok(exit),
    };
    let selection = SelectionOptions {
        case: options.case.clone(),
        run: None,
        shard: None,
    };
    let selected = match select(&plans, &selection, &console) {
        Ok(selected) => selected,
        Err(exit) => return Ok(exit),
    };
    let done = match &selected[..] {
        [(plan, runs)] if options.missing => missing(plan, runs, options),
        [(plan, runs)] => write(plan, runs, options),
        several => Err(ExportError::Several(several.len())),
    };
    match done {
        Ok(text) if options.missing => print(&text)?,
        Ok(text) => print_shown(&text)?,
        Err(error) => {
            console.error(&error.to_string());
            return Ok(match error {
                ExportError::Read { .. } | ExportError::Write { .. } => Exit::Failed,
                _ => Exit::BadInput,
            });
        }
    }
    Ok(Exit::Passed)
}

/// The runs of each shard that has some.
fn by_shard(plan: &Plan, runs: &[RunSpec], shards: u32) -> BTreeMap<u32, Vec<u32>> {
    let mut found: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for run in runs {
        let shard = Shard::of(plan, *run, shards);
        found.entry(shard.index).or_default().push(run.number);
    }
    found
}

/// Never more shards than runs.
fn shards(options: &SlurmOptions, runs: &[RunSpec]) -> u32 {
    options
        .shards
        .min(runs.len().try_into().unwrap_or(u32::MAX))
}

fn arrays(options: &SlurmOptions) -> Arrays {
    Arrays {
        max_size: options.max_array_size,
        at_once: options.at_once,
    }
}

/// The shards that miss runs or have damaged ones, a line for each array.
fn missing(plan: &Plan, runs: &[RunSpec], options: &SlurmOptions) -> Result<String, ExportError> {
    let folder = options.out.as_deref().unwrap_or(Path::new("."));
    let now = manifest(plan, &[], log(options), SystemTime::now());
    let now = now.map_err(ExportError::Notes)?;
    let (mut lacking, mut others) = (Vec::new(), Vec::new());
    for (index, runs) in by_shard(plan, runs, shards(options, runs)) {
        let part = folder.join("shards").join(index.to_string());
        let differences = of_another_plan(&part, &now);
        if !differences.is_empty() {
            others.push(format!("  {}: {}", part.display(), differences.join("; ")));
        } else if !is_complete(&part, &runs)? {
            lacking.push(index);
        }
    }
    if !others.is_empty() {
        return Err(ExportError::OtherPlan(others));
    }
    let lines = arrays(options).of(&lacking);
    let line =
        |array: &crate::export::slurm::JobArray| format!("{} {}\n", array.added, array.tasks);
    Ok(lines.iter().map(line).collect())
}

/// What differs from the plan of these results, if they have begun.
fn of_another_plan(part: &Path, now: &Manifest) -> Vec<String> {
    let text = fs::read_to_string(part.join(MANIFEST_FILE)).unwrap_or_default();
    // A resume writes a damaged one again.
    match Manifest::from_json(&text) {
        Ok(then) => differences(&then, now),
        Err(_) => Vec::new(),
    }
}

/// Whether results have these runs, undamaged, in the journal and in the table of runs.
fn is_complete(part: &Path, runs: &[u32]) -> Result<bool, ExportError> {
    let journaled =
        Journaled::read(part).map_err(|(path, source)| ExportError::Read { path, source })?;
    if !runs.iter().all(|&run| journaled.has(run.into())) {
        return Ok(false);
    }
    // A table that cannot be read is written again by a resume.
    let Ok(rows) = RunRow::read(&part.join(RUNS_FILE)) else {
        return Ok(false);
    };
    let rows: BTreeMap<u64, _> = rows.iter().map(|row| (row.run, row.status)).collect();
    Ok(runs.iter().map(|&run| u64::from(run)).all(|run| {
        let status = rows.get(&run);
        status.is_some_and(|&status| journaled.damage(run, status).is_none())
    }))
}

/// Writes the folder. Returns what to print.
fn write(plan: &Plan, runs: &[RunSpec], options: &SlurmOptions) -> Result<String, ExportError> {
    let sweep = sweep(plan, runs, options)?;
    let default = PathBuf::from(format!("{}-slurm", sweep.name));
    let folder = options.out.as_deref().unwrap_or(&default);
    let files = files(&sweep);
    if !options.force
        && let Some(file) = files.iter().find(|file| is_other(folder, file))
    {
        return Err(ExportError::Exists(folder.join(file.name)));
    }
    fs::create_dir_all(folder).map_err(at(folder))?;
    for file in &files {
        let path = folder.join(file.name);
        // The user's.
        if file.name == HOSTS && path.exists() {
            continue;
        }
        fs::write(&path, &file.text).map_err(at(&path))?;
        if file.name.ends_with(".sh") {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&path, mode).map_err(at(&path))?;
        }
    }
    let fewer = match sweep.shards < options.shards {
        true => " (never more than runs)",
        false => "",
    };
    Ok(format!(
        "{}: {} in {}{fewer}\n  {} says how; in short: sh submit.sh\n",
        folder.display(),
        count(sweep.runs.into(), "run"),
        count(sweep.shards.into(), "shard"),
        folder.join("README.md").display(),
    ))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Write { path, source }
}

/// Whether another file has the name of one that is to be written.
fn is_other(folder: &Path, file: &ExportedFile) -> bool {
    let path = folder.join(file.name);
    match fs::read(&path) {
        Ok(text) => file.name != HOSTS && text != file.text.as_bytes(),
        Err(_) => path.exists(),
    }
}

fn sweep(plan: &Plan, runs: &[RunSpec], options: &SlurmOptions) -> Result<Sweep, ExportError> {
    let name = plan.loaded.scenario.name.clone();
    if plan.until().is_some() {
        return Err(ExportError::Until { name });
    }
    if options.check_determinism && plan.is_real() {
        return Err(ExportError::RealTwice { name });
    }
    let shards = shards(options, runs);
    let mut groups = plan.cases.iter().flat_map(|case| &case.scenario.groups);
    if let Some(group) = groups.find(|group| group.state.is_some())
        && shards > 1
    {
        let group = group.name.clone();
        return Err(ExportError::State { group });
    }
    let runner = std::env::current_exe().map_err(ExportError::NoRunner)?;
    Ok(Sweep {
        name,
        scenario: absolute(Path::new(&plan.loaded.source.path))?,
        runner: absolute(&runner)?,
        runs: runs.len().try_into().unwrap_or(u32::MAX),
        shards,
        used: by_shard(plan, runs, shards).into_keys().collect(),
        options: [plan_options(options)?, run_options(options)].concat(),
        shared: !plan.is_real(),
        jobs: options.jobs,
        time_limit: options.time_limit,
        arrays: arrays(options),
    })
}

fn absolute(path: &Path) -> Result<String, ExportError> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let whole = whole.into_os_string().into_string();
    whole.map_err(|path| ExportError::NotUtf8(path.into()))
}

/// The options that select and change the scenario.
fn plan_options(options: &SlurmOptions) -> Result<Vec<String>, ExportError> {
    let mut words = Vec::new();
    let mut option = |flag: &str, value: &str| words.push(format!("{flag}={value}"));
    for set in &options.scenario.set {
        option("--set", set);
    }
    for (flag, _, value) in options.overrides.values() {
        if let Some(value) = value {
            option(flag, &value);
        }
    }
    for case in &options.case {
        option("--case", case);
    }
    let variable = std::env::var_os(PATH_VARIABLE).unwrap_or_default();
    let listed = std::env::split_paths(&variable).filter(|it| !it.as_os_str().is_empty());
    let mut named = BTreeSet::new();
    for folder in options.scenario.plugin_path.iter().cloned().chain(listed) {
        let folder = absolute(&folder)?;
        if named.insert(folder.clone()) {
            option("--plugin-path", &folder);
        }
    }
    Ok(words)
}

/// The options that say how runs are done.
fn run_options(options: &SlurmOptions) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(limit) = options.timeout {
        let limit = base::duration::to_text(limit.into());
        words.push(format!("--timeout={limit}"));
    }
    if options.isolate {
        words.push("--isolate".to_owned());
    }
    if let Some(bytes) = options.memory {
        words.push(format!("--memory={bytes}B"));
    }
    if options.check_determinism {
        words.push("--check-determinism".to_owned());
    }
    let log = match options.log {
        Log::PerNode => return words,
        Log::Combined => "combined",
        Log::Off => "off",
    };
    words.push(format!("--log={log}"));
    words
}

fn log(options: &SlurmOptions) -> LogMode {
    match options.log {
        Log::PerNode => LogMode::PerNode,
        Log::Combined => LogMode::Combined,
        Log::Off => LogMode::Off,
    }
}
