//! Whether two results are of one plan.
//!
//! An [`Identity`] is everything that decides what the runs of a plan are. The
//! runner writes it into the journal and continues results only if the identity of
//! its plan is the same. A report merges results only if they are parts of one
//! plan; it finds the identity, and details that explain a difference, in the
//! [`Manifest`]s.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::manifest::{CaseInfo, LogMode, Manifest, PluginInfo};

/// Two plans with the same identity have the same runs. The names of the fields
/// are those of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name of the scenario.
    pub scenario: String,
    /// XXH3-64 of the scenario's text.
    pub text: u64,
    /// The options that override the scenario, in order.
    pub settings: Vec<String>,
    /// The root of all random streams.
    pub seed: u64,
    /// The plugins: the name, and the SHA-256 of the file.
    pub plugins: Vec<(String, String)>,
    /// The files with measured values: the path, and the SHA-256 of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<(String, String)>,
    /// The version of the runner.
    pub runner: String,
    /// Which logs are kept.
    pub log: LogMode,
    /// Whether each run is done twice and compared.
    #[serde(rename = "twice")]
    pub check_determinism: bool,
}

impl Identity {
    /// The identity of the plan that a manifest describes.
    pub fn of(manifest: &Manifest, settings: Vec<String>, check_determinism: bool) -> Identity {
        let plugins = manifest.plugins.iter();
        let inputs = manifest.inputs.iter();
        Identity {
            scenario: manifest.scenario.name.clone(),
            text: xxh3_64(manifest.scenario.text.as_bytes()),
            settings,
            seed: manifest.seed,
            plugins: plugins
                .map(|it| (it.name.clone(), plugin_file(it)))
                .collect(),
            inputs: inputs
                .map(|it| (it.file.clone(), it.sha256.clone()))
                .collect(),
            runner: manifest.versions.runner.clone(),
            log: manifest.log,
            check_determinism,
        }
    }

    /// What differs between the plan of earlier results and the present one, a line
    /// each; no lines if it is the same plan.
    pub fn differences(&self, now: &Identity) -> Vec<String> {
        compare((self, now), None, ("then", "now"))
    }
}

/// The beginning of the line that says where the texts of two scenarios part.
pub const TEXT_DIFFERS: &str = "the scenario's text differs";

/// What differs between the plans of two results, `there` and `here`, a line each;
/// no lines if they are parts of one plan.
pub fn differences(there: &Manifest, here: &Manifest) -> Vec<String> {
    differences_as(there, here, ("there", "here"))
}

/// As [`differences`], with other words for the first and the second.
pub fn differences_as(
    there: &Manifest,
    here: &Manifest,
    sides: (&'static str, &'static str),
) -> Vec<String> {
    // The manifest does not record whether runs were done twice.
    let of = |manifest: &Manifest| Identity::of(manifest, manifest.settings.clone(), false);
    compare((&of(there), &of(here)), Some((there, here)), sides)
}

/// The differences of two plans; `sides` are the words for the first and the second.
fn compare(
    (one, other): (&Identity, &Identity),
    manifests: Option<(&Manifest, &Manifest)>,
    sides: (&'static str, &'static str),
) -> Vec<String> {
    let mut found = Differences {
        sides,
        lines: Vec::new(),
    };
    found.values("scenario", &one.scenario, &other.scenario);
    found.values("seed", one.seed, other.seed);
    found.values("options", listed(&one.settings), listed(&other.settings));
    if let Some((one, other)) = manifests {
        found.values("time", &one.time, &other.time);
        found.values("runs per case", one.runs_per_case, other.runs_per_case);
        found.values("duration", duration(one), duration(other));
    }
    found.values("--log", one.log, other.log);
    found.values("version of the runner", &one.runner, &other.runner);
    let twice = |it: &Identity| if it.check_determinism { "yes" } else { "no" };
    found.values("--check-determinism", twice(one), twice(other));
    match manifests {
        Some((one, other)) => found.texts(one, other),
        None if one.text != other.text => found.line("the text of the scenario has changed"),
        None => {}
    }
    found.inputs(&one.inputs, &other.inputs);
    found.plugins(&one.plugins, &other.plugins);
    found.lines
}

/// The differences that were found.
struct Differences {
    sides: (&'static str, &'static str),
    lines: Vec<String>,
}

impl Differences {
    fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Adds a line if the two values differ.
    fn values(&mut self, what: &str, one: impl Display, other: impl Display) {
        let (one, other) = (one.to_string(), other.to_string());
        if one != other {
            let (first, second) = self.sides;
            self.line(format!("{what}: {one} {first}, {other} {second}"));
        }
    }

