//! `[[expect]]` and `[[check]]`, as written and resolved.

use analysis::expect::{Bound, Expectation, Over, is_time};

use super::document::{Table, Value, ValueKind};
use super::keys::{CHECK, EXPECT};
use super::names::Names;
use super::origin::ConfigOrigin;
use super::parts::{CheckPart, ConfigPart, MetricPart};
use super::reader::{Field, Mistakes, TableReader, Written};
use super::resolved::{BehaviorName, ExpectRule, NodeRanges};
use super::source::Place;
use super::values;
use super::written::{OptionalKey, Selector, array_of_tables, selector};

/// One `[[check]]` entry as written.
#[derive(Debug)]
pub struct CheckEntry {
    place: Place,
    check: OptionalKey<BehaviorName>,
    config: OptionalKey<Table>,
    /// Whether a mistake in this entry has been reported.
    flawed: bool,
}

/// One `[[expect]]` entry as written.
#[derive(Debug)]
pub struct ExpectEntry {
    place: Place,
    metric: OptionalKey<String>,
    nodes: OptionalKey<Selector>,
    at_least: OptionalKey<Amount>,
    at_most: OptionalKey<Amount>,
    equals: OptionalKey<Amount>,
    between: OptionalKey<[Amount; 2]>,
    over: OptionalKey<OverWord>,
    share: OptionalKey<f64>,
}

/// A number, or a duration in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Amount {
    value: f64,
    is_span: bool,
}

/// The value of `over`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OverWord {
    EveryRun,
    Mean,
    Fraction,
}

/// Reads `[[check]]`.
pub fn checks(field: Field<'_>) -> Option<Vec<CheckEntry>> {
    let read = |table: &Table, place| {
        let before = field.mistakes.count();
        let mut reader = TableReader::new(table, place, &CHECK, field.mistakes);
        let mut entry = CheckEntry {
            place,
            check: reader.required("check", values::check),
            config: reader.optional("config", super::written::config),
            flawed: false,
        };
        reader.finish();
        entry.flawed = field.mistakes.count() > before;
        entry
    };
    array_of_tables(field, "[[check]]", read)
}

/// Reads `[[expect]]`.
pub fn expectations(field: Field<'_>) -> Option<Vec<ExpectEntry>> {
    let read = |table: &Table, place| {
        let mut reader = TableReader::new(table, place, &EXPECT, field.mistakes);
        let entry = ExpectEntry {
            place,
            metric: reader.required("metric", values::text),
            nodes: reader.optional("nodes", selector),
            at_least: reader.optional("at_least", amount),
            at_most: reader.optional("at_most", amount),
            equals: reader.optional("equals", amount),
            between: reader.optional("between", amounts),
            over: reader.optional(
                "over",
                values::word(&[
                    ("every-run", OverWord::EveryRun),
                    ("mean", OverWord::Mean),
                    ("fraction", OverWord::Fraction),
                ]),
            ),
            share: reader.optional("share", share),
        };
        reader.finish();
        entry
    };
    array_of_tables(field, "[[expect]]", read)
}

fn amounts(field: Field<'_>) -> Option<[Amount; 2]> {
    let read = |value: &Value| amount(field.part(value));
    match field.array("an array of two numbers or durations")? {
        [low, high] => {
            let (low, high) = (read(low), read(high));
            let (low, high) = (low?, high?);
            // A number and a duration are found when the metric is known.
            match low.is_span != high.is_span || low.value <= high.value {
                true => Some([low, high]),
                false => field
                    .wrong("`between` is in the wrong order, expected the smaller number first"),
            }
        }
        others => field.wrong(format!(
            "`between` is an array of {}, expected two numbers or durations",
            others.len()
        )),
    }
}

impl CheckEntry {
    /// What the plugin checks of it, and its places; `None` if it has no name, which
    /// has been reported.
    pub fn part(&self) -> Option<(CheckPart, CheckOrigin)> {
        let check = self.check.as_ref()?;
        let table = match &self.config {
            Some(config) => config.value.clone(),
            None => Some(Table::default()),
        };
        let text = table
            .as_ref()
            .and_then(|it| toml::to_string(&it.to_toml()).ok());
        let part = CheckPart {
            name: check.value.clone()?,
            config: text.map(|text| ConfigPart {
                text,
                may_lack_keys: self.flawed && self.config.is_none(),
            }),
        };
        let key = self.config.as_ref().map(|it| it.key);
        let origin = CheckOrigin {
            check: check.place,
            config: ConfigOrigin::new(key, self.place, table.unwrap_or_default()),
        };
        Some((part, origin))
    }
}

