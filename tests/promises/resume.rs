//! Finished runs are never lost: a plan that was killed, stopped, or ran out of
//! disk is continued by `--resume`, which does what is missing and nothing else,
//! and comes to the bytes of a plan that nobody disturbed.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::harness::{LAB, Lab};

/// So many runs of the lab.
fn lab_of(runs: u32) -> String {
    LAB.replace("runs = 3", &format!("runs = {runs}"))
}

/// So many runs of the lab, as a matrix of four cases.
fn matrix_of(runs: u32) -> String {
    let axes = "\
[matrix.axes.rate]
path = \"nodes.machine.tick_rate\"
values = [3, { uniform_int = [1, 6] }]
labels = [\"same\", \"drawn\"]
[matrix.axes.duration]
path = \"duration\"
values = [\"60s\", \"30s\"]
";
    lab_of(runs / 4) + axes
}

/// The usual arguments, into `out`.
const INTO_OUT: [&str; 4] = ["scenario.toml", "--no-report", "--out", "out"];

fn resume(lab: &Lab, more: &[&str]) -> crate::harness::Answer {
    lab.runner(&[&INTO_OUT[..], &["--resume"], more].concat())
}

/// Waits until the journal of `out` has this many whole lines.
fn wait_for_lines(lab: &Lab, child: &mut Child, lines: usize) {
    let journal = lab.path("out/runs.journal");
    let deadline = Instant::now() + Duration::from_secs(120);
    let found =
        || fs::read(&journal).map_or(0, |text| text.iter().filter(|&&b| b == b'\n').count());
    while found() < lines {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the runs do not come forward");
        }
        std::thread::yield_now();
    }
}

/// What must be the same bytes: logs under their final names, and the summary.
fn lasting(lab: &Lab, out: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = lab.files(out);
    files.retain(|name, _| name == "summary.csv" || name.starts_with("runs/"));
    files
}

#[test]
fn a_matrix_that_was_killed_comes_to_the_same_bytes() {
    let lab = Lab::with(&matrix_of(1000));
    lab.run_into("whole", &[]);
    let whole = lasting(&lab, "whole");
    assert_eq!(whole.len(), 1 + 3 * 1000);
    // Early, in the middle, late; and the same results killed again and again.
    for lines in [1, 150, 151, 500, 900] {
        let arguments = [&INTO_OUT[..], &["--resume", "--quiet"]].concat();
        let mut child = lab.command(&arguments).spawn().unwrap();
        wait_for_lines(&lab, &mut child, lines);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let inodes = finished(&lab);
    assert!(inodes.len() >= 895, "{}", inodes.len());
    let answer = resume(&lab, &[]).ends(0);
    assert!(answer.out.contains(" of 1000 runs were finished before\n"));
    assert!(answer.out.contains("lab: 1000 runs complete"));
    assert_eq!(lasting(&lab, "out"), whole);
    assert_eq!(lab.table("out/runs.csv").rows.len(), 1000);
    // What was finished was not done again.
    let after = finished(&lab);
    assert!(inodes.iter().all(|known| after.contains(known)));
}

/// The finished runs of `out`: each folder's name and the identity of a file.
fn finished(lab: &Lab) -> Vec<(String, u64)> {
    use std::os::unix::fs::MetadataExt;
    let mut found = Vec::new();
    for run in fs::read_dir(lab.path("out/runs")).unwrap() {
        let run = run.unwrap().path();
        if run.extension().is_none() {
            let name = run.file_name().unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::metadata(run.join("machine-1.csv")).unwrap().ino()));
        }
    }
    found
}

