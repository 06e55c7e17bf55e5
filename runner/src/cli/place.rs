//! Where the results of a plan go: a new folder, or one that is continued.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use analysis::log::tables::MANIFEST_FILE;
use analysis::results::{Identity, Manifest};

use crate::cli::Exit;
use crate::cli::arguments::RunOptions;
use crate::cli::check::count;
use crate::cli::print;
use crate::cli::terminal::Terminal;
use crate::execute::Books;
use crate::plan::Plan;
use crate::results::folder::{Folder, RESULTS};
use crate::results::journal::{Journal, ResumeError};
use crate::results::ledger::BookError;
use crate::results::resume::{Resumed, take_up};
use realtime::processes::Setting;

/// A folder of results, ready to take runs.
#[derive(Debug)]
pub struct Place {
    /// The folder.
    pub folder: Folder,
    /// What it holds, and what comes into it.
    pub books: Books,
    /// Whether it holds nothing of an earlier time.
    pub fresh: bool,
}

/// Makes or takes up the folder of a plan's results; what is wrong is told.
///
/// # Errors
///
/// How to exit, if there is no place for them.
pub fn place(
    plan: &Plan,
    options: &RunOptions,
    settings: &[Setting],
    manifest: &Manifest,
    started: SystemTime,
    terminal: &Terminal,
) -> Result<Place, Exit> {
    let name = &plan.loaded.scenario.name;
    let root = Path::new(RESULTS);
    let earlier = match &options.out {
        Some(out) => Some(out.clone()),
        None => Folder::latest(root, name),
    };
    let made = match (&options.out, earlier.filter(|_| options.resume)) {
        (_, Some(path)) => Folder::resumed(&path),
        (Some(out), None) => Folder::exactly(out),
        (None, None) => Folder::stamped(root, name, started),
    };
    let folder = made.map_err(|error| {
        terminal.error(&error.to_string());
        Exit::BadInput
    })?;
    let texts = settings.iter().map(text).collect();
    let identity = Identity::of(manifest, texts, options.check_determinism);
    open(plan, options, manifest, &folder, &identity, terminal).map_err(|error| {
        terminal.error(&error.to_string());
        match error {
            ResumeError::Io(_) => Exit::Failed,
            _ => Exit::BadInput,
        }
    })
}

fn open(
    plan: &Plan,
    options: &RunOptions,
    manifest: &Manifest,
    folder: &Folder,
    identity: &Identity,
    terminal: &Terminal,
) -> Result<Place, ResumeError> {
    let path = folder.path().join(MANIFEST_FILE);
    if !options.resume {
        write_whole(&path, &manifest.to_json())?;
        let journal = Journal::create(folder, identity)?;
        return Ok(Place {
            folder: folder.clone(),
            books: Books {
                journal,
                resumed: Resumed::default(),
            },
            fresh: true,
        });
    }
    let (journal, past) = Journal::reopen(folder, identity)?;
    let fresh = past.entries.is_empty() && past.remarks.is_empty();
    // The first one tells what was begun; it is as good as this one.
    if !path.exists() || fresh {
        write_whole(&path, &manifest.to_json())?;
    }
    let resumed = take_up(plan, folder, past)?;
    for remark in &resumed.remarks {
        terminal.warning(remark);
    }
    if !fresh && !options.quiet {
        // A reader that has gone away is no reason to stop.
        let _ = print(&format!(
            "{}: {} of {} were done before\n",
            plan.loaded.scenario.name,
            resumed.kept.len(),
            count(u64::from(plan.run_count()), "run"),
        ));
    }
    Ok(Place {
        folder: folder.clone(),
        books: Books { journal, resumed },
        fresh,
    })
}

/// A setting as `PATH=VALUE`.
fn text(setting: &Setting) -> String {
    match setting {
        Setting::Set(text) => text.clone(),
        Setting::Option { key, value, .. } => format!("{key}={value}"),
    }
}

/// Writes a file that is there whole, or not at all.
///
/// # Errors
///
/// When it cannot be written.
pub fn write_whole(path: &Path, text: &str) -> Result<(), BookError> {
    let write = || -> io::Result<()> {
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        fs::write(&fresh, text)?;
        fs::rename(&fresh, path)
    };
    write().map_err(BookError::at(path))
}
