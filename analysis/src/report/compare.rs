//! Results of different plans, side by side: what differs between the plans, the
//! tables of any report with the cases of all plans, and plots of the first cases of
//! each plan.

mod axes;
mod differences;
mod judged;
mod keys;
mod parting;

use std::collections::BTreeMap;
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

/// Maximum number of keys of a plan in the table. Arbitrary.
const CHANGED: usize = 24;
/// Maximum number of keys that a sentence names.
const NAMED_KEYS: usize = 3;
/// Number of key sentences of a section.
const KEY: usize = 5;

/// The report over results of several plans, as a value; it will be in `out`.
///
/// # Errors
/// A table or a log cannot be read.
pub(super) fn compare(folders: &[Folder], out: &Path) -> Result<Report, Error> {
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
    comparison.finish(folders, &names, out)
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
    /// By plan: the id and the title of each case.
    titles: Vec<Vec<(String, String)>>,
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
        let cases = folder.manifest.cases.iter();
        let titles = cases.map(|case| (case.id.clone(), titled(&case.id)));
        self.titles.push(titles.collect());
        let mut populations = populations(folder);
        for case in &folder.manifest.cases {
            let (population, judged) = populations.remove(&*case.id).unwrap_or_default();
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
    fn finish(self, folders: &[Folder], names: &[String], out: &Path) -> Result<Report, Error> {
        let Comparison {
            mut report,
            mut joined,
            mut drawing,
            observed,
            populations,
            titles,
            ..
        } = self;
        report.sections.extend(judged::section(folders, names)?);
        report.sections.extend(side_by_side(&joined, populations));
        // Observations belong to cases by their index.
        let (observed, cases): (Vec<_>, Vec<_>) = observed.into_iter().unzip();
        joined.bring_forward(&cases);
        drawing.figures.iter_mut().for_each(|of| axes::share(of));
        let (plans, plan_of) = indices(&joined, &titles);
        let seeds: Vec<BTreeMap<u64, u64>> = folders
            .iter()
            .map(|it| it.runs.iter().map(|run| (run.run, run.seed)).collect())
            .collect();
        let seed_of = |case: usize, run: u64| seeds[*plan_of.get(&case)?].get(&run).copied();
        let differences = differences::section(&joined, &plans, names, seed_of);
        report.sections.extend(differences);
        report
            .sections
            .extend(parting::section(folders, names, out)?);
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
            "The rows that prove failures, and each plan's own text, are in the plans' own reports.".to_owned(),
        );
        let first = ["verdict", "cases", "differences", "parting"];
        let of_all = report.sections.iter().filter(|it| first.contains(&&*it.id));
        let observations = of_all.flat_map(|section| section.observations.iter().take(KEY));
        let keys = key_sentences(folders, names).into_iter();
        report.key = keys.chain(observations.cloned()).collect();
        Ok(report)
    }
}

/// By plan, the id of each case and its index among the measured cases; and the plan of each
/// index.
fn indices(
    joined: &Measured,
    titles: &[Vec<(String, String)>],
) -> (Vec<differences::Cases>, BTreeMap<usize, usize>) {
    let mut plan_of = BTreeMap::new();
    let index = |title: &str| joined.cases.iter().position(|it| it == title);
    let mut plans = Vec::with_capacity(titles.len());
    for (plan, cases) in titles.iter().enumerate() {
        let found = cases
            .iter()
            .filter_map(|(id, title)| Some((id.clone(), index(title)?)));
        let found: differences::Cases = found.collect();
        plan_of.extend(found.iter().map(|(_, case)| (*case, plan)));
        plans.push(found);
    }
    (plans, plan_of)
}

/// By case: its runs, and whether they were judged.
fn populations(folder: &Folder) -> BTreeMap<&str, (Population, bool)> {
    let mut populations: BTreeMap<&str, (Population, bool)> = BTreeMap::new();
    for run in &folder.runs {
        let (population, judged) = populations.entry(&run.case).or_default();
        population.add(run);
        *judged |= run.verdict.is_some();
    }
    populations
}

