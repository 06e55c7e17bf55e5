//! A client's operations, their outcomes, and the last reads.

use super::*;
use runner_sdk::testkit::{Effect, Kit, Setup, node, problems};
use serde_json::{Value, json};

fn setup(config: &str) -> Setup<Client> {
    node::<Client>()
        .name("client-2")
        .peers(["n-1", "n-2", "lin-kv"])
        .behaviors(["maelstrom.node", "maelstrom.node", "maelstrom.lin-kv"])
        .config(config)
}

fn client(config: &str) -> Kit<Client> {
    let mut client = setup(config).create();
    client.start();
    client
}

/// The body that was sent, and to whom.
fn sent(effects: &[Effect]) -> (u32, Value) {
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Sent { to, bytes } => Some((to.0, serde_json::from_slice(bytes).unwrap())),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing was sent: {effects:?}"))
}

fn words(effects: &[Effect]) -> Vec<&Effect> {
    let is_word = |it: &&Effect| {
        [INVOKE, OK, FAIL, INFO, MALFORMED, LATE]
            .iter()
            .any(|word| **it == Effect::recorded(*word))
    };
    effects.iter().filter(is_word).collect()
}

#[test]
fn each_client_asks_the_node_of_its_number_and_no_service() {
    assert_eq!(sent(&client("workload = 'echo'").timer(NEXT)).0, 1);
    for (name, asked) in [
        ("client-1", 0),
        ("client-3", 0),
        ("client-4", 1),
        ("client", 0),
    ] {
        let mut client = setup("workload = 'echo'").name(name).create();
        client.start();
        assert_eq!(sent(&client.timer(NEXT)).0, asked, "{name}");
    }
    assert_eq!(sent(&client("node = 'lin-kv'").timer(NEXT)).0, 2);
    let alone = node::<Client>()
        .peers(["lin-kv"])
        .behaviors(["maelstrom.lin-kv"]);
    assert!(alone.try_create().is_err());
    let far = setup("").name("client-10000").try_create();
    assert!(far.is_err());
}

