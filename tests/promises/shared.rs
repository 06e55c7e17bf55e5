//! Several runners write the same results at once, without locks (`--shared`): of equal runs
//! the first stays, a different one is a conflict, and a kill costs nothing but time. A merge
//! verifies that files are what was written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::harness::{LAB, Lab};
use crate::waiting::{until, whole_lines};

/// Two cases. The runs of the second one are held until the file `gate` exists.
fn held(runs: u32) -> String {
    let gate = "\
[nodes.gate]
behavior = \"misbehaving.waits\"
tick_interval = \"10s\"
config = { file = \"\" }
[[links]]
between = [\"machine\", \"machine\"]
[matrix.axes.gate]
path = \"nodes.gate.config.file\"
values = [\"\", \"gate\"]
labels = [\"open\", \"closed\"]
";
    LAB.replace("runs = 3", &format!("runs = {runs}")) + gate
}

const SHARED: [&str; 7] = [
    "scenario.toml",
    "--no-report",
    "--quiet",
    "--out",
    "out",
    "--resume",
    "--shared",
];

fn start(lab: &Lab, more: &[&str]) -> Child {
    let mut command = lab.command(&[&SHARED[..], more].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn join(lab: &Lab, more: &[&str]) -> crate::harness::Answer {
    lab.runner(&[&SHARED[..], more].concat())
}

/// The journals that runners have of their own in `out`, and their lines.
fn journals(lab: &Lab) -> Vec<usize> {
    let entries = fs::read_dir(lab.path("out")).into_iter().flatten();
    let paths = entries.map(|it| it.unwrap().path());
    let own = paths.filter(|it| it.to_string_lossy().contains("runs.journal-"));
    own.map(|it| whole_lines(&it)).collect()
}

/// The files that must be the same bytes: tables without the wall time, and logs under their
/// final names.
fn lasting(lab: &Lab, out: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = lab.files(out);
    let tables = ["summary.csv", "samples.csv", "verdicts.csv"];
    files.retain(|name, _| {
        let mut path = name.split('/');
        let is_run = path.next() == Some("runs")
            && path.next().is_some_and(|run| run.parse::<u32>().is_ok());
        is_run || tables.contains(&&**name)
    });
    files
}

/// Names in `out` and `out/runs` that belong to one runner.
fn own_names(lab: &Lab) -> Vec<String> {
    let files = ["out", "out/runs"].map(|it| fs::read_dir(lab.path(it)).unwrap());
    let names = files.into_iter().flatten();
    let names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.contains('-') && !name.starts_with("runs.journal-"))
        .collect()
}

/// The runners that have begun a run of the second case, of six runs from run 7 on.
fn holding(lab: &Lab) -> BTreeSet<String> {
    let runs = fs::read_dir(lab.path("out/runs")).into_iter().flatten();
    let names = runs.filter_map(|it| it.ok()?.file_name().into_string().ok());
    let of_second = names.filter_map(|name| {
        let (run, token) = name.strip_suffix(".partial")?.split_once('-')?;
        (run.parse::<u32>().ok()? > 6).then(|| token.to_owned())
    });
    of_second.collect()
}

fn whole(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    lab.write("gate", "");
    lab.run_into("whole", &[]);
    fs::remove_file(lab.path("gate")).unwrap();
    lasting(lab, "whole")
}

#[test]
fn runners_at_once_make_one_result() {
    for more in [&[][..], &["--isolate", "--jobs", "2"]] {
        let lab = Lab::with(&held(6));
        let whole = whole(&lab);
        let runners: Vec<Child> = (0..3).map(|_| start(&lab, more)).collect();
        // The runs of the first case may be those of another runner already.
        until("all hold runs of the second case", || {
            holding(&lab).len() == 3
        });
        lab.write("gate", "");
        for runner in runners {
            let output = runner.wait_with_output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), &*err), (Some(0), ""));
        }
        assert_eq!(lasting(&lab, "out"), whole);
        assert_eq!(lab.table("out/runs.csv").rows.len(), 12);
        // Twins were removed, and tables have their final names.
        assert_eq!(own_names(&lab), [""; 0]);
        // A runner that is alone continues the same results.
        let alone = ["scenario.toml", "--no-report", "--out", "out", "--resume"];
        let answer = lab.runner(&alone).passes();
        assert!(answer.out.contains("12 of 12 runs were finished before"));
        assert_eq!(lasting(&lab, "out"), whole);
    }
}

#[test]
fn kills_at_any_moment_cost_nothing_but_time() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 60"));
    lab.run_into("whole", &[]);
    let whole = lasting(&lab, "whole");
    for round in 0..12 {
        let before: usize = journals(&lab).iter().sum();
        let mut runners: Vec<Child> = (0..3).map(|_| start(&lab, &["--jobs", "2"])).collect();
        // From the first moment to about the end, in ever other places.
        until("some runs are done", || {
            let now: usize = journals(&lab).iter().sum();
            let ended = runners
                .iter_mut()
                .all(|it| it.try_wait().unwrap().is_some());
            now >= before + round || ended
        });
        for runner in &mut runners {
            runner.kill().unwrap();
        }
        for runner in runners {
            let err = runner.wait_with_output().unwrap().stderr;
            assert_eq!(String::from_utf8(err).unwrap(), "");
        }
    }
    join(&lab, &[]).passes();
    assert_eq!(lasting(&lab, "out"), whole);
    lab.runner(&["report", "out", "whole", "--out", "merged"])
        .passes();
    assert_eq!(lasting(&lab, "merged"), whole);
}

#[test]
fn a_different_twin_is_a_conflict_and_both_are_kept() {
    let lab = Lab::with(&held(1));
    let whole = whole(&lab);
    let runner = start(&lab, &["--jobs", "1"]);
    until("it holds", || journals(&lab) == [1 + 1]);
    // Meanwhile, another runner gives the run its final name.
    let log = "out/runs/0002/machine-1.csv";
    for (name, text) in lab.files("whole/runs/0002") {
        let text = String::from_utf8(text).unwrap();
        lab.write(&format!("out/runs/0002/{name}"), &text);
    }
    lab.write(log, "another's\n");
    lab.write("gate", "");
    let output = runner.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(
        err.contains("run 2 has another result than before: machine-1.csv differs"),
        "{err}"
    );
    assert_eq!(lab.read(log), "another's\n");
    let kept = own_names(&lab)
        .into_iter()
        .find(|it| it.starts_with("0002.conflict-"))
        .unwrap();
    assert!(
        err.contains(&format!("the new files are in out/runs/{kept}")),
        "{err}"
    );
    let own = lab.read(&format!("out/runs/{kept}/machine-1.csv"));
    assert_eq!(own.as_bytes(), whole["runs/0002/machine-1.csv"]);
    // It is not forgotten: not by a resume, and not by a merge.
    fs::remove_dir_all(lab.path("out/runs/0002")).unwrap();
    join(&lab, &[])
        .ends(0)
        .says(&["warning: run 2: another result of it is kept in out/runs/0002.conflict-"]);
    let merge = ["report", "out", "whole", "--out", "merged"];
    lab.runner(&merge)
        .ends(2)
        .says(&["run 2 came out differently in out/runs/0002 and in out/runs/0002.conflict-"]);
    assert!(!lab.path("merged").exists());
    fs::remove_dir_all(lab.path(&format!("out/runs/{kept}"))).unwrap();
    lab.runner(&merge).passes();
}

#[test]
fn a_failed_run_has_a_final_name_too() {
    let lab = Lab::with(
        "name = \"ill\"\nruns = 2\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"misbehaving.panics\"\ntick_rate = 4\nconfig = { in = \"tick\", at = 3 }\n",
    );
    join(&lab, &[]).ends(3);
    assert!(lab.path("out/runs/0001.partial/a.csv").exists());
    assert_eq!(own_names(&lab), [""; 0]);
    let again = join(&lab, &[]).ends(3).says(&["panicked in `tick`"]);
    assert!(!again.err.contains("another result"), "{}", again.err);
}

#[test]
fn a_runner_alone_is_refused_while_others_write() {
    let lab = Lab::with(&held(1));
    let mut runner = start(&lab, &[]);
    until("it holds", || journals(&lab) == [1 + 1]);
    // One that is not refused is held as well: a bound ends it, and the test fails.
    let gate = lab.path("gate");
    let (is_refused, refusal) = mpsc::channel::<()>();
    let bound = thread::spawn(move || {
        if refusal.recv_timeout(Duration::from_secs(30)) == Err(RecvTimeoutError::Timeout) {
            fs::write(gate, "").unwrap();
        }
    });
    let alone = ["scenario.toml", "--no-report", "--out", "out", "--resume"];
    lab.runner(&alone)
        .ends(2)
        .says(&["error: out: another runner is writing these results\n"]);
    lab.runner(&alone[..4])
        .ends(2)
        .says(&["out holds results already"]);
    drop(is_refused);
    bound.join().unwrap();
    runner.kill().unwrap();
    runner.wait().unwrap();
    lab.write("gate", "");
    lab.runner(&alone).passes();
}

#[test]
fn results_of_another_plan_and_in_real_time_are_refused() {
    let lab = Lab::with(LAB);
    join(&lab, &[]).passes();
    let before = lab.files("out");
    join(&lab, &["--seed", "8"]).ends(2).says(&[
        "out holds the results of another plan",
        "seed: 7 then, 8 now",
    ]);
    join(&lab, &["--time", "real", "--duration", "1s"])
        .ends(2)
        .says(&["--shared: `lab` runs in real time", "--time virtual"]);
    lab.runner(&["scenario.toml", "--out", "out", "--shared"])
        .ends(2);
    assert_eq!(lab.files("out"), before);
    // Files of somebody else.
    lab.write("other/summary.csv", "mine\n");
    lab.runner(&["scenario.toml", "--out", "other", "--resume", "--shared"])
        .ends(2)
        .says(&["summary.csv exists already"]);
}

#[test]
fn a_merge_verifies_the_sums_of_its_parts() {
    let lab = Lab::with(&LAB.replace("runs = 3", "runs = 8"));
    lab.run_into("whole", &[]);
    for index in ["1", "2"] {
        lab.run_into(index, &["--shard", &format!("{index}/2")]);
    }
    let run = lab.table("1/runs.csv").texts("run")[0].to_owned();
    let log = format!("1/runs/{run:0>4}/machine-2.csv");
    let text = lab.read(&log);
    // One digit: as many bytes as before.
    let changed = text.replacen(",1,", ",2,", 1);
    assert!(text != changed && text.len() == changed.len());
    fs::write(lab.path(&log), &changed).unwrap();
    let merge = ["report", "1", "2", "--out", "merged"];
    let told = format!("1: run {run}: machine-2.csv is not what was written");
    lab.runner(&merge).ends(2).says(&[
        "runs whose files are not what was written: 1\n",
        &told,
        "--resume",
    ]);
    assert!(!lab.path("merged").exists());
    // A part that has the run undamaged does not hide it.
    let both = ["report", "whole", "1", "--out", "merged"];
    lab.runner(&both).ends(2).says(&[&told]);
    // The journal has lost the line.
    fs::write(lab.path(&log), &text).unwrap();
    let journal = lab.read("1/runs.journal");
    let lines: Vec<&str> = journal.lines().collect();
    let without = lines
        .iter()
        .filter(|it| !it.contains(&format!("\"run\":{run},")));
    let without: Vec<&str> = without.copied().collect();
    assert_eq!(without.len() + 1, lines.len());
    lab.write("1/runs.journal", &(without.join("\n") + "\n"));
    lab.runner(&merge)
        .ends(2)
        .says(&["it is not in the journal"]);
    lab.run_into("1", &["--shard", "1/2", "--resume"]);
    lab.runner(&merge).passes();
    assert_eq!(lasting(&lab, "merged"), lasting(&lab, "whole"));
}
