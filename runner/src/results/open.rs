//! Opens the results of a plan: a new folder, or one that is continued.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use analysis::log::tables::MANIFEST_FILE;
use analysis::results::{Identity, Manifest};

use crate::plan::Plan;
use crate::results::error::ResultsError;
use crate::results::folder::{Folder, FolderError, RESULTS};
use crate::results::journal::{Journal, ResumeError};
use crate::results::manifest::damage;
use crate::results::resume::{Resumed, set_aside, take_up};
use crate::results::shared::Token;

/// Which folder to open, and for which plan.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The folder that `--out` names.
    pub out: Option<&'a Path>,
    /// Whether to continue the results in the folder (`--resume`).
    pub resume: bool,
    /// Whether other runners may write the same results at once (`--shared`).
    pub shared: bool,
    /// The overrides of the scenario, each as `PATH=VALUE`.
    pub settings: Vec<String>,
    /// Whether each run is run twice.
    pub check_determinism: bool,
    /// Whether runs keep files of their own (not `--log off`).
    pub keeps_files: bool,
}

/// The results of a plan, open for writing.
#[derive(Debug)]
pub struct OpenResults {
    /// The folder.
    pub folder: Folder,
    /// The journal, to which each finished run is added.
    pub journal: Journal,
    /// The runs that an earlier process has finished.
    pub resumed: Resumed,
    /// Whether the folder held no runs before.
    pub fresh: bool,
}

/// Why the results cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The results cannot be begun or continued.
    #[error(transparent)]
    Results(#[from] ResumeError),
}

/// Makes or continues the folder of a plan's results.
///
/// # Errors
///
/// Fails if the folder is occupied or cannot be written, or if it holds the
/// results of another plan.
pub fn open(
    plan: &Plan,
    manifest: &Manifest,
    started: SystemTime,
    request: Request<'_>,
) -> Result<OpenResults, OpenError> {
    let (resume, keeps_files) = (request.resume, request.keeps_files);
    let folder = folder(&plan.loaded.scenario.name, started, &request)?;
    let folder = folder.shared(request.shared.then(Token::random));
    let identity = Identity::of(manifest, request.settings, request.check_determinism);
    let results = match resume {
        true => continued(plan, manifest, folder, &identity)?,
        false => new(manifest, folder, &identity)?,
    };
    match plan.twins.as_ref().filter(|_| keeps_files) {
        Some(twins) if results.folder.ignores_case() => {
            if results.fresh {
                results.folder.abandon();
            }
            Err(OpenError::Folder(FolderError::IgnoresCase {
                path: results.folder.path().to_owned(),
                twins: twins.clone(),
            }))
        }
        _ => Ok(results),
    }
}

fn folder(name: &str, started: SystemTime, request: &Request<'_>) -> Result<Folder, FolderError> {
    let root = Path::new(RESULTS);
    match (request.out, request.resume) {
        (Some(out), true) => Folder::resumed(out),
        (Some(out), false) => Folder::exactly(out),
        (None, true) => match Folder::latest(root, name) {
            Some(latest) => Folder::resumed(&latest),
            None => Folder::stamped(root, name, started),
        },
        (None, false) => Folder::stamped(root, name, started),
    }
}

/// Begins results. Only one of several runners makes the journal, and the others change
/// nothing.
fn new(manifest: &Manifest, folder: Folder, identity: &Identity) -> Result<OpenResults, OpenError> {
    let Some(journal) = Journal::create(&folder, identity)? else {
        return Err(OpenError::Folder(FolderError::Occupied {
            path: folder.path().to_owned(),
        }));
    };
    let path = folder.path().join(MANIFEST_FILE);
    write_whole(&path, &manifest.to_json()).map_err(ResumeError::from)?;
    Ok(OpenResults {
        folder,
        journal,
        resumed: Resumed::default(),
        fresh: true,
    })
}

fn continued(
    plan: &Plan,
    manifest: &Manifest,
    folder: Folder,
    identity: &Identity,
) -> Result<OpenResults, OpenError> {
    let (journal, mut past) = match folder.token() {
        Some(token) => Journal::join(&folder, token, identity)?,
        None => Journal::reopen(&folder, identity)?,
    };
    // A run that was interrupted may hold what its behaviors have acknowledged.
    let fresh = past.entries.is_empty() && past.remarks.is_empty() && !folder.holds_runs();
    let remark = keep_manifest(&folder, manifest, fresh).map_err(ResumeError::from)?;
    past.remarks.extend(remark);
    let resumed = take_up(plan, &folder, past).map_err(ResumeError::from)?;
    Ok(OpenResults {
        folder,
        journal,
        resumed,
        fresh,
    })
}

/// Keeps the manifest of the process that began the plan. Writes it again if it is missing or
/// damaged, and returns a warning then.
fn keep_manifest(
    folder: &Folder,
    manifest: &Manifest,
    fresh: bool,
) -> Result<Option<String>, ResultsError> {
    let path = folder.path().join(MANIFEST_FILE);
    let remark = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            (!fresh).then(|| format!("{MANIFEST_FILE} is missing; it is written again"))
        }
        Err(error) => return Err(ResultsError::at(&path)(error)),
        Ok(text) => match damage(&text, manifest) {
            None if !fresh => {
                select_more(&path, manifest)?;
                return Ok(None);
            }
            None => None,
            Some(wrong) => {
                let place = set_aside(&path)?;
                Some(format!(
                    "{MANIFEST_FILE} is damaged ({wrong}); it is written again (kept as {})",
                    place.display()
                ))
            }
        },
    };
    write_whole(&path, &manifest.to_json())?;
    Ok(remark)
}

/// Adds what this process selects to the manifest of results that were begun with a
/// selection: the results are complete with the runs of both.
fn select_more(path: &Path, now: &Manifest) -> Result<(), ResultsError> {
    let text = fs::read_to_string(path).map_err(ResultsError::at(path))?;
    // A manifest that cannot be read is left as it is.
    let Ok(mut manifest) = Manifest::from_json(&text) else {
        return Ok(());
    };
    if manifest.selected.is_none() || manifest.selected == now.selected {
        return Ok(());
    }
    match &now.selected {
        None => {
            manifest.selected = None;
            manifest.also_selected = Vec::new();
        }
        Some(more) if manifest.also_selected.contains(more) => return Ok(()),
        Some(more) => manifest.also_selected.push(more.clone()),
    }
    write_whole(path, &manifest.to_json())
}

/// Writes a file under another name first, then renames it: the file is complete
/// or absent.
///
/// # Errors
///
/// Fails if the file cannot be written.
pub fn write_whole(path: &Path, text: &str) -> Result<(), ResultsError> {
    let write = || -> io::Result<()> {
        // Another runner may write the same file.
        let fresh = Token::random().beside(path);
        fs::write(&fresh, text)?;
        fs::rename(&fresh, path).inspect_err(|_| {
            // The first error is reported.
            let _ = fs::remove_file(&fresh);
        })
    };
    write().map_err(ResultsError::at(path))
}
