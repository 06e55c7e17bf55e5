//! `process.node`: a program in any language is a node like a compiled one. It gets one line
//! for each callback, and what it answers decides its log, byte for byte.

use std::fs;
use std::path::Path;

use base::random::Random;

use crate::harness::{Answer, Lab, needs_python};

/// The folder of the programs that come with the scenarios.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/programs");

/// A scenario with one group of nodes that are a program in Python, beside the module.
fn python(program: &str, config: &str, more: &str) -> Lab {
    let lab = Lab::with(&format!(
        "name = \"p\"\nduration = \"2s\"\nseed = 5\n{more}\n\
         [nodes.node]\nbehavior = \"process.node\"\ntick_rate = 10\n[nodes.node.config]\n\
         program = [\"python3\", \"program.py\"]\n{config}\n"
    ));
    lab.write("program.py", program);
    for name in ["runner_node.py", "clock_node.py", "echo_node.mjs"] {
        fs::copy(Path::new(PROGRAMS).join(name), lab.path(name)).unwrap();
    }
    lab
}

/// A program that answers these texts, one a line, and then `[]` for ever.
fn answers(lines: &[&str]) -> String {
    format!(
        "import sys\nanswers = {lines:?}\nfor line in sys.stdin:\n    \
         print(answers.pop(0) if answers else '[]', flush=True)\n"
    )
}

fn run(lab: &Lab, more: &[&str]) -> Answer {
    let _ = fs::remove_dir_all(lab.path("out"));
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat())
}

/// Three clock machines of a behavior, with loss, duplicates and a crash.
fn machines(behavior: &str, count: u32, config: &str) -> Lab {
    let lab = python("", "", "");
    lab.write(
        "scenario.toml",
        &format!(
            "name = \"machines\"\nduration = \"20s\"\nruns = 3\nseed = 9\n\
             [nodes.machine]\ncount = {count}\nbehavior = \"{behavior}\"\n\
             tick_rate = {{ uniform_int = [1, 6] }}\nconfig = {{ {config} }}\n\
             [[links]]\nbetween = [\"machine\", \"machine\"]\nloss = 0.1\nduplicate = 0.1\n\
             latency = {{ uniform = [\"1ms\", \"900ms\"] }}\n\
             [[faults]]\nat = \"7s\"\ncrash = \"machine-2\"\nfor = \"3s\"\n"
        ),
    );
    lab
}

#[test]
fn a_clock_machine_in_python_writes_the_bytes_of_the_compiled_one() {
    needs_python!();
    let words = "columns = [{ name = \"clock\", kind = \"u64\" }], events = [\"internal\"]";
    for (count, keys) in [
        (3, "script = [1, 2, 3, 4, 9, 3]"),
        (3, ""),
        (2, ""),
        (5, "faces = 4"),
    ] {
        let comma = if keys.is_empty() { "" } else { ", " };
        let compiled = machines(
            "clock.machine",
            count,
            &format!("encoding = \"text\"{comma}{keys}"),
        );
        run(&compiled, &[]).passes();
        let program = machines(
            "process.node",
            count,
            &format!(
                "program = [\"python3\", \"clock_node.py\"], {words}, parameters = {{ {keys} }}"
            ),
        );
        for (out, jobs) in [("out", "1"), ("again", "2")] {
            let options = [
                "scenario.toml",
                "-q",
                "--no-report",
                "--jobs",
                jobs,
                "--out",
                out,
            ];
            program.runner(&options).passes();
            assert_eq!(
                program.files(&format!("{out}/runs")),
                compiled.files("out/runs"),
                "{count} machines, {keys}, {jobs} jobs"
            );
        }
    }
}

