//! How a distribution is written: its name, what it takes, and which numbers it
//! allows. Scenario files and configs of plugins are read by this table.

use std::fmt;

use super::{AtEnd, Distribution, Empirical, Trace};

/// A distribution as it is written: `{ NAME = .. }`.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// The name.
    pub name: &'static str,
    /// The value behind the name.
    pub takes: Takes,
}

/// The value behind a distribution's name.
#[derive(Debug, PartialEq, Eq)]
pub enum Takes {
    /// An array of two, `[low, high]`.
    Range,
    /// An array of two whole numbers, `[low, high]`.
    WholeRange,
    /// An array of values.
    Values,
    /// A table of parameters.
    Parameters {
        /// Their names.
        names: &'static [&'static str],
        /// What is allowed for each, in the same order.
        rules: &'static [Rule],
    },
    /// A table with an array of `values`, and what else it may have.
    Measured {
        /// The other keys.
        others: &'static [&'static str],
    },
}

/// The numbers that a parameter allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A value of the quantity that varies.
    Any,
    /// A value of the quantity that varies, 0 or more.
    Spread,
    /// A value of the quantity that varies, more than 0.
    Scale,
    /// A plain number of 0 or more.
    PlainSpread,
    /// A plain number of more than 0.
    PlainScale,
    /// A plain whole number of at least 1.
    PlainCount,
}

/// Most phases of an Erlang distribution: beyond, it is next to constant.
const MAX_PHASES: f64 = 10_000.0;

impl Rule {
    /// Whether it is a number without the unit of the quantity that varies.
    pub const fn is_plain(self) -> bool {
        matches!(
            self,
            Rule::PlainSpread | Rule::PlainScale | Rule::PlainCount
        )
    }

    /// What was expected, if the number is not allowed.
    pub fn refuses(self, number: f64) -> Option<&'static str> {
        match self {
            Rule::Any => None,
            Rule::Spread | Rule::PlainSpread if number >= 0.0 && number.is_finite() => None,
            Rule::Scale | Rule::PlainScale if number > 0.0 && number.is_finite() => None,
            Rule::PlainCount if (1.0..=MAX_PHASES).contains(&number) && number.fract() == 0.0 => {
                None
            }
            Rule::PlainCount => Some("a whole number from 1 to 10000"),
            Rule::Spread | Rule::PlainSpread => Some("0 or more"),
            Rule::Scale | Rule::PlainScale => Some("more than 0"),
        }
    }
}

/// All forms, in the order of the reference.
pub static FORMS: [Form; 13] = [
    Form {
        name: "uniform",
        takes: Takes::Range,
    },
    Form {
        name: "uniform_int",
        takes: Takes::WholeRange,
    },
    Form {
        name: "choice",
        takes: Takes::Values,
    },
    Form {
        name: "normal",
        takes: Takes::Parameters {
            names: &["mean", "std"],
            rules: &[Rule::Any, Rule::Spread],
        },
    },
    Form {
        name: "exponential",
        takes: Takes::Parameters {
            names: &["mean"],
            rules: &[Rule::Scale],
        },
    },
    Form {
        name: "lognormal",
        takes: Takes::Parameters {
            names: &["median", "sigma"],
            rules: &[Rule::Scale, Rule::PlainSpread],
        },
    },
    Form {
        name: "pareto",
        takes: Takes::Parameters {
            names: &["min", "shape"],
            rules: &[Rule::Scale, Rule::PlainScale],
        },
    },
    Form {
        name: "gamma",
        takes: Takes::Parameters {
            names: &["shape", "scale"],
            rules: &[Rule::PlainScale, Rule::Scale],
        },
    },
    Form {
        name: "erlang",
        takes: Takes::Parameters {
            names: &["phases", "mean"],
            rules: &[Rule::PlainCount, Rule::Scale],
        },
    },
    Form {
        name: "weibull",
        takes: Takes::Parameters {
            names: &["shape", "scale"],
            rules: &[Rule::PlainScale, Rule::Scale],
        },
    },
    Form {
        name: "triangular",
        takes: Takes::Parameters {
            names: &["min", "mode", "max"],
            rules: &[Rule::Any, Rule::Any, Rule::Any],
        },
    },
    Form {
        name: "empirical",
        takes: Takes::Measured { others: &[] },
    },
    Form {
        name: "trace",
        takes: Takes::Measured {
            others: &["at_end"],
        },
    },
];

