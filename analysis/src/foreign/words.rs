//! What a row of another program says happened: from its word for an event to events of
//! ours.
//!
//! A [`What`] is written as `receive`, `send*2` (one row is two messages), `send*others`
//! (a broadcast), `receive + send`, a word of the program's own, or `ignore`. A word
//! that the format file does not name is understood by its first words ([`understood`]).

use std::fmt;

use crate::log::STANDARD_EVENTS;

/// What a row says happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is no record.
    Ignore,
    /// Events of one step, in order.
    Events(Vec<Event>),
}

/// One kind of event, some times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The word: one of [`STANDARD_EVENTS`], or of the program's own.
    pub word: String,
    /// How often it happened.
    pub times: Times,
}

/// How often an event happened in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// So often.
    Count(u32),
    /// Once for each other node.
    Others,
}

/// Maximum number of events in one row. Arbitrary: more is a mistake in a format file.
pub const MAX_TIMES: u32 = 10_000;

impl What {
    /// One event of this word.
    pub fn one(word: &str) -> What {
        What::Events(vec![Event {
            word: word.to_owned(),
            times: Times::Count(1),
        }])
    }

    /// Reads what is written in a format file or with `--event`.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse(text: &str) -> Result<What, String> {
        if text.trim() == "ignore" {
            return Ok(What::Ignore);
        }
        let events = text.split('+').map(|part| {
            let (word, times) = match part.split_once('*') {
                Some((word, times)) => (word.trim(), times.trim()),
                None => (part.trim(), "1"),
            };
            let times = match times {
                "others" => Times::Others,
                number => match number.parse() {
                    Ok(count) if (1..=MAX_TIMES).contains(&count) => Times::Count(count),
                    _ => {
                        return Err(format!(
                            "`{number}` times, expected 1 to {MAX_TIMES}, or `others` for each other node"
                        ));
                    }
                },
            };
            match is_word(word) {
                true => Ok(Event {
                    word: word.to_owned(),
                    times,
                }),
                false => Err(format!(
                    "`{word}` is no event, expected receive, send, drop, a word of your own, or ignore"
                )),
            }
        });
        events.collect::<Result<_, _>>().map(What::Events)
    }
}

impl fmt::Display for What {
    /// As [`What::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let What::Events(events) = self else {
            return f.write_str("ignore");
        };
        for (index, event) in events.iter().enumerate() {
            let plus = if index > 0 { " + " } else { "" };
            write!(f, "{plus}{}", event.word)?;
            match event.times {
                Times::Count(1) => {}
                Times::Count(count) => write!(f, "*{count}")?,
                Times::Others => f.write_str("*others")?,
            }
        }
        Ok(())
    }
}

fn is_word(word: &str) -> bool {
    let letters = |it: char| it.is_alphanumeric() || "-_. ".contains(it);
    !word.is_empty() && word.len() <= 64 && word.chars().all(letters)
}

/// Words that other programs use for ours.
const SYNONYMS: [(&str, &[&str]); 6] = [
    (
        "receive",
        &[
            "receive",
            "received",
            "receives",
            "receiving",
            "recv",
            "recvd",
            "rcv",
            "rcvd",
            "recieve",
            "recieved",
            "rx",
            "deliver",
            "delivered",
            "got",
            "get",
            "gets",
            "read",
            "handle",
            "handled",
            "handling",
            "process",
            "processed",
            "processing",
            "dequeue",
            "dequeued",
            "consume",
            "consumed",
            "popped",
            "pop",
        ],
    ),
    (
        "send",
        &[
            "send",
            "sent",
            "sends",
            "sending",
            "snd",
            "tx",
            "broadcast",
            "broadcasts",
            "broadcasted",
            "broadcasting",
            "emit",
            "emitted",
            "publish",
            "published",
            "multicast",
            "transmit",
            "transmitted",
            "unicast",
        ],
    ),
    (
        "drop",
        &["drop", "dropped", "drops", "lost", "discard", "discarded"],
    ),
    (
        "internal",
        &[
            "internal", "local", "nothing", "idle", "noop", "int", "intern",
        ],
    ),
    (
        "start",
        &[
            "start",
            "started",
            "starting",
            "init",
            "initialized",
            "boot",
            "booted",
        ],
    ),
    (
        "stop",
        &[
            "stop", "stopped", "stopping", "shutdown", "exit", "exiting", "finished",
        ],
    ),
];

