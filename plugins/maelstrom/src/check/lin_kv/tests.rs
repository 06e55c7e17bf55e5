//! Registers: what an order explains, what none does, and the smallest proof of that.

use super::*;
use crate::history::script::{Told, fails, judge, passes, told, unknown};
use runner_sdk::{Judged, Random};

fn write<'a>(client: u32, value: &'a str, times: (u64, u64)) -> Told<'a> {
    told(client, "n0", ("write", value), times, "null")
}

fn cas<'a>(client: u32, value: &'a str, times: (u64, u64)) -> Told<'a> {
    told(client, "n0", ("cas", value), times, "null")
}

fn read<'a>(client: u32, result: &'a str, times: (u64, u64)) -> Told<'a> {
    told(client, "n1", ("read", "[7,null]"), times, result)
}

#[test]
fn overlapping_operations_may_take_effect_in_any_order() {
    let history = [
        write(0, "[7,1]", (0, 10)),
        write(1, "[7,2]", (20, 50)),
        read(2, "1", (25, 30)),
        read(2, "2", (35, 40)),
        cas(3, "[7,[2,3]]", (30, 60)),
        read(4, "3", (55, 70)),
        // Another key knows nothing of this one.
        told(5, "n0", ("read", "[8,null]"), (60, 61), "").fails(20),
    ];
    passes::<LinKv>(&history, "6 operations on 2 keys, 3 of them reads");
}

#[test]
fn a_stale_read_is_shown_with_the_write_that_it_missed() {
    let history = [
        write(0, "[7,4]", (0, 5)),
        write(0, "[7,1]", (10, 15)),
        read(3, "1", (16, 18)),
        write(0, "[7,2]", (20, 25)),
        write(1, "[7,3]", (21, 90)),
        cas(1, "[7,[1,0]]", (22, 24)).fails(22),
        read(2, "1", (30, 40)),
        read(3, "2", (60, 70)),
    ];
    let reason = "key 7: no order explains these: c0 writes 1; c0 writes 2; c2 reads 1";
    let rows = [
        (0, "c0 asks n0: write [7,1]"),
        (0, "c0: write ok"),
        (0, "c0 asks n0: write [7,2]"),
        (0, "c0: write ok"),
        (2, "c2 asks n1: read [7,null]"),
        (2, "c2 gets 1"),
    ];
    fails::<LinKv>(&history, reason, &rows);
}

#[test]
fn a_store_that_forgets_is_found_by_the_read_that_finds_nothing() {
    let empty = [read(1, "null", (0, 5)), write(0, "[7,1]", (10, 20))];
    passes::<LinKv>(&empty, "2 operations");
    let history = [
        write(0, "[7,1]", (0, 10)),
        read(1, "", (20, 30)).fails(20),
        read(1, "1", (40, 50)),
    ];
    let reason = "key 7: no order explains these: c0 writes 1; c1 reads that there is no value";
    let verdict = judge::<LinKv>("", &history);
    assert_eq!(
        (verdict.judged, verdict.reason.as_str()),
        (Judged::Failed, reason)
    );
}

#[test]
fn an_open_operation_may_happen_late_or_never_but_once() {
    let open = write(0, "[7,1]", (0, 10)).open();
    let late = [open, write(1, "[7,2]", (20, 30)), read(2, "1", (40, 50))];
    passes::<LinKv>(&late, "");
    passes::<LinKv>(
        &[
            open,
            read(2, "", (20, 30)).fails(20),
            read(2, "1", (40, 50)),
        ],
        "",
    );
    let twice = [
        late[0],
        late[1],
        late[2],
        write(1, "[7,3]", (60, 70)),
        read(2, "1", (80, 90)),
    ];
    let verdict = judge::<LinKv>("", &twice);
    assert_eq!(verdict.judged, Judged::Failed, "{verdict:?}");
    // A second open write of the same value explains it.
    let again = write(3, "[7,1]", (5, 15)).open();
    passes::<LinKv>(&[open, again, twice[1], twice[2], twice[3], twice[4]], "");
}

