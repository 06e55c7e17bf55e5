//! The reductions, in their order. Each takes the best scenario so far and tries simpler ones;
//! none knows what a failure is about. All are repeated until none of them finds anything.

mod config;
mod duration;
mod entries;
mod nodes;
mod values;

use super::draft::{Draft, Path, Step, at, below};
use super::search::Search;

/// A reduction, and its name for people.
type Pass = (&'static str, fn(&mut Search<'_>));

/// The reductions. What takes away the most events comes first, so that all later tries are
/// short.
const PASSES: [Pass; 10] = [
    ("checks", entries::judges),
    ("time", duration::shorten),
    ("faults", entries::faults),
    ("nodes", nodes::groups),
    ("nodes", nodes::counts),
    ("links", entries::links),
    ("config", config::configs),
    ("numbers", values::numbers),
    ("times", values::times),
    ("keys", entries::top),
];

/// A failure that shows within so many events can be read as it is. Arbitrary.
const READABLE: u64 = 100;

/// Maximum number of seeds that are tried for a shorter run. Arbitrary.
const SEEDS: i64 = 20;

/// Repeats all reductions until none of them finds anything, or the search is over. If the
/// failure is still long then, another seed may show it sooner.
pub fn all(search: &mut Search<'_>) {
    repeat(search, &PASSES);
    while search.failing.needed() >= READABLE {
        search.begin("seed");
        let base = search.best.clone();
        let seeds = (1..=SEEDS).map(|seed| {
            let mut draft = base.clone();
            draft.set(&at!["seed"], seed);
            draft
        });
        if search.first_half(seeds).is_none() {
            return;
        }
        repeat(search, &PASSES);
    }
}

fn repeat(search: &mut Search<'_>, passes: &[Pass]) {
    loop {
        let before = search.best.text();
        for (name, pass) in passes {
            search.begin(name);
            pass(search);
        }
        if search.best.text() == before || search.ended().is_some() {
            return;
        }
    }
}

/// Tries to remove each of these, one after the other.
fn remove_each(search: &mut Search<'_>, paths: impl IntoIterator<Item = Path>) {
    for path in paths {
        search.without(&path);
    }
}

/// The paths of the keys of a table.
fn keys(draft: &Draft, table: &[Step]) -> Vec<Path> {
    let Some(table_like) = draft.get(table).and_then(|item| item.as_table_like()) else {
        return Vec::new();
    };
    let keys = table_like.iter().map(|(key, _)| key.to_owned());
    keys.map(|key| below(table, key.as_str())).collect()
}

/// The number of entries of an array.
pub(super) fn length(draft: &Draft, array: &[Step]) -> usize {
    let item = draft.get(array);
    let tables = item
        .and_then(|it| it.as_array_of_tables())
        .map(|it| it.len());
    let values = item.and_then(|it| it.as_array()).map(|it| it.len());
    tables.or(values).unwrap_or(0)
}

/// A scenario with only these entries of an array.
fn only(draft: &Draft, array: &[Step], kept: &[usize]) -> Draft {
    let mut draft = draft.clone();
    for index in (0..length(&draft, array)).rev() {
        if !kept.contains(&index) {
            draft.remove(&below(array, index));
        }
    }
    draft
}

/// Makes an array smaller, down to no entry.
fn shrink_array(search: &mut Search<'_>, array: &[Step]) {
    let all: Vec<usize> = (0..length(&search.best, array)).collect();
    search.set(all, |base, kept| only(base, array, kept));
}

/// Makes the arrays of texts, tables and arrays inside a value smaller, the outer ones first.
fn shrink_arrays(search: &mut Search<'_>, at: &[Step]) {
    let Some(item) = search.best.get(at) else {
        return;
    };
    if item.as_array().is_some_and(|array| array.len() > 1) {
        shrink_array(search, at);
    }
    let inside = match search.best.get(at) {
        Some(item) if item.is_array() => (0..length(&search.best, at))
            .map(|index| below(at, index))
            .collect(),
        _ => keys(&search.best, at),
    };
    for path in inside {
        shrink_arrays(search, &path);
    }
}

/// The names of the groups, in the order of the file.
fn group_names(draft: &Draft) -> Vec<String> {
    let nodes = draft.get(&at!["nodes"]).and_then(|it| it.as_table_like());
    let names = nodes.map(|table| table.iter().map(|(key, _)| key.to_owned()).collect());
    names.unwrap_or_default()
}
