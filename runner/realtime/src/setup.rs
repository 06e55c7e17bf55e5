//! Why a run in real time cannot begin: a port in use, a program that does not
//! exist, more connections than allowed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a run cannot begin. Nothing was run.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A node cannot listen at its address.
    #[error("node `{node}` cannot listen on {address}: {source}\n  {}", way_out(.source, "end the program that uses it, or change the node's `listen`; port 0 takes any free one"))]
    Listen {
        /// The node.
        node: String,
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The links would need more connections than the process may open.
    #[error(
        "the links between {nodes} nodes need {needed} sockets, and this process may open {limit}\n  give the links transport = \"channel\", or raise the limit (ulimit -n)"
    )]
    TooManySockets {
        /// Number of nodes.
        nodes: u32,
        /// Sockets that they need.
        needed: u64,
        /// Sockets that are allowed.
        limit: u64,
    },
    /// A program cannot be started.
    #[error(
        "node `{node}`: `{command}` cannot be started: {source}\n  {}", start_help(.command, .folder)
    )]
    Start {
        /// The node.
        node: String,
        /// The first word of its command.
        command: String,
        /// Its working folder.
        folder: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A program accepts no connection.
    #[error(
        "node `{node}`: no program accepts connections at {address} after {patience:?}: {source}\n  {}", unreachable_help(.output.as_deref())
    )]
    Unreachable {
        /// The node.
        node: String,
        /// Its address.
        address: SocketAddr,
        /// How long it was tried.
        patience: Duration,
        /// The last error of the system.
        source: io::Error,
        /// The last lines that the program wrote, if the runner started it.
        output: Option<String>,
    },
    /// More nodes than processes are allowed.
    #[error(
        "{nodes} nodes would need {nodes} processes, expected at most {limit}\n  leave out --processes, or give the scenario fewer nodes"
    )]
    TooManyProcesses {
        /// Number of nodes.
        nodes: usize,
        /// The most processes that are allowed.
        limit: usize,
    },
    /// A program failed before the run began, in this way.
    #[error("{0}")]
    Program(String),
    /// The process of a node cannot begin, for this reason.
    #[error("{0}")]
    Refused(String),
    /// The process of a node ended before the run began.
    #[error("the process of {who} ended before the run began: {how}")]
    Gone {
        /// The nodes of the process.
        who: String,
        /// How it ended.
        how: String,
    },
    /// Nodes have no process in time.
    #[error(
        "no process has joined within {wait:?} for {nodes}\n  start `runner node --join ADDRESS` for each of them, or wait longer with --wait"
    )]
    Missing {
        /// How long they were waited for.
        wait: Duration,
        /// The nodes.
        nodes: String,
    },
    /// A process that had joined was lost before the run began.
    #[error("the process of {who} was lost before the run began: {how}")]
    Lost {
        /// The nodes of the process.
        who: String,
        /// How it was lost.
        how: String,
    },
    /// Any other error of the system.
    #[error("cannot set up the sockets of the run: {0}")]
    System(#[from] io::Error),
}

fn start_help(command: &str, folder: &Path) -> String {
    let file = folder.join(command);
    if command.contains('/')
        && let Ok(known) = file.metadata()
        && known.is_file()
    {
        // It is there, and cannot be started.
        return match interpreter(&file) {
            _ if known.permissions().mode() & 0o111 == 0 => format!(
                "it is not executable: chmod +x {command}, or name its interpreter: command = [\"python3\", \"{command}\"]"
            ),
            Some(interpreter) => format!(
                "its first line names the interpreter `{interpreter}`, which is not there: install it, or name another: command = [\"python3\", \"{command}\"]"
            ),
            None => "it is no program for this system: build it for this machine, or name its interpreter in `command`".to_owned(),
        };
    }
    match command.contains('/') && !command.starts_with('/') {
        true => format!(
            "a program runs in the folder of its scenario, and so its path begins there: {}",
            folder.display()
        ),
        false => "is it installed, and spelled as the system spells it?".to_owned(),
    }
}

/// The interpreter that the first line of a script names (`#!`).
fn interpreter(script: &Path) -> Option<String> {
    let mut line = Vec::new();
    let file = File::open(script).ok()?.take(FIRST_LINE);
    BufReader::new(file).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let words = line.strip_prefix("#!")?;
    let interpreter = words.split_whitespace().next()?;
    Some(base::harmless::line(interpreter).into_owned())
}

/// The longest part of a script that is read for that `[bytes]`.
const FIRST_LINE: u64 = 256;

fn unreachable_help(output: Option<&str>) -> String {
    match output {
        None => "start the program first, or let the runner start it with `command`".to_owned(),
        Some(output) => format!("does it listen at that address?{output}"),
    }
}

fn way_out(error: &io::Error, taken: &'static str) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => taken,
        io::ErrorKind::PermissionDenied => "ports below 1024 need special rights: use a higher one",
        _ => "change the node's `listen` to an address of this machine",
    }
}
