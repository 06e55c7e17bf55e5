//! The cost of writing and reading a log, as ratios measured in one run:
//!
//! ```text
//! cargo bench -p analysis --bench log -- [--rows N] [--quick] [--check]
//! ```
//!
//! - a row formatted by us, by `write!`, by the csv crate;
//! - a pass over the logs of three nodes (default 10,000,000 rows): our reader,
//!   our reader with all metrics, against a plain split-and-parse of the same
//!   bytes, the csv crate, and reading the bytes alone;
//! - what led to the last record, of which most of the logs are the past, against our
//!   reader; `--check` fails if it takes more than twice as long;
//! - peak memory of both at a tenth of the rows and at all of them, each in
//!   a process of its own.
//!
//! Each figure is the best of several repeats.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use analysis::causes::{Past, Story, Target, TargetPlace};
use analysis::log::{
    ColumnKind, ColumnSchema, Columns, EventId, Layout, LogFormat, LogText, NO_PEER, NodeLogs,
    NodeSchema, Row, RunLog, RunSchema,
};
use analysis::metrics::RunMetrics;

/// Set for a child process: the folder whose logs it reads; it prints its peak memory.
const CHILD: &str = "ANALYSIS_BENCH_FOLDER";
/// Set as well if it finds what led to the last record.
const CHILD_PAST: &str = "ANALYSIS_BENCH_PAST";
/// How many times as long as our reader it may take to find what led to a record.
const MOST: f64 = 2.0;

fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        match std::env::var_os(CHILD_PAST) {
            Some(_) => drop(what_led_to_the_last(Path::new(&folder))),
            None => read_with_metrics(Path::new(&folder)),
        }
        println!("{}", peak_memory_kib().unwrap_or(0));
        return;
    }
    let (mut rows, mut check) = (10_000_000u64, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => {
                let count = arguments.next().and_then(|count| count.parse().ok());
                rows = count.expect("`--rows` takes a number");
            }
            "--quick" => rows = 1_000_000,
            "--check" => check = true,
            // Given by cargo.
            "--bench" => {}
            other => {
                panic!("unknown argument `{other}`, expected `--rows N`, `--quick` or `--check`")
            }
        }
    }
    formatting();
    let ratio = reading(rows);
    if check && ratio > MOST {
        eprintln!("what led to the last record takes {ratio:.2} times a pass, more than {MOST}");
        std::process::exit(1);
    }
}

/// Three clock machines, with the columns and event words of the lab.
fn schema() -> RunSchema {
    let clock = ColumnSchema {
        name: "clock".to_owned(),
        kind: ColumnKind::U64,
        docs: String::new(),
    };
    let node = |index| NodeSchema {
        name: format!("machine-{index}"),
        columns: vec![clock.clone()].into(),
        events: vec!["internal".to_owned()].into(),
        program: false,
        driving: Default::default(),
    };
    RunSchema {
        nodes: (1..4).map(node).collect(),
        external_peers: vec![],
    }
}

/// Makes the rows of a plausible run: of ten, three are sends, three are receives, and
/// the others are internal.
fn generate(count: u64, mut take: impl FnMut(&Row, Columns<'_>)) {
    let mut clocks = [0u64; 3];
    let mut steps = [0u64; 3];
    let mut sent = [0u64; 3];
    let mut flight = std::collections::VecDeque::new();
    let mut random = 1u64;
    for index in 0..count {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let node = (index % 3) as usize;
        steps[node] += 1;
        clocks[node] += 1 + (random >> 62);
        let mut row = Row {
            time_ns: index * 55_555_555,
            step: steps[node],
            node: node as u32,
            event: EventId::own(0),
            peer: NO_PEER,
            message: 0,
            bytes: 0,
            queue: random >> 60,
        };
        match (random >> 33) % 10 {
            0..3 => {
                sent[node] += 1;
                row.event = EventId::SEND;
                row.peer = (row.node + 1) % 3;
                (row.message, row.bytes) = (sent[node], 8);
                flight.push_back((node, sent[node], row.peer));
            }
            3..7 => {
                if let Some((sender, message, _)) = flight.pop_front() {
                    row.event = EventId::RECEIVE;
                    row.peer = sender as u32;
                    (row.message, row.bytes) = (message, 8);
                }
            }
            _ => {}
        }
        let columns = Columns {
            present: 1,
            cells: &clocks[node..=node],
            texts: &[],
        };
        take(&row, columns);
    }
}

/// The best of some repeats, in nanoseconds for each of `count`.
fn best<const REPEATS: u32>(count: u64, mut work: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_nanos() as f64 / count as f64
    };
    (0..REPEATS).map(time).fold(f64::INFINITY, f64::min)
}

