//! Parts of one plan are merged; results of different plans are compared; parts of
//! different plans are refused.

use std::fs;

use crate::harness::Lab;
use crate::matrix::MATRIX;

/// The matrix, with an expectation that some runs meet, and one over all runs.
fn judged() -> String {
    format!(
        "{MATRIX}\n[[expect]]\nmetric = \"queue_max\"\nat_most = 1\n\
         [[expect]]\nmetric = \"sent\"\nover = \"fraction\"\nshare = 0.5\nat_least = 12\n"
    )
}

/// Runs each shard of the scenario; the folder of a shard has its number.
fn shards(lab: &Lab, count: u32) {
    for index in 1..=count {
        let shard = format!("{index}/{count}");
        let out = format!("{index}");
        let arguments = [
            "scenario.toml",
            "-q",
            "--no-report",
            "--out",
            &out,
            "--shard",
            &shard,
        ];
        let answer = lab.runner(&arguments);
        assert!(matches!(answer.code, Some(0 | 1)), "{}", answer.err);
    }
}

/// `runs.csv` without the wall times.
fn timeless(lab: &Lab, out: &str) -> Vec<Vec<String>> {
    let table = lab.table(&format!("{out}/runs.csv"));
    let wall = table.column("wall_s");
    let rows = [table.header].into_iter().chain(table.rows);
    rows.map(|mut row| {
        row.remove(wall);
        row
    })
    .collect()
}

fn logs(lab: &Lab, out: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    lab.files(&format!("{out}/runs"))
}