/// Where a check is written.
#[derive(Clone, Debug)]
pub struct CheckOrigin {
    pub(super) check: Place,
    pub(super) config: ConfigOrigin,
}

/// Where an expectation is written.
#[derive(Clone, Debug)]
pub struct ExpectOrigin {
    pub(super) metric: Place,
}

/// The nodes that are written, with their text; `Some(None)` where none are written, and
/// `None` where they are wrong, which is reported.
type Selected = Option<Option<(String, NodeRanges)>>;

/// The nodes that the key `what` selects.
pub fn selected(
    nodes: &OptionalKey<Selector>,
    what: &str,
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Selected {
    let Some(written) = nodes else {
        return Some(None);
    };
    let selector = written.value.as_ref()?;
    let nodes = names.select(what, selector, mistakes)?;
    Some(Some((selector.text.clone(), nodes)))
}

/// The metric that something is expected of, and its nodes.
pub struct Subject {
    /// Where the metric is written.
    place: Place,
    /// Its name.
    pub metric: String,
    nodes: Selected,
}

impl Subject {
    /// `None` if the metric is missing or wrong, which is reported.
    pub fn new(metric: &OptionalKey<String>, nodes: Selected) -> Option<Subject> {
        let written = metric.as_ref()?;
        Some(Subject {
            place: written.place,
            metric: written.value.clone()?,
            nodes,
        })
    }

    /// What the plugins check of it. Where its nodes are wrong, a metric that no node has is
    /// still a mistake.
    pub fn part(&self) -> (MetricPart, ExpectOrigin) {
        let part = MetricPart {
            metric: self.metric.clone(),
            nodes: self.nodes.clone().flatten(),
        };
        (part, ExpectOrigin { metric: self.place })
    }

    /// What is expected of it; `None` if its nodes are wrong.
    pub fn rule(self, bound: Bound, over: Over) -> Option<ExpectRule> {
        let (nodes, ranges) = self.nodes?.unzip();
        Some(ExpectRule {
            expectation: Expectation {
                metric: self.metric,
                nodes,
                bound,
                over,
            },
            nodes: ranges,
        })
    }
}

impl ExpectEntry {
    /// The expectation; `None` if it is wrong, which is reported. Also its metric, for
    /// the plugins, as far as that is known.
    pub fn rule(
        &self,
        names: &Names<'_>,
        mistakes: &Mistakes,
    ) -> (Option<ExpectRule>, Option<(MetricPart, ExpectOrigin)>) {
        let nodes = selected(&self.nodes, "expectation: `nodes`", names, mistakes);
        let judged = self.bound(mistakes);
        let Some(subject) = Subject::new(&self.metric, nodes) else {
            return (None, None);
        };
        let fits = self.check_units(&subject.metric, mistakes);
        let part = subject.part();
        let rule = judged.zip(fits);
        (
            rule.and_then(|((bound, over), ())| subject.rule(bound, over)),
            Some(part),
        )
    }

    /// The bound, and over which runs it holds.
    fn bound(&self, mistakes: &Mistakes) -> Option<(Bound, Over)> {
        // Both are looked at, so that the mistakes of both are reported.
        let (over, limit) = (self.over(mistakes), self.limit(mistakes));
        Some((limit?, over?))
    }

    /// The runs over which the bound holds.
    fn over(&self, mistakes: &Mistakes) -> Option<Over> {
        let over = match &self.over {
            Some(over) => over.value?,
            None => OverWord::EveryRun,
        };
        let over = match over {
            OverWord::EveryRun => Over::EveryRun,
            OverWord::Mean => Over::Mean,
            OverWord::Fraction => return Some(Over::Fraction(self.share(mistakes)?)),
        };
        if let Some(share) = &self.share {
            let help =
                "write `over = \"fraction\"`: the limit then holds in that share of the runs";
            mistakes.add_with_help(share.key, "`share` without `over = \"fraction\"`", help);
            return None;
        }
        Some(over)
    }

    /// The bound alone.
    fn limit(&self, mistakes: &Mistakes) -> Option<Bound> {
        let given = [
            ("at_least", self.least().map(|it| it.key)),
            ("at_most", self.at_most.as_ref().map(|it| it.key)),
            ("equals", self.equals.as_ref().map(|it| it.key)),
            ("between", self.between.as_ref().map(|it| it.key)),
        ];
        let mut bounds = given.iter().filter(|(_, key)| key.is_some());
        let (first, second) = (bounds.next(), bounds.next());
        if let (Some((one, _)), Some((other, place))) = (first, second) {
            let message = format!("`{one}` and `{other}` in one expectation, expected one of them");
            let help = "write `between = [a, b]`, or an expectation for each";
            mistakes.add_with_help(place.unwrap_or(self.place), message, help);
            return None;
        }
        if first.is_none() {
            mistakes.add(
                self.place,
                "the expectation has no bound, expected `at_least`, `at_most`, `equals` or `between`",
            );
            return None;
        }
        let of = |key: &OptionalKey<Amount>| Some(key.as_ref()?.value?.value);
        Some(match first?.0 {
            "at_least" => Bound::AtLeast(of(&self.at_least)?),
            "at_most" => Bound::AtMost(of(&self.at_most)?),
            "equals" => Bound::Equals(of(&self.equals)?),
            _ => {
                let [low, high] = self.between.as_ref()?.value?;
                Bound::Between(low.value, high.value)
            }
        })
    }

    /// The `at_least` beside another bound that is meant as the share: once, it was its key.
    fn share_of_old(&self) -> Option<&Written<Amount>> {
        let bounds = [&self.at_most, &self.equals];
        let bounded = bounds.into_iter().any(Option::is_some) || self.between.is_some();
        let is_fraction = self.over.as_ref()?.value == Some(OverWord::Fraction);
        let is_share = is_fraction && self.share.is_none() && bounded;
        self.at_least.as_ref().filter(|_| is_share)
    }

    /// The `at_least` that is a bound.
    fn least(&self) -> Option<&Written<Amount>> {
        let is_share = self.share_of_old().is_some();
        self.at_least.as_ref().filter(|_| !is_share)
    }

    /// With `over = "fraction"`: the share of runs in which the bound holds.
    fn share(&self, mistakes: &Mistakes) -> Option<f64> {
        if let Some(share) = &self.share {
            return share.value;
        }
        if let Some(least) = self.share_of_old() {
            let help = match least.value.filter(|least| !least.is_span) {
                Some(least) => format!("write `share = {}` in its place", least.value),
                None => "for example `share = 0.95`: in 95 of 100 runs".to_owned(),
            };
            mistakes.add_with_help(
                least.key,
                "with `over = \"fraction\"` the share of runs is `share`, not `at_least`",
                help,
            );
            return None;
        }
        let place = self.over.as_ref().map_or(self.place, |it| it.place);
        mistakes.add_with_help(
            place,
            "`over = \"fraction\"` needs `share`, the share of runs",
            "for example `share = 0.95`: in 95 of 100 runs",
        );
        None
    }

    /// Reports a duration as the bound of a metric that is not a time, and a bare number as
    /// that of a time.
    fn check_units(&self, metric: &str, mistakes: &Mistakes) -> Option<()> {
        let is_time = is_time(metric);
        let others = [&self.at_most, &self.equals].into_iter().flatten();
        let mut amounts: Vec<(Place, Amount)> = self
            .least()
            .into_iter()
            .chain(others)
            .filter_map(|it| Some((it.place, it.value?)))
            .collect();
        if let Some(pair) = &self.between {
            // Both ends have one place.
            let mut ends = pair.value.into_iter().flatten();
            let wrong = ends.find(|amount| amount.is_span != is_time);
            amounts.extend(wrong.map(|amount| (pair.place, amount)));
        }
        amounts.retain(|(_, amount)| amount.is_span != is_time);
        for (place, Amount { value, .. }) in &amounts {
            if is_time {
                mistakes.add_with_help(
                    *place,
                    format!("`{metric}` is a time, and {value} has no unit, expected a duration"),
                    format!("`\"{value}ms\"` or `\"{value}s\"`? Nanoseconds are `\"{value}ns\"`"),
                );
            } else {
                let what = format!("`{metric}` is not a time, expected a number");
                mistakes.add(*place, what);
            }
        }
        amounts.is_empty().then_some(())
    }
}

/// Reads a share of the runs.
fn share(field: Field<'_>) -> Option<f64> {
    match values::number(field)? {
        share if (0.0..=1.0).contains(&share) => Some(share),
        _ => field.expected("a share of the runs from 0 to 1"),
    }
}

/// Reads a number or a duration.
fn amount(field: Field<'_>) -> Option<Amount> {
    match &field.value.kind {
        ValueKind::Text(text) => {
            let value = match text.starts_with('-') {
                true => values::signed(field)? as f64,
                false => values::delay(field)?.0 as f64,
            };
            Some(Amount {
                value,
                is_span: true,
            })
        }
        ValueKind::Integer(_) | ValueKind::Float(_) => {
            let value = values::number(field)?;
            Some(Amount {
                value,
                is_span: false,
            })
        }
        _ => field.expected("a number, or a duration for a metric that is a time"),
    }
}
