//! Each check passes a right history, finds a planted mistake, and is unknown where nothing was
//! measured.

use super::*;
use crate::history::script::{Told, fails, judge, passes, told, unknown};
use crate::history::shown;
use runner_sdk::Judged as Verdicts;

#[test]
fn an_echo_is_what_was_sent() {
    let sent = told(0, "n0", ("echo", "\"a\""), (0, 1), "\"a\"");
    passes::<Echo>(
        &[sent, told(1, "n1", ("echo", "\"b\""), (0, 1), "").open()],
        "1 echoes",
    );
    let other = told(0, "n0", ("echo", "\"a\""), (2, 3), "\"A\"");
    let rows = [(0, "c0 asks n0: echo \"a\""), (0, "c0 gets \"A\"")];
    fails::<Echo>(
        &[sent, other],
        "n0 was sent \"a\", and replied \"A\"",
        &rows,
    );
    unknown::<Echo>(&[sent.open()], "none of 1 operations succeeded");
    unknown::<Echo>(&[], "no operation began");
}

#[test]
fn an_id_is_given_once() {
    let id = |client, asked, at, id| told(client, asked, ("generate", "null"), (at, at + 1), id);
    passes::<UniqueIds>(
        &[
            id(0, "n0", 0, "1"),
            id(1, "n1", 0, "\"1\""),
            id(1, "n1", 5, "[1]"),
        ],
        "3 ids",
    );
    let rows = [(0, "c0 gets 1"), (1, "c1 gets 1")];
    let twice = [
        id(0, "n0", 0, "1"),
        id(1, "n1", 5, "1"),
        id(1, "n1", 7, "2"),
    ];
    fails::<UniqueIds>(&twice, "n0 and n1 gave the same id 1", &rows);
    let same = [id(0, "n0", 0, "1"), id(1, "n0", 5, "1")];
    fails::<UniqueIds>(&same, "n0 gave the id 1 twice", &rows);
}

fn add(client: u32, value: &str, at: u64) -> Told<'_> {
    told(client, "n0", ("add", value), (at, at + 2), "null")
}

fn broadcast(client: u32, value: &str, at: u64) -> Told<'_> {
    told(client, "n0", ("broadcast", value), (at, at + 2), "null")
}

fn read<'a>(client: u32, asked: &'a str, at: u64, values: &'a str) -> Told<'a> {
    told(client, asked, ("read", "null"), (at, at + 2), values)
}

#[test]
fn what_was_broadcast_is_in_the_last_read_of_each_node() {
    let last = |values| {
        [
            broadcast(0, "1", 0),
            read(1, "n1", 10, "[]"),
            broadcast(0, "2", 20),
            broadcast(2, "3", 20).open(),
            read(0, "n0", 100, "[1,2,3]").last(),
            read(0, "n0", 110, "[2,1,3]").last(),
            read(1, "n1", 100, values).last(),
            read(1, "n1", 110, values).last(),
        ]
    };
    // A message may come twice, and one that was not acknowledged may be anywhere once it was read.
    passes::<Broadcast>(
        &last("[1,2,2,3]"),
        "2 acknowledged, all in the last reads of 2 nodes; 1 were stale at first, stable latency p50 0 ms, p95 8 ms",
    );
    let rows = [
        (0, "c0 asks n0: broadcast 2"),
        (0, "c0: broadcast ok"),
        (1, "c1 gets 2 values, without 2"),
    ];
    fails::<Broadcast>(
        &last("[1,3]"),
        "n1 has lost the message 2, which was acknowledged",
        &rows,
    );
    let rows = [
        (2, "c2 asks n0: broadcast 3"),
        (0, "c0 gets [1,2,3]"),
        (1, "c1 gets 2 values, without 3"),
    ];
    // It is known from 102 ms on, so only the read at 110 ms must have it.
    fails::<Broadcast>(
        &last("[1,2]"),
        "n1 has lost the message 3, which was read",
        &rows,
    );
    let rows = [(1, "c1 gets [1,2,3,4]")];
    fails::<Broadcast>(
        &last("[1,2,3,4]"),
        "n1 has the message 4, which nobody added",
        &rows,
    );
}

