//! What people are told of messages that are lost at a program.

use crate::misspoken::shown;

/// A message is for this id, which its sender cannot reach. `exists` tells whether it is a
/// node's.
pub fn first(dest: &str, exists: bool) -> String {
    let why = match exists {
        true => "a node that it has no link to",
        false => "which is the id of no node",
    };
    format!("a message to {:?} is lost, {why}", shown(dest.as_bytes()))
}

/// At the end: so many messages of the node `name` were for an id that it cannot reach; none
/// stands for several ids without a node.
pub fn unreachable(name: &str, count: u64, dest: Option<&str>) -> String {
    let whom = match dest {
        None => "other ids without a node".to_owned(),
        Some(dest) => format!(
            "{:?}, which is no node that it has a link to",
            shown(dest.as_bytes())
        ),
    };
    format!("{name} sent {} to {whom}: lost", messages(count))
}

/// At the end: the node `name` took so many messages that its program could not read, because
/// it had done this before.
pub fn unread(name: &str, count: u64, what: &str) -> String {
    format!(
        "{name} took {} after its program had {what}: lost",
        messages(count)
    )
}

fn messages(count: u64) -> String {
    match count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}
