//! Results as an SQLite database, read by Python's sqlite3 and compared with the CSV files.

use crate::harness::{LAB, Lab, needs_python};

const PROGRAM: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/fixtures/programs/check_sqlite.py"
);

/// Nodes with other columns, cases, a fault, failures, and messages of external form.
const MIXED: &str = "\
name = \"mixed\"
runs = 2
duration = \"5s\"
[nodes.machine]
count = 2
behavior = \"clock.machine\"
tick_rate = 5
[nodes.server]
behavior = \"echo.server\"
[nodes.client]
behavior = \"echo.client\"
config = { sizes = [10], repeat = 3 }
[[links]]
between = [\"machine\", \"machine\"]
loss = 0.2
[[links]]
between = [\"client\", \"server\"]
latency = \"3ms\"
[[property]]
name = \"small\"
nodes = \"machine\"
always = \"clock < 12\"
[[expect]]
metric = \"received\"
nodes = \"server\"
equals = 3
[matrix.axes.rate]
path = \"nodes.machine.tick_rate\"
values = [1, 5]
";

fn checked(lab: &Lab, results: &str, file: &str) -> serde_json::Value {
    let mut command = lab.program("python3");
    command.args([PROGRAM, results, file]);
    let said = lab.answer(&mut command).passes().out;
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_database_has_what_the_csv_files_have() {
    needs_python!();
    let lab = Lab::with(MIXED);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .ends(1);
    let said = lab
        .runner(&["report", "out", "--sqlite", "to/a.db"])
        .ends(1)
        .out;
    assert!(said.contains("sqlite: to/a.db (4 runs, "), "{said}");
    let found = checked(&lab, "out", "to/a.db");
    assert!(found["records"].as_u64().unwrap() > 100, "{found}");
    assert_eq!(found["failed"], 2, "{found}");
    // Again, in its place: the same content.
    lab.runner(&["report", "out", "--sqlite", "to/a.db"])
        .ends(1);
    assert_eq!(checked(&lab, "out", "to/a.db")["dump"], found["dump"]);
}

#[test]
fn without_logs_a_database_has_no_records_and_all_else() {
    needs_python!();
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet", "--log", "off"])
        .passes();
    lab.runner(&["report", "out", "--sqlite", "a.db"]).passes();
    assert_eq!(checked(&lab, "out", "a.db")["records"], 0);
}

#[test]
fn a_file_that_is_no_database_of_results_is_left_as_it_is() {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "--out", "out", "--quiet"])
        .passes();
    lab.write("a.db", "mine");
    lab.runner(&["report", "out", "--sqlite", "a.db"])
        .ends(2)
        .says(&["a.db: it is no database of results"]);
    assert_eq!(lab.read("a.db"), "mine");
    lab.runner(&["scenario.toml", "--out", "other", "--quiet", "--seed", "9"])
        .passes();
    lab.runner(&[
        "report", "out", "other", "--out", "both", "--sqlite", "b.db",
    ])
    .ends(2)
    .says(&["--sqlite writes the results of one plan"]);
    assert!(!lab.path("b.db").exists());
}
