//! From a results folder to a report.

use std::path::Path;

use super::collect::collect;
use super::diagram::{FolderLogs, choose};
use super::drawing::{DRAWN_NODES, Drawing, Panel, speeds};
use super::figures::SPACE_TIME_NODES;
use super::folder::Folder;
use super::measured::Measured;
use super::sections::{DRAWN_CASES, key, observed, place_story, sections};
use super::standing::Standing;
use super::unfinished::cut_off;
use super::write::{Outputs, Wanted, write_with};
use super::{
    Error, Report, cases, failures, faults, joined, lag, matrix, outliers, over_cases, pairs,
    place, setting, unfinished, verdicts, warmup,
};
use crate::notes::{self, Found, Notes};
use crate::render::number::{count, whole as whole_number};
use crate::results::{LogMode, RunRow};

/// Number of key sentences about cases that are compared in pairs.
const KEY_PAIRS: usize = 3;

/// Builds the report of the results in `results`, or in its `latest`, into
/// `out`; the two may be the same folder.
///
/// # Errors
/// The folder holds no results, or they cannot be read as such; the report
/// cannot be written. An older report is then left as it was.
pub fn build(results: &Path, out: &Path) -> Result<Outputs, Error> {
    let folder = Folder::open(results)?;
    let out = if out == results { &folder.path } else { out };
    build_opened(&folder, out, &Wanted::default())
}

/// As [`build`], of a folder that is open.
pub(super) fn build_opened(folder: &Folder, out: &Path, wanted: &Wanted) -> Result<Outputs, Error> {
    let mut report = from_folder(folder)?;
    annotate(&mut report, wanted.notes.as_ref());
    write_with(&report, Some(&FolderLogs(folder)), out, wanted)
}

/// Puts notes into a report, in place of its own, and warns of what is wrong with them.
pub(super) fn annotate(report: &mut Report, notes: Option<&Found>) {
    if let Some(found) = notes {
        report.notes = Some(found.notes.clone());
        let problems = found.problems.iter();
        let problems = problems.map(|it| format!("In the notes, {it}."));
        report.warnings.extend(problems);
    }
    notes::warn_of_anchors(report);
}

/// The report of the results in a folder, as a value.
///
/// # Errors
/// As [`build`], without those of writing.
pub fn report(results: &Path) -> Result<Report, Error> {
    let mut report = from_folder(&Folder::open(results)?)?;
    annotate(&mut report, None);
    Ok(report)
}

fn from_folder(folder: &Folder) -> Result<Report, Error> {
    let mut report = top(folder);
    let standing = Standing::of(folder)?;
    report
        .sections
        .extend(verdicts::section(folder, &standing, &mut report.warnings)?);
    report.sections.extend(failures::section(folder, &standing));
    let whole: Vec<&RunRow> = folder
        .runs
        .iter()
        .filter(|run| folder.is_whole(run))
        .collect();
    // If no run reached its end, the report is made of what one run had written.
    let cut_off = match whole.is_empty() {
        true => cut_off(folder),
        false => Vec::new(),
    };
    let complete: Vec<&RunRow> = whole.into_iter().chain(&cut_off).collect();
    let unfinished = unfinished::warnings(folder, &cut_off);
    report.warnings.extend(unfinished);
    if complete.is_empty() {
        let warning = "No run came to its end, so there is nothing to measure.";
        report.warnings.push(warning.to_owned());
        report.diagram = choose(folder, &complete, &standing, &[], &mut report.left_out)?;
        place_story(&mut report.sections, report.diagram.is_some());
        return Ok(report);
    }
    let mut measured = collect(folder, &complete, &mut report)?;
    report.matrix = matrix::matrix(folder, &measured);
    if let Some(matrix) = &report.matrix {
        // Plots and observations are of the first cases.
        let notable = matrix.notable.iter();
        let ids: Vec<String> = notable.map(|it| matrix.cases[it.case].id.clone()).collect();
        measured.bring_forward(&ids);
    }
    let measured = measured;
    let drawing = draw(folder, &complete, &measured, &mut report)?;
    report.left_out.extend(setting::log_note(folder));
    let observed = observed(folder, &measured, drawing.external_peers);
    let mut compared = cases::section(folder, &measured);
    if let (Some(section), Some(matrix)) = (&mut compared, &report.matrix) {
        let metrics = cases::metrics(&measured).len();
        let first = matrix.metrics.get(matrix.first);
        let effects = first.map_or(&[][..], |it| &it.effects);
        let at = section.observations.len().min(1);
        section.observations.splice(at..at, effects.iter().cloned());
        section.figures = over_cases::figures(matrix, metrics, &mut report.left_out);
    }
    let of_cases = compared
        .as_ref()
        .map(|section| section.observations.clone());
    report.sections.extend(compared);
    let paired = pairs::section(folder, &measured);
    let of_pairs = paired.as_ref().map(|section| {
        let first = section.observations.iter().take(KEY_PAIRS);
        first.cloned().collect::<Vec<String>>()
    });
    report.sections.extend(paired);
    let (outliers, notable) = outliers::section(&measured).unzip();
    report.sections.extend(outliers);
    let notable: Vec<u64> = notable.unwrap_or_default();
    report.diagram = choose(folder, &complete, &standing, &notable, &mut report.left_out)?;
    let questions = sections(&measured, &observed, drawing.figures);
    report.sections.extend(questions);
    report.sections.extend(warmup::section(folder, &complete)?);
    // Without logs no run has a file: thousands of runs are not looked for.
    let with_files = match folder.manifest.log {
        LogMode::Off => &[][..],
        _ => &complete,
    };
    let faults = faults::section(folder, with_files, &mut report.warnings)?;
    let lag = lag::section(folder, with_files, &mut report.warnings)?;
    report.sections.extend(faults);
    report.sections.extend(lag);
    report.sections.extend(joined::section(folder, with_files)?);
    place_story(&mut report.sections, report.diagram.is_some());
    let judged = report.sections.iter().filter(|it| it.id == verdicts::ID);
    report.key = judged
        .filter_map(|section| section.observations.first().cloned())
        .chain(of_cases.into_iter().flatten())
        .chain(of_pairs.into_iter().flatten())
        .chain(key(&measured, &observed))
        .collect();
    Ok(report)
}