#[test]
fn two_that_compare_and_set_the_same_value_cannot_both_succeed() {
    let history = [
        write(0, "[7,0]", (0, 10)),
        cas(1, "[7,[0,1]]", (20, 40)),
        cas(2, "[7,[0,2]]", (20, 40)),
        read(3, "1", (50, 60)),
    ];
    let reason = "c0 writes 0; c1 sets 0 to 1; c2 sets 0 to 2";
    let verdict = judge::<LinKv>("", &history);
    assert!(
        verdict.judged == Judged::Failed && verdict.reason.ends_with(reason),
        "{verdict:?}"
    );
}

#[test]
fn what_was_not_measured_or_not_finished_is_unknown() {
    unknown::<LinKv>(&[write(0, "[7,1]", (0, 10))], "no read succeeded");
    let verdict = judge::<LinKv>(
        "budget = 1",
        &[write(0, "[7,1]", (0, 10)), read(0, "1", (20, 30))],
    );
    assert!(
        verdict
            .reason
            .contains("1 of 1 keys not judged within 1 steps"),
        "{verdict:?}"
    );
}

/// Whether some order of the items explains them: tries all.
fn brute(items: &[Item]) -> bool {
    fn go(items: &[Item], done: &mut Vec<bool>, state: u32) -> bool {
        let left = |it: usize, done: &[bool]| !done[it];
        let required: Vec<usize> = (0..items.len())
            .filter(|&it| left(it, done) && items[it].end_ns != NEVER)
            .collect();
        if required.is_empty() {
            return true;
        }
        let first_end = required
            .iter()
            .map(|&it| items[it].end_ns)
            .min()
            .unwrap_or(NEVER);
        for it in 0..items.len() {
            // Nothing may happen after something that had not begun when it ended.
            if done[it] || items[it].start_ns > first_end {
                continue;
            }
            if let Some(next) = items[it].effect.after(state) {
                done[it] = true;
                if go(items, done, next) {
                    return true;
                }
                done[it] = false;
            }
        }
        false
    }
    go(items, &mut vec![false; items.len()], search::MISSING)
}

#[test]
fn the_search_agrees_with_trying_all_orders() {
    let mut random = Random::from_seed(5);
    let mut found = [0; 2];
    for _ in 0..3000 {
        let count = random.uniform_int(1..=7);
        let mut items: Vec<Item> = (0..count)
            .map(|_| {
                let start_ns = random.uniform_int(0..=20);
                let mut value = || random.uniform_int(1..=2) as u32;
                let (one, other) = (value(), value());
                let effect = match random.below(4) {
                    0 | 1 => Effect::Read(random.uniform_int(0..=2) as u32),
                    2 => Effect::Write(one),
                    _ => Effect::Cas(one, other),
                };
                let is_open = random.chance(0.2) && !matches!(effect, Effect::Read(_));
                let end_ns = if is_open {
                    NEVER
                } else {
                    start_ns + random.uniform_int(0..=8)
                };
                Item {
                    start_ns,
                    end_ns,
                    effect,
                }
            })
            .collect();
        items.sort_by_key(|it| it.start_ns);
        let explained = brute(&items);
        found[usize::from(explained)] += 1;
        match search::search(&items, &[], 100_000) {
            Searched::Explained => assert!(explained, "{items:?}"),
            Searched::OutOfBudget => panic!("{items:?}"),
            Searched::Unexplained(last) => {
                assert!(!explained, "{items:?}");
                let needed = proof::needed(&items, last, 100_000);
                let kept: Vec<Item> = needed.iter().map(|&it| items[it]).collect();
                let end_ns = items[last].end_ns;
                let free: Vec<Effect> = (0..items.len())
                    .filter(|it| !needed.contains(it) && items[*it].start_ns <= end_ns)
                    .map(|it| items[it].effect)
                    .filter(|effect| !matches!(effect, Effect::Read(_)))
                    .collect();
                assert!(
                    matches!(
                        search::search(&kept, &free, 100_000),
                        Searched::Unexplained(_)
                    ),
                    "{items:?}"
                );
            }
        }
    }
    assert!(found[0] > 500 && found[1] > 500, "{found:?}");
}
