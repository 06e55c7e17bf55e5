//! What a client says.

use super::fields::{Fields, Mistake, head, put_long, put_short};
use super::kind;

/// A frame from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FromClient<'a> {
    /// A request with its number; it is answered.
    Request(u32, Request<'a>),
    /// All messages of a mailbox up to `id` have come; not answered.
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
    /// Begins a session over a carrier that has no connections.
    Hello {
        /// Another one in each session.
        nonce: u64,
    },
    /// Makes an account.
    Create {
        /// Its name.
        name: &'a str,
    },
    /// Logs in.
    Login {
        /// To this account.
        name: &'a str,
    },
    /// Logs out.
    Logout,
    /// Asks for names.
    List {
        /// That fit this pattern,
        pattern: &'a str,
        /// and come after this name.
        after: &'a str,
    },
    /// Sends a message.
    Send {
        /// The sender's own number for it.
        number: u64,
        /// The recipient.
        to: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// Asks for what was pushed and is not acknowledged to be pushed again.
    Receive {
        /// The mailbox.
        mailbox: u64,
        /// All messages up to this one have come.
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

    /// The frame that these bytes are.
    ///
    /// # Errors
    /// When they are none.
    pub fn decode(frame: &'a [u8]) -> Result<FromClient<'a>, Mistake> {
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
