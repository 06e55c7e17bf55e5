//! The configs of behaviors and checks: back to their defaults.

use base::duration::{parse, to_text};
use base::time::SimDuration;

use super::super::draft::{Path, at};
use super::super::search::Search;
use super::{group_names, keys, length, remove_each, shrink_arrays};

/// Leaves out configs, then keys of them, then entries of their lists. A key that is not
/// there has its default. The other keys of a group are treated in the same way.
pub fn configs(search: &mut Search<'_>) {
    let groups = group_names(&search.best).into_iter();
    let groups = groups.map(|group| at!["nodes", &*group, "config"]);
    let checks = 0..length(&search.best, &at!["check"]);
    let checks = checks.map(|index| at!["check", index, "config"]);
    for config in groups.chain(checks).collect::<Vec<Path>>() {
        if search.best.get(&config).is_none() {
            continue;
        }
        if search.without(&config) {
            continue;
        }
        let all = keys(&search.best, &config);
        if all.len() > 3 {
            search.set(all.clone(), |base, kept| {
                let mut draft = base.clone();
                for key in all.iter().filter(|key| !kept.contains(key)) {
                    draft.remove(key);
                }
                draft
            });
        } else {
            remove_each(search, all);
        }
        shrink_arrays(search, &config);
        for key in keys(&search.best, &config) {
            remove_inner(search, &key);
            remove_later(search, &key);
        }
    }
    for group in group_names(&search.best) {
        let own = keys(&search.best, &at!["nodes", &*group]);
        let kept = ["behavior", "config", "count", "extends"];
        let is_kept = |path: &Path| kept.iter().any(|key| path.ends_with(&at![*key]));
        remove_each(search, own.into_iter().filter(|path| !is_kept(path)));
    }
}

/// Leaves out a whole number, and lets the run go on for longer: with the default, the failure
/// may show a little later. Not a time: without a pause, nodes may do at once all that they do.
fn remove_later(search: &mut Search<'_>, key: &Path) {
    if !search.best.get(key).is_some_and(|item| item.is_integer()) {
        return;
    }
    let mut draft = search.best.clone();
    let duration = draft
        .text_at(&at!["duration"])
        .and_then(|it| parse(it).ok());
    let Some(duration) = duration.filter(|_| draft.remove(key)) else {
        return;
    };
    let longer = SimDuration(duration.0.saturating_mul(LONGER));
    draft.set(&at!["duration"], to_text(longer));
    search.first_longer([draft]);
}

/// How much longer a run goes on without a key. Arbitrary.
const LONGER: u64 = 8;

/// Leaves out keys of tables inside a config.
fn remove_inner(search: &mut Search<'_>, table: &Path) {
    for key in keys(&search.best, table) {
        if !search.without(&key) {
            remove_inner(search, &key);
        }
    }
}
