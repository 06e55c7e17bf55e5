//! The order of events, ticks and messages.

use super::*;

#[test]
fn same_instant_messages_deliver_in_send_order() {
    let groups = [group("a", 3, Timing::EventDriven)];
    let mut heard = Vec::new();
    run(&groups, &[], None, |node, call, _| match call {
        Call::Start if node < 2 => vec![Act::Send(1 - node, b"x"), Act::Send(1 - node, b"y")],
        Call::Message { peer, bytes } => {
            heard.push((node, peer, bytes.to_vec()));
            vec![]
        }
        _ => vec![],
    });
    let said = |peer, text: &[u8]| (2, peer, text.to_vec());
    assert_eq!(
        heard,
        [said(0, b"x"), said(0, b"y"), said(1, b"x"), said(1, b"y")]
    );
}

#[test]
fn arrivals_come_before_ticks_even_those_caused_at_that_instant() {
    // Node 0 ticks and sends; node 1 ticks at the same instant, after it, and so
    // finds the message; node 2 relays in between, without time passing.
    let groups = [
        group("a", 1, clocked(1.0)),
        group("b", 1, clocked(1.0)),
        group("c", 1, Timing::EventDriven),
    ];
    let tried = run(&groups, &[], Some(1000), |node, call, _| {
        match (node, call) {
            (0, Call::Tick) => vec![Act::Send(1, b"to the relay")],
            (2, Call::Message { .. }) => vec![Act::Send(1, b"on to b")],
            _ => vec![],
        }
    });
    assert_eq!(tried.of(EventId::RECEIVE), [(1000, 2, 1), (1000, 1, 1)]);
    assert!(
        tried.of(EventId::TICK).is_empty(),
        "b had a message on its only tick"
    );
}

#[test]
fn nodes_tick_in_the_order_of_the_file() {
    let groups = [
        group("a", 2, clocked(2.0)),
        group("b", 2, clocked(1.0)),
        group("c", 1, clocked(2.0)),
    ];
    let tried = run(&groups, &[], Some(1000), |_, _, _| vec![]);
    let order: Vec<_> = tried.of(EventId::TICK).iter().map(|t| (t.0, t.1)).collect();
    assert_eq!(
        order,
        [
            (500, 0),
            (500, 1),
            (500, 4),
            (1000, 0),
            (1000, 1),
            (1000, 2),
            (1000, 3),
            (1000, 4)
        ]
    );
}

#[test]
fn fifo_keeps_the_order_of_sending_and_any_does_not() {
    let groups = [
        group("a", 1, clocked(1000.0)),
        group("b", 1, Timing::EventDriven),
    ];
    let latency = Distribution::Uniform {
        low: 0.0,
        high: 50.0 * MS as f64,
    };
    for (order, sorted) in [(Order::Fifo, true), (Order::Any, false)] {
        let rules = all_linked(2, latency.clone(), 0.0, order);
        let tried = run(&groups, &rules, Some(1000), |_, call, _| match call {
            Call::Tick => vec![Act::Send(0, b"m")],
            _ => vec![],
        });
        let numbers: Vec<u64> = tried.of(EventId::RECEIVE).iter().map(|r| r.2).collect();
        assert!(numbers.len() > 900);
        assert_eq!(numbers.is_sorted(), sorted, "{order:?}");
    }
}
