//! The server through the SDK's test kit: both protocols, limits, crash and restart.

mod redis;

use super::*;
use runner_sdk::testkit::{Effect, Failure, Kit, node, problems};
use std::path::Path;

fn server(config: &str) -> Kit<Server> {
    node::<Server>().peers(["a", "b"]).config(config).create()
}

/// The bytes of the reply, without the record of a refusal.
#[track_caller]
fn reply(server: &mut Kit<Server>, message: impl AsRef<[u8]>) -> Vec<u8> {
    match server.message(0, message).as_slice() {
        [Effect::Sent { bytes, .. }] => bytes.clone(),
        [Effect::Recorded("refused"), Effect::Sent { bytes, .. }] => {
            assert!(bytes.starts_with(b"error: ") || bytes.starts_with(b"-"));
            bytes.clone()
        }
        other => panic!("expected one reply, found {other:?}"),
    }
}

#[track_caller]
fn says(server: &mut Kit<Server>, message: impl AsRef<[u8]>, expected: impl AsRef<[u8]>) {
    let (found, expected) = (reply(server, message), expected.as_ref());
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    assert_eq!(text(&found), text(expected));
}

#[test]
fn a_reply_is_sent_to_the_sender_of_its_command() {
    let mut server = server("");
    assert_eq!(server.message(0, "set foo hello"), [Effect::sent(0, "ok")]);
    assert_eq!(server.message(1, "get foo"), [Effect::sent(1, "hello")]);
    assert_eq!(
        (server.get(KEYS), server.get(STORED_BYTES)),
        (Some(1), Some(8))
    );
    assert_eq!(server.message(1, "delete foo"), [Effect::sent(1, "ok")]);
    assert_eq!(server.message(0, "get foo"), [Effect::sent(0, "not found")]);
    assert_eq!(
        server.message(0, "delete foo"),
        [Effect::sent(0, "not found")]
    );
    assert_eq!(
        (server.get(KEYS), server.get(STORED_BYTES)),
        (Some(0), Some(0))
    );
}

#[test]
fn any_value_is_returned_unchanged() {
    let mut server = server("");
    let all: Vec<u8> = (0..=255).collect();
    for value in [
        &b""[..],
        b" ",
        b"two\nlines\r\n",
        b"not found",
        b"*1\r\n",
        &all,
    ] {
        says(&mut server, [b"set k ", value].concat(), "ok");
        says(&mut server, "get k", value);
    }
}

#[test]
fn a_message_that_is_not_a_command_is_refused_and_recorded() {
    let mut server = server("");
    let refused = [
        Effect::recorded(REFUSED),
        Effect::sent(
            0,
            "error: unknown command `hello`, expected set, get or delete",
        ),
    ];
    assert_eq!(server.message(0, "hello world"), refused);
    for (message, expected) in [
        ("", "error: an empty message, expected set, get or delete"),
        (
            "\n",
            "error: unknown command `\\n`, expected set, get or delete",
        ),
        ("set a", "error: no value: set KEY VALUE"),
        (
            "GET a",
            "error: unknown command `GET`, expected set, get or delete",
        ),
        (
            "*",
            "error: unknown command `*`, expected set, get or delete",
        ),
        (
            "*a",
            "error: unknown command `*a`, expected set, get or delete",
        ),
        (
            "+OK\r\n",
            "error: unknown command `+OK\\r\\n`, expected set, get or delete",
        ),
    ] {
        says(&mut server, message, expected);
    }
    says(
        &mut server,
        [0xff, 0x00],
        "error: unknown command `\\xff\\x00`, expected set, get or delete",
    );
}

#[test]
fn a_large_key_or_value_is_refused_and_changes_nothing() {
    let mut server = server("max_key = 3\nmax_value = 5");
    says(&mut server, "set abc 12345", "ok");
    let long_value = "error: a value of 6 bytes, at most 5 are kept";
    says(&mut server, "set abc 123456", long_value);
    let long_key = "error: a key of 4 bytes, at most 3 are kept";
    says(&mut server, "set abcd 1", long_key);
    says(&mut server, "get abc", "12345");
    says(&mut server, "get abcd", "not found");
    let long_value = "-ERR a value of 6 bytes, at most 5 are kept\r\n";
    says(
        &mut server,
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$6\r\n123456\r\n",
        long_value,
    );
}

