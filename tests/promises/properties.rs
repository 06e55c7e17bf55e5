//! `[[property]]`: what a scenario says about records holds, or fails with the rows that
//! prove it. Wrong names and types are errors before anything runs.

use crate::harness::{LAB, Lab, Table};
use crate::matrix::MATRIX;

/// The lab with these properties.
fn lab(properties: &str) -> Lab {
    Lab::with(&format!("{LAB}{properties}"))
}

/// A property with this claim.
fn property(name: &str, claim: &str) -> String {
    format!("[[property]]\nname = \"{name}\"\n{claim}\n")
}

/// The rows of `verdicts.csv` of a property, of single runs or of all.
fn verdicts(lab: &Lab, name: &str) -> Table {
    lab.table("out/verdicts.csv").only("name", name)
}

/// Runs the lab with one property and returns its judgements: verdict, measured, reason.
fn judged(claim: &str, code: i32) -> Vec<[String; 3]> {
    let lab = lab(&property("it", claim));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(code);
    let table = verdicts(&lab, "it");
    let cells = ["verdict", "measured", "reason"].map(|it| table.column(it));
    let rows = table.rows.iter();
    rows.map(|row| cells.map(|at| row[at].clone())).collect()
}

#[test]
fn what_holds_passes_and_says_on_how_many_records() {
    for claim in [
        "always = \"clock > last(clock)\"",
        "never = \"clock < last(clock)\"",
        "always = \"clock - last(clock) > 1 implies event == 'receive'\"",
        "eventually = \"clock >= 10\"\nwithin = \"60s\"",
        "global = true\nalways = \"count(nodes, clock > 1000) == 0\"",
        "global = true\nleads_to = [\"event == 'send' and peer == 'machine-1'\", \"node == 'machine-1' and event == 'receive'\"]\nwithin = \"60s\"",
    ] {
        let runs = judged(claim, 0);
        assert_eq!(runs.len(), 3, "{claim}");
        for [verdict, measured, reason] in runs {
            assert_eq!(
                (verdict.as_str(), reason.as_str()),
                ("passed", ""),
                "{claim}"
            );
            assert!(!measured.is_empty(), "{claim}");
        }
    }
}

#[test]
fn a_jump_that_is_too_large_fails_with_its_record_and_the_step_before() {
    let lab = lab(&property(
        "small jumps",
        "always = \"clock - last(clock) <= 2\"",
    ));
    lab.runner(&["scenario.toml", "--out", "out"])
        .ends(1)
        .says(&["property `small jumps` failed: `clock - last(clock) <= 2` is false: clock = "])
        .says(&["  repeat: runner scenario.toml --seed 7 --run "]);
    let failed = verdicts(&lab, "small jumps").only("verdict", "failed");
    let run = failed.texts("run")[0].to_owned();
    let evidence = lab.table("out/evidence.csv").only("run", &run);
    let [before, after] = evidence.rows.as_slice() else {
        panic!("two rows prove it: {evidence:?}");
    };
    // The rows are where `evidence.csv` says, and a plain walk over the logs finds the same.
    let folder = format!("out/runs/{run:0>4}");
    let row_of = |row: &[String]| {
        let cell = |name| row[evidence.column(name)].clone();
        let log = lab.table(&format!("{folder}/{}.csv", cell("node")));
        let line = log.rows[cell("row").parse::<usize>().unwrap() - 1].clone();
        for name in ["time_ns", "step", "event", "peer", "message"] {
            assert_eq!(line[log.column(name)], cell(name), "{name}");
        }
        line[log.column("clock")].parse::<i64>().unwrap()
    };
    assert!(row_of(after) - row_of(before) > 2);
    let mut broken = Vec::new();
    for node in ["machine-1", "machine-2", "machine-3"] {
        let log = lab.table(&format!("{folder}/{node}.csv"));
        let (steps, clocks) = (log.numbers("step"), log.numbers("clock"));
        let (times, events) = (log.numbers("time_ns"), log.texts("event"));
        for row in (0..steps.len()).filter(|row| events[*row] != "stop") {
            let earlier = (0..row).rev().find(|at| steps[*at] != steps[row]);
            if earlier.is_some_and(|at| clocks[row] - clocks[at] > 2.0) {
                broken.push((times[row], node, row + 1));
            }
        }
    }
    broken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cell = |name| after[evidence.column(name)].as_str();
    let (time, _, _) = broken[0];
    assert_eq!(cell("time_ns").parse::<f64>().unwrap(), time);
    let named = (time, cell("node"), cell("row").parse().unwrap());
    assert!(broken.contains(&named));
    let reason = &failed.texts("reason")[0];
    assert!(
        reason.contains(&format!("; in {} of ", broken.len())),
        "{reason}"
    );
    let report = lab.read("out/report.md");
    assert!(
        report.contains("The property `small jumps` failed in "),
        "{report}"
    );
    assert!(
        report.contains("always `clock - last(clock) <= 2`"),
        "{report}"
    );
}

