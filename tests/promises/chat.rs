//! The chat plugin through the runner: the shipped scenarios in virtual and in real time, with
//! lost connections and lossy links.
//!
//! The function `judge` judges each run from its logs. It shares no code with the plugin's check,
//! and the two must agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::Lab;

fn shipped(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    format!("{folder}/{name}.toml")
}

/// Runs a scenario of the repository once, without a report.
fn run(name: &str, more: &[&str]) -> Lab {
    let lab = Lab::new();
    let file = shipped(name);
    let arguments = [
        &file,
        "--run",
        "1",
        "--no-report",
        "--quiet",
        "--out",
        "out",
    ];
    let answer = lab.runner(&[&arguments[..], more].concat());
    // On a busy machine, a run in real time may be late, which is a warning.
    match more.contains(&"real") {
        true => answer.ends(0),
        false => answer.passes(),
    };
    lab
}

fn printed(lab: &Lab, node: &str) -> Vec<String> {
    let text = lab.read(&format!("out/runs/0001/{node}.log"));
    text.lines().map(str::to_owned).collect()
}

/// The counts from the logs of a run.
#[derive(Debug, Default)]
struct Judged {
    accepted: usize,
    got: usize,
    /// Messages without an acknowledgement at the end.
    waiting: usize,
    /// Number of deleted accounts.
    deleted: usize,
    retries: u64,
    lost: usize,
}

/// Checks that each message of a run was delivered once, in order per sender, or is still queued.
fn judge(lab: &Lab) -> Judged {
    let mut judged = Judged::default();
    let number = |row: &[String], column: usize| row[column].parse::<u64>().unwrap();
    let server = lab.table("out/runs/0001/server.csv");
    let column = |name: &str| server.column(name);
    let (event, from, to) = (column("event"), column("from"), column("to"));
    let (own, mailbox, id) = (column("number"), column("mailbox"), column("id"));
    // For each mailbox: the senders of its messages, and the last acknowledged one.
    let mut senders = BTreeMap::<u64, Vec<String>>::new();
    let mut acknowledged = BTreeMap::<u64, u64>::new();
    let mut deleted = BTreeSet::new();
    let mut last_number = BTreeMap::<String, u64>::new();
    let mut taken = BTreeMap::<(String, String, u64), usize>::new();
    for row in &server.rows {
        match &*row[event] {
            "accepted" => {
                judged.accepted += 1;
                let mailbox_senders = senders.entry(number(row, mailbox)).or_default();
                mailbox_senders.push(row[from].clone());
                assert_eq!(number(row, id), mailbox_senders.len() as u64, "{row:?}");
                let before = last_number.insert(row[from].clone(), number(row, own));
                assert!(
                    before < Some(number(row, own)),
                    "twice or out of order: {row:?}"
                );
                let key = (row[from].clone(), row[to].clone(), number(row, own));
                *taken.entry(key).or_default() += 1;
            }
            "acknowledged" => {
                let before = acknowledged.insert(number(row, mailbox), number(row, id));
                assert!(before < Some(number(row, id)), "{row:?}");
            }
            "deleted" => {
                deleted.insert(number(row, mailbox));
                last_number.remove(&row[to]);
            }
            "drop" => judged.lost += 1,
            _ => {}
        }
    }
    judged.deleted = deleted.len();
    let mut got = BTreeMap::<u64, u64>::new();
    let mut sent = BTreeMap::<(String, String, u64), usize>::new();
    for (name, _) in lab.files("out/runs/0001") {
        let other = ["server.csv", "lag.csv", "faults.csv"].contains(&&*name);
        if other || !name.ends_with(".csv") {
            continue;
        }
        let log = lab.table(&format!("out/runs/0001/{name}"));
        let column = |name: &str| log.column(name);
        let (event, from, to) = (column("event"), column("from"), column("to"));
        let (own, mailbox, id) = (column("number"), column("mailbox"), column("id"));
        for row in &log.rows {
            match &*row[event] {
                "submitted" => {
                    let key = (row[from].clone(), row[to].clone(), number(row, own));
                    *sent.entry(key).or_default() += 1;
                }
                "got" => {
                    judged.got += 1;
                    let (mailbox, id) = (number(row, mailbox), number(row, id));
                    let before = got.insert(mailbox, id).unwrap_or(0);
                    assert_eq!(id, before + 1, "twice, out of order or with a gap: {row:?}");
                    assert_eq!(senders[&mailbox][before as usize], row[from]);
                }
                "drop" => judged.lost += 1,
                _ => {}
            }
        }
        let retries = log.texts("retries");
        judged.retries += retries.last().unwrap().parse::<u64>().unwrap();
    }
    for (message, count) in taken {
        let times = sent.get(&message).copied().unwrap_or(0);
        assert!(
            count <= times,
            "taken {count} times, sent {times} times: {message:?}"
        );
    }
    for (mailbox, &last) in &acknowledged {
        assert!(
            got[mailbox] >= last,
            "acknowledged and never taken: {mailbox}"
        );
    }
    let there = senders
        .iter()
        .filter(|(mailbox, _)| !deleted.contains(mailbox));
    judged.waiting = there
        .map(|(mailbox, all)| all.len() - acknowledged.get(mailbox).copied().unwrap_or(0) as usize)
        .sum();
    let waiting = server.texts("waiting");
    assert_eq!(waiting.last().unwrap(), &judged.waiting.to_string());
    if lab.path("out/verdicts.csv").exists() {
        let verdicts = lab.table("out/verdicts.csv");
        let check = verdicts.only("name", "chat.delivery").only("run", "1");
        assert_eq!(check.texts("verdict"), ["passed"]);
        let Judged {
            accepted,
            got,
            waiting,
            ..
        } = judged;
        let measured = format!("{accepted} sent, {got} taken, {waiting} queued");
        assert_eq!(check.texts("measured"), [measured]);
    }
    judged
}

