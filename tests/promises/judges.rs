//! Checks and expectations give a verdict for each run, with the measured value and the
//! rows that prove a failure. The exit code follows from the verdicts.

use crate::harness::{LAB, Lab};

/// The lab with these checks and expectations.
fn judged(judges: &str) -> Lab {
    Lab::with(&format!("{LAB}{judges}"))
}

const LAMPORT: &str = "[[check]]\ncheck = \"clock.lamport\"\n";

/// A check that does what its config says.
fn told(config: &str) -> String {
    format!("[[check]]\ncheck = \"misbehaving.judges\"\nconfig = {{ {config} }}\n")
}

#[test]
fn clocks_that_keep_the_clock_condition_pass() {
    let lab = judged(LAMPORT);
    let answer = lab
        .runner(&["scenario.toml", "--out", "out", "--no-report"])
        .passes();
    assert!(
        answer.out.contains("3 runs complete, verdict: 3 passed"),
        "{}",
        answer.out
    );
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("verdict"), ["passed"; 3]);
    let verdicts = lab.table("out/verdicts.csv");
    let verdicts = verdicts.only("name", "clock.lamport");
    assert_eq!(verdicts.texts("verdict"), ["passed"; 3]);
    assert!(verdicts.texts("measured")[0].contains("pairs of steps in order"));
    assert!(!lab.path("out/evidence.csv").exists());
}

#[test]
fn a_broken_clock_condition_fails_with_the_two_rows_that_prove_it() {
    let lab = judged(LAMPORT);
    let old = "nodes.machine.config.send_before_increment=true";
    lab.runner(&["scenario.toml", "--set", old, "--out", "out"])
        .ends(1)
        .says(&[
            "error: run 1: check `clock.lamport` failed: `machine-",
            "#1: clock ",
        ])
        .says(&["  repeat: runner scenario.toml --seed 7 --set nodes.machine"]);
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), ["failed"; 3]);
    // The rows are at the places that `evidence` names, and they break the condition.
    let evidence = lab.table("out/evidence.csv").only("run", "1");
    let [before, after] = evidence.rows.as_slice() else {
        panic!("two rows prove it: {evidence:?}");
    };
    let clock = |row: &[String]| {
        let cell = |name| row[evidence.column(name)].as_str();
        let log = lab.table(&format!("out/runs/0001/{}.csv", cell("node")));
        let number: usize = cell("row").parse().unwrap();
        let line = &log.rows[number - 1];
        for name in ["time_ns", "step", "event", "peer", "message"] {
            assert_eq!(line[log.column(name)], cell(name), "{name}");
        }
        line[log.column("clock")].parse::<u64>().unwrap()
    };
    assert!(clock(before) >= clock(after));
    let report = lab.read("out/report.md");
    assert!(
        report.contains("Did it hold?") && report.contains("The proof"),
        "{report}"
    );
    assert!(report.contains("The check `clock.lamport` failed in 3 of 3 runs, first in run 1: "));
}

#[test]
fn expectations_report_the_measured_value_whether_they_hold_or_not() {
    let lab = judged(
        "[[expect]]\nmetric = \"clock_final\"\nnodes = \"machine-2\"\nat_least = 1\n\
         [[expect]]\nmetric = \"received\"\nat_most = 1\n",
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(1)
        .says(&["error: run 1: expect `received at most 1` failed: received is not at most 1 at"]);
    let verdicts = lab.table("out/verdicts.csv").only("run", "2");
    let verdicts = verdicts.only("judge", "expect");
    assert_eq!(verdicts.texts("verdict"), ["passed", "failed"]);
    let summary = lab.table("out/summary.csv").only("run", "2");
    let clock = summary.only("node", "machine-2").texts("clock_final")[0].to_owned();
    assert_eq!(
        verdicts.texts("measured")[0],
        format!("{clock} (machine-2)")
    );
    let most = summary.numbers("received").into_iter().fold(0.0, f64::max);
    assert!(verdicts.texts("measured")[1].starts_with(&format!("{most} (machine-")));
}

#[test]
fn a_metric_without_samples_is_unknown_and_never_passed() {
    // No machine sends, so no message has a latency.
    let lab = judged(
        "config = { script = [9] }\n[[expect]]\nmetric = \"latency_max\"\nat_most = \"1h\"\n",
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(4)
        .says(&["warning: run 1: expect `latency_max at most 3600 s` is unknown: latency_max has no samples"]);
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), ["unknown"; 3]);
}

