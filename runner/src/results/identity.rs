//! Whose results these are: everything on which a plan's results depend. Results
//! are only continued by the plan that began them.

use analysis::results::{LogMode, Manifest};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// What two plans must have in common for their results to be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name of the scenario.
    pub scenario: String,
    /// XXH3-64 of its text.
    pub text: u64,
    /// What overrides it, in order: `seed=7`.
    pub settings: Vec<String>,
    /// The root of all randomness.
    pub seed: u64,
    /// The plugins: name, and SHA-256 of the file.
    pub plugins: Vec<(String, String)>,
    /// The version of the runner.
    pub runner: String,
    /// Which logs are kept.
    pub log: LogMode,
    /// Whether each run is done twice.
    pub twice: bool,
}

impl Identity {
    /// Of the plan that a manifest describes.
    pub fn of(manifest: &Manifest, settings: Vec<String>, twice: bool) -> Identity {
        let plugin = |plugin: &analysis::results::PluginInfo| {
            let hash = plugin.sha256.clone().unwrap_or_default();
            (plugin.name.clone(), hash)
        };
        Identity {
            scenario: manifest.scenario.name.clone(),
            text: xxh3_64(manifest.scenario.text.as_bytes()),
            settings,
            seed: manifest.seed,
            plugins: manifest.plugins.iter().map(plugin).collect(),
            runner: manifest.versions.runner.clone(),
            log: manifest.log,
            twice,
        }
    }

    /// What is different now from then, a line each.
    pub fn differences(&self, now: &Identity) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |what: &str, then: String, now: String| {
            if then != now {
                found.push(format!("{what}: then {then}, now {now}"));
            }
        };
        compare(
            "scenario",
            format!("`{}`", self.scenario),
            format!("`{}`", now.scenario),
        );
        compare("settings", listed(&self.settings), listed(&now.settings));
        compare("seed", self.seed.to_string(), now.seed.to_string());
        compare(
            "version of the runner",
            self.runner.clone(),
            now.runner.clone(),
        );
        compare("--log", word(self.log), word(now.log));
        compare("--check-determinism", yes(self.twice), yes(now.twice));
        if self.text != now.text && self.scenario == now.scenario {
            found.push("the text of the scenario has changed".to_owned());
        }
        for (name, hash) in &self.plugins {
            match now.plugins.iter().find(|(own, _)| own == name) {
                Some((_, own)) if own != hash => found.push(format!(
                    "plugin `{name}`: its file has changed (built again?)"
                )),
                Some(_) => {}
                None => found.push(format!("plugin `{name}`: no longer used")),
            }
        }
        for (name, _) in &now.plugins {
            if !self.plugins.iter().any(|(own, _)| own == name) {
                found.push(format!("plugin `{name}`: not used then"));
            }
        }
        found
    }
}

fn listed(settings: &[String]) -> String {
    match settings {
        [] => "none".to_owned(),
        settings => settings.join(" "),
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

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
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
            plugins: vec![("clock".to_owned(), "ab".to_owned())],
            runner: "0.1.0".to_owned(),
            log: LogMode::PerNode,
            twice: false,
        }
    }

    #[test]
    fn every_difference_is_told() {
        let then = identity();
        assert_eq!(then.differences(&identity()), Vec::<String>::new());
        let now = Identity {
            scenario: "lab".to_owned(),
            text: 2,
            settings: vec!["seed=8".to_owned()],
            seed: 8,
            plugins: vec![("kv".to_owned(), "ab".to_owned())],
            runner: "0.2.0".to_owned(),
            log: LogMode::Off,
            twice: true,
        };
        assert_eq!(
            then.differences(&now),
            [
                "settings: then none, now seed=8",
                "seed: then 7, now 8",
                "version of the runner: then 0.1.0, now 0.2.0",
                "--log: then per-node, now off",
                "--check-determinism: then no, now yes",
                "the text of the scenario has changed",
                "plugin `clock`: no longer used",
                "plugin `kv`: not used then",
            ]
        );
        let mut rebuilt = identity();
        rebuilt.plugins[0].1 = "cd".to_owned();
        let told = then.differences(&rebuilt);
        assert_eq!(
            told,
            ["plugin `clock`: its file has changed (built again?)"]
        );
    }
}
