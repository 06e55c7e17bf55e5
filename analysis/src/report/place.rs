//! Whether a report may be written into a folder: not over files of somebody else, and not
//! over the report or into the results of another plan.
//!
//! A report is marked with its plan, at the end of `report.html`. A plan is the scenario as
//! written, with its name, its settings and its seed; so a report may replace an older one of
//! the same plan.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::Error;
use super::folder::Folder;
use crate::log::tables::files::{MANIFEST_FILE, REPORT_FILES};
use crate::results::Manifest;

/// The mark of one plan, or of several that are compared.
pub(super) fn plan_mark<'a>(manifests: impl IntoIterator<Item = &'a Manifest>) -> String {
    let mut all = String::new();
    for manifest in manifests {
        let scenario = &manifest.scenario;
        let parts = (
            &scenario.name,
            &scenario.text,
            &manifest.settings,
            manifest.seed,
        );
        all += &format!("{parts:?}");
    }
    mark_of(&all)
}

/// The mark of folders that are compared.
pub(super) fn folders_mark(folders: &[Folder]) -> String {
    plan_mark(folders.iter().map(|folder| &folder.manifest))
}

/// The mark of logs of another program.
pub(super) fn mark_of(text: &str) -> String {
    format!("{:016x}", xxh3_64(text.as_bytes()))
}

/// A `report.html` with this mark at its end.
pub(super) fn marked(html: &str, mark: &str) -> String {
    let html = html.trim_end();
    let body = html.strip_suffix("</html>").unwrap_or(html);
    format!("{body}{}", end(mark))
}

/// The end of a `report.html` with this mark.
fn end(mark: &str) -> String {
    format!("<!-- plan {mark} -->\n</html>\n")
}

/// Fails unless a report with this mark may be written into a folder, with these plots.
///
/// # Errors
/// The folder has results or a report of another plan, or other files of these names.
pub(super) fn check(mark: &str, out: &Path, plots: &[PathBuf]) -> Result<(), Error> {
    let occupied = |path: PathBuf, found: &'static str| Err(Error::OtherReport { path, found });
    let manifest = std::fs::read_to_string(out.join(MANIFEST_FILE)).ok();
    if let Some(manifest) = manifest.and_then(|text| Manifest::from_json(&text).ok()) {
        return match plan_mark([&manifest]) == mark {
            true => Ok(()),
            false => occupied(out.to_owned(), "it holds the results of another plan"),
        };
    }
    let html = out.join("report.html");
    if html.exists() {
        let text = std::fs::read(&html).map_err(Error::read(&html))?;
        return match text.ends_with(end(mark).as_bytes()) {
            true => Ok(()),
            false => occupied(html, "it is not a report of this plan"),
        };
    }
    let files = REPORT_FILES.iter().map(|name| out.join(name));
    let files = files.filter(|file| !file.is_dir());
    match files
        .chain(plots.iter().cloned())
        .find(|file| file.exists())
    {
        Some(file) => occupied(file, "it is not of a report of this plan"),
        None => Ok(()),
    }
}
