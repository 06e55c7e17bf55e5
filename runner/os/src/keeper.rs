//! A keeper: a small process between this process and a program that it starts. When
//! the program ends, or this process does, by whatever signal, the keeper kills the
//! program and everything that the program has started.
//!
//! A parent-death signal alone does not do this: it reaches the program, and not the
//! processes that the program has started. A process group does not do it either: a
//! daemon leaves the group. The keeper adopts every orphan below it ([`family`]), so
//! nothing can leave it; and it waits for the end of a connection to this process,
//! which the system closes even after SIGKILL. If the keeper itself is killed, the
//! program gets a parent-death signal from its main thread, which lives as long as the
//! keeper.
//!
//! The keeper is this executable again, with [`SUBCOMMAND`]. It reports how the program
//! ended. What the program has started may then go on, until [`Kept::end`].

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, Signal as SystemSignal, WaitId, WaitIdOptions, WaitOptions, getpid, getppid, kill_process,
    set_parent_process_death_signal, wait, waitid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::descriptor::wait_readable;
use crate::load::Status;
use crate::patience::Patience;
use crate::process::Signal;
use crate::processor::Processors;
use crate::{family, process};

/// The first argument of a keeper.
pub const SUBCOMMAND: &str = "keep-process";

/// The orders to send a signal to the program's process group. After the one to kill it, the
/// keeper ends.
const SIGNALS: [(u8, Signal); 4] = [
    (b'K', Signal::Kill),
    (b'T', Signal::Terminate),
    (b'S', Signal::Stop),
    (b'C', Signal::Continue),
];

/// The report that the program was started; its process id follows.
const BEGUN: u8 = b'B';

/// The report that the program was not started; the number of the error follows.
const FAILED: u8 = b'F';

/// The report that the program has ended; its wait status follows.
const ENDED: u8 = b'E';

/// The span between two looks at what an ended program has left.
const RETRY: Duration = Duration::from_millis(20);

/// How long the keeper tries to kill what the program has started: only a process that
/// waits for a device can take longer.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// A program that runs under a keeper.
#[derive(Debug)]
pub struct Kept {
    keeper: Child,
    control: UnixStream,
    program: u32,
    /// How the program ended.
    ended: Option<ExitStatus>,
}

/// A command for a program under a keeper, to be started with [`start`]. Add arguments,
/// environment and the standard streams as for the program itself.
pub fn command(program: impl AsRef<OsStr>) -> io::Result<(Command, Seat)> {
    let (near, far) = UnixStream::pair()?;
    let far = OwnedFd::from(far);
    let mut command = process::this_program();
    command
        .arg(SUBCOMMAND)
        .arg(far.as_raw_fd().to_string())
        .arg(program);
    Ok((command, Seat { near, far }))
}

/// The connection between a keeper and this process, before the keeper is started.
#[derive(Debug)]
pub struct Seat {
    near: UnixStream,
    far: OwnedFd,
}

/// Starts a command of [`command`].
///
/// # Errors
///
/// If the keeper or the program cannot be started.
pub fn start(mut command: Command, seat: Seat) -> io::Result<Kept> {
    let Seat { near, far } = seat;
    command.process_group(0);
    inherit(&mut command, far.as_raw_fd());
    let keeper = command.spawn()?;
    drop(far);
    let mut kept = Kept {
        keeper,
        control: near,
        program: 0,
        ended: None,
    };
    match kept.report() {
        Ok((BEGUN, program)) => {
            kept.program = program as u32;
            Ok(kept)
        }
        Ok((_, error)) => {
            kept.keeper.wait()?;
            Err(io::Error::from_raw_os_error(error))
        }
        Err(error) => {
            kept.keeper.wait()?;
            Err(error)
        }
    }
}

/// Has the command's process keep a descriptor open across its start.
#[allow(unsafe_code)]
fn inherit(command: &mut Command, descriptor: RawFd) {
    // SAFETY: between fork and exec, only one system call. The descriptor is open until
    // the command is spawned.
    unsafe {
        command.pre_exec(move || {
            let descriptor = rustix::fd::BorrowedFd::borrow_raw(descriptor);
            Ok(fcntl_setfd(descriptor, FdFlags::empty())?)
        });
    }
}

impl Kept {
    /// The process id of the program, which is its process group, too.
    pub fn id(&self) -> u32 {
        self.program
    }

