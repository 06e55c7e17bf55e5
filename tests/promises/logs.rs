//! The meaning of the rows of a log: steps, queues, and the two ends of a message.

use std::collections::{BTreeMap, VecDeque};

use crate::harness::{LAB, Lab, Table};

/// Latency, loss, and messages that overtake each other.
const LOSSY: &str = "\
name = \"lossy\"
duration = \"120s\"
[nodes.machine]
count = 4
behavior = \"clock.machine\"
tick_rate = { uniform_int = [2, 8] }
config = { faces = 5 }
[[links]]
between = [\"machine\", \"machine\"]
latency = { exponential = { mean = \"300ms\" } }
loss = 0.2
";

/// One row, parsed.
#[derive(Clone, Debug)]
struct Row {
    time: u64,
    step: u64,
    event: String,
    peer: String,
    message: Option<u64>,
    queue: u64,
}

fn rows(table: &Table) -> Vec<Row> {
    let columns = ["time_ns", "step", "event", "peer", "message", "queue"];
    let columns = columns.map(|name| table.column(name));
    let row = |cells: &Vec<String>| {
        let [time, step, event, peer, message, queue] = columns.map(|at| cells[at].clone());
        Row {
            time: time.parse().unwrap(),
            step: step.parse().unwrap(),
            event,
            peer,
            message: message.parse().ok(),
            queue: queue.parse().unwrap(),
        }
    };
    table.rows.iter().map(row).collect()
}

/// The log of each machine of the first run.
fn logs(scenario: &str, count: usize) -> BTreeMap<String, Vec<Row>> {
    let lab = Lab::with(scenario);
    lab.run_into("out", &[]);
    let names = (1..=count).map(|it| format!("machine-{it}"));
    names
        .map(|name| {
            let table = lab.table(&format!("out/runs/0001/{name}.csv"));
            (name, rows(&table))
        })
        .collect()
}

fn outside(row: &Row) -> bool {
    ["start", "drop", "stop"].contains(&&*row.event)
}

#[test]
fn a_log_begins_with_the_shared_columns_then_the_behaviors() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    lab.run_into("all", &["--log", "combined"]);
    let first = |name: &str| lab.read(name).lines().next().unwrap().to_owned();
    assert_eq!(
        first("out/runs/0001/machine-2.csv"),
        "time_ns,step,event,peer,message,bytes,queue,clock"
    );
    let mut combined = lab.table("all/runs/0001/events.csv").header;
    combined.retain(|name| name != "node");
    assert_eq!(
        combined.join(","),
        "time_ns,step,event,peer,message,bytes,queue,clock"
    );
}

#[test]
fn steps_count_from_one_and_rows_outside_repeat_the_last() {
    for (scenario, count) in [(LAB, 3), (LOSSY, 4)] {
        for (node, rows) in logs(scenario, count) {
            assert_eq!(rows[0].event, "start");
            assert_eq!((rows[0].time, rows[0].step), (0, 0));
            assert_eq!(rows.last().unwrap().event, "stop");
            let mut step = 0;
            for pair in rows.windows(2) {
                let (before, row) = (&pair[0], &pair[1]);
                assert!(row.time >= before.time, "{node} {row:?}");
                if outside(row) {
                    assert_eq!(row.step, step, "{node} {row:?}");
                } else if row.step == step {
                    // Rows of one step are at one instant: a send to all nodes.
                    assert_eq!((&*row.event, before.time), ("send", row.time), "{node}");
                } else {
                    step += 1;
                    assert_eq!(row.step, step, "{node} {row:?}");
                }
            }
            assert!(step > 50, "{node} has {step} steps");
        }
    }
}

#[test]
fn a_clocked_node_does_one_step_per_tick_at_the_ticks_of_its_rate() {
    let times = |timing: &str| -> Vec<u64> {
        let lab = Lab::with(&format!(
            "name = \"ticks\"\nduration = \"5s\"\n[nodes.a]\nbehavior = \"clock.machine\"\n{timing}\n"
        ));
        let answer = lab.runner(&["scenario.toml", "--no-report", "--quiet", "--out", "out"]);
        let rows = rows(&lab.table("out/runs/0001/a.csv"));
        let rows = rows.iter().filter(|row| row.event == "internal");
        // A run without a tick is unknown.
        answer.ends(if rows.clone().count() > 0 { 0 } else { 4 });
        rows.map(|row| row.time).collect()
    };
    const S: u64 = 1_000_000_000;
    // floor(k x 10^9 / rate), with the tick that is due at the end.
    let thirds: Vec<u64> = (1..=15).map(|k| k * S / 3).collect();
    assert_eq!(times("tick_rate = 3"), thirds);
    assert_eq!(times("tick_rate = 0.4"), [5 * S / 2, 5 * S]);
    assert!(times("tick_rate = 0.1").is_empty());
    let phased: Vec<u64> = (0..15).map(|k| S / 10 + k * S / 3).collect();
    assert_eq!(times("tick_rate = 3\ntick_phase = \"100ms\""), phased);
    assert_eq!(
        times("tick_interval = \"2s\"\ntick_phase = \"0s\""),
        [0, 2 * S, 4 * S]
    );
    assert_eq!(
        times("tick_interval = \"1500ms\"\nstart_at = \"1s\""),
        [5 * S / 2, 4 * S]
    );
}

#[test]
fn inboxes_are_first_in_first_out_and_queue_is_what_is_left() {
    // With latency 0 a message arrives when it is sent, in the order of the combined
    // log; also if an earlier tick of the same instant sent it.
    for seed in ["1", "2", "3"] {
        let lab = Lab::with(LAB);
        lab.run_into("out", &["--log", "combined", "--seed", seed]);
        for run in ["0001", "0002", "0003"] {
            let table = lab.table(&format!("out/runs/{run}/events.csv"));
            let nodes = table.texts("node");
            let mut inboxes: BTreeMap<String, VecDeque<(String, u64)>> = BTreeMap::new();
            let mut last = BTreeMap::new();
            let mut taken = 0;
            for (node, row) in nodes.into_iter().zip(rows(&table)) {
                let inbox = inboxes.entry(node.to_owned()).or_default();
                let first = last.insert(node, row.step) != Some(row.step);
                match &*row.event {
                    "receive" => {
                        assert!(first);
                        let message = inbox.pop_front();
                        assert_eq!(message, Some((row.peer.clone(), row.message.unwrap())));
                        taken += 1;
                    }
                    // A machine does an internal step only if its inbox is empty.
                    "internal" => assert!(first && inbox.is_empty()),
                    "send" if first => assert!(inbox.is_empty()),
                    _ => {}
                }
                assert_eq!(row.queue, inbox.len() as u64);
                if row.event == "send" {
                    let message = (node.to_owned(), row.message.unwrap());
                    inboxes.entry(row.peer).or_default().push_back(message);
                }
            }
            assert!(taken > 20);
        }
    }
}

#[test]
fn both_ends_of_a_message_agree() {
    let logs = logs(LOSSY, 4);
    let mut sent: BTreeMap<(&str, u64), (&str, u64)> = BTreeMap::new();
    for (node, rows) in &logs {
        let sends: Vec<&Row> = rows.iter().filter(|row| row.event == "send").collect();
        let numbers: Vec<u64> = sends.iter().map(|row| row.message.unwrap()).collect();
        let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, expected, "{node} numbers its messages from 1");
        for row in sends {
            sent.insert((node, row.message.unwrap()), (&row.peer, row.time));
        }
    }
    let (mut received, mut dropped) = (0, 0);
    let total = sent.len();
    for (node, rows) in &logs {
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for row in rows {
            match &*row.event {
                "receive" => received += 1,
                "drop" => dropped += 1,
                _ => continue,
            }
            let message = (&*row.peer, row.message.unwrap());
            let (to, at) = sent.remove(&message).expect("sent once, received once");
            assert_eq!(to, node);
            assert!(at <= row.time);
            if row.event == "receive" {
                // By default a link keeps the order of messages.
                let before = last.insert(message.0, message.1);
                assert!(before < Some(message.1));
            }
        }
    }
    // The other messages were in flight, or in an inbox, when the run ended.
    assert_eq!(received + dropped + sent.len(), total);
    let lost = dropped as f64 / total as f64;
    assert!(
        total > 500 && (0.14..0.26).contains(&lost),
        "{total} {lost}"
    );
}

#[test]
fn links_keep_the_order_unless_any_order_is_allowed() {
    let overtakes = |order: &str| {
        let scenario = format!("{LOSSY}order = \"{order}\"\n");
        let mut count = 0;
        for rows in logs(&scenario, 4).values() {
            let mut last: BTreeMap<&str, u64> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.event == "receive") {
                let before = last.insert(&row.peer, row.message.unwrap());
                count += u32::from(before > row.message);
            }
        }
        count
    };
    assert_eq!(overtakes("fifo"), 0);
    assert!(overtakes("any") > 10);
}