#[test]
fn a_global_failure_names_the_nodes_that_are_its_reason() {
    let lab = lab(&property(
        "together",
        "global = true\nnever = \"max(nodes, clock) - min(nodes, clock) > 5\"",
    ));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1);
    let run = verdicts(&lab, "together").only("verdict", "failed");
    let run = run.texts("run")[0].to_owned();
    let evidence = lab.table("out/evidence.csv").only("run", &run);
    let clocks: Vec<f64> = evidence
        .rows
        .iter()
        .map(|row| {
            let cell = |name| row[evidence.column(name)].as_str();
            let log = lab.table(&format!("out/runs/{run:0>4}/{}.csv", cell("node")));
            log.numbers("clock")[cell("row").parse::<usize>().unwrap() - 1]
        })
        .collect();
    let most = clocks.iter().copied().fold(f64::MIN, f64::max);
    let least = clocks.iter().copied().fold(f64::MAX, f64::min);
    assert!(most - least > 5.0, "{clocks:?}");
}

#[test]
fn what_was_never_evaluated_is_unknown() {
    // A machine that never sends.
    let lab = lab(&property("it", "always = \"message > 0\""));
    let silent = ["--set", "nodes.machine.config.script=[4]"];
    let fixed = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&[&fixed[..], &silent].concat()).ends(4);
    let table = verdicts(&lab, "it");
    assert_eq!(table.texts("verdict"), ["unknown"; 3]);
    let reason = "it was never evaluated: in no record there was a value of `message`";
    assert_eq!(table.texts("reason"), [reason; 3]);
}

#[test]
fn an_eventually_fails_after_its_time_and_is_open_before() {
    let [verdict, measured, _] = &judged("eventually = \"clock >= 10\"", 0)[0];
    assert_eq!(verdict, "passed");
    assert!(measured.starts_with("at ") && measured.contains(" at the latest (machine-"));
    let runs = judged("eventually = \"clock >= 100000\"\nwithin = \"20s\"", 1);
    assert!(
        runs[0][2].starts_with("`clock >= 100000` did not happen: not at machine-")
            && runs[0][2].ends_with(" up to 20 s; at 3 of 3 nodes"),
        "{:?}",
        runs[0]
    );
    let from = "eventually = \"event == 'start'\"\nfrom = \"1s\"\nwithin = \"2s\"\nglobal = true";
    assert_eq!(
        judged(from, 1)[0][2],
        "`event == 'start'` did not happen: not from 1 s up to 3 s"
    );
    // Without an end, or with one after the run, it is open.
    for claim in [
        "eventually = \"clock >= 100000\"",
        "eventually = \"clock >= 100000\"\nwithin = \"60001ms\"",
    ] {
        assert_eq!(
            judged(claim, 4)[0][2],
            "all 3 obligations were still open at the end of the run: 60 s"
        );
    }
    // The end of the run is within the run.
    judged("eventually = \"clock >= 100000\"\nwithin = \"60s\"", 1);
    let some = judged("eventually = \"event == 'stop' or clock > 300\"", 0);
    assert!(some[0][1].starts_with("at 60 s") || some[0][1].contains("machine-"));
}

