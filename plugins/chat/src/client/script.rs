//! The lines of a script: the commands of a user, and three more words.

use chat_core::Command;
use runner_sdk::Span;

/// A line of a script.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// A command of a user.
    Command(Command),
    /// A pause.
    Wait(Span),
    /// Waits until this number of messages in total have arrived.
    Await(u64),
    /// Loses the connection for this time.
    Drop(Span),
}

impl Line {
    /// Parses a line.
    ///
    /// # Errors
    /// If the text is not a line of a script; the error says what was expected.
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
            _ => match Command::parse(text) {
                Ok(command) => Ok(Line::Command(command)),
                Err(error) => Err(error.text(&["wait", "await", "drop"])),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_commands_and_three_more_words() {
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
                "`wait`: expected a duration with a unit (write the unit: `\"2ms\"` or `\"2s\"`), found \"2\"",
            ),
            ("drop", "`drop`: expected a duration (units"),
            (
                "await many",
                "`await`: expected a number of messages, found \"many\"",
            ),
            ("sing", "`sing` is not a command, expected create, login"),
            ("create", "``: a name is 1 to 64 bytes"),
        ] {
            let found = Line::parse(text).unwrap_err();
            assert!(found.starts_with(told), "{found}");
        }
    }
}
