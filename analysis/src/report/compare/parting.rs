//! Where a run of each plan parts from one of the first: the first record that differs, by
//! `crate::causes`, with the way to it in the diagrams of both.

use std::collections::HashMap;
use std::path::Path;

use base::time::SimDuration;

use crate::causes::{Change, Difference, NodeDifference, difference};
use crate::log::Row;
use crate::render::number::count;
use crate::report::folder::Folder;
use crate::report::table::{Align, Table};
use crate::report::unfinished::open_log;
use crate::report::{Error, Section, place};
use crate::results::{LogMode, RunRow};

/// Maximum number of columns that a sentence names. Arbitrary.
const TOLD: usize = 3;

/// The section, of a report in `out`; `None` without logs.
///
/// # Errors
/// A log cannot be read.
pub(super) fn section(
    folders: &[Folder],
    names: &[String],
    out: &Path,
) -> Result<Option<Section>, Error> {
    let mut table = Table::new(
        "The first record that differs",
        [
            ("results", Align::Left),
            ("run", Align::Right),
            ("record", Align::Code),
            ("what it says", Align::Left),
            ("in its diagram", Align::Link),
        ],
    );
    let mut observations = Vec::new();
    for (folder, name) in folders.iter().zip(names).skip(1) {
        let Some(runs) = counterparts(&folders[0], folder) else {
            continue;
        };
        let sides = [&folders[0], folder];
        let open = |side: usize| {
            let run: &RunRow = runs[side];
            let schema = sides[side].manifest.run_schema(&run.case);
            open_log(sides[side], run, &schema)
        };
        let found = difference(open(0)?, open(1)?)?;
        observations.push(said(&found, runs, [&names[0], name]));
        let Some((node, parting)) = found.parting() else {
            continue;
        };
        for (side, title) in [&names[0], name].into_iter().enumerate() {
            table.rows.push(row(
                (sides[side], runs[side], title),
                (node, parting.rows[side]),
                &told(&parting.what, side),
                out,
            ));
        }
    }
    if observations.is_empty() {
        return Ok(None);
    }
    Ok(Some(Section {
        id: "parting".to_owned(),
        title: "Where do the runs part?".to_owned(),
        observations,
        tables: vec![table],
        ..Section::default()
    }))
}

/// The runs of two results that are looked at: the first two with logs and the same seed, else
/// the first of each.
fn counterparts<'a>(one: &'a Folder, other: &'a Folder) -> Option<[&'a RunRow; 2]> {
    let with_logs = |folder: &'a Folder| -> Vec<&'a RunRow> {
        let runs = folder.runs.iter().filter(|run| {
            let is_there = folder.is_whole(run) && folder.run_folder(run).is_dir();
            is_there && folder.manifest.log != LogMode::Off
        });
        runs.collect()
    };
    let (of_one, of_other) = (with_logs(one), with_logs(other));
    let mut by_seed: HashMap<u64, &RunRow> = HashMap::new();
    for run in &of_other {
        by_seed.entry(run.seed).or_insert(run);
    }
    let same = of_one
        .iter()
        .find_map(|run| Some([*run, *by_seed.get(&run.seed)?]));
    same.or_else(|| Some([*of_one.first()?, *of_other.first()?]))
}

fn said(found: &Difference, runs: [&RunRow; 2], names: [&String; 2]) -> String {
    let seeds = match runs[0].seed == runs[1].seed {
        true => "the same seed",
        false => "different seeds",
    };
    let both = format!(
        "Run {} of {} and run {} of {}, of {seeds},",
        runs[0].run, names[0], runs[1].run, names[1]
    );
    let same: u64 = found.nodes.iter().map(|node| node.same_rows).sum();
    match found.parting() {
        _ if found.nodes.is_empty() => format!("{both} have no node in common."),
        None => format!(
            "{both} say the same in {} of {}, whatever their times.",
            count(same, "record"),
            count(found.nodes.len() as u64, "node"),
        ),
        Some((node, parting)) => format!(
            "{both} part at {} s in {}, after {} there that {} the same: {}.",
            seconds(parting.time_ns()),
            node.name,
            count(node.same_rows, "record"),
            if node.same_rows == 1 { "is" } else { "are" },
            match (&parting.what[..], parting.rows) {
                (_, [None, _]) => format!("{} has no more records of it", names[0]),
                (_, [_, None]) => format!("{} has no more records of it", names[1]),
                (what, _) => changes(what),
            },
        ),
    }
}

fn seconds(ns: u64) -> f64 {
    SimDuration(ns).as_secs_f64()
}

/// `event send, then receive`.
fn changes(what: &[Change]) -> String {
    let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
    let texts = what.iter().map(|it| {
        let (there, here) = (or_none(&it.before), or_none(&it.after));
        format!(
            "`{}` is {there} in the one and {here} in the other",
            it.column
        )
    });
    let mut texts: Vec<String> = texts.collect();
    if texts.len() > TOLD {
        texts.truncate(TOLD);
        texts.push("and so on".to_owned());
    }
    texts.join(", ")
}

/// What differs, as one of the runs has it.
fn told(what: &[Change], side: usize) -> String {
    let texts = what.iter().map(|it| {
        let value = if side == 0 { &it.before } else { &it.after };
        format!(
            "`{}` {}",
            it.column,
            if value.is_empty() { "–" } else { value }
        )
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// A row of the table: the record of one side, and the way to it.
fn row(
    (folder, run, title): (&Folder, &RunRow, &str),
    (node, record): (&NodeDifference, Option<Row>),
    told: &str,
    out: &Path,
) -> Vec<String> {
    let mut cells = vec![title.to_owned(), run.run.to_string()];
    let Some(record) = record else {
        let none = format!("no more records of {}", node.name);
        cells.extend(["–".to_owned(), none, String::new()]);
        return cells;
    };
    let place = format!("{}:{}", node.name, record.step);
    let page = folder.path.join("report.html");
    let link = match page.is_file() {
        true => format!(
            "{place} at {} s\t{}#run={}&at={}ns&step={place}",
            seconds(record.time_ns),
            place::relative(out, &page),
            run.run,
            record.time_ns,
        ),
        false => "it has no report".to_owned(),
    };
    cells.extend([place, told.to_owned(), link]);
    cells
}
