//! Encodes requests and decodes replies, in plain text or in the Redis protocol.

use framing::Framing;

/// The format of requests and replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `set KEY VALUE`; `ok`.
    Text,
    /// Arrays of bulk strings; version 2 replies.
    Redis,
}

/// A decoded reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `ok`, or the value.
    Text(Vec<u8>),
    /// The key does not exist.
    NotFound,
    /// The store refused the command; the reason.
    Refused(String),
}

/// Why a request cannot be encoded, or its reply cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The key is empty.
    #[error("the key is empty, expected at least one byte")]
    EmptyKey,
    /// The key contains a space, which separates words in the text protocol.
    #[error(
        "the key has a space, which ends a key in this protocol\n  a listener with `framing = \"resp\"` accepts keys with spaces: --framing resp"
    )]
    SpaceInKey,
    /// The reply is not one of a store.
    #[error("the Redis protocol has no such reply to this command: {0}\n  is the server a store?")]
    Foreign(String),
}

impl Protocol {
    /// The protocol of a listener with this framing.
    pub fn of(framing: Framing) -> Protocol {
        match framing {
            Framing::Resp => Protocol::Redis,
            _ => Protocol::Text,
        }
    }

    /// The message for a command: its name, the key, and the value of a `set`.
    ///
    /// # Errors
    ///
    /// If the protocol cannot express the key.
    pub fn request(self, words: &[Vec<u8>]) -> Result<Vec<u8>, RequestError> {
        if self == Protocol::Text {
            return match &words[1] {
                key if key.is_empty() => Err(RequestError::EmptyKey),
                key if key.contains(&b' ') => Err(RequestError::SpaceInKey),
                _ => Ok(words.join(&b' ')),
            };
        }
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = match &word[..] {
                b"delete" if std::ptr::eq(word, &words[0]) => b"DEL",
                word => word,
            };
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        Ok(request)
    }

    /// Decodes the reply to the command with the name `word`.
    ///
    /// # Errors
    ///
    /// If no store sends such a reply.
    pub fn reply(self, word: &[u8], reply: Vec<u8>) -> Result<Reply, RequestError> {
        if self == Protocol::Text {
            return Ok(match reply.strip_prefix(b"error: ") {
                Some(reason) => Reply::Refused(shown(reason)),
                None if reply == b"not found" => Reply::NotFound,
                None => Reply::Text(reply),
            });
        }
        if let Some(reason) = reply.strip_prefix(b"-") {
            return Ok(Reply::Refused(shown(reason.trim_ascii_end())));
        }
        match (word, &reply[..]) {
            (b"set", b"+OK\r\n") | (b"delete", b":1\r\n") => Ok(Reply::Text(b"ok".to_vec())),
            (b"get", b"$-1\r\n") | (b"delete", b":0\r\n") => Ok(Reply::NotFound),
            (b"get", [b'$', ..]) => match value(&reply) {
                Some(value) => Ok(Reply::Text(value.to_vec())),
                None => Err(RequestError::Foreign(shown(&reply))),
            },
            _ => Err(RequestError::Foreign(shown(&reply))),
        }
    }
}

/// The bytes of a bulk string.
fn value(reply: &[u8]) -> Option<&[u8]> {
    let end = reply.iter().position(|&byte| byte == b'\n')?;
    reply[end + 1..].strip_suffix(b"\r\n")
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

    fn words(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_request_contains_the_words_in_both_protocols() {
        let (text, redis) = (Protocol::Text, Protocol::Redis);
        let set = words(&["set", "a", "two words"]);
        assert_eq!(text.request(&set).unwrap(), b"set a two words");
        let array = b"*3\r\n$3\r\nset\r\n$1\r\na\r\n$9\r\ntwo words\r\n";
        assert_eq!(redis.request(&set).unwrap(), array);
        let delete = words(&["delete", "delete"]);
        assert_eq!(text.request(&delete).unwrap(), b"delete delete");
        let array = b"*2\r\n$3\r\nDEL\r\n$6\r\ndelete\r\n";
        assert_eq!(redis.request(&delete).unwrap(), array);
    }

    #[test]
    fn a_key_that_the_text_protocol_cannot_express_is_refused() {
        let text = Protocol::Text;
        let request = |key| text.request(&words(&["get", key]));
        assert_eq!(request(""), Err(RequestError::EmptyKey));
        assert_eq!(request("a b"), Err(RequestError::SpaceInKey));
        assert!(Protocol::Redis.request(&words(&["get", "a b"])).is_ok());
    }

    #[test]
    fn replies_are_decoded() {
        let text = |reply: &str| Protocol::Text.reply(b"get", reply.into()).unwrap();
        assert_eq!(text("hello\n"), Reply::Text(b"hello\n".to_vec()));
        assert_eq!(text("not found"), Reply::NotFound);
        assert_eq!(text("error: no"), Reply::Refused("no".into()));
        let redis = |word: &[u8], reply: &str| Protocol::Redis.reply(word, reply.into());
        let ok = Ok(Reply::Text(b"ok".to_vec()));
        assert_eq!(redis(b"set", "+OK\r\n"), ok);
        assert_eq!(redis(b"delete", ":1\r\n"), ok);
        assert_eq!(redis(b"delete", ":0\r\n"), Ok(Reply::NotFound));
        assert_eq!(redis(b"get", "$-1\r\n"), Ok(Reply::NotFound));
        let value = Ok(Reply::Text(b"a\r\nb".to_vec()));
        assert_eq!(redis(b"get", "$4\r\na\r\nb\r\n"), value);
        let refused = Ok(Reply::Refused("ERR no".into()));
        assert_eq!(redis(b"get", "-ERR no\r\n"), refused);
        assert!(redis(b"get", ":5\r\n").is_err());
        assert!(redis(b"set", "ok").is_err());
    }
}
