//! Results of different plans, side by side: what differs between the plans, the
//! tables of any report with the cases of all plans, and plots of the first cases of
//! each plan.

use std::path::Path;

use super::cases::{self, CaseRow};
use super::collect::collect;
use super::drawing::{Drawing, Panel, speeds};
use super::folder::Folder;
use super::measured::Measured;
use super::observe::Observations;
use super::sections::{DRAWN_CASES, observed, sections};
use super::setting::{file_name, shown_path, warnings};
use super::table::{Align, Table};
use super::{Error, Report, Section, place};
use crate::render::number::{count, whole};
use crate::results::{LogMode, Population, RunRow, TEXT_DIFFERS, differences};

/// Changed lines of a scenario in the table, at most, for each side.
const CHANGED: usize = 8;

/// The report over results of several plans, as a value.
///
/// # Errors
/// A table or a log cannot be read.
pub(super) fn compare(folders: &[Folder]) -> Result<Report, Error> {
    let names = names(folders);
    let report = Report {
        plan: place::folders_mark(folders),
        title: format!("{} compared", listed(&names)),
        facts: vec![("Compared".to_owned(), count(folders.len() as u64, "plan"))],
        setting: vec![plans(folders, &names), differing(folders, &names)],
        ..Report::default()
    };
    let mut comparison = Comparison {
        report,
        // Each plan has its share of what can be drawn, and one case at least.
        share: (DRAWN_CASES / folders.len()).max(1),
        plan_count: folders.len(),
        ..Comparison::default()
    };
    for (index, (folder, name)) in folders.iter().zip(&names).enumerate() {
        comparison.add(index, folder, name)?;
    }
    Ok(comparison.finish(folders))
}

/// A comparison while plans are added.
#[derive(Default)]
struct Comparison {
    report: Report,
    share: usize,
    plan_count: usize,
    /// The metrics of all plans.
    joined: Measured,
    drawing: Drawing,
    /// Observations, each with its case.
    observed: Vec<(Observations, String)>,
    /// By case: its runs, and whether they were judged.
    populations: Vec<(String, Population, bool)>,
}

impl Comparison {
    /// Adds the plan with this index.
    fn add(&mut self, index: usize, folder: &Folder, name: &str) -> Result<(), Error> {
        let report = &mut self.report;
        let warnings = warnings(folder).into_iter();
        report
            .warnings
            .extend(warnings.map(|it| format!("{name}: {it}")));
        let several = folder.manifest.cases.len() > 1;
        let titled = |case: &str| match several {
            true => format!("{name}: {case}"),
            false => name.to_owned(),
        };
        for case in &folder.manifest.cases {
            let (population, judged) = population(folder, &case.id);
            self.populations
                .push((titled(&case.id), population, judged));
        }
        let complete: Vec<&RunRow> = folder
            .runs
            .iter()
            .filter(|run| folder.is_whole(run))
            .collect();
        if complete.is_empty() {
            report
                .warnings
                .push(format!("{name}: no run came to its end."));
            return Ok(());
        }
        let measured = collect(folder, &complete, report)?;
        if folder.manifest.log != LogMode::Off {
            let speeds = speeds(&measured);
            for (at, case) in measured.cases.iter().take(self.share).enumerate() {
                let panel = Panel {
                    case,
                    suffix: format!("-{}-case-{}", index + 1, at + 1),
                    of: format!(", {}", titled(case)),
                    beside: self.share * self.plan_count,
                };
                self.drawing
                    .draw(folder, &complete, &panel, &speeds, &mut report.warnings)?;
            }
        }
        let external_peers = std::mem::take(&mut self.drawing.external_peers);
        let observed = observed(folder, &measured, external_peers).into_iter();
        let cases = measured.cases.iter().map(|case| titled(case));
        self.observed.extend(observed.take(self.share).zip(cases));
        self.joined.join(measured, titled);
        Ok(())
    }