#[test]
fn the_random_numbers_are_those_of_the_sdk() {
    needs_python!();
    let program = "import runner_node\n\
        class Draws(runner_node.Node):\n    \
            def start(self):\n        \
                words = ' '.join('%016x' % word for word in self.random._words)\n        \
                self.set(words=words, bits=self.random.next_u64(), unit=self.random.unit(),\n            \
                    index=self.random.index(7), wide=self.random.uniform_int(0, 2**64 - 1),\n            \
                    rare=self.random.uniform_int(1, 2**63 + 1), chance=self.random.chance(0.5))\n\
        runner_node.run(Draws)\n";
    let column = |name: &str, kind: &str| format!("{{ name = \"{name}\", kind = \"{kind}\" }}");
    let columns = [
        column("words", "text"),
        column("bits", "u64"),
        column("unit", "f64"),
        column("index", "u64"),
        column("wide", "u64"),
        column("rare", "u64"),
        column("chance", "bool"),
    ];
    let config = format!("columns = [{}]", columns.join(", "));
    for seed in ["1", "2", "3", "4"] {
        let lab = python(program, &config, "");
        run(&lab, &["--seed", seed]).passes();
        let log = lab.table("out/runs/0001/node.csv");
        let text = |name: &str| log.texts(name)[0].to_owned();
        let words = text("words");
        let words = words
            .split(' ')
            .map(|word| u64::from_str_radix(word, 16).unwrap());
        let words: Vec<u64> = words.collect();
        let mut random = Random(words.try_into().unwrap());
        assert_eq!(text("bits"), random.next_u64().to_string());
        assert_eq!(text("unit").parse::<f64>().unwrap(), random.unit());
        assert_eq!(text("index"), random.index(7).to_string());
        assert_eq!(text("wide"), random.uniform_int(0..=u64::MAX).to_string());
        assert_eq!(
            text("rare"),
            random.uniform_int(1..=(1 << 63) + 1).to_string()
        );
        assert_eq!(text("chance"), random.chance(0.5).to_string());
    }
}

#[test]
fn columns_that_the_config_decides_are_known_to_everything() {
    needs_python!();
    let program = "import runner_node\n\
        class Counter(runner_node.Node):\n    \
            def __init__(self):\n        self.ticks = 0\n    \
            def tick(self):\n        \
                self.ticks += 1\n        \
                self.set(ticks=self.ticks, half=self.ticks / 2, low=self.ticks < 5, word='t%d' % self.ticks, below=-self.ticks)\n        \
                self.record('counted')\n\
        runner_node.run(Counter)\n";
    let config = "columns = [{ name = \"ticks\", kind = \"u64\" }, { name = \"half\", kind = \"f64\" }, \
        { name = \"low\", kind = \"bool\" }, { name = \"word\", kind = \"text\" }, \
        { name = \"below\", kind = \"i64\" }]\nevents = [\"counted\"]\n";
    let judges = "[[expect]]\nmetric = \"ticks_final\"\nequals = 20\n\
        [[expect]]\nmetric = \"counted_count\"\nequals = 20\n\
        [[property]]\nname = \"half\"\nalways = \"ticks == 2 * half and low == (ticks < 5)\"\n";
    let lab = python(program, config, judges);
    let text = lab.read("scenario.toml");
    run(&lab, &[]).passes();
    let log = lab.read("out/runs/0001/node.csv");
    let last_but_stop = log.lines().rev().nth(1).unwrap();
    assert!(
        log.starts_with("time_ns,step,event,peer,message,bytes,queue,ticks,half,low,word,below\n")
    );
    assert_eq!(
        last_but_stop,
        "2000000000,20,counted,,,,0,20,10,false,t20,-20"
    );
    // Another process that plans, and another one that runs, know them as well.
    let options = [
        "scenario.toml",
        "-q",
        "--no-report",
        "--isolate",
        "--out",
        "apart",
    ];
    lab.runner(&options).passes();
    assert_eq!(lab.files("apart/runs"), lab.files("out/runs"));
    lab.write("scenario.toml", &text.replace("2 * half", "2 * hafl"));
    run(&lab, &[])
        .ends(2)
        .says(&["hafl", "did you mean `half`?"]);
}