/// The names of [`FORMS`], in their order.
pub static NAMES: [&str; FORMS.len()] = {
    let mut names = [""; FORMS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = FORMS[at].name;
        at += 1;
    }
    names
};

/// The names of the distributions whose draws have no order: all but `trace`, which is the last.
pub fn drawn_names() -> &'static [&'static str] {
    let (trace, drawn) = NAMES.split_last().expect("there are distributions");
    assert_eq!(*trace, "trace");
    drawn
}

/// Why numbers make no distribution together: read behind the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormError {
    /// It has another length than two.
    NotTwo(usize),
    /// The first is more than the second.
    Backwards,
    /// It is empty.
    Empty,
    /// The most likely value is not between the least and the greatest.
    Unordered,
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormError::NotTwo(count) => {
                write!(f, "is an array of {count}, expected two: [low, high]")
            }
            FormError::Backwards => f.write_str("runs from high to low, expected [low, high]"),
            FormError::Empty => f.write_str("is empty, expected at least one value"),
            FormError::Unordered => f.write_str("is not in order, expected min <= mode <= max"),
        }
    }
}

/// The two ends of a range.
///
/// # Errors
/// If there are not two.
pub fn ends<T>(values: &[T]) -> Result<[&T; 2], FormError> {
    match values {
        [low, high] => Ok([low, high]),
        _ => Err(FormError::NotTwo(values.len())),
    }
}

impl Distribution {
    /// The uniform distribution over `[low, high)`.
    ///
    /// # Errors
    /// If `low` is more than `high`.
    pub fn uniform(low: f64, high: f64) -> Result<Distribution, FormError> {
        match low > high {
            true => Err(FormError::Backwards),
            false => Ok(Distribution::Uniform { low, high }),
        }
    }

    /// The uniform distribution over the whole numbers from `low` to `high`.
    ///
    /// # Errors
    /// If `low` is more than `high`.
    pub fn uniform_int(low: i64, high: i64) -> Result<Distribution, FormError> {
        match low > high {
            true => Err(FormError::Backwards),
            false => Ok(Distribution::UniformInt { low, high }),
        }
    }

    /// One of these values, each with the same probability.
    ///
    /// # Errors
    /// If there are none.
    pub fn choice(values: Vec<f64>) -> Result<Distribution, FormError> {
        match values.is_empty() {
            true => Err(FormError::Empty),
            false => Ok(Distribution::Choice(values)),
        }
    }

    /// The distribution with parameters of this name; `None` if there is none with
    /// this name and count. The numbers are those that its rules allow.
    pub fn with_parameters(name: &str, numbers: &[f64]) -> Option<Result<Distribution, FormError>> {
        Some(Ok(match (name, numbers) {
            ("normal", &[mean, std]) => Distribution::Normal { mean, std },
            ("exponential", &[mean]) => Distribution::Exponential { mean },
            ("lognormal", &[median, sigma]) => Distribution::LogNormal { median, sigma },
            ("pareto", &[min, shape]) => Distribution::Pareto { min, shape },
            ("gamma", &[shape, scale]) => Distribution::Gamma { shape, scale },
            ("erlang", &[phases, mean]) => Distribution::Erlang { phases, mean },
            ("weibull", &[shape, scale]) => Distribution::Weibull { shape, scale },
            ("triangular", &[min, mode, max]) => match min <= mode && mode <= max {
                true => Distribution::Triangular { min, mode, max },
                false => return Some(Err(FormError::Unordered)),
            },
            _ => return None,
        }))
    }

    /// The distribution of measured values of this name; `None` if there is none with this
    /// name.
    ///
    /// # Errors
    /// If there are no values.
    pub fn measured(
        name: &str,
        values: Vec<f64>,
        at_end: AtEnd,
    ) -> Option<Result<Distribution, FormError>> {
        if values.is_empty() {
            return Some(Err(FormError::Empty));
        }
        let values = values.into();
        match name {
            "empirical" => Some(Ok(Distribution::Empirical(Empirical::new(values)))),
            "trace" => Some(Ok(Distribution::Trace(Trace { values, at_end }))),
            _ => None,
        }
    }

