//! What the judge lets pass, and what it does not.

use super::Seen::*;
use super::*;

/// Judges these, the rows numbered from 0.
fn judge(all: &[Seen<'_>]) -> Judgement<usize> {
    let mut delivery = Delivery::default();
    for (row, &seen) in all.iter().enumerate() {
        delivery.see(row, seen);
    }
    delivery.finish()
}

fn submitted(number: u64) -> Seen<'static> {
    let (from, to) = ("anna", "ben");
    Submitted { from, to, number }
}

fn accepted(number: u64, id: u64) -> Seen<'static> {
    Accepted {
        from: "anna",
        to: "ben",
        number,
        mailbox: 9,
        id,
    }
}

fn got(id: u64) -> Seen<'static> {
    Got {
        from: "anna",
        mailbox: 9,
        id,
    }
}

fn acknowledged(id: u64) -> Seen<'static> {
    Acknowledged {
        mailbox: 9,
        id,
        outside: false,
    }
}

#[track_caller]
fn broken(all: &[Seen<'_>], reason: &str, rows: &[usize]) {
    let rows = rows.to_vec();
    let reason = reason.to_owned();
    assert_eq!(judge(all), Judgement::Broken { reason, rows });
}

#[test]
fn once_in_order_or_still_queued_is_what_is_promised() {
    let mut all = vec![Began, submitted(1), accepted(1, 1), got(1), acknowledged(1)];
    all.extend([
        submitted(2),
        accepted(2, 2),
        submitted(5),
        accepted(5, 3),
        got(2),
        got(3),
    ]);
    all.extend([acknowledged(3), submitted(6), accepted(6, 4), got(4)]);
    all.push(Waiting { count: 1 });
    let (accepted, got, queued) = (4, 4, 1);
    let kept = Judgement::Kept {
        accepted,
        got,
        queued,
    };
    assert_eq!(judge(&all), kept);
}

#[test]
fn nothing_sent_is_nothing_judged() {
    let reason = "no message was sent".to_owned();
    assert_eq!(
        judge(&[Began, Waiting { count: 0 }]),
        Judgement::Unknown { reason }
    );
}

#[test]
fn what_goes_with_its_account_may_go() {
    let deleted = Deleted {
        name: "ben",
        mailbox: 9,
    };
    // The message was under way when the account went.
    let all = [
        submitted(1),
        accepted(1, 1),
        deleted,
        got(1),
        Waiting { count: 0 },
    ];
    assert!(matches!(judge(&all), Judgement::Kept { .. }));
    // A sender that is made again counts anew.
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
    assert!(matches!(judge(&all), Judgement::Kept { .. }));
}

#[test]
fn who_is_outside_takes_what_it_acknowledges() {
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
    assert!(matches!(judge(&all), Judgement::Kept { .. }));
}

#[test]
fn a_message_taken_twice_by_the_server_is_a_breach() {
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
fn a_message_shown_twice_or_out_of_order_or_from_nowhere_is_a_breach() {
    let two = [accepted(1, 1), accepted(2, 2)];
    let all = [&two[..], &[got(1), got(1)]].concat();
    broken(
        &all,
        "a user took message 1 from anna after message 1: twice, or out of order",
        &[2, 3],
    );
    let all = [&two[..], &[got(2)]].concat();
    broken(
        &all,
        "a user took message 2 from anna after message 0: with a gap",
        &[2],
    );
    broken(
        &[got(1)],
        "a user took message 1 from anna, which the server never took",
        &[0],
    );
    let other = Got {
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
fn a_message_that_is_lost_is_a_breach() {
    let all = [accepted(1, 1), acknowledged(1)];
    broken(
        &all,
        "message 1 from anna was acknowledged, and its recipient never took it",
        &[0, 1],
    );
    let all = [accepted(1, 1), Waiting { count: 0 }];
    let reason = "1 message neither acknowledged nor gone with their account, and the server has 0";
    broken(&all, reason, &[1]);
    let all = [Began, accepted(1, 1), Began];
    broken(
        &all,
        "the server began anew without 1 message that waited",
        &[1, 2],
    );
}

#[test]
fn a_server_that_begins_anew_with_nothing_waiting_has_lost_nothing() {
    let other = Accepted {
        from: "anna",
        to: "ben",
        number: 1,
        mailbox: 10,
        id: 1,
    };
    let all = [
        Began,
        submitted(1),
        accepted(1, 1),
        got(1),
        acknowledged(1),
        Began,
    ];
    let all = [&all[..], &[submitted(1), other, Waiting { count: 1 }]].concat();
    assert!(matches!(judge(&all), Judgement::Kept { .. }));
}
