//! `runner diff`: the first record in which two runs differ, and how the difference spread.

use crate::abi::changed_metronome;
use crate::harness::{LAB, Lab};

/// Two metronomes that hear each other; `two` is slower.
const METRONOMES: &str = "\
duration = \"20s\"
[nodes.one]
behavior = \"metronome.node\"
tick_rate = 2
[nodes.two]
behavior = \"metronome.node\"
tick_rate = 1
[nodes.alone]
behavior = \"clock.machine\"
tick_rate = 3
[[links]]
between = [\"one\", \"two\"]
";

/// Runs the metronomes with a build of the plugin in which one line is another one, and one in
/// which it is as it was.
fn of_two_builds(from: &str, to: &str) -> Lab {
    let lab = Lab::with(METRONOMES);
    for (folder, to) in [("old", from), ("new", to)] {
        std::fs::create_dir(lab.path(folder)).unwrap();
        changed_metronome(&lab.path(folder), &[(from, to)]);
        lab.run_into(&format!("r-{folder}"), &["--plugin-path", folder]);
    }
    lab
}

#[test]
fn of_two_builds_the_first_record_that_the_changed_line_decides_is_named() {
    // From the 7th tick on, a metronome does not send.
    let lab = of_two_builds(
        "peer < context->peer_count; peer++)",
        "peer < context->peer_count && node->ticks < 7; peer++)",
    );
    let out = lab.runner(&["diff", "r-old", "r-new"]).ends(1).out;
    for said in [
        "A: run 1 of scenario (r-old)\nB: run 1 of scenario (r-new)\n",
        "plugin `metronome`",
        "the same up to 3.5 s: ",
        "  A  3.5 s  one, step 7: sends message 7 to two\n",
        "  B  3.5 s  one, step 7: tick\n",
        "A -> B: event send -> tick, peer two -> nothing, message 7 -> 0, bytes 4 -> 0\n",
        "one, step 7: here it begins\n",
        ": by message 7 of one\n",
        "never, with so many records that are the same: alone (",
        "picture: r-old/why/diff-0001-0001.svg\n",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
    let picture = lab.read("r-old/why/diff-0001-0001.svg");
    for drawn in [
        ">how the difference spread<",
        ">first<",
        ">differs first<",
        ">A: what led",
        ">B: what led",
    ] {
        assert!(picture.contains(drawn), "{drawn}");
    }
    assert!(!picture.contains(">alone<"));
}

#[test]
fn a_column_that_differs_is_named_with_both_values() {
    let lab = of_two_builds(
        "set_ticks(context, ++node->ticks)",
        "set_ticks(context, node->ticks += 1 + (node->ticks == 11))",
    );
    let out = lab.runner(&["diff", "r-old", "r-new"]).ends(1).out;
    assert!(out.contains("A -> B: ticks 12 -> 13\n"), "{out}");
    assert!(
        out.contains("  A  6 s  one, step 12: sends message 12 to two\n"),
        "{out}"
    );
    // What is sent says the same, so that what is received does.
    assert!(
        out.contains("that are the same: two (22), alone (62)\n"),
        "{out}"
    );
}

#[test]
fn runs_in_which_nothing_differs_are_the_same_however_their_logs_are_kept() {
    let lab = Lab::with(LAB);
    lab.run_into("a", &[]);
    lab.run_into("b", &["--log", "combined"]);
    let out = lab.runner(&["diff", "a:2", "b:2"]).passes().out;
    assert!(out.contains("nothing differs: "), "{out}");
    assert!(
        out.contains("of 3 nodes say the same\ntheir times are the same, too\n"),
        "{out}"
    );
    assert!(!lab.path("a/why").exists());
    let out = lab.runner(&["diff", "a:1", ":2"]).ends(1).out;
    assert!(out.contains("runs of one plan\n"), "{out}");
    // Another seed draws other rates: the first record of a machine is at another time.
    lab.run_into("c", &["--seed", "8"]);
    let out = lab.runner(&["diff", "a:1", "c:1"]).ends(1).out;
    assert!(out.contains("seed: 7 in A, 8 in B\n"), "{out}");
}

#[test]
fn times_that_differ_are_told_and_are_no_difference() {
    let lab = Lab::with(
        METRONOMES
            .replace("metronome.node", "clock.machine")
            .as_str(),
    );
    let script = "config = { script = [7, 7, 1, 7] }";
    let scripted = METRONOMES
        .replace("metronome.node", "clock.machine")
        .replace("tick_rate = 2\n", &format!("tick_rate = 2\n{script}\n"));
    lab.write(
        "scenario.toml",
        &scripted.replace(
            "[\"one\", \"two\"]",
            "[\"one\", \"two\"]\nlatency = \"10ms\"",
        ),
    );
    lab.run_into("a", &["--duration", "3s"]);
    lab.run_into(
        "b",
        &["--duration", "3s", "--set", "links.0.latency=\"20ms\""],
    );
    // Machines take messages at their ticks, so nothing changes by 10 ms more.
    let out = lab.runner(&["diff", "a", "b"]).passes().out;
    assert!(out.contains("nothing differs"), "{out}");
    lab.run_into(
        "c",
        &[
            "--duration",
            "3s",
            "--set",
            "nodes.alone.tick_phase=\"100ms\"",
        ],
    );
    let out = lab.runner(&["diff", "a", "c"]).passes().out;
    let times = "their times differ: alone, step 1, internal at 333.333333 ms and 100 ms\n";
    assert!(out.contains(times), "{out}");
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_way_out() {
    let lab = Lab::with(LAB);
    lab.run_into("a", &[]);
    let refused = |words: [&str; 2], said: &[&str]| {
        lab.runner(&["diff", words[0], words[1]]).ends(2).says(said);
    };
    refused(["a:1", "nowhere:1"], &["nowhere: no `manifest.json`"]);
    refused(
        ["a", "a:1"],
        &[
            "a: has 3 runs, 1 to 3; which one is meant?",
            "name it with RESULTS:RUN",
        ],
    );
    refused(["a:1", ":9"], &["a: has no run 9"]);
    lab.write(
        "scenario.toml",
        &LAB.replace("nodes.machine", "nodes.other"),
    );
    lab.run_into("b", &[]);
    let out = lab.runner(&["diff", "a:1", "b:1"]).ends(1).out;
    assert!(
        out.contains("only in A, so not compared: machine-1, machine-2, machine-3\n"),
        "{out}"
    );
}
