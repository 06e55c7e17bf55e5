//! A program's process: one line in, one line out.
//!
//! Line *n* of the program's output is the answer to line *n* of its input; no line is
//! read that was not asked for. What it writes to standard error is for people, and
//! belongs to the answer before which it was written: it is read after each answer, so a
//! program that writes to it before it answers gives the same lines in every run.

use crate::near::Near;
use crate::wait::{self, Wait};
use runner_sdk::{Ended, Program};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// The longest answer `[bytes]`. Arbitrary: far above what a step of a model sends.
pub const MAX_ANSWER: usize = 64 << 20;

/// How many of its last lines on standard error an error shows.
const LAST_WORDS: usize = 12;

/// The longest line of standard error; longer ones are cut into several `[bytes]`.
const MAX_ERROR_LINE: usize = 16 << 10;

/// The span after which a program that does not answer is looked at: it may wait for
/// someone to read its standard error.
const LOOK: Duration = Duration::from_millis(20);

/// How much is read of what nobody has asked for `[bytes]`.
const SHOWN_OF_REST: usize = 1024;

/// The most that a program may write to standard error before one answer `[bytes]`.
/// Arbitrary: far above what people read of a step.
pub const MAX_SAID: usize = 64 << 20;

/// The longest of its last lines that an error shows `[characters]`.
const MAX_LAST_WORD: usize = 400;

/// How much is read of an answer at once `[bytes]`.
const READ_AT_ONCE: usize = 1 << 16;

/// How long a program may take to end after its input has ended.
pub const END_PATIENCE: Duration = Duration::from_secs(2);

/// How long a program that has closed its output may take to end. The system closes it and
/// ends the process in one go.
const CLOSED_PATIENCE: Duration = Duration::from_millis(500);

/// How long the streams of a killed program are read: only a process that waits for a device
/// can hold them longer.
const KILL_PATIENCE: Duration = Duration::from_secs(6);

/// A program that is asked.
#[derive(Debug)]
pub struct Child {
    /// None once it is ended.
    program: Option<Program>,
    /// None in real time: the thread that asks it has more to do than to wait.
    near: Option<Near>,
    input: UnixStream,
    output: UnixStream,
    errors: UnixStream,
    /// Where its output is read to; kept for its memory.
    buffer: Box<[u8]>,
    /// What was read of its output, and not answered with yet.
    read: Vec<u8>,
    /// The number of bytes of the last answer, with its line end, at the beginning of `read`.
    answered: usize,
    /// The number of answers.
    answers: u64,
    /// The end of standard error that is no whole line yet.
    error_line: Vec<u8>,
    /// Lines of standard error that nobody has taken.
    said: Vec<String>,
    /// The size of what it has written to standard error since the last answer `[bytes]`.
    said_bytes: usize,
    /// Its last lines of standard error.
    last_words: VecDeque<String>,
}

/// How a program ended.
#[derive(Debug)]
pub struct End {
    /// How it ended.
    pub how: How,
    /// Its last lines of standard error.
    pub words: LastWords,
    /// What it wrote behind its last answer, which nobody has asked for: the beginning.
    pub unasked: Vec<u8>,
}

/// How a program's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself.
    Itself(Ended),
    /// It was still running, and was killed.
    Killed,
}

/// Why a program did not answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// It has ended.
    Ended,
    /// It took longer than the limit.
    Late,
    /// It does not read its input.
    Deaf,
    /// The answer is longer than [`MAX_ANSWER`].
    Long,
    /// It has written another line before it was asked for it.
    Early,
    /// It has written more than [`MAX_SAID`] to standard error.
    Loud,
    /// The system refuses.
    System(io::Error),
}