    /// The report, once all plans are added.
    fn finish(self, folders: &[Folder]) -> Report {
        let Comparison {
            mut report,
            mut joined,
            drawing,
            observed,
            populations,
            ..
        } = self;
        report.sections.extend(side_by_side(&joined, populations));
        // Observations belong to cases by their index.
        let (observed, cases): (Vec<_>, Vec<_>) = observed.into_iter().unzip();
        joined.bring_forward(&cases);
        let questions = sections(&joined, &observed, drawing.figures);
        report.sections.extend(questions);
        let drawn = drawing.runs as u64;
        let runs: u64 = folders.iter().map(|it| it.runs.len() as u64).sum();
        if drawn < runs {
            report.left_out.push(format!(
                "The plots show {} of {}: of each plan the first of its first cases. The tables are of all.",
                whole(drawn),
                count(runs, "run"),
            ));
        }
        report.left_out.push(
            "What was judged, and each plan's own text, are in the plans' own reports.".to_owned(),
        );
        let of_cases = report.sections.first().filter(|it| it.id == "cases");
        report.key = of_cases.map_or_else(Vec::new, |it| it.observations.clone());
        report
    }
}

/// The runs of a case, and whether they were judged.
fn population(folder: &Folder, case: &str) -> (Population, bool) {
    let mut population = Population::default();
    let mut judged = false;
    for run in folder.runs.iter().filter(|run| run.case == case) {
        population.add(run);
        judged |= run.verdict.is_some();
    }
    (population, judged)
}

/// The names of the results: the scenarios if these differ, else with the folders.
pub(super) fn names(folders: &[Folder]) -> Vec<String> {
    let scenario = |folder: &Folder| folder.manifest.scenario.name.clone();
    let last = |path: &Path| file_name(&path.display().to_string()).to_owned();
    let unique = |names: &[String]| {
        let mut sorted = names.to_vec();
        sorted.sort();
        sorted.dedup();
        sorted.len() == names.len()
    };
    let scenarios: Vec<String> = folders.iter().map(scenario).collect();
    if unique(&scenarios) {
        return scenarios;
    }
    let both: Vec<String> = folders
        .iter()
        .map(|it| format!("{} ({})", scenario(it), last(&it.path)))
        .collect();
    if unique(&both) {
        return both;
    }
    let numbered = scenarios.iter().enumerate();
    numbered
        .map(|(index, name)| format!("{name} ({})", index + 1))
        .collect()
}

fn listed(names: &[String]) -> String {
    match names {
        [first, second] => format!("{first} and {second}"),
        [first, rest @ ..] if rest.len() > 3 => format!("{first} and {} more", rest.len()),
        names => names.join(", "),
    }
}

/// The table of the plans.
fn plans(folders: &[Folder], names: &[String]) -> Table {
    let mut table = Table::new(
        "The plans",
        [
            ("plan", Align::Left),
            ("file", Align::Code),
            ("cases", Align::Right),
            ("runs", Align::Right),
            ("seed", Align::Right),
            ("options", Align::Left),
            ("started", Align::Left),
        ],
    );
    table.rows = folders
        .iter()
        .zip(names)
        .map(|(folder, name)| {
            let manifest = &folder.manifest;
            let options = match manifest.settings.is_empty() {
                true => "–".to_owned(),
                false => manifest.settings.join(" "),
            };
            vec![
                name.clone(),
                shown_path(&manifest.scenario.file).to_owned(),
                whole(manifest.cases.len() as u64),
                whole(folder.runs.len() as u64),
                manifest.seed.to_string(),
                options,
                manifest.started.clone(),
            ]
        })
        .collect();
    table
}

