//! Cases that draw the same numbers, and do not have the same nodes: what is paired is said.

use crate::scenario::{Diagnostic, Group, Pairing, ReadCase, Reading};
use analysis::results::{SharedStreams, StreamNames};

/// A warning, if not all nodes of all cases have a counterpart in the baseline.
pub(super) fn warning(reading: &Reading, pairing: Pairing) -> Option<Diagnostic> {
    let baseline = &reading.cases[pairing.baseline];
    let there = names(baseline);
    let mut unpaired = reading.cases.iter().filter_map(|case| {
        let shared = SharedStreams::of(&there, &names(case));
        (!shared.is_whole()).then(|| shared.text(&baseline.id, &case.id))
    });
    let first = unpaired.next()?;
    let more = match unpaired.count() {
        0 => String::new(),
        1 => "; and 1 more case has other nodes".to_owned(),
        more => format!("; and {more} more cases have other nodes"),
    };
    let warning = Diagnostic::new(
        &reading.source,
        pairing.place,
        format!("not all nodes are paired: {first}{more}"),
    );
    let help = "nodes of the same name (`rng_id`), and links between them, draw the same numbers; the others draw numbers that the other case does not use";
    Some(warning.help(help).as_warning())
}

fn names(case: &ReadCase) -> Vec<StreamNames> {
    let groups = case.scenario.iter().flat_map(|it| &it.groups);
    let name = |group: &Group| StreamNames {
        name: group.rng_id.as_ref().unwrap_or(&group.name).clone(),
        count: group.count,
        numbered: group.numbered,
    };
    groups.map(name).collect()
}
