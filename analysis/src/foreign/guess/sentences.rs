//! A proposal for sentences: lines that differ in their numbers alone are of one kind,
//! and the words around a number say what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::super::words::{understood, words};
use super::draft::{Draft, Node};
use super::look::{Sample, is_heading};
use super::roles::Role;
use super::time::{LOOKS, Look};

/// Maximum number of kinds of sentences.
const MAX_KINDS: usize = 40;

/// A number, or a long name in hexadecimal digits.
const NUMBER: &str = r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|-?\d+(?:\.\d+)?";

static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NUMBER).ok());

/// A line, cut at its time and its numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// The texts between them, one more than they are.
    parts: Vec<String>,
    /// Which of them is the time.
    time: usize,
}

/// Lines of one kind.
#[derive(Clone, Debug, Default)]
struct Lines {
    count: u64,
    /// Files in which it is the first line.
    first: usize,
    example: String,
}

/// Proposes patterns for the sentences of these files.
pub fn propose(samples: &[Sample]) -> Draft {
    let mut draft = Draft {
        lines: "sentences",
        ..Draft::default()
    };
    let Some((look, pattern)) = time(samples) else {
        draft
            .unsure
            .push("no time is found in the lines".to_owned());
        draft.time.push("time".to_owned());
        draft.forms.push("s".to_owned());
        return draft;
    };
    draft.time.push("time".to_owned());
    let mut kinds: BTreeMap<Kind, Lines> = BTreeMap::new();
    let mut texts: Vec<String> = Vec::new();
    let mut without_time: BTreeMap<String, u64> = BTreeMap::new();
    for sample in samples {
        let mut after_rows = false;
        for (index, line) in sample.lines.iter().enumerate() {
            let found = pattern.captures(line).and_then(|it| it.name("time"));
            let Some(found) = found else {
                if is_heading(line, after_rows) {
                    *without_time.entry(ignored(line)).or_default() += 1;
                }
                continue;
            };
            after_rows = true;
            texts.push(found.as_str().to_owned());
            let mut parts = cut(&line[..found.start()]);
            let time = parts.len() - 1;
            parts.extend(cut(&line[found.end()..]));
            let kind = Kind { parts, time };
            let lines = kinds.entry(kind).or_default();
            lines.count += 1;
            lines.first += usize::from(index == 0);
            if lines.example.is_empty() {
                lines.example.clone_from(line);
            }
        }
    }
    draft.forms = super::cells::forms(look, texts.iter().map(String::as_str), "", false);
    if !look.sure {
        draft
            .unsure
            .push("the unit of the time is taken to be s: [time] form".to_owned());
        draft.forms = vec!["s".to_owned()];
    }
    draft.ignore = without_time.keys().take(20).cloned().collect();
    let mut kinds: Vec<(Kind, Lines)> = kinds.into_iter().collect();
    kinds.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.0.cmp(&b.0)));
    if kinds.len() > MAX_KINDS {
        let rest: u64 = kinds[MAX_KINDS..].iter().map(|it| it.1.count).sum();
        draft.unsure.push(format!(
            "{} kinds of sentences; the first {MAX_KINDS} are here, and {rest} of the lines that were looked at are of others",
            kinds.len()
        ));
        kinds.truncate(MAX_KINDS);
    }
    describe(&kinds, look, &mut draft, samples);
    draft
}

/// The look of the times in the lines, and a pattern that finds them.
fn time(samples: &[Sample]) -> Option<(&'static Look, Regex)> {
    let lines = || samples.iter().flat_map(|it| &it.lines).take(2_000);
    let count = lines().count();
    for look in &LOOKS {
        // A number alone is a time at the beginning, or where the text says so.
        let head = match look.sure {
            true => "",
            false => {
                r#"(?:^[^0-9A-Za-z]{0,3}|\b(?:[Tt]ime|[Tt]imestamp|ts|t|TIME)["']?\s*[=:]\s*["']?)"#
            }
        };
        let Ok(regex) = Regex::new(&format!(r"{head}(?<time>{})", look.pattern)) else {
            continue;
        };
        // A time is no part of a longer number or word.
        let is_whole = |line: &&String| {
            let found = regex.captures(line).and_then(|it| it.name("time"));
            found.is_some_and(|found| {
                let after = line[found.end()..].chars().next();
                let before = line[..found.start()].chars().last();
                found.start() < 100
                    && !after.is_some_and(|it| it.is_ascii_alphanumeric())
                    && !before.is_some_and(|it| it.is_ascii_digit() || it == '.')
            })
        };
        let hits = lines().filter(is_whole).count();
        if hits > 0 && hits * 2 >= count {
            return Some((look, regex));
        }
    }
    None
}

