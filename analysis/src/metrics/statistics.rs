//! A metric over several runs: the mean, the spread, and the interval of the mean.

/// A metric over runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Number of runs that have the metric.
    pub count: u64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation, with `count - 1`; `None` for one run.
    pub std: Option<f64>,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// Half the width of the 95 % interval of the mean, by Student's t; the
    /// interval is `mean` minus and plus this. `None` for one run.
    pub half_width: Option<f64>,
}

impl Statistics {
    /// Over these values, in the order given; `None` without any.
    pub fn of(values: &[f64]) -> Option<Statistics> {
        let (&first, count) = (values.first()?, values.len());
        let mean = values.iter().sum::<f64>() / count as f64;
        let spread = (count > 1).then(|| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let std = (squares / (count - 1) as f64).sqrt();
            (
                std,
                student_t_975(count as u64 - 1) * std / (count as f64).sqrt(),
            )
        });
        Some(Statistics {
            count: count as u64,
            mean,
            std: spread.map(|(std, _)| std),
            min: values.iter().copied().fold(first, f64::min),
            max: values.iter().copied().fold(first, f64::max),
            half_width: spread.map(|(_, half_width)| half_width),
        })
    }
}

/// The 97.5 % quantile of Student's t distribution: 95 % of it is within plus and
/// minus this value. Up to 10 degrees of freedom from a table; above, the expansion of
/// Abramowitz and Stegun (Handbook of Mathematical Functions, 26.7.5), which is
/// right to four decimals there.
///
/// # Panics
/// If there is no degree of freedom.
pub fn student_t_975(degrees_of_freedom: u64) -> f64 {
    const TABLE: [f64; 10] = [
        12.706_204_7,
        4.302_652_7,
        3.182_446_3,
        2.776_445_1,
        2.570_581_8,
        2.446_911_9,
        2.364_624_3,
        2.306_004_1,
        2.262_157_2,
        2.228_138_9,
    ];
    assert!(degrees_of_freedom > 0, "one value has no spread");
    if let Some(&quantile) = TABLE.get(degrees_of_freedom as usize - 1) {
        return quantile;
    }
    /// The 97.5 % quantile of the standard normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let n = degrees_of_freedom as f64;
    let z2 = Z * Z;
    let g1 = Z * (z2 + 1.0) / 4.0;
    let g2 = Z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let g3 = Z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    let g4 = Z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0;
    Z + (g1 + (g2 + (g3 + g4 / n) / n) / n) / n
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, by: f64) {
        assert!(
            (found - expected).abs() < by,
            "{found}, expected {expected}"
        );
    }

    #[test]
    fn five_runs_have_an_interval_of_four_degrees_of_freedom() {
        let found = Statistics::of(&[2.0, 4.0, 4.0, 5.0, 10.0]).unwrap();
        close(found.mean, 5.0, 1e-12);
        close(found.std.unwrap(), 3.0, 1e-12);
        close(
            found.half_width.unwrap(),
            2.776_445 * 3.0 / 5f64.sqrt(),
            1e-6,
        );
        assert_eq!((found.count, found.min, found.max), (5, 2.0, 10.0));
    }

    #[test]
    fn one_run_has_no_interval_and_none_has_nothing() {
        let found = Statistics::of(&[7.0]).unwrap();
        assert_eq!((found.mean, found.std, found.half_width), (7.0, None, None));
        assert_eq!(Statistics::of(&[]), None);
    }

    #[test]
    fn quantiles_are_those_of_the_published_tables() {
        for (degrees, expected) in [
            (11, 2.200_985),
            (12, 2.178_813),
            (15, 2.131_450),
            (20, 2.085_963),
            (30, 2.042_272),
            (60, 2.000_298),
            (120, 1.979_930),
            (1_000_000, 1.959_966),
        ] {
            close(student_t_975(degrees), expected, 5e-5);
        }
        let all: Vec<f64> = (1..200).map(student_t_975).collect();
        assert!(all.is_sorted_by(|a, b| a > b));
    }
}
