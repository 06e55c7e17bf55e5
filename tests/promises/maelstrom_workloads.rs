//! The plugin `maelstrom`: a right node passes the check of each workload, and each mistake is found.

use crate::harness::Lab;

/// A scenario with a case for each workload and mistake (an empty one is none).
fn lab(cases: &[(&str, &str)]) -> Lab {
    let list = |of: &dyn Fn(&(&str, &str)) -> String| {
        let values: Vec<String> = cases.iter().map(of).collect();
        values.join(", ")
    };
    let workloads = list(&|(workload, _)| format!("{workload:?}"));
    let nodes = list(&|(workload, mistake)| match *mistake {
        "" => format!("{{ workload = {workload:?} }}"),
        _ => format!("{{ workload = {workload:?}, mistake = {mistake:?} }}"),
    });
    let checks = list(&|(workload, _)| format!("\"maelstrom.{workload}\""));
    Lab::with(&format!(
        "name = \"w\"\nduration = \"20s\"\n\
         [nodes.client]\ncount = 3\nbehavior = \"maelstrom.client\"\n\
         config = {{ workload = \"echo\", rate = 12, time_limit = \"6s\", quiet = \"2s\" }}\n\
         [nodes.node]\ncount = 3\nbehavior = \"maelstrom.node\"\nconfig = {{}}\n\
         [[links]]\nbetween = [\"client\", \"node\"]\n\
         [[links]]\nbetween = [\"node\", \"node\"]\nlatency = {{ uniform = [\"5ms\", \"80ms\"] }}\n\
         order = \"any\"\n\
         [[faults]]\nat = \"2s\"\nfor = \"2s\"\npartition = [[\"node-1\", \"node-2\"], [\"node-3\"]]\n\
         [[check]]\ncheck = \"maelstrom.echo\"\n\
         [matrix]\nzip = [[\"workload\", \"node\", \"check\"]]\n\
         [matrix.axes.workload]\npath = \"nodes.client.config.workload\"\nvalues = [{workloads}]\n\
         [matrix.axes.node]\npath = \"nodes.node.config\"\nvalues = [{nodes}]\n\
         [matrix.axes.check]\npath = \"check.0.check\"\nvalues = [{checks}]\n"
    ))
}

fn verdicts(lab: &Lab) -> Vec<String> {
    let table = lab.table("out/runs.csv");
    table
        .texts("verdict")
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_right_node_passes_the_check_of_each_workload() {
    let cases = [
        ("echo", ""),
        ("unique-ids", ""),
        ("broadcast", ""),
        ("g-set", ""),
        ("g-counter", ""),
        ("pn-counter", ""),
        ("lin-kv", ""),
        ("kafka", ""),
        ("txn-list-append", ""),
        ("txn-rw-register", ""),
    ];
    let lab = lab(&cases);
    let options = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&options).ends(0);
    assert_eq!(verdicts(&lab), ["passed"; 10]);
}

#[test]
fn each_mistake_is_found() {
    let cases = [
        ("echo", "lose"),
        ("unique-ids", "repeat"),
        ("broadcast", "no-repair"),
        ("g-set", "lose"),
        ("g-counter", "lose"),
        ("pn-counter", "lose"),
        ("lin-kv", "stale"),
        ("kafka", "lose"),
        ("kafka", "repeat"),
        ("txn-list-append", "stale"),
        ("txn-rw-register", "lose"),
    ];
    let lab = lab(&cases);
    let options = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&options).ends(1);
    assert_eq!(verdicts(&lab), ["failed"; 11]);
}
