//! What is written reads back; what is damaged says where.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use analysis::log::tables::COMBINED_FILE;
use analysis::log::*;
use analysis::metrics::{NodeMetrics, RunMetrics};

/// A row with what its columns held.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    row: Row,
    present: u64,
    cells: Vec<u64>,
    text: String,
}

const KINDS: [ColumnKind; 5] = [
    ColumnKind::U64,
    ColumnKind::I64,
    ColumnKind::F64,
    ColumnKind::Bool,
    ColumnKind::Text,
];

/// Three nodes: two of a group with a column of each kind, one with a clock and
/// a name that does not fit a short cell.
fn schema() -> RunSchema {
    let column = |name: &str, kind| ColumnSchema {
        name: name.to_owned(),
        kind,
        docs: String::new(),
    };
    let names = ["clock", "level", "load", "on", "colour"];
    let all: Arc<[ColumnSchema]> = names.iter().zip(KINDS).map(|(n, k)| column(n, k)).collect();
    let node = |name: &str, columns: &Arc<[ColumnSchema]>| NodeSchema {
        name: name.to_owned(),
        columns: Arc::clone(columns),
        events: vec!["internal".to_owned(), "a word, with \"quotes\"".to_owned()].into(),
        program: false,
    };
    RunSchema {
        nodes: vec![
            node("n-1", &all),
            node("n-2", &all),
            node(
                "the-node-with-the-long-name",
                &vec![column("clock", ColumnKind::I64)].into(),
            ),
        ],
        external_peers: vec!["tcp://127.0.0.1:1".to_owned()],
    }
}

fn value(kind: ColumnKind, raw: u64) -> u64 {
    match kind {
        ColumnKind::U64 => raw,
        ColumnKind::I64 => raw as i64 as u64,
        // One NaN is as good as another.
        ColumnKind::F64 if f64::from_bits(raw).is_nan() => f64::NAN.to_bits(),
        ColumnKind::F64 => raw,
        ColumnKind::Bool => raw & 1,
        ColumnKind::Text => 4,
    }
}

prop_compose! {
    fn record()(
        span in prop_oneof![Just(0u64), 0u64..3_000_000_000],
        node in 0u32..3,
        event in 0u16..13,
        peer in prop_oneof![0u32..4, Just(NO_PEER)],
        message in 0u64..6,
        new_step: bool,
        queue in prop_oneof![0u64..50, any::<u64>().prop_map(|n| n >> 20)],
        present in 0u64..32,
        raw in prop::collection::vec(prop_oneof![0u64..2000, any::<u64>()], 5),
        text in "[a-c,\"\n\r é]{0,6}",
    ) -> (u64, bool, Record) {
        let mut record = Record {
            row: Row {
                time_ns: 0,
                step: 0,
                node,
                event: EventId(event),
                peer,
                message,
                bytes: if message == 0 { 0 } else { queue },
                queue,
            },
            present,
            cells: raw,
            text,
        };
        for (cell, kind) in record.cells.iter_mut().zip(KINDS) {
            *cell = value(kind, *cell);
        }
        if node == 2 {
            record.present &= 1;
            record.cells.truncate(1);
        }
        (span, new_step, record)
    }
}

/// Rows in time order with ascending steps; within an instant in node order, as
/// the merged logs give them.
fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), 0..60).prop_map(|records| {
        let (mut time_ns, mut steps) = (0, [0; 3]);
        let mut records: Vec<Record> = records
            .into_iter()
            .map(|(span, new_step, mut record)| {
                time_ns += span;
                let step = &mut steps[record.row.node as usize];
                *step += u64::from(new_step && record.row.event.in_step());
                record.row.time_ns = time_ns;
                record.row.step = *step;
                record
            })
            .collect();
        records.sort_by_key(|record| (record.row.time_ns, record.row.node));
        records
    })
}

fn texts(record: &Record) -> Vec<String> {
    let mut texts = vec![String::new(); 4];
    texts.push(record.text.clone());
    texts
}

fn read(mut log: RunLog) -> (Vec<Record>, Vec<NodeMetrics>) {
    let mut metrics = RunMetrics::new(log.schema());
    let mut records = Vec::new();
    while let Some((row, columns)) = log.next().unwrap() {
        metrics.row(&row, columns);
        let has_text = columns.present >> 4 & 1 == 1;
        records.push(Record {
            row,
            present: columns.present,
            cells: columns.cells.to_vec(),
            text: if has_text {
                columns.texts[4].clone()
            } else {
                String::new()
            },
        });
    }
    (records, metrics.finish(100_000_000_000))
}

/// Without what an absent column holds.
fn visible(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        record.cells.resize(5, 0);
        for (index, cell) in record.cells.iter_mut().enumerate() {
            if record.present >> index & 1 == 0 {
                *cell = 0;
            }
        }
        if record.present >> 4 & 1 == 0 {
            record.text.clear();
        }
    }
    records
}