impl Child {
    /// A program that has just been started.
    ///
    /// # Errors
    /// If its streams cannot be used.
    pub fn new(program: Program) -> io::Result<Child> {
        let [input, output, errors] = program.streams()?;
        input.set_write_timeout(Some(LOOK))?;
        output.set_read_timeout(Some(LOOK))?;
        errors.set_nonblocking(true)?;
        Ok(Child {
            program: Some(program),
            near: None,
            input,
            output,
            errors,
            buffer: vec![0; READ_AT_ONCE].into(),
            read: Vec::new(),
            answered: 0,
            answers: 0,
            error_line: Vec::new(),
            said: Vec::new(),
            said_bytes: 0,
            last_words: VecDeque::new(),
        })
    }

    /// Is asked in another run, in real time or not.
    pub fn begin_run(&mut self, real: bool) {
        self.near = (!real).then(Near::default);
    }

    /// Writes a line, with its line end, and returns the answer without its own.
    ///
    /// # Errors
    /// If there is no answer within the limit.
    pub fn ask(&mut self, line: &[u8], limit: Duration) -> Result<&[u8], NoAnswer> {
        let mut wait = Wait::new(limit);
        self.read.drain(..self.answered);
        self.answered = 0;
        if !self.read.is_empty() && self.answers > 0 {
            return Err(NoAnswer::Early);
        }
        self.write(line, &mut wait)?;
        let mut searched = 0;
        let end = loop {
            if let Some(at) = self.read[searched..].iter().position(|&byte| byte == b'\n') {
                break searched + at;
            }
            searched = self.read.len();
            if searched > MAX_ANSWER {
                return Err(NoAnswer::Long);
            }
            self.read_more(&mut wait)?;
        };
        self.hear()?;
        self.settle(wait.taken());
        self.said_bytes = 0;
        self.answered = end + 1;
        self.answers += 1;
        let answer = &self.read[..end];
        Ok(answer.strip_suffix(b"\r").unwrap_or(answer))
    }

    /// Has the program run where it answers soonest, after an answer that took so long.
    fn settle(&mut self, took: Duration) {
        let changes = self.near.as_mut().and_then(|near| near.answered(took));
        if let (Some(beside), Some(program)) = (changes, &self.program) {
            program.run_beside(beside);
        }
    }

    /// The number of answers that it has given.
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Takes the lines of standard error that were read.
    pub fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// What it has written of an answer that has no end.
    pub fn unfinished(&self) -> &[u8] {
        &self.read[self.answered..]
    }

    /// Waits a little for its end: it has closed its output, as one that exits does.
    pub fn end_of_closed(self) -> End {
        self.end_within(CLOSED_PATIENCE)
    }

    /// Closes its input and waits for its end, for a while.
    pub fn end(self) -> End {
        self.end_within(END_PATIENCE)
    }

    /// Kills it, if it still runs.
    pub fn kill(self) -> End {
        self.end_within(Duration::ZERO)
    }

    fn end_within(mut self, patience: Duration) -> End {
        // Fails if the program has closed it, too.
        let _ = self.input.shutdown(Shutdown::Write);
        let program = self.program.take();
        // The streams end with the program, and its own clock may take longer.
        let mut wait = Wait::new(patience * wait::WALL + KILL_PATIENCE);
        // What the program has started may hold its streams open. It is killed once the
        // program has ended, and only then its streams end.
        let how = thread::scope(|scope| {
            let ending = scope.spawn(move || ended(program, patience));
            while self.read.len() <= self.answered + SHOWN_OF_REST {
                if self.read_more(&mut wait).is_err() {
                    break;
                }
            }
            self.hear_the_rest(&mut wait);
            ending.join()
        });
        End {
            how: how.unwrap_or(How::Killed),
            words: LastWords(std::mem::take(&mut self.last_words)),
            unasked: self.read.split_off(self.answered),
        }
    }

    fn write(&mut self, mut line: &[u8], wait: &mut Wait) -> Result<(), NoAnswer> {
        while !line.is_empty() {
            match self.input.write(line) {
                Ok(0) => return Err(NoAnswer::Ended),
                Ok(count) => line = &line[count..],
                Err(error) if waits(&error) && wait.is_over(self.program.as_ref()) => {
                    return Err(NoAnswer::Deaf);
                }
                Err(error) if waits(&error) => self.hear()?,
                Err(error) if is_end(&error) => return Err(NoAnswer::Ended),
                Err(error) => return Err(NoAnswer::System(error)),
            }
        }
        Ok(())
    }

