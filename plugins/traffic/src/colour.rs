//! The colours of a light: as a message, as text and on a terminal.

use std::fmt;

/// The colour of a light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Stop. The first colour of each light.
    #[default]
    Red,
    /// Go.
    Green,
    /// Red comes next.
    Yellow,
}

impl Colour {
    /// The colour that a message of exactly `R`, `G` or `Y` means.
    pub fn from_message(message: &[u8]) -> Option<Colour> {
        match message {
            b"R" => Some(Colour::Red),
            b"G" => Some(Colour::Green),
            b"Y" => Some(Colour::Yellow),
            _ => None,
        }
    }

    /// The message for this colour, which is also its letter in the log.
    pub fn letter(self) -> &'static str {
        match self {
            Colour::Red => "R",
            Colour::Green => "G",
            Colour::Yellow => "Y",
        }
    }

    /// The letter in its colour. The runner shows the style on a terminal, and removes it
    /// everywhere else.
    pub fn painted(self) -> &'static str {
        match self {
            Colour::Red => "\x1b[1;31mR\x1b[0m",
            Colour::Green => "\x1b[1;32mG\x1b[0m",
            Colour::Yellow => "\x1b[1;33mY\x1b[0m",
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Colour::Red => "red",
            Colour::Green => "green",
            Colour::Yellow => "yellow",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_its_letter_and_nothing_else() {
        for colour in [Colour::Red, Colour::Green, Colour::Yellow] {
            let letter = colour.letter();
            assert_eq!(Colour::from_message(letter.as_bytes()), Some(colour));
            assert!(colour.painted().contains(letter));
        }
        for message in ["", "r", "RR", "R\n", " R", "B", "red", "\u{fe0f}R"] {
            assert_eq!(
                Colour::from_message(message.as_bytes()),
                None,
                "{message:?}"
            );
        }
    }
}
