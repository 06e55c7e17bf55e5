//! The check `kv.linearizable` on records.

use super::Linearizable;
use crate::Client;
use runner_sdk::testkit::{Judge, Seen, check, check_problems};
use runner_sdk::{Judged, Verdict};

fn clients() -> Judge<Linearizable> {
    let setup = check::<Linearizable>();
    setup
        .node::<Client>("a", "kv")
        .node::<Client>("b", "kv")
        .begin()
}

/// Columns with their values.
type Texts = &'static [(&'static str, &'static str)];

/// Judges records of clients: node, time, event, and the columns that the check reads.
fn judged(records: &[(u32, u64, &str, Texts)]) -> Verdict {
    let mut run = clients();
    for &(node, time, event, texts) in records {
        run.at(time).step(&Seen {
            node,
            event,
            texts,
            ..Seen::default()
        });
    }
    run.finish()
}

const SET: Texts = &[("command", "set"), ("key", "k"), ("value", "1")];
const GET: Texts = &[("command", "get"), ("key", "k"), ("value", "")];
const OK: Texts = &[("result", "ok")];

#[test]
fn a_linearizable_history_passes_with_its_size() {
    let one: Texts = &[("result", "1")];
    let records = [
        (0, 1, "invoke", SET),
        (0, 5, "return", OK),
        (1, 6, "invoke", GET),
        (1, 7, "return", one),
    ];
    let verdict = judged(&records);
    assert_eq!(verdict.judged, Judged::Passed, "{}", verdict.reason);
    assert_eq!(verdict.reason, "2 operations on 1 key explained");
}

#[test]
fn values_of_an_earlier_run_are_no_violation() {
    let setup = check::<Linearizable>().node::<Client>("a", "kv");
    let mut run = setup.node::<crate::Server>("server", "kv").begin();
    run.step(&Seen {
        node: 1,
        event: "start",
        numbers: &[("keys", 3)],
        ..Seen::default()
    });
    for (event, texts) in [("invoke", GET), ("return", &[("result", "1")])] {
        run.at(5).step(&Seen {
            node: 0,
            event,
            texts,
            ..Seen::default()
        });
    }
    let verdict = run.finish();
    assert_eq!(verdict.judged, Judged::Unknown, "{}", verdict.reason);
    assert!(verdict.reason.contains("3 keys of an earlier run"));
}

#[test]
fn a_violation_fails_with_its_rows() {
    let missing: Texts = &[("result", "not found")];
    let records = [
        (0, 1, "invoke", SET),
        (0, 3, "retry", SET),
        (0, 5, "return", OK),
        (1, 6, "invoke", GET),
        (1, 7, "return", missing),
    ];
    let verdict = judged(&records);
    assert_eq!(verdict.judged, Judged::Failed);
    assert!(
        verdict
            .reason
            .starts_with("key `k`: no order of these explains")
    );
    let rows: Vec<_> = verdict
        .rows
        .iter()
        .map(|it| (it.node, it.row, it.note.as_str()))
        .collect();
    let expected = [
        (0, 1, "set \"1\""),
        (0, 2, "set \"1\" again"),
        (0, 3, "\"ok\""),
        (1, 1, "get"),
        (1, 2, "\"not found\""),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_run_without_replies_is_unknown() {
    assert_eq!(judged(&[(0, 1, "invoke", SET)]).judged, Judged::Unknown);
    assert_eq!(judged(&[]).judged, Judged::Unknown);
}

#[test]
fn a_budget_of_0_is_refused() {
    let found = check_problems::<Linearizable>("budget = 0");
    assert_eq!(found[0].path, "budget");
}
