//! What a person did to a run, and the replay file that does it again.
//!
//! A crash is a fault of the scenario: it is in no event's place, so it holds at its time
//! before the other events of that time. A message is delivered or dropped before the event
//! with a number, which is the same in every execution.
//!
//! ```toml
//! [[intervention]]
//! before_event = 12
//! deliver = { from = "client", message = 3, to = "server" }
//!
//! [[intervention]]
//! at = "1.25s"
//! crash = "server"
//! for = "2s"
//! ```

use base::duration;
use base::time::{SimDuration, SimTime};
use engine::follow::{Act, Intervention, MessageName};
use model::{Fault, FaultKind};
use serde::Deserialize;
use toml::Spanned;

/// Everything that a person did to a run, in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByHand {
    /// The interventions.
    pub all: Vec<Done>,
}

/// One intervention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// To a message, before the event with this number.
    Message {
        /// The event.
        before: usize,
        /// What.
        what: Intervention,
    },
    /// A node crashes.
    Crash {
        /// The node.
        node: u32,
        /// When.
        at: SimTime,
        /// For how long; to the end of the run without it.
        span: Option<SimDuration>,
    },
}

impl ByHand {
    /// The interventions in messages, as the recording takes them.
    pub fn messages(&self) -> Vec<(usize, Intervention)> {
        let messages = self.all.iter().filter_map(|done| match done {
            Done::Message { before, what } => Some((*before, *what)),
            Done::Crash { .. } => None,
        });
        let mut messages: Vec<_> = messages.collect();
        messages.sort_by_key(|it| it.0);
        messages
    }

    /// The faults to add to those of the scenario.
    pub fn faults(&self) -> Vec<Fault> {
        let crashes = self.all.iter().filter_map(|done| match *done {
            Done::Crash { node, at, span } => Some(Fault {
                at: SimDuration(at.0),
                span,
                every: None,
                required: false,
                kind: FaultKind::Crash(std::iter::once(node..node + 1).collect()),
            }),
            Done::Message { .. } => None,
        });
        crashes.collect()
    }

    /// Adds an intervention after an entry at this time, and forgets those that were later:
    /// what they were about may not happen any more. Returns how many were forgotten.
    pub fn add(&mut self, done: Done, entry: usize, now: SimTime) -> usize {
        let before = self.all.len();
        self.all.retain(|it| match it {
            Done::Message { before, .. } => *before <= entry,
            Done::Crash { at, .. } => *at <= now,
        });
        let forgotten = before - self.all.len();
        self.all.push(done);
        forgotten
    }

    /// The text of a replay file. `head` is written above it as comments.
    pub fn to_toml(&self, head: &[String], name: &dyn Fn(u32) -> String) -> String {
        let mut text: String = head.iter().map(|line| format!("# {line}\n")).collect();
        for done in &self.all {
            text += "\n[[intervention]]\n";
            match done {
                Done::Message { before, what } => {
                    let MessageName { from, number, to } = what.message;
                    let verb = match what.act {
                        Act::Deliver => "deliver",
                        Act::Drop => "drop",
                    };
                    text += &format!(
                        "before_event = {before}\n{verb} = {{ from = {:?}, message = {number}, to = {:?} }}\n",
                        name(from),
                        name(to)
                    );
                }
                Done::Crash { node, at, span } => {
                    let at = duration::to_text(SimDuration(at.0));
                    text += &format!("at = \"{at}\"\ncrash = {:?}\n", name(*node));
                    if let Some(span) = span {
                        text += &format!("for = \"{}\"\n", duration::to_text(*span));
                    }
                }
            }
        }
        text
    }

