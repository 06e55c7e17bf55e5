//! The store answers the commands that a person types as redis-server answers them, byte for
//! byte, in both versions of the protocol; and redis-py works with it.
//!
//! Both servers get the same bytes. `tests/fixtures/redis-commands.txt` has the commands, so more
//! of them need no code.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::harness::Lab;
use crate::real_live::{Beside, Live, PATIENCE, listen, program, until};

/// Whether a program answers `--version`; it must if `CI` is set.
fn has(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let quiet = command.args(arguments).stdout(Stdio::null());
    let answer = quiet.stderr(Stdio::null()).status();
    let found = answer.is_ok_and(|status| status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "`{program} {}` fails, and CI is set: install it, for no test may be skipped",
        arguments.join(" ")
    );
    if !found {
        eprintln!("skipped: `{program} {}` fails", arguments.join(" "));
    }
    found
}

/// Whether there is a `redis-server`.
pub fn has_redis_server() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| has("redis-server", &["--version"]))
}

/// A store that speaks the Redis protocol, and its address.
fn store() -> (Live, String) {
    let listens = listen("server", "resp");
    let mut live = Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"kv.server\"\n{listens}"
    ));
    let address = live.address("server");
    (live, address)
}

/// The original, at a socket in a folder of the test.
struct Original {
    _server: Beside,
    lab: Lab,
}

impl Original {
    fn start() -> Original {
        let lab = Lab::new();
        let mut command = Command::new("redis-server");
        command
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .args(["--unixsocket", "redis.sock"])
            .current_dir(lab.path(""));
        let server = Beside::start(&mut command);
        let original = Original {
            _server: server,
            lab,
        };
        until("redis-server listens", || original.connect().is_some());
        original
    }

    fn connect(&self) -> Option<UnixStream> {
        UnixStream::connect(self.lab.path("redis.sock")).ok()
    }
}

/// A connection to one of the two.
trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// A client that reads replies as they are.
struct Client {
    stream: Box<dyn Connection>,
    waiting: Vec<u8>,
}

impl Client {
    fn of(stream: impl Connection + 'static) -> Client {
        Client {
            stream: Box::new(stream),
            waiting: Vec::new(),
        }
    }

    fn original(server: &Original) -> Client {
        let stream = server.connect().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::of(stream)
    }

    fn store(address: &str) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client::of(stream)
    }

    fn ask(&mut self, command: &[u8]) -> Vec<u8> {
        self.stream.write_all(command).unwrap();
        self.reply()
    }

    /// The bytes of the next reply.
    fn reply(&mut self) -> Vec<u8> {
        loop {
            if let Some(end) = end_of(&self.waiting) {
                return self.waiting.drain(..end).collect();
            }
            let mut piece = [0; 1 << 16];
            let count = self.stream.read(&mut piece).unwrap();
            assert!(count > 0, "closed after {:?}", self.waiting.escape_ascii());
            self.waiting.extend_from_slice(&piece[..count]);
        }
    }
}

/// Where the first value ends, of either version of the protocol; `None` if it is not whole.
fn end_of(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|pair| pair == b"\r\n")? + 2;
    let number = || -> i64 {
        let digits = std::str::from_utf8(&bytes[1..line - 2]).unwrap();
        digits.parse().unwrap()
    };
    match bytes[0] {
        b'$' | b'=' | b'!' if number() >= 0 => {
            let end = line + number() as usize + 2;
            (bytes.len() >= end).then_some(end)
        }
        b'*' | b'%' | b'~' | b'>' => {
            let pairs = if bytes[0] == b'%' { 2 } else { 1 };
            let mut end = line;
            for _ in 0..pairs * number().max(0) {
                end += end_of(&bytes[end..])?;
            }
            Some(end)
        }
        b'+' | b'-' | b':' | b'$' | b'_' | b'#' | b',' | b'(' => Some(line),
        other => panic!("no type of a value: {other:?}"),
    }
}

/// Words as a client library sends them; `\xNN` stands for a byte, `""` for an empty word.
fn array(line: &str) -> Vec<u8> {
    let words: Vec<Vec<u8>> = line.split(' ').map(bytes_of).collect();
    let mut array = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        array.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        array.extend_from_slice(&word);
        array.extend_from_slice(b"\r\n");
    }
    array
}

