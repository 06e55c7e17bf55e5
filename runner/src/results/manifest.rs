//! `manifest.json`: everything that is needed to repeat a plan.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::plan::{Case, Plan, Selection};
use crate::results::folder::rfc3339;
use crate::scenario::{Group, Scenario, TickRule, TimeMode, Timing};
use analysis::expect::Expectation;
use analysis::log::Driving;
use analysis::notes;
use analysis::properties::is_sometimes;
use analysis::results::{
    AxisInfo, CaseInfo, CheckInfo, ColumnInfo, EventInfo, FORMAT, GroupInfo, InputInfo, LogMode,
    Manifest, PairingInfo, PluginInfo, PropertyInfo, ScenarioInfo, Selected, Versions,
};
use base::distribution::Distribution;
use base::time::SimDuration;
use host::config::Config;
use host::plugin::Plugin;

/// Returns the manifest of a plan.
///
/// # Errors
///
/// Fails if the notes cannot be read.
pub fn manifest(
    plan: &Plan,
    command: &[String],
    log: LogMode,
    started: SystemTime,
) -> io::Result<Manifest> {
    let loaded = &plan.loaded;
    let scenario = &loaded.scenario;
    let beside = Path::new(&loaded.source.path).parent();
    let notes = loaded.notes.as_ref().map(|file| notes::read(file, beside));
    let notes = notes.transpose()?;
    if let (Some(found), Some(file)) = (&notes, &loaded.notes) {
        for problem in &found.problems {
            tracing::warn!("{}: {problem}", file.display());
        }
    }
    let groups = groups(&plan.cases[0]);
    let duration_s = scenario.duration.map(SimDuration::as_secs_f64);
    let mut manifest = Manifest {
        format: FORMAT,
        scenario: ScenarioInfo {
            name: scenario.name.clone(),
            title: scenario.title.clone(),
            description: scenario.description.clone(),
            file: loaded.source.path.clone(),
            text: loaded.source.text.clone(),
            pictures: notes
                .as_ref()
                .map_or_else(Vec::new, |it| it.notes.pictures.clone()),
            notes: notes.map(|it| it.notes.text),
        },
        inputs: loaded
            .inputs
            .iter()
            .map(|input| InputInfo {
                file: input.path.clone(),
                sha256: input.sha256.clone(),
            })
            .collect(),
        seed: scenario.seed,
        duration_s,
        time: match scenario.time {
            TimeMode::Virtual => "virtual".to_owned(),
            TimeMode::Real { .. } => "real".to_owned(),
        },
        speed: match scenario.time {
            TimeMode::Real { speed } if speed != 1.0 => Some(speed),
            _ => None,
        },
        command: command.to_vec(),
        settings: loaded.source.overrides.clone(),
        selected: None,
        also_selected: Vec::new(),
        repeat: None,
        parts: Vec::new(),
        versions: Versions {
            runner: env!("CARGO_PKG_VERSION").to_owned(),
            abi: runner_abi::ABI_VERSION,
        },
        plugins: plan
            .plugins
            .iter()
            .map(|plugin| plugin_info(plugin))
            .collect(),
        axes: plan
            .axes
            .iter()
            .map(|axis| AxisInfo {
                name: axis.name.clone(),
                path: axis.path.clone(),
            })
            .collect(),
        cases: plan
            .cases
            .iter()
            .map(|case| case_info(plan, case, duration_s, &groups))
            .collect(),
        pairing: plan.pairing.map(|it| PairingInfo {
            baseline: plan.cases[it.baseline].id.clone(),
        }),
        runs_per_case: scenario.runs,
        runs_planned: u64::from(plan.run_count()),
        log,
        groups,
        checks: plan.cases[0]
            .checks
            .iter()
            .map(|check| CheckInfo {
                name: check.name.clone(),
                docs: check.docs.clone(),
            })
            .collect(),
        expectations: expectations(scenario),
        properties: properties(scenario),
        started: rfc3339(started),
        imported: None,
    };
    manifest.format = manifest.least_format();
    Ok(manifest)
}

