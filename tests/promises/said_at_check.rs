//! `runner check` says what can hardly be meant: nodes that start after the end, checks of
//! plugins that no node uses, listeners in virtual time.

use crate::harness::Lab;

const CLOCKS: &str = "\
name = \"c\"
duration = \"5s\"
[nodes.m]
behavior = \"clock.machine\"
tick_rate = 1
[nodes.z]
behavior = \"clock.machine\"
tick_rate = 1
";

#[test]
fn nodes_that_start_after_the_end_are_a_mistake() {
    let late = CLOCKS.replace("[nodes.z]", "start_at = \"6s\"\n[nodes.z]");
    let lab = Lab::with(&late);
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:6:12: the nodes start at 6 s, after the run's end at 5 s",
        "start them before, or set a longer `duration`",
    ]);
    let at_end = ["check", "scenario.toml", "--set", "duration=6s"];
    lab.runner(&at_end).passes();
    let lab = Lab::with(CLOCKS);
    let option = "nodes.z.start_at=\"5001ms\"";
    lab.runner(&["check", "scenario.toml", "--set", option])
        .ends(2)
        .says(&["the nodes start at 5.001 s, after the run's end at 5 s"]);
    let axis = "[matrix.axes.start]\npath = \"nodes.m.start_at\"\nvalues = [\"1s\", \"9s\"]\n";
    let lab = Lab::with(&format!("{CLOCKS}{axis}"));
    lab.runner(&["run", "scenario.toml"])
        .ends(2)
        .says(&["the nodes start at 9 s"]);
}

#[test]
fn a_check_of_a_plugin_that_no_node_uses_is_warned_of() {
    for (check, plugin) in [("traffic.safe", "traffic"), ("lottery.complete", "lottery")] {
        let lab = Lab::with(&format!("{CLOCKS}[[check]]\ncheck = \"{check}\"\n"));
        let said = lab.runner(&["check", "scenario.toml"]).ends(0);
        said.says(&[
            &format!("scenario.toml:10:9: warning: check `{check}` is of plugin `{plugin}`"),
            "plugins of the nodes: clock",
        ]);
        let run = lab.runner(&["scenario.toml", "--no-report"]);
        run.says(&["which no node uses"]);
    }
    let own = Lab::with(&format!("{CLOCKS}[[check]]\ncheck = \"clock.lamport\"\n"));
    own.runner(&["check", "scenario.toml"]).passes();
}

#[test]
fn listeners_in_virtual_time_are_warned_of_once() {
    let listen = "[[nodes.m.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n";
    let lab = Lab::with(&format!("{CLOCKS}{listen}"));
    let said = lab.runner(&["check", "scenario.toml"]).ends(0).says(&[
        "warning: `listen` of group `m` opens no address in virtual time",
        "run with `--time real`",
    ]);
    assert_eq!(said.err.matches("warning").count(), 1, "{}", said.err);
    lab.runner(&["check", "scenario.toml", "--set", "time=real"])
        .passes();
    let axis = "[matrix.axes.rate]\npath = \"nodes.m.tick_rate\"\nvalues = [1, 2]\n";
    let lab = Lab::with(&format!(
        "{CLOCKS}{}{axis}",
        listen.replace("nodes.m", "nodes.z")
    ));
    let said = lab.runner(&["check", "scenario.toml"]).ends(0);
    assert_eq!(said.err.matches("warning").count(), 1, "{}", said.err);
}
