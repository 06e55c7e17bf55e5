//! `warmup` leaves the beginning of each run out of all metrics, whoever measures it; what
//! `auto` cut is told; `purpose = "steady-state"` gives each run an interval of its own.

use crate::harness::{Answer, Lab};

/// A queue with exponential gaps of 10 ms, and these keys at the top of the file.
fn queue(top: &str, service: &str) -> String {
    format!(
        "name = \"queue\"\n{top}\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = {{ interval = {{ exponential = {{ mean = \"10ms\" }} }}, count = 1_000_000 }}\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nservice_time = {service}\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n"
    )
}

fn exponential(ms: f64) -> String {
    format!("{{ exponential = {{ mean = \"{ms}ms\" }} }}")
}

/// Three runs of 20 s that begin with a burst of 600 messages, which takes 5 s and more to
/// handle, then one each 10 ms.
fn burst(top: &str) -> String {
    format!(
        "name = \"burst\"\nruns = 3\nduration = \"20s\"\n{top}\n\
         [nodes.burst]\nbehavior = \"echo.producer\"\nconfig = {{ interval = \"1us\", count = 600 }}\n\
         [nodes.producer]\nbehavior = \"echo.producer\"\n\
         config = {{ interval = {{ exponential = {{ mean = \"20ms\" }} }}, count = 1_000_000 }}\n\
         [nodes.consumer]\nbehavior = \"echo.consumer\"\nconfig = {{ producers = 2 }}\n\
         service_time = {{ exponential = {{ mean = \"8ms\" }} }}\n\
         [[links]]\nfrom = \"burst\"\nto = \"consumer\"\n\
         [[links]]\nfrom = \"producer\"\nto = \"consumer\"\n\
         [[expect]]\nmetric = \"queue_time_mean\"\nnodes = \"consumer\"\nat_most = 5\n\
         [[expect]]\nmetric = \"latency_p99\"\nnodes = \"consumer\"\nat_most = \"1s\"\n"
    )
}

fn tables(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('|')).collect()
}

#[test]
fn a_warm_up_is_left_out_of_every_metric_and_shaded_in_the_plots() {
    // One message each 10 ms, from 10 ms on; of 10 s, the first 4 are left out.
    let text = queue("duration = \"10s\"\nwarmup = \"4s\"", "\"6ms\"")
        .replace("{ exponential = { mean = \"10ms\" } }", "\"10ms\"");
    let lab = Lab::with(&text);
    lab.run_into("out", &[]);
    assert_eq!(lab.table("out/runs.csv").texts("warmup_s"), ["4"]);
    let summary = lab.table("out/summary.csv");
    let consumer = summary.only("node", "consumer");
    assert_eq!(consumer.numbers("received"), [600.0]);
    assert_eq!(consumer.numbers("messages_per_s"), [100.0]);
    assert_eq!(consumer.numbers("utilization"), [0.6]);
    assert_eq!(summary.only("node", "producer").numbers("sent"), [600.0]);
    lab.runner(&["report", "out"]).ends(0);
    let report = lab.read("out/report.md");
    assert!(
        report.contains("As the scenario says, 4 s at the beginning of each run are left out."),
        "{report}"
    );
    assert!(report.contains("left out \\[s\\]"), "{report}");
    let plot = lab.read("out/plots/column-1.svg");
    assert!(plot.contains("opacity=\"0.6\""), "the band is missing");
}

#[test]
fn auto_finds_the_warm_up_of_each_run_and_what_is_expected_holds_after_it() {
    let lab = Lab::with(&burst(""));
    lab.runner(&["scenario.toml", "-q", "--out", "whole"])
        .ends(1);
    lab.write("scenario.toml", &burst("warmup = \"auto\""));
    lab.run_into("out", &[]);
    let cuts = lab.table("out/runs.csv").numbers("warmup_s");
    assert_eq!(cuts.len(), 3);
    // The burst keeps the server busy for 600 x 8 ms, and the producer adds to it.
    assert!(cuts.iter().all(|cut| (5.0..10.0).contains(cut)), "{cuts:?}");
    lab.runner(&["report", "out"]).ends(0);
    let report = lab.read("out/report.md");
    assert!(report.contains("MSER-5 left out"), "{report}");
}

