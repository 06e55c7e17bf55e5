//! `stdio`: the standard input and output of a program are its connection to one node.

use crate::harness::{Answer, Lab, Table, needs_python};

/// An echo client, and a program in Python behind its standard input and output.
fn asked(program: &str, stdio: &str, client: &str, more: &str) -> Lab {
    let lab = Lab::with(&format!(
        "name = \"s\"\ntime = \"real\"\nduration = \"20s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
         config = {{ {client} }}\n[nodes.program]\ncommand = [\"python3\", \"-u\", \"program.py\"]\n\
         stdio = \"{stdio}\"\n{more}\n"
    ));
    lab.write("program.py", program);
    lab
}

fn run(lab: &Lab, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat())
}

const ECHO: &str = "import sys\nprint('to people', file=sys.stderr)\n\
    for line in sys.stdin: sys.stdout.write(line)\n";

#[test]
fn lines_go_in_and_out_and_standard_error_is_the_log() {
    needs_python!();
    let texts =
        "texts = [\"one\", \"two\", \"h\u{e9}\"], repeat = 50, expect = \"same\", stop = true";
    let lab = asked(ECHO, "line", texts, "");
    run(&lab, &[]).passes();
    let log = lab.table("out/runs/0001/client.csv");
    assert_eq!(log.only("event", "send").rows.len(), 150);
    assert_eq!(log.only("event", "receive").rows.len(), 150);
    assert_eq!(
        lab.read("out/runs/0001/program.log").trim_end(),
        "to people"
    );
}

#[test]
fn any_framing_separates_its_messages() {
    needs_python!();
    let program = "import struct, sys\ni, o = sys.stdin.buffer, sys.stdout.buffer\n\
        while head := i.read(4):\n    body = i.read(struct.unpack('>I', head)[0])\n    \
        o.write(head + body[::-1])\n    o.flush()\n";
    let lab = asked(
        program,
        "u32be",
        "texts = [\"abc\\ndef\", \"\"], repeat = 20, expect = \"any\", stop = true",
        "",
    );
    run(&lab, &[]).passes();
    let log = lab
        .table("out/runs/0001/client.csv")
        .only("event", "receive");
    assert_eq!(log.texts("bytes"), ["7", "0"].repeat(20));
    // A message that is larger than what a pipe holds, both ways.
    let large = asked(
        "import shutil, sys\nwhile b := sys.stdin.buffer.read1(65536):\n    \
         sys.stdout.buffer.write(b); sys.stdout.buffer.flush()\n",
        "u32be",
        "sizes = [4000000], repeat = 3, expect = \"same\", stop = true",
        "",
    );
    run(&large, &[]).passes();
}

#[test]
fn a_program_that_ends_is_disconnected_and_judged_by_its_exit() {
    needs_python!();
    let once = "import sys\nsys.stdout.write(sys.stdin.readline())\nsys.exit(int(sys.argv[1]) if sys.argv[1:] else 0)\n";
    let texts =
        "texts = [\"a\"], repeat = 3, pause = \"100ms\", expect = \"any\", timeout = \"500ms\"";
    let lab = asked(once, "line", texts, "");
    // Two of three replies never come.
    run(&lab, &["--duration", "8s"])
        .ends(1)
        .says(&["expected replies never came"]);
    let log = lab.table("out/runs/0001/client.csv");
    assert_eq!(log.only("event", "receive").rows.len(), 1);
    let text = lab.read("scenario.toml");
    lab.write(
        "scenario.toml",
        &text.replace("program.py\"", "program.py\", \"3\""),
    );
    let _ = std::fs::remove_dir_all(lab.path("out"));
    run(&lab, &[])
        .ends(3)
        .says(&["ended by itself with exit status: 3"]);
}

#[test]
fn after_a_crash_a_new_process_has_a_new_input() {
    needs_python!();
    let counts = "import sys\nfor n, line in enumerate(sys.stdin, 1): print(n)\n";
    let fault = "[[faults]]\nat = \"1s\"\nfor = \"500ms\"\ncrash = [\"program\"]\n";
    let config = "texts = [\"a\"], rate = 20, repeat = 60, expect = \"any\"";
    let numbers = |duration| {
        let lab = asked(counts, "line", config, fault);
        run(&lab, &["--duration", duration]).ends(0);
        let log = lab.table("out/runs/0001/client.csv");
        let received = log.only("event", "receive").rows.len();
        let sent = log.only("event", "send").rows.len();
        (log, received, sent)
    };
    // On a busy machine, the second process takes long to begin.
    let is_long_enough = |it: &(Table, usize, usize)| it.1 > 20;
    let mut runs = ["3s", "20s"].into_iter().map(numbers);
    let (log, received, sent) = runs.find(is_long_enough).expect("more than 20 replies");
    // The second process counts from 1 again, so it cannot have reached the number of all
    // messages.
    assert!(received < sent, "{received} of {sent}");
    assert!(!log.only("event", "drop").rows.is_empty() || sent > received);
}

