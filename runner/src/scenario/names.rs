//! The nodes by name: the indices of a group, a node or a glob.
//!
//! Nothing is stored per node, so that a scenario of a million nodes resolves as
//! fast as one of ten. Only a glob that matches a part of a group's numbers takes
//! time per node.

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

use analysis::expect::matches_glob;

use super::keys::MAX_NODES;
use super::reader::{Mistakes, listed};
use super::source::Place;
use super::values::MAX_NAME;
use super::written::{GroupEntry, Selector};

/// The assumed number of nodes of a group whose count is wrong. Two, so that a link
/// within the group is no further mistake.
const ASSUMED: u64 = 2;

/// The name and the nodes of a group.
#[derive(Debug)]
struct Named<'a> {
    name: &'a str,
    place: Place,
    numbered: bool,
    /// The indices of the group's nodes.
    nodes: Range<u32>,
}

/// All groups and nodes by name.
#[derive(Debug)]
pub struct Names<'a> {
    groups: Vec<Named<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// Whether a count is wrong, which has been reported. Then a node that is not
    /// found is not reported: it may follow from the wrong count.
    uncertain: bool,
}

impl<'a> Names<'a> {
    /// Numbers the nodes. Reports equal names, long names, and too many nodes.
    pub fn new(groups: &'a [GroupEntry], mistakes: &Mistakes) -> Names<'a> {
        let mut next: u64 = 0;
        let mut named = Vec::with_capacity(groups.len());
        for group in groups {
            let count = match &group.count {
                Some(written) => written.value.unwrap_or(ASSUMED),
                None => 1,
            };
            let before = next;
            next += count;
            if before <= MAX_NODES && next > MAX_NODES {
                let place = group.count.as_ref().map_or(group.place, |it| it.place);
                let message = format!(
                    "the groups up to `{}` make {next} nodes, expected at most {MAX_NODES}",
                    group.name
                );
                mistakes.add(place, message);
            }
            // The limit is below 2^32.
            let index = |at: u64| at.min(MAX_NODES) as u32;
            named.push(Named {
                name: &group.name,
                place: group.place,
                numbered: group.count.is_some(),
                nodes: index(before)..index(next),
            });
            let longest = group.name.len() + 1 + count.to_string().len();
            if group.count.is_some() && group.name.len() <= MAX_NAME && longest > MAX_NAME {
                let message = format!(
                    "the nodes of `{}` have names of up to {longest} characters, expected at most {MAX_NAME}",
                    group.name
                );
                mistakes.add(group.place, message);
            }
        }
        let by_name = named.iter().map(|it| it.name).zip(0..).collect();
        let wrong = |group: &GroupEntry| group.count.as_ref().is_some_and(|it| it.value.is_none());
        let names = Names {
            groups: named,
            by_name,
            uncertain: groups.is_empty() || groups.iter().any(wrong),
        };
        names.report_clashes(mistakes);
        report_shared_streams(groups, mistakes);
        names
    }

    /// Reports groups that have the name of a node of another group.
    fn report_clashes(&self, mistakes: &Mistakes) {
        for group in &self.groups {
            if let Some((other, _)) = self.numbered_node(group.name) {
                let (first, last) = if group.place < other.place {
                    (group.place, other.place)
                } else {
                    (other.place, group.place)
                };
                let message = format!(
                    "group `{}` has the name of a node of group `{}`",
                    group.name, other.name
                );
                let help = match first {
                    Place::File { start, .. } => {
                        let line = mistakes.source.line(start);
                        format!("the other of the two is on line {line}; rename one of them")
                    }
                    _ => "rename one of them".to_owned(),
                };
                mistakes.add_with_help(last, message, help);
            }
        }
    }

    /// The group and the index of a node whose name is the group's name and a number.
    fn numbered_node(&self, name: &str) -> Option<(&Named<'a>, u32)> {
        let (base, number) = name.rsplit_once('-')?;
        let group = &self.groups[*self.by_name.get(base)?];
        if !group.numbered || !is_number(number) {
            return None;
        }
        let number: u32 = number.parse().ok()?;
        let index = group.nodes.start.checked_add(number.checked_sub(1)?)?;
        (index < group.nodes.end).then_some((group, index))
    }

    /// The nodes that a selector names: sorted, disjoint, not empty. `None` if there
    /// are none, which is reported. `whose` is the selector's key in messages:
    /// ``link `from` ``.
    pub fn select(
        &self,
        whose: &str,
        selector: &Selector,
        mistakes: &Mistakes,
    ) -> Option<Vec<Range<u32>>> {
        let text = selector.text.as_str();
        let ranges = if text.contains(['*', '?']) {
            self.matching(text)
        } else if let Some(&group) = self.by_name.get(text) {
            vec![self.groups[group].nodes.clone()]
        } else {
            let node = self.numbered_node(text);
            node.map(|(_, index)| index..index + 1)
                .into_iter()
                .collect()
        };
        if !ranges.is_empty() {
            return Some(joined(ranges));
        }
        if self.uncertain {
            return None;
        }
        let message = if text.contains(['*', '?']) {
            format!("{whose}: no group or node matches `{text}`")
        } else {
            format!("{whose} names unknown node `{text}`")
        };
        let names = self.examples();
        let help = format!(
            "nodes here: {}",
            listed(text, names.iter().map(String::as_str))
        );
        mistakes.add_with_help(selector.place, message, help);
        None
    }

    /// As [`Names::select`], for several selectors together.
    pub fn select_all(
        &self,
        whose: &str,
        selectors: &[Selector],
        mistakes: &Mistakes,
    ) -> Option<Vec<Range<u32>>> {
        let selected: Vec<_> = selectors
            .iter()
            .map(|selector| self.select(whose, selector, mistakes))
            .collect();
        let ranges: Vec<Vec<_>> = selected.into_iter().collect::<Option<_>>()?;
        Some(joined(ranges.concat()))
    }

    /// The index of the group of a node.
    pub fn group_of(&self, node: u32) -> usize {
        self.groups.partition_point(|group| group.nodes.end <= node)
    }

    /// The nodes of the group with this index.
    pub fn nodes_of(&self, group: usize) -> Range<u32> {
        self.groups[group].nodes.clone()
    }

    /// A node's name.
    pub fn node_name(&self, node: u32) -> String {
        let group = &self.groups[self.group_of(node)];
        match group.numbered {
            true => format!("{}-{}", group.name, node - group.nodes.start + 1),
            false => group.name.to_owned(),
        }
    }

    /// Names for a line of help: the groups, and the first nodes of each numbered
    /// group.
    fn examples(&self) -> Vec<String> {
        let mut names = Vec::new();
        for group in &self.groups {
            names.push(group.name.to_owned());
            if group.numbered {
                let count = (group.nodes.end - group.nodes.start).min(3);
                names.extend((1..=count).map(|number| format!("{}-{number}", group.name)));
            }
        }
        names
    }

    fn matching(&self, glob: &str) -> Vec<Range<u32>> {
        let mut ranges = Vec::new();
        let mut name = String::new();
        for group in &self.groups {
            if matches_glob(glob, group.name) {
                ranges.push(group.nodes.clone());
                continue;
            }
            if !group.numbered {
                continue;
            }
            name.clear();
            name.push_str(group.name);
            name.push('-');
            let stem = name.len();
            // `machine-*` matches all nodes of the group.
            if glob
                .strip_suffix('*')
                .is_some_and(|glob| matches_glob(glob, &name))
            {
                ranges.push(group.nodes.clone());
                continue;
            }
            for index in group.nodes.clone() {
                name.truncate(stem);
                // Writing to a String does not fail.
                let _ = write!(name, "{}", index - group.nodes.start + 1);
                if matches_glob(glob, &name) {
                    match ranges.last_mut() {
                        Some(Range { end, .. }) if *end == index => *end += 1,
                        _ => ranges.push(index..index + 1),
                    }
                }
            }
        }
        ranges
    }
}

/// Reports groups whose nodes would draw the same random numbers.
fn report_shared_streams(groups: &[GroupEntry], mistakes: &Mistakes) {
    let rng_id = |group: &GroupEntry| group.rng_id.as_ref().and_then(|it| it.value.clone());
    let mut owners: HashMap<(String, bool), &GroupEntry> = HashMap::new();
    for group in groups {
        let base = rng_id(group).unwrap_or_else(|| group.name.clone());
        let Some(other) = owners.insert((base.clone(), group.count.is_some()), group) else {
            continue;
        };
        // Names are unique, so at least one of the two has an `rng_id`.
        let rng_id = group.rng_id.as_ref().or(other.rng_id.as_ref());
        mistakes.add_with_help(
            rng_id.map_or(group.place, |it| it.place),
            format!(
                "groups `{}` and `{}` have the same random streams, those of `{base}`",
                other.name, group.name
            ),
            "their nodes would draw the same numbers; change one `rng_id`",
        );
    }
}

/// Whether a text is the number of a node: digits without a leading zero.
fn is_number(text: &str) -> bool {
    !text.starts_with('0') && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Sorts ranges and joins those that touch.
fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_or_overlap_become_one() {
        assert_eq!(joined(vec![4..6, 0..2, 2..3, 5..9]), [0..3, 4..9]);
    }
}
