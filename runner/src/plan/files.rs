//! The files of a run: logs of nodes, the runner's tables, and what behaviors write. No two may
//! have one name, since one would replace the other.
//!
//! A behavior declares the names of its files; `{node}` in them stands for the node's name. The
//! names of nodes are not listed, since there may be a million: only those whose behavior
//! declares files.
//!
//! Two names that differ by case alone (`A.csv`, `a.csv`) are two files on most file systems of
//! Linux, and one file on those of macOS, Windows and memory sticks. That is a warning
//! ([`twins`]), and a refusal once the results would lie on such a file system.

use std::collections::BTreeMap;
use std::sync::Arc;

use analysis::log::tables::files::{RUN_TABLES, log_file, node_of};

use crate::scenario::{Diagnostic, Group, Origins};
use host::config::Config;

/// The mistakes of groups whose nodes would have a file that is another one's, too.
pub(super) fn mistakes(
    groups: &[Group],
    configs: &[Option<Arc<Config>>],
    origins: &Origins,
) -> Vec<Diagnostic> {
    let names = Names(groups);
    let mut mistakes = Vec::new();
    for table in RUN_TABLES {
        if let Some(group) = node_of(table).and_then(|node| names.group(node)) {
            let node = node_of(table).unwrap_or_default();
            let what =
                format!("the log of node `{node}` would be `{table}`, a file of the runner's");
            mistakes.push(renamed(origins.group_problem(group, &what), "node"));
        }
    }
    // The node and the behavior that write a file.
    let mut writers: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (index, (group, config)) in groups.iter().zip(configs).enumerate() {
        let Some(behavior) = config.as_ref().map(|config| config.behavior()) else {
            continue;
        };
        for pattern in &behavior.files {
            let found = (0..group.count).find_map(|node| {
                let node = group.node_name(node);
                let file = pattern.replace("{node}", &node);
                let clash = clash(&names, groups, &writers, &file, (index, &node));
                writers.insert(file, (index, node));
                clash
            });
            mistakes
                .extend(found.map(|(at, what)| renamed(origins.group_problem(at, &what), "node")));
        }
    }
    mistakes
}

/// The name of a group's behavior, as scenarios write it.
fn behavior_name(group: &Group) -> String {
    let name = group.behavior.as_ref();
    name.map(ToString::to_string).unwrap_or_default()
}

/// The group to rename, and why, if a file that this node's behavior writes is another one's.
fn clash(
    names: &Names<'_>,
    groups: &[Group],
    writers: &BTreeMap<String, (usize, String)>,
    file: &str,
    (group, node): (usize, &str),
) -> Option<(usize, String)> {
    let behavior = |group: usize| behavior_name(&groups[group]);
    let writes = format!("`{}` of node `{node}` writes `{file}`", behavior(group));
    if RUN_TABLES.contains(&file) {
        return Some((group, format!("{writes}, a file of the runner's")));
    }
    if let Some(owner) = node_of(file).and_then(|owner| Some((owner, names.group(owner)?))) {
        let (name, at) = owner;
        let kind = match file == log_file(name) {
            true => "the log",
            false => "the file of printed lines",
        };
        return Some((at, format!("{writes}, which is {kind} of node `{name}`")));
    }
    let (other, name) = writers.get(file)?;
    let other = behavior(*other);
    Some((
        group,
        format!("{writes}, and so does `{other}` of node `{name}`"),
    ))
}

/// Two files whose names differ by case alone.
#[derive(Debug)]
pub(super) struct Twins {
    /// A group that can be renamed.
    pub group: usize,
    /// The two files, for people.
    pub what: String,
}

impl Twins {
    /// The warning, with the place of the group.
    pub fn warning(&self, origins: &Origins) -> Diagnostic {
        let help = "some file systems (macOS, Windows, memory sticks) do not tell upper from lower \
                    case, and one file would replace the other there: give one another name";
        origins
            .group_problem(self.group, &self.what)
            .help(help)
            .as_warning()
    }
}

