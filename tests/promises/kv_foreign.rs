//! Stores that other people wrote, judged by `kv.linearizable`: a small one in Python that closes
//! after each reply, and redis-server. Their histories pass or fail; nothing is passed in silence.

use std::net::TcpStream;
use std::process::Command;

use crate::harness::{Answer, Lab};
use crate::kv_redis::has_redis_server;
use crate::real_live::{Beside, python, until};
use crate::waiting::own_host;

/// Three clients of a program at this address, for as long as they take, or this duration.
fn clients(address: &str, framing: &str, config: &str, more: &str) -> String {
    format!(
        "name = \"foreign\"\ntime = \"real\"\n[nodes.client]\ncount = 3\nbehavior = \"kv.client\"\n\
         [nodes.client.config]\n{config}\n\
         [nodes.store]\nexternal = \"tcp://{address}\"\nframing = \"{framing}\"\n\
         [[links]]\nbetween = [\"client\", \"store\"]\n\
         [[check]]\ncheck = \"kv.linearizable\"\n{more}\n"
    )
}

/// A partition between one client and the store.
const PARTITION: &str = "[[faults]]\nat = \"500ms\"\nfor = \"700ms\"\nrequired = true\n\
                         partition = [[\"client-1\"], [\"store\"]]\n";

/// The words of `kv_store.py`.
const WORDS: &str = "reconnect = true\ndialect = \"comma\"\nok = \"STORED\"\nnot_found = \"nil\"\n\
                     error = \"ERR\"\nkeys = 3\ndelete_share = 0.1\nthink = \"2ms\"\n";

fn run(scenario: &str, more: &[&str]) -> (Lab, Answer) {
    let lab = Lab::with(scenario);
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    let answer = lab.runner(&[&arguments[..], more].concat());
    (lab, answer)
}

/// The verdict of the check, and what it says.
fn verdict(lab: &Lab) -> (String, String) {
    let verdicts = lab
        .table("out/verdicts.csv")
        .only("name", "kv.linearizable");
    let said = ["reason", "measured"].map(|column| verdicts.texts(column)[0].to_owned());
    (verdicts.texts("verdict")[0].to_owned(), said.concat())
}

#[test]
fn each_command_to_a_store_that_closes_after_each_reply_is_answered() {
    crate::harness::needs_python!();
    let mut store = python(&["kv_store.py"]);
    let address = format!("127.0.0.1:{}", store.told(""));
    // Without a timeout: one lost command would keep its client waiting for ever.
    let config = format!("{WORDS}operations = 200\nstop = true");
    let scenario = clients(&address, "line", &config, "").replace("count = 3\n", "");
    let (lab, answer) = run(&scenario, &["--duration", "60s"]);
    answer.passes();
    let (verdict, said) = verdict(&lab);
    assert_eq!(verdict, "passed", "{said}");
    assert!(said.starts_with("200 of 200 operations answered"), "{said}");
    // A new connection goes on with the numbers of the messages.
    let log = lab
        .table("out/runs/0001/client.csv")
        .only("event", "receive");
    let numbers: Vec<String> = (1..=200).map(|number: u32| number.to_string()).collect();
    assert_eq!(log.texts("message"), numbers);
}

#[test]
fn a_store_that_closes_after_each_reply_is_judged_under_a_partition() {
    crate::harness::needs_python!();
    for (mode, expected) in [("", "passed"), ("forget", "failed")] {
        let mut store = python(&["kv_store.py", mode]);
        let address = format!("127.0.0.1:{}", store.told(""));
        let config = format!("{WORDS}operations = 1000000\ntimeout = \"300ms\"\nretries = 50");
        let more = format!(
            "{PARTITION}[[expect]]\nmetric = \"retries_final\"\nnodes = \"client-1\"\nat_least = 1\n"
        );
        let scenario = clients(&address, "line", &config, &more);
        let (lab, _) = run(&scenario, &["--duration", "2s"]);
        let (verdict, said) = verdict(&lab);
        assert_eq!(verdict, expected, "{said}");
        // The partitioned client sent again, and nobody gave anything up.
        let log = lab.table("out/runs/0001/client-1.csv");
        assert!(!log.only("event", "retry").rows.is_empty());
        assert!(log.only("event", "timeout").rows.is_empty());
    }
}

#[test]
fn redis_is_judged_under_a_partition_and_what_it_held_before_is_unknown() {
    if !has_redis_server() {
        return;
    }
    let host = own_host();
    let lab = Lab::new();
    let mut command = Command::new("redis-server");
    command
        .args([
            "--bind",
            &host,
            "--port",
            "16379",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .args(["--protected-mode", "no"])
        .current_dir(lab.path(""));
    let _server = Beside::start(&mut command);
    let address = format!("{host}:16379");
    until("redis-server listens", || {
        TcpStream::connect(&address).is_ok()
    });
    let config = "protocol = \"resp\"\nkeys = 3\ndelete_share = 0.1\nincrement_share = 0.3\n\
                  operations = 1000000\nthink = \"2ms\"\ntimeout = \"300ms\"\nretries = 50\n\
                  read_share = 0.3";
    let scenario = clients(&address, "resp", config, PARTITION);
    let flush = |address: &str| {
        let (host, port) = address.rsplit_once(':').unwrap();
        let status = Command::new("redis-cli")
            .args(["-h", host, "-p", port, "flushall"])
            .output();
        assert!(status.unwrap().status.success());
    };
    let (first, answer) = run(&scenario, &["--duration", "2s"]);
    let (judged, said) = verdict(&first);
    assert_eq!(judged, "passed", "{said}\n{}", answer.err);
    let log = first.table("out/runs/0001/client-1.csv");
    assert!(!log.only("event", "retry").rows.is_empty());
    assert!(!log.only("command", "incr").rows.is_empty());
    // The values of the first run have no records in the second: no mistake of the store.
    let (second, answer) = run(&scenario, &["--duration", "1s"]);
    answer.ends(4);
    let (judged, said) = verdict(&second);
    assert_eq!(judged, "unknown", "{said}");
    assert!(said.contains("empty it before each run"), "{said}");
    flush(&address);
    // What the check does not model is never passed.
    let config = "protocol = \"resp\"\nstop = true\n\
                  script = [\"MSET a 1 b 2\", { send = \"INCR a\", expect = \"2\" }, \"GET b\"]";
    let scenario = clients(&address, "resp", config, "").replace("count = 3\n", "");
    let (third, answer) = run(&scenario, &[]);
    answer.ends(4);
    let (judged, said) = verdict(&third);
    assert_eq!(judged, "unknown", "{said}");
    assert!(said.contains("`client` used `mset`"), "{said}");
}