#[test]
fn a_response_that_does_not_follow_fails_with_trigger_and_last_record() {
    let claim = "leads_to = [\"event == 'receive'\", \"clock < 0\"]\nwithin = \"5s\"";
    let lab = lab(&property("it", claim));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1);
    let reason = verdicts(&lab, "it").texts("reason")[0].to_owned();
    let begin = "`clock < 0` did not follow `event == 'receive'` within 5s: not up to ";
    assert!(reason.starts_with(begin), "{reason}");
    let evidence = lab.table("out/evidence.csv").only("run", "1");
    assert_eq!(evidence.texts("event")[0], "receive");
    let times = evidence.numbers("time_ns");
    assert!(times.len() == 2 && times[1] - times[0] <= 5e9 && times[1] > times[0]);
    // No trigger, and only open obligations.
    let none = judged(
        "leads_to = [\"clock < 0\", \"clock > 0\"]\nwithin = \"5s\"",
        4,
    );
    assert_eq!(
        none[0][2],
        "there was no trigger: `clock < 0` was never true"
    );
    let open = "leads_to = [\"clock >= 1\", \"clock < 0\"]\nwithin = \"90s\"";
    assert_eq!(
        judged(open, 4)[0][2],
        "all 3 obligations were still open at the end of the run: 60 s"
    );
    // The same record answers.
    let same = judged(
        "leads_to = [\"clock >= 1\", \"clock >= 1\"]\nwithin = \"0s\"",
        0,
    );
    assert!(
        same[0][1].contains(" met, the slowest after 0 s"),
        "{same:?}"
    );
}

#[test]
fn sometimes_names_the_first_of_a_thousand_runs_in_which_it_happened() {
    let lab = lab(&property("rare", "sometimes = \"queue >= 8\""));
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    let many = ["--runs", "1000", "--log", "off", "--set", "duration=20s"];
    lab.runner(&[&arguments[..], &many].concat()).passes();
    let all = verdicts(&lab, "rare");
    let happened = all.only("judge", "happened").only("verdict", "passed");
    let runs = happened.texts("run");
    assert!(!runs.is_empty() && runs.len() < 1000);
    // `queue_max` of the summary is of receive rows, which are all that change a queue's length.
    let over = all.only("judge", "property");
    let begin = format!(
        "in {} of 1000 runs, first in run {}, at ",
        runs.len(),
        runs[0]
    );
    assert!(over.texts("measured")[0].starts_with(&begin), "{over:?}");
    let summary = lab.table("out/summary.csv");
    let (run, queue) = (summary.column("run"), summary.column("queue_max"));
    let full = |row: &&Vec<String>| row[queue].parse::<f64>().is_ok_and(|it| it >= 8.0);
    let mut expected: Vec<&str> = summary
        .rows
        .iter()
        .filter(full)
        .map(|it| it[run].as_str())
        .collect();
    expected.dedup();
    assert_eq!(runs, expected);
}

#[test]
fn sometimes_in_no_run_fails_and_never_evaluated_is_unknown() {
    let lab = lab(&property("rare", "sometimes = \"clock > 1000000\""));
    lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
        .ends(1)
        .says(&["over all runs: property `rare` failed: it happened in no run: in at least one run, sometimes `clock > 1000000`"]);
    let runs = lab.table("out/runs.csv");
    assert!(!runs.texts("verdict").contains(&"failed"));
    let idle = self::lab(&property("rare", "sometimes = \"message > 0\""));
    let silent = ["--set", "nodes.machine.config.script=[4]"];
    let fixed = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    idle.runner(&[&fixed[..], &silent].concat()).ends(4);
    let over = verdicts(&idle, "rare").only("judge", "property");
    assert_eq!(over.texts("verdict"), ["unknown"]);
}

