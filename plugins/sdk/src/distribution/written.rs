//! A distribution as a config writes it: read, shown, described.

use super::{Distribution, InOrder, Law};
use crate::Span;
use crate::span::SpanVisitor;
use base::distribution::{AtEnd, FORMS, FormError, NAMES, Rule, Takes, drawn_names, ends};
use base::exact::Decimal;
use base::time::SimDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
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
        fn whole(whole: &Self::Whole) -> Result<i64, String>;
        fn from_whole(whole: i64) -> Self::Whole;
        /// The number that draws are made with.
        fn number(self) -> Result<f64, String>;
        fn from_number(number: f64) -> Self;
        /// Always this one.
        fn law(self) -> Result<Law, String> {
            self.number().map(Law::Constant)
        }
        fn from_exact(number: Decimal) -> Self {
            Self::from_number(number.to_f64())
        }
        /// Reads a single one where a table is possible, too.
        fn visitor() -> impl for<'de> Visitor<'de, Value = Self>;
    }

    impl Quantity for f64 {
        const NAMES: [&'static str; 2] = ["a number", "numbers"];
        type Whole = i64;
        fn whole(whole: &i64) -> Result<i64, String> {
            Ok(*whole)
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
        fn whole(whole: &Span) -> Result<i64, String> {
            i64::try_from(whole.ns()).map_err(|_| too_long(*whole))
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
        fn law(self) -> Result<Law, String> {
            self.number()?;
            Ok(Law::of_span(SimDuration(self.ns())))
        }
        fn from_exact(number: Decimal) -> Span {
            Span::from_ns(u64::try_from(number.round()).unwrap_or_default())
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

impl<'de, T: Quantity> Deserialize<'de> for Distribution<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = DistributionVisitor {
            known: drawn_names(),
            quantity: PhantomData,
        };
        let read = deserializer.deserialize_any(visitor)?;
        match read.law.is_trace() {
            false => Ok(read),
            true => Err(de::Error::custom(
                "a `trace` has an order, which this key does not keep: `empirical` draws one of the values",
            )),
        }
    }
}

impl<'de, T: Quantity> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = deserializer.deserialize_any(DistributionVisitor {
            known: &NAMES,
            quantity: PhantomData,
        });
        read.map(InOrder)
    }
}

impl<T: Quantity> Serialize for InOrder<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: Quantity> JsonSchema for InOrder<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("InOrder_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema::<T>(generator, true)
    }
}

struct DistributionVisitor<T> {
    /// The names that an unknown one is compared with.
    known: &'static [&'static str],
    quantity: PhantomData<T>,
}

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
        let law = read::<T, A>(&name, self.known, &mut table)?;
        match table.next_key::<String>()? {
            None => Ok(law.into()),
            Some(second) => Err(de::Error::custom(format!(
                "expected one distribution, found `{name}` and `{second}`"
            ))),
        }
    }
}

fn constant<T: Quantity, E: de::Error>(value: T) -> Result<Distribution<T>, E> {
    Ok(value.law().map_err(E::custom)?.into())
}

/// Reads the distribution of this name; `known` are the names that may be meant instead.
fn read<'de, T: Quantity, A: MapAccess<'de>>(
    name: &str,
    known: &'static [&'static str],
    table: &mut A,
) -> Result<Law, A::Error> {
    let Some(form) = FORMS.iter().find(|form| form.name == name) else {
        return Err(de::Error::unknown_field(name, known));
    };
    let wrong = |error: FormError| de::Error::custom(format!("`{name}` {error}"));
    match form.takes {
        Takes::Range => {
            let values = table.next_value::<Vec<Checked<T>>>()?;
            let [low, high] = ends(&values).map_err(wrong)?;
            Law::uniform(low.number, high.number).map_err(wrong)
        }
        Takes::WholeRange => {
            let values = table.next_value::<Vec<T::Whole>>()?;
            let [low, high] = ends(&values).map_err(wrong)?.map(T::whole);
            let (low, high) = (
                low.map_err(de::Error::custom)?,
                high.map_err(de::Error::custom)?,
            );
            Law::uniform_int(low, high).map_err(wrong)
        }
        Takes::Values => {
            let values = table.next_value::<Vec<Checked<T>>>()?;
            Law::choice(values.iter().map(|it| it.number).collect()).map_err(wrong)
        }
        Takes::Parameters { names, rules } => {
            let quantity = PhantomData;
            let seed = Parameters::<T> {
                names,
                rules,
                quantity,
            };
            let numbers = table.next_value_seed(seed)?;
            for ((name, rule), &number) in names.iter().zip(rules).zip(&numbers) {
                if let Some(expected) = rule.refuses(number) {
                    return Err(de::Error::custom(format!(
                        "`{name}` is {number}, expected {expected}"
                    )));
                }
            }
            let law = Law::with_parameters(name, &numbers);
            law.ok_or_else(|| de::Error::unknown_field(name, known))?
                .map_err(wrong)
        }
        Takes::Measured { others } => {
            let measured = table.next_value::<Measured<T>>()?;
            let at_end = measured.end(others).map_err(de::Error::custom)?;
            let values = measured.values.ok_or_else(|| {
                de::Error::custom("needs the key `values`, or `file` in a scenario file")
            })?;
            let numbers = values.iter().map(|it| it.number).collect();
            let law = Law::measured(name, numbers, at_end);
            law.ok_or_else(|| de::Error::unknown_field(name, known))?
                .map_err(wrong)
        }
    }
}

/// Reads a table of parameters as their numbers, in the order of the form.
struct Parameters<T> {
    names: &'static [&'static str],
    rules: &'static [Rule],
    quantity: PhantomData<T>,
}

