//! Groups and numbers of nodes, with everything that names them.

use analysis::expect::matches_glob;

use super::super::draft::{Draft, Path, Step, at, below};
use super::super::minimize::smaller;
use super::super::search::Search;
use super::{group_names, length};

/// Leaves out groups.
pub fn groups(search: &mut Search<'_>) {
    let names = group_names(&search.best);
    if names.len() < 2 {
        return;
    }
    search.set(names.clone(), |base, kept| {
        let mut draft = base.clone();
        for name in names.iter().filter(|name| !kept.contains(name)) {
            remove_group(&mut draft, name);
        }
        draft
    });
}

/// Removes a group, after the groups that extend it have its keys.
fn remove_group(draft: &mut Draft, name: &str) {
    for other in group_names(draft) {
        let extends = at!["nodes", &*other, "extends"];
        if draft.text_at(&extends) == Some(name) {
            inherit(draft, name, &other);
        }
    }
    draft.remove(&at!["nodes", name]);
    let left: Vec<String> = group_names(draft)
        .into_iter()
        .flat_map(|group| [format!("{group}-1"), group])
        .collect();
    let selects_none =
        |text: &str| text.contains(['*', '?']) && !left.iter().any(|node| matches_glob(text, node));
    forget(draft, &|node: &str| {
        node == name || number_in(node, name).is_some() || selects_none(node)
    });
}

/// Gives `other` the keys of the group that it extends.
fn inherit(draft: &mut Draft, from: &str, other: &str) {
    const TIMING: [&str; 4] = ["tick_rate", "tick_interval", "tick_phase", "service_time"];
    let tree = draft.tree();
    let group = |name: &str| tree.get("nodes")?.get(name)?.as_table().cloned();
    let (Some(base), Some(own)) = (group(from), group(other)) else {
        return;
    };
    draft.remove(&at!["nodes", other, "extends"]);
    let has_timing = TIMING.iter().any(|key| own.contains_key(*key));
    for (key, value) in base {
        let at = at!["nodes", other, &*key];
        let is_timing = TIMING.contains(&key.as_str());
        match (&value, own.get(&key)) {
            (toml::Value::Table(config), Some(_)) if key == "config" => {
                let own = own.get("config").and_then(toml::Value::as_table);
                for (key, value) in config {
                    if own.is_none_or(|own| !own.contains_key(key)) {
                        set(draft, &below(&at, key.as_str()), value);
                    }
                }
            }
            (_, Some(_)) => {}
            _ if is_timing && has_timing => {}
            _ => set(draft, &at, &value),
        }
    }
}

fn set(draft: &mut Draft, at: &[Step], value: &toml::Value) {
    if let Ok(value) = value.to_string().parse::<toml_edit::Value>() {
        draft.set(at, value);
    }
}

/// Number of a node within a group: 3 for `machine-3` of `machine`.
fn number_in(node: &str, group: &str) -> Option<i64> {
    let number = node.strip_prefix(group)?.strip_prefix('-')?;
    number.parse().ok()
}

/// Takes the nodes for which `is_gone` is true out of links and faults, with the links and
/// faults that nothing is left of. What else names them is found when the scenario is read.
fn forget(draft: &mut Draft, is_gone: &dyn Fn(&str) -> bool) {
    let gone = |draft: &Draft, at: &Path| draft.text_at(at).is_some_and(is_gone);
    for index in (0..length(draft, &at!["links"])).rev() {
        let link = at!["links", index];
        let ends = [
            below(&link, "from"),
            below(&link, "to"),
            at!["links", index, "between", 0usize],
            at!["links", index, "between", 1usize],
        ];
        if ends.iter().any(|end| gone(draft, end)) {
            draft.remove(&link);
        }
    }
    for index in (0..length(draft, &at!["faults"])).rev() {
        forget_in_fault(draft, index, is_gone);
    }
}

fn forget_in_fault(draft: &mut Draft, index: usize, is_gone: &dyn Fn(&str) -> bool) {
    let fault = at!["faults", index];
    let before = draft.clone();
    for kind in ["partition", "crash", "pause"] {
        forget_in(draft, &below(&fault, kind), is_gone);
    }
    for kind in ["tick_rate", "drift"] {
        forget_in(draft, &below(&below(&fault, kind), "nodes"), is_gone);
    }
    forget_in(draft, &below(&fault, "link"), is_gone);
    let had = |draft: &Draft, kind: &str| draft.get(&at!["faults", index, kind]).is_some();
    let kinds = ["partition", "crash", "pause", "tick_rate", "drift", "link"];
    if kinds
        .iter()
        .any(|kind| had(&before, kind) && !had(draft, kind))
    {
        draft.remove(&fault);
    }
}

