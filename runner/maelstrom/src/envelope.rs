//! One message of the protocol: a line with the object `{"src", "dest", "body"}`. What
//! travels on a link is the text of the body.
//!
//! A program may pass on a message of another node to one of its cluster: it writes that
//! node's id as `src`, and who gets the message answers that node. Then
//! `{"src": ID, "body": {..}}` travels.

use std::collections::BTreeMap;
use std::str;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The body of a message cannot be written as part of a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON.
    #[error("the body of a message is one JSON object, found what is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, and no object.
    #[error("the body of a message is one JSON object, found {0}")]
    NotObject(&'static str),
}

/// A message as a program wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The id of its sender: the program's own, or of the node whose message it passes on.
    pub src: String,
    /// The id of the node that it is for.
    pub dest: String,
    /// The text of its body, without line breaks.
    pub body: String,
    /// The `type` of the body.
    pub kind: Option<String>,
    /// The number of the message that the body answers. Numbers have any size, so this is
    /// the text.
    pub in_reply_to: Option<String>,
    /// For an error: its `code` and `text`.
    pub error: (Option<u64>, Option<String>),
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongShape {
    /// The line is empty.
    #[error("it is empty")]
    Empty,
    /// It is not text.
    #[error("byte {0} is not UTF-8")]
    NotUtf8(usize),
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// It is JSON, and no object.
    #[error("it is {0}, expected an object with `src`, `dest` and `body`")]
    NotObject(&'static str),
    /// A key is missing.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A key has a value of the wrong kind.
    #[error("`{key}` is {found}, expected {expected}")]
    Kind {
        /// The key, as a path.
        key: &'static str,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// The message names another node as its sender.
    #[error("`src` is {found:?}, and this node is \"{own}\", as `init` told it")]
    NotItself {
        /// What `src` is.
        found: String,
        /// The program's own id.
        own: String,
    },
}

/// The line by which a program gets a message, with its end. `id` numbers the lines.
///
/// # Errors
///
/// If the body is no JSON object.
pub fn wrap(id: u64, src: &str, dest: &str, body: &[u8]) -> Result<Vec<u8>, BodyError> {
    let body = check(body)?;
    let passed_on = passed_on(body);
    let (src, body) = match &passed_on {
        Some(it) => (it.src.as_str(), it.body.get()),
        None => (src, body),
    };
    let src = src.escape_default();
    let mut line = format!("{{\"id\":{id},\"src\":\"{src}\",\"dest\":\"{dest}\",\"body\":");
    push_in_one_line(&mut line, body);
    line.push_str("}\n");
    Ok(line.into_bytes())
}

/// The text of a body.
///
/// # Errors
///
/// If it is no JSON object.
pub fn check(body: &[u8]) -> Result<&str, BodyError> {
    let text = str::from_utf8(body).map_err(|error| BodyError::NotJson(error.to_string()))?;
    let value: &RawValue =
        serde_json::from_str(text).map_err(|error| BodyError::NotJson(error.to_string()))?;
    match kind_of(value) {
        "an object" => Ok(value.get()),
        other => Err(BodyError::NotObject(other)),
    }
}

/// A message of another node, as it travels.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PassedOn<'a> {
    src: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// How each begins. Most bodies do not.
const PASSED_ON: &str = "{\"src\":";

fn passed_on(body: &str) -> Option<PassedOn<'_>> {
    let body = body.starts_with(PASSED_ON).then_some(body)?;
    let found: PassedOn<'_> = serde_json::from_str(body).ok()?;
    (kind_of(found.body) == "an object").then_some(found)
}

impl Written {
    /// What travels on the link, if the program `own` wrote this to one of its cluster.
    pub(crate) fn into_travelling(self, own: &str) -> String {
        // A body that looks like a message that is passed on is not one.
        if self.src == own && passed_on(&self.body).is_none() {
            return self.body;
        }
        format!("{PASSED_ON}\"{}\",\"body\":{}}}", self.src, self.body)
    }
}

/// Whether a body is the reply to a message.
pub fn is_reply(body: &[u8]) -> bool {
    let text = str::from_utf8(body).ok();
    let value = text.and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    let keys = value.and_then(object);
    keys.and_then(|keys| keys.get("in_reply_to").map(|it| it.get() != "null"))
        .unwrap_or(false)
}

/// In JSON, line breaks stand between tokens alone.
fn push_in_one_line(line: &mut String, json: &str) {
    match json.contains(['\n', '\r']) {
        true => line.push_str(&json.replace(['\n', '\r'], " ")),
        false => line.push_str(json),
    }
}

/// The message of a line that the program `own` wrote. Messages to programs of its own
/// cluster need no `type`, and may be of another sender; `is_free` tells which those are.
///
/// # Errors
///
/// If the line is no message of this program.
pub fn unwrap(
    line: &[u8],
    own: &str,
    is_free: impl Fn(&str) -> bool,
) -> Result<Written, WrongShape> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err(WrongShape::Empty);
    }
    let text = str::from_utf8(line).map_err(|it| WrongShape::NotUtf8(it.valid_up_to() + 1))?;
    let value: &RawValue = serde_json::from_str(text).map_err(|it| not_json(&it))?;
    let envelope = object(value).ok_or(WrongShape::NotObject(kind_of(value)))?;
    let src = word(&envelope, "src")?;
    let dest = word(&envelope, "dest")?;
    let body = envelope.get("body").ok_or(WrongShape::Missing("body"))?;
    let keys = object(body).ok_or(WrongShape::Kind {
        key: "body",
        found: kind_of(body),
        expected: "an object",
    })?;
    if src != own && !is_free(&dest) {
        return Err(WrongShape::NotItself {
            found: src,
            own: own.to_owned(),
        });
    }
    let kind = match keys.get("type") {
        Some(value) => Some(text_of(value).ok_or(WrongShape::Kind {
            key: "body.type",
            found: kind_of(value),
            expected: "text",
        })?),
        None if is_free(&dest) => None,
        None => return Err(WrongShape::Missing("body.type")),
    };
    integer(&keys, "msg_id", "body.msg_id")?;
    let in_reply_to = integer(&keys, "in_reply_to", "body.in_reply_to")?;
    let code = keys.get("code").and_then(|it| it.get().parse().ok());
    let mut one_line = String::new();
    push_in_one_line(&mut one_line, body.get());
    Ok(Written {
        src,
        dest,
        body: one_line,
        kind,
        in_reply_to,
        error: (code, keys.get("text").and_then(|it| text_of(it))),
    })
}

