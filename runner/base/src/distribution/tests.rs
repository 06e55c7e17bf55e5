//! Draws have the moments and the distribution functions of the textbooks.

use std::sync::Arc;

use super::*;

/// Mean and standard deviation of many draws.
fn moments(distribution: &Distribution) -> (f64, f64) {
    const DRAWS: usize = 200_000;
    let mut random = Random::from_seed(1);
    let draws: Vec<f64> = (0..DRAWS)
        .map(|_| distribution.sample(&mut random))
        .collect();
    let mean = draws.iter().sum::<f64>() / DRAWS as f64;
    let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64;
    (mean, variance.sqrt())
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    let e = std::f64::consts::E;
    let measured = || Arc::from([1.0, 5.0, 3.0]);
    let spread = (8f64 / 3.0).sqrt();
    let cases = [
        (
            Distribution::Gamma {
                shape: 0.5,
                scale: 4.0,
            },
            2.0,
            8f64.sqrt(),
        ),
        (
            Distribution::Gamma {
                shape: 9.0,
                scale: 0.5,
            },
            4.5,
            1.5,
        ),
        (
            Distribution::Erlang {
                phases: 4.0,
                mean: 2.0,
            },
            2.0,
            1.0,
        ),
        (
            Distribution::Weibull {
                shape: 2.0,
                scale: 3.0,
            },
            3.0 * std::f64::consts::PI.sqrt() / 2.0,
            3.0 * (1.0 - std::f64::consts::FRAC_PI_4).sqrt(),
        ),
        (
            Distribution::Triangular {
                min: 1.0,
                mode: 2.0,
                max: 6.0,
            },
            3.0,
            (21f64 / 18.0).sqrt(),
        ),
        (
            Distribution::Empirical(Empirical::new(measured())),
            3.0,
            spread,
        ),
        (Distribution::Constant(3.0), 3.0, 0.0),
        (
            Distribution::Uniform {
                low: 1.0,
                high: 3.0,
            },
            2.0,
            2.0 / 12f64.sqrt(),
        ),
        (
            Distribution::UniformInt { low: 1, high: 6 },
            3.5,
            (35f64 / 12.0).sqrt(),
        ),
        (Distribution::Choice(vec![1.0, 1.0, 4.0]), 2.0, 2f64.sqrt()),
        (
            Distribution::Normal {
                mean: 20.0,
                std: 5.0,
            },
            20.0,
            5.0,
        ),
        (Distribution::Exponential { mean: 4.0 }, 4.0, 4.0),
        (
            Distribution::LogNormal {
                median: 2.0,
                sigma: 0.5,
            },
            2.0 * e.powf(0.125),
            2.0 * e.powf(0.125) * (e.powf(0.25) - 1.0).sqrt(),
        ),
        (
            Distribution::Pareto {
                min: 1.0,
                shape: 5.0,
            },
            1.25,
            (5f64 / 48.0).sqrt(),
        ),
    ];
    for (distribution, mean, std) in cases {
        let (m, s) = moments(&distribution);
        assert!(
            (m - mean).abs() <= 0.02 * mean,
            "{distribution:?}: mean {m}, not {mean}"
        );
        let stated = distribution.mean();
        assert!(
            (stated - mean).abs() <= 0.001 * mean,
            "{distribution:?}: states the mean {stated}, not {mean}"
        );
        assert!(
            (s - std).abs() <= 0.05 * std,
            "{distribution:?}: deviation {s}, not {std}"
        );
    }
}

/// The greatest distance between the share of draws below a value and `cdf` of it
/// (Kolmogorov and Smirnov), times the square root of the number of draws.
fn distance(distribution: &Distribution, cdf: impl Fn(f64) -> f64) -> f64 {
    const DRAWS: usize = 20_000;
    let mut random = Random::from_seed(7);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| distribution.sample(&mut random))
        .collect();
    draws.sort_by(f64::total_cmp);
    let n = DRAWS as f64;
    let each = draws.iter().enumerate().map(|(below, &x)| {
        let at = cdf(x);
        (at - below as f64 / n).max((below + 1) as f64 / n - at)
    });
    each.fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn draws_follow_the_distribution_function() {
    /// Exceeded by one sample in a thousand.
    const CRITICAL: f64 = 1.95;
    let weibull = |shape: f64| move |x: f64| 1.0 - (-x.powf(shape)).exp();
    let gamma = |shape: f64| move |x: f64| gamma::lower_regularized(shape, x);
    for shape in [0.3, 1.0, 2.5, 40.0] {
        let law = Distribution::Gamma { shape, scale: 1.0 };
        assert!(distance(&law, gamma(shape)) < CRITICAL, "{law:?}");
        // The test can fail.
        assert!(distance(&law, gamma(shape * 1.05)) > CRITICAL, "{law:?}");
        let law = Distribution::Weibull { shape, scale: 1.0 };
        assert!(distance(&law, weibull(shape)) < CRITICAL, "{law:?}");
    }
    let law = Distribution::Erlang {
        phases: 3.0,
        mean: 3.0,
    };
    assert!(distance(&law, gamma(3.0)) < CRITICAL);
    let law = Distribution::Triangular {
        min: -1.0,
        mode: 0.0,
        max: 3.0,
    };
    let cdf = |x: f64| match x < 0.0 {
        true => (x + 1.0).powi(2) / 4.0,
        false => 1.0 - (3.0 - x).powi(2) / 12.0,
    };
    assert!(distance(&law, cdf) < CRITICAL);
}

