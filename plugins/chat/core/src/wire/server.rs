//! The frames of the server.

use super::fields::{DecodeError, Fields, head, put_long, put_short};
use super::kind;

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromServer<'a> {
    /// The reply to the request of this number; 0: to a frame whose number could not be
    /// read.
    Reply(u32, Reply<'a>),
    /// A message for the account that is logged in.
    Message {
        /// The number of the account's mailbox.
        mailbox: u64,
        /// The message's number in it.
        id: u64,
        /// The sender.
        from: &'a str,
        /// The text of the message.
        text: &'a str,
    },
    /// The account with this mailbox was logged in over another session, which ended the login
    /// of this session.
    Elsewhere {
        /// The mailbox.
        mailbox: u64,
    },
}

/// The reply to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// To [`Hello`](super::Request::Hello), [`Create`](super::Request::Create) and
    /// [`Logout`](super::Request::Logout).
    Done,
    /// To [`Login`](super::Request::Login).
    LoggedIn {
        /// The number of the account's mailbox.
        mailbox: u64,
        /// The number of the last message that the account sent.
        last_number: u64,
        /// The last message that was acknowledged.
        acknowledged: u64,
        /// Number of waiting messages.
        waiting: u32,
    },
    /// To [`List`](super::Request::List): a page.
    Names {
        /// Whether more names follow on the next page.
        more: bool,
        /// The names in order.
        names: Vec<&'a str>,
    },
    /// To [`Send`](super::Request::Send).
    Sent {
        /// Whether the message was pushed to the recipient at once; else it waits.
        delivered: bool,
    },
    /// To [`Receive`](super::Request::Receive).
    Waiting {
        /// Number of waiting messages.
        count: u32,
    },
    /// To [`Delete`](super::Request::Delete).
    Deleted {
        /// Number of messages that were deleted with the account.
        discarded: u32,
    },
    /// The request is refused.
    Error {
        /// The code of a refusal; perhaps an unknown one.
        code: u8,
        /// The reason as text.
        text: &'a str,
    },
}

impl Reply<'_> {
    /// Appends the frame.
    pub fn encode(&self, request: u32, bytes: &mut Vec<u8>) {
        let kind = match self {
            Reply::Done => kind::DONE,
            Reply::LoggedIn { .. } => kind::LOGGED_IN,
            Reply::Names { .. } => kind::NAMES,
            Reply::Sent { .. } => kind::SENT,
            Reply::Waiting { .. } => kind::WAITING,
            Reply::Deleted { .. } => kind::DELETED,
            Reply::Error { .. } => kind::ERROR,
        };
        head(kind, bytes);
        bytes.extend_from_slice(&request.to_be_bytes());
        match self {
            Reply::Done => {}
            Reply::LoggedIn {
                mailbox,
                last_number,
                acknowledged,
                waiting,
            } => {
                bytes.extend_from_slice(&mailbox.to_be_bytes());
                bytes.extend_from_slice(&last_number.to_be_bytes());
                bytes.extend_from_slice(&acknowledged.to_be_bytes());
                bytes.extend_from_slice(&waiting.to_be_bytes());
            }
            Reply::Names { more, names } => {
                let count = u16::try_from(names.len()).unwrap_or(u16::MAX);
                bytes.push((*more).into());
                bytes.extend_from_slice(&count.to_be_bytes());
                for name in &names[..count.into()] {
                    put_short(name, bytes);
                }
            }
            Reply::Sent { delivered } => bytes.push((*delivered).into()),
            Reply::Waiting { count } => bytes.extend_from_slice(&count.to_be_bytes()),
            Reply::Deleted { discarded } => bytes.extend_from_slice(&discarded.to_be_bytes()),
            Reply::Error { code, text } => {
                bytes.push(*code);
                put_long(text, bytes);
            }
        }
    }
}

impl<'a> FromServer<'a> {
    /// Appends the frame.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        match self {
            FromServer::Reply(request, reply) => reply.encode(*request, bytes),
            FromServer::Message {
                mailbox,
                id,
                from,
                text,
            } => {
                head(kind::MESSAGE, bytes);
                bytes.extend_from_slice(&mailbox.to_be_bytes());
                bytes.extend_from_slice(&id.to_be_bytes());
                put_short(from, bytes);
                put_long(text, bytes);
            }
            FromServer::Elsewhere { mailbox } => {
                head(kind::ELSEWHERE, bytes);
                bytes.extend_from_slice(&mailbox.to_be_bytes());
            }
        }
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// If the bytes are not a frame of the server.
    pub fn decode(frame: &'a [u8]) -> Result<FromServer<'a>, DecodeError> {
        let (kind, mut fields) = Fields::of(frame)?;
        let decoded = match kind {
            kind::MESSAGE => FromServer::Message {
                mailbox: fields.u64("mailbox")?,
                id: fields.u64("id")?,
                from: fields.short("from")?,
                text: fields.long("text")?,
            },
            kind::ELSEWHERE => FromServer::Elsewhere {
                mailbox: fields.u64("mailbox")?,
            },
            _ => {
                let request = fields.u32("request")?;
                FromServer::Reply(request, reply(kind, &mut fields)?)
            }
        };
        fields.end()?;
        Ok(decoded)
    }
}

fn reply<'a>(kind: u8, fields: &mut Fields<'a>) -> Result<Reply<'a>, DecodeError> {
    Ok(match kind {
        kind::DONE => Reply::Done,
        kind::LOGGED_IN => Reply::LoggedIn {
            mailbox: fields.u64("mailbox")?,
            last_number: fields.u64("last number")?,
            acknowledged: fields.u64("acknowledged")?,
            waiting: fields.u32("waiting")?,
        },
        kind::NAMES => {
            let more = fields.flag("more")?;
            let count = fields.u16("count")?;
            // Not allocated by `count`: it may be larger than the number of names.
            let mut names = Vec::new();
            for _ in 0..count {
                names.push(fields.short("name")?);
            }
            Reply::Names { more, names }
        }
        kind::SENT => Reply::Sent {
            delivered: fields.flag("delivered")?,
        },
        kind::WAITING => Reply::Waiting {
            count: fields.u32("count")?,
        },
        kind::DELETED => Reply::Deleted {
            discarded: fields.u32("discarded")?,
        },
        kind::ERROR => Reply::Error {
            code: fields.u8("code")?,
            text: fields.long("text")?,
        },
        other => return Err(fields.unknown(other)),
    })
}
