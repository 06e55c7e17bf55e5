//! The check on records like those of agencies and central.

use super::*;
use crate::{Agency, Central};
use runner_sdk::Judged;
use runner_sdk::testkit::{Judge, Seen, check};

const BATCH: &str = "00000000000000aa";
const NONE: &str = "0000000000000000";

fn run(folder: &str) -> Judge<Complete> {
    let setup = check::<Complete>().folder(folder);
    let setup = setup.node::<Central>("central", "lottery");
    setup.node::<Agency>("agency-1", "lottery").begin()
}

/// A step of a node with one row.
fn step(
    run: &mut Judge<Complete>,
    node: u32,
    event: &str,
    texts: &[(&str, &str)],
    numbers: &[(&str, u64)],
) {
    run.step(&Seen {
        node,
        event,
        texts,
        numbers,
        ..Seen::default()
    });
}

/// All records from the start to the winners, with one batch.
fn lottery(run: &mut Judge<Complete>, batch: &str, times: usize) {
    step(run, 0, "start", &[], &[]);
    step(run, 1, "start", &[("agency", "1")], &[]);
    step(run, 1, "hands_in", &[("handed_in", batch)], &[]);
    let texts = [("agency", "1"), ("batch", batch), ("documents", NONE)];
    for _ in 0..times {
        step(run, 0, "stored", &texts, &[("bets", 1), ("winners", 0)]);
    }
    step(run, 0, "repeated", &texts, &[]);
    step(run, 1, "acknowledged", &[("answered", batch)], &[]);
    step(run, 0, "drawn", &[], &[]);
    step(run, 0, "told", &[("documents", NONE)], &[("winners", 0)]);
    step(
        run,
        1,
        "informed",
        &[("documents", NONE)],
        &[("winners", 0)],
    );
}

#[test]
fn bets_of_an_earlier_run_are_not_judged() {
    let mut run = run("");
    step(&mut run, 0, "start", &[], &[("stored", 7)]);
    lottery(&mut run, BATCH, 1);
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Unknown, "{}", verdict.reason);
    assert!(verdict.reason.contains("7 bets of an earlier run"));
}

#[test]
fn a_correct_lottery_passes() {
    let mut run = run("");
    lottery(&mut run, BATCH, 1);
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Passed, "{verdict:?}");
    assert_eq!(verdict.reason, "1 bets in 1 batches, each stored once");
}

/// An agency of the run that loses a batch of 130, and one outside that loses 2 bets.
#[test]
fn what_was_handed_in_is_counted_against_what_is_stored() {
    let counted = |handed_in, rejected| {
        let mut run = run("");
        lottery(&mut run, BATCH, 1);
        let refused = [("agency", "1"), ("batch", "00000000000000bb")];
        step(&mut run, 1, "hands_in", &[("handed_in", refused[1].1)], &[]);
        step(&mut run, 0, "refused", &refused, &[("bets", 130)]);
        step(&mut run, 1, "rejected", &[("answered", refused[1].1)], &[]);
        let outside = [("agency", "2"), ("batch", "00000000000000cc")];
        for _ in 0..2 {
            step(&mut run, 0, "refused", &outside, &[("bets", 2)]);
        }
        let counts = [("offered", handed_in), ("rejected", rejected)];
        step(&mut run, 1, "ends", &[("agency", "1")], &counts);
        run.finish()
    };
    let verdict = counted(131, 130);
    assert_eq!(verdict.judged, Judged::Passed, "{verdict:?}");
    assert_eq!(
        verdict.reason,
        "of 133 bets handed in, 1 are stored, in 1 batches, each once; rejected: 130 of agency 1, 2 of agency 2"
    );
    assert_eq!(
        counted(133, 130).reason,
        "of 135 bets handed in, 1 are stored, in 1 batches, each once; rejected: 130 of agency 1, 2 of agency 2; \
         2 are in batches equal to an earlier one of their agency, which count once"
    );
    let more = counted(130, 130);
    assert_eq!(more.judged, Judged::Failed);
    assert_eq!(
        more.reason,
        "agency 1 handed in 130 bets, of which 130 were rejected, and 1 are stored"
    );
}

#[test]
fn a_batch_stored_twice_fails_with_both_rows() {
    let mut run = run("");
    lottery(&mut run, BATCH, 2);
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Failed);
    assert_eq!(
        verdict.reason,
        "batch 00000000000000aa of agency 1 was stored twice"
    );
    let rows: Vec<_> = verdict
        .rows
        .iter()
        .map(|row| (row.node, row.row, &*row.note))
        .collect();
    let note = "agency 1, batch 00000000000000aa";
    assert_eq!(rows, [(0, 2, note), (0, 3, note)]);
}

#[test]
fn a_central_that_is_a_program_is_unknown_and_not_failed() {
    let setup = check::<Complete>().program("central");
    let mut run = setup.node::<Agency>("agency-1", "lottery").begin();
    step(&mut run, 1, "start", &[("agency", "1")], &[]);
    step(&mut run, 1, "hands_in", &[("handed_in", BATCH)], &[]);
    let message = |event| Seen {
        node: 1,
        event,
        peer: Some(0),
        message: 1,
        ..Seen::default()
    };
    run.row(&message("send"));
    run.step(&message("receive"));
    step(&mut run, 1, "acknowledged", &[("answered", BATCH)], &[]);
    step(
        &mut run,
        1,
        "informed",
        &[("documents", NONE)],
        &[("winners", 0)],
    );
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Unknown, "{verdict:?}");
    assert_eq!(
        verdict.reason,
        "the central of agency 1 is the program `central`: nothing records what it stores"
    );
}

#[test]
fn without_records_the_verdict_is_unknown() {
    assert_eq!(run("").finish().judged, Judged::Unknown);
}

#[test]
fn the_file_must_have_the_batches_of_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let line = "1,Ana,Ño,30904465,1999-03-17,7574\r\n";
    let batch = Digest::of(line.as_bytes()).to_string();
    let judge = |text: Option<&str>| {
        if let Some(text) = text {
            std::fs::write(folder.path().join(BETS), text).unwrap();
        }
        let mut run = run(folder.path().to_str().unwrap());
        lottery(&mut run, &batch, 1);
        run.finish()
    };
    let missing = judge(None);
    assert_eq!(missing.judged, Judged::Failed);
    assert!(
        missing
            .reason
            .starts_with("bets.csv is not what was stored: ")
    );
    assert_eq!(judge(Some(line)).judged, Judged::Passed);
    let twice = judge(Some(&line.repeat(2)));
    assert_eq!(twice.judged, Judged::Failed);
    assert!(
        twice.reason.contains("expected no more after 1 bets"),
        "{}",
        twice.reason
    );
}