const ANNA: [&str; 10] = [
    "created",
    "logged in",
    "anna ben",
    "queued",
    "queued",
    "ben: here I am",
    "delivered",
    "queued",
    "ben: my train went through a tunnel",
    "deleted",
];

const BEN: [&str; 9] = [
    "created",
    "logged in, 2 messages waiting",
    "anna: are you there?",
    "anna: call me when you are",
    "delivered",
    "anna: good to see you",
    "anna: still there?",
    "delivered",
    "error: `anna`: no account has this name",
];

#[test]
fn two_friends_see_each_message_once() {
    let lab = run("chat-friends", &[]);
    assert_eq!(printed(&lab, "anna"), ANNA);
    assert_eq!(printed(&lab, "ben")[..9], BEN);
    assert_eq!(printed(&lab, "ben")[9..], ["ben"]);
    let judged = judge(&lab);
    assert_eq!((judged.accepted, judged.got, judged.waiting), (6, 6, 0));
}

#[test]
fn two_friends_see_the_same_messages_in_real_time() {
    let lab = run("chat-friends", &["--time", "real", "--set", "speed=5.0"]);
    let messages = |lines: Vec<String>, from: &str| -> Vec<String> {
        let theirs = lines.into_iter().filter(|it| it.starts_with(from));
        theirs.collect()
    };
    // The other messages depend on timing: on a busy machine, Ben's last one may arrive, too.
    let from_ben = messages(printed(&lab, "anna"), "ben: ");
    assert_eq!(from_ben[..2], [ANNA[5], ANNA[8]]);
    let from_anna = messages(printed(&lab, "ben"), "anna: ");
    assert_eq!(from_anna, [BEN[2], BEN[3], BEN[5], BEN[6]]);
    assert!(judge(&lab).got >= 6);
}

#[test]
fn with_hundreds_of_users_no_message_is_lost_or_shown_twice() {
    let lab = run("chat-random", &[]);
    let judged = judge(&lab);
    assert!(judged.accepted > 10_000, "{judged:?}");
    assert!(judged.got > 10_000 && judged.deleted > 200, "{judged:?}");
    let server = lab.table("out/runs/0001/server.csv");
    let times = |event: &str| server.only("event", event).rows.len();
    assert!(times("disconnect") > 300 && times("left") > 1000);
}

#[test]
fn users_in_real_time_lose_no_message() {
    let more = [
        "--time",
        "real",
        "--set",
        "speed=10.0",
        "--set",
        "nodes.user.count=40",
    ];
    let lab = run("chat-random", &[&more[..], &["--duration", "40s"]].concat());
    let judged = judge(&lab);
    assert!(judged.got > 300 && judged.deleted > 2, "{judged:?}");
}

