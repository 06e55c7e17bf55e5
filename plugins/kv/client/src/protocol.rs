//! From words to a request, and from a reply to what it means: in plain text, or in
//! the Redis protocol.

use framing::Framing;

/// How requests and replies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `set KEY VALUE`; `ok`.
    Text,
    /// Arrays of bulk strings; version 2 replies.
    Redis,
}

/// What a store answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `ok`, or the value.
    Text(Vec<u8>),
    /// There is no such key.
    NotFound,
    /// It was not done: why not.
    Refused(String),
}

/// Why a request cannot be made, or its reply cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No byte.
    #[error("the key is empty, expected at least one byte")]
    EmptyKey,
    /// The text protocol parts words by spaces.
    #[error(
        "the key has a space, which ends a key in this protocol\n  over a listener with `framing = \"resp\"` keys may have spaces: --framing resp"
    )]
    SpaceInKey,
    /// Something else.
    #[error("the reply is none of the Redis protocol for this command: {0}\n  is it a store?")]
    Foreign(String),
}

impl Protocol {
    /// The one that a listener with this framing speaks.
    pub fn of(framing: Framing) -> Protocol {
        match framing {
            Framing::Resp => Protocol::Redis,
            _ => Protocol::Text,
        }
    }

    /// The message for a command: its word, the key, and the value of a `set`.
    ///
    /// # Errors
    ///
    /// When the key cannot be one.
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

    /// What a reply to a command of this word means.
    ///
    /// # Errors
    ///
    /// When no store answers so.
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

/// The beginning of bytes, for people.
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
    fn a_request_is_the_words_in_either_protocol() {
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
    fn a_key_that_would_be_cut_is_refused() {
        let text = Protocol::Text;
        let request = |key| text.request(&words(&["get", key]));
        assert_eq!(request(""), Err(RequestError::EmptyKey));
        assert_eq!(request("a b"), Err(RequestError::SpaceInKey));
        assert!(Protocol::Redis.request(&words(&["get", "a b"])).is_ok());
    }

    #[test]
    fn replies_are_what_they_mean() {
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