impl<'de, T: Quantity> DeserializeSeed<'de> for Parameters<T> {
    type Value = Vec<f64>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<f64>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Quantity> Visitor<'de> for Parameters<T> {
    type Value = Vec<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table of `{}`", self.names.join("` and `"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Vec<f64>, A::Error> {
        let mut numbers = vec![None; self.names.len()];
        while let Some(name) = table.next_key::<String>()? {
            let Some(at) = self.names.iter().position(|it| *it == name) else {
                return Err(de::Error::unknown_field(&name, self.names));
            };
            numbers[at] = Some(match self.rules[at].is_plain() {
                true => table.next_value::<f64>()?,
                false => table.next_value::<Checked<T>>()?.number,
            });
        }
        let all = self.names.iter().zip(numbers);
        all.map(|(name, number)| number.ok_or_else(|| de::Error::missing_field(name)))
            .collect()
    }
}

/// Measured values. The runner has read the file and put its values in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(deserialize = "T: Quantity"))]
struct Measured<T: Quantity> {
    values: Option<Vec<Checked<T>>>,
    at_end: Option<String>,
    #[serde(rename = "file")]
    _file: Option<String>,
    #[serde(rename = "column")]
    _column: Option<String>,
    #[serde(rename = "unit")]
    _unit: Option<String>,
}

impl<T: Quantity> Measured<T> {
    /// What follows the last value, for a form with these other keys.
    fn end(&self, others: &[&str]) -> Result<AtEnd, String> {
        let Some(word) = &self.at_end else {
            return Ok(AtEnd::default());
        };
        if !others.contains(&"at_end") {
            return Err("unknown field `at_end`".to_owned());
        }
        let found = AtEnd::WORDS.iter().find(|(name, _)| name == word);
        found
            .map(|(_, end)| *end)
            .ok_or_else(|| format!("`at_end` is {word:?}, expected \"repeat\" or \"hold\""))
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

impl<T: Quantity> Serialize for Distribution<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |number: f64| json!(T::from_number(number));
        let whole = |number: i64| json!(T::from_whole(number));
        let value = match &self.law {
            Law::Constant(value) => return T::from_number(*value).serialize(serializer),
            Law::Exact(value) => return T::from_exact(*value).serialize(serializer),
            &Law::Uniform { low, high } => json!([of(low), of(high)]),
            &Law::UniformInt { low, high } => json!([whole(low), whole(high)]),
            Law::Choice(values) => values.iter().map(|&value| of(value)).collect(),
            Law::Empirical(values) => {
                let values: Json = values.sorted().iter().map(|&value| of(value)).collect();
                json!({ "values": values })
            }
            Law::Trace(trace) => {
                let values: Json = trace.values().iter().map(|&value| of(value)).collect();
                let mut words = AtEnd::WORDS.iter();
                let word = words.find(|(_, end)| *end == trace.at_end);
                json!({ "values": values, "at_end": word.map(|(word, _)| word) })
            }
            with_parameters => parameters(with_parameters, of),
        };
        let name = self.law.form().map_or("", |form| form.name);
        json!({ name: value }).serialize(serializer)
    }
}

/// The table of a distribution's parameters; `of` shows a value with its unit.
fn parameters(law: &Law, of: impl Fn(f64) -> Json) -> Json {
    let Some(Takes::Parameters { names, rules }) = law.form().map(|form| &form.takes) else {
        return Json::Null;
    };
    let numbers = names.iter().zip(*rules).zip(law.parameters());
    let shown = numbers.map(|((name, rule), number)| match rule.is_plain() {
        true => (name.to_string(), json!(number)),
        false => (name.to_string(), of(number)),
    });
    Json::Object(shown.collect())
}

/// The schema of measured values.
fn measured_schema(one: &Schema, others: &[&str]) -> Json {
    let text = || json!({ "type": "string" });
    let mut properties = Map::new();
    for key in ["file", "column", "unit"] {
        properties.insert(key.to_owned(), text());
    }
    let values = json!({ "type": "array", "items": one, "minItems": 1 });
    properties.insert("values".to_owned(), values);
    for key in others {
        let words = AtEnd::WORDS.map(|(word, _)| word);
        properties.insert((*key).to_owned(), json!({ "enum": words }));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

impl<T: Quantity> JsonSchema for Distribution<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Distribution_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema::<T>(generator, false)
    }
}

/// The schema of a distribution, with or without traces.
fn schema<T: Quantity>(generator: &mut SchemaGenerator, has_order: bool) -> Schema {
    let one = T::json_schema(generator);
    let whole = T::Whole::json_schema(generator);
    let number = f64::json_schema(generator);
    let pair = |of: &Schema| json!({ "type": "array", "items": of, "minItems": 2, "maxItems": 2 });
    let forms = FORMS
        .iter()
        .filter(|form| has_order || form.name != "trace");
    let properties = forms.map(|form| {
        let value = match form.takes {
            Takes::Range => pair(&one),
            Takes::WholeRange => pair(&whole),
            Takes::Values => json!({ "type": "array", "items": one, "minItems": 1 }),
            Takes::Measured { others } => measured_schema(&one, others),
            Takes::Parameters { names, rules } => {
                let schema = |rule: &Rule| if rule.is_plain() { &number } else { &one };
                let properties = names.iter().zip(rules.iter().map(schema));
                json!({
                    "type": "object",
                    "properties": properties.collect::<BTreeMap<_, _>>(),
                    "required": names,
                    "additionalProperties": false,
                })
            }
        };
        (form.name.to_owned(), value)
    });
    let properties: Map<String, Json> = properties.collect();
    let [single, many] = T::NAMES;
    json_schema!({
        "description": format!("{single}, or a distribution of {many}."),
        "x-value": format!("{single} or a distribution of {many}"),
        "anyOf": [one, {
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
        }],
    })
}