    /// The program's standard output, if it is a pipe that was not taken.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.keeper.stdout.take()
    }

    /// The program's standard error, if it is a pipe that was not taken.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.keeper.stderr.take()
    }

    /// The keeper's process, for its standard input.
    pub fn keeper(&mut self) -> &mut Child {
        &mut self.keeper
    }

    /// Has the keeper send a signal to the program's process group, if the program has not
    /// ended: of an ended one, the number may be another process's.
    pub fn signal(&self, signal: Signal) {
        let order = SIGNALS.iter().find(|it| it.1 == signal);
        if let Some((order, _)) = order {
            // Fails if the keeper is gone, and then the program is.
            let _ = (&self.control).write_all(&[*order]);
        }
    }

    /// Has the program and all that it has started run on these processors alone, and what they
    /// start from now on.
    ///
    /// # Errors
    ///
    /// If the program has ended.
    pub fn run_on(&self, processors: &Processors) -> io::Result<()> {
        let program = self.running()?;
        let family = Status::of_family(program.process).unwrap_or(vec![program]);
        for member in family {
            // It may have ended.
            let _ = processors.hold_process(member.process);
        }
        Ok(())
    }

    /// The program, if it has not ended: of an ended one, the number may be another process's.
    fn running(&self) -> io::Result<Status> {
        let status = i32::try_from(self.program).ok().and_then(Status::of);
        let keeper = i64::from(self.keeper.id());
        let is_its_child = |it: &Status| i64::from(it.parent) == keeper;
        let running = status.filter(is_its_child);
        running.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Kills the program, and everything that it has started.
    pub fn kill(&mut self) {
        self.signal(Signal::Kill);
    }

    /// How the program ended; none while it runs.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.wait_until(Instant::now())
    }

    /// Waits until `until` for the end of the program. Returns how it ended; none if it
    /// still runs.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn wait_until(&mut self, until: Instant) -> io::Result<Option<ExitStatus>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if self.ended.is_some() || wait_readable(&self.control, left)? {
                return self.wait().map(Some);
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }

    /// Waits for the end of the program, and as long as it goes on, by a clock that a busy
    /// machine does not move. Returns how it ended; none if it still runs.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn wait_within(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let mut patience = self.patience();
        while !patience.is_over(limit) {
            if let Some(ended) = self.wait_until(Instant::now() + RETRY.min(limit))? {
                return Ok(Some(ended));
            }
            patience.look();
        }
        self.try_wait()
    }

    /// A clock of the program and all that it has started.
    pub fn patience(&self) -> Patience {
        // The keeper has their processor times, also of those that have ended.
        Patience::with(self.keeper.id())
    }

    /// Waits for the end of the program.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        let ended = match self.report() {
            Ok((_, status)) => ExitStatus::from_raw(status),
            // The keeper was killed, and the program with it.
            Err(_) => self.keeper.wait()?,
        };
        self.ended = Some(ended);
        Ok(ended)
    }

    /// Ends everything that the program has started and left, and the program if it
    /// still runs. Returns how the program ended.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let ended = self.wait()?;
        self.keeper.wait()?;
        Ok(ended)
    }

    fn report(&mut self) -> io::Result<(u8, i32)> {
        let mut report = [0; 5];
        self.control.read_exact(&mut report)?;
        let [kind, number @ ..] = report;
        Ok((kind, i32::from_be_bytes(number)))
    }
}

/// Keeps a program: the whole work of a keeper. `words` are the arguments behind
/// [`SUBCOMMAND`]. Returns the exit code.
pub fn keep(mut words: impl Iterator<Item = OsString>) -> i32 {
    let control = words.next().and_then(|word| word.to_str()?.parse().ok());
    let (Some(control), Some(program)) = (control.and_then(taken), words.next()) else {
        eprintln!("error: this process keeps no program\n  only the runner starts it");
        return 3;
    };
    let Ok(begun) = begin(control, &program, words) else {
        return 1;
    };
    leave(begun);
    family::end_descendants(END_PATIENCE);
    0
}

/// A program that was started, on the keeper's side.
struct Begun {
    program: Arc<Ward>,
    reports: UnixStream,
    /// Gets a value when the program is to be killed.
    killed: Receiver<()>,
}

/// Waits for the end of the program, reports it, and waits until all that it has left
/// has ended, or is to be killed.
fn leave(mut begun: Begun) {
    let status = begun.program.wait();
    let status = status.map_or(0, ExitStatus::into_raw);
    let _ = begun.reports.write_all(&told(ENDED, status));
    while begun.killed.recv_timeout(RETRY) == Err(mpsc::RecvTimeoutError::Timeout) {
        while let Some(ended) = wait(WaitOptions::NOHANG).transpose() {
            if ended.is_err() {
                return;
            }
        }
    }
}