fn formatting() {
    /// Rows and text stay in the second-level cache, as in a run.
    const COUNT: u64 = 10_000;
    let schema = schema();
    let mut rows: Vec<(Row, u64)> = Vec::new();
    generate(COUNT, |row, columns| rows.push((*row, columns.cells[0])));
    let mut text = LogText::default();
    let mut format = LogFormat::new(&schema, Layout::PerNode);
    let ours = best::<200>(COUNT, || {
        text.clear();
        for (row, clock) in &rows {
            let cells = [*clock];
            let columns = Columns {
                present: 1,
                cells: &cells,
                texts: &[],
            };
            format.row(row, &columns, &mut text);
        }
        black_box(&text);
    });
    let expected = text.as_slice();
    let mut out = Vec::with_capacity(expected.len());
    let formatted = best::<200>(COUNT, || {
        out.clear();
        for (row, clock) in &rows {
            let event = schema.nodes[0].event_name(row.event);
            let peer = schema.peer_name(row.peer);
            write!(out, "{},{},{event},{peer},", row.time_ns, row.step).unwrap();
            match row.message {
                0 => out.extend_from_slice(b",,"),
                message => write!(out, "{message},{},", row.bytes).unwrap(),
            }
            writeln!(out, "{},{clock}", row.queue).unwrap();
        }
        black_box(&out);
    });
    assert!(out == expected, "both write the same");
    let by_csv = best::<200>(COUNT, || {
        out.clear();
        let mut writer = csv::Writer::from_writer(&mut out);
        let mut digits = [itoa::Buffer::new(); 6];
        for (row, clock) in &rows {
            let numbers = [
                row.time_ns,
                row.step,
                row.message,
                row.bytes,
                row.queue,
                *clock,
            ];
            let mut texts = digits
                .iter_mut()
                .zip(numbers)
                .map(|(own, value)| own.format(value));
            let mut text = || texts.next().unwrap_or_default();
            let (time, step, message, bytes) = (text(), text(), text(), text());
            let (message, bytes) = match row.message {
                0 => ("", ""),
                _ => (message, bytes),
            };
            let event = schema.nodes[0].event_name(row.event);
            let peer = schema.peer_name(row.peer);
            let record = [time, step, event, peer, message, bytes, text(), text()];
            writer.write_record(record).unwrap();
        }
        writer.flush().unwrap();
    });
    assert!(out == expected, "both write the same");
    let copied = best::<200>(COUNT, || {
        out.clear();
        // Row by row, as they are written.
        for line in black_box(expected).chunks(expected.len() / COUNT as usize) {
            out.extend_from_slice(line);
        }
        black_box(&out);
    });
    println!("formatting a row (target at most 25)   ns/row   of ours");
    for (name, ns) in [
        ("ours", ours),
        ("memcpy of the text", copied),
        ("write!", formatted),
        ("csv crate", by_csv),
    ] {
        println!("  {name:<35} {ns:>8.1} {:>8.2}", ns / ours);
    }
}

fn write_logs(folder: &Path, rows: u64) -> Vec<PathBuf> {
    let schema = schema();
    let mut logs = NodeLogs::create(folder, &schema);
    generate(rows, |row, columns| logs.row(row, &columns));
    logs.finish().expect("the temporary folder takes the logs");
    let path = |node: &NodeSchema| folder.join(format!("{}.csv", node.name));
    schema.nodes.iter().map(path).collect()
}

fn read_with_metrics(folder: &Path) {
    let schema = schema();
    let mut log = RunLog::open(folder, Some(&schema)).expect("logs as just written");
    let mut metrics = RunMetrics::new(&schema);
    let mut end_ns = 0;
    while let Some((row, columns)) = log.next().expect("rows as just written") {
        metrics.row(&row, &columns);
        end_ns = row.time_ns;
    }
    black_box(metrics.finish(end_ns));
}

