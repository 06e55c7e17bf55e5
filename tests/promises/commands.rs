//! The command line: each command, each option, and options that are used together.

use serde_json::{Value, json};

use crate::harness::{LAB, Lab};

/// The options that a command's help must name.
const OPTIONS: [(&str, &[&str]); 12] = [
    ("diff", &["RESULTS:RUN", "--limit", "--out"]),
    (
        "why",
        &[
            "NODE:STEP",
            "--run",
            "--check",
            "--limit",
            "--all",
            "--out",
            "--odds",
            "--points",
            "--samples",
        ],
    ),
    (
        "shrink",
        &[
            "--run",
            "--check",
            "--out",
            "--budget",
            "--tries",
            "--jobs",
            "--isolate",
        ],
    ),
    ("new", &["scenario", "plugin"]),
    ("send", &["--framing", "--timeout", "--no-reply"]),
    (
        "run",
        &[
            "--set",
            "--plugin-path",
            "--color",
            "--time",
            "--shrink",
            "--seed",
            "--runs",
            "--duration",
            "--run ",
            "--jobs",
            "--out",
            "--no-report",
            "--log",
            "--verbose",
            "--quiet",
            "per-node",
            "combined",
            "virtual",
        ],
    ),
    ("check", &["SCENARIO", "--set", "--plugin-path", "--color"]),
    ("list", &["--format", "table", "json", "github", "--set"]),
    ("plugins", &["PLUGIN[.BEHAVIOR]", "--plugin-path"]),
    ("report", &["RESULTS", "--out"]),
    ("schema", &["--help"]),
    ("completions", &["bash", "zsh", "fish"]),
];

