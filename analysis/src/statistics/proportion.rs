//! The interval of a share: of how many runs something is true.

use super::distributions::beta_quantile;

/// The exact interval of a share of `hits` in `count` (Clopper and Pearson, "The use of
/// confidence or fiducial limits illustrated in the case of the binomial", *Biometrika*
/// 26, 1934). It holds the true share at least as often as the confidence says, for
/// every share; approximations such as Wilson's do not where shares are small. `count`
/// must not be 0.
pub fn proportion_interval(hits: u64, count: u64, confidence: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - confidence);
    let (k, n) = (hits as f64, count as f64);
    let low = match hits {
        0 => 0.0,
        _ => beta_quantile(tail, k, n - k + 1.0),
    };
    let high = match hits == count {
        true => 1.0,
        false => beta_quantile(1.0 - tail, k + 1.0, n - k),
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use libm::{exp, lgamma, log};

    #[test]
    fn the_interval_is_the_published_one() {
        // Newcombe, "Two-sided confidence intervals for the single proportion", 1998,
        // table I, method 5.
        for (hits, count, low, high) in [
            (81, 263, 0.2527, 0.3676),
            (15, 148, 0.0578, 0.1617),
            (0, 20, 0.0, 0.1684),
            (1, 29, 0.0009, 0.1776),
        ] {
            let found = proportion_interval(hits, count, 0.95);
            let near = |a: f64, b: f64| (a - b).abs() < 0.00005;
            assert!(
                near(found.0, low) && near(found.1, high),
                "{hits}: {found:?}"
            );
        }
    }

    #[test]
    fn every_share_is_held_as_often_as_is_said() {
        // The exact coverage: the sum over the outcomes whose interval holds the share.
        for count in [5, 10, 30, 100] {
            let intervals: Vec<_> = (0..=count)
                .map(|it| proportion_interval(it, count, 0.95))
                .collect();
            for share in (1..200).map(|it| f64::from(it) / 200.0) {
                let n = count as f64;
                let held = |(hits, (low, high)): (usize, &(f64, f64))| {
                    let k = hits as f64;
                    let log_chance = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0)
                        + k * log(share)
                        + (n - k) * log(1.0 - share);
                    (*low <= share && share <= *high).then(|| exp(log_chance))
                };
                let coverage: f64 = intervals.iter().enumerate().filter_map(held).sum();
                assert!(coverage >= 0.95 - 1e-9, "{count} {share}: {coverage}");
            }
        }
    }
}