/// Takes texts out of a value; a text, or an end of a link, takes the whole value along.
fn forget_in(draft: &mut Draft, at: &[Step], is_gone: &dyn Fn(&str) -> bool) {
    let Some(item) = draft.get(at) else {
        return;
    };
    if item.as_str().is_some_and(is_gone) {
        draft.remove(at);
        return;
    }
    if item.is_array() {
        for index in (0..length(draft, at)).rev() {
            forget_in(draft, &below(at, index), is_gone);
        }
        return;
    }
    let ends = [below(at, "from"), below(at, "to"), below(at, "between")];
    let is_named_gone = |at: &Path| draft.text_at(at).is_some_and(is_gone);
    let names_gone = |end: &Path| {
        is_named_gone(end)
            || is_named_gone(&below(end, 0usize))
            || is_named_gone(&below(end, 1usize))
    };
    if ends.iter().any(names_gone) {
        draft.remove(at);
    }
}

/// Lowers the number of nodes of each group, and looks for the one node that matters.
pub fn counts(search: &mut Search<'_>) {
    for name in group_names(&search.best) {
        lower(search, &name);
        if count(search, &name) == Some(1) {
            single(search, &name, &[1]);
        }
    }
}

fn count(search: &Search<'_>, group: &str) -> Option<i64> {
    let item = search.best.get(&at!["nodes", group, "count"]);
    item.and_then(|item| item.as_integer())
}

/// The largest group of which each node is tried alone. Arbitrary.
const MOST_SINGLE: i64 = 16;

fn lower(search: &mut Search<'_>, group: &str) {
    let Some(now) = count(search, group) else {
        return;
    };
    let fewer = |base: &Draft, count: i64| {
        let mut draft = base.clone();
        draft.set(&at!["nodes", group, "count"], count);
        forget(&mut draft, &|node: &str| {
            number_in(node, group).is_some_and(|number| number > count)
        });
        draft
    };
    let base = search.best.clone();
    let counts: Vec<i64> = smaller(now).into_iter().filter(|it| *it > 0).collect();
    if counts.is_empty() {
        return;
    }
    let tried = counts.iter().map(|count| fewer(&base, *count));
    let found = search.first(tried);
    if found == Some(0) {
        return;
    }
    if (2..=MOST_SINGLE).contains(&now) && found.is_none() {
        let nodes: Vec<i64> = (2..=now).collect();
        if single(search, group, &nodes) {
            return;
        }
    }
    // Between the last power of two that was too small and the number that was found.
    let mut high = found.map_or(now, |index| counts[index]);
    let mut low = match found {
        Some(index) => counts[index - 1],
        None => counts[counts.len() - 1],
    };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let base = search.best.clone();
        match search.first([fewer(&base, middle)]) {
            Some(_) => high = middle,
            None => low = middle,
        }
    }
    if (2..=MOST_SINGLE).contains(&high) && found.is_some() {
        let nodes: Vec<i64> = (2..=high).collect();
        single(search, group, &nodes);
    }
}

/// Puts one node in place of a group: `machine-3` in place of `machine` with `count = 5`. The
/// node keeps its name, and so its random numbers.
fn single(search: &mut Search<'_>, group: &str, nodes: &[i64]) -> bool {
    let base = search.best.clone();
    let drafts = nodes.iter().flat_map(|number| {
        let plain = (*number == 1).then(|| alone(&base, group, *number, group));
        let named = alone(&base, group, *number, &format!("{group}-{number}"));
        plain.into_iter().chain([named])
    });
    // A node 1 that only works under its own name stays `count = 1`.
    let only_plain = nodes == [1];
    let drafts: Vec<Draft> = drafts.collect();
    let most = if only_plain { 1 } else { drafts.len() };
    search.first(drafts.into_iter().take(most)).is_some()
}

fn alone(base: &Draft, group: &str, number: i64, name: &str) -> Draft {
    let mut draft = base.clone();
    draft.remove(&at!["nodes", group, "count"]);
    if draft.get(&at!["nodes", group, "rng_id"]).is_some() && name != group {
        let rng_id = draft.text_at(&at!["nodes", group, "rng_id"]);
        let rng_id = format!("{}-{number}", rng_id.unwrap_or_default());
        draft.set(&at!["nodes", group, "rng_id"], rng_id);
    }
    if name != group && !draft.rename(&at!["nodes"], group, name) {
        return base.clone();
    }
    forget(&mut draft, &|node: &str| {
        number_in(node, group).is_some_and(|other| other != number)
    });
    let old = format!("{group}-{number}");
    let renamed = |text: &str| text == group || text == old;
    for list in ["links", "faults", "expect", "property"] {
        replace(&mut draft, &at![list], &renamed, name);
    }
    draft
}

/// Replaces texts in a value and in everything inside it.
fn replace(draft: &mut Draft, at: &[Step], renamed: &dyn Fn(&str) -> bool, name: &str) {
    let Some(item) = draft.get(at) else {
        return;
    };
    if let Some(text) = item.as_str() {
        if renamed(text) {
            draft.set(at, name);
        }
        return;
    }
    let inside = match item.is_array() || item.is_array_of_tables() {
        true => (0..length(draft, at))
            .map(|index| below(at, index))
            .collect(),
        false => super::keys(draft, at),
    };
    for path in inside {
        replace(draft, &path, renamed, name);
    }
}
