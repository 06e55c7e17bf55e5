//! The lines of a script: what a person may type, and what only a script can want.

use chat_core::Command;
use runner_sdk::Span;

/// A line of a script.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// Something to ask the server for.
    Command(Command),
    /// A pause.
    Wait(Span),
    /// Until so many messages have come, all in all.
    Await(u64),
    /// The connection is lost for so long.
    Drop(Span),
}

impl Line {
    /// The line of this text.
    ///
    /// # Errors
    /// When it is none: what was expected.
    pub(super) fn parse(text: &str) -> Result<Line, String> {
        let (word, rest) = match text.trim().split_once(char::is_whitespace) {
            Some((word, rest)) => (word, rest.trim()),
            None => (text.trim(), ""),
        };
        let span = || {
            let span = rest.parse::<Span>();
            span.map_err(|expected| format!("`{word}`: expected {expected}, found \"{rest}\""))
        };
        match word {
            "wait" => Ok(Line::Wait(span()?)),
            "drop" => Ok(Line::Drop(span()?)),
            "await" => match rest.parse() {
                Ok(count) => Ok(Line::Await(count)),
                Err(_) => Err(format!(
                    "`await`: expected a number of messages, found \"{rest}\""
                )),
            },
            _ => Command::parse(text).map(Line::Command).map_err(|told| {
                let scripted = told.contains("is no command");
                let more = if scripted {
                    "; and in a script wait, await, drop"
                } else {
                    ""
                };
                told + more
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_knows_commands_and_three_words_more() {
        let list = Command::parse("list a*").unwrap();
        for (text, line) in [
            ("wait 1.5s", Line::Wait(Span::from_ms(1500))),
            (" drop  2s ", Line::Drop(Span::from_secs(2))),
            ("await 3", Line::Await(3)),
            ("list a*", Line::Command(list)),
        ] {
            assert_eq!(Line::parse(text), Ok(line));
        }
        for (text, told) in [
            (
                "wait 2",
                "`wait`: expected a duration with a unit (write `\"2s\"` for seconds), found \"2\"",
            ),
            ("drop", "`drop`: expected a duration (units"),
            (
                "await many",
                "`await`: expected a number of messages, found \"many\"",
            ),
            ("sing", "`sing` is no command; there are create, login"),
            ("create", "``: a name is 1 to 64 bytes"),
        ] {
            let found = Line::parse(text).unwrap_err();
            assert!(found.starts_with(told), "{found}");
        }
    }
}