#[test]
fn a_reply_ends_the_operation_that_it_names() {
    let mut client = client("workload = 'echo'");
    let (_, body) = sent(&client.timer(NEXT));
    assert_eq!(
        body,
        json!({"type": "echo", "msg_id": 1, "echo": "Please echo 10002"})
    );
    assert_eq!(
        words(&client.message(1, r#"{"type":"echo_ok","in_reply_to":9,"echo":1}"#)),
        [&Effect::recorded(LATE)]
    );
    client.at(Duration::from_secs(1));
    let reply = r#"{"type":"echo_ok","in_reply_to":1,"echo":"Please echo 10002"}"#;
    assert_eq!(words(&client.message(1, reply)), [&Effect::recorded(OK)]);
    assert_eq!(client.text(RESULT), Some("\"Please echo 10002\""));
    assert_eq!(client.get(LATENCY), Some(1_000_000_000));
    assert_eq!(words(&client.message(1, reply)), [&Effect::recorded(LATE)]);
    assert_eq!(
        (client.get(ANSWERED), client.get(UNANSWERED)),
        (Some(1), Some(0))
    );
}

#[test]
fn news_that_nobody_asked_for_ends_no_operation() {
    let mut client = asking("g-set", "add");
    let news = client.message(1, r#"{"type":"gossip","values":[1]}"#);
    assert_eq!(words(&news), [&Effect::recorded(LATE)]);
    let reply = client.message(1, r#"{"type":"add_ok","in_reply_to":1}"#);
    assert_eq!(words(&reply), [&Effect::recorded(OK)]);
}

#[test]
fn another_node_may_answer_with_the_number_of_the_request() {
    let mut client = asking("g-set", "add");
    for news in ["no JSON", r#"{"type":"add_ok"}"#, r#"{"type":"error"}"#] {
        assert_eq!(words(&client.message(0, news)), [&Effect::recorded(LATE)]);
    }
    let reply = client.message(0, r#"{"type":"add_ok","in_reply_to":1}"#);
    assert_eq!(words(&reply), [&Effect::recorded(OK)]);
}

#[test]
fn a_client_that_starts_again_uses_no_number_or_value_of_before() {
    let mut again = setup("workload = 'echo'")
        .at(Duration::from_millis(1500))
        .create();
    again.start();
    let (_, body) = sent(&again.timer(NEXT));
    assert_eq!(
        (&body["msg_id"], &body["echo"]),
        (&json!(1501), &json!("Please echo 15010002"))
    );
}

/// A client whose operation of this kind is under way.
fn asking(workload: &str, f: &str) -> Kit<Client> {
    for seed in 1..100 {
        let mut client = setup(&format!("workload = '{workload}'"))
            .seed(seed)
            .create();
        client.start();
        client.timer(NEXT);
        if client.text(F) == Some(f) {
            return client;
        }
    }
    panic!("no {f} in 100 tries");
}

#[test]
fn errors_and_silence_fail_a_read_and_leave_a_change_open_unless_they_are_definite() {
    for (f, code, word) in [
        ("read", 20, FAIL),
        ("read", 13, FAIL),
        ("add", 11, FAIL),
        ("add", 13, INFO),
        ("add", 0, INFO),
        ("add", 1000, INFO),
    ] {
        let mut client = asking("g-set", f);
        let error = format!(r#"{{"type":"error","in_reply_to":1,"code":{code},"text":"x"}}"#);
        assert_eq!(
            words(&client.message(1, error)),
            [&Effect::recorded(word)],
            "{f} {code}"
        );
        assert_eq!(client.get(CODE), Some(code));
    }
    for (f, word) in [("read", FAIL), ("add", INFO)] {
        let mut client = asking("g-set", f);
        assert_eq!(
            words(&client.timer(OVERDUE)),
            [&Effect::recorded(word)],
            "{f}"
        );
        assert_eq!(
            (client.get(TIMEOUTS), client.get(UNANSWERED)),
            (Some(1), Some(1))
        );
        let late = r#"{"type":"read_ok","in_reply_to":1,"value":[]}"#;
        assert_eq!(words(&client.message(1, late)), [&Effect::recorded(LATE)]);
    }
}

#[test]
fn a_reply_of_a_wrong_form_is_named() {
    for (workload, f, reply, expected) in [
        (
            "g-set",
            "read",
            r#"{"type":"read_ok","in_reply_to":1}"#,
            "has no `value`, expected a list",
        ),
        (
            "g-set",
            "read",
            r#"{"type":"read_ok","in_reply_to":1,"value":3}"#,
            "`value` that is no list",
        ),
        (
            "g-set",
            "add",
            r#"{"type":"ok","in_reply_to":1}"#,
            "has the type `ok`, expected `add_ok` or `error`",
        ),
        (
            "g-set",
            "add",
            r#"{"type":"error","in_reply_to":1}"#,
            "has no `code`",
        ),
        (
            "g-set",
            "add",
            r#"{"type":"add_ok"}"#,
            "has no `in_reply_to`",
        ),
        (
            "g-set",
            "add",
            r#"{"type":"add_ok","in_reply_to":"1"}"#,
            "has `in_reply_to` \"1\", expected the `msg_id`",
        ),
        ("g-set", "add", "added", "is no JSON"),
        (
            "pn-counter",
            "read",
            r#"{"type":"read_ok","in_reply_to":1,"value":1.5}"#,
            "no whole number",
        ),
        (
            "echo",
            "echo",
            r#"{"type":"echo_ok","in_reply_to":1}"#,
            "has no `echo`",
        ),
        (
            "unique-ids",
            "generate",
            r#"{"type":"generate_ok","in_reply_to":1}"#,
            "has no `id`",
        ),
        (
            "kafka",
            "assign",
            r#"{"type":"list_committed_offsets_ok","in_reply_to":1,"offsets":{"0":"a","1":"a","2":"a","3":"a"}}"#,
            "whole numbers",
        ),
        (
            "txn-list-append",
            "txn",
            r#"{"type":"txn_ok","in_reply_to":1,"txn":[]}"#,
            "expected",
        ),
    ] {
        let mut client = asking(workload, f);
        let effects = client.message(1, reply);
        assert_eq!(words(&effects), [&Effect::recorded(MALFORMED)], "{reply}");
        let told = client.text(RESULT).unwrap();
        assert!(told.contains(expected) && told.contains(reply), "{told}");
    }
}

#[test]
fn after_the_quiet_time_a_client_reads_until_two_reads_are_the_same() {
    let mut client = client("workload = 'g-set'\nrate = 0\ntime_limit = '3s'\nquiet = '4s'");
    client.at(Duration::from_secs(7));
    let mut reads = 0;
    for values in ["[1]", "[1,2]", "[2,1]", "[2,1]"] {
        let effects = client.timer(NEXT);
        if effects.is_empty() {
            break;
        }
        let (_, body) = sent(&effects);
        assert_eq!(body["type"], "read");
        assert_eq!(client.get(LAST), Some(true));
        reads += 1;
        let reply = format!(r#"{{"type":"read_ok","in_reply_to":{reads},"value":{values}}}"#);
        client.message(1, reply);
    }
    assert_eq!(reads, 3);
    client.at(Duration::from_secs(18));
    assert_eq!(client.timer(NEXT), []);
}

#[test]
fn the_rate_is_kept_on_average_and_the_time_limit_ends_it() {
    let mut client = client("workload = 'unique-ids'\nrate = 100\ntime_limit = '10s'");
    let (mut now, mut count) = (Duration::ZERO, 0);
    let mut effects = setup("workload = 'unique-ids'\nrate = 100\ntime_limit = '10s'")
        .create()
        .start();
    loop {
        let wait = effects.iter().find_map(|effect| match effect {
            Effect::TimerSet { tag: NEXT, after } => Some(*after),
            _ => None,
        });
        // After the time limit there is nothing to wait for.
        now += wait.unwrap_or(Duration::MAX / 2);
        if now >= Duration::from_secs(10) {
            break;
        }
        count += 1;
        client.at(now);
        client.timer(NEXT);
        let reply = format!(r#"{{"type":"generate_ok","in_reply_to":{count},"id":{count}}}"#);
        effects = client.message(1, reply);
    }
    // 1000 gaps of 10 ms with a standard deviation of 5.8 ms: six deviations of their sum.
    assert!((890..=1110).contains(&count), "{count}");
}

#[test]
fn a_wrong_config_is_refused() {
    for (config, path) in [
        ("workload = 'ecko'", "workload"),
        ("timeout = '0s'", "timeout"),
        ("rate = -1.0", "rate"),
        ("key_count = 0", "key_count"),
        ("max_txn_length = 0", "max_txn_length"),
        ("number = 10000", "number"),
    ] {
        let found = problems::<Client>(config);
        assert!(
            found.first().is_some_and(|it| it.path == path),
            "{config}: {found:?}"
        );
    }
}
