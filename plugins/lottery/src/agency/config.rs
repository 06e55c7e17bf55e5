//! What a scenario may set for an agency.

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
    /// Its number. None: the number at the end of its node's name, 3 for `agency-3`.
    #[schemars(range(min = 1))]
    pub agency: Option<u32>,

    /// The name of the central's node. None: `central`, or if it is not linked to
    /// a node of that name, its first peer.
    pub central: Option<String>,

    /// A CSV file with its bets, without a header: first name, last name, document,
    /// birthdate, number. A relative path begins at the folder that the runner was
    /// started in; `{agency}` stands for the agency's number.
    pub file: Option<String>,

    /// A single bet: a table with `first_name`, `last_name`, `document`, `birthdate`
    /// and `number`, or `"env"`: from the environment's `NOMBRE`, `APELLIDO`,
    /// `DOCUMENTO`, `NACIMIENTO` and `NUMERO`.
    pub bet: Option<BetConfig>,

    /// So many bets that are made up, the same in every run.
    pub generate: Option<u64>,

    /// Which bets `generate` makes up: others for another number.
    pub seed: u64,

    /// The most bets of a batch.
    #[schemars(range(min = 1, max = 130))]
    pub batch: u32,

    /// The most that the frame of a batch takes, in bytes.
    #[schemars(range(min = 64, max = 8192))]
    pub max_bytes: u32,

    /// How long to wait before asking again who has won; twice as long each time. As
    /// long, doubling, too, after a connection that broke.
    pub backoff: Span,

    /// How long an answer may take before the same is said again on a new
    /// connection. None: as long as it wants.
    pub timeout: Option<Span>,

    /// Of which bets a line is printed when they are stored: of `each`, of a
    /// `single` one that was handed in by itself, of `none`.
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

/// A single bet, or where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BetConfig {
    /// The environment.
    Env,
    /// This one.
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

/// A text that may be written as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word(String);

/// The environment's names for a bet's fields.
const VARIABLES: [&str; 5] = ["NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"];

impl BetConfig {
    /// First name, last name, document, birthdate, number.
    ///
    /// # Errors
    /// When a variable of the environment is not set, or it is no bet.
    pub fn fields(&self) -> Result<[String; 5], String> {
        let mut fields = match self {
            BetConfig::Given(bet) => return Ok(bet.fields().map(str::to_owned)),
            BetConfig::Env => <[String; 5]>::default(),
        };
        for (field, name) in fields.iter_mut().zip(VARIABLES) {
            *field = std::env::var(name).map_err(|error| {
                format!("`bet` is \"env\", and of the environment's {name}: {error}")
            })?;
        }
        let bet = Bet::from_fields(fields.each_ref().map(String::as_str));
        match bet.problem() {
            None => Ok(fields),
            Some(problem) => Err(format!("`bet` is \"env\", and the environment's {problem}")),
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
    /// What is wrong with it, beyond types and ranges.
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
                "there is nothing to hand in, expected one of `file`, `bet` and `generate`",
            )),
            [_, other, ..] => problems.push(Problem::at(
                other,
                format!("stands beside `{}`, expected one of them", named[0]),
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

    /// Its number, as text.
    ///
    /// # Errors
    /// When neither it nor the node's name says one.
    pub(super) fn number(&self, node: &str) -> Result<String, String> {
        let digits = node.len() - node.trim_end_matches(|it: char| it.is_ascii_digit()).len();
        let last = node[node.len() - digits..]
            .parse()
            .ok()
            .filter(|it| *it > 0);
        match self.agency.or(last) {
            Some(number) => Ok(number.to_string()),
            None => Err(format!(
                "`{node}` has no number at its end that could be the agency's: say which with `agency`"
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
