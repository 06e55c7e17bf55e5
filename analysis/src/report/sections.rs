//! The sections of a report: a question with its observations, figures and tables;
//! and the key sentences at the top.

use super::drawing::{acts_on_ticks, step};
use super::folder::Folder;
use super::measured::Measured;
use super::observe::{Observations, observe};
use super::questions::{self, Keys, QUESTIONS};
use super::{Figure, Section, spreads};
use crate::results::{GroupInfo, LogMode};

/// Maximum number of cases with plots and observations.
pub(super) const DRAWN_CASES: usize = 3;
/// The anchor of the space-time diagram.
pub(super) const STORY: &str = "space-time";
/// Number of key sentences.
const KEY: usize = 7;

/// The observations of the first cases.
pub(super) fn observed(
    folder: &Folder,
    measured: &Measured,
    external_peers: bool,
) -> Vec<Observations> {
    let manifest = &folder.manifest;
    // External peers may have sent and received messages, of which the logs have one
    // end. Without logs this is assumed.
    let open = manifest.is_real()
        && (manifest.log == LogMode::Off
            || external_peers
            || manifest.groups.iter().any(GroupInfo::is_program));
    (0..measured.cases.len().min(DRAWN_CASES))
        .map(|case| {
            let ticks = acts_on_ticks(manifest, &measured.cases[case]);
            observe(measured, case, step(ticks), ticks, open)
        })
        .collect()
}

/// The sections of the questions that have numbers or plots.
pub(super) fn sections(
    measured: &Measured,
    observed: &[Observations],
    mut figures: Vec<Vec<Figure>>,
) -> Vec<Section> {
    let several = measured.cases.len() > 1;
    let of_all = |pick: fn(&Observations) -> &Vec<String>| -> Vec<String> {
        observed
            .iter()
            .enumerate()
            .flat_map(|(case, all)| {
                let prefix = if several {
                    format!("{}: ", measured.cases[case])
                } else {
                    String::new()
                };
                pick(all).iter().map(move |text| format!("{prefix}{text}"))
            })
            .collect()
    };
    let observations = [
        of_all(|all| &all.jumps),
        of_all(|all| &all.drift),
        of_all(|all| &all.gaps),
        of_all(|all| &all.queues),
        of_all(|all| &all.messages),
    ];
    let story = figures.pop().unwrap_or_default();
    let own_figures = figures.pop().unwrap_or_default();
    let own_metrics = questions::own_metrics(measured);
    let own = (
        "columns",
        "What do the behaviors' own columns say?",
        own_metrics.as_slice(),
    );
    let counted = questions::event_counts(measured);
    let counts = ("events", "What happened how often?", counted.as_slice());
    let asked = QUESTIONS
        .iter()
        .map(|question| (question.id, question.title, question.metrics));
    let groups = spreads::groups(measured, DRAWN_CASES);
    let over_runs = questions::has_several_runs(measured).then(|| Keys::of(measured));
    let mut sections: Vec<Section> = asked
        .chain([own, counts])
        .zip(figures.into_iter().chain([own_figures, Vec::new()]))
        .zip(observations.into_iter().chain([Vec::new(), Vec::new()]))
        .filter_map(|(((id, title, metrics), figures), observations)| {
            let metrics = questions::present(measured, metrics);
            let drawn = questions::drawn(measured, id, &metrics);
            let of_runs = spreads::spread(measured, id, &drawn, &groups);
            let has_runs = of_runs.is_some();
            (!metrics.is_empty()).then(|| Section {
                id: id.to_owned(),
                title: title.to_owned(),
                observations,
                figures: of_runs.into_iter().chain(figures).collect(),
                tables: questions::tables(measured, over_runs.as_ref(), &metrics, has_runs),
                definitions: questions::definitions_of(measured, &metrics),
            })
        })
        .collect();
    if !story.is_empty() {
        sections.push(story_of(story));
    }
    sections
}

/// The section of the space-time diagram, with its still pictures.
pub(super) fn story_of(figures: Vec<Figure>) -> Section {
    Section {
        id: STORY.to_owned(),
        title: "Who told whom, and when?".to_owned(),
        figures,
        ..Section::default()
    }
}

/// Puts the section of the diagram where a reader looks for it: after what failed, if
/// anything did; else after the questions.
pub(super) fn place_story(sections: &mut Vec<Section>, has_diagram: bool) {
    let found = sections.iter().position(|section| section.id == STORY);
    let section = match found {
        Some(at) => sections.remove(at),
        None if has_diagram => story_of(Vec::new()),
        None => return,
    };
    let failures = sections
        .iter()
        .position(|section| section.id == super::failures::ID);
    let at = match (failures, found) {
        (Some(failures), _) if has_diagram => failures + 1,
        (_, Some(at)) => at,
        _ => sections.len(),
    };
    sections.insert(at, section);
}

/// The key sentences at the top: the first of each question.
pub(super) fn key(measured: &Measured, observed: &[Observations]) -> Vec<String> {
    let several = observed.len() > 1;
    let mut key = Vec::new();
    for (case, all) in observed.iter().enumerate() {
        let prefix = if several {
            format!("{}: ", measured.cases[case])
        } else {
            String::new()
        };
        let picks = [
            all.jumps.get(..all.jumps.len().min(2)),
            all.queues.get(..all.queues.len().min(2)),
            all.drift.get(..all.drift.len().min(1)),
            all.gaps.get(..all.gaps.len().min(1)),
            all.messages.get(..all.messages.len().min(1)),
        ];
        let room = match several {
            // The sentences about all cases come first.
            true if measured.cases.len() > observed.len() => 1,
            true => KEY / observed.len() + 1,
            false => KEY,
        };
        let picked = picks.into_iter().flatten().flatten().take(room);
        key.extend(picked.map(|text| format!("{prefix}{text}")));
    }
    key
}
