//! The config of `chat.client`.

use super::script::Line;
use chat_core::{MAX_TEXT, check_name};
use runner_sdk::{Arrivals, Distribution, InOrder, Problem, Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `chat.client`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// Name of the server's node. Default: `server`, or the only peer that is no client if no peer has that
    /// name.
    pub server: Option<String>,

    /// Name of the account. Default: the node's name.
    pub name: Option<String>,

    /// Commands to execute, one after the other: `create NAME`, `login NAME`, `logout`,
    /// `list [PATTERN]`, `send NAME TEXT`, `receive`, `delete`. Besides: `wait 2s` pauses,
    /// `await 3` waits until 3 messages in total have arrived, `drop 2s` loses the connection for
    /// 2 s. Results and messages are printed.
    pub script: Vec<String>,

    /// Without a script: number of random actions. The user creates its account, logs in,
    /// executes the actions, and stays logged in. With `rate` or `gap`: number of messages.
    pub actions: u64,

    /// Open loop: messages per second, evenly spaced, each to a random user. The user does not wait
    /// for replies, and `reply_ns` counts from the time at which the message was to be sent. The first
    /// is sent after the login and a list of the users.
    #[schemars(extend("x-open-loop" = true))]
    pub rate: Option<Rate>,

    /// Open loop, as `rate`: the time from one message to the next. From a distribution, each gap
    /// is a new draw, or the next value of a trace.
    #[schemars(extend("x-open-loop" = true))]
    pub gap: Option<InOrder<Span>>,

    /// Pause before each random action. From a distribution, each pause is a new draw.
    pub think: Distribution<Span>,

    /// How long a user is away after a random logout, drop or deletion, before it returns.
    pub away: Distribution<Span>,

    /// Relative frequency of each action: `send` (to a user of the last list), `list`, `receive`,
    /// `logout`, `drop` (loses the connection), `delete`.
    pub weights: Weights,

    /// Size of the text of a random message, in bytes, at most 4096.
    pub size: Distribution<f64>,

    /// How long to wait for a reply before the request is sent again. The wait doubles with each
    /// repetition, up to 8 times the `timeout`. Without a `timeout` the user waits forever: use
    /// this only over links that lose no messages. With `rate` or `gap` it is for logins and lists
    /// alone, which a server that crashed does not get; messages are sent again after a login.
    pub timeout: Option<Span>,

    /// Interval at which a user that is logged in polls for missing messages. Default: 4 times
    /// the `timeout`; without a `timeout` the user does not poll.
    pub poll: Option<Span>,

    /// Pause between a lost connection and the next one.
    pub reconnect: Distribution<Span>,
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            server: None,
            name: None,
            script: Vec::new(),
            actions: 0,
            rate: None,
            gap: None,
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

/// Relative frequency of each action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline)]
pub struct Weights {
    /// Send a message to a user of the last list.
    #[schemars(range(min = 0))]
    pub send: f64,
    /// List the names that match a random pattern.
    #[schemars(range(min = 0))]
    pub list: f64,
    /// Request the waiting messages.
    #[schemars(range(min = 0))]
    pub receive: f64,
    /// Log out for a while.
    #[schemars(range(min = 0))]
    pub logout: f64,
    /// Lose the connection for a while.
    #[schemars(range(min = 0))]
    pub drop: f64,
    /// Delete the account; it is created again after a while.
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
    /// The weights in the order of [`Action`](super::random::Action).
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
    /// The interval between two polls.
    pub(super) fn poll(&self) -> Option<Span> {
        let timeout = self
            .timeout
            .map(|it| Span::from_ns(it.ns().saturating_mul(4)));
        self.poll.or(timeout)
    }

    /// Mistakes that types and ranges do not exclude.
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
            let text = "is set together with `script`, expected one of them";
            wrong("actions", text.to_owned());
        }
        for (path, span) in [("timeout", self.timeout), ("poll", self.poll)] {
            if span == Some(Span::ZERO) {
                wrong(path, "is 0, expected more than 0".to_owned());
            }
        }
        let total: f64 = self.weights.all().iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            let text = format!("have the sum {total}, expected more than 0");
            wrong("weights", text);
        }
        problems.extend(Arrivals::problems(self.rate, self.gap.as_ref()));
        problems.extend(self.open_loop_problems());
        problems
    }

    /// Whether messages are sent without waiting for replies.
    pub(super) fn is_open_loop(&self) -> bool {
        self.rate.is_some() || self.gap.is_some()
    }

    /// Keys that mean nothing in an open loop.
    fn open_loop_problems(&self) -> Vec<Problem> {
        if !self.is_open_loop() {
            return Vec::new();
        }
        let key = if self.rate.is_some() { "rate" } else { "gap" };
        let default = ClientConfig::default();
        let others = [
            (
                "script",
                !self.script.is_empty(),
                "a script has its own times",
            ),
            (
                "think",
                self.think != default.think,
                "the load alone says when to send",
            ),
            (
                "away",
                self.away != default.away,
                "the user stays logged in",
            ),
            (
                "weights",
                self.weights != default.weights,
                "each action is a message",
            ),
        ];
        let found = others.into_iter().filter(|(_, is_set, _)| *is_set);
        let problem = |(path, _, why)| {
            let message = format!("and `{key}` exclude each other: in an open loop {why}");
            Problem::at(path, message)
        };
        let mut problems: Vec<Problem> = found.map(problem).collect();
        if self.actions == 0 && self.script.is_empty() {
            let message = format!("is 0, expected the number of messages that `{key}` sends");
            problems.push(Problem::at("actions", message));
        }
        problems
    }
}

/// Maximum size of a random text `[bytes]`.
pub(super) const LONGEST: f64 = MAX_TEXT as f64;