#[test]
fn over_lossy_links_each_message_arrives_once_and_in_order() {
    for order in ["fifo", "any"] {
        for loss in ["0.1", "0.3"] {
            let more = [
                format!("links.0.loss={loss}"),
                format!("links.0.order=\"{order}\""),
            ];
            let lab = run("chat-lossy", &["--set", &more[0], "--set", &more[1]]);
            let judged = judge(&lab);
            assert!(judged.lost > 1000 && judged.retries > 500, "{judged:?}");
            assert!(judged.got > 500, "{judged:?}");
        }
    }
}

#[test]
fn a_lost_message_arrives_in_the_end() {
    // No user leaves, and after all actions there is time to catch up.
    let quiet = "nodes.user.config.weights={send=9, list=1, receive=0, logout=0, drop=0, delete=0}";
    let lab = run("chat-lossy", &["--set", quiet, "--duration", "300s"]);
    let judged = judge(&lab);
    assert!(judged.lost > 1000, "{judged:?}");
    assert!(judged.accepted > 2000, "{judged:?}");
    assert_eq!((judged.got, judged.waiting), (judged.accepted, 0));
}

#[test]
fn accounts_and_messages_survive_crashes_of_a_server_that_persists() {
    let lab = run("chat-crash-persist", &[]);
    let judged = judge(&lab);
    assert!(judged.accepted > 1000 && judged.waiting > 0, "{judged:?}");
    let server = lab.table("out/runs/0001/server.csv");
    let crashes = server.only("event", "crash");
    let restarts = server.only("event", "restart");
    assert!(restarts.rows.len() >= 5, "{}", restarts.rows.len());
    for column in ["accounts", "waiting"] {
        let (before, after) = (crashes.texts(column), restarts.texts(column));
        assert_eq!(before[..after.len()], after);
        assert!(after.iter().any(|it| *it != "0"));
    }
    assert!(restarts.texts("online").iter().all(|it| *it == "0"));
}

#[test]
fn a_server_that_forgets_its_messages_in_a_crash_fails_the_check() {
    let lab = Lab::new();
    let canary = shipped("canary-chat-crash");
    let arguments = ["--run", "1", "--no-report", "--quiet", "--out", "out"];
    lab.runner(&[&[&*canary], &arguments[..]].concat())
        .ends(1)
        .says(&["check `chat.delivery` failed: the server began anew without"]);
    // Each message that waited is in the proof, and the crash.
    let proof = lab.table("out/evidence.csv");
    assert_eq!(proof.texts("event").last(), Some(&"crash"));
    assert!(proof.only("event", "accepted").rows.len() > 1);
}