/// What is wrong with the `manifest.json` of results that are continued, if anything. It must
/// say the same as the present manifest, except for what may differ: the command, when it
/// began, which runs, and where the files are.
pub fn damage(text: &[u8], now: &Manifest) -> Option<String> {
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(_) => return Some("it is not UTF-8".to_owned()),
    };
    let mut then = match Manifest::from_json(text) {
        Ok(manifest) => manifest,
        Err(error) => return Some(error.to_string()),
    };
    then.command.clone_from(&now.command);
    then.started.clone_from(&now.started);
    then.selected.clone_from(&now.selected);
    then.also_selected.clone_from(&now.also_selected);
    then.repeat.clone_from(&now.repeat);
    then.parts.clone_from(&now.parts);
    then.scenario.file.clone_from(&now.scenario.file);
    then.scenario.notes.clone_from(&now.scenario.notes);
    then.scenario.pictures.clone_from(&now.scenario.pictures);
    for (then, now) in then.plugins.iter_mut().zip(&now.plugins) {
        then.file.clone_from(&now.file);
    }
    // An option may stand in the settings in another form.
    then.settings.clone_from(&now.settings);
    let same = then.to_json() == now.to_json();
    (!same).then(|| "it does not say what this plan is".to_owned())
}

/// The selection of the command line; none if all runs are selected.
pub fn selected(selection: &Selection, runs: usize) -> Option<Selected> {
    (!selection.is_all()).then(|| Selected {
        cases: selection.cases.clone(),
        run: selection.run.map(u64::from),
        shard: selection.shard.map(|shard| shard.to_string()),
        runs: runs as u64,
    })
}

/// A case, with the values that differ from the first case.
fn case_info(
    plan: &Plan,
    case: &Case,
    duration_s: Option<f64>,
    first_groups: &[GroupInfo],
) -> CaseInfo {
    let named = plan.axes.iter().zip(&case.values);
    let own_duration = case.scenario.duration.map(SimDuration::as_secs_f64);
    let own_groups = groups(case);
    let own_expectations = expectations(&case.scenario);
    let own_properties = properties(&case.scenario);
    CaseInfo {
        id: case.id.clone(),
        axes: named
            .map(|(axis, value)| (axis.name.clone(), value.value.clone()))
            .collect(),
        duration_s: own_duration.filter(|_| own_duration != duration_s),
        groups: (own_groups != first_groups).then_some(own_groups),
        window: case.scenario.window(),
        expectations: (own_expectations != expectations(&plan.cases[0].scenario))
            .then_some(own_expectations),
        properties: (own_properties != properties(&plan.cases[0].scenario))
            .then_some(own_properties),
    }
}

fn expectations(scenario: &Scenario) -> Vec<Expectation> {
    let rules = scenario.expectations.iter();
    rules.map(|rule| rule.expectation.clone()).collect()
}

fn properties(scenario: &Scenario) -> Vec<PropertyInfo> {
    let rules = scenario.properties.iter().map(|it| &it.rule);
    rules
        .map(|rule| PropertyInfo {
            name: rule.name.clone(),
            claim: rule.to_string(),
            over_runs: is_sometimes(rule),
        })
        .collect()
}

fn groups(case: &Case) -> Vec<GroupInfo> {
    let bound = case.scenario.groups.iter().zip(&case.configs);
    bound
        .map(|(group, config)| group_info(group, config.as_deref()))
        .collect()
}

fn group_info(group: &Group, config: Option<&Config>) -> GroupInfo {
    let mut info = GroupInfo {
        name: group.name.clone(),
        count: group.count,
        numbered: group.numbered,
        rng_id: group.rng_id.clone(),
        ..GroupInfo::default()
    };
    let (Some(name), Some(config)) = (&group.behavior, config) else {
        info.behavior = program_text(group);
        info.docs = "A program that somebody else wrote.".to_owned();
        return info;
    };
    let behavior = config.behavior();
    info.behavior = name.to_string();
    info.docs = behavior.docs.clone();
    info.timing = timing_text(&group.timing);
    info.driving = driving(&group.timing);
    info.open_loop = open_loop(&behavior.config_schema, &group.config);
    let columns = behavior.columns.iter().map(|column| ColumnInfo {
        name: column.name.clone(),
        kind: column.kind,
        docs: column.docs.clone(),
    });
    info.columns = columns.collect();
    let events = behavior.events.iter().zip(&behavior.event_docs);
    let events = events.map(|(name, docs)| EventInfo {
        name: name.clone(),
        docs: docs.clone(),
    });
    info.events = events.collect();
    info
}

/// Whether a load generator is an open loop: its config has one of the keys that its schema marks
/// with `x-open-loop`. `None` if the schema marks none: the behavior generates no load.
fn open_loop(schema: &serde_json::Value, config: &str) -> Option<bool> {
    let keys = schema.get("properties")?.as_object()?;
    let marked = keys
        .iter()
        .filter(|(_, key)| key.get("x-open-loop").is_some());
    let mut marked = marked.map(|(name, _)| name).peekable();
    marked.peek()?;
    let config: toml::Table = config.parse().unwrap_or_default();
    Some(marked.any(|name| config.contains_key(name)))
}

