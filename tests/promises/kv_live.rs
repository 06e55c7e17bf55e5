//! The store in real time with external clients: `kvclient`, `redis-cli`, `redis-benchmark`, and
//! clients that violate the protocols.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::harness::Answer;
use crate::real_live::{Live, PATIENCE, listen, until};

/// A store with a listener for each of these framings, in order.
fn store(config: &str, framings: &[&str]) -> Live {
    let listens: String = framings.iter().map(|it| listen("server", it)).collect();
    Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"kv.server\"\n\
         config = {{ {config} }}\n{listens}"
    ))
}

/// The command `kvclient`. It is built with the features of the whole workspace, so nothing is
/// built twice.
fn kvclient() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .args([
                "build",
                "--workspace",
                "--bin",
                "kvclient",
                "--offline",
                "--quiet",
            ])
            .args(profile.ends_with("release").then_some("--release"))
            .arg("--target-dir")
            .arg(profile.parent().unwrap())
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        profile.join(format!("kvclient{}", std::env::consts::EXE_SUFFIX))
    })
}

/// Skips a test if the tools of Redis are not installed, as `needs_python` does.
macro_rules! needs_redis {
    () => {
        if !has_redis() {
            return;
        }
    };
}

fn has_redis() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let found = ["redis-cli", "redis-benchmark"].iter().all(|program| {
            let mut command = Command::new(program);
            let answer = command.arg("--version").stdout(Stdio::null()).status();
            answer.is_ok_and(|status| status.success())
        });
        assert!(
            found || std::env::var_os("CI").is_none(),
            "redis-cli and redis-benchmark are missing, and these tests must not be skipped: \
             install them"
        );
        if !found {
            eprintln!("skipped: tests with the tools of Redis, since there is no redis-cli");
        }
        found
    })
}

/// Runs a program with the host and port of the store, and an input.
fn redis(program: &str, address: &str, arguments: &[&str], input: &[u8]) -> Answer {
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut child = Command::new(program)
        .args(["-h", host, "-p", port])
        .args(arguments)
        .env_remove("REDISCLI_AUTH")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    Answer::new(child.wait_with_output().unwrap(), "\0")
}

/// A connection that sends and expects bytes.
struct Raw(TcpStream);

impl Raw {
    fn to(address: &str) -> Raw {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Raw(stream)
    }

    fn sends(&mut self, bytes: impl AsRef<[u8]>) -> &mut Raw {
        self.0.write_all(bytes.as_ref()).unwrap();
        self
    }

    #[track_caller]
    fn expects(&mut self, expected: impl AsRef<[u8]>) -> &mut Raw {
        let expected = expected.as_ref();
        let mut found = vec![0; expected.len()];
        self.0.read_exact(&mut found).unwrap();
        assert_eq!(
            found.escape_ascii().to_string(),
            expected.escape_ascii().to_string()
        );
        self
    }

    /// Expects that the store closes the connection.
    #[track_caller]
    fn expect_close(&mut self) {
        match self.0.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("still there: {other:?}"),
        }
    }
}

/// A message in a frame of `decimal10`.
fn framed(message: impl AsRef<[u8]>) -> Vec<u8> {
    let message = message.as_ref();
    [format!("{:>10}", message.len()).as_bytes(), message].concat()
}

#[test]
fn kvclient_works_in_every_framing() {
    let framings = ["decimal10", "line", "u32be", "typed-u32be", "resp"];
    let mut live = store("", &framings);
    for framing in framings {
        let address = live.address("server");
        let run = |arguments: &[&str]| {
            let mut command = live.lab.program(kvclient().to_str().unwrap());
            command
                .args(["--address", &address, "--framing", framing])
                .args(arguments);
            live.lab.answer(&mut command)
        };
        let out = |arguments: &[&str]| run(arguments).passes().out;
        assert_eq!(out(&["set", "foo", "hello"]), "ok\n", "{framing}");
        assert_eq!(out(&["get", "foo"]), "hello", "{framing}");
        assert_eq!(out(&["set", "foo", "two  words"]), "ok\n", "{framing}");
        assert_eq!(out(&["get", "foo"]), "two  words", "{framing}");
        assert_eq!(out(&["delete", "foo"]), "ok\n", "{framing}");
        run(&["get", "foo"]).ends(1).says(&["not found"]);
        run(&["delete", "foo"]).ends(1).says(&["not found"]);
    }
    live.stop();
}