#[test]
fn without_logs_the_journal_alone_is_enough() {
    let lab = Lab::with(&lab_of(1000));
    lab.run_into("whole", &["--log", "off"]);
    let arguments = [&INTO_OUT[..], &["--log", "off", "-q"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 300);
    child.kill().unwrap();
    child.wait().unwrap();
    resume(&lab, &["--log", "off"]).ends(0);
    assert_eq!(lab.read("out/summary.csv"), lab.read("whole/summary.csv"));
    // No folder per run.
    let runs = fs::read_dir(lab.path("out/runs")).unwrap().count();
    assert_eq!(runs, 0);
}

#[test]
fn a_plan_that_was_stopped_by_a_signal_is_continued() {
    let lab = Lab::with(&lab_of(300));
    let arguments = [&INTO_OUT[..], &["-q"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 30);
    lab.shell(&format!("kill -INT {}", child.id())).passes();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    resume(&lab, &[]).ends(0);
    lab.run_into("whole", &[]);
    assert_eq!(lasting(&lab, "out"), lasting(&lab, "whole"));
}

#[test]
fn a_plan_that_ran_out_of_disk_is_continued() {
    let lab = Lab::with(&lab_of(300));
    // No file may grow beyond some 100 kB: the journal is the first to.
    let script = "trap '' XFSZ; ulimit -f 200; \
                  exec \"$RUNNER\" scenario.toml --no-report -q --out out";
    lab.shell(script)
        .ends(3)
        .says(&["cannot write the results", "--resume runs the others"]);
    let journal = lab.read("out/runs.journal");
    assert!(journal.ends_with('\n') && journal.lines().count() > 50);
    let answer = resume(&lab, &[]).ends(0);
    assert!(answer.out.contains("were finished before"));
    lab.run_into("whole", &[]);
    assert_eq!(lasting(&lab, "out"), lasting(&lab, "whole"));
}

#[test]
fn sums_are_verified_and_what_is_damaged_is_done_again() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let whole = lasting(&lab, "out");
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);
    let damages: [Damage<'_>; 4] = [
        (
            "runs/0002/machine-1.csv",
            &|path| {
                let mut text = fs::read(path).unwrap();
                let last = text.len() - 2;
                text[last] ^= 1;
                fs::write(path, text).unwrap();
            },
            "warning: run 2: machine-1.csv is not what was written (kept as out/runs/0002.damaged); it is done again\n",
        ),
        (
            "runs/0003/machine-2.csv",
            &|path| fs::remove_file(path).unwrap(),
            "warning: run 3: machine-2.csv is not there",
        ),
        (
            "runs/0001",
            &|path| fs::remove_dir_all(path).unwrap(),
            "warning: run 1: its folder is not there; it is done again\n",
        ),
        (
            "runs/0001/machine-3.csv",
            &|path| fs::write(path, "").unwrap(),
            "warning: run 1: machine-3.csv has 0 bytes, ",
        ),
    ];
    for (name, damage, told) in damages {
        damage(&lab.path(&format!("out/{name}")));
        let answer = resume(&lab, &[]).ends(0).says(&[told]);
        assert!(
            answer
                .out
                .contains("lab: 2 of 3 runs were finished before\n")
        );
        let mut now = lasting(&lab, "out");
        now.retain(|name, _| !name.contains(".damaged"));
        assert_eq!(now, whole, "{name}");
    }
    let answer = resume(&lab, &[]).passes();
    assert!(
        answer
            .out
            .contains("lab: 3 of 3 runs were finished before\n")
    );
}

#[test]
fn a_journal_that_is_torn_or_damaged_costs_the_runs_of_those_lines() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &["--jobs", "1"]);
    let whole = lasting(&lab, "out");
    let journal = lab.path("out/runs.journal");
    // The last line is torn: its run stands under its final name, and the twin
    // that is made of it is no other.
    let text = fs::read(&journal).unwrap();
    fs::write(&journal, &text[..text.len() - 9]).unwrap();
    let answer = resume(&lab, &[]).passes();
    assert!(
        answer
            .out
            .contains("lab: 2 of 3 runs were finished before\n")
    );
    assert_eq!(lasting(&lab, "out"), whole);
    assert_eq!(lab.read("out/runs.journal").lines().count(), 1 + 3);
    // A line in the middle is damaged.
    let mut text = fs::read(&journal).unwrap();
    let second = text.iter().position(|&b| b == b'\n').unwrap() + 1;
    text[second + 40] ^= 1;
    fs::write(&journal, &text).unwrap();
    resume(&lab, &[])
        .ends(0)
        .says(&["runs.journal:2: the line is damaged"]);
    assert_eq!(lasting(&lab, "out"), whole);
    // The first: nobody knows any more whose results these are.
    text[30] ^= 1;
    fs::write(&journal, &text).unwrap();
    resume(&lab, &[])
        .ends(2)
        .says(&["runs.journal: its first line is damaged"]);
    fs::remove_file(&journal).unwrap();
    resume(&lab, &[])
        .ends(2)
        .says(&["runs.journal: there is no such file"]);
    assert_eq!(lasting(&lab, "out"), whole);
}

