//! Typical slips of someone who writes the first scenarios, and what the runner says about each.
//! The snapshots are for reading: is it plain what is wrong, where, and what to write instead?

use std::fmt::Write;

use crate::harness::Lab;

/// A scenario that is right; `SLIP` is in a place where keys of the group may stand.
const RIGHT: &str = r#"duration = "5s"
[nodes.machine]
count = 2
behavior = "clock.machine"
tick_rate = 2
"#;

/// Lines that stand before the scenario, and lines after it.
const FILES: &[(&str, &str)] = &[
    // The config of a plugin.
    ("", "config = { face = 10 }"),
    ("", "[nodes.machine.config]\nbogus = 10"),
    ("", "config = { faces = \"five\" }"),
    ("", "config = { faces = -1 }"),
    ("", "config = { script = [\"x\", 5] }"),
    (
        "",
        "[[check]]\ncheck = \"clock.lamport\"\nconfig = { all = true }",
    ),
    // Numbers and their units.
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nlatency = 20",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nlatency = \"20\"",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nlatency = \"20 sekunden\"",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nlatency = { normal = { mean = 20, std = \"5ms\" } }",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nloss = \"10%\"",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nloss = 10",
    ),
    (
        "",
        "[[links]]\nbetween = [\"machine\", \"machine\"]\nduplicate = \"rarely\"",
    ),
    ("", "inbox_limit = \"100\""),
    ("", "drift = \"50 ppm\""),
    ("runs = \"2\"", ""),
    ("runs = 0", ""),
    ("runs = 2.5", ""),
    // Words and names.
    ("time = \"reel\"", ""),
    (
        "",
        "[[expect]]\nmetric = \"received\"\nover = \"fracton\"\nat_most = 5",
    ),
    ("", "[[expect]]\nmetric = \"recieved\"\nat_most = 5"),
    ("", "[[expect]]\nmetric = \"received\"\nat_most = \"5ms\""),
    ("", "[[links]]\nbetween = [\"\", \"machine\"]"),
    ("", "[[links]]\nfrom = \"machine1\"\nto = \"machine-2\""),
    (
        "",
        "[[faults]]\nat = \"1s\"\nlink = { from = \"machine-1\", to = \"machin-2\", loss = 1 }",
    ),
    (
        "",
        "[[faults]]\nat = \"1s\"\nlink = { from = \"\", to = \"machine-2\", loss = 1 }",
    ),
    (
        "",
        "[[faults]]\nat = \"1s\"\nlink = { from = \"machine-1\", to = \"machine-2\", latncy = \"5s\" }",
    ),
    (
        "",
        "[[faults]]\nat = \"1s\"\nlink = { from = \"machine-1\", to = \"machine-2\" }",
    ),
    ("", "[[faults]]\nat = \"1s\"\nlink = {}"),
    // What is not TOML.
    ("runs = 2 3", ""),
    ("speed = 0,5", ""),
    ("name = slips", ""),
    ("name = my slips", ""),
    ("title = \u{201c}slips\u{201d}", ""),
    ("title = \"a\" \"b\"", ""),
    ("runs == 2", ""),
    ("runs = 2;", ""),
    ("runs = ", ""),
    ("runs = 02", ""),
    ("// two runs", ""),
    (
        "",
        "[[faults]]\nat = \"1s\"\ncrash = [\"machine-1\"]\nrequired = True",
    ),
];

/// Words after `runner`.
const COMMANDS: &[&str] = &[
    "ru scenario.toml",
    "chek scenario.toml",
    "plugns",
    "scenaro.toml",
    "run scenario.toml --runs two",
    "run scenario.toml --jobs 0",
    "run scenario.toml --duration 5",
    "run scenario.toml --timeout 5",
    "run scenario.toml --set seed",
    "run scenario.toml --set nodes.machine.config.faces=five",
    "run scenario.toml --set nodes.machine.config.face=5",
];

#[test]
fn slips_in_a_file_are_explained() {
    let mut said = String::new();
    for (before, after) in FILES {
        let lab = Lab::with(&format!("{before}\n{RIGHT}{after}\n"));
        let answer = lab.runner(&["check", "scenario.toml"]);
        assert_eq!(answer.code, Some(2), "{before}{after}");
        // Snapshots keep no blanks at the ends of lines.
        let lines: Vec<&str> = answer.err.lines().map(str::trim_end).collect();
        writeln!(said, "{}\n", lines.join("\n")).unwrap();
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("slips_in_files", said);
    });
}

#[test]
fn slips_in_a_command_are_explained() {
    let lab = Lab::with(RIGHT);
    let mut said = String::new();
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').collect();
        let answer = lab.runner(&words).ends(2);
        let lines: Vec<&str> = answer.err.lines().map(str::trim_end).collect();
        writeln!(said, "$ runner {command}\n{}\n", lines.join("\n")).unwrap();
    }
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("slips_in_commands", said);
    });
}

#[test]
fn without_any_plugin_all_ways_to_their_folder_are_named() {
    let lab = Lab::with(RIGHT);
    std::fs::copy(env!("CARGO_BIN_EXE_runner"), lab.path("runner")).unwrap();
    let runner = lab.path("runner");
    for words in [
        &["check", "scenario.toml"][..],
        &["plugins"],
        &["plugins", "clock"],
    ] {
        let answer = lab.answer(lab.program(runner.to_str().unwrap()).args(words));
        answer.says(&[
            "plugins found: none; `runner/install --prefix DIR`",
            "lib/runner/plugins; more folders: --plugin-path DIR, or the variable RUNNER_PLUGIN_PATH",
        ]);
    }
}
