//! The check on rows written in a test.

use super::*;
use runner_sdk::Judged;
use runner_sdk::testkit::{self, Judge};

const SERVER: u32 = 0;
const ANNA: u32 = 1;
const BEN: u32 = 2;
/// A peer outside of the run.
const STRANGER: u32 = 3;

fn chat() -> Judge<ChatDelivery> {
    let check = testkit::check::<ChatDelivery>();
    let check = check.node::<ChatServer>("server", "chat");
    let check = check.node::<ChatClient>("anna", "chat");
    check.node::<ChatClient>("ben", "chat").begin()
}

/// A row about a message from Anna to Ben, with equal number and id.
fn row(judge: &mut Judge<ChatDelivery>, node: u32, event: &str, id: u64) {
    judge.step(&testkit::Seen {
        node,
        event,
        numbers: &[("number", id), ("mailbox", 9), ("id", id)],
        texts: &[("from", "anna"), ("to", "ben")],
        ..Default::default()
    });
}

/// The server receives a message from this peer.
fn hears(judge: &mut Judge<ChatDelivery>, peer: u32) {
    judge.step(&testkit::Seen {
        node: SERVER,
        event: "receive",
        peer: Some(peer),
        ..Default::default()
    });
}

/// Adds the server's last row and returns the verdict.
fn ends(mut judge: Judge<ChatDelivery>, waiting: u64) -> Verdict {
    judge.step(&testkit::Seen {
        node: SERVER,
        event: "stop",
        numbers: &[("waiting", waiting)],
        ..Default::default()
    });
    judge.finish()
}

#[test]
fn a_correct_chat_passes_with_the_numbers_of_messages() {
    let mut judge = chat();
    for id in 1..=3 {
        row(&mut judge, ANNA, "submitted", id);
        row(&mut judge, SERVER, "accepted", id);
    }
    row(&mut judge, BEN, "got", 1);
    row(&mut judge, BEN, "got", 2);
    hears(&mut judge, BEN);
    row(&mut judge, SERVER, "acknowledged", 2);
    let verdict = ends(judge, 1);
    assert_eq!(verdict, Verdict::passed("3 sent, 2 taken, 1 queued"));
}

#[test]
fn a_message_shown_twice_fails_with_both_rows() {
    let mut judge = chat();
    row(&mut judge, ANNA, "submitted", 1);
    row(&mut judge, SERVER, "accepted", 1);
    row(&mut judge, BEN, "got", 1);
    row(&mut judge, BEN, "got", 1);
    let verdict = ends(judge, 1);
    assert_eq!(verdict.judged, Judged::Failed);
    let reason = "a user took message 1 from anna after message 1: twice, or out of order";
    assert_eq!(verdict.reason, reason);
    let rows: Vec<_> = verdict.rows.iter().map(|it| (it.node, it.row)).collect();
    assert_eq!(rows, [(BEN, 1), (BEN, 2)]);
    assert_eq!(verdict.rows[0].note, "id 1 from anna");
}

#[test]
fn a_message_neither_received_nor_queued_is_lost() {
    for (waiting, outside, judged) in [
        (0, BEN, Judged::Failed),
        (0, STRANGER, Judged::Passed),
        (5, STRANGER, Judged::Failed),
    ] {
        let mut judge = chat();
        row(&mut judge, ANNA, "submitted", 1);
        row(&mut judge, SERVER, "accepted", 1);
        hears(&mut judge, outside);
        row(&mut judge, SERVER, "acknowledged", 1);
        assert_eq!(ends(judge, waiting).judged, judged);
    }
}

#[test]
fn a_crash_of_the_server_loses_the_waiting_messages() {
    let mut judge = chat();
    row(&mut judge, SERVER, "start", 0);
    row(&mut judge, ANNA, "submitted", 1);
    row(&mut judge, SERVER, "accepted", 1);
    row(&mut judge, SERVER, "crash", 0);
    let reason = "the server began anew without 1 message that waited";
    assert_eq!(ends(judge, 0).reason, reason);
}

/// A row of the server with its numbers of accounts and of waiting messages.
fn server_with(judge: &mut Judge<ChatDelivery>, event: &str, accounts: u64, waiting: u64) {
    judge.step(&testkit::Seen {
        node: SERVER,
        event,
        numbers: &[("accounts", accounts), ("waiting", waiting)],
        ..Default::default()
    });
}

#[test]
fn a_crash_of_a_server_that_persists_loses_nothing() {
    for (accounts, waiting, expected) in [
        (2, 1, Judged::Passed),
        (0, 0, Judged::Failed),
        (2, 0, Judged::Failed),
        (2, 2, Judged::Failed),
    ] {
        let mut judge = chat();
        server_with(&mut judge, "start", 0, 0);
        row(&mut judge, ANNA, "submitted", 1);
        row(&mut judge, SERVER, "accepted", 1);
        server_with(&mut judge, "crash", 2, 1);
        server_with(&mut judge, "restart", accounts, waiting);
        row(&mut judge, BEN, "got", 1);
        row(&mut judge, SERVER, "acknowledged", 1);
        let verdict = ends(judge, 0);
        assert_eq!(verdict.judged, expected, "{}", verdict.reason);
    }
}

#[test]
fn a_message_lost_in_a_crash_is_found_though_its_account_is_deleted_later() {
    let mut judge = chat();
    server_with(&mut judge, "start", 0, 0);
    row(&mut judge, ANNA, "submitted", 1);
    row(&mut judge, SERVER, "accepted", 1);
    server_with(&mut judge, "crash", 2, 1);
    server_with(&mut judge, "restart", 2, 0);
    row(&mut judge, SERVER, "deleted", 0);
    let verdict = ends(judge, 0);
    assert_eq!(verdict.judged, Judged::Failed, "{}", verdict.reason);
    let reason = "1 message neither acknowledged nor gone with their account, and the server has 0";
    assert_eq!(verdict.reason, reason);
}

#[test]
fn a_server_with_accounts_of_an_earlier_run_is_not_judged() {
    let mut judge = chat();
    server_with(&mut judge, "start", 2, 0);
    row(&mut judge, BEN, "got", 7);
    let verdict = ends(judge, 0);
    assert_eq!(verdict.judged, Judged::Unknown, "{}", verdict.reason);
    assert!(verdict.reason.contains("2 accounts of an earlier run"));
}

#[test]
fn a_run_without_messages_is_unknown() {
    assert_eq!(ends(chat(), 0), Verdict::unknown("no message was sent"));
    let none = testkit::check::<ChatDelivery>().begin().finish();
    assert_eq!(none, Verdict::unknown("no node is a chat.server"));
    let two = testkit::check::<ChatDelivery>();
    let two = two.node::<ChatServer>("a", "chat");
    let two = two.node::<ChatServer>("b", "chat").begin().finish();
    let reason = "2 nodes are a chat.server, and this check judges one";
    assert_eq!(two, Verdict::unknown(reason));
}
