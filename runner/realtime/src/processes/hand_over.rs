//! The files of a run that a process elsewhere writes, handed over to the coordinator while
//! the run lasts: logs, what nodes printed, and what behaviors wrote.
//!
//! A file that grows is handed over from where the last part ended. Most files only grow. A
//! behavior may also write one anew; that shows at the end, when the hash of what was handed
//! over is compared with the file, and then the file is handed over as it is. Whoever ends
//! the process in between loses what it wrote since the last part, and no more.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use base::fnv;

/// The longest part `[bytes]`. Arbitrary: each part is in memory once on both sides.
const PART_MAX: usize = 256 << 10;

/// A part of a file. The file ends with it, until the next one comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// The path of the file from the folder of the run, with `/` between folders.
    pub path: String,
    /// Where the part begins `[bytes]`.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The files of a folder, and what of each was handed over.
#[derive(Debug)]
pub struct HandOver {
    folder: PathBuf,
    passed: BTreeMap<String, Passed>,
}

/// What was handed over of a file.
#[derive(Clone, Copy, Debug)]
struct Passed {
    bytes: u64,
    hash: u64,
}

impl Passed {
    const NOTHING: Passed = Passed {
        bytes: 0,
        hash: fnv::EMPTY,
    };
}

impl HandOver {
    /// Nothing of the folder has been handed over.
    pub fn of(folder: &Path) -> HandOver {
        HandOver {
            folder: folder.to_owned(),
            passed: BTreeMap::new(),
        }
    }

    /// Hands over what files have grown by since the last time.
    ///
    /// # Errors
    ///
    /// If `send` fails, or a file cannot be read.
    pub fn growth(&mut self, send: &mut impl FnMut(FilePart) -> io::Result<()>) -> io::Result<()> {
        for path in files(&self.folder)? {
            self.grow(&path, send)?;
        }
        Ok(())
    }

    /// Hands over what is left, once nobody writes any more: afterwards the other side has
    /// all files as they are.
    ///
    /// # Errors
    ///
    /// As [`HandOver::growth`].
    pub fn rest(&mut self, send: &mut impl FnMut(FilePart) -> io::Result<()>) -> io::Result<()> {
        for path in files(&self.folder)? {
            let passed = self.passed.get(&path).copied();
            if let Some(passed) = passed
                && !self.begins_with(&path, passed)?
            {
                self.passed.remove(&path);
            }
            self.grow(&path, send)?;
        }
        Ok(())
    }

    /// Whether what was handed over of a file still is its beginning.
    fn begins_with(&self, path: &str, passed: Passed) -> io::Result<bool> {
        let mut file = File::open(self.folder.join(path))?.take(passed.bytes);
        let (mut hash, mut bytes) = (fnv::EMPTY, 0);
        let mut buffer = vec![0; PART_MAX];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            bytes += count as u64;
            hash = fnv::extended(hash, buffer[..count].iter().copied());
        }
        Ok(bytes == passed.bytes && hash == passed.hash)
    }

    fn grow(
        &mut self,
        path: &str,
        send: &mut impl FnMut(FilePart) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut file = match File::open(self.folder.join(path)) {
            Ok(file) => file,
            // A behavior has removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        // An empty file is handed over, too.
        let is_new = !self.passed.contains_key(path);
        let mut passed = self.passed.get(path).copied().unwrap_or(Passed::NOTHING);
        file.seek(SeekFrom::Start(passed.bytes))?;
        let mut first = is_new;
        loop {
            let mut bytes = vec![0; PART_MAX];
            let count = file.read(&mut bytes)?;
            if count == 0 && !first {
                return Ok(());
            }
            first = false;
            bytes.truncate(count);
            let after = Passed {
                bytes: passed.bytes + count as u64,
                hash: fnv::extended(passed.hash, bytes.iter().copied()),
            };
            send(FilePart {
                path: path.to_owned(),
                offset: passed.bytes,
                bytes,
            })?;
            passed = after;
            self.passed.insert(path.to_owned(), passed);
        }
    }
}

/// The paths of all files below a folder, sorted.
fn files(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(below) = folders.pop() {
        let entries = match fs::read_dir(folder.join(&below)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            // A name that is no UTF-8 is no file of ours.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = match below.is_empty() {
                true => name,
                false => format!("{below}/{name}"),
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

impl FilePart {
    /// Writes the part into the folder of the run.
    ///
    /// # Errors
    ///
    /// If its path leads out of the folder, or the file cannot be written.
    pub fn write_into(&self, folder: &Path) -> io::Result<()> {
        let path = Path::new(&self.path);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if self.path.is_empty() || !path.components().all(is_plain) {
            let what = format!("`{}` is no path below the folder of the run", self.path);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        file.set_len(self.offset)?;
        file.seek(SeekFrom::Start(self.offset))?;
        file.write_all(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands over from one folder into another.
    fn pass(over: &mut HandOver, to: &Path, is_rest: bool) -> usize {
        let mut parts = 0;
        let mut send = |part: FilePart| {
            parts += 1;
            part.write_into(to)
        };
        match is_rest {
            true => over.rest(&mut send).unwrap(),
            false => over.growth(&mut send).unwrap(),
        }
        parts
    }

    #[test]
    fn what_grows_arrives_as_it_grows_and_what_is_written_anew_at_the_end() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (from.path(), to.path());
        let read = |name: &str| fs::read_to_string(to.join(name)).unwrap();
        let mut over = HandOver::of(from);
        fs::create_dir(from.join("deep")).unwrap();
        fs::write(from.join("log.csv"), "one\n").unwrap();
        fs::write(from.join("deep/file"), "first").unwrap();
        fs::write(from.join("empty"), "").unwrap();
        assert_eq!(pass(&mut over, to, false), 3);
        assert_eq!(
            (read("log.csv"), read("deep/file")),
            ("one\n".into(), "first".into())
        );
        assert_eq!(read("empty"), "");
        // Nothing new, nothing handed over.
        assert_eq!(pass(&mut over, to, false), 0);
        let mut log = OpenOptions::new()
            .append(true)
            .open(from.join("log.csv"))
            .unwrap();
        log.write_all(b"two\n").unwrap();
        fs::write(from.join("deep/file"), "other").unwrap();
        assert_eq!(pass(&mut over, to, false), 1);
        assert_eq!(read("log.csv"), "one\ntwo\n");
        assert_eq!(pass(&mut over, to, true), 1);
        assert_eq!(read("deep/file"), "other");
        fs::write(from.join("deep/file"), "s").unwrap();
        pass(&mut over, to, true);
        assert_eq!(read("deep/file"), "s");
    }

    #[test]
    fn a_large_file_arrives_in_parts() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bytes: Vec<u8> = (0..PART_MAX * 2 + 3).map(|at| (at % 251) as u8).collect();
        fs::write(from.path().join("large"), &bytes).unwrap();
        let mut over = HandOver::of(from.path());
        assert_eq!(pass(&mut over, to.path(), false), 3);
        assert_eq!(pass(&mut over, to.path(), true), 0);
        assert!(fs::read(to.path().join("large")).unwrap() == bytes);
    }

    #[test]
    fn a_path_that_leads_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["", "../out", "/etc/x", "a/../../out", "."] {
            let part = FilePart {
                path: path.to_owned(),
                offset: 0,
                bytes: Vec::new(),
            };
            part.write_into(&folder.path().join("run")).unwrap_err();
        }
    }
}
