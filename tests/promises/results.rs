//! Results have a fixed place and fixed files, are never overwritten, and hold all that is
//! needed to repeat the runs.

use std::fs;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::harness::{LAB, Lab};
use crate::waiting::{until, whole_lines};

/// The folders of `results/lab` beside `latest`.
fn stamps(lab: &Lab) -> Vec<String> {
    let entries = fs::read_dir(lab.path("results/lab")).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "latest").collect();
    names.sort();
    names
}

fn manifest(lab: &Lab, out: &str) -> Value {
    serde_json::from_str(&lab.read(&format!("{out}/manifest.json"))).unwrap()
}

#[test]
fn the_folder_has_name_and_time_and_latest_is_the_newest() {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--quiet"]).passes();
    let [first] = &stamps(&lab)[..] else {
        panic!("{:?}", stamps(&lab));
    };
    let shape: String = first
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00-00-00Z");
    let files = lab.files("results/lab/latest");
    let mut expected = vec![
        "manifest.json".to_owned(),
        "report.html".to_owned(),
        "report.md".to_owned(),
        "runs.csv".to_owned(),
        "runs.journal".to_owned(),
    ];
    for run in 1..=3 {
        expected.extend((1..=3).map(|node| format!("runs/{run:04}/machine-{node}.csv")));
    }
    expected.push("samples.csv".to_owned());
    expected.push("summary.csv".to_owned());
    expected.push("verdicts.csv".to_owned());
    let (plots, others): (Vec<&String>, Vec<&String>) =
        files.keys().partition(|name| name.starts_with("plots/"));
    assert_eq!(others, expected.iter().collect::<Vec<_>>());
    assert!(plots.len() >= 4 && plots.iter().all(|name| name.ends_with(".svg")));

    lab.runner(&["scenario.toml", "--quiet", "--no-report"])
        .passes();
    assert_eq!(stamps(&lab).len(), 2);
    let latest = fs::canonicalize(lab.path("results/lab/latest")).unwrap();
    assert!(!latest.ends_with(first));
    assert_eq!(lab.files(&format!("results/lab/{first}")), files);
}

#[test]
fn a_folder_with_results_is_refused_and_not_changed() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let before = lab.files("out");
    let refused = |more: &[&str]| {
        let arguments = [&["scenario.toml", "--out", "out"], more].concat();
        lab.runner(&arguments)
            .ends(2)
            .says(&["error: out holds results already", "another folder"]);
        assert_eq!(lab.files("out"), before);
    };
    refused(&[]);
    refused(&["--seed", "9", "--log", "off"]);
    refused(&["--run", "2"]);

    lab.write("mine/notes.txt", "mine");
    lab.run_into("mine", &[]);
    assert_eq!(lab.read("mine/notes.txt"), "mine");
    lab.run_into("deep/in/the/woods", &[]);
    assert_eq!(
        lab.read("deep/in/the/woods/summary.csv"),
        lab.read("out/summary.csv")
    );
}

#[test]
fn two_scenarios_do_not_share_one_folder() {
    let lab = Lab::with(LAB);
    lab.write("other.toml", &LAB.replace("\"lab\"", "\"other\""));
    lab.runner(&["scenario.toml", "other.toml", "--out", "out"])
        .ends(2)
        .says(&["--out names one folder, but there are 2 scenarios"]);
    assert!(!lab.path("out").exists());
    lab.runner(&["scenario.toml", "other.toml", "-q", "--no-report"])
        .passes();
    assert!(lab.path("results/lab/latest/summary.csv").exists());
    assert!(lab.path("results/other/latest/summary.csv").exists());
}

#[test]
fn the_manifest_is_enough_to_repeat_everything() {
    let lab = Lab::with(LAB);
    let changes = ["--set", "nodes.machine.config.faces=4", "--seed", "99"];
    lab.run_into("out", &[&changes[..], &["--runs", "2"]].concat());
    let told = manifest(&lab, "out");
    let elsewhere = Lab::new();
    let scenario = &told["scenario"];
    elsewhere.write(
        scenario["file"].as_str().unwrap(),
        scenario["text"].as_str().unwrap(),
    );
    let words = told["command"].as_array().unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
    elsewhere.runner(&words[1..]).passes();
    let logs = |lab: &Lab| {
        let mut files = lab.files("out");
        files.retain(|name, _| name.starts_with("runs/") || name == "summary.csv");
        files
    };
    assert_eq!(logs(&lab).len(), 7);
    assert_eq!(logs(&elsewhere), logs(&lab));
}