/// A text, cut at its numbers.
fn cut(text: &str) -> Vec<String> {
    let Some(numbers) = NUMBERS.as_ref() else {
        return vec![text.to_owned()];
    };
    let mut parts = Vec::new();
    let mut at = 0;
    for found in numbers.find_iter(text) {
        // A minus between words is no sign.
        let sign = found.as_str().starts_with('-')
            && text[..found.start()].ends_with(|it: char| it.is_alphanumeric());
        let start = found.start() + usize::from(sign);
        parts.push(text[at..start].to_owned());
        at = found.end();
    }
    parts.push(text[at..].to_owned());
    parts
}

/// A pattern of lines that differ from this one in their numbers alone.
pub fn ignored(line: &str) -> String {
    let parts: Vec<String> = cut(line.trim_end()).iter().map(|it| literal(it)).collect();
    let joined = parts.join(r"-?\d+(?:\.\d+)?");
    match line.chars().count() > 120 {
        true => format!("^{}", parts.first().map_or("", String::as_str)),
        false => format!("^{joined}$"),
    }
}

/// A text as a pattern: any number of blanks for a blank.
fn literal(text: &str) -> String {
    let mut out = String::new();
    let mut blanks = false;
    for letter in text.chars() {
        if letter.is_whitespace() {
            if !blanks {
                out.push_str(" +");
            }
            blanks = true;
            continue;
        }
        blanks = false;
        // As few escapes as can be: a person reads it.
        if r"\.+*?()|[]{}^$".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Makes a pattern of each kind.
fn describe(kinds: &[(Kind, Lines)], look: &Look, draft: &mut Draft, samples: &[Sample]) {
    let files = samples.len();
    let roles: Vec<Vec<Option<Role>>> = kinds.iter().map(|(kind, _)| roles(kind)).collect();
    let clocked = roles
        .iter()
        .filter(|it| it.contains(&Some(Role::Clock)))
        .count();
    let mut groups: BTreeSet<Role> = BTreeSet::new();
    for ((kind, lines), roles) in kinds.iter().zip(&roles) {
        let text = kind.parts.join(" ");
        let peers = roles.iter().filter(|it| **it == Some(Role::Peer)).count();
        let has_clock = roles.contains(&Some(Role::Clock));
        let what = event(&text, peers);
        let is_heading = clocked > 0
            && !has_clock
            && (lines.first > 0 || lines.count <= files as u64)
            && !matches!(what.as_deref(), Some("send" | "receive"));
        let only_came = roles.contains(&Some(Role::ReceivedClock)) && !has_clock;
        let roles = match only_came && clocked > 0 {
            true => {
                draft.unsure.push(format!(
                    "the only clock in it is taken as that of the node, and not of the message: `{}`",
                    lines.example.trim()
                ));
                let own = roles.iter().map(|role| match role {
                    Some(Role::ReceivedClock) => Some(Role::Clock),
                    role => *role,
                });
                own.collect()
            }
            false => roles.clone(),
        };
        let event = match what {
            _ if is_heading => {
                draft.unsure.push(format!(
                    "a heading, and no event: `{}`",
                    lines.example.trim()
                ));
                "ignore".to_owned()
            }
            Some(what) => what,
            None => {
                let own: Vec<String> = words(&text).take(4).collect();
                let own = if own.is_empty() {
                    "event".to_owned()
                } else {
                    own.join("-")
                };
                draft.unsure.push(format!(
                    "no known verb in `{}`; it is taken as a step of its own, `{own}`",
                    lines.example.trim()
                ));
                own
            }
        };
        if event.contains("*others") {
            draft.unsure.push(format!(
                "taken as one message to each other node: `{}`",
                lines.example.trim()
            ));
        }
        let (pattern, used) = pattern(kind, &roles, look);
        groups.extend(used);
        draft.sentences.push((pattern, event, lines.count));
    }
    if groups.remove(&Role::Node) && has_several(&draft.sentences, samples) {
        draft.node = Node::Column("node".to_owned());
    }
    for role in groups {
        draft.read.push((
            role.name().to_owned(),
            role.name().to_owned(),
            String::new(),
        ));
    }
}

/// Whether sentences of one file are of several nodes. Every sentence that is an event must
/// name its node.
fn has_several(sentences: &[(String, String, u64)], samples: &[Sample]) -> bool {
    let events = sentences.iter().filter(|it| it.1 != "ignore");
    let patterns: Vec<Regex> = events.filter_map(|it| Regex::new(&it.0).ok()).collect();
    let names = |pattern: &Regex| pattern.capture_names().flatten().any(|it| it == "node");
    let named = |line: &String| {
        let found = patterns.iter().find_map(|it| it.captures(line))?;
        found.name("node").map(|it| it.as_str().to_owned())
    };
    let of_file = |sample: &Sample| {
        let nodes: BTreeSet<String> = sample.lines.iter().filter_map(named).collect();
        nodes.len() > 1
    };
    patterns.iter().all(names) && samples.iter().any(of_file)
}

/// What a sentence says happened.
fn event(text: &str, peers: usize) -> Option<String> {
    let what = understood(text).or_else(|| {
        // A level and a name of a logger come first.
        let rest: Vec<String> = words(text).collect();
        let longest = rest.len().min(8);
        (1..longest).find_map(|from| understood(&rest[from..].join(" ")))
    })?;
    let text = what.to_string();
    Some(match (text.as_str(), peers) {
        // The row has their names.
        ("send*2" | "send*others", 2..) => "send".to_owned(),
        _ => text,
    })
}

/// What the numbers are.
fn roles(kind: &Kind) -> Vec<Option<Role>> {
    let count = kind.parts.len() - 1;
    let mut roles: Vec<Option<Role>> = Vec::new();
    let mut line = String::new();
    for index in 0..count {
        line.push_str(&kind.parts[index]);
        line.push(' ');
        if index == kind.time {
            roles.push(Some(Role::Time));
            continue;
        }
        let before = &kind.parts[index];
        // What follows the number up to the next comma.
        let next = &kind.parts[index + 1];
        let after = next
            .split([',', ';', '|', '.', ')'])
            .next()
            .unwrap_or_default();
        let role = role(before, after, &line).or_else(|| {
            // `machine 1 and machine 2`, `machines 1 and 2`.
            let is_list = matches!(
                before.trim(),
                "and" | "," | "&" | "and machine" | "and node" | "and VM" | ", machine"
            );
            let last = roles.last().copied().flatten();
            (is_list && last == Some(Role::Peer)).then_some(Role::Peer)
        });
        roles.push(role);
    }
    // Two clocks in a reception: the first came with the message.
    let clocks: Vec<usize> = (0..count)
        .filter(|&it| roles[it] == Some(Role::Clock))
        .collect();
    let is_reception = event(&kind.parts.join(" "), 0).as_deref() == Some("receive");
    if let [first, .., _] = clocks[..]
        && is_reception
        && !roles.contains(&Some(Role::ReceivedClock))
    {
        roles[first] = Some(Role::ReceivedClock);
    }
    roles
}

/// What a number is by the words before it (`before`, since the last number), after it,
/// and before it in the whole line.
fn role(before: &str, after: &str, line: &str) -> Option<Role> {
    // The words of the clause: "received it, clock 5" is no received clock.
    let clause = before.trim_end_matches(|it: char| !it.is_alphanumeric());
    let clause = clause.rsplit([',', ';', '|']).next().unwrap_or_default();
    let near: Vec<String> = words(clause).collect();
    let behind: Vec<String> = words(after).take(3).collect();
    let has = |all: &[String], list: &[&str]| all.iter().any(|word| list.contains(&word.as_str()));
    let last = near.last().map_or("", String::as_str);
    let tail = &near[near.len().saturating_sub(4)..];
    let queues = [
        "queue",
        "backlog",
        "pending",
        "inbox",
        "waiting",
        "mailbox",
        "qlen",
        "qsize",
        "queued",
        "buffer",
        "q",
        "remaining",
        "len",
    ];
    let clocks = ["clock", "lamport", "logical", "lc", "lclock", "clk"];
    let nodes = [
        "machine", "node", "vm", "process", "server", "replica", "peer", "client", "worker",
        "proc", "m", "p", "n", "vms", "machines", "nodes", "host", "id",
    ];
    if has(
        &behind,
        &["waiting", "pending", "left", "remaining", "queued"],
    ) || behind.iter().take(2).any(|it| it == "in") && has(&behind, &["queue", "inbox"])
    {
        return Some(Role::Queue);
    }
    // The number of a process: `machine[77]`.
    if before.ends_with('[') && after.starts_with(']') {
        return None;
    }
    // The number of a line of code: `org.lab.Machine:57`.
    let token = before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default();
    if token.ends_with(':') && token.contains(['.', '/']) {
        return None;
    }
    // The nearest of these words counts: "from the queue, clock is now 3".
    for word in tail.iter().rev() {
        let word = word.as_str();
        if queues.contains(&word) {
            return Some(Role::Queue);
        }
        if clocks.contains(&word) || word == "time" && has(tail, &["logical", "lamport"]) {
            let came = has(
                tail,
                &[
                    "received", "sender", "message", "msg", "their", "remote", "incoming",
                ],
            ) && !has(tail, &["now", "new", "own", "local", "updated", "is"]);
            return Some(if came {
                Role::ReceivedClock
            } else {
                Role::Clock
            });
        }
        if matches!(word, "bytes" | "size") && !has(tail, &queues) {
            return Some(Role::Bytes);
        }
        if nodes.contains(&word) && word == last {
            break;
        }
    }
    if nodes.contains(&last) {
        let line_words: Vec<String> = words(line).collect();
        let to = ["to", "from", "with", "by", "at"];
        let said = line_words
            .iter()
            .rev()
            .skip(1)
            .take(2)
            .any(|it| to.contains(&it.as_str()));
        let verb = understood(line).is_some_and(|it| it.to_string() != "internal");
        return match (said, verb, last) {
            (true, ..) => Some(Role::Peer),
            (false, false, "id") => None,
            (false, false, _) => Some(Role::Node),
            (false, true, _) if line_words.len() > 2 => None,
            _ => None,
        };
    }
    match last {
        "to" | "from" => Some(Role::Peer),
        _ => None,
    }
}

/// The pattern of a kind, and the roles that are groups in it.
fn pattern(kind: &Kind, roles: &[Option<Role>], look: &Look) -> (String, BTreeSet<Role>) {
    let mut used = BTreeSet::new();
    let any = r"[-0-9A-Fa-fx.]+";
    let mut out = "^".to_owned();
    let last = kind.parts.len() - 1;
    let mut index = 0;
    while index <= last {
        let text = &kind.parts[index];
        let is_last = index == last;
        out.push_str(&literal(if is_last { text.trim_end() } else { text }));
        if is_last {
            break;
        }
        match roles[index] {
            Some(Role::Peer) if used.insert(Role::Peer) => {
                // All names of a list: `1 and machine 2`.
                out.push_str(r"(?<peer>\d+");
                while roles.get(index + 1) == Some(&Some(Role::Peer)) {
                    index += 1;
                    out.push_str(&format!(r"{}\d+", literal(&kind.parts[index])));
                }
                out.push(')');
            }
            Some(Role::Time) => out.push_str(&format!("(?<time>{})", look.pattern)),
            Some(Role::Node) if used.insert(Role::Node) => {
                // `vm1`: the letters belong to the name.
                let letters =
                    text.len() - text.trim_end_matches(|it: char| it.is_alphabetic()).len();
                out.truncate(out.len() - letters);
                out.push_str(&format!(r"(?<node>{}\d+)", &text[text.len() - letters..]));
            }
            Some(role) if used.insert(role) => {
                out.push_str(&format!(r"(?<{}>-?\d+)", role.name()));
            }
            _ => out.push_str(any),
        }
        index += 1;
    }
    out.push_str(" *$");
    (out, used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed(lines: &[&str]) -> Draft {
        let lines = lines.iter().map(|it| (*it).to_owned()).collect();
        propose(&[Sample { lines }])
    }

    fn groups(draft: &Draft, line: &str) -> Vec<String> {
        for (pattern, event, _) in &draft.sentences {
            let regex = Regex::new(pattern).unwrap();
            if let Some(found) = regex.captures(line) {
                let names = regex.capture_names().flatten().filter(|it| *it != "time");
                let mut all: Vec<String> = names
                    .map(|name| format!("{name}={}", &found[name]))
                    .collect();
                all.insert(0, event.clone());
                return all;
            }
        }
        Vec::new()
    }

    #[test]
    fn words_around_a_number_say_what_it_is() {
        let lines = [
            "2026-03-02 14:05:07,250 - got clock 2 from the queue, 1 still waiting, clock is now 3",
            "2026-03-02 14:05:06,583 - sent to machine 1, clock is now 2",
            "2026-03-02 14:05:06,583 - sent to machine 1 and machine 2, clock is now 11",
            "2026-03-02 14:05:06,416 - nothing to do, clock is now 1",
        ];
        let draft = proposed(&lines);
        assert_eq!(
            groups(&draft, lines[0]),
            ["receive", "received_clock=2", "queue=1", "clock=3"]
        );
        assert_eq!(groups(&draft, lines[1]), ["send", "peer=1", "clock=2"]);
        assert_eq!(
            groups(&draft, lines[2]),
            ["send", "peer=1 and machine 2", "clock=11"]
        );
        assert_eq!(groups(&draft, lines[3]), ["internal", "clock=1"]);
    }
}
