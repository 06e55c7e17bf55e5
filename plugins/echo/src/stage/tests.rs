//! The stage in the SDK's test kit: requests and replies.

use super::*;
use runner_sdk::testkit::{Effect, Failure, Kit, Setup, node};

/// A stage between two clients and the next stage, which is peer 1.
fn between(config: &str) -> Kit<Stage> {
    setup(&format!("next = 'next'\n{config}")).create()
}

fn setup(config: &str) -> Setup<Stage> {
    let peers = ["client-1", "next", "client-2"];
    node::<Stage>().peers(peers).config(config)
}

#[test]
fn a_message_is_changed_and_passed_on() {
    for (transform, passed) in [
        ("none", "Hi!"),
        ("upper", "HI!"),
        ("lower", "hi!"),
        ("swap", "hI!"),
    ] {
        let mut stage = between(&format!("transform = '{transform}'"));
        assert_eq!(stage.message(0, "Hi!"), [Effect::sent(1, passed)]);
        assert_eq!(stage.get(WAITING), Some(1));
    }
}

#[test]
fn the_last_stage_sends_back() {
    let mut last = setup("transform = 'upper'").create();
    for from in [0, 1, 2] {
        assert_eq!(last.message(from, "Hi!"), [Effect::sent(from, "HI!")]);
    }
    assert_eq!(last.get(WAITING), Some(0));
}

#[test]
fn replies_go_unchanged_to_the_sender_of_the_request() {
    let mut stage = between("transform = 'lower'");
    for (client, text) in [(0, "One"), (2, "Two"), (0, "Three")] {
        stage.message(client, text);
    }
    assert_eq!(stage.get(WAITING), Some(3));
    for (client, text) in [(0, "ONE"), (2, "TWO"), (0, "THREE")] {
        assert_eq!(stage.message(1, text), [Effect::sent(client, text)]);
    }
    assert_eq!(stage.get(WAITING), Some(0));
}

#[test]
fn the_same_letters_come_back_in_order() {
    let mut stage = between("");
    stage.message(2, "same");
    stage.message(0, "SAME");
    assert_eq!(stage.message(1, "Same"), [Effect::sent(2, "Same")]);
    assert_eq!(stage.message(1, "Same"), [Effect::sent(0, "Same")]);
}

#[test]
fn a_lost_reply_does_not_misroute_the_next() {
    let mut stage = between("");
    stage.message(0, "lost");
    stage.message(2, "found");
    assert_eq!(stage.message(1, "FOUND"), [Effect::sent(2, "FOUND")]);
    assert_eq!(stage.get(WAITING), Some(1));
    assert_eq!(stage.message(1, "FOUND"), [Effect::recorded(STRAY)]);
}

#[test]
fn by_order_a_reply_may_be_anything() {
    let mut stage = between("route = 'order'");
    stage.message(2, "abc");
    stage.message(0, "def");
    assert_eq!(stage.message(1, "cba"), [Effect::sent(2, "cba")]);
    assert_eq!(stage.message(1, "fed"), [Effect::sent(0, "fed")]);
    assert_eq!(stage.message(1, "too many"), [Effect::recorded(STRAY)]);
}

#[test]
fn a_closed_connection_gets_no_reply_and_the_others_get_theirs() {
    let mut stage = between("");
    stage.message(7, "from outside");
    stage.message(0, "from a peer");
    assert_eq!(stage.disconnect(7), []);
    assert_eq!(stage.disconnect(0), []);
    assert_eq!(stage.message(1, "from outside"), []);
    let peers = [Effect::sent(0, "from a peer")];
    assert_eq!(stage.message(1, "from a peer"), peers);
}

#[test]
fn a_next_without_a_link_is_refused_with_the_peers() {
    let lost = setup("next = 'nxet'").try_create().err();
    let words =
        "`next` is `nxet`, which this node has no link to (its peers: client-1, next, client-2)";
    assert_eq!(lost, Some(Failure::Refused(words.into())));
    let alone = node::<Stage>().config("next = 'next'").try_create().err();
    let words = "`next` is `next`, which this node has no link to (its peers: none)";
    assert_eq!(alone, Some(Failure::Refused(words.into())));
}
