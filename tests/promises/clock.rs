//! `clock.machine` follows its rules: its log equals one worked out by hand, and whole
//! runs keep Lamport's clock condition.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::{LAB, Lab, Table};

/// The rows of all nodes in one run, from a combined log.
fn combined(scenario: &str) -> Table {
    let lab = Lab::with(scenario);
    lab.run_into("out", &["--log", "combined"]);
    lab.table("out/runs/0001/events.csv")
}

/// `count` machines with scripted dice, at one tick per second, for one second.
fn scripted(count: u32, config: &str) -> Table {
    combined(&format!(
        "name = \"scripted\"\nduration = \"1s\"\n[nodes.m]\ncount = {count}\n\
         behavior = \"clock.machine\"\ntick_rate = 1\nconfig = {{ {config} }}\n"
    ))
}

/// The receivers of the first machine's first tick. (The other machines have a message
/// in their inbox by then, so they roll no die.)
fn first_sends(table: &Table) -> Vec<String> {
    let sends = table.only("node", "m-1").only("event", "send");
    sends.texts("peer").into_iter().map(str::to_owned).collect()
}

#[test]
fn three_machines_by_script_give_the_log_worked_out_by_hand() {
    // a's rolls are never used: a message waits at each of its ticks. b rolls 2
    // (the one after the next: a), 4, 2, 4, 2; c rolls 5, 3 (all others), 5.
    let lab = Lab::with(
        "name = \"hand\"\nduration = \"3s\"\n\
         [nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig.script = [1]\n\
         [nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 2\nconfig.script = [2, 4]\n\
         [nodes.c]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig.script = [5, 3]\n",
    );
    lab.run_into("out", &[]);
    let header = "time_ns,step,event,peer,message,bytes,queue,clock\n0,0,start,,,,0,0\n";
    let log = |node: &str| {
        let text = lab.read(&format!("out/runs/0001/{node}.csv"));
        let (rows, _stop) = text.trim_end().rsplit_once('\n').unwrap();
        rows.strip_prefix(header).unwrap().to_owned()
    };
    assert_eq!(
        log("a"),
        "1000000000,1,receive,b,1,8,0,2\n\
         2000000000,2,receive,b,2,8,0,4\n\
         3000000000,3,receive,c,1,8,0,5"
    );
    assert_eq!(
        log("b"),
        "500000000,1,send,a,1,8,0,1\n\
         1000000000,2,internal,,,,0,2\n\
         1500000000,3,send,a,2,8,0,3\n\
         2000000000,4,internal,,,,0,4\n\
         2500000000,5,receive,c,2,8,0,5\n\
         3000000000,6,send,a,3,8,0,6"
    );
    assert_eq!(
        log("c"),
        "1000000000,1,internal,,,,0,1\n\
         2000000000,2,send,a,1,8,0,2\n\
         2000000000,2,send,b,2,8,0,2\n\
         3000000000,3,internal,,,,0,3"
    );
}

#[test]
fn rolls_send_to_the_next_the_one_after_it_and_both() {
    assert_eq!(first_sends(&scripted(3, "script = [1]")), ["m-2"]);
    assert_eq!(first_sends(&scripted(3, "script = [2]")), ["m-3"]);
    assert_eq!(first_sends(&scripted(3, "script = [3]")), ["m-2", "m-3"]);
    assert!(first_sends(&scripted(3, "script = [4]")).is_empty());
}

#[test]
fn two_machines_reach_each_other_with_every_face_up_to_three() {
    for roll in 1..=3 {
        let sends = first_sends(&scripted(2, &format!("script = [{roll}]")));
        assert_eq!(sends, ["m-2"], "{roll}");
    }
    assert!(first_sends(&scripted(2, "script = [4]")).is_empty());
}

#[test]
fn one_machine_alone_has_internal_events_only() {
    let lab = Lab::with(
        "name = \"alone\"\nduration = \"20s\"\n[nodes.m]\nbehavior = \"clock.machine\"\n\
         tick_rate = 1\nconfig = { faces = 3 }\n",
    );
    lab.run_into("out", &[]);
    let log = lab.table("out/runs/0001/m.csv");
    assert_eq!(log.only("event", "internal").rows.len(), 20);
    assert_eq!(log.rows.len(), 22);
    assert_eq!(log.numbers("clock").last(), Some(&20.0));
}

#[test]
fn more_than_three_machines_send_to_one_two_or_all_others() {
    let lab = |config: &str| {
        let lab = Lab::with(&format!(
            "name = \"many\"\nduration = \"1s\"\nruns = 40\n[nodes.m]\ncount = 5\n\
             behavior = \"clock.machine\"\ntick_rate = 1\nconfig = {{ {config} }}\n"
        ));
        lab.run_into("out", &[]);
        lab
    };
    let sends = |config: &str| -> Vec<Vec<String>> {
        let lab = lab(config);
        let log = |run| lab.table(&format!("out/runs/{run:04}/m-1.csv"));
        let sends = (1..=40).map(|run| log(run).only("event", "send"));
        let peers = sends.map(|it| it.texts("peer").iter().map(|&it| it.to_owned()).collect());
        peers.collect()
    };
    let others: BTreeSet<String> = (2..=5).map(|it| format!("m-{it}")).collect();
    for roll in 1..=2 {
        let one = sends(&format!("script = [{roll}]"));
        assert!(one.iter().all(|to| to.len() == 1));
        let reached: BTreeSet<String> = one.into_iter().flatten().collect();
        assert_eq!(reached, others);
    }
    let two = sends("script = [3]");
    assert!(two.iter().all(|to| to.len() == 2 && to[0] != to[1]));
    let reached: BTreeSet<String> = two.into_iter().flatten().collect();
    assert_eq!(reached, others);
    let everyone: Vec<String> = others.into_iter().collect();
    for all in sends("script = [3], broadcast = \"all\"") {
        assert_eq!(all, everyone);
    }
}

