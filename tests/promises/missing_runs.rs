//! A merge, and a report of any results, is passed only if every run that must be there
//! is there and passed. Missing runs are named, and end with exit code 4.

use std::fs;

use rustix::process::Signal;

use crate::failures::SOME_FAIL;
use crate::harness::{LAB, Lab, needs_python};
use crate::matrix::MATRIX;
use crate::real_live::{Live, until};

/// The matrix, with an expectation over runs that every case meets.
fn expecting() -> String {
    format!(
        "{MATRIX}\n[[expect]]\nmetric = \"sent\"\nover = \"fraction\"\nshare = 0.5\nat_least = 1\n"
    )
}

/// Runs shards of three into folders with their numbers.
fn shards(lab: &Lab, indices: &[u32]) {
    for index in indices {
        lab.run_into(&index.to_string(), &["--shard", &format!("{index}/3")]);
    }
}

/// The runs of the plan that none of these results has, as a report names them.
fn missing(lab: &Lab, planned: u32, parts: &[&str]) -> String {
    let mut here = Vec::new();
    for part in parts {
        let runs = lab.table(&format!("{part}/runs.csv"));
        here.extend(runs.texts("run").into_iter().map(str::to_owned));
    }
    let all = (1..=planned).map(|run| run.to_string());
    let missing: Vec<String> = all.filter(|run| !here.contains(run)).collect();
    let count = missing.len();
    assert!(count > 1, "{missing:?}");
    format!(
        "{count} of {planned} runs are missing: {}",
        missing.join(", ")
    )
}

#[test]
fn a_merge_that_lacks_a_shard_is_unknown_and_names_the_runs() {
    let lab = Lab::with(MATRIX);
    shards(&lab, &[1, 3]);
    let named = missing(&lab, 15, &["1", "3"]);
    for (out, options) in [("plain", &[][..]), ("failing", &["--fail-on-missing"])] {
        let arguments = [&["report", "1", "3", "--out", out], options].concat();
        lab.runner(&arguments)
            .ends(4)
            .says(&[&format!("error: {named}\n"), "here: shard 1/3, 3/3"])
            .says(&["--partial accepts missing runs"]);
        let report = lab.read(&format!("{out}/report.md"));
        assert!(report.contains(&named), "{report}");
    }
    lab.runner(&["report", "1", "3", "--out", "partial", "--partial"])
        .ends(0)
        .says(&[&format!("warning: {named}\n")]);
    let both = [
        "report",
        "1",
        "3",
        "--out",
        "x",
        "--partial",
        "--fail-on-missing",
    ];
    lab.runner(&both).ends(2);
    // The merged folder says so itself, and is whole with the last part.
    lab.runner(&["report", "plain"]).ends(4).says(&[&named]);
    shards(&lab, &[2]);
    lab.runner(&["report", "plain", "2", "--out", "whole"])
        .passes();
    lab.runner(&["report", "whole"]).passes();
}

#[test]
fn a_single_shard_counts_against_the_whole_plan() {
    let lab = Lab::with(MATRIX);
    shards(&lab, &[2]);
    let named = missing(&lab, 15, &["2"]);
    lab.runner(&["report", "2"]).ends(4).says(&[&named]);
    assert!(lab.read("2/report.md").contains(&named));
    lab.runner(&["report", "2", "--partial"]).ends(0);
    // The command that ran the shard did all that was asked of it.
    let shard = ["scenario.toml", "--shard", "3/3", "--out", "3"];
    lab.runner(&shard).passes();
    assert!(lab.read("3/report.md").contains("runs are missing: "));
}

#[test]
fn a_shard_without_runs_is_a_part_in_which_every_run_is_missing() {
    let lab = Lab::with(&MATRIX.replace("runs = 3", "runs = 1"));
    let shards: Vec<String> = (1..=16).map(|it| format!("{it}/16")).collect();
    let empty = shards.iter().find(|shard| {
        let _ = fs::remove_dir_all(lab.path("empty"));
        lab.run_into("empty", &["--shard", shard]);
        lab.table("empty/runs.csv").rows.is_empty()
    });
    assert!(empty.is_some());
    lab.runner(&["report", "empty"])
        .ends(4)
        .says(&["5 of 5 runs are missing: 1, 2, 3, 4, 5"]);
    lab.runner(&["report", "empty", "--partial"]).ends(0);
}

#[test]
fn results_of_chosen_cases_and_runs_are_complete_in_themselves() {
    let lab = Lab::with(MATRIX);
    lab.run_into("five", &["--case", "faces=5*"]);
    lab.run_into("slow", &["--case", "*slow", "--case", "*wide"]);
    lab.run_into("seven", &["--run", "7"]);
    for part in ["five", "slow", "seven"] {
        lab.runner(&["report", part]).passes();
    }
    // So are they together, and the merged folder by itself.
    lab.runner(&["report", "five", "slow", "seven", "--out", "some"])
        .passes();
    lab.runner(&["report", "some"]).passes();
    assert_eq!(lab.table("some/runs.csv").rows.len(), 12);
    // With a shard of the whole plan, they count against the whole plan.
    shards(&lab, &[1]);
    let named = missing(&lab, 15, &["five", "1"]);
    lab.runner(&["report", "five", "1", "--out", "more"])
        .ends(4)
        .says(&[&named]);
}

