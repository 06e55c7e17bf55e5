//! `protocol = "maelstrom"`: programs that speak Maelstrom's protocol are nodes, in real time.
//!
//! The client is such a program, too: it asks, and what it finds out stands in its log.

use crate::harness::{Answer, Lab, needs_python};

/// What the programs of these tests share: messages in and out, and the answer to `init`.
const PROTOCOL: &str = r#"
import json, os, sys

def log(*words):
    print(*words, file=sys.stderr, flush=True)

def write(line, end="\n"):
    sys.stdout.buffer.write((line + end).encode()); sys.stdout.buffer.flush()

def say(dest, body, end="\n"):
    write(json.dumps({"src": me, "dest": dest, "body": body}), end)

def listen():
    global me
    for line in sys.stdin:
        message = json.loads(line)
        body = message["body"]
        if body["type"] in ("init", "topology"):
            me = body.get("node_id") or me
            log(body["type"], json.dumps(body.get("node_ids", body.get("topology"))))
            say(message["src"], {"type": body["type"] + "_ok", "in_reply_to": body["msg_id"]})
        yield message["src"], body
"#;

/// Answers `echo`, to whoever asks, with a line end of Windows; `pass` is passed on to the
/// next node, which answers the client itself.
const NODE: &str = r#"
import protocol
from protocol import *
for src, body in listen():
    if body["type"] == "echo":
        say(src, {"type": "echo_ok", "in_reply_to": body["msg_id"], "text": body["text"]}, "\r\n")
    if body["type"] == "pass":
        *on, last = body["to"]
        kind = {"type": "pass", "to": on, "msg_id": body["msg_id"]} if on else {"type": "passed", "by": protocol.me, "in_reply_to": body["msg_id"]}
        say(last, kind)
"#;

fn lab(scenario: &str) -> Lab {
    let head = "name = \"m\"\ntime = \"real\"\nduration = \"30s\"\n";
    let lab = Lab::with(&format!("{head}{scenario}"));
    lab.write("protocol.py", PROTOCOL);
    lab.write("node.py", NODE);
    lab
}

fn run(lab: &Lab, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat())
}