fn bytes_of(word: &str) -> Vec<u8> {
    let mut parts = word.trim_matches('"').split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// A reply with what may differ taken out: the order of keys, and a few seconds.
fn comparable(command: &str, reply: &[u8]) -> String {
    let text = reply.escape_ascii().to_string();
    let word = command.split(' ').next().unwrap().to_ascii_uppercase();
    match &word[..] {
        // Sorted: only the set of keys is the same.
        "KEYS" | "SCAN" => {
            let mut lines: Vec<&str> = text.split("\\r\\n").collect();
            lines.sort_unstable();
            lines.join(" ")
        }
        // A slow machine may take some seconds between two commands.
        "TTL" | "PTTL" => match text
            .trim_start_matches(':')
            .trim_end_matches("\\r\\n")
            .parse::<i64>()
        {
            Ok(left) if left >= 60_000 => format!("about {}", (left + 30_000) / 60_000),
            _ => text,
        },
        _ => text,
    }
}

/// The commands: lines of `redis-commands.txt` without comments.
fn commands() -> Vec<&'static str> {
    let lines = include_str!("../fixtures/redis-commands.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// Sends all commands to both servers, `preamble` first, and compares each reply.
fn compare(preamble: &[&str]) {
    if !has_redis_server() {
        return;
    }
    let original = Original::start();
    let (mut live, address) = store();
    let (mut theirs, mut ours) = (Client::original(&original), Client::store(&address));
    for command in preamble {
        theirs.ask(&array(command));
        ours.ask(&array(command));
    }
    let mut different = Vec::new();
    for command in commands() {
        let expected = comparable(command, &theirs.ask(&array(command)));
        let found = comparable(command, &ours.ask(&array(command)));
        if found != expected {
            different.push(format!("{command}\n  redis: {expected}\n  store: {found}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    live.stop();
}

#[test]
fn the_commands_are_answered_as_redis_answers_them() {
    compare(&[]);
}

#[test]
fn the_commands_are_answered_as_redis_answers_them_in_version_3() {
    compare(&["HELLO 3"]);
}

#[test]
fn lines_that_a_person_types_are_answered_as_redis_answers_them() {
    if !has_redis_server() {
        return;
    }
    let original = Original::start();
    let (mut live, address) = store();
    let (mut theirs, mut ours) = (Client::original(&original), Client::store(&address));
    for line in [
        "PING",
        "SET a \"two words\" NX",
        "GET a",
        "APPEND a '\\'x'",
        "GET a",
        "FOO 'a b' c",
        "MULTI",
        "STRLEN a",
        "EXEC",
        "SET a b\"c",
    ] {
        let line = format!("{line}\r\n").into_bytes();
        let (expected, found) = (theirs.ask(&line), ours.ask(&line));
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        assert_eq!(text(&found), text(&expected), "{}", text(&line));
    }
    live.stop();
}

#[test]
fn a_key_expires_by_the_clock_in_real_time() {
    let (mut live, address) = store();
    let mut client = Client::store(&address);
    assert_eq!(client.ask(&array("SET a 1 PX 50")), b"+OK\r\n");
    until("the key expires", || {
        client.ask(&array("GET a")) == b"$-1\r\n"
    });
    assert_eq!(client.ask(&array("DBSIZE")), b":0\r\n");
    live.stop();
}

#[test]
fn a_store_that_is_killed_keeps_deadlines_and_transactions() {
    let scenario = format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"kv.server\"\n\
         config = {{ persist = true }}\n{}",
        listen("server", "resp")
    );
    let mut live = Live::with(&scenario, &["--state", "kept"]);
    let mut client = Client::store(&live.address("server"));
    client.ask(&array("SET gone 1 PX 1"));
    client.ask(&array("SET a 1 EX 1000"));
    for command in ["MULTI", "SET b 2", "EXPIRE b 2000", "INCR b", "EXEC"] {
        client.ask(&array(command));
    }
    client.ask(&array("MSET c 3 d 4"));
    live.runner.signal(rustix::process::Signal::KILL);
    live.runner.end();
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--state",
        "kept",
        "--out",
        "again",
    ];
    let mut again = Beside::start(&mut live.lab.command(&arguments));
    let address = crate::real_live::address_in(&again.told("server listens on "));
    let mut client = Client::store(&address);
    let mut left = |key: &str| {
        let reply = client.ask(&array(&format!("TTL {key}")));
        let text = String::from_utf8(reply).unwrap();
        text.trim_matches(|c: char| c == ':' || c.is_whitespace())
            .parse::<i64>()
            .unwrap()
    };
    assert!((900..=1000).contains(&left("a")));
    assert!((1900..=2000).contains(&left("b")));
    assert_eq!(left("c"), -1);
    until("what was left of a millisecond is over", || {
        left("gone") == -2
    });
    assert_eq!(
        client.ask(&array("MGET a b c d")),
        b"*4\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n3\r\n$1\r\n4\r\n"
    );
    again.signal(rustix::process::Signal::INT);
    again.end();
}

/// The Python with redis-py: that of `REDIS_PYTHON`, else `python3`.
fn redis_python() -> String {
    std::env::var("REDIS_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

#[test]
fn redis_py_works_in_both_versions_of_the_protocol() {
    let python = redis_python();
    if !has(&python, &["-c", "import redis"]) {
        return;
    }
    let (mut live, address) = store();
    let (host, port) = address.rsplit_once(':').unwrap();
    for version in ["2", "3"] {
        let mut command = Command::new(&python);
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(program("redis_client.py"))
            .args([host, port, version]);
        let out = Beside::start(&mut command).ends_well();
        assert!(out.ends_with("all right\n"), "{out}");
    }
    live.stop();
}
