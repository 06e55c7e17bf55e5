//! `lag.csv` in the folder of a run in real time: how late ticks and timers were, by the
//! wall clock. The first row is that of the whole run, and each further one that of a
//! node. Older files have one row.

use std::path::Path;

use super::reader::{TableError, TableReader, TableRow};
use crate::quoting::line;

/// The columns that every `lag.csv` has.
const FIRST_COLUMNS: [&str; 5] = ["due", "lag_p50_ns", "lag_p99_ns", "lag_max_ns", "bound_ns"];

/// The columns of `lag.csv`. Those after `bound_ns` came later, first three and then two;
/// older files end before them.
pub const LAG_COLUMNS: [&str; 10] = [
    "due",
    "lag_p50_ns",
    "lag_p99_ns",
    "lag_max_ns",
    "bound_ns",
    "lag_p90_ns",
    "lag_p95_ns",
    "lag_p999_ns",
    "late",
    "node",
];

/// A row of `lag.csv`. A lag is the time from when a tick or timer was due to
/// when it was handled; `None` if nothing was due. The percentiles of a node are
/// rounded down by at most 1 %.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LagRow {
    /// The name of the node; empty for the whole run.
    pub node: String,
    /// Number of ticks and timers that were due.
    pub due: u64,
    /// How many of them were later than `bound_ns`; none in an older file.
    pub late: Option<u64>,
    /// Median of the lags `[ns]`.
    pub p50_ns: Option<u64>,
    /// 90th percentile of the lags `[ns]`.
    pub p90_ns: Option<u64>,
    /// 95th percentile of the lags `[ns]`.
    pub p95_ns: Option<u64>,
    /// 99th percentile of the lags `[ns]`.
    pub p99_ns: Option<u64>,
    /// 99.9th percentile of the lags `[ns]`.
    pub p999_ns: Option<u64>,
    /// Greatest lag `[ns]`.
    pub max_ns: Option<u64>,
    /// A run is late if `p99_ns` is greater than this `[ns]`.
    pub bound_ns: u64,
}

impl LagRow {
    /// The text of `lag.csv`.
    pub fn to_csv(rows: impl IntoIterator<Item = LagRow>) -> String {
        let rows = rows.into_iter();
        rows.fold(line(LAG_COLUMNS), |text, row| text + &row.line())
    }

    /// Whether more than one in a hundred of `due` deadlines are late, if `late` of them
    /// are later than the bound: then their 99th percentile (nearest rank) is above it.
    pub fn exceeds(due: u64, late: u64) -> bool {
        let rank = (u128::from(due) * 99).div_ceil(100);
        u128::from(due - late.min(due)) < rank
    }

    /// Whether the run or the node was late.
    pub fn is_late(&self) -> bool {
        match self.late {
            Some(late) => LagRow::exceeds(self.due, late),
            None => self.p99_ns.is_some_and(|p99_ns| p99_ns > self.bound_ns),
        }
    }

    fn line(&self) -> String {
        let cells = [
            Some(self.due),
            self.p50_ns,
            self.p99_ns,
            self.max_ns,
            Some(self.bound_ns),
            self.p90_ns,
            self.p95_ns,
            self.p999_ns,
            self.late,
        ];
        let cells = cells.map(|cell| cell.map_or_else(String::new, |number| number.to_string()));
        line(cells.iter().chain([&self.node]).map(String::as_str))
    }

    /// Reads a `lag.csv`: the row of the run first. Empty if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Vec<LagRow>, TableError> {
        let mut rows = Vec::new();
        if !path.exists() {
            return Ok(rows);
        }
        let mut table = TableReader::open(path, &FIRST_COLUMNS)?;
        while let Some(row) = table.next_row()? {
            rows.push(LagRow::of(&row)?);
        }
        Ok(rows)
    }

    fn of(row: &TableRow<'_>) -> Result<LagRow, TableError> {
        let later = |column: usize| match column < row.cell_count() {
            true => row.optional_number(column),
            false => Ok(None),
        };
        Ok(LagRow {
            node: match row.cell_count() {
                10.. => row.text(9)?.to_owned(),
                _ => String::new(),
            },
            late: later(8)?,
            due: row.number(0)?,
            p50_ns: row.optional_number(1)?,
            p99_ns: row.optional_number(2)?,
            max_ns: row.optional_number(3)?,
            bound_ns: row.number(4)?,
            p90_ns: later(5)?,
            p95_ns: later(6)?,
            p999_ns: later(7)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_table_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lag.csv");
        assert_eq!(LagRow::read(&path).unwrap(), []);
        let run = LagRow {
            node: String::new(),
            due: 3,
            late: Some(1),
            p50_ns: Some(4),
            p90_ns: Some(45),
            p95_ns: Some(47),
            p99_ns: Some(50),
            p999_ns: Some(59),
            max_ns: Some(60),
            bound_ns: 49,
        };
        let node = LagRow {
            node: "a-1".to_owned(),
            due: 200,
            late: Some(2),
            max_ns: Some(60),
            bound_ns: 49,
            ..LagRow::default()
        };
        let none = LagRow {
            bound_ns: 49,
            ..LagRow::default()
        };
        assert!(run.is_late() && !node.is_late() && !none.is_late());
        let text = "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns,lag_p90_ns,lag_p95_ns,\
             lag_p999_ns,late,node\n3,4,50,60,49,45,47,59,1,\n200,,,60,49,,,,2,a-1\n\
             0,,,,49,,,,,\n";
        let rows = vec![run.clone(), node, none];
        assert_eq!(LagRow::to_csv(rows.clone()), text);
        std::fs::write(&path, text).unwrap();
        assert_eq!(LagRow::read(&path).unwrap(), rows);
        // Of older versions.
        for (later, p90_ns) in [("", None), (",lag_p90_ns,lag_p95_ns,lag_p999_ns", Some(45))] {
            let cells = if later.is_empty() { "" } else { ",45,47,59" };
            let text = format!(
                "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns{later}\n3,4,50,60,49{cells}\n"
            );
            std::fs::write(&path, text).unwrap();
            let older = LagRow {
                late: None,
                p90_ns,
                p95_ns: p90_ns.map(|_| 47),
                p999_ns: p90_ns.map(|_| 59),
                ..run.clone()
            };
            assert_eq!(LagRow::read(&path).unwrap(), [older]);
        }
    }

    #[test]
    fn more_than_one_in_a_hundred_is_late() {
        for (due, late, expected) in [
            (0, 0, false),
            (1, 1, true),
            (99, 1, true),
            (100, 1, false),
            (100, 2, true),
            (1000, 10, false),
            (1000, 11, true),
        ] {
            assert_eq!(LagRow::exceeds(due, late), expected, "{late} of {due}");
        }
    }
}