#[test]
fn help_names_every_command_and_option() {
    let lab = Lab::new();
    let all = lab.runner(&["--help"]).passes().out;
    for (command, options) in OPTIONS {
        assert!(all.contains(&format!("\n  {command} ")), "{all}");
        let help = lab.runner(&[command, "--help"]).passes().out;
        for option in options {
            assert!(help.contains(option), "{command} {option}: {help}");
        }
    }
    let version = lab.runner(&["--version"]).passes().out;
    assert_eq!(version, format!("runner {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_is_bad_input() {
    let lab = Lab::with(LAB);
    let wrong: [(&[&str], &str); 10] = [
        (&[], "Usage: runner"),
        (&["run"], "<SCENARIO>..."),
        (&["scenario.toml", "--sede", "4"], "--sede"),
        (&["scenario.toml", "--seed", "-4"], "-4"),
        (&["scenario.toml", "--jobs", "0"], "--jobs"),
        (&["scenario.toml", "--run", "0"], "--run"),
        (
            &["scenario.toml", "--run", "4"],
            "--run 4: `lab` has 3 runs",
        ),
        (&["scenario.toml", "--log", "some"], "per-node"),
        (&["scenario.toml", "-q", "-v"], "cannot be used with"),
        (&["completions", "cmd"], "bash"),
    ];
    for (arguments, said) in wrong {
        lab.runner(arguments).ends(2).says(&[said]);
    }
    assert!(!lab.path("results").exists());
}

#[test]
fn a_scenario_alone_is_short_for_run() {
    let lab = Lab::with(LAB);
    lab.run_into("long", &["--seed", "5"]);
    lab.runner(&[
        "--seed",
        "5",
        "-q",
        "--no-report",
        "--out",
        "short",
        "scenario.toml",
    ])
    .passes();
    assert_eq!(lab.read("short/summary.csv"), lab.read("long/summary.csv"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_need_not_be_utf_8() {
    let lab = Lab::with(LAB);
    lab.shell(
        "file=$(printf '\\377.toml'); mv scenario.toml \"$file\"; \
         \"$RUNNER\" \"$file\" -q --no-report --out out",
    )
    .passes();
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["complete"; 3]);
}

#[test]
fn options_override_the_file_and_set_overrides_any_key() {
    let lab = Lab::with(LAB);
    lab.run_into(
        "options",
        &["--seed", "5", "--runs", "2", "--duration", "1m"],
    );
    lab.run_into(
        "sets",
        &[
            "--set",
            "seed=5",
            "--set",
            "runs=2",
            "--set",
            "duration=\"60s\"",
        ],
    );
    let written = LAB
        .replace("seed = 7", "seed = 5")
        .replace("runs = 3", "runs = 2");
    lab.write("scenario.toml", &written);
    lab.run_into("file", &[]);
    let summary = |out: &str| lab.read(&format!("{out}/summary.csv"));
    assert_eq!(summary("options"), summary("file"));
    assert_eq!(summary("sets"), summary("file"));
    assert_eq!(lab.table("file/runs.csv").rows.len(), 2);
    // A named option overrides `--set`; a later `--set` overrides an earlier one.
    lab.run_into("both", &["--set", "seed=6", "--seed", "5"]);
    assert_eq!(summary("both"), summary("file"));
    lab.run_into("twice", &["--set", "seed=6", "--set", "seed=5"]);
    assert_eq!(summary("twice"), summary("file"));
    lab.run_into("deep", &["--set", "nodes.machine.config.faces=3"]);
    assert_ne!(summary("deep"), summary("file"));
}

#[test]
fn check_reports_each_scenario_that_is_ready_to_run() {
    let lab = Lab::with(LAB);
    let said = lab
        .runner(&["check", "scenario.toml", "--set", "runs=1"])
        .passes();
    assert_eq!(said.out, "scenario.toml: ok (3 nodes, 1 case, 1 run)\n");
    assert!(!lab.path("results").exists());
}

#[test]
fn check_reports_all_mistakes_of_all_files_at_once() {
    let lab = Lab::with(LAB);
    lab.write(
        "a.toml",
        &LAB.replace("[1, 6]", "[6, 1]")
            .replace("seed = 7", "sede = 7"),
    );
    lab.write("b.toml", &LAB.replace("clock.machine", "clock.mashine"));
    lab.write(
        "c.toml",
        &format!("{LAB}config = {{ faces = 0, dice = 2 }}\n"),
    );
    let said = lab
        .runner(&[
            "check",
            "a.toml",
            "scenario.toml",
            "b.toml",
            "c.toml",
            "none.toml",
        ])
        .ends(2)
        .says(&["a.toml:4:1: ", "a.toml:8:", "b.toml:7:12: "])
        .says(&["c.toml:9:20: `faces`: expected a whole number of at least 1, found 0"])
        .says(&["c.toml:9:23: unknown key `dice`"])
        .says(&["none.toml: there is no such file"]);
    assert!(said.out.is_empty());
    // `run` reports the same, and runs none of them.
    let run = lab
        .runner(&["a.toml", "scenario.toml", "b.toml", "c.toml", "none.toml"])
        .ends(2);
    assert_eq!(run.err, said.err);
    assert!(!lab.path("results").exists());
}

#[test]
fn a_folder_stands_for_the_scenarios_in_it() {
    let lab = Lab::new();
    for name in ["b", "a"] {
        let text = LAB.replace("\"lab\"", &format!("\"{name}\""));
        lab.write(&format!("many/{name}.toml"), &text);
    }
    lab.write("many/readme.md", "not a scenario");
    let said = lab.runner(&["check", "many"]).passes().out;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "many/a.toml: ok (3 nodes, 1 case, 3 runs)",
            "many/b.toml: ok (3 nodes, 1 case, 3 runs)"
        ]
    );
    lab.runner(&["many", "-q", "--no-report"]).passes();
    assert!(lab.path("results/a/latest/runs.csv").exists());
    assert!(lab.path("results/b/latest/runs.csv").exists());
    lab.write("none/readme.md", "");
    lab.runner(&["none"])
        .ends(2)
        .says(&["none: holds no scenario file (*.toml)"]);
}

#[test]
fn every_scenario_of_the_project_is_ready_to_run() {
    let lab = Lab::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let said = lab.runner(&["check", folder]).passes().out;
    assert!(said.contains("clock-5runs.toml: ok (3 nodes, 1 case, 5 runs)"));
}

#[test]
fn list_shows_cases_and_runs_in_three_formats() {
    let lab = Lab::with(LAB);
    let list = |format: &str| {
        let arguments = ["list", "scenario.toml", "--format", format];
        lab.runner(&arguments).passes().out
    };
    let table = list("table");
    let words: Vec<Vec<&str>> = table
        .lines()
        .map(|it| it.split_whitespace().collect())
        .collect();
    assert_eq!(words[0], ["scenario", "case", "runs", "seed", "file"]);
    assert_eq!(words[1], ["lab", "default", "1-3", "7", "scenario.toml"]);
    assert_eq!(lab.runner(&["list", "scenario.toml"]).passes().out, table);
    let read = |text: String| -> Value { serde_json::from_str(&text).unwrap() };
    assert_eq!(
        read(list("json")),
        json!([{
            "scenario": "lab", "file": "scenario.toml", "case": "default", "seed": 7,
            "axes": {}, "first_run": 1, "last_run": 3, "runs": "1-3"
        }])
    );
    // One line, as the output of a workflow step must be.
    assert_eq!(list("github").lines().count(), 1);
    assert_eq!(
        read(list("github")),
        json!({ "include": [{
            "name": "lab-default", "scenario": "scenario.toml", "case": "default",
            "select": "--case default"
        }] })
    );
}

#[test]
fn plugins_are_listed_and_described() {
    let lab = Lab::new();
    let clock = lab.runner(&["plugins", "clock"]).passes().out;
    let machine = lab.runner(&["plugins", "clock.machine"]).passes().out;
    assert!(
        clock.contains("libclock") && clock.contains("clock.machine"),
        "{clock}"
    );
    for part in [
        "faces",
        "send_before_increment",
        "broadcast",
        "encoding",
        "script",
        "default 10",
        "Lamport clock after the step",
        "internal",
    ] {
        assert!(machine.contains(part), "{part}: {machine}");
    }
    // Broken plugins are reported, and the others are still listed.
    let all = lab.runner(&["plugins"]).out;
    assert!(all.contains("clock") && all.contains("machine"), "{all}");
    lab.runner(&["plugins", "clok"])
        .ends(2)
        .says(&["no plugin `clok`"]);
    lab.runner(&["plugins", "clock.mashine"])
        .ends(2)
        .says(&["no behavior or check `mashine`", "did you mean `machine`?"]);
}

#[test]
fn the_schema_is_json_schema() {
    let lab = Lab::new();
    let text = lab.runner(&["schema"]).passes().out;
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("draft-07"));
    assert!(schema["properties"]["nodes"].is_object());
}

#[test]
fn the_shell_accepts_the_completions() {
    let lab = Lab::new();
    let script = lab.runner(&["completions", "bash"]).passes().out;
    assert!(script.contains("--plugin-path"));
    lab.write("completions.bash", &script);
    let mut bash = lab.program("bash");
    bash.args(["-c", "source ./completions.bash && complete -p runner"]);
    assert!(lab.answer(&mut bash).passes().out.contains("runner"));
}

#[test]
fn quiet_prints_errors_only() {
    let lab = Lab::with(LAB);
    let answer = lab
        .runner(&["scenario.toml", "--quiet", "--out", "out"])
        .passes();
    assert_eq!(answer.out, "");
    assert!(lab.path("out/report.html").exists());
    let again = lab.runner(&["scenario.toml", "-q", "--out", "out"]).ends(2);
    assert!(again.err.starts_with("error: "));
}

#[test]
fn color_is_for_terminals_unless_an_option_asks_for_it() {
    let lab = Lab::with("name = 1\n");
    let colored = |arguments: &[&str], no_color: &str| {
        let mut command = lab.command(&[&["check", "scenario.toml"], arguments].concat());
        if !no_color.is_empty() {
            command.env("NO_COLOR", no_color);
        }
        lab.answer(&mut command).ends(2).err.contains('\x1b')
    };
    assert!(!colored(&[], ""));
    assert!(!colored(&["--color", "auto"], ""));
    assert!(!colored(&["--color", "never"], ""));
    assert!(colored(&["--color", "always"], ""));
    assert!(!colored(&[], "1"));
    // The option overrides the environment.
    assert!(colored(&["--color", "always"], "1"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let lab = Lab::with(LAB);
    for command in [
        "schema",
        "plugins clock.machine",
        "completions bash",
        "list scenario.toml --format json",
        "--help",
        "run scenario.toml --out out",
        "export trace out --run 1 --format chrome --out -",
        "export trace out --run 1 --format shiviz --out -",
    ] {
        // The reader closes before the first byte.
        let script = format!("{{ \"$RUNNER\" {command}; echo \"code $?\" >&2; }} | true");
        let answer = lab.shell(&script);
        assert_eq!(answer.err, "code 0\n", "{command}");
    }
    assert!(lab.path("out/report.html").exists());
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    // /dev/full: each write fails. Not every system has it.
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let lab = Lab::with(LAB);
    for command in [
        "schema",
        "list scenario.toml",
        "run scenario.toml --out out",
    ] {
        lab.shell(&format!("\"$RUNNER\" {command} > /dev/full"))
            .ends(3)
            .says(&["error: ", "No space left"]);
    }
    // The results are complete.
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["complete"; 3]);
}
