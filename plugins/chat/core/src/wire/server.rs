//! What the server says.

use super::fields::{Fields, Mistake, head, put_long, put_short};
use super::kind;

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromServer<'a> {
    /// The answer to the request of this number; 0: to a frame whose number could
    /// not be read.
    Reply(u32, Reply<'a>),
    /// A message for the account that is logged in.
    Message {
        /// The number of its mailbox.
        mailbox: u64,
        /// The message's number in it.
        id: u64,
        /// Who sent it.
        from: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// The account with this mailbox was logged in elsewhere, which ended the login
    /// here.
    Elsewhere {
        /// The mailbox.
        mailbox: u64,
    },
}

/// An answer.
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
        /// How many wait.
        waiting: u32,
    },
    /// To [`List`](super::Request::List): a page.
    Names {
        /// Whether there are more after the last.
        more: bool,
        /// In order.
        names: Vec<&'a str>,
    },
    /// To [`Send`](super::Request::Send).
    Sent {
        /// Whether it went out to the recipient at once; else it waits.
        delivered: bool,
    },
    /// To [`Receive`](super::Request::Receive).
    Waiting {
        /// How many messages wait.
        count: u32,
    },
    /// To [`Delete`](super::Request::Delete).
    Deleted {
        /// How many messages went with the account.
        discarded: u32,
    },
    /// The request is refused.
    Error {
        /// A refusal's code; perhaps one that is not known here.
        code: u8,
        /// The same in words, for people.
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

    /// The frame that these bytes are.
    ///
    /// # Errors
    /// When they are none.
    pub fn decode(frame: &'a [u8]) -> Result<FromServer<'a>, Mistake> {
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

fn reply<'a>(kind: u8, fields: &mut Fields<'a>) -> Result<Reply<'a>, Mistake> {
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
            // Grows with the names that are there, not with the number told.
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
