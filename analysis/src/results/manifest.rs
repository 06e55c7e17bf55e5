//! `manifest.json`: what was run, and everything that is needed to repeat it.
//!
//! The runner fills in a [`Manifest`] and writes [`Manifest::to_json`]; readers
//! parse it with [`Manifest::from_json`]. Fields may be added to a format; readers
//! ignore fields that they do not know. A change that an older reader would
//! misunderstand increases [`FORMAT`]; an older reader then refuses the manifest.

mod group;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::expect::{Expectation, Until};
use crate::log::RunSchema;
use crate::metrics::Window;
use crate::notes::Picture;

use super::repeat::RepeatCommand;
use group::node_count;
pub use group::{ColumnInfo, EventInfo, GroupInfo};

/// The newest format that this version writes and reads. A manifest is written in
/// the oldest format that can express it ([`Manifest::least_format`]): 1, or 2 if a
/// case has its own groups.
pub const FORMAT: u32 = 2;

/// The whole of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this layout: [`FORMAT`].
    pub format: u32,
    /// The scenario, as its author wrote it.
    pub scenario: ScenarioInfo,
    /// The root of every random stream.
    pub seed: u64,
    /// Maximum duration of a run `[s]`; `None`: until there are no more events.
    pub duration_s: Option<f64>,
    /// `virtual` or `real`.
    pub time: String,
    /// In real time: seconds of the run that pass in one second, if that is not 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The command line, the program's name first.
    pub command: Vec<String>,
    /// The options that override the scenario's keys, as typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The planned runs that were selected; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// If runs were selected: what other commands selected that continued the results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_selected: Vec<Selected>,
    /// The command that repeats a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<RepeatCommand>,
    /// The versions of the programs.
    pub versions: Versions,
    /// The plugins that were loaded, by name.
    pub plugins: Vec<PluginInfo>,
    /// The files with measured values that the scenario names, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputInfo>,
    /// The parts that these results were merged from; empty if they are not merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartInfo>,
    /// The axes of the matrix, in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<AxisInfo>,
    /// The cases in the order of the plan; one named `default` without a matrix.
    pub cases: Vec<CaseInfo>,
    /// Set if all cases of a repetition draw the same numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<PairingInfo>,
    /// Runs of each case.
    pub runs_per_case: u32,
    /// Runs of the whole plan, those of other shards included.
    pub runs_planned: u64,
    /// Which logs were kept.
    pub log: LogMode,
    /// The node groups in the order of the scenario, for all cases without their own
    /// groups.
    pub groups: Vec<GroupInfo>,
    /// The checks of plugins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckInfo>,
    /// The expectations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    /// The properties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<PropertyInfo>,
    /// The wall-clock time of the start (RFC 3339, UTC).
    pub started: String,
    /// Set if these are no runs of ours, but logs of another program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<ImportInfo>,
}

/// What was read from the logs of another program. The scenario is then the format file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportInfo {
    /// The first files.
    pub files: Vec<String>,
    /// Number of files.
    pub file_count: u64,
    /// Lines that are records.
    pub rows: u64,
    /// Lines that are no records, as the format says.
    pub ignored: u64,
    /// Lines that were not understood.
    pub not_understood: u64,
    /// Receptions whose sending is known.
    pub linked: u64,
    /// The names of the runs, in the order of their numbers; empty texts if there is one.
    pub runs: Vec<String>,
    /// What cannot be, or is doubtful.
    pub warnings: Vec<String>,
    /// What the logs do not tell.
    pub notes: Vec<String>,
}

/// The scenario, as its author wrote it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ScenarioInfo {
    /// Its name.
    pub name: String,
    /// A title of one line; the name if the scenario has no title.
    pub title: String,
    /// Paragraphs of text; may be empty.
    #[serde(default)]
    pub description: String,
    /// The path in the command.
    pub file: String,
    /// The file, byte for byte.
    pub text: String,
    /// The text of the author's notes file, if the scenario names one.
    #[serde(default)]
    pub notes: Option<String>,
    /// The pictures that the notes show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
}

/// The versions of the programs behind a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    /// The runner's.
    pub runner: String,
    /// The plugin boundary's.
    pub abi: u32,
}

