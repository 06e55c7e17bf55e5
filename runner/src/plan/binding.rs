//! Binds the groups and checks of a scenario to plugins: loads each plugin once, finds
//! each behavior, and has it accept its config.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::plan::judges::BoundCheck;
use crate::scenario::{BehaviorName, CheckRule, Diagnostic, Group, Origins, Timing};
use host::config::Config;
use host::library::{LoadError, load};
use host::plugin::{Behavior, Plugin};
use host::search::{SearchPath, file_name};

/// The groups and checks of a case, bound to plugins.
#[derive(Debug)]
pub(super) struct Binding {
    /// The config of each group without a mistake; none for a program.
    pub configs: Vec<Option<Arc<Config>>>,
    /// The mistakes of groups and checks.
    pub mistakes: Vec<Diagnostic>,
    /// The checks without a mistake.
    pub checks: Vec<BoundCheck>,
    /// The checks of plugins that no node uses.
    pub warnings: Vec<Diagnostic>,
}

/// The plugins that a scenario names. The value is none if the file does not load; a
/// plugin without a file has no entry.
pub(super) type Plugins = BTreeMap<String, Option<Arc<Plugin>>>;

/// Binds the cases of a scenario, one after the other.
#[derive(Debug)]
pub(super) struct Binder<'a> {
    search: &'a SearchPath,
    plugins: Plugins,
    /// The plugin files that do not load.
    broken: Vec<LoadError>,
    /// The accepted configs, which cases share.
    accepted: BTreeMap<(BehaviorName, String), Arc<Config>>,
}

impl Binder<'_> {
    /// Searches for plugins here.
    pub fn new(search: &SearchPath) -> Binder<'_> {
        Binder {
            search,
            plugins: Plugins::new(),
            broken: Vec::new(),
            accepted: BTreeMap::new(),
        }
    }

    /// Returns the plugins that loaded, by name, and the errors of the others.
    pub fn plugins(self) -> (Vec<Arc<Plugin>>, Vec<LoadError>) {
        (self.plugins.into_values().flatten().collect(), self.broken)
    }

    /// Binds groups and checks, which have these origins in the file.
    pub fn bind(&mut self, groups: &[Group], checks: &[CheckRule], origins: &Origins) -> Binding {
        let mut mistakes = Vec::new();
        let mut configs = Vec::new();
        let named = groups.iter().filter_map(|group| group.behavior.as_ref());
        self.load(named.chain(checks.iter().map(|check| &check.name)));
        for (index, group) in groups.iter().enumerate() {
            // A program has no plugin.
            let Some(name) = &group.behavior else {
                configs.push(None);
                continue;
            };
            let behavior = match self.plugins.get(&name.plugin) {
                // The error is in the list already.
                Some(None) => continue,
                None => {
                    let at = |what: &str| origins.behavior_problem(index, what);
                    Err(no_plugin(at, &name.plugin, self.search))
                }
                Some(Some(plugin)) => find_behavior(origins, index, name, plugin),
            };
            match behavior.map(|behavior| self.config(origins, index, group, name, &behavior)) {
                Ok(Ok(config)) => configs.push(Some(config)),
                Ok(Err(problems)) => mistakes.extend(problems),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let plugins = &self.plugins;
        let warnings = super::judges::foreign_checks(groups, checks, plugins, origins);
        let checks = super::judges::checks(checks, origins, plugins, self.search, &mut mistakes);
        Binding {
            configs,
            mistakes,
            checks,
            warnings,
        }
    }

    /// Loads each plugin that is named, once.
    fn load<'a>(&mut self, named: impl Iterator<Item = &'a BehaviorName>) {
        for name in named.map(|it| &it.plugin) {
            if self.plugins.contains_key(name) {
                continue;
            }
            let Some(path) = self.search.find(name) else {
                continue;
            };
            let plugin = match load(name, &path) {
                Ok(plugin) => Some(Arc::new(plugin)),
                Err(error) => {
                    self.broken.push(error);
                    None
                }
            };
            self.plugins.insert(name.clone(), plugin);
        }
    }

    /// Has the behavior accept the config of its group, and checks that a behavior of
    /// clocked nodes handles ticks.
    fn config(
        &mut self,
        origins: &Origins,
        index: usize,
        group: &Group,
        name: &BehaviorName,
        behavior: &Arc<Behavior>,
    ) -> Result<Arc<Config>, Vec<Diagnostic>> {
        let mut mistakes = Vec::new();
        if matches!(group.timing, Timing::Clocked { .. }) && !behavior.ticks() {
            let what =
                format!("behavior `{name}` does nothing on a tick, so its nodes cannot be clocked");
            mistakes.push(origins.timing_problem(index, &what));
        }
        let key = (name.clone(), group.config.clone());
        let config = match self.accepted.get(&key) {
            Some(config) => Ok(config.clone()),
            None => Config::new(behavior, &group.config).map(Arc::new),
        };
        match config {
            Ok(config) => {
                self.accepted.insert(key, config.clone());
                if mistakes.is_empty() {
                    return Ok(config);
                }
            }
            Err(problems) => mistakes.extend(
                problems
                    .iter()
                    .map(|problem| origins.config_problem(index, &problem.path, &problem.message)),
            ),
        }
        Err(mistakes)
    }
}

/// Returns the mistake for a plugin that is not found. `at` adds the position.
pub(super) fn no_plugin(
    at: impl FnOnce(&str) -> Diagnostic,
    plugin: &str,
    search: &SearchPath,
) -> Diagnostic {
    let folders: Vec<String> = search
        .folders()
        .iter()
        .map(|folder: &PathBuf| folder.display().to_string())
        .collect();
    let what = format!("there is no plugin `{plugin}`");
    at(&what)
        .help(known("plugins found", plugin, &search.names()))
        .help(format!(
            "looked for {} in: {}",
            file_name(plugin),
            folders.join(", ")
        ))
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
