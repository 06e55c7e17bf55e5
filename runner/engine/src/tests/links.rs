//! What links do besides delay and loss: copies, corruption, queues.

use std::sync::Arc;

use super::*;
use base::distribution::{AtEnd, Trace};

/// One link from node 0, which sends `bytes` at each tick of 1 ms, to node 1,
/// which handles a message when it arrives; for a second.
fn ticking(link: Link, bytes: &'static [u8]) -> (Tried, Vec<Vec<u8>>) {
    ticking_for(1000, link, bytes)
}

/// As [`ticking`], for this time [ms].
fn ticking_for(ms: u64, link: Link, bytes: &'static [u8]) -> (Tried, Vec<Vec<u8>>) {
    let groups = [
        group("a", 1, clocked(1000.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let rules = rules(link);
    let mut heard = Vec::new();
    let tried = run(&groups, &rules, Some(ms), |_, call, _| match call {
        Call::Tick => vec![Act::Send(0, bytes)],
        Call::Message { bytes, .. } => {
            heard.push(bytes.to_vec());
            vec![]
        }
        _ => vec![],
    });
    (tried, heard)
}

/// Nodes 0 and 1 are linked.
fn rules(link: Link) -> Vec<LinkRule> {
    vec![LinkRule {
        from: std::iter::once(0..1).collect(),
        to: std::iter::once(1..2).collect(),
        both: true,
        link,
    }]
}

fn numbers(tried: &Tried, event: EventId) -> Vec<u64> {
    tried.of(event).iter().map(|row| row.2).collect()
}

#[test]
fn a_duplicated_message_arrives_twice_under_its_number() {
    let link = Link {
        duplicate: 0.2,
        ..Link::IDEAL
    };
    let (tried, heard) = ticking(link, b"m");
    let received = numbers(&tried, EventId::RECEIVE);
    let copies = received
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .count();
    assert_eq!(received.len(), 1000 + copies);
    // Binomial: mean 200, deviation 12.6; five deviations.
    assert!((137..=263).contains(&copies), "{copies} copies");
    assert!(heard.iter().all(|bytes| bytes == b"m"));
}

#[test]
fn copies_leave_the_first_ones_where_they_are() {
    let plain = Link {
        latency: Distribution::Exponential {
            mean: 5.0 * MS as f64,
        },
        loss: Loss::Independent(0.1),
        order: Order::Any,
        ..Link::IDEAL
    };
    let doubled = Link {
        duplicate: 1.0,
        corrupt: 0.5,
        ..plain.clone()
    };
    let first_ones = |link| {
        let (tried, _) = ticking(link, b"m");
        let mut first = tried.of(EventId::RECEIVE);
        first.sort_by_key(|row| (row.2, row.0));
        first.dedup_by_key(|row| row.2);
        (first, tried.of(EventId::DROP))
    };
    let ((alone, lost), (first, lost_too)) = (first_ones(plain), first_ones(doubled));
    assert_eq!(lost, lost_too);
    // With a copy, a message first arrives at the same time or earlier.
    let mut same = 0;
    for (at, _, number) in &alone {
        let (doubled, ..) = first.iter().find(|row| row.2 == *number).unwrap();
        assert!(doubled <= at, "message {number}");
        same += usize::from(doubled == at);
    }
    assert!(same > 300, "{same} of {}", alone.len());
}

#[test]
fn losses_of_a_gilbert_elliott_link_come_in_bursts() {
    let (to_bad, to_good) = (0.05, 0.25);
    let link = |loss| Link {
        loss,
        ..Link::IDEAL
    };
    let bursty = Loss::GilbertElliott {
        to_bad,
        to_good,
        loss_bad: 1.0,
        loss_good: 0.0,
    };
    // Share and mean length of the losses in a row.
    let losses = |loss| {
        let (tried, _) = ticking_for(200_000, link(loss), b"m");
        let dropped = numbers(&tried, EventId::DROP);
        let begins = |at: usize| at == 0 || dropped[at - 1] + 1 != dropped[at];
        let bursts = (0..dropped.len()).filter(|&at| begins(at)).count();
        let lost = dropped.len() as f64;
        (lost / 200_000.0, lost / bursts as f64)
    };
    let (share, length) = losses(bursty);
    // to_bad / (to_bad + to_good), and 1 / to_good.
    assert!((share - 1.0 / 6.0).abs() < 0.006, "{share}");
    assert!((length - 4.0).abs() < 0.12, "{length}");
    let (share, length) = losses(Loss::Independent(1.0 / 6.0));
    assert!((share - 1.0 / 6.0).abs() < 0.006, "{share}");
    assert!((length - 1.2).abs() < 0.05, "without bursts: {length}");
}

#[test]
fn a_change_of_loss_leaves_latencies_as_they_were() {
    let link = |loss| Link {
        latency: Distribution::Exponential {
            mean: 5.0 * MS as f64,
        },
        order: Order::Any,
        loss,
        ..Link::IDEAL
    };
    let at = |loss| {
        let (tried, _) = ticking(link(loss), b"m");
        tried.of(EventId::RECEIVE)
    };
    let all = at(Loss::NONE);
    let kept = at(Loss::GilbertElliott {
        to_bad: 0.3,
        to_good: 0.3,
        loss_bad: 0.9,
        loss_good: 0.0,
    });
    assert!(kept.len() < 800, "{}", kept.len());
    for row in &kept {
        assert!(
            all.iter().any(|it| (it.0, it.2) == (row.0, row.2)),
            "{row:?}"
        );
    }
}

#[test]
fn a_trace_of_latencies_is_used_in_its_order() {
    let values: Arc<[f64]> = [3.0, 1.0, 7.0].map(|it| it * MS as f64).into();
    let at_end = AtEnd::Hold;
    let link = Link {
        latency: Distribution::Trace(Trace { values, at_end }),
        order: Order::Any,
        ..Link::IDEAL
    };
    let (tried, _) = ticking(link, b"m");
    let sent = tried.of(EventId::SEND);
    let received = tried.of(EventId::RECEIVE);
    let latency = |number: u64| {
        let at = |rows: &[(u64, u32, u64)]| rows.iter().find(|it| it.2 == number).unwrap().0;
        at(&received) - at(&sent)
    };
    assert_eq!([1, 2, 3, 4, 5].map(latency), [3, 1, 7, 7, 7]);
}

#[test]
fn a_corrupted_message_differs_in_one_byte() {
    let link = Link {
        corrupt: 0.3,
        duplicate: 1.0,
        ..Link::IDEAL
    };
    const TEXT: &[u8] = b"a text that lies in a block";
    let (_, heard) = ticking(link.clone(), TEXT);
    let mut places = vec![0; TEXT.len()];
    let mut changed = 0;
    for pair in heard.chunks(2) {
        assert_eq!(pair[0], pair[1], "a copy says the same");
        let differs: Vec<usize> = (0..TEXT.len()).filter(|&i| pair[0][i] != TEXT[i]).collect();
        if let [place] = differs[..] {
            places[place] += 1;
            changed += 1;
        } else {
            assert!(differs.is_empty(), "{differs:?}");
        }
    }
    // Binomial: mean 300, deviation 14.5; five deviations.
    assert!((228..=372).contains(&changed), "{changed} changed");
    assert!(places.iter().all(|&count| count > 0), "{places:?}");
    let (_, empty) = ticking(link, b"");
    assert!(empty.iter().all(Vec::is_empty));
}

#[test]
fn a_bandwidth_makes_messages_queue_for_the_link() {
    // 10 bytes each ms over 5 bytes per ms: each takes 2 ms, then 3 ms.
    let link = Link {
        bandwidth: Some(5_000),
        latency: Distribution::Constant(3.0 * MS as f64),
        ..Link::IDEAL
    };
    let (tried, _) = ticking(link, b"ten bytes.");
    let times: Vec<u64> = tried.of(EventId::RECEIVE).iter().map(|row| row.0).collect();
    // The first is sent at 1 ms; whatever arrives up to the end was handled.
    let expected: Vec<u64> = (0..498).map(|k| 6 + 2 * k).collect();
    assert_eq!(times, expected);
}

#[test]
fn what_overflows_the_link_is_dropped_and_recorded() {
    let link = Link {
        bandwidth: Some(5_000),
        queue_limit: Some(3),
        ..Link::IDEAL
    };
    let (tried, _) = ticking(link, b"ten bytes.");
    let dropped = tried.of(EventId::DROP);
    // Sent at k ms, its transmission of 2 ms begins at 2k - 1 ms. Three wait from
    // 7 ms on: then the link takes one of two.
    assert_eq!(dropped[..3], [(8, 1, 8), (10, 1, 10), (12, 1, 12)]);
    let received = numbers(&tried, EventId::RECEIVE);
    assert_eq!(received[..8], [1, 2, 3, 4, 5, 6, 7, 9]);
    assert!(received.is_sorted());
}

#[test]
fn each_direction_has_a_bandwidth_of_its_own() {
    let groups = [group("a", 2, Timing::EventDriven)];
    let rules = rules(Link {
        bandwidth: Some(1_000),
        ..Link::IDEAL
    });
    let tried = run(&groups, &rules, None, |_, call, _| match call {
        Call::Start => vec![Act::Send(0, b"ten bytes."), Act::Send(0, b"ten bytes.")],
        _ => vec![],
    });
    let expected = [(10, 1, 1), (10, 0, 1), (20, 1, 2), (20, 0, 2)];
    assert_eq!(tried.of(EventId::RECEIVE), expected);
}
