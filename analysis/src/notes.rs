//! The author's notes: CommonMark with the tables, task lists, footnotes and `$math$` of code
//! hosts, that a scenario names with `notes` or a report with `--notes`.
//!
//! The text and its pictures are kept in the manifest, so that a report built later has them.
//! A heading such as `## Jumps {#jumps}` puts its text into the section of the report with
//! this anchor: `placed` finds the pieces. `render::notes` writes them.

pub(crate) mod placed;

mod pictures;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) use pictures::is_elsewhere;
pub use pictures::{Picture, paths as pictures};
use placed::{Spot, pieces};

use crate::report::{Error, Report};

/// The anchor of the notes that name no other place.
pub(crate) const OWN: &str = "notes";
/// The anchor of the place below the title.
pub(crate) const TOP: &str = "top";
/// The anchor of the section that says what was run.
pub(crate) const RUN: &str = "run";
/// The anchor of the section that says what is left out.
pub(crate) const LEFT_OUT: &str = "left-out";

/// The author's notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notes {
    /// The text, in Markdown.
    pub text: String,
    /// The pictures that the text shows, by the path that it writes.
    pub pictures: Vec<Picture>,
}

/// Notes as they were read, and what is wrong with their pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The notes.
    pub notes: Notes,
    /// Pictures that the report will not have, and why. A line each.
    pub problems: Vec<String>,
}

/// Reads notes and their pictures. A picture is looked for beside the notes, then in `beside`,
/// the folder of the scenario.
///
/// # Errors
/// The notes cannot be read, or are not UTF-8. A picture that cannot be read is a problem, and
/// no error.
pub fn read(file: &Path, beside: Option<&Path>) -> std::io::Result<Found> {
    let text = std::fs::read_to_string(file)?;
    let folders: Vec<PathBuf> = [file.parent(), beside]
        .into_iter()
        .flatten()
        .map(Path::to_owned)
        .collect();
    let (pictures, problems) = pictures::gather(&text, &folders);
    Ok(Found {
        notes: Notes { text, pictures },
        problems,
    })
}

/// Warns of pieces of the notes whose section the report has not. They stay in the notes' own
/// section.
pub(crate) fn warn_of_anchors(report: &mut Report) {
    let Some(notes) = &report.notes else { return };
    let known = anchors(report);
    let mut unknown: Vec<String> = pieces(&notes.text, &known)
        .into_iter()
        .filter_map(|piece| match piece.spot {
            Spot::Unknown(anchor) => Some(format!("`{anchor}`")),
            _ => None,
        })
        .collect();
    unknown.dedup();
    if !unknown.is_empty() {
        let known: Vec<String> = known.iter().map(|it| format!("`{it}`")).collect();
        report.warnings.push(format!(
            "The notes name sections that this report has not: {}. Their text is under \"Notes\". Sections here: {}.",
            unknown.join(", "),
            known.join(", "),
        ));
    }
}

/// The anchors of a report, in reading order.
pub(crate) fn anchors(report: &Report) -> Vec<&str> {
    let sections = report.sections.iter().map(|section| &*section.id);
    let left_out = (!report.left_out.is_empty()).then_some(LEFT_OUT);
    [TOP, RUN]
        .into_iter()
        .chain(sections)
        .chain([OWN])
        .chain(left_out)
        .collect()
}

/// The notes in a file that the command names, and what is wrong with their pictures.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn of_command(file: &Path) -> Result<Found, Error> {
    read(file, None).map_err(|source| Error::Notes {
        path: file.to_owned(),
        source,
    })
}