/// Words of a sending to all other nodes.
const TO_ALL: [&str; 9] = [
    "broadcast",
    "broadcasts",
    "broadcasted",
    "broadcasting",
    "multicast",
    "all",
    "everyone",
    "everybody",
    "others",
];

/// Number of words at the beginning of a text in which a verb is looked for.
const FIRST_WORDS: usize = 5;

/// The words of a text, in lower case: runs of letters.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|it: char| !it.is_alphabetic());
    // `sentMessage`, `RecvMsg`: a capital after a small letter begins a word.
    parts.filter(|part| !part.is_empty()).flat_map(|part| {
        let mut words: Vec<String> = Vec::new();
        let mut small = false;
        for letter in part.chars() {
            match words.last_mut() {
                Some(last) if !(small && letter.is_uppercase()) => {
                    last.extend(letter.to_lowercase())
                }
                _ => words.push(letter.to_lowercase().collect()),
            }
            small = letter.is_lowercase();
        }
        words
    })
}

/// The word of ours for a word of another program, if it has one.
pub fn synonym(word: &str) -> Option<&'static str> {
    let own = STANDARD_EVENTS.iter().find(|own| **own == word);
    own.copied().or_else(|| {
        let known = SYNONYMS.iter().find(|(_, words)| words.contains(&word));
        known.map(|(own, _)| *own)
    })
}

/// What a text of another program says happened, by the first verb among its first
/// words; `None` if it has none. "No message received" is no receiving.
pub fn understood(text: &str) -> Option<What> {
    let all: Vec<String> = words(text).collect();
    let first = all.iter().take(FIRST_WORDS);
    let is_negated = |word: &&String| ["no", "not", "didn", "without"].contains(&word.as_str());
    if all.iter().take(2).any(|word| is_negated(&word)) {
        return Some(What::one("internal"));
    }
    let own = first.clone().find_map(|word| synonym(word))?;
    // "internal event", and not "internal message sent".
    let own = match own {
        "start" | "stop" if all.len() > FIRST_WORDS => return None,
        own => own,
    };
    let times = match own {
        "send" if all.iter().any(|word| word == "both") => Times::Count(2),
        "send" if all.iter().any(|word| TO_ALL.contains(&word.as_str())) => Times::Others,
        _ => Times::Count(1),
    };
    let word = own.to_owned();
    Some(What::Events(vec![Event { word, times }]))
}

/// A word of the program's own as the log has it: numbers become `N`, so that there are
/// few.
pub fn own_word(text: &str) -> String {
    let mut word = String::new();
    for letter in text.trim().chars().take(60) {
        match letter {
            _ if letter.is_ascii_digit() => {
                if !word.ends_with('N') {
                    word.push('N');
                }
            }
            _ if letter.is_control() => word.push(' '),
            _ => word.extend(letter.to_lowercase()),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "send",
            "send*2",
            "send*others",
            "receive + send*2",
            "my event",
            "ignore",
        ] {
            assert_eq!(What::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "send*0",
            "send*x",
            "send*",
            "a\nb",
            "receive +",
            "send*99999999",
        ] {
            assert!(What::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn verbs_of_other_programs_are_understood() {
        let said = |text| understood(text).map(|it| it.to_string());
        for (text, what) in [
            ("RECV from 3", "receive"),
            ("[Sent]", "send"),
            ("Sent both", "send*2"),
            ("BROADCAST", "send*others"),
            ("sent to all", "send*others"),
            ("MessageReceived", "receive"),
            ("INTERNAL", "internal"),
            ("no message received", "internal"),
            ("tick", "tick"),
            ("SEND_TO_BOTH", "send*2"),
        ] {
            assert_eq!(said(text).as_deref(), Some(what), "{text}");
        }
        assert_eq!(said("election"), None);
        assert_eq!(said(""), None);
    }

    #[test]
    fn own_words_are_few() {
        assert_eq!(own_word("Elected 17"), own_word("elected 4"));
    }
}
