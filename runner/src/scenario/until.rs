//! `[until]`: runs are added until the interval of a mean is narrow. As written, and
//! resolved into an expectation over the runs of a case.

use analysis::expect::{Bound, Over, Until, is_time};

use super::document::ValueKind;
use super::judges::{ExpectOrigin, Subject, selected};
use super::keys::{MAX_RUNS, UNTIL};
use super::names::Names;
use super::parts::MetricPart;
use super::reader::{Field, Mistakes, TableReader};
use super::resolved::ExpectRule;
use super::source::Place;
use super::values;
use super::written::{OptionalKey, Selector, selector};

/// The default of `confidence`.
const CONFIDENCE: f64 = 0.95;
/// The default of `at_least`: with fewer runs, few intervals are printed at all.
const AT_LEAST: u64 = 10;
/// The default of `at_most`. Arbitrary.
const AT_MOST: u64 = 10_000;

/// `[until]` as written.
#[derive(Debug)]
pub struct UntilEntry {
    place: Place,
    metric: OptionalKey<String>,
    nodes: OptionalKey<Selector>,
    half_width: OptionalKey<HalfWidth>,
    confidence: OptionalKey<f64>,
    at_least: OptionalKey<u64>,
    at_most: OptionalKey<u64>,
}

/// How far the ends of the interval may be from the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
enum HalfWidth {
    /// A share of the mean.
    Share(f64),
    /// A value of the metric.
    Number(f64),
    /// A value of a metric that is a time `[ns]`.
    Span(f64),
}

/// Reads `[until]`.
pub fn until(field: Field<'_>) -> Option<UntilEntry> {
    let table = field.table("a table: [until]")?;
    let place = field.value.place;
    let mut reader = TableReader::new(table, place, &UNTIL, field.mistakes);
    let entry = UntilEntry {
        place,
        metric: reader.required("metric", values::text),
        nodes: reader.optional("nodes", selector),
        half_width: reader.required("half_width", half_width),
        confidence: reader.optional("confidence", confidence),
        at_least: reader.optional("at_least", values::whole(2, MAX_RUNS)),
        at_most: reader.optional("at_most", values::whole(2, MAX_RUNS)),
    };
    reader.finish();
    Some(entry)
}

fn half_width(field: Field<'_>) -> Option<HalfWidth> {
    const EXPECTED: &str = "a share of the mean such as \"5%\", a number, or a duration";
    match &field.value.kind {
        ValueKind::Text(text) if text.trim_end().ends_with('%') => {
            let number = text.trim_end().trim_end_matches('%').trim().parse::<f64>();
            match number {
                Ok(percent) if percent > 0.0 && percent <= 100.0 => {
                    Some(HalfWidth::Share(percent / 100.0))
                }
                _ => field.expected("more than 0 % and at most 100 %"),
            }
        }
        ValueKind::Text(_) => Some(HalfWidth::Span(values::duration(field)?.0 as f64)),
        ValueKind::Integer(_) | ValueKind::Float(_) => match values::number(field)? {
            width if width > 0.0 => Some(HalfWidth::Number(width)),
            _ => field.expected("more than 0"),
        },
        _ => field.expected(EXPECTED),
    }
}

fn confidence(field: Field<'_>) -> Option<f64> {
    match values::number(field)? {
        share if (0.5..=0.999).contains(&share) => Some(share),
        percent if percent > 1.0 && percent < 100.0 => {
            let help = format!("{percent} % is {}", percent / 100.0);
            field.expected_with_help("0.5 to 0.999", help)
        }
        _ => field.expected("0.5 to 0.999"),
    }
}

impl UntilEntry {
    /// The expectation that it is; `None` if it is wrong, which is reported. Also its
    /// metric, for the plugins, as far as that is known.
    pub fn rule(
        &self,
        names: &Names<'_>,
        mistakes: &Mistakes,
    ) -> (Option<ExpectRule>, Option<(MetricPart, ExpectOrigin)>) {
        let nodes = selected(&self.nodes, "until: `nodes`", names, mistakes);
        let runs = self.runs(mistakes);
        let Some(subject) = Subject::new(&self.metric, nodes) else {
            return (None, None);
        };
        let width = self.width(&subject.metric, mistakes);
        let part = subject.part();
        let rule = || {
            let ((at_least, at_most), (width, is_share)) = (runs?, width?);
            let confidence = match &self.confidence {
                Some(written) => written.value?,
                None => CONFIDENCE,
            };
            let until = Until {
                is_share,
                confidence,
                at_least,
                at_most,
            };
            subject.rule(Bound::AtMost(width), Over::Until(until))
        };
        (rule(), Some(part))
    }

    /// The least and the greatest number of runs.
    fn runs(&self, mistakes: &Mistakes) -> Option<(u32, u32)> {
        let of = |key: &OptionalKey<u64>, default| match key {
            Some(written) => written.value,
            None => Some(default),
        };
        let (at_least, at_most) = (of(&self.at_least, AT_LEAST), of(&self.at_most, AT_MOST));
        let (at_least, at_most) = (at_least?, at_most?);
        if at_least > at_most {
            let written = self.at_most.as_ref().or(self.at_least.as_ref());
            mistakes.add(
                written.map_or(self.place, |it| it.place),
                format!("`at_least` is {at_least} and `at_most` is {at_most}, expected no more than that"),
            );
            return None;
        }
        Some((at_least.try_into().ok()?, at_most.try_into().ok()?))
    }

    /// The half width, and whether it is a share of the mean.
    fn width(&self, metric: &str, mistakes: &Mistakes) -> Option<(f64, bool)> {
        let written = self.half_width.as_ref()?;
        match (written.value?, is_time(metric)) {
            (HalfWidth::Share(share), _) => Some((share, true)),
            (HalfWidth::Number(width), false) | (HalfWidth::Span(width), true) => {
                Some((width, false))
            }
            (HalfWidth::Number(width), true) => {
                mistakes.add_with_help(
                    written.place,
                    format!("`{metric}` is a time, and {width} has no unit, expected a duration"),
                    format!("`\"{width}ms\"` or `\"{width}s\"`? Or a share of the mean: `\"5%\"`"),
                );
                None
            }
            (HalfWidth::Span(_), false) => {
                mistakes.add(
                    written.place,
                    format!(
                        "`{metric}` is not a time, expected a number or a share such as \"5%\""
                    ),
                );
                None
            }
        }
    }
}