#[test]
fn redis_commands_are_recognized_by_their_first_bytes() {
    let mut server = server("");
    for (message, expected) in [
        ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n"),
        ("*2\r\n$4\r\nping\r\n$2\r\nhi\r\n", "$2\r\nhi\r\n"),
        ("*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", "$2\r\nhi\r\n"),
        ("*3\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$5\r\nhello\r\n", "+OK\r\n"),
        ("*2\r\n$3\r\nget\r\n$3\r\nfoo\r\n", "$5\r\nhello\r\n"),
        ("get foo", "hello"),
        ("GET foo\r\n", "$5\r\nhello\r\n"),
        ("SET b \"x y\"\n", "+OK\r\n"),
        ("*3\r\n$6\r\nEXISTS\r\n$3\r\nfoo\r\n$1\r\nx\r\n", ":1\r\n"),
        ("*1\r\n$6\r\nDBSIZE\r\n", ":2\r\n"),
        ("*3\r\n$3\r\nDEL\r\n$3\r\nfoo\r\n$1\r\nb\r\n", ":2\r\n"),
        ("*2\r\n$3\r\nGET\r\n$3\r\nfoo\r\n", "$-1\r\n"),
        ("*2\r\n$7\r\nCOMMAND\r\n$4\r\nDOCS\r\n", "*0\r\n"),
        (
            "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$4\r\nsave\r\n",
            "*2\r\n$4\r\nsave\r\n$0\r\n\r\n",
        ),
        (
            "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$10\r\nappendonly\r\n",
            "*2\r\n$10\r\nappendonly\r\n$2\r\nno\r\n",
        ),
        (
            "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$4\r\nmaxx\r\n",
            "*0\r\n",
        ),
        ("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", "+OK\r\n"),
        (
            "*2\r\n$6\r\nSELECT\r\n$1\r\n1\r\n",
            "-ERR DB index is out of range\r\n",
        ),
        (
            "*2\r\n$5\r\nHELLO\r\n$1\r\n4\r\n",
            "-NOPROTO unsupported protocol version\r\n",
        ),
        (
            "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\nx\r\n",
            "+OK\r\n",
        ),
        (
            "*1\r\n$3\r\nFOO\r\n",
            "-ERR unknown command 'FOO', with args beginning with: \r\n",
        ),
        (
            "*1\r\n$3\r\nGET\r\n",
            "-ERR wrong number of arguments for 'get' command\r\n",
        ),
        (
            "*5\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n$2\r\nEX\r\n$1\r\nx\r\n",
            "-ERR value is not an integer or out of range\r\n",
        ),
        (
            "*1\r\n$7\r\na\r\nb'\\c\r\n",
            "-ERR unknown command 'a  b'\\c', with args beginning with: \r\n",
        ),
    ] {
        says(&mut server, message, expected);
    }
    assert!(reply(&mut server, "HELLO\r\n").starts_with(b"*14\r\n$6\r\nserver\r\n$2\r\nkv\r\n"));
    assert!(reply(&mut server, "INFO\r\n").starts_with(b"$"));
    assert_eq!(server.message(0, "*0\r\n"), []);
    assert_eq!(server.message(0, "*-1\r\n"), []);
}

