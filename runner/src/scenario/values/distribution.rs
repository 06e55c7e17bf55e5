//! Numbers and durations that may vary: a plain value, or a table with one of
//! the distributions.
//!
//! A distribution must only draw values that the key allows, as far as its support
//! is known: a clocked node must not draw a rate of 0. So `normal` (cut at 0) and
//! `exponential` (arbitrarily close to 0) are refused for rates and tick intervals;
//! `lognormal` and `pareto` are not, and the engine limits their tail to one tick per
//! nanosecond.

use super::super::document::{Float, ValueKind as Kind};
use super::super::keys::{DISTRIBUTION, Keys, MAX_DRIFT, MAX_RATE};
use super::super::reader::{Field, Mistakes, TableReader};
use super::duration::{delay, signed};
use super::{number, word};
use base::distribution::{AtEnd, Distribution, FORMS, Form, FormError, Rule, Takes, ends};
use base::exact::{Decimal, MAX_DIGITS};
use base::time::SimDuration;
use std::sync::Arc;

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
            Quantity::Span | Quantity::Interval => match delay(field)?.0 as f64 {
                span if span > MAX_SPAN => field.expected("less than 292 years (2^63 ns)"),
                span => Some(span),
            },
            Quantity::Offset => signed(field).map(|it| it as f64),
            Quantity::Drift => match number(field)? {
                ppm if ppm <= -MAX_DRIFT || ppm > MAX_DRIFT => field.expected_with_help(
                    "more than -1000000 and at most 1000000 ppm",
                    "a clock goes forwards, and at most twice as fast as true time".to_owned(),
                ),
                ppm => Some(ppm),
            },
        }
    }

    /// One value, exactly as it is written.
    fn constant(self, field: Field<'_>) -> Option<Distribution> {
        let nearest = self.value(field)?;
        let exact = match self {
            // The bounds were those of the nearest number, and the drift is in 10^-12.
            Quantity::Drift => return Some(Distribution::Constant(nearest)),
            Quantity::Rate => match field.value.kind {
                Kind::Integer(Some(rate)) => Decimal::whole(rate),
                Kind::Float(Float {
                    exact: Some(rate), ..
                }) => rate,
                _ => return field.expected(&format!("a number of at most {MAX_DIGITS} digits")),
            },
            Quantity::Span | Quantity::Interval => Decimal::whole(delay(field)?.0.into()),
            Quantity::Offset => Decimal::whole(signed(field)?.into()),
        };
        Some(Distribution::exactly(exact))
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
            Quantity::Offset => signed(field),
            Quantity::Span | Quantity::Interval => delay(field)?.0.try_into().ok(),
        }
    }
}

/// A value or a distribution of this quantity.
pub fn distribution(quantity: Quantity) -> impl Fn(Field<'_>) -> Option<Distribution> {
    move |field| match &field.value.kind {
        Kind::Table(table) => {
            let mut reader =
                TableReader::new(table, field.value.place, &DISTRIBUTION, field.mistakes);
            let kinds = FORMS
                .each_ref()
                .map(|form| reader.optional(form.name, |field| read(quantity, form, field)));
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
            first.value.filter(|it| !it.is_trace() || has_order(field))
        }
        _ => quantity.constant(field),
    }
}

/// Reports a trace for a key that is drawn once per node, so that there is no order.
fn has_order(field: Field<'_>) -> bool {
    let is_drawn_again = ["latency", "service_time"].contains(&field.key);
    if !is_drawn_again {
        field.mistakes.add_with_help(
            field.value.place,
            format!(
                "`{}` is drawn once, so a trace has no order here",
                field.key
            ),
            "`empirical` draws one of the values",
        );
    }
    is_drawn_again
}

