//! The progress of a plan: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::console::Console;

/// A plan that ends sooner shows no progress. Arbitrary.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// The interval of lines where there is no terminal. Arbitrary.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of a plan. Dropping it removes the bar.
#[derive(Debug)]
pub struct Progress {
    console: Console,
    name: String,
    count: u64,
    done: u64,
    next: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Of the scenario with this name, before any run is to be done.
    pub fn new(console: Console, name: &str) -> Progress {
        Progress {
            console,
            name: name.to_owned(),
            count: 0,
            done: 0,
            next: Instant::now() + FIRST_AFTER,
            bar: None,
        }
    }

    /// So many more runs are to be done. `look` says why, for people.
    pub fn add(&mut self, count: u64, look: Option<&str>) {
        self.count += count;
        if let Some(bar) = &self.bar {
            bar.set_length(self.count);
        }
        if let Some(look) = look {
            let shows = self.bar.is_some() || Instant::now() >= self.next;
            if shows {
                self.console.note(&format!("{}: {look}", self.name));
            }
        }
    }

    /// Counts one more run.
    pub fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            return;
        }
        if Instant::now() < self.next || self.done == self.count {
            return;
        }
        if self.console.is_interactive() {
            self.bar = Some(self.begin());
        } else {
            let line = format!("{}: {} of {} runs", self.name, self.done, self.count);
            self.console.note(&line);
            self.next = Instant::now() + LINE_EVERY;
        }
    }

    fn begin(&self) -> ProgressBar {
        let template = "{prefix} {wide_bar} {pos}/{len} runs, {eta} left";
        let bar = self.console.add_bar(ProgressBar::new(self.count));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(self.name.clone());
        bar.set_position(self.done);
        bar
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
