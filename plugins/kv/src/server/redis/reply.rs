//! The parts of a reply in the Redis protocol, version 2.

use std::io::Write;

/// Appends a simple string.
pub fn simple(reply: &mut Vec<u8>, text: &str) {
    reply.push(b'+');
    reply.extend_from_slice(text.as_bytes());
    reply.extend_from_slice(b"\r\n");
}

/// Appends an error. A line break in its text becomes a space, since a line break ends an error.
pub fn error(reply: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let text = text.to_string().replace(['\r', '\n'], " ");
    reply.push(b'-');
    reply.extend_from_slice(text.as_bytes());
    reply.extend_from_slice(b"\r\n");
}

/// Appends an integer.
pub fn integer(reply: &mut Vec<u8>, number: u64) {
    // Writing into a vector does not fail.
    let _ = write!(reply, ":{number}\r\n");
}

/// Appends a bulk string: any bytes.
pub fn bulk(reply: &mut Vec<u8>, bytes: &[u8]) {
    let _ = write!(reply, "${}\r\n", bytes.len());
    reply.extend_from_slice(bytes);
    reply.extend_from_slice(b"\r\n");
}

/// Appends the null bulk string: there is no such value.
pub fn missing(reply: &mut Vec<u8>) {
    reply.extend_from_slice(b"$-1\r\n");
}
