//! How a node changes the bytes of a message: the case of its letters.
//!
//! Only ASCII letters change, as in Python's `bytes.upper()`. So a message keeps its size,
//! valid UTF-8 stays valid, and a message may have any bytes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A change of case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// None.
    #[default]
    None,
    /// To upper case.
    Upper,
    /// To lower case.
    Lower,
    /// Upper to lower case and lower to upper.
    Swap,
}

impl Transform {
    /// The changed byte.
    pub(crate) const fn byte(self, byte: u8) -> u8 {
        match self {
            Transform::Upper => byte.to_ascii_uppercase(),
            Transform::Lower => byte.to_ascii_lowercase(),
            Transform::Swap if byte.is_ascii_alphabetic() => byte ^ 0x20,
            Transform::None | Transform::Swap => byte,
        }
    }

    /// The changed message.
    pub(crate) fn apply(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Transform::None => Cow::Borrowed(bytes),
            _ => bytes.iter().map(|&byte| self.byte(byte)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_letters_change_their_case_and_nothing_else() {
        let message = "Grüße, World 1\0".as_bytes();
        let text = |transform: Transform| transform.apply(message).into_owned();
        assert_eq!(text(Transform::None), message);
        assert_eq!(text(Transform::Upper), "GRüßE, WORLD 1\0".as_bytes());
        assert_eq!(text(Transform::Lower), "grüße, world 1\0".as_bytes());
        assert_eq!(text(Transform::Swap), "gRüßE, wORLD 1\0".as_bytes());
    }
}
