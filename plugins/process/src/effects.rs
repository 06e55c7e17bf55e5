//! The lines from a program: one JSON array of effects for each callback. See
//! `PROTOCOL.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use runner_sdk::Span;
use serde_json::{Map, Value};

/// What a program does, in its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Sends bytes to the peer of this name.
    Send(String, Vec<u8>),
    /// Sets the timer of this name, which is text or a whole number.
    Timer(Value, Span),
    /// Cancels a timer.
    Cancel(Value),
    /// Writes a row with this word.
    Record(String),
    /// Sets the column of this name; null empties it.
    Set(String, Value),
    /// Prints a line into the node's output.
    Print(String),
    /// Closes the connection to a peer.
    Close(String),
    /// Ends the run, for this reason.
    Stop(String),
    /// Fails the run, for this reason.
    Fail(String),
    /// Rejects the message, for this reason.
    Reject(String),
}

/// The forms of all effects, for errors.
pub const FORMS: &str = "[\"send\", PEER, TEXT], [\"timer\", NAME, NANOSECONDS], [\"cancel\", NAME], \
    [\"record\", WORD], [\"set\", COLUMN, VALUE], [\"print\", TEXT], [\"close\", PEER], \
    [\"stop\", REASON], [\"fail\", REASON], [\"reject\", REASON]";

/// How many characters of an answer an error shows. Arbitrary: one line.
const SHOWN: usize = 120;

/// Reads an answer: the effects in their order.
///
/// # Errors
/// What was found and what was expected.
pub fn read(answer: &[u8]) -> Result<Vec<Effect>, String> {
    let not_json = |error: serde_json::Error| {
        let column = error.column();
        let error = error.to_string();
        let why = error.split(" at line ").next().unwrap_or_default();
        format!(
            "found {}, expected one line of JSON, such as [] or [[\"send\", \"ben\", \"hello\"]] \
             ({why} at byte {column}); standard output has answers and nothing else: write what is \
             for people to standard error",
            shown_bytes(answer)
        )
    };
    let value: Value = serde_json::from_slice(answer).map_err(not_json)?;
    let Value::Array(effects) = value else {
        return Err(format!(
            "found {}, expected a list of effects: {FORMS}",
            shown(&value.to_string())
        ));
    };
    effects.into_iter().map(effect).collect()
}

/// Reads the answer to `init`: whether the program can begin anew for another run.
///
/// # Errors
/// As [`read`].
pub fn read_init(answer: &[u8]) -> Result<bool, String> {
    let wrong = || {
        format!(
            "found {}, expected {{}} or {{\"reset\": true}}; standard output has answers and \
             nothing else: write what is for people to standard error",
            shown_bytes(answer)
        )
    };
    let answer: Map<String, Value> = serde_json::from_slice(answer).map_err(|_| wrong())?;
    match (answer.len(), answer.get("reset")) {
        (0, _) => Ok(false),
        (1, Some(Value::Bool(reset))) => Ok(*reset),
        _ => Err(wrong()),
    }
}

fn effect(value: Value) -> Result<Effect, String> {
    let wrong = |what: &str| {
        format!(
            "found the effect {}, expected {what}",
            shown(&value.to_string())
        )
    };
    let Some([Value::String(name), rest @ ..]) = value.as_array().map(Vec::as_slice) else {
        return Err(wrong(&format!("one of {FORMS}")));
    };
    let effect = match (name.as_str(), rest) {
        ("send", [Value::String(peer), bytes]) => {
            let form = "[\"send\", PEER, TEXT] or [\"send\", PEER, {\"base64\": TEXT}]";
            let bytes = payload(bytes).ok_or_else(|| wrong(form))?;
            Effect::Send(peer.clone(), bytes)
        }
        ("timer", [name, after]) if is_name(name) => {
            let form = "[\"timer\", NAME, AFTER], where AFTER is a whole number of nanoseconds, or a \
                        text such as \"1.5s\"";
            let after = span(after).ok_or_else(|| wrong(form))?;
            Effect::Timer(name.clone(), after)
        }
        ("cancel", [name]) if is_name(name) => Effect::Cancel(name.clone()),
        ("record", [Value::String(word)]) => Effect::Record(word.clone()),
        ("set", [Value::String(column), value]) => Effect::Set(column.clone(), value.clone()),
        ("print", [Value::String(line)]) => Effect::Print(line.clone()),
        ("close", [Value::String(peer)]) => Effect::Close(peer.clone()),
        ("stop", [Value::String(reason)]) => Effect::Stop(reason.clone()),
        ("fail", [Value::String(reason)]) => Effect::Fail(reason.clone()),
        ("reject", [Value::String(reason)]) => Effect::Reject(reason.clone()),
        _ => return Err(wrong(form_of(name).unwrap_or(FORMS))),
    };
    Ok(effect)
}

