//! Binds the checks of a scenario to plugins, and verifies that some node has the metric
//! of each expectation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use analysis::metrics::metric_names;

use super::binding::{Binder, BoundNodes, Plugins, known, no_plugin};
use crate::scenario::{CheckPart, ConfigPart, Diagnostic, NodeKind, Origins, Parts};
use host::check::CheckConfig;
use host::config::Config;
use host::plugin::Plugin;

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

impl Binder<'_> {
    /// Binds the checks, and adds their mistakes to `mistakes`.
    pub(super) fn checks(
        &mut self,
        rules: &[CheckPart],
        origins: &Origins,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<BoundCheck> {
        let mut bound = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let plugin = match self.plugins.get(&rule.name.plugin) {
                // The error is in the list already.
                Some(None) => continue,
                Some(Some(plugin)) => plugin,
                None => {
                    let at = |what: &str| origins.check_problem(index, what);
                    mistakes.push(no_plugin(at, &rule.name.plugin, self.search));
                    continue;
                }
            };
            let Some(check) = plugin.check(&rule.name.behavior) else {
                mistakes.push(no_check(origins, index, rule, plugin));
                continue;
            };
            let Some(ConfigPart {
                text,
                may_lack_keys,
            }) = &rule.config
            else {
                continue;
            };
            match self.planner.check_config(&rule.name.plugin, check, text) {
                Ok(Ok(config)) => bound.push(BoundCheck {
                    name: rule.name.to_string(),
                    docs: check.docs.clone(),
                    config: Arc::new(config),
                }),
                Ok(Err(problems)) => {
                    let written = origins.check_config(index);
                    let problems = problems.iter();
                    let problems = problems.filter(|it| !written.follows(&it.path, *may_lack_keys));
                    mistakes.extend(
                        problems
                            .map(|it| origins.check_config_problem(index, &it.path, &it.message)),
                    );
                }
                Err(error) => self.fails(&rule.name.plugin, error),
            }
        }
        bound
    }
}

/// Warns of each check of a plugin whose behaviors no node has: the check has hardly
/// anything to judge. A plugin without behaviors has checks for the nodes of others.
pub(super) fn foreign_checks(
    parts: &Parts,
    plugins: &Plugins,
    configs: &[Option<Arc<Config>>],
    origins: &Origins,
) -> Vec<Diagnostic> {
    let used: BTreeSet<&str> = parts
        .groups
        .iter()
        .filter_map(|group| match &group.kind {
            NodeKind::Behavior(name) => Some(&*name.plugin),
            NodeKind::Program | NodeKind::Speaker | NodeKind::Unknown => None,
        })
        .collect();
    // Such a node may have the columns of any behavior.
    if configs.iter().flatten().any(|it| it.behavior().is_shaped()) {
        return Vec::new();
    }
    let foreign = parts.checks.iter().enumerate();
    let foreign = foreign.filter(|(_, rule)| {
        let plugin = plugins.get(&rule.name.plugin).and_then(Option::as_ref);
        let has_behaviors = plugin.is_some_and(|plugin| !plugin.behaviors.is_empty());
        has_behaviors && !used.contains(&*rule.name.plugin)
    });
    let warning = |(index, rule): (usize, &CheckPart)| {
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

fn no_check(origins: &Origins, index: usize, rule: &CheckPart, plugin: &Plugin) -> Diagnostic {
    let names: Vec<String> = plugin.checks.iter().map(|it| it.name.clone()).collect();
    let (plugin, name) = (&rule.name.plugin, &rule.name.behavior);
    let what = format!("plugin `{plugin}` has no check `{name}`");
    origins
        .check_problem(index, &what)
        .help(known("checks there", name, &names))
}

/// Returns a mistake for each expectation whose metric none of its nodes can have.
/// `nodes` are the nodes of each group. If some of them are unknown, a metric may be
/// one of theirs, and is no mistake.
pub(super) fn metrics(parts: &Parts, origins: &Origins, nodes: &[BoundNodes]) -> Vec<Diagnostic> {
    let mut names_of: BTreeMap<usize, Option<Vec<String>>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (index, part) in parts.metrics.iter().enumerate() {
        let mut possible: BTreeSet<String> = BTreeSet::new();
        let mut all_known = true;
        for (group, bound) in nodes.iter().enumerate() {
            let own = &parts.groups[group].nodes;
            let selected = part.nodes.as_ref().is_none_or(|(_, ranges)| {
                let mut ranges = ranges.iter();
                ranges.any(|range| range.start < own.end && own.start < range.end)
            });
            if !selected {
                continue;
            }
            let names = names_of.entry(group).or_insert_with(|| match bound {
                BoundNodes::Behavior(behavior) => {
                    let driving = parts.groups[group].driving;
                    Some(metric_names(&behavior.columns, &behavior.events, driving))
                }
                BoundNodes::Program => Some(Vec::new()),
                BoundNodes::Speaker => Some(metric_names(&[], &[], parts.groups[group].driving)),
                BoundNodes::Unknown => None,
            });
            match names {
                Some(names) => possible.extend(names.iter().cloned()),
                None => all_known = false,
            }
        }
        // Without any group, which has been reported, no node is known either.
        if !all_known || nodes.is_empty() || possible.contains(&part.metric) {
            continue;
        }
        let whose = match &part.nodes {
            Some((nodes, _)) => format!("`{nodes}` has"),
            None => "any node has".to_owned(),
        };
        let names: Vec<String> = possible.into_iter().collect();
        let what = format!("`{}` is no metric that {whose}", part.metric);
        mistakes.push(origins.metric_problem(index, &what).help(known(
            "metrics there",
            &part.metric,
            &names,
        )));
    }
    mistakes
}
