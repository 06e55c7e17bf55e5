//! The config of a controller.

use runner_sdk::{Problem, Span};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// The config of `traffic.controller`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ControllerConfig {
    /// The name of the node that is the east-west light.
    pub east_west: String,

    /// The name of the node that is the north-south light.
    pub north_south: String,

    /// The length of east-west green. No press changes it.
    pub east_west_green: Span,

    /// The length of north-south green without a press.
    pub north_south_green: Span,

    /// The length of each yellow. No press changes it.
    pub yellow: Span,

    /// The least length of north-south green. An earlier press takes effect then, a later one
    /// at once. At most `north_south_green`.
    pub north_south_min_green: Span,

    /// Whether a press while north-south is not green counts for its next green. Otherwise the
    /// press is ignored.
    pub remember_press: bool,
}

impl Default for ControllerConfig {
    fn default() -> ControllerConfig {
        let timings = Timings::default();
        ControllerConfig {
            east_west: "east_west".to_owned(),
            north_south: "north_south".to_owned(),
            east_west_green: timings.east_west_green,
            north_south_green: timings.north_south_green,
            yellow: timings.yellow,
            north_south_min_green: timings.north_south_min_green,
            remember_press: timings.remember_press,
        }
    }
}

impl ControllerConfig {
    /// The part of the config that is about time.
    pub fn timings(&self) -> Timings {
        Timings {
            east_west_green: self.east_west_green,
            north_south_green: self.north_south_green,
            yellow: self.yellow,
            north_south_min_green: self.north_south_min_green,
            remember_press: self.remember_press,
        }
    }

    /// The mistakes of a config, beyond types.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.east_west == self.north_south {
            problems.push(Problem::at(
                "north_south",
                format!(
                    "is `{}`, and so is `east_west`: expected two lights",
                    self.north_south
                ),
            ));
        }
        for (key, span) in [
            ("east_west_green", self.east_west_green),
            ("north_south_green", self.north_south_green),
            ("yellow", self.yellow),
            ("north_south_min_green", self.north_south_min_green),
        ] {
            if span == Span::ZERO {
                problems.push(Problem::at(key, "is 0, expected more than 0"));
            }
        }
        if self.north_south_min_green > self.north_south_green {
            problems.push(Problem::at(
                "north_south_min_green",
                format!(
                    "is {}, more than `north_south_green`, which is {}: expected at most that",
                    self.north_south_min_green, self.north_south_green
                ),
            ));
        }
        problems
    }
}

/// The lengths of the phases. The controller's log has them as text, so that a check of the
/// log knows what was configured:
/// `east_west_green=30s north_south_green=1m yellow=5s north_south_min_green=30s
/// remember_press=false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// East-west green.
    pub east_west_green: Span,
    /// North-south green without a press.
    pub north_south_green: Span,
    /// Either yellow.
    pub yellow: Span,
    /// The shortest north-south green.
    pub north_south_min_green: Span,
    /// Whether a press at another time counts for the next north-south green.
    pub remember_press: bool,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            east_west_green: Span::from_secs(30),
            north_south_green: Span::from_secs(60),
            yellow: Span::from_secs(5),
            north_south_min_green: Span::from_secs(30),
            remember_press: false,
        }
    }
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "east_west_green={} north_south_green={} yellow={} north_south_min_green={} remember_press={}",
            self.east_west_green,
            self.north_south_green,
            self.yellow,
            self.north_south_min_green,
            self.remember_press
        )
    }
}

impl FromStr for Timings {
    /// The text that was found.
    type Err = String;

    fn from_str(text: &str) -> Result<Timings, String> {
        let mut words = text.split(' ');
        let mut value = |key: &str| {
            let word = words.next().unwrap_or_default();
            word.strip_prefix(key)
                .and_then(|rest| rest.strip_prefix('='))
                .ok_or_else(|| format!("`{word}`, expected `{key}=...`"))
        };
        let timings = Timings {
            east_west_green: value("east_west_green")?.parse()?,
            north_south_green: value("north_south_green")?.parse()?,
            yellow: value("yellow")?.parse()?,
            north_south_min_green: value("north_south_min_green")?.parse()?,
            remember_press: match value("remember_press")? {
                "true" => true,
                "false" => false,
                other => return Err(format!("`{other}`, expected `true` or `false`")),
            },
        };
        match words.next() {
            Some(word) => Err(format!("`{word}` after the last")),
            None => Ok(timings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_come_back_from_their_text() {
        let timings = Timings {
            east_west_green: Span::from_ms(1),
            yellow: Span::from_ns(1_500),
            remember_press: true,
            ..Timings::default()
        };
        let text = timings.to_string();
        assert_eq!(
            text,
            "east_west_green=1ms north_south_green=1m yellow=1.5us north_south_min_green=30s remember_press=true"
        );
        assert_eq!(text.parse(), Ok(timings));
        for wrong in ["", "east_west_green=30s", &format!("{text} more")] {
            assert!(wrong.parse::<Timings>().is_err(), "{wrong}");
        }
    }
}
