//! Sums of a run's files, to find damage and differences. The sum is XXH3 with 64
//! bits, which does not protect against forgery.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::results::error::ResultsError;

/// The sum of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Its path within the run's folder.
    pub name: String,
    /// Its size `[bytes]`.
    pub bytes: u64,
    /// XXH3-64 of its bytes.
    pub xxh3: u64,
}

/// Size of a read `[bytes]`: enough for most logs of small scenarios, and small
/// enough for the stack, which needs no fresh pages for each run.
const PIECE: usize = 32 << 10;

/// Returns the sums of all files in a run's folder, ordered by name.
///
/// # Errors
///
/// Fails if a file cannot be read.
pub fn sums(folder: &Path) -> Result<Vec<FileSum>, ResultsError> {
    let mut found = Vec::new();
    gather(folder, "", &mut [0; PIECE], &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn gather(
    folder: &Path,
    prefix: &str,
    buffer: &mut [u8],
    found: &mut Vec<FileSum>,
) -> Result<(), ResultsError> {
    for entry in folder.read_dir().map_err(ResultsError::at(folder))? {
        let entry = entry.map_err(ResultsError::at(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(ResultsError::at(&path))?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            gather(&path, &format!("{name}/"), buffer, found)?;
        } else if kind.is_file() {
            let (bytes, xxh3) = sum(&path, buffer).map_err(ResultsError::at(&path))?;
            found.push(FileSum { name, bytes, xxh3 });
        }
    }
    Ok(())
}

fn sum(path: &Path, buffer: &mut [u8]) -> io::Result<(u64, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut bytes = 0;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok((bytes, hash.digest())),
            Ok(count) => {
                hash.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns what is wrong with the files in a run's folder, if anything. Files that
/// were added later are ignored.
pub fn damage(folder: &Path, sums: &[FileSum]) -> Option<String> {
    if !folder.is_dir() {
        return Some("its folder is not there".to_owned());
    }
    let mut buffer = [0; PIECE];
    sums.iter().find_map(|known| {
        let path = folder.join(&known.name);
        let name = &known.name;
        // The size first: it finds a truncated file without reading it.
        let found = fs::metadata(&path).and_then(|it| match it.len() == known.bytes {
            true => sum(&path, &mut buffer),
            false => Ok((it.len(), 0)),
        });
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("{name} is not there"))
            }
            Err(error) => Some(format!("{name} cannot be read: {error}")),
            Ok((bytes, _)) if bytes != known.bytes => Some(format!(
                "{name} has {bytes} bytes, {} were written",
                known.bytes
            )),
            Ok((_, xxh3)) if xxh3 != known.xxh3 => Some(format!("{name} is not what was written")),
            Ok(_) => None,
        }
    })
}

/// Returns the first file in which two runs differ.
pub fn difference<'a>(one: &'a [FileSum], other: &'a [FileSum]) -> Option<&'a str> {
    let lacks = |sums: &[FileSum], sum: &FileSum| !sums.contains(sum);
    let mut differing: Vec<&str> = one
        .iter()
        .filter(|sum| lacks(other, sum))
        .chain(other.iter().filter(|sum| lacks(one, sum)))
        .map(|sum| &*sum.name)
        .collect();
    differing.sort_unstable();
    differing.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn damage_of_every_kind_is_found_and_named() {
        let run = folder(&[("a.csv", "one\n"), ("deep/b", "two\n")]);
        let known = sums(run.path()).unwrap();
        let names: Vec<&str> = known.iter().map(|sum| &*sum.name).collect();
        assert_eq!(names, ["a.csv", "deep/b"]);
        assert_eq!(damage(run.path(), &known), None);
        fs::write(run.path().join("notes.txt"), "later").unwrap();
        assert_eq!(damage(run.path(), &known), None);
        fs::write(run.path().join("deep/b"), "twx\n").unwrap();
        let text = damage(run.path(), &known).unwrap();
        assert_eq!(text, "deep/b is not what was written");
        fs::write(run.path().join("deep/b"), "two\nthree\n").unwrap();
        let text = damage(run.path(), &known).unwrap();
        assert_eq!(text, "deep/b has 10 bytes, 4 were written");
        fs::remove_file(run.path().join("a.csv")).unwrap();
        assert_eq!(damage(run.path(), &known).unwrap(), "a.csv is not there");
    }

    #[test]
    fn runs_differ_in_the_first_file_that_only_one_has() {
        let one = sums(folder(&[("a", "1"), ("b", "2")]).path()).unwrap();
        let same = sums(folder(&[("b", "2"), ("a", "1")]).path()).unwrap();
        let other = sums(folder(&[("a", "1"), ("c", "2")]).path()).unwrap();
        assert_eq!(difference(&one, &same), None);
        assert_eq!(difference(&one, &other), Some("b"));
        assert_eq!(difference(&other, &one), Some("b"));
    }
}
