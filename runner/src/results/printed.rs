//! The lines that nodes print, in `NODE.log`. A node that prints nothing has no file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use analysis::log::tables::files::printed_file;
use analysis::log::{WriteError, create};

/// The printed lines of one run. They are collected, then appended to their files.
#[derive(Debug)]
pub struct Printed {
    folder: PathBuf,
    lines: BTreeMap<String, String>,
    size: usize,
    /// The nodes that have a file.
    begun: BTreeSet<String>,
    total: u64,
}

/// Size of the lines that are collected before they are written `[bytes]`.
const SIZE_MAX: usize = 1 << 20;

impl Printed {
    /// For files in this folder.
    pub fn new(folder: &Path) -> Printed {
        Printed {
            folder: folder.to_owned(),
            lines: BTreeMap::new(),
            size: 0,
            begun: BTreeSet::new(),
            total: 0,
        }
    }

    /// Adds a line of a node.
    pub fn line(&mut self, node: &str, line: &str) {
        let lines = match self.lines.get_mut(node) {
            Some(lines) => lines,
            None => self.lines.entry(node.to_owned()).or_default(),
        };
        lines.push_str(line);
        lines.push('\n');
        self.size += line.len() + 1;
        self.total += line.len() as u64 + 1;
    }

    /// The size of all lines so far, whether or not they are in the files `[bytes]`.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether the lines should be written.
    pub fn is_full(&self) -> bool {
        self.size >= SIZE_MAX
    }

    /// Appends the collected lines to the files.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        for (node, lines) in std::mem::take(&mut self.lines) {
            let path = self.folder.join(printed_file(&node));
            let first = self.begun.insert(node);
            append(&path, first, &lines).map_err(|source| WriteError { path, source })?;
        }
        self.size = 0;
        Ok(())
    }
}

fn append(path: &Path, first: bool, lines: &str) -> io::Result<()> {
    let mut file = match first {
        true => create(path)?,
        false => OpenOptions::new().append(true).open(path)?,
    };
    file.write_all(lines.as_bytes())
}
