//! The lines to a program: one JSON object for each callback. See `PROTOCOL.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Map, Value};

/// The version of the protocol. It is raised when a program that follows the description
/// of an earlier version would not work any more.
pub const PROTOCOL: u32 = 1;

/// What a program is asked.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Request<'a> {
    /// The node is made.
    Init {
        /// [`PROTOCOL`].
        protocol: u32,
        /// The node's local time `[ns]`.
        time: u64,
        /// Its name.
        node: &'a str,
        /// The names of its peers, the next node first.
        peers: Vec<&'a str>,
        /// The names of its columns.
        columns: Vec<&'a str>,
        /// Its own words for `event`.
        events: &'a [String],
        /// What the scenario hands to the program.
        parameters: &'a Map<String, Value>,
        /// The four words of the node's xoshiro256++ state, 16 hexadecimal digits each.
        random: [String; 4],
        /// Whether the run is in real time.
        real: bool,
    },
    /// The node starts.
    Start {
        /// As above.
        time: u64,
    },
    /// A message was taken from the inbox.
    Message {
        /// As above.
        time: u64,
        /// The name of its sender.
        from: &'a str,
        /// Its bytes.
        #[serde(flatten)]
        bytes: Payload<'a>,
    },
    /// A timer is due.
    Timer {
        /// As above.
        time: u64,
        /// The name with which it was set.
        timer: &'a Value,
    },
    /// A tick found no message.
    Tick {
        /// As above.
        time: u64,
    },
    /// A peer connected.
    Connect {
        /// As above.
        time: u64,
        /// Its name.
        peer: &'a str,
    },
    /// A peer disconnected.
    Disconnect {
        /// As above.
        time: u64,
        /// Its name.
        peer: &'a str,
    },
    /// The run ends.
    Stop {
        /// As above.
        time: u64,
    },
}

/// The bytes of a message: text where they are UTF-8, else base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Payload<'a> {
    /// UTF-8.
    Text(&'a str),
    /// Anything, in the standard alphabet with padding (RFC 4648, section 4).
    Base64(String),
}

impl<'a> Payload<'a> {
    /// These bytes.
    pub fn of(bytes: &'a [u8]) -> Payload<'a> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Payload::Text(text),
            Err(_) => Payload::Base64(BASE64.encode(bytes)),
        }
    }
}

impl Request<'_> {
    /// Writes it as a line into `line`, in place of what is there.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    pub fn write(&self, line: &mut Vec<u8>) -> serde_json::Result<()> {
        line.clear();
        serde_json::to_writer(&mut *line, self)?;
        line.push(b'\n');
        Ok(())
    }

    /// The name of the callback.
    pub fn name(&self) -> &'static str {
        match self {
            Request::Init { .. } => "init",
            Request::Start { .. } => "start",
            Request::Message { .. } => "message",
            Request::Timer { .. } => "timer",
            Request::Tick { .. } => "tick",
            Request::Connect { .. } => "connect",
            Request::Disconnect { .. } => "disconnect",
            Request::Stop { .. } => "stop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(request: &Request) -> String {
        let mut line = Vec::new();
        request.write(&mut line).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_message_is_text_where_it_can_be_and_base64_elsewhere() {
        let message = |bytes| Request::Message {
            time: 5,
            from: "ben",
            bytes: Payload::of(bytes),
        };
        assert_eq!(
            line(&message("h\u{e9}\n\"".as_bytes())),
            "{\"type\":\"message\",\"time\":5,\"from\":\"ben\",\"text\":\"h\u{e9}\\n\\\"\"}\n"
        );
        assert_eq!(
            line(&message(&[0xff, 0])),
            "{\"type\":\"message\",\"time\":5,\"from\":\"ben\",\"base64\":\"/wA=\"}\n"
        );
    }

    #[test]
    fn a_timer_has_the_name_with_which_it_was_set() {
        for name in [Value::from("retry"), Value::from(7)] {
            let timer = Request::Timer {
                time: 1,
                timer: &name,
            };
            let expected = format!("{{\"type\":\"timer\",\"time\":1,\"timer\":{name}}}\n");
            assert_eq!(line(&timer), expected);
        }
    }
}