#[test]
fn its_messages_travel_over_the_links_and_are_in_the_logs() {
    needs_python!();
    let lab = lab(r#"
[nodes.node]
count = 2
command = ["python3", "node.py"]
protocol = "maelstrom"
init_within = "60s"
topology = "line"
[nodes.other]
command = ["python3", "node.py"]
protocol = "maelstrom"
init_within = "60s"
ids = "n2"
[nodes.asker]
command = ["python3", "asker.py"]
protocol = "maelstrom"
init_within = "60s"
ids = "c1"
exit = "success"
ends_run = true
[nodes.apart]
command = ["python3", "node.py"]
protocol = "maelstrom"
init_within = "60s"
ids = "apart"
[[links]]
between = ["node", "other"]
latency = "30ms"
[[links]]
between = ["node", "node"]
latency = "30ms"
[[links]]
between = ["asker", "node"]
[[links]]
between = ["asker", "other"]
"#);
    lab.write(
        "asker.py",
        r#"
from protocol import *
asked = 0
for src, body in listen():
    if body["type"] == "init":
        # Before the run begins: this is sent at time 0.
        say("n0", {"type": "echo", "msg_id": 1, "text": "h\u00e9"})
        continue
    log(src, json.dumps(body, ensure_ascii=False))
    if body["type"] == "echo_ok":
        say("n1", {"type": "pass", "to": ["c1", "n0", "n2"], "msg_id": 2})
    if body.get("by") == "n0":
        for dest in ["n9", "n9", "apart"]:
            say(dest, {"type": "echo", "msg_id": 3, "text": ""})
        say("c1", {"type": "passed", "by": "itself"})
    if body.get("by") == "itself":
        break
"#,
    );
    run(&lab, &[]).ends(0).says(&[
        "asker sent 2 messages to \"n9\", which is no node that it has a link to: lost",
        "asker sent 1 message to \"apart\", which is no node that it has a link to: lost",
    ]);
    let log = lab.read("out/runs/0001/asker.log");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "init [\"c1\"]",
            "n0 {\"type\": \"echo_ok\", \"in_reply_to\": 1, \"text\": \"h\u{e9}\"}",
            "n0 {\"type\": \"passed\", \"by\": \"n0\", \"in_reply_to\": 2}",
            "a message to \"n9\" is lost, which is the id of no node (the ids here: n0, n1, n2, c1, apart)",
        ],
        "{log}"
    );
    assert!(
        log.contains("a message to \"apart\" is lost, a node that it has no link to"),
        "{log}"
    );
    assert!(
        log.contains("c1 {\"type\": \"passed\", \"by\": \"itself\"}"),
        "{log}"
    );
    // Groups whose ids begin alike are one cluster; a topology is told to who wants it.
    let told = lab.read("out/runs/0001/node-2.log");
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(
        told,
        [
            "init [\"n0\", \"n1\", \"n2\"]",
            "topology {\"n0\": [\"n1\"], \"n1\": [\"n0\", \"n2\"], \"n2\": [\"n1\"]}",
        ]
    );
    assert_eq!(
        lab.read("out/runs/0001/other.log").trim_end(),
        "init [\"n0\", \"n1\", \"n2\"]"
    );
    // A message is in both logs under one number, later by what its link takes.
    let [sent, taken] = [("node-2", "send"), ("other", "receive")].map(|(node, event)| {
        let rows = lab
            .table(&format!("out/runs/0001/{node}.csv"))
            .only("event", event);
        assert_eq!(rows.rows.len(), 1, "{node}");
        let time: u64 = rows.texts("time_ns")[0].parse().unwrap();
        (
            rows.texts("message")[0].to_owned(),
            rows.texts("bytes")[0].to_owned(),
            time,
        )
    });
    assert_eq!((&sent.0, &sent.1), (&taken.0, &taken.1));
    let body = r#"{"type": "pass", "to": ["c1", "n0"], "msg_id": 2}"#;
    assert_eq!(sent.1, body.len().to_string());
    assert!(taken.2 >= sent.2 + 30_000_000, "{sent:?} {taken:?}");
    let asker = lab.table("out/runs/0001/asker.csv");
    let own = asker.only("peer", "asker");
    assert_eq!(own.texts("event"), ["send", "receive"]);
    // Every message that is taken or sent is a step; the end is none.
    assert_eq!(
        asker.texts("step"),
        ["0", "1", "2", "3", "4", "5", "6", "6"]
    );
}