#[test]
fn a_mean_and_a_share_are_judged_over_all_runs() {
    let lab = judged(
        "[[expect]]\nmetric = \"clock_final\"\nat_least = 1\nover = \"mean\"\n\
         [[expect]]\nmetric = \"clock_final\"\nequals = 0\nover = \"fraction\"\nshare = 0.5\n",
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(1)
        .says(&["error: over all runs: expect `clock_final equal to 0 in at least 50 % of the runs` failed"])
        .says(&["measured: 0 % (0 of 3 runs)"]);
    // No single run has a verdict.
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), [""; 3]);
    let verdicts = lab.table("out/verdicts.csv").only("run", "");
    // Of three runs with drawn rates, the mean over all runs is not known.
    assert_eq!(verdicts.texts("verdict"), ["unknown", "failed"]);
    let reason = verdicts.texts("reason")[0].to_owned();
    assert!(
        reason.contains("has no 95 % interval: too few runs: about"),
        "{reason}"
    );
    let summary = lab.table("out/summary.csv");
    let means = ["machine-1", "machine-2", "machine-3"].map(|node| {
        let clocks = summary.only("node", node).numbers("clock_final");
        clocks.iter().sum::<f64>() / clocks.len() as f64
    });
    let least = means.into_iter().fold(f64::INFINITY, f64::min);
    let told: f64 = verdicts.texts("measured")[0]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!((least - told).abs() < 1e-5, "{least} {told}");
}

#[test]
fn a_mean_is_decided_by_its_whole_interval() {
    let queue = format!("{}/../scenarios/queue-md1.toml", env!("CARGO_MANIFEST_DIR"));
    let judged = |bounds: &str, runs: &str| {
        let lab = Lab::new();
        let expect = format!(
            "expect=[{{ metric = \"latency_mean\", nodes = \"consumer\", {bounds}, over = \"mean\" }}]"
        );
        let options = [
            "--no-report",
            "--log",
            "off",
            "--out",
            "out",
            "--runs",
            runs,
        ];
        let scenario = [&*queue, "--set", &expect];
        lab.runner(&[&scenario[..], &options].concat());
        let verdicts = lab.table("out/verdicts.csv");
        let verdicts = verdicts.only("judge", "expect");
        let of = |column: &str| verdicts.texts(column)[0].to_owned();
        (of("verdict"), of("measured"), of("reason"))
    };
    // The mean is 24 ms, and 24.8 ms in these ten runs.
    for (bounds, verdict) in [
        ("between = [\"20ms\", \"30ms\"]", "passed"),
        ("at_most = \"20ms\"", "failed"),
        ("at_most = \"25ms\"", "unknown"),
        ("at_least = \"25ms\"", "unknown"),
    ] {
        let (found, measured, reason) = judged(bounds, "10");
        assert_eq!(found, verdict, "{bounds}: {measured} {reason}");
        assert!(measured.contains("(consumer), 95 % interval"), "{measured}");
        assert_eq!(reason.contains("runs would tell"), verdict == "unknown");
    }
    let (found, measured, reason) = judged("at_most = \"1h\"", "4");
    assert_eq!(found, "unknown");
    assert!(measured.ends_with("(consumer), no interval"), "{measured}");
    assert!(
        reason.ends_with("about 10 would do, there are 4"),
        "{reason}"
    );
}

#[test]
fn failed_outweighs_unknown_and_unknown_outweighs_passed() {
    let (passes, fails, unknown) = (
        told("verdict = \"passes\""),
        told("verdict = \"fails\""),
        told("verdict = \"unknown\""),
    );
    for (judges, code, verdict) in [
        (passes.clone(), 0, "passed"),
        (format!("{passes}{unknown}"), 4, "unknown"),
        (format!("{unknown}{fails}{passes}"), 1, "failed"),
    ] {
        let lab = judged(&judges);
        lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
            .ends(code);
        assert_eq!(lab.table("out/runs.csv").texts("verdict"), [verdict; 3]);
    }
}

#[test]
fn a_check_sees_every_record_of_the_run() {
    let lab = judged(&told("verdict = \"passes\""));
    // A warning says that no node is of the check's plugin.
    let run_into = |out: &str, more: &[&str]| {
        let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
        lab.runner(&[&arguments[..], more].concat()).ends(0);
    };
    run_into("out", &[]);
    let logs = ["machine-1", "machine-2", "machine-3"];
    let rows: usize = logs
        .iter()
        .map(|node| lab.table(&format!("out/runs/0001/{node}.csv")).rows.len())
        .sum();
    let verdicts = lab.table("out/verdicts.csv").only("judge", "check");
    assert_eq!(
        verdicts.texts("measured")[0],
        format!("{rows} records of 3 nodes")
    );
    // Without logs, too.
    run_into("off", &["--log", "off"]);
    assert_eq!(lab.read("off/verdicts.csv"), lab.read("out/verdicts.csv"));
}

