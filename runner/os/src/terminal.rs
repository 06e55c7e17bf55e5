//! Keys from the terminal as they are pressed, and the terminal as it was
//! afterwards.
//!
//! Several runs of a process may hold the terminal at once; it is restored when
//! the last one drops its [`Keyboard`]. Ctrl-C still interrupts and Ctrl-Z still
//! stops, but Ctrl-\ is a key: it would end this process without restoring the
//! terminal.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};

/// What standard input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// No terminal: a file or a pipe.
    NoTerminal,
    /// A terminal, and this process is in its foreground.
    Foreground,
    /// A terminal, and another process is in its foreground: reading would stop
    /// this one.
    Background,
}

/// What standard input is now.
pub fn stdin_now() -> Stdin {
    match (isatty(stdin()), tcgetpgrp(stdin())) {
        (false, _) => Stdin::NoTerminal,
        (true, Ok(group)) if group == getpgrp() => Stdin::Foreground,
        // Not the terminal of this session: it has no foreground to be in.
        (true, Err(_)) => Stdin::Foreground,
        (true, Ok(_)) => Stdin::Background,
    }
}

/// Keeps the terminal in a mode in which it passes on each key at once.
#[derive(Debug)]
pub struct Keyboard(());

/// The terminal's mode before, and the number of [`Keyboard`]s.
static BEFORE: Mutex<Option<(Termios, usize)>> = Mutex::new(None);

fn before() -> MutexGuard<'static, Option<(Termios, usize)>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keyboard {
    /// Has the terminal pass on each key at once, and show none.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn open() -> io::Result<Keyboard> {
        let mut before = before();
        if let Some((_, count)) = &mut *before {
            *count += 1;
            return Ok(Keyboard(()));
        }
        let mode = tcgetattr(stdin())?;
        let mut raw = mode.clone();
        raw.local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        raw.special_codes[SpecialCodeIndex::VQUIT] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &raw)?;
        *before = Some((mode, 1));
        Ok(Keyboard(()))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let mut before = before();
        match &mut *before {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => set_back(before.take()),
        }
    }
}

/// Restores the terminal, however many [`Keyboard`]s there are: for a process that
/// is about to end.
pub fn restore() {
    set_back(before().take());
}

fn set_back(before: Option<(Termios, usize)>) {
    // In the background the mode is the shell's, which has set its own.
    if let (Some((mode, _)), Stdin::Foreground) = (before, stdin_now()) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &mode);
    }
}
