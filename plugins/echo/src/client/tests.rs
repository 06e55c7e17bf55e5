//! The client in the SDK's test kit: what it sends, which messages it accepts as replies,
//! and which configs it refuses.

use super::*;
use runner_sdk::testkit::{Call, Effect, Failure, Kit, node, problems};
use std::time::Duration;

fn client(config: &str) -> Kit<Client> {
    let setup = node::<Client>().name("c").peers(["server", "other"]);
    let setup = setup.behaviors(["echo.server", "echo.client"]);
    setup.config(config).create()
}

/// The messages that the client sent, in order.
fn sent(effects: &[Effect]) -> Vec<Vec<u8>> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Sent { to: Peer(0), bytes } => Some(bytes.clone()),
        _ => None,
    });
    sent.collect()
}

fn failure(client: &mut Kit<Client>, reply: &[u8]) -> String {
    match client.call(Call::Message(0, reply)) {
        Err(Failure::Refused(reason)) => reason,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

#[test]
fn every_default_size_comes_back_once() {
    let mut client = client("");
    let mut effects = client.start();
    for decade in 0..=7 {
        let size = 10_usize.pow(decade);
        let messages = sent(&effects);
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].len(), size);
        effects = client.message(0, &messages[0]);
        assert_eq!(effects[0], Effect::recorded(VERIFIED));
        assert_eq!(client.get(SIZE), Some(size as u64));
    }
    assert_eq!(effects, [Effect::recorded(VERIFIED)]);
    assert_eq!(client.get(REPLIES), Some(8));
    assert_eq!(client.stop(), []);
}

#[test]
fn texts_take_the_place_of_sizes_and_are_repeated() {
    let mut client = client("texts = ['a', 'bc']\nrepeat = 2\nstop = true");
    assert_eq!(client.start(), [Effect::sent(0, "a")]);
    for (reply, next) in [("a", "bc"), ("bc", "a"), ("a", "bc")] {
        let effects = [Effect::recorded(VERIFIED), Effect::sent(0, next)];
        assert_eq!(client.message(0, reply), effects);
    }
    let end = [
        Effect::recorded(VERIFIED),
        Effect::StoppedRun("c has all 4 replies".into()),
    ];
    assert_eq!(client.message(0, "bc"), end);
}

#[test]
fn no_more_messages_are_under_way_than_the_window_has_room_for() {
    let mut client = client("texts = ['a', 'b', 'c', 'd']\nwindow = 3");
    assert_eq!(sent(&client.start()), [b"a", b"b", b"c"]);
    assert_eq!(sent(&client.message(0, "a")), [b"d"]);
    assert!(sent(&client.message(0, "b")).is_empty());
    let mut wide = node::<Client>()
        .peers(["s"])
        .config("texts = ['a']\nwindow = 4294967295")
        .create();
    assert_eq!(wide.start(), [Effect::sent(0, "a")]);
}

#[test]
fn the_round_trip_is_the_time_between_and_empty_elsewhere() {
    let mut client = client("texts = ['a']\nrepeat = 3\npause = '1s'");
    client.at(Duration::from_millis(10)).start();
    assert_eq!((client.get(ROUND_TRIP), client.get(SIZE)), (None, None));
    let effects = client.at(Duration::from_millis(25)).message(0, "a");
    assert_eq!(client.get(ROUND_TRIP), Some(15_000_000));
    let pause = Effect::timer_set(PAUSE | 1, Duration::from_secs(1));
    assert_eq!(effects, [Effect::recorded(VERIFIED), pause]);
    assert_eq!(client.timer(PAUSE | 1), [Effect::sent(0, "a")]);
    assert_eq!((client.get(ROUND_TRIP), client.get(SIZE)), (None, None));
    assert_eq!(client.get(REPLIES), Some(1));
}

