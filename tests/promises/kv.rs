//! The kv plugin in virtual time: the shipped scenarios, retries over lossy links, incorrect
//! stores, and mistakes in configs.

use crate::harness::{Answer, Lab};

/// Runs a scenario of the repository, without a report, into `out`.
fn shipped(name: &str, more: &[&str]) -> Lab {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let lab = Lab::new();
    let file = format!("{folder}/{name}.toml");
    let arguments = [&file, "--no-report", "--quiet", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat()).passes();
    lab
}

/// The verdict of each run, and its reason.
fn verdicts(lab: &Lab) -> Vec<(String, String)> {
    let verdicts = lab
        .table("out/verdicts.csv")
        .only("name", "kv.linearizable");
    let texts = |column| verdicts.texts(column).into_iter().map(str::to_owned);
    texts("verdict").zip(texts("reason")).collect()
}

#[test]
fn a_script_has_its_expected_replies() {
    let lab = shipped("kv-basic", &[]);
    let log = lab.table("out/runs/0001/client.csv");
    assert_eq!(log.only("event", "invoke").rows.len(), 12);
    let returned = log.only("event", "return");
    assert_eq!(returned.texts("latency_ns"), ["20000000"; 12]);
    assert_eq!(returned.texts("result")[4], "two words, and more");
    let server = lab.table("out/runs/0001/server.csv");
    assert_eq!(server.only("event", "refused").rows.len(), 2);
    assert_eq!(server.texts("keys").last(), Some(&"1"));
}

#[test]
fn many_clients_are_linearizable_and_repeat_the_same_bytes() {
    let run = || shipped("kv-random", &["--runs", "2"]);
    let lab = run();
    let verdicts = lab
        .table("out/verdicts.csv")
        .only("name", "kv.linearizable");
    assert_eq!(verdicts.texts("verdict"), ["passed"; 2]);
    let measured = ["10000 of 10000 operations answered, on 100 keys, all explained"; 2];
    assert_eq!(verdicts.texts("measured"), measured);
    assert_eq!(lab.files("out/runs"), run().files("out/runs"));
    // The first key is drawn about a hundred times as often as the last.
    let log = lab
        .table("out/runs/0001/client-1.csv")
        .only("event", "invoke");
    let count = |key: &str| log.only("key", key).rows.len();
    assert!(count("key-1") > 50 && count("key-100") < 20);
}

#[test]
fn repeated_commands_are_linearizable_although_they_may_be_executed_twice() {
    let lab = shipped("kv-lossy", &[]);
    let verdicts = verdicts(&lab);
    assert_eq!(verdicts.len(), 5);
    assert!(
        verdicts.iter().all(|(verdict, _)| verdict == "passed"),
        "{verdicts:?}"
    );
    let log = lab.table("out/runs/0001/client-1.csv");
    for event in ["retry", "settled", "timeout", "return"] {
        assert!(!log.only("event", event).rows.is_empty(), "{event}");
    }
    // Each operation returned or was given up, and each repeated one settled.
    let count = |event: &str| log.only("event", event).rows.len();
    assert_eq!(count("invoke"), 500);
    assert_eq!(count("return") + count("timeout"), 500);
    assert!(count("settled") > count("timeout"));
}

