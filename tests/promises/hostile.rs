//! With `--isolate`, a plugin that attacks its process costs its own run, and neither
//! another run nor the runner; a plugin whose tables lie is refused.

use crate::harness::{Answer, Lab, Table};
use crate::waiting::is_running;

/// Six runs. At the higher rate, the attacker reaches the tick at which it attacks.
fn attacks(how: &str) -> String {
    format!(
        "name = \"attacks\"\nruns = 6\nseed = 3\nduration = \"20s\"\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 1000\n\
         config = {{ faces = 4, script = [4] }}\n\
         [nodes.ill]\nbehavior = \"hostile.attacker\"\n\
         tick_rate = {{ choice = [0.1, 1000] }}\nconfig = {{ how = \"{how}\", at = 15000 }}\n\
         [[links]]\nfrom = \"well\"\nto = \"ill\"\n"
    )
}

const ISOLATED: [&str; 7] = [
    "scenario.toml",
    "-j1",
    "--timeout",
    "60s",
    "--no-report",
    "--out",
    "out",
];

/// The runs of a plan under attack.
struct Attacked {
    lab: Lab,
    answer: Answer,
    runs: Table,
    /// The numbers of the runs with an attack.
    ill: Vec<String>,
}

fn attacked(how: &str) -> Attacked {
    let calm = Lab::with(&attacks(how).replace("at = 15000", "at = 1000000"));
    calm.run_into("out", &[]);
    let lab = Lab::with(&attacks(how));
    let answer = lab.runner(&[&ISOLATED[..], &["--isolate"]].concat());
    let runs = lab.table("out/runs.csv");
    let summary = calm.table("out/summary.csv").only("node", "ill");
    let steps = summary.numbers("steps");
    let ill = (0..6).filter(|run| steps[*run] > 15000.0);
    let ill: Vec<String> = ill.map(|run| (run + 1).to_string()).collect();
    assert!((2..5).contains(&ill.len()), "{steps:?}");
    assert_eq!(runs.rows.len(), 6, "{how}: {answer:?}");
    // What is complete has the bytes that it has without an attack.
    for run in runs.only("status", "complete").texts("run") {
        for node in ["well", "ill"] {
            let log = format!("out/runs/000{run}/{node}.csv");
            assert!(lab.read(&log) == calm.read(&log), "{how}: {log}");
        }
    }
    for run in runs.texts("run") {
        let whole = runs.only("run", run).texts("status") == ["complete"];
        assert!(whole || ill.iter().any(|it| it == run), "{how}: run {run}");
    }
    Attacked {
        lab,
        answer,
        runs,
        ill,
    }
}

#[test]
fn an_attack_on_descriptors_or_files_costs_its_run() {
    for how in [
        "truncate",
        "close",
        "replace",
        "noise",
        "delete_folder",
        "empty_folder",
        "kill",
    ] {
        let Attacked {
            answer, runs, ill, ..
        } = attacked(how);
        assert_eq!(answer.code, Some(3), "{how}: {answer:?}");
        assert_eq!(runs.only("status", "failed").texts("run"), ill, "{how}");
        for run in ill {
            let told = format!("error: run {run}: ");
            assert!(answer.err.contains(&told), "{how}: {}", answer.err);
        }
    }
}

#[test]
fn an_attack_that_breaks_nothing_costs_nothing() {
    for how in ["chdir", "seal", "fork", "daemons"] {
        let Attacked { answer, runs, .. } = attacked(how);
        assert_eq!(answer.code, Some(0), "{how}: {answer:?}");
        assert_eq!(runs.texts("status"), ["complete"; 6], "{how}");
    }
}

#[test]
fn descriptors_that_do_not_wait_cost_the_run_at_most() {
    let Attacked { answer, .. } = attacked("nonblocking");
    assert!([0, 3].contains(&answer.code.unwrap()), "{answer:?}");
}

#[test]
fn processes_that_a_plugin_starts_end_with_its_run() {
    let Attacked { lab, ill, .. } = attacked("daemons");
    let pids = lab.read("out/pids");
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert_eq!(pids.len(), 2 * ill.len());
    for pid in pids {
        assert!(!is_running(pid), "{pid}");
    }
}

#[test]
fn what_a_plugin_writes_to_standard_output_is_not_the_runners() {
    let Attacked { answer, runs, .. } = attacked("print");
    assert_eq!(runs.texts("status"), ["complete"; 6]);
    assert!(!answer.out.contains("hostile line"), "{}", answer.out);
    answer.ends(0).says(&["hostile line 9999\n"]);
}

#[test]
fn results_under_attack_are_resumed() {
    let Attacked { lab, ill, .. } = attacked("replace");
    let arguments = [&ISOLATED[..], &["--isolate", "--resume"]].concat();
    let again = lab.runner(&arguments).ends(3);
    let told = format!(
        "attacks: {} of 6 runs were finished before\n",
        6 - ill.len()
    );
    assert!(again.out.contains(&told), "{}", again.out);
}

/// A run of a plugin whose tables lie in this way.
fn crooked(how: &str, count: u32, more: &[&str]) -> Answer {
    let lab = Lab::with(&format!(
        "name = \"crooked\"\nduration = \"3s\"\n[nodes.a]\ncount = {count}\n\
         behavior = \"crooked.node\"\ntick_rate = 1\n[nodes.b]\nbehavior = \"crooked.node\"\n"
    ));
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    let mut command = lab.command(&[&arguments[..], more].concat());
    lab.answer(command.env("CROOKED", how))
}

#[test]
fn sizes_and_counts_that_are_absurd_are_refused() {
    for field in [
        "behavior_count",
        "column_count",
        "event_count",
        "state_size",
        "state_align",
        "name_len",
        "schema_len",
    ] {
        let name = match field {
            "name_len" => "the length of a behavior's name",
            "column_count" => "columns, expected at most",
            "schema_len" => "the length of config_schema",
            field => field,
        };
        for how in [field.to_owned(), format!("{field}_wraps")] {
            if how == "schema_len_wraps" {
                continue;
            }
            for more in [&[][..], &["--isolate"]] {
                let told = ["plugin `crooked` breaks the plugin ABI: ", name];
                crooked(&how, 1, more).ends(3).says(&told);
            }
        }
    }
    for more in [&[][..], &["--isolate"]] {
        crooked("message_len", 1, more)
            .ends(2)
            .says(&["(a text of "]);
    }
}

#[test]
fn lengths_that_are_absurd_fail_their_run() {
    for (how, told) in [
        (
            "send_len",
            "in `tick` at 1 s (step 1): sent 18446744073709551615 bytes, expected at most",
        ),
        (
            "print_len",
            "in `tick` at 1 s (step 1): lent a text of 18446744073709551615 bytes",
        ),
        (
            "record_word",
            "in `tick` at 1 s (step 1): recorded the word 4294967295",
        ),
    ] {
        for more in [&[][..], &["--isolate"]] {
            crooked(how, 1, more).ends(3).says(&[told]);
        }
    }
    // A timer that never rings.
    crooked("delay", 1, &[]).ends(0);
}

#[test]
fn nodes_that_do_not_fit_into_memory_fail_the_run() {
    for count in [4_000, 40_000] {
        crooked("state_size_large", count, &["--log", "off"])
            .ends(3)
            .says(&["failed in `new` at 0 s (step 0): there is no memory for "]);
    }
}
