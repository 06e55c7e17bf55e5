//! `joined.csv` in the folder of a run whose nodes were in processes that joined it from
//! elsewhere: where each came from, how it ended, and how far its clock was from the
//! coordinator's.

use std::path::Path;

use super::reader::{TableError, TableReader, TableRow};
use crate::quoting::line;

/// The columns of `joined.csv`.
pub const JOINED_COLUMNS: [&str; 8] = [
    "node",
    "from",
    "status",
    "end_ns",
    "clock_offset_start_ns",
    "clock_uncertainty_start_ns",
    "clock_offset_end_ns",
    "clock_uncertainty_end_ns",
];

/// How far a clock was from the coordinator's `[ns]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockRow {
    /// What it showed more.
    pub offset_ns: i64,
    /// By how much the offset may be wrong.
    pub uncertainty_ns: u64,
}

/// A row of `joined.csv`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinedRow {
    /// The name of the node.
    pub node: String,
    /// The address from which its process came.
    pub from: String,
    /// `complete`, `stopped` (by a signal, its records are complete up to then) or `failed`.
    pub status: String,
    /// When its part of the run ended `[ns]`; `None` if it was lost.
    pub end_ns: Option<u64>,
    /// Its clock before the run.
    pub start: Option<ClockRow>,
    /// Its clock after the run.
    pub end: Option<ClockRow>,
}

impl JoinedRow {
    /// The text of a `joined.csv`.
    pub fn to_csv(rows: impl IntoIterator<Item = JoinedRow>) -> String {
        let rows = rows.into_iter();
        rows.fold(line(JOINED_COLUMNS), |text, row| text + &row.line())
    }

    /// By how much times in the log of the node may be apart from the coordinator's clock
    /// `[ns]`: the uncertainty at the start, or what the clocks drifted until the end. `None`
    /// if the clock was not compared.
    pub fn apart_ns(&self) -> Option<u64> {
        let start = self.start?;
        let drifted = self.end.map_or(0, |end| {
            let drift = start.offset_ns.abs_diff(end.offset_ns);
            drift.saturating_add(end.uncertainty_ns)
        });
        Some(start.uncertainty_ns.max(drifted))
    }

    fn line(&self) -> String {
        let number = |cell: Option<String>| cell.unwrap_or_default();
        let clock = |clock: Option<ClockRow>| {
            [
                number(clock.map(|it| it.offset_ns.to_string())),
                number(clock.map(|it| it.uncertainty_ns.to_string())),
            ]
        };
        let end_ns = number(self.end_ns.map(|it| it.to_string()));
        let texts = [&self.node, &self.from, &self.status, &end_ns];
        let clocks = [clock(self.start), clock(self.end)].concat();
        line(texts.into_iter().chain(&clocks).map(String::as_str))
    }

    /// Reads a `joined.csv`; no rows if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Vec<JoinedRow>, TableError> {
        let mut rows = Vec::new();
        if !path.exists() {
            return Ok(rows);
        }
        let mut table = TableReader::open(path, &JOINED_COLUMNS)?;
        while let Some(row) = table.next_row()? {
            rows.push(JoinedRow {
                node: row.text(0)?.to_owned(),
                from: row.text(1)?.to_owned(),
                status: row.text(2)?.to_owned(),
                end_ns: row.optional_number(3)?,
                start: clock(&row, 4)?,
                end: clock(&row, 6)?,
            });
        }
        Ok(rows)
    }
}

fn clock(row: &TableRow<'_>, column: usize) -> Result<Option<ClockRow>, TableError> {
    let text = row.text(column)?;
    if text.is_empty() {
        return Ok(None);
    }
    let offset = text.parse();
    Ok(Some(ClockRow {
        offset_ns: offset.map_err(|_| row.wrong(column, "a whole number"))?,
        uncertainty_ns: row.number(column + 1)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("joined.csv");
        assert_eq!(JoinedRow::read(&path).unwrap(), []);
        let clock = |offset_ns, uncertainty_ns| {
            Some(ClockRow {
                offset_ns,
                uncertainty_ns,
            })
        };
        let rows = vec![
            JoinedRow {
                node: "server".to_owned(),
                from: "10.0.0.2:4000".to_owned(),
                status: "complete".to_owned(),
                end_ns: Some(1000),
                start: clock(-7, 20),
                end: clock(5, 30),
            },
            JoinedRow {
                node: "client".to_owned(),
                status: "failed".to_owned(),
                ..JoinedRow::default()
            },
        ];
        let text = JoinedRow::to_csv(rows.clone());
        assert!(
            text.ends_with("server,10.0.0.2:4000,complete,1000,-7,20,5,30\nclient,,failed,,,,,\n")
        );
        std::fs::write(&path, text).unwrap();
        assert_eq!(JoinedRow::read(&path).unwrap(), rows);
        // 12 of drift, and 30 of uncertainty at the end.
        assert_eq!(rows[0].apart_ns(), Some(42));
        assert_eq!(rows[1].apart_ns(), None);
    }
}
