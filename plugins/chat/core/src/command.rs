//! The commands of a user, as lines of text: `send anna how are you?`.

use crate::{check_name, check_pattern};
use std::fmt;

/// The first words of the commands.
const WORDS: [&str; 7] = [
    "create", "login", "logout", "list", "send", "receive", "delete",
];

/// Why a line is not a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The first word is not that of a command.
    Unknown {
        /// The word.
        word: String,
    },
    /// An argument is missing, invalid or superfluous; the text says which.
    Argument(String),
}

impl CommandError {
    /// The error as text. `more` are the other words that a line may begin with where the line
    /// comes from: on a terminal, in a script.
    pub fn text(&self, more: &[&str]) -> String {
        match self {
            CommandError::Unknown { word } => {
                let words = [&WORDS, more].concat();
                let (last, before) = words.split_last().expect("there are commands");
                let before = before.join(", ");
                format!("`{word}` is not a command, expected {before} or {last}")
            }
            CommandError::Argument(text) => text.clone(),
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&[]))
    }
}

impl std::error::Error for CommandError {}

/// A command of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Create an account.
    Create {
        /// Name of the account.
        name: String,
    },
    /// Log in.
    Login {
        /// Name of the account.
        name: String,
    },
    /// Log out.
    Logout,
    /// List the names that match a pattern.
    List {
        /// The pattern.
        pattern: String,
    },
    /// Send a message.
    Send {
        /// The recipient.
        to: String,
        /// The text of the message.
        text: String,
    },
    /// Request the waiting messages.
    Receive,
    /// Delete the account that is logged in.
    Delete,
}

impl Command {
    /// The commands and their meanings, as lines of help.
    pub const HELP: &str = "\
create NAME      create an account
login NAME       log in; your waiting messages follow
logout           log out
list [PATTERN]   list the names that match (* any characters, ? one)
send NAME TEXT   send a message
receive          request the waiting messages
delete           delete your account and its waiting messages";

    /// Parses a line.
    ///
    /// # Errors
    /// If the line is not a command; the error says what was expected.
    pub fn parse(line: &str) -> Result<Command, CommandError> {
        let (word, _) = first_word(line);
        match word.is_empty() || WORDS.contains(&word) {
            true => Command::parse_known(line).map_err(CommandError::Argument),
            false => Err(CommandError::Unknown {
                word: word.to_owned(),
            }),
        }
    }

    /// Parses a line whose first word is that of a command, or that is empty.
    fn parse_known(line: &str) -> Result<Command, String> {
        let (word, rest) = first_word(line);
        let name = || -> Result<String, String> {
            let (name, more) = first_word(rest);
            check_name(name).map_err(|refusal| format!("`{name}`: {refusal}"))?;
            match more {
                "" => Ok(name.to_owned()),
                more => Err(format!("unexpected `{more}` after `{word} {name}`")),
            }
        };
        let alone = |command: Command| match rest {
            "" => Ok(command),
            more => Err(format!(
                "unexpected `{more}` after `{word}`, which has no argument"
            )),
        };
        match word {
            "create" => Ok(Command::Create { name: name()? }),
            "login" => Ok(Command::Login { name: name()? }),
            "logout" => alone(Command::Logout),
            "list" => {
                let pattern = if rest.is_empty() { "*" } else { rest };
                check_pattern(pattern).map_err(|refusal| format!("`{pattern}`: {refusal}"))?;
                let pattern = pattern.to_owned();
                Ok(Command::List { pattern })
            }
            "send" => {
                let (to, text) = first_word(rest);
                check_name(to).map_err(|refusal| format!("`{to}`: {refusal}"))?;
                let (to, text) = (to.to_owned(), text.to_owned());
                Ok(Command::Send { to, text })
            }
            "receive" => alone(Command::Receive),
            "delete" => alone(Command::Delete),
            _ => Err("no command".to_owned()),
        }
    }
}

/// The first word of a line, and the rest of the line.
pub(crate) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim();
    match line.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (line, ""),
    }
}

impl fmt::Display for Command {
    /// The line that is parsed as this command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Create { name } => write!(f, "create {name}"),
            Command::Login { name } => write!(f, "login {name}"),
            Command::Logout => f.write_str("logout"),
            Command::List { pattern } => write!(f, "list {pattern}"),
            Command::Send { to, text } => write!(f, "send {to} {text}"),
            Command::Receive => f.write_str("receive"),
            Command::Delete => f.write_str("delete"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_formatted_as_its_line() {
        for line in [
            "create anna",
            "login Søren",
            "logout",
            "list a*",
            "send anna how  are you?",
            "receive",
            "delete",
        ] {
            assert_eq!(Command::parse(line).unwrap().to_string(), line);
        }
        let everybody = Command::parse(" list ").unwrap();
        assert_eq!(everybody.to_string(), "list *");
        let nothing = Command::parse("send anna").unwrap();
        let (to, text) = ("anna".to_owned(), String::new());
        assert_eq!(nothing, Command::Send { to, text });
    }

    #[test]
    fn an_error_says_what_is_wrong_with_a_line() {
        for (line, told) in [
            ("", "no command"),
            ("sned anna hi", "`sned` is not a command, expected create"),
            ("create", "``: a name is 1 to 64 bytes"),
            ("create a*", "`a*`: a name is 1 to 64 bytes"),
            ("login anna now", "unexpected `now` after `login anna`"),
            (
                "logout anna",
                "unexpected `anna` after `logout`, which has no argument",
            ),
            ("send", "``: a name is 1 to 64 bytes"),
            ("send wh? hi", "`wh?`: a name is 1 to 64 bytes"),
        ] {
            let found = Command::parse(line).unwrap_err();
            assert!(found.to_string().starts_with(told), "{line}: {found}");
        }
        let unknown = Command::parse("quti").unwrap_err();
        let text = unknown.text(&["help", "quit"]);
        assert!(
            text.ends_with("send, receive, delete, help or quit"),
            "{text}"
        );
        let long = Command::parse(&format!("list {}", "*".repeat(65)));
        assert!(
            long.unwrap_err()
                .to_string()
                .ends_with("a pattern is 1 to 64 bytes of UTF-8")
        );
    }
}