/// A file with measured values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InputInfo {
    /// Its path as the scenario writes it.
    pub file: String,
    /// SHA-256 of its bytes, in lowercase hex.
    pub sha256: String,
}

/// A plugin that was loaded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The file that it was loaded from.
    pub file: String,
    /// SHA-256 of that file, in lowercase hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The file's size `[bytes]`.
    pub bytes: u64,
}

/// The planned runs that were selected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// Globs for cases; empty: all cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<String>,
    /// Only the run of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// Only this shard: `1/4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// Number of selected runs.
    pub runs: u64,
}

impl fmt::Display for Selected {
    /// `shard 1/4 of case faces=10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.shard.iter().map(|shard| format!("shard {shard}")));
        parts.extend(self.run.iter().map(|run| format!("run {run}")));
        parts.extend(self.cases.iter().map(|case| format!("case {case}")));
        f.write_str(&parts.join(" of "))
    }
}

/// A part of a plan that one command ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartInfo {
    /// The command line, the program's name first.
    pub command: Vec<String>,
    /// The runs that were selected; `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected: Option<Selected>,
    /// As [`Manifest::also_selected`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_selected: Vec<Selected>,
    /// The wall-clock time of the start (RFC 3339, UTC).
    pub started: String,
}

/// One axis of the matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisInfo {
    /// Its name; also a column of `runs.csv`.
    pub name: String,
    /// The key of the scenario that it sets.
    pub path: String,
}

/// Cases that draw the same numbers. Runs with the same seed are a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingInfo {
    /// The id of the case with which the others are compared.
    pub baseline: String,
}

/// One point of the scenario's matrix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseInfo {
    /// Readable and stable: `faces=10,rates=narrow`; `default` without a matrix.
    pub id: String,
    /// The value or label on each axis.
    #[serde(default)]
    pub axes: BTreeMap<String, serde_json::Value>,
    /// Maximum duration of its runs `[s]`, if it is not [`Manifest::duration_s`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Its node groups, if they are not [`Manifest::groups`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<GroupInfo>>,
    /// The part of its runs that is measured, if it is not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Its expectations, if they are not [`Manifest::expectations`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectations: Option<Vec<Expectation>>,
    /// Its properties, if they are not [`Manifest::properties`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<PropertyInfo>>,
}

/// A check of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckInfo {
    /// `PLUGIN.CHECK`.
    pub name: String,
    /// The property that must hold.
    #[serde(default)]
    pub docs: String,
}

/// A property of the scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PropertyInfo {
    /// Its name.
    pub name: String,
    /// What it says, in words.
    pub claim: String,
    /// Whether it is judged over the runs of a case.
    #[serde(default)]
    pub over_runs: bool,
}

/// Which logs a result holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogMode {
    /// `runs/NNNN/NODE.csv`.
    #[default]
    PerNode,
    /// `runs/NNNN/events.csv`, with a `node` column.
    Combined,
    /// None; only `summary.csv`.
    Off,
}

impl fmt::Display for LogMode {
    /// As in `--log` and the manifest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogMode::PerNode => "per-node",
            LogMode::Combined => "combined",
            LogMode::Off => "off",
        })
    }
}

