//! The cost of a report over many runs, as ratios measured in one run:
//!
//! ```text
//! cargo bench -p analysis --bench report -- [--runs N] [--quick]
//! ```
//!
//! - time and memory per row of `summary.csv` (a node of a run) for N runs of 1,000 nodes
//!   (default 1,000), against a tenth of the runs, and against a plain split-and-parse of
//!   the same bytes;
//! - the same for many cases: 4 N cases of ten runs of ten nodes, against a tenth of the cases;
//! - the same for many nodes: one run of 100,000 nodes, against a tenth of the nodes. Fewer
//!   would fit into a cache, and their rows take less time each.
//!
//! Each report is built in a process of its own, and each figure is the best of three. The
//! program fails if the time per row grows by more than half.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use analysis::log::{ColumnKind, ColumnSchema, Driving};
use analysis::metrics::metric_names;

/// Set for a child process: the folder of which it builds the report; it prints the time
/// in nanoseconds and its peak memory in KiB.
const CHILD: &str = "ANALYSIS_BENCH_FOLDER";
/// The greatest growth of the time per row.
const LIMIT: f64 = 1.5;

/// Results to report on.
#[derive(Clone, Copy)]
struct Size {
    cases: u64,
    /// Runs of each case.
    runs: u64,
    nodes: u64,
}

/// What a report costs.
struct Cost {
    ns_per_row: f64,
    plain_ns_per_row: f64,
    memory_kib: u64,
}

fn main() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return build(Path::new(&folder));
    }
    let mut runs = 1_000;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => {
                let count = arguments.next().and_then(|count| count.parse().ok());
                runs = count.expect("`--runs` takes a number");
            }
            "--quick" => runs = 200,
            // Given by cargo.
            "--bench" => {}
            other => panic!("unknown argument `{other}`, expected `--runs N` or `--quick`"),
        }
    }
    println!("                                       ns/row  of plain  bytes/row");
    let many_runs = |runs| Size {
        cases: 1,
        runs,
        nodes: 1_000,
    };
    let many_cases = |cases| Size {
        cases,
        runs: 10,
        nodes: 10,
    };
    let many_nodes = |nodes| Size {
        cases: 1,
        runs: 1,
        nodes,
    };
    let grown = [
        grows(many_runs(runs / 10), many_runs(runs)),
        grows(many_cases(runs * 4 / 10), many_cases(runs * 4)),
        grows(many_nodes(10_000), many_nodes(100_000)),
    ];
    assert!(
        grown.iter().all(|&it| it <= LIMIT),
        "the time per row grows by more than {LIMIT}: {grown:?}"
    );
}

/// Prints what both sizes cost; returns the growth of the time per row.
fn grows(small: Size, large: Size) -> f64 {
    let [small, large] = [small, large].map(|size| {
        let cost = cost(size);
        println!(
            "  {:>6} cases x {:>5} runs x {:>6} nodes {:>8.1} {:>8.2} {:>10}",
            size.cases,
            size.runs,
            size.nodes,
            cost.ns_per_row,
            cost.ns_per_row / cost.plain_ns_per_row,
            cost.memory_kib * 1024 / (size.cases * size.runs * size.nodes),
        );
        cost
    });
    let growth = large.ns_per_row / small.ns_per_row;
    println!("  time per row grows {growth:.2} times\n");
    growth
}