/// The names of the results: the scenarios if these differ, else with the folders.
pub(super) fn names(folders: &[Folder]) -> Vec<String> {
    let scenario = |folder: &Folder| {
        let name = &folder.manifest.scenario.name;
        match folder.picked {
            Some(run) => format!("{name} run {run}"),
            None => name.clone(),
        }
    };
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

/// The keys in which each plan differs from the first, in a sentence each.
fn key_sentences(folders: &[Folder], names: &[String]) -> Vec<String> {
    let first = &folders[0].manifest;
    let others = folders.iter().zip(names).skip(1);
    let sentence = |(folder, name): (&Folder, &String)| {
        let found = keys::differing(first, &folder.manifest).unwrap_or_default();
        let value = |text: &str| if text.is_empty() { "absent" } else { text }.replace('`', "'");
        let texts = found.iter().take(NAMED_KEYS).map(|it| {
            let (there, here) = (value(&it.there), value(&it.here));
            match (it.there.starts_with('{'), it.here.starts_with('{')) {
                (true, _) if it.here.is_empty() => format!("`{}` is only there", it.path),
                (_, true) if it.there.is_empty() => format!("`{}` is only here", it.path),
                _ => format!("`{}` is {here} instead of {there}", it.path),
            }
        });
        let mut texts: Vec<String> = texts.collect();
        if found.len() > NAMED_KEYS {
            let more = (found.len() - NAMED_KEYS) as u64;
            texts.push(format!("{} more keys differ", whole(more)));
        }
        (!texts.is_empty()).then(|| format!("{name} against {}: {}.", names[0], texts.join(", ")))
    };
    others.filter_map(sentence).take(KEY).collect()
}

/// What differs between the first plan and each other: keys by their path, then the rest.
fn differing(folders: &[Folder], names: &[String]) -> Table {
    let mut table = Table::new(
        "What differs",
        [
            ("plan", Align::Left),
            ("key", Align::Code),
            ("there", Align::Code),
            ("here", Align::Code),
            ("besides", Align::Left),
        ],
    );
    table.note = format!("There: in {}. Here: in the plan of the row.", names[0]);
    let first = &folders[0].manifest;
    for (folder, name) in folders.iter().zip(names).skip(1) {
        let keys = keys::differing(first, &folder.manifest);
        let mut rows: Vec<[String; 4]> = Vec::new();
        let mut besides = differences(first, &folder.manifest);
        if let Some(keys) = keys {
            // The keys themselves say more.
            let told = |line: &String| {
                line.starts_with(TEXT_DIFFERS)
                    || [
                        "options:",
                        "scenario:",
                        "seed:",
                        "runs per case:",
                        "duration:",
                        "time:",
                    ]
                    .iter()
                    .any(|it| line.starts_with(it))
            };
            besides.retain(|line| !told(line));
            let more = keys.len().saturating_sub(CHANGED);
            rows.extend(
                keys.into_iter()
                    .take(CHANGED)
                    .map(|it| [it.path, it.there, it.here, String::new()]),
            );
            if more > 0 {
                let more = format!(
                    "and {}",
                    count(more as u64, "key more").replace("mores", "more")
                );
                rows.push([String::new(), String::new(), String::new(), more]);
            }
        }
        rows.extend(
            besides
                .into_iter()
                .map(|line| [String::new(), String::new(), String::new(), line]),
        );
        if rows.is_empty() {
            let same = "nothing: the plans are the same".to_owned();
            rows.push([String::new(), String::new(), String::new(), same]);
        }
        for (index, row) in rows.into_iter().enumerate() {
            let name = if index == 0 {
                name.clone()
            } else {
                String::new()
            };
            table.rows.push([name].into_iter().chain(row).collect());
        }
    }
    table
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
