//! Messages that were still between two nodes when a run in real time ended. Their
//! senders' logs have them, those of their receivers do not.

use model::roster::Roster;
use serde::{Deserialize, Serialize};

/// A message that a socket has not taken whole, or of which only a part has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnderWay {
    /// The node that sent it.
    pub from: u32,
    /// The node that it is for.
    pub to: u32,
    /// The sender's number for it.
    pub number: u64,
    /// Its size `[bytes]`.
    pub bytes: u64,
}

/// Maximum number of messages that a warning names. Arbitrary.
const NAMED: usize = 3;

/// The warning about these messages; `None` if there are none.
pub fn warning(messages: &[UnderWay], roster: &Roster) -> Option<String> {
    let count = match messages.len() {
        0 => return None,
        1 => "1 message was".to_owned(),
        count => format!("{count} messages were"),
    };
    let name = |node: u32| roster.name(node).unwrap_or_default();
    let named = messages.iter().take(NAMED).map(|message| {
        format!(
            "message {} from `{}` to `{}` ({} bytes)",
            message.number,
            name(message.from),
            name(message.to),
            message.bytes
        )
    });
    let mut named: Vec<String> = named.collect();
    if messages.len() > NAMED {
        named.push(format!("{} more", messages.len() - NAMED));
    }
    Some(format!(
        "{count} still under way over sockets when the run ended, and not delivered: {}",
        named.join(", ")
    ))
}
