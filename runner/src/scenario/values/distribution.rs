//! Numbers and durations that may vary: a plain value, or a table with one of
//! the distributions.
//!
//! What a distribution may draw is held against what the key allows, as far as
//! its support is known: a clocked node must not draw a rate of 0. So `normal`
//! (cut at 0) and `exponential` (which comes arbitrarily close to 0) are refused
//! for rates and tick intervals; `lognormal` and `pareto` are not, and the tail
//! that goes beyond one tick per nanosecond is held at that by whoever draws.

use super::super::document::{Value, ValueKind as Kind};
use super::super::keys::{DISTRIBUTION, Keys, MAX_DRIFT, MAX_RATE};
use super::super::reader::{Field, TableReader, Written};
use super::{duration, number};
use base::distribution::Distribution;

/// What varies: its unit and its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A duration, 0 too `[ns]`.
    Span,
    /// A duration of more than 0, between ticks `[ns]`.
    Interval,
    /// Ticks per second, more than 0.
    Rate,
    /// A duration that may be negative `[ns]`.
    Offset,
    /// Parts per million that a clock is faster; slower if negative.
    Drift,
}

/// The longest span of a distribution `[ns]`, 292 years: whole numbers in
/// [`Distribution`] are `i64`.
const MAX_SPAN: f64 = i64::MAX as f64;

impl Quantity {
    /// One value of this quantity.
    fn value(self, field: Field<'_>) -> Option<f64> {
        let value = self.bound(field)?;
        if matches!(self, Quantity::Interval | Quantity::Rate) && value <= 0.0 {
            let unit = if self == Quantity::Rate {
                " ticks per second"
            } else {
                ""
            };
            return field.expected(&format!("more than 0{unit}"));
        }
        Some(value)
    }

    /// A value at the end of this quantity's range; 0 too.
    fn bound(self, field: Field<'_>) -> Option<f64> {
        match self {
            Quantity::Rate => match number(field)? {
                rate if rate < 0.0 => field.expected("more than 0 ticks per second"),
                rate if rate > MAX_RATE => {
                    field.expected("at most 1000000000 ticks per second (one per ns)")
                }
                rate => Some(rate),
            },
            Quantity::Span | Quantity::Interval => match duration::read(field)? as f64 {
                span if span > MAX_SPAN => field.expected("less than 292 years (2^63 ns)"),
                span => Some(span),
            },
            Quantity::Offset => duration::read_signed(field).map(|it| it as f64),
            Quantity::Drift => match number(field)? {
                ppm if ppm <= -MAX_DRIFT || ppm > MAX_DRIFT => field.expected_with_help(
                    "more than -1000000 and at most 1000000 ppm",
                    "a clock goes forwards, and at most twice as fast as true time".to_owned(),
                ),
                ppm => Some(ppm),
            },
        }
    }

    /// A deviation of this quantity; 0 too.
    fn spread(self, field: Field<'_>) -> Option<f64> {
        match self.bound(field)? {
            value if value < 0.0 => field.expected("0 or more"),
            value => Some(value),
        }
    }

    /// A whole value of this quantity.
    fn whole(self, field: Field<'_>) -> Option<i64> {
        let is_number = matches!(self, Quantity::Rate | Quantity::Drift);
        if is_number && !matches!(field.value.kind, Kind::Integer(_)) {
            return field.expected("a whole number");
        }
        // Whole spans are exact beyond what an f64 holds.
        let value = self.value(field)?;
        match self {
            Quantity::Rate | Quantity::Drift => Some(value as i64),
            Quantity::Offset => duration::read_signed(field),
            Quantity::Span | Quantity::Interval => duration::read(field)?.try_into().ok(),
        }
    }
}

/// A value or a distribution of this quantity.
pub fn distribution(quantity: Quantity) -> impl Fn(Field<'_>) -> Option<Distribution> {
    move |field| match &field.value.kind {
        Kind::Table(table) => {
            let mut reader =
                TableReader::new(table, field.value.place, &DISTRIBUTION, field.mistakes);
            let kinds = [
                reader.optional("uniform", |field| uniform(quantity, field)),
                reader.optional("uniform_int", |field| uniform_int(quantity, field)),
                reader.optional("choice", |field| choice(quantity, field)),
                reader.optional("normal", |field| normal(quantity, field)),
                reader.optional("exponential", |field| exponential(quantity, field)),
                reader.optional("lognormal", |field| lognormal(quantity, field)),
                reader.optional("pareto", |field| pareto(quantity, field)),
            ];
            reader.finish();
            let mut written = kinds.into_iter().flatten();
            let Some(first) = written.next() else {
                if table.0.is_empty() {
                    return field.expected("one distribution, such as { uniform = [1, 6] }");
                }
                return None; // An unknown one, reported as that.
            };
            if let Some(second) = written.next() {
                let message = format!("`{}` has more than one distribution", field.key);
                field
                    .mistakes
                    .add_with_help(second.key, message, "keep one of them");
                return None;
            }
            first.value
        }
        _ => quantity.value(field).map(Distribution::Constant),
    }
}

