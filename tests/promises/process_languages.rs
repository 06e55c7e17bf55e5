//! `process.node` in each language that has a module: Python, JavaScript and Go; and in Perl
//! by a program that was written from the protocol's description alone. For the same random
//! numbers a program writes the same log in all of them, that of a compiled behavior.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use base::random::Random;
use tempfile::TempDir;

use crate::harness::{Answer, Lab, Table};

/// The folder of the programs that come with the scenarios.
const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/programs");

/// A language with a module for nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python,
    JavaScript,
    Go,
    /// Without a module, and only the clock machine.
    Perl,
}

/// The languages with a module that are installed; with `CI` set, all must be.
fn languages() -> impl Iterator<Item = Language> {
    use Language::{Go, JavaScript, Python};
    [Python, JavaScript, Go].into_iter().filter(is_installed)
}

fn is_installed(language: &Language) -> bool {
    let (program, arguments) = match language {
        Language::Python => ("python3", &["--version"][..]),
        Language::JavaScript => ("node", &["--version"][..]),
        Language::Go => ("go", &["version"][..]),
        Language::Perl => ("perl", &["-MJSON::PP", "-MMath::BigInt", "-e", "1"][..]),
    };
    let asked = Command::new(program).args(arguments).output();
    let found = asked.is_ok_and(|asked| asked.status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "there is no {program}"
    );
    found
}

/// Programs in Go, built once for all tests.
static BUILT: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let own = |name: &str| folder.path().join(name);
    for name in ["runner", "echo", "clock", "mutex"] {
        let name = format!("{name}_node.go");
        fs::copy(Path::new(PROGRAMS).join(&name), own(&name)).unwrap();
    }
    fs::write(own("draws_node.go"), DRAWS_IN_GO).unwrap();
    for name in ["echo_node", "clock_node", "mutex_node", "draws_node"] {
        let built = Command::new("go")
            .args(["build", "-o", name, "runner_node.go"])
            .arg(format!("{name}.go"))
            .current_dir(folder.path())
            .env("GOCACHE", own("cache"))
            .env("GOPATH", own("path"))
            .env("GOFLAGS", "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{name}: {said}");
    }
    folder
});

impl Language {
    /// The words that start a program which is in the folder of the scenario.
    fn command(self, name: &str) -> String {
        let built = || BUILT.path().join(name).display().to_string();
        match self {
            Language::Python => format!("[\"python3\", \"{name}.py\"]"),
            Language::JavaScript => format!("[\"node\", \"{name}.mjs\"]"),
            Language::Go => format!("[\"{}\"]", built()),
            Language::Perl => format!("[\"perl\", \"{name}.pl\"]"),
        }
    }
}

/// A scenario, with the programs beside it.
fn lab(scenario: &str) -> Lab {
    let lab = Lab::with(scenario);
    for file in fs::read_dir(PROGRAMS).unwrap() {
        let path: PathBuf = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() {
            fs::copy(&path, lab.path(name)).unwrap();
        }
    }
    lab.write("clock_node.pl", CLOCK_IN_PERL);
    lab.write("echo_by_module.mjs", ECHO_BY_MODULE);
    lab.write("draws_node.py", DRAWS_IN_PYTHON);
    lab.write("draws_node.mjs", DRAWS_IN_JAVASCRIPT);
    lab
}

fn run(lab: &Lab, more: &[&str]) -> Answer {
    let _ = fs::remove_dir_all(lab.path("out"));
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat())
}

/// Clock machines of a behavior, with loss, duplicates and a crash.
fn machines(behavior: &str, count: u32, config: &str) -> Lab {
    lab(&format!(
        "name = \"machines\"\nduration = \"20s\"\nruns = 2\nseed = 9\n\
         [nodes.machine]\ncount = {count}\nbehavior = \"{behavior}\"\n\
         tick_rate = {{ uniform_int = [1, 6] }}\nconfig = {{ {config} }}\n\
         [[links]]\nbetween = [\"machine\", \"machine\"]\nloss = 0.1\nduplicate = 0.1\n\
         latency = {{ uniform = [\"1ms\", \"900ms\"] }}\n\
         [[faults]]\nat = \"7s\"\ncrash = \"machine-2\"\nfor = \"3s\"\n"
    ))
}

