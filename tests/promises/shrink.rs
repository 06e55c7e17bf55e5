//! `runner shrink`: the smallest scenario that still fails in the same way.

use std::path::Path;
use std::time::Duration;

use crate::harness::{Answer, Lab};

/// A scenario of `scenarios/`, in a lab of its own.
fn canary(name: &str) -> Lab {
    let path = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    Lab::with(&std::fs::read_to_string(path).unwrap())
}

/// Shrinks `scenario.toml` into `small.toml`, which must fail with this exit code when it is
/// run with the same options, up to `--run` and `--tries`; returns the number of its events.
#[track_caller]
fn shrinks(lab: &Lab, options: &[&str], code: i32, said: &str) -> u64 {
    let is_of_run = |option: &&&str| !["--run", "--tries"].contains(*option);
    let count = options.iter().take_while(is_of_run).count();
    let (both, more) = options.split_at(count);
    let more = [more, &["--jobs", "2"]].concat();
    shrinks_by(lab, "small.toml", both, &more, code, said)
}

#[track_caller]
fn shrinks_by(
    lab: &Lab,
    file: &str,
    options: &[&str],
    more: &[&str],
    code: i32,
    said: &str,
) -> u64 {
    let first = ["shrink", "scenario.toml", "--out", file];
    let answer = lab.runner(&[&first[..], options, more].concat()).ends(0);
    assert!(answer.out.contains(said), "{}", answer.out);
    let name = file.trim_end_matches(".toml");
    let run = [&[file, "--no-report", "--out", name][..], options].concat();
    let answer = lab.runner(&run).ends(code);
    let all = format!("{}{}", answer.out, answer.err);
    assert!(all.contains(said), "{all}");
    lab.table(&format!("{name}/runs.csv")).numbers("events")[0] as u64
}

/// The same bytes with one candidate at a time.
#[track_caller]
fn does_not_depend_on_jobs(lab: &Lab, options: &[&str]) {
    let small = lab.read("small.toml");
    std::fs::rename(lab.path("small.toml"), lab.path("by-two.toml")).unwrap();
    let first = [
        "shrink",
        "scenario.toml",
        "--out",
        "small.toml",
        "--jobs",
        "1",
    ];
    lab.runner(&[&first[..], options].concat()).ends(0);
    assert_eq!(lab.read("small.toml"), small);
}

#[test]
fn a_broken_clock_shrinks_to_one_message_and_keeps_its_comments() {
    let lab = canary("canary-old-clock");
    let events = shrinks(&lab, &["--run", "3"], 1, "`clock.lamport` failed");
    assert!(events <= 10, "{events}");
    does_not_depend_on_jobs(&lab, &["--run", "3"]);
    let small = lab.read("small.toml");
    for kept in [
        "#:schema ./scenario.schema.json\n",
        "send_before_increment = true",
        "# - When: at the first message to a machine",
    ] {
        assert!(small.contains(kept), "{small}");
    }
    assert!(!small.contains("\nrng_id"), "{small}");
}

#[test]
fn a_store_that_forgets_shrinks_to_one_client_and_one_crash() {
    let lab = canary("canary-kv-crash");
    let events = shrinks(&lab, &["--run", "1"], 1, "`kv.linearizable` failed");
    assert!(events <= 100, "{events}");
    let small = lab.read("small.toml");
    assert!(
        !small.contains("every") || small.contains("without `every`"),
        "{small}"
    );
    assert!(!small.contains("\ncount"), "{small}");
    does_not_depend_on_jobs(&lab, &["--run", "1"]);
}

#[test]
fn a_property_shrinks_to_its_first_false_record() {
    let lab = canary("canary-property");
    let events = shrinks(&lab, &["--run", "1"], 1, "the clocks stay together");
    assert!(events <= 100, "{events}");
    does_not_depend_on_jobs(&lab, &["--run", "1"]);
}

