//! `runner why`: what led to a record of a run, or to its failure.

use crate::harness::Lab;

/// A scenario of `scenarios/`, in a lab of its own, done once into `r`.
fn done(name: &str, more: &[&str]) -> Lab {
    let path = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let lab = Lab::with(&std::fs::read_to_string(path).unwrap());
    let run = ["scenario.toml", "--no-report", "--quiet", "--out", "r"];
    lab.runner(&[&run[..], more].concat());
    lab
}

/// The lines of an answer that tell of steps, nearest first.
fn steps(out: &str) -> Vec<&str> {
    let told = out.lines().skip(2).skip_while(|line| line.is_empty());
    told.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn a_store_that_forgets_is_told_from_its_crash_to_what_a_client_reads() {
    let lab = done("canary-kv-crash", &["--run", "1"]);
    let out = lab.runner(&["why", "r"]).passes().out;
    let steps = steps(&out);
    assert!(out.starts_with("run 1 of canary-kv-crash: check `kv.linearizable` failed"));
    assert!(
        steps[0].contains("receives message") && steps[0].contains("<== \"not found\""),
        "{out}"
    );
    let place = |what: &str| {
        let found = steps.iter().position(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("{what}: {out}"))
    };
    // The crash lies between what was written and what was read, and loses what was sent.
    let crash = place("server, crashes");
    assert!(
        place("server, restarts") < place("messages to it are lost"),
        "{out}"
    );
    assert!(place("messages to it are lost") < crash, "{out}");
    assert!(crash < place("<== set \"client-5"), "{out}");
    let picture = lab.read("r/why/run-0001.svg");
    for drawn in [
        ">crash<",
        ">restart<",
        ">client-5<",
        "&quot;not found&quot;",
    ] {
        assert!(picture.contains(drawn), "{drawn}");
    }
}

/// Three nodes in a row, and one that nobody hears.
const ROW: &str = "\
duration = \"3s\"
[nodes.first]
behavior = \"clock.machine\"
tick_rate = 2
config = { script = [1, 7, 7, 7, 7, 7] }
[nodes.second]
behavior = \"clock.machine\"
tick_rate = 2
config = { script = [7, 7, 1, 7, 7, 7] }
[nodes.third]
behavior = \"clock.machine\"
tick_rate = 2
config = { script = [7, 7, 7, 7, 7, 7] }
[nodes.deaf]
behavior = \"clock.machine\"
tick_rate = 2
config = { script = [7, 7, 7, 7, 7, 7] }
[[links]]
from = \"first\"
to = \"second\"
[[links]]
from = \"second\"
to = \"third\"
[[links]]
from = \"third\"
to = \"deaf\"
";

#[test]
fn the_past_of_a_record_is_what_messages_and_steps_led_to() {
    for log in ["per-node", "combined"] {
        let lab = Lab::with(ROW);
        lab.run_into("r", &["--log", log]);
        let log = lab.runner(&["why", "r", "third:4"]).passes().out;
        let told: Vec<String> = steps(&log).iter().map(|it| it.trim().to_owned()).collect();
        assert!(
            told[0].starts_with("2 s  third, step 4: receives message 1 of second; clock 3 -> "),
            "{log}"
        );
        assert!(
            told.iter()
                .any(|it| it.contains("first, step 1: sends message 1 to second")),
            "{log}"
        );
        assert!(log.contains("no record of deaf had one"), "{log}");
        // A step of `first` after its message cannot have had a part.
        assert!(!log.contains("first, step 2"), "{log}");
        let own = lab.runner(&["why", "r", "--at", "first:3"]).passes().out;
        assert!(
            own.contains("no record of second, third, deaf had one"),
            "{own}"
        );
    }
}

#[test]
fn a_panic_is_told_from_the_last_record_of_its_node() {
    let lab = Lab::with(
        "duration = \"5s\"\n[nodes.a]\nbehavior = \"misbehaving.panics\"\nconfig = { in = \"message\", at = 3 }\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 5\n",
    );
    lab.runner(&["scenario.toml", "--no-report", "--out", "r"])
        .ends(3);
    let out = lab.runner(&["why", "r"]).passes().out;
    assert!(
        out.starts_with("run 1 of scenario: node `b` failed in `message` at 200 ms"),
        "{out}"
    );
    let steps = steps(&out);
    assert!(
        steps[0].contains("b, step 1: receives message 1 of a"),
        "{out}"
    );
    assert!(
        steps[1].contains("a, step 1: timer, sends message 1 to b"),
        "{out}"
    );
}

#[test]
fn only_so_many_lines_are_printed_and_the_rest_is_counted() {
    let lab = done("canary-old-clock", &["--run", "1"]);
    let all = lab
        .runner(&["why", "r", "machine-1:60", "--all"])
        .passes()
        .out;
    let some = lab
        .runner(&["why", "r", "machine-1:60", "--limit", "7"])
        .passes()
        .out;
    let (all, some) = (steps(&all), steps(&some));
    assert!(all.len() > 50, "{}", all.len());
    assert_eq!(some[..7], all[..7]);
    assert_eq!(some.len(), 8);
    assert!(
        some[7].contains("steps before (--all lists them)"),
        "{some:?}"
    );
}

#[test]
fn what_cannot_be_told_is_refused_with_a_way_out() {
    let lab = done("clock-5runs", &[]);
    let refused = |words: &[&str], code: i32, said: &[&str]| {
        lab.runner(&[&["why"][..], words].concat())
            .ends(code)
            .says(said);
    };
    refused(
        &["nowhere"],
        2,
        &["nowhere: no `manifest.json`", "there is no such folder"],
    );
    refused(
        &["r"],
        2,
        &["r: has 5 runs, 1 to 5; which one is meant?", "--run N"],
    );
    refused(
        &["r", "--run", "9"],
        2,
        &["r: has no run 9", "5 runs, 1 to 5"],
    );
    refused(
        &["r", "--run", "2"],
        4,
        &[
            "run 2 did not fail",
            "name a record with NODE:STEP, as in machine-1:1",
        ],
    );
    refused(
        &["r", "--run", "2", "machine1:3"],
        2,
        &["run 2 has no node `machine1` (did you mean `machine-1`?)"],
    );
    refused(
        &["r", "--run", "2", "machine-1"],
        2,
        &["`machine-1`: expected NODE:STEP"],
    );
    refused(
        &["r", "--run", "2", "machine-1:x"],
        2,
        &["`machine-1:x`: expected NODE:STEP"],
    );
    refused(
        &["r", "--run", "2", "machine-1:99999"],
        2,
        &[
            "run 2 has no record of this step",
            "the last step of `machine-1` there is",
        ],
    );
    refused(
        &["r", "--run", "2", "--check", "kv"],
        4,
        &["run 2 has no failure with `kv` in it"],
    );
    lab.run_into("none", &["--log", "off"]);
    refused(
        &["none", "--run", "1"],
        2,
        &["run 1 has no logs", "--run 1"],
    );
}