#[test]
fn a_wrong_reply_fails_with_its_offset_and_bytes() {
    let mut sizes = client("sizes = [1000]");
    let mut message = sent(&sizes.start()).remove(0);
    message[517] = b'!';
    let reason = failure(&mut sizes, &message);
    let begin = "wrong reply to message 1 of 1: expected 1000 bytes, found 1000; from offset 517 ";
    assert!(reason.starts_with(begin), "{reason}");
    assert!(reason.contains("found \"!"), "{reason}");

    let mut texts = client("texts = ['Hello']");
    texts.start();
    assert_eq!(
        failure(&mut texts, b"Hell"),
        "wrong reply to message 1 of 1: expected 5 bytes, found 4; from offset 4 expected \"o\", \
         found \"\""
    );
    assert_eq!(
        failure(&mut texts, b"Help\0\xff"),
        "wrong reply to message 1 of 1: expected 5 bytes, found 6; from offset 3 expected \"lo\", \
         found \"p\\x00\\xff\""
    );
}

#[test]
fn without_a_timeout_replies_come_in_order_and_one_each() {
    let mut client = client("texts = ['a', 'b']\nwindow = 2");
    client.start();
    assert!(failure(&mut client, b"b").starts_with("wrong reply to message 1 of 2"));
    client.message(0, "a");
    client.message(0, "b");
    assert_eq!(
        failure(&mut client, b"b"),
        "a reply that no message waits for: 1 bytes, \"b\""
    );
}

#[test]
fn a_changed_case_is_verified_where_it_is_expected() {
    for (expect, reply) in [("upper", "HELLO"), ("lower", "hello"), ("swap", "hELLO")] {
        let mut client = client(&format!("texts = ['Hello']\nexpect = '{expect}'"));
        client.start();
        assert!(failure(&mut client, b"Hello").contains(" case, found 5"));
        assert_eq!(client.message(0, reply), [Effect::recorded(VERIFIED)]);
    }
    let mut sizes = client("sizes = [10000]\nexpect = 'upper'");
    let message = sent(&sizes.start()).remove(0).to_ascii_uppercase();
    assert_eq!(sizes.message(0, message), [Effect::recorded(VERIFIED)]);
}

#[test]
fn with_any_reply_each_is_printed() {
    let mut client = client("texts = ['?']\nexpect = 'any'");
    client.start();
    let effects = [Effect::recorded(ACCEPTED), Effect::printed("12.5")];
    assert_eq!(client.message(0, "12.5"), effects);
    assert_eq!(client.message(0, "13"), [Effect::recorded(STRAY)]);
    assert_eq!(client.get(REPLIES), Some(1));
}

#[test]
fn what_others_send_is_no_reply() {
    let mut client = client("texts = ['a']");
    client.start();
    assert_eq!(client.message(1, "a"), [Effect::recorded(STRAY)]);
    assert_eq!(client.message(0, "a"), [Effect::recorded(VERIFIED)]);
}

#[test]
fn a_lost_message_is_sent_again_until_its_reply_comes() {
    let mut client = client("texts = ['a', 'b']\ntimeout = '1s'");
    let wait = |tag| Effect::timer_set(tag, Duration::from_secs(1));
    assert_eq!(client.start(), [Effect::sent(0, "a"), wait(0)]);
    for retries in 1..=2 {
        assert_eq!(client.timer(0), [Effect::sent(0, "a"), wait(0)]);
        assert_eq!(client.get(RETRIES), Some(retries));
    }
    let effects = [
        Effect::recorded(VERIFIED),
        Effect::TimerCancelled(0),
        Effect::sent(0, "b"),
        wait(1),
    ];
    assert_eq!(client.at(Duration::from_secs(3)).message(0, "a"), effects);
    assert_eq!(client.get(ROUND_TRIP), Some(3_000_000_000));
    assert_eq!(client.message(0, "a"), [Effect::recorded(LATE)]);
    client.message(0, "b");
    assert_eq!(client.message(0, "b"), [Effect::recorded(LATE)]);
    assert_eq!(client.get(REPLIES), Some(2));
    assert_eq!(client.timer(1), []);
    assert!(failure(&mut client, b"c").starts_with("a reply that no message waits for"));
}

