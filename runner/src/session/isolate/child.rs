//! A child process that runs runs, on the parent's side.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{ChildJob, ErrorPrinter, FromChild, SUBCOMMAND, ToChild};
use crate::results::entry::Entry;
use crate::session::RunError;
use host::progress_page::ProgressPage;
use os::descriptor::wait_readable;
use realtime::processes::control::Control;
use realtime::setup::SetupError;

/// The longest wait for a message: the delay of a limit or a signal is at most as
/// long. Arbitrary.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long to wait for the output of a child that is gone: a process that the child
/// started may hold the pipe open. Arbitrary.
const OUTPUT_PATIENCE: Duration = Duration::from_millis(500);

/// How much of a child's standard error is kept `[bytes]`.
const OUTPUT_MAX: usize = 64 << 10;

/// A child process.
#[derive(Debug)]
pub struct ChildProcess {
    child: Child,
    control: Control,
    /// The page on which the child notes each callback.
    pub page: ProgressPage,
    output: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    errors: ErrorPrinter,
}

/// A message from a child, or its end.
#[derive(Debug)]
pub enum Message {
    Ready,
    Over(Box<Entry>),
    Refused(String),
    Broken(String),
    /// The child is gone.
    Dead,
}

impl ChildProcess {
    /// Starts a child and waits until it is ready; none if a signal stops the runner
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// Fails if the child cannot be started, or cannot make the plan.
    pub fn start(
        job: impl FnOnce(PathBuf) -> ChildJob,
        errors: &ErrorPrinter,
        stop: &AtomicBool,
    ) -> Result<Option<ChildProcess>, RunError> {
        let mut child = ChildProcess::spawn(job, errors.clone()).map_err(|error| {
            RunError::Process(format!("a process for runs cannot be started: {error}"))
        })?;
        loop {
            match child.listen()? {
                Some(Message::Ready) => return Ok(Some(child)),
                Some(Message::Refused(why) | Message::Broken(why)) => {
                    return Err(SetupError::Refused(why).into());
                }
                Some(Message::Dead) => {
                    let (how, output) = child.end();
                    let who = "a run".to_owned();
                    let how = super::death::ending(&how) + &super::death::last_lines(&output);
                    return Err(SetupError::Gone { who, how }.into());
                }
                Some(Message::Over(_)) | None if stop.load(Ordering::Relaxed) => return Ok(None),
                Some(Message::Over(_)) | None => {}
            }
        }
    }

    /// The child has a process group of its own: a signal from the terminal reaches
    /// only the runner, which passes it on.
    fn spawn(
        job: impl FnOnce(PathBuf) -> ChildJob,
        errors: ErrorPrinter,
    ) -> io::Result<ChildProcess> {
        let page = ProgressPage::create()?;
        let (mut control, far) = Control::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SUBCOMMAND)
            .stdin(Stdio::from(far))
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        tracing::debug!(pid = child.id(), "child process started");
        let output = Arc::new(Mutex::new(Vec::new()));
        let reader = child.stderr.take().map(|pipe| {
            let output = output.clone();
            thread::spawn(move || read_output(pipe, &output))
        });
        // Fails if the child is gone, which `listen` reports.
        let _ = control.send(&ToChild::Job(Box::new(job(page.path()))));
        Ok(ChildProcess {
            child,
            control,
            page,
            output,
            reader,
            errors,
        })
    }

    /// Sends a message. If the child is gone, [`ChildProcess::listen`] reports it.
    pub fn order(&mut self, order: &ToChild) {
        let _ = self.control.send(order);
    }

    /// Waits a moment for the next message.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses to wait.
    pub fn listen(&mut self) -> Result<Option<Message>, RunError> {
        let failed = |error: io::Error| {
            RunError::Process(format!("a process for runs cannot be heard: {error}"))
        };
        if let Some(output) = self.next() {
            return Ok(Some(output));
        }
        if !wait_readable(&self.control, POLL_INTERVAL).map_err(failed)? {
            return Ok(None);
        }
        if !self.control.read_more().unwrap_or(false) {
            return Ok(Some(self.next().unwrap_or(Message::Dead)));
        }
        Ok(self.next())
    }

    fn next(&mut self) -> Option<Message> {
        let message = match self.control.next_received() {
            Ok(None) => return None,
            Ok(Some(FromChild::Ready)) => Message::Ready,
            Ok(Some(FromChild::Over(line))) => {
                serde_json::from_str(&line).map_or(Message::Dead, |it| Message::Over(Box::new(it)))
            }
            Ok(Some(FromChild::Refused(why))) => Message::Refused(why),
            Ok(Some(FromChild::Broken(why))) => Message::Broken(why),
            Err(_) => Message::Dead,
        };
        if matches!(message, Message::Dead) {
            self.kill();
        }
        Some(message)
    }

    /// Kills the child.
    pub fn kill(&mut self) {
        // Fails if the child is gone.
        let _ = self.child.kill();
    }

    /// Returns how a child that is gone ended, and the end of its output.
    pub fn end(&mut self) -> (Option<ExitStatus>, String) {
        let until = Instant::now() + OUTPUT_PATIENCE;
        let how = self.wait(until);
        if let Some(reader) = self.reader.take() {
            while !reader.is_finished() && Instant::now() < until {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let output = std::mem::take(&mut *self.output());
        (how, String::from_utf8_lossy(&output).into_owned())
    }

    /// Waits for the end of the child, and kills it at this time.
    fn wait(&mut self, until: Instant) -> Option<ExitStatus> {
        loop {
            match self.child.try_wait() {
                Ok(Some(how)) => return Some(how),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(1)),
                Ok(None) => {
                    self.kill();
                    return self.child.wait().ok();
                }
                Err(_) => return None,
            }
        }
    }

    /// Prints the child's output on standard error, after a run that did not kill it.
    pub fn forward(&self) {
        let output = std::mem::take(&mut *self.output());
        if !output.is_empty() {
            (self.errors.0)(&String::from_utf8_lossy(&output));
        }
    }

    fn output(&self) -> MutexGuard<'_, Vec<u8>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the output of a child, and keeps the end of it.
fn read_output(mut pipe: ChildStderr, output: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(count) => {
                let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
                output.extend_from_slice(&buffer[..count]);
                let over = output.len().saturating_sub(OUTPUT_MAX);
                output.drain(..over);
            }
        }
    }
}

impl Drop for ChildProcess {
    /// The child does nothing between two runs, so nothing is lost.
    fn drop(&mut self) {
        self.control.close();
        self.wait(Instant::now() + OUTPUT_PATIENCE);
        self.forward();
    }
}
