//! What a plugin does to its process costs the run under way and no other, with
//! `--isolate`; and what a run may take is bounded.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{LAB, Lab};

/// Six runs, of which those with the higher rate come to the tick on which the
/// second node does what `how` says.
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

/// Runs a crash: the runs that do not come to it are complete, each of the others
/// is told in this way.
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
    // The others are the same bytes as when nobody crashes.
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
    let told = format!("it took longer than 700ms (--timeout), and did not come back{PLACE}\n");
    costs_its_runs("loop", &["--timeout", "700ms"], &told);
}

#[test]
fn a_slow_run_is_ended_between_two_events_and_says_where_it_was() {
    // Without a process of its own, too: it comes back from each callback.
    for more in [&[][..], &["--isolate"]] {
        let lab = Lab::with(&crashes("slow").replace("runs = 6", "runs = 4"));
        let arguments = [
            "scenario.toml",
            "--no-report",
            "--out",
            "out",
            "--timeout",
            "1s",
        ];
        let answer = lab.runner(&[&arguments[..], more].concat()).ends(3);
        let told = ": it took longer than 1s (--timeout); last was node `";
        assert!(answer.err.contains(told), "{}", answer.err);
        assert!(answer.err.contains(" --timeout 1s"), "{}", answer.err);
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
        // What it wrote until then is there.
        let run = &failed.texts("run")[0];
        let log = lab.table(&format!("out/runs/000{run}.partial/ill.csv"));
        assert!(log.rows.len() > 300);
        // It was the machine's fault, perhaps: it is not over.
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
fn a_panic_is_told_as_it_is_without() {
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
fn runs_that_died_are_done_again_and_finished_ones_are_kept() {
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
    // What was done is complete; the rest can follow.
    let summary = lab.table("out/summary.csv");
    assert_eq!(summary.rows.len(), 2 * (runs.rows.len() - failed));
    let rest = lab.runner(&[&INTO_OUT[..], &["--resume"]].concat()).ends(3);
    assert!(rest.out.contains("runs were finished before"));
    assert_eq!(lab.table("out/runs.csv").rows.len(), 200);
}

#[test]
fn a_signal_ends_runs_in_processes_gracefully() {
    let lab = Lab::with(&crashes("loop").replace("runs = 6", "runs = 60"));
    let mut command = lab.command(&[&INTO_OUT[..], &["-q", "-j1"]].concat());
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    // Until it is in the loop, from which nothing comes back.
    let deadline = Instant::now() + Duration::from_secs(60);
    let busy = |name: &str| {
        let written = std::fs::read_to_string(lab.path("out/runs.journal"));
        let lines = written.map_or(0, |text| text.lines().count());
        lines > 1 && lab.path(name).exists()
    };
    while !(2..60).any(|run| busy(&format!("out/runs/{run:04}.partial"))) {
        assert!(Instant::now() < deadline, "the runs do not come forward");
        std::thread::yield_now();
    }
    lab.shell(&format!("kill -INT {}", child.id())).passes();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let runs = lab.table("out/runs.csv");
    assert!(runs.texts("status").contains(&"complete"));
    assert!(!runs.texts("status").contains(&"failed"));
}

#[test]
fn processes_end_with_the_runner_however_it_ends() {
    let lab = Lab::with(&crashes("loop").replace("choice = [0.1, 80]", "choice = [80]"));
    let arguments = [&INTO_OUT[..], &["-q", "-j1"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let workers = || children(child.id());
    while workers().is_empty() || !lab.path("out/runs/0001.partial").exists() {
        assert!(Instant::now() < deadline, "no run begins");
        std::thread::yield_now();
    }
    let workers = workers();
    child.kill().unwrap();
    child.wait().unwrap();
    // Gone, or waiting for whoever has to take note of it.
    let is_there = |process: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while workers.iter().any(is_there) {
        assert!(Instant::now() < deadline, "{workers:?} are still there");
        std::thread::yield_now();
    }
}

/// The processes that a process has started.
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
fn in_real_time_runs_have_processes_too() {
    let lab = Lab::with(&LAB.replace("60s", "1s"));
    lab.runner(&[&INTO_OUT[..], &["--time", "real", "--runs", "1", "-q"]].concat())
        .ends(0);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status"), ["complete"]);
    assert!(runs.numbers("duration_s")[0] >= 1.0);
    assert!(lab.path("out/runs/0001/lag.csv").exists());
}

#[test]
fn options_that_cannot_be_are_told() {
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
    // Nobody types this.
    lab.runner(&["run-process"])
        .ends(3)
        .says(&["only the runner starts it: runner run --isolate SCENARIO"]);
}
