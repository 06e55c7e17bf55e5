//! The end of the run: what happens after the failure is left out.

use base::duration::{parse, to_text};
use base::time::SimDuration;

use super::super::draft::at;
use super::super::minimize::{rounded_down, rounded_up};
use super::super::search::Search;

/// Ends the run soon after the record that proves the failure; then tries to end it sooner
/// still, in which case another record proves it.
pub fn shorten(search: &mut Search<'_>) {
    loop {
        let last = search.failing.last_ns;
        let ends = (1..=4).map(|digits| rounded_up(last, digits));
        let ends: Vec<u64> = ends
            .filter(|end| end - last <= last / 10)
            .chain([last])
            .collect();
        if !end_at(search, ends) {
            break;
        }
    }
    loop {
        let end = end(search);
        let shares = [(1, 64), (1, 8), (1, 2), (3, 4), (9, 10)];
        let ends = shares.map(|(part, of)| rounded_down(end / of * part, 2));
        if !end_at(search, ends.to_vec()) {
            return;
        }
    }
}

/// When the run ends at the latest `[ns]`.
fn end(search: &Search<'_>) -> u64 {
    let written = search.best.text_at(&at!["duration"]);
    let written = written.and_then(|text| parse(text).ok());
    written.map_or(search.failing.end_ns, |it| it.0)
}

/// Ends the run at the first of these times with which it still fails.
fn end_at(search: &mut Search<'_>, ends: Vec<u64>) -> bool {
    let (now, base) = (end(search), search.best.clone());
    // A round time a little later is better than the exact one.
    let most = now - now / 20;
    let sooner = ends.into_iter().filter(|end| (1..most).contains(end));
    let drafts = sooner.map(|end| {
        let mut draft = base.clone();
        draft.set(&at!["duration"], to_text(SimDuration(end)));
        draft
    });
    search.first(drafts).is_some()
}