/// Whatever computes the metrics: the same numbers, to the byte.
#[test]
fn a_warm_up_is_the_same_in_any_part_of_a_plan_and_after_any_end() {
    let top = "warmup = \"auto\"\npurpose = \"steady-state\"";
    let lab = Lab::with(&burst(top));
    lab.run_into("whole", &[]);
    let read = |out: &str, file: &str| lab.read(&format!("{out}/{file}"));
    let same = |out: &str| {
        for file in ["summary.csv", "samples.csv", "verdicts.csv"] {
            assert_eq!(read(out, file), read("whole", file), "{out}/{file}");
        }
        let cuts = |out: &str| {
            let table = lab.table(&format!("{out}/runs.csv"));
            table.texts("warmup_s").join(",")
        };
        assert_eq!(cuts(out), cuts("whole"));
    };
    lab.run_into("isolated", &["--isolate"]);
    same("isolated");
    lab.run_into("jobs", &["--jobs", "3", "--log", "off"]);
    for part in ["1", "2"] {
        lab.run_into(part, &["--shard", &format!("{part}/2")]);
    }
    lab.runner(&["report", "2", "1", "--out", "merged"]).ends(0);
    same("merged");
    assert_eq!(read("jobs", "summary.csv"), read("whole", "summary.csv"));
    // Only the journal is left of the tables.
    std::fs::remove_file(lab.path("isolated/summary.csv")).unwrap();
    std::fs::remove_file(lab.path("isolated/runs.csv")).unwrap();
    lab.run_into("isolated", &["--isolate", "--resume"]);
    same("isolated");
    // From the logs again.
    lab.runner(&["report", "whole"]).ends(0);
    let measured = read("whole", "report.md");
    std::fs::remove_file(lab.path("whole/summary.csv")).unwrap();
    lab.runner(&["report", "whole"]).ends(0);
    let again = read("whole", "report.md");
    assert!(again.contains("computed from the logs again"), "{again}");
    assert_eq!(tables(&again), tables(&measured));
}

#[test]
fn a_queue_that_grows_for_ever_has_no_warm_up_and_is_unknown() {
    let text = queue(
        "runs = 2\nduration = \"60s\"\nwarmup = \"auto\"",
        &exponential(15.0),
    );
    let lab = Lab::with(&text);
    let answer = lab.runner(&["scenario.toml", "-q", "--out", "out"]).ends(4);
    answer.says(&["MSER-5 finds no warm-up", "`queue_time_mean` of `consumer`"]);
    assert_eq!(lab.table("out/runs.csv").texts("warmup_s"), ["", ""]);
    let summary = lab.table("out/summary.csv").only("node", "consumer");
    assert_eq!(summary.texts("queue_time_mean"), ["", ""]);
    let report = lab.runner(&["report", "out"]).ends(4);
    drop(report);
    let report = lab.read("out/report.md");
    assert!(report.contains("2 of 2 runs are unknown"), "{report}");
}

#[test]
fn a_run_with_too_few_rows_for_auto_is_unknown_and_says_how_many_it_takes() {
    let top = "duration = \"500ms\"\nwarmup = \"auto\"";
    let lab = Lab::with(&queue(top, &exponential(5.0)));
    let answer = lab.runner(&["scenario.toml", "-q", "--out", "out"]).ends(4);
    answer.says(&["no node did 200 steps", "write a duration for `warmup`"]);
}

#[test]
fn a_run_that_stops_within_its_warm_up_is_unknown() {
    // The consumer stops the run when its ten items are handled.
    let text = queue("duration = \"60s\"\nwarmup = \"30s\"", "\"1ms\"").replace("1_000_000", "10");
    let lab = Lab::with(&text);
    let answer: Answer = lab.runner(&["scenario.toml", "-q", "--out", "out"]).ends(4);
    answer.says(&["the run ended at", "leaves out all until 30 s"]);
}

