//! `lag.csv` in the folder of a run in real time: how late ticks and timers were.
//! One row.

use std::path::Path;

use super::reader::{TableError, TableReader};
use crate::quoting::line;

/// The columns that every `lag.csv` has.
const FIRST_COLUMNS: [&str; 5] = ["due", "lag_p50_ns", "lag_p99_ns", "lag_max_ns", "bound_ns"];

/// The columns of `lag.csv`. The last three came later; older files end before them.
pub const LAG_COLUMNS: [&str; 8] = [
    "due",
    "lag_p50_ns",
    "lag_p99_ns",
    "lag_max_ns",
    "bound_ns",
    "lag_p90_ns",
    "lag_p95_ns",
    "lag_p999_ns",
];

/// The row of `lag.csv`. A lag is the time from when a tick or timer was due to
/// when it was handled; `None` if nothing was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagRow {
    /// Number of ticks and timers that were due.
    pub due: u64,
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
    /// Whether the run was late.
    pub fn is_late(&self) -> bool {
        self.p99_ns.is_some_and(|p99_ns| p99_ns > self.bound_ns)
    }

    /// The text of `lag.csv`.
    pub fn to_csv(&self) -> String {
        let cells = [
            Some(self.due),
            self.p50_ns,
            self.p99_ns,
            self.max_ns,
            Some(self.bound_ns),
            self.p90_ns,
            self.p95_ns,
            self.p999_ns,
        ];
        let cells = cells.map(|cell| cell.map_or_else(String::new, |number| number.to_string()));
        line(LAG_COLUMNS) + &line(cells.each_ref().map(String::as_str))
    }

    /// Reads a `lag.csv`; `None` if there is no such file, or no row in it.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Option<LagRow>, TableError> {
        if !path.exists() {
            return Ok(None);
        }
        let mut table = TableReader::open(path, &FIRST_COLUMNS)?;
        let Some(row) = table.next_row()? else {
            return Ok(None);
        };
        let later = |column: usize| match column < row.cell_count() {
            true => row.optional_number(column),
            false => Ok(None),
        };
        Ok(Some(LagRow {
            due: row.number(0)?,
            p50_ns: row.optional_number(1)?,
            p99_ns: row.optional_number(2)?,
            max_ns: row.optional_number(3)?,
            bound_ns: row.number(4)?,
            p90_ns: later(5)?,
            p95_ns: later(6)?,
            p999_ns: later(7)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_table_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lag.csv");
        assert_eq!(LagRow::read(&path).unwrap(), None);
        let some = LagRow {
            due: 3,
            p50_ns: Some(4),
            p90_ns: Some(45),
            p95_ns: Some(47),
            p99_ns: Some(50),
            p999_ns: Some(59),
            max_ns: Some(60),
            bound_ns: 49,
        };
        let none = LagRow {
            due: 0,
            p50_ns: None,
            p90_ns: None,
            p95_ns: None,
            p99_ns: None,
            p999_ns: None,
            max_ns: None,
            bound_ns: 49,
        };
        for (row, text, late) in [
            (some, "3,4,50,60,49,45,47,59\n", true),
            (none, "0,,,,49,,,\n", false),
        ] {
            let header =
                "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns,lag_p90_ns,lag_p95_ns,lag_p999_ns\n";
            assert_eq!(row.to_csv(), format!("{header}{text}"));
            assert_eq!(row.is_late(), late);
            std::fs::write(&path, row.to_csv()).unwrap();
            assert_eq!(LagRow::read(&path).unwrap(), Some(row));
        }
        // Of an older version.
        let older = "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns\n3,4,50,60,49\n";
        std::fs::write(&path, older).unwrap();
        let expected = LagRow {
            p90_ns: None,
            p95_ns: None,
            p999_ns: None,
            ..some
        };
        assert_eq!(LagRow::read(&path).unwrap(), Some(expected));
    }
}
