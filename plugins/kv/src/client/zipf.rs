//! Zipf's law: of N things, the k-th is drawn with a probability in proportion to
//! 1/k^s.
//!
//! # How, without a table of N numbers
//! Rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate variates from
//! monotone discrete distributions", ACM TOMACS 6(3), 1996). The law's bars lie under
//! the curve h(x) = x^-s, whose integral H has a closed form and an inverse. A point drawn evenly
//! from the area under the curve falls at x = H^-1(u); the bar k nearest to x is taken if the
//! point lies within it, else another is drawn. Most are taken without looking, and
//! fewer than 1.3 draws are needed in the mean, whatever N and s are.
//!
//! H has (x^(1-s) - 1) / (1-s) in it, which at s = 1 is the logarithm. Written with
//! `expm1` and `log1p` it is smooth there. Those of the crate `libm` are the same on every
//! machine.

use runner_sdk::Random;

/// Zipf's law over 1 to `count`.
pub(super) struct Zipf {
    count: f64,
    exponent: f64,
    /// H at the left end, 1.5, less the first bar.
    low: f64,
    /// H at the right end, `count` + 0.5.
    high: f64,
    /// A point this near to its bar's middle lies within it.
    near: f64,
}

impl Zipf {
    /// `count` is at least 1, `exponent` at least 0.
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

    /// One draw, from 1 to `count`.
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

    /// The point up to which there is so much area.
    fn inverse(&self, area: f64) -> f64 {
        // Rounding may lead out of the domain by a hair.
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
    fn each_is_drawn_as_often_as_the_law_says() {
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
            // Chi-squared with keys - 1 degrees of freedom: mean keys - 1, deviation
            // sqrt(2 keys); six of them above.
            let sum: f64 = (1..=keys).map(square).sum();
            let bound = keys as f64 + 6.0 * (2.0 * keys as f64).sqrt();
            assert!(sum < bound, "{keys} keys, exponent {exponent}: {sum}");
            assert!(counts.keys().all(|k| (1..=keys).contains(k)));
        }
    }

    #[test]
    fn many_keys_cost_no_more_than_few() {
        let counts = counts(1_000_000_000_000, 0.8, 1000);
        assert!(counts.len() > 500, "{}", counts.len());
        assert!(counts.keys().any(|&k| k > 1_000_000_000));
    }
}
