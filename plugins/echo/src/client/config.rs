//! The config of a client.

use crate::Transform;
use runner_sdk::{Distribution, Problem, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `echo.client`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// The sizes of the messages, in bytes, each at most 1000000000. The bytes are
    /// printable and differ from message to message.
    #[schemars(inner(range(max = 1_000_000_000)))]
    pub sizes: Vec<u64>,

    /// Messages, instead of those of `sizes`.
    pub texts: Vec<String>,

    /// The number of times that the list is sent.
    #[schemars(range(min = 1))]
    pub repeat: u32,

    /// The greatest number of messages without a reply at one time.
    #[schemars(range(min = 1))]
    pub window: u32,

    /// The name of the server. None: the only peer that is not a client, too.
    pub server: Option<String>,

    /// The correct reply: the `same` bytes (the default), or these bytes with their ASCII
    /// letters in `upper` case, in `lower` case or `swap`ped; or `any`: replies are printed
    /// and not verified. If the key is set, and not to `any`, the run fails if a message has
    /// no reply at its end.
    pub expect: Option<Expect>,

    /// The time after which a message without a reply is sent again. None: never. The run
    /// fails if a message has no reply at its end and its timeout has passed.
    pub timeout: Option<Span>,

    /// The time from a reply to the next message; a distribution is drawn from each
    /// time.
    pub pause: Distribution<Span>,

    /// End the run at the last reply.
    pub stop: bool,
}

/// The greatest default size is 10 to this power.
const DECADES: u32 = 7;

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            sizes: (0..=DECADES).map(|decade| 10_u64.pow(decade)).collect(),
            texts: Vec::new(),
            repeat: 1,
            window: 1,
            server: None,
            expect: None,
            timeout: None,
            pause: Span::ZERO.into(),
            stop: false,
        }
    }
}

/// The correct reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// The message itself.
    #[default]
    Same,
    /// The message in upper case.
    Upper,
    /// The message in lower case.
    Lower,
    /// The message with upper and lower case swapped.
    Swap,
    /// Any bytes.
    Any,
}

impl Expect {
    /// The transform from message to reply; none if any reply is correct.
    pub(super) fn transform(self) -> Option<Transform> {
        match self {
            Expect::Same => Some(Transform::None),
            Expect::Upper => Some(Transform::Upper),
            Expect::Lower => Some(Transform::Lower),
            Expect::Swap => Some(Transform::Swap),
            Expect::Any => None,
        }
    }
}

impl ClientConfig {
    /// The correct reply.
    pub(super) fn reply(&self) -> Expect {
        self.expect.unwrap_or_default()
    }

    /// The mistakes of a config, beyond types and ranges.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.texts.is_empty() && self.sizes.is_empty() {
            problems.push(Problem::at(
                "sizes",
                "is empty and so is `texts`, expected at least one message to send",
            ));
        }
        if self.timeout == Some(Span::ZERO) {
            problems.push(Problem::at("timeout", "is 0, expected more than 0"));
        }
        problems
    }
}
