//! The determinism check: a run is run a second time, and all its files are
//! compared byte by byte. The difference with the earliest virtual time is
//! reported.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use analysis::log::tables::COMBINED_FILE;
use analysis::results::RunStatus;
use csv::ByteRecord;

use super::ended::Ended;
use super::{RunError, remove};
use crate::results::error::ResultsError;
use crate::results::run_folder::make_empty;
use crate::results::sums::{FileSum, difference, sums};

/// Runs a run again whose files are in `partial`, and returns the first
/// difference. Both executions use the same folder name, because a plugin could
/// write the name into a file. Afterwards the files of the first execution are back
/// in `partial`; those of the second are kept beside it if they differ.
///
/// # Errors
///
/// Fails if files cannot be written or read back.
pub fn run_again(
    first: &mut Ended,
    partial: &Path,
    drive: impl FnOnce() -> Result<Ended, RunError>,
) -> Result<Option<String>, RunError> {
    let aside = partial.with_extension("first");
    remove(&aside)?;
    rename(partial, &aside)?;
    make_empty(partial)?;
    let second = drive()?;
    let found = match second.status {
        // Stopped by a signal: the comparison is not possible.
        RunStatus::Interrupted => {
            first.status = RunStatus::Interrupted;
            None
        }
        _ => compare(first, &second, &aside, partial)?,
    };
    let kept = partial.with_extension("again");
    remove(&kept)?;
    let text = match found {
        Some(what) => {
            rename(partial, &kept)?;
            let kept = kept.display();
            Some(format!(
                "done twice, it differs: {what}\n  the second is kept in {kept}"
            ))
        }
        None => {
            remove(partial)?;
            None
        }
    };
    rename(&aside, partial)?;
    Ok(text)
}

fn rename(from: &Path, to: &Path) -> Result<(), ResultsError> {
    fs::rename(from, to).map_err(ResultsError::at(to))
}

/// Returns the first difference of two executions.
fn compare(
    first: &Ended,
    second: &Ended,
    here: &Path,
    there: &Path,
) -> Result<Option<String>, RunError> {
    if let Some(text) = earliest(here, there)? {
        return Ok(Some(text + &failures(first, second)));
    }
    let mut differing = Vec::new();
    let mut field = |what: &str, first: String, second: String| {
        if first != second {
            differing.push(format!("{what}\n  first:  {first}\n  second: {second}"));
        }
    };
    field("its failure", failure(first), failure(second));
    field("its end", first.end.to_string(), second.end.to_string());
    field(
        "events",
        first.events.to_string(),
        second.events.to_string(),
    );
    field(
        "messages",
        first.messages.to_string(),
        second.messages.to_string(),
    );
    field(
        "what was measured",
        format!("{:?}", first.metrics),
        format!("{:?}", second.metrics),
    );
    Ok(differing.into_iter().next())
}

/// How an execution failed, in a line for a message.
fn failure(ended: &Ended) -> String {
    ended.failure.clone().unwrap_or_else(|| "none".to_owned())
}

/// The failures of two executions if they differ: often the cause of other differences.
fn failures(first: &Ended, second: &Ended) -> String {
    let (first, second) = (failure(first), failure(second));
    match first == second {
        true => String::new(),
        false => format!("\n  failure of the first:  {first}\n  failure of the second: {second}"),
    }
}

/// A record, or a line of a file that is not a log, that differs.
struct Difference {
    /// The time of the record `[ns]`; the maximum for a file that is not a log.
    time_ns: u64,
    text: String,
}

/// Returns the difference with the earliest time, of all files in two folders.
fn earliest(here: &Path, there: &Path) -> Result<Option<String>, RunError> {
    let (one, other) = (sums(here)?, sums(there)?);
    if difference(&one, &other).is_none() {
        return Ok(None);
    }
    let names: BTreeSet<&str> = one.iter().chain(&other).map(|sum| &*sum.name).collect();
    let mut first: Option<Difference> = None;
    for name in names {
        let find = |sums: &[_]| sums.iter().find(|sum: &&FileSum| sum.name == name).cloned();
        let found = match (find(&one), find(&other)) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(_), Some(_)) => in_file(name, &here.join(name), &there.join(name))
                .map_err(ResultsError::at(&here.join(name)))?,
            (Some(_), None) => only(name, "the first"),
            (None, _) => only(name, "the second"),
        };
        if first
            .as_ref()
            .is_none_or(|first| found.time_ns < first.time_ns)
        {
            first = Some(found);
        }
    }
    Ok(first.map(|it| it.text))
}

