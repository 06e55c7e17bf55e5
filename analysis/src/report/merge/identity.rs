//! Whether two results are of one plan: everything on which its runs depend.

use crate::results::{CaseInfo, LogMode, Manifest, PluginInfo};

/// What differs between the plans of two results, a line each; empty if they are
/// parts of one.
pub fn differences(one: &Manifest, other: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, one: String, other: String| {
        if one != other {
            found.push(format!("{what}: {one} there, {other} here"));
        }
    };
    let (a, b) = (&one.scenario, &other.scenario);
    compare("scenario", a.name.clone(), b.name.clone());
    compare("seed", one.seed.to_string(), other.seed.to_string());
    compare("options", listed(&one.settings), listed(&other.settings));
    compare("time", one.time.clone(), other.time.clone());
    let runs = |it: &Manifest| it.runs_per_case.to_string();
    compare("runs per case", runs(one), runs(other));
    compare("duration", duration(one), duration(other));
    compare("--log", word(one.log), word(other.log));
    let runner = |it: &Manifest| it.versions.runner.clone();
    compare("version of the runner", runner(one), runner(other));
    if a.text != b.text {
        let mut lines = a.text.lines().zip(b.text.lines());
        let shorter = a.text.lines().count().min(b.text.lines().count());
        let line = lines.position(|(a, b)| a != b).unwrap_or(shorter) + 1;
        found.push(format!("the scenario's text differs from line {line} on"));
    }
    let same_text = a.text == b.text && one.settings == other.settings;
    if same_text && ids(&one.cases) != ids(&other.cases) {
        found.push("the cases differ".to_owned());
    }
    if same_text && a.notes != b.notes {
        found.push("the author's notes differ".to_owned());
    }
    found.extend(plugins(&one.plugins, &other.plugins));
    found
}

fn plugins(one: &[PluginInfo], other: &[PluginInfo]) -> Vec<String> {
    let mut found = Vec::new();
    for plugin in one {
        match other.iter().find(|it| it.name == plugin.name) {
            Some(twin) if twin.sha256 != plugin.sha256 || twin.bytes != plugin.bytes => {
                found.push(format!(
                    "plugin `{}`: its file differs, {} there, {} here",
                    plugin.name,
                    sum(plugin),
                    sum(twin)
                ));
            }
            Some(_) => {}
            None => found.push(format!("plugin `{}`: not used here", plugin.name)),
        }
    }
    for plugin in other {
        if !one.iter().any(|it| it.name == plugin.name) {
            found.push(format!("plugin `{}`: not used there", plugin.name));
        }
    }
    found
}

fn sum(plugin: &PluginInfo) -> String {
    match &plugin.sha256 {
        Some(hash) => format!("SHA-256 {}…", hash.chars().take(12).collect::<String>()),
        None => format!("{} bytes", plugin.bytes),
    }
}

fn ids(cases: &[CaseInfo]) -> Vec<&str> {
    cases.iter().map(|case| case.id.as_str()).collect()
}

fn listed(settings: &[String]) -> String {
    match settings {
        [] => "none".to_owned(),
        settings => settings.join(" "),
    }
}

fn duration(manifest: &Manifest) -> String {
    match manifest.duration_s {
        Some(seconds) => format!("{seconds} s"),
        None => "none".to_owned(),
    }
}

fn word(log: LogMode) -> String {
    let word = match log {
        LogMode::PerNode => "per-node",
        LogMode::Combined => "combined",
        LogMode::Off => "off",
    };
    word.to_owned()
}