proptest! {
    #[test]
    fn what_was_written_reads_back_and_comes_to_the_same_metrics(
        records in records(),
        combined: bool,
    ) {
        let schema = schema();
        let folder = tempfile::tempdir().unwrap();
        let mut metrics = RunMetrics::new(&schema);
        let mut logs = NodeLogs::create(folder.path(), &schema);
        let mut log = CombinedLog::create(folder.path(), &schema);
        for record in &records {
            let texts = texts(record);
            let columns = Columns { present: record.present, cells: &record.cells, texts: &texts };
            metrics.row(&record.row, columns);
            if combined {
                log.row(&record.row, columns);
            } else {
                logs.row(&record.row, columns);
            }
        }
        if combined {
            log.finish().unwrap();
        } else {
            logs.finish().unwrap();
        }
        let (found, from_log) = read(RunLog::open(folder.path(), Some(&schema)).unwrap());
        prop_assert_eq!(visible(found), visible(records));
        prop_assert_eq!(from_log, metrics.finish(100_000_000_000));
    }

    #[test]
    fn no_file_makes_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[0-9a,\"\n\r.-]{0,200}",
        header in 0usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("n-1.csv");
        let header = [
            "",
            "time_ns,step,event,peer,message,bytes,queue,clock,level,load,on,colour\n",
            "time_ns,node,step,event,peer,message,bytes,queue,clock\n",
            "t,k\n",
        ][header];
        let mapping = Mapping::parse("time=t:s,event=k").unwrap();
        for body in [&bytes, text.as_bytes()] {
            std::fs::write(&path, [header.as_bytes(), body].concat()).unwrap();
            let schema = schema();
            let logs = [
                RunLog::open(folder.path(), None),
                RunLog::open(folder.path(), Some(&schema)),
                RunLog::open_files(std::slice::from_ref(&path), None),
                RunLog::open_files(std::slice::from_ref(&path), Some(&mapping)),
            ];
            for mut log in logs.into_iter().flatten() {
                let mut metrics = RunMetrics::new(log.schema());
                while let Ok(Some((row, columns))) = log.next() {
                    metrics.row(&row, columns);
                }
                metrics.finish(0);
            }
        }
    }
}

const HEADER: &str = "time_ns,step,event,peer,message,bytes,queue,clock\n";

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
        }],
        external_peers: vec![],
    }
}

fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Everything there is to say about the log `m.csv` of node `m`.
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

#[test]
fn without_a_manifest_nodes_and_kinds_are_found_in_the_logs() {
    let folder = tempfile::tempdir().unwrap();
    let header = HEADER.replace("clock", "a,b,c,d,e");
    let rows = "1,1,blink,,,,0,1,-1,1,true,red\n2,2,receive,n-2,1,4,0,2,5,0.5,,\n";
    written(folder.path(), "n-10.csv", format!("{header}{rows}"));
    written(
        folder.path(),
        "n-2.csv",
        format!("{header}3,1,tick,,,,0,1,1,1.5,false,x\n"),
    );
    written(folder.path(), "bets.csv", "agency,name\n1,x\n");
    let mut log = RunLog::open(folder.path(), None).unwrap();
    let names: Vec<_> = log
        .schema()
        .nodes
        .iter()
        .map(|node| node.name.as_str())
        .collect();
    assert_eq!(names, ["n-2", "n-10"]);
    let kinds: Vec<_> = log.schema().nodes[1]
        .columns
        .iter()
        .map(|column| column.kind)
        .collect();
    assert_eq!(kinds, KINDS);
    let (row, _) = log.next().unwrap().unwrap();
    assert_eq!((row.node, row.event), (1, EventId::own(0)));
    let (row, _) = log.next().unwrap().unwrap();
    assert_eq!(row.peer, 0);
}

#[test]
fn logs_of_another_program_are_read_through_a_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let a = written(
        folder.path(),
        "a.csv",
        "kind,when,lamport,note\r\nSENT,100.5,1,x\r\n\r\nRECV,101.25,4,y",
    );
    let b = written(
        folder.path(),
        "b.csv",
        "when,kind,lamport,backlog\n100.75,Internal,2,\n",
    );
    let mapping = Mapping::parse("time=when:s,event=kind,clock=lamport").unwrap();
    let mut log = RunLog::open_files(&[a.clone(), b.clone()], Some(&mapping)).unwrap();
    let mut rows = Vec::new();
    while let Some((row, columns)) = log.next().unwrap() {
        rows.push((row.time_ns, row.node, row.step, columns.cells[0]));
    }
    assert_eq!(
        rows,
        [(0, 0, 1, 1), (250_000_000, 1, 1, 2), (750_000_000, 0, 2, 4),]
    );
    assert_eq!(log.schema().nodes[1].events[..], ["Internal".to_owned()]);
    let mapping = Mapping::parse("time=wen").unwrap();
    let error = RunLog::open_files(&[b], Some(&mapping))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`--map time=wen`: no such column (did you mean `when`?)"),
        "{error}"
    );
}

#[test]
fn more_logs_than_descriptors_are_merged_in_time_order() {
    let folder = tempfile::tempdir().unwrap();
    let node = |index| NodeSchema {
        name: format!("n-{index}"),
        ..NodeSchema::default()
    };
    let schema = RunSchema {
        nodes: (0..300).map(node).collect(),
        external_peers: vec![],
    };
    for (index, node) in schema.nodes.iter().enumerate() {
        let mut text = HEADER.replace(",clock", "");
        for step in 1..60 {
            text += &format!("{},{step},tick,,,,0\n", step * 1000 + index / 2);
        }
        written(folder.path(), &format!("{}.csv", node.name), text);
    }
    let mut log = RunLog::open(folder.path(), Some(&schema)).unwrap();
    let mut order = Vec::new();
    while let Some((row, _)) = log.next().unwrap() {
        order.push((row.time_ns, row.node));
    }
    assert_eq!(order.len(), 300 * 59);
    assert!(order.is_sorted());
}
