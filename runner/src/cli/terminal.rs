//! How things are shown: errors, progress and tables, with color where it is
//! wanted.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::arguments::Color;
use crate::cli::print;
use crate::results::style;
use crate::scenario::Diagnostics;

/// Standard error, and whether it and standard output take color.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    color: bool,
    color_out: bool,
    interactive: bool,
}

impl Terminal {
    /// As `--color` and the environment say.
    pub fn new(color: Color) -> Terminal {
        let interactive = io::stderr().is_terminal();
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let takes = |terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !forbidden,
        };
        Terminal {
            color: takes(interactive),
            color_out: takes(io::stdout().is_terminal()),
            interactive,
        }
    }

    /// Whether standard output takes color.
    pub fn colors_out(&self) -> bool {
        self.color_out
    }

    /// The mistakes of a scenario.
    pub fn mistakes(&self, mistakes: &Diagnostics) {
        self.write(&mistakes.render(self.color));
    }

    /// An error, of one line or more.
    pub fn error(&self, text: &str) {
        let (on, off) = self.paint("1;31");
        self.write(&format!("{on}error{off}: {text}\n"));
    }

    /// What makes the results doubtful.
    pub fn warning(&self, text: &str) {
        let (on, off) = self.paint("1;33");
        self.write(&format!("{on}warning{off}: {text}\n"));
    }

    /// A line beside the results.
    pub fn note(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// From now on says what is done, and not only what comes of it.
    pub fn trace(&self) {
        // Only the first time can succeed, and once is enough.
        let _ = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_ansi(self.color)
            .with_target(false)
            .without_time()
            .with_writer(io::stderr)
            .try_init();
    }

    /// What turns an ANSI style on and off; nothing without color.
    pub fn paint(&self, style: &str) -> (String, &'static str) {
        if self.color {
            (format!("\x1b[{style}m"), "\x1b[0m")
        } else {
            (String::new(), "")
        }
    }

    fn write(&self, text: &str) {
        // Nobody is left to tell if standard error is gone.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Shows how far `count` runs have come, once that takes a second.
    pub fn progress(&self, name: &str, count: u64) -> Progress {
        Progress {
            terminal: *self,
            name: name.to_owned(),
            count,
            done: 0,
            next: Instant::now() + PATIENCE,
            bar: None,
        }
    }
}

/// What tells standard output of what happens in real time, a line at a time:
/// with the styles in which nodes print, or without.
pub fn teller(color: bool) -> fn(&str) {
    fn tell(line: &str) {
        // A reader that has gone away is no reason to stop the run.
        let _ = print(&format!("{line}\n"));
    }
    match color {
        true => |line| tell(&style::contained(line)),
        false => |line| tell(&style::plain(line)),
    }
}

/// What lasts longer shows its progress.
const PATIENCE: Duration = Duration::from_secs(1);
/// From line to line where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far the runs of a scenario have come.
#[derive(Debug)]
pub struct Progress {
    terminal: Terminal,
    name: String,
    count: u64,
    done: u64,
    next: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// One more run is done.
    pub fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            return;
        }
        if Instant::now() < self.next || self.done == self.count {
            return;
        }
        if self.terminal.interactive {
            self.bar = Some(self.begin());
        } else {
            let line = format!("{}: {} of {} runs", self.name, self.done, self.count);
            self.terminal.note(&line);
            self.next = Instant::now() + LINE_EVERY;
        }
    }

    fn begin(&self) -> ProgressBar {
        let template = "{prefix} {wide_bar} {pos}/{len} runs, {eta} left";
        let bar = ProgressBar::with_draw_target(Some(self.count), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(self.name.clone());
        bar.set_position(self.done);
        bar
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
