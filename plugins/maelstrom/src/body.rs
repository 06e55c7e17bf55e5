//! The bodies of messages: JSON objects with a `type`.
//!
//! What travels on a link is the text of the body alone: `{"type":"read","msg_id":3}`. Who sent
//! it is the node that it comes from, so a body has no `src` and no `dest`; the runner adds both
//! for a program.
//!
//! A request has a `msg_id`, its reply repeats it as `in_reply_to`. A reply of the type `error`
//! has a `code`: a *definite* error says that the operation has not happened and never will; after
//! any other the client does not know.

use serde_json::{Map, Value};

/// The fields of a body.
pub type Fields = Map<String, Value>;

/// Error: the node does not know the type of the request.
pub const NOT_SUPPORTED: i64 = 10;

/// Error: the request has not the form that its type demands.
pub const MALFORMED: i64 = 12;

/// Error: the key does not exist.
pub const MISSING: i64 = 20;

/// Error: the value of the key is not the expected one.
pub const DIFFERS: i64 = 22;

/// The codes of errors after which the operation has certainly not happened.
const DEFINITE: [i64; 8] = [1, 10, 11, 12, 14, 20, 21, 22];

/// The code of a transaction that was aborted because of others: definite.
const CONFLICT: i64 = 30;

/// Whether an operation with this error has certainly not happened. All other codes, also those
/// that the protocol does not name, leave it open.
pub fn is_definite(code: i64) -> bool {
    DEFINITE.contains(&code) || code == CONFLICT
}

/// Reads a body.
///
/// # Errors
/// If the bytes are no JSON object with a `type`, which is text.
pub fn read(bytes: &[u8]) -> Result<Fields, String> {
    let fields = match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err("is no JSON object".to_owned()),
        Err(error) => return Err(format!("is no JSON: {error}")),
    };
    match fields.get("type") {
        Some(Value::String(_)) => Ok(fields),
        Some(_) => Err("has a `type` that is no text".to_owned()),
        None => Err("has no `type`".to_owned()),
    }
}

/// The type of a body.
pub fn kind(fields: &Fields) -> &str {
    fields.get("type").and_then(Value::as_str).unwrap_or("")
}

/// A whole number of a body.
pub fn integer(fields: &Fields, name: &str) -> Option<i64> {
    fields.get(name).and_then(Value::as_i64)
}

/// The text of a body. The fields stand in the order in which they are given, so the bytes do not
/// depend on how a library orders them.
pub fn write(kind: &str, fields: &[(&str, Value)]) -> String {
    let mut text = format!("{{\"type\":{}", Value::from(kind));
    for (name, value) in fields {
        text.push_str(&format!(",{}:{value}", Value::from(*name)));
    }
    text.push('}');
    text
}

/// The text of a reply to a request.
pub fn reply(request: &Fields, kind: &str, mut fields: Vec<(&str, Value)>) -> String {
    if let Some(id) = request.get("msg_id") {
        fields.insert(0, ("in_reply_to", id.clone()));
    }
    write(kind, &fields)
}

/// The text of an error as the reply to a request.
pub fn error(request: &Fields, code: i64, text: &str) -> String {
    reply(
        request,
        "error",
        vec![("code", code.into()), ("text", text.into())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_object_with_a_type() {
        assert_eq!(
            kind(&read(br#"{"type":"read","msg_id":3}"#).unwrap()),
            "read"
        );
        for (text, problem) in [
            ("[]", "is no JSON object"),
            ("{}", "has no `type`"),
            ("{\"type\":3}", "has a `type` that is no text"),
            ("ready", "is no JSON: expected"),
            ("", "is no JSON: EOF"),
        ] {
            let found = read(text.as_bytes()).unwrap_err();
            assert!(found.starts_with(problem), "{text}: {found}");
        }
    }

    #[test]
    fn a_reply_names_its_request_and_keeps_the_order_of_fields() {
        let request = read(br#"{"type":"read","key":1,"msg_id":7}"#).unwrap();
        let found = error(&request, MISSING, "no such key");
        assert_eq!(
            found,
            r#"{"type":"error","in_reply_to":7,"code":20,"text":"no such key"}"#
        );
        assert_eq!(
            write("a", &[("z", 1.into()), ("b", 2.into())]),
            r#"{"type":"a","z":1,"b":2}"#
        );
    }

    #[test]
    fn only_the_listed_codes_are_definite() {
        for code in [1, 10, 11, 12, 14, 20, 21, 22, 30] {
            assert!(is_definite(code), "{code}");
        }
        for code in [0, 13, 2, 23, 31, 1000, 1001, -1] {
            assert!(!is_definite(code), "{code}");
        }
    }
}
