//! The config of `lottery.agency`.

use crate::announce::Announce;
use crate::bet::Bet;
use crate::wire::{MAX_BETS, MAX_FRAME};
use runner_sdk::{Problem, Span};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use std::borrow::Cow;
use std::fmt;

/// The config of `lottery.agency`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgencyConfig {
    /// Number of the agency. Default: the number at the end of the node's name, 3 for `agency-3`.
    #[schemars(range(min = 1))]
    pub agency: Option<u32>,

    /// Name of the central's node. Default: `central`, or the only peer that is no agency if no peer has that
    /// name.
    pub central: Option<String>,

    /// CSV file with the bets, without a header: first name, last name, document, birthdate,
    /// number. A relative path begins at the folder in which the runner was started. `{agency}`
    /// is replaced by the agency's number: `"bets/agency-{agency}.csv"`.
    pub file: Option<String>,

    /// A single bet: a table with `first_name`, `last_name`, `document`, `birthdate` and
    /// `number`, or `"env"` to read it from the environment variables `NOMBRE`, `APELLIDO`,
    /// `DOCUMENTO`, `NACIMIENTO` and `NUMERO`.
    pub bet: Option<BetConfig>,

    /// Number of bets to generate. They are the same in every run.
    pub generate: Option<u64>,

    /// Seed of the generated bets: another seed gives other bets.
    pub seed: u64,

    /// Maximum number of bets in a batch.
    #[schemars(range(min = 1, max = 130))]
    pub batch: u32,

    /// Maximum size of the frame of a batch, in bytes.
    #[schemars(range(min = 64, max = 8192))]
    pub max_bytes: u32,

    /// First pause before the next query for winners, and before a message is sent again after a
    /// broken connection. Each further pause is twice as long: 1 s, 2 s, 4 s.
    pub backoff: Span,

    /// How long to wait for a reply before the message is sent again on a new connection. Without
    /// a `timeout` the agency waits forever.
    pub timeout: Option<Span>,

    /// For which acknowledged bets a line is printed: for `each`, for a `single` bet (a batch of
    /// one bet), or for `none`.
    pub announce: Announce,
}

impl Default for AgencyConfig {
    fn default() -> AgencyConfig {
        AgencyConfig {
            agency: None,
            central: None,
            file: None,
            bet: None,
            generate: None,
            seed: 1,
            batch: MAX_BETS as u32,
            max_bytes: MAX_FRAME as u32,
            backoff: Span::from_secs(1),
            timeout: None,
            announce: Announce::Each,
        }
    }
}

/// The source of a single bet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BetConfig {
    /// Environment variables.
    Env,
    /// The config itself.
    Given(SingleBet),
}

/// A single bet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleBet {
    first_name: String,
    last_name: String,
    document: Word,
    birthdate: String,
    number: Word,
}

/// A text that a scenario may also write as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word(String);

/// The environment variables of a bet's fields, in order.
const VARIABLES: [&str; 5] = ["NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"];

impl BetConfig {
    /// First name, last name, document, birthdate, number.
    ///
    /// # Errors
    /// If an environment variable is not set, or the bet has a problem.
    pub fn fields(&self) -> Result<[String; 5], String> {
        let mut fields = match self {
            BetConfig::Given(bet) => return Ok(bet.fields().map(str::to_owned)),
            BetConfig::Env => <[String; 5]>::default(),
        };
        for (field, name) in fields.iter_mut().zip(VARIABLES) {
            *field = std::env::var(name).map_err(|error| {
                format!("`bet` is \"env\", but environment variable {name}: {error}")
            })?;
        }
        let bet = Bet::from_fields(fields.each_ref().map(String::as_str));
        match bet.problem() {
            None => Ok(fields),
            Some(problem) => Err(format!(
                "`bet` is \"env\", but in the environment {problem}"
            )),
        }
    }
}

impl SingleBet {
    fn fields(&self) -> [&str; 5] {
        [
            &self.first_name,
            &self.last_name,
            &self.document.0,
            &self.birthdate,
            &self.number.0,
        ]
    }
}

impl AgencyConfig {
    /// Mistakes that types and ranges do not exclude.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let sources = [
            ("file", self.file.is_some()),
            ("bet", self.bet.is_some()),
            ("generate", self.generate.is_some()),
        ];
        let named: Vec<&str> = sources.iter().filter(|it| it.1).map(|it| it.0).collect();
        match *named {
            [_] => {}
            [] => problems.push(Problem::at(
                "",
                "the agency has no bets, expected one of `file`, `bet` and `generate`",
            )),
            [_, other, ..] => problems.push(Problem::at(
                other,
                format!("is set together with `{}`, expected one of them", named[0]),
            )),
        }
        if let Some(BetConfig::Given(bet)) = &self.bet
            && let Some(problem) = Bet::from_fields(bet.fields()).problem()
        {
            problems.push(Problem::at("bet", problem));
        }
        for (key, span) in [("backoff", Some(self.backoff)), ("timeout", self.timeout)] {
            if span == Some(Span::ZERO) {
                problems.push(Problem::at(key, "is 0, expected more than 0"));
            }
        }
        problems
    }

    /// The agency's number, as text.
    ///
    /// # Errors
    /// If neither the config nor the node's name contains it.
    pub(super) fn number(&self, node: &str) -> Result<String, String> {
        let digits = node.len() - node.trim_end_matches(|it: char| it.is_ascii_digit()).len();
        let last = node[node.len() - digits..]
            .parse()
            .ok()
            .filter(|it| *it > 0);
        match self.agency.or(last) {
            Some(number) => Ok(number.to_string()),
            None => Err(format!(
                "the node name `{node}` does not end with a number: set the agency's number with `agency`"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for BetConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BetVisitor)
    }
}

struct BetVisitor;

impl<'de> Visitor<'de> for BetVisitor {
    type Value = BetConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"env\" or a table with first_name, last_name, document, birthdate and number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<BetConfig, E> {
        match text {
            "env" => Ok(BetConfig::Env),
            _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BetConfig, A::Error> {
        SingleBet::deserialize(MapAccessDeserializer::new(map)).map(BetConfig::Given)
    }
}

impl JsonSchema for BetConfig {
    fn schema_name() -> Cow<'static, str> {
        "Bet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let word = json_schema!({ "type": ["string", "integer"] });
        json_schema!({
            "x-value": "`\"env\"` or a table",
            "anyOf": [{ "const": "env" }, {
                "type": "object",
                "properties": {
                    "first_name": { "type": "string" },
                    "last_name": { "type": "string" },
                    "document": word,
                    "birthdate": { "type": "string" },
                    "number": word,
                },
                "required": ["first_name", "last_name", "document", "birthdate", "number"],
                "additionalProperties": false,
            }],
        })
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl Visitor<'_> for WordVisitor {
    type Value = Word;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
        Ok(Word(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Word, E> {
        Ok(Word(number.to_string()))
    }
}
