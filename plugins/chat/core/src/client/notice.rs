//! Notices for a user, as values and as lines of text.

use crate::{Command, Refusal};
use std::fmt;

/// A notice for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A command is finished or refused.
    Answered {
        /// The command.
        command: Command,
        /// The result.
        outcome: Outcome,
    },
    /// A message that was sent without waiting is accepted or refused.
    MessageAnswered {
        /// The sender's number for the message.
        number: u64,
        /// The result.
        outcome: Outcome,
    },
    /// A message is sent for the first time.
    Submitted {
        /// The sender.
        from: String,
        /// The recipient.
        to: String,
        /// The sender's number for the message.
        number: u64,
    },
    /// The next message of a mailbox arrived.
    Message {
        /// The recipient.
        to: String,
        /// The recipient's mailbox.
        mailbox: u64,
        /// The message's number in the mailbox.
        id: u64,
        /// The sender.
        from: String,
        /// The text of the message.
        text: String,
    },
    /// A message arrived again.
    Repeated,
    /// A login of the same account in another session ended this login.
    Elsewhere,
    /// After a lost connection, the login to the account failed.
    Gone {
        /// The reason.
        text: String,
    },
    /// A frame of the server or the client is malformed.
    Complaint {
        /// What is wrong.
        text: String,
    },
}

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account was created.
    Created,
    /// The user is logged in.
    LoggedIn {
        /// How many messages wait that the client has not shown before.
        waiting: u32,
    },
    /// The user is logged out.
    LoggedOut,
    /// The names that match.
    Names(Vec<String>),
    /// The server accepted the message.
    Sent {
        /// Whether the message was pushed at once; unknown if the reply was lost with the
        /// connection.
        delivered: Option<bool>,
    },
    /// How many messages wait.
    Waiting(u32),
    /// The account was deleted.
    Deleted {
        /// Number of messages that were deleted with the account; unknown if the reply was lost
        /// with the connection.
        discarded: Option<u32>,
    },
    /// The server refused the command.
    Refused {
        /// The refusal's code.
        code: u8,
        /// The reason as text.
        text: String,
    },
}

/// `1 message`, `2 messages`.
fn messages(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} message{plural}")
}

impl Notice {
    /// The line that the user sees; `None` if the user need not see the notice.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Notice::Answered { command, outcome } => match (outcome, command) {
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
            Notice::Message { from, text, .. } => format!("{from}: {text}"),
            Notice::Elsewhere => "logged in elsewhere, and so logged out here".to_owned(),
            Notice::Gone { text } => format!("logged out: {text}"),
            Notice::Complaint { text } => format!("error: {text}"),
            Notice::MessageAnswered { .. } | Notice::Submitted { .. } | Notice::Repeated => {
                return None;
            }
        })
    }
}

impl Outcome {
    /// The result if the server's reply is not one to this request.
    pub(super) fn of_another_request() -> Outcome {
        Outcome::Refused {
            code: Refusal::Malformed.code(),
            text: "the server's answer belongs to another request".to_owned(),
        }
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
