//! Each anomaly of the literature is found by its name, and what a weaker model allows is allowed.

use super::*;
use crate::history::script::{Told, judge as verdict_of, passes, told, unknown};
use runner_sdk::Judged;

/// A transaction of a client at a time: what it asked for is what came back.
fn txn<'a>(client: u32, times: (u64, u64), parts: &'a str) -> Told<'a> {
    told(client, "n0", ("txn", parts), times, parts)
}

/// All at once: real time says nothing.
const SAME: (u64, u64) = (0, 100);

#[track_caller]
fn finds<J: Judge<Config = TxnConfig>>(history: &[Told<'_>], reason: &str) {
    let verdict = verdict_of::<J>("", history);
    assert_eq!(verdict.judged, Judged::Failed, "{verdict:?}");
    assert!(verdict.reason.starts_with(reason), "{verdict:?}");
    assert!(!verdict.rows.is_empty());
}

/// The strongest models that allow the history, of a chain.
#[track_caller]
fn allowed<J: Judge<Config = TxnConfig>>(history: &[Told<'_>], models: &[&str]) {
    let chain = [
        "read-uncommitted",
        "read-committed",
        "snapshot-isolation",
        "repeatable-read",
        "serializable",
        "strict-serializable",
    ];
    let passed = chain.iter().filter(|model| {
        let config = format!("consistency_models = ['{model}']");
        verdict_of::<J>(&config, history).judged == Judged::Passed
    });
    assert_eq!(passed.copied().collect::<Vec<_>>(), models);
}

#[test]
fn transactions_one_after_the_other_pass() {
    let history = [
        txn(
            0,
            (0, 10),
            "[[\"append\",1,1],[\"r\",1,[1]],[\"append\",2,9]]",
        ),
        txn(
            1,
            (20, 30),
            "[[\"r\",1,[1]],[\"append\",1,2],[\"r\",1,[1,2]]]",
        ),
        txn(
            2,
            (40, 50),
            "[[\"r\",1,[1,2]],[\"r\",2,[9]],[\"r\",3,null]]",
        ),
        txn(3, (60, 70), "[[\"append\",1,3]]").fails(30),
        txn(4, (60, 70), "[[\"append\",1,4]]").open(),
    ];
    passes::<ListAppend>(
        &history,
        "3 transactions without an anomaly that is forbidden by strict-serializable",
    );
    unknown::<ListAppend>(&[txn(0, SAME, "[[\"append\",1,1]]")], "no read saw a value");
    unknown::<ListAppend>(
        &[
            txn(0, SAME, "[[\"append\",1,1]]"),
            txn(1, SAME, "[[\"append\",1,1]]"),
        ],
        "both append 1 to key 1",
    );
}

#[test]
fn g0_is_a_cycle_of_writes() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1],[\"append\",2,1]]"),
        txn(1, SAME, "[[\"append\",1,2],[\"append\",2,2]]"),
        txn(2, SAME, "[[\"r\",1,[1,2]]]"),
        txn(3, SAME, "[[\"r\",2,[2,1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G0: no order fits: T1 wrote key 1 before T2 did, T2 wrote key 2 before T1 did",
    );
    allowed::<ListAppend>(&history, &[]);
}

#[test]
fn g1a_is_a_read_of_what_was_aborted() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1]]").fails(30),
        txn(1, SAME, "[[\"r\",1,[1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G1a: T1 reads 1 in key 1, which T2 appended, and T2 failed",
    );
    allowed::<ListAppend>(&history, &["read-uncommitted"]);
    let history = [
        txn(0, SAME, "[[\"w\",1,1]]").fails(30),
        txn(1, SAME, "[[\"r\",1,1]]"),
    ];
    finds::<RwRegister>(
        &history,
        "G1a: T1 reads 1 in key 1, which T2 wrote, and T2 failed",
    );
}

#[test]
fn g1b_is_a_read_in_the_middle_of_a_transaction() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1],[\"append\",1,2]]"),
        txn(1, SAME, "[[\"r\",1,[1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G1b: T1 reads key 1 up to 1, after which T2 appended 2",
    );
    let history = [
        txn(0, SAME, "[[\"w\",1,1],[\"w\",1,2]]"),
        txn(1, SAME, "[[\"r\",1,1]]"),
    ];
    finds::<RwRegister>(
        &history,
        "G1b: T1 reads 1 in key 1, which T2 then changed to 2",
    );
}

