//! What each service promises, and what the weaker ones do not.

use super::*;
use runner_sdk::testkit::{Effect, Kit, node};
use serde_json::{Value, json};

fn service<K: Kind>() -> Kit<Service<K>> {
    node::<Service<K>>().peers(["a", "b"]).create()
}

fn ask<K: Kind>(kit: &mut Kit<Service<K>>, client: u32, request: Value) -> Value {
    match &kit.message(client, request.to_string())[..] {
        [Effect::Sent { to, bytes }] if to.0 == client => serde_json::from_slice(bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn read<K: Kind>(kit: &mut Kit<Service<K>>, client: u32, key: &str) -> Option<u64> {
    ask(
        kit,
        client,
        json!({"type": "read", "key": key, "msg_id": 1}),
    )["value"]
        .as_u64()
}

fn write<K: Kind>(kit: &mut Kit<Service<K>>, client: u32, key: &str, value: u64) {
    let request = json!({"type": "write", "key": key, "value": value, "msg_id": 2});
    let reply = ask(kit, client, request);
    assert_eq!(reply, json!({"type": "write_ok", "in_reply_to": 2}));
}

#[test]
fn a_store_reads_writes_compares_and_sets() {
    let mut kit = service::<Table>();
    let cas = |from, to| json!({"type": "cas", "key": "k", "from": from, "to": to, "msg_id": 9});
    let code = |reply: Value| reply["code"].as_i64();
    assert_eq!(code(ask(&mut kit, 0, cas(1, 2))), Some(20));
    write(&mut kit, 0, "k", 1);
    assert_eq!(code(ask(&mut kit, 1, cas(3, 2))), Some(22));
    assert_eq!(ask(&mut kit, 1, cas(1, 2))["type"], "cas_ok");
    assert_eq!(read(&mut kit, 0, "k"), Some(2));
    let mut create = cas(0, 7);
    create["key"] = json!("new");
    create["create_if_not_exists"] = json!(true);
    assert_eq!(ask(&mut kit, 0, create)["type"], "cas_ok");
    assert_eq!(read(&mut kit, 1, "new"), Some(7));
}

#[test]
fn a_request_that_is_none_has_an_error() {
    let mut kit = service::<Table>();
    for (request, code) in [
        (json!({"type": "delete", "key": 1, "msg_id": 1}), 10),
        (json!({"type": "write", "key": 1, "msg_id": 1}), 12),
        (json!({"type": "read", "msg_id": 1}), 12),
    ] {
        let reply = ask(&mut kit, 0, request);
        assert_eq!(
            (&reply["type"], &reply["code"]),
            (&json!("error"), &json!(code))
        );
    }
    // A reply is no request.
    assert_eq!(kit.message(0, r#"{"type":"read_ok","in_reply_to":4}"#), []);
    assert!(
        ask(
            &mut service::<Numbers>(),
            0,
            json!({"type": "read", "msg_id": 1})
        )["code"]
            == 10
    );
}

#[test]
fn a_client_of_a_sequential_store_sees_old_states_but_never_goes_back() {
    let mut kit = service::<Past>();
    let mut last = None;
    let mut stale = 0;
    for value in 0..200 {
        write(&mut kit, 0, "k", value);
        assert_eq!(
            read(&mut kit, 0, "k"),
            Some(value),
            "a client sees its own writes"
        );
        let found = read(&mut kit, 1, "k");
        assert!(found >= last, "{found:?} after {last:?}");
        assert!(
            found.is_none_or(|it| it + STATES > value),
            "{found:?} of {value}"
        );
        stale += u64::from(found != Some(value));
        last = found;
    }
    assert!(stale > 100, "{stale}");
}

/// As in `seq`.
const STATES: u64 = 33;

#[test]
fn copies_differ_for_a_while_and_agree_in_the_end() {
    let mut kit = service::<Copies>();
    write(&mut kit, 0, "k", 1);
    let found: Vec<_> = (0..200).map(|_| read(&mut kit, 1, "k")).collect();
    assert!(found[..10].contains(&None), "{found:?}");
    assert!(found[100..].iter().all(|it| *it == Some(1)), "{found:?}");
}

#[test]
fn timestamps_only_grow() {
    let mut kit = service::<Numbers>();
    for expected in 0..5 {
        let reply = ask(
            &mut kit,
            expected % 2,
            json!({"type": "ts", "msg_id": expected}),
        );
        assert_eq!(
            reply,
            json!({"type": "ts_ok", "in_reply_to": expected, "ts": expected})
        );
    }
}
