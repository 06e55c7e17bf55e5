//! What the tests of real time share: a runner that is running, other people's
//! programs in Python, and waiting for a condition within a bound.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Answer, Lab};

pub use crate::waiting::{PATIENCE, is_running, until};

/// A listener of a node's, at a free port of loopback.
pub fn listen(node: &str, framing: &str) -> String {
    format!("[[nodes.{node}.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"{framing}\"\n")
}

/// The address in what a node says of where it listens:
/// `tcp 127.0.0.1:15000 (decimal10)`, or `udp 127.0.0.1:15000`.
#[track_caller]
pub fn address_in(place: &str) -> String {
    let address = place.split(' ').nth(1).unwrap_or_default();
    assert_ne!(address.parse::<SocketAddr>().unwrap().port(), 0, "{place}");
    address.to_owned()
}

/// An echo server in real time that listens with this framing and what `more`
/// says of it.
pub fn echo_server(framing: &str, more: &str) -> String {
    format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n{}{more}\n",
        listen("server", framing)
    )
}

/// A program that runs beside the test, its output line by line.
pub struct Beside {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Lines that were read and not asked for yet.
    seen: VecDeque<String>,
    out: String,
}

impl Beside {
    /// Starts it.
    pub fn start(command: &mut Command) -> Beside {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Beside {
            input: child.stdin.take(),
            child,
            lines,
            seen: VecDeque::new(),
            out: String::new(),
        }
    }

    /// The rest of the next line that begins so; lines before it stay for later.
    #[track_caller]
    pub fn told(&mut self, start: &str) -> String {
        if let Some(at) = self.seen.iter().position(|it| it.starts_with(start)) {
            let line = self.seen.remove(at).unwrap();
            return line[start.len()..].to_owned();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until - Instant::now().min(until)) {
                Ok(line) => {
                    self.out += &format!("{line}\n");
                    if let Some(rest) = line.strip_prefix(start) {
                        return rest.to_owned();
                    }
                    self.seen.push_back(line);
                }
                Err(error) => panic!("no line begins with {start:?} ({error}):\n{}", self.out),
            }
        }
    }

    /// Types a line into its standard input.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").unwrap();
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Closes its standard input and waits for its end: exit code and output.
    #[track_caller]
    pub fn end(&mut self) -> (Option<i32>, String) {
        self.input = None;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until - Instant::now().min(until)) {
                Ok(line) => self.out += &format!("{line}\n"),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.out),
            }
        }
        (self.child.wait().unwrap().code(), self.out.clone())
    }

    /// As [`Beside::end`]; it must have ended well. Answers its output.
    #[track_caller]
    pub fn ends_well(&mut self) -> String {
        let (code, out) = self.end();
        assert_eq!(code, Some(0), "{out}");
        out
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A runner in real time; its results go to `out`.
pub struct Live {
    /// Where it runs.
    pub lab: Lab,
    /// The runner.
    pub runner: Beside,
}

impl Live {
    /// Starts a scenario.
    pub fn start(scenario: &str) -> Live {
        Live::with(scenario, &[])
    }

    /// Starts a scenario with more arguments.
    pub fn with(scenario: &str, more: &[&str]) -> Live {
        let lab = Lab::with(scenario);
        let arguments = ["scenario.toml", "--no-report", "--out", "out"];
        let mut command = lab.command(&[&arguments[..], more].concat());
        let errors = fs::File::create(lab.path("errors")).unwrap();
        let runner = Beside::start(command.stderr(errors));
        Live { lab, runner }
    }

    /// Where a node listens; asked again, where it listens next.
    #[track_caller]
    pub fn address(&mut self, node: &str) -> String {
        address_in(&self.runner.told(&format!("{node} listens on ")))
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(&mut self) -> Answer {
        let (code, out) = self.runner.end();
        let err = self.lab.read("errors");
        // However it ended, no message appeared from nowhere or is gone.
        for sign in ["panicked at", "RUST_BACKTRACE", "conservation `messages`"] {
            assert!(!err.contains(sign), "{err}");
        }
        Answer { code, out, err }
    }

    /// Stops it as a user does, by SIGINT.
    #[track_caller]
    pub fn stop(&mut self) -> Answer {
        self.runner.signal(Signal::INT);
        self.end().ends(130)
    }

    /// A guest of kind `kind` (see `guests.py`), until it has ended well.
    #[track_caller]
    pub fn guest(&self, kind: &str, address: &str, argument: &str) -> String {
        python(&["guests.py", kind, address, argument]).ends_well()
    }

    /// Number of open sockets and of threads.
    pub fn holds(&self) -> (usize, usize) {
        let entries = |what| {
            let folder = format!("/proc/{}/{what}", self.runner.pid());
            fs::read_dir(folder).unwrap()
        };
        let is_socket = |entry: std::io::Result<fs::DirEntry>| {
            let target = entry.and_then(|entry| fs::read_link(entry.path()));
            target.is_ok_and(|it| it.to_string_lossy().starts_with("socket:"))
        };
        let sockets = entries("fd").map(is_socket);
        (sockets.filter(|it| *it).count(), entries("task").count())
    }

    /// Memory in use `[bytes]`.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.runner.pid())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
        let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
        kibibytes.parse::<u64>().unwrap() << 10
    }
}

/// A program of `tests/fixtures/programs`, started.
pub fn python(arguments: &[&str]) -> Beside {
    let mut command = Command::new("python3");
    Beside::start(
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(program(arguments[0]))
            .args(&arguments[1..]),
    )
}

/// Where a program of `tests/fixtures/programs` is.
pub fn program(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/programs");
    format!("{folder}/{name}")
}
