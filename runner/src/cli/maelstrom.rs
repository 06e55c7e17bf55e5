//! `runner maelstrom test`: Maelstrom's command line. It writes the scenario that the options stand
//! for (`scenario`) into the current folder, and runs it as `runner run` does. So each failing run
//! can be repeated, and the file is a beginning for one's own.
//!
//! The exit codes are those of Maelstrom.

mod faults;
mod scenario;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use super::arguments::maelstrom::{MaelstromCommand, MaelstromOptions, MaelstromTest};
use super::arguments::{Arguments, Command};
use super::{Exit, run};
use crate::reporter::console::{Console, print, print_shown};

/// The exit code for wrong arguments.
pub const WRONG_ARGUMENTS: u8 = 254;

/// The exit code if something else failed.
const FAILED: u8 = 255;

/// Runs the command.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn maelstrom(options: &MaelstromOptions, command: &[String]) -> anyhow::Result<Exit> {
    let MaelstromCommand::Test(test) = &options.what;
    let console = Console::new(test.color.color);
    let written = match scenario::of(test, command) {
        Ok(written) => written,
        Err(why) => {
            console.error(&why);
            return Ok(Exit::Maelstrom(WRONG_ARGUMENTS));
        }
    };
    if test.print_scenario {
        print(&written)?;
        return Ok(Exit::Passed);
    }
    let file = PathBuf::from(format!("{}.toml", scenario::name(test)));
    if let Err(why) = write(&file, &written) {
        console.error(&why);
        return Ok(Exit::Maelstrom(FAILED));
    }
    let exit = run_file(&file, test, command)?;
    if test.log_stderr {
        print_logs(test)?;
    }
    let (code, told) = match exit {
        Exit::Passed => (0, "Everything looks good!"),
        Exit::Broken => (
            1,
            "Analysis invalid: the clients saw what they must not see.",
        ),
        Exit::Unknown => (
            2,
            "Nothing wrong was found, but not everything could be judged.",
        ),
        Exit::BadInput => (
            WRONG_ARGUMENTS,
            "Nothing was run: the scenario of these arguments has mistakes.",
        ),
        Exit::Failed => (FAILED, "The test could not be done to its end."),
        Exit::Signal(_) | Exit::Maelstrom(_) => return Ok(exit),
    };
    print(&format!("{told}\n"))?;
    Ok(Exit::Maelstrom(code))
}

/// Writes the scenario's file; one that somebody has written by hand stays.
fn write(file: &Path, text: &str) -> Result<(), String> {
    let name = file.display();
    match fs::read_to_string(file) {
        Ok(found) if !found.starts_with(scenario::FIRST_LINE) => {
            return Err(format!(
                "{name} is not a file that this command wrote, so it stays as it is\n  rename it, or go to another folder"
            ));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(format!(
                "{name} cannot be read: {error}\n  go to another folder"
            ));
        }
        _ => {}
    }
    fs::write(file, text).map_err(|error| {
        format!("{name} cannot be written: {error}\n  go to a folder of your own: the scenario is written there")
    })
}

/// Runs the scenario as `runner run` does.
fn run_file(file: &Path, test: &MaelstromTest, command: &[String]) -> anyhow::Result<Exit> {
    let color = test.color.color.to_possible_value();
    let color = color.map_or("auto".to_owned(), |it| it.get_name().to_owned());
    let mut words = vec!["runner".into(), "run".into(), file.as_os_str().to_owned()];
    words.extend(["--color".into(), color.into()]);
    // One after the other: side by side, programs would wait for each other's processor.
    words.extend(["--jobs".into(), "1".into()]);
    words.extend(test.quiet.then(|| "--quiet".into()));
    words.extend(test.no_report.then(|| "--no-report".into()));
    for (flag, folder) in [("--out", test.out.as_ref())].into_iter().chain(
        test.plugin_path
            .iter()
            .map(|it| ("--plugin-path", Some(it))),
    ) {
        words.extend(
            folder
                .into_iter()
                .flat_map(|it| [flag.into(), it.as_os_str().to_owned()]),
        );
    }
    match Arguments::try_parse_from(words)?.command {
        Command::Run(options) => run::run(&options, command),
        _ => Ok(Exit::Failed),
    }
}

/// Prints what the programs of all runs wrote to standard error.
fn print_logs(test: &MaelstromTest) -> anyhow::Result<()> {
    let latest = || {
        Path::new("results")
            .join(scenario::name(test))
            .join("latest")
    };
    let results = test.out.clone().unwrap_or_else(latest);
    for run in 1..=test.test_count {
        for node in 1..=test.node_count {
            let node = format!("{}-{node}", scenario::NODES);
            let node = if test.node_count == 1 {
                scenario::NODES
            } else {
                &node
            };
            let file = results.join(format!("runs/{run:04}/{node}.log"));
            let Ok(bytes) = fs::read(&file) else {
                continue;
            };
            for line in String::from_utf8_lossy(&bytes).lines() {
                let line = base::harmless::lines(line);
                print_shown(&format!("run {run}: {node}: {line}\n"))?;
            }
        }
    }
    Ok(())
}
