//! A plugin that ends its process never makes the runner exit with code 0: not in a
//! callback, a check, a config or while it is loaded. With `--isolate` it costs one run, or
//! is an error of the plugin before anything runs; a plugin that never returns there, too.

use crate::abi::changed_metronome;
use crate::harness::{Answer, Lab};

/// The ways to end a process with exit code 0.
const ENDS: [&str; 5] = [
    "exit",
    "underscore_exit",
    "capital_exit",
    "quick_exit",
    "exit_in_thread",
];

/// Two runs of a node that attacks on its third tick.
fn attacker(how: &str) -> String {
    format!(
        "name = \"ends\"\nruns = 2\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"hostile.attacker\"\ntick_rate = 2\nconfig = {{ how = \"{how}\", at = 3 }}\n"
    )
}

/// Two runs with a check that attacks.
fn judge(how: &str, place: &str) -> String {
    format!(
        "name = \"ends\"\nruns = 2\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"clock.machine\"\ntick_rate = 2\n[[check]]\ncheck = \"hostile.judge\"\n\
         config = {{ how = \"{how}\", in = \"{place}\" }}\n"
    )
}

/// A node that attacks when its config is checked.
fn config(how: &str) -> String {
    format!(
        "name = \"ends\"\nduration = \"3s\"\n[nodes.a]\n\
         behavior = \"hostile.attacks_at_config\"\nconfig = {{ how = \"{how}\" }}\n"
    )
}

/// A node of a plugin that attacks when it is loaded.
const LOADED: &str = "name = \"ends\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"crooked.node\"\n\
    tick_rate = 1\n";

const RUN: [&str; 6] = ["scenario.toml", "-q", "-j1", "--no-report", "--out", "out"];

#[test]
fn a_callback_that_ends_the_process_is_named_and_is_no_success() {
    for how in ENDS {
        let lab = Lab::with(&attacker(how));
        let answer = lab.runner(&RUN).ends(3);
        let told = match how {
            "exit_in_thread" => "error: a thread that a plugin has started",
            _ => "error: run 1: `tick` of node `a` ended the process of the runner",
        };
        answer.says(&[told, "--isolate"]);
        // What was finished before is kept, and the rest can be done.
        assert!(lab.path("out/runs.journal").exists());
        let again = lab.runner(&[&RUN[..], &["--resume"]].concat());
        again.ends(3);
    }
}

#[test]
fn a_check_that_ends_the_process_is_named_and_is_no_success() {
    for place in ["new", "record", "finish"] {
        for how in ["exit", "underscore_exit"] {
            let lab = Lab::with(&judge(how, place));
            let told = format!("run 1: `{place}` of check `judge` ended the process");
            lab.runner(&RUN).ends(3).says(&[&told]);
        }
    }
}

/// Two runs of a plugin in C whose second tick does this.
fn in_c(does: &str) -> Lab {
    let lab = Lab::with(
        "name = \"ends\"\nruns = 2\nduration = \"3s\"\n[nodes.m]\n\
         behavior = \"metronome.node\"\ntick_rate = 2\n",
    );
    let declared = "extern int execl(const char *, const char *, ...), kill(int, int), getpid(void);\n\
                    extern long syscall(long, ...);\nextern void abort(void);\nstruct node {";
    let tick = "    struct node *node = state;\n";
    let source = format!("{tick}    if (node->ticks == 1) {{ {does}; }}\n");
    changed_metronome(
        &lab.path("."),
        &[("struct node {", declared), (tick, &source)],
    );
    lab
}

#[test]
fn a_plugin_that_sends_a_signal_to_its_process_is_no_success() {
    for (does, code) in [
        ("abort()", None),
        ("kill(getpid(), 9)", None),
        ("kill(getpid(), 14)", None),
        ("kill(getpid(), 15)", Some(143)),
        ("kill(getpid(), 2)", Some(130)),
    ] {
        let lab = in_c(does);
        let answer = lab.runner(&[&RUN[..], &["--plugin-path", "."]].concat());
        assert_eq!(answer.code, code, "{does}: {}", answer.err);
    }
}

#[test]
fn no_way_to_end_its_process_is_a_success_with_isolate() {
    for (does, told) in [
        (
            "syscall(231, 0)",
            "its process ended itself with exit code 0 in `tick` of node `m`",
        ),
        (
            "__asm__ volatile(\"syscall\" :: \"a\"(231), \"D\"(0) : \"rcx\", \"r11\")",
            "its process ended itself with exit code 0 in `tick` of node `m`",
        ),
        (
            "execl(\"/bin/true\", \"true\", (char *)0)",
            "its process ended itself with exit code 0 in `tick` of node `m`",
        ),
        (
            "kill(getpid(), 15)",
            "its process was killed by SIGTERM in `tick` of node `m`",
        ),
        (
            "abort()",
            "its process was killed by SIGABRT in `tick` of node `m`",
        ),
    ] {
        // The numbers of system calls are those of this machine.
        if !cfg!(target_arch = "x86_64") && does.contains("syscall") {
            continue;
        }
        let lab = in_c(does);
        let arguments = [&RUN[..], &["--isolate", "--plugin-path", "."]].concat();
        lab.runner(&arguments).ends(3).says(&[told, "(step 2)"]);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"; 2]);
    }
}