#[test]
fn the_check_finds_a_message_that_was_shown_twice() {
    // Two users of one account, and slow acknowledgements: the newer login gets the message that
    // the older one has received.
    let scenario = "name = \"twice\"\nduration = \"10s\"\n\
         [nodes.server]\nbehavior = \"chat.server\"\n\
         [nodes.anna]\nbehavior = \"chat.client\"\n[nodes.anna.config]\n\
         script = [\"create anna\", \"login anna\", \"send anna hi\"]\n\
         [nodes.other]\nbehavior = \"chat.client\"\n[nodes.other.config]\n\
         script = [\"wait 2100ms\", \"login anna\"]\n\
         [[links]]\nfrom = \"anna\"\nto = \"server\"\nlatency = \"500ms\"\n\
         [[links]]\nfrom = \"server\"\nto = \"anna\"\n\
         [[links]]\nbetween = [\"other\", \"server\"]\n\
         [[check]]\ncheck = \"chat.delivery\"\n";
    let lab = Lab::with(scenario);
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(1)
        .says(&["check `chat.delivery` failed: a user took message 1 from anna after message 1"])
        .says(&["twice, or out of order"]);
    let proof = lab.table("out/evidence.csv");
    assert_eq!(proof.texts("node"), ["anna", "other"]);
    assert_eq!(proof.texts("event"), ["got", "got"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in ["chat-friends", "chat-lossy"] {
        let logs = |lab: &Lab| lab.files("out/runs");
        assert_eq!(logs(&run(name, &[])), logs(&run(name, &[])), "{name}");
    }
}

#[test]
fn mistakes_in_a_script_have_a_place() {
    let lab = Lab::with(
        "name = \"wrong\"\n[nodes.server]\nbehavior = \"chat.server\"\nconfig = { windw = 1 }\n\
         [nodes.anna]\nbehavior = \"chat.client\"\n[nodes.anna.config]\n\
         script = [\n  \"login anna\",\n  \"sned ben hi\",\n]\n",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:4:", "did you mean `window`?"])
        .says(&[
            "scenario.toml:10:",
            "`sned` is not a command, expected create, login",
        ]);
}

/// Five open-loop users and a closed-loop one, at a server that is paused from 5 s to 7 s.
const STALL: &str = "name = \"stall\"\nduration = \"20s\"\nseed = 3\n\
    [nodes.server]\nbehavior = \"chat.server\"\nservice_time = \"100us\"\n\
    [nodes.closed]\nbehavior = \"chat.client\"\n\
    config = { actions = 100000, think = \"7ms\", weights = { list = 1, receive = 0, logout = 0, drop = 0, delete = 0 } }\n\
    [nodes.open]\ncount = 5\nbehavior = \"chat.client\"\n\
    config = { actions = 1500, rate = 100, reconnect = \"300ms\" }\n\
    [[links]]\nbetween = [\"*\", \"server\"]\nlatency = \"1ms\"\n\
    [[faults]]\nat = \"5s\"\nfor = \"2s\"\npause = [\"server\"]\nrequired = true\n\
    [[check]]\ncheck = \"chat.delivery\"\n";

#[test]
fn a_stall_is_hidden_by_a_closed_loop_and_shown_by_an_open_one() {
    let lab = Lab::with(STALL);
    lab.run_into("out", &[]);
    let summary = lab.table("out/summary.csv");
    let cell = |node, metric| summary.only("node", node).numbers(metric)[0];
    // Without the stall all see 2 to 3 ms.
    let closed = cell("closed", "reply_ns_mean") / 1e6;
    assert!(closed < 5.0, "{closed}");
    for node in ["open-1", "open-2", "open-3", "open-4", "open-5"] {
        let open = cell(node, "reply_ns_mean") / 1e6;
        // 200 of 1500 messages wait for 1 s on average.
        assert!((130.0..200.0).contains(&open), "{node}: {open}");
        assert_eq!(cell(node, "sends_final"), 1500.0, "{node}");
        assert_eq!(cell(node, "unanswered"), 0.0, "{node}");
        // Each message is sent at its own time, 10 ms after the one before it.
        let log = lab.table(&format!("out/runs/0001/{node}.csv"));
        let times = log.only("event", "submitted").numbers("time_ns");
        let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.into_iter().all(|gap| gap == 1e7), "{node}");
    }
    lab.runner(&["report", "out"]).passes();
    let report = lab.read("out/report.md");
    for told in ["Closed loop: `closed`.", "Open loop: `open`."] {
        assert!(report.contains(told), "{told}");
    }
}

#[test]
fn an_open_loop_loses_no_message_and_sends_none_twice_when_the_server_crashes() {
    let stall = "at = \"5s\"\nfor = \"2s\"\npause";
    assert!(STALL.contains(stall));
    let scenario = STALL
        .replace(stall, "at = \"10s\"\nfor = \"1s\"\ncrash")
        .replace("latency = \"1ms\"", "latency = \"20ms\"")
        .replace("service_time = \"100us\"", "config = { persist = true }")
        .replace("\"300ms\" }", "\"300ms\", timeout = \"200ms\" }");
    // At 20 ms, messages are under way when the server crashes.
    let lab = Lab::with(&scenario);
    lab.run_into("out", &[]);
    let summary = lab.table("out/summary.csv");
    let log = lab.table("out/runs/0001/server.csv");
    let accepted = log.only("event", "accepted");
    for node in ["open-1", "open-2", "open-3", "open-4", "open-5"] {
        let own = summary.only("node", node);
        assert_eq!(own.numbers("sends_final"), [1500.0], "{node}");
        assert_eq!(accepted.only("from", node).rows.len(), 1500, "{node}");
        // What was due while the connection was lost waited for the crash and the next login.
        assert!(own.numbers("reply_ns_max")[0] > 1e9, "{node}");
    }
    let verdicts = lab.table("out/verdicts.csv");
    assert_eq!(
        verdicts.only("verdict", "passed").rows.len(),
        verdicts.rows.len()
    );
}