#[test]
fn shards_resumed_and_isolated_runs_are_judged_as_the_whole() {
    let properties = property("rare", "sometimes = \"queue >= 2\"")
        + &property("jumps", "always = \"clock - last(clock) <= 4\"");
    let lab = Lab::with(&format!("{MATRIX}\n{properties}"));
    let run = |out: &str, more: &[&str]| {
        let fixed = ["scenario.toml", "-q", "--no-report", "--out", out];
        lab.runner(&[&fixed[..], more].concat())
    };
    let code = run("whole", &[]).code.unwrap();
    assert!([0, 1].contains(&code));
    let table = |out: &str, name: &str| lab.read(&format!("{out}/{name}"));
    for (out, more) in [
        ("jobs", &["--jobs", "4"][..]),
        ("isolated", &["--isolate"]),
        ("off", &["--log", "off"]),
        ("combined", &["--log", "combined"]),
    ] {
        run(out, more).ends(code);
        assert_eq!(
            table(out, "verdicts.csv"),
            table("whole", "verdicts.csv"),
            "{out}"
        );
    }
    for shard in ["1/2", "2/2"] {
        let out = format!("part-{}", &shard[..1]);
        run(&out, &["--shard", shard]);
    }
    lab.runner(&["report", "part-1", "part-2", "--out", "merged"])
        .ends(code);
    for name in ["verdicts.csv", "evidence.csv"] {
        assert_eq!(table("merged", name), table("whole", name), "{name}");
    }
    // A part alone leaves what is over all runs unknown.
    lab.runner(&["report", "part-1", "--out", "one"])
        .says(&["rare"]);
    // A journal that was cut off, and what it lacks.
    let journal = lab.read("jobs/runs.journal");
    let lines: Vec<&str> = journal.lines().collect();
    let kept = lines[..lines.len() - 2].join("\n") + "\n";
    lab.write("jobs/runs.journal", &kept);
    run("jobs", &["--resume"]).ends(code);
    assert_eq!(
        table("jobs", "verdicts.csv"),
        table("whole", "verdicts.csv")
    );
}

#[test]
fn every_mistake_in_names_and_types_is_reported_before_anything_runs() {
    let lab = lab(
        &(property("a", "always = \"clok > 3 and event == 'recieve'\"")
            + &property("b", "nodes = \"machine-1\"\nnever = \"time < 3\"")
            + &property("c", "always = \"count(nodes, clock > 3) > 1\"")
            + &property(
                "d",
                "global = true\nleads_to = [\"clock\", '\"machine-4\".clock == 1']\nwithin = \"1s\"",
            )
            + &property("e", "always = \"clock == \\\"3\\\" and queu > 1\"")),
    );
    let said = lab
        .runner(&["scenario.toml", "--out", "out"])
        .ends(2)
        .says(&[
            "scenario.toml:11:11: there is no column `clok`",
            "columns here: time, step, event, peer, message, bytes, queue, node, clock (did you mean `clock`?)",
            "scenario.toml:11:33: no node here has an event `recieve`",
            "(did you mean `receive`?)",
            "scenario.toml:15:10: `time` is a duration, and `3` is a whole number: they cannot be compared",
            "write the unit: `3ms` or `3s`",
            "scenario.toml:18:11: `count(nodes, clock > 3)` is about other nodes",
            "scenario.toml:22:14: the expression is a whole number, expected true or false",
            "scenario.toml:22:23: there is no node `machine-4`",
            "scenario.toml:26:30: there is no column `queu`",
        ]);
    let columns =
        "26 | always = \"clock == \\\"3\\\" and queu > 1\"\n   |                              ^^^^";
    assert!(said.err.contains(columns), "{}", said.err);
    assert!(!lab.path("out").exists());
}