#[test]
fn a_node_that_still_changes_is_unknown_and_so_is_one_that_is_silent() {
    let mut history = vec![
        add(0, "1", 0),
        read(0, "n0", 100, "[1]").last(),
        read(1, "n1", 100, "[]").last(),
    ];
    unknown::<GSet>(
        &history,
        "n1 lacked the element 1 in its last read, and still changed",
    );
    history.push(read(1, "n1", 110, "[1]").last());
    passes::<GSet>(&history, "1 acknowledged");
    history.push(read(2, "n2", 50, "[1]"));
    unknown::<GSet>(&history, "no last read of n2 came back");
    unknown::<GSet>(&history[..1], "no last read came back");
    unknown::<GSet>(&[add(0, "1", 0), add(1, "1", 5)], "c0 and c1 both add 1");
    unknown::<GSet>(
        &[add(0, "1", 0).open(), read(1, "n1", 50, "[]").last()],
        "no element was acknowledged",
    );
}

#[test]
fn a_set_has_an_element_once_and_not_before_it_was_added() {
    let twice = [add(0, "1", 0), read(1, "n1", 10, "[1,1]")];
    fails::<GSet>(
        &twice,
        "n1 has the element 1 twice",
        &[(1, "c1 gets [1,1]")],
    );
    let early = [read(1, "n1", 10, "[1]"), add(0, "1", 20)];
    let rows = [(1, "c1 gets [1]"), (0, "c0 asks n0: add 1")];
    fails::<GSet>(&early, "n1 has the element 1 before it was added", &rows);
}

#[test]
fn a_counter_ends_at_a_sum_of_what_was_added() {
    let run = |sum, open: bool| {
        let maybe = add(1, "4", 10);
        let maybe = if open { maybe.open() } else { maybe.fails(11) };
        [
            add(0, "3", 0),
            add(0, "-1", 10),
            maybe,
            read(0, "n0", 100, sum).last(),
            read(0, "n0", 110, sum).last(),
        ]
    };
    passes::<PnCounter>(&run("2", false), "2 additions come to 2");
    passes::<PnCounter>(&run("2", true), "");
    passes::<PnCounter>(&run("6", true), "");
    let rows = [(0, "c0 gets 6")];
    fails::<PnCounter>(
        &run("6", false),
        "n0 reads 6 at the end, expected 2: 2 acknowledged additions come to 2, and 0 are left open",
        &rows,
    );
    let rows = [(0, "c0 gets 4")];
    fails::<GCounter>(&run("4", true), "expected one of 2 sums from 2 to 6", &rows);
    unknown::<GCounter>(&run("4", true)[..4], "it still changed");
    unknown::<GCounter>(&run("4", true)[..3], "no last read came back");
}

#[test]
fn many_open_additions_allow_all_sums_between() {
    let mut history = vec![add(0, "1", 0)];
    let deltas: Vec<String> = (0..14).map(|bit| (1 << bit).to_string()).collect();
    history.extend(deltas.iter().map(|delta| add(1, delta, 0).open()));
    let sums = ["16384", "16385"];
    let mut end = |sum| {
        history.truncate(15);
        history.extend([
            read(0, "n0", 100, sum).last(),
            read(0, "n0", 110, sum).last(),
        ]);
        judge::<PnCounter>("", &history)
    };
    assert_eq!(end(sums[0]).judged, Verdicts::Passed);
    let verdict = end(sums[1]);
    assert!(
        verdict.reason.contains("expected a sum from 1 to 16384"),
        "{verdict:?}"
    );
}

#[test]
fn enough_operations_succeed_and_some_of_each_kind() {
    let history = [
        add(0, "1", 0),
        add(0, "2", 10).open(),
        read(1, "n0", 0, "[]"),
    ];
    passes::<Availability>(&history, "2 of 3 operations succeeded");
    let verdict = judge::<Availability>("at_least = 0.7", &history);
    assert_eq!(verdict.judged, Verdicts::Failed, "{verdict:?}");
    unknown::<Availability>(
        &history[..2]
            .iter()
            .map(|it| it.open())
            .chain([history[2]])
            .collect::<Vec<_>>(),
        "no `add` among them",
    );
}

#[test]
fn long_values_are_cut() {
    let long = shown(&(0..1000).collect::<Vec<u64>>().into());
    assert!(
        long.ends_with("... (3891 characters)") && long.len() < 200,
        "{long}"
    );
}
