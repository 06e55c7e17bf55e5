//! Proposes how logs are read.
//!
//! [`look`] says what the lines are; [`cells`] and [`sentences`] what their parts are, by
//! names and by what the parts hold. The forms that the times may have are tried on all
//! rows of all files, since day and month can be told apart only above 12. What was
//! decided without proof is said.

mod cells;
mod draft;
mod look;
mod roles;
mod sentences;
mod time;

use std::path::{Path, PathBuf};

use super::format::{Format, Origin};
use super::names;
use super::survey::Survey;
use crate::render::number::{count, whole};
use crate::report::Error;
use draft::{Draft, Node};
use look::{Look, look, samples};

/// A proposal.
#[derive(Clone, Debug)]
pub struct Guessed {
    /// The text of the format file.
    pub text: String,
    /// What it is unsure of.
    pub unsure: Vec<String>,
}

/// Proposes a format for logs.
///
/// # Errors
/// A file cannot be read, or nothing that is a record is found in any.
pub fn guess(paths: &[PathBuf]) -> Result<Guessed, Error> {
    let files = names::files(paths).map_err(Error::foreign)?;
    let samples = samples(&files)?;
    if samples.iter().all(|it| it.lines.is_empty()) {
        return Err(Error::foreign("all files are empty"));
    }
    let look = look(&samples);
    let mut draft = match look {
        Look::Json(cells) => cells::propose(None, false, cells),
        Look::Table(separator, cells, labels) => {
            let ignore = headings(&cells);
            let mut draft = cells::propose(Some(&separator), labels, cells);
            draft.ignore = ignore;
            draft
        }
        Look::Sentences => sentences::propose(&samples),
    };
    node(&files, &mut draft);
    let no_sentence = draft.lines == "sentences" && draft.sentences.is_empty();
    if draft.time.is_empty() || no_sentence {
        let text = draft.unsure.join("\n  ");
        return Err(Error::foreign(format!(
            "no format is found that reads these files: {text}"
        )));
    }
    match best(&files, &mut draft)? {
        Some((form, read)) => Ok(Guessed {
            text: draft.text(&form, &read),
            unsure: draft.unsure,
        }),
        None => {
            let form = draft.forms.first().cloned().unwrap_or_default();
            let said = draft.unsure.iter().map(|it| format!("\n  {it}"));
            Err(Error::foreign(format!(
                "no format is found that reads these files{}\n  the nearest one, to correct by hand:\n\n{}",
                said.collect::<String>(),
                draft.text(&form, "no row was read with it")
            )))
        }
    }
}

/// Patterns of the lines of a table that are no records.
fn headings(cells: &look::Cells) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for line in &cells.headings {
        let pattern = sentences::ignored(line);
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    // Many kinds are no headings: they are not understood, and said to be.
    if patterns.len() > 8 {
        patterns.clear();
    }
    patterns
}

/// The names of files like `run_1_machine_2.log` say a run, too.
fn node(files: &[PathBuf], draft: &mut Draft) {
    if !matches!(draft.node, Node::File) {
        return;
    }
    let words = "(?:run|trial|exp|experiment|test|sim)";
    for pattern in [
        format!(r"(?<run>{words}[_-]?\d+)[_.-](?<node>[^/]+?)(?:\.[A-Za-z]+)?$"),
        format!(r"(?<node>[^/]+?)[_.-](?<run>{words}[_-]?\d+)(?:\.[A-Za-z]+)?$"),
    ] {
        let Ok(regex) = regex::Regex::new(&pattern) else {
            continue;
        };
        let matches = |path: &PathBuf| {
            let name = Path::new(path.file_name().unwrap_or_default());
            regex.is_match(&name.to_string_lossy())
        };
        if files.iter().all(matches) {
            draft.node = Node::Path(pattern);
            return;
        }
    }
    if files.len() == 1 {
        draft.unsure.push(
            "one file, and no column that names the node: all rows are of one node".to_owned(),
        );
    }
}

/// A form of the time that was tried.
#[derive(Clone, Debug)]
struct Tried {
    /// Number of lines that are not understood.
    not: u64,
    form: String,
    /// What was read.
    read: String,
    /// The times between the first rows of the files, and their lengths `[ns]`.
    spans: Vec<i128>,
}

/// The form of the time with which most lines are read, and what was read.
fn best(files: &[PathBuf], draft: &mut Draft) -> Result<Option<(String, String)>, Error> {
    let mut best: Vec<Tried> = Vec::new();
    for form in draft.forms.clone() {
        let text = draft.text(&form, "");
        let format = Format::parse("the proposal", &text, &[], None).map_err(Error::mistakes)?;
        let names = names::assign(files, &format.node);
        let mut names = match names {
            Ok(names) => names,
            Err(_) => names::assign(files, &Origin::File).map_err(Error::foreign)?,
        };
        let Ok(survey) = Survey::of(&mut names, &format) else {
            continue;
        };
        let not: u64 = survey.files.iter().map(|it| it.not).sum();
        let read = format!(
            "Read with it: {} of {}, {} of {}; {} not understood.",
            count(survey.rows(), "row"),
            count(files.len() as u64, "file"),
            count(survey.nodes.len() as u64, "node"),
            count(survey.runs.len() as u64, "run"),
            match not {
                0 => "no line was".to_owned(),
                1 => "1 line was".to_owned(),
                more => format!("{} lines were", whole(more)),
            }
        );
        if survey.rows() > 0 {
            best.push(Tried {
                not,
                form,
                read,
                spans: survey.spans(),
            });
        }
    }
    let least = best.iter().map(|it| it.not).min();
    best.retain(|it| Some(it.not) == least);
    let Some(first) = best.first().cloned() else {
        return Ok(None);
    };
    let Tried {
        not, form, read, ..
    } = first;
    // Forms that give the same times are no question.
    best.retain(|it| it.form == form || it.spans != first.spans);
    if best.len() > 1 {
        let others = best[1..].iter().map(|it| format!("\"{}\"", it.form));
        let others: Vec<String> = others.collect();
        draft.unsure.push(format!(
            "the form of the time is \"{form}\" or {}: all rows can be read with each",
            others.join(" or ")
        ));
    }
    if not > 0 {
        let lines = match not {
            1 => "1 line is".to_owned(),
            more => format!("{} lines are", whole(more)),
        };
        draft.unsure.push(format!(
            "{lines} not understood; analysis --format shows the first"
        ));
    }
    Ok(Some((form, read)))
}