#[test]
fn g1c_is_a_circle_of_information() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1],[\"r\",2,[1]]]"),
        txn(1, SAME, "[[\"append\",2,1],[\"r\",1,[1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G1c: no order fits: T2 read what T1 wrote to key 1",
    );
    allowed::<ListAppend>(&history, &["read-uncommitted"]);
    let history = [
        txn(0, SAME, "[[\"w\",1,1],[\"r\",2,1]]"),
        txn(1, SAME, "[[\"w\",2,1],[\"r\",1,1]]"),
    ];
    finds::<RwRegister>(&history, "G1c");
}

#[test]
fn a_lost_update_replaces_what_it_did_not_see() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1]]"),
        txn(1, SAME, "[[\"r\",1,[1]],[\"append\",1,2]]"),
        txn(2, SAME, "[[\"r\",1,[1]],[\"append\",1,3]]"),
        txn(3, SAME, "[[\"r\",1,[1,2,3]]]"),
    ];
    finds::<ListAppend>(&history, "lost update: no order fits: ");
    allowed::<ListAppend>(&history, &["read-uncommitted", "read-committed"]);
    let history = [
        txn(0, SAME, "[[\"w\",1,1]]"),
        txn(1, SAME, "[[\"r\",1,1],[\"w\",1,2]]"),
        txn(2, SAME, "[[\"r\",1,1],[\"w\",1,3]]"),
    ];
    finds::<RwRegister>(
        &history,
        "lost update: no order fits: T1 read key 1 before T2 wrote it, T2 read key 1 before T1 wrote it",
    );
    allowed::<RwRegister>(&history, &["read-uncommitted", "read-committed"]);
}

#[test]
fn g_single_is_a_read_of_half_a_transaction() {
    let history = [
        txn(0, SAME, "[[\"append\",1,1],[\"append\",2,1]]"),
        txn(1, SAME, "[[\"r\",1,[1]],[\"r\",2,null]]"),
    ];
    finds::<ListAppend>(&history, "G-single: no order fits: ");
    allowed::<ListAppend>(&history, &["read-uncommitted", "read-committed"]);
    let history = [
        txn(0, SAME, "[[\"w\",1,1],[\"w\",2,1]]"),
        txn(1, SAME, "[[\"r\",1,1],[\"r\",2,null]]"),
    ];
    finds::<RwRegister>(&history, "G-single: no order fits: ");
}

