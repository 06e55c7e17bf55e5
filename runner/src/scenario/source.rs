//! A scenario file with the options that override it, and places in them.

use std::cmp::Ordering;
use std::ops::Range;

/// Where something is written. Places are ordered: the file from its top, then the
/// options in the order of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// These bytes of the file.
    File {
        /// The first byte.
        start: usize,
        /// The byte after the last.
        end: usize,
    },
    /// These bytes of the file, which are a value of an axis of the matrix. The
    /// value replaces another value, as an override does.
    Axis {
        /// The first byte.
        start: usize,
        /// The byte after the last.
        end: usize,
    },
    /// The override with this index.
    Override(usize),
}

impl Place {
    /// The place of these bytes of the file.
    pub fn bytes(span: Range<usize>) -> Place {
        Place::File {
            start: span.start,
            end: span.end,
        }
    }

    /// Whether what is written here replaces a value of the file.
    pub fn overrides(self) -> bool {
        matches!(self, Place::Axis { .. } | Place::Override(_))
    }

    /// Turns a place in the file into one of an axis.
    pub fn to_axis(&mut self) {
        if let Place::File { start, end } = *self {
            *self = Place::Axis { start, end };
        }
    }

    /// The same place, with `Axis` turned into `File`.
    pub fn written(self) -> Place {
        match self {
            Place::Axis { start, end } => Place::File { start, end },
            other => other,
        }
    }

    /// Whether `other` is this place, or lies within it.
    pub fn holds(self, other: Place) -> bool {
        match (self.written(), other.written()) {
            (
                Place::File { start, end },
                Place::File {
                    start: first,
                    end: last,
                },
            ) => start <= first && last <= end,
            (one, other) => one == other,
        }
    }

    /// The key by which places are ordered.
    fn order(self) -> (u8, usize, usize, bool) {
        match self {
            Place::Whole => (0, 0, 0, false),
            Place::File { start, end } => (1, start, end, false),
            Place::Axis { start, end } => (1, start, end, true),
            Place::Override(index) => (2, index, 0, false),
        }
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Place) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// One scenario file, and the options that override it. Places refer to it.
#[derive(Debug, Default)]
pub struct Source {
    /// The path as the user wrote it.
    pub path: String,
    /// The file's text.
    pub text: String,
    /// The options that override values, as typed: `--set nodes.machine.count=0`.
    pub overrides: Vec<String>,
    /// The first byte of each line except the first line.
    lines: Vec<usize>,
}

impl Source {
    /// A file's text under its path, and the options that override it.
    pub fn new(path: &str, text: String, overrides: Vec<String>) -> Source {
        Source {
            path: path.to_owned(),
            lines: text.match_indices('\n').map(|(at, _)| at + 1).collect(),
            text,
            overrides,
        }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.partition_point(|&start| start <= byte) + 1
    }

    /// Line and column of a byte, both from 1; the column in characters.
    pub fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.line_span(byte);
        let column = match self.boundary(byte) {
            byte if byte > line.start => self.text[line.start..byte].chars().count(),
            _ => 0,
        };
        (self.line(byte), column + 1)
    }

    /// The bytes of the line of a byte, without the line's ending.
    pub(super) fn line_span(&self, byte: usize) -> Range<usize> {
        let index = self.line(byte) - 1;
        let start = match index {
            0 => 0,
            _ => self.lines[index - 1],
        };
        let end = self.lines.get(index).copied().unwrap_or(self.text.len());
        let line = self.text[start..end].trim_end_matches('\n');
        start..start + line.strip_suffix('\r').map_or(line.len(), str::len)
    }

    /// The last boundary between characters at or before `byte`.
    pub(super) fn boundary(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}