#[test]
fn after_an_array_all_lines_of_a_peer_are_redis_until_it_disconnects() {
    let mut server = server("");
    let empty = "error: unknown command `\\r\\n`, expected set, get or delete";
    says(&mut server, "\r\n", empty);
    says(&mut server, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n");
    assert_eq!(server.message(0, "\r\n"), []);
    says(&mut server, "get a\r\n", "$-1\r\n");
    // Text without a newline was not received by a Redis listener.
    says(&mut server, "get a", "not found");
    assert_eq!(
        server.message(1, "get a\r\n"),
        [Effect::sent(1, "not found")]
    );
    server.disconnect(0);
    says(&mut server, "\r\n", empty);
}

#[test]
fn redis_keys_and_values_are_any_bytes() {
    let mut server = server("");
    let set = b"*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$5\r\n\r\n\x00\xff*\r\n";
    says(&mut server, set, "+OK\r\n");
    says(
        &mut server,
        b"*2\r\n$3\r\nGET\r\n$3\r\na b\r\n",
        b"$5\r\n\r\n\x00\xff*\r\n",
    );
    says(
        &mut server,
        "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$0\r\n\r\n",
        "+OK\r\n",
    );
    says(&mut server, "*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "$0\r\n\r\n");
}

#[test]
fn a_violation_of_the_redis_protocol_is_reported_and_closes_the_connection() {
    for (message, expected) in [
        ("*1\r\n:1\r\n", "-ERR Protocol error: expected '$'\r\n"),
        (
            "*1\r\n$-1\r\n",
            "-ERR Protocol error: invalid bulk length\r\n",
        ),
        (
            "*1\r\n$9\r\nPING\r\n",
            "-ERR Protocol error: invalid bulk length\r\n",
        ),
        (
            "*1\r\n$3\r\nPING\r\n",
            "-ERR Protocol error: expected CRLF\r\n",
        ),
        (
            "*2\r\n$4\r\nPING\r\n",
            "-ERR Protocol error: expected '$'\r\n",
        ),
        (
            "*1\r\n$4\r\nPING\r\nx",
            "-ERR Protocol error: invalid multibulk length\r\n",
        ),
        (
            "*9999999999999999999\r\n",
            "-ERR Protocol error: invalid multibulk length\r\n",
        ),
        (
            "*1000000000000\r\n",
            "-ERR Protocol error: expected '$'\r\n",
        ),
        (
            "SET a \"b\r\n",
            "-ERR Protocol error: unbalanced quotes in request\r\n",
        ),
    ] {
        let effects = [
            Effect::recorded(REFUSED),
            Effect::sent(0, expected),
            Effect::Closed(Peer(0)),
        ];
        assert_eq!(server("").message(0, message), effects, "{message:?}");
    }
    let quit = [Effect::sent(0, "+OK\r\n"), Effect::Closed(Peer(0))];
    assert_eq!(server("").message(0, "QUIT\r\n"), quit);
}

#[test]
fn a_server_may_be_limited_to_one_protocol() {
    let mut resp = server("protocol = 'resp'");
    says(&mut resp, "set a 1\r\n", "+OK\r\n");
    says(&mut resp, "get a\r\n", "$1\r\n1\r\n");
    assert_eq!(resp.message(0, "\r\n"), []);
    let mut text = server("protocol = 'text'");
    says(
        &mut text,
        "PING\r\n",
        "error: unknown command `PING\\r\\n`, expected set, get or delete",
    );
    assert!(reply(&mut text, "*1\r\n$4\r\nPING\r\n").starts_with(b"error: unknown command `*1"));
}

fn persistent(name: &str, folder: &Path) -> Kit<Server> {
    let setup = node::<Server>().name(name).peers(["a"]);
    let setup = setup.run_folder(folder.to_str().unwrap());
    setup.config("persist = true").create()
}

#[test]
fn with_persist_acknowledged_changes_survive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = persistent("s", folder.path());
    says(&mut server, "set a 1", "ok");
    says(&mut server, "set b 2", "ok");
    says(&mut server, "delete a", "ok");
    // A crash: `stop` is not called.
    drop(server);
    let mut server = persistent("s", folder.path());
    assert_eq!(
        (server.get(KEYS), server.get(STORED_BYTES)),
        (Some(1), Some(2))
    );
    server.start();
    says(&mut server, "get a", "not found");
    says(&mut server, "get b", "2");
    // Another node of the same run has its own file.
    says(&mut persistent("t", folder.path()), "get b", "not found");
    assert!(folder.path().join("s.kv").exists());
}

#[test]
fn without_persist_a_crash_loses_all() {
    let mut before = server("");
    says(&mut before, "set a 1", "ok");
    says(&mut server(""), "get a", "not found");
}

#[test]
fn persist_without_a_folder_is_refused() {
    let refused = node::<Server>().config("persist = true").try_create();
    match refused.err() {
        Some(Failure::Refused(reason)) => assert!(reason.contains("run it without `--log off`")),
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("s.kv")).unwrap();
    let setup = node::<Server>().name("s").config("persist = true");
    let refused = setup
        .run_folder(folder.path().to_str().unwrap())
        .try_create();
    assert!(matches!(refused.err(), Some(Failure::Refused(reason)) if reason.contains("s.kv: ")));
}

#[test]
fn a_wrong_config_is_refused() {
    for (config, path, message) in [
        (
            "max_key = 0",
            "max_key",
            "expected a whole number from 1 to 1000000000, found 0",
        ),
        (
            "max_value = -1",
            "max_value",
            "expected a whole number from 0 to 1000000000, found -1",
        ),
        ("persist = 1", "persist", "expected true or false, found 1"),
        (
            "protocol = 'redis'",
            "protocol",
            "expected one of \"auto\", \"text\", \"resp\", found text \"redis\"",
        ),
    ] {
        let found = problems::<Server>(config);
        assert_eq!((&*found[0].path, &*found[0].message), (path, message));
    }
}
