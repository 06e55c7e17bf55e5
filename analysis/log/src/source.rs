//! The bytes of a file through a window, so that memory does not grow with the
//! file, nor descriptors with the number of files.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Zero bytes that follow the window: who parses may look so far beyond a row.
pub(super) const PADDING: usize = 16;
/// The longest row; longer ones are no log's `[bytes]`.
pub(super) const ROW_LIMIT: usize = 16 << 20;

/// A file, read window by window.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// Kept between reads, or opened for each.
    file: Option<File>,
    keep_open: bool,
    /// Bytes read from the file so far.
    offset: u64,
    /// The window; what is read is `buffer[at..end]`, and [`PADDING`] follows.
    buffer: Vec<u8>,
    pub(super) at: usize,
    end: usize,
    /// Past the last line end in the window: whole lines lie before it.
    pub(super) whole: usize,
    pub(super) at_eof: bool,
}

impl Source {
    /// A file that is opened by the first [`Source::fill`]. `window` is the size
    /// to begin with `[bytes]`; it grows where a row needs it.
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

    /// All of the window, from its beginning, with padding.
    #[inline]
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer
    }

    /// What was read and not taken yet.
    pub(super) fn rest(&self) -> &[u8] {
        &self.buffer[self.at..self.end]
    }

    /// Reads on, keeping what was not taken. At the end of the file, sets `at_eof`.
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
