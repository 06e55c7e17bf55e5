//! Programs that somebody else wrote and that stand for a node: those that the
//! runner starts and ends, and those that it calls.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backlog::Unsent;
use crate::setup::SetupError;
use crate::stream::Stream;
use model::roster::Roster;
use model::{External, Transport};
use os::process::{Signal, signal_group};

/// How long a program has to be there when it is called first.
pub const START_PATIENCE: Duration = Duration::from_secs(10);

/// How long a program has to end after it was asked to.
pub const END_PATIENCE: Duration = Duration::from_secs(2);

/// From try to try while something is waited for.
const RETRY: Duration = Duration::from_millis(10);

/// A program that the runner started.
#[derive(Debug)]
pub struct Running {
    /// The node that it stands for.
    pub node: u32,
    child: Child,
    /// How it ended, once it has.
    pub ended: Option<ExitStatus>,
}

/// What a program writes: one of its two outputs, line by line.
#[derive(Debug)]
pub struct Output {
    /// The node that it stands for.
    pub node: u32,
    pipe: Pipe,
    line: Vec<u8>,
}

#[derive(Debug)]
enum Pipe {
    Out(ChildStdout),
    Err(ChildStderr),
}

/// How far an output was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// More is there.
    Some,
    /// All that was there; more may come.
    All,
    /// All that ever comes.
    Last,
}

/// The longest line that is kept together `[bytes]`.
const LINE_MAX: usize = 64 << 10;

/// What is read of an output before all else has its turn: a program that writes
/// without end must not keep the others from theirs, and each line may be shown on
/// a terminal `[bytes]`.
const TURN: usize = 4 << 10;

/// Starts the program of a node in a process group of its own, so that what it
/// starts ends with it. It finds the listening nodes in its environment and in
/// its arguments, by `places`; see `scenarios/README.md`.
///
/// # Errors
///
/// When it cannot be started.
pub fn start(
    node: u32,
    words: &[String],
    roster: &Roster,
    places: &[(String, SocketAddr)],
) -> Result<(Running, [Output; 2]), SetupError> {
    let name = roster.name(node).unwrap_or_default();
    let program = words.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command
        .args(words.iter().skip(1).map(|word| fill_in(word, places)))
        .env("RUNNER_NODE", &name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    for (place, address) in places.iter().rev() {
        command.env(variable(place), address.to_string());
    }
    let failed = |source| SetupError::Start {
        node: name.clone(),
        command: program.clone(),
        source,
    };
    let mut child = command.spawn().map_err(failed)?;
    let gone = || failed(io::Error::other("its output is not there"));
    let out = child.stdout.take().ok_or_else(gone)?;
    let err = child.stderr.take().ok_or_else(gone)?;
    let output = |pipe: Pipe| {
        os::descriptor::set_nonblocking(&pipe)?;
        Ok(Output {
            node,
            pipe,
            line: Vec::new(),
        })
    };
    let outputs = [output(Pipe::Out(out)), output(Pipe::Err(err))];
    let [out, err] = outputs.map(|output| output.map_err(failed));
    let running = Running {
        node,
        child,
        ended: None,
    };
    groups().push(running.child.id());
    Ok((running, [out?, err?]))
}

/// The variable that holds a listening node's address: `RUNNER_ADDRESS_SRV_1`
/// for `srv-1`. Of a node that listens at several, the first.
fn variable(node: &str) -> String {
    let tail: String = node
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("RUNNER_ADDRESS_{tail}")
}

/// `{address:NODE}`, `{host:NODE}` and `{port:NODE}` in an argument, filled in.
fn fill_in(word: &str, places: &[(String, SocketAddr)]) -> String {
    let mut word = word.to_owned();
    for (node, address) in places {
        for (what, text) in [
            ("address", address.to_string()),
            ("host", address.ip().to_string()),
            ("port", address.port().to_string()),
        ] {
            word = word.replace(&format!("{{{what}:{node}}}"), &text);
        }
    }
    word
}

/// The process groups of the programs that run: they must end with this process,
/// even where it has no time for the runs that they belong to.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes every program that this process has started end at once.
pub fn end_all() {
    for group in groups().drain(..) {
        signal_group(group, Signal::Kill);
    }
}

impl Running {
    /// Whether it has ended just now, without being asked to.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = self.child.try_wait().ok().flatten();
        self.ended
    }

    /// Asks it to end, stopped as it may be.
    pub fn ask_to_end(&mut self) {
        if self.ended.is_none() {
            self.signal(Signal::Terminate);
            self.signal(Signal::Continue);
        }
    }

    /// Stops it, or lets it go on.
    pub fn pause(&self, stopped: bool) {
        if self.ended.is_none() {
            self.signal(if stopped {
                Signal::Stop
            } else {
                Signal::Continue
            });
        }
    }

    /// Makes it end at once, with all that it started.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            // It cannot resist; if it could not be waited for, it is gone.
            let _ = self.end(Instant::now());
        }
    }

    /// Waits for it until then, and makes it end if it has not.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn end(&mut self, until: Instant) -> io::Result<ExitStatus> {
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                // What it started itself ends with it.
                self.signal(Signal::Kill);
                break status;
            }
            if Instant::now() >= until {
                self.signal(Signal::Kill);
                break self.child.wait()?;
            }
            std::thread::sleep(RETRY);
        };
        self.ended = Some(status);
        groups().retain(|group| *group != self.child.id());
        Ok(status)
    }

    fn signal(&self, signal: Signal) {
        signal_group(self.child.id(), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.end(Instant::now());
        }
    }
}

