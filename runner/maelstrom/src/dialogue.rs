//! The conversation with one program, from its start to its end: the handshake first, then
//! messages in both directions.
//!
//! # The handshake
//!
//! The program is told its id and those of its cluster by `init`, and answers `init_ok`.
//! If its group has a topology, it is told its neighbours by `topology`, and answers
//! `topology_ok`. Both come from an id that no node has ([`Ids::greeter`](crate::ids::Ids::greeter)). Then it is
//! *ready*. Messages for it that come before are held, and it gets them at once after the
//! handshake. What it sends to other nodes before counts like any other message, and it
//! gets the replies at once: it may ask a service before it answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::codes;
use crate::envelope::{self, BodyError, Written, WrongShape};
use crate::lines::{Line, Lines};
use crate::misspoken::{Misspoken, shown};
use crate::speaker::Speaker;

/// The longest line that a program may write, if nothing else is said: 16 MiB `[bytes]`.
pub const LONGEST_LINE: usize = 16 << 20;

/// How far the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was written.
    New,
    /// `init` is not answered.
    Init,
    /// `topology` is not answered.
    Topology,
    /// The handshake is over.
    Ready,
}

/// The conversation with a program.
#[derive(Debug)]
pub struct Dialogue {
    speaker: Arc<Speaker>,
    stage: Stage,
    lines: Lines,
    longest: usize,
    /// Number of lines that were written to the program.
    written: u64,
    /// Lines for the program that wait until it is ready, numbered later.
    held: Vec<(String, Vec<u8>)>,
    held_bytes: usize,
    /// External clients that have sent it something: of these it may pass on messages, too.
    clients: BTreeSet<String>,
    /// What it said last before it was ready.
    last_said: Option<String>,
}

/// What a program has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The handshake goes on: this is to be written to the program.
    Greeting {
        /// Whole lines.
        write: Vec<u8>,
    },
    /// The handshake is over: what was held is to be written to the program.
    Ready {
        /// Whole lines; may be empty.
        write: Vec<u8>,
    },
    /// It has sent a message.
    Message(Sent),
}

/// A message that a program has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The id that it is for, as the program wrote it.
    pub dest: String,
    /// What travels on the link: the text of the body, or a message that is passed on.
    pub body: String,
}

impl Dialogue {
    /// Nothing was said yet. No line of the program may be longer than
    /// [`LONGEST_LINE`].
    pub fn new(speaker: Arc<Speaker>) -> Dialogue {
        Dialogue {
            speaker,
            stage: Stage::New,
            lines: Lines::new(LONGEST_LINE),
            longest: LONGEST_LINE,
            written: 0,
            held: Vec::new(),
            held_bytes: 0,
            clients: BTreeSet::new(),
            last_said: None,
        }
    }

    /// No line of the program may be longer than this.
    pub fn with_longest_line(mut self, bytes: usize) -> Dialogue {
        (self.lines, self.longest) = (Lines::new(bytes), bytes);
        self
    }

    /// Begins the handshake: returns what is to be written to the program first.
    pub fn begin(&mut self) -> Vec<u8> {
        self.stage = Stage::Init;
        self.greet(&self.speaker.init())
    }

    /// The handshake is not over: what the program has not answered, and what it said
    /// instead, for an error. Without the name of the node.
    pub fn unanswered(&self) -> String {
        let request = match self.stage {
            Stage::Topology => "topology",
            _ => "init",
        };
        let said = match (&self.last_said, self.lines.unfinished()) {
            (Some(said), _) => format!("the last that it said instead: {said}"),
            (None, Some(line)) => format!(
                "it wrote a line without an end instead: {}",
                shown(&line.bytes)
            ),
            (None, None) => {
                "it wrote nothing to standard output (does it flush its output after each line?)"
                    .to_owned()
            }
        };
        format!("it did not answer `{request}` with `{request}_ok`\n  {said}")
    }

    /// As [`Dialogue::unanswered`], once the time for the answer is over.
    pub fn unanswered_within(&self, patience: Duration) -> String {
        let unanswered = self.unanswered();
        let (what, said) = unanswered.split_once('\n').unwrap_or((&unanswered, ""));
        format!("{what} within {patience:?} (`init_within`)\n{said}")
    }

