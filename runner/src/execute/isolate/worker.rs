//! One process that does runs, as the runner sees it.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Job, Order, Report, SUBCOMMAND};
use crate::execute::ExecuteError;
use crate::results::entry::Entry;
use host::progress_page::ProgressPage;
use os::descriptor::wait_readable;
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
    pub cell: ProgressPage,
    said: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

/// What came from a process.
#[derive(Debug)]
pub enum Said {
    Ready,
    Over(Box<Entry>),
    Refused(String),
    Broken(String),
    /// It is gone.
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
    ) -> Result<Option<Worker>, ExecuteError> {
        let mut worker = Worker::spawn(job).map_err(|error| {
            ExecuteError::Process(format!("a process for runs cannot be started: {error}"))
        })?;
        loop {
            match worker.listen()? {
                Some(Said::Ready) => return Ok(Some(worker)),
                Some(Said::Refused(why) | Said::Broken(why)) => {
                    return Err(SetupError::Refused(why).into());
                }
                Some(Said::Dead) => {
                    let (how, said) = worker.bury();
                    let who = "a run".to_owned();
                    let how = super::death::ending(&how) + &super::death::last_words(&said);
                    return Err(SetupError::Gone { who, how }.into());
                }
                Some(Said::Over(_)) | None if stop.load(Ordering::Relaxed) => return Ok(None),
                Some(Said::Over(_)) | None => {}
            }
        }
    }

    /// It has a process group of its own, so that a signal from the terminal
    /// reaches the runner alone, which passes it on.
    fn spawn(job: impl FnOnce(PathBuf) -> Job) -> io::Result<Worker> {
        let cell = ProgressPage::create()?;
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
    pub fn listen(&mut self) -> Result<Option<Said>, ExecuteError> {
        let failed = |error: io::Error| {
            ExecuteError::Process(format!("a process for runs cannot be heard: {error}"))
        };
        if let Some(said) = self.next() {
            return Ok(Some(said));
        }
        if !wait_readable(&self.control, GLANCE).map_err(failed)? {
            return Ok(None);
        }
        // What cannot be read is no word from a process of ours.
        if !self.control.read_more().unwrap_or(false) {
            return Ok(Some(self.next().unwrap_or(Said::Dead)));
        }
        Ok(self.next())
    }

    fn next(&mut self) -> Option<Said> {
        let said = match self.control.next_received() {
            Ok(None) => return None,
            Ok(Some(Report::Ready)) => Said::Ready,
            Ok(Some(Report::Over(line))) => {
                serde_json::from_str(&line).map_or(Said::Dead, |entry| Said::Over(Box::new(entry)))
            }
            Ok(Some(Report::Refused(why))) => Said::Refused(why),
            Ok(Some(Report::Broken(why))) => Said::Broken(why),
            Err(_) => Said::Dead,
        };
        if matches!(said, Said::Dead) {
            self.kill();
        }
        Some(said)
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