#[test]
fn a_check_that_panics_or_refuses_fails_the_run() {
    for (config, what) in [
        (
            "verdict = \"panics\"",
            "panicked in `finish`: told to panic at the end",
        ),
        (
            "verdict = \"passes\", panics_at = 9",
            "panicked in `record` at ",
        ),
        (
            "verdict = \"passes\", refuses = true",
            "failed in `new`: not a run of 3 nodes",
        ),
    ] {
        let lab = judged(&format!("{}{LAMPORT}", told(config)));
        lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
            .ends(3)
            .says(&["error: run 1: check `misbehaving.judges` ", what])
            .says(&["error: run 3: check `misbehaving.judges` ", "--run 3\n"]);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"; 3]);
    }
}

#[test]
fn a_run_that_fails_half_way_passes_nothing() {
    let lab = Lab::with(&format!(
        "duration = \"1s\"\n[nodes.ill]\ncount = 2\nbehavior = \"misbehaving.panics\"\ntick_rate = 10\n\
         config = {{ in = \"timer\", at = 3 }}\n{}[[expect]]\nmetric = \"sent\"\nat_least = 0\n",
        told("verdict = \"passes\"")
    ));
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(3)
        .says(&["is unknown: the run did not come to its end"]);
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), ["unknown"]);
}

#[test]
fn unknown_checks_and_metrics_are_reported_before_anything_runs() {
    let lab = judged(
        "[[check]]\ncheck = \"clock.lampert\"\n[[check]]\ncheck = \"clok.lamport\"\n\
         [[check]]\ncheck = \"clock.lamport\"\nconfig = { strict = true }\n\
         [[expect]]\nmetric = \"queue_maximum\"\nat_most = 5\n",
    );
    lab.runner(&["scenario.toml", "--out", "out"])
        .ends(2)
        .says(&[
            "scenario.toml:10:9: plugin `clock` has no check `lampert`",
            "checks there: lamport (did you mean `lamport`?)",
            "scenario.toml:12:9: there is no plugin `clok`",
            "scenario.toml:15:12: unknown key `strict`, none are known here",
            "scenario.toml:17:10: `queue_maximum` is no metric that any node has",
            "(did you mean `queue_max`?)",
        ]);
    assert!(!lab.path("out").exists());
}

#[test]
fn a_required_fault_that_touches_nothing_makes_the_run_unknown() {
    let fault = |times: &str| {
        let half = "partition = [[\"machine-1\"], [\"machine-2\", \"machine-3\"]]";
        format!("[[faults]]\n{times}\nrequired = true\n{half}\n")
    };
    // No machine sends before its first tick.
    let lab = judged(&fault("at = \"1ms\"\nfor = \"2ms\""));
    lab.runner(&["scenario.toml", "--out", "out"])
        .ends(4)
        .says(&[
            "warning: run 1: fault `partition 1` is unknown: it touched nothing: no messages cut",
        ]);
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), ["unknown"; 3]);
    assert!(
        lab.read("out/report.md")
            .contains("The required fault `partition 1` is unknown")
    );
    let lab = judged(&fault("at = \"10s\"\nfor = \"20s\""));
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(0);
    let faults = lab.table("out/verdicts.csv").only("judge", "fault");
    assert_eq!(faults.texts("verdict"), ["passed"; 3]);
}

#[test]
fn every_message_is_accounted_for_in_every_run() {
    let lab = judged(
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nlatency = \"1s\"\nloss = 0.2\nduplicate = 0.2\n",
    );
    lab.run_into("out", &[]);
    let account = lab.table("out/verdicts.csv").only("judge", "conservation");
    assert_eq!(account.texts("verdict"), ["passed"; 3]);
    for (run, text) in (1..).zip(account.texts("measured")) {
        let numbers: Vec<u64> = text
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        let [sent, duplicated, delivered, dropped, in_flight] = numbers[..] else {
            panic!("{text}");
        };
        assert_eq!(sent + duplicated, delivered + dropped + in_flight);
        assert!(duplicated > 0 && dropped > 0 && in_flight > 0, "{text}");
        // The logs have as many rows.
        let rows = |event: &str| -> u64 {
            let logs = (1..=3).map(|node| {
                let log = lab.table(&format!("out/runs/{run:04}/machine-{node}.csv"));
                log.only("event", event).rows.len() as u64
            });
            logs.sum()
        };
        let found = (rows("send"), rows("receive"), rows("drop"));
        assert_eq!(found, (sent, delivered, dropped));
    }
    // Conservation alone gives no verdict: the scenario has no check and no expectation.
    assert_eq!(lab.table("out/runs.csv").texts("verdict"), [""; 3]);
}

#[test]
fn plugins_lists_the_checks_of_a_plugin() {
    let lab = Lab::new();
    let answer = lab.runner(&["plugins", "clock.lamport"]).passes();
    assert!(
        answer
            .out
            .starts_with("clock.lamport (a check)\n  The clock condition: ")
    );
    let answer = lab.runner(&["plugins", "clock"]).passes();
    assert!(
        answer.out.contains("clock.machine\n") && answer.out.contains("clock.lamport (a check)")
    );
}
