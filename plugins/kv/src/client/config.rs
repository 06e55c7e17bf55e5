//! The config of `kv.client`.

use super::Step;
use runner_sdk::{Distribution, Problem, Span};
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
            think: Span::ZERO.into(),
            timeout: None,
            retries: 10,
            stop: false,
        }
    }
}

impl ClientConfig {
    /// Mistakes that types and ranges do not exclude.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.script.is_empty() && self.operations == 0 {
            problems.push(Problem::at(
                "script",
                "is empty and `operations` is 0, expected at least one command to send",
            ));
        }
        let shares = self.read_share + self.delete_share;
        if shares > 1.0 {
            let message = format!(
                "is {} and `read_share` is {}, expected at most 1 together",
                self.delete_share, self.read_share
            );
            problems.push(Problem::at("delete_share", message));
        }
        if self.timeout == Some(Span::ZERO) {
            problems.push(Problem::at("timeout", "is 0, expected more than 0"));
        }
        problems
    }
}