    /// Its form; `None` for a constant, which is written as the value itself.
    pub fn form(&self) -> Option<&'static Form> {
        let index = match self {
            Distribution::Constant(_) | Distribution::Exact(_) => return None,
            Distribution::Uniform { .. } => 0,
            Distribution::UniformInt { .. } => 1,
            Distribution::Choice(_) => 2,
            Distribution::Normal { .. } => 3,
            Distribution::Exponential { .. } => 4,
            Distribution::LogNormal { .. } => 5,
            Distribution::Pareto { .. } => 6,
            Distribution::Gamma { .. } => 7,
            Distribution::Erlang { .. } => 8,
            Distribution::Weibull { .. } => 9,
            Distribution::Triangular { .. } => 10,
            Distribution::Empirical(_) => 11,
            Distribution::Trace(_) => 12,
        };
        Some(&FORMS[index])
    }

    /// Its parameters, in the order of its form; empty for the other forms.
    pub fn parameters(&self) -> Vec<f64> {
        match *self {
            Distribution::Normal { mean, std } => vec![mean, std],
            Distribution::Exponential { mean } => vec![mean],
            Distribution::LogNormal { median, sigma } => vec![median, sigma],
            Distribution::Pareto { min, shape } => vec![min, shape],
            Distribution::Gamma { shape, scale } => vec![shape, scale],
            Distribution::Erlang { phases, mean } => vec![phases, mean],
            Distribution::Weibull { shape, scale } => vec![shape, scale],
            Distribution::Triangular { min, mode, max } => vec![min, mode, max],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_with_parameters_is_made_and_taken_apart() {
        for form in &FORMS {
            let Takes::Parameters { names, rules } = form.takes else {
                assert_eq!(Distribution::with_parameters(form.name, &[1.0, 2.0]), None);
                continue;
            };
            assert_eq!(names.len(), rules.len());
            let numbers: Vec<f64> = (1..=names.len()).map(|it| it as f64).collect();
            let made = Distribution::with_parameters(form.name, &numbers).unwrap();
            let made = made.unwrap();
            assert_eq!(made.form(), Some(form));
            assert_eq!(made.parameters(), numbers);
        }
    }

    #[test]
    fn forms_of_arrays_are_found_again() {
        let made = [
            Distribution::uniform(1.0, 2.0).unwrap(),
            Distribution::uniform_int(1, 2).unwrap(),
            Distribution::choice(vec![1.0]).unwrap(),
        ];
        assert_eq!(made.map(|it| it.form().unwrap().name), NAMES[..3]);
        for name in ["empirical", "trace"] {
            let made = |values| Distribution::measured(name, values, AtEnd::Hold).unwrap();
            assert_eq!(made(vec![1.0]).unwrap().form().unwrap().name, name);
            assert_eq!(made(Vec::new()), Err(FormError::Empty));
        }
        let unordered = Distribution::with_parameters("triangular", &[1.0, 4.0, 3.0]);
        assert_eq!(unordered, Some(Err(FormError::Unordered)));
        assert_eq!(Distribution::uniform(2.0, 1.0), Err(FormError::Backwards));
        assert_eq!(Distribution::uniform_int(2, 1), Err(FormError::Backwards));
        assert_eq!(Distribution::choice(Vec::new()), Err(FormError::Empty));
        assert_eq!(ends(&[1]), Err(FormError::NotTwo(1)));
    }

    #[test]
    fn a_rule_refuses_what_is_beyond_its_bounds() {
        assert_eq!(Rule::Any.refuses(-1.0), None);
        for rule in [Rule::Spread, Rule::PlainSpread] {
            assert_eq!(rule.refuses(0.0), None);
            assert_eq!(rule.refuses(-1.0), Some("0 or more"));
        }
        for wrong in [0.0, 1.5, 10_001.0, f64::NAN] {
            assert!(Rule::PlainCount.refuses(wrong).is_some(), "{wrong}");
        }
        assert_eq!(Rule::PlainCount.refuses(3.0), None);
        for rule in [Rule::Scale, Rule::PlainScale] {
            assert_eq!(rule.refuses(0.5), None);
            assert_eq!(rule.refuses(0.0), Some("more than 0"));
            assert_eq!(rule.refuses(f64::INFINITY), Some("more than 0"));
        }
    }
}
