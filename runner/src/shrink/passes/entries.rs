//! Checks, faults and links, each a list of entries; and the keys at the top of the file.

use super::super::draft::{Draft, Path, Step, at, below};
use super::super::search::Search;
use super::{keys, length, remove_each, shrink_array, shrink_arrays};

/// Leaves out all checks, expectations and properties but one, or as many as can be.
pub fn judges(search: &mut Search<'_>) {
    let all: Vec<(&str, usize)> = ["check", "expect", "property"]
        .into_iter()
        .flat_map(|name| (0..length(&search.best, &at![name])).map(move |at| (name, at)))
        .collect();
    let only = |base: &Draft, kept: &[(&str, usize)]| {
        let mut draft = base.clone();
        for (name, at) in all.iter().rev() {
            if !kept.contains(&(name, *at)) {
                draft.remove(&at![*name, *at]);
            }
        }
        draft
    };
    let base = search.best.clone();
    let none = [Vec::new()].into_iter();
    let single = all.iter().map(|one| vec![*one]);
    let kept = none.chain(single).map(|kept| only(&base, &kept));
    if all.len() > 1 && search.first(kept).is_some() {
        return;
    }
    search.set(all.clone(), only);
}

/// Leaves out faults, then what repeats and lengthens them, then their members.
pub fn faults(search: &mut Search<'_>) {
    shrink_array(search, &at!["faults"]);
    for index in 0..length(&search.best, &at!["faults"]) {
        let fault = at!["faults", index];
        let first = ["every", "for", "required", "cut"].map(|key| below(&fault, key));
        remove_each(search, first);
        for kind in ["partition", "crash", "pause"] {
            shrink_arrays(search, &below(&fault, kind));
        }
        for kind in ["tick_rate", "drift", "link"] {
            shrink_arrays(search, &below(&below(&fault, kind), "nodes"));
        }
        let link = below(&fault, "link");
        let settings = keys(&search.best, &link);
        remove_each(search, settings.into_iter().filter(is_no_end));
    }
}

/// Leaves out links, then what they do.
pub fn links(search: &mut Search<'_>) {
    shrink_array(search, &at!["links"]);
    for index in 0..length(&search.best, &at!["links"]) {
        let settings = keys(&search.best, &at!["links", index]);
        remove_each(search, settings.into_iter().filter(is_no_end));
    }
}

/// Whether a key of a link is no end of it.
fn is_no_end(path: &Path) -> bool {
    let ends = ["between", "from", "to"];
    !matches!(path.last(), Some(Step::Key(key)) if ends.contains(&key.as_str()))
}

/// Leaves out the keys at the top of the file that only tune the run.
pub fn top(search: &mut Search<'_>) {
    const TUNING: [&str; 9] = [
        "warmup",
        "purpose",
        "speed",
        "max_buffered",
        "state",
        "max_events_at_once",
        "max_log",
        "time",
        "rng_id",
    ];
    let here = TUNING.map(|key| at![key]);
    let here = here.into_iter().filter(|it| search.best.get(it).is_some());
    remove_each(search, here.collect::<Vec<_>>());
    if search.best.get(&at!["rng_id"]).is_some() {
        remove_rng_id(search);
    }
}

/// Maximum number of seeds that are tried in place of `rng_id`. Arbitrary.
const SEEDS: i64 = 10;

/// Draws the random numbers of a first run with another seed.
fn remove_rng_id(search: &mut Search<'_>) {
    let base = search.best.clone();
    search.first((1..=SEEDS).map(|seed| {
        let mut draft = base.clone();
        draft.remove(&at!["rng_id"]);
        draft.set(&at!["seed"], seed);
        draft
    }));
}
