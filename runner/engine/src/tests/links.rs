//! What links do besides delay and loss: copies, corruption, queues.

use super::*;

/// One link from node 0, which sends `bytes` at each tick of 1 ms, to node 1,
/// which handles a message when it arrives; for a second.
fn ticking(link: Link, bytes: &'static [u8]) -> (Tried, Vec<Vec<u8>>) {
    let groups = [
        group("a", 1, clocked(1000.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let rules = rules(link);
    let mut heard = Vec::new();
    let tried = run(&groups, &rules, Some(1000), |_, call, _| match call {
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
        loss: 0.1,
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