#[test]
fn with_a_timeout_a_reply_is_known_by_its_bytes() {
    let mut client = client("sizes = [100]\nrepeat = 3\nwindow = 3\ntimeout = '1s'");
    let messages = sent(&client.start());
    assert_eq!(messages.len(), 3);
    for at in [2, 0, 1] {
        assert_eq!(
            client.message(0, &messages[at])[0],
            Effect::recorded(VERIFIED)
        );
    }
    assert_eq!(client.message(0, &messages[1]), [Effect::recorded(LATE)]);
}

#[test]
fn what_was_not_answered_is_told_at_the_end() {
    let mut client = client("texts = ['a', 'b', 'c']\nwindow = 2");
    client.start();
    client.message(0, "a");
    let told = [Effect::printed("1 of 3 replies, 2 messages under way")];
    assert_eq!(client.stop(), told);
}

#[test]
fn the_server_is_the_only_peer_that_is_no_client() {
    let setup = |behaviors: [&str; 3], config: &str| {
        let setup = node::<Client>().peers(["a", "b", "c"]).behaviors(behaviors);
        setup.config(config).try_create()
    };
    let refused = |behaviors, config| match setup(behaviors, config).err() {
        Some(Failure::Refused(why)) => why,
        other => panic!("expected a refusal, found {other:?}"),
    };
    let texts = "texts = ['x']\n";
    let mut second = setup(["echo.client", "echo.stage", "kv.client"], texts).unwrap();
    assert_eq!(second.start(), [Effect::sent(1, "x")]);
    let two = ["echo.client", "", "echo.server"];
    assert_eq!(
        refused(two, texts),
        "several peers can be the server: b, c; say which one in its config, for example server = \"b\""
    );
    let mut named = setup(two, &format!("{texts}server = 'c'")).unwrap();
    assert_eq!(named.start(), [Effect::sent(2, "x")]);
    assert_eq!(
        refused(two, "server = 'd'"),
        "`server` is `d`, which this node has no link to (its peers: a, b, c)"
    );
    assert_eq!(
        refused(["echo.client"; 3], ""),
        "no peer can be the server, since all have the behavior of this node: a, b, c; link it to a server"
    );
    let alone = node::<Client>().try_create().err();
    let words = "`node` has no peers: link it to a server (without [[links]], two nodes that both listen are not linked)";
    assert_eq!(alone, Some(Failure::Refused(words.into())));
}

#[test]
fn replies_that_are_required_and_missing_are_unmet() {
    let unmet = |config: &str| {
        let mut client = client(&format!("texts = ['a', 'b']\nwindow = 2\n{config}"));
        client.start();
        client.message(0, if config.contains("upper") { "A" } else { "a" });
        let before = client.get(UNMET);
        if config.contains("timeout") {
            client.timer(1);
            client.timer(1);
        }
        (before, client.get(UNMET))
    };
    assert_eq!(unmet(""), (Some(0), Some(0)));
    assert_eq!(unmet("expect = 'any'"), (Some(0), Some(0)));
    assert_eq!(unmet("expect = 'same'"), (Some(1), Some(1)));
    assert_eq!(unmet("expect = 'upper'"), (Some(1), Some(1)));
    assert_eq!(unmet("timeout = '1s'"), (Some(0), Some(1)));
    assert_eq!(unmet("timeout = '1s'\nexpect = 'same'"), (Some(0), Some(1)));
    assert_eq!(unmet("timeout = '1s'\nexpect = 'any'"), (Some(0), Some(1)));
    let mut late = client("texts = ['a', 'b']\nwindow = 2\ntimeout = '1s'");
    late.start();
    assert_eq!(late.get(UNMET), Some(2));
    late.timer(0);
    late.message(0, "a");
    assert_eq!(late.get(UNMET), Some(0));
}

