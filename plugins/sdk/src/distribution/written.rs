//! A distribution as a config writes it: read, shown, described.

use super::{Distribution, Kind};
use crate::Span;
use crate::span::SpanVisitor;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// What may vary: a number or a span.
pub trait Quantity: sealed::Quantity {}
impl Quantity for f64 {}
impl Quantity for Span {}

mod sealed {
    use super::*;

    pub trait Quantity: Sized + Serialize + DeserializeOwned + JsonSchema {
        /// What one is called, what many are.
        const NAMES: [&'static str; 2];
        /// One where whole ones are asked for.
        type Whole: DeserializeOwned + Serialize + JsonSchema;
        fn whole(whole: Self::Whole) -> Result<i64, String>;
        fn from_whole(whole: i64) -> Self::Whole;
        /// The number that draws are made with.
        fn number(self) -> Result<f64, String>;
        fn from_number(number: f64) -> Self;
        /// Reads a single one where a table is possible, too.
        fn visitor() -> impl for<'de> Visitor<'de, Value = Self>;
    }

    impl Quantity for f64 {
        const NAMES: [&'static str; 2] = ["a number", "numbers"];
        type Whole = i64;
        fn whole(whole: i64) -> Result<i64, String> {
            Ok(whole)
        }
        fn from_whole(whole: i64) -> i64 {
            whole
        }
        fn number(self) -> Result<f64, String> {
            match self.is_finite() {
                true => Ok(self),
                false => Err(format!("expected a finite number, found {self}")),
            }
        }
        fn from_number(number: f64) -> f64 {
            number
        }
        fn visitor() -> impl for<'de> Visitor<'de, Value = f64> {
            NumberVisitor
        }
    }

    impl Quantity for Span {
        const NAMES: [&'static str; 2] = ["a duration", "durations"];
        type Whole = Span;
        fn whole(whole: Span) -> Result<i64, String> {
            i64::try_from(whole.ns()).map_err(|_| too_long(whole))
        }
        fn from_whole(whole: i64) -> Span {
            Span::from_ns(whole.unsigned_abs())
        }
        fn number(self) -> Result<f64, String> {
            match self.ns() as f64 <= i64::MAX as f64 {
                true => Ok(self.ns() as f64),
                false => Err(too_long(self)),
            }
        }
        fn from_number(number: f64) -> Span {
            Span::from_ns(number as u64)
        }
        fn visitor() -> impl for<'de> Visitor<'de, Value = Span> {
            SpanVisitor
        }
    }