#[test]
fn a_message_that_is_no_text_arrives_and_goes_back_unchanged() {
    needs_python!();
    for program in [
        "[\"python3\", \"echo_node.py\"]",
        "[\"node\", \"echo_node.mjs\"]",
    ] {
        if program.contains("mjs") && !has_node() {
            continue;
        }
        let lab = python("", "", "");
        fs::copy(
            Path::new(PROGRAMS).join("echo_node.py"),
            lab.path("echo_node.py"),
        )
        .unwrap();
        lab.write(
            "scenario.toml",
            &format!(
                "name = \"echo\"\nduration = \"1s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
                 config = {{ texts = [\"plain\", \"h\\u00e9 \\\"quoted\\\" \\\\ line\\nend\", \"\"], expect = \"same\" }}\n\
                 [nodes.server]\nbehavior = \"process.node\"\nconfig = {{ program = {program} }}\n\
                 [[links]]\nbetween = [\"client\", \"server\"]\ncorrupt = 0.5\n"
            ),
        );
        // With corrupted bytes a message may be no UTF-8: it comes back as it was.
        let text = lab.read("scenario.toml");
        lab.write(
            "scenario.toml",
            &text.replace("corrupt = 0.5", "latency = \"1ms\""),
        );
        run(&lab, &[]).passes();
        assert_eq!(
            lab.table("out/runs/0001/client.csv")
                .only("event", "receive")
                .rows
                .len(),
            3
        );
        lab.write(
            "scenario.toml",
            &text
                .replace("corrupt = 0.5", "corrupt = 1.0")
                .replace("expect = \"same\"", "expect = \"any\", repeat = 20")
                .replace(
                    "between = [\"client\", \"server\"]",
                    "from = \"server\"\nto = \"client\"\n[[links]]\nfrom = \"client\"\nto = \"server\"",
                ),
        );
        run(&lab, &["--runs", "3"]).passes();
        let log = lab.table("out/runs/0001/server.csv");
        let sizes = |event: &str| {
            let rows = log.only("event", event);
            rows.texts("bytes")
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes("receive").len(), 60);
        assert_eq!(sizes("receive"), sizes("send"));
    }
}

/// Whether there is Node.js; with `CI` set, there must be.
fn has_node() -> bool {
    let found = std::process::Command::new("node")
        .arg("--version")
        .output()
        .is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "there is no Node.js"
    );
    found
}

#[test]
fn a_program_that_answers_wrongly_fails_its_run_and_says_what_was_expected() {
    needs_python!();
    let columns = "columns = [{ name = \"n\", kind = \"u64\" }]\nevents = [\"won\"]";
    for (lines, said) in [
        (&["hello"][..], "found `hello`, expected {} or"),
        (&["[]"], "found `[]`, expected {} or"),
        (
            &["{}", "hello"],
            "write what is for people to standard error",
        ),
        (&["{}", ""], "found an empty line"),
        (&["{}", "{}"], "found `{}`, expected a list of effects"),
        (&["{}", "[[\"sned\"]]"], "[\"send\", PEER, TEXT]"),
        (
            &["{}", "[[\"set\", \"m\", 1]]"],
            "no column `m`; key `columns` of its config has: n",
        ),
        (
            &["{}", "[[\"set\", \"n\", -1]]"],
            "set column `n` to -1, expected a whole number from 0",
        ),
        (
            &["{}", "[[\"set\", \"n\", \"1\"]]"],
            "set column `n` to \"1\", expected",
        ),
        (
            &["{}", "[[\"record\", \"lost\"]]"],
            "no word for `event` `lost`; key `events`",
        ),
        (
            &["{}", "[[\"send\", \"nobody\", \"x\"]]"],
            "sent to `nobody`, to which its node has no link",
        ),
        (&["{}", "[[\"fail\", \"as I say\"]]"], "as I say"),
        (
            &["{}", "[[\"reject\", \"no\"]]"],
            "`reject` as an answer to `start`",
        ),
        (&["{}", "[]\n[]"], "more lines than it was asked for"),
    ] {
        let lab = python(&answers(lines), columns, "");
        run(&lab, &[]).ends(3).says(&[said, "`node`"]);
    }
    // A line end of another system is none of these.
    let lab = python(&answers(&["{}\r", "[]\r"]), columns, "");
    run(&lab, &[]).passes();
}

#[test]
fn a_program_that_does_not_answer_is_named_with_its_last_words() {
    needs_python!();
    let quick = "limit = \"300ms\"";
    for (program, config, said) in [
        (
            "import nothing_of_this_name",
            "",
            &["ended with exit code 1", "`init`", "No module named"][..],
        ),
        (
            "import os; os.kill(os.getpid(), 9)",
            "",
            &["ended with signal 9", "wrote nothing to standard error"],
        ),
        (
            "import time; time.sleep(60)",
            quick,
            &["did not answer `init` within 300ms (key `limit`)"],
        ),
        (
            "import sys\nprint('{}', end='')\nsys.stdout.flush()\nsys.stdin.read()",
            quick,
            &["did not answer `init`", "a line end and is flushed"],
        ),
        (
            "import sys\nwhile True: sys.stderr.write('x' * 1000 + '\\n')",
            quick,
            &["did not answer `init` within"],
        ),
        (
            "import sys\nwhile True: sys.stdout.write('x' * 100000)",
            "",
            &["more than 67108864 bytes and no line end"],
        ),
        (
            "import sys\nprint('{}', flush=True)\nsys.stdin.readline()\nsys.stdin.readline()\nsys.exit('good bye')",
            "",
            &[
                "ended with exit code 1 and did not answer `start`",
                "good bye",
            ],
        ),
        (
            "import sys\nprint('{}', flush=True)\nfor line in sys.stdin:\n    if 'stop' in line: print('[]', flush=True); sys.exit(3)\n    if 'init' not in line: print('[]', flush=True)",
            "",
            &["ended with exit code 3 after `stop`"],
        ),
    ] {
        let lab = python(program, config, "");
        run(&lab, &[]).ends(3).says(said).says(&["`node`"]);
    }
    let lab = python("", "", "");
    let text = lab.read("scenario.toml");
    lab.write(
        "scenario.toml",
        &text.replace("python3", "no-such-interpreter"),
    );
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:",
        "there is no program `no-such-interpreter` in the folders of PATH",
    ]);
    lab.write("scenario.toml", &text.replace("python3", "./none"));
    run(&lab, &[])
        .ends(3)
        .says(&["`./none program.py` cannot be started", "No such file"]);
}