/// The distribution of this form that a field has.
fn read(quantity: Quantity, form: &Form, field: Field<'_>) -> Option<Distribution> {
    let or_wrong = |read: Result<Distribution, FormError>| match read {
        Ok(distribution) => Some(distribution),
        Err(error) => wrong(field, error),
    };
    match form.takes {
        Takes::Range => {
            let (low, high) = range(field)?;
            let (low, high) = (quantity.value(low), quantity.value(high));
            or_wrong(Distribution::uniform(low?, high?))
        }
        Takes::WholeRange => {
            let (low, high) = range(field)?;
            let (low, high) = (quantity.whole(low), quantity.whole(high));
            or_wrong(Distribution::uniform_int(low?, high?))
        }
        Takes::Values => {
            let values = field.array("an array of values")?;
            let read = values.iter().map(|it| quantity.value(field.part(it)));
            let read: Vec<Option<f64>> = read.collect();
            or_wrong(Distribution::choice(
                read.into_iter().collect::<Option<_>>()?,
            ))
        }
        Takes::Parameters { names, rules } => {
            let numbers = parameters(quantity, names, rules, field)?;
            let made = Distribution::with_parameters(form.name, &numbers)?;
            let distribution = or_wrong(made)?;
            if may_draw_zero(&distribution) {
                above_zero(quantity, field)?;
            }
            warn_of_cut(quantity, &distribution, field);
            Some(distribution)
        }
        Takes::Measured { others } => {
            let (values, at_end) = measured(quantity, !others.is_empty(), field)?;
            or_wrong(Distribution::measured(form.name, values, at_end)?)
        }
    }
}

fn wrong<T>(field: Field<'_>, error: FormError) -> Option<T> {
    field.wrong(format!("`{}` {error}", field.key))
}

/// The two ends of a range.
fn range<'a>(field: Field<'a>) -> Option<(Field<'a>, Field<'a>)> {
    match ends(field.array("an array of two, [low, high]")?) {
        Ok([low, high]) => Some((field.part(low), field.part(high))),
        Err(error) => wrong(field, error),
    }
}

/// Whether it may draw 0, although none of its parameters is 0.
fn may_draw_zero(distribution: &Distribution) -> bool {
    match distribution {
        Distribution::Normal { .. }
        | Distribution::Exponential { .. }
        | Distribution::Gamma { .. }
        | Distribution::Erlang { .. }
        | Distribution::Weibull { .. } => true,
        Distribution::Triangular { min, .. } => *min <= 0.0,
        _ => false,
    }
}

/// A parameter that follows this rule.
fn parameter(quantity: Quantity, rule: Rule, field: Field<'_>) -> Option<f64> {
    let value = match rule {
        Rule::Any | Rule::Spread => quantity.bound(field)?,
        Rule::Scale => quantity.value(field)?,
        Rule::PlainSpread | Rule::PlainScale | Rule::PlainCount => number(field)?,
    };
    match rule.refuses(value) {
        Some(expected) => field.expected(expected),
        None => Some(value),
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
        "take one that stays above 0: uniform, uniform_int, choice, lognormal, pareto, triangular, empirical",
    );
    None
}

/// Warns of a normal distribution whose mean the cut at 0 changes by more than 1 %.
fn warn_of_cut(quantity: Quantity, distribution: &Distribution, field: Field<'_>) {
    let Distribution::Normal { mean, .. } = *distribution else {
        return;
    };
    let true_mean = distribution.mean();
    if quantity != Quantity::Span || (true_mean - mean).abs() <= 0.01 * mean.abs() {
        return;
    }
    let of = |ns: f64| SimDuration(ns.round().max(0.0) as u64);
    field.mistakes.warn(
        field.value.place,
        format!(
            "`normal` is cut at 0: the mean of its draws is {}, not {}",
            of(true_mean),
            of(mean)
        ),
        "a `lognormal`, `gamma` or `weibull` is never below 0",
    );
}

