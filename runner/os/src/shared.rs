//! A page of memory that two processes share, as a row of atomic numbers.
//!
//! The page lies in a file without a name. The process that made the page keeps
//! the file open, and another process opens the file by [`SharedPage::path`].

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Size of the page `[bytes]`: the system maps whole pages.
const PAGE: usize = 4096;

/// Numbers in a page.
pub const WORDS: usize = PAGE / size_of::<AtomicU64>();

/// The page, as one of the two processes has it.
#[derive(Debug)]
pub struct SharedPage {
    words: NonNull<[AtomicU64; WORDS]>,
    /// Keeps the file open, so that the other process can open it.
    file: File,
}

// SAFETY: all access to the memory is through atomics, and it stays mapped for as
// long as the value lives.
#[allow(unsafe_code)]
unsafe impl Send for SharedPage {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for SharedPage {}

impl SharedPage {
    /// A new page, all zero. `name` is what the system shows for it.
    ///
    /// # Errors
    ///
    /// If the system has no memory or no descriptor left.
    pub fn create(name: &str) -> io::Result<SharedPage> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = File::from(memfd_create(name, flags)?);
        file.set_len(PAGE as u64)?;
        // Whoever made the file shorter would end both processes: reading behind the
        // end of a mapped file is SIGBUS.
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals)?;
        SharedPage::map(file)
    }

    /// Where another process finds the page, as long as this value lives.
    pub fn path(&self) -> PathBuf {
        let (process, file) = (std::process::id(), self.file.as_raw_fd());
        PathBuf::from(format!("/proc/{process}/fd/{file}"))
    }

    /// Opens a page that another process made.
    ///
    /// # Errors
    ///
    /// If it does not exist any more, or is no such page.
    pub fn open(path: &Path) -> io::Result<SharedPage> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let sealed = fcntl_get_seals(&file)?.contains(SealFlags::SHRINK);
        if file.metadata()?.len() < PAGE as u64 || !sealed {
            return Err(io::ErrorKind::InvalidData.into());
        }
        SharedPage::map(file)
    }

    #[allow(unsafe_code)]
    fn map(file: File) -> io::Result<SharedPage> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address of the system's choice; the file
        // is at least a page long, and sealed against getting shorter.
        let start = unsafe {
            mmap(
                std::ptr::null_mut(),
                PAGE,
                access,
                MapFlags::SHARED,
                &file,
                0,
            )
        }?;
        let words = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(SharedPage { words, file })
    }

    /// The numbers.
    #[allow(unsafe_code)]
    #[inline]
    pub fn words(&self) -> &[AtomicU64; WORDS] {
        // SAFETY: mapped for as long as `self` lives, aligned to a page, exactly
        // as large as the array, and any bytes are atomics.
        unsafe { self.words.as_ref() }
    }
}

impl Drop for SharedPage {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this size, and not used any more. If it
        // cannot be unmapped, the memory stays in use; nothing else happens.
        let _ = unsafe { munmap(self.words.as_ptr().cast(), PAGE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    #[test]
    fn what_one_side_writes_the_other_reads() {
        let near = SharedPage::create("test").unwrap();
        let far = SharedPage::open(&near.path()).unwrap();
        assert!(near.words().iter().all(|word| word.load(Relaxed) == 0));
        far.words()[WORDS - 1].store(7, Relaxed);
        drop(far);
        assert_eq!(near.words()[WORDS - 1].load(Relaxed), 7);
    }

    #[test]
    fn neither_process_can_make_the_page_shorter() {
        let near = SharedPage::create("test").unwrap();
        let file = OpenOptions::new().write(true).open(near.path()).unwrap();
        file.set_len(0).unwrap_err();
        assert!(near.words().iter().all(|word| word.load(Relaxed) == 0));
    }

    #[test]
    fn a_file_that_is_too_short_is_no_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short");
        std::fs::write(&path, [0; PAGE - 1]).unwrap();
        SharedPage::open(&path).unwrap_err();
    }
}
