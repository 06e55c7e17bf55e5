//! A child process that runs runs, on the parent's side.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{CALLBACK_MAX, ChildJob, ErrorPrinter, FromChild, SUBCOMMAND, ToChild};
use crate::apart::ProcessApart;
use crate::results::entry::Entry;
use crate::session::RunError;
use host::progress_page::ProgressPage;
use os::patience::Patience;
use realtime::setup::SetupError;

/// The longest wait for a message: the delay of a limit or a signal is at most as
/// long. Arbitrary.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A child process.
#[derive(Debug)]
pub struct ChildProcess {
    process: ProcessApart,
    /// The page on which the child notes each callback.
    pub page: ProgressPage,
    errors: ErrorPrinter,
}

/// A message from a child, or its end.
#[derive(Debug)]
pub enum Message {
    Ready,
    /// A line that a node has printed, in real time.
    Line(String),
    Over(Box<Entry>),
    Refused(String),
    Broken(String),
    Lost(String),
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
        let mut patience = child.patience();
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
                Some(Message::Over(_) | Message::Line(_) | Message::Lost(_)) | None => {}
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            patience.look();
            if patience.is_over(CALLBACK_MAX) {
                let limit = base::duration::to_text(CALLBACK_MAX.into());
                let why = format!("a plugin did not accept its config within {limit}");
                return Err(SetupError::Refused(why).into());
            }
        }
    }

    fn spawn(
        job: impl FnOnce(PathBuf) -> ChildJob,
        errors: ErrorPrinter,
    ) -> io::Result<ChildProcess> {
        let page = ProgressPage::create()?;
        let mut process = ProcessApart::start(SUBCOMMAND)?;
        // Fails if the child is gone, which `listen` reports.
        let job = ToChild::Job(Box::new(job(page.path())));
        let _ = process.control.send(&job);
        Ok(ChildProcess {
            process,
            page,
            errors,
        })
    }

    /// Sends a message. If the child is gone, [`ChildProcess::listen`] reports it.
    pub fn order(&mut self, order: &ToChild) {
        let _ = self.process.control.send(order);
    }

    /// Waits a moment for the next message.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses to wait.
    pub fn listen(&mut self) -> Result<Option<Message>, RunError> {
        if let Some(message) = self.next() {
            return Ok(Some(message));
        }
        let open = self.process.wait(POLL_INTERVAL).map_err(|error| {
            RunError::Process(format!("a process for runs cannot be heard: {error}"))
        })?;
        Ok(match open {
            true => self.next(),
            false => Some(self.next().unwrap_or(Message::Dead)),
        })
    }

    fn next(&mut self) -> Option<Message> {
        Some(match self.process.control.next_received() {
            Ok(None) => return None,
            Ok(Some(FromChild::Ready)) => Message::Ready,
            Ok(Some(FromChild::Line(line))) => Message::Line(line),
            Ok(Some(FromChild::Over(line))) => {
                serde_json::from_str(&line).map_or(Message::Dead, |it| Message::Over(Box::new(it)))
            }
            Ok(Some(FromChild::Refused(why))) => Message::Refused(why),
            Ok(Some(FromChild::Broken(why))) => Message::Broken(why),
            Ok(Some(FromChild::Lost(why))) => Message::Lost(why),
            // Not written by the runner.
            Err(_) => Message::Dead,
        })
    }

    /// A clock of the child, for limits.
    pub fn patience(&self) -> Patience {
        self.process.patience()
    }

    /// Kills the child, and everything that it has started.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Returns how a child that is gone ended, and the end of its output.
    pub fn end(&mut self) -> (Option<ExitStatus>, String) {
        self.process.end()
    }

    /// Prints the child's output on standard error, after a run that did not kill it.
    pub fn forward(&self) {
        let output = self.process.take_output();
        if !output.is_empty() {
            (self.errors.0)(&output);
        }
    }
}

impl Drop for ChildProcess {
    /// The child does nothing between two runs, so nothing is lost.
    fn drop(&mut self) {
        let (_, output) = self.process.end();
        if !output.is_empty() {
            (self.errors.0)(&output);
        }
    }
}
