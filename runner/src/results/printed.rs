//! What nodes print: `NODE.log`, line by line, only for nodes that print.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use analysis::log::WriteError;
use analysis::log::tables::files::printed_file;

/// The printed lines of one run, collected and appended to their files.
#[derive(Debug)]
pub struct Printed {
    folder: PathBuf,
    lines: BTreeMap<String, String>,
    held: usize,
}

/// What is held before it is written `[bytes]`: bounds memory, and saves writes.
const HELD_MAX: usize = 1 << 20;

impl Printed {
    /// Lines for the files in this folder.
    pub fn new(folder: &Path) -> Printed {
        Printed {
            folder: folder.to_owned(),
            lines: BTreeMap::new(),
            held: 0,
        }
    }

    /// Adds a line of a node's. An error is told by [`Printed::flush`].
    pub fn line(&mut self, node: &str, line: &str) {
        let lines = match self.lines.get_mut(node) {
            Some(lines) => lines,
            None => self.lines.entry(node.to_owned()).or_default(),
        };
        lines.push_str(line);
        lines.push('\n');
        self.held += line.len() + 1;
    }

    /// Whether it is time to flush.
    pub fn is_full(&self) -> bool {
        self.held >= HELD_MAX
    }

    /// Appends what is held to the files.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        for (node, lines) in std::mem::take(&mut self.lines) {
            let path = self.folder.join(printed_file(&node));
            append(&path, &lines).map_err(|source| WriteError { path, source })?;
        }
        self.held = 0;
        Ok(())
    }
}

fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(lines.as_bytes())
}
