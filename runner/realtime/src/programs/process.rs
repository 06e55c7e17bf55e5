//! The process of a program that the runner starts and ends.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::setup::SetupError;
use model::Program;
use model::roster::Roster;
use os::keeper::{self, Kept};
use os::process::{Signal, signal_group};

/// How long a program may take to end after SIGTERM.
pub const END_PATIENCE: Duration = Duration::from_secs(2);

/// A program that the runner started.
#[derive(Debug)]
pub struct ProgramProcess {
    /// The node that it stands for.
    pub node: u32,
    kept: Kept,
    /// How it ended; none while it runs.
    ended: Option<ExitStatus>,
}

/// A program that was started.
#[derive(Debug)]
pub struct Started {
    /// Its process.
    pub process: ProgramProcess,
    /// What it writes for people.
    pub outputs: Vec<Output>,
    /// The other end of its standard input and output, if they are its connection.
    pub streams: Option<UnixStream>,
    /// Its standard input and output, if it speaks a protocol there.
    pub pipes: Option<Pipes>,
}

/// The standard input and output of a program, as pipes.
#[derive(Debug)]
pub struct Pipes {
    /// Where it reads.
    pub input: OwnedFd,
    /// Where it writes.
    pub output: OwnedFd,
}

/// Starts the program of a node under a keeper, in the folder of the scenario and in a
/// process group of its own: it and all processes that it starts end with this process,
/// even if this process is killed.
/// The addresses of the listening nodes are
/// filled into its environment and its arguments; see `scenarios/README.md`.
///
/// # Errors
///
/// If it cannot be started.
pub fn start(
    node: u32,
    of: &Program,
    roster: &Roster,
    listening: &[(String, SocketAddr)],
) -> Result<Started, SetupError> {
    let name = roster.name(node).unwrap_or_default();
    let (words, folder) = (of.command.as_deref().unwrap_or_default(), &of.folder);
    let program = words.first().cloned().unwrap_or_default();
    let failed = |source| SetupError::Start {
        node: name.clone(),
        command: program.clone(),
        folder: folder.to_owned(),
        source,
    };
    let (mut command, seat) = keeper::command(&program).map_err(failed)?;
    command
        .current_dir(folder)
        .args(words.iter().skip(1).map(|word| fill_in(word, listening)))
        .env("RUNNER_NODE", &name)
        .stderr(Stdio::piped());
    let speaks = of.protocol.is_some();
    let streams = match of.stdio {
        // As the programs expect it, which may treat a socket otherwise.
        None if speaks => {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
            None
        }
        None => {
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            None
        }
        Some(_) => {
            let (near, far) = UnixStream::pair().map_err(failed)?;
            let input = far.try_clone().map_err(failed)?;
            command
                .stdin(OwnedFd::from(input))
                .stdout(OwnedFd::from(far));
            Some(near)
        }
    };
    // Of a node that listens at several addresses, the first is set last and wins.
    for (node, address) in listening.iter().rev() {
        command.env(variable(node), address.to_string());
    }
    let mut kept = keeper::start(command, seat).map_err(failed)?;
    let missing = || failed(io::Error::other("its output is not there"));
    let stderr = kept.take_stderr().ok_or_else(missing)?;
    let mut outputs = vec![Output::new(node, stderr.into()).map_err(failed)?];
    let mut pipes = None;
    if speaks {
        let input = kept.keeper().stdin.take().ok_or_else(missing)?;
        let output = kept.take_stdout().ok_or_else(missing)?;
        pipes = Some(Pipes {
            input: input.into(),
            output: output.into(),
        });
    } else if streams.is_none() {
        let stdout = kept.take_stdout().ok_or_else(missing)?;
        outputs.push(Output::new(node, stdout.into()).map_err(failed)?);
    }
    let process = ProgramProcess {
        node,
        kept,
        ended: None,
    };
    groups().push(process.kept.id());
    Ok(Started {
        process,
        outputs,
        streams,
        pipes,
    })
}

/// The variable that holds a listening node's address: `RUNNER_ADDRESS_SRV_1`
/// for `srv-1`.
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

/// An argument in which `{address:NODE}`, `{host:NODE}` and `{port:NODE}` are
/// replaced.
fn fill_in(word: &str, listening: &[(String, SocketAddr)]) -> String {
    let mut word = word.to_owned();
    for (node, address) in listening {
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

/// The process groups of the programs that run. They end with this process, also where
/// it ends before the runs that they belong to: their keepers see to it, and [`end_all`]
/// does not wait for the keepers.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every program that this process has started.
pub fn end_all() {
    for group in groups().drain(..) {
        signal_group(group, Signal::Kill);
    }
}

impl ProgramProcess {
    /// Whether the program has ended, by itself or not.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// How the program ended, if it has, by itself or not.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.ended
    }

    /// How the program ended by itself, if it ended since the last call.
    pub fn just_ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = self.kept.try_wait().ok().flatten();
        if self.ended.is_some() {
            // Its number may be another's from now on.
            self.forget_group();
        }
        self.ended
    }

    /// Asks the program to end, also if it is paused.
    pub fn ask_to_end(&mut self) {
        if self.ended.is_none() {
            self.signal(Signal::Terminate);
            self.signal(Signal::Continue);
        }
    }

    /// Pauses the program, or lets it run on.
    pub fn pause(&self, paused: bool) {
        if self.ended.is_none() {
            self.signal(match paused {
                true => Signal::Stop,
                false => Signal::Continue,
            });
        }
    }

    /// Kills the program, with all processes that it started.
    pub fn kill(&mut self) {
        if self.ended.is_none() {
            // An error means that the process is gone already.
            let _ = self.end(Instant::now());
        }
    }

    /// Waits for the program to end until `deadline`, then kills it.
    ///
    /// # Errors
    ///
    /// If the system refuses to wait for it.
    pub fn end(&mut self, deadline: Instant) -> io::Result<ExitStatus> {
        let status = match self.kept.wait_until(deadline)? {
            Some(status) => status,
            None => self.kept.end()?,
        };
        // Processes that it started may still run.
        self.kept.end()?;
        self.ended = Some(status);
        self.forget_group();
        Ok(status)
    }

    /// Its process group is no longer to be killed when this process ends.
    fn forget_group(&self) {
        groups().retain(|group| *group != self.kept.id());
    }

    fn signal(&self, signal: Signal) {
        self.kept.signal(signal);
    }
}

impl Drop for ProgramProcess {
    /// Ends the program, and what a program that has ended has left.
    fn drop(&mut self) {
        let _ = self.end(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_variables_name_the_listening_nodes() {
        let listening = [("srv-1".to_owned(), "127.0.0.1:4321".parse().unwrap())];
        assert_eq!(
            fill_in("tcp://{address:srv-1}", &listening),
            "tcp://127.0.0.1:4321"
        );
        assert_eq!(
            fill_in("{host:srv-1}:{port:srv-1}", &listening),
            "127.0.0.1:4321"
        );
        assert_eq!(fill_in("{port:other}", &listening), "{port:other}");
        assert_eq!(variable("srv-1"), "RUNNER_ADDRESS_SRV_1");
    }
}