/// The form of the effect of this name.
fn form_of(name: &str) -> Option<&'static str> {
    let begin = FORMS.find(&format!("[\"{name}\""))?;
    let form = &FORMS[begin..];
    form.find(']').map(|end| &form[..=end])
}

/// Whether it can be the name of a timer.
fn is_name(value: &Value) -> bool {
    value.is_string() || value.is_i64() || value.is_u64()
}

fn payload(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(object) if object.len() == 1 => {
            let text = object.get("base64")?.as_str()?;
            BASE64.decode(text).ok()
        }
        _ => None,
    }
}

fn span(value: &Value) -> Option<Span> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().map(Span::from_ns),
    }
}

/// What a program has written, in one line of bounded length.
pub fn shown_bytes(bytes: &[u8]) -> String {
    // An answer may be of many megabytes; four bytes are the longest character.
    let begin = &bytes[..bytes.len().min(4 * SHOWN + 4)];
    shown_of(&String::from_utf8_lossy(begin), bytes.len())
}

fn shown(text: &str) -> String {
    shown_of(text, text.len())
}

/// The beginning of a text in one line; `bytes` is the length of the whole.
fn shown_of(text: &str, bytes: usize) -> String {
    let line = |text: &str| -> String {
        let escaped = text.chars().map(|it| match it {
            // As the program wrote them: nothing is quoted here.
            '"' | '\'' | '\\' => it.to_string(),
            it => it.escape_debug().to_string(),
        });
        escaped.collect()
    };
    match text.char_indices().nth(SHOWN) {
        _ if text.is_empty() => "an empty line".to_owned(),
        None => format!("`{}`", line(text)),
        Some((end, _)) => format!("`{}...` ({bytes} bytes)", line(&text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_effect_has_its_form() {
        let found = read(
            br#"[["send","ben","hi"],["send","ben",{"base64":"/wA="}],["timer","retry",1500],
                ["timer",7,"1.5s"],["cancel",7],["record","won"],["set","clock",17],
                ["set","clock",null],["print","line"],["close","ben"],["stop","done"],
                ["fail","broken"],["reject","what?"]]"#,
        );
        let text = str::to_owned;
        let expected = [
            Effect::Send(text("ben"), b"hi".to_vec()),
            Effect::Send(text("ben"), vec![0xff, 0]),
            Effect::Timer("retry".into(), Span::from_ns(1500)),
            Effect::Timer(7.into(), Span::from_ms(1500)),
            Effect::Cancel(7.into()),
            Effect::Record(text("won")),
            Effect::Set(text("clock"), 17.into()),
            Effect::Set(text("clock"), Value::Null),
            Effect::Print(text("line")),
            Effect::Close(text("ben")),
            Effect::Stop(text("done")),
            Effect::Fail(text("broken")),
            Effect::Reject(text("what?")),
        ];
        assert_eq!(found.unwrap(), expected);
        assert_eq!(read(b"[]").unwrap(), []);
    }

    #[test]
    fn a_line_for_people_is_told_where_it_belongs() {
        for line in ["hello", "", "Traceback (most recent call last):", "[1"] {
            let error = read(line.as_bytes()).unwrap_err();
            assert!(
                error.contains("write what is for people to standard error"),
                "{error}"
            );
        }
        assert!(read(b"").unwrap_err().starts_with("found an empty line"));
    }

    #[test]
    fn an_effect_of_another_form_is_named_with_its_own() {
        let error = |line: &str| read(line.as_bytes()).unwrap_err();
        assert_eq!(
            error(r#"[["send","ben"]]"#),
            r#"found the effect `["send","ben"]`, expected ["send", PEER, TEXT]"#
        );
        assert!(error(r#"[["send","ben",5]]"#).contains("{\"base64\": TEXT}"));
        assert!(error(r#"[["timer","x",-1]]"#).contains("a whole number of nanoseconds"));
        assert!(error(r#"[["timer",1.5,1]]"#).contains("[\"timer\", NAME, NANOSECONDS]"));
        assert!(error(r#"[["sned","ben","x"]]"#).contains("[\"reject\", REASON]"));
        assert!(error(r#"["send","ben","x"]"#).contains("found the effect `\"send\"`"));
        assert!(error("{}").contains("expected a list of effects"));
        let long = format!("[[\"print\",{}]]", "1".repeat(500));
        assert!(error(&long).contains("...`"), "{}", error(&long));
    }

    #[test]
    fn the_answer_to_init_says_whether_the_program_can_begin_anew() {
        assert!(!read_init(b"{}").unwrap());
        assert!(read_init(b"{\"reset\":true}").unwrap());
        assert!(read_init(b"[]").is_err());
        assert!(read_init(b"{\"rest\":true}").unwrap_err().contains("rest"));
    }
}
