//! Keys from the terminal as they are pressed, and the terminal as it was
//! afterwards.
//!
//! Several runs of a process may hold the terminal at once; it is restored when
//! the last one drops its [`Keyboard`]. Ctrl-C still interrupts and Ctrl-Z still
//! stops, but Ctrl-\ is a key: it would end this process without restoring the
//! terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::process::getpgrp;
use rustix::stdio::{stdin, stdout};
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

/// The whole screen of the terminal, for a view that draws on all of it, and each key as it
/// is pressed. What was on the screen before is there again afterwards.
#[derive(Debug)]
pub struct Screen {
    _keyboard: Keyboard,
}

/// Whether the other screen of the terminal is shown.
static OTHER_SCREEN: AtomicBool = AtomicBool::new(false);

/// Shows the other screen of the terminal, without a cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[2J\x1b[?25l";
/// Ends a frame that was not whole, resets colours, shows the cursor, and shows the screen from before.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l";

impl Screen {
    /// Whether there is a terminal to draw on, and to read keys from.
    pub fn is_possible() -> bool {
        stdin_now() == Stdin::Foreground && io::stdout().is_terminal()
    }

    /// Takes the screen. Ctrl-C still interrupts; Ctrl-Z does nothing, since the shell would
    /// write into the view. A panic restores the terminal before its message is written.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn open() -> io::Result<Screen> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                leave_screen();
                before(panic);
            }));
        });
        let keyboard = Keyboard::open()?;
        let mut mode = tcgetattr(stdin())?;
        mode.special_codes[SpecialCodeIndex::VSUSP] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &mode)?;
        OTHER_SCREEN.store(true, Ordering::SeqCst);
        write_all(ENTER)?;
        Ok(Screen {
            _keyboard: keyboard,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave_screen();
    }
}

fn leave_screen() {
    if OTHER_SCREEN.swap(false, Ordering::SeqCst) {
        let _ = write_all(LEAVE);
    }
}

/// Writes past every buffer and lock of this process, one of which may be held for ever.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(stdout(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Restores the terminal, however many [`Keyboard`]s there are: for a process that
/// is about to end.
pub fn restore() {
    leave_screen();
    set_back(before().take());
}

fn set_back(before: Option<(Termios, usize)>) {
    // In the background the mode is the shell's, which has set its own.
    if let (Some((mode, _)), Stdin::Foreground) = (before, stdin_now()) {
        let _ = tcsetattr(stdin(), OptionalActions::Now, &mode);
    }
}
