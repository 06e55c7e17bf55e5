//! The table of records: a row for each row of each log, with a column for each column of a
//! behavior.

use std::collections::{BTreeSet, HashMap};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::integer;
use crate::log::{Cell, NO_PEER, RunSchema};
use crate::report::{Error, Folder, open_log};
use crate::results::{LogMode, RunRow};

/// The columns that every record has.
const STANDARD: [&str; 11] = [
    "run", "case_id", "node", "row", "time_ns", "step", "event", "peer", "message", "bytes",
    "queue",
];

/// Maximum number of columns of behaviors: SQLite has at most 2,000 columns in a table.
const MAX_OWN: usize = 1_900;

/// Creates the table and writes the records of all runs with logs. Returns their number.
pub(super) fn write(
    folder: &Folder,
    database: &Connection,
    failed: &impl Fn(rusqlite::Error) -> Error,
) -> Result<u64, Error> {
    let with_logs: Vec<&RunRow> = match folder.manifest.log {
        LogMode::Off => Vec::new(),
        _ => folder
            .runs
            .iter()
            .filter(|run| folder.run_folder(run).is_dir())
            .collect(),
    };
    let columns = own_columns(folder, &with_logs);
    let own: Vec<String> = columns
        .iter()
        .map(|it| format!(", {}", quoted(it)))
        .collect();
    let create = format!(
        "CREATE TABLE records (run INTEGER NOT NULL REFERENCES runs, case_id TEXT NOT NULL, node TEXT NOT NULL, row INTEGER NOT NULL, time_ns INTEGER NOT NULL, step INTEGER NOT NULL, event TEXT NOT NULL, peer TEXT, message INTEGER, bytes INTEGER, queue INTEGER NOT NULL{});",
        own.concat()
    );
    database.execute_batch(&create).map_err(failed)?;
    let marks = vec!["?"; STANDARD.len() + columns.len()].join(", ");
    let insert = database.prepare(&format!("INSERT INTO records VALUES ({marks})"));
    let mut insert = insert.map_err(failed)?;
    let place: HashMap<&str, usize> = columns
        .iter()
        .enumerate()
        .map(|(at, name)| (name.as_str(), STANDARD.len() + at))
        .collect();
    let mut count = 0;
    for run in with_logs {
        let schema = folder.manifest.run_schema(&run.case);
        let mut log = open_log(folder, run, &schema)?;
        let mut rows = vec![0_u64; log.schema().nodes.len()];
        let places = places(log.schema(), &place);
        while let Some((row, own, names)) = log.next_named()? {
            let at = row.node as usize;
            let node = &names.nodes[at];
            rows[at] += 1;
            let with_message = |value: u64| match row.message {
                0 => Value::Null,
                _ => integer(value),
            };
            let peer = match row.peer {
                NO_PEER => Value::Null,
                peer => Value::Text(names.peer_name(peer).to_owned()),
            };
            let mut values = vec![
                integer(run.run),
                Value::Text(run.case.clone()),
                Value::Text(node.name.clone()),
                integer(rows[at]),
                integer(row.time_ns),
                integer(row.step),
                Value::Text(node.event_name(row.event).to_owned()),
                peer,
                with_message(row.message),
                with_message(row.bytes),
                integer(row.queue),
            ];
            values.resize(STANDARD.len() + columns.len(), Value::Null);
            for (index, column) in node.columns.iter().enumerate() {
                if let Some(place) = places[at].get(index).copied().flatten() {
                    values[place] = value(own.cell(index, column.kind));
                }
            }
            insert.execute(params_from_iter(values)).map_err(failed)?;
            count += 1;
        }
    }
    Ok(count)
}

/// The names of the columns of all behaviors, in the order of the nodes. SQLite takes names
/// that differ in case alone for the same: the second is left out, and so is one of a standard
/// column.
fn own_columns(folder: &Folder, runs: &[&RunRow]) -> Vec<String> {
    let mut taken: BTreeSet<String> = STANDARD.iter().map(|it| (*it).to_owned()).collect();
    let mut seen_cases = BTreeSet::new();
    let mut columns = Vec::new();
    for run in runs {
        if !seen_cases.insert(run.case.as_str()) {
            continue;
        }
        let schema = folder.manifest.run_schema(&run.case);
        for name in schema.all_columns(&schema.shapes()) {
            if columns.len() < MAX_OWN && taken.insert(name.to_lowercase()) {
                columns.push(name);
            }
        }
    }
    columns
}

/// By node and column of its behavior: the place among the values of a row.
fn places(schema: &RunSchema, place: &HashMap<&str, usize>) -> Vec<Vec<Option<usize>>> {
    let nodes = schema.nodes.iter();
    nodes
        .map(|node| {
            let own = node.columns.iter();
            own.map(|column| place.get(&*column.name).copied())
                .collect()
        })
        .collect()
}

fn value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::U64(value) => integer(value),
        Cell::I64(value) => Value::Integer(value),
        // SQLite has no value that is not a number, and would take it for NULL.
        Cell::F64(value) if value.is_nan() => Value::Text("NaN".to_owned()),
        Cell::F64(value) => Value::Real(value),
        Cell::Bool(value) => Value::Integer(value.into()),
        Cell::Text(text) => Value::Text(text.to_owned()),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
