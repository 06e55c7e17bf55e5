//! From a results folder to a report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::drawing::{DRAWN_NODES, Drawing, Panel, acts_on_ticks, nanoseconds, speeds, step};
use super::figures::SPACE_TIME_NODES;
use super::folder::Folder;
use super::measured::Measured;
use super::observe::{Observations, observe};
use super::questions::{self, QUESTIONS};
use super::unfinished::{cut_off, open_log};
use super::write::{Outputs, write};
use super::{Error, Figure, Report, Section, cases, faults, lag, setting, unfinished, verdicts};
use crate::log::RunSchema;
use crate::log::tables::SUMMARY_FILE;
use crate::metrics::{RunMetrics, metric_names};
use crate::render::number::{count, whole};
use crate::results::{GroupInfo, LogMode, RunRow};

/// Cases that are drawn, and that observations are made of.
pub(super) const DRAWN_CASES: usize = 3;
/// Sentences at the top.
const KEY: usize = 7;

/// Builds the report of the results in `results`, or in its `latest`, into
/// `out`; the two may be the same folder.
///
/// # Errors
/// The folder holds no results, or they cannot be read as such; the report
/// cannot be written. An older report is then left as it was.
pub fn build(results: &Path, out: &Path) -> Result<Outputs, Error> {
    let folder = Folder::open(results)?;
    let report = from_folder(&folder)?;
    write(&report, if out == results { &folder.path } else { out })
}

/// The report of the results in a folder, as a value.
///
/// # Errors
/// As [`build`], without those of writing.
pub fn report(results: &Path) -> Result<Report, Error> {
    from_folder(&Folder::open(results)?)
}

fn from_folder(folder: &Folder) -> Result<Report, Error> {
    let manifest = &folder.manifest;
    let mut report = Report {
        title: manifest.scenario.title.clone(),
        description: manifest.scenario.description.clone(),
        warnings: setting::warnings(folder),
        facts: setting::facts(folder),
        setting: setting::tables(folder),
        source: Some((
            setting::handed_on(&manifest.scenario.file).to_owned(),
            manifest.scenario.text.clone(),
        )),
        notes: manifest.scenario.notes.clone(),
        ..Report::default()
    };
    if report.title.is_empty() {
        report.title.clone_from(&manifest.scenario.name);
    }
    let complete: Vec<&RunRow> = folder
        .runs
        .iter()
        .filter(|run| folder.is_whole(run))
        .collect();
    report.sections.extend(verdicts::section(folder)?);
    // Where no run came to its end, what one had written by then is all there is.
    let cut_off = match complete.is_empty() {
        true => cut_off(folder),
        false => Vec::new(),
    };
    let complete: Vec<&RunRow> = complete.into_iter().chain(&cut_off).collect();
    report
        .warnings
        .extend(unfinished::warnings(folder, &cut_off));
    if complete.is_empty() {
        report
            .warnings
            .push("No run came to its end, so there is nothing to measure.".to_owned());
        return Ok(report);
    }
    let measured = measure(folder, &complete, &mut report)?;
    if measured.left_out > 0 {
        report.left_out.push(format!(
            "The tables and observations are of the first {} rows of summary.csv; {} more were not read.",
            whole(measured.rows.len() as u64),
            whole(measured.left_out),
        ));
    }
    let speeds = speeds(&measured);
    let most_nodes = manifest.node_count() as usize;
    let mut drawing = Drawing::default();
    if manifest.log != LogMode::Off {
        let several = measured.cases.len() > 1;
        let drawn_cases = measured.cases.len().min(DRAWN_CASES);
        for (index, case) in measured.cases.iter().take(DRAWN_CASES).enumerate() {
            let panel = Panel {
                case,
                suffix: match several {
                    true => format!("-case-{}", index + 1),
                    false => String::new(),
                },
                of: match several {
                    true => format!(", case {case}"),
                    false => String::new(),
                },
                beside: drawn_cases,
            };
            drawing.draw(folder, &complete, &panel, &speeds, &mut report.warnings)?;
        }
        let gone = complete
            .iter()
            .filter(|run| !folder.run_folder(run).is_dir())
            .count() as u64;
        if gone > 0 {
            report.left_out.push(format!(
                "The logs of {} are gone; what was measured of them is in the tables, and not in the plots.",
                count(gone, "run"),
            ));
        }
        leave_out(
            &mut report.left_out,
            &measured,
            &complete,
            most_nodes.min(DRAWN_NODES),
            most_nodes,
            drawing.runs,
        );
    }
    report.left_out.extend(setting::log_note(folder));
    let observed = observed(folder, &measured, drawing.external_peers);
    let compared = cases::section(folder, &measured);
    let telling = compared.iter().flat_map(|it| it.observations.clone());
    let telling: Vec<String> = telling.collect();
    report.sections.extend(compared);
    report
        .sections
        .extend(sections(&measured, &observed, drawing.figures));
    report
        .sections
        .extend(faults::section(folder, &complete, &mut report.warnings)?);
    report
        .sections
        .extend(lag::section(folder, &complete, &mut report.warnings)?);
    let judged = report.sections.iter().filter(|it| it.id == verdicts::ID);
    report.key = judged
        .filter_map(|section| section.observations.first().cloned())
        .chain(telling)
        .chain(key(&measured, &observed))
        .collect();
    Ok(report)
}

