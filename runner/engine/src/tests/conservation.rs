//! Every message is accounted for, with every kind of link and fault.

use proptest::prelude::*;

use super::faults::{fault, link_change, nodes};
use super::*;
use model::{Fault, FaultKind, LinkSettings};

/// Nodes: two clocked, a server, two event-driven ones.
const NODES: u32 = 5;

fn groups(inbox_limit: Option<u32>) -> [Group; 3] {
    let bounded = |name, count, timing| {
        let mut group = group(name, count, timing);
        group.inbox_limit = inbox_limit;
        group
    };
    let service = Distribution::Exponential {
        mean: 8.0 * MS as f64,
    };
    [
        bounded("clocked", 2, clocked(100.0)),
        bounded("server", 1, server(service)),
        bounded("driven", 2, Timing::EventDriven),
    ]
}

prop_compose! {
    fn a_link()(
        latency in 0..60_u64,
        loss in prop_oneof![
            Just(Loss::NONE),
            (0.0..0.5).prop_map(Loss::Independent),
            [0.0..1.0, 0.0..1.0, 0.0..1.0].prop_map(|[to_bad, to_good, loss_bad]| {
                let loss_good = 0.01;
                Loss::GilbertElliott { to_bad, to_good, loss_bad, loss_good }
            }),
        ],
        burst in 0..2_000_u64,
        duplicate in prop_oneof![Just(0.0), 0.0..1.0],
        corrupt in prop_oneof![Just(0.0), 0.0..1.0],
        bandwidth in prop::option::of(200..20_000_u64),
        limit in prop::option::of(0..5_u32),
        any in any::<bool>(),
    ) -> Link {
        Link {
            latency: Distribution::Exponential { mean: (latency * MS) as f64 },
            loss,
            duplicate,
            corrupt,
            queue_limit: limit.filter(|_| bandwidth.is_some()),
            bandwidth,
            burst,
            order: if any { Order::Any } else { Order::Fifo },
            ..Link::IDEAL
        }
    }
}

fn a_kind() -> impl Strategy<Value = FaultKind> {
    let node = 0..NODES;
    prop_oneof![
        node.clone().prop_flat_map(|at| {
            let sides = vec![nodes(at..at + 1)];
            any::<bool>().prop_map(move |cut| FaultKind::Partition {
                sides: sides.clone(),
                cut,
            })
        }),
        node.clone()
            .prop_map(|at| FaultKind::Crash(nodes(at..at + 1))),
        node.clone()
            .prop_map(|at| FaultKind::Pause(nodes(at..at + 1))),
        (node.clone(), 0..NODES, a_link()).prop_map(|(from, to, link)| {
            let settings = LinkSettings {
                latency: Some(link.latency),
                loss: Some(link.loss),
                duplicate: Some(link.duplicate),
                corrupt: Some(link.corrupt),
                bandwidth: link.bandwidth.map(Some),
                queue_limit: link.queue_limit.map(Some),
                order: Some(link.order),
                ..LinkSettings::default()
            };
            link_change(from, to, settings)
        }),
        (0..2_u32, 1..500_u32).prop_map(|(at, rate)| FaultKind::TickRate {
            nodes: nodes(at..at + 1),
            to: Distribution::Constant(f64::from(rate)),
        }),
        node.prop_map(|at| FaultKind::Drift {
            nodes: nodes(at..at + 1),
            ppm: Distribution::Uniform {
                low: -900_000.0,
                high: 900_000.0
            },
        }),
    ]
}

prop_compose! {
    fn a_fault()(
        at in 0..400_u64,
        span in 1..120_u64,
        gap in prop::option::of(0..80_u64),
        kind in a_kind(),
    ) -> Fault {
        Fault {
            every: gap.map(|gap| SimDuration((span + gap) * MS)),
            ..fault(at, span, kind)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_sent_is_delivered_dropped_or_under_way(
        link in prop::option::of(a_link()),
        faults in prop::collection::vec(a_fault(), 0..6),
        inbox_limit in prop::option::of(1..6_u32),
        seed in any::<u64>(),
    ) {
        let rules: Vec<LinkRule> = link
            .map(|link| {
                let mut rules = all_linked(NODES, Distribution::Constant(0.0), 0.0, Order::Fifo);
                rules[0].link = link;
                rules
            })
            .into_iter()
            .flatten()
            .collect();
        let run = || {
            let mut random = Random::from_seed(seed);
            let act = move |_: u32, call: Call<'_>, _: SimTime| {
                let to = random.below(u64::from(NODES) - 1) as u32;
                match call {
                    Call::Start => vec![Act::SetTimer(1, 30 * MS), Act::Send(to, b"")],
                    Call::Timer { .. } => {
                        vec![Act::SetTimer(1, 30 * MS), Act::Send(to, b"a timer's")]
                    }
                    Call::Tick => vec![Act::Send(to, b"a message that lies in a block")],
                    // Every third is answered, so that the number of messages is bounded.
                    Call::Message { .. } if random.below(3) == 0 => vec![Act::Send(to, b"m")],
                    _ => vec![],
                }
            };
            let mut run = Run::new(
                Roster::new(&groups(inbox_limit)),
                &rules,
                Some(SimDuration(500 * MS)),
                Streams::new(seed, "default", 1),
                Closure(act),
                Rows::default(),
            )
            .with_faults(&faults);
            let outcome = run.go(&AtomicBool::new(false));
            (outcome, run.world.sink.0)
        };
        let (outcome, rows) = run();
        let account = outcome.conservation;
        prop_assert!(account.holds(), "{account}");
        let count = |event| rows.iter().filter(|row| row.event == event).count() as u64;
        // The log has the same numbers.
        prop_assert_eq!(count(EventId::SEND), account.sent);
        prop_assert_eq!(count(EventId::RECEIVE), account.delivered);
        prop_assert_eq!(count(EventId::DROP), account.dropped);
        prop_assert_eq!((account.entered, account.left), (0, 0));
        prop_assert!(rows.is_sorted_by_key(|row| row.time_ns));
        prop_assert_eq!(run(), (outcome, rows), "the same again");
    }
}