#[test]
fn what_it_writes_to_standard_error_is_in_its_log() {
    needs_python!();
    let program = "import runner_node, sys\n\
        class Talks(runner_node.Node):\n    \
            def start(self):\n        \
                print('to people')\n        \
                print('also', file=sys.stderr)\n        \
                self.print('printed')\n        \
                for i in range(3000): print('line', i)\n    \
            def stop(self):\n        print('bye')\n\
        runner_node.run(Talks)\n";
    let lab = python(program, "", "");
    run(&lab, &[]).passes();
    let log = lab.read("out/runs/0001/node.log");
    for words in ["to people", "also", "printed", "line 2999", "bye"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert_eq!(log.lines().count(), 3004);
}

#[test]
fn a_crashed_program_starts_anew_and_has_forgotten_all() {
    needs_python!();
    let program = "import os, runner_node\n\
        class Counts(runner_node.Node):\n    \
            def __init__(self):\n        self.n = 0\n    \
            def start(self):\n        self.set(pid=os.getpid())\n        self.set_timer('t', '100ms')\n    \
            def timer(self, name):\n        \
                self.n += 1\n        self.set(n=self.n)\n        self.set_timer(name, '100ms')\n\
        runner_node.run(Counts)\n";
    let config = "columns = [{ name = \"n\", kind = \"u64\" }, { name = \"pid\", kind = \"u64\" }]";
    let fault = "[[faults]]\nat = \"1050ms\"\ncrash = \"node\"\nfor = \"500ms\"\n";
    let lab = python(program, config, fault);
    run(&lab, &[]).passes();
    let log = lab.table("out/runs/0001/node.csv");
    let n = log.only("event", "timer");
    assert_eq!(
        n.texts("n"),
        [
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "1", "2", "3", "4"
        ]
    );
    let pids: std::collections::BTreeSet<_> = n.texts("pid").into_iter().collect();
    assert_eq!(pids.len(), 2);
    // Nothing that was started is left.
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} runs");
    }
}

