//! Measured values come from a CSV file beside the scenario: in their order, or at random.
//! The results say which file it was, and are not continued with another.

use crate::harness::Lab;

/// A producer with gaps from a trace, a consumer with empirical service times, and a link
/// with a trace of latencies.
const SCENARIO: &str = "\
name = \"measured\"
[nodes.producer]
behavior = \"echo.producer\"
config = { interval = { trace = { file = \"gaps.csv\", column = \"gap\", unit = \"ms\" } }, count = 5 }
[nodes.consumer]
behavior = \"echo.consumer\"
service_time = { empirical = { file = \"services.csv\" } }
[[links]]
from = \"producer\"
to = \"consumer\"
latency = { trace = { values = [\"1ms\", \"2ms\"], at_end = \"hold\" } }
";

fn lab() -> Lab {
    let lab = Lab::with(SCENARIO);
    lab.write("gaps.csv", "request,gap\n1,10\n2,30\n3,20\n");
    lab.write("services.csv", "100us\n300us\n");
    lab
}

/// The times of the rows with this event [us].
fn times(lab: &Lab, node: &str, event: &str) -> Vec<u64> {
    let table = lab.table(&format!("out/runs/0001/{node}.csv"));
    let rows = table.only("event", event);
    let ns = rows.texts("time_ns").into_iter();
    ns.map(|it| it.parse::<u64>().unwrap() / 1000).collect()
}

#[test]
fn a_trace_is_followed_in_a_config_and_on_a_link() {
    let lab = lab();
    lab.run_into("out", &[]);
    let sent = times(&lab, "producer", "send");
    // The end marker leaves with the last item.
    let expected = [10_000, 40_000, 60_000, 70_000, 100_000, 100_000];
    assert_eq!(sent, expected);
    let received = times(&lab, "consumer", "receive");
    let after = |at: usize| received[at] - sent[at];
    let possible = |latency: u64| [latency + 100, latency + 300];
    assert!(possible(1_000).contains(&after(0)), "{}", after(0));
    for at in 1..5 {
        assert!(possible(2_000).contains(&after(at)), "{}", after(at));
    }
}

#[test]
fn the_scenario_may_be_run_from_any_folder() {
    let lab = lab();
    std::fs::create_dir(lab.path("elsewhere")).unwrap();
    let mut command = lab.command(&["../scenario.toml", "--quiet", "--out", "../out"]);
    command.current_dir(lab.path("elsewhere"));
    lab.answer(&mut command).passes();
    assert_eq!(times(&lab, "producer", "send").len(), 6);
}

#[test]
fn results_name_the_files_and_are_not_continued_with_others() {
    let lab = lab();
    lab.run_into("out", &[]);
    let manifest = lab.read("out/manifest.json");
    // `printf '100us\n300us\n' | sha256sum`
    let sum = "44b044ae533a0ce7d81d2a960b014c0591544b06c7893cdc781253f93ee367d3";
    assert!(manifest.contains("\"services.csv\""), "{manifest}");
    assert!(manifest.contains(sum), "{manifest}");
    lab.write("services.csv", "100us\n400us\n");
    lab.runner(&["scenario.toml", "--resume", "--out", "out"])
        .ends(2)
        .says(&["the values in \"services.csv\" differ"]);
}

#[test]
fn a_child_process_reads_the_same_values() {
    let lab = lab();
    lab.run_into("out", &[]);
    lab.run_into("isolated", &["--isolate"]);
    assert_eq!(lab.files("out/runs"), lab.files("isolated/runs"));
}

#[test]
fn a_behavior_that_keeps_no_order_refuses_a_trace() {
    let lab = Lab::with(
        "duration = \"1s\"
[nodes.client]
behavior = \"echo.client\"
config = { pause = { trace = { values = [\"1ms\"] } } }
[nodes.server]
behavior = \"echo.server\"
",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:4:", "`empirical` draws one of the values"]);
}

#[test]
fn a_mean_that_the_cut_at_zero_changes_is_said() {
    let lab = Lab::with(
        "duration = \"1s\"
[nodes.producer]
behavior = \"echo.producer\"
[nodes.consumer]
behavior = \"echo.consumer\"
service_time = { normal = { mean = \"1ms\", std = \"1ms\" } }
",
    );
    // 1 ms * Phi(1) + 1 ms * phi(1) = 1.0833 ms
    lab.runner(&["check", "scenario.toml"])
        .ends(0)
        .says(&["the mean of its draws is 1.083", "not 1 ms"]);
}

#[test]
fn a_file_that_is_wrong_is_one_mistake_wherever_it_is_named() {
    let lab = Lab::new();
    lab.write("words.csv", "ms\none\n");
    lab.write("two.csv", "a,b\n1,2\n");
    lab.write(
        "scenario.toml",
        "duration = \"1s\"
[nodes.a]
behavior = \"echo.producer\"
config = { interval = { trace = { file = \"gone.csv\" } }, cont = 3 }
[nodes.b]
behavior = \"kv.client\"
config = { operations = 5, think = { empirical = { file = \"words.csv\", unit = \"ms\" } }, gap = { empirical = { file = \"two.csv\", column = \"c\" } } }
[nodes.c]
behavior = \"echo.consumer\"
service_time = { empirical = { file = \"gone.csv\" } }
",
    );
    let answer = lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:4:42: `file` \"gone.csv\" does not exist",
        "unknown key `cont`",
        "words.csv:2: ",
        "two.csv:1: there is no column `c`",
        "scenario.toml:10:",
    ]);
    let told = answer.err.matches("\nscenario.toml:").count() + 1;
    assert_eq!(told, 5, "{}", answer.err);
    assert!(!answer.err.contains("is empty"), "{}", answer.err);
}
