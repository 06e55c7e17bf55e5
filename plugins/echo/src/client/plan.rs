//! The messages of a client by their numbers, the correct reply to each, and the error of a
//! wrong reply.
//!
//! A message and its reply are made from its number whenever they are needed, so a window of
//! large messages needs no memory. Large messages are slices of one piece of memory, which all
//! clients of a group share: to make 10 MB anew takes about as long as to send them.

use super::{ClientConfig, Expect};
use crate::pattern::Repeated;
use crate::{Transform, pattern};
use runner_sdk::Error;
use std::borrow::Cow;

/// From this size on, a message is a slice of shared memory `[bytes]`. Arbitrary: copying
/// fewer takes next to no time.
const SHARED: usize = 16 << 10;

/// The messages that a config describes, numbered from 0.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    config: &'a ClientConfig,
}

impl<'a> Plan<'a> {
    pub(super) fn of(config: &'a ClientConfig) -> Plan<'a> {
        Plan { config }
    }

    /// Number of messages.
    pub(super) fn count(self) -> u64 {
        self.list() * u64::from(self.config.repeat)
    }

    /// The length of the list that is repeated; never 0 in a checked config.
    fn list(self) -> u64 {
        let ClientConfig { sizes, texts, .. } = self.config;
        match texts.len() {
            0 => sizes.len() as u64,
            texts => texts as u64,
        }
    }

    /// The text of a message, if it has one.
    fn text(self, number: u64) -> Option<&'a [u8]> {
        let ClientConfig { texts, .. } = self.config;
        let text = texts.get((number % self.list()) as usize)?;
        Some(text.as_bytes())
    }

    /// The size of a message `[bytes]`.
    pub(super) fn size(self, number: u64) -> usize {
        match self.text(number) {
            Some(text) => text.len(),
            None => self.config.sizes[(number % self.list()) as usize] as usize,
        }
    }

    /// A message.
    pub(super) fn message(self, number: u64) -> Cow<'a, [u8]> {
        match self.text(number) {
            Some(text) => Cow::Borrowed(text),
            None if self.size(number) < SHARED => {
                Cow::Owned(pattern::message(number, self.size(number)))
            }
            None => Cow::Borrowed(self.repeated().message(number, self.size(number))),
        }
    }

    fn repeated(self) -> &'a Repeated {
        self.config.repeated.get_or_init(|| {
            let longest = self.config.sizes.iter().max();
            Repeated::new(longest.map_or(0, |size| *size as usize))
        })
    }

    /// Whether these bytes are the correct reply to a message.
    pub(super) fn is_answered_by(self, number: u64, bytes: &[u8]) -> bool {
        let Some(transform) = self.config.reply().transform() else {
            return true;
        };
        if bytes.len() != self.size(number) {
            return false;
        }
        match self.text(number) {
            Some(text) => *transform.apply(text) == *bytes,
            None => pattern::is_message(number, transform, bytes),
        }
    }

    /// The error of a wrong reply to a message.
    #[cold]
    pub(super) fn wrong(self, number: u64, found: &[u8]) -> Error {
        let transform = self.config.reply().transform().unwrap_or(Transform::None);
        let message = self.message(number);
        let expected = transform.apply(&message);
        let same = expected.iter().zip(found).take_while(|(a, b)| a == b);
        let offset = same.count();
        format!(
            "wrong reply to message {} of {}: expected {} bytes{}, found {}; from offset {offset} \
             expected \"{}\", found \"{}\"",
            number + 1,
            self.count(),
            expected.len(),
            match self.config.reply() {
                Expect::Same | Expect::Any => "",
                Expect::Upper => " in upper case",
                Expect::Lower => " in lower case",
                Expect::Swap => " of swapped case",
            },
            found.len(),
            shown(&expected[offset..]),
            shown(&found[offset..]),
        )
        .into()
    }

    /// The error of a reply too many.
    #[cold]
    pub(super) fn unasked(self, found: &[u8]) -> Error {
        format!(
            "a reply that no message waits for: {} bytes, \"{}\"",
            found.len(),
            shown(found)
        )
        .into()
    }
}

/// The beginning of a message, for errors.
pub(crate) fn shown(bytes: &[u8]) -> String {
    /// The greatest number of bytes that are shown. Arbitrary: one line.
    const SHOWN: usize = 64;
    let begin = &bytes[..bytes.len().min(SHOWN)];
    let more = if bytes.len() > SHOWN { "..." } else { "" };
    let text = match std::str::from_utf8(begin) {
        Ok(text) if !text.contains(char::is_control) => text.to_owned(),
        _ => begin.escape_ascii().to_string(),
    };
    text + more
}