#[test]
fn a_program_that_does_not_read_costs_bounded_memory() {
    needs_python!();
    let deaf = "import time\ntime.sleep(60)\n";
    let lab = asked(
        deaf,
        "line",
        "sizes = [1000000], rate = 200, repeat = 400",
        "",
    );
    let text = lab.read("scenario.toml");
    lab.write(
        "scenario.toml",
        &format!("max_buffered = \"64MiB\"\n{text}"),
    );
    run(&lab, &["--duration", "3s"])
        .ends(1)
        .says(&["400 to `client`"]);
    let said = lab.read("out/runs/0001/client.log");
    assert!(
        said.contains("disconnected program: it held the most memory"),
        "{said}"
    );
    // What was not read is lost, and the loss is recorded.
    let lost = lab
        .table("out/runs/0001/program.csv")
        .only("event", "drop")
        .rows
        .len();
    assert!(lost >= 64, "{lost}");
}

#[test]
fn what_contradicts_it_is_said_at_check() {
    let lab = Lab::new();
    let refused = |text: &str, said: &[&str]| {
        lab.write(
            "scenario.toml",
            &format!("name = \"s\"\ntime = \"real\"\nduration = \"1s\"\n{text}"),
        );
        lab.runner(&["check", "scenario.toml"]).ends(2).says(said);
    };
    let echo = "[nodes.a]\nbehavior = \"echo.server\"\n[nodes.b]\nbehavior = \"echo.server\"\n";
    let program = "[nodes.p]\ncommand = [\"cat\"]\nstdio = \"line\"\n";
    refused(
        &format!("{echo}{program}"),
        &[
            "scenario.toml:9:1:",
            "`p` has one connection, its standard input and output, and links to a, b",
        ],
    );
    refused(
        &format!("{echo}{program}[[links]]\nbetween = [\"a\", \"b\"]\n"),
        &["links to none; expected a link to one node"],
    );
    refused(
        &format!(
            "{echo}{program}[nodes.q]\ncommand = [\"cat\"]\n[[links]]\nbetween = [\"p\", \"q\"]\n"
        ),
        &["links to q; expected a link to one node with a behavior"],
    );
    refused(
        &format!("{echo}[nodes.p]\nbehavior = \"echo.server\"\nstdio = \"line\"\n"),
        &["`stdio` without `command`"],
    );
    refused(
        &format!("{echo}{program}external = \"tcp://127.0.0.1:1\"\nframing = \"line\"\n"),
        &["`stdio` and `external` contradict each other"],
    );
    refused(
        &format!("{echo}{program}framing = \"line\"\n"),
        &["`framing` without `external`"],
    );
    refused(
        &format!("{echo}[nodes.p]\ncommand = [\"cat\"]\nstdio = \"fixed:0\"\n"),
        &["fixed"],
    );
    lab.write(
        "scenario.toml",
        &format!("name = \"s\"\ntime = \"real\"\nduration = \"1s\"\n[nodes.a]\nbehavior = \"echo.server\"\n{program}"),
    );
    lab.runner(&["check", "scenario.toml"]).ends(0);
    lab.runner(&["scenario.toml", "--processes"])
        .ends(2)
        .says(&["`p` (`stdio`) are in one process"]);
}

#[test]
fn what_is_no_message_is_said_with_what_was_expected() {
    needs_python!();
    let hello = "import os, sys\nos.write(1, b'hello, I start')\nsys.stdin.read()\n";
    let endless = "import os\nwhile True: os.write(1, b'x' * 100000)\n";
    let torn = "import os\nos.read(0, 7)\nos.write(1, b'\\0\\0\\0\\x09abc')\n";
    let texts = "texts = [\"one\"], expect = \"any\"";
    for (program, stdio, more, said) in [
        (hello, "decimal10", "", "`decimal10` header is"),
        (
            endless,
            "line",
            "max_message = \"64KiB\"\nexit = \"any\"",
            "expected at most 65536",
        ),
        (torn, "u32be", "", "ended within a `u32be` frame"),
    ] {
        // On a busy machine, the program takes long to begin.
        let told = ["500ms", "5s", "60s"].into_iter().find_map(|duration| {
            let lab = asked(program, stdio, texts, more);
            let _ = run(&lab, &["--duration", duration]);
            let log = std::fs::read_to_string(lab.path("out/runs/0001/program.log")).ok()?;
            let mut lines = log.lines();
            let line = lines.find(|line| line.starts_with("its connection is closed"))?;
            Some(line.to_owned())
        });
        let line = told.unwrap_or_else(|| panic!("{stdio}: nothing is said"));
        assert!(line.contains(said), "{line}");
        assert!(
            line.contains("write what is for people to standard error"),
            "{line}"
        );
    }
}
