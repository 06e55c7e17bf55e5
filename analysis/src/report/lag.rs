//! How late ticks and timers were, in runs in real time.
//!
//! A tick or timer is due at an instant; it is handled a little later. The runner
//! writes a summary of these lags into the folder of each run (`lag.csv`). A run that
//! was too late has a warning at the top: its numbers then depend on the load of the
//! machine, too.

use super::folder::Folder;
use super::observe::span;
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::{LAG_FILE, LagRow};
use crate::render::number::{count, decimals, fixed, whole};
use crate::results::RunRow;

/// Maximum number of runs in the table; if there are more, the latest are shown.
const MAX_RUNS: usize = 20;
/// Maximum number of runs in a sentence.
const NAMED: usize = 8;
/// Nanoseconds to milliseconds.
const MS: f64 = 1e-6;

/// The lags of one run.
struct RunLag<'a> {
    run: &'a RunRow,
    row: LagRow,
}

impl RunLag<'_> {
    fn p99(&self) -> u64 {
        self.row.p99_ns.unwrap_or(0)
    }

    /// The percentiles and the maximum `[ns]`.
    fn spans(&self) -> [Option<u64>; 6] {
        let row = &self.row;
        [
            row.p50_ns,
            row.p90_ns,
            row.p95_ns,
            row.p99_ns,
            row.p999_ns,
            row.max_ns,
        ]
    }
}

/// The section about the lags of these runs; `None` if no run has a `lag.csv`, as
/// in virtual time. Runs that were late are added to the warnings.
pub(super) fn section(
    folder: &Folder,
    runs: &[&RunRow],
    warnings: &mut Vec<String>,
) -> Result<Option<Section>, Error> {
    let mut lags = Vec::new();
    for &run in runs {
        let row = LagRow::read(&folder.run_folder(run).join(LAG_FILE))?;
        lags.extend(row.map(|row| RunLag { run, row }));
    }
    if lags.is_empty() {
        return Ok(None);
    }
    warnings.extend(warning(&lags));
    Ok(Some(Section {
        id: "lag".to_owned(),
        title: "How late was it?".to_owned(),
        observations: observation(&lags).into_iter().collect(),
        tables: vec![table(folder, lags)],
        definitions: definitions(),
        ..Section::default()
    }))
}

fn warning(lags: &[RunLag<'_>]) -> Option<String> {
    let late: Vec<&RunLag<'_>> = lags.iter().filter(|lag| lag.row.is_late()).collect();
    let worst = late.iter().max_by_key(|lag| lag.p99())?;
    let (p99, bound) = (span(worst.p99() as f64), span(worst.row.bound_ns as f64));
    Some(match late.as_slice() {
        [only] => format!(
            "Run {} was late: of its ticks and timers one in a hundred was done {p99} after its time, or later; the bound is {bound}. Its numbers are about this machine's load, too.",
            only.run.run
        ),
        _ => {
            let named: Vec<String> = late
                .iter()
                .take(NAMED)
                .map(|lag| lag.run.run.to_string())
                .collect();
            let more = match late.len() - named.len() {
                0 => String::new(),
                more => format!(" and {} more", whole(more as u64)),
            };
            format!(
                "{} of {} were late ({}{more}): of their ticks and timers one in a hundred was done up to {p99} after its time, or later; the bound is {bound}. Their numbers are about this machine's load, too.",
                whole(late.len() as u64),
                count(lags.len() as u64, "run"),
                named.join(", ")
            )
        }
    })
}

fn observation(lags: &[RunLag<'_>]) -> Option<String> {
    let due: u64 = lags
        .iter()
        .fold(0, |sum, lag| sum.saturating_add(lag.row.due));
    let worst = lags.iter().filter_map(|lag| lag.row.p99_ns).max()?;
    let longest = lags.iter().filter_map(|lag| lag.row.max_ns).max()?;
    let in_each = match lags.len() {
        1 => "",
        _ => " in every run",
    };
    Some(format!(
        "Of {}, 99 in a hundred were done within {} of their time{in_each}; the latest was {} late.",
        count(due, "tick or timer").replace("tick or timers", "ticks and timers"),
        span(worst as f64),
        span(longest as f64),
    ))
}

fn table(folder: &Folder, mut lags: Vec<RunLag<'_>>) -> Table {
    let cases = folder.manifest.cases.len() > 1;
    let mut columns = vec![("run", Align::Right)];
    if cases {
        columns.push(("case", Align::Left));
    }
    columns.extend([
        ("due", Align::Right),
        ("lag_p50 [ms]", Align::Right),
        ("lag_p90 [ms]", Align::Right),
        ("lag_p95 [ms]", Align::Right),
        ("lag_p99 [ms]", Align::Right),
        ("lag_p999 [ms]", Align::Right),
        ("lag_max [ms]", Align::Right),
        ("bound [ms]", Align::Right),
    ]);
    let mut table = Table::new("Run by run", columns);
    let total = lags.len();
    if total > MAX_RUNS {
        lags.sort_by_key(|lag| (std::cmp::Reverse(lag.p99()), lag.run.run));
        lags.truncate(MAX_RUNS);
        table.note = format!(
            "The {MAX_RUNS} latest of {} runs are shown.",
            whole(total as u64)
        );
    }
    let ms = |ns: u64| ns as f64 * MS;
    let places: Vec<usize> = (0..6)
        .map(|index| decimals(lags.iter().filter_map(|lag| lag.spans()[index]).map(ms)))
        .collect();
    table.rows = lags
        .iter()
        .map(|lag| {
            let mut row = vec![lag.run.run.to_string()];
            if cases {
                row.push(lag.run.case.clone());
            }
            row.push(whole(lag.row.due));
            row.extend(lag.spans().iter().zip(&places).map(|(span, &places)| {
                span.map_or("–".to_owned(), |span| fixed(ms(span), places))
            }));
            row.push(fixed(
                ms(lag.row.bound_ns),
                decimals([ms(lag.row.bound_ns)]),
            ));
            row
        })
        .collect();
    table
}

fn definitions() -> Vec<(String, String)> {
    [
        (
            "due",
            "Ticks, timers and other deadlines of the run, and messages whose link imposes a latency.",
        ),
        (
            "lag_p50",
            "Median time from when something was due to when it was done (nearest rank; exact up to 16,384 distinct values). `lag_p90`, `lag_p95` and `lag_p999` in the same way. In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "lag_p99",
            "99th percentile of the time from when something was due to when it was done (nearest rank). In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "lag_max",
            "Greatest time from when something was due to when it was done. Deadlines are absolute: a lag adds nothing to the next. In the table in ms; in `lag.csv` in ns.",
        ),
        (
            "bound",
            "A run whose `lag_p99` is greater is said to be late. In the table in ms; in `lag.csv` in ns.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
