//! What `kvclient` sends and understands: one command in plain text or in the Redis protocol. The
//! forms are those of the plugin ([`kv::Wire`]); this module has what a person is told.

use framing::Framing;
use kv::{Command, Dialect, Reply, Unwritable, Wire, WireProtocol, Words};

/// The format of requests and replies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol(Wire);

/// What a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The value of the key.
    Value(&'a [u8]),
    /// The command was executed; the store's word for it.
    Done(&'a [u8]),
    /// The key does not exist.
    NotFound,
    /// The store refused the command; the reason.
    Refused(String),
}

/// Why a request cannot be encoded, or its reply cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The key cannot be written.
    #[error(
        "{0} in this protocol\n  a listener with `framing = \"resp\"` accepts any key: --framing resp"
    )]
    Key(Unwritable),
    /// The reply is not one of a store.
    #[error("the Redis protocol has no such reply to this command: {0}\n  is the server a store?")]
    Foreign(String),
}

impl Protocol {
    /// The protocol of a listener with this framing.
    pub fn of(framing: Framing, dialect: Dialect) -> Protocol {
        let protocol = match framing {
            Framing::Resp => WireProtocol::Resp,
            _ => WireProtocol::Text,
        };
        Protocol(Wire {
            protocol,
            dialect,
            words: Words::default(),
        })
    }

    /// The message for a command.
    ///
    /// # Errors
    ///
    /// If the protocol cannot express the key.
    pub fn request(&self, command: Command<'_>) -> Result<Vec<u8>, RequestError> {
        self.0.encode(command).map_err(RequestError::Key)
    }

    /// Decodes the reply to a command.
    ///
    /// # Errors
    ///
    /// If no store sends such a reply.
    pub fn answer<'a>(
        &self,
        command: Command<'_>,
        reply: &'a [u8],
    ) -> Result<Answer<'a>, RequestError> {
        match (self.0.reply(command.word(), reply), command) {
            (Reply::Refused(reason), _) => Ok(Answer::Refused(shown(reason))),
            (Reply::NotFound, Command::Get { .. } | Command::Delete { .. }) => Ok(Answer::NotFound),
            (Reply::Value(value), Command::Get { .. }) => Ok(Answer::Value(value)),
            (Reply::Ok, Command::Set { .. } | Command::Delete { .. }) => Ok(Answer::Done(b"ok")),
            // Other stores have other words; a person understands them.
            _ if self.0.protocol == WireProtocol::Text => Ok(Answer::Done(reply)),
            _ => Err(RequestError::Foreign(shown(reply))),
        }
    }
}

/// The beginning of bytes, as printable text.
fn shown(bytes: &[u8]) -> String {
    let begin = &bytes[..bytes.len().min(200)];
    match std::str::from_utf8(begin) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => begin.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: Command<'static> = Command::Set {
        key: b"a",
        value: b"1",
    };
    const GET: Command<'static> = Command::Get { key: b"a" };
    const DELETE: Command<'static> = Command::Delete { key: b"a" };

    #[test]
    fn a_key_that_the_protocol_cannot_express_is_refused_with_a_way_out() {
        let text = Protocol::of(Framing::Line, Dialect::Space);
        let refused = text.request(Command::Get { key: b"a b" }).unwrap_err();
        let refused = refused.to_string();
        assert!(
            refused.contains("a space, which ends a key in this protocol"),
            "{refused}"
        );
        assert!(refused.contains("--framing resp"), "{refused}");
        let resp = Protocol::of(Framing::Resp, Dialect::Space);
        assert!(resp.request(Command::Get { key: b"a b" }).is_ok());
    }

    #[test]
    fn replies_are_decoded() {
        let text = Protocol::of(Framing::Line, Dialect::Space);
        assert_eq!(text.answer(GET, b"hello\n"), Ok(Answer::Value(b"hello\n")));
        assert_eq!(text.answer(GET, b"not found"), Ok(Answer::NotFound));
        assert_eq!(
            text.answer(GET, b"error: no"),
            Ok(Answer::Refused("no".into()))
        );
        assert_eq!(text.answer(SET, b"ok"), Ok(Answer::Done(b"ok")));
        assert_eq!(text.answer(SET, b"STORED"), Ok(Answer::Done(b"STORED")));
        let redis = Protocol::of(Framing::Resp, Dialect::Space);
        assert_eq!(redis.answer(SET, b"+OK\r\n"), Ok(Answer::Done(b"ok")));
        assert_eq!(redis.answer(DELETE, b":1\r\n"), Ok(Answer::Done(b"ok")));
        assert_eq!(redis.answer(DELETE, b":0\r\n"), Ok(Answer::NotFound));
        assert_eq!(redis.answer(GET, b"$-1\r\n"), Ok(Answer::NotFound));
        assert_eq!(
            redis.answer(GET, b"$4\r\na\r\nb\r\n"),
            Ok(Answer::Value(b"a\r\nb"))
        );
        let refused = Ok(Answer::Refused("ERR no".into()));
        assert_eq!(redis.answer(GET, b"-ERR no\r\n"), refused);
        assert!(redis.answer(GET, b":5\r\n").is_err());
        assert!(redis.answer(SET, b"ok").is_err());
    }
}