/// What the first cases show.
pub(super) fn observed(
    folder: &Folder,
    measured: &Measured,
    external_peers: bool,
) -> Vec<Observations> {
    let manifest = &folder.manifest;
    // Whether somebody outside may have taken part whose messages have one end
    // here: known from the logs, and suspected where there are none.
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

/// The metrics: from `summary.csv`, or else from the logs.
pub(super) fn measure(
    folder: &Folder,
    complete: &[&RunRow],
    report: &mut Report,
) -> Result<Measured, Error> {
    let file = folder.path.join(SUMMARY_FILE);
    let whole = complete.iter().all(|run| folder.is_whole(run));
    if whole && file.exists() || folder.manifest.log == LogMode::Off {
        let runs: BTreeSet<u64> = complete.iter().map(|run| run.run).collect();
        return Measured::read(&file, &runs);
    }
    if whole {
        report.left_out.push(
            "`summary.csv` is missing; the metrics were computed from the logs again.".to_owned(),
        );
    }
    let mut measured = Measured::default();
    let mut schemas: BTreeMap<&str, RunSchema> = BTreeMap::new();
    for run in complete {
        let schema = schemas
            .entry(&run.case)
            .or_insert_with(|| folder.manifest.run_schema(&run.case));
        for node in &schema.nodes {
            for name in metric_names(&node.columns) {
                if !measured.metrics.contains(&name) {
                    measured.metrics.push(name);
                }
            }
        }
    }
    for run in complete {
        let schema = &schemas[run.case.as_str()];
        let names: Vec<&str> = schema.nodes.iter().map(|node| node.name.as_str()).collect();
        let mut log = open_log(folder, run, schema)?;
        let mut metrics = RunMetrics::new(schema);
        while let Some((row, columns)) = log.next()? {
            metrics.row(&row, columns);
        }
        measured.push_run(
            run.run,
            &run.case,
            &names,
            &metrics.finish(nanoseconds(run)),
        );
    }
    Ok(measured)
}

/// What the plots do not show.
fn leave_out(
    left_out: &mut Vec<String>,
    measured: &Measured,
    complete: &[&RunRow],
    shown_nodes: usize,
    nodes: usize,
    drawn_runs: usize,
) {
    if measured.cases.len() > DRAWN_CASES {
        left_out.push(format!(
            "Plots and observations are of the first {DRAWN_CASES} of {} cases; the tables are of all.",
            whole(measured.cases.len() as u64)
        ));
    }
    if drawn_runs < complete.len() {
        left_out.push(format!(
            "The plots show {} of {} (the first of each case); the tables are of all.",
            drawn_runs,
            count(complete.len() as u64, "complete run"),
        ));
    }
    if shown_nodes < nodes {
        left_out.push(format!(
            "The plots show the first {shown_nodes} of {}, in the order of the scenario; in them drift is among these. Space-time diagrams show at most {SPACE_TIME_NODES}.",
            count(nodes as u64, "node"),
        ));
    }
}

/// The questions for which there are numbers or pictures.
pub(super) fn sections(
    measured: &Measured,
    observed: &[Observations],
    mut figures: Vec<Vec<Figure>>,
) -> Vec<Section> {
    let several = measured.cases.len() > 1;
    let said = |pick: fn(&Observations) -> &Vec<String>| -> Vec<String> {
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
        said(|all| &all.jumps),
        said(|all| &all.drift),
        said(|all| &all.gaps),
        said(|all| &all.queues),
        said(|all| &all.messages),
    ];
    let story = figures.pop().unwrap_or_default();
    let own_figures = figures.pop().unwrap_or_default();
    let own_metrics = questions::own_metrics(measured);
    let own = (
        "columns",
        "What do the behaviors' own columns say?",
        own_metrics.as_slice(),
    );
    let asked = QUESTIONS
        .iter()
        .map(|question| (question.id, question.title, question.metrics));
    let mut sections: Vec<Section> = asked
        .chain([own])
        .zip(figures.into_iter().chain([own_figures]))
        .zip(observations.into_iter().chain([Vec::new()]))
        .filter_map(|(((id, title, metrics), figures), observations)| {
            let metrics = questions::present(measured, metrics);
            (!metrics.is_empty()).then(|| Section {
                id: id.to_owned(),
                title: title.to_owned(),
                observations,
                figures,
                tables: questions::tables(measured, &metrics),
                definitions: questions::definitions_of(measured, &metrics),
            })
        })
        .collect();
    if !story.is_empty() {
        sections.push(Section {
            id: "space-time".to_owned(),
            title: "Who told whom, and when?".to_owned(),
            figures: story,
            ..Section::default()
        });
    }
    sections
}

/// The sentences at the top: the first of each kind, then what room is left.
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
        let room = if several {
            KEY / observed.len() + 1
        } else {
            KEY
        };
        let picked = picks.into_iter().flatten().flatten().take(room);
        key.extend(picked.map(|text| format!("{prefix}{text}")));
    }
    key
}