#[test]
fn g2_is_a_write_skew() {
    let history = [
        txn(0, SAME, "[[\"r\",1,null],[\"append\",2,1]]"),
        txn(1, SAME, "[[\"r\",2,null],[\"append\",1,1]]"),
        txn(2, SAME, "[[\"r\",1,[1]],[\"r\",2,[1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G2: no order fits: T1 read key 1 before T2 wrote it, T2 read key 2 before T1 wrote it",
    );
    allowed::<ListAppend>(
        &history,
        &["read-uncommitted", "read-committed", "snapshot-isolation"],
    );
    let history = [
        txn(0, SAME, "[[\"r\",1,null],[\"w\",2,1]]"),
        txn(1, SAME, "[[\"r\",2,null],[\"w\",1,1]]"),
        txn(2, SAME, "[[\"r\",1,1],[\"r\",2,1]]"),
    ];
    finds::<RwRegister>(&history, "G2");
}

#[test]
fn a_stale_read_contradicts_real_time_alone() {
    let history = [
        txn(0, (0, 10), "[[\"append\",1,1]]"),
        txn(1, (20, 30), "[[\"r\",1,null]]"),
        txn(2, (40, 50), "[[\"r\",1,[1]]]"),
    ];
    finds::<ListAppend>(
        &history,
        "G-single-realtime: no order fits: T1 read key 1 before T2 wrote it, T2 had ended before T1 began",
    );
    let all = [
        "read-uncommitted",
        "read-committed",
        "snapshot-isolation",
        "repeatable-read",
        "serializable",
    ];
    allowed::<ListAppend>(&history, &all);
    let history = [
        txn(0, (0, 10), "[[\"w\",1,1]]"),
        txn(1, (20, 30), "[[\"r\",1,null]]"),
        txn(2, (40, 50), "[[\"r\",1,1]]"),
    ];
    finds::<RwRegister>(&history, "G-single-realtime");
    allowed::<RwRegister>(&history, &all);
    // At one instant, neither is before the other.
    let touching = [
        txn(0, (0, 20), "[[\"append\",1,1]]"),
        txn(1, (20, 30), "[[\"r\",1,null]]"),
        txn(2, (40, 50), "[[\"r\",1,[1]]]"),
    ];
    passes::<ListAppend>(&touching, "3 transactions");
}

#[test]
fn an_append_that_is_never_read_is_lost() {
    let history = [
        txn(0, (0, 10), "[[\"append\",1,1]]"),
        txn(1, (20, 30), "[[\"append\",1,2]]"),
        txn(2, (40, 50), "[[\"r\",1,[1]]]"),
    ];
    finds::<ListAppend>(&history, "G-single-realtime");
}

#[test]
fn real_time_goes_over_several_transactions() {
    let history = [
        txn(0, (0, 10), "[[\"append\",1,1]]"),
        txn(3, (12, 14), "[[\"append\",3,1]]"),
        txn(3, (15, 16), "[[\"r\",3,[1]]]"),
        txn(1, (20, 30), "[[\"r\",1,null]]"),
        txn(2, (40, 50), "[[\"r\",1,[1]]]"),
    ];
    let verdict = verdict_of::<ListAppend>("", &history);
    assert_eq!(verdict.rows.len(), 2, "{verdict:?}");
}

#[test]
fn reads_that_cannot_be_are_found() {
    let one = txn(0, SAME, "[[\"append\",1,1],[\"append\",1,2]]");
    for (read, reason) in [
        (
            "[[\"r\",1,[1,9]]]",
            "garbage read: T1 reads 9 in key 1, which nobody appended",
        ),
        (
            "[[\"r\",1,[1,2,1]]]",
            "duplicate elements: T1 reads 1 twice in key 1",
        ),
        (
            "[[\"append\",1,3],[\"r\",1,[1,2]]]",
            "internal: T1 reads key 1 as [1,2], expected a list that ends in [3]",
        ),
        (
            "[[\"r\",1,[1,2]],[\"r\",1,null]]",
            "internal: T1 reads key 1 as [], expected [1,2]",
        ),
    ] {
        finds::<ListAppend>(&[one, txn(1, SAME, read)], reason);
    }
    let orders = [
        one,
        txn(1, SAME, "[[\"r\",1,[1,2]]]"),
        txn(2, SAME, "[[\"r\",1,[2]]]"),
    ];
    finds::<ListAppend>(
        &orders,
        "incompatible order: element 1 of key 1 is 1 for T1 and 2 for T2",
    );
    let one = txn(0, SAME, "[[\"w\",1,1]]");
    for (read, reason) in [
        (
            "[[\"r\",1,9]]",
            "garbage read: T1 reads 9 in key 1, which nobody wrote",
        ),
        (
            "[[\"w\",1,3],[\"r\",1,1]]",
            "internal: T1 reads key 1 as 1, expected 3",
        ),
        (
            "[[\"r\",1,1],[\"r\",1,null]]",
            "internal: T1 reads key 1 as null, expected 1",
        ),
    ] {
        finds::<RwRegister>(&[one, txn(1, SAME, read)], reason);
    }
}

#[test]
fn the_models_that_must_hold_are_known() {
    let problems = runner_sdk::testkit::check_problems::<crate::history::Judged<ListAppend>>;
    assert!(problems("consistency_models = ['serializable', 'read-committed']").is_empty());
    let found = problems("consistency_models = ['serialisable']");
    assert!(
        found[0].path == "consistency_models[0]" && found[0].message.contains("snapshot-isolation"),
        "{found:?}"
    );
    assert_eq!(problems("consistency_models = []").len(), 1);
}