/// Five nodes, two of which panic in a tick that they share a scenario with much else.
const PANIC: &str = "\
name = \"panic\"
duration = \"20s\"
[nodes.bystander]
count = 5
behavior = \"clock.machine\"
tick_rate = { uniform = [1, 6] }
[nodes.wrong]
count = 2
behavior = \"misbehaving.panics\"
tick_rate = 5
config = { in = \"tick\", at = 40 }
[[links]]
between = [\"bystander\", \"bystander\"]
latency = \"5ms\"
[[faults]]
at = \"1s\"
for = \"2s\"
every = \"4s\"
pause = [\"bystander\"]
";

#[test]
fn a_panic_shrinks_to_the_node_that_panics() {
    let lab = Lab::with(PANIC);
    let events = shrinks(&lab, &[], 3, "panicked in `tick`");
    assert!(events <= 100, "{events}");
    let small = lab.read("small.toml");
    assert!(!small.contains("\n[nodes.bystander]"), "{small}");
    assert!(!small.contains("[[faults]]"), "{small}");
    does_not_depend_on_jobs(&lab, &[]);
}

#[test]
fn a_crash_of_the_process_shrinks_with_isolate() {
    let crash = PANIC.replace("misbehaving.panics", "misbehaving.crashes");
    let lab = Lab::with(&crash.replace("in = \"tick\"", "how = \"abort\""));
    let events = shrinks(
        &lab,
        &["--isolate", "--tries", "40"],
        3,
        "killed by SIGABRT",
    );
    assert!(events <= 100, "{events}");
    assert!(!lab.read("small.toml").contains("\n[nodes.bystander]"));
}

#[test]
fn a_run_that_takes_too_long_shrinks_to_the_node_that_does_not_come_back() {
    let slow = PANIC.replace("misbehaving.panics", "misbehaving.crashes");
    let lab = Lab::with(&slow.replace("in = \"tick\", at = 40", "how = \"loop\", at = 3"));
    let options = ["--isolate", "--timeout", "500ms", "--tries", "30"];
    let events = shrinks(&lab, &options, 3, "it took longer than");
    assert!(events <= 100, "{events}");
    assert!(!lab.read("small.toml").contains("\n[nodes.bystander]"));
}

#[test]
fn a_run_that_differs_when_it_is_done_twice_shrinks() {
    let other = PANIC.replace("misbehaving.panics", "misbehaving.reads_clock");
    let lab = Lab::with(&other.replace("in = \"tick\", at = 40", "from = 7"));
    let options = ["--check-determinism"];
    let events = shrinks(&lab, &options, 1, "done twice, it differs");
    assert!(events <= 100, "{events}");
    assert!(!lab.read("small.toml").contains("\n[nodes.bystander]"));
}

#[test]
fn an_expectation_that_fails_at_the_end_of_a_run_shrinks() {
    let lab = Lab::with(
        "duration = \"1m\"\n[nodes.machine]\ncount = 4\nbehavior = \"clock.machine\"\ntick_rate = 5\n[[expect]]\nmetric = \"clock_final\"\nat_most = 30\n",
    );
    let events = shrinks(&lab, &[], 1, "clock_final");
    assert!(events <= 100, "{events}");
}

/// A matrix in which one case of four fails, and rarely.
const MATRIX: &str = "\
runs = 40
duration = \"10s\"
seed = 5
[nodes.machine]
count = 2
behavior = \"clock.machine\"
tick_rate = 2
[[property]]
name = \"slow\"
nodes = \"machine-2\"
never = \"clock >= 24\"
[matrix.axes.rate]
path = \"nodes.machine.tick_rate\"
values = [1, { uniform = [1, 2.2] }]
labels = [\"one\", \"some\"]
";

#[test]
fn a_run_of_a_matrix_keeps_its_random_numbers() {
    let lab = Lab::with(MATRIX);
    lab.runner(&["scenario.toml", "--no-report", "--out", "all"])
        .ends(1);
    let runs = lab.table("all/runs.csv");
    let verdicts = runs.texts("verdict");
    let failing = verdicts.iter().filter(|it| **it == "failed").count();
    assert!((1..40).contains(&failing), "{failing}");
    let run = verdicts.iter().position(|it| *it == "failed").unwrap() + 1;
    assert!(run > 41, "a repetition other than the first: {run}");
    shrinks(
        &lab,
        &["--run", &run.to_string(), "--tries", "1"],
        1,
        "property `slow` failed",
    );
    let small = lab.read("small.toml");
    assert!(
        small.contains("[1, 2.2]") && !small.contains("[matrix"),
        "{small}"
    );
    assert!(
        small.contains("rng_id = { case = \"rate=some\", run = "),
        "{small}"
    );
    shrinks_by(
        &lab,
        "whole.toml",
        &[],
        &["--run", &run.to_string()],
        1,
        "`slow` failed",
    );
    // Without --run, the first run that fails; with options, the scenario that they make.
    let other = ["--set", "nodes.machine.count=3"];
    let answer = lab.runner(&[&["shrink", "scenario.toml", "-q"][..], &other].concat());
    assert_eq!(answer.ends(0).out, "scenario-shrunk.toml\n");
}

#[test]
fn relative_paths_hold_from_where_the_result_is_written() {
    let lab = Lab::new();
    lab.write("in/data/rates.csv", "5\n6\n");
    lab.write("in/s.schema.json", "{}");
    lab.write(
        "in/scenario.toml",
        "#:schema ./s.schema.json\nduration = \"9s\"\nnotes = \"notes.md\"\n[nodes.a]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = { empirical = { file = \"data/rates.csv\" } }\nconfig = { send_before_increment = true }\n[[check]]\ncheck = \"clock.lamport\"\n",
    );
    lab.write("in/notes.md", "Mine.\n");
    let from = [
        "shrink",
        "in/scenario.toml",
        "--tries",
        "1",
        "--out",
        "new/place/x.toml",
    ];
    lab.runner(&from).ends(0);
    let text = lab.read("new/place/x.toml");
    assert!(text.contains("#:schema ../../in/s.schema.json\n"), "{text}");
    assert!(
        text.contains("file = \"../../in/data/rates.csv\""),
        "{text}"
    );
    lab.runner(&["new/place/x.toml", "--out", "r"]).ends(1);
    lab.runner(&from)
        .ends(2)
        .says(&["new/place/x.toml exists already"]);
}

#[test]
fn the_bounds_of_a_search_are_kept_and_told() {
    let lab = canary("canary-old-clock");
    let bounded = ["shrink", "scenario.toml", "--out", "a.toml", "--tries", "3"];
    let out = lab.runner(&bounded).ends(0).out;
    assert!(out.contains("3 tries in"), "{out}");
    assert!(
        lab.read("a.toml").contains("ended after --tries 3"),
        "{out}"
    );
    let bounded = [
        "shrink",
        "scenario.toml",
        "--out",
        "b.toml",
        "--budget",
        "1ms",
    ];
    let out = lab.runner(&bounded).ends(0).out;
    assert!(
        out.contains("another machine may come to another result"),
        "{out}"
    );
    lab.runner(&["b.toml", "--no-report", "--out", "r"]).ends(1);
}

#[track_caller]
fn refused(lab: &Lab, options: &[&str], code: i32, said: &[&str]) -> Answer {
    let all = [
        &["shrink", "scenario.toml", "--out", "small.toml"][..],
        options,
    ]
    .concat();
    let answer = lab.runner(&all).ends(code).says(said);
    assert!(!lab.path("small.toml").exists());
    answer
}

#[test]
fn what_cannot_be_shrunk_is_refused_with_the_reason() {
    let lab = canary("clock-5runs");
    refused(
        &lab,
        &["--run", "2"],
        4,
        &["run 2 of `clock-5runs` does not fail"],
    );
    refused(
        &lab,
        &["--run", "9"],
        2,
        &["--run 9: `clock-5runs` has 5 runs"],
    );
    refused(
        &lab,
        &["--time", "real"],
        2,
        &["real time, where no two runs are equal"],
    );
    let lab = canary("canary-old-clock");
    refused(
        &lab,
        &["--run", "1", "--check", "kv"],
        4,
        &["no failure with `kv`", "clock.lamport"],
    );
    refused(&lab, &["--budget", "0s"], 2, &["--budget"]);
    lab.write("scenario.toml", "nmae = 1\n");
    refused(&lab, &[], 2, &["unknown key `nmae`"]);
    lab.runner(&["shrink", "."]).ends(2).says(&["is a folder"]);
}

#[test]
fn run_shrink_puts_the_result_beside_the_report() {
    let lab = canary("canary-old-clock");
    let options = [
        "scenario.toml",
        "--shrink",
        "--out",
        "r",
        "--junit",
        "j.xml",
    ];
    let answer = lab.runner(&options).ends(1);
    assert!(answer.out.contains("run 1 shrunk from"), "{}", answer.out);
    let files = lab.files("r/shrunk");
    let [name] = &files.keys().collect::<Vec<_>>()[..] else {
        panic!("{files:?}");
    };
    let path = format!("r/shrunk/{name}");
    assert!(lab.read("j.xml").contains(&path));
    assert!(lab.read("r/report.md").contains(&format!("shrunk/{name}")));
    lab.runner(&[&path, "--no-report", "--out", "again"])
        .ends(1);
    // A plan that is continued keeps what it has.
    let resumed = [&options[..], &["--resume"]].concat();
    assert!(!lab.runner(&resumed).ends(1).out.contains("shrunk from"));
    lab.runner(&["scenario.toml", "--shrink", "--time", "real"])
        .ends(2)
        .says(&["--shrink"]);
}

#[test]
fn results_that_are_merged_keep_what_their_parts_were_cut_down_to() {
    let lab = canary("canary-old-clock");
    for shard in ["1/2", "2/2"] {
        let out = format!("part-{}", &shard[..1]);
        let run = [
            "scenario.toml",
            "--shrink",
            "--no-report",
            "-q",
            "--out",
            &*out,
            "--shard",
            shard,
        ];
        lab.runner(&run).ends(1);
    }
    lab.runner(&["report", "part-1", "part-2", "--out", "all"])
        .ends(1);
    let files = lab.files("all/shrunk");
    assert_eq!(files, lab.files("part-1/shrunk"));
    let (name, _) = files.first_key_value().unwrap();
    assert!(
        lab.read("all/report.md")
            .contains(&format!("shrunk/{name}"))
    );
    let path = format!("all/shrunk/{name}");
    lab.runner(&[&path, "--no-report", "--out", "again"])
        .ends(1);
}

#[test]
fn a_signal_ends_the_search_with_what_it_has() {
    let lab = canary("canary-kv-crash");
    let script = "$RUNNER shrink scenario.toml --run 1 --jobs 1 --out small.toml & pid=$!; \
        while [ ! -e nothing ] && ! ls -d ${TMPDIR}/runner-scratch-* >/dev/null 2>&1; do sleep 0.01; done; \
        kill -INT $pid; wait $pid";
    std::fs::create_dir(lab.path("tmp")).unwrap();
    let mut command = lab.program("sh");
    command
        .args(["-c", script])
        .env("RUNNER", env!("CARGO_BIN_EXE_runner"))
        .env("TMPDIR", lab.path("tmp"));
    lab.answer(&mut command).ends(130);
    let left = Path::new(&lab.path("tmp")).read_dir().unwrap().count();
    assert_eq!(left, 0, "temporary folders are removed");
}

#[test]
fn a_thousand_nodes_shrink_to_the_one_that_matters() {
    let lab = Lab::with(
        "duration = \"3s\"\n[nodes.many]\ncount = 1000\nbehavior = \"clock.machine\"\ntick_rate = 2\n[nodes.wrong]\nbehavior = \"misbehaving.panics\"\ntick_rate = 1\nconfig = { in = \"tick\", at = 2 }\n[[links]]\nbetween = [\"many\", \"many\"]\n",
    );
    let begun = std::time::Instant::now();
    let events = shrinks(&lab, &[], 3, "panicked in `tick`");
    assert!(events <= 20, "{events}");
    // Far more than it takes: that it ends at all is what is asked.
    assert!(begun.elapsed() < Duration::from_secs(600));
}