#[test]
fn shards_merge_into_what_one_place_would_have_written() {
    let lab = Lab::with(&judged());
    let whole = lab
        .runner(&["scenario.toml", "-q", "--out", "whole"])
        .ends(1);
    assert!(whole.err.contains("over the runs of faces=10,rates=slow"));
    shards(&lab, 3);
    // A part has no judgement over all runs.
    for part in ["1", "2", "3"] {
        let verdicts = lab.table(&format!("{part}/verdicts.csv"));
        assert!(verdicts.texts("run").iter().all(|run| !run.is_empty()));
    }
    let answer = lab
        .runner(&["report", "3", "1", "2", "--out", "merged"])
        .ends(1);
    assert!(
        answer.out.contains("merged: merged (15 of 15 runs)"),
        "{}",
        answer.out
    );
    answer.says(&["over the runs of faces=10,rates=slow: expect"]);
    for file in ["summary.csv", "verdicts.csv"] {
        let read = |out: &str| lab.read(&format!("{out}/{file}"));
        assert_eq!(read("merged"), read("whole"), "{file}");
    }
    assert_eq!(timeless(&lab, "merged"), timeless(&lab, "whole"));
    assert_eq!(logs(&lab, "merged"), logs(&lab, "whole"));
    // The same report, except for the command and the time.
    let report = |out: &str| {
        let text = lab.read(&format!("{out}/report.md"));
        let told = |line: &&str| {
            let own = ["| Command ", "| Started ", "| Merged from "];
            !own.iter().any(|it| line.starts_with(it))
        };
        text.lines()
            .filter(told)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(report("merged"), report("whole"));
    let text = lab.read("merged/report.md");
    assert!(text.contains("| Merged from | shard 3/3, shard 1/3, shard 2/3 |"));
    // Merged results can be reported again without the parts.
    for part in ["1", "2", "3"] {
        fs::remove_dir_all(lab.path(part)).unwrap();
    }
    lab.runner(&["report", "merged", "--out", "again"]).ends(1);
    assert_eq!(lab.read("again/report.md"), text);
}

#[test]
fn what_is_there_twice_counts_once() {
    let lab = Lab::with(MATRIX);
    lab.run_into("whole", &[]);
    lab.run_into("five", &["--case", "faces=5*"]);
    lab.run_into("slow", &["--case", "*slow", "--log", "per-node"]);
    lab.runner(&["report", "five", "slow", "--out", "some"])
        .passes();
    assert_eq!(lab.table("some/runs.csv").rows.len(), 9);
    assert!(
        lab.read("some/report.md")
            .contains("The plan has 15 runs, of which 9 are here.")
    );
    // Merged results can be merged again, with results that have all their runs.
    lab.runner(&["report", "some", "whole", "--out", "all"])
        .passes();
    assert_eq!(lab.read("all/summary.csv"), lab.read("whole/summary.csv"));
    assert_eq!(logs(&lab, "all"), logs(&lab, "whole"));
}

#[test]
fn an_empty_shard_is_a_part_like_any_other() {
    let lab = Lab::with(&MATRIX.replace("runs = 3", "runs = 1"));
    lab.run_into("whole", &[]);
    let folders: Vec<String> = (1..=16).map(|it| it.to_string()).collect();
    for index in &folders {
        lab.run_into(index, &["--shard", &format!("{index}/16")]);
    }
    let empty = folders
        .iter()
        .filter(|it| lab.table(&format!("{it}/runs.csv")).rows.is_empty());
    assert!(empty.count() >= 11, "five runs are in at most five shards");
    let parts = folders.iter().map(String::as_str);
    let words: Vec<&str> = ["report"]
        .into_iter()
        .chain(parts)
        .chain(["--out", "merged"])
        .collect();
    lab.runner(&words).passes();
    assert_eq!(
        lab.read("merged/summary.csv"),
        lab.read("whole/summary.csv")
    );
    // An empty shard is no error, also with a report.
    let none = folders
        .iter()
        .find(|it| lab.table(&format!("{it}/runs.csv")).rows.is_empty());
    let shard = format!("{}/16", none.unwrap());
    let said = lab
        .runner(&["scenario.toml", "--out", "none", "--shard", &shard])
        .passes();
    assert!(said.out.contains("grid: nothing to do"), "{}", said.out);
}

#[test]
fn parts_that_contradict_one_another_are_refused() {
    let lab = Lab::with(MATRIX);
    shards(&lab, 2);
    lab.run_into("whole", &[]);
    let refused = |parts: &[&str], said: &[&str]| {
        let words = [&["report"], parts, &["--out", "merged"]].concat();
        lab.runner(&words).ends(2).says(said);
        assert!(!lab.path("merged/manifest.json").exists());
        let _ = fs::remove_dir_all(lab.path("merged"));
    };
    refused(&["1", "1"], &["1: was given twice"]);
    refused(&["1", "nowhere"], &["nowhere: no `manifest.json`"]);
    lab.runner(&["report", "1", "2"])
        .ends(2)
        .says(&["name one with --out DIR"]);
    lab.runner(&["report", "1", "2", "--out", "whole"])
        .ends(2)
        .says(&["whole holds results already"]);
    // A number that differs in one part.
    let summary = lab.read("whole/summary.csv");
    lab.write(
        "whole/summary.csv",
        &summary.replacen(",machine-1,", ",machine-1,9", 1),
    );
    let first = lab.table("1/runs.csv").texts("run").contains(&"1");
    let other = if first { "1" } else { "2" };
    let said = format!("run 1 came out differently in whole and in {other}: summary.csv differs");
    refused(&["whole", other], &[&said]);
    lab.write("whole/summary.csv", &summary);
    // A log that differs in one part. With its journal, the part is damaged.
    fs::remove_file(lab.path("whole/runs.journal")).unwrap();
    let log = "whole/runs/0001/machine-2.csv";
    let text = lab.read(log);
    lab.write(log, &text.replacen(",1,", ",2,", 1));
    let said = format!("in whole and in {other}: machine-2.csv differs");
    refused(&["whole", other], &[&said]);
}

#[test]
fn a_part_of_another_plan_is_refused() {
    let lab = Lab::with(MATRIX);
    shards(&lab, 2);
    let refused = |said: &[&str]| {
        let head = "other: of another plan than 1, so these are no parts of one whole";
        lab.runner(&["report", "1", "other", "--out", "merged"])
            .ends(2)
            .says(&[&[head], said].concat());
        assert!(!lab.path("merged").exists());
        fs::remove_dir_all(lab.path("other")).unwrap();
    };
    lab.run_into("other", &["--shard", "2/2", "--seed", "8"]);
    refused(&[
        "- seed: 7 there, 8 here",
        "- options: none there, --seed 8 here",
    ]);
    lab.run_into(
        "other",
        &["--shard", "2/2", "--set", "nodes.machine.count=4"],
    );
    refused(&["- options: none there, --set nodes.machine.count=4 here"]);
    lab.run_into("other", &["--shard", "2/2", "--log", "off"]);
    refused(&["- --log: per-node there, off here"]);
    lab.run_into("other", &["--shard", "2/2"]);
    let manifest = lab.read("other/manifest.json");
    let hash = manifest.find("\"sha256\": \"").unwrap() + 11;
    let changed = format!("{}0000{}", &manifest[..hash], &manifest[hash + 4..]);
    lab.write("other/manifest.json", &changed);
    refused(&["- plugin `clock`: its file differs, SHA-256 "]);
    lab.write("scenario.toml", &MATRIX.replace("[10, 5]", "[10, 5, 4]"));
    // Whole results of another plan are not a part of this plan.
    lab.run_into("other", &[]);
    refused(&["the scenario's text differs from line 14 on"]);
}

#[test]
fn results_of_different_plans_stand_side_by_side() {
    let lab = Lab::with(MATRIX);
    lab.run_into("slow", &["--set", "matrix.axes.rates.values=[1, 1, 1]"]);
    lab.run_into("fast", &["--set", "matrix.axes.rates.values=[5, 5, 5]"]);
    let said = lab
        .runner(&["report", "slow", "fast", "--out", "both"])
        .passes();
    assert_eq!(said.out, "report: both/report.html\n");
    let text = lab.read("both/report.md");
    for part in [
        "# grid (slow) and grid (fast) compared",
        "## How do the plans compare?",
        "| grid (slow): faces=10,rates=same | 3 | 0 |",
        "| grid (fast): faces=5,rates=slow | 3 | 0 |",
        "| grid (fast) | `matrix.axes.rates.values` | `[1, 1, 1]` | `[5, 5, 5]` |",
        "| `sent` | grid (slow): ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // A comparison is not a results folder: nothing is merged.
    assert!(!lab.path("both/manifest.json").exists());
    // The numbers are the same as in separate reports.
    let ticks = |out: &str| lab.table(&format!("{out}/summary.csv")).numbers("steps")[0];
    assert_eq!((ticks("slow"), ticks("fast")), (20.0, 100.0));
}

#[test]
fn many_seeds_are_told_as_a_failure_rate_with_the_first_that_fail() {
    let lab = Lab::with(&judged());
    let answer = lab
        .runner(&["scenario.toml", "--runs", "40", "--out", "out"])
        .ends(1);
    let runs = lab
        .table("out/runs.csv")
        .only("case", "faces=10,rates=wide");
    let failing: Vec<(&str, &str)> = runs
        .texts("verdict")
        .into_iter()
        .zip(runs.texts("run").into_iter().zip(runs.texts("seed")))
        .filter(|(verdict, _)| *verdict == "failed")
        .map(|(_, run)| run)
        .collect();
    assert!((5..40).contains(&failing.len()), "{}", failing.len());
    let rate = format!("faces=10,rates=wide: {} of 40 runs failed: ", failing.len());
    let (run, seed) = failing[0];
    let first = format!("  the first that failed:\n    run {run}: runner scenario.toml ");
    assert!(
        answer.out.contains(&rate) && answer.out.contains(&first),
        "{}",
        answer.out
    );
    let report = lab.read("out/report.md");
    let row = report
        .lines()
        .find(|it| it.starts_with("| 10 | wide | 40 | "))
        .unwrap();
    assert!(
        row.contains(&format!("| {run}, ")) && row.contains(" … "),
        "{row}"
    );
    // The command that is shown repeats exactly this run.
    let at = answer.err.find(&format!("run {run}: ")).unwrap();
    let repeat = answer.err[at..]
        .lines()
        .find_map(|it| it.strip_prefix("  repeat: runner "));
    let script = format!(
        "\"$RUNNER\" {} -q --no-report --out repeated",
        repeat.unwrap()
    );
    lab.shell(&script).ends(1);
    assert_eq!(lab.table("repeated/runs.csv").texts("seed"), [seed]);
    let folder = format!("runs/{:04}", run.parse::<u32>().unwrap());
    let logs = |out: &str| lab.files(&format!("{out}/{folder}"));
    assert_eq!(logs("repeated"), logs("out"));
}
