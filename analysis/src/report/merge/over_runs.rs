//! Judges expectations over all runs of a case from the merged tables: a part does not
//! have all runs. The values are those of `summary.csv`; those of percentiles are
//! computed from `samples.csv`, where a value may be known to lie in a bucket only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::super::Error;
use super::super::samples::SamplesReader;
use super::super::standing::{is_over_runs, unjudged_over_runs};
use crate::expect::{Expectation, Tally, selects};
use crate::log::tables::{
    SAMPLES_FILE, SUMMARY_COLUMNS, SUMMARY_FILE, TableReader, VERDICTS_FILE, VerdictRow,
};
use crate::metrics::{Value, metric_names, percentile};
use crate::properties::Happenings;
use crate::results::{Judge, Judgement, Manifest, Wanted, idle_case};

/// The expectations over the runs of a case, with their tallies.
struct Asked<'a> {
    id: &'a str,
    expectations: Vec<(&'a Expectation, Tally)>,
    /// The selected nodes, by expectation.
    nodes: Vec<BTreeSet<String>>,
}

/// Judges the cases that are complete, and adds the judgements to `verdicts.csv`. Of
/// a case that must be complete and is not, the expectations are unknown.
pub fn judge(
    manifest: &Manifest,
    folder: &Path,
    complete: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let wanted = Wanted::of(manifest);
    let mut asked: BTreeMap<&str, Asked<'_>> = BTreeMap::new();
    for case in &manifest.cases {
        let expectations = manifest.expectations_of(&case.id).iter();
        let over: Vec<&Expectation> = expectations.filter(is_over_runs).collect();
        if !over.is_empty() && complete(&case.id) {
            asked.insert(&case.id, Asked::new(manifest, &case.id, over));
        }
    }
    let path = folder.join(VERDICTS_FILE);
    let idle = idle_cases(&path, manifest, &complete)?;
    let happened = happenings(&path)?;
    if !asked.is_empty() {
        tally(folder, &mut asked)?;
    }
    let mut lines = String::new();
    for (index, case) in manifest.cases.iter().enumerate() {
        let Some(asked) = asked.remove(case.id.as_str()) else {
            let expectations = manifest.expectations_of(&case.id).iter();
            let unjudged = expectations.filter(|it| is_over_runs(it) && wanted.has_case(index));
            for expectation in unjudged {
                unjudged_over_runs(expectation).line(None, &case.id, &mut lines);
            }
            continue;
        };
        for (expectation, tally) in &asked.expectations {
            if let Some(judgement) = tally.judge(expectation) {
                judgement.line(None, &case.id, &mut lines);
            }
        }
    }
    for (index, case) in manifest.cases.iter().enumerate() {
        for property in manifest.properties_over_runs(&case.id) {
            let judgement = match complete(&case.id) {
                true => {
                    let key = (case.id.clone(), property.name.clone());
                    let happened = happened.get(&key).cloned().unwrap_or_default();
                    let runs = u64::from(manifest.runs_per_case);
                    happened.judge(&property.name, &property.claim, runs)
                }
                false if wanted.has_case(index) => Happenings::unjudged(&property.name),
                false => continue,
            };
            judgement.line(None, &case.id, &mut lines);
        }
    }
    for (case, judgement) in idle {
        judgement.line(None, &case, &mut lines);
    }
    if lines.is_empty() {
        return Ok(());
    }
    let written = OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(lines.as_bytes()));
    written.map_err(Error::write(&path))
}

/// In which runs happened what a property says, by case and name. The rows are in the order
/// of the runs.
fn happenings(path: &Path) -> Result<BTreeMap<(String, String), Happenings>, Error> {
    let mut happened: BTreeMap<_, Happenings> = BTreeMap::new();
    if !path.exists() {
        return Ok(happened);
    }
    let mut table = VerdictRow::open(path)?;
    while let Some(row) = table.next_row()? {
        let row = VerdictRow::from_row(&row)?;
        if let (Judge::Happened, Some(run)) = (row.judgement.judge, row.run) {
            let key = (row.case, row.judgement.name.clone());
            happened.entry(key).or_default().add(run, &row.judgement);
        }
    }
    Ok(happened)
}

