//! `lag.csv` in the folder of a run in real time: how late ticks and timers were.
//! One row.

use std::path::Path;

use super::reader::{TableError, TableReader};
use crate::quoting::line;

/// The columns of `lag.csv`.
pub const LAG_COLUMNS: [&str; 5] = ["due", "lag_p50_ns", "lag_p99_ns", "lag_max_ns", "bound_ns"];

/// The row of `lag.csv`. A lag is the time from when a tick or timer was due to
/// when it was handled; `None` if nothing was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LagRow {
    /// Number of ticks and timers that were due.
    pub due: u64,
    /// Median of the lags `[ns]`.
    pub p50_ns: Option<u64>,
    /// 99th percentile of the lags `[ns]`.
    pub p99_ns: Option<u64>,
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
        let spans = [self.p50_ns, self.p99_ns, self.max_ns];
        let [p50, p99, max] = spans.map(|span| span.map_or_else(String::new, |ns| ns.to_string()));
        let (due, bound) = (self.due.to_string(), self.bound_ns.to_string());
        line(LAG_COLUMNS) + &line([due.as_str(), &p50, &p99, &max, &bound])
    }

    /// Reads a `lag.csv`; `None` if there is no such file, or no row in it.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Option<LagRow>, TableError> {
        if !path.exists() {
            return Ok(None);
        }
        let mut table = TableReader::open(path, &LAG_COLUMNS)?;
        let Some(row) = table.next_row()? else {
            return Ok(None);
        };
        Ok(Some(LagRow {
            due: row.number(0)?,
            p50_ns: row.optional_number(1)?,
            p99_ns: row.optional_number(2)?,
            max_ns: row.optional_number(3)?,
            bound_ns: row.number(4)?,
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
            p99_ns: Some(50),
            max_ns: Some(60),
            bound_ns: 49,
        };
        let none = LagRow {
            due: 0,
            p50_ns: None,
            p99_ns: None,
            max_ns: None,
            bound_ns: 49,
        };
        for (row, text, late) in [(some, "3,4,50,60,49\n", true), (none, "0,,,,49\n", false)] {
            let header = "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns\n";
            assert_eq!(row.to_csv(), format!("{header}{text}"));
            assert_eq!(row.is_late(), late);
            std::fs::write(&path, row.to_csv()).unwrap();
            assert_eq!(LagRow::read(&path).unwrap(), Some(row));
        }
    }
}
