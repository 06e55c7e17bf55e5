//! The config of `lottery.agency`.

use crate::announce::Announce;
use crate::bet::Bet;
use crate::wire::MAX_FRAME;
use runner_sdk::{Problem, Span};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::env::VarError;
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

    /// Maximum number of bets in a batch. A batch has fewer if more do not fit in `max_bytes`.
    #[schemars(range(min = 1))]
    pub batch: u32,

    /// Maximum size of the frame of a batch, in bytes.
    #[schemars(range(min = 64, max = 8192))]
    pub max_bytes: u32,

    /// What happens after the central rejects a batch. `skip-batch`: the agency goes on with the
    /// next batch. `skip-bet`: it hands in the halves of the batch, and their halves, until only
    /// the bets that the central does not accept are left out. `stop`: it hands in no more bets,
    /// reports its end, and asks for its winners.
    pub on_bad_bet: OnBadBet,

    /// First pause before the next query for winners, and before a message is sent again after a
    /// broken connection. Each further pause is twice as long: 1 s, 2 s, 4 s.
    pub backoff: Span,

    /// How long to wait for a reply before the message is sent again on a new connection. Without
    /// a `timeout` the agency waits forever.
    pub timeout: Option<Span>,

    /// End the run when the agency has its winners, or is not told them. With several agencies,
    /// the first one would end the run of all. Without `stop`, the run ends after the last of them
    /// if nothing can happen any more.
    pub stop: bool,

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
            batch: BATCH,
            max_bytes: MAX_FRAME as u32,
            on_bad_bet: OnBadBet::SkipBatch,
            backoff: Span::from_secs(1),
            timeout: None,
            stop: false,
            announce: Announce::Each,
        }
    }
}

/// What an agency does after a rejected batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnBadBet {
    /// Goes on with the next batch.
    SkipBatch,
    /// Hands in the halves of the batch.
    SkipBet,
    /// Hands in no more bets.
    Stop,
}

/// Maximum number of bets in a batch by default: with bets of a usual size, their frame takes less
/// than 8192 bytes.
const BATCH: u32 = 130;

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

/// The keys of a bet's fields, in the order of a message.
const KEYS: [&str; 5] = ["first_name", "last_name", "document", "birthdate", "number"];

/// The environment variables of a bet's fields, in order.
const VARIABLES: [&str; 5] = ["NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"];

impl BetConfig {
    /// First name, last name, document, birthdate, number.
    ///
    /// # Errors
    /// Names all fields that are wrong, or environment variables that are missing or wrong.
    pub fn fields(&self) -> Result<[String; 5], Vec<Problem>> {
        match self {
            BetConfig::Given(bet) => {
                let problems = bet.as_bet().problems().into_iter();
                let problems = KEYS
                    .iter()
                    .zip(problems)
                    .filter_map(|(key, problem)| Some(Problem::at(format!("bet.{key}"), problem?)));
                match problems.collect::<Vec<Problem>>() {
                    none if none.is_empty() => Ok(bet.as_bet().fields().map(str::to_owned)),
                    problems => Err(problems),
                }
            }
            BetConfig::Env => from_environment().map_err(|problems| {
                let problems = problems.join(", ");
                let problem = format!("is \"env\", but in the environment {problems}");
                vec![Problem::at("bet", problem)]
            }),
        }
    }
}

/// The fields of the bet in the environment.
///
/// # Errors
/// Names all variables that are missing, and all whose text cannot be stored.
fn from_environment() -> Result<[String; 5], Vec<String>> {
    let found = VARIABLES.map(variable);
    let fields = found.each_ref().map(|it| it.as_deref().unwrap_or_default());
    let wrong = Bet::from_fields(fields).problems();
    let problems = found.iter().zip(wrong).zip(VARIABLES);
    let problems = problems.filter_map(|((found, wrong), name)| match found {
        Ok(_) => wrong.map(|wrong| format!("{name} is wrong: {wrong}")),
        Err(missing) => Some(missing.clone()),
    });
    match problems.collect::<Vec<String>>() {
        none if none.is_empty() => Ok(fields.map(str::to_owned)),
        problems => Err(problems),
    }
}

/// A variable of the environment.
///
/// # Errors
/// Says what is wrong if it is not set, or is no text.
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| match error {
        VarError::NotPresent => format!("{name} is not set"),
        VarError::NotUnicode(_) => format!("{name} is no UTF-8"),
    })
}

impl SingleBet {
    fn as_bet(&self) -> Bet<'_> {
        Bet {
            first_name: &self.first_name,
            last_name: &self.last_name,
            document: &self.document.0,
            birthdate: &self.birthdate,
            number: &self.number.0,
        }
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
        if let Some(Err(wrong)) = self.bet.as_ref().map(BetConfig::fields) {
            problems.extend(wrong);
        }
        if *named == ["file"]
            && let Some(path) = self.known_file()
            && let Err(error) = std::fs::File::open(&path)
        {
            let problem = format!("`{path}` cannot be read: {error}");
            problems.push(Problem::at("file", problem));
        }
        for (key, span) in [("backoff", Some(self.backoff)), ("timeout", self.timeout)] {
            if span == Some(Span::ZERO) {
                problems.push(Problem::at(key, "is 0, expected more than 0"));
            }
        }
        problems
    }

    /// The path of the file, if it does not depend on the node's name.
    fn known_file(&self) -> Option<String> {
        let path = self.file.as_deref()?;
        match self.agency {
            Some(agency) => Some(file_of(path, &agency.to_string())),
            None => (!path.contains(AGENCY)).then(|| path.to_owned()),
        }
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

/// What stands in the path of a file for the agency's number.
const AGENCY: &str = "{agency}";

/// The path of an agency's file.
pub(super) fn file_of(path: &str, agency: &str) -> String {
    path.replace(AGENCY, agency)
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
            "anyOf": [{
                "const": "env",
                // An export to containers hands these on.
                "x-environment": ["NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"],
            }, {
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
