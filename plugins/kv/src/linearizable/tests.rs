//! Histories with known verdicts, and random ones against a checker that tries every order.

use super::item::{Effect, Item, MISSING, NEVER};
use super::search::{Outcome, search};
use super::*;
use proptest::prelude::*;

/// Plays records written as lines: `CLIENT TIME WORD [REST]`; a row is the number of its
/// line, from 1.
fn history(text: &str) -> History<usize> {
    let mut history = History::default();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    for (index, line) in lines.enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (client, row) = (words[0], index + 1);
        let time = words[1].parse().unwrap();
        match words[2] {
            "set" => history.invoke(client, time, row, ["set", words[3], words[4]]),
            "get" | "delete" => history.invoke(client, time, row, [words[2], words[3], ""]),
            "retry" => history.retry(client, time, row),
            "settled" => history.settled(client, time),
            "->" => history.returned(client, time, row, &words[3..].join(" ")),
            other => panic!("{other}"),
        }
    }
    history
}

#[track_caller]
fn passes(text: &str) {
    let verdict = history(text).judge(BUDGET);
    assert!(
        matches!(verdict, Verdict::Linearizable { .. }),
        "{verdict:?}"
    );
}

/// The rows of the proof that it is not.
#[track_caller]
fn fails(text: &str) -> Vec<usize> {
    match history(text).judge(BUDGET) {
        Verdict::Violation(violation) => violation
            .evidence
            .into_iter()
            .flat_map(|it| it.rows)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_overlaps_may_have_come_in_any_order() {
    passes("a 0 set k 1\n b 1 get k\n b 2 -> not found\n a 3 -> ok\n b 4 get k\n b 5 -> 1");
    passes("a 0 set k 1\n b 1 get k\n b 2 -> 1\n b 3 get k\n b 4 -> 1\n a 5 -> ok");
    passes("a 0 set k 1\n b 0 set k 2\n a 5 -> ok\n b 5 -> ok\n a 6 get k\n a 7 -> 1");
    passes("a 0 set k 1\n b 0 set k 2\n a 5 -> ok\n b 5 -> ok\n a 6 get k\n a 7 -> 2");
    // What touches, overlaps.
    passes("a 0 set k 1\n a 5 -> ok\n b 5 get k\n b 6 -> not found");
}

#[test]
fn a_stale_read_is_found_with_all_that_proves_it() {
    let text = "a 0 set k 1\n a 1 -> ok\n b 2 set k 2\n b 3 -> ok\n c 4 get k\n c 5 -> 1";
    assert_eq!(fails(text), [1, 2, 3, 4, 5, 6]);
    let twice = "a 0 set k 1\n b 1 get k\n b 2 -> 1\n c 3 get k\n c 4 -> not found\n a 5 -> ok";
    assert_eq!(fails(twice), [1, 6, 2, 3, 4, 5]);
}

#[test]
fn a_lost_write_is_found_and_nothing_else_named() {
    let text = "
        x 0 set other 1
        x 1 -> ok
        a 2 get k
        a 3 -> not found
        a 10 set k 1
        a 11 -> ok
        b 12 get k
        b 13 -> 1
        b 20 get k
        b 21 -> not found
        b 22 get k
        b 23 -> 1";
    assert_eq!(fails(text), [5, 6, 9, 10]);
}

#[test]
fn a_value_from_nowhere_is_a_proof_by_itself() {
    assert_eq!(
        fails("a 0 set k 1\n a 1 -> ok\n b 2 get k\n b 3 -> 7"),
        [3, 4]
    );
    assert_eq!(
        fails("b 0 get k\n b 1 -> 1\n a 2 set k 1\n a 3 -> ok"),
        [1, 2]
    );
}

#[test]
fn a_delete_is_answered_by_what_was_there() {
    passes("a 0 set k 1\n a 1 -> ok\n b 2 delete k\n b 3 -> ok\n b 4 delete k\n b 5 -> not found");
    assert_eq!(fails("b 0 delete k\n b 1 -> ok"), [1, 2]);
    let twice = "a 0 set k 1\n a 1 -> ok\n b 2 delete k\n c 2 delete k\n b 9 -> ok\n c 9 -> ok";
    assert_eq!(fails(twice), [1, 2, 3, 5, 4, 6]);
    let back = "a 0 set k 1\n a 1 -> ok\n b 2 delete k\n b 3 -> ok\n c 4 get k\n c 5 -> 1";
    assert_eq!(fails(back), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn without_a_reply_it_may_have_happened_at_any_later_time() {
    passes("a 0 set k 1\n b 5 get k\n b 6 -> not found");
    passes("a 0 set k 1\n b 5 get k\n b 6 -> not found\n b 50 get k\n b 51 -> 1");
    // But only once.
    let text = "
        a 0 set k 1
        b 1 get k
        b 2 -> 1
        b 3 set k 2
        b 4 -> ok
        b 5 get k
        b 6 -> 1";
    let mut rows = fails(text);
    rows.sort_unstable();
    assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn what_was_sent_again_may_have_happened_again() {
    // The second sending overtakes nobody: it comes after b's write, and undoes it.
    let again = "
        a 0 set k 1
        a 5 retry
        a 6 -> ok
        b 7 set k 2
        b 8 -> ok
        b 9 get k
        b 10 -> 1";
    passes(again);
    // Once the client has settled, nothing of it comes any more.
    let settled = again.replace("a 6 -> ok", "a 6 -> ok\n a 6 settled");
    assert!(!fails(&settled).is_empty());
    passes(&again.replace("a 6 -> ok", "a 6 -> ok\n a 8 settled"));
    // Sent once, it happened once.
    let once = again.replace("a 5 retry\n", "");
    assert!(!fails(&once).is_empty());
}

#[test]
fn a_delete_that_was_sent_again_may_find_its_own_work() {
    let text = "
        a 0 set k 1
        a 1 -> ok
        b 2 delete k
        b 5 retry
        b 6 -> not found
        b 7 settled
        a 8 get k
        a 9 -> not found";
    passes(text);
    assert!(!fails(&text.replace("        b 5 retry\n", "")).is_empty());
}

#[test]
fn what_was_answered_with_an_error_may_have_happened() {
    passes("a 0 set k 1\n a 1 -> error: no\n b 2 get k\n b 3 -> not found");
    passes("a 0 set k 1\n a 1 -> error: no\n b 2 get k\n b 3 -> 1");
    passes("a 0 get k\n a 1 -> error: no");
}

#[test]
fn who_stores_not_found_cannot_tell_it_from_nothing() {
    let mut history = history("a 0 set k 1\n a 1 -> ok");
    history.invoke("a", 2, 3, ["set", "k", "not found"]);
    history.returned("a", 3, 4, "ok");
    history.invoke("a", 4, 5, ["get", "k", ""]);
    history.returned("a", 5, 6, "not found");
    assert!(matches!(
        history.judge(BUDGET),
        Verdict::Linearizable {
            keys: 1,
            operations: 3
        }
    ));
}

#[test]
fn nothing_to_judge_is_unknown() {
    let words = "no operation returned: there is nothing to judge".to_owned();
    assert_eq!(history("").judge(BUDGET), Verdict::Unknown(words.clone()));
    assert_eq!(
        history("a 0 set k 1").judge(BUDGET),
        Verdict::Unknown(words)
    );
}

#[test]
fn when_the_steps_run_out_it_is_unknown_and_a_violation_elsewhere_still_counts() {
    let text = "a 0 set k 1\n b 0 set k 2\n a 5 -> ok\n b 5 -> ok\n a 6 get k\n a 7 -> 2";
    let Verdict::Unknown(reason) = history(text).judge(2) else {
        panic!("judged in 2 steps");
    };
    assert!(
        reason.starts_with("1 of 1 keys not judged within 2 steps, the first `k`: "),
        "{reason}"
    );
    let both = format!("{text}\n c 0 get l\n c 1 -> 1");
    assert!(matches!(history(&both).judge(2), Verdict::Violation(it) if it.key == "l"));
}

#[test]
fn a_violation_reads_as_a_proof() {
    let text = "a 0 set k 1\n a 1000000000 -> ok\n b 1500000000 retry\n b 1200000000 get k\n b 2000000001 -> not found";
    let Verdict::Violation(violation) = history(text).judge(BUDGET) else {
        panic!("explained");
    };
    assert_eq!(
        violation.to_string(),
        "key `k`: no order of these explains their results: \
         a: set \"1\" from 0 s to 1 s: \"ok\"; \
         b: get from 1.2 s to 2.000000001 s: \"not found\""
    );
}

/// Whether some order explains the items: every one is tried.
fn brute(items: &[Item]) -> bool {
    fn go(items: &[Item], used: u32, state: u32, latest: u64) -> bool {
        let is_used = |i: usize| used & 1 << i != 0;
        let done = |(i, item): (usize, &Item)| !item.required || is_used(i);
        if items.iter().enumerate().all(done) {
            return true;
        }
        (0..items.len()).any(|i| {
            let item = items[i];
            // Something that began after this one's end has happened already.
            if is_used(i) || item.end_ns < latest {
                return false;
            }
            let state = match item.effect {
                Effect::Write(value) => value,
                Effect::Take if state != MISSING => MISSING,
                Effect::Read(one, other) if [one, other].contains(&state) => state,
                _ => return false,
            };
            go(items, used | 1 << i, state, latest.max(item.start_ns))
        })
    }
    go(items, 0, MISSING, 0)
}

fn any_item() -> impl Strategy<Value = Item> {
    let effect = prop_oneof![
        4 => (0..4_u32).prop_map(Effect::Write),
        1 => Just(Effect::Take),
        5 => (0..4_u32).prop_map(|value| Effect::Read(value, value)),
        1 => (1..4_u32).prop_map(|value| Effect::Read(MISSING, value)),
    ];
    (0..12_u64, 0..8_u64, effect, 0..4_u8, 0..6_u8).prop_map(|(start, span, effect, may, open)| {
        let optional = may == 0 && matches!(effect, Effect::Write(_));
        Item {
            start_ns: start,
            end_ns: if optional && open < 3 {
                NEVER
            } else {
                start + span
            },
            effect,
            required: !optional,
            operation: 0,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_search_says_what_trying_every_order_says(
        mut items in proptest::collection::vec(any_item(), 1..8)
    ) {
        for (index, item) in items.iter_mut().enumerate() {
            item.operation = index;
        }
        let found = search(&items, BUDGET);
        prop_assert_eq!(found == Outcome::Explained, brute(&items), "{:?}", found);
    }

    #[test]
    fn a_proof_is_the_shortest_prefix_and_what_is_left_of_it_has_no_explanation(
        plan in proptest::collection::vec((0..12_u64, 1..8_u64, 0..6_u8, 0..4_u8, 0..6_u8), 1..7)
    ) {
        let mut operations = Vec::new();
        for (index, (start, span, kind, value, result)) in plan.into_iter().enumerate() {
            let command = ["set", "get", "delete"][usize::from(kind) % 3];
            let result = match (command, result) {
                (_, 5) => None,
                ("get", 0) | ("delete", 0..3) => Some("not found".to_owned()),
                ("get", value) => Some(value.to_string()),
                _ => Some("ok".to_owned()),
            };
            let retry = (value == 3).then_some(start + span / 2);
            operations.push(item::Operation {
                client: index.to_string(),
                command: command.to_owned(),
                value: value.max(1).to_string(),
                sent_ns: [start].into_iter().chain(retry).collect(),
                returned: result.map(|result| (start + span, result)),
                settled_ns: (kind < 3).then_some(start + span + 1),
                rows: vec![index],
            });
        }
        let all = items(&operations, u64::MAX);
        let Outcome::Unexplained { at_ns } = search(&all, BUDGET) else {
            prop_assert!(brute(&all));
            return Ok(());
        };
        let at_ns = shrink::shortest(&operations, at_ns, BUDGET);
        prop_assert!(!brute(&items(&operations, at_ns)));
        prop_assert!(brute(&items(&operations, at_ns - 1)));
        let proof = shrink::shrink(&operations, at_ns, BUDGET);
        let kept: Vec<usize> = proof.iter().map(|it| it.rows[0]).collect();
        let part: Vec<Item> = items(&operations, at_ns)
            .into_iter()
            .filter(|item| kept.contains(&item.operation))
            .collect();
        prop_assert!(!brute(&part));
    }
}

/// A history that a true store gave: commands of `clients` clients that take effect
/// at a random instant each, some sent again, some never answered.
fn simulated(clients: u64, operations: u64, seed: u64) -> Vec<(u64, String)> {
    let mut random = seed;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    // (instant, client, operation, sending), to be done in order.
    let mut lines: Vec<(u64, u64, String)> = Vec::new();
    let mut effects = Vec::new();
    for client in 0..clients {
        let mut now = draw(50);
        for operation in 0..operations {
            let begin = now;
            let kind = draw(10);
            let sendings = 1 + u64::from(draw(8) == 0);
            let end = begin + 40 + draw(60);
            for sending in 0..sendings {
                let sent = begin + sending * 15;
                effects.push((sent + draw(20), client, operation, kind, end, sending));
                if sending > 0 {
                    lines.push((sent, client, "retry".to_owned()));
                }
            }
            let value = client * 1000 + operation;
            lines.push((
                begin,
                client,
                match kind {
                    0..5 => "get k".to_owned(),
                    5 => "delete k".to_owned(),
                    _ => format!("set k {value}"),
                },
            ));
            if sendings > 1 {
                lines.push((end + 1, client, "settled".to_owned()));
            }
            now = end + 2 + draw(20);
        }
    }
    effects.sort_unstable();
    let mut state: Option<u64> = None;
    for (_, client, operation, kind, end, sending) in effects {
        let result = match (kind, state) {
            (0..5, Some(value)) => value.to_string(),
            (0..=5, None) => "not found".to_owned(),
            (5, Some(_)) => {
                state = None;
                "ok".to_owned()
            }
            _ => {
                state = Some(client * 1000 + operation);
                "ok".to_owned()
            }
        };
        // The reply to the first sending is the one that arrives, but for a few.
        if sending == 0 && draw(40) > 0 {
            lines.push((end, client, format!("-> {result}")));
        }
    }
    lines.sort();
    lines
        .into_iter()
        .map(|(time, client, line)| (time, format!("c{client} {time} {line}")))
        .collect()
}

#[test]
fn what_a_true_store_answered_is_explained_and_one_stale_answer_is_not() {
    for seed in 0..20 {
        let lines = simulated(8, 60, seed);
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let verdict = history(&text.join("\n")).judge(BUDGET);
        assert!(
            matches!(verdict, Verdict::Linearizable { .. }),
            "{seed}: {verdict:?}"
        );
        // A read that finds the first value that was ever read, long after.
        let first = text.iter().find_map(|line| {
            let (_, result) = line.split_once("-> ")?;
            result.parse::<u64>().ok()
        });
        let last = lines.last().unwrap().0;
        let late = format!("x {} get k\nx {} -> {}", last + 1, last + 2, first.unwrap());
        let broken = [text.join("\n"), late].join("\n");
        let proof = fails(&broken);
        assert!(proof.len() < 40, "{seed}: {} rows", proof.len());
    }
}

#[test]
fn many_clients_at_one_key_are_judged_in_few_steps() {
    for clients in [5, 10, 14] {
        let lines = simulated(clients, 40, 7);
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let verdict = history(&text.join("\n")).judge(BUDGET);
        assert!(
            matches!(verdict, Verdict::Linearizable { .. }),
            "{clients}: {verdict:?}"
        );
    }
}

mod check {
    //! The check itself, over records.

    use crate::Client;
    use crate::linearizable::Linearizable;
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

    /// Records of clients: node, time, word, and the columns that matter.
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
    fn what_can_be_explained_passes_with_its_size() {
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
    fn what_cannot_fails_with_its_rows() {
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
    fn without_a_reply_there_is_nothing_to_judge() {
        assert_eq!(judged(&[(0, 1, "invoke", SET)]).judged, Judged::Unknown);
        assert_eq!(judged(&[]).judged, Judged::Unknown);
    }

    #[test]
    fn a_budget_of_nothing_is_refused() {
        let found = check_problems::<Linearizable>("budget = 0");
        assert_eq!(found[0].path, "budget");
    }
}
