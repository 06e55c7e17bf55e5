//! `runner diff`: where two runs part.

use std::path::{Path, PathBuf};

use analysis::causes::{
    Cone, ConePanel, Difference, Past, RunFolder, Story, WhyError, cone, difference, open_run,
    panel, text,
};
use analysis::results::differences_as;

use crate::cli::Exit;
use crate::cli::arguments::DiffOptions;
use crate::cli::why::{exit_of, write};
use crate::reporter::console::{Console, print};

/// Maximum number of steps of each run in the picture. Arbitrary.
const PICTURED: usize = 60;
/// Maximum number of lines about the plans. Arbitrary.
const MAX_LINES: usize = 20;

/// Compares two runs, and draws where they part.
///
/// # Errors
///
/// Fails if standard output cannot be written.
pub fn diff(options: &DiffOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    match compared(options) {
        Ok((text, differs)) => {
            print(&text)?;
            Ok(if differs { Exit::Broken } else { Exit::Passed })
        }
        Err(error) => {
            console.error(&error.to_string());
            Ok(exit_of(&error))
        }
    }
}

/// The two runs, and whether they differ.
fn compared(options: &DiffOptions) -> Result<(String, bool), WhyError> {
    let (results, number) = place(&options.first);
    let open = |results: &Path, run| open_run(results, run, None, "RESULTS:RUN");
    let first = open(&results, number)?;
    let (other, number) = place(&options.second);
    let other = match other.as_os_str().is_empty() {
        true => first.results().to_owned(),
        false => other,
    };
    let runs = [first, open(&other, number)?];
    let found = difference(runs[0].log()?, runs[1].log()?)?;
    let mut out = String::new();
    for (run, name) in runs.iter().zip(["A", "B"]) {
        out += &format!("{name}: {} ({})\n", run.name(), run.results().display());
    }
    out += &plans(&runs);
    out += &found.text();
    if found.parting().is_none() {
        return Ok((out, found.only.iter().any(|it| !it.is_empty())));
    }
    let mut picture = Cone {
        title: format!("{} and {}: where they part", runs[0].name(), runs[1].name()),
        panels: vec![found.panel()],
    };
    let mut earlier: Option<String> = None;
    for (side, (run, name)) in runs.iter().zip(["A", "B"]).enumerate() {
        let Some((lines, drawn)) = past(options, run, &found, side)? else {
            continue;
        };
        let same = without_times(&lines);
        if earlier.as_ref() == Some(&same) {
            out += &format!("\nwhat led to it in {name}: the same, but for times\n");
        } else {
            out += &format!("\nwhat led to it in {name}, nearest first:\n{lines}");
        }
        earlier = Some(same);
        picture.panels.push(drawn);
    }
    let file = options.out.clone().unwrap_or_else(|| {
        let file = format!("diff-{:04}-{:04}.svg", runs[0].run(), runs[1].run());
        runs[0].results().join("why").join(file)
    });
    write(&file, &cone(&picture))?;
    out += &format!("\npicture: {}\n", file.display());
    Ok((out, true))
}

/// What led to the first difference in one of the runs: as text, and as a picture. None if the
/// run has no record of its node.
fn past(
    options: &DiffOptions,
    run: &RunFolder,
    found: &Difference,
    side: usize,
) -> Result<Option<(String, ConePanel)>, WhyError> {
    let Some(target) = found.target(side) else {
        return Ok(None);
    };
    let targets = vec![target];
    let limit = options.limit as usize;
    let story = Story::of(
        Past::new(run.backward()?, targets.clone())?,
        limit.max(PICTURED),
    )?;
    let name = ["A", "B"][side];
    let title = format!("{name}: what led to it in {}", run.name());
    Ok(Some((
        text::lines(&story, &targets, limit, ""),
        panel(&story, &targets, PICTURED, &title),
    )))
}

/// The lines without the times that they begin with.
fn without_times(lines: &str) -> String {
    let rest = |line: &str| line.get(18..).unwrap_or_default().to_owned();
    lines.lines().map(rest).collect::<Vec<_>>().join("\n")
}

/// What differs in the plans of the runs.
fn plans(runs: &[RunFolder; 2]) -> String {
    let lines = match runs[0].results() == runs[1].results() {
        true => Vec::new(),
        false => differences_as(runs[0].manifest(), runs[1].manifest(), ("in A", "in B")),
    };
    if lines.is_empty() {
        return "runs of one plan\n".to_owned();
    }
    let shown = lines.iter().take(MAX_LINES);
    let mut out = "their plans differ:\n".to_owned();
    for line in shown.flat_map(|line| line.lines()) {
        out += &format!("  {line}\n");
    }
    out
}

/// `results/lab:3` as a folder and a number; without a number if there is none, or if a folder
/// has this name.
fn place(text: &str) -> (PathBuf, Option<u64>) {
    let whole = || (PathBuf::from(text), None);
    match text.rsplit_once(':') {
        Some((folder, number)) if !Path::new(text).exists() => match number.parse() {
            Ok(number) => (PathBuf::from(folder), Some(number)),
            Err(_) => whole(),
        },
        _ => whole(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_a_folder_and_a_number() {
        let of = |text: &str| {
            let (folder, number) = place(text);
            (folder.display().to_string(), number)
        };
        assert_eq!(of("a/b:3"), ("a/b".to_owned(), Some(3)));
        assert_eq!(of(":3"), (String::new(), Some(3)));
        assert_eq!(of("a/b"), ("a/b".to_owned(), None));
        assert_eq!(of("a:b"), ("a:b".to_owned(), None));
    }
}
