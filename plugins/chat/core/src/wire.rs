//! The wire protocol of `PROTOCOL.md`: frames as values, their bytes, and back.
//!
//! A frame is a version byte, a type byte and fields: big-endian integers, and texts
//! behind their length. Whatever bytes come in, [`FromClient::decode`] and
//! [`FromServer::decode`] answer a frame or a [`Mistake`] and never read past the end;
//! texts are borrowed from the bytes, so that decoding costs no memory beyond a
//! list of names.
//!
//! Where a frame ends on a stream is not its business: a length in four bytes
//! stands before each (`u32be`).

mod client;
mod fields;
mod server;
#[cfg(test)]
mod tests;

pub use client::{FromClient, Request};
pub use fields::Mistake;
pub use server::{FromServer, Reply};

/// The version that is spoken here.
pub const VERSION: u8 = 1;

/// The longest frame `[bytes]`, without the length before it.
pub const MAX_FRAME: usize = 8192;

/// What a page of names may take at most: a frame less what is not names `[bytes]`.
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
