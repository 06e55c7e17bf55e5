//! The check `kv.linearizable` on records.

use super::Linearizable;
use crate::{Client, Server};
use runner_sdk::testkit::{Judge, Seen, check, check_problems};
use runner_sdk::{Judged, Verdict};

fn clients(config: &str) -> Judge<Linearizable> {
    let setup = check::<Linearizable>().config(config);
    setup
        .node::<Client>("a", "kv")
        .node::<Client>("b", "kv")
        .begin()
}

/// Columns with their values.
type Texts = &'static [(&'static str, &'static str)];

/// Judges records of clients: node, time, event, and the columns that the check reads.
fn judged(records: &[(u32, u64, &str, Texts)]) -> Verdict {
    judged_with("", records)
}

/// As [`judged`], by a check with this config.
fn judged_with(config: &str, records: &[(u32, u64, &str, Texts)]) -> Verdict {
    let mut run = clients(config);
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
    assert_eq!(
        verdict.reason,
        "2 of 2 operations answered, on 1 key, all explained"
    );
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
fn too_few_answers_are_unknown() {
    let records = [
        (0, 1, "invoke", SET),
        (0, 5, "return", OK),
        (1, 6, "invoke", GET),
        (0, 6, "invoke", SET),
    ];
    for (config, verdict, reason) in [
        ("", Judged::Passed, "1 of 3 operations answered, on 1 key"),
        ("min_answered = 0.3", Judged::Passed, "1 of 3 operations"),
        (
            "min_answered = 0.5",
            Judged::Unknown,
            "1 of 3 operations answered, expected at least the share 0.5 (`min_answered`)",
        ),
    ] {
        let found = judged_with(config, &records);
        assert_eq!(found.judged, verdict, "{config}");
        assert!(found.reason.starts_with(reason), "{}", found.reason);
    }
    // Answers that cannot be explained count, however few there are.
    let wrong: Texts = &[("result", "2")];
    let records = [
        (0, 1, "invoke", GET),
        (0, 5, "return", wrong),
        (1, 6, "invoke", GET),
    ];
    let found = judged_with("min_answered = 1", &records);
    assert_eq!(found.judged, Judged::Failed, "{}", found.reason);
}

#[test]
fn a_share_above_1_is_refused() {
    let found = check_problems::<Linearizable>("min_answered = 1.5");
    assert_eq!(found[0].path, "min_answered");
}

#[test]
fn what_a_program_may_have_written_is_unknown() {
    let judge = |from: Option<u32>| {
        let setup = check::<Linearizable>().node::<Client>("a", "kv");
        let setup = setup.node::<Server>("s", "kv").program("p");
        let mut run = setup.begin();
        let two: Texts = &[("result", "2")];
        let records = [(0, "invoke", GET), (1, "receive", &[]), (0, "return", two)];
        for (node, event, texts) in records {
            run.step(&Seen {
                node,
                event,
                peer: from.filter(|_| event == "receive"),
                message: 1,
                texts,
                ..Seen::default()
            });
        }
        run.finish()
    };
    // From the client, from the program, and from a client outside of the scenario.
    assert_eq!(judge(Some(0)).judged, Judged::Failed);
    let found = judge(Some(2));
    assert_eq!(found.judged, Judged::Unknown, "{}", found.reason);
    assert!(
        found
            .reason
            .starts_with("`p` is a program and sent something to a store"),
        "{}",
        found.reason
    );
    assert_eq!(judge(Some(3)).judged, Judged::Unknown);
}

/// Commands of one client after one another: name, value, reply.
type Steps = &'static [(&'static str, &'static str, &'static str)];

