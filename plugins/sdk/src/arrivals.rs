//! When an open-loop client begins its requests.
//!
//! A *closed-loop* client sends its next request after the reply to the last one. While the
//! server stalls, it sends nothing: the requests that would have waited are never sent, so
//! their latencies are in no percentile, and the stall is one slow request among thousands of
//! fast ones. This is called coordinated omission (Gil Tene, "How NOT to Measure Latency",
//! 2013; his load generator wrk2).
//!
//! An *open-loop* client begins its requests at times of its own, whatever the server does, as
//! many users together do. Its latency counts from the time at which the request was to begin,
//! not from when it was sent: if the client itself is late, that is part of what a user waits.
//!
//! A load generator has the two optional keys `rate` and `gap`, and makes [`Arrivals`] of them:
//!
//! ```
//! use runner_sdk::{Arrivals, InOrder, Rate, Span};
//!
//! #[derive(Default, serde::Deserialize, schemars::JsonSchema)]
//! #[serde(default)]
//! struct Config {
//!     /// Open loop: requests per second, evenly spaced.
//!     #[schemars(extend("x-open-loop" = true))]
//!     rate: Option<Rate>,
//!     /// Open loop: from one request to the next.
//!     #[schemars(extend("x-open-loop" = true))]
//!     gap: Option<InOrder<Span>>,
//! }
//! // In `check`: Arrivals::problems(config.rate, config.gap.as_ref())
//! // In `start`: Arrivals::new(config.rate, config.gap.as_ref(), node.now_ns(), node.random())
//! ```
//!
//! The mark `x-open-loop` lets the runner tell in the report which clients are closed loops.

use crate::{InOrder, Problem, Random, Span};
use base::exact::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;

/// Requests per second, for a config's fields: a number above 0, at most 10^9. It is kept as
/// written: at a rate of 1.1, request 33 begins 30 s after the start, to the nanosecond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(Decimal);

/// The largest rate `[1/s]`: one request per nanosecond.
const MAX_RATE: f64 = 1e9;

/// The number of nanoseconds of a second.
const SECOND: u128 = 1_000_000_000;

impl Rate {
    /// A rate `[1/s]`; `None` if it is not above 0 and at most 10^9.
    pub fn per_second(rate: f64) -> Option<Rate> {
        let valid = rate > 0.0 && rate <= MAX_RATE;
        valid.then(|| Decimal::of(rate).map(Rate)).flatten()
    }

    /// The span of so many requests `[ns]`, rounded down.
    fn span_ns(self, requests: u64) -> u64 {
        let (digits, parts) = self.0.ratio();
        let span = u128::from(requests)
            .checked_mul(SECOND)
            .and_then(|it| it.checked_mul(parts))
            .map(|it| it / digits.unsigned_abs());
        match span {
            Some(span) => u64::try_from(span).unwrap_or(u64::MAX),
            // More than 128 bits: a rate of many digits, or after centuries.
            None => (requests as f64 * 1e9 / self.0.to_f64()) as u64,
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        struct RateVisitor;

        impl Visitor<'_> for RateVisitor {
            type Value = Rate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number above 0, at most 1000000000")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Rate, E> {
                Rate::per_second(number).ok_or_else(|| {
                    let expected = "expected a number above 0, at most 1000000000";
                    E::custom(format!("{expected}, found {number}"))
                })
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Rate, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Rate, E> {
                self.visit_f64(number as f64)
            }
        }

        deserializer.deserialize_any(RateVisitor)
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": MAX_RATE,
            "x-value": "a number above 0, at most 1000000000",
        })
    }
}

/// The times at which an open-loop client begins its requests.
#[derive(Clone, Debug)]
pub struct Arrivals {
    law: Law,
    next_ns: u64,
}

#[derive(Clone, Debug)]
enum Law {
    /// Evenly spaced from the start on.
    Rate {
        rate: Rate,
        start_ns: u64,
        requests: u64,
    },
    /// Each gap is a draw, or the next of a trace.
    Gap { gap: InOrder<Span>, drawn: u64 },
}