    /// Reads what there is of its output, or waits for it.
    fn read_more(&mut self, wait: &mut Wait) -> Result<(), NoAnswer> {
        match self.output.read(&mut self.buffer) {
            Ok(0) => Err(NoAnswer::Ended),
            Ok(count) => {
                self.read.extend_from_slice(&self.buffer[..count]);
                // A program that writes without a pause never has this read wait.
                match wait.is_over(self.program.as_ref()) {
                    true => Err(NoAnswer::Late),
                    false => Ok(()),
                }
            }
            Err(error) if waits(&error) && wait.is_over(self.program.as_ref()) => {
                Err(NoAnswer::Late)
            }
            Err(error) if waits(&error) => self.hear(),
            Err(error) if is_end(&error) => Err(NoAnswer::Ended),
            Err(error) => Err(NoAnswer::System(error)),
        }
    }

    /// Reads what there is of its standard error.
    fn hear(&mut self) -> Result<(), NoAnswer> {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = self.errors.read(&mut bytes) {
            self.take_in(&bytes[..count])?;
        }
        Ok(())
    }

    /// Reads its standard error to the end, for a while.
    fn hear_the_rest(&mut self, wait: &mut Wait) {
        let mut bytes = [0; 4096];
        let blocks = self.errors.set_nonblocking(false);
        if blocks.is_ok() && self.errors.set_read_timeout(Some(LOOK)).is_ok() {
            loop {
                match self.errors.read(&mut bytes) {
                    Ok(count @ 1..) if self.take_in(&bytes[..count]).is_ok() => {}
                    Err(error) if waits(&error) && !wait.is_over(None) => {}
                    _ => break,
                }
            }
        }
        self.finish_line();
    }

    fn take_in(&mut self, bytes: &[u8]) -> Result<(), NoAnswer> {
        self.said_bytes += bytes.len();
        if self.said_bytes > MAX_SAID {
            return Err(NoAnswer::Loud);
        }
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.error_line.extend_from_slice(part);
            if part.ends_with(b"\n") || self.error_line.len() >= MAX_ERROR_LINE {
                self.finish_line();
            }
        }
        Ok(())
    }

    /// Ends the line of standard error that was begun.
    fn finish_line(&mut self) {
        if self.error_line.is_empty() {
            return;
        }
        let line = String::from_utf8_lossy(&self.error_line);
        let line = line.trim_end_matches(['\n', '\r']).to_owned();
        self.error_line.clear();
        if self.last_words.len() == LAST_WORDS {
            self.last_words.pop_front();
        }
        self.last_words.push_back(cut(&line));
        self.said.push(line);
    }
}

/// Ends a program, and says whether it had ended by itself.
fn ended(program: Option<Program>, patience: Duration) -> How {
    const KILL: i32 = 9;
    let begin = Instant::now();
    match program.and_then(|program| program.end(patience)) {
        // Another SIGKILL, such as that of a system without memory, comes before the patience
        // is over.
        Some(ended) if ended.signal() == Some(KILL) && begin.elapsed() >= patience => How::Killed,
        Some(ended) => How::Itself(ended),
        None => How::Killed,
    }
}

/// A line as an error shows it.
fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_LAST_WORD) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}... ({} bytes)", &line[..end], line.len()),
    }
}

/// The last lines of a program on standard error, for the end of an error.
#[derive(Debug, Default)]
pub struct LastWords(VecDeque<String>);

impl fmt::Display for LastWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("; it wrote nothing to standard error");
        }
        f.write_str("; its last words on standard error:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Whether a read or write would have had to wait.
fn waits(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// Whether the other end is gone.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionReset)
}