/// The top of a report: what was run.
fn top(folder: &Folder) -> Report {
    let scenario = &folder.manifest.scenario;
    let title = match scenario.title.is_empty() {
        true => &scenario.name,
        false => &scenario.title,
    };
    Report {
        plan: place::plan_mark([&folder.manifest]),
        title: title.clone(),
        description: scenario.description.clone(),
        warnings: setting::warnings(folder),
        facts: setting::facts(folder),
        setting: setting::tables(folder),
        source: Some((
            setting::shown_path(&scenario.file).to_owned(),
            scenario.text.clone(),
        )),
        source_is: match folder.manifest.imported {
            None => "scenario",
            Some(_) => "format",
        },
        notes: scenario.notes.as_ref().map(|text| Notes {
            text: text.clone(),
            pictures: scenario.pictures.clone(),
        }),
        left_out: folder
            .manifest
            .imported
            .iter()
            .flat_map(|it| it.notes.clone())
            .collect(),
        ..Report::default()
    }
}

/// Draws the first cases.
fn draw(
    folder: &Folder,
    complete: &[&RunRow],
    measured: &Measured,
    report: &mut Report,
) -> Result<Drawing, Error> {
    let mut drawing = Drawing::default();
    if folder.manifest.log == LogMode::Off {
        return Ok(drawing);
    }
    let speeds = speeds(measured);
    let several = measured.cases.len() > 1;
    let number = |id: &String| folder.manifest.cases.iter().position(|it| it.id == *id);
    for (index, case) in measured.cases.iter().take(DRAWN_CASES).enumerate() {
        let (suffix, of) = match several {
            // Its number in the plan: which cases are drawn depends on what was measured.
            true => (
                format!("-case-{}", number(case).unwrap_or(index) + 1),
                format!(", case {case}"),
            ),
            false => (String::new(), String::new()),
        };
        let panel = Panel {
            case,
            suffix,
            of,
            beside: measured.cases.len().min(DRAWN_CASES),
        };
        drawing.draw(folder, complete, &panel, &speeds, &mut report.warnings)?;
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
    let nodes = folder.manifest.node_count() as usize;
    let rule = report.matrix.as_ref().map_or("", |it| &it.rule);
    let not_drawn = not_drawn(measured, rule, complete, nodes, drawing.runs);
    report.left_out.extend(not_drawn);
    Ok(drawing)
}

/// What the plots do not show.
fn not_drawn(
    measured: &Measured,
    rule: &str,
    complete: &[&RunRow],
    nodes: usize,
    drawn_runs: usize,
) -> Vec<String> {
    let mut left_out = Vec::new();
    if measured.cases.len() > DRAWN_CASES {
        left_out.push(format!(
            "Plots over time and observations are of {DRAWN_CASES} of {} cases: {rule}. The tables and the plots of cases are of all.",
            whole_number(measured.cases.len() as u64)
        ));
    }
    if drawn_runs < complete.len() {
        left_out.push(format!(
            "The plots show {} of {} (the first of each case); the tables are of all.",
            drawn_runs,
            count(complete.len() as u64, "complete run"),
        ));
    }
    let drawn_nodes = nodes.min(DRAWN_NODES);
    if drawn_nodes < nodes {
        left_out.push(format!(
            "The plots show the first {drawn_nodes} of {}, in the order of the scenario; in them drift is among these. Space-time diagrams show at most {SPACE_TIME_NODES}.",
            count(nodes as u64, "node"),
        ));
    }
    left_out
}