/// Latencies above the timeout, so late replies arrive often: a few clients and keys, little
/// loss.
const IMPATIENT: &str = "\
name = \"impatient\"
duration = \"10m\"
runs = 3
[nodes.client]
count = 4
behavior = \"kv.client\"
[nodes.client.config]
operations = 200
keys = 2
timeout = \"30ms\"
retries = 5
delete_share = 0.2
[nodes.server]
behavior = \"kv.server\"
[[links]]
between = [\"client\", \"server\"]
latency = { uniform = [\"1ms\", \"60ms\"] }
loss = 0.05
[[check]]
check = \"kv.linearizable\"
";

#[test]
fn no_late_reply_is_taken_for_the_reply_to_the_next_command() {
    let lab = Lab::with(IMPATIENT);
    lab.run_into("out", &[]);
    for run in 1..=3 {
        let log = lab.table(&format!("out/runs/000{run}/client-1.csv"));
        assert!(log.only("event", "stray").rows.len() > 50);
        assert_eq!(log.texts("answered").last(), Some(&"200"));
        for returned in log.only("event", "return").rows {
            let text = |column: &str| returned[log.column(column)].as_str();
            match text("command") {
                "set" => assert_eq!(text("result"), "ok"),
                "delete" => assert!(["ok", "not found"].contains(&text("result"))),
                _ => assert!(text("result") == "not found" || text("result").contains(':')),
            }
        }
    }
}

/// Runs clients of a store that has this fault at every 50th command.
fn broken(fault: &str) -> (Lab, Answer) {
    let lab = Lab::with(&format!(
        "name = \"broken\"\nduration = \"10m\"\n[nodes.client]\ncount = 4\nbehavior = \"kv.client\"\n\
         [nodes.client.config]\noperations = 250\nkeys = 5\ndelete_share = 0.2\n\
         think = {{ exponential = {{ mean = \"20ms\" }} }}\n\
         [nodes.store]\nbehavior = \"broken_store.store\"\nconfig = {{ fault = \"{fault}\" }}\n\
         [[links]]\nbetween = [\"client\", \"store\"]\nlatency = {{ uniform = [\"1ms\", \"9ms\"] }}\n\
         [[check]]\ncheck = \"kv.linearizable\"\n"
    ));
    let answer = lab.runner(&["scenario.toml", "--out", "out", "--no-report"]);
    (lab, answer)
}

#[test]
fn an_incorrect_store_fails_the_check() {
    for fault in [
        "stale-read",
        "lost-write",
        "lost-delete",
        "wrong-key",
        "deletes-twice",
    ] {
        let (lab, answer) = broken(fault);
        answer.ends(1);
        let (verdict, reason) = verdicts(&lab).remove(0);
        assert_eq!(verdict, "failed", "{fault}");
        assert!(reason.starts_with("key `key-"), "{fault}: {reason}");
        // The proof names existing rows of few operations, all on the key.
        let evidence = lab.table("out/evidence.csv");
        let key = reason.split('`').nth(1).unwrap();
        assert!((1..=40).contains(&evidence.rows.len()), "{fault}: {reason}");
        for row in &evidence.rows {
            let cell = |column: &str| row[evidence.column(column)].as_str();
            let log = lab.table(&format!("out/runs/0001/{}.csv", cell("node")));
            let found = &log.rows[cell("row").parse::<usize>().unwrap() - 1];
            for column in ["time_ns", "event"] {
                assert_eq!(found[log.column(column)], cell(column), "{fault}");
            }
            assert_eq!(found[log.column("key")], key, "{fault}");
        }
    }
    let (lab, answer) = broken("none");
    answer.passes();
    assert_eq!(verdicts(&lab)[0].0, "passed");
}

#[test]
fn with_too_small_a_budget_the_verdict_is_unknown() {
    let lab = Lab::with(&format!("{IMPATIENT}config = {{ budget = 20 }}\n"));
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(4);
    let (verdict, reason) = verdicts(&lab).remove(0);
    assert_eq!(verdict, "unknown");
    assert!(reason.contains("not judged within 20 steps"), "{reason}");
}

#[test]
fn persisted_values_are_in_the_runs_folder_and_need_one() {
    let persist = ["--set", "nodes.server.config.persist=true"];
    let lab = shipped("kv-basic", &persist);
    let file = &lab.files("out/runs/0001")["server.kv"];
    assert!(file.starts_with(b"kv log 2"));
    let again = shipped("kv-basic", &persist);
    assert_eq!(lab.files("out/runs"), again.files("out/runs"));
    let off = Lab::with(
        "name = \"off\"\n[nodes.s]\nbehavior = \"kv.server\"\nconfig = { persist = true }\n",
    );
    off.runner(&[
        "scenario.toml",
        "--out",
        "out",
        "--no-report",
        "--log",
        "off",
    ])
    .ends(3)
    .says(&["node `s` failed in `new`", "run it without `--log off`"]);
}

#[test]
fn a_reply_that_is_not_the_expected_one_fails_the_run() {
    let lab = Lab::with(
        "name = \"wrong\"\n[nodes.client]\nbehavior = \"kv.client\"\n\
         config = { script = [\"set a 1\", { send = \"get a\", expect = \"2\" }] }\n\
         [nodes.server]\nbehavior = \"kv.server\"\n",
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(3)
        .says(&["node `client` failed in `message`"])
        .says(&["wrong reply to command 2, \"get a\": expected \"2\", found \"1\""]);
}

#[test]
fn mistakes_in_a_config_have_a_place() {
    let lab = Lab::with(
        "name = \"wrong\"\n[nodes.client]\nbehavior = \"kv.client\"\n\
         [nodes.client.config]\nscript = [\"get a\", { expect = \"1\" }]\ndistribution = \"ziff\"\n\
         [nodes.server]\nbehavior = \"kv.server\"\nconfig = { max_key = 0 }\n\
         [[check]]\ncheck = \"kv.linearizable\"\nconfig = { bugdet = 1 }\n",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:5:", "send"])
        .says(&["scenario.toml:6:", "did you mean \"zipf\"?"])
        .says(&[
            "scenario.toml:9:",
            "expected a whole number from 1 to 1000000000, found 0",
        ])
        .says(&[
            "scenario.toml:12:",
            "unknown key `bugdet`",
            "keys here: budget, min_answered (did you mean `budget`?)",
        ]);
}

#[test]
fn a_stall_is_hidden_by_a_closed_loop_and_shown_by_an_open_one() {
    let lab = shipped("kv-stall", &[]);
    let summary = lab.table("out/summary.csv");
    let mean = |node: &str| {
        let own = summary.only("node", node);
        own.numbers("latency_ns_mean")[0] / 1e6
    };
    assert!(
        mean("closed") < 5.0 && mean("open") > 33.0,
        "{} {}",
        mean("closed"),
        mean("open")
    );
    let table = lab.runner(&["report", "out"]);
    table.passes();
    let report = lab.read("out/report.md");
    assert!(
        report.contains("Closed loop: `closed`. Each node sends its next request after a reply.")
    );
    assert!(report.contains("Open loop: `open`. Requests are sent at times of their own"));
}

#[test]
fn an_open_loop_whose_messages_are_lost_is_not_judged() {
    let scenario = "name = \"lost\"\nduration = \"20s\"\n[nodes.client]\nbehavior = \"kv.client\"\n\
         config = { operations = 100, rate = 50 }\n[nodes.server]\nbehavior = \"kv.server\"\n\
         [[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"50ms\"\nloss = 0.1\n\
         [[check]]\ncheck = \"kv.linearizable\"\n";
    let lab = Lab::with(scenario);
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(4);
    let (verdict, reason) = verdicts(&lab).remove(0);
    assert_eq!(verdict, "unknown");
    assert!(
        reason.starts_with("`client` does not wait for replies"),
        "{reason}"
    );
    // The same without a loss passes.
    let lab = Lab::with(&scenario.replace("loss = 0.1\n", ""));
    lab.run_into("out", &[]);
    assert_eq!(verdicts(&lab)[0].0, "passed");
}

#[test]
fn keys_expire_by_the_local_time_of_the_store() {
    let scenario = |drift: &str| {
        format!(
            "name = \"expiry\"\n[nodes.client]\nbehavior = \"kv.client\"\n[nodes.client.config]\n\
             protocol = \"resp\"\nthink = \"100ms\"\nscript = [\"SET a 1 PX 250\", \
             {{ send = \"GET a\", expect = \"1\" }}, \"GET a\", {{ send = \"GET a\", expect = \"not found\" }}, \
             {{ send = \"DBSIZE\", expect = \"0\" }}]\n\
             [nodes.server]\nbehavior = \"kv.server\"\n{drift}"
        )
    };
    for (drift, third) in [("", "1"), ("drift = 500000\n", "not found")] {
        let lab = Lab::with(&scenario(drift));
        lab.run_into("out", &[]);
        lab.run_into("again", &[]);
        assert_eq!(lab.files("out/runs"), lab.files("again/runs"));
        let log = lab
            .table("out/runs/0001/client.csv")
            .only("event", "return");
        assert_eq!(log.texts("result"), ["ok", "1", third, "not found", "0"]);
    }
}

#[test]
fn a_client_that_reconnects_works_in_virtual_time_too() {
    let lab = Lab::with(
        "name = \"reconnect\"\nduration = \"1m\"\n[nodes.client]\ncount = 3\nbehavior = \"kv.client\"\n\
         [nodes.client.config]\noperations = 100\nkeys = 2\nreconnect = true\ntimeout = \"30ms\"\n\
         [nodes.server]\nbehavior = \"kv.server\"\n[[links]]\nbetween = [\"client\", \"server\"]\n\
         latency = \"5ms\"\nloss = 0.05\n[[check]]\ncheck = \"kv.linearizable\"\n",
    );
    lab.run_into("out", &[]);
    assert_eq!(verdicts(&lab)[0].0, "passed");
    let log = lab.table("out/runs/0001/client-1.csv");
    assert!(!log.only("event", "retry").rows.is_empty());
    assert!(log.only("event", "settled").rows.is_empty());
}
