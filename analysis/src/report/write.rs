//! Writes the files of a report, each whole or not at all.

use std::path::{Path, PathBuf};

use super::{Error, Report, place};
use crate::render::{html, markdown, plot};

/// The files that were written, with the warnings and key sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// `report.md`.
    pub markdown: PathBuf,
    /// `report.html`.
    pub html: PathBuf,
    /// `plots/*.svg`.
    pub plots: Vec<PathBuf>,
    /// Warnings that the reader needs first.
    pub warnings: Vec<String>,
    /// The key observations, the most important first.
    pub key: Vec<String>,
}

/// Renders a report and writes it into `out`. Everything is rendered before the first
/// byte is written; each file is written beside its place and renamed; `report.md` and
/// `report.html` come last. So an older report stays readable after a failure.
///
/// # Errors
/// The folder or a file cannot be written, or holds something else.
pub fn write(report: &Report, out: &Path) -> Result<Outputs, Error> {
    let figures = || report.sections.iter().flat_map(|section| &section.figures);
    let plots: Vec<(PathBuf, String)> = figures()
        .map(|figure| {
            let file = out.join("plots").join(format!("{}.svg", figure.stem));
            (file, plot::standalone(figure))
        })
        .collect();
    let files: Vec<PathBuf> = plots.iter().map(|(file, _)| file.clone()).collect();
    place::check(&report.plan, out, &files)?;
    let (markdown, html) = (markdown::render(report), html::render(report));
    let html = place::marked(&html, &report.plan);
    let folder = if plots.is_empty() {
        out.to_owned()
    } else {
        out.join("plots")
    };
    std::fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
    let outputs = Outputs {
        markdown: out.join("report.md"),
        html: out.join("report.html"),
        plots: files,
        warnings: report.warnings.clone(),
        key: report.key.clone(),
    };
    for (file, text) in &plots {
        replace(file, text)?;
    }
    replace(&outputs.markdown, &markdown)?;
    replace(&outputs.html, &html)?;
    Ok(outputs)
}

/// Writes a file beside its place and moves it there.
fn replace(file: &Path, text: &str) -> Result<(), Error> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
    written.map_err(|source| {
        // The first error is reported; an error here is ignored.
        let _ = std::fs::remove_file(&beside);
        Error::write(file)(source)
    })
}