#[test]
fn a_run_that_came_out_differently_before_is_a_conflict() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &["--jobs", "1"]);
    // The journal forgets run 3; what stands under its name is another's.
    let journal = lab.path("out/runs.journal");
    let text = lab.read("out/runs.journal");
    let third = text.trim_end().rfind('\n').unwrap() + 1;
    fs::write(&journal, &text[..third]).unwrap();
    let log = lab.path("out/runs/0003/machine-2.csv");
    fs::write(&log, "another's\n").unwrap();
    resume(&lab, &[])
        .ends(3)
        .says(&["run 3 has another result than before: machine-2.csv differs"])
        .says(&["out/runs/0003.partial; --check-determinism finds the first difference"]);
    assert_eq!(fs::read_to_string(&log).unwrap(), "another's\n");
}

#[test]
fn results_of_another_plan_are_refused_and_what_differs_is_told() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let before = lab.files("out");
    let refused = |more: &[&str], told: &[&str]| {
        resume(&lab, more)
            .ends(2)
            .says(&["error: --resume: out holds the results of another plan\n"])
            .says(told);
        assert_eq!(lab.files("out"), before);
    };
    refused(
        &["--seed", "8"],
        &["settings: then none, now seed=8", "seed: then 7, now 8"],
    );
    refused(&["--log", "off"], &["--log: then per-node, now off"]);
    refused(
        &["--set", "nodes.machine.config.faces=3"],
        &["settings: then none, now nodes.machine.config.faces=3"],
    );
    lab.write("scenario.toml", &LAB.replace("uniform_int", "uniform"));
    refused(&[], &["the text of the scenario has changed"]);
}

#[test]
fn without_a_folder_the_latest_results_are_continued() {
    let lab = Lab::with(LAB);
    let arguments = ["scenario.toml", "--no-report", "--resume"];
    // Nothing is there: it begins.
    lab.runner(&[&arguments[..], &["--run", "2"]].concat())
        .passes();
    assert_eq!(lab.table("results/lab/latest/runs.csv").texts("run"), ["2"]);
    let answer = lab.runner(&arguments).passes();
    assert!(
        answer
            .out
            .contains("lab: 1 of 3 runs were finished before\n")
    );
    let runs = lab.table("results/lab/latest/runs.csv");
    assert_eq!(runs.texts("run"), ["1", "2", "3"]);
    assert_eq!(fs::read_dir(lab.path("results/lab")).unwrap().count(), 2);
}

#[test]
fn a_failed_run_is_over_and_is_told_again() {
    let lab = Lab::with(
        "name = \"ill\"\nruns = 2\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"misbehaving.panics\"\ntick_rate = 4\nconfig = { in = \"tick\", at = 3 }\n",
    );
    let first = lab.runner(&INTO_OUT).ends(3);
    let files = lab.files("out/runs");
    let again = resume(&lab, &[]).ends(3);
    assert!(
        again
            .out
            .contains("ill: 2 of 2 runs were finished before\n")
    );
    assert_eq!(again.err, first.err);
    assert_eq!(lab.files("out/runs"), files);
}

#[test]
fn two_runners_do_not_write_the_same_results() {
    let lab = Lab::with(&lab_of(1000));
    let arguments = [&INTO_OUT[..], &["-q", "--log", "off"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 10);
    // Held where it is, so that it is still there.
    lab.shell(&format!("kill -STOP {}", child.id())).passes();
    resume(&lab, &["--log", "off"])
        .ends(2)
        .says(&["error: out: another runner is writing these results\n"]);
    child.kill().unwrap();
    child.wait().unwrap();
    resume(&lab, &["--log", "off"]).ends(0);
}
