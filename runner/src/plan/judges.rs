//! Binds the checks of a scenario to plugins, and verifies that some node has the metric
//! of each expectation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use analysis::metrics::metric_names;

use super::binding::{Plugins, known, no_plugin};
use crate::scenario::{CheckRule, Diagnostic, ExpectRule, Group, Origins};
use host::check::CheckConfig;
use host::config::Config;
use host::plugin::Plugin;
use host::search::SearchPath;

/// A check with a config that it has accepted.
#[derive(Clone, Debug)]
pub struct BoundCheck {
    /// `PLUGIN.CHECK`.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Its config.
    pub config: Arc<CheckConfig>,
}

/// Binds the checks, and adds their mistakes to `mistakes`.
pub(super) fn checks(
    rules: &[CheckRule],
    origins: &Origins,
    plugins: &Plugins,
    search: &SearchPath,
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<BoundCheck> {
    let mut bound = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let plugin = match plugins.get(&rule.name.plugin) {
            // The error is in the list already.
            Some(None) => continue,
            Some(Some(plugin)) => plugin,
            None => {
                let at = |what: &str| origins.check_problem(index, what);
                mistakes.push(no_plugin(at, &rule.name.plugin, search));
                continue;
            }
        };
        let Some(check) = plugin.check(&rule.name.behavior) else {
            mistakes.push(no_check(origins, index, rule, plugin));
            continue;
        };
        match CheckConfig::new(check, &rule.config) {
            Ok(config) => bound.push(BoundCheck {
                name: rule.name.to_string(),
                docs: check.docs.clone(),
                config: Arc::new(config),
            }),
            Err(problems) => mistakes.extend(problems.iter().map(|problem| {
                origins.check_config_problem(index, &problem.path, &problem.message)
            })),
        }
    }
    bound
}

/// Warns of each check of a plugin whose behaviors no node has: the check has hardly
/// anything to judge. A plugin without behaviors has checks for the nodes of others.
pub(super) fn foreign_checks(
    groups: &[Group],
    rules: &[CheckRule],
    plugins: &Plugins,
    origins: &Origins,
) -> Vec<Diagnostic> {
    let used: BTreeSet<&str> = groups
        .iter()
        .filter_map(|group| Some(&*group.behavior.as_ref()?.plugin))
        .collect();
    let foreign = rules.iter().enumerate();
    let foreign = foreign.filter(|(_, rule)| {
        let plugin = plugins.get(&rule.name.plugin).and_then(Option::as_ref);
        let has_behaviors = plugin.is_some_and(|plugin| !plugin.behaviors.is_empty());
        has_behaviors && !used.contains(&*rule.name.plugin)
    });
    let warning = |(index, rule): (usize, &CheckRule)| {
        let plugin = &rule.name.plugin;
        let what = format!(
            "check `{}` is of plugin `{plugin}`, which no node uses",
            rule.name
        );
        let used: Vec<&str> = used.iter().copied().collect();
        let help = match used.is_empty() {
            true => "no node has a behavior of a plugin".to_owned(),
            false => format!("plugins of the nodes: {}", used.join(", ")),
        };
        origins.check_problem(index, &what).help(help).as_warning()
    };
    foreign.map(warning).collect()
}

fn no_check(origins: &Origins, index: usize, rule: &CheckRule, plugin: &Plugin) -> Diagnostic {
    let names: Vec<String> = plugin.checks.iter().map(|it| it.name.clone()).collect();
    let (plugin, name) = (&rule.name.plugin, &rule.name.behavior);
    let what = format!("plugin `{plugin}` has no check `{name}`");
    origins
        .check_problem(index, &what)
        .help(known("checks there", name, &names))
}

/// Returns a mistake for each expectation whose metric none of its nodes can have.
/// `configs` and `counts` are the config and the number of nodes of each group.
pub(super) fn metrics(
    rules: &[ExpectRule],
    origins: &Origins,
    configs: &[Option<Arc<Config>>],
    counts: &[u32],
) -> Vec<Diagnostic> {
    let mut names_of: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let mut possible: BTreeSet<String> = BTreeSet::new();
        let mut first = 0;
        for (group, count) in counts.iter().enumerate() {
            let nodes = first..first + count;
            first = nodes.end;
            let selected = rule.nodes.as_ref().is_none_or(|ranges| {
                let meets = |range: &std::ops::Range<u32>| {
                    range.start < nodes.end && nodes.start < range.end
                };
                ranges.iter().any(meets)
            });
            if !selected {
                continue;
            }
            let names = names_of.entry(group).or_insert_with(|| {
                let config = configs.get(group).and_then(Option::as_ref);
                config.map_or_else(Vec::new, |it| metric_names(&it.behavior().columns))
            });
            possible.extend(names.iter().cloned());
        }
        let metric = &rule.expectation.metric;
        if possible.contains(metric) {
            continue;
        }
        let whose = match &rule.expectation.nodes {
            Some(nodes) => format!("`{nodes}` has"),
            None => "any node has".to_owned(),
        };
        let names: Vec<String> = possible.into_iter().collect();
        let what = format!("`{metric}` is no metric that {whose}");
        mistakes.push(origins.metric_problem(index, &what).help(known(
            "metrics there",
            metric,
            &names,
        )));
    }
    mistakes
}
