//! The log of `-v` and `RUNNER_LOG`: levels, targets, spans, and lines that do not
//! damage a progress bar.

use std::process::Command;

use crate::harness::{Answer, LAB, Lab, needs_python};

const PLAIN: [&str; 4] = ["scenario.toml", "--no-report", "--out", "out"];

/// The lines of standard error with this level.
fn lines<'a>(answer: &'a Answer, level: &str) -> Vec<&'a str> {
    let begin = format!("{level}: ");
    let lines = answer.err.lines();
    lines.filter(|line| line.starts_with(&begin)).collect()
}

#[test]
fn each_v_shows_one_more_level_with_plan_and_run() {
    let lab = Lab::with(LAB);
    let info = lab.runner(&[&PLAIN[..], &["-v"]].concat()).ends(0);
    let runs: Vec<&str> = info
        .err
        .lines()
        .filter(|it| it.contains("run ended"))
        .collect();
    assert_eq!(runs.len(), 3, "{}", info.err);
    for number in 1..=3 {
        let spans = format!("info: plan{{scenario=\"lab\"}}: run{{number={number}}}: run ended ");
        assert!(runs.iter().any(|it| it.starts_with(&spans)), "{}", info.err);
    }
    assert_eq!(info.err.lines().count(), lines(&info, "info").len());

    let color = ["scenario.toml", "--out", "color", "-v", "--color", "always"];
    let color = lab.runner(&[&color[..], &["--no-report"]].concat()).ends(0);
    color.says(&["\x1b[32minfo\x1b[0m: plan{"]);

    let debug = [
        "scenario.toml",
        "--isolate",
        "--no-report",
        "--out",
        "two",
        "-vv",
    ];
    let debug = lab.runner(&debug).ends(0);
    assert!(!lines(&debug, "debug").is_empty(), "{}", debug.err);
    // A child process has the verbosity of the runner.
    let in_child = "info: plan{scenario=\"lab\"}: run{number=2}: run ended ";
    debug.says(&[in_child]);
}

#[test]
fn the_variable_selects_modules_and_changes_no_result() {
    let lab = Lab::with(LAB);
    let with = |filter: &str, out: &str| {
        let mut command = lab.command(&["scenario.toml", "--no-report", "--quiet", "--out", out]);
        lab.answer(command.env("RUNNER_LOG", filter))
    };
    let some = with("runner::session=info", "some").ends(0);
    assert_eq!(lines(&some, "info").len(), 3, "{}", some.err);
    assert!(!some.err.contains("plan begins"), "{}", some.err);
    let all = with("trace", "all").ends(0);
    assert!(all.err.contains("plan begins"), "{}", all.err);
    assert_eq!(with("off", "none").ends(0).err, "");
    assert_eq!(lab.files("some/runs"), lab.files("none/runs"));
    assert_eq!(lab.files("all/runs"), lab.files("none/runs"));
}

#[test]
fn a_filter_that_cannot_be_read_is_bad_input() {
    let lab = Lab::with(LAB);
    let mut command = lab.command(&PLAIN);
    lab.answer(command.env("RUNNER_LOG", "engine=loud"))
        .ends(2)
        .says(&["error: RUNNER_LOG: `engine=loud`", "realtime=debug"]);
    assert!(!lab.path("out").exists());
}

/// Runs a command on a terminal, and prints what it writes there.
const ON_A_TERMINAL: &str = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";

#[test]
fn lines_of_the_log_stand_above_a_progress_bar() {
    needs_python!();
    let lab = Lab::with(&format!(
        "time = \"real\"\n{}",
        LAB.replace("60s", "300ms").replace("runs = 3", "runs = 7")
    ));
    let runner = env!("CARGO_BIN_EXE_runner");
    // Lines of the runner itself, and of a child process.
    for (out, more) in [("here", "--fail-fast"), ("child", "--isolate")] {
        let mut python: Command = lab.program("python3");
        let arguments = ["-c", ON_A_TERMINAL, runner, "-v", "--color", "never", more];
        let python = python.args(arguments).env("TERM", "xterm");
        let python = python.args(["scenario.toml", "--no-report", "--out", out]);
        let answer = lab.answer(python).ends(0);
        let (_, shown) = answer.out.split_once("/7 runs").expect("a progress bar");
        let ends = shown.matches("run ended").count();
        assert!(ends >= 2, "{more}: {shown:?}");
        for (at, _) in shown.match_indices("info: ") {
            // The bar is cleared first, or another line has ended.
            let before = &shown[..at];
            let clean = ["\n", "\r", "\x1b[2K"]
                .iter()
                .any(|end| before.ends_with(end));
            assert!(clean, "{more}: {before:?}");
        }
    }
}
