//! What a scenario may set for a user.

use super::script::Line;
use chat_core::{MAX_TEXT, check_name};
use runner_sdk::{Distribution, Problem, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `chat.client`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// The name of the node that is the server. None: the peer named `server`, or
    /// else the first peer.
    pub server: Option<String>,

    /// The account's name. None: the node's name.
    pub name: Option<String>,

    /// What to do, line by line, each after the one before is answered: `create NAME`,
    /// `login NAME`, `logout`, `list [PATTERN]`, `send NAME TEXT`, `receive`,
    /// `delete`; `wait 2s`; `await 3` (until so many messages have come, all
    /// in all); `drop 2s` (loses the connection for so long). Answers and messages
    /// are printed.
    pub script: Vec<String>,

    /// Without a script: the user makes its account, logs in, does so many things at
    /// random, and then stays.
    pub actions: u64,

    /// How long a user thinks before each of its actions; a distribution is drawn
    /// from each time.
    pub think: Distribution<Span>,

    /// How long a user is away after a logout, a lost connection or a deletion; then
    /// it comes back.
    pub away: Distribution<Span>,

    /// How likely each action is, in proportion: `send` (to somebody who was in the
    /// last list), `list`, `receive`, `logout`, `drop` (the connection is lost),
    /// `delete`.
    pub weights: Weights,

    /// The length of a random message's text, in bytes, at most 4096.
    pub size: Distribution<f64>,

    /// How long an answer may take before the request is sent again, the second time
    /// after twice as long, and so on up to eight times. None: as long as it
    /// wants, for links that lose nothing.
    pub timeout: Option<Span>,

    /// How often a user that is logged in asks whether it has missed anything. None:
    /// after four times the `timeout`, and never without one.
    pub poll: Option<Span>,

    /// How long after a lost connection the user connects again.
    pub reconnect: Distribution<Span>,
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            server: None,
            name: None,
            script: Vec::new(),
            actions: 0,
            think: Span::from_secs(1).into(),
            away: Span::from_secs(5).into(),
            weights: Weights::default(),
            size: 20.0.into(),
            timeout: None,
            poll: None,
            reconnect: Span::from_secs(1).into(),
        }
    }
}

/// How likely each action is, in proportion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
pub struct Weights {
    /// A message to somebody who was in the last list.
    #[schemars(range(min = 0))]
    pub send: f64,
    /// A list of names that fit a random pattern.
    #[schemars(range(min = 0))]
    pub list: f64,
    /// Asking for what waits.
    #[schemars(range(min = 0))]
    pub receive: f64,
    /// Logging out, for a while.
    #[schemars(range(min = 0))]
    pub logout: f64,
    /// Losing the connection, for a while.
    #[schemars(range(min = 0))]
    pub drop: f64,
    /// Deleting the account; it is made again after a while.
    #[schemars(range(min = 0))]
    pub delete: f64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            send: 20.0,
            list: 4.0,
            receive: 1.0,
            logout: 2.0,
            drop: 1.0,
            delete: 0.5,
        }
    }
}

impl Weights {
    /// In the order of [`Deed`](super::random::Deed).
    pub(super) fn all(&self) -> [f64; 6] {
        [
            self.send,
            self.list,
            self.receive,
            self.logout,
            self.drop,
            self.delete,
        ]
    }
}

impl ClientConfig {
    /// The time between two questions for what was missed.
    pub(super) fn poll(&self) -> Option<Span> {
        let timeout = self
            .timeout
            .map(|it| Span::from_ns(it.ns().saturating_mul(4)));
        self.poll.or(timeout)
    }

    /// What is wrong with it, beyond types and ranges.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |path: &str, text: String| problems.push(Problem::at(path, text));
        if let Some(name) = &self.name
            && let Err(refusal) = check_name(name)
        {
            wrong("name", format!("is \"{name}\"; {refusal}"));
        }
        for (index, line) in self.script.iter().enumerate() {
            if let Err(text) = Line::parse(line) {
                wrong(&format!("script[{index}]"), text);
            }
        }
        if !self.script.is_empty() && self.actions > 0 {
            let text = "is set beside a `script`, expected one of the two";
            wrong("actions", text.to_owned());
        }
        for (path, span) in [("timeout", self.timeout), ("poll", self.poll)] {
            if span == Some(Span::ZERO) {
                wrong(path, "is 0, expected more than 0".to_owned());
            }
        }
        let total: f64 = self.weights.all().iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            let text = format!("come to {total} in all, expected more than 0");
            wrong("weights", text);
        }
        problems
    }
}

/// The longest random text `[bytes]`.
pub(super) const LONGEST: f64 = MAX_TEXT as f64;