/// A relay around three nodes; the second is a server, or has a limit.
fn relay(second: &str) -> Lab {
    let lab = Lab::with(&format!(
        "name = \"relay\"\nduration = \"10s\"\n\
         [nodes.first]\nbehavior = \"misbehaving.relay\"\nconfig = {{ begin = 4 }}\n\
         [nodes.second]\nbehavior = \"misbehaving.relay\"\nconfig = {{ last_hop = 3 }}\n{second}\n\
         [[links]]\nfrom = \"first\"\nto = \"second\"\nlatency = \"50ms\"\n\
         [[links]]\nfrom = \"second\"\nto = \"first\"\nlatency = \"1s\"\n"
    ));
    lab.run_into("out", &[]);
    lab
}

/// (event, time `[ms]`, queue) of the rows of these events.
fn told(lab: &Lab, node: &str) -> Vec<(String, u64, u64)> {
    let rows = rows(&lab.table(&format!("out/runs/0001/{node}.csv")));
    let rows = rows.into_iter().filter(|row| row.event != "stop");
    rows.map(|row| (row.event, row.time / 1_000_000, row.queue))
        .collect()
}

fn expected(rows: &[(&str, u64, u64)]) -> Vec<(String, u64, u64)> {
    let own = rows
        .iter()
        .map(|&(event, time, queue)| (event.to_owned(), time, queue));
    own.collect()
}