#[test]
fn an_open_loop_sends_at_its_own_times_and_counts_round_trips_from_them() {
    let ms = Duration::from_millis;
    let mut client = client("texts = ['a', 'b', 'c']\nrate = 100\nstop = true");
    let due = |after| Effect::timer_set(DUE, ms(after));
    assert_eq!(client.start(), [due(10)]);
    let first = client.at(ms(10)).timer(DUE);
    assert_eq!(first, [Effect::sent(0, "a"), due(10)]);
    // The node was paused: the second is 15 ms late, and the third is due at once.
    let second = client.at(ms(35)).timer(DUE);
    assert_eq!(second, [Effect::sent(0, "b"), due(0)]);
    assert_eq!(client.timer(DUE), [Effect::sent(0, "c")]);
    assert_eq!(client.get(UNANSWERED), Some(3));
    client.at(ms(40));
    for (reply, round_trip) in [("a", 30), ("b", 20), ("c", 10)] {
        assert_eq!(client.message(0, reply)[0], Effect::recorded(VERIFIED));
        assert_eq!(client.get(ROUND_TRIP), Some(round_trip * 1_000_000));
    }
    assert_eq!(client.get(UNANSWERED), Some(0));
}

#[test]
fn in_an_open_loop_each_gap_is_a_draw_and_a_reply_sends_nothing() {
    let gap = "gap = { trace = { values = ['1s', '4s'] } }";
    let mut client = client(&format!("texts = ['a']\nrepeat = 3\n{gap}"));
    let mut now = Duration::ZERO;
    let mut effects = client.start();
    for secs in [1, 4, 1] {
        let gap = Duration::from_secs(secs);
        assert_eq!(effects.last(), Some(&Effect::timer_set(DUE, gap)));
        now += gap;
        effects = client.at(now).timer(DUE);
        assert_eq!(effects[0], Effect::sent(0, "a"));
        if secs == 4 {
            assert_eq!(client.message(0, "a"), [Effect::recorded(VERIFIED)]);
        }
    }
    // The last message sets no timer.
    assert_eq!(effects.len(), 1);
    assert!(failure(&mut client, b"b").starts_with("wrong reply to message 2 of 3"));
}

#[test]
fn what_means_nothing_in_an_open_loop_is_refused() {
    for (config, path, told) in [
        ("rate = 0", "rate", "expected a number above 0"),
        ("rate = '5'", "rate", "expected a number above 0"),
        ("gap = '0s'", "gap", "is 0, expected more than 0"),
        ("rate = 1\ngap = '1s'", "gap", "and `rate` both say when"),
        (
            "rate = 1\nwindow = 2",
            "window",
            "and `rate` exclude each other",
        ),
        (
            "gap = '1s'\ntimeout = '1s'",
            "timeout",
            "and `gap` exclude each other",
        ),
        (
            "rate = 1\npause = '1s'",
            "pause",
            "and `rate` exclude each other",
        ),
    ] {
        let found = problems::<Client>(config);
        let paths: Vec<&str> = found.iter().map(|problem| &*problem.path).collect();
        assert_eq!(paths, [path], "{config}: {found:?}");
        assert!(found[0].message.starts_with(told), "{config}: {found:?}");
    }
    let all = problems::<Client>("rate = 1\nwindow = 2\ntimeout = '1s'\npause = '1s'");
    assert_eq!(all.len(), 3, "{all:?}");
}

#[test]
fn configs_that_cannot_be_are_refused() {
    for (config, path) in [
        ("sizes = []", "sizes"),
        ("sizes = [1, 1000000001]", "sizes[1]"),
        ("sizes = [-1]", "sizes[0]"),
        ("window = 0", "window"),
        ("repeat = 0", "repeat"),
        ("timeout = '0s'", "timeout"),
        ("timeout = 5", "timeout"),
        ("expect = 'sane'", "expect"),
        ("pause = { uniform = ['1s'] }", "pause"),
    ] {
        let found = problems::<Client>(config);
        let paths: Vec<&str> = found.iter().map(|problem| &*problem.path).collect();
        assert_eq!(paths, [path], "{config}: {found:?}");
    }
    assert_eq!(problems::<Client>("sizes = []\ntexts = ['a']"), []);
}