#[test]
fn a_clock_machine_in_each_language_writes_the_bytes_of_the_compiled_one() {
    let words = "columns = [{ name = \"clock\", kind = \"u64\" }], events = [\"internal\"]";
    for (count, keys, all_jobs) in [
        (3, "script = [1, 2, 3, 4, 9, 3]", &["1", "2"][..]),
        (2, "", &["1"]),
        (5, "faces = 4", &["2"]),
    ] {
        let comma = if keys.is_empty() { "" } else { ", " };
        let config = format!("encoding = \"text\"{comma}{keys}");
        let compiled = machines("clock.machine", count, &config);
        run(&compiled, &[]).passes();
        for language in languages().chain([Language::Perl].into_iter().filter(is_installed)) {
            let program = language.command("clock_node");
            let config = format!("program = {program}, {words}, parameters = {{ {keys} }}");
            let machines = machines("process.node", count, &config);
            for jobs in all_jobs {
                run(&machines, &["--jobs", jobs]).passes();
                assert_eq!(
                    machines.files("out/runs"),
                    compiled.files("out/runs"),
                    "{count} machines in {language:?}, {keys}, {jobs} jobs"
                );
            }
        }
    }
}

#[test]
fn the_mutex_of_each_language_writes_the_same_bytes() {
    let scenario = fs::read_to_string(Path::new(PROGRAMS).join("../process-mutex.toml")).unwrap();
    let lab = lab(&scenario.replace("programs/", ""));
    let mut first = None;
    for language in languages() {
        let program = format!(
            "nodes.node.config.program={}",
            language.command("mutex_node")
        );
        run(&lab, &["--runs", "3", "--set", &program]).passes();
        let files = lab.files("out/runs");
        assert_eq!(
            first.get_or_insert_with(|| files.clone()),
            &files,
            "{language:?}"
        );
    }
}