/// The command or address of a program, which stands in place of a behavior.
fn program_text(group: &Group) -> String {
    let program = group.program.as_ref();
    let command = program.and_then(|program| program.command.as_ref());
    let external = program.and_then(|program| program.external.as_ref());
    match (command, external) {
        (Some(command), _) => command.join(" "),
        (None, Some(external)) => external.address.to_string(),
        (None, None) => String::new(),
    }
}

fn plugin_info(plugin: &Plugin) -> PluginInfo {
    let build = &plugin.build;
    PluginInfo {
        name: plugin.name.clone(),
        version: plugin.version.clone(),
        file: build.path.display().to_string(),
        sha256: Some(build.sha256.clone()),
        bytes: build.bytes,
    }
}

/// What makes a group's nodes handle a message.
pub fn driving(timing: &Timing) -> Driving {
    match timing {
        Timing::EventDriven => Driving::Arrivals,
        Timing::Server { .. } => Driving::Services,
        Timing::Clocked { .. } => Driving::Ticks,
    }
}

/// When a group's nodes act, for people.
fn timing_text(timing: &Timing) -> String {
    match timing {
        Timing::EventDriven => "event-driven".to_owned(),
        Timing::Server { service_time } => {
            format!("a server: {} per message", spread(service_time, span))
        }
        Timing::Clocked { every, phase } => {
            let every = match every {
                TickRule::Rate(Distribution::Constant(1.0)) => "1 tick per second".to_owned(),
                TickRule::Rate(Distribution::Constant(rate)) => format!("{rate} ticks per second"),
                TickRule::Rate(Distribution::Exact(rate)) => format!("{rate} ticks per second"),
                TickRule::Rate(rate) => format!("ticks per second: {}", spread(rate, plain)),
                TickRule::Interval(interval) => format!("a tick every {}", spread(interval, span)),
            };
            match phase {
                Some(phase) => format!("{every}, the first after {}", spread(phase, span)),
                None => every,
            }
        }
    }
}

fn plain(value: f64) -> String {
    value.to_string()
}

fn span(ns: f64) -> String {
    SimDuration(ns.max(0.0) as u64).to_string()
}

/// A distribution in words, its numbers written by `unit`.
fn spread(distribution: &Distribution, unit: impl Fn(f64) -> String) -> String {
    match distribution {
        Distribution::Constant(value) => unit(*value),
        Distribution::Exact(value) => unit(value.to_f64()),
        Distribution::Uniform { low, high } => {
            format!("uniform {} to {}", unit(*low), unit(*high))
        }
        Distribution::UniformInt { low, high } => {
            format!(
                "{} to {} (whole numbers)",
                unit(*low as f64),
                unit(*high as f64)
            )
        }
        Distribution::Choice(values) => {
            let values: Vec<String> = values.iter().map(|value| unit(*value)).collect();
            format!("one of {}", values.join(", "))
        }
        Distribution::Normal { mean, std } => {
            let cut = match distribution.mean() {
                after if unit(after) == unit(*mean) => String::new(),
                after => format!(", cut at 0 (mean of the draws {})", unit(after)),
            };
            format!(
                "normal, mean {}, deviation {}{cut}",
                unit(*mean),
                unit(*std)
            )
        }
        Distribution::Exponential { mean } => format!("exponential, mean {}", unit(*mean)),
        Distribution::LogNormal { median, sigma } => {
            format!("log-normal, median {}, sigma {sigma}", unit(*median))
        }
        Distribution::Pareto { min, shape } => {
            format!("Pareto, at least {}, shape {shape}", unit(*min))
        }
        Distribution::Gamma { shape, .. } => {
            format!("gamma, mean {}, shape {shape}", unit(distribution.mean()))
        }
        Distribution::Erlang { phases, mean } => {
            format!("Erlang, mean {}, {phases} phases", unit(*mean))
        }
        Distribution::Weibull { shape, .. } => {
            format!("Weibull, mean {}, shape {shape}", unit(distribution.mean()))
        }
        Distribution::Triangular { min, mode, max } => {
            format!(
                "triangular, {} to {}, most likely {}",
                unit(*min),
                unit(*max),
                unit(*mode)
            )
        }
        Distribution::Empirical(values) => {
            let count = values.sorted().len();
            format!(
                "{count} measured values, mean {}",
                unit(distribution.mean())
            )
        }
        Distribution::Trace(trace) => {
            let count = trace.values().len();
            format!(
                "{count} measured values in their order, mean {}",
                unit(distribution.mean())
            )
        }
    }
}
