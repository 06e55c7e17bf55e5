//! A matrix expands into cases with stable names. A case gives the same results whatever
//! other cases there are, and any part of the plan can be selected.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::Lab;

/// Two axes, one with labels, and an exclusion: five cases of three runs.
pub const MATRIX: &str = "\
name = \"grid\"
runs = 3
duration = \"20s\"
seed = 7
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 3
config = { faces = 10 }
[matrix]
exclude = [{ faces = 5, rates = \"wide\" }]
[matrix.axes.faces]
path = \"nodes.machine.config.faces\"
values = [10, 5]
[matrix.axes.rates]
path = \"nodes.machine.tick_rate\"
values = [3, { uniform_int = [1, 6] }, 0.5]
labels = [\"same\", \"wide\", \"slow\"]
";

const IDS: [&str; 5] = [
    "faces=10,rates=same",
    "faces=10,rates=wide",
    "faces=10,rates=slow",
    "faces=5,rates=same",
    "faces=5,rates=slow",
];

/// The results of a case: its lines of the summary and its logs, without the numbers of
/// the runs in the plan.
fn of_case(lab: &Lab, out: &str, id: &str) -> Vec<String> {
    let mut found = Vec::new();
    let runs = lab.table(&format!("{out}/runs.csv")).only("case", id);
    let summary = lab.table(&format!("{out}/summary.csv")).only("case", id);
    found.extend(summary.rows.iter().map(|row| row[1..].join(",")));
    for run in runs.texts("run") {
        let folder = format!("{out}/runs/{:04}", run.parse::<u64>().unwrap());
        for (name, bytes) in lab.files(&folder) {
            found.push(format!("{name} {}", String::from_utf8(bytes).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{id}");
    found
}

fn listed(lab: &Lab, more: &[&str]) -> Value {
    let arguments = [&["list", "scenario.toml", "--format", "json"], more].concat();
    serde_json::from_str(&lab.runner(&arguments).passes().out).unwrap()
}

#[test]
fn cases_are_named_by_their_values_the_first_axis_slowest() {
    let lab = Lab::with(MATRIX);
    lab.run_into("out", &[]);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.header[9..], ["faces", "rates"]);
    let cases: Vec<&str> = runs.texts("case");
    let expected: Vec<&str> = IDS.iter().flat_map(|id| [*id; 3]).collect();
    assert_eq!(cases, expected);
    assert_eq!(runs.texts("faces")[8..10], ["10", "5"]);
    assert_eq!(runs.texts("rates")[5..7], ["wide", "slow"]);
    let seeds: BTreeSet<&str> = runs.texts("seed").into_iter().collect();
    assert_eq!(seeds.len(), 15, "each run has a seed of its own");
    let told: Value = serde_json::from_str(&lab.read("out/manifest.json")).unwrap();
    assert_eq!(told["runs_planned"], 15);
    assert_eq!(
        told["cases"][4]["axes"],
        json!({ "faces": 5, "rates": "slow" })
    );
    assert_eq!(told["axes"][1]["path"], "nodes.machine.tick_rate");
    // The manifest describes the nodes of each case.
    assert_eq!(told["format"], 2);
    let timing = &told["cases"][2]["groups"][0]["timing"];
    assert_eq!(timing, "0.5 ticks per second");
}

#[test]
fn a_case_is_the_scenario_with_its_values_written_out() {
    let lab = Lab::with(MATRIX);
    lab.run_into("out", &[]);
    let rate = "tick_rate = 3\n";
    let alone = MATRIX[..MATRIX.find("[matrix]").unwrap()]
        .replace("faces = 10", "faces = 5")
        .replace(rate, "tick_rate = 0.5\n");
    lab.write("alone.toml", &alone);
    let said = lab.runner(&["alone.toml", "-q", "--out", "alone", "--log", "combined"]);
    said.passes();
    // The random streams depend on the name of the case; the number of steps does not.
    let steps = |out: &str| {
        lab.table(&format!("{out}/summary.csv"))
            .texts("steps")
            .join(" ")
    };
    let slow = lab.table("out/summary.csv").only("case", IDS[4]);
    assert_eq!(slow.texts("steps").join(" "), steps("alone"));
}

#[test]
fn another_value_leaves_the_other_cases_as_they_were() {
    let lab = Lab::with(MATRIX);
    lab.run_into("out", &[]);
    let more = MATRIX.replace("values = [10, 5]", "values = [20, 10, 7, 5]");
    lab.write("scenario.toml", &more);
    lab.run_into("more", &[]);
    assert_eq!(lab.table("more/runs.csv").rows.len(), 33);
    for id in IDS {
        assert_eq!(of_case(&lab, "out", id), of_case(&lab, "more", id), "{id}");
    }
}

#[test]
fn another_value_moves_no_run_to_another_shard() {
    let lab = Lab::with(MATRIX);
    let shares = |lab: &Lab| -> Vec<BTreeSet<String>> {
        let share = |index: u32| {
            let shard = format!("{index}/4");
            let out = format!("{index}");
            lab.run_into(&out, &["--shard", &shard, "--log", "off"]);
            let runs = lab.table(&format!("{out}/runs.csv"));
            let named = runs.texts("case").into_iter().zip(runs.texts("seed"));
            named.map(|(case, seed)| format!("{case} {seed}")).collect()
        };
        (1..=4).map(share).collect()
    };
    let before = shares(&lab);
    let all: BTreeSet<&String> = before.iter().flatten().collect();
    let sum: usize = before.iter().map(BTreeSet::len).sum();
    assert_eq!((all.len(), sum), (15, 15), "each run is in one shard");
    let wider = Lab::with(&MATRIX.replace("values = [10, 5]", "values = [10, 8, 5, 4]"));
    for (before, after) in before.iter().zip(shares(&wider)) {
        assert!(before.is_subset(&after), "{before:?} {after:?}");
    }
}

#[test]
fn a_timing_of_the_matrix_replaces_that_of_the_file() {
    let text = MATRIX.replace("nodes.machine.tick_rate", "nodes.machine.tick_interval");
    let text = text.replace(
        "[3, { uniform_int = [1, 6] }, 0.5]",
        "[\"1s\", \"2s\", \"5s\"]",
    );
    let lab = Lab::with(&text);
    lab.run_into("out", &["--log", "off"]);
    let summary = lab.table("out/summary.csv");
    let steps = |&id| summary.only("case", id).numbers("steps")[0];
    assert_eq!(
        IDS[..3].iter().map(steps).collect::<Vec<_>>(),
        [20.0, 10.0, 4.0]
    );
}

#[test]
fn zipped_axes_advance_together_and_cases_may_have_other_nodes() {
    let lab = Lab::with(&MATRIX.replace("{ faces = 5, rates = \"wide\" }", "").replace(
        "[matrix.axes.faces]\npath = \"nodes.machine.config.faces\"\nvalues = [10, 5]",
        "zip = [[\"rates\", \"machines\"]]\n[matrix.axes.machines]\npath = \"nodes.machine.count\"\nvalues = [2, 3, 5]",
    ));
    lab.run_into("out", &["--runs", "1"]);
    let runs = lab.table("out/runs.csv");
    let ids = [
        "machines=2,rates=same",
        "machines=3,rates=wide",
        "machines=5,rates=slow",
    ];
    assert_eq!(runs.texts("case"), ids);
    let summary = lab.table("out/summary.csv");
    let nodes = ids.map(|id| summary.only("case", id).rows.len());
    assert_eq!(nodes, [2, 3, 5]);
    assert_eq!(lab.files("out/runs/0003").len(), 5);
    let said = lab.runner(&["report", "out"]).passes();
    assert!(said.out.contains("report: out/report.html"));
    let text = lab.read("out/report.md");
    assert!(text.contains("| Nodes | 2 to 5 |"), "{text}");
    assert!(text.contains("As in the case machines=2,rates=same; in 2 other cases"));
    let said = lab.runner(&["check", "scenario.toml"]).passes().out;
    assert_eq!(said, "scenario.toml: ok (2 to 5 nodes, 3 cases, 9 runs)\n");
}

#[test]
fn parts_of_a_plan_can_be_chosen_and_keep_their_numbers() {
    let lab = Lab::with(MATRIX);
    lab.run_into("out", &[]);
    for (options, expected) in [
        (&["--case", "faces=5*"][..], vec![10, 11, 12, 13, 14, 15]),
        (
            &["--case", "*wide", "--case", IDS[4]],
            vec![4, 5, 6, 13, 14, 15],
        ),
        (&["--run", "8"], vec![8]),
        (&["--run", "8", "--case", "*slow"], vec![8]),
    ] {
        let name = options.join("").replace(['*', '-'], "");
        lab.run_into(&name, options);
        let runs = lab.table(&format!("{name}/runs.csv"));
        let numbers: Vec<u64> = runs
            .texts("run")
            .iter()
            .map(|it| it.parse().unwrap())
            .collect();
        assert_eq!(numbers, expected, "{options:?}");
        for run in numbers {
            let folder = format!("runs/{run:04}");
            let logs = |out: &str| lab.files(&format!("{out}/{folder}"));
            assert_eq!(logs(&name), logs("out"), "{options:?}");
        }
    }
}

#[test]
fn a_selection_of_nothing_is_an_error() {
    let lab = Lab::with(MATRIX);
    lab.runner(&["scenario.toml", "--case", "faces=7*"])
        .ends(4)
        .says(&[
            "nothing was selected: no case matches --case faces=7*",
            "cases: faces=10",
        ]);
    lab.runner(&["scenario.toml", "--case", "faces=5,rates=saem"])
        .ends(4)
        .says(&["(did you mean `faces=5,rates=same`?)"]);
    // Each `--case` must match a case.
    lab.runner(&["scenario.toml", "--case", "*wide", "--case", "*wild"])
        .ends(4);
    lab.runner(&["scenario.toml", "--case", "*wide", "--run", "1"])
        .ends(4);
    lab.runner(&["list", "scenario.toml", "--case", "no"])
        .ends(4);
    lab.runner(&["scenario.toml", "--run", "16"])
        .ends(2)
        .says(&["--run 16: `grid` has 15 runs"]);
    for (shard, said) in [
        (
            "5/4",
            "there is no shard 5 of 4, they are numbered from 1 to 4",
        ),
        ("0/4", "numbered from 1 to 4"),
        ("1/0", "there are no shards in 0"),
        ("1", "expected I/N"),
    ] {
        let arguments = ["scenario.toml", "--shard", shard];
        lab.runner(&arguments).ends(2).says(&[said]);
    }
    assert!(!lab.path("results").exists());
}

#[test]
fn an_axis_is_not_overridden_but_its_values_are() {
    let lab = Lab::with(MATRIX);
    let faces = "nodes.machine.config.faces=7";
    lab.runner(&["scenario.toml", "--set", faces]).ends(2).says(&[
        "--set nodes.machine.config.faces=7: `nodes.machine.config.faces` is set by the axis `faces`",
        "matrix.axes.faces.values=[..]",
    ]);
    let ids = |more: &[&str]| -> Vec<String> {
        let cases = listed(&lab, more);
        let ids = cases.as_array().unwrap().iter();
        ids.map(|it| it["case"].as_str().unwrap().to_owned())
            .collect()
    };
    let other = ids(&["--set", "matrix.axes.faces.values=[5, 2]"]);
    assert_eq!(
        other[2..],
        [
            "faces=2,rates=same",
            "faces=2,rates=wide",
            "faces=2,rates=slow"
        ]
    );
    let duration = MATRIX.replace("nodes.machine.config.faces", "duration");
    let duration = duration.replace("[10, 5]", "[\"10s\", \"5s\"]");
    let duration = duration.replace("exclude = [{ faces = 5, rates = \"wide\" }]", "");
    lab.write("scenario.toml", &duration);
    lab.runner(&["scenario.toml", "--duration", "1s"])
        .ends(2)
        .says(&["--duration 1s: `duration` is set by the axis `faces`"]);
    lab.run_into("out", &["--log", "off"]);
    let runs = lab.table("out/runs.csv");
    let of = |id| runs.only("case", id).numbers("duration_s");
    assert_eq!(of("faces=5s,rates=same"), [5.0; 3]);
    assert_eq!(of("faces=10s,rates=same"), [10.0; 3]);
}

#[test]
fn a_workflow_can_make_its_jobs_from_the_list() {
    let lab = Lab::with(MATRIX);
    let github = |more: &[&str]| -> Vec<Value> {
        let arguments = [&["list", "scenario.toml", "--format", "github"], more].concat();
        let said = lab.runner(&arguments).passes().out;
        assert_eq!(said.lines().count(), 1);
        let matrix: Value = serde_json::from_str(&said).unwrap();
        matrix["include"].as_array().unwrap().clone()
    };
    let done = |jobs: &[Value], home: &str| -> BTreeSet<String> {
        let mut runs = BTreeSet::new();
        for job in jobs {
            let word = |key: &str| job[key].as_str().unwrap().to_owned();
            let out = format!("{home}/{}", word("name"));
            // As the shell of a workflow runs the job.
            let script = format!(
                "\"$RUNNER\" {} {} --out '{out}' -q --no-report --log off",
                word("scenario"),
                word("select")
            );
            lab.shell(&script).passes();
            let found = lab.table(&format!("{out}/runs.csv"));
            assert!(!found.rows.is_empty(), "{script}");
            for run in found.texts("run") {
                assert!(runs.insert(run.to_owned()), "run {run} in two jobs");
            }
        }
        runs
    };
    let cases = github(&[]);
    assert_eq!(cases.len(), 5);
    assert_eq!(cases[1]["name"], "grid-faces=10,rates=wide");
    assert_eq!(done(&cases, "cases").len(), 15);
    let shards = github(&["--shards", "2"]);
    assert_eq!(shards.len(), 2);
    assert_eq!(shards[0]["name"], "grid-1-of-2");
    assert_eq!(done(&shards, "shards").len(), 15);
    // No job is empty.
    let many = github(&["--shards", "200"]);
    assert!((2..=15).contains(&many.len()), "{}", many.len());
    let slow = github(&["--shards", "2", "--case", "*slow"]);
    assert_eq!(done(&slow, "slow").len(), 6);
    let table = lab
        .runner(&["list", "scenario.toml", "--case", "*slow"])
        .passes()
        .out;
    let words: Vec<Vec<&str>> = table
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(
        words[2],
        ["grid", "faces=5,rates=slow", "13-15", "7", "scenario.toml"]
    );
    assert_eq!(
        listed(&lab, &["--case", "*slow"])[1],
        json!({
            "scenario": "grid", "file": "scenario.toml", "case": "faces=5,rates=slow", "seed": 7,
            "axes": { "faces": 5, "rates": "slow" }, "first_run": 13, "last_run": 15,
            "runs": "13-15"
        })
    );
    let crowd: Vec<String> = (4..304).map(|it| it.to_string()).collect();
    let values = format!("matrix.axes.faces.values=[{}]", crowd.join(","));
    lab.runner(&[
        "list",
        "scenario.toml",
        "--format",
        "github",
        "--set",
        &values,
    ])
    .ends(2)
    .says(&["jobs, and a matrix has at most 256", "--shards N"]);
}
