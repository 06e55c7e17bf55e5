//! The config of a client.

use crate::Transform;
use crate::pattern::Repeated;
use runner_sdk::{Arrivals, Distribution, InOrder, Problem, Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

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

    /// Open loop: messages per second, evenly spaced. The client does not wait for replies, and
    /// `round_trip_ns` counts from the time at which the message was to be sent.
    #[schemars(extend("x-open-loop" = true))]
    pub rate: Option<Rate>,

    /// Open loop, as `rate`: the time from one message to the next. From a distribution, each gap
    /// is a new draw, or the next value of a trace.
    #[schemars(extend("x-open-loop" = true))]
    pub gap: Option<InOrder<Span>>,

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

    /// What large messages are slices of: made at the first one, for all clients of a group.
    #[serde(skip)]
    pub(super) repeated: OnceLock<Repeated>,
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
            rate: None,
            gap: None,
            server: None,
            expect: None,
            timeout: None,
            pause: Span::ZERO.into(),
            stop: false,
            repeated: OnceLock::new(),
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
        problems.extend(Arrivals::problems(self.rate, self.gap.as_ref()));
        problems.extend(self.open_loop_problems());
        problems
    }

    /// Keys that mean nothing in an open loop.
    fn open_loop_problems(&self) -> Vec<Problem> {
        let key = match (&self.rate, &self.gap) {
            (Some(_), _) => "rate",
            (None, Some(_)) => "gap",
            (None, None) => return Vec::new(),
        };
        let others = [
            (
                "window",
                self.window != 1,
                format!("with `{key}` any number of messages may wait for a reply"),
            ),
            (
                "timeout",
                self.timeout.is_some(),
                format!("with `{key}` no message is sent again"),
            ),
            (
                "pause",
                self.pause != Span::ZERO.into(),
                format!("`{key}` alone says when to send"),
            ),
        ];
        let found = others.into_iter().filter(|(_, is_set, _)| *is_set);
        let problem =
            |(path, _, why)| Problem::at(path, format!("and `{key}` exclude each other: {why}"));
        found.map(problem).collect()
    }
}
