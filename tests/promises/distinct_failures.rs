//! Many runs that fail are told as few distinct failures, each with its number of runs,
//! its first run and the command that repeats it: on the terminal, in the report and in
//! the JUnit file.

use crate::harness::{Answer, Lab, Table, needs_python};

/// In many runs a node panics, each time at another instant and step; in others, an
/// expectation is not met.
const TWO_WAYS: &str = "\
name = \"two-ways\"
runs = 300
seed = 3
duration = \"1s\"
[nodes.well]
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 9] }
config = { faces = 4 }
[nodes.ill]
behavior = \"misbehaving.panics\"
tick_rate = { choice = [2, 3, 4, 5] }
config = { in = \"tick\", at = 3 }
[[links]]
from = \"well\"
to = \"ill\"
[[expect]]
metric = \"steps\"
nodes = \"well\"
at_least = 4
";

/// The lines between `N of M runs failed, in .. distinct ways:` and the end of that list.
fn groups(out: &str) -> Vec<(u64, u64, String, String)> {
    let mut lines = out
        .lines()
        .skip_while(|line| !line.contains(" distinct way"));
    lines.next().expect("distinct failures are named");
    let mut groups = Vec::new();
    while let (Some(what), Some(repeat)) = (lines.next(), lines.next()) {
        let Some((runs, rest)) = what.strip_prefix("  ").and_then(|it| it.split_once(" run"))
        else {
            break;
        };
        let (_, rest) = rest.split_once("first run ").unwrap();
        let (first, text) = rest.split_once(": ").unwrap();
        let repeat = repeat.strip_prefix("    repeat: runner ").unwrap();
        groups.push((
            runs.replace(',', "").parse().unwrap(),
            first.parse().unwrap(),
            text.to_owned(),
            repeat.to_owned(),
        ));
    }
    groups
}

/// The runs with this text in a column.
fn runs_with(table: &Table, column: &str, text: &str) -> Vec<u64> {
    let runs = table.only(column, text);
    runs.numbers("run")
        .into_iter()
        .map(|it| it as u64)
        .collect()
}

/// Fails if the answer has more lines than people read.
#[track_caller]
fn is_short(answer: &Answer) {
    let lines = answer.err.lines().count() + answer.out.lines().count();
    assert!(
        lines < 100,
        "{lines} lines:\n{}\n{}",
        answer.err,
        answer.out
    );
}

#[test]
fn each_distinct_failure_is_told_once_with_its_count_and_first_run() {
    let lab = Lab::with(TWO_WAYS);
    let answer = lab
        .runner(&["scenario.toml", "--out", "out", "--log", "off"])
        .ends(3);
    is_short(&answer);
    let runs = lab.table("out/runs.csv");
    let panicked = runs_with(&runs, "status", "failed");
    let broken = runs_with(&lab.table("out/verdicts.csv"), "verdict", "failed");
    assert!(panicked.len() > 50 && broken.len() > 10, "{panicked:?}");
    let found = groups(&answer.out);
    assert_eq!(found.len(), 2, "{}", answer.out);
    let of = |part: &str| found.iter().find(|it| it.2.contains(part)).unwrap();
    let panic = of("panicked in `tick`");
    assert_eq!((panic.0, panic.1), (panicked.len() as u64, panicked[0]));
    let expect = of("expect `steps of well at least 4` failed");
    assert_eq!((expect.0, expect.1), (broken.len() as u64, broken[0]));
    // The same in the report, and again from the tables.
    let report = lab.read("out/report.md");
    assert!(
        report.contains("## What failed, and how is it repeated?"),
        "{report}"
    );
    for (count, first, _, repeat) in &found {
        let row = format!("| {count} | {first} |");
        let line = report.lines().find(|line| line.starts_with(&row));
        assert!(
            line.unwrap().contains(&format!("`runner {repeat}`")),
            "{line:?}"
        );
    }
    let again = lab.runner(&["report", "out", "--out", "again"]).ends(3);
    assert_eq!(groups(&again.out), found);
    is_short(&again);
    assert!(
        lab.read("out/report.html")
            .contains("What failed, and how is it repeated?")
    );
    // `--quiet` tells them on standard error.
    let quiet = lab
        .runner(&[
            "scenario.toml",
            "-q",
            "--no-report",
            "--out",
            "quiet",
            "--log",
            "off",
        ])
        .ends(3);
    is_short(&quiet);
    assert_eq!(groups(&quiet.err), found);
}

#[test]
fn every_command_that_is_shown_repeats_its_run() {
    let lab = Lab::with(TWO_WAYS);
    let answer = lab
        .runner(&[
            "scenario.toml",
            "--out",
            "out",
            "--seed",
            "11",
            "--runs",
            "60",
        ])
        .ends(3);
    // The first that failed, each with its command.
    let shown: Vec<(&str, &str)> = answer
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("    run ")?.split_once(": runner "))
        .collect();
    assert_eq!(shown.len(), 3, "{}", answer.out);
    assert!(!answer.out.contains("seeds"), "{}", answer.out);
    let all = lab.table("out/runs.csv");
    let failed: Vec<&str> = all
        .rows
        .iter()
        .filter(|row| row.iter().any(|it| it == "failed"))
        .map(|row| row[0].as_str())
        .collect();
    assert_eq!(shown.iter().map(|it| it.0).collect::<Vec<_>>(), failed[..3]);
    for (index, (run, command)) in shown.iter().enumerate() {
        let out = format!("again-{index}");
        let script = format!("\"$RUNNER\" {command} -q --no-report --out {out}");
        let again = lab.shell(&script);
        assert!(matches!(again.code, Some(1 | 3)), "{}", again.err);
        let (one, other) = (all.only("run", run), lab.table(&format!("{out}/runs.csv")));
        for column in ["run", "seed", "status", "verdict", "events"] {
            assert_eq!(one.texts(column), other.texts(column), "{column}");
        }
    }
}

