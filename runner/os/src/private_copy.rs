//! A private copy of a file's bytes, in memory: nothing that happens to the file
//! afterwards changes the copy, and no process can change or shorten it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

/// The bytes: a file without a name, sealed. It exists while a process has it open.
#[derive(Debug)]
pub struct PrivateCopy {
    file: File,
}

/// What nobody can do any more: write, make shorter or longer, change the seals.
const SEALS: SealFlags = SealFlags::WRITE
    .union(SealFlags::SHRINK)
    .union(SealFlags::GROW)
    .union(SealFlags::SEAL);

impl PrivateCopy {
    /// A copy of these bytes. `name` is what the system shows for it.
    ///
    /// # Errors
    ///
    /// If the system has no memory or no descriptor left, or allows no such files.
    pub fn of(name: &str, bytes: &[u8]) -> io::Result<PrivateCopy> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create(name, flags)?);
        file.write_all(bytes)?;
        fcntl_add_seals(&file, SEALS)?;
        Ok(PrivateCopy { file })
    }

    /// The path at which this process opens the copy.
    pub fn own_path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// The path at which another process opens the copy, while this process lives.
    pub fn path(&self) -> PathBuf {
        let (process, file) = (std::process::id(), self.file.as_raw_fd());
        PathBuf::from(format!("/proc/{process}/fd/{file}"))
    }

    /// Opens a copy that another process made.
    ///
    /// # Errors
    ///
    /// If it does not exist any more, or is not sealed.
    pub fn open(path: &Path) -> io::Result<PrivateCopy> {
        let file = File::open(path)?;
        match fcntl_get_seals(&file)?.contains(SEALS) {
            true => Ok(PrivateCopy { file }),
            false => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// The number of bytes.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;

    #[test]
    fn nobody_can_change_a_copy() {
        let copy = PrivateCopy::of("test", b"bytes").unwrap();
        for path in [copy.path(), copy.own_path()] {
            assert_eq!(std::fs::read(&path).unwrap(), b"bytes");
        }
        let mut writer = OpenOptions::new().write(true).open(copy.path()).unwrap();
        writer.write_all(b"x").unwrap_err();
        writer.set_len(1).unwrap_err();
        writer.set_len(100).unwrap_err();
        let far = PrivateCopy::open(&copy.path()).unwrap();
        assert_eq!(far.size().unwrap(), 5);
    }

    #[test]
    fn a_file_that_is_not_sealed_is_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"bytes").unwrap();
        PrivateCopy::open(&path).unwrap_err();
    }
}