/// The two values of a range.
fn pair<'a>(field: Field<'a>) -> Option<(Field<'a>, Field<'a>)> {
    match field.array("an array of two, [low, high]")? {
        [low, high] => Some((field.part(low), field.part(high))),
        values => {
            let count = values.len();
            field.wrong(format!(
                "`{}` is an array of {count}, expected two: [low, high]",
                field.key
            ))
        }
    }
}

/// Refuses a range that runs backwards.
fn ordered<T: PartialOrd>(field: Field<'_>, low: T, high: T) -> Option<(T, T)> {
    if low > high {
        return field.wrong(format!(
            "`{}` runs from high to low, expected [low, high]",
            field.key
        ));
    }
    Some((low, high))
}

fn uniform(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let (low, high) = pair(field)?;
    let (low, high) = (quantity.value(low), quantity.value(high));
    let (low, high) = ordered(field, low?, high?)?;
    Some(Distribution::Uniform { low, high })
}

fn uniform_int(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let (low, high) = pair(field)?;
    let (low, high) = (quantity.whole(low), quantity.whole(high));
    let (low, high) = ordered(field, low?, high?)?;
    Some(Distribution::UniformInt { low, high })
}

fn choice(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let values = field.array("an array of values")?;
    if values.is_empty() {
        return field.wrong("`choice` is empty, expected at least one value");
    }
    let read = |value: &Value| quantity.value(field.part(value));
    let values: Vec<Option<f64>> = values.iter().map(read).collect();
    values
        .into_iter()
        .collect::<Option<_>>()
        .map(Distribution::Choice)
}

fn normal(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let bound = |field: Field<'_>| quantity.bound(field);
    let spread = |field: Field<'_>| quantity.spread(field);
    let [mean, std] = parameters(field, &["mean", "std"], [&bound, &spread])?;
    above_zero(quantity, field)?;
    Some(Distribution::Normal { mean, std })
}

fn exponential(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let [mean] = parameters(field, &["mean"], [&scale(quantity)])?;
    above_zero(quantity, field)?;
    Some(Distribution::Exponential { mean })
}

fn lognormal(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let [median, sigma] = parameters(field, &["median", "sigma"], [&scale(quantity), &sigma])?;
    Some(Distribution::LogNormal { median, sigma })
}

fn pareto(quantity: Quantity, field: Field<'_>) -> Option<Distribution> {
    let [min, shape] = parameters(
        field,
        &["min", "shape"],
        [&scale(quantity), &super::positive],
    )?;
    Some(Distribution::Pareto { min, shape })
}

/// A plain number of 0 or more.
fn sigma(field: Field<'_>) -> Option<f64> {
    match number(field)? {
        number if number >= 0.0 => Some(number),
        _ => field.expected("0 or more"),
    }
}

/// A value of the quantity that is more than 0.
fn scale(quantity: Quantity) -> impl Fn(Field<'_>) -> Option<f64> {
    move |field| match quantity.value(field)? {
        value if value > 0.0 => Some(value),
        _ => field.expected("more than 0"),
    }
}

/// Refuses a distribution that may draw 0 where 0 is no value.
fn above_zero(quantity: Quantity, field: Field<'_>) -> Option<()> {
    let what = match quantity {
        Quantity::Span | Quantity::Offset | Quantity::Drift => return Some(()),
        Quantity::Interval => "an interval of 0",
        Quantity::Rate => "0 ticks per second",
    };
    field.mistakes.add_with_help(
        field.value.place,
        format!("`{}` may draw {what}", field.key),
        "take one that stays above 0: uniform, uniform_int, choice, lognormal, pareto",
    );
    None
}

type ReadNumber<'r> = &'r dyn Fn(Field<'_>) -> Option<f64>;

/// The parameters of the distribution that `field` is the table of.
fn parameters<const N: usize>(
    field: Field<'_>,
    names: &[&'static str; N],
    read: [ReadNumber<'_>; N],
) -> Option<[f64; N]> {
    let keys = parameter_keys(field.key)?;
    let what = format!(
        "a table of {}",
        names.map(|it| format!("`{it}`")).join(" and ")
    );
    let table = field.table(&what)?;
    let mut reader = TableReader::new(table, field.value.place, keys, field.mistakes);
    let mut values = [0.0; N];
    let mut whole = true;
    for (i, name) in names.iter().enumerate() {
        match reader.required(name, read[i]) {
            Some(Written {
                value: Some(value), ..
            }) => values[i] = value,
            _ => whole = false,
        }
    }
    reader.finish();
    whole.then_some(values)
}

/// The keys of a distribution's table.
fn parameter_keys(distribution: &str) -> Option<&'static Keys> {
    match DISTRIBUTION.get(distribution)?.shape {
        super::super::keys::Shape::Parameters(keys) => Some(keys),
        _ => None,
    }
}
