//! The command against a simulated store: what it sends and prints, and its exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

fn kvclient(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvclient"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs the command against a store that reads `request`, sends `reply` and closes the connection.
fn against(request: &[u8], reply: &'static [u8], arguments: &[&str], input: &[u8]) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut expected = vec![0; request.len()];
    let store = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut expected).unwrap();
        stream.write_all(reply).unwrap();
        expected
    });
    let mut command = kvclient(&[&["--address", &address], arguments].concat());
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let found = store.join().unwrap();
    assert_eq!(
        found.escape_ascii().to_string(),
        request.escape_ascii().to_string()
    );
    output
}

#[track_caller]
fn ends(output: &Output, code: i32, out: &str, err: &str) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(text(&output.stdout), out);
    let found = text(&output.stderr);
    assert!(
        found.contains(err) && (err.is_empty() == found.is_empty()),
        "{found}"
    );
}

#[test]
fn set_and_delete_print_ok_and_get_prints_the_value() {
    let set = against(
        b"        13set foo hello",
        b"         2ok",
        &["set", "foo", "hello"],
        b"",
    );
    ends(&set, 0, "ok\n", "");
    let get = against(
        b"         7get foo",
        b"         5hello",
        &["get", "foo"],
        b"",
    );
    ends(&get, 0, "hello", "");
    let delete = against(
        b"        10delete foo",
        b"         2ok",
        &["delete", "foo"],
        b"",
    );
    ends(&delete, 0, "ok\n", "");
}

#[test]
fn a_value_is_printed_as_it_is_unless_a_person_reads_it() {
    let get = b"\0\0\0\x07get foo";
    let value = b"\0\0\0\x06\x00a\r\n\xff\n";
    let output = against(get, value, &["get", "foo", "--framing", "u32be"], b"");
    assert_eq!(output.stdout, b"\x00a\r\n\xff\n");
}

#[test]
fn options_may_follow_the_command() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let store = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 6]).unwrap();
        stream.write_all(b"1\n").unwrap();
    });
    let output = kvclient(&["get", "--address", &address, "a", "--framing", "line"]).output();
    store.join().unwrap();
    ends(&output.unwrap(), 0, "1", "");
}

#[test]
fn a_dialect_has_its_own_form_of_the_commands() {
    for (dialect, request) in [("colon", "set:k=v w\n"), ("comma", "SET,k,v w\n")] {
        let words = ["--framing", "line", "--dialect", dialect, "set", "k", "v w"];
        ends(
            &against(request.as_bytes(), b"ok\n", &words, b""),
            0,
            "ok\n",
            "",
        );
    }
    let line = ["--framing", "line", "get", "k=v", "--dialect", "colon"];
    ends(
        &kvclient(&line).output().unwrap(),
        2,
        "",
        "the key has a `=`, which ends a key",
    );
    let unknown = kvclient(&["--dialect", "dots", "get", "k"])
        .output()
        .unwrap();
    ends(&unknown, 2, "", "[possible values: space, colon, comma]");
}

#[test]
fn a_value_may_come_from_standard_input() {
    let sent = b"set foo \x00two\nlines\xff";
    let request = [b"\0\0\0\x13", &sent[..]].concat();
    let set = ["--framing", "u32be", "set", "foo"];
    let output = against(&request, b"\0\0\0\x02ok", &set, b"\x00two\nlines\xff");
    ends(&output, 0, "ok\n", "");
}

#[test]
fn with_the_framing_resp_it_speaks_the_redis_protocol() {
    let resp = ["--framing", "resp"];
    let with = |words: &[&'static str]| [&resp[..], words].concat();
    let set = b"*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$1\r\n1\r\n";
    ends(
        &against(set, b"+OK\r\n", &with(&["set", "a b", "1"]), b""),
        0,
        "ok\n",
        "",
    );
    let get = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    ends(
        &against(get, b"$2\r\nhi\r\n", &with(&["get", "a"]), b""),
        0,
        "hi",
        "",
    );
    ends(
        &against(get, b"$-1\r\n", &with(&["get", "a"]), b""),
        1,
        "",
        "not found\n",
    );
    let delete = b"*2\r\n$3\r\nDEL\r\n$1\r\na\r\n";
    ends(
        &against(delete, b":1\r\n", &with(&["delete", "a"]), b""),
        0,
        "ok\n",
        "",
    );
    let error = b"-ERR a value of 9 bytes, at most 5 are kept\r\n";
    let refused = "error: the store refused: ERR a value of 9 bytes, at most 5 are kept\n";
    ends(
        &against(get, error, &with(&["get", "a"]), b""),
        2,
        "",
        refused,
    );
}

#[test]
fn each_failure_has_its_exit_code_and_reason() {
    let get = b"         5get a";
    ends(
        &against(get, b"         9not found", &["get", "a"], b""),
        1,
        "",
        "not found\n",
    );
    let refused = "error: the store refused: a value of 9 bytes\n";
    let error = b"        25error: a value of 9 bytes";
    ends(&against(get, error, &["get", "a"], b""), 2, "", refused);
    let closed = "error: 127.0.0.1:";
    ends(&against(get, b"", &["get", "a"], b""), 3, "", closed);
    ends(
        &against(get, b"", &["get", "a"], b""),
        3,
        "",
        "closed without a reply",
    );
    ends(
        &against(get, b"ok\n", &["get", "a"], b""),
        3,
        "",
        "the reply is malformed",
    );
}

#[test]
fn a_request_that_cannot_be_sent_is_refused_before_a_connection() {
    let run = |arguments: &[&str]| kvclient(arguments).output().unwrap();
    ends(&run(&["get", "a b"]), 2, "", "the key has a space");
    ends(&run(&["set", "", "x"]), 2, "", "the key is empty");
    let line = run(&[
        "--framing",
        "line",
        "--address",
        "127.0.0.1:1",
        "set",
        "a",
        "b\nc",
    ]);
    ends(&line, 2, "", "the command cannot be sent");
    ends(
        &run(&["--framing", "morse", "get", "a"]),
        2,
        "",
        "[possible values: decimal10, ",
    );
    ends(&run(&["fetch", "a"]), 2, "", "unrecognized subcommand");
    ends(&run(&[]), 2, "", "Usage: kvclient");
}

#[test]
fn errors_of_the_connection_contain_a_hint() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = kvclient(&["--address", &free.to_string(), "get", "a"])
        .output()
        .unwrap();
    ends(
        &output,
        3,
        "",
        "does a store listen there? start one, such as `runner scenarios/kv-listen.toml`",
    );
    let output = kvclient(&["--address", "nowhere", "get", "a"])
        .output()
        .unwrap();
    ends(
        &output,
        3,
        "",
        "expected HOST:PORT, such as 127.0.0.1:12345",
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let late = ["--address", &address, "--timeout", "20ms", "get", "a"];
    let output = kvclient(&late).output().unwrap();
    ends(&output, 3, "", "no reply within 20ms");
    let late = ["--address", &address, "--timeout", "20 millis", "get", "a"];
    let output = kvclient(&late).output().unwrap();
    ends(&output, 3, "", "no reply within 20ms");
    let output = kvclient(&["--timeout", "2 parsecs", "get", "a"])
        .output()
        .unwrap();
    ends(&output, 2, "", "`parsecs` is no unit (units: ns, us, ms, s");
}

#[test]
fn a_timeout_of_0_is_a_wrong_option() {
    for timeout in ["0s", "0ms"] {
        let output = kvclient(&["get", "foo", "--timeout", timeout]).output();
        ends(&output.unwrap(), 2, "", "expected more than 0");
    }
}
