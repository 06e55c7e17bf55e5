//! Results as one SQLite database, for questions that no report asks.
//!
//! Tables: `meta`, `cases`, `runs`, `metrics`, `verdicts`, `evidence`, `failures` and `records`;
//! the view `messages` has the sending and the handling of each message in one row. What is
//! absent in a CSV file is NULL here. Numbers are INTEGER or REAL; a seed is TEXT, because
//! SQLite has no unsigned integers of 64 bits. The same results give the same content.
//!
//! Rows are written as they are read, in one transaction without a journal, into a file that
//! gets its name at the end: memory does not depend on the length of logs, and a file of this
//! name is whole.

mod records;

use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, ToSql, params};

use crate::log::tables::{SUMMARY_COLUMNS, SUMMARY_FILE, TableReader};
use crate::report::{Error, Folder};
use crate::results::LogMode;

/// What marks a database as one of ours (`PRAGMA application_id`): `RUNR`.
const MARK: i32 = 0x5255_4e52;

/// The tables without records. Indexes follow when the rows are there.
const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE cases (case_id TEXT NOT NULL, axis TEXT NOT NULL, value TEXT, PRIMARY KEY (case_id, axis));
CREATE TABLE runs (run INTEGER PRIMARY KEY, case_id TEXT NOT NULL, seed TEXT NOT NULL, status TEXT NOT NULL, verdict TEXT, duration_s REAL NOT NULL, wall_s REAL NOT NULL, events INTEGER NOT NULL, messages INTEGER NOT NULL, warmup_s REAL);
CREATE TABLE metrics (run INTEGER NOT NULL REFERENCES runs, case_id TEXT NOT NULL, node TEXT NOT NULL, metric TEXT NOT NULL, value NUMERIC NOT NULL);
CREATE TABLE verdicts (run INTEGER REFERENCES runs, case_id TEXT NOT NULL, judge TEXT NOT NULL, name TEXT NOT NULL, verdict TEXT NOT NULL, measured TEXT, reason TEXT);
CREATE TABLE evidence (run INTEGER NOT NULL REFERENCES runs, name TEXT NOT NULL, node TEXT NOT NULL, row INTEGER NOT NULL, time_ns INTEGER NOT NULL, step INTEGER NOT NULL, event TEXT NOT NULL, peer TEXT, message INTEGER, note TEXT);
CREATE TABLE failures (run INTEGER NOT NULL REFERENCES runs, text TEXT NOT NULL);
";

/// The indexes, and the view of messages.
const INDEXES: &str = "
CREATE UNIQUE INDEX metrics_by_run ON metrics (run, node, metric);
CREATE INDEX metrics_by_name ON metrics (metric, case_id);
CREATE INDEX verdicts_by_run ON verdicts (run);
CREATE INDEX verdicts_by_verdict ON verdicts (verdict, name);
CREATE INDEX evidence_by_run ON evidence (run, name);
CREATE INDEX failures_by_run ON failures (run);
CREATE UNIQUE INDEX records_by_node ON records (run, node, row);
CREATE INDEX records_by_time ON records (run, time_ns);
CREATE INDEX records_by_event ON records (event, run);
CREATE INDEX records_by_message ON records (run, node, peer, message) WHERE message IS NOT NULL;
CREATE VIEW messages AS SELECT s.run, s.node AS sender, s.peer AS receiver, s.message, s.bytes, s.time_ns AS sent_ns, r.time_ns AS handled_ns, r.time_ns - s.time_ns AS latency_ns FROM records s LEFT JOIN records r ON r.run = s.run AND r.node = s.peer AND r.peer = s.node AND r.message = s.message AND r.event = 'receive' WHERE s.event = 'send' AND s.message IS NOT NULL;
";

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// The file.
    pub file: PathBuf,
    /// Number of runs.
    pub runs: u64,
    /// Number of records.
    pub records: u64,
}

/// Writes the results of a folder into a database, in place of an older one.
///
/// # Errors
/// The results cannot be read, or the file cannot be written, or is no database of ours.
pub(crate) fn write(folder: &Folder, file: &Path) -> Result<Database, Error> {
    let failed = |source: rusqlite::Error| Error::Sqlite {
        path: file.to_owned(),
        source,
    };
    if file.exists() && !is_ours(file) {
        return Err(Error::NoDatabase {
            path: file.to_owned(),
        });
    }
    if let Some(parent) = file.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(Error::write(parent))?;
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let _ = std::fs::remove_file(&beside);
    let done = fill(folder, &beside, &failed).and_then(|records| {
        std::fs::rename(&beside, file).map_err(Error::write(file))?;
        Ok(records)
    });
    if done.is_err() {
        // The first error is reported.
        let _ = std::fs::remove_file(&beside);
    }
    Ok(Database {
        file: file.to_owned(),
        runs: folder.runs.len() as u64,
        records: done?,
    })
}

fn is_ours(file: &Path) -> bool {
    let open = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let mark = open.and_then(|it| it.pragma_query_value(None, "application_id", |row| row.get(0)));
    mark.is_ok_and(|mark: i32| mark == MARK)
}

