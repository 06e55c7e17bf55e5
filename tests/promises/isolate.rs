//! With `--isolate`, a plugin that crashes, exits, loops or exhausts memory fails one run
//! only; `--timeout` and `--memory` limit each run.

use std::process::Stdio;

use crate::harness::{LAB, Lab};
use crate::waiting::{is_running, until};

/// Six runs. At the higher rate, the second node reaches the tick at which it does what
/// `how` says; at the lower rate it does not.
fn crashes(how: &str) -> String {
    format!(
        "name = \"crashes\"\nruns = 6\nseed = 3\nduration = \"100s\"\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 9\n\
         config = {{ faces = 4, script = [4] }}\n\
         [nodes.ill]\nbehavior = \"misbehaving.crashes\"\n\
         tick_rate = {{ choice = [0.1, 80] }}\nconfig = {{ how = \"{how}\", at = 300 }}\n\
         [[links]]\nfrom = \"well\"\nto = \"ill\"\n"
    )
}

const INTO_OUT: [&str; 5] = ["scenario.toml", "--no-report", "--out", "out", "--isolate"];

/// The place where each of them crashes: 300 ticks at 80 a second.
const PLACE: &str = " in `tick` of node `ill` at 3.75 s (step 300)";

/// Runs `crashes(how)`: the runs that do not reach the crash are complete, and the error of
/// each other run begins with `told`. Returns standard error.
fn costs_its_runs(how: &str, more: &[&str], told: &str) -> String {
    let lab = Lab::with(&crashes(how));
    let answer = lab.runner(&[&INTO_OUT[..], more].concat()).ends(3);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.rows.len(), 6);
    let failed = runs.only("status", "failed");
    let complete = runs.only("status", "complete");
    assert_eq!(failed.rows.len() + complete.rows.len(), 6);
    assert!(
        !failed.rows.is_empty() && complete.rows.len() > 1,
        "{runs:?}"
    );
    for run in failed.texts("run") {
        assert!(
            answer.err.contains(&format!("error: run {run}: {told}")),
            "{}",
            answer.err
        );
        assert!(!lab.path(&format!("out/runs/000{run}")).exists());
    }
    // The logs of the complete runs have the same bytes as without a crash.
    let calm = Lab::with(&crashes(how).replace("at = 300", "at = 1000000"));
    calm.run_into("out", &[]);
    for run in complete.texts("run") {
        for node in ["well", "ill"] {
            let log = format!("out/runs/000{run}/{node}.csv");
            assert_eq!(lab.read(&log), calm.read(&log));
        }
    }
    answer.err
}

#[test]
fn a_write_through_a_null_pointer_costs_its_run() {
    let told = format!("its process was killed by SIGSEGV{PLACE}\n");
    let err = costs_its_runs("null", &[], &told);
    assert!(err.contains("\n  repeat: runner scenario.toml --seed 3 --run "));
    assert!(err.contains(" --isolate\n"));
}

#[test]
fn an_abort_costs_its_run() {
    let told = format!("its process was killed by SIGABRT{PLACE}\n");
    costs_its_runs("abort", &[], &told);
}

#[test]
fn an_exit_costs_its_run() {
    let told = format!("its process ended itself with exit code 0{PLACE}\n");
    costs_its_runs("exit", &[], &told);
}

#[test]
fn an_overflow_of_the_stack_costs_its_run() {
    let told = format!("its process was killed by SIGABRT{PLACE}\n  it said: thread ");
    let err = costs_its_runs("overflow", &[], &told);
    assert!(err.contains("has overflowed its stack\n"), "{err}");
}

#[test]
fn allocating_without_end_costs_its_run() {
    let told = format!("its process was killed by SIGABRT{PLACE}\n  it said: ");
    let err = costs_its_runs("allocate", &["--memory", "100MiB"], &told);
    assert!(err.contains("\n  it said: memory allocation of "), "{err}");
}