/// The measured values of the table that `field` is, and what follows the last one.
fn measured(quantity: Quantity, has_end: bool, field: Field<'_>) -> Option<(Vec<f64>, AtEnd)> {
    let keys = parameter_keys(field.key)?;
    let table = field.table("a table with `file` or `values`")?;
    let mut reader = TableReader::new(table, field.value.place, keys, field.mistakes);
    let file = reader.optional("file", |field| field.text().map(str::to_owned));
    reader.optional("column", |field| field.text().map(str::to_owned));
    reader.optional("unit", word(&UNITS));
    let at_end = has_end.then(|| reader.optional("at_end", word(&AtEnd::WORDS)));
    let values = reader.optional("values", |field| match &file {
        Some(file) => from_file(quantity, file.value.as_deref()?, field),
        None => {
            let values = field.array("an array of values")?;
            let read = values.iter().map(|it| quantity.value(field.part(it)));
            let read: Vec<Option<f64>> = read.collect();
            read.into_iter().collect()
        }
    });
    reader.finish();
    if file.is_none() && values.is_none() {
        field.mistakes.add_with_help(
            field.value.place,
            format!("`{}` needs the key `file` or `values`", field.key),
            "{ file = \"delays.csv\", column = \"delay\", unit = \"ms\" }",
        );
    }
    let at_end = match at_end.flatten() {
        Some(written) => written.value?,
        None => AtEnd::default(),
    };
    Some((values?.value?, at_end))
}

/// The units of numbers in a file.
const UNITS: [(&str, ()); 6] = [
    ("ns", ()),
    ("us", ()),
    ("ms", ()),
    ("s", ()),
    ("m", ()),
    ("h", ()),
];

/// The values that a file has for this quantity; the first wrong one is reported.
fn from_file(quantity: Quantity, file: &str, field: Field<'_>) -> Option<Vec<f64>> {
    let values = field.array("an array of values")?;
    if values.is_empty() {
        return None; // The file has been reported.
    }
    let scratch = Mistakes::new(Arc::clone(&field.mistakes.source));
    let read = values.iter().enumerate().map(|(index, value)| {
        let mistakes = &scratch;
        let field = Field {
            value,
            mistakes,
            ..field
        };
        quantity.value(field).ok_or((index, value))
    });
    let (index, value) = match read.collect() {
        Ok(values) => return Some(values),
        Err(wrong) => wrong,
    };
    let is_span = !matches!(quantity, Quantity::Rate | Quantity::Drift);
    let is_text = value.as_text().is_some();
    let (expected, help) = match (is_span, is_text) {
        (true, false) => ("a duration", "name the unit of the numbers: unit = \"ms\""),
        (true, true) => (
            "a duration that is possible here",
            "no delay is negative, no interval is 0",
        ),
        (false, true) => ("a number", "leave `unit` out: this is no duration"),
        (false, false) => (
            "a number that is possible here",
            "see the key in the reference",
        ),
    };
    let message = format!(
        "{file:?} has {} as value {}, expected {expected}",
        value.describe(),
        index + 1,
    );
    field
        .mistakes
        .add_with_help(field.value.place, message, help);
    None
}

/// The parameters of the distribution that `field` is the table of.
fn parameters(
    quantity: Quantity,
    names: &[&'static str],
    rules: &[Rule],
    field: Field<'_>,
) -> Option<Vec<f64>> {
    let keys = parameter_keys(field.key)?;
    let table = field.table(&format!("a table of `{}`", names.join("` and `")))?;
    let mut reader = TableReader::new(table, field.value.place, keys, field.mistakes);
    let read = names.iter().zip(rules).map(|(name, rule)| {
        let read = reader.required(name, |field| parameter(quantity, *rule, field));
        read.and_then(|written| written.value)
    });
    let read: Vec<Option<f64>> = read.collect();
    reader.finish();
    read.into_iter().collect()
}

/// The keys of a distribution's table.
fn parameter_keys(distribution: &str) -> Option<&'static Keys> {
    match DISTRIBUTION.get(distribution)?.shape {
        super::super::keys::Shape::Parameters(keys) => Some(keys),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_keys_are_those_of_the_forms() {
        let documented: Vec<&str> = DISTRIBUTION.keys.iter().map(|key| key.name).collect();
        assert_eq!(documented, FORMS.each_ref().map(|form| form.name));
        for form in &FORMS {
            let keys = parameter_keys(form.name).map_or(&[][..], |keys| keys.keys);
            let documented: Vec<&str> = keys.iter().map(|key| key.name).collect();
            match form.takes {
                Takes::Parameters { names, .. } => assert_eq!(documented, names),
                Takes::Measured { others } => {
                    let common = ["file", "column", "unit", "values"];
                    assert_eq!(documented, [&common[..], others].concat());
                }
                _ => assert!(documented.is_empty()),
            }
        }
    }
}
