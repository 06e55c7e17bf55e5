//! A past as text: a line for each step, nearest first.

use std::fmt::Write;

use base::harmless;
use base::time::SimTime;

use super::past::Target;
use super::story::{Change, Item, Kind, Story, steps_of};
use crate::log::{EventId, NO_PEER, Row, RunSchema};
use crate::render::number::{count, whole};

/// Maximum number of messages, and of columns, in a line; the rest is counted. Arbitrary.
const MAX_NAMED: usize = 4;
/// Maximum length of a value in a line. Arbitrary.
const MAX_VALUE: usize = 40;

/// The nearest lines of a story, up to so many; `targets` are the records that it began with.
/// `more` is said where lines are left out.
pub fn lines(story: &Story, targets: &[Target], most: usize, more: &str) -> String {
    let mut out = String::new();
    for item in story.items.iter().take(most) {
        let name = node_name(&story.schema, item.node);
        let line = match &item.kind {
            Kind::Folded {
                count: steps,
                since_ns,
            } => {
                let since = match *since_ns == item.time_ns {
                    true => String::new(),
                    false => format!(", from {}", SimTime(*since_ns)),
                };
                format!(
                    "({} of {name}{since}: no column changed)",
                    count(*steps, "step")
                )
            }
            Kind::Lost {
                count: lost,
                since_ns,
                of,
            } => self::lost(name, *lost, (*since_ns, item.time_ns), of, &story.schema),
            Kind::Step { target, .. } => {
                let mut line = format!("{name}, {}", step(item, &story.schema));
                if let Some(target) = target {
                    line += "  <== ";
                    line += match targets.get(*target) {
                        Some(it) if !it.note.is_empty() => &it.note,
                        _ => "here",
                    };
                }
                line
            }
        };
        let time = SimTime(item.time_ns).to_string();
        let _ = writeln!(out, "  {time:>16}  {}", harmless::line(&line));
    }
    let rest = story.items.iter().skip(most).map(steps_of).sum::<u64>();
    if rest + story.left_out > 0 {
        let steps = count(rest + story.left_out, "step");
        let _ = writeln!(out, "  {:>16}  {steps} before{more}", "");
    }
    out
}

/// `server: 3 messages to it are lost, from 5 s: of client-1 2, client-2 1`.
fn lost(
    name: &str,
    lost: u64,
    (since_ns, until_ns): (u64, u64),
    of: &[(u32, u64)],
    schema: &RunSchema,
) -> String {
    let since = match since_ns == until_ns {
        true => String::new(),
        false => format!(", from {}", SimTime(since_ns)),
    };
    let are = if lost == 1 { "is" } else { "are" };
    let mut senders: Vec<String> = (of.iter().take(MAX_NODES))
        .map(|&(sender, count)| format!("{} {}", schema.peer_name(sender), whole(count)))
        .collect();
    if of.len() > MAX_NODES {
        senders.push("...".to_owned());
    }
    let messages = count(lost, "message");
    format!(
        "{name}: {messages} to it {are} lost{since}: of {}",
        senders.join(", ")
    )
}

/// What the whole past has, in sentences, each a line.
pub fn counts(story: &Story) -> String {
    let mut parts: Vec<(usize, u64)> = (story.nodes.iter().enumerate())
        .filter(|(_, counted)| counted.rows > 0)
        .map(|(node, counted)| (node, counted.rows))
        .collect();
    parts.sort_by_key(|&(node, rows)| (std::cmp::Reverse(rows), node));
    let of = |&(node, rows): &(usize, u64)| {
        format!("{} {}", node_name(&story.schema, node as u32), whole(rows))
    };
    let named: Vec<String> = parts.iter().take(MAX_NODES).map(of).collect();
    let more = match parts.len().saturating_sub(MAX_NODES) {
        0 => String::new(),
        more => format!(" and {}", count(more as u64, "more node")),
    };
    let mut out = format!(
        "{} could have had a part: {}{more}\n",
        count(story.rows, "record"),
        named.join(", ")
    );
    let none: Vec<&str> = (story.schema.nodes.iter().zip(&story.nodes))
        .filter(|(node, counted)| counted.rows == 0 && !node.program)
        .map(|(node, _)| node.name.as_str())
        .collect();
    if !none.is_empty() {
        let more = match none.len().saturating_sub(MAX_NODES) {
            0 => String::new(),
            more => format!(" and {}", count(more as u64, "more node")),
        };
        let named = none[..none.len().min(MAX_NODES)].join(", ");
        let _ = writeln!(out, "no record of {named}{more} had one");
    }
    out
}

