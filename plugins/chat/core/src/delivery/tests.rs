//! Correct and incorrect deliveries.

use super::Event::*;
use super::*;

/// Judges events whose rows are numbered from 0.
fn judge(all: &[Event<'_>]) -> Judgement<usize> {
    let mut delivery = Delivery::default();
    for (row, &seen) in all.iter().enumerate() {
        delivery.add(row, seen);
    }
    delivery.finish()
}

fn submitted(number: u64) -> Event<'static> {
    let (from, to) = ("anna", "ben");
    Submitted { from, to, number }
}

fn accepted(number: u64, id: u64) -> Event<'static> {
    Accepted {
        from: "anna",
        to: "ben",
        number,
        mailbox: 9,
        id,
    }
}

fn received(id: u64) -> Event<'static> {
    Received {
        from: "anna",
        mailbox: 9,
        id,
    }
}

fn acknowledged(id: u64) -> Event<'static> {
    Acknowledged {
        mailbox: 9,
        id,
        outside: false,
    }
}

#[track_caller]
fn broken(all: &[Event<'_>], reason: &str, rows: &[usize]) {
    let rows = rows.to_vec();
    let reason = reason.to_owned();
    assert_eq!(judge(all), Judgement::Broken { reason, rows });
}

#[test]
fn messages_delivered_once_in_order_or_queued_are_correct() {
    let mut all = vec![
        Started,
        submitted(1),
        accepted(1, 1),
        received(1),
        acknowledged(1),
    ];
    all.extend([
        submitted(2),
        accepted(2, 2),
        submitted(5),
        accepted(5, 3),
        received(2),
        received(3),
    ]);
    all.extend([acknowledged(3), submitted(6), accepted(6, 4), received(4)]);
    all.push(Waiting { count: 1 });
    let correct = Judgement::Correct {
        accepted: 4,
        received: 4,
        queued: 1,
    };
    assert_eq!(judge(&all), correct);
}

#[test]
fn without_messages_the_judgement_is_unknown() {
    let reason = "no message was sent".to_owned();
    assert_eq!(
        judge(&[Started, Waiting { count: 0 }]),
        Judgement::Unknown { reason }
    );
}

#[test]
fn messages_may_be_deleted_with_their_account() {
    let deleted = Deleted {
        name: "ben",
        mailbox: 9,
    };
    // The message was in flight when the account was deleted.
    let all = [
        submitted(1),
        accepted(1, 1),
        deleted,
        received(1),
        Waiting { count: 0 },
    ];
    assert!(matches!(judge(&all), Judgement::Correct { .. }));
    // An account that is created again numbers its messages from 1.
    let gone = Deleted {
        name: "anna",
        mailbox: 8,
    };
    let all = [
        submitted(1),
        accepted(1, 1),
        gone,
        submitted(1),
        accepted(1, 2),
    ];
    assert!(matches!(judge(&all), Judgement::Correct { .. }));
}

#[test]
fn an_acknowledgement_from_outside_counts_as_received() {
    let outside = Acknowledged {
        mailbox: 9,
        id: 2,
        outside: true,
    };
    let all = [
        accepted(1, 1),
        accepted(2, 2),
        outside,
        Waiting { count: 0 },
    ];
    assert!(matches!(judge(&all), Judgement::Correct { .. }));
}

#[test]
fn a_message_accepted_twice_by_the_server_breaks_a_rule() {
    let all = [submitted(1), accepted(1, 1), accepted(1, 2)];
    broken(
        &all,
        "the server took message 1 of anna after its message 1: twice, or out of order",
        &[1, 2],
    );
    let all = [submitted(1), submitted(2), accepted(2, 1), accepted(1, 2)];
    broken(
        &all,
        "the server took message 1 of anna after its message 2: twice, or out of order",
        &[2, 3],
    );
    let all = [submitted(1), accepted(1, 1), accepted(2, 2)];
    broken(
        &all,
        "the server took message 2 from anna to ben more often than anna sent it",
        &[2],
    );
    broken(
        &[accepted(1, 2)],
        "the mailbox of ben has message 2 after 0, expected 1",
        &[0],
    );
}

#[test]
fn a_message_shown_twice_or_out_of_order_or_never_sent_breaks_a_rule() {
    let two = [accepted(1, 1), accepted(2, 2)];
    let all = [&two[..], &[received(1), received(1)]].concat();
    broken(
        &all,
        "a user took message 1 from anna after message 1: twice, or out of order",
        &[2, 3],
    );
    let all = [&two[..], &[received(2)]].concat();
    broken(
        &all,
        "a user took message 2 from anna after message 0: with a gap",
        &[2],
    );
    broken(
        &[received(1)],
        "a user took message 1 from anna, which the server never took",
        &[0],
    );
    let other = Received {
        from: "carl",
        mailbox: 9,
        id: 1,
    };
    let all = [&two[..], &[other]].concat();
    broken(
        &all,
        "a user took message 1 from carl, who did not send it, but anna",
        &[0, 2],
    );
}

#[test]
fn a_lost_message_breaks_a_rule() {
    let all = [accepted(1, 1), acknowledged(1)];
    broken(
        &all,
        "message 1 from anna was acknowledged, and its recipient never took it",
        &[0, 1],
    );
    let all = [accepted(1, 1), Waiting { count: 0 }];
    let reason = "1 message neither acknowledged nor gone with their account, and the server has 0";
    broken(&all, reason, &[0, 1]);
    let all = [Started, accepted(1, 1), Started];
    broken(
        &all,
        "the server began anew without 1 message that waited",
        &[1, 2],
    );
}

#[test]
fn a_proof_has_each_message_that_its_reason_counts() {
    let five = [1, 2, 3, 4, 5].map(|number| accepted(number, number));
    let all = [&five[..], &[received(1), Started]].concat();
    let reason = "the server began anew without 4 messages that waited";
    broken(&all, reason, &[1, 2, 3, 4, 6]);
    let all = [
        &five[..],
        &[received(1), acknowledged(1), Waiting { count: 2 }],
    ]
    .concat();
    let reason =
        "4 messages neither acknowledged nor gone with their account, and the server has 2";
    broken(&all, reason, &[1, 2, 3, 4, 7]);
    let all = [accepted(1, 1), accepted(2, 3)];
    broken(
        &all,
        "the mailbox of ben has message 3 after 1, expected 2",
        &[0, 1],
    );
}

#[test]
fn a_restart_without_waiting_messages_loses_nothing() {
    let other = Accepted {
        from: "anna",
        to: "ben",
        number: 1,
        mailbox: 10,
        id: 1,
    };
    let all = [
        Started,
        submitted(1),
        accepted(1, 1),
        received(1),
        acknowledged(1),
        Started,
    ];
    let all = [&all[..], &[submitted(1), other, Waiting { count: 1 }]].concat();
    assert!(matches!(judge(&all), Judgement::Correct { .. }));
}
