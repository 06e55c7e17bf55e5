//! Where the parts of a scenario are written, for mistakes that are found after the
//! file was read: by the loader of plugins, and by the plugins.

use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::document::{Table, Value, ValueKind};
use super::judges::{CheckOrigin, ExpectOrigin};
use super::measured::lacks_file_values;
use super::properties::PropertyOrigin;
use super::source::{Place, Source};
use super::written::GroupEntry;

/// Where groups, checks, expectations and properties are written, by their index.
#[derive(Clone, Debug)]
pub struct Origins {
    pub(super) source: Arc<Source>,
    pub(super) groups: Vec<GroupOrigin>,
    pub(super) checks: Vec<CheckOrigin>,
    pub(super) expectations: Vec<ExpectOrigin>,
    pub(super) properties: Vec<PropertyOrigin>,
}

impl Origins {
    /// A mistake in the config of the group with this index. `path` is the key path
    /// inside the config (`faces`, `script[2]`); empty: the config as a whole. The
    /// place is that of the value, in the group, in a group that it extends, or in
    /// an override. If the key is absent, it is the group's `config`, or the group.
    ///
    /// # Panics
    /// All functions of this type panic if the index is out of range.
    pub fn config_problem(&self, group: usize, path: &str, message: &str) -> Diagnostic {
        self.groups[group]
            .config
            .problem(&self.source, path, message)
    }

    /// The places of the config of the group with this index.
    pub fn config(&self, group: usize) -> &ConfigOrigin {
        &self.groups[group].config
    }

    /// The places of the config of the check with this index.
    pub fn check_config(&self, check: usize) -> &ConfigOrigin {
        &self.checks[check].config
    }

    /// A mistake in the `behavior` of the group with this index: the plugin or the
    /// behavior does not exist.
    pub fn behavior_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].behavior(), message)
    }

    /// A mistake in the timing of the group with this index: its behavior cannot
    /// tick, or must tick. The place is the tick key, or else the behavior.
    pub fn timing_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].timing(), message)
    }

    /// A mistake in the name of the check with this index: the plugin or the check
    /// does not exist.
    pub fn check_problem(&self, check: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.checks[check].check, message)
    }

    /// As [`Origins::config_problem`], for the config of a check.
    pub fn check_config_problem(&self, check: usize, path: &str, message: &str) -> Diagnostic {
        self.checks[check]
            .config
            .problem(&self.source, path, message)
    }

    /// A mistake in the metric of the expectation with this index.
    pub fn metric_problem(&self, expectation: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.expectations[expectation].metric, message)
    }

    /// Where the expressions of the property with this index are written.
    pub fn property(&self, property: usize) -> &PropertyOrigin {
        &self.properties[property]
    }

    /// A mistake of the group with this index as a whole.
    pub fn group_problem(&self, group: usize, message: &str) -> Diagnostic {
        Diagnostic::new(&self.source, self.groups[group].group(), message)
    }
}

/// The places of one group.
#[derive(Clone, Debug)]
pub struct GroupOrigin {
    group: Place,
    behavior: Place,
    tick: Option<Place>,
    config: ConfigOrigin,
}

/// The places of a config.
#[derive(Clone, Debug)]
pub struct ConfigOrigin {
    /// The place of the key `config`; without it, of the table around it.
    key: Place,
    table: Table,
}

impl GroupOrigin {
    /// The places of a group that has the keys of its base.
    pub fn new(group: &GroupEntry) -> GroupOrigin {
        let config = group.config.as_ref();
        let behavior = group.behavior.as_ref().map(|it| it.place);
        let behavior = behavior.or_else(|| Some(group.program.makes_program()?.1));
        GroupOrigin {
            group: group.place,
            behavior: behavior.unwrap_or(group.place),
            tick: group.timing.tick_place(),
            config: ConfigOrigin::new(
                config.map(|it| it.key),
                group.place,
                config.and_then(|it| it.value.clone()).unwrap_or_default(),
            ),
        }
    }

    /// The place of the group's name.
    pub fn group(&self) -> Place {
        self.group
    }