/// Judges the complete cases in none of whose runs anything happened: each run has a
/// judgement that says so.
fn idle_cases(
    path: &Path,
    manifest: &Manifest,
    complete: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Judgement)>, Error> {
    let mut idle: BTreeMap<String, u64> = BTreeMap::new();
    if path.exists() {
        let mut table = VerdictRow::open(path)?;
        while let Some(row) = table.next_row()? {
            let row = VerdictRow::from_row(&row)?;
            if row.judgement.judge == Judge::Activity {
                *idle.entry(row.case).or_default() += 1;
            }
        }
    }
    let runs = u64::from(manifest.runs_per_case);
    let cases = manifest.cases.iter().map(|case| &case.id);
    let all_idle = cases.filter(|case| complete(case) && idle.get(*case) == Some(&runs));
    Ok(all_idle
        .map(|case| (case.clone(), idle_case(runs)))
        .collect())
}

impl<'a> Asked<'a> {
    fn new(manifest: &Manifest, id: &'a str, over: Vec<&'a Expectation>) -> Asked<'a> {
        let groups = manifest.groups_of(id).iter().filter(|group| group.numbered);
        let numbered: BTreeSet<&str> = groups.map(|group| group.name.as_str()).collect();
        let schema = manifest.run_schema(id);
        let has = |expectation: &Expectation| {
            let nodes = schema.nodes.iter().filter(|node| {
                let selector = expectation.nodes.as_deref();
                let selected = selector.is_none_or(|it| selects(it, &node.name, &numbered));
                selected
                    && metric_names(&node.columns, &node.events, node.driving)
                        .contains(&expectation.metric)
            });
            nodes.map(|node| node.name.clone()).collect()
        };
        Asked {
            id,
            nodes: over.iter().map(|it| has(it)).collect(),
            expectations: over.into_iter().map(|it| (it, Tally::default())).collect(),
        }
    }

    /// Adds the values of a run's nodes, by metric column. `samples` has the percentiles.
    fn add(
        &mut self,
        run: u64,
        columns: &[String],
        rows: &[(String, Vec<Option<Value>>)],
        samples: &mut Option<SamplesReader>,
    ) -> Result<(), Error> {
        let is_percentile = |metric: &str| percentile(metric).is_some();
        let asks = self
            .expectations
            .iter()
            .any(|(it, _)| is_percentile(&it.metric));
        let pools = match samples {
            Some(samples) if asks => samples.of_run(run)?.pools,
            _ => BTreeMap::new(),
        };
        for ((expectation, tally), nodes) in self.expectations.iter_mut().zip(&self.nodes) {
            let column = columns.iter().position(|it| *it == expectation.metric);
            let values =
                rows.iter()
                    .filter(|(node, _)| nodes.contains(node))
                    .map(|(node, values)| {
                        let value = column.and_then(|at| values[at]);
                        let exact = percentile(&expectation.metric).and_then(|(family, index)| {
                            let pool = pools.get(&(node.clone(), family))?;
                            pool.percentiles()[index]
                        });
                        (node.as_str(), exact.or(value))
                    });
            tally.add(expectation, values);
        }
        Ok(())
    }
}

/// Adds every run of the summary to the tallies of its case.
fn tally(folder: &Path, asked: &mut BTreeMap<&str, Asked<'_>>) -> Result<(), Error> {
    let mut table = TableReader::open(&folder.join(SUMMARY_FILE), &SUMMARY_COLUMNS)?;
    let mut samples = SamplesReader::open(&folder.join(SAMPLES_FILE))?;
    let first = SUMMARY_COLUMNS.len();
    let columns: Vec<String> = table.header().skip(first).map(str::to_owned).collect();
    let mut run = 0;
    let mut case = String::new();
    let mut rows = Vec::new();
    let mut show = |run: u64, case: &str, rows: &mut Vec<(String, Vec<Option<Value>>)>| {
        if let Some(asked) = asked.get_mut(case).filter(|_| !rows.is_empty()) {
            debug_assert_eq!(asked.id, case);
            asked.add(run, &columns, rows, &mut samples)?;
        }
        rows.clear();
        Ok::<(), Error>(())
    };
    while let Some(row) = table.next_row()? {
        let number = row.number(0)?;
        if number != run {
            show(run, &case, &mut rows)?;
            run = number;
            row.text(1)?.clone_into(&mut case);
        }
        let mut values = Vec::with_capacity(columns.len());
        for column in first..row.cell_count() {
            values.push(match row.text(column)? {
                "" => None,
                text => Some(
                    Value::parse(text).ok_or_else(|| row.wrong(column, "a number or nothing"))?,
                ),
            });
        }
        rows.push((row.text(2)?.to_owned(), values));
    }
    show(run, &case, &mut rows)
}