/// Files that differ by case alone, of groups whose files all differ.
pub(super) fn twins(groups: &[Group], configs: &[Option<Arc<Config>>]) -> Vec<Twins> {
    let names = FoldedNames::of(groups);
    let mut twins = Vec::new();
    for table in RUN_TABLES {
        let log = table.to_lowercase();
        for (group, node) in node_of(&log).map_or(Vec::new(), |node| names.nodes(node)) {
            let log = log_file(&node);
            let what = format!(
                "the log of node `{node}` is `{log}`, and a file of the runner's is `{table}`"
            );
            twins.push(Twins { group, what });
        }
    }
    for (group, one) in groups.iter().enumerate() {
        // The first node stands for all: two numbered groups share either all or none.
        let node = one.node_name(0);
        let same = names.nodes(&node.to_lowercase()).into_iter();
        // Of two numbered groups, or two that are not, the first one has the warning.
        let is_found_here =
            |other: usize| other > group || (groups[other].numbered && !one.numbered);
        for (_, other) in same.filter(|(other, _)| *other != group && is_found_here(*other)) {
            let [log, others] = [&node, &other].map(|node| log_file(node));
            let what = format!(
                "the log of node `{node}` is `{log}`, and that of node `{other}` is `{others}`"
            );
            twins.push(Twins { group, what });
        }
    }
    twins.extend(written_twins(groups, configs, &names));
    twins
}

/// As [`twins`], of the files that behaviors write; at most one for each name in a behavior.
fn written_twins(
    groups: &[Group],
    configs: &[Option<Arc<Config>>],
    names: &FoldedNames<'_>,
) -> Vec<Twins> {
    let mut twins = Vec::new();
    let mut writers: BTreeMap<String, String> = BTreeMap::new();
    for (index, (group, config)) in groups.iter().zip(configs).enumerate() {
        let Some(behavior) = config.as_ref().map(|config| config.behavior()) else {
            continue;
        };
        for pattern in &behavior.files {
            let found = (0..group.count).find_map(|node| {
                let node = group.node_name(node);
                let file = pattern.replace("{node}", &node);
                let folded = file.to_lowercase();
                let name = behavior_name(group);
                let writes = format!("`{name}` of node `{node}` writes `{file}`");
                let table = RUN_TABLES
                    .iter()
                    .find(|table| table.to_lowercase() == folded);
                let log = node_of(&folded).and_then(|node| names.nodes(node).into_iter().next());
                let other = match (table, log, writers.get(&folded)) {
                    (Some(table), _, _) => Some(format!("a file of the runner's is `{table}`")),
                    (_, Some((_, node)), _) => {
                        Some(format!("a file of node `{node}` has its name"))
                    }
                    (_, _, Some(other)) => Some(other.clone()),
                    (None, None, None) => None,
                };
                writers.insert(folded, writes.clone());
                other.map(|other| format!("{writes}, and {other}"))
            });
            twins.extend(found.map(|what| Twins { group: index, what }));
        }
    }
    twins
}

/// Finds nodes by their names in lower case.
struct FoldedNames<'a> {
    groups: &'a [Group],
    /// The groups by their names in lower case.
    by_name: BTreeMap<String, Vec<usize>>,
}

impl FoldedNames<'_> {
    fn of(groups: &[Group]) -> FoldedNames<'_> {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, group) in groups.iter().enumerate() {
            let named = by_name.entry(group.name.to_lowercase()).or_default();
            named.push(index);
        }
        FoldedNames { groups, by_name }
    }

    /// The nodes with this name in lower case, each with its group.
    fn nodes(&self, name: &str) -> Vec<(usize, String)> {
        let groups = |name: &str| self.by_name.get(name).map_or(&[][..], |groups| groups);
        let whole = groups(name).iter().map(|group| (*group, 1, false));
        let number = name.rsplit_once('-');
        let number = number.and_then(|(base, number)| Some((base, number.parse::<u32>().ok()?)));
        let numbered = number.into_iter().flat_map(|(base, number)| {
            let groups = groups(base).iter();
            groups.map(move |group| (*group, number, true))
        });
        let found = whole
            .chain(numbered)
            .filter_map(|(index, number, numbered)| {
                let group = &self.groups[index];
                let is_there = group.numbered == numbered && (1..=group.count).contains(&number);
                let node = is_there.then(|| group.node_name(number - 1))?;
                (node.to_lowercase() == name).then_some((index, node))
            });
        found.collect()
    }
}

fn renamed(mistake: Diagnostic, what: &str) -> Diagnostic {
    mistake.help(format!(
        "all files of a run are in one folder: give the {what} another name, or run the two in \
         scenarios of their own"
    ))
}

/// Finds nodes by name.
struct Names<'a>(&'a [Group]);

impl Names<'_> {
    /// The group of the node of this name.
    fn group(&self, node: &str) -> Option<usize> {
        self.0.iter().position(|group| {
            if !group.numbered {
                return group.name == node;
            }
            let number = node.strip_prefix(&*group.name);
            let number = number.and_then(|rest| rest.strip_prefix('-'));
            let number = number.and_then(|rest| rest.parse::<u32>().ok());
            number.is_some_and(|number| {
                (1..=group.count).contains(&number) && group.node_name(number - 1) == node
            })
        })
    }
}