/// Maximum number of nodes in a sentence. Arbitrary.
const MAX_NODES: usize = 12;

/// What a step did: `step 9: receives message 5 of server; result ok -> not found`.
pub fn step(item: &Item, schema: &RunSchema) -> String {
    let Kind::Step {
        rows,
        changes,
        caused,
        ..
    } = &item.kind
    else {
        return String::new();
    };
    let mut text = match rows.first() {
        Some(row) if row.event.in_step() => format!("step {}: ", row.step),
        _ => String::new(),
    };
    text += &events(rows, caused, schema);
    if !changes.is_empty() {
        text += "; ";
        text += &changed(changes, MAX_NAMED);
    }
    text
}

/// What rows say, in words.
fn events(rows: &[Row], caused: &[u64], schema: &RunSchema) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut sent: Vec<&Row> = Vec::new();
    for row in rows {
        match row.event {
            EventId::SEND => sent.push(row),
            _ => words.push(event(row, schema)),
        }
    }
    // What has a part comes first.
    sent.sort_by_key(|row| !caused.contains(&row.message));
    words.extend(sent.iter().take(MAX_NAMED).map(|row| event(row, schema)));
    if let Some(more @ 1..) = sent.len().checked_sub(MAX_NAMED) {
        words.push(format!("sends {}", count(more as u64, "more message")));
    }
    words.join(", ")
}

/// What a row says, in words: `receives message 5 of server`.
pub fn event(row: &Row, schema: &RunSchema) -> String {
    let peer = match row.peer {
        NO_PEER => "",
        peer => schema.peer_name(peer),
    };
    let message = row.message;
    match row.event {
        EventId::START => "starts".to_owned(),
        // Another program's log may not tell.
        EventId::RECEIVE if message == 0 => "receives a message".to_owned(),
        EventId::SEND if message == 0 => "sends a message".to_owned(),
        EventId::RECEIVE => format!("receives message {message} of {peer}"),
        EventId::SEND => format!("sends message {message} to {peer}"),
        EventId::DROP => format!("message {message} of {peer} to it is lost"),
        EventId::CONNECT => format!("{peer} connects"),
        EventId::DISCONNECT => format!("{peer} disconnects"),
        EventId::STOP => "stops".to_owned(),
        EventId::CRASH => "crashes".to_owned(),
        EventId::RESTART => "restarts".to_owned(),
        other => {
            let node = schema.nodes.get(row.node as usize);
            let word = node.map_or("", |node| node.event_name(other));
            match peer {
                "" => word.to_owned(),
                peer => format!("{word} {peer}"),
            }
        }
    }
}

/// What columns were and are, up to so many: `clock 3 -> 7, role follower -> leader`.
pub fn changed(changes: &[Change], most: usize) -> String {
    let value = |text: &str| match text.chars().count() {
        0 => "nothing".to_owned(),
        length if length > MAX_VALUE => {
            let short: String = text.chars().take(MAX_VALUE).collect();
            format!("{short}...")
        }
        _ => text.to_owned(),
    };
    let one = |it: &Change| {
        format!(
            "{} {} -> {}",
            it.column,
            value(&it.before),
            value(&it.after)
        )
    };
    let mut words: Vec<String> = changes.iter().take(most).map(one).collect();
    if let Some(more @ 1..) = changes.len().checked_sub(most) {
        words.push(count(more as u64, "more column"));
    }
    words.join(", ")
}

fn node_name(schema: &RunSchema, node: u32) -> &str {
    schema
        .nodes
        .get(node as usize)
        .map_or("", |node| &node.name)
}
