//! `run --coordinator` and `node --join`: nodes in processes that somebody else starts, here
//! on one machine. The results are those of one process; a process stays for all runs; one
//! that a signal ends hands over its records, one that is killed is a failed node; and who
//! may not join is refused with the reason, on both sides.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Answer, Lab};
use crate::real_live::{Beside, Live};
use crate::waiting::{until, whole_lines};

/// A server and two clients that count round trips.
pub const ECHO: &str = "\
name = \"echo\"
time = \"real\"
duration = \"1s\"
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
count = 2
behavior = \"echo.client\"
config = { sizes = [1, 10, 1000], repeat = 3 }
[[links]]
between = [\"client\", \"server\"]
";

/// Machines that tick, without an end.
pub const ENDLESS: &str = "\
name = \"endless\"
time = \"real\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 20
";

/// A coordinator, and the processes that join it.
pub struct Together {
    pub live: Live,
    pub address: String,
    nodes: Vec<Node>,
}

/// A process of `runner node`.
pub struct Node {
    pub process: Beside,
    errors: std::path::PathBuf,
}

impl Node {
    /// Waits for the end.
    #[track_caller]
    pub fn end(&mut self) -> Answer {
        let (code, out) = self.process.end();
        let err = fs::read_to_string(&self.errors).unwrap();
        assert!(!err.contains("panicked at"), "{err}");
        Answer { code, out, err }
    }
}

impl Together {
    /// Starts a coordinator at a free port.
    pub fn begin(scenario: &str, more: &[&str]) -> Together {
        let mut live = Live::with(
            scenario,
            &[&["--coordinator", "127.0.0.1:0"], more].concat(),
        );
        let address = live.runner.told("coordinator listens on ");
        Together {
            live,
            address,
            nodes: Vec::new(),
        }
    }

    /// Starts a process that joins.
    pub fn node(&self, more: &[&str]) -> Node {
        node(&self.live.lab, &[&["--join", &self.address], more].concat())
    }

    /// Starts a process for the next node of each group.
    pub fn groups(&mut self, groups: &[&str]) {
        for group in groups {
            let node = self.node(&["--group", group]);
            self.nodes.push(node);
        }
    }

    /// Waits until the log of each node has rows.
    pub fn is_under_way(&self, nodes: &[&str]) {
        until("the records of every node have come", || {
            nodes.iter().all(|node| self.rows(node) > 1)
        });
    }

    /// Rows of a node that have come.
    pub fn rows(&self, node: &str) -> usize {
        let log = format!("out/runs/0001.partial/{node}.csv");
        whole_lines(&self.live.lab.path(&log))
    }

    /// Waits until more rows than `more` have come of a node: it goes on without others.
    pub fn goes_on(&self, node: &str, more: usize) {
        let before = self.rows(node);
        until("another node has more rows", || {
            self.rows(node) > before + more
        });
    }

    /// Waits for the ends of all; the processes must pass.
    #[track_caller]
    pub fn end(mut self) -> (Lab, Answer) {
        let answer = self.live.end();
        for node in &mut self.nodes {
            node.end().passes();
        }
        (self.live.lab, answer)
    }
}

/// Starts `runner node` in the folder of a lab.
pub fn node(lab: &Lab, arguments: &[&str]) -> Node {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let errors = lab.path(&format!("errors-of-node-{number}"));
    let mut command = lab.command(&[&["node"], arguments].concat());
    command.env_remove("RUNNER_SECRET");
    let errors_file = fs::File::create(&errors).unwrap();
    Node {
        process: Beside::start(command.stderr(errors_file)),
        errors,
    }
}

/// What a node did, step by step: columns of its log.
fn steps(lab: &Lab, out: &str, node: &str) -> Vec<Vec<String>> {
    let log = lab.table(&format!("{out}/runs/0001/{node}.csv"));
    let columns = ["step", "event", "bytes", "size", "replies", "unanswered"];
    let texts = columns.map(|column| log.texts(column));
    let row = |row: usize| texts.iter().map(|it| it[row].to_owned()).collect();
    (0..log.rows.len()).map(row).collect()
}

/// Runs the scenario on this machine alone. It may be a little late.
fn run_here(lab: &Lab, out: &str, more: &[&str]) {
    let arguments = ["scenario.toml", "--no-report", "--out", out];
    lab.runner(&[&arguments[..], more].concat()).ends(0);
}

#[test]
fn results_are_those_of_one_process() {
    let mut together = Together::begin(ECHO, &[]);
    together.groups(&["client", "server", "client"]);
    let (lab, answer) = together.end();
    answer.ends(0);
    run_here(&lab, "one", &[]);
    let names =
        |out: &str| -> Vec<String> { lab.files(&format!("{out}/runs/0001")).into_keys().collect() };
    let joined = names("out").into_iter().filter(|it| it != "joined.csv");
    assert_eq!(joined.collect::<Vec<_>>(), names("one"));
    for node in ["client-1", "client-2"] {
        // A client starts when the server listens, and has a request under way at a time.
        assert_eq!(steps(&lab, "out", node), steps(&lab, "one", node));
    }
    let summary = |out: &str| lab.table(&format!("{out}/summary.csv"));
    for column in ["run", "case", "node", "received", "sent", "bytes_sent"] {
        assert_eq!(summary("out").texts(column), summary("one").texts(column));
    }
}

/// The five agencies of a lottery, without an end of its own.
const LOTTERY: &str = "\
name = \"lottery\"
[nodes.central]
behavior = \"lottery.central\"
config = { winner = 7574, announce = \"single\" }
[nodes.agency]
count = 5
behavior = \"lottery.agency\"
config = { generate = 400, announce = \"single\" }
[[check]]
check = \"lottery.complete\"
";

#[test]
fn the_bets_of_five_agencies_are_the_same_in_every_place() {
    let sorted = |lab: &Lab, out: &str| {
        let bets = lab.read(&format!("{out}/runs/0001/bets.csv"));
        let mut bets: Vec<String> = bets.lines().map(str::to_owned).collect();
        bets.sort();
        bets
    };
    let mut together = Together::begin(LOTTERY, &["--time", "real"]);
    together.groups(&["agency", "agency", "central", "agency", "agency", "agency"]);
    let (lab, answer) = together.end();
    answer.ends(0);
    let bets = sorted(&lab, "out");
    assert_eq!(bets.len(), 2000);
    run_here(&lab, "virtual", &[]);
    run_here(&lab, "real", &["--time", "real"]);
    run_here(&lab, "processes", &["--time", "real", "--processes"]);
    for out in ["virtual", "real", "processes"] {
        assert_eq!(sorted(&lab, out), bets, "{out}");
        // What the check says is the same, too.
        let verdicts = |out: &str| {
            let table = lab.table(&format!("{out}/verdicts.csv"));
            table.only("name", "lottery.complete").rows
        };
        assert_eq!(verdicts(out), verdicts("out"));
    }
    let joined = lab.table("out/runs/0001/joined.csv");
    let nodes = [
        "central", "agency-1", "agency-2", "agency-3", "agency-4", "agency-5",
    ];
    assert_eq!(joined.texts("node"), nodes);
    assert_eq!(joined.texts("status"), ["complete"; 6]);
    // All read the same clock here.
    for column in ["clock_offset_start_ns", "clock_uncertainty_end_ns"] {
        assert_eq!(joined.texts(column), ["0"; 6]);
    }
}

#[test]
fn a_process_stays_for_all_runs() {
    let mut together = Together::begin(ECHO, &["--runs", "3", "--duration", "400ms"]);
    together.groups(&["server", "client", "client"]);
    let (lab, answer) = together.end();
    answer.ends(0);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status"), ["complete"; 3]);
    assert_eq!(runs.numbers("messages"), [36.0; 3]);
}

#[test]
fn a_process_that_a_signal_ends_hands_over_its_records_and_the_others_go_on() {
    let mut together = Together::begin(ENDLESS, &[]);
    together.groups(&["machine", "machine"]);
    together.live.runner.told("machine-2 joined from ");
    let mut leaving = together.node(&["--name", "machine-3"]);
    together.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    leaving.process.signal(Signal::TERM);
    let answer = leaving.end().ends(143);
    assert!(
        answer
            .out
            .ends_with("machine-3 stopped: its records are handed over\n")
    );
    // The others go on.
    together.goes_on("machine-1", 5);
    let mut runner = together.live;
    let answer = runner.stop();
    for node in &mut together.nodes {
        node.end().passes();
    }
    answer.says(&["a signal ended the process of node `machine-3`"]);
    let lab = runner.lab;
    let joined = lab.table("out/runs/0001/joined.csv");
    assert_eq!(joined.texts("status"), ["complete", "complete", "stopped"]);
    let log = lab.table("out/runs/0001/machine-3.csv");
    assert_eq!(log.texts("event").last(), Some(&"stop"));
}

#[test]
fn a_process_that_is_killed_is_a_failed_node_and_its_records_are_kept() {
    let mut together = Together::begin(ENDLESS, &["--duration", "3s"]);
    together.groups(&["machine", "machine"]);
    together.live.runner.told("machine-2 joined from ");
    let killed = together.node(&["--name", "machine-3"]);
    together.is_under_way(&["machine-3"]);
    killed.process.signal(Signal::KILL);
    let (lab, answer) = together.end();
    answer.ends(3).says(&[
        "the process of node `machine-3` was lost: its connection has closed",
        "what it had handed over is kept",
    ]);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
    let rows = |node: &str| whole_lines(&lab.path(&format!("out/runs/0001.partial/{node}.csv")));
    assert!(rows("machine-3") > 1);
    // The others went on to the end: three seconds at 20 ticks.
    assert!(rows("machine-1") > 50);
}

#[test]
fn a_signal_to_the_coordinator_ends_all_processes_with_their_records() {
    let mut together = Together::begin(ENDLESS, &[]);
    together.groups(&["machine"; 3]);
    together.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    together.live.runner.signal(Signal::TERM);
    let (lab, answer) = together.end();
    answer.ends(143);
    for node in ["machine-1", "machine-2", "machine-3"] {
        let log = lab.table(&format!("out/runs/0001/{node}.csv"));
        assert_eq!(log.texts("event").last(), Some(&"stop"));
    }
}

#[test]
fn processes_end_and_say_so_if_the_coordinator_is_killed() {
    let mut together = Together::begin(ENDLESS, &[]);
    together.groups(&["machine"; 3]);
    together.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    together.live.runner.signal(Signal::KILL);
    let lost = format!("the coordinator at {} was lost", together.address);
    for node in &mut together.nodes {
        node.end().ends(3).says(&[&lost]);
    }
}