#[test]
fn what_a_store_held_before_the_run_is_a_violation_only_of_a_store_of_the_run() {
    let judge = |peer, steps: Steps| {
        let setup = check::<Linearizable>().node::<Client>("a", "kv");
        let mut run = setup.node::<Server>("s", "kv").program("p").begin();
        for (index, &(command, value, result)) in steps.iter().enumerate() {
            let asked = [("command", command), ("key", "k"), ("value", value)];
            let told = [("result", result)];
            let events: [(&str, &[(&str, &str)]); 3] =
                [("invoke", &asked), ("send", &[]), ("return", &told)];
            for (event, texts) in events {
                run.at(index as u64 * 10 + u64::from(event == "return") + 1);
                run.step(&Seen {
                    event,
                    peer: Some(peer).filter(|_| event == "send"),
                    texts,
                    ..Seen::default()
                });
            }
        }
        run.finish()
    };
    let explained: [Steps; 8] = [
        &[("get", "", "7")],
        &[
            ("get", "", "7"),
            ("delete", "", "ok"),
            ("get", "", "not found"),
        ],
        &[("delete", "", "ok")],
        &[("incr", "", "6"), ("incr", "", "7")],
        &[("decrby", "4", "-1"), ("getset", "x", "-1")],
        &[
            ("setnx", "1", "0"),
            ("set nx", "1", "not found"),
            ("get", "", "old"),
        ],
        &[("append", "xyz", "5"), ("strlen", "", "5")],
        &[("exists", "", "1"), ("incrby", "-3", "0")],
    ];
    for steps in explained {
        let found = judge(2, steps);
        assert_eq!(found.judged, Judged::Unknown, "{steps:?}: {}", found.reason);
        let text = "`p` is a program, and a value that it held before the run may explain this";
        assert!(found.reason.starts_with(text), "{}", found.reason);
        assert_eq!(judge(1, steps).judged, Judged::Failed, "{steps:?}");
    }
    // With the numbers of the commands that prove it, whatever the store held before.
    let violations: [(Steps, &[u64]); 8] = [
        (&[("get", "", "7"), ("get", "", "8")], &[0, 1]),
        (&[("set", "1", "ok"), ("get", "", "not found")], &[0, 1]),
        (&[("get", "", "7"), ("get", "", "not found")], &[0, 1]),
        (&[("incr", "", "6"), ("incr", "", "6")], &[0, 1]),
        (&[("delete", "", "ok"), ("delete", "", "ok")], &[0, 1]),
        (&[("append", "xyz", "2")], &[0]),
        (
            &[
                ("get", "", "nil"),
                ("set", "1", "ok"),
                ("delete", "", "ok"),
                ("get", "", "nil"),
            ],
            &[0, 1, 3],
        ),
        (&[("setnx", "a", "1"), ("get", "", "b")], &[0, 1]),
    ];
    for (steps, proof) in violations {
        let found = judge(2, steps);
        assert_eq!(found.judged, Judged::Failed, "{steps:?}: {}", found.reason);
        let mut commands: Vec<u64> = found.rows.iter().map(|it| (it.row - 1) / 3).collect();
        commands.dedup();
        assert_eq!(commands, proof, "{steps:?}: {}", found.reason);
        let hint =
            "no client wrote \"nil\": if it is the store's word for a key that does not exist";
        assert_eq!(
            found.reason.contains(hint),
            steps.len() == 4,
            "{}",
            found.reason
        );
    }
}

#[test]
fn a_budget_of_0_is_refused() {
    let found = check_problems::<Linearizable>("budget = 0");
    assert_eq!(found[0].path, "budget");
}

#[test]
fn a_command_that_is_not_modelled_makes_a_pass_unknown_and_may_excuse_a_violation() {
    let mset: Texts = &[("command", "mset"), ("value", "k 2")];
    let two: Texts = &[("result", "2")];
    let right = [
        (0, 1, "invoke", SET),
        (0, 5, "return", OK),
        (0, 6, "invoke", mset),
        (0, 7, "return", OK),
    ];
    let verdict = judged(&right);
    assert_eq!(verdict.judged, Judged::Unknown, "{}", verdict.reason);
    assert!(
        verdict
            .reason
            .starts_with("`a` used `mset`, which this check does not model")
    );
    let wrong = [&right[..], &[(1, 8, "invoke", GET), (1, 9, "return", two)]].concat();
    let verdict = judged(&wrong);
    assert_eq!(verdict.judged, Judged::Unknown, "{}", verdict.reason);
    assert!(verdict.reason.contains("may explain this: key `k`"));
}

#[test]
fn after_a_lost_message_the_replies_to_an_open_loop_are_not_judged() {
    for (lost, expected) in [(false, Judged::Passed), (true, Judged::Unknown)] {
        let mut run = clients("");
        let mut step = |time, event, op, texts| {
            run.at(time).step(&Seen {
                node: 0,
                event,
                numbers: &[("op", op)],
                texts,
                peer: (event == "drop").then_some(1),
                ..Seen::default()
            });
        };
        step(1, "invoke", 1, SET);
        step(2, "invoke", 2, GET);
        if lost {
            step(3, "drop", 2, &[]);
        }
        step(4, "return", 1, OK);
        step(5, "return", 2, &[("result", "1")]);
        let verdict = run.finish();
        assert_eq!(verdict.judged, expected, "{}", verdict.reason);
        assert_eq!(
            verdict.reason.contains("`a` does not wait for replies"),
            lost
        );
    }
}
