//! `virtual = "experimental"`: unmodified programs in virtual time.

use crate::harness::{Answer, Lab, has_program, interpreter, needs_python};

/// A node that tells what it sees of time, chance and memory, and works in a thread.
const NODE: &str = r#"
import json, random, sys, threading, time, uuid
lock = threading.Lock()
def say(dest, body):
    with lock: print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)
def later(message):
    time.sleep(random.random() / 100)
    body = message["body"]
    say(message["src"], {"type": "echo_ok", "in_reply_to": body["msg_id"], "at": time.time(),
        "seen": [random.random(), str(uuid.uuid4()), hash("x"), id(object()), list({"a", "b", "c", "d"})]})
for line in sys.stdin:
    message = json.loads(line)
    if message["body"]["type"] == "init":
        me = message["body"]["node_id"]
        say(message["src"], {"type": "init_ok", "in_reply_to": 1})
        print("begins at", time.time(), file=sys.stderr, flush=True)
    else:
        threading.Thread(target=later, args=(message,)).start()
"#;

/// Asks each node in turn, and logs what it says.
const ASKER: &str = r#"
import json, sys, time
def say(dest, body): print(json.dumps({"src": "c1", "dest": dest, "body": body}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message["body"]["type"] == "init":
        say(message["src"], {"type": "init_ok", "in_reply_to": 1})
        for turn in range(6):
            time.sleep(0.5)
            say("n%d" % (turn % 3), {"type": "echo", "msg_id": turn})
    print(time.monotonic(), line, end="", file=sys.stderr, flush=True)
"#;

const NODES: &str = r#"
[nodes.node]
count = 2
command = ["PYTHON", "node.py"]
protocol = "maelstrom"
virtual = "experimental"
[nodes.asker]
command = ["PYTHON", "asker.py"]
protocol = "maelstrom"
virtual = "experimental"
ids = "c1"
exit = "any"
[[links]]
between = ["asker", "node"]
latency = { uniform = ["1ms", "9ms"] }
"#;

fn lab(nodes: &str, more: &str) -> Lab {
    let nodes = nodes.replace("PYTHON", interpreter());
    let lab = Lab::with(&format!(
        "name = \"v\"\nduration = \"10s\"\nseed = 7\n{nodes}{more}"
    ));
    lab.write("node.py", NODE);
    lab.write("asker.py", ASKER);
    lab
}

fn run(lab: &Lab, out: &str, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", out];
    lab.runner(&[&arguments[..], more].concat())
}

#[test]
fn a_run_is_the_same_to_the_byte_however_it_is_made() {
    needs_python!();
    let crash =
        "[[faults]]\nat = \"1200ms\"\nfor = \"100ms\"\ncrash = [\"node-1\"]\nrequired = true\n";
    let lab = lab(NODES, crash);
    let lost = "asker sent 2 messages to \"n2\", which is no node that it has a link to: lost";
    run(&lab, "a", &["--runs", "2"]).ends(0).says(&[lost]);
    run(&lab, "b", &["--runs", "2", "--jobs", "2"]).ends(0);
    run(&lab, "c", &["--runs", "2", "--isolate"]).ends(0);
    let runs = lab.files("a/runs");
    assert_eq!(runs, lab.files("b/runs"));
    assert_eq!(runs, lab.files("c/runs"));
    let repeats = lab.table("a/verdicts.csv").only("judge", "repeats");
    assert_eq!(repeats.texts("verdict"), ["passed", "passed"]);
    let said = lab.read("a/runs/0001/asker.log");
    assert_eq!(said.matches("echo_ok").count(), 4, "{said}");
    assert!(said.contains("a message to \"n2\" is lost"), "{said}");
    let other = lab.read("a/runs/0002/asker.log");
    assert_ne!(said, other, "each run draws its own random bytes");
    // The node that crashed was started anew, at its time.
    let begins = lab.read("a/runs/0001/node-1.log");
    assert_eq!(begins, "begins at 1600000000.0\nbegins at 1600000001.3\n");
}

#[test]
fn its_clock_is_its_nodes_and_its_waits_are_by_that_clock() {
    needs_python!();
    let nodes = NODES.replace("ids = ", "drift = 100_000\noffset = \"1s\"\nids = ");
    let lab = lab(&nodes, "");
    run(&lab, "out", &[]).ends(0);
    let sends = lab.table("out/runs/0001/asker.csv").only("event", "send");
    // It sleeps half a second of a clock that is a tenth too fast; a wait ends a microsecond late.
    let first = sends.numbers("time_ns")[0];
    assert!((454_546_000.0..454_547_000.0).contains(&first), "{first}");
    let log = lab.read("out/runs/0001/asker.log");
    assert!(
        log.contains("\n1004.000006 "),
        "six sleeps after 1 s: {log}"
    );
}

#[test]
fn the_same_scenario_runs_in_real_time() {
    needs_python!();
    let lab = lab(&NODES.replace("0.5", "0.01"), "");
    lab.write(
        "asker.py",
        &ASKER.replace("0.5", "0.01").replace(
            "print(time",
            "if turn == 5 and message['body'].get('in_reply_to') == 4: break\n    print(time",
        ),
    );
    let real = ["--time", "real", "--set", "nodes.asker.ends_run=true"];
    run(&lab, "out", &real).ends(0);
    let log = lab.read("out/runs/0001/asker.log");
    assert!(
        !log.contains("1600000000"),
        "its clock is the real one: {log}"
    );
}

#[test]
fn a_program_may_ask_a_service_before_it_answers_init() {
    needs_python!();
    let lab = lab(
        r#"
[nodes.node]
command = ["PYTHON", "asks.py"]
protocol = "maelstrom"
virtual = "experimental-once"
init_within = "20s"
exit = "success"
[nodes.store]
command = ["PYTHON", "node.py"]
protocol = "maelstrom"
virtual = "experimental-once"
ids = "store"
[[links]]
between = ["node", "store"]
latency = "30ms"
"#,
        "",
    );
    lab.write(
        "asks.py",
        r#"
import json, sys
def say(dest, body): print(json.dumps({"src": "n0", "dest": dest, "body": body}), flush=True)
greeter = json.loads(sys.stdin.readline())["src"]
say("store", {"type": "echo", "msg_id": 7})
print(json.loads(sys.stdin.readline())["body"]["in_reply_to"], file=sys.stderr)
say(greeter, {"type": "init_ok", "in_reply_to": 1})
"#,
    );
    run(&lab, "held", &[]).ends(0);
    let real = ["--time", "real", "--set", "nodes.node.ends_run=true"];
    run(&lab, "real", &real).ends(0);
    for out in ["held", "real"] {
        let log = lab.read(&format!("{out}/runs/0001/node.log"));
        assert!(log.starts_with("7\n"), "{out}: {log}");
    }
}

#[test]
fn what_does_not_repeat_is_said() {
    needs_python!();
    let lab = lab(NODES, "");
    // What it reads of the machine is not the run's.
    lab.write(
        "node.py",
        &NODE.replace(
            "\"at\": time.time()",
            "\"at\": open('/proc/self/schedstat').read()",
        ),
    );
    run(&lab, "out", &[]).ends(1).says(&[
        "virtual time, not repeatable: done twice, it differs: ",
        "the second is kept in ",
    ]);
    let verdicts = lab.table("out/verdicts.csv").only("judge", "repeats");
    assert_eq!(verdicts.texts("verdict"), ["failed"]);
    assert!(verdicts.texts("reason")[0].starts_with("virtual time, not repeatable: "));
    let once = ["nodes.node", "nodes.asker"].map(|it| format!("{it}.virtual=experimental-once"));
    run(&lab, "once", &["--set", &once[0], "--set", &once[1]])
        .ends(0)
        .says(&["done once (`experimental-once`): whether the run repeats is not known"]);
}

#[test]
fn a_failure_of_the_second_execution_alone_is_told() {
    needs_python!();
    let lab = lab(NODES, "");
    // The first execution leaves a file; the second ends where it is.
    let leaves = "import os, sys\nmark = os.environ['RUNNER_NODE'] + '.mark'\nif os.path.exists(mark): sys.exit('it was here')\nopen(mark, 'w')\n";
    lab.write("node.py", &format!("{leaves}{NODE}"));
    run(&lab, "out", &[]).ends(1).says(&[
        "virtual time, not repeatable: done twice, it differs: ",
        "failure of the first:  none",
        "failure of the second: node `",
        "it was here",
    ]);
}

#[test]
fn a_program_that_cannot_be_held_is_told_why() {
    needs_python!();
    let init = "import sys, os, time; sys.stdin.readline(); print('last words', file=sys.stderr)\n";
    let programs = [
        (
            "import socket; socket.socket()",
            "it calls `socket` (a connection to elsewhere)",
        ),
        (
            "import subprocess; subprocess.run(['true'])",
            "fork` (another process)",
        ),
        (
            "import signal; signal.alarm(1)",
            "it calls `alarm` (a timer that interrupts)",
        ),
        (
            "print('ready')",
            "line 1 of its standard output is no message",
        ),
        ("sys.stdin.readline()", "it waits for more input"),
        (
            "time.sleep(99)",
            "it did not answer `init` with `init_ok` within 2s (`init_within`)",
        ),
        (
            "sys.exit(4)",
            "its program ended (exit status: 4), and `exit` is \"never\"",
        ),
    ];
    for (index, (what, said)) in programs.into_iter().enumerate() {
        let lab = lab(
            "[nodes.node]\ncommand = [\"PYTHON\", \"node.py\"]\nprotocol = \"maelstrom\"\nvirtual = \"experimental-once\"\ninit_within = \"2s\"\n",
            "",
        );
        lab.write("node.py", &format!("{init}{what}\n"));
        let said = said.replace("fork`", if index == 1 { "`" } else { "fork`" });
        run(&lab, "out", &[])
            .ends(3)
            .says(&["node `node` failed in `", "last words", &said]);
    }
}

#[test]
fn a_missing_program_is_named() {
    let lab = Lab::with(
        "name = \"v\"\nduration = \"1s\"\n[nodes.node]\ncommand = [\"no-such-interpreter\", \"node.py\"]\nprotocol = \"maelstrom\"\nvirtual = \"experimental\"\n",
    );
    run(&lab, "out", &[])
        .ends(3)
        .says(&["`no-such-interpreter` cannot be started: No such file"]);
}

/// Answers with the time after a wait, in JavaScript and Ruby.
const IN_JAVASCRIPT: &str = r#"
const lines = require('readline').createInterface({ input: process.stdin });
let me;
const say = (dest, body) => console.log(JSON.stringify({ src: me, dest, body }));
lines.on('line', line => {
  const { src, body } = JSON.parse(line);
  if (body.type === 'init') { me = body.node_id; say(src, { type: 'init_ok', in_reply_to: 1 }); return; }
  setTimeout(() => say(src, { type: 'echo_ok', in_reply_to: body.msg_id, at: Date.now(), seen: Math.random() }), 20);
});
"#;

const IN_RUBY: &str = r#"
require 'json'
STDOUT.sync = true
lock = Mutex.new
me = nil
say = ->(dest, body) { lock.synchronize { puts JSON.dump({ src: me, dest: dest, body: body }) } }
while line = STDIN.gets
  message = JSON.parse(line)
  src, body = message['src'], message['body']
  if body['type'] == 'init'
    me = body['node_id']
    say.(src, { type: 'init_ok', in_reply_to: 1 })
  else
    Thread.new(src, body) do |to, asked|
      sleep 0.02
      say.(to, { type: 'echo_ok', in_reply_to: asked['msg_id'], at: Time.now.to_f, seen: [rand, 'x'.hash] })
    end
  end
end
"#;

#[test]
fn programs_in_javascript_and_ruby_are_held_as_well() {
    needs_python!();
    let languages = [("node", "n.js", IN_JAVASCRIPT), ("ruby", "n.rb", IN_RUBY)];
    for (language, file, text) in languages {
        if !has_program(language) {
            continue;
        }
        let command = format!("command = [\"{language}\", \"{file}\"]");
        let nodes = NODES.replacen("command = [\"PYTHON\", \"node.py\"]", &command, 1);
        let lab = lab(&nodes, "");
        lab.write(file, text);
        run(&lab, "out", &[]).ends(0);
        let said = lab.read("out/runs/0001/asker.log");
        assert_eq!(said.matches("echo_ok").count(), 4, "{language}: {said}");
        assert!(said.contains("160000000"), "{language}: {said}");
        let seen = lab.table("out/runs/0001/node-1.csv").only("event", "send");
        assert!(!seen.texts("time_ns").is_empty());
    }
}

#[test]
fn the_key_is_checked_before_anything_runs() {
    let lab = Lab::with(
        r#"
name = "v"
duration = "1s"
[nodes.a]
command = ["python3", "a.py"]
virtual = "experimental"
[nodes.b]
command = ["python3", "a.py"]
protocol = "maelstrom"
[nodes.c]
command = ["python3", "a.py"]
protocol = "maelstrom"
virtual = "yes"
[nodes.d]
command = ["python3", "a.py"]
protocol = "maelstrom"
virtual = "experimental"
ids = "d0"
ends_run = true
tick_rate = 1
"#,
    );
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "`virtual` without `protocol`",
        "`command` in virtual time: a program runs only in real time",
        "or write `virtual = \"experimental\"` beside `protocol`",
        "`virtual` is \"yes\"",
        "`ends_run` in virtual time: a run ends when nothing is left to happen",
        "`tick_rate` and `command` contradict each other",
    ]);
}