#[test]
fn a_program_that_can_begin_anew_serves_the_next_run() {
    needs_python!();
    let program = |resets: &str| {
        format!(
            "import os, runner_node\n\
             class Pid(runner_node.Node):\n    \
                 def start(self):\n        self.set(pid=os.getpid())\n\
             runner_node.run(Pid, resets={resets})\n"
        )
    };
    let config = "columns = [{ name = \"pid\", kind = \"u64\" }]";
    let pids = |resets: &str| {
        let lab = python(&program(resets), config, "");
        run(&lab, &["--runs", "4", "--jobs", "1"]).passes();
        let pid = |run| {
            lab.table(&format!("out/runs/000{run}/node.csv"))
                .texts("pid")[0]
                .to_owned()
        };
        (1..=4).map(pid).collect::<std::collections::BTreeSet<_>>()
    };
    let kept = pids("True");
    assert_eq!(kept.len(), 1);
    assert_eq!(pids("False").len(), 4);
    for pid in kept {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "{pid} runs");
    }
}

#[test]
fn mistakes_in_its_config_have_their_places() {
    let lab = python("", "", "");
    for (config, said) in [
        ("", "no program; expected one with its arguments"),
        ("program = []", "program"),
        (
            "program = [\"python3\"]\nlimit = \"0s\"",
            "expected a longer time",
        ),
        (
            "program = [\"sh\"]\ncolumns = [{ name = \"a b\", kind = \"u64\" }]",
            "\"a b\", expected 1 to 64 letters",
        ),
        (
            "program = [\"sh\"]\ncolumns = [{ name = \"a\", kind = \"u65\" }]",
            "u65",
        ),
        (
            "program = [\"sh\"]\ncolumns = [{ name = \"a\", kind = \"u64\" }, { name = \"a\", kind = \"u64\" }]",
            "`a` is there twice",
        ),
        (
            "program = [\"sh\"]\ncolumns = [{ name = \"queue\", kind = \"u64\" }]",
            "column that every log has",
        ),
        (
            "program = [\"sh\"]\nevents = [\"receive\"]",
            "event that every log has",
        ),
        (
            "program = [\"sh\"]\ncolumns = [{ name = \"latency\", kind = \"u64\" }]",
            "`latency_mean`",
        ),
    ] {
        lab.write(
            "scenario.toml",
            &format!(
                "name = \"p\"\nduration = \"1s\"\n[nodes.node]\nbehavior = \"process.node\"\n\
                 [nodes.node.config]\n{config}\n"
            ),
        );
        for more in [&[][..], &["--isolate"]] {
            lab.runner(&[&["check", "scenario.toml"], more].concat())
                .ends(2)
                .says(&["scenario.toml:", said]);
        }
    }
}

#[test]
fn the_mutex_in_python_holds_and_its_property_finds_a_broken_one() {
    needs_python!();
    let scenario = fs::read_to_string(Path::new(PROGRAMS).join("../process-mutex.toml")).unwrap();
    let mutex = fs::read_to_string(Path::new(PROGRAMS).join("mutex_node.py")).unwrap();
    let lab = Lab::with(&scenario.replace("programs/", ""));
    fs::copy(
        Path::new(PROGRAMS).join("runner_node.py"),
        lab.path("runner_node.py"),
    )
    .unwrap();
    lab.write("mutex_node.py", &mutex);
    run(&lab, &["--runs", "5"]).passes();
    let guard = " and all(clock > own for clock in self.newest.values())";
    assert!(mutex.contains(guard));
    lab.write("mutex_node.py", &mutex.replace(guard, ""));
    run(&lab, &["--runs", "5"]).ends(1).says(&["one at a time"]);
}
