//! Correct histories, and each mistake that a history may contain.

use super::*;

const BATCH: Digest = Digest(1);
const OTHER: Digest = Digest(2);

fn won(count: u64) -> Winners {
    Winners {
        count,
        documents: Digest(10 * count),
    }
}

/// A correct run with two batches of agency 1.
fn run() -> Vec<Fact> {
    let (agency, winners) = (1, won(1));
    vec![
        Fact::Agency { agency },
        Fact::HandedIn {
            agency,
            batch: BATCH,
        },
        Fact::Stored {
            agency,
            batch: BATCH,
            bets: 2,
            winners,
        },
        // The reply was lost; the batch was sent again and recognized.
        Fact::HandedIn {
            agency,
            batch: BATCH,
        },
        Fact::Acknowledged {
            agency,
            batch: BATCH,
        },
        Fact::HandedIn {
            agency,
            batch: OTHER,
        },
        Fact::Stored {
            agency,
            batch: OTHER,
            bets: 2,
            winners,
        },
        Fact::Acknowledged {
            agency,
            batch: OTHER,
        },
        Fact::Drawn,
        Fact::Told {
            agency,
            winners: won(2),
        },
        Fact::Informed {
            agency,
            winners: won(2),
        },
    ]
}

fn judge(facts: &[Fact]) -> Finding<usize> {
    let mut audit = Audit::default();
    facts
        .iter()
        .enumerate()
        .for_each(|(row, fact)| audit.note(row, *fact));
    audit.finish()
}

/// The reason and the records of the finding for a changed run.
#[track_caller]
fn wrong(change: impl FnOnce(&mut Vec<Fact>)) -> (String, Vec<usize>) {
    let mut facts = run();
    change(&mut facts);
    match judge(&facts) {
        Finding::Wrong { reason, rows } => (reason, rows),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unknown(change: impl FnOnce(&mut Vec<Fact>)) -> String {
    let mut facts = run();
    change(&mut facts);
    match judge(&facts) {
        Finding::Unknown { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_correct_run_is_complete() {
    assert_eq!(judge(&run()), Finding::Complete);
    // An agency outside of the run records nothing.
    let outside = [
        Fact::Stored {
            agency: 9,
            batch: OTHER,
            bets: 2,
            winners: won(3),
        },
        Fact::Drawn,
        Fact::Told {
            agency: 9,
            winners: won(3),
        },
    ];
    assert_eq!(judge(&outside), Finding::Complete);
}

#[test]
fn a_batch_that_is_stored_twice_is_found_with_both_records() {
    let (reason, rows) = wrong(|facts| facts.insert(8, facts[2]));
    assert_eq!(
        reason,
        "batch 0000000000000001 of agency 1 was stored twice"
    );
    assert_eq!(rows, [2, 8]);
}

#[test]
fn a_batch_that_is_acknowledged_or_handed_in_but_not_stored_is_found() {
    let (reason, rows) = wrong(|facts| {
        facts.remove(6);
    });
    assert_eq!(
        reason,
        "batch 0000000000000002 of agency 1 was acknowledged unstored"
    );
    assert_eq!(rows, [5, 6]);
    let (reason, rows) = wrong(|facts| {
        facts.drain(6..8);
        let winners = won(1);
        facts[7] = Fact::Told { agency: 1, winners };
        facts[8] = Fact::Informed { agency: 1, winners };
    });
    assert_eq!(
        reason,
        "batch 0000000000000002 of agency 1 was handed in and never stored"
    );
    // With the draw, after which it is too late.
    assert_eq!(rows, [5, 6]);
}

#[test]
fn a_refused_batch_need_not_be_stored() {
    let mut facts = run();
    facts.drain(6..8);
    facts.insert(
        6,
        Fact::Rejected {
            agency: 1,
            batch: OTHER,
        },
    );
    facts[8] = Fact::Told {
        agency: 1,
        winners: won(1),
    };
    facts[9] = Fact::Informed {
        agency: 1,
        winners: won(1),
    };
    assert_eq!(judge(&facts), Finding::Complete);
}

#[test]
fn a_batch_that_was_not_handed_in_must_not_be_stored() {
    let (reason, rows) = wrong(|facts| {
        facts.remove(5);
    });
    assert_eq!(
        reason,
        "batch 0000000000000002 was stored for agency 1, which never handed it in"
    );
    // With the record that shows that the agency writes a log.
    assert_eq!(rows, [0, 5]);
}

#[test]
fn wrong_winners_are_found_at_the_central_and_at_the_agency() {
    let (reason, rows) = wrong(|facts| {
        facts[9] = Fact::Told {
            agency: 1,
            winners: won(1),
        }
    });
    let sum = "2 (0000000000000014)";
    assert_eq!(
        reason,
        format!("agency 1 was told 1 (000000000000000a) winners, and {sum} were stored")
    );
    // With every record that is part of the sum.
    assert_eq!(rows, [2, 6, 9]);
    // The same number of winners, but others.
    let others = Winners {
        count: 2,
        documents: Digest(7),
    };
    let (reason, rows) = wrong(|facts| {
        facts[10] = Fact::Informed {
            agency: 1,
            winners: others,
        }
    });
    assert_eq!(
        reason,
        format!("agency 1 heard 2 (0000000000000007) winners, and was told {sum}")
    );
    assert_eq!(rows, [9, 10]);
    let (reason, _) = wrong(|facts| facts.swap(8, 9));
    assert_eq!(reason, "agency 1 was told winners before the draw");
}

#[test]
fn a_run_without_a_draw_is_unknown() {
    assert_eq!(unknown(Vec::clear), "no agency has handed in anything");
    assert_eq!(
        unknown(|facts| facts.truncate(8)),
        "the run ended before the draw"
    );
    assert_eq!(
        unknown(|facts| facts.truncate(9)),
        "agency 1 never heard of its winners"
    );
}
