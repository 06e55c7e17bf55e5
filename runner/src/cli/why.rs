//! `runner why`: what led to a record of a run.

mod odds;

use std::fs;
use std::path::{Path, PathBuf};

use analysis::causes::{
    Chosen, Cone, Past, RunFolder, Story, WhyError, choose, cone, open_run, panel, text,
};

use crate::cli::Exit;
use crate::cli::arguments::WhyOptions;
use crate::reporter::console::{Console, print};

/// Maximum number of steps in a picture. Arbitrary: more dots cannot be told apart.
const PICTURED: usize = 120;

/// Prints what led to a record, and draws it.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn why(options: &WhyOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    if options.odds {
        let check = options.check.as_deref();
        let number = options.run.map(u64::from);
        return match open_run(&options.results, number, check, "--run N") {
            Ok(run) => odds::measured(options, &run, &console),
            Err(error) => {
                console.error(&error.to_string());
                Ok(exit_of(&error))
            }
        };
    }
    match told(options) {
        Ok((text, drawn)) => {
            print(&text)?;
            match drawn {
                Ok(file) => {
                    print(&format!("picture: {}\n", file.display()))?;
                    Ok(Exit::Passed)
                }
                Err(error) => {
                    console.error(&error.to_string());
                    Ok(exit_of(&error))
                }
            }
        }
        Err(error) => {
            console.error(&error.to_string());
            Ok(exit_of(&error))
        }
    }
}

/// The exit code of what cannot be told.
pub fn exit_of(error: &WhyError) -> Exit {
    match error {
        WhyError::NoFailure { .. } | WhyError::NoEvidence { .. } => Exit::Unknown,
        WhyError::Write { .. } => Exit::Failed,
        _ => Exit::BadInput,
    }
}

/// What led to the record, and the file with its picture, if that can be written.
fn told(options: &WhyOptions) -> Result<(String, Result<PathBuf, WhyError>), WhyError> {
    let check = options.check.as_deref();
    let run = open_run(
        &options.results,
        options.run.map(u64::from),
        check,
        "--run N",
    )?;
    let places = [&options.places[..], &options.at].concat();
    let Chosen { failure, targets } = choose(&run, &places, check)?;
    let limit = match options.all {
        true => usize::MAX,
        false => options.limit as usize,
    };
    let past = Past::new(run.backward()?, targets.clone())?;
    let story = Story::of(past, limit.max(PICTURED))?;
    if let Some(&target) = story.not_met.first() {
        return Err(run.no_step(&targets[target])?);
    }
    let title = match &failure {
        Some(failure) => failure.text.lines().next().unwrap_or_default().to_owned(),
        None => format!("what led to {}", places.join(", ")),
    };
    let name = run.name();
    let picture = Cone {
        title: format!("{name}: {title}"),
        panels: vec![panel(
            &story,
            &targets,
            PICTURED,
            &format!("{name}: {title}"),
        )],
    };
    let file = picture_file(options.out.as_deref(), &run);
    let drawn = write(&file, &cone(&picture)).map(|()| file);
    let text = format!(
        "{}\nwhat happened before, nearest first:\n\n{}\n{}",
        base::harmless::lines(&format!("{name}: {title}")),
        text::lines(&story, &targets, limit, " (--all lists them)"),
        text::counts(&story),
    );
    Ok((text, drawn))
}

/// The file of the picture.
fn picture_file(out: Option<&Path>, run: &RunFolder) -> PathBuf {
    let own = || {
        let file = format!("run-{:04}.svg", run.run());
        run.results().join("why").join(file)
    };
    out.map_or_else(own, Path::to_owned)
}

/// Writes a file, and the folder that it is in.
///
/// # Errors
/// The system refuses.
pub fn write(file: &Path, text: &str) -> Result<(), WhyError> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(file, text))
        .map_err(|source| WhyError::Write {
            path: file.to_owned(),
            source,
        })
}
