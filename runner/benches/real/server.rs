//! Echo servers in processes of their own: the runner, and a plain one.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{fs, thread};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tempfile::TempDir;

/// The option that makes this executable the plain server.
pub const PLAIN: &str = "--plain-server";

/// Size of a `decimal10` header `[bytes]`.
pub const HEADER: usize = 10;

/// The text before the address in the line that a server prints. The runner prints
/// the framing after the address.
const LISTENS: &str = "listens on tcp ";

const SCENARIO: &str = r#"
name = "echo-bench"
time = "real"

[nodes.server]
behavior = "echo.server"

[[nodes.server.listen]]
tcp = "127.0.0.1:0"
framing = "decimal10"
"#;

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    /// Kept open, because the runner prints when it ends.
    _output: BufReader<ChildStdout>,
    _folder: Option<TempDir>,
}

impl Server {
    /// A runner whose one node is an `echo.server`, with or without logs.
    pub fn runner(logs: bool) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir()?;
        let scenario = folder.path().join("echo-bench.toml");
        fs::write(&scenario, SCENARIO)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command.arg("run").arg(&scenario).arg("--no-report");
        command.arg("--out").arg(folder.path().join("results"));
        command
            .arg("--log")
            .arg(if logs { "per-node" } else { "off" });
        Server::start(command, Some(folder))
    }

    /// The plain server.
    pub fn plain() -> anyhow::Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(PLAIN);
        Server::start(command, None)
    }

    fn start(mut command: Command, folder: Option<TempDir>) -> anyhow::Result<Server> {
        let cores = Cores::new()?;
        cores.take(Side::Server)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        drop(cores);
        let mut child = child?;
        let output = child.stdout.take().context("it has a standard output")?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let address = loop {
            line.clear();
            anyhow::ensure!(output.read_line(&mut line)? > 0, "the server ended early");
            if let Some((_, place)) = line.trim().split_once(LISTENS) {
                let address = place.split(' ').next().unwrap_or_default();
                break address.parse()?;
            }
        };
        Ok(Server {
            child,
            address,
            _output: output,
            _folder: folder,
        })
    }

    /// Memory that the server uses `[bytes]`.
    pub fn memory(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let line = line.context("/proc/PID/status has no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib << 10)
    }

    /// A new connection that will send messages of `size` bytes.
    pub fn connect(&self, size: usize) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        let mut frame = format!("{size:>HEADER$}").into_bytes();
        frame.extend((0..size).map(|index| (index % 251) as u8));
        Ok(Client {
            stream,
            reply: vec![0; frame.len()],
            frame,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As a user ends it, in good order.
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// The cores of client and server. Two processes that wake one another are
/// sometimes faster on one core than on two, so the core must not be left to chance.
pub struct Cores {
    all: CpuSet,
}

/// One of the two sides of a connection.
#[derive(Clone, Copy)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl Cores {
    /// The cores that this thread may use now.
    pub fn new() -> io::Result<Cores> {
        Ok(Cores {
            all: sched_getaffinity(None)?,
        })
    }

    /// Keeps this thread, and what it starts, to the core of one side, until `self`
    /// is dropped. On a machine with one core both sides share it.
    pub fn take(&self, side: Side) -> io::Result<()> {
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
            .filter(|&core| self.all.is_set(core))
            .collect();
        let (Some(first), Some(last)) = (cores.first(), cores.last()) else {
            return Ok(());
        };
        let mut one = CpuSet::new();
        one.set(match side {
            Side::Client => *first,
            Side::Server => *last,
        });
        Ok(sched_setaffinity(None, &one)?)
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        let _ = sched_setaffinity(None, &self.all);
    }
}

/// A blocking client with one message outstanding.
pub struct Client {
    stream: TcpStream,
    frame: Vec<u8>,
    reply: Vec<u8>,
}

impl Client {
    /// Sends its message and reads the reply, `count` times. The last reply is
    /// compared byte for byte.
    pub fn trips(&mut self, count: u32) -> io::Result<()> {
        for _ in 0..count {
            self.stream.write_all(&self.frame)?;
            self.stream.read_exact(&mut self.reply)?;
        }
        match self.reply == self.frame {
            true => Ok(()),
            false => Err(io::Error::other("the reply is another message")),
        }
    }
}

/// The plain server: a thread per connection that reads a message, whole, into a
/// buffer of its own and writes it back.
pub fn serve_plainly() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{LISTENS}{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        thread::spawn(move || echo(&stream));
    }
    Ok(())
}

fn echo(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // A small message arrives with one read, with its header.
    let mut input = BufReader::new(stream);
    let mut output = stream;
    let mut frame = vec![0; HEADER];
    loop {
        input.read_exact(&mut frame[..HEADER])?;
        let size: usize = std::str::from_utf8(&frame[..HEADER])
            .ok()
            .and_then(|header| header.trim().parse().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        frame.resize(HEADER + size, 0);
        input.read_exact(&mut frame[HEADER..])?;
        output.write_all(&frame)?;
    }
}