/// Writes all tables. Returns the number of records.
fn fill(
    folder: &Folder,
    file: &Path,
    failed: &impl Fn(rusqlite::Error) -> Error,
) -> Result<u64, Error> {
    let database = Connection::open(file).map_err(failed)?;
    let begin = format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA application_id = {MARK}; PRAGMA user_version = 1; BEGIN;{TABLES}"
    );
    database.execute_batch(&begin).map_err(failed)?;
    meta(folder, &database).map_err(failed)?;
    runs(folder, &database).map_err(failed)?;
    metrics(folder, &database, failed)?;
    judged(folder, &database, failed)?;
    let records = records::write(folder, &database, failed)?;
    database.execute_batch(INDEXES).map_err(failed)?;
    database.execute_batch("COMMIT;").map_err(failed)?;
    database.close().map_err(|(_, error)| failed(error))?;
    Ok(records)
}

fn meta(folder: &Folder, database: &Connection) -> rusqlite::Result<()> {
    let manifest = &folder.manifest;
    let scenario = &manifest.scenario;
    let mut insert = database.prepare("INSERT INTO meta VALUES (?, ?)")?;
    let log = match manifest.log {
        LogMode::Off => "no records: the runs were done with --log off".to_owned(),
        log => log.to_string(),
    };
    for (key, value) in [
        ("scenario", &scenario.name),
        ("title", &scenario.title),
        ("text", &scenario.text),
        ("settings", &manifest.settings.join(" ")),
        ("seed", &manifest.seed.to_string()),
        ("time", &manifest.time),
        ("log", &log),
        ("runner", &manifest.versions.runner),
        ("started", &manifest.started),
    ] {
        insert.execute(params![key, value])?;
    }
    Ok(())
}

fn runs(folder: &Folder, database: &Connection) -> rusqlite::Result<()> {
    let mut axes = database.prepare("INSERT INTO cases VALUES (?, ?, ?)")?;
    for case in &folder.manifest.cases {
        for (axis, value) in &case.axes {
            let value = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            axes.execute(params![case.id, axis, value])?;
        }
    }
    let mut insert = database.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for run in &folder.runs {
        insert.execute(params![
            integer(run.run),
            run.case,
            run.seed.to_string(),
            run.status.word(),
            run.verdict.map(|it| it.word()),
            run.duration_s,
            run.wall_s,
            integer(run.events),
            integer(run.messages),
            run.warmup_s.as_deref().map_or(Value::Null, number),
        ])?;
    }
    Ok(())
}

/// The rows of `summary.csv`: a row for each metric that a node of a run has.
fn metrics(
    folder: &Folder,
    database: &Connection,
    failed: &impl Fn(rusqlite::Error) -> Error,
) -> Result<(), Error> {
    let file = folder.path.join(SUMMARY_FILE);
    if !file.exists() {
        return Ok(());
    }
    let mut table = TableReader::open(&file, &SUMMARY_COLUMNS)?;
    let first = SUMMARY_COLUMNS.len();
    let names: Vec<String> = table.header().skip(first).map(str::to_owned).collect();
    let insert = database.prepare("INSERT INTO metrics VALUES (?, ?, ?, ?, ?)");
    let mut insert = insert.map_err(failed)?;
    while let Some(row) = table.next_row()? {
        let (run, case, node) = (row.number(0)?, row.text(1)?, row.text(2)?);
        for (at, name) in names.iter().enumerate() {
            let value = number(row.text(first + at)?);
            if value != Value::Null {
                let values = params![integer(run), case, node, name, value];
                insert.execute(values).map_err(failed)?;
            }
        }
    }
    Ok(())
}

fn judged(
    folder: &Folder,
    database: &Connection,
    failed: &impl Fn(rusqlite::Error) -> Error,
) -> Result<(), Error> {
    let prepare = |sql: &str| database.prepare(sql).map_err(failed);
    let mut first_error = Ok(());
    let mut insert = |statement: &mut Statement<'_>, values: &[&dyn ToSql]| {
        if first_error.is_ok() {
            first_error = statement.execute(values).map(drop);
        }
    };
    let mut verdicts = prepare("INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    folder.each_verdict(|row| {
        let it = row.judgement;
        let (judge, verdict) = (it.judge.word(), it.verdict.word());
        let (measured, reason) = (text(&it.measured), text(&it.reason));
        let run = row.run.map(integer);
        insert(
            &mut verdicts,
            params![run, row.case, judge, it.name, verdict, measured, reason],
        );
    })?;
    let mut evidence = prepare("INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    folder.each_evidence(|row| {
        let it = row.evidence;
        let [run, place, time, step] = [row.run, it.row, it.time_ns, it.step].map(integer);
        let message = (it.message > 0).then(|| integer(it.message));
        let (peer, note) = (text(&it.peer), text(&it.note));
        let values = params![
            run, row.name, it.node, place, time, step, it.event, peer, message, note
        ];
        insert(&mut evidence, values);
    })?;
    let mut failures = prepare("INSERT INTO failures VALUES (?, ?)")?;
    folder.each_failure(|row| insert(&mut failures, params![integer(row.run), row.text]))?;
    first_error.map_err(failed)
}

/// A number that SQLite has as an integer; a larger one as a float.
fn integer(value: u64) -> Value {
    i64::try_from(value).map_or(Value::Real(value as f64), Value::Integer)
}

/// The number in a cell; NULL if the cell is empty.
fn number(cell: &str) -> Value {
    if let Ok(whole) = cell.parse() {
        return Value::Integer(whole);
    }
    match cell.parse() {
        Ok(real) => Value::Real(real),
        Err(_) if cell.is_empty() => Value::Null,
        Err(_) => Value::Text(cell.to_owned()),
    }
}

/// A text; NULL if it is empty.
fn text(cell: &str) -> Option<&str> {
    (!cell.is_empty()).then_some(cell)
}
