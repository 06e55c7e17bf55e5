//! The names of everything in a results folder.
//!
//! ```text
//! RESULTS/manifest.json     what was run
//!         runs.journal      the runs that have ended, as the runner keeps them; with
//!                           --shared, each runner has runs.journal-TOKEN of its own
//!         runs.csv          a row per run
//!         summary.csv       a row per node and run: the metrics
//!         samples.csv       a row per node, run and family of percentiles: its samples;
//!                           and for how long messages waited
//!         verdicts.csv      a row per check or expectation and run
//!         evidence.csv      log rows that prove a failure
//!         failures.csv      why runs failed, if any failed themselves
//!         shrunk/X.toml     with --shrink, the smallest scenario for each failure
//!         runs/0001/        one run; `runs/0001.partial` until the run is complete
//!             NODE.csv      the log of a node, or events.csv for all nodes
//!             NODE.log      what a node printed
//!             lag.csv       in real time: how late ticks and timers were
//!             faults.csv    when each fault held, and what it touched
//!             joined.csv    with nodes in other places: how each ended, and its clock
//!             ...           files that behaviors wrote
//! ```

/// What was run.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The table of runs.
pub const RUNS_FILE: &str = "runs.csv";
/// The journal of the runs that have ended.
pub const JOURNAL_FILE: &str = "runs.journal";
/// The table of metrics.
pub const SUMMARY_FILE: &str = "summary.csv";
/// The table of the samples behind the percentiles, and of waiting times.
pub const SAMPLES_FILE: &str = "samples.csv";
/// The table of judgements.
pub const VERDICTS_FILE: &str = "verdicts.csv";
/// The table of evidence.
pub const EVIDENCE_FILE: &str = "evidence.csv";
/// The table of failures of runs.
pub const FAILURES_FILE: &str = "failures.csv";
/// The folder of scenarios that failures were cut down to.
pub const SHRUNK_FOLDER: &str = "shrunk";
/// The folder of the runs' own folders.
pub const RUNS_FOLDER: &str = "runs";

/// The files and folders that only a results folder holds.
pub const RESULT_FILES: [&str; 9] = [
    MANIFEST_FILE,
    RUNS_FILE,
    JOURNAL_FILE,
    SUMMARY_FILE,
    SAMPLES_FILE,
    VERDICTS_FILE,
    EVIDENCE_FILE,
    FAILURES_FILE,
    RUNS_FOLDER,
];

/// What a report writes into its folder.
pub const REPORT_FILES: [&str; 3] = ["report.md", "report.html", "plots"];

/// In a run's folder: the log of all nodes.
pub const COMBINED_FILE: &str = "events.csv";
/// In a run's folder: how late ticks and timers were.
pub const LAG_FILE: &str = "lag.csv";
/// In a run's folder: when each fault held.
pub const FAULTS_FILE: &str = "faults.csv";
/// In a run's folder: how the processes of nodes ended that had joined, and their clocks.
pub const JOINED_FILE: &str = "joined.csv";

/// In a run's folder: the runner's tables. No node and no behavior may have a file of such a
/// name.
pub const RUN_TABLES: [&str; 4] = [COMBINED_FILE, LAG_FILE, FAULTS_FILE, JOINED_FILE];

/// In a run's folder: the log of one node.
pub fn log_file(node: &str) -> String {
    format!("{node}.csv")
}

/// In a run's folder: the lines that a node printed.
pub fn printed_file(node: &str) -> String {
    format!("{node}.log")
}

/// The node whose log or whose printed lines have this name.
pub fn node_of(file: &str) -> Option<&str> {
    file.strip_suffix(".csv")
        .or_else(|| file.strip_suffix(".log"))
}

/// The end of the name of a run's folder while the run is not complete.
const PARTIAL: &str = ".partial";

/// The folder of a run that is complete, in [`RUNS_FOLDER`].
pub fn run_folder(run: u64) -> String {
    format!("{run:04}")
}

/// The folder of a run that is not complete, in [`RUNS_FOLDER`].
pub fn partial_folder(run: u64) -> String {
    format!("{run:04}{PARTIAL}")
}

/// The folder of a run that the runner with this token writes, in [`RUNS_FOLDER`], while
/// other runners may write the same results.
pub fn work_folder(run: u64, token: &str) -> String {
    format!("{run:04}-{token}{PARTIAL}")
}

/// The folder in [`RUNS_FOLDER`] that the runner with this token keeps of a run because
/// another runner had another result.
pub fn conflict_folder(run: u64, token: &str) -> String {
    format!("{run:04}{CONFLICT}{token}")
}

/// The run whose [`conflict_folder`] has this name; `None` if it is another name.
pub fn conflicting_run(name: &str) -> Option<u64> {
    name.split_once(CONFLICT)?.0.parse().ok()
}

/// Between the number of a run and the token of a runner whose result differs.
const CONFLICT: &str = ".conflict-";

/// The run whose [`partial_folder`] has this name; `None` if it is another name.
pub fn partial_run(name: &str) -> Option<u64> {
    name.strip_suffix(PARTIAL)?.parse().ok()
}
