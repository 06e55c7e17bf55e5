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

/// The address of a file from a page in `folder`. Both are made absolute first; if that fails,
/// the path is as it is.
pub(super) fn relative(folder: &Path, file: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or(path.to_owned());
    // The folder of the page may not exist yet; its parents may be links.
    let real = |path: &Path| {
        let existing = path.ancestors().find(|it| it.exists());
        let found = existing.and_then(|it| Some((it, it.canonicalize().ok()?)));
        found.map_or(path.to_owned(), |(it, real)| {
            real.join(path.strip_prefix(it).unwrap_or(Path::new("")))
        })
    };
    let (from, to) = (real(&absolute(folder)), real(&absolute(file)));
    let same = from
        .components()
        .zip(to.components())
        .take_while(|it| it.0 == it.1);
    let same = same.count();
    let up = from.components().skip(same).map(|_| "..".to_owned());
    let down = to.components().skip(same);
    let down = down.map(|it| it.as_os_str().to_string_lossy().into_owned());
    let escaped = |part: String| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c) || !c.is_ascii();
        part.chars()
            .map(|c| {
                if plain(c) {
                    c.to_string()
                } else {
                    format!("%{:02X}", u32::from(c))
                }
            })
            .collect::<String>()
    };
    let parts: Vec<String> = up.chain(down).map(escaped).collect();
    parts.join("/")
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