impl Arrivals {
    /// What is wrong with the keys `rate` and `gap` of a config.
    pub fn problems(rate: Option<Rate>, gap: Option<&InOrder<Span>>) -> Vec<Problem> {
        let Some(gap) = gap else { return Vec::new() };
        let mut problems = Vec::new();
        if rate.is_some() {
            problems.push(Problem::at(
                "gap",
                "and `rate` both say when requests begin, expected one of them",
            ));
        }
        if gap.is_constant() && gap.next(&mut Random::from_seed(1), &mut 0) == Span::ZERO {
            problems.push(Problem::at("gap", "is 0, expected more than 0"));
        }
        problems
    }

    /// The arrivals from this local time on `[ns]`, the first of them one gap later; `None` if the
    /// config has neither key: the client is a closed loop.
    pub fn new(
        rate: Option<Rate>,
        gap: Option<&InOrder<Span>>,
        start_ns: u64,
        random: &mut Random,
    ) -> Option<Arrivals> {
        let law = match (rate, gap) {
            (Some(rate), _) => Law::Rate {
                rate,
                start_ns,
                requests: 0,
            },
            (None, Some(gap)) => Law::Gap {
                gap: gap.clone(),
                drawn: 0,
            },
            (None, None) => return None,
        };
        let mut arrivals = Arrivals {
            law,
            next_ns: start_ns,
        };
        arrivals.advance(random);
        Some(arrivals)
    }

    /// The local time at which the next request is to begin `[ns]`. It may be over: then the
    /// client is late, and begins the request at once.
    pub fn next_ns(&self) -> u64 {
        self.next_ns
    }

    /// The next request has begun: goes on to the one after it.
    pub fn advance(&mut self, random: &mut Random) {
        self.next_ns = match &mut self.law {
            Law::Rate {
                rate,
                start_ns,
                requests,
            } => {
                *requests += 1;
                start_ns.saturating_add(rate.span_ns(*requests))
            }
            Law::Gap { gap, drawn } => self.next_ns.saturating_add(gap.next(random, drawn).ns()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_to_the_nanosecond() {
        let mut random = Random::from_seed(1);
        let mut arrivals = Arrivals::new(Rate::per_second(1.1), None, 5, &mut random).unwrap();
        for _ in 1..33 {
            arrivals.advance(&mut random);
        }
        assert_eq!(arrivals.next_ns(), 30_000_000_005);
        let mut fast = Arrivals::new(Rate::per_second(3.0), None, 0, &mut random).unwrap();
        assert_eq!(fast.next_ns(), 333_333_333);
        fast.advance(&mut random);
        fast.advance(&mut random);
        assert_eq!(fast.next_ns(), 1_000_000_000);
    }

    #[test]
    fn gaps_are_draws_and_do_not_depend_on_when_requests_are_sent() {
        let gap: InOrder<Span> = Span::from_ms(10).into();
        let mut random = Random::from_seed(1);
        let mut arrivals = Arrivals::new(None, Some(&gap), 0, &mut random).unwrap();
        assert_eq!(arrivals.next_ns(), 10_000_000);
        arrivals.advance(&mut random);
        assert_eq!(arrivals.next_ns(), 20_000_000);
        assert!(Arrivals::new(None, None, 0, &mut random).is_none());
    }

    #[test]
    fn both_keys_and_a_gap_of_0_are_mistakes() {
        let (some, zero) = (Span::from_ms(1).into(), Span::ZERO.into());
        let rate = Rate::per_second(1.0);
        assert!(Arrivals::problems(rate, None).is_empty());
        assert!(Arrivals::problems(None, Some(&some)).is_empty());
        assert_eq!(Arrivals::problems(rate, Some(&some))[0].path, "gap");
        assert_eq!(Arrivals::problems(None, Some(&zero)).len(), 1);
        for rate in [0.0, -1.0, 1e10, f64::NAN, f64::INFINITY] {
            assert!(Rate::per_second(rate).is_none(), "{rate}");
        }
    }
}
