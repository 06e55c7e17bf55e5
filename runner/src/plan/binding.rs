//! Binds the groups and checks of a scenario to plugins: loads each plugin once, finds
//! each behavior, and has it accept its config.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::judges::BoundCheck;
use crate::plan::planner::Planner;
use crate::plan::properties::{self, BoundProperty};
use crate::scenario::{BehaviorName, ConfigPart, Diagnostic, GroupPart, NodeKind, Origins, Parts};
use analysis::metrics::taken_metric;
use host::config::Config;
use host::library::LoadError;
use host::plugin::{Behavior, Plugin};
use host::search::SearchPath;

/// The groups and checks of a case, bound to plugins.
#[derive(Debug)]
pub(super) struct Binding {
    /// The config of each group; none for a program, and if anything of the group is
    /// wrong.
    pub configs: Vec<Option<Arc<Config>>>,
    /// The mistakes of groups and checks.
    pub mistakes: Vec<Diagnostic>,
    /// The checks without a mistake.
    pub checks: Vec<BoundCheck>,
    /// The properties without a mistake.
    pub properties: Vec<BoundProperty>,
    /// The checks of plugins that no node uses.
    pub warnings: Vec<Diagnostic>,
}

/// The plugins that a scenario names. The value is none if the file does not load; a
/// plugin without a file has no entry.
pub(super) type Plugins = BTreeMap<String, Option<Arc<Plugin>>>;

/// Binds the cases of a scenario, one after the other.
#[derive(Debug)]
pub(super) struct Binder<'a> {
    pub(super) search: &'a SearchPath,
    pub(super) planner: &'a mut Planner,
    pub(super) plugins: Plugins,
    /// The plugin files that do not load.
    broken: Vec<LoadError>,
    /// The accepted configs, which cases share.
    accepted: BTreeMap<(BehaviorName, String), Arc<Config>>,
}

impl<'a> Binder<'a> {
    /// Searches for plugins here.
    pub fn new(search: &'a SearchPath, planner: &'a mut Planner) -> Binder<'a> {
        Binder {
            search,
            planner,
            plugins: Plugins::new(),
            broken: Vec::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// Returns the plugins that loaded, by name, and the errors of the others.
    pub fn plugins(self) -> (Vec<Arc<Plugin>>, Vec<LoadError>) {
        (self.plugins.into_values().flatten().collect(), self.broken)
    }

    /// Binds the parts of a case, which have these origins in the file.
    pub fn bind(&mut self, parts: &Parts, origins: &Origins) -> Binding {
        let mut mistakes = Vec::new();
        let mut configs = Vec::new();
        let mut nodes = Vec::new();
        let named = parts.groups.iter().filter_map(|group| match &group.kind {
            NodeKind::Behavior(name) => Some(name),
            NodeKind::Program | NodeKind::Speaker | NodeKind::Unknown => None,
        });
        self.load(named.chain(parts.checks.iter().map(|check| &check.name)));
        for (index, group) in parts.groups.iter().enumerate() {
            let behavior = self.behavior(origins, index, group, &mut mistakes);
            let config = behavior
                .as_ref()
                .and_then(|behavior| self.config(origins, index, group, behavior, &mut mistakes));
            // A config may decide the columns.
            let behavior = config.as_ref().map(|it| it.behavior().clone()).or(behavior);
            if let (Some(behavior), NodeKind::Behavior(name)) = (&behavior, &group.kind) {
                let taken = taken_metrics(origins, index, name, behavior);
                mistakes.extend(taken);
            }
            configs.push(config);
            nodes.push(match (behavior, &group.kind) {
                (Some(behavior), _) => BoundNodes::Behavior(behavior),
                (None, NodeKind::Program) => BoundNodes::Program,
                (None, NodeKind::Speaker) => BoundNodes::Speaker,
                (None, _) => BoundNodes::Unknown,
            });
        }
        let warnings = super::judges::foreign_checks(parts, &self.plugins, &configs, origins);
        let checks = self.checks(&parts.checks, origins, &mut mistakes);
        mistakes.extend(super::judges::metrics(parts, origins, &nodes));
        let properties = properties::bind(parts, origins, &nodes, &mut mistakes);
        Binding {
            configs,
            mistakes,
            checks,
            properties,
            warnings,
        }
    }

    /// Loads each plugin that is named, once.
    fn load<'n>(&mut self, named: impl Iterator<Item = &'n BehaviorName>) {
        for name in named.map(|it| &it.plugin) {
            if self.plugins.contains_key(name) {
                continue;
            }
            let Some(build) = self.search.build(name) else {
                continue;
            };
            let plugin = match build.and_then(|build| self.planner.load(&build)) {
                Ok(plugin) => Some(Arc::new(plugin)),
                Err(error) => {
                    self.broken.push(error);
                    None
                }
            };
            self.plugins.insert(name.clone(), plugin);
        }
    }

