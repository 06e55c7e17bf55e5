//! The logs of a run have a limit: a run that exceeds it fails, and writes no more.

use crate::harness::Lab;

const MACHINES: &str = "\
name = \"much\"
duration = \"1000s\"
max_log = \"200kB\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 100
";

fn size(lab: &Lab, out: &str) -> usize {
    let files = lab.files(&format!("{out}/runs"));
    files.values().map(Vec::len).sum()
}

#[test]
fn a_run_whose_logs_exceed_the_limit_fails_and_writes_no_more() {
    for more in [
        &[][..],
        &["--log", "combined"],
        &["--isolate"],
        &["--time", "real", "--set", "speed=1000"],
        &["--time", "real", "--set", "speed=1000", "--processes"],
    ] {
        let lab = Lab::with(MACHINES);
        let arguments = ["scenario.toml", "--no-report", "--out", "out"];
        lab.runner(&[&arguments[..], more].concat()).ends(3).says(&[
            "the logs of the run exceed `max_log`",
            "run with `--log off`, or set `max_log` higher",
        ]);
        let size = size(&lab, "out");
        assert!((100_000..=201_000).contains(&size), "{more:?}: {size}");
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
    }
}

#[test]
fn what_nodes_print_counts() {
    let text = "x".repeat(1000);
    let scenario = format!(
        "name = \"loud\"\nduration = \"10s\"\nmax_log = \"100KiB\"\n\
         [nodes.server]\nbehavior = \"echo.server\"\nservice_time = \"1us\"\n\
         [nodes.loud]\nbehavior = \"echo.client\"\n\
         config = {{ texts = [\"{text}\"], repeat = 5000, expect = \"any\" }}\n"
    );
    let lab = Lab::with(&scenario);
    lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
        .ends(3)
        .says(&["exceed `max_log`, 100KiB"]);
    let printed = lab.read("out/runs/0001.partial/loud.log").len();
    let size = size(&lab, "out");
    assert!(printed > 20_000 && size < 104_000, "{printed} of {size}");
}

#[test]
fn logs_within_the_limit_and_no_logs_pass() {
    let lab = Lab::with(MACHINES);
    lab.run_into("off", &["--log", "off"]);
    lab.run_into("more", &["--set", "max_log=1GiB"]);
    let whole = size(&lab, "more");
    let exactly = format!("max_log={whole}");
    lab.run_into("exact", &["--set", &exactly]);
    assert_eq!(size(&lab, "exact"), whole);
    for wrong in ["max_log=0", "max_log=-5", "max_log=1.5", "max_log=much"] {
        lab.runner(&["check", "scenario.toml", "--set", wrong])
            .ends(2)
            .says(&["`max_log` is"]);
    }
}
