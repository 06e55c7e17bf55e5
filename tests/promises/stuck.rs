//! A callback that never returns is named after `--timeout`, and the first signal ends the
//! runner without it; what is finished is kept.

use std::fs;
use std::process::{Child, Stdio};

use crate::harness::Lab;
use crate::waiting::until;

/// Six runs; at the higher rate a node loops in its third tick.
const LOOPS: &str = "\
name = \"loops\"
runs = 6
seed = 3
duration = \"3s\"
[nodes.a]
behavior = \"hostile.attacker\"
tick_rate = { choice = [0.1, 2] }
config = { how = \"loop\", at = 3 }
";

/// A run with a check that loops.
fn judge(place: &str) -> String {
    format!(
        "name = \"loops\"\nduration = \"3s\"\n[nodes.a]\nbehavior = \"clock.machine\"\n\
         tick_rate = 2\n[[check]]\ncheck = \"hostile.judge\"\n\
         config = {{ how = \"loop\", in = \"{place}\" }}\n"
    )
}

fn begin(lab: &Lab, more: &[&str]) -> Child {
    let arguments = ["scenario.toml", "-j2", "--out", "out"];
    let mut command = lab.command(&[&arguments[..], more].concat());
    let errors = fs::File::create(lab.path("errors")).unwrap();
    command
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .unwrap()
}

/// Sends SIGINT once, and returns exit code and standard error.
fn interrupt(lab: &Lab, mut runner: Child) -> (Option<i32>, String) {
    lab.shell(&format!("kill -INT {}", runner.id())).passes();
    (runner.wait().unwrap().code(), lab.read("errors"))
}

fn said(lab: &Lab, text: &str) {
    until(text, || lab.read("errors").contains(text));
}

#[test]
fn a_callback_that_never_returns_is_named_after_the_timeout() {
    let lab = Lab::with(LOOPS);
    let runner = begin(&lab, &["--timeout", "1s"]);
    said(
        &lab,
        ": `tick` of node `a` has not returned within --timeout",
    );
    said(&lab, "With --isolate such a callback costs one run");
    let (code, errors) = interrupt(&lab, runner);
    assert_eq!(code, Some(130), "{errors}");
}

#[test]
fn the_first_signal_ends_the_runner_and_keeps_what_is_finished() {
    let calm = Lab::with(&LOOPS.replace("\"loop\"", "\"seal\""));
    // Some runs do no step, which is a warning.
    calm.runner(&["scenario.toml", "--no-report", "--out", "out"])
        .ends(0);
    let steps = calm.table("out/summary.csv");
    let loops: Vec<bool> = steps.numbers("steps").iter().map(|it| *it >= 3.0).collect();
    let first = loops.iter().position(|it| *it).unwrap();
    assert!(
        first > 0,
        "at least one run before it is complete: {loops:?}"
    );
    let lab = Lab::with(LOOPS);
    let runner = begin(&lab, &[]);
    // A run whose callback has not begun to loop ends at the signal like any other.
    let looping = lab.path(&format!("out/runs/{:04}.partial/looping", first + 1));
    until("the first run that never ends loops", || looping.exists());
    until("the run before it is whole", || {
        lab.path(&format!("out/runs/{first:04}")).exists()
    });
    let (code, errors) = interrupt(&lab, runner);
    assert_eq!(code, Some(130), "{errors}");
    let told = format!("run {}: `tick` of node `a`", first + 1);
    assert!(errors.contains(&told), "{errors}");
    assert!(errors.contains(" has not returned, and the process ends without it"));
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status")[..first], vec!["complete"; first]);
    assert!(lab.path("out/report.md").exists());
}

#[test]
fn a_check_that_never_returns_is_named() {
    for place in ["new", "record", "finish"] {
        let lab = Lab::with(&judge(place));
        let runner = begin(&lab, &["--timeout", "1s"]);
        said(
            &lab,
            &format!("run 1: `{place}` of check `judge` has not returned within"),
        );
        let (code, errors) = interrupt(&lab, runner);
        assert_eq!(code, Some(130), "{errors}");
    }
}