    /// The texts: the scenario, the cases that follow from it, the author's notes.
    fn texts(&mut self, one: &Manifest, other: &Manifest) {
        let (a, b) = (&one.scenario, &other.scenario);
        if a.text != b.text {
            let mut lines = a.text.lines().zip(b.text.lines());
            let shorter = a.text.lines().count().min(b.text.lines().count());
            let line = lines.position(|(a, b)| a != b).unwrap_or(shorter) + 1;
            self.line(format!("{TEXT_DIFFERS} from line {line} on"));
        }
        let same_text = a.text == b.text && one.settings == other.settings;
        if same_text && !ids(&one.cases).eq(ids(&other.cases)) {
            self.line("the cases differ");
        }
        if same_text && a.notes != b.notes {
            self.line("the author's notes differ");
        }
    }

    fn inputs(&mut self, one: &[(String, String)], other: &[(String, String)]) {
        // A file that only one side has follows from the text or the options.
        for (file, sum) in one {
            if other.iter().any(|(own, twin)| own == file && twin != sum) {
                self.line(format!("the values in {file:?} differ"));
            }
        }
    }

    fn plugins(&mut self, one: &[(String, String)], other: &[(String, String)]) {
        let (first, second) = self.sides;
        for (name, file) in one {
            match other.iter().find(|(own, _)| own == name) {
                Some((_, twin)) if twin != file => self.line(format!(
                    "plugin `{name}`: its file differs, {} {first}, {} {second}",
                    shortened(file),
                    shortened(twin)
                )),
                Some(_) => {}
                None => self.line(format!("plugin `{name}`: not used {second}")),
            }
        }
        for (name, _) in other {
            if !one.iter().any(|(own, _)| own == name) {
                self.line(format!("plugin `{name}`: not used {first}"));
            }
        }
    }
}

/// What identifies a plugin's file: its SHA-256, else its size.
fn plugin_file(plugin: &PluginInfo) -> String {
    match &plugin.sha256 {
        Some(hash) => hash.clone(),
        None => format!("{} bytes", plugin.bytes),
    }
}

/// A [`plugin_file`] in a sentence.
fn shortened(file: &str) -> String {
    match file.ends_with(" bytes") {
        true => file.to_owned(),
        false => format!("SHA-256 {}…", file.chars().take(12).collect::<String>()),
    }
}

fn ids(cases: &[CaseInfo]) -> impl Iterator<Item = &str> {
    cases.iter().map(|case| case.id.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            scenario: "lab".to_owned(),
            text: 1,
            settings: vec![],
            seed: 7,
            plugins: vec![("clock".to_owned(), "0123456789abcdef".to_owned())],
            inputs: vec![],
            runner: "0.1.0".to_owned(),
            log: LogMode::PerNode,
            check_determinism: false,
        }
    }

    #[test]
    fn every_difference_has_a_line() {
        let then = identity();
        assert_eq!(then.differences(&identity()), Vec::<String>::new());
        let now = Identity {
            scenario: "lab-2".to_owned(),
            text: 2,
            settings: vec!["seed=8".to_owned()],
            seed: 8,
            plugins: vec![("kv".to_owned(), "ab".to_owned())],
            inputs: vec![],
            runner: "0.2.0".to_owned(),
            log: LogMode::Off,
            check_determinism: true,
        };
        assert_eq!(
            then.differences(&now),
            [
                "scenario: lab then, lab-2 now",
                "seed: 7 then, 8 now",
                "options: none then, seed=8 now",
                "--log: per-node then, off now",
                "version of the runner: 0.1.0 then, 0.2.0 now",
                "--check-determinism: no then, yes now",
                "the text of the scenario has changed",
                "plugin `clock`: not used now",
                "plugin `kv`: not used then",
            ]
        );
        let mut rebuilt = identity();
        rebuilt.plugins[0].1 = "fedcba9876543210".to_owned();
        assert_eq!(
            then.differences(&rebuilt),
            [
                "plugin `clock`: its file differs, SHA-256 0123456789ab… then, SHA-256 fedcba987654… now"
            ]
        );
    }

    #[test]
    fn the_journal_keeps_its_field_names() {
        let json = serde_json::to_string(&identity()).unwrap();
        assert_eq!(
            json,
            "{\"scenario\":\"lab\",\"text\":1,\"settings\":[],\"seed\":7,\
             \"plugins\":[[\"clock\",\"0123456789abcdef\"]],\"runner\":\"0.1.0\",\
             \"log\":\"per-node\",\"twice\":false}"
        );
    }
}
