//! A scenario bound to its plugins, and the runs that it comes to: the last
//! place where a user's mistake can be found.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::roster::Roster;
use crate::host::config::Config;
use crate::host::library::{LoadError, load};
use crate::host::plugin::{Behavior, Plugin};
use crate::host::search::{SearchPath, file_name};
use crate::random::Streams;
use crate::scenario::{BehaviorName, Diagnostic, Diagnostics, Loaded, TimeMode, Timing};

/// Everything that is known before the first event.
#[derive(Debug)]
pub struct Plan {
    /// The scenario, with the places of its parts.
    pub loaded: Loaded,
    /// The plugins that it names, by name.
    pub plugins: Vec<Arc<Plugin>>,
    /// Each group's accepted config, in the order of the groups; none for a
    /// program of somebody else.
    pub configs: Vec<Option<Arc<Config>>>,
    /// Who is who.
    pub roster: Roster,
    /// What it expands to.
    pub cases: Vec<Case>,
}

/// One point of a scenario's matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Readable and stable; [`ONLY_CASE`] without a matrix.
    pub id: String,
}

/// The id of the one case of a scenario without a matrix.
pub const ONLY_CASE: &str = "default";

/// One run of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunSpec {
    /// Its number in the whole plan, from 1.
    pub number: u32,
    /// Its case: an index into [`Plan::cases`].
    pub case: usize,
    /// Its number within the case, from 1.
    pub repetition: u32,
}

/// Why a scenario cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The user's mistakes.
    #[error("the scenario has mistakes")]
    Mistakes(Diagnostics),
    /// Plugin files that do not load.
    #[error("{}", lines(.0))]
    Plugins(Vec<LoadError>),
}