#[test]
fn a_shard_of_some_cases_counts_against_these_cases() {
    let lab = Lab::with(MATRIX);
    for index in ["1", "2"] {
        let shard = format!("{index}/2");
        lab.run_into(index, &["--case", "faces=10*", "--shard", &shard]);
    }
    let here = lab.table("1/runs.csv").rows.len();
    assert!((1..9).contains(&here), "{here}");
    let named = format!("{} of 9 runs ", 9 - here);
    lab.runner(&["report", "1"]).ends(4).says(&[&named]);
    lab.runner(&["report", "1", "2", "--out", "both"]).passes();
}

#[test]
fn a_run_whose_row_is_lost_is_missing() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let table = lab.read("out/runs.csv");
    let rows: Vec<&str> = table.lines().filter(|row| !row.starts_with("2,")).collect();
    lab.write("out/runs.csv", &format!("{}\n", rows.join("\n")));
    let named = "1 of 3 runs is missing: 2";
    lab.runner(&["report", "out"]).ends(4).says(&[named]);
    assert!(lab.read("out/report.md").contains(named));
    // Two whole plans that are compared are each told of.
    lab.run_into("other", &["--seed", "8"]);
    lab.runner(&["report", "out", "other", "--out", "both"])
        .ends(4)
        .says(&[&format!("lab (out): {named}")]);
}

#[test]
fn runs_that_were_not_begun_are_missing() {
    let lab = Lab::with(&SOME_FAIL.replace("some fail", "some-fail"));
    let arguments = ["scenario.toml", "-q", "-j1", "--out", "out", "--fail-fast"];
    lab.runner(&arguments).ends(3);
    let named = missing(&lab, 6, &["out"]);
    // A failure weighs more than what is missing.
    lab.runner(&["report", "out"]).ends(3).says(&[&named]);
    lab.runner(&["report", "out", "--partial"]).ends(3);
}

#[test]
fn a_resumed_selection_must_have_the_runs_of_all_commands() {
    let lab = Lab::with(MATRIX);
    lab.run_into("out", &["--run", "2"]);
    lab.run_into("out", &["--run", "4", "--resume"]);
    lab.runner(&["report", "out"]).passes();
    let without_4 = |lab: &Lab| {
        let table = lab.read("out/runs.csv");
        let rows: Vec<&str> = table.lines().filter(|row| !row.starts_with("4,")).collect();
        lab.write("out/runs.csv", &format!("{}\n", rows.join("\n")));
    };
    without_4(&lab);
    lab.runner(&["report", "out"])
        .ends(4)
        .says(&["1 of 2 runs is missing: 4"]);
    // Once the whole plan was asked for, every run of it must be there.
    lab.run_into("out", &["--resume"]);
    lab.runner(&["report", "out"]).passes();
    without_4(&lab);
    lab.runner(&["report", "out"])
        .ends(4)
        .says(&["1 of 15 runs is missing: 4"]);
}

#[test]
fn a_run_in_real_time_that_a_signal_stopped_is_not_missing() {
    let mut live = Live::start(
        "name = \"stopped\"\ntime = \"real\"\n[nodes.machine]\nbehavior = \"clock.machine\"\n\
         count = 2\ntick_rate = 100\n",
    );
    let path = live.lab.path("out/runs/0001.partial/machine-2.csv");
    until("the run is at work", || path.exists());
    live.runner.signal(Signal::INT);
    assert_eq!(live.runner.end().0, Some(130));
    live.lab
        .runner(&["report", "out", "--out", "again"])
        .ends(0);
}

#[test]
fn the_runs_behind_a_stopped_run_in_real_time_are_missing() {
    let mut live = Live::start(
        "name = \"stopped\"\ntime = \"real\"\nruns = 3\n[nodes.machine]\n\
         behavior = \"clock.machine\"\ncount = 2\ntick_rate = 100\n",
    );
    let path = live.lab.path("out/runs/0001.partial/machine-2.csv");
    until("the run is at work", || path.exists());
    live.runner.signal(Signal::TERM);
    assert_eq!(live.runner.end().0, Some(143));
    live.lab
        .runner(&["report", "out", "--out", "again"])
        .ends(4)
        .says(&["2 of 3 runs are missing: 2, 3"]);
}

