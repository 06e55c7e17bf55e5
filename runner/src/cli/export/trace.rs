//! `runner export trace`: a run as a trace for Perfetto or ShiViz.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use analysis::causes::{RunFolder, open_run};
use analysis::trace::{TraceError, TraceFormat, Written, write_trace};

use crate::cli::Exit;
use crate::cli::arguments::{Trace, TraceOptions};
use crate::reporter::console::{Console, print_shown};
use crate::reporter::count;

/// Writes the trace, and says how it is opened.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn trace(options: &TraceOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    match written(options) {
        Ok(said) => {
            print_shown(&said)?;
            Ok(Exit::Passed)
        }
        // A closed pipe is not an error, as for every command.
        Err(Refused::Trace(TraceError::Write(error)))
            if is_standard_output(options) && error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Ok(Exit::Passed)
        }
        Err(Refused::Trace(error)) => {
            console.error(&error.to_string());
            Ok(match error {
                TraceError::Write(_) => Exit::Failed,
                _ => Exit::BadInput,
            })
        }
        Err(Refused::Exists(file)) => {
            console.error(&format!(
                "{} exists, and nothing is ever overwritten\n  name another file with --out FILE, or replace it with --force",
                file.display()
            ));
            Ok(Exit::BadInput)
        }
    }
}

/// Why nothing was written.
enum Refused {
    Trace(TraceError),
    Exists(PathBuf),
}

impl<E: Into<TraceError>> From<E> for Refused {
    fn from(error: E) -> Refused {
        Refused::Trace(error.into())
    }
}

fn is_standard_output(options: &TraceOptions) -> bool {
    options.out.as_deref() == Some(Path::new("-"))
}

/// Writes the trace. Returns what to print.
fn written(options: &TraceOptions) -> Result<String, Refused> {
    let (format, end) = match options.format {
        Trace::Chrome => (TraceFormat::Chrome, "json"),
        Trace::Shiviz => (TraceFormat::Shiviz, "shiviz"),
    };
    let run = open_run(
        &options.results,
        options.run.map(u64::from),
        None,
        "--run N",
    )?;
    if is_standard_output(options) {
        write_trace(&run, format, io::stdout().lock())?;
        return Ok(String::new());
    }
    let file = options.out.clone().unwrap_or_else(|| {
        let name = &run.manifest().scenario.name;
        PathBuf::from(format!("{name}-run-{}.{end}", run.run()))
    });
    if file.exists() && !options.force {
        return Err(Refused::Exists(file));
    }
    let done = into_file(&run, format, &file)?;
    let how = match options.format {
        Trace::Chrome => "open it at ui.perfetto.dev, or with chrome://tracing",
        Trace::Shiviz => {
            "open it in ShiViz by \"Log file\": its first line is the pattern by which it is read"
        }
    };
    let without = match done.without_arrow {
        0 => String::new(),
        number => format!(
            "; {} more are handled without an arrow: second copies, or sent later by another machine's clock",
            count(number, "message")
        ),
    };
    Ok(format!(
        "trace: {}\n  {}, {} and {} from step to step{without}\n  {how}\n",
        file.display(),
        run.name(),
        count(done.rows, "record"),
        count(done.messages, "message"),
    ))
}

/// Writes beside the file and renames, so that the file is whole or not there.
fn into_file(run: &RunFolder, format: TraceFormat, file: &Path) -> Result<Written, TraceError> {
    if let Some(parent) = file.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(parent)?;
    }
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    let done = File::create(&beside)
        .map_err(TraceError::from)
        .and_then(|to| write_trace(run, format, to))
        .and_then(|done| {
            fs::rename(&beside, file)?;
            Ok(done)
        });
    if done.is_err() {
        // The first error is reported.
        let _ = fs::remove_file(&beside);
    }
    done
}