fn cost(size: Size) -> Cost {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write_results(folder.path(), size);
    let rows = (size.cases * size.runs * size.nodes) as f64;
    let mut cost = Cost {
        ns_per_row: f64::INFINITY,
        plain_ns_per_row: f64::INFINITY,
        memory_kib: u64::MAX,
    };
    for _ in 0..3 {
        let start = Instant::now();
        black_box(split_and_parse(&folder.path().join("summary.csv")));
        let plain = start.elapsed().as_nanos() as f64;
        let program = std::env::current_exe().expect("this program");
        let child = Command::new(program).env(CHILD, folder.path()).output();
        let output = child.expect("this program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "no report: {errors}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut said = said.split_whitespace().map(|it| it.parse::<u64>());
        let mut next = || said.next().expect("a number").expect("a number");
        cost.ns_per_row = cost.ns_per_row.min(next() as f64 / rows);
        cost.memory_kib = cost.memory_kib.min(next());
        cost.plain_ns_per_row = cost.plain_ns_per_row.min(plain / rows);
    }
    cost
}

/// Builds the report, and prints its cost.
fn build(folder: &Path) {
    let start = Instant::now();
    let written = analysis::report::build(folder, folder);
    written.expect("a report");
    let time = start.elapsed().as_nanos();
    println!("{time} {}", peak_memory_kib().unwrap_or(0));
}

fn peak_memory_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The least that a reader of these bytes has to do.
fn split_and_parse(path: &Path) -> f64 {
    let text = fs::read_to_string(path).expect("the table");
    let mut sum = 0.0;
    for line in text.lines().skip(1) {
        for cell in line.split(',').skip(3).filter(|it| !it.is_empty()) {
            sum += cell.parse::<f64>().expect("a number");
        }
    }
    sum
}

/// Writes the manifest and tables of runs of clock machines without logs, with plausible
/// numbers.
fn write_results(folder: &Path, size: Size) {
    let id = |case: u64| format!("delay={case}");
    let cases: Vec<String> = (0..size.cases)
        .map(|case| format!("{{\"id\":\"{}\",\"axes\":{{\"delay\":{case}}}}}", id(case)))
        .collect();
    let all = size.cases * size.runs;
    let manifest = format!(
        r#"{{"format":1,"scenario":{{"name":"many","title":"many","file":"many.toml","text":""}},
        "seed":1,"duration_s":60.0,"time":"virtual","command":["runner"],
        "versions":{{"runner":"0.1.0","abi":1}},"plugins":[],"log":"off",
        "axes":[{{"name":"delay","path":"links.0.latency"}}],"cases":[{}],
        "runs_per_case":{},"runs_planned":{all},"started":"2026-11-26T12:00:00Z",
        "groups":[{{"name":"machine","count":{},"numbered":true,"behavior":"clock.machine",
        "timing":"3 ticks per second","columns":[{{"name":"clock","kind":"u64"}}]}}]}}"#,
        cases.join(","),
        size.runs,
        size.nodes
    );
    fs::write(folder.join("manifest.json"), manifest).expect("the manifest");
    let columns = [ColumnSchema {
        name: "clock".to_owned(),
        kind: ColumnKind::U64,
        docs: String::new(),
    }];
    let metrics = metric_names(&columns, &[], Driving::default());
    let create = |name: &str| {
        let file = fs::File::create(folder.join(name)).expect("a table");
        std::io::BufWriter::new(file)
    };
    let (mut runs, mut summary) = (create("runs.csv"), create("summary.csv"));
    let header = analysis::results::runs_header(false, ["delay"]);
    runs.write_all(header.as_bytes()).expect("the header");
    let header = format!("run,case,node,{}\n", metrics.join(","));
    summary.write_all(header.as_bytes()).expect("the header");
    let mut random = 1_u64;
    let mut line = String::new();
    for run in 1..=all {
        let case = (run - 1) / size.runs;
        let id = id(case);
        writeln!(runs, "{run},{id},{run},complete,,60,0.1,1000,500,{case}").expect("a run");
        for node in 1..=size.nodes {
            line.clear();
            write!(line, "{run},{id},machine-{node}").expect("memory");
            for metric in &metrics {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let value = (random >> 40) as f64;
                // Speeds that do not vary: every case is looked at for some that do.
                match metric.as_str() {
                    "steps_per_s" => write!(line, ",{node}"),
                    // The furthest clock is that of the last of the hundredth that is fastest.
                    "clock_final" => match node == size.nodes * 99 / 100 + 1 {
                        true => write!(line, ",2000000"),
                        false => write!(line, ",1000000"),
                    },
                    it if it.ends_with("mean") => write!(line, ",{:.6}", value / 1e4),
                    _ => write!(line, ",{}", (value / 1e3) as u64),
                }
                .expect("memory");
            }
            line.push('\n');
            summary.write_all(line.as_bytes()).expect("a row");
        }
    }
    runs.flush().expect("the runs");
    summary.flush().expect("the summary");
}
