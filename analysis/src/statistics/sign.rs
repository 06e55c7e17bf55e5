//! The sign test: whether something is more often so than not.

use super::distributions::fair_binomial_cdf;

/// The probability that a fair coin would fall as unevenly, or more so: the two-sided
/// sign test (Conover, *Practical Nonparametric Statistics*, 3.4). 1 without any try.
pub fn sign_test(one_way: u64, other_way: u64) -> f64 {
    let tail = fair_binomial_cdf(one_way.min(other_way), one_way + other_way);
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_of_five_is_one_in_sixteen() {
        assert!((sign_test(5, 0) - 0.0625).abs() < 1e-15);
        assert!((sign_test(1, 9) - 22.0 / 1024.0).abs() < 1e-14);
        assert_eq!((sign_test(3, 3), sign_test(0, 0)), (1.0, 1.0));
    }
}
