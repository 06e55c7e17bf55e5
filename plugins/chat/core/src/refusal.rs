//! Why a request is refused, by its code.

use std::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)+) => {
        /// Why a request is refused. The numbers are those of the wire protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Refusal {
            $($(#[$doc])* $name = $code,)+
        }

        impl Refusal {
            /// All of them, in the order of their codes.
            pub const ALL: &[Refusal] = &[$(Refusal::$name,)+];

            /// The refusal with this code.
            pub fn from_code(code: u8) -> Option<Refusal> {
                match code {
                    $($code => Some(Refusal::$name),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for Refusal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Refusal::$name => $text,)+
                })
            }
        }
    };
}

refusals! {
    /// The bytes are no frame of this protocol.
    Malformed = 1, "malformed frame";
    /// The frame's version is not spoken here.
    UnsupportedVersion = 2, "unsupported version";
    /// The frame's type is not known.
    UnknownType = 3, "unknown type";
    /// An older request than the last one came; only the last is answered again.
    OldRequest = 4, "an older request than the last";
    /// The name is none.
    BadName = 5, "a name is 1 to 64 bytes of UTF-8 without blanks, control characters, `*` and `?`";
    /// The pattern is none.
    BadPattern = 6, "a pattern is 1 to 64 bytes of UTF-8";
    /// The text is too long.
    TextTooLong = 7, "a text is at most 4096 bytes of UTF-8";
    /// Somebody has the name already.
    NameTaken = 8, "this name is taken";
    /// Nobody has the name.
    NoSuchAccount = 9, "no account has this name";
    /// Only for those who are logged in.
    NotLoggedIn = 10, "not logged in";
    /// One login at a time.
    AlreadyLoggedIn = 11, "already logged in under another name; log out first";
    /// The sender's number for the message is not above that of its last one.
    NumberUsed = 12, "this number was used for an earlier message";
    /// The recipient's mailbox has no room.
    MailboxFull = 13, "the recipient's mailbox is full";
    /// There is no room for another account.
    ServiceFull = 14, "there is no room for another account";
}

impl Refusal {
    /// Its number in the wire protocol.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_refusals_are_one_to_one() {
        for (index, &refusal) in Refusal::ALL.iter().enumerate() {
            assert_eq!(usize::from(refusal.code()), index + 1);
            assert_eq!(Refusal::from_code(refusal.code()), Some(refusal));
        }
        assert_eq!(Refusal::from_code(0), None);
        assert_eq!(Refusal::from_code(Refusal::ALL.len() as u8 + 1), None);
    }
}
