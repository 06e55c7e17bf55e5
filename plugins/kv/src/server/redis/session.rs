//! What the server keeps for a client of the Redis protocol, and what a command works with.

use super::reply::Reply;
use crate::{Refusal, Store};
use std::borrow::Cow;

/// What to do after the reply is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Keep the connection open.
    Stay,
    /// Close the connection.
    Close,
}

/// What the server keeps for a client, as long as it is connected.
#[derive(Debug, Default)]
pub struct Session {
    /// Whether it has sent an array.
    pub sends_arrays: bool,
    /// Whether replies are of version 3 of the protocol; else 2.
    pub version_3: bool,
    /// The name that it has given itself.
    pub name: Vec<u8>,
    /// The commands since `MULTI`; `None`: no transaction is open.
    pub queue: Option<Queue>,
    /// The keys of `WATCH`, with the change that made their value; `None`: the key is missing.
    pub watched: Vec<(Vec<u8>, Option<u64>)>,
}

/// Commands that wait for `EXEC`.
#[derive(Debug, Default)]
pub struct Queue {
    /// The words of each command.
    pub commands: Vec<Vec<Vec<u8>>>,
    /// Sizes of all words `[bytes]`.
    pub bytes: usize,
    /// Whether a command was refused, so that `EXEC` will do nothing.
    pub spoiled: bool,
}

impl Session {
    /// A command was refused before it could be queued.
    pub fn spoil(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.spoiled = true;
        }
    }
}

/// Who sends a command, and what the server tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The client's number.
    pub id: u32,
    /// Whether the store's changes survive a crash.
    pub persist: bool,
}

/// A command that is executed.
pub struct Call<'server> {
    pub store: &'server mut Store,
    pub session: &'server mut Session,
    pub client: Client,
    pub reply: Reply<'server>,
    pub after: After,
}

/// Why a command is refused: the text of the error.
#[derive(Debug)]
pub struct Fault(pub Cow<'static, [u8]>);

/// The result of a command, whose reply is written.
pub type Done = Result<(), Fault>;

impl Fault {
    /// A fault with a constant text.
    pub const fn of(text: &'static str) -> Fault {
        Fault(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Fault {
        Fault(text.into_bytes().into())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        format!("ERR {refusal}").into()
    }
}

/// An option that the command does not have, or options that exclude each other.
pub const SYNTAX: Fault = Fault::of("ERR syntax error");

/// An argument that must be an integer of 64 bits is none.
pub const NO_INTEGER: Fault = Fault::of("ERR value is not an integer or out of range");

impl Call<'_> {
    /// Appends that there is no such value.
    pub fn null(&mut self) {
        let null: &[u8] = match self.session.version_3 {
            true => b"_\r\n",
            false => b"$-1\r\n",
        };
        self.reply.0.extend_from_slice(null);
    }

    /// Appends that there is no such array.
    pub fn null_array(&mut self) {
        let null: &[u8] = match self.session.version_3 {
            true => b"_\r\n",
            false => b"*-1\r\n",
        };
        self.reply.0.extend_from_slice(null);
    }

    /// Appends the beginning of so many pairs; keys and values follow in turn.
    pub fn map(&mut self, pairs: usize) {
        match self.session.version_3 {
            true => self.reply.header('%', pairs as i64),
            false => self.reply.array(2 * pairs),
        }
    }

    /// Appends text for people.
    pub fn text(&mut self, text: &str) {
        match self.session.version_3 {
            true => {
                self.reply.header('=', text.len() as i64 + 4);
                self.reply.0.extend_from_slice(b"txt:");
                self.reply.0.extend_from_slice(text.as_bytes());
                self.reply.0.extend_from_slice(b"\r\n");
            }
            false => self.reply.bulk(text.as_bytes()),
        }
    }

    /// Appends the value of a key, or that there is none.
    pub fn value(&mut self, key: &[u8]) {
        match self.store.get(key) {
            Some(value) => self.reply.bulk(value),
            None => self.null(),
        }
    }

    /// Appends `OK`.
    pub fn ok(&mut self) -> Done {
        self.reply.simple("OK");
        Ok(())
    }

    /// Appends an integer.
    pub fn count(&mut self, number: u64) -> Done {
        self.reply.integer(number as i64);
        Ok(())
    }
}
