//! `waiting.csv` in a run's folder: for how long messages waited in the inboxes. A
//! row for each node at which a message waited.
//!
//! The logs do not have it: a log says when a message was sent and when it was handled,
//! but not when it arrived or when a server began to serve it. `queue_time_mean` is
//! this time, divided by the duration of the run.

use std::path::Path;

use super::reader::{TableError, TableReader};
use crate::RunSchema;
use crate::quoting::{line, push_text};

/// The columns of `waiting.csv`.
pub const WAITING_COLUMNS: [&str; 2] = ["node", "waited_ns"];

/// For how long messages waited: (node, time summed over the messages), without the
/// nodes at which none waited [messages x ns]. A node is an index into
/// [`RunSchema::nodes`].
pub type Waited = Vec<(u32, u128)>;

/// The text of a `waiting.csv`.
///
/// # Panics
/// If a node is not in the schema.
pub fn waiting_to_csv(waited: &[(u32, u128)], schema: &RunSchema) -> Vec<u8> {
    let mut out = line(WAITING_COLUMNS).into_bytes();
    for &(node, waited_ns) in waited {
        push_text(&mut out, &schema.nodes[node as usize].name);
        out.extend_from_slice(format!(",{waited_ns}\n").as_bytes());
    }
    out
}

/// Reads a `waiting.csv`; `None` if there is no such file: the run was killed, or the
/// logs are of another program.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn read_waiting(path: &Path, schema: &RunSchema) -> Result<Option<Waited>, TableError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut table = TableReader::open(path, &WAITING_COLUMNS)?;
    let mut waited = Waited::new();
    // The rows are in the order of the nodes.
    let mut nodes = (0..).zip(&schema.nodes);
    while let Some(row) = table.next_row()? {
        let name = row.text(0)?;
        let Some((node, _)) = nodes.find(|(_, node)| node.name == name) else {
            return Err(row.wrong(0, "a node of the run, in the order of the scenario"));
        };
        let found = row.text(1)?.parse();
        waited.push((node, found.map_err(|_| row.wrong(1, "a time in ns"))?));
    }
    Ok(Some(waited))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeSchema;

    #[test]
    fn a_table_of_waiting_times_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waiting.csv");
        let node = |name: &str| NodeSchema {
            name: name.to_owned(),
            ..NodeSchema::default()
        };
        let schema = RunSchema {
            nodes: ["a", "b", "c"].map(node).into(),
            external_peers: vec![],
        };
        assert_eq!(read_waiting(&path, &schema).unwrap(), None);
        for waited in [vec![], vec![(1, u128::MAX)], vec![(0, 1), (2, 20)]] {
            std::fs::write(&path, waiting_to_csv(&waited, &schema)).unwrap();
            assert_eq!(read_waiting(&path, &schema).unwrap(), Some(waited));
        }
        for wrong in ["c,1\na,2\n", "d,1\n", "a,-1\n", "a,x\n"] {
            std::fs::write(&path, format!("node,waited_ns\n{wrong}")).unwrap();
            assert!(read_waiting(&path, &schema).is_err(), "{wrong}");
        }
    }
}
