//! What a program says that the protocol does not allow, as an error shows it.

use std::fmt;

use crate::envelope::WrongShape;

/// A program has said what the protocol does not allow. The text names what was wrong,
/// what was expected, and what to do; it has several lines, without the name of the node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misspoken {
    /// A line is no message.
    #[error("line {number} of its standard output is no message: {what}\n    found: {found}\n  {}", Expected(.own, .what))]
    Line {
        /// The number of the line, from 1.
        number: u64,
        /// Its beginning, as people can read it.
        found: String,
        /// What is wrong.
        what: WrongShape,
        /// The id of the program.
        own: String,
    },
    /// A line is longer than allowed.
    #[error("line {number} of its standard output is longer than {longest} bytes (`max_message`)\n    its beginning: {found}\n  {}", Expected(.own, &WrongShape::Empty))]
    TooLong {
        /// The number of the line, from 1.
        number: u64,
        /// Its beginning, as people can read it.
        found: String,
        /// The longest that is allowed `[bytes]`.
        longest: usize,
        /// The id of the program.
        own: String,
    },
    /// Its output ended within a line.
    #[error(
        "its standard output ended within line {number}: a message ends with a line break\n    found: {found}"
    )]
    Unfinished {
        /// The number of the line, from 1.
        number: u64,
        /// Its beginning, as people can read it.
        found: String,
    },
    /// It answered the handshake with an error, or with something else.
    #[error(
        "it answered `{request}` with what is no `{request}_ok`: {found}\n  expected: {{\"src\":\"{own}\",\"dest\":\"{greeter}\",\"body\":{{\"type\":\"{request}_ok\",\"in_reply_to\":{msg_id}}}}}{hint}"
    )]
    Refused {
        /// `init` or `topology`.
        request: &'static str,
        /// The `msg_id` of the request.
        msg_id: u64,
        /// What it answered, as people can read it.
        found: String,
        /// The id of the program.
        own: String,
        /// The id from which it was greeted.
        greeter: String,
        /// What else to try; may be empty.
        hint: String,
    },
}

/// What a line should be, and where logs belong.
struct Expected<'a>(&'a str, &'a WrongShape);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expected(own, what) = self;
        write!(
            f,
            "expected one JSON object in a line, such as {{\"src\":\"{own}\",\"dest\":\"c1\",\"body\":{{\"type\":\"echo_ok\",\"in_reply_to\":1}}}}"
        )?;
        let is_log = matches!(
            what,
            WrongShape::Empty
                | WrongShape::NotJson(_)
                | WrongShape::NotUtf8(_)
                | WrongShape::NotObject(_)
        );
        match is_log {
            true => f.write_str("\n  standard output is for messages alone: logs belong on standard error (Python: print(\"..\", file=sys.stderr); JavaScript: console.error; Ruby: STDERR.puts; Go: log.Print)"),
            false if matches!(what, WrongShape::NotItself { .. }) => f.write_str("\n  it may pass on messages of other nodes to those of its own cluster alone"),
            false => Ok(()),
        }
    }
}

/// How much of a line an error shows `[characters]`.
const SHOWN: usize = 300;

/// The beginning of a line as an error shows it, with control characters escaped.
pub fn shown(line: &[u8]) -> String {
    let mut text = String::new();
    let whole = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN)]);
    for letter in whole.chars().take(SHOWN) {
        match letter.is_control() {
            true => text.extend(letter.escape_default()),
            false => text.push(letter),
        }
    }
    if whole.chars().count() > SHOWN {
        text.push_str("..");
    }
    text
}
