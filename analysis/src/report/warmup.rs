//! What was left out at the beginning of the runs, and what one run says of a steady
//! state: its batch means, and an interval of their mean ([`crate::statistics::batches`]).

use super::folder::Folder;
use super::samples::{RunBatches, SamplesReader};
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::SAMPLES_FILE;
use crate::metrics::{BATCHES, Warmup};
use crate::render::number::{count, decimals, fixed, short, whole};
use crate::results::{Manifest, RunRow};
use crate::statistics::batches::ALIKE;
use crate::statistics::{OfBatches, Withheld};

/// The name of the section.
pub(super) const ID: &str = "warmup";

/// Maximum number of rows in the table of batch means.
const MAX_ROWS: usize = 60;

/// The section; `None` if all of each run is measured, as a whole.
pub(super) fn section(folder: &Folder, runs: &[&RunRow]) -> Result<Option<Section>, Error> {
    let manifest = &folder.manifest;
    let window = |run: &&&RunRow| manifest.window_of(&run.case).is_some();
    let runs: Vec<&RunRow> = runs.iter().filter(window).copied().collect();
    if runs.is_empty() {
        return Ok(None);
    }
    let is_auto = runs
        .iter()
        .any(|run| warmup_of(manifest, run) == Warmup::Auto);
    let is_steady = manifest.cases.iter().any(|case| {
        let window = case.window.as_ref();
        window.is_some_and(|window| window.steady)
    });
    let mut section = Section {
        id: ID.to_owned(),
        title: match is_steady {
            true => "What was left out at the beginning, and what does one run say?".to_owned(),
            false => "What was left out at the beginning?".to_owned(),
        },
        observations: vec![left_out(folder, &runs)],
        ..Section::default()
    };
    if is_auto {
        section
            .definitions
            .push(("warmup = \"auto\"".to_owned(), AUTO.to_owned()));
    }
    if is_steady {
        let batches = batches(folder, &runs)?;
        section.observations.push(alike(&batches));
        section.tables.extend(table(manifest, &batches));
        section
            .definitions
            .push(("batch means".to_owned(), STEADY.to_owned()));
    }
    Ok(Some(section))
}

/// The meaning of `auto`.
const AUTO: &str = "The run is divided into 1,000 equal parts (up to 1,995 if it ended before its `duration`), and each series into averages over these. MSER-5 (White 1997; Franklin and White 2008) takes the means of five and leaves out so many of them that the squared standard error of the mean of the rest, sum (x - mean)^2 / n^2, is at its leftmost minimum (Pasupathy and Schmeiser 2010). The series are those of the metrics that expectations name, else of the queue. The largest cut over series and nodes holds for all metrics of the run. If there is no minimum within the first half of the run, the run is unknown.";

/// The meaning of batch means.
const STEADY: &str = "After the warm-up, the run is divided into 20 equal batches; what does not fill a batch is left out at their beginning. The 95 % interval is that of the mean of the 20 batch means by Student's t (Law, Simulation Modeling and Analysis, 9.5.3), by the same rule as over runs: it is withheld if they are too skewed, and a longer run would do. The lag-1 correlation is that of each batch mean with the next one: above 0.3 the batches are too short to be independent, and the interval is narrower than it says.";

fn warmup_of(manifest: &Manifest, run: &RunRow) -> Warmup {
    manifest
        .window_of(&run.case)
        .map_or(Warmup::None, |it| it.warmup)
}

/// What the runs left out.
fn left_out(folder: &Folder, runs: &[&RunRow]) -> String {
    let manifest = &folder.manifest;
    let of = |wanted: fn(Warmup) -> bool| -> Vec<&RunRow> {
        let is = |run: &&&RunRow| wanted(warmup_of(manifest, run));
        runs.iter().filter(is).copied().collect()
    };
    let mut parts = Vec::new();
    let auto = of(|it| it == Warmup::Auto);
    if !auto.is_empty() {
        let cuts: Vec<f64> = auto.iter().filter_map(|run| cut_s(run)).collect();
        let unknown = auto.len() - cuts.len();
        let least = cuts.iter().copied().fold(f64::INFINITY, f64::min);
        let most = cuts.iter().copied().fold(0.0, f64::max);
        let none = cuts.iter().filter(|cut| **cut == 0.0).count();
        if !cuts.is_empty() {
            parts.push(match (most > 0.0, none) {
                (false, _) => format!(
                    "MSER-5 left out nothing of {}: no beginning is unlike the rest.",
                    count(cuts.len() as u64, "run")
                ),
                (true, 0) => format!(
                    "MSER-5 left out {} of {}.",
                    range(least, most),
                    count(cuts.len() as u64, "run")
                ),
                (true, none) => format!(
                    "MSER-5 left out up to {} s of {}, and nothing of {} of them.",
                    short(most),
                    count(cuts.len() as u64, "run"),
                    whole(none as u64)
                ),
            });
        }
        if unknown > 0 {
            parts.push(format!(
                "{} of {} are unknown: MSER-5 found no cut, and nothing of them is measured.",
                whole(unknown as u64),
                count(auto.len() as u64, "run")
            ));
        }
    }
    let fixed = of(|it| matches!(it, Warmup::Until(_)));
    let cuts: Vec<f64> = fixed.iter().filter_map(|run| cut_s(run)).collect();
    if !cuts.is_empty() {
        let least = cuts.iter().copied().fold(f64::INFINITY, f64::min);
        let most = cuts.iter().copied().fold(0.0, f64::max);
        parts.push(format!(
            "As the scenario says, {} at the beginning of each run are left out.",
            range(least, most)
        ));
    }
    if !of(|it| it == Warmup::None).is_empty() {
        parts.push("Where the scenario has no `warmup`, nothing is left out of a run.".to_owned());
    }
    parts.join(" ")
}

