//! `faults.csv` in a run's folder: when each fault held, and what it touched. A
//! row for each time that a fault held, and one for a fault that never held.

use std::path::Path;

use super::reader::{TableError, TableReader};
use crate::quoting::{line, push_cell, push_quoted};

/// The columns of `faults.csv`.
pub const FAULT_COLUMNS: [&str; 7] = [
    "fault", "kind", "from_ns", "until_ns", "what", "touched", "required",
];

/// A row of `faults.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRow {
    /// Number of the fault among the scenario's `[[faults]]`, from 1.
    pub fault: u64,
    /// The kind of the fault: `partition`.
    pub kind: String,
    /// When the fault held, first and last instant `[ns]`; `None` if it never did.
    pub held_ns: Option<(u64, u64)>,
    /// What is counted: `messages cut`.
    pub what: String,
    /// How many of these there were.
    pub touched: u64,
    /// Whether the scenario requires that the fault touches something.
    pub required: bool,
}

impl FaultRow {
    /// The text of a `faults.csv` of these rows.
    pub fn to_csv(rows: impl IntoIterator<Item = FaultRow>) -> String {
        let mut out = line(FAULT_COLUMNS).into_bytes();
        for row in rows {
            row.push_line(&mut out);
        }
        String::from_utf8(out).expect("cells of text make lines of text")
    }

    fn push_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{},", self.fault).as_bytes());
        push_cell(out, self.kind.as_bytes());
        match self.held_ns {
            Some((from, until)) => out.extend_from_slice(format!(",{from},{until},").as_bytes()),
            None => out.extend_from_slice(b",,,"),
        }
        // Always quoted: so the file was from the beginning.
        push_quoted(out, self.what.as_bytes());
        let end = format!(",{},{}\n", self.touched, self.required);
        out.extend_from_slice(end.as_bytes());
    }

    /// Reads a `faults.csv`; no rows if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Vec<FaultRow>, TableError> {
        let mut rows = Vec::new();
        if !path.exists() {
            return Ok(rows);
        }
        let mut table = TableReader::open(path, &FAULT_COLUMNS)?;
        while let Some(row) = table.next_row()? {
            rows.push(FaultRow {
                fault: row.number(0)?,
                kind: row.text(1)?.to_owned(),
                held_ns: match row.optional_number(2)? {
                    Some(from) => Some((from, row.number(3)?)),
                    None => None,
                },
                what: row.text(4)?.to_owned(),
                touched: row.number(5)?,
                required: row.text(6)? == "true",
            });
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_table_reads_back_as_written() {
        let row = |held_ns, touched, required| FaultRow {
            fault: 2,
            kind: "partition".to_owned(),
            held_ns,
            what: "messages cut".to_owned(),
            touched,
            required,
        };
        let rows = [row(Some((1, 5)), 7, false), row(None, 0, true)];
        let text = FaultRow::to_csv(rows.clone());
        assert_eq!(
            text,
            "fault,kind,from_ns,until_ns,what,touched,required\n\
             2,partition,1,5,\"messages cut\",7,false\n\
             2,partition,,,\"messages cut\",0,true\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faults.csv");
        assert_eq!(FaultRow::read(&path).unwrap(), []);
        std::fs::write(&path, text).unwrap();
        assert_eq!(FaultRow::read(&path).unwrap(), rows);
    }
}
