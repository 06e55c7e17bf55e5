//! What a user may want, as a line of text: `send anna how are you?`.

use crate::{check_name, check_pattern};
use std::fmt;

/// Something that a user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To make an account.
    Create {
        /// Its name.
        name: String,
    },
    /// To log in.
    Login {
        /// To this account.
        name: String,
    },
    /// To log out.
    Logout,
    /// To know the names that fit a pattern.
    List {
        /// The pattern.
        pattern: String,
    },
    /// To send a message.
    Send {
        /// The recipient.
        to: String,
        /// What it says.
        text: String,
    },
    /// To have what waits.
    Receive,
    /// To delete the account that is logged in.
    Delete,
}

impl Command {
    /// The commands with what they do, for people.
    pub const HELP: &str = "\
create NAME      make an account
login NAME       log in; what waits for you follows
logout           log out
list [PATTERN]   the names that fit (* any characters, ? one)
send NAME TEXT   send a message
receive          ask for what waits
delete           delete your account, with what waits for it";

    /// The command in a line.
    ///
    /// # Errors
    /// When there is none: what was expected.
    pub fn parse(line: &str) -> Result<Command, String> {
        let (word, rest) = first_word(line);
        let name = || -> Result<String, String> {
            let (name, more) = first_word(rest);
            check_name(name).map_err(|refusal| format!("`{name}`: {refusal}"))?;
            match more {
                "" => Ok(name.to_owned()),
                more => Err(format!("`{more}` behind `{word} {name}`")),
            }
        };
        let alone = |command: Command| match rest {
            "" => Ok(command),
            more => Err(format!("`{more}` behind `{word}`, which stands alone")),
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
            "" => Err("no command".to_owned()),
            other => Err(format!(
                "`{other}` is no command; there are create, login, logout, list, send, receive \
                 and delete"
            )),
        }
    }
}

/// The first word of a line, and what stands behind the blank after it.
pub(crate) fn first_word(line: &str) -> (&str, &str) {
    let line = line.trim();
    match line.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (line, ""),
    }
}

impl fmt::Display for Command {
    /// The line that reads as this command.
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
    fn lines_and_commands_are_the_same_thing_twice() {
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
    fn what_is_no_command_is_told_so() {
        for (line, told) in [
            ("", "no command"),
            ("sned anna hi", "`sned` is no command; there are create"),
            ("create", "``: a name is 1 to 64 bytes"),
            ("create a*", "`a*`: a name is 1 to 64 bytes"),
            ("login anna now", "`now` behind `login anna`"),
            ("logout anna", "`anna` behind `logout`, which stands alone"),
            ("send", "``: a name is 1 to 64 bytes"),
            ("send wh? hi", "`wh?`: a name is 1 to 64 bytes"),
        ] {
            let found = Command::parse(line).unwrap_err();
            assert!(found.starts_with(told), "{line}: {found}");
        }
        let long = Command::parse(&format!("list {}", "*".repeat(65)));
        assert!(
            long.unwrap_err()
                .ends_with("a pattern is 1 to 64 bytes of UTF-8")
        );
    }
}