/// The program of a keeper. Its number is its own until it is waited for; afterwards the
/// system may give it to a process that is none of ours. So nothing is sent to it then.
struct Ward {
    program: Pid,
    /// Whether it has been waited for.
    is_gone: Mutex<bool>,
}

impl Ward {
    fn new(program: Pid) -> Ward {
        Ward {
            program,
            is_gone: Mutex::new(false),
        }
    }

    fn is_gone(&self) -> MutexGuard<'_, bool> {
        self.is_gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a signal to its process group, if it has not been waited for.
    fn signal(&self, signal: Signal) {
        // Held until the signal is sent.
        let gone = self.is_gone();
        if *gone {
            return;
        }
        process::signal_group(self.program.as_raw_nonzero().get().cast_unsigned(), signal);
        if signal == Signal::Kill {
            // It may have left the group, in which others still run.
            let _ = kill_process(self.program, SystemSignal::KILL);
        }
    }

    /// Waits until it has ended, and meanwhile for every process that was adopted.
    fn wait(&self) -> Option<ExitStatus> {
        loop {
            // Nothing is taken before nobody can send it a signal.
            match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return None,
            }
            let mut gone = self.is_gone();
            match wait(WaitOptions::NOHANG) {
                Ok(Some((process, status))) if process == self.program => {
                    *gone = true;
                    return Some(ExitStatus::from_raw(status.as_raw()));
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }
}

/// The connection at this descriptor, which the program does not inherit.
#[allow(unsafe_code)]
fn taken(descriptor: RawFd) -> Option<UnixStream> {
    // Descriptors of the standard streams are not a keeper's connection.
    if descriptor < 3 {
        return None;
    }
    // SAFETY: the runner has handed it over with the arguments, and nothing else in
    // this new process knows of it.
    let descriptor = unsafe {
        fcntl_setfd(
            rustix::fd::BorrowedFd::borrow_raw(descriptor),
            FdFlags::CLOEXEC,
        )
        .ok()?;
        OwnedFd::from_raw_fd(descriptor)
    };
    Some(descriptor.into())
}

/// Starts the program and reports this; starts to wait for orders.
fn begin(
    mut control: UnixStream,
    program: &OsStr,
    words: impl Iterator<Item = OsString>,
) -> Result<Begun, ()> {
    // Without subreapers, the program ends, and its process group if it runs until then.
    let _ = family::adopt_orphans();
    let mut command = Command::new(program);
    command.args(words).process_group(0);
    die_with(&mut command, getpid());
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(Errno::NOENT.raw_os_error());
            let _ = control.write_all(&told(FAILED, number));
            return Err(());
        }
    };
    let program = Pid::from_child(&child);
    // A pipe of the program must close when the program closes it.
    if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null);
        let _ = dup2_stdout(&null);
        let _ = dup2_stderr(&null);
    }
    let _ = control.write_all(&told(BEGUN, program.as_raw_nonzero().get()));
    let reports = control.try_clone().map_err(drop)?;
    let program = Arc::new(Ward::new(program));
    let (ward, (sender, killed)) = (program.clone(), mpsc::channel());
    thread::spawn(move || {
        follow_orders(&mut control, &ward);
        let _ = sender.send(());
        ward.signal(Signal::Kill);
    });
    Ok(Begun {
        program,
        reports,
        killed,
    })
}

/// Sends the signals that are ordered, until the program is to be killed, or the process that
/// gives the orders has ended.
fn follow_orders(control: &mut UnixStream, program: &Ward) {
    let mut order = [0];
    while control.read_exact(&mut order).is_ok() {
        match SIGNALS.iter().find(|it| it.0 == order[0]) {
            Some((_, Signal::Kill)) | None => return,
            Some((_, signal)) => program.signal(*signal),
        }
    }
}

fn told(kind: u8, number: i32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [kind, a, b, c, d]
}

/// Has the command's process killed when the thread that starts it ends.
#[allow(unsafe_code)]
fn die_with(command: &mut Command, parent: Pid) {
    // SAFETY: between fork and exec, only system calls.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(SystemSignal::KILL))?;
            match getppid() == Some(parent) {
                true => Ok(()),
                // It ended before the call above.
                false => Err(io::ErrorKind::NotConnected.into()),
            }
        });
    }
}