/// What differs between the first plan and each other.
fn differing(folders: &[Folder], names: &[String]) -> Table {
    let columns = [("plan", Align::Left), ("against the first", Align::Left)];
    let mut table = Table::new("What differs", columns);
    table.note = format!("There: in {}. Here: in the plan of the row.", names[0]);
    for (folder, name) in folders.iter().zip(names).skip(1) {
        let mut found = differences(&folders[0].manifest, &folder.manifest);
        let texts = [&folders[0], folder].map(|it| &*it.manifest.scenario.text);
        let changed = changed_lines(texts[0], texts[1]);
        if !changed.is_empty() {
            // The lines themselves say more.
            found.retain(|line| !line.starts_with(TEXT_DIFFERS));
            found.extend(changed);
        }
        for (index, line) in found.into_iter().enumerate() {
            let name = if index == 0 {
                name.clone()
            } else {
                String::new()
            };
            table.rows.push(vec![name, line]);
        }
    }
    table
}

/// The lines of a scenario's text that the other has not: what was set otherwise. Comments,
/// names and texts for readers are left out.
fn changed_lines(there: &str, here: &str) -> Vec<String> {
    let (one, other) = (settings(there), settings(here));
    let only = |lines: &[String], others: &[String], side: &str| -> Vec<String> {
        let mut only: Vec<String> = lines
            .iter()
            .filter(|line| !others.contains(line))
            .map(|line| format!("only {side}: `{line}`"))
            .collect();
        if only.len() > CHANGED {
            let more = only.len() - CHANGED;
            only.truncate(CHANGED);
            only.push(format!("only {side}: {} more", count(more as u64, "line")));
        }
        only
    };
    [only(&one, &other, "there"), only(&other, &one, "here")].concat()
}

/// The lines of a scenario that set something.
fn settings(text: &str) -> Vec<String> {
    let mut in_text = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let quotes = line.matches("\"\"\"").count();
        let was_in_text = in_text;
        in_text ^= quotes % 2 == 1;
        let line = without_comment(line).trim();
        let key = line.split(['=', ' ']).next().unwrap_or_default();
        let is_for_readers = ["name", "title", "description", "notes"].contains(&key);
        if !was_in_text && !is_for_readers && !line.is_empty() {
            lines.push(line.replace('`', "'"));
        }
    }
    lines
}

/// The line without a comment at its end. A `#` in a text begins none.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return &line[..at],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    line
}

/// A row for each case of each plan.
fn side_by_side(
    measured: &Measured,
    populations: Vec<(String, Population, bool)>,
) -> Option<Section> {
    let metrics = cases::metrics(measured);
    let mut of_runs = cases::of_runs(measured, &metrics);
    let case_rows: Vec<CaseRow> = populations
        .into_iter()
        .map(|(id, population, judged)| CaseRow {
            judged,
            of_runs: of_runs
                .remove(id.as_str())
                .unwrap_or_else(|| vec![Vec::new(); metrics.len()]),
            cells: vec![id.clone()],
            id,
            population,
        })
        .collect();
    let table = cases::side_by_side(measured, &metrics, &["plan".to_owned()], &case_rows);
    Some(Section {
        id: "cases".to_owned(),
        title: "How do the plans compare?".to_owned(),
        observations: cases::observations(measured, &metrics, &case_rows, false),
        tables: vec![table],
        definitions: cases::definitions(),
        ..Section::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_those_that_set_something() {
        let there = "# a\nname = \"a\"\ndescription = \"\"\"\nduration = \"1s\"\n\"\"\"\nruns = 5 # five\n\
                     [nodes.m]\nconfig = { faces = 10, text = \"#1\" }\n";
        let here = "# b\nname = \"b\"\ndescription = \"b\"\nruns = 5\n[nodes.m]\n\
                    config = { faces = 4, text = \"#1\" }   # fewer\n";
        assert_eq!(
            changed_lines(there, here),
            [
                "only there: `config = { faces = 10, text = \"#1\" }`",
                "only here: `config = { faces = 4, text = \"#1\" }`",
            ]
        );
        assert_eq!(changed_lines(here, here), [""; 0]);
        let many: String = (0..12).map(|n| format!("a{n} = 1\n")).collect();
        let found = changed_lines("", &many);
        assert_eq!(found.len(), CHANGED + 1);
        assert_eq!(found[CHANGED], "only here: 4 lines more");
    }
}
