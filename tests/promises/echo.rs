//! The echo plugin in virtual time: its scenarios in `scenarios/` do what they say, wrong
//! replies are found, lost messages are sent again, a chain returns each reply to its
//! client, and a queue between producer and consumer agrees with its closed form.

use base::distribution::Distribution;
use base::random::{Purpose, Streams};
use runner::plan::ONLY_CASE;

use crate::harness::{Lab, Table};

/// Runs a scenario of the repository once, without a report, into `out`.
fn shipped(name: &str) -> Lab {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let lab = Lab::new();
    let file = format!("{folder}/{name}.toml");
    lab.runner(&[
        &file,
        "--run",
        "1",
        "--no-report",
        "--quiet",
        "--out",
        "out",
    ])
    .passes();
    lab
}

/// The log of a node in the first run.
fn log(lab: &Lab, node: &str) -> Table {
    lab.table(&format!("out/runs/0001/{node}.csv"))
}

/// The cells of a column of whole numbers.
fn whole(table: &Table, column: &str) -> Vec<u64> {
    let texts = table.texts(column);
    texts.iter().map(|it| it.parse().unwrap()).collect()
}

/// A scenario of one client with this config, and the other nodes and links.
fn with_client(config: &str, rest: &str) -> Lab {
    Lab::with(&format!(
        "name = \"echo\"\nduration = \"60s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
         [nodes.client.config]\n{config}\n{rest}"
    ))
}

/// A server with this config, linked to the client.
fn server(config: &str, link: &str) -> String {
    format!(
        "[nodes.server]\nbehavior = \"echo.server\"\nconfig = {{ {config} }}\n\
         [[links]]\nbetween = [\"client\", \"server\"]\n{link}\n"
    )
}

#[test]
fn every_size_comes_back_verified() {
    let lab = shipped("echo-sizes");
    let verified = log(&lab, "client").only("event", "verified");
    let decades = (0..8).map(|decade| 10_u64.pow(decade));
    let sizes: Vec<u64> = std::iter::repeat_n(decades, 10).flatten().collect();
    assert_eq!(whole(&verified, "size"), sizes);
    assert_eq!(whole(&verified, "round_trip_ns"), [2_000_000; 80]);
    let server = log(&lab, "server");
    for event in ["receive", "send"] {
        assert_eq!(whole(&server.only("event", event), "bytes"), sizes);
    }
    assert_eq!(log(&lab, "client").texts("event").last(), Some(&"stop"));
    assert_eq!(lab.table("out/runs.csv").numbers("duration_s"), [0.16]);
}

#[test]
fn many_clients_at_a_server_each_get_their_own() {
    let lab = shipped("echo-many-clients");
    for client in 1..=20 {
        let log = log(&lab, &format!("client-{client}"));
        let verified = log.only("event", "verified");
        assert_eq!(whole(&verified, "replies"), (1..=200).collect::<Vec<u64>>());
        assert!(
            whole(&verified, "round_trip_ns")
                .iter()
                .all(|&ns| ns > 2_000_000)
        );
        assert_eq!(log.only("event", "send").rows.len(), 200);
    }
}

#[test]
fn a_chain_converts_and_returns_each_reply_to_its_client() {
    let lab = shipped("echo-chain");
    for client in 1..=3 {
        let log = log(&lab, &format!("client-{client}"));
        assert_eq!(log.only("event", "verified").rows.len(), 300);
    }
    for stage in ["reader", "converter", "sender"] {
        let log = log(&lab, stage);
        assert_eq!(log.texts("waiting").last(), Some(&"0"), "{stage}");
        assert!(log.only("event", "stray").rows.is_empty());
    }
    // The converter handles one message at a time, 4 ms each.
    let converter = log(&lab, "converter");
    let handled = whole(&converter.only("event", "receive"), "time_ns");
    assert_eq!(handled.len(), 1800);
    assert!(
        handled
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 4_000_000)
    );
}