#[test]
fn a_node_without_timing_handles_each_message_as_it_arrives() {
    let lab = relay("");
    let mut rows = vec![("start", 0, 0)];
    rows.extend([("receive", 50, 0), ("send", 50, 0)].repeat(4));
    assert_eq!(told(&lab, "second"), expected(&rows));
    let mut rows = vec![("start", 0, 0)];
    rows.extend([("send", 0, 0)].repeat(4));
    rows.extend([("receive", 1050, 0)].repeat(4));
    assert_eq!(told(&lab, "first"), expected(&rows));
}

#[test]
fn a_server_takes_its_service_time_for_each_message() {
    let lab = relay("service_time = \"200ms\"");
    let mut rows = vec![("start", 0, 0)];
    for (time, queue) in [(250, 3), (450, 2), (650, 1), (850, 0)] {
        rows.extend([("receive", time, queue), ("send", time, queue)]);
    }
    assert_eq!(told(&lab, "second"), expected(&rows));
}

#[test]
fn what_overflows_an_inbox_is_dropped_and_recorded() {
    let lab = relay("tick_interval = \"1s\"\ninbox_limit = 3");
    let mut rows = vec![("start", 0, 0), ("drop", 50, 3)];
    for (time, queue) in [(1000, 2), (2000, 1), (3000, 0)] {
        rows.extend([("receive", time, queue), ("send", time, queue)]);
    }
    let mut told = told(&lab, "second");
    told.retain(|row| row.0 != "tick");
    assert_eq!(told, expected(&rows));
    let summary = lab.table("out/summary.csv").only("node", "second");
    assert_eq!(summary.numbers("dropped"), [1.0]);
    assert_eq!(summary.numbers("received"), [3.0]);
}

#[test]
fn timers_are_replaced_cancelled_and_set_again() {
    let lab = Lab::with(
        "name = \"timers\"\n[nodes.a]\nbehavior = \"misbehaving.timers\"\n\
         [nodes.b]\nbehavior = \"misbehaving.timers\"\n[[links]]\nbetween = [\"a\", \"b\"]\n\
         latency = \"5ms\"\n",
    );
    lab.run_into("out", &[]);
    // Without a duration the run ends when there are no more events.
    let mut text = String::from("timer 1 at 20000000 ns\n");
    for ms in [30, 60, 90, 120] {
        let arrival = ms + 5;
        text += &format!("timer 3 at {ms}000000 ns\nmessage of b at {arrival}000000 ns\n");
    }
    assert_eq!(lab.read("out/runs/0001/a.log"), text);
    assert_eq!(lab.table("out/runs.csv").numbers("duration_s"), [0.125]);
}