#[test]
fn both_protocols_use_the_same_values() {
    let mut live = store("", &["decimal10", "resp"]);
    let (text, resp) = (live.address("server"), live.address("server"));
    let mut text = Raw::to(&text);
    text.sends(framed("set a \x00two\r\nlines"))
        .expects(framed("ok"));
    let mut resp = Raw::to(&resp);
    resp.sends("*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
        .expects("$11\r\n\x00two\r\nlines\r\n");
    resp.sends("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n")
        .expects("+OK\r\n");
    text.sends(framed("get a")).expects(framed(""));
    live.stop();
}

#[test]
fn redis_cli_sets_gets_and_deletes() {
    needs_redis!();
    let mut live = store("", &["resp"]);
    let address = live.address("server");
    let out = |words: &[&str]| redis("redis-cli", &address, words, b"").passes().out;
    assert_eq!(out(&["ping"]), "PONG\n");
    assert_eq!(out(&["set", "foo", "hello"]), "OK\n");
    assert_eq!(out(&["get", "foo"]), "hello\n");
    assert_eq!(out(&["set", "a key", "two words"]), "OK\n");
    assert_eq!(out(&["get", "a key"]), "two words\n");
    assert_eq!(out(&["del", "foo", "a key", "nothing"]), "2\n");
    assert_eq!(out(&["get", "foo"]), "\n");
    assert_eq!(out(&["--no-raw", "get", "foo"]), "(nil)\n");
    assert_eq!(out(&["config", "get", "appendonly"]), "appendonly\nno\n");
    assert_eq!(out(&["incr", "n"]), "1\n");
    assert_eq!(out(&["set", "n", "5", "ex", "1000", "get"]), "1\n");
    assert!(out(&["-3", "lpush", "n", "1"]).starts_with("ERR unknown command 'lpush'"));
    // A value of all bytes, from standard input.
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    redis("redis-cli", &address, &["-x", "set", "bytes"], &bytes).passes();
    let (host, port) = address.rsplit_once(':').unwrap();
    let output = Command::new("redis-cli")
        .args(["-h", host, "-p", port, "get", "bytes"])
        .output()
        .unwrap();
    assert_eq!(output.stdout, [&bytes[..], b"\n"].concat());
    // Commands typed one after the other.
    let typed = redis("redis-cli", &address, &[], b"set x 1\nget x\nhello 2\n")
        .passes()
        .out;
    assert!(typed.starts_with("OK\n1\nserver\nkv\n"), "{typed}");
    live.stop();
}

#[test]
fn redis_cli_and_redis_benchmark_pipeline() {
    needs_redis!();
    let mut live = store("", &["resp"]);
    let address = live.address("server");
    let mut commands = Vec::new();
    for number in 0..1000 {
        let (key, value) = (format!("k{number}"), number.to_string());
        let set = format!(
            "*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n${}\r\n{value}\r\n",
            key.len(),
            value.len()
        );
        commands.extend_from_slice(set.as_bytes());
    }
    let piped = redis("redis-cli", &address, &["--pipe"], &commands)
        .passes()
        .out;
    assert!(piped.contains("errors: 0, replies: 1000"), "{piped}");
    assert_eq!(
        redis("redis-cli", &address, &["dbsize"], b"").passes().out,
        "1000\n"
    );
    for more in [&["-c", "1"][..], &["-c", "50", "-P", "16"]] {
        let arguments = [
            &["-t", "ping,set,get", "-n", "2000", "-q", "--csv"][..],
            more,
        ]
        .concat();
        let answer = redis("redis-benchmark", &address, &arguments, b"").passes();
        for test in ["PING_INLINE", "PING_MBULK", "SET", "GET"] {
            assert!(
                answer.out.contains(&format!("\"{test}\",")),
                "{}",
                answer.out
            );
        }
    }
    live.stop();
}

#[test]
fn commands_may_come_in_pieces_and_many_at_once() {
    let mut live = store("", &["decimal10", "resp"]);
    let (text, resp) = (live.address("server"), live.address("server"));
    for (address, commands, replies) in [
        (
            &text,
            [
                framed("set a 1"),
                framed("get a"),
                framed("delete a"),
                framed("get a"),
            ]
            .concat(),
            [framed("ok"), framed("1"), framed("ok"), framed("not found")].concat(),
        ),
        (
            &resp,
            b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\nGET a\r\n*2\r\n$3\r\nDEL\r\n$1\r\na\r\n"
                .to_vec(),
            b"+OK\r\n$1\r\n1\r\n:1\r\n".to_vec(),
        ),
    ] {
        Raw::to(address).sends(&commands).expects(&replies);
        let mut bytewise = Raw::to(address);
        for byte in &commands {
            bytewise.sends([*byte]);
        }
        bytewise.expects(&replies);
        Raw::to(address)
            .sends(commands.repeat(500))
            .expects(replies.repeat(500));
    }
    live.stop();
}

#[test]
fn bad_commands_have_error_replies_and_the_next_one_is_executed() {
    let mut live = store("max_key = 3, max_value = 5", &["decimal10", "resp"]);
    let (text, resp) = (live.address("server"), live.address("server"));
    let mut text = Raw::to(&text);
    let unknown =
        |word: &str| format!("error: unknown command `{word}`, expected set, get or delete");
    for (message, reply) in [
        (
            &b""[..],
            "error: an empty message, expected set, get or delete".to_owned(),
        ),
        (b"set", "error: no key: set KEY VALUE".to_owned()),
        (b"set a", "error: no value: set KEY VALUE".to_owned()),
        (b"set  1", "error: no key: set KEY VALUE".to_owned()),
        (b"get a b", "error: a space in the key: get KEY".to_owned()),
        (b"increment a", unknown("increment")),
        (b"\xff\x00\n", unknown("\\xff\\x00\\n")),
        (
            b"set long 1",
            "error: a key of 4 bytes, at most 3 are kept".to_owned(),
        ),
        (
            b"set a 123456",
            "error: a value of 6 bytes, at most 5 are kept".to_owned(),
        ),
        (b"set \xff\n\x00 \x00\n\xfe", "ok".to_owned()),
    ] {
        text.sends(framed(message)).expects(framed(reply));
    }
    text.sends(framed(b"get \xff\n\x00"))
        .expects(framed(b"\x00\n\xfe"));
    // A large message, but below the listener's limit of 16 MiB.
    let huge = [b"set a ", &vec![b'x'; 10_000_000][..]].concat();
    let refused = "error: a value of 10000000 bytes, at most 5 are kept";
    text.sends(framed(huge)).expects(framed(refused));
    text.sends(framed("get a")).expects(framed("not found"));
    let mut resp = Raw::to(&resp);
    resp.sends("*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$1\r\n1\r\n");
    resp.expects("-ERR a key of 4 bytes, at most 3 are kept\r\n");
    resp.sends("*1\r\n$4\r\nPING\r\n").expects("+PONG\r\n");
    resp.sends("*1\r\n:1\r\n")
        .expects("-ERR Protocol error: expected '$'\r\n")
        .expect_close();
    live.stop();
    let log = live.lab.table("out/runs/0001/server.csv");
    assert_eq!(log.only("event", "refused").rows.len(), 12);
}

#[test]
fn an_incomplete_command_before_a_close_has_no_effect() {
    let mut live = store("", &["decimal10", "resp"]);
    let (text, resp) = (live.address("server"), live.address("server"));
    let (before, _) = live.holds();
    let set = framed("set a 1");
    for end in 1..set.len() {
        Raw::to(&text).sends(&set[..end]);
    }
    let array = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    for end in 1..array.len() {
        Raw::to(&resp).sends(&array[..end]);
    }
    // A message above the listener's limit closes the connection.
    Raw::to(&text).sends("  99999999").expect_close();
    Raw::to(&resp)
        .sends("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$99999999999\r\n")
        .expect_close();
    Raw::to(&text)
        .sends(framed("get a"))
        .expects(framed("not found"));
    until("the connections are closed", || live.holds().0 <= before);
    live.stop();
}

#[test]
fn changes_are_written_before_their_replies() {
    let mut live = store("persist = true", &["decimal10"]);
    let address = live.address("server");
    let mut client = Raw::to(&address);
    for number in 0..100 {
        client
            .sends(framed(format!("set k{number} {number}")))
            .expects(framed("ok"));
    }
    client.sends(framed("delete k0")).expects(framed("ok"));
    // After a kill, the acknowledged changes are in the file.
    live.runner.signal(rustix::process::Signal::KILL);
    live.runner.end();
    let bytes = live
        .lab
        .files("out/runs/0001.partial")
        .remove("server.kv")
        .unwrap();
    // 17 bytes before each key, and 8 at the beginning.
    let records: usize = (0..100)
        .map(|number: u32| 18 + 2 * number.to_string().len())
        .sum();
    assert_eq!(bytes.len(), 8 + records + 17 + 2);
}
