//! The order and the times of ticks.

use super::*;
use base::exact::Decimal;
use base::random::Random;

fn clocked(node: u32, period: Period) -> Clocked {
    Clocked {
        node,
        period,
        start: SimTime::ZERO,
        phase: None,
    }
}

#[test]
fn tick_k_falls_at_the_floor_of_k_over_the_rate() {
    for rate in [1u64, 3, 6, 7, 1000, 999_999_937, 1_000_000_000] {
        let mut ticks = Ticks::new(vec![clocked(0, Period::Rate(rate as f64))]);
        for k in 1..=2000u128 {
            let expected = (k * 1_000_000_000 / u128::from(rate)) as u64;
            assert_eq!(
                ticks.next_time(),
                SimTime(expected),
                "tick {k} at {rate} Hz"
            );
            ticks.take();
        }
    }
}

#[test]
fn fractional_rates_and_intervals_count_from_the_start() {
    let mut half = Ticks::new(vec![clocked(0, Period::Rate(0.4))]);
    let mut span = Ticks::new(vec![clocked(
        0,
        Period::Interval(SimDuration(2_500_000_000)),
    )]);
    for k in 1..=100 {
        assert_eq!(half.next_time(), SimTime(k * 2_500_000_000));
        assert_eq!(span.next_time(), SimTime(k * 2_500_000_000));
        half.take();
        span.take();
    }
}

#[test]
fn written_rates_are_exact_at_any_tick() {
    for (rate, ticks, per) in [
        ("1.1", 11, 10),
        ("0.7", 7, 10),
        ("999999999.9", 9_999_999_999, 10),
        (
            "33.333333333333333333",
            33_333_333_333_333_333_333,
            10u128.pow(18),
        ),
        ("0.0000000000000000000000000003", 3, 10u128.pow(28)),
    ] {
        let period = Period::Exact(Decimal::parse(rate).unwrap());
        let mut lane = Ticks::new(vec![clocked(0, period)]);
        for k in 1..=3000u128 {
            let exact = k * 1_000_000_000 * per / ticks;
            let expected = u64::try_from(exact).unwrap_or(u64::MAX);
            assert_eq!(lane.next_time(), SimTime(expected), "tick {k} at {rate} Hz");
            if expected == u64::MAX {
                break;
            }
            lane.take();
        }
    }
}

#[test]
fn a_phase_is_the_time_of_the_first_tick() {
    let mut ticks = Ticks::new(vec![Clocked {
        node: 0,
        period: Period::Rate(3.0),
        start: SimTime(100),
        phase: Some(SimDuration(50)),
    }]);
    let times: Vec<u64> = (0..4)
        .map(|_| {
            let time = ticks.next_time().0;
            ticks.take();
            time
        })
        .collect();
    assert_eq!(times, [150, 333_333_483, 666_666_816, 1_000_000_150]);
}

#[test]
fn lanes_give_the_order_that_sorting_all_ticks_gives() {
    let mut random = Random::from_seed(11);
    for round in 0..50 {
        let nodes: Vec<Clocked> = (0..40)
            .map(|node| Clocked {
                node,
                period: if random.below(4) == 0 {
                    Period::Interval(SimDuration(1 + random.below(300_000_000)))
                } else {
                    Period::Rate(
                        (1 + random.below(6)) as f64 / if round % 2 == 0 { 1.0 } else { 4.0 },
                    )
                },
                start: SimTime(random.below(3) * 700_000_000),
                phase: (random.below(2) == 0).then(|| SimDuration(random.below(5_000_000_000))),
            })
            .collect();
        const END: u64 = 20_000_000_000;
        let mut expected = Vec::new();
        for c in &nodes {
            let mut one = Ticks::new(vec![*c]);
            while one.next_time().0 <= END {
                expected.push((one.next_time().0, c.node));
                one.take();
            }
        }
        expected.sort();
        let mut ticks = Ticks::new(nodes);
        for (time, node) in expected {
            assert_eq!(ticks.next_time(), SimTime(time));
            assert_eq!(ticks.take(), node);
        }
        assert!(ticks.next_time().0 > END);
    }
}

#[test]
fn ticks_that_repeat_are_those_of_the_lanes() {
    let mut random = Random::from_seed(3);
    let mut repeat = 0;
    for round in 0..60 {
        let nodes: Vec<Clocked> = (0..1 + random.below(90) as u32)
            .map(|node| Clocked {
                node,
                period: match random.below(5) {
                    0 => Period::Interval(SimDuration(250_000_000)),
                    1 => Period::Exact(Decimal::parse("2.5").unwrap()),
                    _ => Period::Rate((1 + random.below(6)) as f64),
                },
                start: SimTime(random.below(1 + round % 3) * 700_000_000),
                phase: (round % 2 == 0 && random.below(2) == 0)
                    .then(|| SimDuration(random.below(4) * 333_333_333)),
            })
            .collect();
        let mut lanes = Ticks::by_lanes(nodes.clone());
        let mut ticks = Ticks::new(nodes);
        repeat += u32::from(ticks.cycle.is_some());
        for _ in 0..4_000 {
            assert_eq!(ticks.next_time(), lanes.next_time());
            assert_eq!(ticks.take(), lanes.take());
        }
    }
    assert!(repeat > 10, "{repeat} of 60");
}

#[test]
fn a_long_cycle_is_not_listed() {
    let ticks = |rate: f64| Ticks::new(vec![clocked(0, Period::Rate(rate))]);
    assert!(ticks(211.0).cycle.is_some());
    assert!(ticks(1009.0).cycle.is_none(), "too many ticks");
    assert!(ticks(1.5).cycle.is_none(), "drawn, and not whole");
    let late = Clocked {
        start: SimTime(3_600_000_000_000),
        ..clocked(1, Period::Rate(1.0))
    };
    let first = clocked(0, Period::Rate(1.0));
    assert!(Ticks::new(vec![first, late]).cycle.is_none());
}

#[test]
fn nodes_of_one_period_share_a_lane() {
    let nodes = (0..1000)
        .map(|n| clocked(n, Period::Rate(f64::from(1 + n % 6))))
        .collect();
    assert_eq!(Ticks::by_lanes(nodes).lanes.len(), 6);
}
