//! Zipf's law: of N items, the k-th is drawn with a probability proportional to 1/k^s.
//!
//! # Sampling without a table of N numbers
//! Rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates from
//! monotone discrete distributions", ACM TOMACS 6(3), 1996). The bars of the distribution lie under
//! the curve h(x) = x^-s, whose integral H has a closed form and an inverse. A point that is uniform
//! in the area under the curve has x = H^-1(u). The bar k nearest to x is accepted if the
//! point lies within the bar, else another point is drawn. Most points are accepted by a quick
//! test; the mean number of draws is below 1.3 for all N and s.
//!
//! H contains (x^(1-s) - 1) / (1-s), whose limit at s = 1 is the logarithm. Computed with
//! `expm1` and `log1p` it is accurate there. The functions of the crate `libm` give the same
//! result on every machine.

use runner_sdk::Random;

/// Zipf's law over the numbers 1 to `count`.
pub(super) struct Zipf {
    count: f64,
    exponent: f64,
    /// H at 1.5, minus the area of the first bar.
    low: f64,
    /// H at the right end, `count` + 0.5.
    high: f64,
    /// If the bar's middle is at most this far beyond x, the point lies within the bar.
    near: f64,
}

impl Zipf {
    /// The law for a `count` of at least 1 and an `exponent` of at least 0.
    pub(super) fn new(count: u64, exponent: f64) -> Zipf {
        let count = count as f64;
        let mut zipf = Zipf {
            count,
            exponent,
            low: 0.0,
            high: 0.0,
            near: 0.0,
        };
        zipf.low = zipf.integral(1.5) - 1.0;
        zipf.high = zipf.integral(count + 0.5);
        zipf.near = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.height(2.0));
        zipf
    }

    /// Draws a number from 1 to `count`.
    pub(super) fn sample(&self, random: &mut Random) -> u64 {
        loop {
            let area = self.high + random.unit() * (self.low - self.high);
            let x = self.inverse(area);
            let k = libm::round(x).clamp(1.0, self.count);
            if k - x <= self.near || area >= self.integral(k + 0.5) - self.height(k) {
                return k as u64;
            }
        }
    }

    /// h: the height of the curve.
    fn height(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// H: the area under the curve from 1.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        expm1_over((1.0 - self.exponent) * log) * log
    }

    /// The inverse of H: the x for an area.
    fn inverse(&self, area: f64) -> f64 {
        // Rounding may give a value slightly outside of the domain.
        let t = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(log1p_over(t) * area)
    }
}

/// (e^x - 1) / x, and 1 at 0.
fn expm1_over(x: f64) -> f64 {
    match x.abs() > 1e-8 {
        true => libm::expm1(x) / x,
        false => 1.0 + x / 2.0,
    }
}

/// ln(1 + x) / x, and 1 at 0.
fn log1p_over(x: f64) -> f64 {
    match x.abs() > 1e-8 {
        true => libm::log1p(x) / x,
        false => 1.0 - x / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{COMMAND, Client, KEY};
    use runner_sdk::testkit::node;
    use std::collections::BTreeMap;

    /// How often a client draws each key.
    fn counts(keys: u64, exponent: f64, draws: u64) -> BTreeMap<u64, u64> {
        let config = format!(
            "operations = {draws}\nkeys = {keys}\ndistribution = 'zipf'\nexponent = {exponent:?}\n\
             read_share = 1\ndelete_share = 0"
        );
        let mut client = node::<Client>().peers(["s"]).config(&config).create();
        client.start();
        let mut counts = BTreeMap::new();
        for draw in 1..=draws {
            assert_eq!(client.text(COMMAND), Some("get"));
            let key = client.text(KEY).unwrap().strip_prefix("key-").unwrap();
            *counts.entry(key.parse().unwrap()).or_default() += 1;
            client.message(0, "not found");
            if draw < draws {
                client.timer(super::super::NEXT);
            }
        }
        counts
    }

    #[test]
    fn keys_have_the_frequencies_of_the_law() {
        for (keys, exponent) in [
            (10, 0.99),
            (10, 1.0),
            (7, 0.0),
            (20, 2.5),
            (1, 1.0),
            (2, 0.5),
        ] {
            let draws = 20_000;
            let counts = counts(keys, exponent, draws);
            let weight = |k: u64| (k as f64).powf(-exponent);
            let all: f64 = (1..=keys).map(weight).sum();
            let square = |k: u64| {
                let expected = weight(k) / all * draws as f64;
                let found = counts.get(&k).copied().unwrap_or(0) as f64;
                (found - expected).powi(2) / expected
            };
            // Chi-squared with keys - 1 degrees of freedom has the mean keys - 1 and a standard
            // deviation below sqrt(2 keys). The bound is six deviations above the mean.
            let sum: f64 = (1..=keys).map(square).sum();
            let bound = keys as f64 + 6.0 * (2.0 * keys as f64).sqrt();
            assert!(sum < bound, "{keys} keys, exponent {exponent}: {sum}");
            assert!(counts.keys().all(|k| (1..=keys).contains(k)));
        }
    }

    #[test]
    fn a_trillion_keys_need_no_table() {
        let counts = counts(1_000_000_000_000, 0.8, 1000);
        assert!(counts.len() > 500, "{}", counts.len());
        assert!(counts.keys().any(|&k| k > 1_000_000_000));
    }
}