#[test]
fn a_program_begins_late_or_anew_and_a_partition_cuts() {
    needs_python!();
    let lab = lab(r#"
[nodes.node]
count = 2
command = ["python3", "node.py"]
protocol = "maelstrom"
init_within = "60s"
[nodes.late]
command = ["python3", "node.py"]
protocol = "maelstrom"
init_within = "60s"
ids = "late"
start_at = "50ms"
[nodes.asker]
command = ["python3", "asker.py"]
protocol = "maelstrom"
init_within = "60s"
ids = "c1"
exit = "success"
ends_run = true
[[faults]]
at = "1ms"
for = "200ms"
crash = ["node-1"]
[[faults]]
at = "1ms"
for = "1s"
partition = [["node-2"], ["node-1", "asker", "late"]]
"#);
    lab.write(
        "node.py",
        r#"
from protocol import *
with open(os.environ["RUNNER_NODE"] + ".lives", "a") as lives:
    lives.write("x")
    life, count = lives.tell(), 0
for src, body in listen():
    if body["type"] == "count":
        count += 1
        say(src, {"type": "count_ok", "msg_id": 1, "life": life, "count": count})
"#,
    );
    // Asks all nodes, each until it has answered twice, and the first until that is its second life.
    lab.write(
        "asker.py",
        r#"
import select
from protocol import *
answers = {"n0": [], "n1": [], "late": []}
life = 0
heard = listen()
next(heard)
while min(len(of) for of in answers.values()) < 2 or life < 2:
    for node in answers:
        say(node, {"type": "count", "msg_id": 1})
    while select.select([0], [], [], 0.02)[0]:
        src, body = next(heard)
        answers[src].append(body["count"])
        if src == "n0":
            life = body["life"]
        if len(answers[src]) == 1:
            log(src, body["count"])
log("done")
"#,
    );
    // Without a buffer, `select` sees every line.
    lab.write("protocol.py", &PROTOCOL.replace("for line in sys.stdin:", "for line in iter(lambda: readline(), b\"\"):").replace("def log(", "def readline():\n    line = b\"\"\n    while not line.endswith(b\"\\n\"):\n        byte = os.read(0, 1)\n        if not byte:\n            return b\"\"\n        line += byte\n    return line\n\ndef log("));
    run(&lab, &[]).ends(0);
    // Else the run has ended because its time was over.
    assert!(lab.read("out/runs/0001/asker.log").contains("done\n"));
    let crashed = lab.table("out/runs/0001/node-1.csv");
    let events = crashed.texts("event");
    for event in ["start", "crash", "restart", "receive", "send"] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
    // Each life was greeted.
    let greeted = lab.read("out/runs/0001/node-1.log");
    assert_eq!(
        greeted.trim_end(),
        "init [\"n0\", \"n1\"]\ninit [\"n0\", \"n1\"]"
    );
    let late = lab.table("out/runs/0001/late.csv");
    let start = late.only("event", "start").numbers("time_ns")[0];
    assert!(start >= 50e6, "{start}");
    let cut = lab.table("out/runs/0001/node-2.csv");
    assert!(cut.texts("event").contains(&"drop"));
    assert!(cut.texts("event").contains(&"receive"));
}

/// What a program can do wrong, by its first argument, and what the runner says of it.
const WRONG: [(&str, &[&str]); 9] = [
    (
        "hello",
        &[
            "line 2 of its standard output is no message: it is not JSON: expected value at column 1",
            "found: Starting",
            "logs belong on standard error",
        ],
    ),
    ("src", &["`src` is \"n9\", and this node is \"n0\""]),
    ("body", &["`body` is text, expected an object"]),
    ("bytes", &["byte 2 is not UTF-8"]),
    (
        "long",
        &["line 2 of its standard output is longer than 10240 bytes (`max_message`)"],
    ),
    (
        "dies",
        &[
            "its program ended (exit status: 7), and `exit` is \"never\"",
            "the last lines that it wrote to standard error:",
            "no disk",
        ],
    ),
    (
        "refuses",
        &[
            "it answered `init` with what is no `init_ok`: {\"type\":\"error\"",
            "error 11 is temporarily-unavailable",
        ],
    ),
    (
        "mute",
        &[
            "it did not answer `init` with `init_ok` within 1s (`init_within`)",
            "does it flush its output after each line?",
        ],
    ),
    (
        "unfinished",
        &[
            "its standard output ended within line 2",
            "found: {\"src\":",
        ],
    ),
];

#[test]
fn what_a_program_does_wrong_is_named() {
    needs_python!();
    let axis = |of: fn(&str) -> String| {
        let values: Vec<String> = WRONG.iter().map(|(how, _)| of(how)).collect();
        values.join(", ")
    };
    let commands = axis(|how| format!("[\"python3\", \"wrong.py\", \"{how}\"]"));
    // Others may take their time to start.
    let patience = axis(|how| if how == "mute" { "\"1s\"" } else { "\"60s\"" }.to_owned());
    let lab = lab(&format!(
        "[nodes.node]\ncommand = [\"python3\"]\nprotocol = \"maelstrom\"\nmax_message = \"10KiB\"\n\
         [matrix]\nzip = [[\"how\", \"patience\"]]\n\
         [matrix.axes.how]\npath = \"nodes.node.command\"\nvalues = [{commands}]\n\
         [matrix.axes.patience]\npath = \"nodes.node.init_within\"\nvalues = [{patience}]\n"
    ));
    lab.write(
        "wrong.py",
        r#"
import os, sys
how = sys.argv[1]
out = sys.stdout.buffer
sys.stdin.readline()
if how == "refuses":
    out.write(b'{"src":"n0","dest":"c0","body":{"type":"error","code":11,"in_reply_to":1}}\n')
elif how != "mute":
    out.write(b'{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}\n')
out.write({
    "hello": b"Starting\n",
    "src": b'{"src":"n9","dest":"c0","body":{"type":"x"}}\n',
    "body": b'{"src":"n0","dest":"c0","body":"x"}\n',
    "bytes": b"{\xff}\n",
    "long": b"x" * 20000,
    "unfinished": b'{"src":',
}.get(how, b""))
out.flush()
if how == "dies":
    print("no disk", file=sys.stderr)
    sys.exit(7)
if how == "unfinished":
    sys.exit(0)
sys.stdin.readline()
"#,
    );
    let answer = run(&lab, &["--jobs", "9"]).ends(3);
    for (how, texts) in WRONG {
        let told = answer
            .err
            .split("error: run ")
            .find(|it| it.contains(&format!("wrong.py {how}\n")));
        let told = told.unwrap_or_else(|| panic!("{how}: {}", answer.err));
        for text in texts {
            assert!(told.contains(text), "{how}: {text}\n{told}");
        }
        assert_eq!(told.matches("node `node` failed").count(), 1, "{told}");
    }
}

#[test]
fn a_flood_is_read_as_fast_as_others_read() {
    needs_python!();
    let lab = lab(r#"
max_buffered = "1MiB"
[nodes.flood]
command = ["python3", "flood.py"]
protocol = "maelstrom"
init_within = "60s"
max_message = "64KiB"
[nodes.deaf]
command = ["python3", "deaf.py"]
protocol = "maelstrom"
init_within = "60s"
max_message = "64KiB"
ids = "deaf"
[[links]]
between = ["flood", "deaf"]
transport = "channel"
"#);
    lab.write(
        "deaf.py",
        "import time\nfrom protocol import *\nfor _ in listen(): time.sleep(60)\n",
    );
    lab.write(
        "flood.py",
        "from protocol import *\nfor _ in listen():\n    \
         for number in range(10**6): say(\"deaf\", {\"type\": \"x\", \"pad\": \"x\" * 10000})\n",
    );
    run(&lab, &["--duration", "2s"]).ends(0);
    let sent = lab.table("out/runs/0001/flood.csv").only("event", "send");
    let sent: f64 = sent.numbers("bytes").iter().sum();
    // A quarter of 1 MiB, a read of 64 KiB beyond, and what pipes hold.
    assert!((2e5..6e5).contains(&sent), "{sent}");
}

#[test]
fn a_missing_interpreter_is_named() {
    let lab = lab("[nodes.node]\ncommand = [\"./node.py\"]\nprotocol = \"maelstrom\"\n");
    lab.write("node.py", "#!/opt/no/such/python\n");
    run(&lab, &[]).ends(2).says(&[
        "cannot be started",
        "it is not executable",
        "chmod +x ./node.py",
    ]);
    lab.shell("chmod +x node.py").passes();
    run(&lab, &[])
        .ends(2)
        .says(&["its first line names the interpreter `/opt/no/such/python`, which is not there"]);
    lab.write("node.py", "#!/usr/bin/env no-such-python\n");
    run(&lab, &[])
        .ends(3)
        .says(&["no-such-python", "exit status: 127"]);
}