#[test]
fn one_run_of_a_steady_state_has_an_interval_from_its_batches() {
    let top = "duration = \"200s\"\nwarmup = \"10s\"\npurpose = \"steady-state\"";
    let lab = Lab::with(&queue(top, &exponential(5.0)));
    lab.run_into("out", &[]);
    lab.runner(&["report", "out"]).ends(0);
    let report = lab.read("out/report.md");
    let row = tables(&report)
        .into_iter()
        .find(|line| line.contains("consumer | queue_time_mean | 10 "))
        .unwrap_or_else(|| panic!("{report}"));
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    assert_eq!(cells[3..5], ["queue_time_mean", "10"], "{row}");
    let (low, high) = cells[6].split_once(" to ").unwrap();
    let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
    // M/M/1 at a load of 0.5 has 0.5 waiting.
    assert!(low < 0.5 && 0.5 < high && high - low < 0.3, "{row}");
    let correlation: f64 = cells[7].replace('−', "-").parse().unwrap();
    assert!((-1.0..=1.0).contains(&correlation), "{row}");
    // The terminal says the same of a single run, and nothing of one of several.
    let terminal = |out: &str, runs: &str| {
        let args = ["scenario.toml", "--runs", runs, "--no-report", "--out", out];
        lab.runner(&args).ends(0).out
    };
    let [mean, interval, correlation] = [cells[5], cells[6], cells[7]];
    let line = format!(
        "run 1 alone: queue_time_mean at consumer is {mean}, 95 % interval {interval} (20 batches, lag-1 correlation {correlation})\n"
    );
    let said = terminal("said", "1");
    assert!(said.contains(&line), "{line}\n{said}");
    assert!(!terminal("several", "2").contains("alone"));
    // Without it, there is no such table.
    lab.write(
        "scenario.toml",
        &queue("duration = \"20s\"", &exponential(5.0)),
    );
    lab.run_into("plain", &[]);
    lab.runner(&["report", "plain"]).ends(0);
    assert!(!lab.read("plain/report.md").contains("batch means"));
    let header = lab.table("plain/runs.csv").header;
    assert!(!header.contains(&"warmup_s".to_owned()));
}

/// Each node in a process of its own: the logs and the sums of all processes make the
/// same numbers as one process would.
#[test]
fn with_a_process_for_each_node_the_warm_up_is_left_out_too() {
    let text = queue(
        "time = \"real\"\nspeed = 4\nduration = \"10s\"\nwarmup = \"4s\"\npurpose = \"steady-state\"",
        "\"6ms\"",
    )
    .replace("{ exponential = { mean = \"10ms\" } }", "\"20ms\"");
    let text =
        format!("{text}[[expect]]\nmetric = \"utilization\"\nnodes = \"consumer\"\nat_most = 1\n");
    let lab = Lab::with(&text);
    for (out, more) in [("one", &[][..]), ("many", &["--processes"][..])] {
        // The machine may be late, which is a warning.
        let options = ["scenario.toml", "-q", "--no-report", "--out", out];
        lab.runner(&[&options[..], more].concat()).ends(0);
        assert_eq!(
            lab.table(&format!("{out}/runs.csv")).texts("warmup_s"),
            ["4"]
        );
        let summary = lab.table(&format!("{out}/summary.csv"));
        let consumer = summary.only("node", "consumer");
        let received = consumer.numbers("received")[0];
        // At most 6 s of 50 messages each; the machine may be late.
        assert!((1.0..=301.0).contains(&received), "{out}: {received}");
        let sent = summary.only("node", "producer").numbers("sent")[0];
        assert!((1.0..=301.0).contains(&sent), "{out}: {sent}");
        let samples = lab.read(&format!("{out}/samples.csv"));
        assert!(samples.contains("batches:utilization"), "{out}: {samples}");
        assert!(!lab.read(&format!("{out}/verdicts.csv")).contains("failed"));
    }
}

/// A small form of `.ci/long`: the intervals of the mean over 20 runs hold the closed form
/// of M/M/1 at a load of 0.8 in at least 4 of 5 experiments.
#[test]
fn intervals_after_auto_hold_the_closed_form() {
    let lab = Lab::with(&queue(
        "runs = 20\nduration = \"30s\"\nwarmup = \"auto\"",
        &exponential(7.0),
    ));
    let mut held = 0;
    for seed in 1..=5 {
        let (seed, out) = (seed.to_string(), format!("out-{seed}"));
        let options = [
            "--no-report",
            "-q",
            "--log",
            "off",
            "--seed",
            &seed,
            "--out",
            &out,
        ];
        lab.runner(&[&["scenario.toml"], &options[..]].concat());
        let summary = lab
            .table(&format!("{out}/summary.csv"))
            .only("node", "consumer");
        let texts = summary.texts("queue_time_mean");
        let values: Vec<f64> = texts.iter().filter_map(|it| it.parse().ok()).collect();
        // Some runs may have no cut.
        assert!(values.len() >= 18, "{texts:?}");
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
        let half = 2.1 * (squares / (count - 1.0) / count).sqrt();
        let closed = 0.7 * 0.7 / 0.3;
        held += u32::from((mean - closed).abs() <= half);
    }
    assert!(held >= 4, "{held} of 5");
}
