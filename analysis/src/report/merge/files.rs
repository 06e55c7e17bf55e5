//! The folders of the runs: hard links to the files of the parts, so that ten thousand
//! runs need no space; or copies if links are not possible. Also the scenarios in `shrunk/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::Error;
use super::super::folder::Folder;
use super::conflict;
use super::lines::Picks;
use crate::log::tables::files::SHRUNK_FOLDER;
use crate::results::RunRow;

/// Links the folder of every run that has one into `out`.
pub fn link(parts: &[Folder], picks: &Picks, out: &Path) -> Result<(), Error> {
    for (&run, from) in &picks.0 {
        let folders = from.iter().filter_map(|&index| {
            let part = &parts[index];
            let row = row(part, run)?;
            let folder = part.run_folder(row);
            folder.is_dir().then_some((part, folder))
        });
        let folders: Vec<(&Folder, PathBuf)> = folders.collect();
        let Some((first, folder)) = folders.first() else {
            continue;
        };
        for (other, twin) in &folders[1..] {
            if let Some(file) = difference(folder, twin)? {
                return Err(conflict(run, first, other, &file));
            }
        }
        let name = folder.file_name().unwrap_or_default();
        link_folder(folder, &out.join(name))?;
    }
    Ok(())
}

/// Copies the scenarios that failures were cut down to; of several for one failure, the first.
///
/// A path in a scenario begins at its file. So one that names files is copied only if the
/// merged results lie beside the part.
pub fn copy_shrunk(parts: &[Folder], out: &Path) -> Result<(), Error> {
    let to = out.join(SHRUNK_FOLDER);
    for part in parts {
        let from = part.path.join(SHRUNK_FOLDER);
        if !from.is_dir() {
            continue;
        }
        fs::create_dir_all(&to).map_err(Error::write(&to))?;
        let is_beside = place(&part.path).parent() == place(out).parent();
        for (name, path) in entries(&from)? {
            let to = to.join(&name);
            if to.exists() || !name.ends_with(".toml") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(Error::read(&path))?;
            if is_beside || !text.contains("file = \"") {
                fs::write(&to, text).map_err(Error::write(&to))?;
            }
        }
    }
    Ok(())
}

/// The folder as the system knows it.
fn place(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

fn row(part: &Folder, run: u64) -> Option<&RunRow> {
    let at = part.runs.binary_search_by_key(&run, |row| row.run).ok()?;
    part.runs.get(at)
}

fn link_folder(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir(to).map_err(Error::write(to))?;
    for (name, path) in entries(from)? {
        let to = to.join(name);
        if path.is_dir() {
            link_folder(&path, &to)?;
            continue;
        }
        let linked = fs::hard_link(&path, &to);
        linked
            .or_else(|_| fs::copy(&path, &to).map(drop))
            .map_err(Error::write(&to))?;
    }
    Ok(())
}

/// The first file in which two folders differ.
fn difference(one: &Path, other: &Path) -> Result<Option<String>, Error> {
    let (files, others) = (entries(one)?, entries(other)?);
    for (name, path) in &files {
        let twin = other.join(name);
        let differs = match (path.is_dir(), twin.is_dir()) {
            (true, true) => difference(path, &twin)?.is_some(),
            (false, false) => !equal(path, &twin).map_err(Error::read(&twin))?,
            _ => true,
        };
        if differs {
            return Ok(Some(name.clone()));
        }
    }
    let more = others.iter().find(|(name, _)| !one.join(name).exists());
    Ok(more.map(|(name, _)| name.clone()))
}

/// Whether two files have the same content; `false` if one does not exist.
fn equal(one: &Path, other: &Path) -> io::Result<bool> {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(a), Ok(b)) if a.len() == b.len() => Ok(fs::read(one)? == fs::read(other)?),
        (_, Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(false),
    }
}

/// The entries of a folder, by name.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let read = || -> io::Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            found.push((name, entry.path()));
        }
        found.sort();
        Ok(found)
    };
    read().map_err(Error::read(folder))
}