#[test]
fn an_endless_loop_costs_its_run() {
    let told = format!("it took longer than 2s (--timeout), and did not come back{PLACE}\n");
    costs_its_runs("loop", &["--timeout", "2s"], &told);
}

#[test]
fn a_run_longer_than_its_timeout_ends_between_two_events() {
    // Without `--isolate`, too: each callback returns.
    for more in [&[][..], &["--isolate"]] {
        let lab = Lab::with(&crashes("slow").replace("runs = 6", "runs = 4"));
        let arguments = [
            "scenario.toml",
            "--no-report",
            "--out",
            "out",
            "--timeout",
            "2s",
        ];
        let answer = lab.runner(&[&arguments[..], more].concat()).ends(3);
        let told = ": it took longer than 2s (--timeout); last was node `";
        assert!(answer.err.contains(told), "{}", answer.err);
        assert!(answer.err.contains(" --timeout 2s"), "{}", answer.err);
        let runs = lab.table("out/runs.csv");
        let failed = runs.only("status", "failed");
        assert!(!failed.rows.is_empty() && failed.rows.len() < 4);
        assert!(
            failed
                .numbers("duration_s")
                .iter()
                .all(|&it| 3.75 < it && it < 100.0)
        );
        assert!(failed.numbers("events").iter().all(|&it| it > 300.0));
        // The rows until then are kept.
        let run = &failed.texts("run")[0];
        let log = lab.table(&format!("out/runs/000{run}.partial/ill.csv"));
        assert!(log.rows.len() > 300);
        // A slow machine may be the reason, so `--resume` does the run again.
        let again = [&arguments[..], &["--resume"], more].concat();
        let told = format!("{} of 4 runs were finished before\n", 4 - failed.rows.len());
        let again = lab.runner(&again).ends(3);
        assert!(again.out.contains(&told), "{}", again.out);
    }
}

#[test]
fn results_are_the_same_bytes_as_without() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 40"));
    lab.run_into("without", &[]);
    lab.run_into("with", &["--isolate"]);
    let lasting = |out: &str| {
        let mut files = lab.files(out);
        files.retain(|name, _| name == "summary.csv" || name.starts_with("runs/"));
        files
    };
    assert_eq!(lasting("without").len(), 1 + 3 * 40);
    assert_eq!(lasting("without"), lasting("with"));
    lab.run_into("off", &["--isolate", "--log", "off", "--jobs", "3"]);
    assert_eq!(lab.read("off/summary.csv"), lab.read("with/summary.csv"));
}

#[test]
fn a_panic_gives_the_same_error_as_without() {
    let lab = Lab::with(
        "name = \"ill\"\nruns = 2\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"misbehaving.panics\"\ntick_rate = 4\nconfig = { in = \"tick\", at = 3 }\n",
    );
    let with = lab.runner(&INTO_OUT).ends(3);
    let without = lab
        .runner(&["scenario.toml", "--no-report", "--out", "without"])
        .ends(3);
    assert_eq!(with.err.replace(" --isolate", ""), without.err);
    assert_eq!(lab.files("out/runs"), lab.files("without/runs"));
}

#[test]
fn resume_does_crashed_runs_again_and_keeps_finished_ones() {
    let lab = Lab::with(&crashes("abort"));
    let first = lab.runner(&INTO_OUT).ends(3);
    let again = lab.runner(&[&INTO_OUT[..], &["--resume"]].concat()).ends(3);
    assert_eq!(again.err, first.err);
    let complete = lab.table("out/runs.csv").only("status", "complete");
    let told = format!(
        "crashes: {} of 6 runs were finished before\n",
        complete.rows.len()
    );
    assert!(again.out.contains(&told), "{}", again.out);
}

