//! Sums of the files of a run, to find damage and differences. The sum is XXH3 with 64
//! bits, which does not protect against forgery.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

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

/// Reads files, and returns their sums.
#[derive(Debug)]
pub struct Summer {
    buffer: [u8; PIECE],
}

impl Default for Summer {
    fn default() -> Summer {
        Summer { buffer: [0; PIECE] }
    }
}

impl Summer {
    /// The sum of a file, under this name.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub fn sum(&mut self, path: &Path, name: String) -> io::Result<FileSum> {
        let mut file = File::open(path)?;
        let mut hash = Xxh3::new();
        let mut bytes = 0;
        loop {
            match file.read(&mut self.buffer) {
                Ok(0) => {
                    let xxh3 = hash.digest();
                    return Ok(FileSum { name, bytes, xxh3 });
                }
                Ok(count) => {
                    hash.update(&self.buffer[..count]);
                    bytes += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns what is wrong with the files in a run's folder, if anything. Files that
/// were added later are ignored.
pub fn damage(folder: &Path, sums: &[FileSum]) -> Option<String> {
    if !folder.is_dir() {
        return Some("its folder is not there".to_owned());
    }
    let mut summer = Summer::default();
    sums.iter().find_map(|known| {
        let path = folder.join(&known.name);
        let name = &known.name;
        // The size first: it finds a truncated file without reading it.
        let found = fs::metadata(&path).and_then(|it| match it.len() == known.bytes {
            true => summer.sum(&path, name.clone()),
            false => Ok(FileSum {
                bytes: it.len(),
                ..known.clone()
            }),
        });
        match found {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Some(format!("{name} is not there"))
            }
            Err(error) => Some(format!("{name} cannot be read: {error}")),
            Ok(found) if found.bytes != known.bytes => Some(format!(
                "{name} has {} bytes, {} were written",
                found.bytes, known.bytes
            )),
            Ok(found) if found != *known => Some(format!("{name} is not what was written")),
            Ok(_) => None,
        }
    })
}
