//! The reasons for a refusal, and their codes.

use std::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)+) => {
        /// Why a request is refused. The codes are those of the wire protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Refusal {
            $($(#[$doc])* $name = $code,)+
        }

        impl Refusal {
            /// All refusals, in the order of their codes.
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
    /// The bytes are not a frame of this protocol.
    Malformed = 1, "malformed frame";
    /// The frame has another version.
    UnsupportedVersion = 2, "unsupported version";
    /// The frame's type is unknown.
    UnknownType = 3, "unknown type";
    /// The request is older than the last one; only the last reply is sent again.
    OldRequest = 4, "an older request than the last";
    /// The name is invalid.
    BadName = 5, "a name is 1 to 64 bytes of UTF-8 without blanks, control characters, `*` and `?`";
    /// The pattern is invalid.
    BadPattern = 6, "a pattern is 1 to 64 bytes of UTF-8";
    /// The text is too long.
    TextTooLong = 7, "a text is at most 4096 bytes of UTF-8";
    /// An account with this name exists.
    NameTaken = 8, "this name is taken";
    /// No account has this name.
    NoSuchAccount = 9, "no account has this name";
    /// The request needs a login.
    NotLoggedIn = 10, "not logged in";
    /// The session is logged in to another account.
    AlreadyLoggedIn = 11, "already logged in under another name; log out first";
    /// The message's number is not above that of the sender's last message.
    NumberUsed = 12, "this number was used for an earlier message";
    /// The recipient's mailbox is full.
    MailboxFull = 13, "the recipient's mailbox is full";
    /// The service has its maximum number of accounts.
    ServiceFull = 14, "there is no room for another account";
}

impl Refusal {
    /// The code in the wire protocol.
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
