//! The gamma function's relatives: the regularized incomplete gamma function and its
//! inverse, the quantile of the gamma distribution.
//!
//! Only `libm` and the four operations are used, so results are the same on every machine.

/// Most steps of a series, a continued fraction or an iteration. Each converges in fewer
/// than a hundred for shapes up to 10^4.
const STEPS: usize = 10_000;

/// Relative precision at which a series ends.
const PRECISION: f64 = 1e-16;

/// The regularized lower incomplete gamma function P(`shape`, `x`): the probability that a
/// gamma variable of this shape and scale 1 is at most `x`. `shape` is more than 0, `x` at
/// least 0.
///
/// The series below `shape` + 1, Lentz's continued fraction above (Abramowitz and Stegun,
/// "Handbook of Mathematical Functions", 6.5.29 and 6.5.31).
pub fn lower_regularized(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    match x < shape + 1.0 {
        true => series(shape, x),
        false => 1.0 - fraction(shape, x),
    }
}

/// x^shape e^-x / Gamma(shape).
fn factor(shape: f64, x: f64) -> f64 {
    libm::exp(shape * libm::log(x) - x - libm::lgamma(shape))
}

fn series(shape: f64, x: f64) -> f64 {
    let mut term = 1.0 / shape;
    let mut sum = term;
    for step in 1..STEPS {
        term *= x / (shape + step as f64);
        sum += term;
        if term < sum * PRECISION {
            break;
        }
    }
    (sum * factor(shape, x)).min(1.0)
}

fn fraction(shape: f64, x: f64) -> f64 {
    /// Stands for 0 in a denominator.
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - shape;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut h = d;
    for step in 1..STEPS {
        let step = step as f64;
        let a = -step * (step - shape);
        b += 2.0;
        d = a * d + b;
        d = 1.0 / if d.abs() < TINY { TINY } else { d };
        c = b + a / c;
        c = if c.abs() < TINY { TINY } else { c };
        h *= d * c;
        if (d * c - 1.0).abs() < PRECISION {
            break;
        }
    }
    factor(shape, x) * h
}

/// The quantile of the gamma distribution of this shape and scale 1: the `x` at which
/// P(`shape`, `x`) is `p`. `shape` is more than 0, `p` in `[0, 1)`.
///
/// Halley's method from the approximation of Wilson and Hilferty ("The Distribution of
/// Chi-Square", 1931), and for shapes up to 1 from the leading term of the series.
pub fn quantile(shape: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    let mut x = first_guess(shape, p);
    let log_gamma = libm::lgamma(shape);
    for _ in 0..32 {
        if x <= 0.0 {
            return 0.0;
        }
        let error = lower_regularized(shape, x) - p;
        let density = libm::exp((shape - 1.0) * libm::log(x) - x - log_gamma);
        if density <= 0.0 || !density.is_finite() {
            return x;
        }
        let newton = error / density;
        let curvature = newton * ((shape - 1.0) / x - 1.0);
        let step = newton / (1.0 - 0.5 * curvature.min(1.0));
        let next = x - step;
        // Never below 0: half the way instead.
        let next = if next <= 0.0 { 0.5 * x } else { next };
        if (next - x).abs() <= 1e-14 * next {
            return next;
        }
        x = next;
    }
    x
}

fn first_guess(shape: f64, p: f64) -> f64 {
    if shape > 1.0 {
        let z = standard_normal_quantile(p);
        let ninth = 1.0 / (9.0 * shape);
        let root = 1.0 - ninth + z * libm::sqrt(ninth);
        let guess = shape * root * root * root;
        if guess > 1e-3 * shape {
            return guess;
        }
    }
    // P(a, x) is about x^a / Gamma(a + 1) for small x, and 1 - e^-x for large x.
    let small = libm::exp((libm::log(p) + libm::lgamma(shape + 1.0)) / shape);
    match small < 1.0 + shape {
        true => small,
        false => -libm::log1p(-p),
    }
}

/// The quantile of the standard normal distribution to three digits (Abramowitz and
/// Stegun, 26.2.23): enough to begin an iteration with.
fn standard_normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(f64::MIN_POSITIVE);
    let t = libm::sqrt(-2.0 * libm::log(tail));
    let above = 2.515517 + t * (0.802853 + t * 0.010328);
    let below = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let z = t - above / below;
    if p < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erlang_variable_follows_its_closed_form() {
        // P(n, x) = 1 - e^-x (1 + x + .. + x^(n-1)/(n-1)!)
        for n in 1..=12 {
            for x in [0.01, 0.5, 1.0, 3.0, 10.0, 40.0] {
                let mut term = 1.0;
                let mut sum = 1.0;
                for k in 1..n {
                    term *= x / k as f64;
                    sum += term;
                }
                let expected = 1.0 - f64::exp(-x) * sum;
                let found = lower_regularized(n as f64, x);
                assert!(
                    (found - expected).abs() < 1e-13,
                    "P({n}, {x}) is {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn a_half_is_the_error_function() {
        // P(1/2, x^2) = erf(x)
        for x in [0.001, 0.1, 0.7, 1.5, 3.0] {
            let found = lower_regularized(0.5, x * x);
            assert!((found - libm::erf(x)).abs() < 1e-14, "erf({x})");
        }
    }

    #[test]
    fn published_quantiles_of_chi_square_are_met() {
        // Twice a gamma variable of shape n/2 is chi-square with n degrees of freedom;
        // values of the NIST/SEMATECH e-Handbook, 1.3.6.7.4.
        for (degrees, p, expected) in [
            (1.0, 0.95, 3.841),
            (2.0, 0.99, 9.210),
            (5.0, 0.05, 1.145),
            (10.0, 0.95, 18.307),
            (30.0, 0.01, 14.953),
            (100.0, 0.999, 149.449),
        ] {
            let found = 2.0 * quantile(degrees / 2.0, p);
            assert!(
                (found - expected).abs() < 0.0006,
                "{degrees} at {p}: {found}"
            );
        }
    }

    #[test]
    fn the_quantile_is_the_inverse() {
        for shape in [0.01, 0.1, 0.5, 1.0, 1.001, 2.0, 7.5, 100.0, 5_000.0] {
            let mut last = 0.0;
            for p in [
                1e-9,
                1e-4,
                0.01,
                0.1,
                0.5,
                0.9,
                0.99,
                0.999_999,
                1.0 - 1e-12,
            ] {
                let x = quantile(shape, p);
                assert!(x >= last, "shape {shape}: not monotone at {p}");
                last = x;
                if x > 1e-280 {
                    let back = lower_regularized(shape, x);
                    assert!(
                        (back - p).abs() < 1e-11 * p.max(1e-3),
                        "shape {shape}, p {p}: x {x}, back {back}"
                    );
                }
            }
        }
        assert_eq!(quantile(3.0, 0.0), 0.0);
    }
}
