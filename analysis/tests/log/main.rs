//! Logs read back as they were written. `mistakes`: what is damaged has an error with
//! its place.

mod mistakes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use analysis::log::*;
use analysis::metrics::{NodeMetrics, RunMetrics};

/// A row with the values of its columns.
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
        driving: Default::default(),
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

/// Rows in time order with ascending steps; within an instant in the order of the nodes,
/// as in merged logs.
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
        metrics.row(&row, &columns);
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

/// Without the values of columns that are not present.
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
            metrics.row(&record.row, &columns);
            if combined {
                log.row(&record.row, &columns);
            } else {
                logs.row(&record.row, &columns);
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
                    metrics.row(&row, &columns);
                }
                metrics.finish(0);
            }
        }
    }
}

const HEADER: &str = "time_ns,step,event,peer,message,bytes,queue,clock\n";

fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
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
