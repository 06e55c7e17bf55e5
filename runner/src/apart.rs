//! A process of the runner, started by the runner to run plugin code: under a keeper, so
//! that nothing that it has started outlives it, and with all its output captured.
//!
//! [`planning`](crate::plan) uses one to make a plan, [`isolate`](crate::session::isolate)
//! one per worker for runs.

use std::io::{self, PipeReader, Read};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use os::descriptor::wait_readable;
use os::keeper::{self, Kept};
use os::patience::Patience;
use os::process::this_program;
use realtime::processes::control::Control;

/// How long a process may take to end after its connection has closed. Arbitrary.
const END_PATIENCE: Duration = Duration::from_millis(500);

/// How much of the output is kept `[bytes]`.
const OUTPUT_MAX: usize = 64 << 10;

/// A process of the runner.
#[derive(Debug)]
pub struct ProcessApart {
    kept: Kept,
    /// The connection to it.
    pub control: Control,
    output: Arc<Mutex<Vec<u8>>>,
    /// Closes once the output has been read to its end.
    reading: Receiver<()>,
    /// Whether this process killed it.
    killed: bool,
}

impl ProcessApart {
    /// Starts the runner with this subcommand. The other end of the connection is its
    /// standard input. It has a process group of its own: a signal from the terminal
    /// reaches only this process.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses.
    pub fn start(subcommand: &str) -> io::Result<ProcessApart> {
        let (control, far) = Control::pair()?;
        let (reader, writer) = io::pipe()?;
        let program = this_program();
        let (mut command, seat) = keeper::command(Path::new(program.get_program()))?;
        command
            .arg(subcommand)
            .stdin(Stdio::from(far))
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let kept = keeper::start(command, seat)?;
        tracing::debug!(pid = kept.id(), "process started");
        let output = Arc::new(Mutex::new(Vec::new()));
        let kept_output = output.clone();
        let (end, reading) = channel::<()>();
        thread::spawn(move || {
            read_output(reader, &kept_output);
            drop(end);
        });
        Ok(ProcessApart {
            kept,
            control,
            output,
            reading,
            killed: false,
        })
    }

    /// Waits for bytes on the connection, for at most `most`, and reads them. Returns
    /// false if the connection is closed.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses to wait.
    pub fn wait(&mut self, most: Duration) -> io::Result<bool> {
        match wait_readable(&self.control, most)? {
            true => Ok(self.control.read_more().unwrap_or(false)),
            false => Ok(true),
        }
    }

    /// A clock of the process, for limits.
    pub fn patience(&self) -> Patience {
        self.kept.patience()
    }

    /// Kills the process, and everything that it has started.
    pub fn kill(&mut self) {
        self.killed = true;
        self.kept.kill();
    }

    /// Ends the process, and everything that it has started. Returns how it ended by
    /// itself (none: this process killed it), and the end of its output.
    pub fn end(&mut self) -> (Option<ExitStatus>, String) {
        self.control.close();
        if !self.killed && matches!(self.kept.wait_within(END_PATIENCE), Ok(None)) {
            self.kill();
        }
        let ended = self.kept.end().ok().filter(|_| !self.killed);
        // The pipe closes with the last process that has it.
        let _ = self.reading.recv_timeout(END_PATIENCE * 2);
        (ended, self.take_output())
    }

    /// Takes what the process has written to its standard output and error.
    pub fn take_output(&self) -> String {
        let output = std::mem::take(&mut *self.output());
        String::from_utf8_lossy(&output).into_owned()
    }

    fn output(&self) -> MutexGuard<'_, Vec<u8>> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the output of a process, and keeps the end of it.
fn read_output(mut pipe: PipeReader, output: &Mutex<Vec<u8>>) {
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
