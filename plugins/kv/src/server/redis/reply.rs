//! The parts of a reply. Most are the same in both versions of the protocol; what differs is
//! in [`Call`](super::session::Call), which knows the client's version.

use std::io::Write;

/// A reply that is written.
pub struct Reply<'buffer>(pub &'buffer mut Vec<u8>);

impl Reply<'_> {
    /// Appends a simple string.
    pub fn simple(&mut self, text: &str) {
        self.0.push(b'+');
        self.0.extend_from_slice(text.as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    /// Appends an error. A line break in its text becomes spaces, since it would end the error.
    pub fn error(&mut self, text: &[u8]) {
        self.0.push(b'-');
        let harmless = text.iter().map(|&byte| match byte {
            b'\r' | b'\n' => b' ',
            other => other,
        });
        self.0.extend(harmless);
        self.0.extend_from_slice(b"\r\n");
    }

    /// Appends an integer.
    pub fn integer(&mut self, number: i64) {
        self.header(':', number);
    }

    /// Appends a bulk string: any bytes.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.header('$', bytes.len() as i64);
        self.0.extend_from_slice(bytes);
        self.0.extend_from_slice(b"\r\n");
    }

    /// Appends the beginning of an array; its elements follow.
    pub fn array(&mut self, count: usize) {
        self.header('*', count as i64);
    }

    /// Appends a line of a type and a number.
    pub fn header(&mut self, kind: char, number: i64) {
        // Writing into a vector does not fail.
        let _ = write!(self.0, "{kind}{number}\r\n");
    }
}
