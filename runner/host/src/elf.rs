//! Finds library files that are cut off. If the system's loader maps such a file, the
//! process ends with a bus error, not with an error that can be reported.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Why a file is cut off: it is an ELF file (64 bit, little-endian) whose segments end
/// after the end of the file. The loader reports all other defects.
pub fn cut_off(path: &Path) -> Option<String> {
    let (size, end) = sizes(path).ok()??;
    (end > size)
        .then(|| format!("the file is cut off: it has {size} bytes, and its segments end at {end}"))
}

/// A file's size, and where the last of its loadable segments ends `[bytes]`.
fn sizes(path: &Path) -> io::Result<Option<(u64, u64)>> {
    const LOAD: u64 = 1;
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut header = [0; 64];
    file.read_exact(&mut header)?;
    if &header[..6] != b"\x7fELF\x02\x01" {
        return Ok(None);
    }
    let table = number(&header, 32, 8);
    let entry_size = number(&header, 54, 2);
    let count = number(&header, 56, 2);
    if entry_size < 56 {
        return Ok(None);
    }
    let mut end = table.saturating_add(entry_size * count);
    let mut entry = [0; 56];
    for index in 0..count {
        if end > size {
            break;
        }
        file.seek(SeekFrom::Start(table + index * entry_size))?;
        file.read_exact(&mut entry)?;
        if number(&entry, 0, 4) == LOAD {
            end = end.max(number(&entry, 8, 8).saturating_add(number(&entry, 32, 8)));
        }
    }
    Ok(Some((size, end)))
}

/// A little-endian number in a header.
fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    bytes[at..at + len]
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_cut_off_anywhere_is_found() {
        // The test's own executable is an ELF file.
        let whole = std::env::current_exe().unwrap();
        assert_eq!(cut_off(&whole), None);
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("part.so");
        let bytes = std::fs::read(&whole).unwrap();
        for size in [65, 200, 4096, 100_000] {
            std::fs::write(&part, &bytes[..size]).unwrap();
            assert!(cut_off(&part).is_some(), "{size} of {} bytes", bytes.len());
        }
        std::fs::write(
            &part,
            "no library at all, but long enough for a header of one ......",
        )
        .unwrap();
        assert_eq!(cut_off(&part), None);
    }
}
