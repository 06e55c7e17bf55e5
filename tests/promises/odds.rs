//! `runner why --odds`: how likely a failure was at each time of the run that failed.

use crate::abi::changed_metronome;
use crate::harness::{Lab, Table};

/// The store that forgets, of which few notice, run once.
fn rare(run: &str) -> Lab {
    let path = format!(
        "{}/../scenarios/canary-kv-rare.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let lab = Lab::with(&std::fs::read_to_string(path).unwrap());
    let run = [
        "scenario.toml",
        "--no-report",
        "-q",
        "--out",
        "r",
        "--run",
        run,
    ];
    lab.runner(&run).ends(1);
    lab
}

fn shares(table: &Table) -> Vec<f64> {
    table.numbers("share")
}

#[test]
fn a_failure_was_decided_where_its_likelihood_rises() {
    let lab = rare("11");
    let odds = |jobs: &str, out: &str| {
        let words = ["why", "r", "--odds", "--jobs", jobs, "--out", out];
        lab.runner(&words).passes().out
    };
    let text = odds("2", "two.svg");
    // The client asks for a key that it wrote before the crash: no later draw changes what it reads.
    let decided = "decided after 5.200887485 s, up to 5.226937286 s: 18 % -> 100 %\n";
    let (_, what) = text.split_once(decided).unwrap_or_else(|| panic!("{text}"));
    let line = what.lines().next().unwrap();
    assert!(
        line.contains("client-2, step 12: timer, invoke") && line.contains("<== get"),
        "{text}"
    );
    let table = lab.table("two.csv");
    let shares = shares(&table);
    assert_eq!(
        table.texts("after_ns")[0],
        "",
        "first, nothing is as it was"
    );
    assert!(shares[0] < 0.4, "{shares:?}");
    assert_eq!(shares.last(), Some(&1.0));
    let intervals = table.numbers("low").into_iter().zip(table.numbers("high"));
    for ((low, high), share) in intervals.zip(&shares) {
        assert!(low <= *share && *share <= high && high - low < 0.4);
    }
    let picture = lab.read("two.svg");
    assert!(picture.contains("runs that still fail [%]"));
    // The same, however many run side by side.
    let one = odds("1", "one.svg");
    assert_eq!(one, text.replace("two.", "one."));
    assert_eq!(lab.read("one.csv"), lab.read("two.csv"));
    assert_eq!(lab.read("one.svg"), picture);
}

#[test]
fn what_happens_whatever_chance_decides_has_no_rise() {
    let lab = Lab::with(
        "duration = \"9s\"\n[nodes.a]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 3\n[[expect]]\nmetric = \"clock_final\"\nat_most = 3\n",
    );
    lab.runner(&["scenario.toml", "--no-report", "-q", "--out", "r"])
        .ends(1);
    // No record proves it, so that any time is a time to look at.
    lab.runner(&["why", "r"])
        .ends(4)
        .says(&["no record proves this failure"]);
    let words = ["why", "r", "--odds", "--points", "4", "--samples", "9"];
    let text = lab.runner(&words).passes().out;
    assert!(text.contains("it fails whatever chance decides"), "{text}");
    let table = lab.table("r/why/odds-0001.csv");
    assert_eq!(table.texts("runs"), ["9", "9"]);
    assert_eq!(shares(&table), [1.0, 1.0]);
}

#[test]
fn a_failure_that_cannot_be_measured_is_refused() {
    let lab = Lab::with(
        "duration = \"9s\"\n[nodes.one]\nbehavior = \"metronome.node\"\ntick_rate = 2\n[[property]]\nname = \"seven\"\nnever = \"ticks == 7\"\n",
    );
    std::fs::create_dir(lab.path("plugins")).unwrap();
    let line = "set_ticks(context, ++node->ticks)";
    changed_metronome(&lab.path("plugins"), &[(line, line)]);
    let run = [
        "scenario.toml",
        "--no-report",
        "-q",
        "--out",
        "r",
        "--plugin-path",
        "plugins",
    ];
    lab.runner(&run).ends(1);
    // The plugin is found where it was. A tick has no draws: it fails always.
    let text = lab
        .runner(&["why", "r", "--odds", "--points", "2"])
        .passes()
        .out;
    assert!(text.contains("it fails whatever chance decides"), "{text}");
    // Another build, in which it does not fail.
    std::fs::remove_file(lab.path("plugins/libmetronome.so")).unwrap();
    changed_metronome(
        &lab.path("plugins"),
        &[(line, "set_ticks(context, node->ticks += 2)")],
    );
    let said = [
        "plugin `metronome`: its file differs",
        "does not fail again in this way",
        "it passes",
    ];
    lab.runner(&["why", "r", "--odds"]).ends(4).says(&said);
    lab.runner(&["why", "r", "--odds", "one:3"])
        .ends(2)
        .says(&["--odds"]);
    lab.runner(&["why", "r", "--samples", "3"])
        .ends(2)
        .says(&["--odds"]);
    std::fs::remove_dir_all(lab.path("plugins")).unwrap();
    lab.runner(&["why", "r", "--odds"])
        .ends(2)
        .says(&["metronome"]);
}