    /// Notes that a plugin has ended the process that was to run its code. Nothing more
    /// is asked of it.
    pub(super) fn fails(&mut self, plugin: &str, error: LoadError) {
        self.broken.push(error);
        self.plugins.insert(plugin.to_owned(), None);
    }

    /// The behavior of a group; `None` if it is a program, or if there is no such
    /// behavior, which is added to the mistakes.
    fn behavior(
        &self,
        origins: &Origins,
        index: usize,
        group: &GroupPart,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Behavior>> {
        let NodeKind::Behavior(name) = &group.kind else {
            return None;
        };
        let found = match self.plugins.get(&name.plugin) {
            // The error is in the list already.
            Some(None) => return None,
            None => {
                let at = |what: &str| origins.behavior_problem(index, what);
                Err(no_plugin(at, &name.plugin, self.search))
            }
            Some(Some(plugin)) => find_behavior(origins, index, name, plugin),
        };
        found.map_err(|mistake| mistakes.push(mistake)).ok()
    }

    /// Has the behavior accept the config of its group, and checks that a behavior of
    /// clocked nodes handles ticks.
    fn config(
        &mut self,
        origins: &Origins,
        index: usize,
        group: &GroupPart,
        behavior: &Arc<Behavior>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<Arc<Config>> {
        let NodeKind::Behavior(name) = &group.kind else {
            return None;
        };
        if group.ticks && !behavior.ticks() {
            let what =
                format!("behavior `{name}` does nothing on a tick, so its nodes cannot be clocked");
            mistakes.push(origins.timing_problem(index, &what));
        }
        let ConfigPart {
            text,
            may_lack_keys,
        } = group.config.as_ref()?;
        let key = (name.clone(), text.clone());
        let config = match self.accepted.get(&key) {
            Some(config) => Ok(config.clone()),
            None => match self.planner.config(&name.plugin, behavior, text) {
                Ok(config) => config.map(Arc::new),
                Err(error) => {
                    self.fails(&name.plugin, error);
                    return None;
                }
            },
        };
        match config {
            Ok(config) => {
                self.accepted.insert(key, config.clone());
                Some(config)
            }
            Err(problems) => {
                let written = origins.config(index);
                let problems = problems.iter();
                let problems = problems.filter(|it| !written.follows(&it.path, *may_lack_keys));
                mistakes.extend(
                    problems.map(|it| origins.config_problem(index, &it.path, &it.message)),
                );
                None
            }
        }
    }
}

/// The mistakes of a behavior whose columns would have metrics of the runner's names.
fn taken_metrics(
    origins: &Origins,
    group: usize,
    name: &BehaviorName,
    behavior: &Behavior,
) -> Vec<Diagnostic> {
    let columns = behavior.columns.iter();
    let taken = columns.filter_map(|column| Some((column, taken_metric(column)?)));
    taken
        .map(|(column, metric)| {
            let what = format!(
                "`{name}` has a column `{}`, whose metric would be `{metric}`, which is the name of one of the runner's",
                column.name
            );
            let help = "give the column another name in the plugin, such as one with its unit at the end";
            origins.behavior_problem(group, &what).help(help)
        })
        .collect()
}

/// What to do if there is no plugin at all.
pub const NO_PLUGINS: &str = "plugins found: none; `runner/install --prefix DIR` in the source of the runner installs it with its plugins";

/// What the nodes of a group are, as far as that is known.
#[derive(Debug)]
pub(super) enum BoundNodes {
    /// Nodes with this behavior.
    Behavior(Arc<Behavior>),
    /// A program.
    Program,
    /// A program that speaks a protocol: it has logs, without columns of its own.
    Speaker,
    /// There is no such behavior, or its plugin does not load.
    Unknown,
}

/// Returns the mistake for a plugin that is not found. `at` adds the position.
pub(super) fn no_plugin(
    at: impl FnOnce(&str) -> Diagnostic,
    plugin: &str,
    search: &SearchPath,
) -> Diagnostic {
    let what = format!("there is no plugin `{plugin}`");
    let names = search.names();
    let found = match names.as_slice() {
        [] => NO_PLUGINS.to_owned(),
        names => known("plugins found", plugin, names),
    };
    at(&what).help(found).help(search.looked_for(plugin))
}

fn find_behavior(
    origins: &Origins,
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
        origins.behavior_problem(group, &what).help(known(
            "behaviors there",
            &name.behavior,
            &names,
        ))
    })
}

/// `behaviors there: client, server (did you mean `server`?)`
pub(super) fn known(what: &str, found: &str, names: &[String]) -> String {
    let listed = match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    match nearest(found, names) {
        Some(name) => format!("{what}: {listed} (did you mean `{name}`?)"),
        None => format!("{what}: {listed}"),
    }
}

/// Returns the most similar name, for `did you mean`.
pub fn nearest<'a>(found: &str, names: &'a [String]) -> Option<&'a String> {
    names
        .iter()
        .map(|name| (strsim::jaro_winkler(found, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