    /// The line by which the program gets a message from the node with this id; none if it
    /// is not ready and the message is no reply: then it is held.
    ///
    /// # Errors
    ///
    /// If the body is no JSON object.
    pub fn tell(&mut self, from: &str, body: &[u8]) -> Result<Option<Vec<u8>>, BodyError> {
        if self.speaker.all.node(from).is_none() {
            self.clients.insert(from.to_owned());
        }
        if self.stage == Stage::Ready || envelope::is_reply(body) {
            return self.wrap(from, body).map(Some);
        }
        // It is checked now, so that its sender learns of it.
        envelope::wrap(0, from, &self.speaker.id, body)?;
        self.held_bytes += body.len();
        self.held.push((from.to_owned(), body.to_vec()));
        Ok(None)
    }

    /// Memory of the messages that are held, and of what was fed and not heard `[bytes]`.
    pub fn waiting(&self) -> usize {
        self.held_bytes + self.lines.waiting()
    }

    /// Adds bytes that the program has written to its standard output.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.lines.feed(bytes);
    }

    /// Takes what the program said next; none if no whole line is left.
    ///
    /// # Errors
    ///
    /// If it said what the protocol does not allow. Nothing that it says later counts.
    pub fn hear(&mut self) -> Result<Option<Heard>, Misspoken> {
        loop {
            let Some(line) = self.take_line()? else {
                return Ok(None);
            };
            let speaker = &self.speaker;
            let is_free = |id: &str| speaker.cluster.iter().any(|it| it == id);
            let written = envelope::unwrap(&line.bytes, &speaker.id, is_free);
            let exists = |id: &str| speaker.all.node(id).is_some() || self.clients.contains(id);
            let written = written.and_then(|it| match exists(&it.src) {
                true => Ok(it),
                false => Err(WrongShape::NotItself {
                    found: it.src,
                    own: speaker.id.clone(),
                }),
            });
            let written = written.map_err(|what| Misspoken::Line {
                number: line.number,
                found: shown(&line.bytes),
                what,
                own: speaker.id.clone(),
            })?;
            if self.stage != Stage::Ready {
                self.last_said = Some(shown(&line.bytes));
            }
            if written.dest == self.speaker.greeter {
                if let Some(heard) = self.answered(&written)? {
                    return Ok(Some(heard));
                }
            } else {
                let dest = written.dest.clone();
                let body = match is_free(&dest) {
                    true => written.into_travelling(&self.speaker.id),
                    false => written.body,
                };
                return Ok(Some(Heard::Message(Sent { dest, body })));
            }
        }
    }

    /// The program's output is closed.
    ///
    /// # Errors
    ///
    /// If that was within a line.
    pub fn end(&self) -> Result<(), Misspoken> {
        match self.lines.unfinished() {
            None => Ok(()),
            Some(line) => Err(Misspoken::Unfinished {
                number: line.number,
                found: shown(&line.bytes),
            }),
        }
    }

    fn take_line(&mut self) -> Result<Option<Line>, Misspoken> {
        self.lines.take().map_err(|it| Misspoken::TooLong {
            number: it.number,
            found: shown(&it.beginning),
            longest: self.longest,
            own: self.speaker.id.clone(),
        })
    }

    /// The program has sent something to the greeter. After the handshake nobody is there.
    fn answered(&mut self, written: &Written) -> Result<Option<Heard>, Misspoken> {
        let (request, msg_id) = match self.stage {
            Stage::Init => ("init", 1),
            Stage::Topology => ("topology", 2),
            Stage::New | Stage::Ready => return Ok(None),
        };
        let answers = written.in_reply_to.as_deref() == Some(if msg_id == 1 { "1" } else { "2" });
        let kind = written.kind.as_deref();
        if !answers || kind.is_none_or(|kind| kind.strip_suffix("_ok") != Some(request)) {
            return Err(self.refused(request, msg_id, written));
        }
        if let (Stage::Init, Some(neighbours)) = (self.stage, &self.speaker.topology) {
            let body = self.speaker.topology(neighbours);
            self.stage = Stage::Topology;
            let write = self.greet(&body);
            return Ok(Some(Heard::Greeting { write }));
        }
        self.stage = Stage::Ready;
        self.last_said = None;
        self.held_bytes = 0;
        let mut write = Vec::new();
        for (from, body) in std::mem::take(&mut self.held) {
            // It was checked when it came.
            write.extend(self.wrap(&from, &body).unwrap_or_default());
        }
        Ok(Some(Heard::Ready { write }))
    }

    fn refused(&self, request: &'static str, msg_id: u64, written: &Written) -> Misspoken {
        let code = written
            .error
            .0
            .filter(|_| written.kind.as_deref() == Some("error"));
        let mut hint = String::new();
        if let Some(name) = code.and_then(codes::name) {
            hint = format!("\n  error {} is {name}", code.unwrap_or_default());
        }
        if request == "topology" {
            hint.push_str("\n  if the program takes no `topology`, leave the key out of its group");
        }
        Misspoken::Refused {
            request,
            msg_id,
            found: shown(written.body.as_bytes()),
            own: self.speaker.id.clone(),
            greeter: self.speaker.greeter.clone(),
            hint,
        }
    }

    fn greet(&mut self, body: &str) -> Vec<u8> {
        let greeter = self.speaker.greeter.clone();
        self.wrap(&greeter, body.as_bytes()).unwrap_or_default()
    }

    fn wrap(&mut self, from: &str, body: &[u8]) -> Result<Vec<u8>, BodyError> {
        let line = envelope::wrap(self.written + 1, from, &self.speaker.id, body)?;
        self.written += 1;
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;
    use crate::topology::Neighbours;

    fn dialogue(topology: Option<Neighbours>) -> Dialogue {
        let ids = ["n0", "n1", "n2", "c0"].map(str::to_owned).to_vec();
        let mut speaker = Speaker::new(1, 0..3, &Ids::new(ids).unwrap());
        if let Some(by) = topology {
            speaker = speaker.with_topology(by, |_, _| true);
        }
        Dialogue::new(speaker.into())
    }

    fn says(dialogue: &mut Dialogue, line: &str) -> Result<Option<Heard>, Misspoken> {
        dialogue.feed(line.as_bytes());
        dialogue.feed(b"\n");
        dialogue.hear()
    }

    const INIT_OK: &str = r#"{"src":"n1","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}"#;

    #[test]
    fn a_program_is_greeted_from_an_id_that_no_node_has() {
        let mut dialogue = dialogue(None);
        let init = String::from_utf8(dialogue.begin()).unwrap();
        assert_eq!(
            init,
            "{\"id\":1,\"src\":\"c1\",\"dest\":\"n1\",\"body\":{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"n1\",\"node_ids\":[\"n0\",\"n1\",\"n2\"]}}\n"
        );
        let heard = says(&mut dialogue, INIT_OK).unwrap();
        assert_eq!(heard, Some(Heard::Ready { write: Vec::new() }));
        // A second one comes too late.
        assert_eq!(says(&mut dialogue, INIT_OK), Ok(None));
    }

    #[test]
    fn neighbours_are_told_after_init() {
        let mut dialogue = dialogue(Some(Neighbours::Line));
        dialogue.begin();
        let Ok(Some(Heard::Greeting { write })) = says(&mut dialogue, INIT_OK) else {
            panic!("{dialogue:?}");
        };
        let line = String::from_utf8(write).unwrap();
        assert!(
            line.ends_with("{\"type\":\"topology\",\"msg_id\":2,\"topology\":{\"n0\":[\"n1\"],\"n1\":[\"n0\",\"n2\"],\"n2\":[\"n1\"]}}}\n"),
            "{line}"
        );
        assert_ne!(dialogue.stage, Stage::Ready);
        assert!(dialogue.unanswered().contains("`topology_ok`"));
        let ok = r#"{"src":"n1","dest":"c1","body":{"type":"topology_ok","in_reply_to":2}}"#;
        assert!(matches!(
            says(&mut dialogue, ok),
            Ok(Some(Heard::Ready { .. }))
        ));
    }

    #[test]
    fn what_comes_before_the_end_of_the_handshake_is_held_in_order() {
        let mut dialogue = dialogue(None);
        dialogue.begin();
        for number in 1..=2 {
            let body = format!("{{\"type\":\"read\",\"msg_id\":{number}}}");
            assert_eq!(dialogue.tell("c0", body.as_bytes()), Ok(None));
        }
        assert!(dialogue.tell("c0", b"no body").is_err());
        let reply = br#"{"type":"write_ok","in_reply_to":1}"#;
        let line = dialogue.tell("lin-kv", reply).unwrap().unwrap();
        assert!(line.starts_with(b"{\"id\":2,\"src\":\"lin-kv\""));
        assert!(dialogue.waiting() > 0);
        let Ok(Some(Heard::Ready { write })) = says(&mut dialogue, INIT_OK) else {
            panic!("{dialogue:?}");
        };
        let text = String::from_utf8(write).unwrap();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                r#"{"id":3,"src":"c0","dest":"n1","body":{"type":"read","msg_id":1}}"#,
                r#"{"id":4,"src":"c0","dest":"n1","body":{"type":"read","msg_id":2}}"#
            ]
        );
        let line = dialogue.tell("n0", b"{}").unwrap().unwrap();
        assert_eq!(
            line,
            b"{\"id\":5,\"src\":\"n0\",\"dest\":\"n1\",\"body\":{}}\n"
        );
    }

    #[test]
    fn a_program_may_send_before_it_answers_init() {
        let mut dialogue = dialogue(None);
        dialogue.begin();
        let heard = says(&mut dialogue, r#"{"src":"n1","dest":"n2","body":{"v":1}}"#).unwrap();
        let sent = Sent {
            dest: "n2".into(),
            body: "{\"v\":1}".into(),
        };
        assert_eq!(heard, Some(Heard::Message(sent)));
        assert!(dialogue.unanswered().contains("{\"v\":1}"));
    }

    #[test]
    fn another_answer_than_init_ok_is_shown() {
        for body in [
            r#"{"type":"error","in_reply_to":1,"code":10,"text":"later"}"#,
            r#"{"type":"init_ok"}"#,
            r#"{"type":"init_ok","in_reply_to":7}"#,
            r#"{"type":"echo_ok","in_reply_to":1}"#,
        ] {
            let mut dialogue = dialogue(None);
            dialogue.begin();
            let line = format!("{{\"src\":\"n1\",\"dest\":\"c1\",\"body\":{body}}}");
            let error = says(&mut dialogue, &line).unwrap_err().to_string();
            assert!(
                error.starts_with("it answered `init` with what is no `init_ok`: {"),
                "{error}"
            );
            assert!(error.contains(body), "{error}");
            assert_eq!(
                error.contains("error 10 is not-supported"),
                body.contains("code")
            );
        }
    }

    #[test]
    fn a_log_line_on_standard_output_is_told_where_it_belongs() {
        let mut dialogue = dialogue(None);
        dialogue.begin();
        says(&mut dialogue, INIT_OK).unwrap();
        let error = says(&mut dialogue, "starting \u{1b}[1mnode")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("line 2 of its standard output is no message: it is not JSON"),
            "{error}"
        );
        assert!(
            error.contains("found: starting \\u{1b}[1mnode\n"),
            "{error}"
        );
        assert!(error.contains("logs belong on standard error"), "{error}");
        let own = r#"{"src":"n2","dest":"c0","body":{"type":"x"}}"#;
        let error = says(&mut dialogue, own).unwrap_err().to_string();
        assert!(
            error.contains("`src` is \"n2\", and this node is \"n1\""),
            "{error}"
        );
        assert!(!error.contains("standard error"), "{error}");
    }

    #[test]
    fn a_message_of_another_node_is_passed_on_in_the_cluster_alone() {
        let mut dialogue = dialogue(None);
        dialogue.begin();
        says(&mut dialogue, INIT_OK).unwrap();
        let heard = says(&mut dialogue, r#"{"src":"c0","dest":"n2","body":{"v":1}}"#).unwrap();
        let sent = Sent {
            dest: "n2".into(),
            body: r#"{"src":"c0","body":{"v":1}}"#.into(),
        };
        assert_eq!(heard, Some(Heard::Message(sent.clone())));
        let line = dialogue.tell("n0", sent.body.as_bytes()).unwrap().unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(
            line.contains(r#""src":"c0","dest":"n1","body":{"v":1}"#),
            "{line}"
        );
        let by_hand = r#"{"src":"by-hand","dest":"n2","body":{"type":"x"}}"#;
        assert!(dialogue.tell("by-hand", br#"{"type":"x"}"#).is_ok());
        assert!(says(&mut dialogue, by_hand).is_ok());
        let error = says(&mut dialogue, r#"{"src":"c7","dest":"n2","body":{"v":1}}"#);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("`src` is \"c7\", and this node"), "{error}");
        assert!(error.contains("may pass on"), "{error}");
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut dialogue = dialogue(None).with_longest_line(20);
        dialogue.begin();
        dialogue.feed(&[b'x'; 20]);
        assert_eq!(dialogue.hear(), Ok(None));
        assert!(dialogue.unanswered().contains("a line without an end"));
        assert!(dialogue.end().is_err());
        dialogue.feed(b"x");
        let error = dialogue.hear().unwrap_err().to_string();
        assert!(
            error.contains("line 1 of its standard output is longer than 20 bytes"),
            "{error}"
        );
    }
}