#[test]
fn one_draw_takes_one_number_and_grows_with_it() {
    let laws = [
        Distribution::with_parameters("gamma", &[0.7, 2.0]),
        Distribution::with_parameters("erlang", &[5.0, 2.0]),
        Distribution::with_parameters("triangular", &[1.0, 1.0, 4.0]),
        Some(Ok(Distribution::Empirical(Empirical::new(Arc::from([
            3.0, 1.0, 2.0,
        ]))))),
    ];
    for law in laws.map(|law| law.unwrap().unwrap()) {
        let mut random = Random::from_seed(5);
        let mut units = Random::from_seed(5);
        let mut drawn: Vec<(f64, f64)> = (0..1000)
            .map(|_| (units.unit(), law.sample(&mut random)))
            .collect();
        assert_eq!(random, units, "{law:?}");
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(drawn.is_sorted_by(|a, b| a.1 <= b.1), "{law:?}");
    }
}

#[test]
fn a_trace_is_drawn_in_its_order() {
    let trace = |at_end| {
        let values = Arc::from([3.0, 1.0, 2.0]);
        Distribution::Trace(Trace { values, at_end })
    };
    let draw = |law: Distribution| {
        let (mut random, mut drawn) = (Random::from_seed(1), 0);
        [0; 5].map(|_| law.next_span(&mut random, &mut drawn).0)
    };
    assert_eq!(draw(trace(AtEnd::Repeat)), [3, 1, 2, 3, 1]);
    assert_eq!(draw(trace(AtEnd::Hold)), [3, 1, 2, 2, 2]);
    assert_eq!(trace(AtEnd::Hold).mean(), 2.0);
}

#[test]
fn a_normal_distribution_knows_its_mean_after_the_cut() {
    for (mean, std) in [(20.0, 5.0), (1.0, 1.0), (0.0, 2.0), (-3.0, 2.0)] {
        let law = Distribution::Normal { mean, std };
        let (drawn, _) = moments(&law);
        let stated = law.mean();
        assert!((drawn - stated).abs() < 0.01, "{law:?}: {drawn}, {stated}");
    }
    // phi(0) * 2
    let half = Distribution::Normal {
        mean: 0.0,
        std: 2.0,
    };
    assert!((half.mean() - 0.797_884_560_8).abs() < 1e-9);
}

#[test]
fn a_normal_span_is_cut_at_zero() {
    let far_below = Distribution::Normal {
        mean: -1e9,
        std: 1.0,
    };
    assert_eq!(
        far_below.sample_span(&mut Random::from_seed(1)),
        SimDuration::ZERO
    );
}

#[test]
fn a_span_without_bound_saturates() {
    let heavy = Distribution::Pareto {
        min: 1e18,
        shape: 0.001,
    };
    let span = heavy.sample_span(&mut Random::from_seed(1));
    assert_eq!(span.0, u64::MAX);
}

#[test]
fn a_constant_is_exact_beyond_what_an_f64_holds() {
    let mut random = Random::from_seed(1);
    for ns in [0, 1, (1 << 53) + 1, (1 << 60) + 7, u64::MAX] {
        let span = SimDuration(ns);
        assert_eq!(Distribution::of_span(span).sample_span(&mut random), span);
    }
    let whole = Distribution::exactly(Decimal::whole(5));
    assert_eq!(whole, Distribution::Constant(5.0));
    let back = Distribution::exactly(Decimal::whole(-(1 << 60) - 1));
    assert_eq!(back.sample_signed_span(&mut random), -(1 << 60) - 1);
    assert_eq!(back.sample_span(&mut random), SimDuration::ZERO);
    let written = Distribution::Constant(1.1).constant().unwrap();
    assert_eq!(written.ratio(), (11, 10));
}

#[test]
fn uniform_int_covers_its_whole_range_once() {
    let all = Distribution::UniformInt {
        low: i64::MIN,
        high: i64::MAX,
    };
    assert!(all.sample(&mut Random::from_seed(3)).is_finite());
    let one = Distribution::UniformInt { low: 5, high: 5 };
    assert_eq!(one.sample(&mut Random::from_seed(3)), 5.0);
}
