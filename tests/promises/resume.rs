//! Finished runs are never lost: `--resume` continues a plan that was killed, was stopped,
//! or ran out of disk. It does the missing runs and no others, and the results are the
//! same bytes as those of a plan that nothing interrupted.

use std::fs;
use std::path::Path;
use std::process::Child;

use crate::harness::{LAB, Lab};
use crate::waiting::{until, whole_lines};

/// The lab with so many runs.
fn lab_of(runs: u32) -> String {
    LAB.replace("runs = 3", &format!("runs = {runs}"))
}

/// The lab with so many runs in each case, and a node that holds the runs of the last
/// case until the file `gate` exists. So a plan is at work for as long as a test needs.
fn held(runs: u32, axes: &str, exclude: &str) -> String {
    let gate = format!(
        "\
[nodes.gate]
behavior = \"misbehaving.waits\"
tick_interval = \"10s\"
config = {{ file = \"\" }}
[[links]]
between = [\"machine\", \"machine\"]
[matrix]
exclude = [{exclude}]
[matrix.axes.gate]
path = \"nodes.gate.config.file\"
values = [\"\", \"gate\"]
labels = [\"open\", \"closed\"]
{axes}"
    );
    lab_of(runs) + &gate
}

/// Five cases, of which the last one is held.
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
    let exclude = "{ gate = \"closed\", rate = \"same\" }, \
                   { gate = \"closed\", duration = \"60s\" }";
    held(runs / 5, axes, exclude)
}

/// The file `gate`: once it exists, no run is held.
fn open_gate(lab: &Lab) {
    lab.write("gate", "");
}

/// The usual arguments, into `out`.
const INTO_OUT: [&str; 4] = ["scenario.toml", "--no-report", "--out", "out"];

fn resume(lab: &Lab, more: &[&str]) -> crate::harness::Answer {
    lab.runner(&[&INTO_OUT[..], &["--resume"], more].concat())
}

/// Waits until the journal of `out` has this many whole lines; the runner, whose last
/// runs are held, must not have ended by then.
fn wait_for_lines(lab: &Lab, child: &mut Child, lines: usize) {
    let journal = lab.path("out/runs.journal");
    until("the journal grows", || {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        whole_lines(&journal) >= lines
    });
}

/// The files whose bytes must be the same: logs under their final names, and the summary.
fn lasting(lab: &Lab, out: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut files = lab.files(out);
    files.retain(|name, _| name == "summary.csv" || name.starts_with("runs/"));
    files
}

#[test]
fn a_matrix_that_was_killed_is_continued_to_the_same_bytes() {
    let lab = Lab::with(&matrix_of(500));
    open_gate(&lab);
    lab.run_into("whole", &[]);
    fs::remove_file(lab.path("gate")).unwrap();
    let whole = lasting(&lab, "whole");
    assert_eq!(whole.len(), 1 + 4 * 500);
    // Early, in the middle, late; the same results are killed again and again.
    for lines in [1, 80, 81, 250, 401] {
        let arguments = [&INTO_OUT[..], &["--resume", "--quiet"]].concat();
        let mut child = lab.command(&arguments).spawn().unwrap();
        wait_for_lines(&lab, &mut child, lines);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let inodes = finished(&lab);
    assert!(inodes.len() >= 400, "{}", inodes.len());
    open_gate(&lab);
    let answer = resume(&lab, &[]).ends(0);
    assert!(answer.out.contains(" of 500 runs were finished before\n"));
    assert!(answer.out.contains("lab: 500 runs complete"));
    assert_eq!(lasting(&lab, "out"), whole);
    assert_eq!(lab.table("out/runs.csv").rows.len(), 500);
    // No finished run was done again.
    let after = finished(&lab);
    assert!(inodes.iter().all(|known| after.contains(known)));
}

/// The finished runs of `out`: the name of each folder and the inode of a log.
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
    let lab = Lab::with(&held(500, "", ""));
    open_gate(&lab);
    lab.run_into("whole", &["--log", "off"]);
    fs::remove_file(lab.path("gate")).unwrap();
    let arguments = [&INTO_OUT[..], &["--log", "off", "-q"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 300);
    child.kill().unwrap();
    child.wait().unwrap();
    open_gate(&lab);
    resume(&lab, &["--log", "off"]).ends(0);
    assert_eq!(lab.read("out/summary.csv"), lab.read("whole/summary.csv"));
    // No folder per run.
    let runs = fs::read_dir(lab.path("out/runs")).unwrap().count();
    assert_eq!(runs, 0);
}

#[test]
fn a_plan_that_was_stopped_by_a_signal_is_continued() {
    let lab = Lab::with(&held(150, "", ""));
    let arguments = [&INTO_OUT[..], &["-q"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 30);
    lab.shell(&format!("kill -INT {}", child.id())).passes();
    // Runs that are held can end only now.
    open_gate(&lab);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(lab.table("out/runs.csv").rows.len() < 300);
    resume(&lab, &[]).ends(0);
    lab.run_into("whole", &[]);
    assert_eq!(lasting(&lab, "out"), lasting(&lab, "whole"));
}

#[test]
fn a_plan_that_ran_out_of_disk_is_continued() {
    let lab = Lab::with(&lab_of(300));
    // A limit of about 100 kB on each file; the journal reaches it first.
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
fn damaged_runs_are_found_by_their_sums_and_done_again() {
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
fn runs_with_a_damaged_line_in_the_journal_are_done_again() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &["--jobs", "1"]);
    let whole = lasting(&lab, "out");
    let journal = lab.path("out/runs.journal");
    // The last line is cut off. Its run is done again, and equals the one that is there
    // under the final name.
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
    // The first line is damaged, so it is not known which plan the results belong to.
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
fn a_run_that_differs_from_the_finished_one_is_a_conflict() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &["--jobs", "1"]);
    // The journal loses the line of run 3, and a log of run 3 is changed.
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
fn results_of_another_plan_are_refused_with_each_difference() {
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
        &["seed: 7 then, 8 now", "options: none then, seed=8 now"],
    );
    refused(&["--log", "off"], &["--log: per-node then, off now"]);
    refused(
        &["--set", "nodes.machine.config.faces=3"],
        &["options: none then, nodes.machine.config.faces=3 now"],
    );
    lab.write("scenario.toml", &LAB.replace("uniform_int", "uniform"));
    refused(&[], &["the text of the scenario has changed"]);
}

#[test]
fn without_a_folder_the_latest_results_are_continued() {
    let lab = Lab::with(LAB);
    let arguments = ["scenario.toml", "--no-report", "--resume"];
    // Without results, the plan begins.
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
fn a_failed_run_is_not_done_again_and_its_error_is_repeated() {
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
    let lab = Lab::with(&held(10, "", ""));
    let arguments = [&INTO_OUT[..], &["-q", "--log", "off"]].concat();
    let mut child = lab.command(&arguments).spawn().unwrap();
    wait_for_lines(&lab, &mut child, 10);
    resume(&lab, &["--log", "off"])
        .ends(2)
        .says(&["error: out: another runner is writing these results\n"]);
    child.kill().unwrap();
    child.wait().unwrap();
    open_gate(&lab);
    resume(&lab, &["--log", "off"]).ends(0);
}
