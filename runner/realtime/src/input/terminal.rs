//! A terminal that hands over keys as they are pressed, and is given back.
//!
//! Several runs of a process may have it at once; the last one gives it back.
//! Ctrl-C still interrupts and Ctrl-Z still stops, but Ctrl-\ is a key: it would
//! end this process without the terminal being given back.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};

/// What standard input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No terminal: a file, a pipe.
    None,
    /// A terminal, and this process is in its foreground.
    Ours,
    /// A terminal that another process reads now: reading would stop this one.
    Others,
}

/// What standard input is now.
pub fn state() -> State {
    match (isatty(stdin()), tcgetpgrp(stdin())) {
        (false, _) => State::None,
        (true, Ok(group)) if group == getpgrp() => State::Ours,
        // A terminal that is not the session's own asks no questions.
        (true, Err(_)) => State::Ours,
        (true, Ok(_)) => State::Others,
    }
}

/// The terminal, for as long as this is held.
#[derive(Debug)]
pub struct Terminal(());

/// How it was, and how many hold it.
static TAKEN: Mutex<Option<(Termios, usize)>> = Mutex::new(None);

fn taken() -> MutexGuard<'static, Option<(Termios, usize)>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Terminal {
    /// Has it hand over each key at once, and show none.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn take() -> io::Result<Terminal> {
        let mut taken = taken();
        if let Some((_, holders)) = &mut *taken {
            *holders += 1;
            return Ok(Terminal(()));
        }
        let was = tcgetattr(stdin())?;
        let mut now = was.clone();
        now.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        now.special_codes[SpecialCodeIndex::VMIN] = 1;
        now.special_codes[SpecialCodeIndex::VTIME] = 0;
        now.special_codes[SpecialCodeIndex::VQUIT] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &now)?;
        *taken = Some((was, 1));
        Ok(Terminal(()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut taken = taken();
        match &mut *taken {
            Some((_, holders)) if *holders > 1 => *holders -= 1,
            _ => restore(taken.take()),
        }
    }
}

/// Gives the terminal back whoever holds it: this process is about to end.
pub fn give_back() {
    restore(taken().take());
}

fn restore(taken: Option<(Termios, usize)>) {
    // In the background it is the shell's, which has set it as it wants it.
    if let (Some((was, _)), State::Ours) = (taken, state()) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &was);
    }
}