fn lines(errors: &[LoadError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("\n")
}

impl Plan {
    /// Binds a scenario to the plugins that it names: loads them, checks each
    /// group's config and timing against its behavior.
    ///
    /// # Errors
    ///
    /// Every mistake at once; or, once there is none, every plugin file that was
    /// found but does not load.
    pub fn new(loaded: Loaded, search: &SearchPath) -> Result<Plan, Refusal> {
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        let mut broken = Vec::new();
        let plugins = load_plugins(&loaded, search, &mut broken);
        let mut configs = Vec::new();
        for (index, group) in loaded.scenario.groups.iter().enumerate() {
            // A program of somebody else has no plugin; it runs in real time only.
            let Some(name) = &group.behavior else {
                configs.push(None);
                continue;
            };
            let behavior = match plugins.get(&name.plugin) {
                // It was found, and has been put on the list of the broken.
                Some(None) => continue,
                None => Err(no_plugin(&loaded, index, name, search)),
                Some(Some(plugin)) => find_behavior(&loaded, index, name, plugin),
            };
            match behavior.map(|behavior| bind(&loaded, index, name, &behavior)) {
                Ok(Ok(config)) => configs.push(Some(Arc::new(config))),
                Ok(Err(problems)) => mistakes.extend(problems),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if let Some(mistakes) = Diagnostics::sorted(mistakes) {
            return Err(Refusal::Mistakes(mistakes));
        }
        if !broken.is_empty() {
            return Err(Refusal::Plugins(broken));
        }
        Ok(Plan {
            roster: Roster::new(&loaded.scenario.groups),
            plugins: plugins.into_values().flatten().collect(),
            cases: vec![Case {
                id: ONLY_CASE.to_owned(),
            }],
            configs,
            loaded,
        })
    }

    /// Whether its runs take real time.
    pub fn is_real(&self) -> bool {
        matches!(self.loaded.scenario.time, TimeMode::Real { .. })
    }

    /// Number of runs in the whole plan.
    pub fn run_count(&self) -> u32 {
        self.cases.len() as u32 * self.loaded.scenario.runs
    }

    /// Every run, in the order of their numbers: case by case.
    pub fn runs(&self) -> impl Iterator<Item = RunSpec> + '_ {
        let runs = self.loaded.scenario.runs;
        (0..self.run_count()).map(move |index| RunSpec {
            number: index + 1,
            case: (index / runs) as usize,
            repetition: index % runs + 1,
        })
    }

    /// The random streams of a run: they depend on seed, case and repetition,
    /// not on what else is run.
    pub fn streams(&self, run: RunSpec) -> Streams {
        let case = &self.cases[run.case].id;
        Streams::new(self.loaded.scenario.seed, case, run.repetition)
    }
}

/// Loads each plugin that the scenario names, once: none where the file is
/// broken, no entry where there is no file.
fn load_plugins(
    loaded: &Loaded,
    search: &SearchPath,
    broken: &mut Vec<LoadError>,
) -> BTreeMap<String, Option<Arc<Plugin>>> {
    let mut plugins = BTreeMap::new();
    let behaviors = loaded
        .scenario
        .groups
        .iter()
        .filter_map(|it| it.behavior.as_ref());
    for name in behaviors.map(|it| &it.plugin) {
        if plugins.contains_key(name) {
            continue;
        }
        let Some(path) = search.find(name) else {
            continue;
        };
        let plugin = match load(name, &path) {
            Ok(plugin) => Some(Arc::new(plugin)),
            Err(error) => {
                broken.push(error);
                None
            }
        };
        plugins.insert(name.clone(), plugin);
    }
    plugins
}

fn no_plugin(
    loaded: &Loaded,
    group: usize,
    name: &BehaviorName,
    search: &SearchPath,
) -> Diagnostic {
    let folders: Vec<String> = search
        .folders()
        .iter()
        .map(|folder: &PathBuf| folder.display().to_string())
        .collect();
    let plugin = &name.plugin;
    let what = format!("there is no plugin `{plugin}`");
    loaded
        .behavior_problem(group, &what)
        .help(known("plugins found", plugin, &search.names()))
        .help(format!(
            "looked for {} in: {}",
            file_name(plugin),
            folders.join(", ")
        ))
}

fn find_behavior(
    loaded: &Loaded,
    group: usize,
    name: &BehaviorName,
    plugin: &Plugin,
) -> Result<Arc<Behavior>, Diagnostic> {
    plugin.behavior(&name.behavior).cloned().ok_or_else(|| {
        let names: Vec<String> = plugin.behaviors.iter().map(|b| b.name.clone()).collect();
        let what = format!(
            "plugin `{}` has no behavior `{}`",
            name.plugin, name.behavior
        );
        loaded
            .behavior_problem(group, &what)
            .help(known("behaviors there", &name.behavior, &names))
    })
}

/// `behaviors there: client, server (did you mean `server`?)`
fn known(what: &str, found: &str, names: &[String]) -> String {
    let listed = match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    match nearest(found, names) {
        Some(name) => format!("{what}: {listed} (did you mean `{name}`?)"),
        None => format!("{what}: {listed}"),
    }
}

/// The name that was most likely meant.
pub fn nearest<'a>(found: &str, names: &'a [String]) -> Option<&'a String> {
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Has the behavior accept its group's config, and checks that it can act when
/// the group says so.
fn bind(
    loaded: &Loaded,
    index: usize,
    name: &BehaviorName,
    behavior: &Arc<Behavior>,
) -> Result<Config, Vec<Diagnostic>> {
    let group = &loaded.scenario.groups[index];
    let mut mistakes = Vec::new();
    if matches!(group.timing, Timing::Clocked { .. }) && !behavior.ticks() {
        let what =
            format!("behavior `{name}` does nothing on a tick, so its nodes cannot be clocked");
        mistakes.push(loaded.timing_problem(index, &what));
    }
    match Config::new(behavior, &group.config) {
        Ok(config) if mistakes.is_empty() => return Ok(config),
        Ok(_) => {}
        Err(problems) => mistakes.extend(
            problems
                .iter()
                .map(|problem| loaded.config_problem(index, &problem.path, &problem.message)),
        ),
    }
    Err(mistakes)
}