/// Runs `check`, `run` and, for a plugin that is loaded, `list`.
fn planned(lab: &Lab, more: &[&str], variable: &str) -> [Answer; 2] {
    let with = |arguments: &[&str]| {
        let mut command = lab.command(&[arguments, more].concat());
        lab.answer(command.env("CROOKED", variable))
    };
    [with(&["check", "scenario.toml"]), with(&RUN)]
}

#[test]
fn a_config_that_ends_the_process_is_named_and_is_no_success() {
    for how in ENDS {
        let lab = Lab::with(&config(how));
        for answer in planned(&lab, &[], "") {
            let told = match how {
                "exit_in_thread" => "error: a thread that a plugin has started",
                _ => "error: the config of behavior `attacks_at_config` ended the process",
            };
            answer.ends(3).says(&[told]);
        }
        assert!(!lab.path("out").exists());
    }
}

#[test]
fn a_plugin_that_ends_the_process_when_it_is_loaded_is_named_and_is_no_success() {
    for how in ["exit", "_exit"] {
        let lab = Lab::with(LOADED);
        for answer in planned(&lab, &[], how) {
            let told = "error: the initialization of plugin `crooked` ended the process";
            answer.ends(3).says(&[told]);
        }
        for arguments in [&["list", "scenario.toml"][..], &["plugins", "crooked"]] {
            let mut command = lab.command(arguments);
            lab.answer(command.env("CROOKED", how)).ends(3);
        }
    }
}

#[test]
fn isolated_planning_reports_a_config_that_ends_its_process() {
    for how in ENDS.into_iter().chain(["kill"]) {
        let lab = Lab::with(&config(how));
        for answer in planned(&lab, &["--isolate"], "") {
            let told = "error: plugin `hostile` did not check the config of \
                `hostile.attacks_at_config`: its process ";
            let how = match how {
                "kill" => "was killed by SIGKILL",
                _ => "ended itself with exit code 0: ",
            };
            answer.ends(3).says(&[&format!("{told}{how}")]);
        }
        assert!(!lab.path("out").exists());
    }
}

#[test]
fn isolated_planning_reports_a_plugin_that_ends_its_process_when_it_is_loaded() {
    for how in ["exit", "_exit"] {
        let lab = Lab::with(LOADED);
        for answer in planned(&lab, &["--isolate"], how) {
            let told = "error: plugin `crooked` did not load: its process ended itself with exit \
                code 0: ";
            answer.ends(3).says(&[told]);
        }
    }
}

#[test]
fn isolated_planning_has_a_time_limit() {
    let limit = ["--isolate", "--timeout", "1s"];
    let told = "its process did not return within 1s: ";
    let lab = Lab::with(&config("loop"));
    for answer in planned(&lab, &limit, "") {
        answer.ends(3).says(&[told]);
    }
    let lab = Lab::with(LOADED);
    for answer in planned(&lab, &limit, "loop") {
        answer.ends(3).says(&[told]);
    }
}

#[test]
fn isolated_planning_reports_all_mistakes_as_usual() {
    let scenario = "name = \"mistakes\"\nduration = \"1s\"\n\
        [nodes.a]\nbehavior = \"clock.machine\"\nconfig = { faces = 0, face = 3 }\n\
        [nodes.b]\nbehavior = \"hostile.nobody\"\n\
        [nodes.c]\nbehavior = \"nothing.nobody\"\n\
        [[check]]\ncheck = \"misbehaving.judges\"\nconfig = { verdict = \"maybe\" }\n";
    let lab = Lab::with(scenario);
    let usual = lab.runner(&["check", "scenario.toml"]).ends(2);
    let apart = lab.runner(&["check", "scenario.toml", "--isolate"]).ends(2);
    assert_eq!(usual.err, apart.err);
    let good = Lab::with(&judge("loop", "new").replace("loop", "print"));
    let usual = good.runner(&["check", "scenario.toml"]).ends(0);
    let apart = good
        .runner(&["check", "scenario.toml", "--isolate"])
        .ends(0);
    assert_eq!((usual.out, usual.err), (apart.out, apart.err));
}
