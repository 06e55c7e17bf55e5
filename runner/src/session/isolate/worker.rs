//! One process that does runs, as the runner sees it.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Job, Order, Report, SUBCOMMAND};
use crate::results::entry::Entry;
use crate::session::RunError;
use host::cell::Cell;
use realtime::processes::control::Control;
use realtime::setup::SetupError;

/// The longest wait for a word: how soon a limit or a signal is noticed.
const GLANCE: Duration = Duration::from_millis(20);

/// How long what a dead process has said may take to arrive: something that it
/// started may still hold the pipe.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What is kept of what a process says on its standard error `[bytes]`.
const SAID_MAX: usize = 64 << 10;

/// A process that does runs.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    control: Control,
    /// Where it notes what it does.
    pub cell: Cell,
    said: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

/// What came from a process.
#[derive(Debug)]
pub enum Message {
    Ready,
    Over(Box<Entry>),
    Refused(String),
    Broken(String),
    /// The child is gone.
    Dead,
}

impl Worker {
    /// Starts a process; none if the runner is stopped meanwhile.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or does not come to its work.
    pub fn start(
        job: impl FnOnce(PathBuf) -> Job,
        stop: &AtomicBool,
    ) -> Result<Option<Worker>, RunError> {
        let mut worker = Worker::spawn(job).map_err(|error| {
            RunError::Process(format!("a process for runs cannot be started: {error}"))
        })?;
        loop {
            match worker.listen()? {
                Some(Message::Ready) => return Ok(Some(worker)),
                Some(Message::Refused(why) | Message::Broken(why)) => {
                    return Err(SetupError::Refused(why).into());
                }
                Some(Message::Dead) => {
                    let (how, said) = worker.bury();
                    let who = "a run".to_owned();
                    let how = super::death::ending(&how) + &super::death::last_words(&said);
                    return Err(SetupError::Gone { who, how }.into());
                }
                Some(Message::Over(_)) | None if stop.load(Ordering::Relaxed) => return Ok(None),
                Some(Message::Over(_)) | None => {}
            }
        }
    }

    /// It has a process group of its own, so that a signal from the terminal
    /// reaches the runner alone, which passes it on.
    fn spawn(job: impl FnOnce(PathBuf) -> Job) -> io::Result<Worker> {
        let cell = Cell::create()?;
        let (mut control, far) = Control::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SUBCOMMAND)
            .stdin(Stdio::from(far))
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        tracing::debug!(pid = child.id(), "started a process for runs");
        let said = Arc::new(Mutex::new(Vec::new()));
        let reader = child.stderr.take().map(|pipe| {
            let said = said.clone();
            thread::spawn(move || listen_to(pipe, &said))
        });
        // If it is gone already, its silence tells.
        let _ = control.send(&Order::Job(Box::new(job(cell.path()))));
        Ok(Worker {
            child,
            control,
            cell,
            said,
            reader,
        })
    }

    /// Tells it something. If it is gone, its silence tells.
    pub fn order(&mut self, order: &Order) {
        let _ = self.control.send(order);
    }

    /// The next word from it; none if it has none for a while.
    ///
    /// # Errors
    ///
    /// When the system refuses to wait.
    pub fn listen(&mut self) -> Result<Option<Message>, RunError> {
        let failed = |error: io::Error| {
            RunError::Process(format!("a process for runs cannot be heard: {error}"))
        };
        if let Some(said) = self.next() {
            return Ok(Some(said));
        }
        let glance = Timespec {
            tv_sec: 0,
            tv_nsec: GLANCE.as_nanos() as i64,
        };
        let mut ready = [PollFd::new(&self.control, PollFlags::IN)];
        match poll(&mut ready, Some(&glance)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(failed(error.into())),
        }
        // What cannot be read is no word from a process of ours.
        if !self.control.read_on().unwrap_or(false) {
            return Ok(Some(self.next().unwrap_or(Message::Dead)));
        }
        Ok(self.next())
    }

    fn next(&mut self) -> Option<Message> {
        match self.control.next_line() {
            Ok(None) => None,
            Ok(Some(Report::Ready)) => Some(Message::Ready),
            Ok(Some(Report::Over(entry))) => Some(Message::Over(entry)),
            Ok(Some(Report::Refused(why))) => Some(Message::Refused(why)),
            Ok(Some(Report::Broken(why))) => Some(Message::Broken(why)),
            Err(_) => {
                self.kill();
                Some(Message::Dead)
            }
        }
    }

    /// Ends it.
    pub fn kill(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
    }

    /// How a process that is gone has ended, and what it said at last.
    pub fn bury(&mut self) -> (Option<ExitStatus>, String) {
        let until = Instant::now() + LAST_WORDS;
        let how = self.wait(until);
        if let Some(reader) = self.reader.take() {
            while !reader.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let said = std::mem::take(&mut *self.said());
        (how, String::from_utf8_lossy(&said).into_owned())
    }

    /// Waits for a process that is about to end; it has to, by then.
    fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(how)) => return Some(how),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(1)),
                Ok(None) => {
                    self.kill();
                    return self.child.wait().ok();
                }
                // Who cannot be waited for is not ours any more.
                Err(_) => return None,
            }
        }
    }

    /// Hands on what the process said on its standard error during a run that
    /// went well.
    pub fn forward(&self) {
        let said = std::mem::take(&mut *self.said());
        if !said.is_empty() {
            // Nobody is left to tell if standard error is gone.
            let _ = io::stderr().lock().write_all(&said);
        }
    }

    fn said(&self) -> MutexGuard<'_, Vec<u8>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what a process says, and keeps the end of it.
fn listen_to(mut pipe: ChildStderr, said: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.extend_from_slice(&buffer[..count]);
                let over = said.len().saturating_sub(SAID_MAX);
                said.drain(..over);
            }
        }
    }
}

impl Drop for Worker {
    /// Nothing is lost: between two runs it does nothing.
    fn drop(&mut self) {
        self.control.close();
        self.wait(Instant::now() + LAST_WORDS);
        self.forward();
    }
}