/// The past of the last record of the first node, as `runner why` keeps it.
fn what_led_to_the_last(folder: &Path) -> Story {
    let log = RunLog::open(folder, Some(&schema())).expect("logs as just written");
    let target = Target {
        node: 0,
        place: TargetPlace::Last,
        note: String::new(),
    };
    let past = Past::new(log.backward(), vec![target]).expect("logs as just written");
    Story::of(past, 120).expect("rows as just written")
}

/// Measures, and returns how many times as long as our reader the past takes.
fn reading(count: u64) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let small = tempfile::tempdir().expect("a temporary folder");
    let schema = schema();
    let start = Instant::now();
    let files = write_logs(folder.path(), count);
    let written = start.elapsed().as_nanos() as f64 / count as f64;
    write_logs(small.path(), count / 10);
    let bytes: u64 = files
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();

    let bare = best::<3>(count, || {
        let mut window = vec![0; 64 << 10];
        for path in &files {
            let mut file = File::open(path).unwrap();
            while file.read(&mut window).unwrap() > 0 {
                black_box(&window);
            }
        }
    });
    let plain = best::<3>(count, || {
        for path in &files {
            black_box(split_and_parse(path));
        }
    });
    let by_csv = best::<3>(count, || {
        for path in &files {
            black_box(csv_crate(path));
        }
    });
    let reader = best::<3>(count, || {
        let mut log = RunLog::open(folder.path(), Some(&schema)).unwrap();
        while let Some((row, columns)) = log.next().unwrap() {
            black_box((row, columns));
        }
    });
    let with_metrics = best::<3>(count, || read_with_metrics(folder.path()));
    let past = best::<3>(count, || {
        let story = what_led_to_the_last(folder.path());
        assert!(story.rows > count * 9 / 10, "most of the rows");
        black_box(story);
    });

    println!("\n{count} rows, {} MB", bytes / 1_000_000);
    println!("                          ns/row  of plain split-and-parse");
    for (name, ns) in [
        ("generated and written", written),
        ("bytes read alone", bare),
        ("plain split-and-parse", plain),
        ("csv crate and parse", by_csv),
        ("our reader, merging", reader),
        ("  with all metrics", with_metrics),
        ("what led to the last", past),
    ] {
        println!("  {name:<22} {ns:>8.1} {:>8.2}", ns / plain);
    }
    println!("  what led to the last / our reader {:.2}", past / reader);
    for (what, is_past) in [
        ("a pass with all metrics", false),
        ("what led to the last", true),
    ] {
        println!("\npeak memory of {what}");
        for (rows, folder) in [(count / 10, small.path()), (count, folder.path())] {
            let program = std::env::current_exe().expect("this program");
            let mut child = Command::new(program);
            child.env(CHILD, folder);
            if is_past {
                child.env(CHILD_PAST, "1");
            }
            let output = child.output().expect("this program starts").stdout;
            println!(
                "  {rows:>9} rows {:>8} KiB",
                String::from_utf8_lossy(&output).trim()
            );
        }
    }
    past / reader
}

/// The simplest reader: lines, `split`, `parse`.
fn split_and_parse(path: &Path) -> u64 {
    let mut reader = BufReader::with_capacity(64 << 10, File::open(path).unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let mut sum = 0u64;
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap() == 0 {
            return sum;
        }
        for (index, cell) in line.trim_end().split(',').enumerate() {
            match index {
                2 | 3 => sum = sum.wrapping_add(cell.len() as u64),
                _ if cell.is_empty() => {}
                _ => sum = sum.wrapping_add(cell.parse::<u64>().unwrap()),
            }
        }
    }
}

/// The same with the fastest interface of the csv crate.
fn csv_crate(path: &Path) -> u64 {
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(64 << 10)
        .from_path(path)
        .unwrap();
    let mut record = csv::ByteRecord::new();
    let mut sum = 0u64;
    while reader.read_byte_record(&mut record).unwrap() {
        for (index, cell) in record.iter().enumerate() {
            match index {
                2 | 3 => sum = sum.wrapping_add(cell.len() as u64),
                _ if cell.is_empty() => {}
                _ => {
                    let cell = std::str::from_utf8(cell).unwrap();
                    sum = sum.wrapping_add(cell.parse::<u64>().unwrap());
                }
            }
        }
    }
    sum
}

/// Peak memory of this process `[KiB]`.
fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