#[test]
fn every_encoding_gives_the_same_clocks() {
    let log = |encoding: &str| {
        let scenario = format!("{LAB}config = {{ encoding = \"{encoding}\" }}\n");
        let mut table = combined(&scenario);
        let bytes = table.column("bytes");
        let clock = table.column("clock");
        let mut sizes = BTreeSet::new();
        for row in &mut table.rows {
            let size = row.remove(bytes);
            if row[table.header.iter().position(|it| it == "event").unwrap()] == "send" {
                // The clock's column has moved up by one.
                sizes.insert((size.parse::<usize>().unwrap(), row[clock - 1].len()));
            }
        }
        (table.rows, sizes)
    };
    let (rows, sizes) = log("bincode");
    assert!(rows.len() > 500 && sizes.iter().all(|&(size, _)| size == 8));
    for (encoding, size) in [("u64be", Some(8)), ("i32le", Some(4)), ("text", None)] {
        let (same, sizes) = log(encoding);
        assert_eq!(same, rows, "{encoding}");
        let right = |&(bytes, digits): &(usize, usize)| bytes == size.unwrap_or(digits);
        assert!(sizes.iter().all(right), "{encoding} {sizes:?}");
    }
}

/// Many machines over links that delay, lose and reorder.
const TANGLED: &str = "\
name = \"tangled\"
duration = \"60s\"
[nodes.m]
count = 10
behavior = \"clock.machine\"
tick_rate = { uniform = [0.5, 8] }
config = { faces = 6, before }
[[links]]
between = [\"m\", \"m\"]
latency = { lognormal = { median = \"200ms\", sigma = 1 } }
loss = 0.1
order = \"any\"
";

/// Checks a combined log against Lamport's rules: the clock of each step follows from the
/// step before and from the received value. A sent value is `early` less than the clock of
/// its step. Returns the number of receipts whose clock is not greater than the sender's.
fn walk(table: &Table, early: u64) -> usize {
    let nodes = table.texts("node");
    let steps = table.texts("step");
    let events = table.texts("event");
    let peers = table.texts("peer");
    let messages = table.texts("message");
    let clocks = table.texts("clock");
    let mut sent: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut last: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    let (mut receipts, mut broken) = (0, 0);
    for row in 0..nodes.len() {
        let (node, clock) = (nodes[row], clocks[row].parse::<u64>().unwrap());
        let (step, before) = last.insert(node, (steps[row], clock)).unwrap_or(("0", 0));
        let fresh = step != steps[row];
        match events[row] {
            "receive" => {
                let at = sent[&(peers[row], messages[row])];
                assert!(fresh);
                assert_eq!(clock, before.max(at - early) + 1, "row {row}");
                assert!(clock > before);
                receipts += 1;
                broken += usize::from(clock <= at);
            }
            "send" | "internal" if fresh => assert_eq!(clock, before + 1, "row {row}"),
            _ => assert_eq!(clock, before, "row {row}"),
        }
        if events[row] == "send" {
            sent.insert((node, messages[row]), clock);
        }
    }
    assert!(receipts > 50, "{receipts}");
    broken
}

#[test]
fn a_receipts_clock_is_later_than_its_sending() {
    assert_eq!(walk(&combined(LAB), 0), 0);
    assert_eq!(walk(&combined(&TANGLED.replace(", before", "")), 0), 0);
}

#[test]
fn sending_the_clock_from_before_the_increment_breaks_the_condition() {
    let before = TANGLED.replace("before", "send_before_increment = true");
    assert!(walk(&combined(&before), 1) > 0);
}

#[test]
fn a_thousand_machines_run() {
    let lab = Lab::with(
        "name = \"thousand\"\nduration = \"2s\"\n[nodes.m]\ncount = 1000\n\
         behavior = \"clock.machine\"\ntick_rate = { uniform_int = [1, 6] }\n",
    );
    lab.run_into("off", &["--log", "off"]);
    lab.run_into("logs", &[]);
    assert_eq!(lab.read("off/summary.csv"), lab.read("logs/summary.csv"));
    let summary = lab.table("off/summary.csv");
    assert_eq!(summary.rows.len(), 1000);
    let sum = |name| summary.numbers(name).iter().sum::<f64>();
    assert!(sum("received") > 500.0 && sum("received") <= sum("sent"));
    // One step per tick: two to twelve in two seconds.
    assert!(
        summary
            .numbers("steps")
            .iter()
            .all(|it| (2.0..=12.0).contains(it))
    );
}

#[test]
fn a_hundred_thousand_machines_run() {
    let lab = Lab::with(
        "name = \"many\"\nduration = \"1s\"\n[nodes.m]\ncount = 100000\n\
         behavior = \"clock.machine\"\ntick_rate = 1\nconfig = { faces = 6 }\n",
    );
    lab.run_into("out", &["--log", "off"]);
    let runs = lab.table("out/runs.csv");
    // Each machine ticks once, all at one instant. With six faces, half of the ticks
    // without a message in the inbox send.
    assert_eq!(
        runs.numbers("events"),
        [100_000.0 + runs.numbers("messages")[0]]
    );
    let summary = lab.table("out/summary.csv");
    assert_eq!(summary.rows.len(), 100_000);
    assert!(summary.texts("steps").iter().all(|&steps| steps == "1"));
    let sent: f64 = summary.numbers("sent").iter().sum();
    assert!((30_000.0..60_000.0).contains(&sent), "{sent}");
}