/// The difference if only one execution has the file.
fn only(name: &str, which: &str) -> Difference {
    Difference {
        time_ns: u64::MAX,
        text: format!("only {which} has {name}"),
    }
}

/// Returns the first record that differs in two files that are not equal.
fn in_file(name: &str, here: &Path, there: &Path) -> io::Result<Difference> {
    let mut files = [Records::open(here)?, Records::open(there)?];
    let mut header = Vec::new();
    loop {
        let [one, other] = &mut files;
        let (a, b) = (one.next()?, other.next()?);
        if one.number == 1 {
            header.clone_from(&one.record);
        }
        if (a || b) && one.record == other.record {
            continue;
        }
        let number = one.number.max(other.number);
        let log = header.starts_with(b"time_ns,");
        let (first, second) = (one.shown(a), other.shown(b));
        let texts = format!("\n  first:  {first}\n  second: {second}");
        if !log || number == 1 {
            return Ok(Difference {
                time_ns: u64::MAX,
                text: format!("line {number} of {name}{texts}"),
            });
        }
        let record = if a { &one.record } else { &other.record };
        let node = match name == COMBINED_FILE {
            true => fields(record).get(1).map(field).unwrap_or_default(),
            false => name.trim_end_matches(".csv").to_owned(),
        };
        let column = column(&header, &one.record, &other.record).filter(|_| a && b);
        let column = column.map_or_else(String::new, |name| format!(", column `{name}`"));
        let time = |record: &[u8]| fields(record).get(0).map(field)?.parse().ok();
        let times = [time(&one.record), time(&other.record)];
        return Ok(Difference {
            time_ns: times.into_iter().flatten().min().unwrap_or(u64::MAX),
            text: format!("node `{node}`, row {} of {name}{column}{texts}", number - 1),
        });
    }
}

/// Returns the first column that differs.
fn column(header: &[u8], one: &[u8], other: &[u8]) -> Option<String> {
    let (one, other) = (fields(one), fields(other));
    let differs = one.iter().zip(&other).position(|(a, b)| a != b)?;
    fields(header).get(differs).map(field)
}

/// Returns the fields of a record; none for a record that cannot be read.
fn fields(record: &[u8]) -> ByteRecord {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(record);
    let mut fields = ByteRecord::new();
    match reader.read_byte_record(&mut fields) {
        Ok(true) => fields,
        Ok(false) | Err(_) => ByteRecord::new(),
    }
}

