//! What the tests of real time share: a runner at work ([`Live`]), a program that runs at the
//! same time ([`Beside`]), and the Python programs of `tests/fixtures/programs`.

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

/// The TOML of a listener for a node, at a free port of loopback.
pub fn listen(node: &str, framing: &str) -> String {
    format!("[[nodes.{node}.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"{framing}\"\n")
}

/// The address in a line that says where a node listens: `tcp 127.0.0.1:15000 (decimal10)`,
/// or `udp 127.0.0.1:15000`.
#[track_caller]
pub fn address_in(place: &str) -> String {
    let address = place.split(' ').nth(1).unwrap_or_default();
    assert_ne!(address.parse::<SocketAddr>().unwrap().port(), 0, "{place}");
    address.to_owned()
}

/// A scenario of one echo server in real time that listens with this framing; `more` is
/// TOML for its listener and whatever follows.
pub fn echo_server(framing: &str, more: &str) -> String {
    format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n{}{more}\n",
        listen("server", framing)
    )
}

/// A program that runs at the same time as the test. Its output is read line by line.
pub struct Beside {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Lines that [`Beside::told`] has skipped.
    seen: VecDeque<String>,
    out: String,
}

impl Beside {
    /// Starts a program.
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

    /// Waits for the next line that begins with `start`; returns the rest of that line. A
    /// later call may ask for the lines that come before it.
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

    /// Writes a line to the standard input of the program.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("standard input is open");
        writeln!(input, "{line}").unwrap();
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Closes standard input and waits for the end; returns exit code and output.
    #[track_caller]
    pub fn end(&mut self) -> (Option<i32>, String) {
        self.input = None;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until - Instant::now().min(until)) {
                Ok(line) => self.out += &format!("{line}\n"),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the program does not end:\n{}", self.out),
            }
        }
        (self.child.wait().unwrap().code(), self.out.clone())
    }

    /// As [`Beside::end`]; the exit code must be 0. Returns the output.
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

/// A runner in real time. Its results go to `out`, its standard error to `errors`.
pub struct Live {
    /// The folder of the runner.
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

    /// The address of a node's listener; a second call returns that of its next listener.
    #[track_caller]
    pub fn address(&mut self, node: &str) -> String {
        address_in(&self.runner.told(&format!("{node} listens on ")))
    }

    /// Waits for the end of the runner.
    #[track_caller]
    pub fn end(&mut self) -> Answer {
        let (code, out) = self.runner.end();
        let err = self.lab.read("errors");
        // However the run ended, each message is accounted for.
        for sign in ["panicked at", "RUST_BACKTRACE", "conservation `messages`"] {
            assert!(!err.contains(sign), "{err}");
        }
        Answer { code, out, err }
    }

    /// Stops the runner as a user does, by SIGINT.
    #[track_caller]
    pub fn stop(&mut self) -> Answer {
        self.runner.signal(Signal::INT);
        self.end().ends(130)
    }

    /// Runs a client of a kind of `clients.py` to its end; it must succeed. Returns its output.
    #[track_caller]
    pub fn client(&self, kind: &str, address: &str, argument: &str) -> String {
        python(&["clients.py", kind, address, argument]).ends_well()
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
        self.status_bytes("VmRSS:")
    }

    /// The most memory that was ever in use `[bytes]`.
    pub fn peak_memory(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    fn status_bytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.runner.pid())).unwrap();
        let line = status.lines().find_map(|it| it.strip_prefix(name));
        let kibibytes = line.unwrap().trim().trim_end_matches(" kB");
        kibibytes.parse::<u64>().unwrap() << 10
    }
}

/// Starts a program of `tests/fixtures/programs`.
pub fn python(arguments: &[&str]) -> Beside {
    let mut command = Command::new("python3");
    Beside::start(
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(program(arguments[0]))
            .args(&arguments[1..]),
    )
}

/// The path of a program of `tests/fixtures/programs`.
pub fn program(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/programs");
    format!("{folder}/{name}")
}
