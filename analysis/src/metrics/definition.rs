//! The definitions of all metrics, as the report prints them, in the order of every
//! table.

use super::{columns, drift, happened, jumps, latency, queue, requests, traffic, utilization};

/// One metric: its name, unit and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The column of `summary.csv`; for a behavior's own columns, the part
    /// after `COLUMN_`.
    pub name: &'static str,
    /// The unit (`ns`, `messages`); empty for plain numbers.
    pub unit: &'static str,
    /// The meaning, in one or two sentences.
    pub text: &'static str,
}

/// The families in the order of the tables; a behavior's own columns follow.
pub const FAMILIES: [&[Definition]; 7] = [
    jumps::DEFINITIONS,
    drift::DEFINITIONS,
    queue::DEFINITIONS,
    utilization::DEFINITIONS,
    latency::DEFINITIONS,
    traffic::DEFINITIONS,
    requests::DEFINITIONS,
];

/// All metrics with a fixed name, in the order of the tables.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    FAMILIES.into_iter().flatten()
}

/// The definition of a metric by its name in `summary.csv`: a fixed name, or the
/// column of a behavior with the suffix `_mean`, `_min`, `_max` or `_final`, or one of its
/// words for `event` with the suffix `_count`. `None` for any other name.
pub fn definition(name: &str) -> Option<&'static Definition> {
    definitions()
        .find(|definition| definition.name == name)
        .or_else(|| {
            let own = columns::DEFINITIONS.iter().chain(happened::DEFINITIONS);
            own.into_iter().find(|definition| {
                name.strip_suffix(definition.name)
                    .is_some_and(|column| column.len() > 1 && column.ends_with('_'))
            })
        })
}

/// The greatest value that a metric can have; `None` if it has no upper end.
pub fn range_end(metric: &str) -> Option<f64> {
    // A share of time.
    (metric == "utilization").then_some(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_one_definition() {
        let mut names: Vec<_> = definitions().map(|definition| definition.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(definitions().all(|definition| definition.text.ends_with('.')));
    }

    #[test]
    fn a_behaviors_column_is_defined_by_its_suffix() {
        assert_eq!(definition("temperature_mean").unwrap().name, "mean");
        assert_eq!(definition("clock_final").unwrap().name, "clock_final");
        assert_eq!(definition("internal_count").unwrap().unit, "events");
        assert_eq!(definition("_count"), None);
        assert_eq!(definition("_mean"), None);
        assert_eq!(definition("mean"), None);
    }
}