#[test]
fn a_property_in_an_option_and_in_a_matrix_has_its_place() {
    let lab = lab(&property("it", "always = \"clock > 0\""));
    lab.runner(&[
        "check",
        "scenario.toml",
        "--set",
        "property.0.always=clok > 3",
    ])
    .ends(2)
    .says(&[
        "--set property.0.always=clok > 3: there is no column `clok`",
        "  clok > 3\n  ^^^^\n",
    ]);
    let axis = "[matrix.axes.bound]\npath = \"property.0.always\"\n\
                values = [\"clock < 1000000\", \"clok < 3\"]\nlabels = [\"wide\", \"tight\"]\n";
    let lab = Lab::with(&format!(
        "{LAB}{}{axis}",
        property("it", "always = \"clock > 0\"")
    ));
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:14:31: there is no column `clok`"]);
    lab.write(
        "scenario.toml",
        &lab.read("scenario.toml").replace("clok < 3", "clock < 3"),
    );
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1);
    let table = verdicts(&lab, "it");
    let wide = table.only("case", "bound=wide");
    assert_eq!(wide.texts("verdict"), ["passed"; 3]);
    let tight = table.only("case", "bound=tight");
    assert_eq!(tight.texts("verdict"), ["failed"; 3]);
}

#[test]
fn a_division_by_zero_fails_with_place_values_and_what_to_do() {
    let claim = "always = \"queue < 10 or queue >= 0 and 10 / (clock - clock) > 1\"";
    let runs = judged(claim, 0);
    assert_eq!(runs[0][0], "passed");
    let lab = lab(&property(
        "it",
        "always = \"event == 'start' or 10 / queue > 1\"",
    ));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1)
        .says(&[
            "property `it` failed: `10 / queue` cannot be evaluated, division by zero: event = ",
            "(line 11, column 31 of the scenario); exclude it first",
        ]);
    assert_eq!(lab.table("out/evidence.csv").only("run", "1").rows.len(), 1);
}

#[test]
fn a_value_that_is_no_number_fails_where_it_is_compared_and_nowhere_else() {
    let talks = "name = \"talks\"\nduration = \"2s\"\n[nodes.a]\nbehavior = \"misbehaving.talks\"\n\
                 tick_rate = 1000\n";
    let claims = [
        property("greater", "always = \"half > 0\""),
        property("last", "never = \"half != half and last(half) == half\""),
        property("apart", "global = true\nalways = \"max(nodes, half) >= 0\""),
        property("guarded", "always = \"ticks % 1000 == 0 or half > 0\""),
        property("there", "sometimes = \"ticks == 1000 and has(half)\""),
    ];
    let lab = Lab::with(&format!("{talks}{}", claims.concat()));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1)
        .says(&[
            "property `greater` failed: `half > 0` cannot be evaluated, a value is not a number (NaN): half = NaN at a, 1 s, step 1000 (line 8, column 11 of the scenario); the behavior wrote no number into its column",
            "property `last` failed: `half != half` cannot be evaluated",
            "property `apart` failed: `max(nodes, half)` cannot be evaluated",
        ]);
    for (name, verdict) in [("guarded", "passed"), ("there", "passed")] {
        let all = verdicts(&lab, name).only("run", "1");
        let last = all.texts("verdict").pop().map(str::to_owned);
        assert_eq!(last.as_deref(), Some(verdict), "{name}");
    }
    let evidence = lab.table("out/evidence.csv").only("name", "greater");
    assert_eq!(evidence.texts("step"), ["1000"]);
}

#[test]
fn a_proof_of_more_rows_than_are_kept_is_left_out_and_that_is_said() {
    let claim = "global = true\nnever = \"count(nodes, clock >= 1) > 10000\"";
    let lab = lab(&property("many", claim));
    let of = |nodes: &str| {
        let nodes = format!("nodes.machine.count={nodes}");
        let count = ["--runs", "1", "--duration", "1s", "--log", "off", "--set"];
        let args = ["scenario.toml", "-q", "--no-report", "--out", "out"];
        lab.runner(
            &[
                &args[..],
                &count,
                &[&nodes, "--set", "nodes.machine.tick_rate=1"],
            ]
            .concat(),
        )
    };
    of("10001").ends(1).says(&[
        "property `many` failed: `count(nodes, clock >= 1) > 10000` is true: count(nodes, clock >= 1) = 10001 at machine-",
        "; its 10001 rows of evidence are too many to keep",
    ]);
    assert!(!lab.path("out/evidence.csv").exists());
}

