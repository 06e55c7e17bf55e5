//! Histories with known verdicts.

mod random;
mod rich;

use super::*;

/// The history of records written as lines: `CLIENT TIME WORD [REST]`. A row is the number of
/// its line, from 1.
fn history(text: &str) -> History<usize> {
    let mut history = History::default();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    for (index, line) in lines.enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (client, row) = (words[0], index + 1);
        let time = words[1].parse().unwrap();
        let id = Id { client, number: 0 };
        match words[2] {
            "retry" => history.retry(id, time, row),
            "settled" => history.settled(id, time, row),
            "->" => history.returned(id, time, row, &words[3..].join(" ")),
            command => {
                // `set+nx` stands for `set nx`.
                let asked = Asked {
                    command: &command.replace('+', " "),
                    key: words.get(3).copied(),
                    value: words.get(4).copied().unwrap_or(""),
                };
                history.invoke(id, time, row, asked);
            }
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

/// The rows of the proof that a history is not linearizable.
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
fn overlapping_operations_may_have_happened_in_any_order() {
    passes("a 0 set k 1\n b 1 get k\n b 2 -> not found\n a 3 -> ok\n b 4 get k\n b 5 -> 1");
    passes("a 0 set k 1\n b 1 get k\n b 2 -> 1\n b 3 get k\n b 4 -> 1\n a 5 -> ok");
    passes("a 0 set k 1\n b 0 set k 2\n a 5 -> ok\n b 5 -> ok\n a 6 get k\n a 7 -> 1");
    passes("a 0 set k 1\n b 0 set k 2\n a 5 -> ok\n b 5 -> ok\n a 6 get k\n a 7 -> 2");
    // Operations that touch overlap.
    passes("a 0 set k 1\n a 5 -> ok\n b 5 get k\n b 6 -> not found");
}

#[test]
fn a_stale_read_is_found_with_the_operations_that_prove_it() {
    let text = "a 0 set k 1\n a 1 -> ok\n b 2 set k 2\n b 3 -> ok\n c 4 get k\n c 5 -> 1";
    assert_eq!(fails(text), [1, 2, 3, 4, 5, 6]);
    let twice = "a 0 set k 1\n b 1 get k\n b 2 -> 1\n c 3 get k\n c 4 -> not found\n a 5 -> ok";
    assert_eq!(fails(twice), [1, 6, 2, 3, 4, 5]);
}

#[test]
fn a_lost_write_is_found_and_no_other_operation_is_named() {
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
fn a_read_of_a_value_that_was_never_written_is_a_proof() {
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
fn the_reply_to_a_delete_depends_on_the_state() {
    passes("a 0 set k 1\n a 1 -> ok\n b 2 delete k\n b 3 -> ok\n b 4 delete k\n b 5 -> not found");
    assert_eq!(fails("b 0 delete k\n b 1 -> ok"), [1, 2]);
    let twice = "a 0 set k 1\n a 1 -> ok\n b 2 delete k\n c 2 delete k\n b 9 -> ok\n c 9 -> ok";
    assert_eq!(fails(twice), [1, 2, 3, 5, 4, 6]);
    let back = "a 0 set k 1\n a 1 -> ok\n b 2 delete k\n b 3 -> ok\n c 4 get k\n c 5 -> 1";
    assert_eq!(fails(back), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn an_operation_without_a_reply_may_have_happened_at_any_later_time() {
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
fn a_command_that_was_sent_again_may_have_happened_again() {
    // The second sending removes effect after b's write, and overwrites it.
    let again = "
        a 0 set k 1
        a 5 retry
        a 6 -> ok
        b 7 set k 2
        b 8 -> ok
        b 9 get k
        b 10 -> 1";
    passes(again);
    // After the client has settled, its operation cannot take effect again.
    let settled = again.replace("a 6 -> ok", "a 6 -> ok\n a 6 settled");
    assert!(!fails(&settled).is_empty());
    passes(&again.replace("a 6 -> ok", "a 6 -> ok\n a 8 settled"));
    // A command that was sent once removes effect once.
    let once = again.replace("a 5 retry\n", "");
    assert!(!fails(&once).is_empty());
}

#[test]
fn a_delete_that_was_sent_again_may_find_the_key_deleted() {
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
fn a_command_with_an_error_as_reply_may_have_happened() {
    passes("a 0 set k 1\n a 1 -> error: no\n b 2 get k\n b 3 -> not found");
    passes("a 0 set k 1\n a 1 -> error: no\n b 2 get k\n b 3 -> 1");
    passes("a 0 get k\n a 1 -> error: no");
}

#[test]
fn the_value_not_found_may_be_a_missing_key() {
    let mut history = history("a 0 set k 1\n a 1 -> ok");
    let id = Id {
        client: "a",
        number: 0,
    };
    let asked = |command, value| Asked {
        command,
        key: Some("k"),
        value,
    };
    history.invoke(id, 2, 3, asked("set", "not found"));
    history.returned(id, 3, 4, "ok");
    history.invoke(id, 4, 5, asked("get", ""));
    history.returned(id, 5, 6, "not found");
    assert!(matches!(
        history.judge(BUDGET),
        Verdict::Linearizable {
            keys: 1,
            operations: 3
        }
    ));
}

#[test]
fn a_history_without_returns_is_unknown() {
    for (text, reason) in [
        ("", "no operation began: there is nothing to judge"),
        (
            "a 0 set k 1",
            "0 of 1 operations answered: there is nothing to judge",
        ),
    ] {
        let verdict = history(text).judge(BUDGET);
        assert_eq!(verdict, Verdict::Unknown(reason.to_owned()));
    }
}

#[test]
fn without_enough_steps_the_verdict_is_unknown_unless_another_key_has_a_violation() {
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
fn a_violation_is_printed_as_a_proof() {
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
