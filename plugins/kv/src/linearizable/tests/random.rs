//! Random items against a checker that tries every order, and random histories of a correct
//! store.

use super::super::item::{Effect, Item, MISSING, NEVER, Operation, items};
use super::super::search::{Outcome, search};
use super::super::{BUDGET, Evidence, Verdict, general, shrink};
use super::{fails, history};
use proptest::prelude::*;

/// Whether some order explains the items, by trying every order.
fn brute(items: &[Item]) -> bool {
    fn go(items: &[Item], used: u32, state: u32, latest: u64) -> bool {
        let is_used = |i: usize| used & 1 << i != 0;
        let done = |(i, item): (usize, &Item)| !item.required || is_used(i);
        if items.iter().enumerate().all(done) {
            return true;
        }
        (0..items.len()).any(|i| {
            let item = items[i];
            // An item that began after the end of this one has already happened.
            if is_used(i) || item.end_ns < latest {
                return false;
            }
            let state = match item.effect {
                Effect::Write(value) => value,
                Effect::Remove if state != MISSING => MISSING,
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
        1 => Just(Effect::Remove),
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
    fn the_search_agrees_with_trying_every_order(
        mut items in proptest::collection::vec(any_item(), 1..8)
    ) {
        for (index, item) in items.iter_mut().enumerate() {
            item.operation = index;
        }
        let found = search(&items, BUDGET);
        prop_assert_eq!(found == Outcome::Explained, brute(&items), "{:?}", found);
    }

    #[test]
    fn a_proof_is_of_the_shortest_prefix_and_has_no_explanation(
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
            operations.push(Operation {
                client: index.to_string(),
                command: command.to_owned(),
                value: value.max(1).to_string(),
                sent_ns: [start].into_iter().chain(retry).collect(),
                returned: result.map(|result| (start + span, result)),
                settled_ns: (kind < 3).then_some(start + span + 1),
                rows: vec![index],
                settled_row: Some(index),
            });
        }
        let all = items(&operations, u64::MAX);
        // The other search executes the commands, and knows nothing of the laws of this one.
        let executed = general::search(&operations, u64::MAX, BUDGET).unwrap();
        let Outcome::Unexplained { at_ns } = search(&all, BUDGET) else {
            prop_assert!(brute(&all));
            prop_assert_eq!(executed, Outcome::Explained);
            return Ok(());
        };
        let is_unexplained = matches!(executed, Outcome::Unexplained { .. });
        prop_assert!(is_unexplained);
        let at_ns = shrink::shortest(&operations, at_ns, BUDGET);
        prop_assert!(!brute(&items(&operations, at_ns)));
        prop_assert!(brute(&items(&operations, at_ns - 1)));
        let proof = shrink::shrink(&operations, at_ns, BUDGET);
        let shown: Vec<Operation<usize>> = proof.iter().map(|it| shown(it, &operations)).collect();
        prop_assert!(!brute(&items(&shown, u64::MAX)), "no proof: {proof:#?}");
        // In about one of 200,000 histories, a write that only shows why another operation is
        // needed is not needed itself.
        let is_needed = |index: &usize| brute(&items(&without(&shown, *index), u64::MAX));
        let needed = (0..shown.len()).filter(is_needed).count();
        let more = usize::from(shown.len() > 4);
        prop_assert!(needed + more >= shown.len(), "not minimal: {proof:#?}");
    }
}

/// An operation as its evidence shows it, and no more.
fn shown(evidence: &Evidence<usize>, operations: &[Operation<usize>]) -> Operation<usize> {
    let whole = &operations[evidence.rows[0]];
    Operation {
        sent_ns: whole.sent_ns[..evidence.sendings].to_vec(),
        returned: evidence.returned.clone(),
        settled_ns: whole.settled_ns.filter(|_| evidence.settled.is_some()),
        ..whole.clone()
    }
}

/// The operations without one, without the results that only this one explains, and so on.
fn without(operations: &[Operation<usize>], index: usize) -> Vec<Operation<usize>> {
    let mut rest = operations.to_vec();
    let mut gone = vec![rest.remove(index)];
    loop {
        let others = rest.clone();
        let depends = |it: &Operation<usize>| gone.iter().any(|gone| depends(it, gone, &others));
        let (follows, stays): (Vec<_>, Vec<_>) = rest.into_iter().partition(depends);
        rest = stays;
        if follows.is_empty() {
            return rest;
        }
        gone.extend(follows);
    }
}

/// Whether a result may be that of an operation, and the others do not explain it for certain.
fn depends(on: &Operation<usize>, gone: &Operation<usize>, others: &[Operation<usize>]) -> bool {
    let Some((end_ns, text)) = &on.returned else {
        return false;
    };
    let reads = match (&*gone.command, &*on.command) {
        ("set", "delete") => text == "ok",
        ("set", "get") => *text == gone.value,
        ("delete", _) => text == "not found",
        _ => false,
    };
    let before = || others.iter().filter(|it| it.sent_ns[0] <= *end_ns);
    let again = before().any(|it| same_effect(it, gone));
    // Another operation came between the two for certain: `gone` is only named.
    let ended = gone.returned.as_ref().filter(|_| gone.sent_ns.len() == 1);
    let between = |it: &Operation<usize>| {
        let (Some((gone_ns, _)), Some((its_ns, _))) = (ended, &it.returned) else {
            return false;
        };
        it.sent_ns[0] > *gone_ns && *its_ns < on.sent_ns[0] && !same_effect(it, gone)
    };
    let other = before().any(|it| it.command != "get" && !same_effect(it, gone));
    let certain = |it: &Operation<usize>| {
        let ended = it
            .returned
            .as_ref()
            .is_some_and(|(at, _)| *at < on.sent_ns[0]);
        ended && same_effect(it, gone)
    };
    let explained = !other && others.iter().any(certain);
    reads && !explained && !(again && others.iter().any(between))
}

/// Whether two operations may have left the same state.
fn same_effect(one: &Operation<usize>, other: &Operation<usize>) -> bool {
    one.command == other.command
        && match &*one.command {
            // A delete that found nothing and was sent once has deleted nothing.
            "delete" => one.sent_ns.len() > 1 || result(one) != Some("not found"),
            _ => one.value == other.value,
        }
}

fn result(operation: &Operation<usize>) -> Option<&str> {
    Some(operation.returned.as_ref()?.1.as_str())
}

/// A history of a correct store: the commands of `clients` clients take effect at random
/// instants; some are sent again, some have no reply.
fn simulated(clients: u64, operations: u64, seed: u64) -> Vec<(u64, String)> {
    let mut random = seed;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    // Executed in this order.
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
        // Mostly the reply to the first sending arrives, in some cases none.
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
fn results_of_a_correct_store_are_explained_and_one_stale_read_is_not() {
    for seed in 0..20 {
        let lines = simulated(8, 60, seed);
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let verdict = history(&text.join("\n")).judge(BUDGET);
        assert!(
            matches!(verdict, Verdict::Linearizable { .. }),
            "{seed}: {verdict:?}"
        );
        // A read at the end that finds the first value that was read.
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
