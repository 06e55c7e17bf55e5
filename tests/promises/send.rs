//! `runner send` sends messages to any server and prints the replies; here the server is plain
//! Python (`send/server.py`).

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::harness::{Answer, Lab};

/// A server in Python, started for one test.
struct Server {
    process: Child,
    out: BufReader<ChildStdout>,
    /// Empty if the machine has no IPv6.
    port: String,
}

impl Server {
    fn start(mode: &str) -> Server {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/promises/send/server.py"
        );
        let mut process = Command::new("python3")
            .args([script, mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut port = String::new();
        out.read_line(&mut port).unwrap();
        let port = port.trim().trim_start_matches("none").to_owned();
        Server { process, out, port }
    }

    fn tcp(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    fn udp(&self) -> String {
        format!("udp://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Runs `runner send`, with a timeout that only a reply that never comes reaches.
fn send(arguments: &[&str]) -> Answer {
    let arguments = [&["send", "--timeout", "300s"], arguments].concat();
    Lab::new().runner(&arguments)
}

/// Runs `runner send` with `input` as its standard input.
fn send_lines(input: &str, address: &str, options: &str) -> Answer {
    let lab = Lab::new();
    lab.write("input", input);
    lab.shell(&format!(
        "\"$RUNNER\" send --timeout 300s {address} {options} < input"
    ))
}

#[test]
fn a_message_gets_its_reply_in_each_framing() {
    crate::harness::needs_python!();
    for framing in [
        "decimal10",
        "decimal12",
        "u32be",
        "u64be",
        "typed-u32be",
        "digits-colon",
        "line",
    ] {
        let server = Server::start(framing);
        let address = server.tcp();
        let answer = send(&[&address, "hello, world", "--framing", framing]).passes();
        assert_eq!(answer.out, "HELLO, WORLD\n", "{framing}");
    }
}

#[test]
fn the_default_framing_is_line() {
    crate::harness::needs_python!();
    let server = Server::start("line");
    assert_eq!(send(&[&server.tcp(), "hello"]).passes().out, "HELLO\n");
}

#[test]
fn a_redis_command_is_sent_as_typed() {
    crate::harness::needs_python!();
    let server = Server::start("resp");
    let answer = send(&[&server.tcp(), "get a", "--framing", "resp"]).passes();
    assert_eq!(answer.out, "*2\r\n$5\r\nGET A\r\n:5\r\n\n");
}

#[test]
fn each_line_of_standard_input_is_a_message_on_one_connection() {
    crate::harness::needs_python!();
    let server = Server::start("decimal10");
    let input = "one\n\nthree\nlast";
    let answer = send_lines(input, &server.tcp(), "--framing decimal10").passes();
    assert_eq!(answer.out, "ONE\n\nTHREE\nLAST\n");
}

#[test]
fn a_reply_that_arrives_early_belongs_to_the_next_message() {
    crate::harness::needs_python!();
    let server = Server::start("twice");
    let answer = send_lines("a\nb\n", &server.tcp(), "").passes();
    assert_eq!(answer.out, "a 1\na 2\n");
}

#[test]
fn no_input_is_no_message() {
    crate::harness::needs_python!();
    let server = Server::start("line");
    assert_eq!(send_lines("", &server.tcp(), "").passes().out, "");
}

#[test]
fn a_reply_that_arrives_byte_by_byte_is_whole() {
    crate::harness::needs_python!();
    let server = Server::start("trickle");
    let answer = send(&[&server.tcp(), "hello", "--framing", "decimal10"]).passes();
    assert_eq!(answer.out, "HELLO\n");
}

#[test]
fn a_server_may_reply_while_it_still_receives_ten_megabytes() {
    crate::harness::needs_python!();
    let server = Server::start("stream");
    let message = "x".repeat(10_000_000);
    let answer = send_lines(&message, &server.tcp(), "").passes();
    assert!(answer.out == message.to_uppercase() + "\n");
}

#[test]
fn with_framing_raw_and_an_empty_message_the_greeting_is_printed() {
    crate::harness::needs_python!();
    let server = Server::start("greets");
    let answer = send(&[&server.tcp(), "", "--framing", "raw"]).passes();
    assert_eq!(answer.out, "it is noon\n");
}

#[test]
fn ipv6_addresses_stand_in_brackets() {
    crate::harness::needs_python!();
    let server = Server::start("line6");
    if !server.port.is_empty() {
        let address = format!("tcp://[::1]:{}", server.port);
        assert_eq!(send(&[&address, "hello"]).passes().out, "HELLO\n");
    }
}

#[test]
fn a_datagram_is_a_message() {
    crate::harness::needs_python!();
    let server = Server::start("udp");
    assert_eq!(send(&[&server.udp(), "r"]).passes().out, "R\n");
    let answer = send_lines("r\ng\n\ny\n", &server.udp(), "").passes();
    assert_eq!(answer.out, "R\nG\n\nY\n");
}

#[test]
fn with_no_reply_all_is_sent_and_nothing_is_printed() {
    crate::harness::needs_python!();
    let mut server = Server::start("listens");
    let input = "one line\n".repeat(100_000);
    let answer = send_lines(&input, &server.tcp(), "--no-reply").passes();
    assert_eq!(answer.out, "");
    let mut heard = vec![0; input.len()];
    server.out.read_exact(&mut heard).unwrap();
    assert!(heard == input.as_bytes());
    let mut end = String::new();
    server.out.read_line(&mut end).unwrap();
    assert_eq!(end, "end\n");
    let lights = Server::start("udp-silent");
    assert_eq!(send(&[&lights.udp(), "R", "--no-reply"]).passes().out, "");
}

#[test]
fn with_no_reply_the_replies_do_not_block_sending() {
    crate::harness::needs_python!();
    let server = Server::start("stream");
    // More bytes than the buffers of both ends hold.
    let input = ("x".repeat(9_999) + "\n").repeat(3_000);
    assert_eq!(
        send_lines(&input, &server.tcp(), "--no-reply").passes().out,
        ""
    );
}

#[test]
fn a_refused_connection_is_reported() {
    crate::harness::needs_python!();
    let bound = Server::start("bound");
    let address = bound.tcp();
    let answer = send(&[&address, "hello"]).ends(3);
    let expected = format!("error: {address}: cannot connect: Connection refused");
    let answer = answer.says(&[&expected, "does anything listen there?"]);
    assert_eq!(answer.out, "");
    send(&[&bound.udp(), "hello"]).ends(3).says(&[
        "cannot receive: Connection refused",
        "does anything listen there?",
    ]);
}

#[test]
fn silence_ends_with_the_timeout() {
    crate::harness::needs_python!();
    let server = Server::start("silent");
    let address = server.tcp();
    let short = ["send", &address, "hello", "--timeout", "500ms"];
    let expected = format!("error: {address}: no reply within 500ms\n  `--timeout` waits longer");
    Lab::new().runner(&short).ends(3).says(&[&expected]);
    let lights = Server::start("udp-silent");
    let short = ["send", &lights.udp(), "R", "--timeout", "500ms"];
    Lab::new().runner(&short).ends(3).says(&["no reply within"]);
}

#[test]
fn an_incomplete_reply_is_an_error() {
    crate::harness::needs_python!();
    let server = Server::start("dawdles");
    let address = server.tcp();
    let options = ["hello\n", "--framing", "decimal10", "--timeout", "5s"];
    Lab::new()
        .runner(&[&["send", &address][..], &options].concat())
        .ends(3)
        .says(&["no reply within 5s, but 14 bytes of one that is not whole"]);
    let server = Server::start("breaks-off");
    send(&[&server.tcp(), "hello\n", "--framing", "decimal10"])
        .ends(3)
        .says(&["the reply is not understood: the stream ended within a `decimal10` frame, after 14 of 20 bytes"]);
}

#[test]
fn a_connection_that_closes_without_a_reply_is_an_error() {
    crate::harness::needs_python!();
    let server = Server::start("hangs-up");
    send(&[&server.tcp(), "hello"]).ends(3).says(&[
        "the connection was closed without a reply",
        "`--framing` names another one",
    ]);
}

#[test]
fn a_reply_in_another_framing_is_an_error_with_the_bytes_that_were_found() {
    crate::harness::needs_python!();
    let server = Server::start("web");
    send(&[&server.tcp(), "hello\n", "--framing", "decimal10"])
        .ends(3)
        .says(&[
            "the reply is not understood: `decimal10` header is b\"HTTP/1.1 4\"",
            "`--framing` names another one",
        ]);
}

#[test]
fn a_message_that_the_framing_cannot_carry_is_bad_input() {
    crate::harness::needs_python!();
    let server = Server::start("line");
    send(&[&server.tcp(), "two\nlines"])
        .ends(2)
        .says(&["a `line` message holds a newline at byte 3"]);
    send(&[&server.tcp(), "", "--framing", "typed-u32be"])
        .ends(2)
        .says(&["a type byte and a payload, the message is empty"]);
    let lights = Server::start("udp");
    let large = "x".repeat(70_000);
    send(&[&lights.udp(), &large])
        .ends(3)
        .says(&["cannot send: Message too long"]);
}

#[test]
fn bad_addresses_and_options_are_bad_input() {
    crate::harness::needs_python!();
    for (arguments, expected) in [
        (
            &["127.0.0.1:15000", "hello"][..],
            "expected tcp://HOST:PORT or udp://HOST:PORT",
        ),
        (&["tcp://127.0.0.1", "hello"], "expected a port"),
        (&["tcp://127.0.0.1:0", "hello"], "a port of 1 to 65535"),
        (&["tcp://::1:15000", "hello"], "in brackets"),
        (
            &["tcp://127.0.0.1:1", "hello", "--framing", "decimal11"],
            "decimal10",
        ),
        (
            &["udp://127.0.0.1:1", "hello", "--framing", "line"],
            "a datagram is a message by itself",
        ),
        (
            &["tcp://127.0.0.1:1", "--timeout", "0s"],
            "expected more than 0",
        ),
        (
            &["tcp://127.0.0.1:1", "--timeout", "soon"],
            "expected a duration",
        ),
        (
            &["tcp://127.0.0.1:1", "--timeout", "999 weeks"],
            "at most a year",
        ),
        (&[], "<ADDRESS>"),
    ] {
        let arguments = [&["send"], arguments].concat();
        Lab::new().runner(&arguments).ends(2).says(&[expected]);
    }
}
