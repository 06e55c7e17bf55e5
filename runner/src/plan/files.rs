//! The files of a run: logs of nodes, the runner's tables, and what behaviors write. No two may
//! have one name, since one would replace the other.
//!
//! A behavior declares the names of its files; `{node}` in them stands for the node's name. The
//! names of nodes are not listed, since there may be a million: only those whose behavior
//! declares files.

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

/// The group to rename, and why, if a file that this node's behavior writes is another one's.
fn clash(
    names: &Names<'_>,
    groups: &[Group],
    writers: &BTreeMap<String, (usize, String)>,
    file: &str,
    (group, node): (usize, &str),
) -> Option<(usize, String)> {
    let behavior = |group: usize| {
        let name = groups[group].behavior.as_ref();
        name.map(ToString::to_string).unwrap_or_default()
    };
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