#[test]
fn a_failure_of_a_check_is_one_whatever_its_numbers() {
    // Each run of the broken store fails at another time and key, in the same way.
    let lab = Lab::with(
        "name = \"stale\"\nruns = 40\nduration = \"20s\"\n\
         [nodes.store]\nbehavior = \"broken_store.store\"\nconfig = { fault = \"stale-read\", every = 7 }\n\
         [nodes.client]\ncount = 3\nbehavior = \"kv.client\"\n\
         config = { operations = 60, keys = 2 }\n\
         [[links]]\nbetween = [\"client\", \"store\"]\nlatency = { uniform = [\"1ms\", \"9ms\"] }\n\
         [[check]]\ncheck = \"kv.linearizable\"\n",
    );
    let answer = lab.runner(&["scenario.toml", "--out", "out", "--log", "off"]);
    assert_eq!(answer.code, Some(1), "{}\n{}", answer.out, answer.err);
    is_short(&answer);
    let verdicts = lab
        .table("out/verdicts.csv")
        .only("name", "kv.linearizable");
    let failed = runs_with(&verdicts, "verdict", "failed");
    assert!(failed.len() > 20, "{}", failed.len());
    let reasons: std::collections::BTreeSet<&str> = verdicts.texts("reason").into_iter().collect();
    assert!(reasons.len() > 5, "{reasons:?}");
    let found = groups(&answer.out);
    let of_check: u64 = found.iter().map(|it| it.0).sum();
    assert_eq!(of_check, failed.len() as u64);
    assert!(found.len() <= 4 && found[0].1 >= 1, "{found:?}");
}

#[test]
fn unknown_runs_and_warnings_are_told_once_too() {
    let lab = Lab::with(
        "name = \"unsure\"\nruns = 200\nduration = \"1s\"\n\
         [nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 2\n\
         [[faults]]\nat = \"900ms\"\nfor = \"1ms\"\npause = [\"a\"]\n\
         [[check]]\ncheck = \"misbehaving.judges\"\nconfig = { verdict = \"unknown\" }\n",
    );
    let answer = lab
        .runner(&["scenario.toml", "--out", "out", "--log", "off"])
        .ends(4);
    is_short(&answer);
    let all = "200 of 200 runs unknown, in 1 distinct way:\n  200 runs, first run 1: ";
    assert!(answer.out.contains(all), "{}", answer.out);
    assert!(
        answer
            .err
            .contains("200 of 200 runs have warnings, in 1 distinct way:"),
        "{}",
        answer.err
    );
}

#[test]
fn many_warnings_of_one_run_are_of_one_run() {
    let fault = "[[faults]]\nat = \"900ms\"\nfor = \"1ms\"\npause = [\"a\"]\n";
    let node = "name = \"unsure\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 2\n";
    let faults = [900, 910, 920, 930, 940, 950].map(|at| fault.replace("900", &at.to_string()));
    let lab = Lab::with(&(node.to_owned() + &faults.concat()));
    let answer = lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"]);
    answer.says(&["1 of 1 run has warnings, in 1 distinct way:"]);
}

#[test]
fn the_junit_file_keeps_every_run_and_names_each_failure_once() {
    needs_python!();
    let lab = Lab::with(TWO_WAYS);
    let arguments = ["scenario.toml", "-q", "--no-report", "--log", "off"];
    let junit = ["--out", "out", "--junit", "run.xml"];
    let answer = lab.runner(&[&arguments[..], &junit].concat()).ends(3);
    let found = groups(&answer.err);
    lab.runner(&["report", "out", "--out", "x", "--junit", "report.xml"])
        .ends(3);
    for file in ["run.xml", "report.xml"] {
        assert_eq!(crate::junit::judged(&lab, file).len(), 300, "{file}");
        let text = lab.read(file);
        assert_eq!(
            text.matches("<property name=\"failure ").count(),
            4,
            "{file}"
        );
        for (index, (runs, first, ..)) in found.iter().enumerate() {
            let start = format!(
                "<property name=\"failure {}\" value=\"{runs} runs, first run {first}: ",
                index + 1
            );
            assert!(text.contains(&start), "{start}");
        }
        // All others refer to the first run with the same failure.
        let others = text.matches("<property name=\"same failure as\"").count();
        let failed = lab.table("out/runs.csv");
        let failed = failed
            .rows
            .iter()
            .filter(|row| row.iter().any(|it| it == "failed"));
        assert!(others > 100 && others >= failed.count() - 2, "{others}");
    }
}
