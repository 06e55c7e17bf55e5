//! Histories that keep the clock condition, and histories that break it.

use super::*;
use crate::Machine;
use runner_sdk::Judged;
use runner_sdk::testkit::{Judge, Seen, check, check_problems};

fn machines() -> Judge<Lamport> {
    check::<Lamport>()
        .node::<Machine>("a", "clock")
        .node::<Machine>("b", "clock")
        .begin()
}

fn tick<'a>(node: u32, clock: &'a [(&'a str, u64)]) -> Seen<'a> {
    Seen {
        node,
        event: "internal",
        numbers: clock,
        ..Seen::default()
    }
}

#[test]
fn clocks_that_rise_along_every_message_pass() {
    let mut run = machines();
    run.step(&tick(0, &[("clock", 1)]));
    run.message((0, &[("clock", 2)]), (1, &[("clock", 3)]));
    run.message((1, &[("clock", 4)]), (0, &[("clock", 5)]));
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Passed);
    assert_eq!(
        verdict.reason,
        "5 pairs of steps in order, 2 of them a message"
    );
}

#[test]
fn a_receipt_that_is_not_later_than_its_sending_fails_with_both_rows() {
    let mut run = machines();
    run.step(&tick(0, &[("clock", 1)])).at(7);
    run.message((0, &[("clock", 2)]), (1, &[("clock", 2)]));
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Failed);
    let rows: Vec<_> = verdict
        .rows
        .iter()
        .map(|row| (row.node, row.row, row.time_ns, row.note.as_str()))
        .collect();
    assert_eq!(rows, [(0, 2, 7, "clock 2"), (1, 1, 7, "clock 2")]);
    assert!(
        verdict
            .reason
            .contains("is not above the sender's: 2 then 2"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_step_without_a_rise_fails() {
    let mut run = machines();
    run.step(&tick(1, &[("clock", 4)]))
        .step(&tick(1, &[("clock", 4)]));
    assert_eq!(run.finish().judged, Judged::Failed);
}

#[test]
fn two_rows_of_one_step_are_one_moment() {
    let mut run = machines();
    let send = |message| Seen {
        node: 0,
        event: "send",
        peer: Some(1),
        message,
        numbers: &[("clock", 1)],
        texts: &[],
    };
    run.step(&send(1)).row(&send(2));
    run.step(&Seen {
        node: 1,
        event: "receive",
        peer: Some(0),
        message: 2,
        numbers: &[("clock", 2)],
        texts: &[],
    });
    assert_eq!(run.finish().judged, Judged::Passed);
}

#[test]
fn without_messages_nothing_is_known() {
    assert_eq!(machines().finish().judged, Judged::Unknown);
    let mut run = machines();
    run.step(&tick(0, &[("clock", 1)]))
        .step(&tick(0, &[("clock", 2)]));
    assert_eq!(run.finish().judged, Judged::Unknown);
}

#[test]
fn it_has_no_config() {
    let found = check_problems::<Lamport>("strict = true");
    assert_eq!(
        found[0].message,
        "unknown key `strict`, none are known here"
    );
}