#[test]
fn a_crash_ends_what_last_and_latest_values_remember() {
    let faults = "[[faults]]\nat = \"20s\"\nfor = \"10s\"\ncrash = [\"machine-1\"]\n";
    let properties = property("grows", "always = \"clock > last(clock)\"")
        + &property(
            "alive",
            "global = true\nalways = \"count(nodes, clock >= 0) == 3\"",
        );
    let lab = Lab::with(&format!("{LAB}{faults}{properties}"));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1);
    assert_eq!(verdicts(&lab, "grows").texts("verdict"), ["passed"; 3]);
    // At first, and while one is down, fewer have a clock.
    assert_eq!(verdicts(&lab, "alive").texts("verdict"), ["failed"; 3]);
}

#[test]
fn a_run_that_fails_passes_nothing_and_what_failed_before_has_failed() {
    let properties = property("kept", "always = \"queue >= 0\"")
        + &property("broken", "never = \"event == 'start'\"")
        + &property("seen", "sometimes = \"event == 'start'\"");
    let scenario = "name = \"ill\"\nduration = \"3s\"\nruns = 2\n\
         [nodes.ill]\nbehavior = \"misbehaving.panics\"\ntick_rate = 10\n\
         config = { in = \"tick\", at = 5 }\n";
    let lab = Lab::with(&format!("{scenario}{properties}"));
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(3);
    assert_eq!(verdicts(&lab, "kept").texts("verdict"), ["unknown"; 2]);
    assert_eq!(verdicts(&lab, "broken").texts("verdict"), ["failed"; 2]);
    assert_eq!(verdicts(&lab, "seen").texts("verdict"), ["passed"; 3]);
}

#[test]
fn a_failed_property_is_a_failure_in_junit_and_one_that_never_happened_is_one_over_all_runs() {
    let lab = lab(&(property("small", "always = \"clock < 5\"")
        + &property("rare", "sometimes = \"clock < 0\"")));
    lab.runner(&[
        "scenario.toml",
        "-q",
        "--no-report",
        "--out",
        "out",
        "--junit",
        "junit.xml",
    ])
    .ends(1);
    let junit = lab.read("junit.xml");
    assert!(junit.contains("failures=\"4\""), "{junit}");
    assert!(junit.contains("over all runs: rare"), "{junit}");
    assert!(!junit.contains("did not happen in this run"), "{junit}");
    lab.runner(&["report", "out", "--junit", "again.xml"])
        .ends(1);
    let again = lab.read("again.xml");
    assert!(again.contains("failures=\"4\"") && !again.contains("did not happen in this run"));
    // Three runs fail in one way.
    assert!(
        junit.matches("`clock &lt; 5` is false").count() >= 3,
        "{junit}"
    );
}

#[test]
fn in_real_time_and_with_a_process_per_node_the_same_is_judged() {
    let scenario = "name = \"real\"\ntime = \"real\"\nduration = \"1500ms\"\n\
        [nodes.machine]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 10\n\
        config = { faces = 4 }\n";
    let properties = property("grows", "always = \"clock > last(clock)\"")
        + &property("reaches", "eventually = \"clock >= 3\"")
        + &property("few", "global = true\nnever = \"max(nodes, clock) > 3\"");
    for more in [&[][..], &["--processes"]] {
        let lab = Lab::with(&format!("{scenario}{properties}"));
        let fixed = ["scenario.toml", "-q", "--no-report", "--out", "out"];
        lab.runner(&[&fixed[..], more].concat()).ends(1);
        assert_eq!(
            verdicts(&lab, "grows").texts("verdict"),
            ["passed"],
            "{more:?}"
        );
        assert_eq!(
            verdicts(&lab, "reaches").texts("verdict"),
            ["passed"],
            "{more:?}"
        );
        assert_eq!(
            verdicts(&lab, "few").texts("verdict"),
            ["failed"],
            "{more:?}"
        );
    }
}