#[test]
fn what_is_expected_over_runs_is_unknown_where_runs_are_missing() {
    let lab = Lab::with(&expecting());
    shards(&lab, &[1, 2]);
    for (out, option) in [("merged", "--fail-on-missing"), ("partial", "--partial")] {
        lab.runner(&["report", "1", "2", "--out", out, option])
            .ends(4)
            .says(&["expect `sent at least 1 in at least 50 % of the runs` is unknown: runs of the case are missing"]);
        let verdicts = lab.table(&format!("{out}/verdicts.csv"));
        let over_runs = verdicts.only("run", "");
        assert!(over_runs.texts("verdict").contains(&"unknown"));
    }
    // With the last part, everything is judged.
    shards(&lab, &[3]);
    lab.runner(&["report", "merged", "3", "--out", "whole"])
        .passes();
    let over_runs = lab.table("whole/verdicts.csv").only("run", "");
    assert_eq!(over_runs.texts("verdict"), ["passed"; 5]);
    // A case that was not chosen is not asked for.
    lab.run_into("five", &["--case", "faces=5*"]);
    lab.run_into("six", &["--run", "6"]);
    lab.runner(&["report", "five", "six", "--out", "chosen"])
        .passes();
}

#[test]
fn a_merge_has_the_exit_code_of_the_whole() {
    // One expectation fails in some runs; then some runs panic.
    let failing = format!("{MATRIX}\n[[expect]]\nmetric = \"queue_max\"\nat_most = 1\n");
    let panicking = SOME_FAIL.replace("some fail", "some-fail");
    for (scenario, code) in [(failing, 1), (panicking, 3)] {
        let lab = Lab::with(&scenario);
        for index in ["1", "2"] {
            let shard = format!("{index}/2");
            let out = ["--out", index, "--shard", &shard];
            lab.runner(&[&["scenario.toml", "-q", "--no-report"], &out[..]].concat());
        }
        let answer = lab
            .runner(&["report", "1", "2", "--out", "merged"])
            .ends(code);
        assert!(
            answer.out.contains(" failed, in 1 distinct way:\n"),
            "{}",
            answer.out
        );
        lab.runner(&["report", "merged"]).ends(code);
    }
}

#[test]
fn the_junit_file_of_a_merge_is_that_of_the_whole() {
    needs_python!();
    let scenario = format!(
        "{MATRIX}\n[[expect]]\nmetric = \"queue_max\"\nat_most = 1\n\
         [[expect]]\nmetric = \"sent\"\nover = \"fraction\"\nshare = 0.5\nat_least = 12\n"
    );
    let lab = Lab::with(&scenario);
    let whole = ["scenario.toml", "-q", "--no-report", "--out", "whole"];
    lab.runner(&[&whole[..], &["--junit", "whole.xml"]].concat())
        .ends(1);
    let expected = crate::junit::judged(&lab, "whole.xml");
    assert_eq!(expected.len(), 15 + 5);
    assert!(expected.iter().any(|it| it.contains("|over all runs: ")));
    for index in ["1", "2", "3"] {
        let shard = format!("{index}/3");
        let out = ["--out", index, "--shard", &shard];
        lab.runner(&[&["scenario.toml", "-q", "--no-report"], &out[..]].concat());
    }
    let merge = ["report", "1", "2", "3", "--out", "merged"];
    lab.runner(&[&merge[..], &["--junit", "deep/merged.xml"]].concat())
        .ends(1);
    assert_eq!(crate::junit::judged(&lab, "deep/merged.xml"), expected);
    let text = lab.read("deep/merged.xml");
    assert!(text.contains("records: merged/runs/"), "{text}");
    // A single folder has the same, too.
    lab.runner(&["report", "whole", "--junit", "again.xml"])
        .ends(1);
    assert_eq!(crate::junit::judged(&lab, "again.xml"), expected);
    // What is missing is an error; if it is accepted, it is skipped.
    let outcomes = |file: &str| {
        let cases = crate::junit::judged(&lab, file);
        assert_eq!(cases.len(), 15 + 5);
        let count = |what: &str| cases.iter().filter(|it| it.contains(what)).count();
        (count("|error|missing: "), count("|skipped|"))
    };
    let gone = 15 - lab.table("1/runs.csv").rows.len();
    lab.runner(&["report", "1", "--junit", "one.xml"]);
    assert_eq!(outcomes("one.xml"), (gone, 0));
    lab.runner(&["report", "1", "--junit", "some.xml", "--partial"]);
    assert_eq!(outcomes("some.xml"), (0, gone));
}

#[test]
fn the_junit_file_of_a_merge_has_the_panics_of_its_runs() {
    needs_python!();
    let lab = Lab::with(&SOME_FAIL.replace("some fail", "some-fail"));
    let whole = ["scenario.toml", "-q", "--no-report", "--out", "whole"];
    lab.runner(&[&whole[..], &["--junit", "whole.xml"]].concat())
        .ends(3);
    lab.runner(&["report", "whole", "--junit", "again.xml"])
        .ends(3);
    let again = crate::junit::judged(&lab, "again.xml");
    assert_eq!(again, crate::junit::judged(&lab, "whole.xml"));
    assert!(
        again
            .iter()
            .any(|it| it.contains("|error|node `ill` panicked in `tick`"))
    );
}