impl Manifest {
    /// The text of `manifest.json`: indented, with a final line break.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("names and plain values always have a JSON form");
        text.push('\n');
        text
    }

    /// Reads the text of a `manifest.json`.
    ///
    /// # Errors
    /// The text is not JSON, or a field is missing or has another type: with line and
    /// column. The format is not checked: compare [`Manifest::format`] with
    /// [`FORMAT`].
    pub fn from_json(text: &str) -> Result<Manifest, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// When the cases have enough runs, if not after a fixed number.
    pub fn until(&self) -> Option<Until> {
        self.expectations.iter().find_map(Expectation::until)
    }

    /// Whether the runs were in real time.
    pub fn is_real(&self) -> bool {
        self.time == "real"
    }

    /// The oldest format that can express this manifest.
    pub fn least_format(&self) -> u32 {
        match self.cases.iter().any(|case| case.groups.is_some()) {
            true => 2,
            false => 1,
        }
    }

    /// The node groups of the case with this id.
    pub fn groups_of(&self, case: &str) -> &[GroupInfo] {
        let case = self.cases.iter().find(|it| it.id == case);
        let own = case.and_then(|case| case.groups.as_ref());
        own.unwrap_or(&self.groups)
    }

    /// The expectations of the case with this id.
    pub fn expectations_of(&self, case: &str) -> &[Expectation] {
        let case = self.cases.iter().find(|it| it.id == case);
        let own = case.and_then(|case| case.expectations.as_ref());
        own.unwrap_or(&self.expectations)
    }

    /// The properties of the case with this id that are judged over its runs.
    pub fn properties_over_runs(&self, case: &str) -> impl Iterator<Item = &PropertyInfo> {
        let case = self.cases.iter().find(|it| it.id == case);
        let own = case.and_then(|case| case.properties.as_ref());
        let all = own.unwrap_or(&self.properties).iter();
        all.filter(|it| it.over_runs)
    }

    /// Maximum duration of the runs of the case with this id `[s]`.
    pub fn duration_of(&self, case: &str) -> Option<f64> {
        let case = self.cases.iter().find(|it| it.id == case);
        case.and_then(|case| case.duration_s).or(self.duration_s)
    }

    /// The part of the runs of a case that is measured; `None`: all.
    pub fn window_of(&self, case: &str) -> Option<&Window> {
        let case = self.cases.iter().find(|it| it.id == case);
        case.and_then(|case| case.window.as_ref())
    }

    /// The number of nodes in each run of the case that has the most.
    pub fn node_count(&self) -> u64 {
        let own = self.cases.iter().filter_map(|case| case.groups.as_ref());
        let all = own.map(Vec::as_slice).chain([self.groups.as_slice()]);
        all.map(node_count).max().unwrap_or(0)
    }

    /// The schema of the runs of a case, for readers of logs; the nodes are in the
    /// order of the scenario. O(nodes).
    pub fn run_schema(&self, case: &str) -> RunSchema {
        let groups = self.groups_of(case);
        let mut nodes = Vec::with_capacity(node_count(groups).min(1 << 20) as usize);
        for group in groups {
            nodes.extend(group.nodes());
        }
        RunSchema {
            nodes,
            external_peers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ColumnKind;

    fn sample() -> Manifest {
        Manifest {
            format: FORMAT,
            scenario: ScenarioInfo {
                name: "clock-small".into(),
                title: "Clocks".into(),
                text: "name = \"clock-small\"\n".into(),
                file: "clock-small.toml".into(),
                ..ScenarioInfo::default()
            },
            seed: u64::MAX,
            duration_s: Some(60.0),
            time: "virtual".into(),
            speed: None,
            command: vec!["runner".into(), "clock-small.toml".into()],
            versions: Versions {
                runner: "0.1.0".into(),
                abi: 1,
            },
            plugins: vec![],
            cases: vec![CaseInfo {
                id: "default".into(),
                ..CaseInfo::default()
            }],
            pairing: None,
            runs_per_case: 5,
            runs_planned: 5,
            log: LogMode::PerNode,
            settings: vec![],
            selected: None,
            also_selected: vec![],
            repeat: None,
            axes: vec![],
            inputs: vec![],
            parts: vec![],
            groups: vec![GroupInfo {
                name: "machine".into(),
                count: 2,
                numbered: true,
                behavior: "clock.machine".into(),
                columns: vec![ColumnInfo {
                    name: "clock".into(),
                    kind: ColumnKind::U64,
                    docs: "the logical clock".into(),
                }],
                events: vec![EventInfo {
                    name: "internal".into(),
                    docs: String::new(),
                }],
                ..GroupInfo::default()
            }],
            checks: vec![CheckInfo {
                name: "clock.lamport".into(),
                docs: "Clocks rise.".into(),
            }],
            expectations: vec![],
            properties: vec![],
            started: "2026-11-20T12:00:00Z".into(),
            imported: None,
        }
    }

    #[test]
    fn a_manifest_reads_back_as_written() {
        let text = sample().to_json();
        assert!(text.contains("\"log\": \"per-node\"") && text.contains("\"kind\": \"u64\""));
        assert_eq!(Manifest::from_json(&text).unwrap(), sample());
    }

    #[test]
    fn a_manifest_names_the_nodes_of_a_run() {
        let schema = sample().run_schema("default");
        let names: Vec<_> = schema.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["machine-1", "machine-2"]);
        assert_eq!(schema.nodes[1].events[0], "internal");
    }
}