#[test]
fn text_that_is_hard_to_write_is_read_back_as_it_was() {
    let lab = Lab::with(
        "name = \"talks\"\nduration = \"5s\"\n[nodes.a]\nbehavior = \"misbehaving.talks\"\n\
         tick_rate = 1\n",
    );
    lab.run_into("out", &[]);
    let table = lab.table("out/runs/0001/a.csv");
    let words = ["a, b", "she said \"no\"", "two\nlines", " \u{fc}ber ", ""];
    assert_eq!(table.only("event", "spoke").texts("said"), words);
    assert_eq!(table.only("event", "sighed").texts("said"), words);
    let spoke = table.only("event", "spoke");
    assert_eq!(spoke.texts("half"), ["0.5", "1", "", "2", "2.5"]);
    assert_eq!(
        spoke.texts("even"),
        ["false", "true", "false", "true", "false"]
    );
    assert_eq!(spoke.numbers("balance"), [-1.0, -2.0, -3.0, -4.0, -5.0]);
    assert_eq!(spoke.texts("never"), [""; 5]);
    // Our reader gives the same rows as the csv crate.
    let mut log = analysis::log::RunLog::open(&lab.path("out/runs/0001"), None).unwrap();
    let said = log.schema().nodes[0]
        .columns
        .iter()
        .position(|it| it.name == "said");
    let mut read = Vec::new();
    while let Some((_, columns)) = log.next().unwrap() {
        match columns.cell(said.unwrap(), analysis::log::ColumnKind::Text) {
            analysis::log::Cell::Text(text) => read.push(text.to_owned()),
            _ => read.push(String::new()),
        }
    }
    assert_eq!(read, table.texts("said"));
    assert!(
        lab.read("out/runs/0001/a.log")
            .contains("a at 2000000000 ns: she said \"no\"\n")
    );
}

#[test]
fn an_arrival_comes_before_a_tick_of_the_same_instant() {
    let early = "[nodes.early]\nbehavior = \"clock.machine\"\ntick_interval = \"1s\"\n\
                 tick_phase = \"500ms\"\nconfig.script = [1]\n";
    let late = "[nodes.late]\nbehavior = \"clock.machine\"\ntick_interval = \"1s\"\n";
    let link = "[[links]]\nfrom = \"early\"\nto = \"late\"\nlatency = \"500ms\"\n";
    for nodes in [[early, late], [late, early]] {
        let lab = Lab::with(&format!(
            "name = \"a\"\nduration = \"3s\"\n{}{link}",
            nodes.concat()
        ));
        lab.run_into("out", &[]);
        let rows = [
            ("start", 0, 0),
            ("receive", 1000, 0),
            ("receive", 2000, 0),
            ("receive", 3000, 0),
        ];
        assert_eq!(told(&lab, "late"), expected(&rows));
    }
}

#[test]
fn logs_of_nodes_are_made_of_one_log_with_the_same_bytes() {
    let talks = "[nodes.talks]\nbehavior = \"misbehaving.talks\"\ntick_rate = 1\n";
    let lab = Lab::with(&(LOSSY.replace("120s", "9s") + talks));
    lab.run_into("out", &[]);
    lab.run_into("one", &["--log", "combined"]);
    let mut expected = lab.files("out/runs/0001");
    expected.retain(|name, _| name.ends_with(".csv"));
    assert_eq!(expected.len(), 5);
    let export =
        |from: &str, more: &[&str]| lab.runner(&[&["export", "logs", from], more].concat());

    let said = export("one", &[]).passes().out;
    assert!(said.starts_with("logs: lossy-run-1-logs\n"), "{said}");
    assert!(said.contains("in 5 files"), "{said}");
    assert_eq!(lab.files("lossy-run-1-logs"), expected);
    // A folder that exists is never overwritten.
    export("one", &[])
        .ends(2)
        .says(&["lossy-run-1-logs exists", "--out DIR"]);

    let some = ["--node", "talks", "--node", "*-3", "--out", "to/some"];
    for from in ["one", "out"] {
        export(from, &some).passes();
        let mut expected = expected.clone();
        expected.retain(|name, _| ["talks.csv", "machine-3.csv"].contains(&&**name));
        assert_eq!(lab.files("to/some"), expected);
        std::fs::remove_dir_all(lab.path("to")).unwrap();
    }
    export("one", &["--node", "machine", "--out", "to"])
        .ends(2)
        .says(&["--node machine: run 1 has no such node", "machine-1"]);
    assert!(!lab.path("to").exists() && !lab.path("to.partial").exists());
}
