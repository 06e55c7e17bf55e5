//! The log of the runner, on standard error: `tracing` events of all crates.
//!
//! | level | meaning | shown |
//! |---|---|---|
//! | error | the exit code is not 0 | always |
//! | warn | the results deserve doubt | always |
//! | info | what happens: a plan begins, a run ends, a child process dies | `-v` |
//! | debug | details: connections, child processes | `-vv` |
//! | trace | everything | `-vvv` |
//!
//! `RUNNER_LOG` selects levels by target, the path of a module:
//! `RUNNER_LOG=realtime=debug,engine=trace`. A level without a target is the default
//! level of all other targets. The spans `plan{scenario}` and `run{number}` precede
//! each line.
//!
//! The filter is `Targets` and not `EnvFilter`, which brings regular expressions for
//! filters by field: a small program that logs takes twice the time to compile and is
//! twice as large with it.

use std::fmt;
use std::io;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::console::Console;

/// The environment variable with the filter.
pub const VARIABLE: &str = "RUNNER_LOG";

/// Begins to log to this console. `verbosity` is the number of `-v`.
///
/// # Errors
///
/// Fails if the filter in `RUNNER_LOG` is not valid.
pub fn begin(console: &Console, verbosity: u8) -> Result<(), String> {
    let text = std::env::var(VARIABLE).unwrap_or_default();
    let filter = filter(&text, verbosity).map_err(|error| {
        format!(
            "{VARIABLE}: `{text}` is not a filter: {error}\n  expected levels and targets, such as info or realtime=debug,engine=trace"
        )
    })?;
    let lines = console.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .event_format(Lines {
            color: console.has_color(),
        })
        .with_writer(move || ConsoleWriter(lines.clone()));
    // Fails if a log was begun before, which is as good.
    let _ = tracing_subscriber::registry()
        .with(layer)
        .with(filter)
        .try_init();
    Ok(())
}

/// Combines `RUNNER_LOG` and `-v`: the more verbose one is the default level.
fn filter(text: &str, verbosity: u8) -> Result<Targets, ParseError> {
    let targets: Targets = match text.trim() {
        "" => Targets::new(),
        text => text.parse()?,
    };
    let usual = targets.default_level().unwrap_or(LevelFilter::WARN);
    let level = match verbosity {
        0 => usual,
        1 => usual.max(LevelFilter::INFO),
        2 => usual.max(LevelFilter::DEBUG),
        _ => LevelFilter::TRACE,
    };
    Ok(targets.with_default(level))
}

/// Writes to standard error, above a progress bar.
struct ConsoleWriter(Console);

impl io::Write for ConsoleWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.styled(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line per event: `warning: text`, `info: plan{scenario="a"}: run{number=3}: text`.
/// Warnings and errors are for people, so they are printed without spans.
struct Lines {
    /// Whether the level is colored. The crate's own colors need another feature.
    color: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        let (word, style) = match level {
            Level::ERROR => ("error", "1;31"),
            Level::WARN => ("warning", "1;33"),
            Level::INFO => ("info", "32"),
            Level::DEBUG => ("debug", "34"),
            Level::TRACE => ("trace", "35"),
        };
        match self.color {
            true => write!(writer, "\x1b[{style}m{word}\x1b[0m: ")?,
            false => write!(writer, "{word}: ")?,
        }
        let scope = context.event_scope().filter(|_| level > Level::WARN);
        for span in scope.into_iter().flat_map(|scope| scope.from_root()) {
            write!(writer, "{}", span.name())?;
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>()
                && !fields.is_empty()
            {
                write!(writer, "{{{fields}}}")?;
            }
            write!(writer, ": ")?;
        }
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_level_is_the_more_verbose_of_variable_and_option() {
        let level = |text: &str, verbosity| filter(text, verbosity).unwrap().default_level();
        assert_eq!(level("", 0), Some(LevelFilter::WARN));
        assert_eq!(level("", 1), Some(LevelFilter::INFO));
        assert_eq!(level("", 2), Some(LevelFilter::DEBUG));
        assert_eq!(level("", 9), Some(LevelFilter::TRACE));
        assert_eq!(level("error", 0), Some(LevelFilter::ERROR));
        assert_eq!(level("debug", 1), Some(LevelFilter::DEBUG));
        assert_eq!(level("engine=trace", 0), Some(LevelFilter::WARN));
    }

    #[test]
    fn a_target_has_a_level_of_its_own() {
        let filter = filter("engine=trace,realtime=off", 1).unwrap();
        assert!(filter.would_enable("engine::world", &Level::TRACE));
        assert!(!filter.would_enable("realtime", &Level::ERROR));
        assert!(filter.would_enable("runner::session", &Level::INFO));
        assert!(!filter.would_enable("runner::session", &Level::DEBUG));
    }

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        assert!(filter("engine=loud", 0).is_err());
    }
}
