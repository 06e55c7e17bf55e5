//! `process.node`: a program in any language is a node like a compiled one. It gets one line
//! for each callback, and what it answers decides its log, byte for byte.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

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
    fs::copy(
        Path::new(PROGRAMS).join("runner_node.py"),
        lab.path("runner_node.py"),
    )
    .unwrap();
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
            "line 2 of the standard output of `python3 program.py`, the answer to `start`: the program \
             set column `n` to -1, expected a whole number from 0",
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
        (
            &["{}", "[[\"fail\", \"\"]]"],
            "the program failed the run, and gave no reason",
        ),
        (
            &["{}", "[]\n[]"],
            "line 3 of the standard output of `python3 program.py`: found `[]`, which is more lines",
        ),
        (
            &["{}\nready"],
            "line 2 of the standard output of `python3 program.py`: found `ready`",
        ),
    ] {
        let lab = python(&answers(lines), columns, "");
        run(&lab, &[]).ends(3).says(&[said, "`node`"]);
    }
    // A line end of another system is none of these.
    let lab = python(&answers(&["{}\r", "[]\r"]), columns, "");
    run(&lab, &[]).passes();
}

#[test]
fn a_program_that_gets_no_processor_fails_no_run() {
    needs_python!();
    // An interpreter starts in a tenth of the limit; at a low priority, and beside programs that
    // compute, in several times as much.
    let lab = python(&answers(&["{}"]), "limit = \"600ms\"", "");
    let text = lab.read("scenario.toml");
    let last = text.replace("[\"python3\"", "[\"nice\", \"-n\", \"12\", \"python3\"");
    lab.write("scenario.toml", &last);
    let over = AtomicBool::new(false);
    let threads = 2 * thread::available_parallelism().map_or(1, usize::from);
    let ended = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let ended = catch_unwind(AssertUnwindSafe(|| run(&lab, &["--check-determinism"])));
        over.store(true, Ordering::Relaxed);
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    });
    ended.passes();
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
            "import os\nwhile True: os.write(2, b'x' * 100000)",
            "",
            &[
                "wrote more than 67108864 bytes to standard error",
                "xxx... (16384 bytes)",
            ],
        ),
        (
            "import os, time\nos.write(1, b'{}')\nos.close(1)\ntime.sleep(60)",
            "",
            &[
                "closed its standard output, runs on, and did not answer `init`; `{}` has no line end",
            ],
        ),
        (
            "import subprocess\nsubprocess.Popen(['sleep', '60'])",
            "limit = \"2s\"",
            &[
                "ended with exit code 0 and did not answer `init` within 2s",
                "a process that it has started holds its standard output open",
            ],
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
    lab.write("scenario.toml", &text.replace("python3", "./file"));
    lab.write("file", "#!/no/interpreter\n");
    run(&lab, &[])
        .ends(3)
        .says(&["it is not executable: chmod +x"]);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(lab.path("file"), executable).unwrap();
    run(&lab, &[])
        .ends(3)
        .says(&["not the interpreter that its first line names"]);
}

