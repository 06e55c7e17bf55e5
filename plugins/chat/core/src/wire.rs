//! The wire protocol of `PROTOCOL.md`: encodes and decodes frames.
//!
//! A frame is a version byte, a type byte and fields: big-endian integers, and texts after
//! their length. For any bytes, [`FromClient::decode`] and [`FromServer::decode`] return a
//! frame or a [`DecodeError`]. Texts are borrowed from the bytes, so decoding allocates nothing
//! but a list of names.
//!
//! The length of a frame on a stream is not part of this module: the framing (`u32be`) sends it
//! in four bytes before the frame.

mod client;
mod fields;
mod server;
#[cfg(test)]
mod tests;

pub use client::{FromClient, Request};
pub use fields::DecodeError;
pub use server::{FromServer, Reply};

/// The version of the protocol.
pub const VERSION: u8 = 1;

/// Maximum size of a frame without its length `[bytes]`.
pub const MAX_FRAME: usize = 8192;

/// Maximum size of the names in one page: a frame minus its other fields `[bytes]`.
pub const MAX_PAGE: usize = MAX_FRAME - 16;

/// The types of frames.
mod kind {
    pub const HELLO: u8 = 0x01;
    pub const CREATE: u8 = 0x02;
    pub const LOGIN: u8 = 0x03;
    pub const LOGOUT: u8 = 0x04;
    pub const LIST: u8 = 0x05;
    pub const SEND: u8 = 0x06;
    pub const RECEIVE: u8 = 0x07;
    pub const DELETE: u8 = 0x08;
    pub const ACKNOWLEDGE: u8 = 0x41;
    pub const DONE: u8 = 0x80;
    pub const LOGGED_IN: u8 = 0x83;
    pub const NAMES: u8 = 0x85;
    pub const SENT: u8 = 0x86;
    pub const WAITING: u8 = 0x87;
    pub const DELETED: u8 = 0x88;
    pub const MESSAGE: u8 = 0xc1;
    pub const ELSEWHERE: u8 = 0xc2;
    pub const ERROR: u8 = 0xff;
}
