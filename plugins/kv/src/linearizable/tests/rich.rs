//! Histories with commands of Redis beyond `set`, `get` and `delete`.

use super::super::{BUDGET, Verdict};
use super::{fails, history, passes};

#[test]
fn two_increments_never_return_the_same_number() {
    passes("a 0 incr n\n b 0 incr n\n a 5 -> 1\n b 5 -> 2");
    passes("a 0 incr n\n b 0 incr n\n a 5 -> 2\n b 5 -> 1\n a 6 get n\n a 7 -> 2");
    let text = "a 0 incr n\n b 0 incr n\n a 5 -> 1\n b 5 -> 1";
    assert_eq!(fails(text), [1, 3, 2, 4]);
}

#[test]
fn a_lost_increment_is_found_and_the_past_is_cut_off() {
    let text = "
        a 0 incr n
        a 1 -> 1
        b 2 incr n
        b 3 -> 2
        a 4 incr n
        a 5 -> 3
        b 6 get n
        b 7 -> 3
        a 8 incr n
        a 9 -> 4
        b 10 get n
        b 11 -> 3
        b 12 incr n
        b 13 -> 5";
    assert_eq!(fails(text), [9, 10, 11, 12]);
}

#[test]
fn conditions_depend_on_the_state() {
    passes("a 0 set+nx k 1\n a 1 -> ok\n b 2 set+nx k 2\n b 3 -> not found\n b 4 get k\n b 5 -> 1");
    passes("a 0 setnx k 1\n b 0 setnx k 2\n a 5 -> 0\n b 5 -> 1\n b 6 get k\n b 7 -> 2");
    fails("a 0 setnx k 1\n b 0 setnx k 2\n a 5 -> 1\n b 5 -> 1");
    fails("a 0 set+nx k 1\n a 1 -> ok\n b 2 set+nx k 2\n b 3 -> ok");
    passes(
        "a 0 set k 1\n a 1 -> ok\n b 2 getset k 2\n b 3 -> 1\n b 4 getdel k\n b 5 -> 2\n b 6 exists k\n b 7 -> 0",
    );
    fails("a 0 set k 1\n a 1 -> ok\n b 2 append k 23\n b 3 -> 3\n b 4 get k\n b 5 -> 12");
    passes("a 0 set k 1\n a 1 -> ok\n b 2 append k 23\n b 3 -> 3\n b 4 get k\n b 5 -> 123");
}

#[test]
fn a_repeated_increment_may_count_twice() {
    passes("a 0 incr n\n a 5 retry\n a 9 -> 1\n b 20 get n\n b 21 -> 1\n b 22 get n\n b 23 -> 2");
    passes("a 0 incr n\n a 5 retry\n a 9 -> 2\n b 20 get n\n b 21 -> 2");
    fails(
        "a 0 incr n\n a 5 retry\n a 9 -> 1\n a 10 settled\n b 20 get n\n b 21 -> 1\n b 22 get n\n b 23 -> 2",
    );
    fails("a 0 incr n\n a 5 retry\n a 9 -> 1\n b 20 get n\n b 21 -> 3");
    // Without a reply it may have happened, at any later time, once.
    passes("a 0 incr n\n b 20 get n\n b 21 -> not found\n b 22 get n\n b 23 -> 1");
    fails("a 0 incr n\n b 20 get n\n b 21 -> 1\n b 22 get n\n b 23 -> 2");
}

#[test]
fn a_refused_command_may_have_done_nothing() {
    passes(
        "a 0 set k x\n a 1 -> ok\n b 2 incr k\n b 3 -> error: ERR no integer\n b 4 get k\n b 5 -> x",
    );
}

#[test]
fn commands_that_are_not_modelled_are_never_silent() {
    let doubt = |text: &str| history(text).doubt();
    let modelled = "a 0 set k 1\n a 1 -> ok";
    assert_eq!(doubt(modelled), None);
    for (command, may_write) in [
        ("mset", true),
        ("flushall", true),
        ("mget", false),
        ("set+ex+10 k", true),
    ] {
        let text = format!("{modelled}\n b 5 {command}\n b 6 -> ok");
        let command = command.replace('+', " ");
        let name = command.trim_end_matches(" k");
        let found = doubt(&text).unwrap();
        assert!(found.contains(&format!("`b` used `{name}`")), "{found}");
        assert_eq!(history(&text).excuse().is_some(), may_write, "{text}");
    }
    // What the store refused did nothing, and what has nothing to do with keys needs no model.
    assert_eq!(doubt("b 0 mset\n b 1 -> error: ERR no"), None);
    assert_eq!(doubt("b 0 ping\n b 1 -> PONG"), None);
    assert!(doubt("b 0 mset").is_some());
    // A store whose words the client does not know.
    let strange = doubt("a 0 set k 1\n a 1 -> STORED").unwrap();
    assert!(
        strange.contains("`a` got \"STORED\" for a `set`"),
        "{strange}"
    );
}

/// Increments, reads and conditional writes of clients that overlap, executed by a correct store.
fn simulated(clients: u64, operations: u64, seed: u64) -> Vec<(u64, String)> {
    let mut random = seed;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let (mut lines, mut effects) = (Vec::new(), Vec::new());
    for client in 0..clients {
        let mut now = draw(50);
        for _ in 0..operations {
            let end = now + 20 + draw(60);
            let at = now + draw(end - now);
            let command = [
                "incr n",
                "incr n",
                "incrby n 3",
                "get n",
                "set+nx n 1",
                "getdel n",
            ];
            let command = command[draw(6) as usize];
            lines.push((now, client, command.to_owned()));
            effects.push((at, client, end, command));
            now = end + 2 + draw(20);
        }
    }
    effects.sort_unstable();
    let mut value: Option<u64> = None;
    for (_, client, end, command) in effects {
        let old = value.map_or("not found".to_owned(), |value| value.to_string());
        let reply = match command {
            "get n" => old,
            "getdel n" => {
                value = None;
                old
            }
            "set+nx n 1" if value.is_some() => "not found".to_owned(),
            "set+nx n 1" => {
                value = Some(1);
                "ok".to_owned()
            }
            _ => {
                let more = if command.contains('3') { 3 } else { 1 };
                value = Some(value.unwrap_or(0) + more);
                value.unwrap_or(0).to_string()
            }
        };
        lines.push((end, client, format!("-> {reply}")));
    }
    lines.sort();
    let line =
        |(time, client, line): (u64, u64, String)| (time, format!("c{client} {time} {line}"));
    lines.into_iter().map(line).collect()
}

#[test]
fn results_of_a_correct_store_are_explained_and_a_wrong_counter_is_not() {
    for seed in 0..20 {
        let lines = simulated(5, 200, seed);
        let text: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
        let verdict = history(&text.join("\n")).judge(BUDGET);
        assert!(
            matches!(verdict, Verdict::Linearizable { .. }),
            "{seed}: {verdict:?}"
        );
        let last = lines.last().unwrap().0;
        let late = format!("x {} incr n\nx {} -> 100000", last + 1, last + 2);
        let proof = fails(&[text.join("\n"), late].join("\n"));
        assert!(proof.len() < 60, "{seed}: {} rows", proof.len());
    }
}
