//! The config of `kv.client`.

use super::Step;
use crate::wire::{Dialect, Reply, Unwritable, Wire, WireProtocol, Words};
use runner_sdk::{Arrivals, Distribution, InOrder, Problem, Rate, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The config of `kv.client`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// The name of the server. None: the only peer that is not a client, too.
    pub server: Option<String>,

    /// Commands to send first, in order: a text such as `"set a 1"`, or
    /// `{ send = "get a", expect = "1" }` with the expected reply. Any other reply fails the run.
    pub script: Vec<Step>,

    /// Number of random commands to send after the script.
    pub operations: u64,

    /// Number of keys that random commands use: `key-1` to `key-N`. With `zipf`, `key-1` is the
    /// most frequent.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    pub keys: u64,

    /// How keys are drawn: each with the same probability (`uniform`), or the k-th with a
    /// probability proportional to 1/k^`exponent` (`zipf`).
    pub distribution: KeyDistribution,

    /// Exponent of `zipf`: with 0 all keys are equally frequent, with 1 the first is drawn twice
    /// as often as the second.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub exponent: f64,

    /// The share of the random commands that are `get`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub read_share: f64,

    /// The share of the random commands that are `delete`. The rest are `set`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub delete_share: f64,

    /// Minimum size of the values that random commands write, in bytes. A value is the
    /// client's name and the operation's number, so no two values are equal. It is padded with
    /// dots, such as `client-1:7....`.
    #[schemars(range(max = 100_000_000))]
    pub value_size: u64,

    /// The share of the random commands that are `INCR`, of the keys `counter-1` to `counter-N`.
    /// Needs `protocol = "resp"`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub increment_share: f64,

    /// The protocol of the store: plain `text`, or the Redis protocol (`resp`).
    pub protocol: WireProtocol,

    /// For `text`: how commands are written: `set K V` (`space`), `set:K=V` (`colon`) or `SET,K,V`
    /// (`comma`).
    pub dialect: Dialect,

    /// For `text`: the store's reply to a `set` or `delete` that it has executed.
    pub ok: String,

    /// For `text`: the store's reply for a key that does not exist.
    pub not_found: String,

    /// For `text`: how the store's refusals begin. The rest of the reply is the reason.
    pub error: String,

    /// The server closes the connection after each reply, so each command has a connection of its
    /// own.
    pub reconnect: bool,

    /// Open loop: commands per second, evenly spaced. The client does not wait for replies, and
    /// `latency_ns` counts from the time at which the command was to be sent.
    #[schemars(extend("x-open-loop" = true))]
    pub rate: Option<Rate>,

    /// Open loop, as `rate`: the time from one command to the next. From a distribution, each gap
    /// is a new draw, or the next value of a trace.
    #[schemars(extend("x-open-loop" = true))]
    pub gap: Option<InOrder<Span>>,

    /// Pause between a reply and the next command. From a distribution, each pause is a new draw.
    pub think: Distribution<Span>,

    /// How long to wait for a reply before the command is sent again. Without a `timeout` the
    /// client waits forever.
    pub timeout: Option<Span>,

    /// How many times a command is sent again before it is given up. Needs a `timeout`.
    pub retries: u32,

    /// End the run after the last reply. With several clients, the first one that finishes
    /// ends the run.
    pub stop: bool,
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyDistribution {
    /// Each key with the same probability.
    #[default]
    Uniform,
    /// The k-th key with a probability proportional to 1/k^`exponent`.
    Zipf,
}

impl Default for ClientConfig {
    fn default() -> ClientConfig {
        ClientConfig {
            server: None,
            script: Vec::new(),
            operations: 0,
            keys: 10,
            distribution: KeyDistribution::Uniform,
            // As in the Yahoo Cloud Serving Benchmark (Cooper et al., 2010).
            exponent: 0.99,
            read_share: 0.5,
            delete_share: 0.05,
            value_size: 0,
            increment_share: 0.0,
            protocol: WireProtocol::Text,
            dialect: Dialect::Space,
            ok: Words::default().ok,
            not_found: Words::default().not_found,
            error: Words::default().error,
            reconnect: false,
            rate: None,
            gap: None,
            think: Span::ZERO.into(),
            timeout: None,
            retries: 10,
            stop: false,
        }
    }
}

impl ClientConfig {
    /// How commands and replies are written.
    pub(super) fn wire(&self) -> Wire {
        Wire {
            protocol: self.protocol,
            dialect: self.dialect,
            words: Words {
                ok: self.ok.clone(),
                not_found: self.not_found.clone(),
                error: self.error.clone(),
            },
        }
    }

    /// Whether commands are sent without waiting for replies.
    pub(super) fn is_open_loop(&self) -> bool {
        self.rate.is_some() || self.gap.is_some()
    }

    /// Mistakes that types and ranges do not exclude.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.script.is_empty() && self.operations == 0 {
            problems.push(Problem::at(
                "script",
                "is empty and `operations` is 0, expected at least one command to send",
            ));
        }
        let shares = self.read_share + self.delete_share + self.increment_share;
        if shares > 1.0 {
            let increments = match self.increment_share {
                0.0 => String::new(),
                share => format!(", `increment_share` is {share}"),
            };
            let message = format!(
                "is {} and `read_share` is {}{increments}, expected at most 1 together",
                self.delete_share, self.read_share
            );
            problems.push(Problem::at("delete_share", message));
        }
        if self.timeout == Some(Span::ZERO) {
            problems.push(Problem::at("timeout", "is 0, expected more than 0"));
        }
        problems.extend(Arrivals::problems(self.rate, self.gap.as_ref()));
        problems.extend(self.open_loop_problems());
        problems.extend(self.wire_problems());
        problems
    }

    /// Keys that mean nothing in an open loop.
    fn open_loop_problems(&self) -> Vec<Problem> {
        if !self.is_open_loop() {
            return Vec::new();
        }
        let key = if self.rate.is_some() { "rate" } else { "gap" };
        let mut problems = Vec::new();
        if self.timeout.is_some() {
            let message =
                format!("and `{key}` exclude each other: with `{key}` no command is sent again");
            problems.push(Problem::at("timeout", message));
        }
        if self.think != Span::ZERO.into() {
            let message =
                format!("and `{key}` exclude each other: `{key}` alone says when to send");
            problems.push(Problem::at("think", message));
        }
        if self.reconnect {
            let message = format!(
                "and `{key}` exclude each other: only on one connection do replies come in order"
            );
            problems.push(Problem::at("reconnect", message));
        }
        problems
    }

    /// Words that contradict each other, and commands that cannot be written.
    fn wire_problems(&self) -> Vec<Problem> {
        let wire = self.wire();
        let mut problems = Vec::new();
        if self.protocol == WireProtocol::Resp {
            let default = Words::default();
            let words = [
                ("ok", self.ok == default.ok),
                ("not_found", self.not_found == default.not_found),
                ("error", self.error == default.error),
                ("dialect", self.dialect == Dialect::Space),
            ];
            for (key, _) in words.into_iter().filter(|(_, is_default)| !is_default) {
                let message = "is for plain text, and `protocol` is \"resp\"";
                problems.push(Problem::at(key, message));
            }
        } else {
            if self.increment_share > 0.0 {
                let message = "needs `protocol = \"resp\"`: plain text has no such command";
                problems.push(Problem::at("increment_share", message));
            }
            if self.error.is_empty() {
                let message = "is empty, expected the beginning of the store's refusals";
                problems.push(Problem::at("error", message));
            }
        }
        for (index, step) in self.script.iter().enumerate() {
            if let Some(message) = self.script_problem(&wire, &step.send) {
                problems.push(Problem::at(format!("script[{index}]"), message));
            }
        }
        problems
    }

    /// Why a command of the script cannot be sent, or what it sets cannot be recognized later.
    fn script_problem(&self, wire: &Wire, send: &str) -> Option<String> {
        let request = match wire.request(send.as_bytes()) {
            Ok(request) => request,
            Err(Unwritable::Empty) => return Some("is empty, expected a command".to_owned()),
            Err(problem) => return Some(format!("cannot be sent: {problem}")),
        };
        // The plain text protocol has always had this weakness with its own words.
        if wire.words == Words::default() {
            return None;
        }
        let value = request.value.filter(|_| request.name == "set")?;
        let meant = match wire.reply("get", &value) {
            Reply::NotFound => "`not_found`",
            Reply::Refused(_) => "`error`",
            _ => return None,
        };
        Some(format!(
            "sets a value that reads as {meant}, so nobody could tell it from that"
        ))
    }
}