fn not_json(error: &serde_json::Error) -> WrongShape {
    // The error names line 1, which is no line of the program's output.
    let text = error.to_string();
    let (what, _) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
    WrongShape::NotJson(format!("{what} at column {}", error.column()))
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

fn object(value: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(value.get()).ok()
}

fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The text under a key of the envelope.
fn word(envelope: &Object<'_>, key: &'static str) -> Result<String, WrongShape> {
    let value = envelope.get(key).ok_or(WrongShape::Missing(key))?;
    text_of(value).ok_or(WrongShape::Kind {
        key,
        found: kind_of(value),
        expected: "the id of a node, as text",
    })
}

/// The integer under a key of the body, as text; `null` is as if there were none.
fn integer(keys: &Object<'_>, key: &str, path: &'static str) -> Result<Option<String>, WrongShape> {
    let Some(value) = keys.get(key).filter(|it| it.get() != "null") else {
        return Ok(None);
    };
    let text = value.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(Some(text.to_owned())),
        false => Err(WrongShape::Kind {
            key: path,
            found: kind_of(value),
            expected: "an integer",
        }),
    }
}

/// What a JSON value is, for people.
fn kind_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if value.get().contains(['.', 'e', 'E']) => "a number with a fraction or an exponent",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        unwrap(line.as_bytes(), "n0", |_| false)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_body_arrives_as_it_was_sent() {
        let body =
            r#"{ "type":"x","v":[1.50,1e3,12345678901234567890123,"é\u0000\n"],"type":"y" }"#;
        let line = wrap(3, "c1", "n0", body.as_bytes()).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            format!("{{\"id\":3,\"src\":\"c1\",\"dest\":\"n0\",\"body\":{body}}}\n")
        );
        let sent = format!(r#"{{"body":{body},"dest":"c1","src":"n0"}}"#);
        assert_eq!(unwrap(sent.as_bytes(), "n0", |_| false).unwrap().body, body);
    }

    #[test]
    fn a_body_in_several_lines_is_written_in_one() {
        let line = wrap(1, "c1", "n0", b" {\n\"type\":\r\n\"x\"}\n").unwrap();
        let one = "{\"id\":1,\"src\":\"c1\",\"dest\":\"n0\",\"body\":{ \"type\":  \"x\"}}\n";
        assert_eq!(String::from_utf8(line).unwrap(), one);
    }

    #[test]
    fn what_is_no_object_is_no_body() {
        for (body, reason) in [
            (&b"hello"[..], "what is not JSON"),
            (b"", "what is not JSON"),
            (b"\xff", "what is not JSON"),
            (b"{\"a\":1} {}", "what is not JSON"),
            (b"[1]", "found an array"),
            (b"1.5", "found a number with a fraction"),
            (b"null", "found null"),
        ] {
            let error = wrap(1, "c1", "n0", body).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn what_a_reply_says_is_read() {
        let line = br#"{"id":9,"src":"n0","dest":"c1","more":[],"body":{"type":"error","in_reply_to":18446744073709551616,"msg_id":null,"code":13,"text":"no"}}"#;
        let written = unwrap(line, "n0", |_| false).unwrap();
        assert_eq!(
            (written.dest.as_str(), written.kind.as_deref()),
            ("c1", Some("error"))
        );
        assert_eq!(written.in_reply_to.as_deref(), Some("18446744073709551616"));
        assert_eq!(written.error, (Some(13), Some("no".to_owned())));
    }

    #[test]
    fn a_message_in_its_cluster_needs_no_type() {
        let line = br#"{"src":"n0","dest":"n1","body":{"gossip":1}}"#;
        assert!(unwrap(line, "n0", |id| id == "n1").is_ok());
        let error = unwrap(line, "n0", |id| id == "n2").unwrap_err();
        assert_eq!(error, WrongShape::Missing("body.type"));
    }

    #[test]
    fn a_message_that_is_passed_on_keeps_its_sender_and_nothing_else_looks_like_one() {
        let travels = |line: &str| {
            let written = unwrap(line.as_bytes(), "n0", |id| id == "n1").unwrap();
            written.into_travelling("n0")
        };
        let arrives = |body: &str| {
            let line = wrap(1, "n0", "n1", body.as_bytes()).unwrap();
            String::from_utf8(line).unwrap()
        };
        let passed = travels(r#"{"id":8,"src":"c1","dest":"n1","body":{"type":"read"}}"#);
        assert_eq!(passed, r#"{"src":"c1","body":{"type":"read"}}"#);
        assert_eq!(
            arrives(&passed),
            "{\"id\":1,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"read\"}}\n"
        );
        for body in [
            r#"{"src":"c1","body":{"type":"read"}}"#,
            r#"{"src":"c1","body":7}"#,
            r#"{"src":"c1","body":{},"type":"x"}"#,
            r#"{"src":1}"#,
        ] {
            let own = travels(&format!(r#"{{"src":"n0","dest":"n1","body":{body}}}"#));
            let line = format!("{{\"id\":1,\"src\":\"n0\",\"dest\":\"n1\",\"body\":{body}}}\n");
            assert_eq!(arrives(&own), line);
        }
    }

    #[test]
    fn a_line_that_is_no_message_is_told_what_is_wrong() {
        for (line, what) in [
            ("", "it is empty"),
            (" \t", "it is empty"),
            ("Starting", "it is not JSON: expected value at column 1"),
            (
                "{\"src\":\"n0\"",
                "it is not JSON: EOF while parsing an object at column 11",
            ),
            ("{} {}", "it is not JSON: trailing characters at column 4"),
            ("{\"src\":\"n0\0\"}", "it is not JSON: control character"),
            ("7", "it is a number, expected an object with"),
            ("[]", "it is an array, expected an object with"),
            ("{}", "it has no `src`"),
            ("{\"src\":\"n0\"}", "it has no `dest`"),
            ("{\"src\":\"n0\",\"dest\":\"c1\"}", "it has no `body`"),
            (
                "{\"src\":0,\"dest\":\"c1\",\"body\":{}}",
                "`src` is a number, expected the id",
            ),
            (
                "{\"src\":\"n0\",\"dest\":null,\"body\":{}}",
                "`dest` is null, expected the id",
            ),
            (
                "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":\"x\"}",
                "`body` is text, expected an object",
            ),
            (
                "{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{}}",
                "`src` is \"n1\", and this node is \"n0\"",
            ),
            (
                "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":{}}",
                "it has no `body.type`",
            ),
            (
                "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":{\"type\":1}}",
                "`body.type` is a number, expected text",
            ),
            (
                "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":{\"type\":\"x\",\"msg_id\":\"1\"}}",
                "`body.msg_id` is text, expected an integer",
            ),
            (
                "{\"src\":\"n0\",\"dest\":\"c1\",\"body\":{\"type\":\"x\",\"in_reply_to\":1.0}}",
                "`body.in_reply_to` is a number with a fraction or an exponent, expected an integer",
            ),
        ] {
            let found = wrong(line);
            assert!(found.starts_with(what), "{line:?}: {found}");
        }
        let line = b"{\"src\":\"n\xff\"}";
        assert_eq!(
            unwrap(line, "n0", |_| false).unwrap_err(),
            WrongShape::NotUtf8(10)
        );
    }
}
