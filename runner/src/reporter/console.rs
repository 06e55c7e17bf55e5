//! Standard error and standard output: errors and notes, with color where it is
//! wanted, and lines that do not damage a progress bar.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use indicatif::{MultiProgress, ProgressBar};

use crate::results::style;
use crate::scenario::{Diagnostic, Diagnostics};
use base::harmless;

/// When to use color: `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The bars on this terminal, for lines of nodes: they are written by a plain function.
static SHOWN_BARS: OnceLock<MultiProgress> = OnceLock::new();

/// Standard error, and whether it and standard output use color.
#[derive(Clone, Debug)]
pub struct Console {
    color: bool,
    color_out: bool,
    interactive: bool,
    bars: MultiProgress,
}

impl Console {
    /// Uses color as `--color` and the environment want it.
    pub fn new(color: Color) -> Console {
        let interactive = io::stderr().is_terminal();
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let uses = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !forbidden,
        };
        Console {
            color: uses(interactive),
            color_out: uses(io::stdout().is_terminal()),
            interactive,
            bars: MultiProgress::new(),
        }
    }

    /// Whether standard error uses color.
    pub fn has_color(&self) -> bool {
        self.color
    }

    /// Whether standard output uses color.
    pub fn has_color_out(&self) -> bool {
        self.color_out
    }

    /// Whether standard error is a terminal.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Shows a progress bar, below all lines that are printed.
    pub fn add_bar(&self, bar: ProgressBar) -> ProgressBar {
        // One console has bars at a time; a second one would be of another test.
        let _ = SHOWN_BARS.set(self.bars.clone());
        self.bars.add(bar)
    }

    /// Prints the mistakes of a scenario.
    pub fn mistakes(&self, mistakes: &Diagnostics) {
        let text = mistakes.render(self.color);
        self.write(&self.shown(&text));
    }

    /// Prints a warning about a scenario.
    pub fn warning(&self, warning: &Diagnostic) {
        self.styled(&warning.render(self.color));
    }

    /// Prints an error, of one line or more.
    pub fn error(&self, text: &str) {
        let text = harmless::lines(text);
        match self.color {
            true => self.write(&format!("\x1b[1;31merror\x1b[0m: {text}\n")),
            false => self.write(&format!("error: {text}\n")),
        }
    }

    /// Prints a line that is neither an error nor a warning.
    pub fn note(&self, text: &str) {
        self.write(&format!("{}\n", harmless::lines(text)));
    }

    /// Prints lines that have the runner's own styles, if standard error uses color.
    pub fn styled(&self, text: &str) {
        self.write(&self.shown(text));
    }

    fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.color {
            true => style::lines(text),
            false => harmless::lines(text),
        }
    }

    /// Writes text to standard error, above a progress bar.
    fn write(&self, text: &str) {
        // Nothing can be done if standard error is closed.
        let write = || drop(io::stderr().lock().write_all(text.as_bytes()));
        if let Some(held) = &mut *held() {
            held.push_str(text);
            return;
        }
        match self.interactive {
            true => self.bars.suspend(write),
            false => write(),
        }
    }
}

/// What is to be written to standard error once the screen is free; none while it is.
static HELD: Mutex<Option<String>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<String>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds back what is written to standard error: a view has the screen.
pub fn hold() {
    held().get_or_insert_default();
}

/// Writes what was held back.
pub fn release() {
    if let Some(text) = held().take() {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

/// Writes to standard output. It is not an error if the reader has closed the pipe:
/// the process ends quietly, as `yes | head` does.
///
/// # Errors
///
/// Fails if standard output cannot be written for another reason.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes text for people to standard output: names and texts in it may come from others.
///
/// # Errors
///
/// As [`print()`].
pub fn print_shown(text: &str) -> io::Result<()> {
    print(&harmless::lines(text))
}

/// Returns a function that prints a line of a run in real time to standard output:
/// with the styles of the node that printed it, or without.
pub fn line_printer(color: bool) -> fn(&str) {
    fn line(text: &str) {
        // The run goes on if standard output is closed.
        let write = || drop(print(&format!("{text}\n")));
        match SHOWN_BARS.get() {
            Some(bars) if io::stdout().is_terminal() => bars.suspend(write),
            _ => write(),
        }
    }
    match color {
        true => |text| line(&style::contained(text)),
        false => |text| line(&style::plain(text)),
    }
}
