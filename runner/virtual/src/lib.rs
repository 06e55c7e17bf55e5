//! Runs an unmodified program in virtual time: a single process whose only world is its
//! standard input, its standard output and the clock. Its clocks show what they are told,
//! it sleeps no longer than it takes to say how long, and its random bytes are the run's.
//! So what it does depends on its input alone, and a second run does the same.
//!
//! # How
//!
//! The kernel holds the system calls by which a program waits, reads a clock or draws
//! random bytes, and notifies this room (`filter`: which calls; `kernel`: the interface,
//! `seccomp_unotify(2)`). Clocks and random bytes are answered at once (`answer`). A wait is
//! held (`hold`). Threads take turns: one computes until its call is held, then the next
//! one goes on (`program`), so that their order is the same each time. Once all wait, the
//! program *rests*: it says until when ([`Step::next`]), and nothing of it happens before
//! that time or new input. Its standard streams are pipes, its other calls are the kernel's.
//!
//! Clock reads are system calls only because `launch` takes the vDSO away from the program
//! before its first instruction. There it also replaces the random bytes that the kernel
//! gives to each program, and memory has no random layout: hashes of addresses repeat.
//!
//! # What this cannot do
//!
//! - Other processes, sockets and interval timers are refused ([`Fault::Refused`]).
//! - Files are the machine's: what a program reads there is not the run's, and what it
//!   writes stays.
//! - Threads that share memory without system calls between them race as ever. So does a
//!   runtime that preempts by the time a computation takes (Go's). Whoever needs to know
//!   runs twice, and compares.
//! - The number of instructions, the memory in use and `/proc` are the machine's.
//!
//! Start reading at [`Program`].

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod answer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod clock;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod filter;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod futex;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod hold;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod kernel;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod launch;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod program;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod spent;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod streams;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod task;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod watch;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod elsewhere;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub use elsewhere::Program;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use program::Program;

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests;

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// What is started.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Variables of its environment, beside those of this process.
    pub environment: &'a [(String, String)],
    /// Its working folder.
    pub folder: &'a Path,
    /// What all its random bytes are made of.
    pub seed: u64,
    /// The number that it knows its process by, beside others of the run.
    pub number: u32,
    /// What it may take.
    pub limits: Limits,
}

/// What a program may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long it may go on without resting: the time in which it computes, or waits for what
    /// virtual time does not have; not that in which other programs have the processors.
    pub rest_within: Duration,
    /// How much it may write until it rests `[bytes]`.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // As long as a program of the plugin `process` may take for an answer.
            rest_within: Duration::from_secs(10),
            output: 64 << 20,
        }
    }
}

/// What a program did until it rested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What it wrote on standard output.
    pub output: Vec<u8>,
    /// What it wrote on standard error.
    pub errors: Vec<u8>,
    /// Until when it waits at most `[ns]`; none if it waits for input alone.
    pub next: Option<u64>,
    /// How it ended, if it did.
    pub ended: Option<Ended>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Why a program cannot go on in virtual time.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It made a call that cannot be held.
    #[error("it calls `{call}` ({what}), which virtual time does not have")]
    Refused {
        /// The system call.
        call: String,
        /// What that call is for.
        what: &'static str,
    },
    /// It computed too long.
    #[error("it computed for {} s, and did not wait for input or time", .0.as_secs_f64())]
    NoRest(Duration),
    /// It did nothing, and does not wait for anything that virtual time has.
    #[error("it did not wait for input or time within {} s, and hardly computed\n  it waits for something else: a lock of a file, or a pipe", .0.as_secs_f64())]
    Stuck(Duration),
    /// It wrote too much.
    #[error("it wrote more than {0} bytes without waiting for input or time")]
    Floods(usize),
    /// The kernel refused something.
    #[error("the kernel: {0}")]
    Kernel(#[from] io::Error),
}

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no such program, or it cannot be executed.
    #[error("{0}")]
    NoProgram(io::Error),
    /// Programs cannot be held on this machine: why.
    #[error("{0}")]
    Unsupported(String),
}

impl StartError {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn held(error: io::Error) -> StartError {
        StartError::Unsupported(format!(
            "a program cannot be held in virtual time here: {error}"
        ))
    }
}

/// Whether this machine can hold programs, tried once with a program that does nothing.
///
/// # Errors
///
/// If not: why.
pub fn supported() -> Result<(), String> {
    static SUPPORTED: OnceLock<Result<(), String>> = OnceLock::new();
    SUPPORTED.get_or_init(attempt).clone()
}

fn attempt() -> Result<(), String> {
    let command = ["true".to_owned()];
    let start = Start {
        command: &command,
        environment: &[],
        folder: Path::new("."),
        seed: 0,
        number: 0,
        limits: Limits::default(),
    };
    match Program::start(&start) {
        Ok(mut program) => match program.run(0) {
            Ok(step) if step.ended == Some(Ended::Exited(0)) => Ok(()),
            Ok(step) => Err(format!("a program that does nothing went wrong: {step:?}")),
            Err(fault) => Err(format!("a program that does nothing went wrong: {fault}")),
        },
        Err(StartError::Unsupported(reason)) => Err(reason),
        // No such program: nothing is known, and the program of the scenario will tell.
        Err(StartError::NoProgram(_)) => Ok(()),
    }
}
