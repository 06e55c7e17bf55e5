//! What a user is told, as values, and in words.

use crate::Command;
use std::fmt;

/// Something that a user is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A command is done, or refused.
    Answered {
        /// The command.
        command: Command,
        /// What came of it.
        outcome: Outcome,
    },
    /// A message is sent for the first time.
    Submitted {
        /// By whom.
        from: String,
        /// To whom.
        to: String,
        /// The sender's number for it.
        number: u64,
    },
    /// A message came, the next of its mailbox.
    Message {
        /// To whom.
        to: String,
        /// The mailbox.
        mailbox: u64,
        /// Its number there.
        id: u64,
        /// Who sent it.
        from: String,
        /// What it says.
        text: String,
    },
    /// A message came that had come before.
    Repeated,
    /// Somebody logged in to the account from elsewhere, which ended the login here.
    Elsewhere,
    /// After a lost connection, the account could not be logged in to again.
    Gone {
        /// Why.
        text: String,
    },
    /// Something is wrong with what the server or the client sent.
    Complaint {
        /// What.
        text: String,
    },
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account was made.
    Created,
    /// The user is logged in.
    LoggedIn {
        /// How many messages wait.
        waiting: u32,
    },
    /// The user is logged out.
    LoggedOut,
    /// The names that fit.
    Names(Vec<String>),
    /// The message was taken.
    Sent {
        /// Whether it went out at once; unknown if the answer was lost with its
        /// connection.
        delivered: Option<bool>,
    },
    /// How many messages wait.
    Waiting(u32),
    /// The account was deleted.
    Deleted {
        /// How many messages went with it; unknown if the answer was lost with its
        /// connection.
        discarded: Option<u32>,
    },
    /// The server refused.
    Refused {
        /// The refusal's code.
        code: u8,
        /// The same in words.
        text: String,
    },
}

/// `1 message`, `2 messages`.
fn messages(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}

impl Told {
    /// The line for a person; none where there is nothing to say.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Told::Answered { command, outcome } => match (outcome, command) {
                (Outcome::Refused { text, .. }, command) => {
                    let name = match command {
                        Command::Create { name } | Command::Login { name } => Some(name),
                        Command::Send { to, .. } => Some(to),
                        _ => None,
                    };
                    match name {
                        Some(name) => format!("error: `{name}`: {text}"),
                        None => format!("error: {text}"),
                    }
                }
                (outcome, _) => outcome.to_string(),
            },
            Told::Message { from, text, .. } => format!("{from}: {text}"),
            Told::Elsewhere => "logged in elsewhere, and so logged out here".to_owned(),
            Told::Gone { text } => format!("logged out: {text}"),
            Told::Complaint { text } => format!("error: {text}"),
            Told::Submitted { .. } | Told::Repeated => return None,
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Created => f.write_str("created"),
            Outcome::LoggedIn { waiting: 0 } => f.write_str("logged in"),
            Outcome::LoggedIn { waiting } => {
                write!(f, "logged in, {} waiting", messages(*waiting))
            }
            Outcome::LoggedOut => f.write_str("logged out"),
            Outcome::Names(names) if names.is_empty() => f.write_str("no names"),
            Outcome::Names(names) => f.write_str(&names.join(" ")),
            Outcome::Sent {
                delivered: Some(true),
            } => f.write_str("delivered"),
            Outcome::Sent {
                delivered: Some(false),
            } => f.write_str("queued"),
            Outcome::Sent { delivered: None } => f.write_str("sent"),
            Outcome::Waiting(count) => write!(f, "{} waiting", messages(*count)),
            Outcome::Deleted {
                discarded: None | Some(0),
            } => f.write_str("deleted"),
            Outcome::Deleted {
                discarded: Some(count),
            } => {
                write!(f, "deleted, with {}", messages(*count))
            }
            Outcome::Refused { text, .. } => f.write_str(text),
        }
    }
}
