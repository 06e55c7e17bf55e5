//! Which of several groups of runs has the highest or lowest values.
//!
//! Of several groups, one always has the highest mean, if only by chance. A group is
//! called the highest if its interval lies above those of all others. The intervals hold
//! together with the confidence (Bonferroni: each of k has 1 - (1 - confidence) / k), so
//! that all that is said of them is true as often.

use super::{CONFIDENCE, Sample, mean_interval, median_interval};

/// What is known of the order of some groups.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Whether medians were compared; else means.
    pub by_median: bool,
    /// The group that lies above all others, with its mean or median.
    pub highest: Option<(usize, f64)>,
    /// The group that lies below all others.
    pub lowest: Option<(usize, f64)>,
}

/// Ranks groups of runs by the intervals of their means; by those of their medians, if a
/// group has no interval of the mean. `greatest` is the upper end of the metric's range.
pub fn rank(groups: &[&[f64]], greatest: Option<f64>) -> Option<Ranking> {
    if groups.len() < 2 {
        return None;
    }
    let confidence = 1.0 - (1.0 - CONFIDENCE) / groups.len() as f64;
    let mean = |values: &&[f64]| {
        let sample = Sample::of(values.iter().copied());
        let interval = mean_interval(&sample, greatest, confidence).ok()?;
        Some((sample.mean(), interval.low, interval.high))
    };
    let median = |values: &&[f64]| {
        let found = median_interval(values, confidence)?;
        (found.coverage >= confidence).then_some((found.median, found.low, found.high))
    };
    let means: Option<Vec<_>> = groups.iter().map(mean).collect();
    let by_median = means.is_none();
    let known = match means {
        Some(means) => means,
        None => groups.iter().map(median).collect::<Option<Vec<_>>>()?,
    };
    let apart = |above: bool| {
        let beyond = |(_, low, high): &(f64, f64, f64),
                      (_, other_low, other_high): &(f64, f64, f64)| match above
        {
            true => low > other_high,
            false => high < other_low,
        };
        // The one that is beyond the second of all is beyond all.
        let edge = |it: &(f64, f64, f64)| if above { it.1 } else { -it.2 };
        let first =
            (0..known.len()).max_by(|&a, &b| edge(&known[a]).total_cmp(&edge(&known[b])))?;
        let others = (0..known.len()).filter(|&it| it != first);
        let is_apart = others
            .into_iter()
            .all(|it| beyond(&known[first], &known[it]));
        is_apart.then(|| (first, known[first].0))
    };
    Some(Ranking {
        by_median,
        highest: apart(true),
        lowest: apart(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(center: f64, count: u32) -> Vec<f64> {
        (0..count)
            .map(|it| center + f64::from(it) / f64::from(count) - 0.5)
            .collect()
    }

    #[test]
    fn a_group_is_highest_if_its_interval_is_above_all_others() {
        let (low, middle, near, high) = (
            around(10.0, 20),
            around(20.0, 20),
            around(20.1, 20),
            around(30.0, 20),
        );
        let ranked = rank(&[&middle, &high, &low], None).unwrap();
        assert!(!ranked.by_median);
        assert_eq!(ranked.highest.map(|it| it.0), Some(1));
        assert_eq!(ranked.lowest.map(|it| it.0), Some(2));
        let ranked = rank(&[&middle, &near, &low], None).unwrap();
        assert_eq!(
            (ranked.highest, ranked.lowest.map(|it| it.0)),
            (None, Some(2))
        );
    }

    #[test]
    fn skewed_runs_are_ranked_by_their_medians_and_few_are_not() {
        let mut skewed = around(30.0, 20);
        skewed[19] = 3000.0;
        let ranked = rank(&[&around(10.0, 20), &skewed], None).unwrap();
        assert!(ranked.by_median);
        assert_eq!(ranked.highest.map(|it| it.0), Some(1));
        assert_eq!(rank(&[&around(10.0, 5), &around(30.0, 5)], None), None);
    }

    #[test]
    fn equal_groups_are_seldom_ranked() {
        // Twenty groups of one distribution, a thousand times.
        let mut random = base::random::Random::from_seed(3);
        let ranked = (0..1000).filter(|_| {
            let groups: Vec<Vec<f64>> = (0..20)
                .map(|_| {
                    (0..10)
                        .map(|_| 10.0 + (0..12).map(|_| random.unit()).sum::<f64>())
                        .collect()
                })
                .collect();
            let groups: Vec<&[f64]> = groups.iter().map(Vec::as_slice).collect();
            let found = rank(&groups, None);
            found.is_some_and(|it| it.highest.is_some() || it.lowest.is_some())
        });
        assert!(ranked.count() <= 50);
    }
}