#[test]
fn fail_fast_begins_no_run_after_one_that_failed() {
    let lab = Lab::with(&crashes("abort").replace("runs = 6", "runs = 200"));
    let arguments = [&INTO_OUT[..], &["--fail-fast", "--jobs", "2"]].concat();
    let answer = lab.runner(&arguments).ends(3);
    let runs = lab.table("out/runs.csv");
    let failed = runs.only("status", "failed").rows.len();
    assert!((1..=2).contains(&failed), "{runs:?}");
    let left = 200 - runs.rows.len();
    assert!(left > 100);
    let told = format!(", {left} not begun in ");
    assert!(answer.out.contains(&told), "{}", answer.out);
    // The results are complete, and `--resume` does the other runs.
    let summary = lab.table("out/summary.csv");
    assert_eq!(summary.rows.len(), 2 * (runs.rows.len() - failed));
    let rest = lab.runner(&[&INTO_OUT[..], &["--resume"]].concat()).ends(3);
    assert!(rest.out.contains("runs were finished before"));
    assert_eq!(lab.table("out/runs.csv").rows.len(), 200);
}

#[test]
fn a_signal_ends_isolated_runs_and_keeps_the_complete_ones() {
    let calm = Lab::with(&crashes("loop").replace("at = 300", "at = 1000000"));
    calm.run_into("out", &[]);
    let ill = calm.table("out/summary.csv").only("node", "ill");
    let loops = |steps: &f64| *steps >= 300.0;
    let first = ill.numbers("steps").iter().position(loops).unwrap() + 1;
    assert!(first > 1, "at least one run before it is complete");

    let lab = Lab::with(&crashes("loop"));
    let mut command = lab.command(&[&INTO_OUT[..], &["-q", "-j1"]].concat());
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let partial = lab.path(&format!("out/runs/{first:04}.partial"));
    until("the first run that never ends begins", || partial.exists());
    lab.shell(&format!("kill -INT {}", child.id())).passes();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let runs = lab.table("out/runs.csv");
    assert_eq!(
        runs.texts("status")[..first - 1],
        vec!["complete"; first - 1]
    );
    assert!(!runs.texts("status").contains(&"failed"));
}

#[test]
fn run_processes_end_with_a_killed_runner() {
    let lab = Lab::with(&crashes("loop").replace("choice = [0.1, 80]", "choice = [80]"));
    let arguments = [&INTO_OUT[..], &["-q", "-j1"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    let workers = || children(child.id());
    let first = lab.path("out/runs/0001.partial");
    until("a run begins", || !workers().is_empty() && first.exists());
    let workers = workers();
    child.kill().unwrap();
    child.wait().unwrap();
    until("the processes are gone", || {
        !workers.iter().any(|worker| is_running(&worker.to_string()))
    });
}

/// The child processes of a process.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    let lists = threads.map(|thread| thread.unwrap().path().join("children"));
    let lists = lists.map(|list| std::fs::read_to_string(list).unwrap_or_default());
    let lists: Vec<String> = lists.collect();
    let words = lists.iter().flat_map(|list| list.split_whitespace());
    words.map(|word| word.parse().unwrap()).collect()
}

#[test]
fn isolated_runs_in_real_time_complete() {
    let lab = Lab::with(&LAB.replace("60s", "1s"));
    lab.runner(&[&INTO_OUT[..], &["--time", "real", "--runs", "1", "-q"]].concat())
        .ends(0);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status"), ["complete"]);
    assert!(runs.numbers("duration_s")[0] >= 1.0);
    assert!(lab.path("out/runs/0001/lag.csv").exists());
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--isolate", "--processes"])
        .ends(2)
        .says(&["cannot be used with"]);
    lab.runner(&["scenario.toml", "--memory", "1GiB"])
        .ends(2)
        .says(&["--isolate"]);
    lab.runner(&["scenario.toml", "--isolate", "--memory", "1KiB"])
        .ends(2)
        .says(&["expected at least 32MiB"]);
    lab.runner(&["scenario.toml", "--timeout", "0s"])
        .ends(2)
        .says(&["expected more than 0"]);
    // A command for the runner itself.
    lab.runner(&["run-process"])
        .ends(3)
        .says(&["only the runner starts it: runner run --isolate SCENARIO"]);
}
