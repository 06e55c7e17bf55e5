//! Binds the checks of a scenario to plugins, and verifies that some node has the metric
//! of each expectation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use analysis::metrics::metric_names;

use super::binding::{Binder, known, no_plugin};
use crate::scenario::{CheckRule, Diagnostic, ExpectRule, Origins};
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
        rules: &[CheckRule],
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
            let config = self
                .planner
                .check_config(&rule.name.plugin, check, &rule.config);
            match config {
                Ok(Ok(config)) => bound.push(BoundCheck {
                    name: rule.name.to_string(),
                    docs: check.docs.clone(),
                    config: Arc::new(config),
                }),
                Ok(Err(problems)) => mistakes.extend(problems.iter().map(|problem| {
                    origins.check_config_problem(index, &problem.path, &problem.message)
                })),
                Err(error) => self.fails(&rule.name.plugin, error),
            }
        }
        bound
    }
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
