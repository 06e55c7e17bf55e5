//! Reads a file through a window. Memory does not grow with the size of the file;
//! a file may be closed between reads, so that many files need few descriptors.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Number of zero bytes after the window: a parser may read this far beyond a row.
pub(super) const PADDING: usize = 16;
/// Maximum length of a row `[bytes]`. A longer row is not from a log.
pub(super) const ROW_LIMIT: usize = 16 << 20;

/// A file, read window by window.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// `None` before the first read, and if each read opens the file.
    file: Option<File>,
    keep_open: bool,
    /// Bytes read from the file so far.
    offset: u64,
    /// The window: `buffer[at..end]` was read and not consumed. [`PADDING`] follows.
    buffer: Vec<u8>,
    pub(super) at: usize,
    end: usize,
    /// The index after the last line end in the window: before it are whole lines.
    pub(super) whole: usize,
    pub(super) at_eof: bool,
}

impl Source {
    /// The first [`Source::fill`] opens the file. `window` is the first size of the
    /// window `[bytes]`; it grows for a longer row.
    pub(super) fn new(path: &Path, window: usize, keep_open: bool) -> Source {
        Source {
            path: path.to_owned(),
            file: None,
            keep_open,
            offset: 0,
            buffer: vec![0; window.max(64) + PADDING],
            at: 0,
            end: 0,
            whole: 0,
            at_eof: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next byte that was not consumed is in the file.
    pub(super) fn place(&self) -> u64 {
        self.offset - (self.end - self.at) as u64
    }

    /// Replaces the window by these bytes of the file, and nothing follows them.
    pub(super) fn load(&mut self, bytes: Range<u64>) -> io::Result<()> {
        let length = usize::try_from(bytes.end - bytes.start).map_err(io::Error::other)?;
        if self.buffer.len() < length + PADDING {
            self.buffer.resize(length + PADDING, 0);
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(bytes.start))?;
        file.read_exact(&mut self.buffer[..length])?;
        self.file = None;
        self.offset = bytes.end;
        (self.at, self.end, self.at_eof) = (0, length, true);
        let last = memchr::memrchr(b'\n', &self.buffer[..length]);
        self.whole = last.map_or(0, |last| last + 1);
        Ok(())
    }

    /// Gives the memory of the window back.
    pub(super) fn release(&mut self) {
        self.buffer = vec![0; PADDING];
        (self.at, self.end, self.whole) = (0, 0, 0);
    }

    /// The whole buffer, with padding.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer
    }

    /// The bytes that were read and not consumed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }

    /// Reads more bytes and keeps those not consumed. Sets `at_eof` at the end of
    /// the file.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.at..self.end, 0);
        self.end -= self.at;
        self.whole = self.whole.saturating_sub(self.at);
        self.at = 0;
        let room = self.buffer.len() - PADDING;
        if self.end == room {
            self.buffer.resize(2 * room + PADDING, 0);
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = File::open(&self.path)?;
                if self.offset > 0 {
                    file.seek(SeekFrom::Start(self.offset))?;
                }
                file
            }
        };
        let room = self.buffer.len() - PADDING;
        let count = loop {
            match file.read(&mut self.buffer[self.end..room]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if self.keep_open {
            self.file = Some(file);
        }
        self.offset += count as u64;
        self.at_eof = count == 0;
        let new = self.end..self.end + count;
        if let Some(last) = memchr::memrchr(b'\n', &self.buffer[new.clone()]) {
            self.whole = new.start + last + 1;
        }
        self.end = new.end;
        Ok(())
    }
}
