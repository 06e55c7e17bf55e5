//! A runner on a pseudo-terminal: a test types keys, and reads the screen as a person would.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use vt100::Parser;

use crate::harness::Lab;
use crate::waiting::until;

/// A runner on a terminal of its own.
pub struct Tty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
    /// Reads until the program and all that it started have closed the terminal.
    reads: thread::JoinHandle<()>,
    /// The mode of the terminal before the runner started.
    mode: String,
}

struct Seen {
    line: Line,
    parser: Parser,
    bytes: Vec<u8>,
}

/// The line to the terminal, which may be so slow that it stands still.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Reads,
    /// Nothing is read once a frame has begun and is not whole.
    HoldsInFrame,
    /// Nothing is read.
    Holds,
}

/// The bytes without a frame at their end that is not whole: a terminal shows none.
fn whole_frames(bytes: &[u8]) -> usize {
    let last = |mark: &[u8]| bytes.windows(mark.len()).rposition(|it| it == mark);
    match (last(b"\x1b[?2026h"), last(b"\x1b[?2026l")) {
        (Some(begin), None) => begin,
        (Some(begin), Some(end)) if end < begin => begin,
        _ => bytes.len(),
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Tty {
    /// Starts the runner with these arguments on a terminal of this size.
    pub fn start(lab: &Lab, arguments: &[&str], rows: u16, cols: u16) -> Tty {
        Tty::with(lab, arguments, rows, cols, &[])
    }

    /// As [`Tty::start`], with these environment variables.
    pub fn with(
        lab: &Lab,
        arguments: &[&str],
        rows: u16,
        cols: u16,
        environment: &[(&str, &str)],
    ) -> Tty {
        let program = env!("CARGO_BIN_EXE_runner");
        Tty::program(lab, program, arguments, (rows, cols), environment)
    }

    /// As [`Tty::start`], with a line that stands still in the middle of the first frame.
    pub fn held_in_frame(lab: &Lab, arguments: &[&str], rows: u16, cols: u16) -> Tty {
        let program = env!("CARGO_BIN_EXE_runner");
        Tty::on_line(
            Line::HoldsInFrame,
            lab,
            program,
            arguments,
            (rows, cols),
            &[],
        )
    }

    /// As [`Tty::with`], for another program.
    pub fn program(
        lab: &Lab,
        program: &str,
        arguments: &[&str],
        size: (u16, u16),
        environment: &[(&str, &str)],
    ) -> Tty {
        Tty::on_line(Line::Reads, lab, program, arguments, size, environment)
    }

    fn on_line(
        line: Line,
        lab: &Lab,
        program: &str,
        arguments: &[&str],
        (rows, cols): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Tty {
        let pair = native_pty_system().openpty(size(rows, cols)).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(lab.path(""));
        for name in [
            "RUNNER_PLUGIN_PATH",
            "RUNNER_LOG",
            "NO_COLOR",
            "CLICOLOR_FORCE",
        ] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in environment {
            command.env(name, value);
        }
        let mode = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            line,
            parser: Parser::new(rows, cols, 0),
            bytes: Vec::new(),
        }));
        let into = seen.clone();
        let reads = thread::spawn(move || {
            let mut buffer = [0; 1024];
            let mut pending = Vec::new();
            loop {
                while into.lock().unwrap().line == Line::Holds {
                    thread::park_timeout(Duration::from_millis(3));
                }
                match reader.read(&mut buffer) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => {
                        pending.extend_from_slice(&buffer[..count]);
                        let mut seen = into.lock().unwrap();
                        seen.bytes.extend_from_slice(&buffer[..count]);
                        let whole = whole_frames(&pending);
                        seen.parser.process(&pending[..whole]);
                        pending.drain(..whole);
                        if !pending.is_empty() && seen.line == Line::HoldsInFrame {
                            seen.line = Line::Holds;
                        }
                    }
                }
            }
        });
        Tty {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            seen,
            reads,
            mode,
        }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// All that was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen.lock().unwrap().bytes.clone()
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        self.shows_when(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    pub fn shows_when(&self, what: &str, is_right: impl Fn(&str) -> bool) -> String {
        let mut screen = String::new();
        let bound = std::time::Instant::now() + Duration::from_secs(60);
        until(what, || {
            screen = self.screen();
            let late = std::time::Instant::now() > bound;
            assert!(!late, "the screen never shows: {what}\n{screen}");
            is_right(&screen)
        });
        screen
    }

    /// Types keys.
    pub fn types(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Types keys, and waits until the screen shows a text.
    #[track_caller]
    pub fn after(&mut self, keys: &str, text: &str) -> String {
        self.types(keys);
        self.shows(text)
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        let mut seen = self.seen.lock().unwrap();
        seen.parser.screen_mut().set_size(rows, cols);
        drop(seen);
        self.master.resize(size(rows, cols)).unwrap();
    }

    /// Reads nothing from now on, or reads again.
    pub fn hold(&self, hold: bool) {
        self.seen.lock().unwrap().line = if hold { Line::Holds } else { Line::Reads };
    }

    /// Reads nothing from the middle of the next frame on.
    pub fn hold_in_frame(&self) {
        self.seen.lock().unwrap().line = Line::HoldsInFrame;
    }

    fn is_held(&self) -> bool {
        self.seen.lock().unwrap().line == Line::Holds
    }

    /// Waits until nothing is read. Returns the number of bytes that were.
    #[track_caller]
    pub fn until_held(&self) -> usize {
        until("the middle of a frame", || self.is_held());
        self.bytes().len()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.process_id().unwrap();
        kill_process(Pid::from_raw(id as i32).unwrap(), signal).unwrap();
    }

    /// Waits until the program waits for something, and no signal for the program.
    #[track_caller]
    pub fn has_taken_signals(&self) {
        let id = self.child.process_id().unwrap();
        until("the program to take its signals", || {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
            let has = |line: &str| status.lines().any(|it| it == line);
            has("ShdPnd:\t0000000000000000") && has("State:\tS (sleeping)")
        });
    }

    /// Waits for the end. The terminal must be as it was before. Returns the exit code, and
    /// what is on the screen then.
    #[track_caller]
    pub fn ends(mut self) -> (u32, String) {
        let mut status = None;
        until("the end of the runner", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let left = |screen: &Self| {
            !screen
                .seen
                .lock()
                .unwrap()
                .parser
                .screen()
                .alternate_screen()
        };
        let all_read = |it: &Self| it.is_held() || it.reads.is_finished();
        until("all that was written", || all_read(&self));
        until("the screen from before", || left(&self));
        let seen = self.seen.lock().unwrap();
        assert!(!seen.parser.screen().hide_cursor(), "the cursor is hidden");
        let mode = format!("{:?}", self.master.get_termios());
        assert_eq!(mode, self.mode, "the mode of the terminal");
        (status.unwrap().exit_code(), seen.parser.screen().contents())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