fn range(least: f64, most: f64) -> String {
    match least == most {
        true => format!("{} s", short(most)),
        false => format!("{} to {} s", short(least), short(most)),
    }
}

/// What a run left out `[s]`; `None` if it is not known.
pub(super) fn cut_s(run: &RunRow) -> Option<f64> {
    run.warmup_s.as_deref().and_then(|text| text.parse().ok())
}

/// The batch means of a node in a run.
struct Batches<'a> {
    run: &'a RunRow,
    node: String,
    metric: String,
    of: OfBatches,
}

fn batches<'a>(folder: &Folder, runs: &[&'a RunRow]) -> Result<Vec<Batches<'a>>, Error> {
    let mut found = Vec::new();
    let Some(mut reader) = SamplesReader::open(&folder.path.join(SAMPLES_FILE))? else {
        return Ok(found);
    };
    for &run in runs {
        for RunBatches {
            node,
            metric,
            means,
        } in reader.of_run(run.run)?.batches
        {
            found.push(Batches {
                run,
                node,
                of: OfBatches::new(&metric, &means),
                metric,
            });
        }
    }
    Ok(found)
}

/// How alike neighbouring batches are.
fn alike(batches: &[Batches<'_>]) -> String {
    if batches.is_empty() {
        return format!(
            "No run has batch means: a run must last for {BATCHES} slices after its warm-up, with a value in each batch."
        );
    }
    let alike = batches.iter().filter(|it| it.of.is_too_narrow());
    match alike.count() {
        0 => format!(
            "The intervals of single runs are from {BATCHES} batch means each; none has neighbours with a correlation above {ALIKE}."
        ),
        some => format!(
            "The intervals of single runs are from {BATCHES} batch means each; {} of {} have neighbours with a correlation above {ALIKE}: these are too narrow, and longer runs would do.",
            whole(some as u64),
            whole(batches.len() as u64)
        ),
    }
}

fn table(manifest: &Manifest, batches: &[Batches<'_>]) -> Option<Table> {
    batches.first()?;
    let cases = manifest.cases.len() > 1;
    let mut columns = vec![("run", Align::Right)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("node", Align::Left),
        ("metric", Align::Left),
        ("left out [s]", Align::Right),
        ("mean", Align::Right),
        ("95 % interval", Align::Right),
        ("lag-1 correlation", Align::Right),
    ]);
    let mut table = Table::new("One run alone: the mean of its batch means", columns);
    let known = batches.iter().filter(|it| it.of.interval.is_ok()).count();
    table.finding = format!(
        "{} of {} have an interval from one run alone.",
        whole(known as u64),
        whole(batches.len() as u64)
    );
    if batches.len() > MAX_ROWS {
        table.note = format!(
            "The first {MAX_ROWS} of {} are shown; the batch means of all are in samples.csv.",
            whole(batches.len() as u64)
        );
    }
    for it in batches.iter().take(MAX_ROWS) {
        let width = it.of.interval.map_or(it.of.mean, |it| it.high - it.low);
        let places = decimals([it.of.mean, width]);
        let number = |value| fixed(value, places);
        let interval = match it.of.interval {
            Ok(it) => format!("{} to {}", number(it.low), number(it.high)),
            Err(Withheld::Constant) => "the same in all batches".to_owned(),
            Err(Withheld::TooFew(_)) => "withheld: too skewed".to_owned(),
        };
        let mut row = vec![it.run.run.to_string()];
        if cases {
            row.push(it.run.case.clone());
        }
        row.extend([
            it.node.clone(),
            format!("{}{}", it.metric, it.of.unit),
            cut_s(it.run).map_or("0".to_owned(), short),
            number(it.of.mean),
            interval,
            it.of.correlation.map_or("–".to_owned(), |it| fixed(it, 2)),
        ]);
        table.rows.push(row);
    }
    Some(table)
}