    /// The place of the value of `behavior`, or of the key that makes the nodes
    /// programs.
    pub fn behavior(&self) -> Place {
        self.behavior
    }

    /// The place of the key that makes the nodes clocked, or else of the behavior.
    pub fn timing(&self) -> Place {
        self.tick.unwrap_or(self.behavior)
    }
}

impl ConfigOrigin {
    /// The places of a config table. `key` is the place of its key, `of` of the
    /// table around it.
    pub fn new(key: Option<Place>, of: Place, table: Table) -> ConfigOrigin {
        ConfigOrigin {
            key: key.unwrap_or(of),
            table,
        }
    }

    /// Whether a mistake that the plugin finds at a key path follows from one that has been
    /// reported: keys may be missing, or the value is a distribution whose file is wrong.
    pub fn follows(&self, path: &str, may_lack_keys: bool) -> bool {
        match self.find(path).1 {
            None => may_lack_keys,
            Some(value) => lacks_file_values(value),
        }
    }

    /// A mistake at a key path. The mistake names the key; an unknown key is marked
    /// itself, any other mistake is in the value.
    fn problem(&self, source: &Arc<Source>, path: &str, message: &str) -> Diagnostic {
        if message.starts_with(UNKNOWN_KEY) {
            let place = self.find(path).0;
            return match message.split_once(KNOWN_KEYS) {
                Some((what, keys)) => {
                    Diagnostic::new(source, place, what).help(format!("keys here: {keys}"))
                }
                None => Diagnostic::new(source, place, message),
            };
        }
        let place = self.place(path);
        if path.is_empty() || message.contains(&format!("`{path}`")) {
            return Diagnostic::new(source, place, message);
        }
        let joint = if message.starts_with("is ") { "" } else { ":" };
        Diagnostic::new(source, place, format!("`{path}`{joint} {message}"))
    }

    /// The place of the value at a key path inside the config (`faces`, `script[2]`,
    /// `retry.after`). If a part of the path does not exist, the place of the last
    /// key that exists.
    pub fn place(&self, path: &str) -> Place {
        let (place, value) = self.find(path);
        value.map_or(place, |value| value.place)
    }

    /// The place of the last key of a path that exists; and the value at the path, if it
    /// exists.
    fn find(&self, path: &str) -> (Place, Option<&Value>) {
        let mut place = self.key;
        let mut table = Some(&self.table);
        let mut value: Option<&Value> = None;
        for step in steps(path) {
            let next = match (&step, table, value.map(|it| &it.kind)) {
                (PathStep::Key(key), Some(table), _) => table.get(key).map(|entry| {
                    place = entry.place;
                    &entry.value
                }),
                (PathStep::Index(index), _, Some(ValueKind::Array(values))) => values.get(*index),
                _ => None,
            };
            let Some(next) = next else {
                return (place, None);
            };
            value = Some(next);
            table = match &next.kind {
                ValueKind::Table(table) => Some(table),
                _ => None,
            };
        }
        (place, value)
    }
}

/// How the SDK begins the message about an unknown key, which has no other sign.
const UNKNOWN_KEY: &str = "unknown key";

/// What the SDK writes before the keys that there are.
const KNOWN_KEYS: &str = ", known are: ";

/// One step of a key path.
enum PathStep {
    Key(String),
    Index(usize),
}

/// The steps of a key path: keys separated by dots, indices in brackets, keys with
/// other characters in double quotes.
fn steps(path: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if let Some((index, after)) = rest
            .strip_prefix('[')
            .and_then(|after| after.split_once(']'))
        {
            match index.parse() {
                Ok(index) => steps.push(PathStep::Index(index)),
                Err(_) => steps.push(PathStep::Key(index.to_owned())),
            }
            rest = after;
        } else if let Some((key, after)) = rest
            .strip_prefix('"')
            .and_then(|after| after.split_once('"'))
        {
            steps.push(PathStep::Key(key.to_owned()));
            rest = after;
        } else {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let end = rest[first..]
                .find(['.', '['])
                .map_or(rest.len(), |at| first + at);
            steps.push(PathStep::Key(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    steps
}