#[test]
fn a_program_that_runs_on_after_its_input_has_ended_is_killed_and_fails_its_run() {
    needs_python!();
    let program = "import sys, time\n\
        for line in sys.stdin: print('{}' if 'init' in line else '[]', flush=True)\n\
        time.sleep(60)\n";
    let lab = python(program, "", "");
    run(&lab, &[])
        .ends(3)
        .says(&["the program still ran 2 s after `stop`"]);
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

/// It computes for long once, when it is held on one processor, and ends the run when it is held
/// again. It has another thread, and begins a program while it is held.
const HELD: &str = "\
import json, os, subprocess, sys, threading, time
thread = threading.Thread(target=threading.Event().wait, daemon=True)
thread.start()
begun = None
of = lambda number: len(os.sched_getaffinity(number))
for line in sys.stdin:
    request = json.loads(line)
    processors = of(0)
    effects = []
    if request['type'] == 'tick':
        effects = [['set', 'processors', processors], ['set', 'of_thread', of(thread.native_id)]]
        if begun:
            effects.append(['set', 'of_begun', of(begun.pid)])
        if processors == 1:
            held += 1
            if held == 1:
                begun = subprocess.Popen(['sleep', '1000'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                time.sleep(0.02)
            else:
                effects.append(['stop', 'held again'])
    if request['type'] == 'init':
        held = 0
        effects = {'reset': True}
    if request['type'] == 'stop':
        begun.kill()
        begun.wait()
        begun = None
    print(json.dumps(effects), flush=True)
";

#[test]
fn a_program_that_answers_at_once_runs_beside_the_runner_until_it_computes() {
    needs_python!();
    let all = thread::available_parallelism().unwrap().get().to_string();
    if all == "1" {
        return;
    }
    let column = |name| format!("{{ name = \"{name}\", kind = \"u64\" }}");
    let columns = ["processors", "of_thread", "of_begun"]
        .map(column)
        .join(", ");
    let lab = python(HELD, &format!("columns = [{columns}]"), "runs = 2");
    let text = lab.read("scenario.toml");
    // On a busy machine, many answers are late.
    lab.write("scenario.toml", &text.replace("\"2s\"", "\"100000s\""));
    run(&lab, &["--jobs", "1"]).passes();
    for run in 1..=2 {
        let log = lab.read(&format!("out/runs/000{run}/node.csv"));
        let ticks = log.lines().filter(|row| row.contains(",tick,"));
        let numbers = ticks.map(|row| row.splitn(8, ',').nth(7).unwrap());
        let numbers: Vec<&str> = numbers.collect();
        let spans: Vec<&[&str]> = numbers.chunk_by(|a, b| a == b).collect();
        let found: Vec<&str> = spans.iter().map(|alike| alike[0]).collect();
        // The first answers of the second run are those of a program that is not held.
        let (free, held) = (format!("{all},{all},"), "1,1,".to_owned());
        let expected = [free.clone(), held.clone(), free + &all, held + "1"];
        assert_eq!(found, expected, "{numbers:?}");
        // Sixteen answers, with those to `init` and `start`.
        assert!(spans.iter().step_by(2).all(|free| free.len() >= 14));
    }
}

/// It says on how many processors it may run; `late` never answers at once.
const TELLS: &str = "\
import json, os, sys, time
for line in sys.stdin:
    request = json.loads(line)
    effects = []
    if request['type'] == 'init':
        late = request['node'] == 'late'
        effects = {}
    if request['type'] == 'tick':
        effects = [['set', 'processors', len(os.sched_getaffinity(0))]]
    if late:
        time.sleep(0.002)
    print(json.dumps(effects), flush=True)
";

#[test]
fn a_program_that_is_started_while_another_one_is_held_runs_anywhere() {
    needs_python!();
    let all = thread::available_parallelism().unwrap().get().to_string();
    if all == "1" {
        return;
    }
    // A shell that starts the program is not the one that answers.
    let node = |name: &str, more: &str| {
        format!(
            "[nodes.{name}]\nbehavior = \"process.node\"\n{more}\n[nodes.{name}.config]\n\
             program = [\"sh\", \"-c\", \"python3 program.py; exit 0\"]\n\
             columns = [{{ name = \"processors\", kind = \"u64\" }}]\n"
        )
    };
    let lab = Lab::with(&format!(
        "name = \"p\"\nduration = \"5s\"\n{}{}",
        node("quick", "tick_rate = 1000"),
        node("late", "tick_rate = 10\nstart_at = \"4s\""),
    ));
    lab.write("program.py", TELLS);
    run(&lab, &[]).passes();
    let processors = |node: &str| -> BTreeSet<String> {
        let log = lab.read(&format!("out/runs/0001/{node}.csv"));
        let ticks = log.lines().filter(|row| row.contains(",tick,"));
        let last = |row: &str| row.rsplit(',').next().unwrap().to_owned();
        ticks.map(last).collect()
    };
    assert!(processors("quick").contains("1"));
    assert_eq!(processors("late"), BTreeSet::from([all]));
}