#[test]
fn a_message_that_is_no_text_arrives_and_goes_back_unchanged() {
    let programs = languages().flat_map(|language| {
        let more = (language == Language::JavaScript).then_some("echo_by_module");
        ["echo_node"]
            .into_iter()
            .chain(more)
            .map(move |name| language.command(name))
    });
    for program in programs {
        let scenario = format!(
            "name = \"echo\"\nduration = \"1s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
             config = {{ texts = [\"plain\", \"h\\u00e9 \\\"quoted\\\" \\\\ line\\nend <&>\", \"\"], EXPECTED }}\n\
             [nodes.server]\nbehavior = \"process.node\"\nconfig = {{ program = {program} }}\n\
             [[links]]\nfrom = \"server\"\nto = \"client\"\n[[links]]\nfrom = \"client\"\nto = \"server\"\n"
        );
        let lab = lab(&scenario.replace("EXPECTED", "expect = \"same\""));
        run(&lab, &[]).passes();
        let replies = lab
            .table("out/runs/0001/client.csv")
            .only("event", "receive");
        assert_eq!(replies.rows.len(), 3, "{program}");
        // With corrupted bytes a message may be no UTF-8: it comes back as it was.
        let any = scenario.replace("EXPECTED", "expect = \"any\", repeat = 20");
        lab.write("scenario.toml", &format!("{any}corrupt = 1.0\n"));
        run(&lab, &["--runs", "3"]).passes();
        let log = lab.table("out/runs/0001/server.csv");
        let sizes = |event: &str| -> Vec<String> {
            let rows = log.only("event", event);
            rows.texts("bytes").into_iter().map(str::to_owned).collect()
        };
        assert_eq!(sizes("receive").len(), 60, "{program}");
        assert_eq!(sizes("receive"), sizes("send"), "{program}");
    }
}

#[test]
fn the_random_numbers_are_those_of_the_sdk() {
    let columns = [
        ("bits", "u64"),
        ("unit", "f64"),
        ("index", "u64"),
        ("wide", "u64"),
        ("rare", "u64"),
        ("around", "i64"),
        ("chance", "bool"),
    ];
    let columns = columns.map(|(name, kind)| format!("{{ name = \"{name}\", kind = \"{kind}\" }}"));
    // The first is in Python, which can tell its state.
    let mut logs = Vec::new();
    for language in languages() {
        let lab = lab(&format!(
            "name = \"draws\"\nruns = 4\nduration = \"1s\"\n[nodes.node]\n\
             behavior = \"process.node\"\ntick_rate = 1\n[nodes.node.config]\n\
             program = {}\ncolumns = [{}]\n",
            language.command("draws_node"),
            columns.join(", ")
        ));
        run(&lab, &[]).passes();
        for number in 1..=4 {
            let folder = format!("out/runs/000{number}");
            let log = lab.read(&format!("{folder}/node.csv"));
            if language != Language::Python {
                assert_eq!(Some(&log), logs.get(number - 1), "{language:?}");
                continue;
            }
            logs.push(log);
            let state = lab.read(&format!("{folder}/node.log"));
            are_of_the_sdk(&state, &lab.table(&format!("{folder}/node.csv")));
        }
    }
}

/// Whether the draws in a log follow from this state.
fn are_of_the_sdk(state: &str, log: &Table) {
    let words = state.split_whitespace();
    let words: Vec<u64> = words
        .map(|it| u64::from_str_radix(it, 16).unwrap())
        .collect();
    let mut random = Random(words.try_into().unwrap());
    let text = |name: &str| log.texts(name)[0];
    assert_eq!(text("bits"), random.next_u64().to_string());
    assert_eq!(text("unit").parse::<f64>().unwrap(), random.unit());
    assert_eq!(text("index"), random.index(7).to_string());
    assert_eq!(text("wide"), random.uniform_int(0..=u64::MAX).to_string());
    let rare = random.uniform_int(1..=(1 << 63) + 1);
    assert_eq!(text("rare"), rare.to_string());
    let around = random.uniform_int(0..=10) as i64 - 5;
    assert_eq!(text("around"), around.to_string());
    assert_eq!(text("chance"), random.chance(0.5).to_string());
}

const CLOCK_IN_PERL: &str = include_str!("../fixtures/programs/clock_node.pl");

const DRAWS_IN_PYTHON: &str = "\
import runner_node

class Draws(runner_node.Node):
    def start(self):
        self.print(' '.join('%016x' % word for word in self.random._words))
        r = self.random
        self.set(bits=r.next_u64(), unit=r.unit(), index=r.index(7), wide=r.uniform_int(0, 2**64 - 1),
            rare=r.uniform_int(1, 2**63 + 1), around=r.uniform_int(-5, 5), chance=r.chance(0.5))

runner_node.run(Draws)
";

const DRAWS_IN_JAVASCRIPT: &str = "\
import { Node, run } from './runner_node.mjs';

class Draws extends Node {
  start() {
    console.log('to people');
    const r = this.random;
    this.set({
      bits: r.nextU64(), unit: r.unit(), index: r.index(7), wide: r.uniformInt(0n, 2n ** 64n - 1n),
      rare: r.uniformInt(1n, 2n ** 63n + 1n), around: r.uniformInt(-5, 5), chance: r.chance(0.5),
    });
  }
}

run(Draws);
";

const DRAWS_IN_GO: &str = "\
package main

import \"fmt\"

type draws struct{ *Node }

func (d draws) Start() {
	fmt.Println(\"to people\")
	r := d.Random
	d.Set(\"bits\", r.Uint64())
	d.Set(\"unit\", r.Unit())
	d.Set(\"index\", r.Index(7))
	d.Set(\"wide\", r.UniformUint64(0, 1<<64-1))
	d.Set(\"rare\", r.UniformUint64(1, 1<<63+1))
	d.Set(\"around\", r.UniformInt(-5, 5))
	d.Set(\"chance\", r.Chance(0.5))
}

func main() { Run(func(node *Node) Behavior { return draws{node} }) }
";

const ECHO_BY_MODULE: &str = "\
import { Node, run } from './runner_node.mjs';

class Echo extends Node {
  message(sender, text) {
    this.send(sender, text);
  }
}

run(Echo, { resets: true });
";
