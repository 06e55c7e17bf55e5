//! The frames of a client.

use super::fields::{DecodeError, Fields, head, put_long, put_short};
use super::kind;

/// A frame from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// A request with its number; it has a reply.
    Request(u32, Request<'a>),
    /// All messages of a mailbox up to `id` have arrived; there is no reply.
    Acknowledge {
        /// The mailbox.
        mailbox: u64,
        /// The last of the messages.
        id: u64,
    },
}

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Begins a session over a transport without connections.
    Hello {
        /// A value that differs in each session.
        nonce: u64,
    },
    /// Creates an account.
    Create {
        /// Name of the account.
        name: &'a str,
    },
    /// Logs in.
    Login {
        /// Name of the account.
        name: &'a str,
    },
    /// Logs out.
    Logout,
    /// Lists names.
    List {
        /// Only names that match this pattern.
        pattern: &'a str,
        /// Only names after this one.
        after: &'a str,
    },
    /// Sends a message.
    Send {
        /// The sender's number for the message.
        number: u64,
        /// The recipient.
        to: &'a str,
        /// The text of the message.
        text: &'a str,
    },
    /// Requests that all pushed messages without an acknowledgement are pushed again.
    Receive {
        /// The mailbox.
        mailbox: u64,
        /// All messages up to this one have arrived.
        id: u64,
    },
    /// Deletes the account that is logged in.
    Delete,
}

impl Request<'_> {
    /// Appends the frame.
    pub fn encode(&self, request: u32, bytes: &mut Vec<u8>) {
        let kind = match self {
            Request::Hello { .. } => kind::HELLO,
            Request::Create { .. } => kind::CREATE,
            Request::Login { .. } => kind::LOGIN,
            Request::Logout => kind::LOGOUT,
            Request::List { .. } => kind::LIST,
            Request::Send { .. } => kind::SEND,
            Request::Receive { .. } => kind::RECEIVE,
            Request::Delete => kind::DELETE,
        };
        head(kind, bytes);
        bytes.extend_from_slice(&request.to_be_bytes());
        match *self {
            Request::Hello { nonce } => bytes.extend_from_slice(&nonce.to_be_bytes()),
            Request::Create { name } | Request::Login { name } => put_short(name, bytes),
            Request::Logout | Request::Delete => {}
            Request::List { pattern, after } => {
                put_short(pattern, bytes);
                put_short(after, bytes);
            }
            Request::Send { number, to, text } => {
                bytes.extend_from_slice(&number.to_be_bytes());
                put_short(to, bytes);
                put_long(text, bytes);
            }
            Request::Receive { mailbox, id } => {
                bytes.extend_from_slice(&mailbox.to_be_bytes());
                bytes.extend_from_slice(&id.to_be_bytes());
            }
        }
    }
}

impl<'a> FromClient<'a> {
    /// Appends the frame.
    pub fn encode(&self, bytes: &mut Vec<u8>) {
        match *self {
            FromClient::Request(number, request) => request.encode(number, bytes),
            FromClient::Acknowledge { mailbox, id } => {
                head(kind::ACKNOWLEDGE, bytes);
                bytes.extend_from_slice(&mailbox.to_be_bytes());
                bytes.extend_from_slice(&id.to_be_bytes());
            }
        }
    }

    /// Decodes a frame.
    ///
    /// # Errors
    /// If the bytes are not a frame of a client.
    pub fn decode(frame: &'a [u8]) -> Result<FromClient<'a>, DecodeError> {
        let (kind, mut fields) = Fields::of(frame)?;
        if kind == kind::ACKNOWLEDGE {
            let (mailbox, id) = (fields.u64("mailbox")?, fields.u64("id")?);
            fields.end()?;
            return Ok(FromClient::Acknowledge { mailbox, id });
        }
        if !(kind::HELLO..=kind::DELETE).contains(&kind) {
            return Err(fields.unknown(kind));
        }
        let number = fields.request()?;
        let request = match kind {
            kind::HELLO => Request::Hello {
                nonce: fields.u64("nonce")?,
            },
            kind::CREATE => Request::Create {
                name: fields.short("name")?,
            },
            kind::LOGIN => Request::Login {
                name: fields.short("name")?,
            },
            kind::LOGOUT => Request::Logout,
            kind::LIST => Request::List {
                pattern: fields.short("pattern")?,
                after: fields.short("after")?,
            },
            kind::SEND => Request::Send {
                number: fields.u64("number")?,
                to: fields.short("to")?,
                text: fields.long("text")?,
            },
            kind::RECEIVE => Request::Receive {
                mailbox: fields.u64("mailbox")?,
                id: fields.u64("id")?,
            },
            _ => Request::Delete,
        };
        fields.end()?;
        Ok(FromClient::Request(number, request))
    }
}