    fn too_long(span: Span) -> String {
        format!("expected less than 292 years (2^63 ns), found text \"{span}\"")
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }
    fn visit_i64<E>(self, number: i64) -> Result<f64, E> {
        Ok(number as f64)
    }
    fn visit_u64<E>(self, number: u64) -> Result<f64, E> {
        Ok(number as f64)
    }
    fn visit_f64<E>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }
}

/// The distributions' names, in the order of the reference.
const NAMES: [&str; 7] = [
    "uniform",
    "uniform_int",
    "choice",
    "normal",
    "exponential",
    "lognormal",
    "pareto",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Normal<T> {
    mean: T,
    std: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exponential<T> {
    mean: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogNormal<T> {
    median: T,
    sigma: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pareto<T> {
    min: T,
    shape: f64,
}

impl<'de, T: Quantity> Deserialize<'de> for Distribution<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistributionVisitor(PhantomData))
    }
}

struct DistributionVisitor<T>(PhantomData<T>);

impl<'de, T: Quantity> Visitor<'de> for DistributionVisitor<T> {
    type Value = Distribution<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} or a table with a distribution", T::NAMES[0])
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        constant(T::visitor().visit_i64(number)?)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        constant(T::visitor().visit_u64(number)?)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        constant(T::visitor().visit_f64(number)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        constant(T::visitor().visit_str(text)?)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Self::Value, A::Error> {
        let Some(name) = table.next_key::<String>()? else {
            return Err(de::Error::custom(
                "expected one distribution, such as { uniform = [..] }, found an empty table",
            ));
        };
        let kind = read::<T, A>(&name, &mut table)?;
        match table.next_key::<String>()? {
            None => Ok(kind.into()),
            Some(second) => Err(de::Error::custom(format!(
                "expected one distribution, found `{name}` and `{second}`"
            ))),
        }
    }
}

fn constant<T: Quantity, E: de::Error>(value: T) -> Result<Distribution<T>, E> {
    Ok(Kind::Constant(value.number().map_err(E::custom)?).into())
}

/// Reads the distribution of this name.
fn read<'de, T: Quantity, A: MapAccess<'de>>(name: &str, table: &mut A) -> Result<Kind, A::Error> {
    match name {
        "uniform" => {
            let [low, high] = pair(name, table.next_value::<Vec<Checked<T>>>()?)?;
            let (low, high) = (low.number, high.number);
            ordered(name, low <= high)?;
            Ok(Kind::Uniform { low, high })
        }
        "uniform_int" => {
            let [low, high] = pair(name, table.next_value::<Vec<T::Whole>>()?)?;
            let (low, high) = (T::whole(low), T::whole(high));
            let low = low.map_err(de::Error::custom)?;
            let high = high.map_err(de::Error::custom)?;
            ordered(name, low <= high)?;
            Ok(Kind::UniformInt { low, high })
        }
        "choice" => {
            let values = table.next_value::<Vec<Checked<T>>>()?;
            if values.is_empty() {
                let message = "`choice` is empty, expected at least one value";
                return Err(de::Error::custom(message));
            }
            Ok(Kind::Choice(values.iter().map(|it| it.number).collect()))
        }
        "normal" => {
            let Normal { mean, std } = table.next_value::<Normal<Checked<T>>>()?;
            at_least_zero("std", std.number)?;
            Ok(Kind::Normal {
                mean: mean.number,
                std: std.number,
            })
        }
        "exponential" => {
            let Exponential { mean } = table.next_value::<Exponential<Checked<T>>>()?;
            above_zero("mean", mean.number)?;
            Ok(Kind::Exponential { mean: mean.number })
        }
        "lognormal" => {
            let LogNormal { median, sigma } = table.next_value::<LogNormal<Checked<T>>>()?;
            above_zero("median", median.number)?;
            at_least_zero("sigma", sigma)?;
            Ok(Kind::LogNormal {
                median: median.number,
                sigma,
            })
        }
        "pareto" => {
            let Pareto { min, shape } = table.next_value::<Pareto<Checked<T>>>()?;
            above_zero("min", min.number)?;
            above_zero("shape", shape)?;
            Ok(Kind::Pareto {
                min: min.number,
                shape,
            })
        }
        _ => Err(de::Error::unknown_field(name, &NAMES)),
    }
}

/// A quantity that a draw can be made with.
struct Checked<T> {
    number: f64,
    quantity: PhantomData<T>,
}

impl<'de, T: Quantity> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(T::visitor())?;
        Ok(Checked {
            number: value.number().map_err(de::Error::custom)?,
            quantity: PhantomData,
        })
    }
}

fn pair<T, E: de::Error>(name: &str, values: Vec<T>) -> Result<[T; 2], E> {
    values.try_into().map_err(|values: Vec<T>| {
        E::custom(format!(
            "`{name}` is a list of {}, expected two: [low, high]",
            values.len()
        ))
    })
}

fn ordered<E: de::Error>(name: &str, forwards: bool) -> Result<(), E> {
    match forwards {
        true => Ok(()),
        false => Err(E::custom(format!(
            "`{name}` runs from high to low, expected [low, high]"
        ))),
    }
}

fn above_zero<E: de::Error>(name: &str, number: f64) -> Result<(), E> {
    match number > 0.0 && number.is_finite() {
        true => Ok(()),
        false => Err(E::custom(format!(
            "`{name}` is {number}, expected more than 0"
        ))),
    }
}

fn at_least_zero<E: de::Error>(name: &str, number: f64) -> Result<(), E> {
    match number >= 0.0 && number.is_finite() {
        true => Ok(()),
        false => Err(E::custom(format!(
            "`{name}` is {number}, expected 0 or more"
        ))),
    }
}

impl<T: Quantity> Serialize for Distribution<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |&number: &f64| T::from_number(number);
        let table = match &self.kind {
            Kind::Constant(value) => return of(value).serialize(serializer),
            Kind::Uniform { low, high } => json!({ "uniform": [of(low), of(high)] }),
            &Kind::UniformInt { low, high } => {
                json!({ "uniform_int": [T::from_whole(low), T::from_whole(high)] })
            }
            Kind::Choice(values) => {
                let values: Vec<T> = values.iter().map(of).collect();
                json!({ "choice": values })
            }
            Kind::Normal { mean, std } => {
                json!({ "normal": { "mean": of(mean), "std": of(std) } })
            }
            Kind::Exponential { mean } => json!({ "exponential": { "mean": of(mean) } }),
            Kind::LogNormal { median, sigma } => {
                json!({ "lognormal": { "median": of(median), "sigma": sigma } })
            }
            Kind::Pareto { min, shape } => {
                json!({ "pareto": { "min": of(min), "shape": shape } })
            }
        };
        table.serialize(serializer)
    }
}

impl<T: Quantity> JsonSchema for Distribution<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Distribution_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = T::json_schema(generator);
        let whole = T::Whole::json_schema(generator);
        let number = f64::json_schema(generator);
        let pair =
            |of: &Schema| json!({ "type": "array", "items": of, "minItems": 2, "maxItems": 2 });
        let table = |keys: [(&str, &Schema); 2]| {
            let names = keys.map(|(name, _)| name);
            json!({
                "type": "object",
                "properties": { names[0]: keys[0].1, names[1]: keys[1].1 },
                "required": names,
                "additionalProperties": false,
            })
        };
        let [single, many] = T::NAMES;
        json_schema!({
            "description": format!("{single}, or a distribution of {many}."),
            "x-value": format!("{single} or a distribution of {many}"),
            "anyOf": [one, {
                "type": "object",
                "properties": {
                    "uniform": pair(&one),
                    "uniform_int": pair(&whole),
                    "choice": { "type": "array", "items": one, "minItems": 1 },
                    "normal": table([("mean", &one), ("std", &one)]),
                    "exponential": {
                        "type": "object",
                        "properties": { "mean": one },
                        "required": ["mean"],
                        "additionalProperties": false,
                    },
                    "lognormal": table([("median", &one), ("sigma", &number)]),
                    "pareto": table([("min", &one), ("shape", &number)]),
                },
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            }],
        })
    }
}