#[test]
fn the_time_server_sends_the_time_of_the_connect() {
    let lab = shipped("echo-time");
    let server = log(&lab, "server");
    for client in ["client-1", "client-2", "client-3"] {
        let theirs = server.only("peer", client);
        let connected = whole(&theirs.only("event", "connect"), "time_ns");
        let text = |ns: &u64| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
        let expected: Vec<String> = connected.iter().map(text).collect();
        let told = lab.read(&format!("out/runs/0001/{client}.log"));
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
        assert_eq!(expected.len(), 5);
        let told = whole(&theirs.only("event", "send"), "time_ns");
        assert_eq!(told, connected);
    }
}

#[test]
fn a_consumer_takes_every_item_in_order_and_ends_the_run() {
    let lab = shipped("echo-producer-consumer");
    let consumer = log(&lab, "consumer");
    let taken = whole(&consumer.only("event", "receive"), "message");
    assert_eq!(taken, (1..=2001).collect::<Vec<u64>>());
    let end = consumer.only("event", "end");
    assert_eq!(end.texts("items"), ["2000"]);
    assert_eq!(consumer.texts("event").last(), Some(&"stop"));
    assert_eq!(
        consumer.texts("time_ns").last(),
        end.texts("time_ns").last()
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for name in ["echo-chain", "echo-time", "echo-producer-consumer"] {
        let logs = |lab: &Lab| lab.files("out/runs");
        assert_eq!(logs(&shipped(name)), logs(&shipped(name)), "{name}");
    }
}

#[test]
fn a_wrong_reply_fails_the_run_with_its_offset_and_bytes() {
    let lab = with_client(
        "texts = [\"LOUD and quiet\"]",
        &server("transform = \"upper\"", ""),
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(3)
        .says(&["run 1: node `client` failed in `message` at 0 s (step 1)"])
        .says(&["wrong reply to message 1 of 1: expected 14 bytes, found 14; from offset 5 "])
        .says(&["expected \"and quiet\", found \"AND QUIET\""])
        .says(&["--run 1\n"]);
    let lab = with_client(
        "texts = [\"LOUD and quiet\"]\nexpect = \"upper\"",
        &server("transform = \"upper\"", ""),
    );
    lab.run_into("out", &[]);
}

#[test]
fn producer_and_consumer_print_a_line_for_each_item() {
    let scenario = |print: &str| {
        format!(
            "name = \"lines\"\n[nodes.producer]\nbehavior = \"echo.producer\"\n\
             config = {{ count = 2{print} }}\n\
             [nodes.other]\nbehavior = \"echo.producer\"\nconfig = {{ count = 0{print} }}\n\
             [nodes.consumer]\nbehavior = \"echo.consumer\"\n\
             config = {{ producers = 2{print} }}\n"
        )
    };
    let lab = Lab::with(&scenario(""));
    lab.run_into("out", &[]);
    let lines = |node: &str| lab.read(&format!("out/runs/0001/{node}.log"));
    assert_eq!(
        lines("producer"),
        "produced 1\nproduced 2\nproduced the end marker after 2 items\n"
    );
    assert_eq!(
        lines("consumer"),
        "consumed an end marker after 0 items\nconsumed 1\nconsumed 2\n\
         consumed an end marker after 2 items\n"
    );
    let quiet = Lab::with(&scenario(", print = false"));
    quiet.run_into("out", &[]);
    assert!(!quiet.path("out/runs/0001/producer.log").exists());
    assert!(!quiet.path("out/runs/0001/consumer.log").exists());
}

/// Two servers that listen and a client, without links.
const TWO_SERVERS: &str = "name = \"two\"\nduration = \"3s\"\n\
    [nodes.client]\ncount = 2\nbehavior = \"echo.client\"\n\
    config = { texts = [\"a\"] }\n\
    [nodes.one]\nbehavior = \"echo.server\"\n\
    listen = [{ tcp = \"127.0.0.1:0\", framing = \"line\" }]\n\
    [nodes.other]\nbehavior = \"echo.time\"\n\
    listen = [{ tcp = \"127.0.0.1:0\", framing = \"line\" }]\n";

#[test]
fn a_client_with_several_possible_servers_says_that_one_must_be_named() {
    let lab = Lab::with(TWO_SERVERS);
    for time in ["virtual", "real"] {
        let out = format!("{time}-out");
        let arguments = ["scenario.toml", "--no-report", "--time", time, "--out"];
        lab.runner(&[&arguments[..], &[&out]].concat())
            .ends(3)
            .says(&[
                "several peers can be the server: one, other; say which one in its config, \
                     for example server = \"one\"",
            ]);
        let out = format!("{time}-named");
        let named = ["--set", "nodes.client.config.server=one"];
        lab.runner(&[&arguments[..], &[&out], &named].concat())
            .ends(0);
        let log = lab.table(&format!("{out}/runs/0001/client-1.csv"));
        assert_eq!(log.only("event", "verified").texts("peer"), [""]);
        let server = lab.table(&format!("{out}/runs/0001/one.csv"));
        assert_eq!(server.only("event", "receive").rows.len(), 2);
    }
}

#[test]
fn without_links_two_nodes_that_listen_are_not_linked_in_either_time() {
    let storm = include_str!("../fixtures/cases/two-listeners-storm.toml");
    for (time, more) in [
        ("real", &[][..]),
        ("real", &["--processes"]),
        ("virtual", &[]),
    ] {
        let lab = Lab::with(storm);
        let arguments = [
            "scenario.toml",
            "--no-report",
            "--time",
            time,
            "--duration",
            "200ms",
        ];
        let answer = lab.runner(&[&arguments[..], more, &["--out", "out"]].concat());
        // Nothing happened, which is unknown in virtual time, and usual for servers.
        assert!(matches!(answer.code, Some(0 | 4)), "{}", answer.err);
        for node in ["echo", "time"] {
            let log = lab.table(&format!("out/runs/0001/{node}.csv"));
            assert_eq!(log.texts("event"), ["start", "stop"], "{time} {more:?}");
        }
    }
}

#[test]
fn a_client_finds_its_server_among_many_clients() {
    let lab = Lab::with(
        "name = \"many\"\n[nodes.before]\ncount = 20000\nbehavior = \"kv.client\"\n\
         config = { script = [{ send = \"get a\", expect = \"not found\" }] }\n\
         [nodes.server]\nbehavior = \"kv.server\"\n",
    );
    lab.run_into("out", &["--log", "off"]);
}

#[test]
fn a_lost_message_is_sent_again_until_its_reply_is_verified() {
    let config = "sizes = [10, 100, 1000]\nrepeat = 100\nwindow = 5\ntimeout = \"150ms\"";
    let lab = with_client(config, &server("", "latency = \"50ms\"\nloss = 0.2"));
    lab.run_into("out", &[]);
    let client = log(&lab, "client");
    assert_eq!(client.only("event", "verified").rows.len(), 300);
    let drops = |node: &str| log(&lab, node).only("event", "drop").rows.len() as u64;
    let lost = drops("client") + drops("server");
    let retries: u64 = client.texts("retries").last().unwrap().parse().unwrap();
    assert!(lost > 50, "{lost}");
    // No reply takes longer than the timeout, so each loss costs one retry.
    assert_eq!(retries, lost);
}

#[test]
fn a_lossy_chain_gives_no_client_another_clients_reply() {
    let scenario = "\
name = \"lossy-chain\"
duration = \"60s\"
[nodes.one]
behavior = \"echo.client\"
config = { sizes = [100, 50], repeat = 50, timeout = \"100ms\", expect = \"upper\" }
[nodes.two]
behavior = \"echo.client\"
config = { texts = [\"Two\", \"Zwei\"], repeat = 50, timeout = \"100ms\", expect = \"upper\" }
[nodes.first]
behavior = \"echo.stage\"
config = { next = \"last\" }
[nodes.last]
behavior = \"echo.stage\"
config = { transform = \"upper\" }
[[links]]
between = [\"one\", \"first\"]
latency = \"10ms\"
[[links]]
between = [\"two\", \"first\"]
latency = \"10ms\"
[[links]]
between = [\"first\", \"last\"]
loss = 0.2
";
    let lab = Lab::with(scenario);
    lab.run_into("out", &[]);
    for client in ["one", "two"] {
        let log = log(&lab, client);
        assert_eq!(log.only("event", "verified").rows.len(), 100, "{client}");
        assert_ne!(log.texts("retries").last(), Some(&"0"));
    }
    let first = log(&lab, "first");
    let lost = [&first, &log(&lab, "last")].map(|it| it.only("event", "drop").rows.len());
    let waiting: usize = first.texts("waiting").last().unwrap().parse().unwrap();
    assert_eq!(waiting, lost[0] + lost[1]);
    // With `route = "order"`, after the first loss a reply goes to the wrong client.
    let by_order = scenario.replace("next = \"last\"", "next = \"last\", route = \"order\"");
    let lab = Lab::with(&by_order);
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(3)
        .says(&["wrong reply to message"]);
}

#[test]
fn a_configs_distribution_draws_as_the_runner_does() {
    let cases = [
        ("\"2ms\"", Distribution::Constant(2e6)),
        (
            "{ uniform = [\"1ms\", \"3ms\"] }",
            Distribution::Uniform {
                low: 1e6,
                high: 3e6,
            },
        ),
        (
            "{ uniform_int = [\"1ns\", \"6ns\"] }",
            Distribution::UniformInt { low: 1, high: 6 },
        ),
        (
            "{ choice = [\"1ms\", \"2ms\", \"5ms\"] }",
            Distribution::Choice(vec![1e6, 2e6, 5e6]),
        ),
        (
            "{ normal = { mean = \"1ms\", std = \"2ms\" } }",
            Distribution::Normal {
                mean: 1e6,
                std: 2e6,
            },
        ),
        (
            "{ exponential = { mean = \"1ms\" } }",
            Distribution::Exponential { mean: 1e6 },
        ),
        (
            "{ lognormal = { median = \"1ms\", sigma = 0.7 } }",
            Distribution::LogNormal {
                median: 1e6,
                sigma: 0.7,
            },
        ),
        (
            "{ pareto = { min = \"1ms\", shape = 1.5 } }",
            Distribution::Pareto {
                min: 1e6,
                shape: 1.5,
            },
        ),
    ];
    for (written, distribution) in cases {
        let lab = Lab::with(&format!(
            "name = \"draws\"\nseed = 7\n[nodes.producer]\nbehavior = \"echo.producer\"\n\
             [nodes.producer.config]\ncount = 500\ninterval = {written}\n\
             [nodes.consumer]\nbehavior = \"echo.consumer\"\n"
        ));
        lab.run_into("out", &[]);
        let sent = whole(&log(&lab, "producer").only("event", "timer"), "time_ns");
        let mut stream = Streams::new(7, ONLY_CASE, 1).node(Purpose::Behavior, "producer");
        let mut now = 0;
        let expected: Vec<u64> = (0..500)
            .map(|_| {
                now += distribution.sample_span(&mut stream).0;
                now
            })
            .collect();
        assert_eq!(sent, expected, "{written}");
    }
}

#[test]
fn a_queue_with_random_arrivals_agrees_with_its_closed_form() {
    // M/M/1 (Kleinrock, "Queueing Systems", vol. 1, 1975, section 3.2): at a utilization
    // u of 0.8, u^2 / (1 - u) = 3.2 items wait, and an item is there for 8 ms / (1 - u).
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/echo-producer-consumer.toml"
    );
    let lab = Lab::new();
    lab.runner(&[
        scenario,
        "--no-report",
        "--quiet",
        "--out",
        "out",
        "--log",
        "off",
        "--runs",
        "20",
        "--duration",
        "1h",
        "--set",
        "nodes.producer.config.count=10000",
    ])
    .passes();
    let summary = lab.table("out/summary.csv").only("node", "consumer");
    let mean = |column: &str| summary.numbers(column).iter().sum::<f64>() / 20.0;
    let (queue, latency) = (mean("queue_time_mean"), mean("latency_mean"));
    assert!((queue - 3.2).abs() < 0.3, "{queue} items wait, not 3.2");
    assert!((latency - 40e6).abs() < 3e6, "{latency} ns, not 40 ms");
}

#[test]
fn mistakes_in_a_config_have_their_place() {
    let lab = Lab::with(
        "name = \"wrong\"\n[nodes.producer]\nbehavior = \"echo.producer\"\n\
         [nodes.producer.config]\ninterval = { uniform = [\"1s\", 5] }\nend = \"7\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\nconfig = { timeout = 5, expect = \"loud\" }\n",
    );
    lab.runner(&["check", "scenario.toml"])
        .ends(2)
        .says(&["scenario.toml:5:"])
        .says(&["expected a duration with a unit, found 5 (write the unit: `\"5ms\"` or `\"5s\"`)"])
        .says(&["scenario.toml:9:"])
        .says(&["expected one of \"same\", \"upper\", \"lower\", \"swap\", \"any\", found text \"loud\""]);
}

#[test]
fn a_stage_without_its_next_fails_with_its_peers() {
    let lab = with_client(
        "sizes = [1]",
        "[nodes.stage]\nbehavior = \"echo.stage\"\nconfig = { next = \"nobody\" }\n",
    );
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(3)
        .says(&["node `stage` failed in `new`"])
        .says(&["`next` is `nobody`, which this node has no link to (its peers: client)"]);
}

/// A closed and an open loop at the same server, which is paused from 2 s to 4 s.
#[test]
fn a_stall_is_hidden_by_a_closed_loop_and_shown_by_an_open_one() {
    let lab = Lab::with(
        "name = \"stall\"\nduration = \"20s\"\n\
         [nodes.closed]\nbehavior = \"echo.client\"\n\
         config = { texts = [\"hello\"], repeat = 100000, pause = \"7ms\" }\n\
         [nodes.open]\nbehavior = \"echo.client\"\n\
         config = { texts = [\"hello\", \"there\"], repeat = 1000, rate = 100 }\n\
         [nodes.server]\nbehavior = \"echo.server\"\nservice_time = \"1ms\"\n\
         [[links]]\nbetween = [\"closed\", \"server\"]\nlatency = \"1ms\"\n\
         [[links]]\nbetween = [\"open\", \"server\"]\nlatency = \"1ms\"\n\
         [[faults]]\nat = \"2s\"\nfor = \"2s\"\npause = [\"server\"]\nrequired = true\n",
    );
    lab.run_into("out", &[]);
    let sent = log(&lab, "open").only("event", "send");
    let times: Vec<u64> = (1..=2000).map(|it| it * 10_000_000).collect();
    assert_eq!(whole(&sent, "time_ns"), times);
    let summary = lab.table("out/summary.csv");
    let mean = |node| summary.only("node", node).numbers("round_trip_ns_mean")[0] / 1e6;
    // Without the stall both see 3 ms.
    assert!(mean("closed") < 5.0, "{}", mean("closed"));
    assert!(mean("open") > 90.0, "{}", mean("open"));
    lab.runner(&["report", "out"]).passes();
    let report = lab.read("out/report.md");
    for told in ["Closed loop: `closed`.", "Open loop: `open`."] {
        assert!(report.contains(told), "{told}");
    }
}