impl Output {
    /// Reads what is there, up to a turn's worth, and hands on each whole line; at
    /// the end also the last.
    pub fn read(&mut self, mut line: impl FnMut(&str)) -> Heard {
        let mut buffer = [0; TURN];
        let mut taken = 0;
        while taken < TURN {
            let count = match &mut self.pipe {
                Pipe::Out(pipe) => pipe.read(&mut buffer),
                Pipe::Err(pipe) => pipe.read(&mut buffer),
            };
            match count {
                Ok(0) => {
                    if !self.line.is_empty() {
                        line(&String::from_utf8_lossy(&self.line));
                        self.line.clear();
                    }
                    return Heard::Last;
                }
                Ok(count) => {
                    taken += count;
                    for &byte in &buffer[..count] {
                        if byte == b'\n' || self.line.len() == LINE_MAX {
                            line(&String::from_utf8_lossy(&self.line));
                            self.line.clear();
                        }
                        if byte != b'\n' {
                            self.line.push(byte);
                        }
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Heard::All,
                Err(_) => return Heard::Last,
            }
        }
        Heard::Some
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Pipe::Out(pipe) => pipe.as_fd(),
            Pipe::Err(pipe) => pipe.as_fd(),
        }
    }
}

/// A node's way to a program.
#[derive(Debug)]
pub struct Line {
    /// The node that calls.
    pub node: u32,
    /// The program's node.
    pub program: u32,
    /// Messages that came from it.
    pub received: u64,
    /// The longest message that is taken from it `[bytes]`.
    pub max_message: u64,
    /// The socket.
    pub socket: LineSocket,
}

/// What a line is made of.
// A run has few of them, and most are connections.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum LineSocket {
    /// A connection.
    Tcp(Stream),
    /// A connected datagram socket.
    Udp(UdpSocket),
}

impl Line {
    /// Takes away the messages that are not out.
    pub fn take_unsent(&mut self) -> VecDeque<Unsent> {
        match &mut self.socket {
            LineSocket::Tcp(stream) => stream.take_unsent(),
            LineSocket::Udp(_) => VecDeque::new(),
        }
    }
}

impl AsFd for LineSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            LineSocket::Tcp(stream) => stream.as_fd(),
            LineSocket::Udp(socket) => socket.as_fd(),
        }
    }
}

/// Calls a program, and calls again until it answers or patience is over: it may
/// just be starting. Datagrams need no answer.
///
/// # Errors
///
/// When nothing answers.
pub fn call(external: &External, patience: Duration) -> io::Result<LineSocket> {
    match external.transport {
        Transport::Udp => {
            let any = match external.address {
                SocketAddr::V4(_) => "127.0.0.1:0",
                SocketAddr::V6(_) => "[::1]:0",
            };
            // From loopback only loopback can be reached.
            let any = match external.address.ip().is_loopback() {
                true => any,
                false if external.address.is_ipv4() => "0.0.0.0:0",
                false => "[::]:0",
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(external.address)?;
            socket.set_nonblocking(true)?;
            Ok(LineSocket::Udp(socket))
        }
        Transport::Tcp => {
            let deadline = Instant::now() + patience;
            loop {
                let left = deadline.saturating_duration_since(Instant::now());
                let wait = left.clamp(RETRY, Duration::from_secs(1));
                match TcpStream::connect_timeout(&external.address, wait).and_then(not_itself) {
                    Ok(socket) => {
                        let stream = Stream::new(socket, external.framing, external.max_message)?;
                        return Ok(LineSocket::Tcp(stream));
                    }
                    Err(error) if left.is_zero() => return Err(error),
                    Err(_) => std::thread::sleep(RETRY.min(left)),
                }
            }
        }
    }
}

/// A connection to somebody else. Calling a free port again and again may come
/// to be called from that very port, and then the socket is both of its ends.
fn not_itself(socket: TcpStream) -> io::Result<TcpStream> {
    match socket.local_addr()? == socket.peer_addr()? {
        true => Err(io::ErrorKind::ConnectionRefused.into()),
        false => Ok(socket),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_variables_name_the_listening_nodes() {
        let places = [("srv-1".to_owned(), "127.0.0.1:4321".parse().unwrap())];
        assert_eq!(
            fill_in("tcp://{address:srv-1}", &places),
            "tcp://127.0.0.1:4321"
        );
        assert_eq!(
            fill_in("{host:srv-1}:{port:srv-1}", &places),
            "127.0.0.1:4321"
        );
        assert_eq!(fill_in("{port:other}", &places), "{port:other}");
        assert_eq!(variable("srv-1"), "RUNNER_ADDRESS_SRV_1");
    }
}