    /// Reads a replay file.
    ///
    /// # Errors
    ///
    /// With all mistakes, each as `PATH:LINE:COLUMN: what`.
    pub fn parse(
        path: &str,
        text: &str,
        node: &dyn Fn(&str) -> Option<u32>,
    ) -> Result<ByHand, Vec<String>> {
        let place = |byte: usize| {
            let before = text.get(..byte).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            format!("{path}:{line}:{column}")
        };
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let at = place(error.span().map_or(0, |span| span.start));
                return Err(vec![format!(
                    "{at}: {}",
                    error.message().replace('\n', ", ")
                )]);
            }
        };
        let mut mistakes = Vec::new();
        let mut by_hand = ByHand::default();
        for entry in &file.intervention {
            let at = entry.span().start;
            match entry.get_ref().read(node) {
                Ok(done) => by_hand.all.push(done),
                Err(found) => {
                    for (byte, what) in found {
                        mistakes.push(format!("{}: {what}", place(byte.unwrap_or(at))));
                    }
                }
            }
        }
        match mistakes.is_empty() {
            true => Ok(by_hand),
            false => Err(mistakes),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    intervention: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    before_event: Option<Spanned<usize>>,
    deliver: Option<WrittenMessage>,
    drop: Option<WrittenMessage>,
    at: Option<Spanned<String>>,
    #[serde(rename = "for")]
    span: Option<Spanned<String>>,
    crash: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMessage {
    from: Spanned<String>,
    message: u64,
    to: Spanned<String>,
}

/// A mistake, at a byte of the file or at the entry.
type Found = (Option<usize>, String);

impl Written {
    fn read(&self, node: &dyn Fn(&str) -> Option<u32>) -> Result<Done, Vec<Found>> {
        let mut found: Vec<Found> = Vec::new();
        let mut named = |name: &Spanned<String>| {
            let index = node(name.get_ref());
            if index.is_none() {
                let text = format!("the run has no node `{}`", name.get_ref());
                found.push((Some(name.span().start), text));
            }
            index.unwrap_or(0)
        };
        let mut message = |written: &WrittenMessage| MessageName {
            from: named(&written.from),
            number: written.message,
            to: named(&written.to),
        };
        let (deliver, drop) = (
            self.deliver.as_ref().map(&mut message),
            self.drop.as_ref().map(&mut message),
        );
        let crash = self.crash.as_ref().map(&mut named);
        let mut span = |key: &str, text: &Option<Spanned<String>>| {
            let text = text.as_ref()?;
            duration::parse(text.get_ref())
                .inspect_err(|error| {
                    let value = text.get_ref();
                    let what = format!("`{key}` is `{value}`, expected {}", error.expected());
                    found.push((Some(text.span().start), what));
                })
                .ok()
        };
        let (at, lasts) = (span("at", &self.at), span("for", &self.span));
        let done = match (deliver, drop, crash) {
            (Some(message), None, None) => self.of_message(message, Act::Deliver),
            (None, Some(message), None) => self.of_message(message, Act::Drop),
            (None, None, Some(node)) => match (at, &self.at, &self.before_event) {
                (Some(at), _, None) => Ok(Done::Crash {
                    node,
                    at: SimTime(at.0),
                    span: lasts,
                }),
                (_, None, _) => Err("a crash needs `at`, its time: at = \"1.25s\"".to_owned()),
                (None, Some(_), _) => Err(String::new()),
                (_, _, Some(_)) => Err("a crash has a time, not `before_event`".to_owned()),
            },
            _ => Err("expected one of `deliver`, `drop`, `crash`".to_owned()),
        };
        match done {
            Ok(done) if found.is_empty() => Ok(done),
            Ok(_) => Err(found),
            Err(what) => {
                if !what.is_empty() {
                    found.push((None, what));
                }
                Err(found)
            }
        }
    }

    fn of_message(&self, message: MessageName, act: Act) -> Result<Done, String> {
        if self.at.is_some() || self.span.is_some() {
            return Err("a message has `before_event`, not `at` or `for`".to_owned());
        }
        let Some(before) = &self.before_event else {
            return Err("expected `before_event`, the number of an event".to_owned());
        };
        Ok(Done::Message {
            before: *before.get_ref(),
            what: Intervention { message, act },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["client", "server"];

    fn node(name: &str) -> Option<u32> {
        NAMES.iter().position(|it| *it == name).map(|it| it as u32)
    }

    fn some() -> ByHand {
        let message = MessageName {
            from: 0,
            number: 3,
            to: 1,
        };
        let of = |before, act| Done::Message {
            before,
            what: Intervention { message, act },
        };
        let crash = |span| Done::Crash {
            node: 1,
            at: SimTime(1_250_000_001),
            span,
        };
        ByHand {
            all: vec![
                of(12, Act::Deliver),
                of(13, Act::Drop),
                crash(None),
                crash(Some(SimDuration(2_000_000_000))),
            ],
        }
    }

    #[test]
    fn what_was_written_is_read_back() {
        let name = |node: u32| NAMES[node as usize].to_owned();
        let text = some().to_toml(&["run 1".to_owned()], &name);
        assert!(text.starts_with("# run 1\n"), "{text}");
        assert_eq!(ByHand::parse("x", &text, &node), Ok(some()));
    }

    #[test]
    fn all_mistakes_of_a_file_are_told_with_their_places() {
        let text = "[[intervention]]\nbefore_event = 1\ndrop = { from = \"clent\", message = 1, to = \"x\" }\n\
                    [[intervention]]\ncrash = \"server\"\n\
                    [[intervention]]\nat = \"1 parsec\"\ncrash = \"server\"\n\
                    [[intervention]]\nat = \"1s\"\nbefore_event = 3\n";
        let mistakes = ByHand::parse("f.toml", text, &node).unwrap_err();
        let starts = [
            "f.toml:3:17: the run has no node `clent`",
            "f.toml:3:44: the run has no node `x`",
            "f.toml:4:1: a crash needs `at`",
            "f.toml:7:6: `at` ",
            "f.toml:9:1: expected one of",
        ];
        assert_eq!(mistakes.len(), starts.len(), "{mistakes:#?}");
        for (mistake, start) in mistakes.iter().zip(starts) {
            assert!(mistake.starts_with(start), "{mistake} is not {start}");
        }
        let unknown = ByHand::parse("f", "[[intervention]]\nkill = 3\n", &node).unwrap_err();
        assert!(
            unknown[0].starts_with("f:2:1: unknown field `kill`"),
            "{unknown:?}"
        );
    }

    #[test]
    fn an_intervention_before_others_forgets_them() {
        let mut all = some();
        let crash = Done::Crash {
            node: 0,
            at: SimTime(6),
            span: None,
        };
        assert_eq!(all.add(crash, 12, SimTime(5)), 3);
        assert_eq!(all.all.len(), 2);
    }
}
