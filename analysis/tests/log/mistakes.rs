//! Damaged logs: each mistake has an error or a warning, with file and line.

use analysis::log::tables::COMBINED_FILE;
use analysis::log::*;

use super::{HEADER, written};

fn clock_schema() -> RunSchema {
    let column = ColumnSchema {
        name: "clock".to_owned(),
        kind: ColumnKind::U64,
        docs: String::new(),
    };
    RunSchema {
        nodes: vec![NodeSchema {
            name: "m".to_owned(),
            columns: vec![column].into(),
            events: vec!["internal".to_owned()].into(),
            program: false,
            driving: Default::default(),
        }],
        external_peers: vec![],
    }
}

/// The first error of the log `m.csv` of node `m`.
fn first_error(text: impl AsRef<[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), "m.csv", text);
    let error = match RunLog::open(folder.path(), Some(&clock_schema())) {
        Err(error) => error,
        Ok(mut log) => loop {
            match log.next() {
                Err(error) => {
                    assert!(
                        matches!(log.next(), Ok(None)),
                        "nothing is read after an error"
                    );
                    break error;
                }
                Ok(Some(_)) => {}
                Ok(None) => panic!("no error"),
            }
        },
    };
    let folder = format!("{}/", folder.path().display());
    error.to_string().replace(&folder, "")
}

#[test]
fn every_mistake_says_where_and_what() {
    let row = "5,1,internal,,,,0,7\n";
    let with = |body: &str| format!("{HEADER}{row}{body}");
    let cases: [(Vec<u8>, &str); 13] = [
        (b"".to_vec(), "m.csv:1: the file is empty"),
        (
            b"a,b\n1,2\n".to_vec(),
            "m.csv:1: expected the header `time_ns,step,event,peer,message,bytes,queue`, found `a,b`",
        ),
        (
            HEADER.replace("clock", "level").into(),
            "m.csv:1: expected the columns `clock` after the standard ones, found `level`",
        ),
        (
            with("6,2,internal,,,").into(),
            "m.csv:3: the last line is cut off: `6,2,internal,,,`",
        ),
        (
            with("6,2,internal,,,,0,7").into(),
            "m.csv:3: the last line is cut off",
        ),
        (
            with("6,2,internal\n").into(),
            "m.csv:3: 3 cells, expected 8",
        ),
        (
            with("six,2,internal,,,,0,7\n").into(),
            "m.csv:3: column `time_ns`: found `six`, expected a whole number",
        ),
        (
            with("6,,internal,,,,0,7\n").into(),
            "m.csv:3: column `step`: found ``, expected a whole number",
        ),
        (
            with("6,2,jump,,,,0,7\n").into(),
            "m.csv:3: column `event`: found `jump`, which is no event",
        ),
        (
            with("6,2,internal,,,,0,-7\n").into(),
            "m.csv:3: column `clock`: found `-7`, expected a whole number of 0 or more",
        ),
        (
            with("6,2,internal,,,,99999999999999999999,7\n").into(),
            "m.csv:3: column `queue`: found `99999999999999999999`",
        ),
        (
            with("6,2,internal,\"a,,,0,7\n").into(),
            "m.csv:3: a quoted cell begins in this row and does not end",
        ),
        (
            [with("6,2,receive,").as_bytes(), b"\xff,1,1,0,7\n"].concat(),
            "m.csv:3: column `peer`: found `\u{fffd}`, expected UTF-8 text",
        ),
    ];
    for (text, expected) in cases {
        let found = first_error(&text);
        assert!(found.starts_with(expected), "{found}\nexpected {expected}");
    }
}

#[test]
fn a_folder_without_logs_and_a_missing_log_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    for schema in [None, Some(&clock_schema())] {
        let error = RunLog::open(folder.path(), schema).unwrap_err();
        assert!(matches!(error.problem, Problem::NoLogs));
    }
    let missing = RunLog::open(&folder.path().join("no"), None).unwrap_err();
    assert!(matches!(missing.problem, Problem::Io(_)));
    let mut schema = clock_schema();
    schema.nodes.push(NodeSchema {
        name: "n".to_owned(),
        ..schema.nodes[0].clone()
    });
    written(folder.path(), "m.csv", HEADER);
    let error = RunLog::open(folder.path(), Some(&schema)).unwrap_err();
    assert!(matches!(error.problem, Problem::Io(_)) && error.path.ends_with("n.csv"));
}

#[test]
fn a_combined_log_with_an_unknown_node_names_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let text = "time_ns,node,step,event,peer,message,bytes,queue,clock\n1,mm,1,tick,,,,0,1\n";
    written(folder.path(), COMBINED_FILE, text);
    let mut log = RunLog::open(folder.path(), Some(&clock_schema())).unwrap();
    let error = log.next().unwrap_err().to_string();
    assert!(error.ends_with("events.csv:2: column `node`: found `mm`, which is no node of this run (did you mean `m`?)"), "{error}");
}

#[test]
fn time_that_goes_back_and_a_lack_of_rows_are_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}5,1,internal,,,,0,1\n4,2,internal,,,,0,2\n3,3,internal,,,,0,3\n");
    let m = written(folder.path(), "m.csv", text);
    let empty = written(folder.path(), "n.csv", HEADER);
    let mut log = RunLog::open(folder.path(), None).unwrap();
    let mut times = Vec::new();
    while let Some((row, _)) = log.next().unwrap() {
        times.push(row.time_ns);
    }
    assert_eq!(times, [5, 4, 3]);
    let expected = [
        Warning::TimeGoesBack {
            path: m,
            line: 3,
            count: 2,
        },
        Warning::NoRows { path: empty },
        Warning::NoReceiveRows,
    ];
    assert_eq!(log.warnings(), expected);
}