#[test]
fn the_manifest_describes_the_run() {
    let lab = Lab::with(LAB);
    lab.run_into(
        "out",
        &["--log", "combined", "--seed", "18446744073709551615"],
    );
    let told = manifest(&lab, "out");
    assert_eq!(told["format"], 1);
    assert_eq!(told["scenario"]["name"], "lab");
    assert_eq!(told["scenario"]["text"], LAB);
    assert_eq!(told["seed"], u64::MAX);
    assert_eq!(told["duration_s"], 60.0);
    assert_eq!(told["time"], "virtual");
    assert_eq!(told["log"], "combined");
    assert_eq!(told["runs_per_case"], 3);
    assert_eq!(told["runs_planned"], 3);
    assert_eq!(told["cases"][0]["id"], "default");
    assert_eq!(told["versions"]["runner"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["groups"][0]["name"], "machine");
    assert_eq!(told["groups"][0]["count"], 3);
    assert_eq!(told["groups"][0]["columns"][0]["name"], "clock");
    let plugin = &told["plugins"][0];
    assert_eq!(plugin["name"], "clock");
    let bytes = fs::read(plugin["file"].as_str().unwrap()).unwrap();
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(plugin["sha256"], hash);
}

#[test]
fn runs_csv_has_a_line_for_each_run() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let text = lab.read("out/runs.csv");
    let header = "run,case,seed,status,verdict,duration_s,wall_s,events,messages\n";
    assert!(text.starts_with(header), "{text}");
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("run"), ["1", "2", "3"]);
    assert_eq!(runs.texts("case"), ["default"; 3]);
    assert_eq!(runs.texts("status"), ["complete"; 3]);
    assert_eq!(runs.texts("verdict"), [""; 3]);
    assert_eq!(runs.numbers("duration_s"), [60.0; 3]);
    assert!(runs.numbers("wall_s").iter().all(|&it| it > 0.0));
    let summary = lab.table("out/summary.csv");
    for (run, messages) in runs.texts("run").iter().zip(runs.numbers("messages")) {
        let nodes = summary.only("run", run);
        assert_eq!(nodes.texts("node"), ["machine-1", "machine-2", "machine-3"]);
        assert_eq!(nodes.numbers("sent").iter().sum::<f64>(), messages);
    }
}

#[test]
fn the_end_of_the_output_names_results_and_report() {
    let lab = Lab::with(LAB);
    let answer = lab.runner(&["run", "scenario.toml", "--out", "out"]);
    let out = answer.passes().out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[lines.len() - 2..],
        ["results: out", "report:  out/report.html"]
    );
    for part in ["machine-1", "machine-3", "clock_final", "queue_max"] {
        assert!(out.contains(part), "{out}");
    }
    let html = lab.read("out/report.html");
    assert!(html.starts_with("<!DOCTYPE html>") && html.trim_end().ends_with("</html>"));
}

#[test]
fn a_behavior_may_stop_its_run() {
    let lab = Lab::with(
        "name = \"stop\"\nruns = 2\nduration = \"1h\"\n[nodes.a]\ncount = 2\n\
         behavior = \"misbehaving.stops\"\ntick_interval = \"250ms\"\nconfig = { after = 6 }\n",
    );
    lab.run_into("out", &[]);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status"), ["complete"; 2]);
    assert_eq!(runs.numbers("duration_s"), [1.5; 2]);
    // The first node stops the run, so the second has no sixth tick.
    let steps = |node| {
        lab.table(&format!("out/runs/0002/{node}.csv"))
            .numbers("step")
    };
    assert_eq!(steps("a-1").last(), Some(&6.0));
    assert_eq!(steps("a-2").last(), Some(&5.0));
}

/// With seed 4, the first of two runs has about a thousand ticks, and the second so many
/// that it never ends.
const ENDLESS: &str = "\
name = \"endless\"
runs = 2
seed = 4
duration = \"300000h\"
[nodes.machine]
behavior = \"clock.machine\"
tick_rate = { choice = [0.000001, 1000000] }
";

#[test]
fn a_signal_stops_the_plan_and_keeps_the_finished_runs() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let lab = Lab::with(ENDLESS);
        let arguments = ["scenario.toml", "-q", "-j1", "--no-report", "--out", "out"];
        let child = lab.command(&arguments).spawn().unwrap();
        let runs = lab.path("out/runs.csv");
        let second = lab.path("out/runs/0002.partial");
        until("the second run begins", || {
            whole_lines(&runs) == 2 && second.exists()
        });
        lab.shell(&format!("kill -{signal} {}", child.id()))
            .passes();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let runs = lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["complete", "stopped"]);
        assert!(lab.path("out/runs/0001/machine.csv").exists());
        assert!(lab.path("out/runs/0002.partial").exists());
        assert!(!lab.path("out/runs/0002").exists());
        assert_eq!(lab.table("out/summary.csv").texts("run"), ["1"]);
        // The log of the second run ends with a whole line.
        let log = lab.read("out/runs/0002.partial/machine.csv");
        assert!(log.ends_with('\n'));
    }
}