fn field(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a file record by record. A record is a line; in a CSV file a quoted field
/// may contain line breaks.
struct Records {
    path: PathBuf,
    file: BufReader<File>,
    record: Vec<u8>,
    /// Number of the record, from 1.
    number: u64,
}

/// Maximum size of a record in the report `[bytes]`. Arbitrary.
const SHOWN: usize = 200;

impl Records {
    fn open(path: &Path) -> io::Result<Records> {
        Ok(Records {
            path: path.to_owned(),
            file: BufReader::with_capacity(64 << 10, File::open(path)?),
            record: Vec::new(),
            number: 0,
        })
    }

    /// Reads the next record. Returns whether there is one.
    fn next(&mut self) -> io::Result<bool> {
        self.record.clear();
        self.number += 1;
        let csv = self.path.extension().is_some_and(|end| end == "csv");
        while self.file.read_until(b'\n', &mut self.record)? > 0 {
            let quotes = self.record.iter().filter(|&&byte| byte == b'"').count();
            if !csv || quotes % 2 == 0 {
                break;
            }
        }
        Ok(!self.record.is_empty())
    }

    fn shown(&self, there: bool) -> String {
        if !there {
            return "(it ends here)".to_owned();
        }
        let cut = &self.record[..self.record.len().min(SHOWN)];
        let text = String::from_utf8_lossy(cut);
        let dots = if cut.len() < self.record.len() {
            "..."
        } else {
            ""
        };
        format!("{}{dots}", text.trim_end_matches('\n'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn found(one: &[(&str, &str)], other: &[(&str, &str)]) -> Option<String> {
        let (one, other) = (folder(one), folder(other));
        earliest(one.path(), other.path()).unwrap()
    }

    const HEADER: &str = "time_ns,step,event,peer,message,bytes,queue,clock\n";

    fn log(rows: &str) -> String {
        format!("{HEADER}{rows}")
    }

    #[test]
    fn the_earliest_record_that_differs_is_found_in_whichever_log_it_is() {
        let (a, b) = (
            log("1,1,tick,,,,0,1\n9,2,tick,,,,0,2\n"),
            log("5,1,tick,,,,0,4\n"),
        );
        let (c, d) = (a.replace("0,2", "0,3"), b.replace("0,4", "0,5"));
        assert_eq!(
            found(
                &[("a.csv", &a), ("b.csv", &b)],
                &[("a.csv", &a), ("b.csv", &b)]
            ),
            None
        );
        assert_eq!(
            found(
                &[("a.csv", &a), ("b.csv", &b)],
                &[("a.csv", &c), ("b.csv", &d)]
            )
            .unwrap(),
            "node `b`, row 1 of b.csv, column `clock`\n  first:  5,1,tick,,,,0,4\n  second: 5,1,tick,,,,0,5"
        );
    }

    #[test]
    fn a_log_that_ends_before_the_other_differs_there() {
        let (long, short) = (
            log("1,1,tick,,,,0,1\n9,2,tick,,,,0,2\n"),
            log("1,1,tick,,,,0,1\n"),
        );
        assert_eq!(
            found(&[("a.csv", &long)], &[("a.csv", &short)]).unwrap(),
            "node `a`, row 2 of a.csv\n  first:  9,2,tick,,,,0,2\n  second: (it ends here)"
        );
    }

    #[test]
    fn a_quoted_cell_may_span_lines_and_a_combined_log_names_the_node() {
        let head = "time_ns,node,step,event,peer,message,bytes,queue,said\n";
        let one = format!("{head}1,n-1,1,tick,,,,0,\"a\nb\"\n2,n-2,1,tick,,,,0,x\n");
        let other = one.replace(",x\n", ",y\n");
        let text = found(&[("events.csv", &one)], &[("events.csv", &other)]).unwrap();
        assert!(
            text.starts_with("node `n-2`, row 2 of events.csv, column `said`\n"),
            "{text}"
        );
    }

    #[test]
    fn the_column_of_a_quoted_field_is_named() {
        let head = "time_ns,step,event,peer,message,bytes,queue,said,seen\n";
        let one = format!("{head}1,1,tick,,,,0,\"a,b\nc\",1\n");
        let other = one.replace(",1\n", ",2\n");
        let text = found(&[("n.csv", &one)], &[("n.csv", &other)]).unwrap();
        assert!(
            text.starts_with("node `n`, row 1 of n.csv, column `seen`\n"),
            "{text}"
        );
    }

    #[test]
    fn other_files_come_after_logs() {
        let a = log("1,1,tick,,,,0,1\n");
        let b = a.replace("0,1", "0,2");
        let text = found(
            &[("a.csv", &a), ("a.log", "x\n")],
            &[("a.csv", &a), ("a.log", "x\ny\n")],
        );
        assert_eq!(
            text.unwrap(),
            "line 2 of a.log\n  first:  (it ends here)\n  second: y"
        );
        let text = found(&[("a.csv", &a), ("bets.csv", "1\n")], &[("a.csv", &b)]).unwrap();
        assert!(text.starts_with("node `a`, row 1"), "{text}");
        let text = found(&[("bets.csv", "1\n")], &[]).unwrap();
        assert_eq!(text, "only the first has bets.csv");
    }
}
