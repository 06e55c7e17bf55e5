//! The server through the SDK's test kit: frames, connections, columns, events.

use super::*;
use chat_core::wire::{FromClient, FromServer, Reply, Request};
use runner_sdk::testkit::{Effect, Kit, node, problems};

/// The peers of a server: two linked nodes.
const ANNA: u32 = 0;
const BEN: u32 = 1;

fn server(config: &str) -> Kit<ChatServer> {
    let setup = node::<ChatServer>().name("server").peers(["anna", "ben"]);
    let mut server = setup.config(config).create();
    assert_eq!(server.start(), []);
    server.connect(ANNA);
    server.connect(BEN);
    server
}

fn request(number: u32, request: Request<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    FromClient::Request(number, request).encode(&mut frame);
    frame
}

fn reply(number: u32, reply: Reply<'_>) -> Vec<u8> {
    let mut frame = Vec::new();
    FromServer::Reply(number, reply).encode(&mut frame);
    frame
}

/// Creates an account and logs in; returns the number of the mailbox.
fn joins(server: &mut Kit<ChatServer>, peer: u32, name: &str) -> u64 {
    let created = server.message(peer, request(1, Request::Create { name }));
    let done = Effect::sent(peer, reply(1, Reply::Done));
    assert_eq!(created, [done, Effect::recorded(CREATED)]);
    assert_eq!(server.text(TO), Some(name));
    let joined = server.message(peer, request(2, Request::Login { name }));
    let Effect::Sent { bytes, .. } = &joined[0] else {
        panic!("no answer: {joined:?}");
    };
    match FromServer::decode(bytes) {
        Ok(FromServer::Reply(2, Reply::LoggedIn { mailbox, .. })) => mailbox,
        other => panic!("not logged in: {other:?}"),
    }
}

fn send(number: u64, to: &str) -> Request<'_> {
    let text = "hi";
    Request::Send { number, to, text }
}

fn pushed(mailbox: u64, id: u64) -> Vec<u8> {
    let mut frame = Vec::new();
    let (from, text) = ("anna", "hi");
    let message = FromServer::Message {
        mailbox,
        id,
        from,
        text,
    };
    message.encode(&mut frame);
    frame
}

#[test]
fn a_message_to_a_logged_in_user_is_pushed_at_once() {
    let mut server = server("");
    joins(&mut server, ANNA, "anna");
    let mailbox = joins(&mut server, BEN, "ben");
    let effects = server.message(ANNA, request(3, send(1, "ben")));
    let expected = [
        Effect::sent(ANNA, reply(3, Reply::Sent { delivered: true })),
        Effect::sent(BEN, pushed(mailbox, 1)),
        Effect::recorded(ACCEPTED),
    ];
    assert_eq!(effects, expected);
    assert_eq!(
        (server.text(FROM), server.text(TO)),
        (Some("anna"), Some("ben"))
    );
    let numbers = (server.get(NUMBER), server.get(MAILBOX), server.get(ID));
    assert_eq!(numbers, (Some(1), Some(mailbox), Some(1)));
    let counts = (
        server.get(WAITING),
        server.get(ACCOUNTS),
        server.get(ONLINE),
    );
    assert_eq!(counts, (Some(1), Some(2), Some(2)));
    let mut frame = Vec::new();
    FromClient::Acknowledge { mailbox, id: 1 }.encode(&mut frame);
    let acknowledged = [Effect::recorded(ACKNOWLEDGED)];
    assert_eq!(server.message(BEN, &frame), acknowledged);
    assert_eq!((server.text(FROM), server.text(TO)), (None, Some("ben")));
    assert_eq!(server.get(WAITING), Some(0));
    // A repeated acknowledgement changes nothing.
    assert_eq!(server.message(BEN, &frame), []);
    assert_eq!((server.text(TO), server.get(ID)), (None, None));
}

#[test]
fn a_lost_connection_logs_out_and_its_messages_wait() {
    let mut server = server("");
    joins(&mut server, ANNA, "anna");
    let mailbox = joins(&mut server, BEN, "ben");
    assert_eq!(server.disconnect(BEN), [Effect::recorded(LEFT)]);
    assert_eq!(server.text(TO), Some("ben"));
    let effects = server.message(ANNA, request(3, send(1, "ben")));
    let queued = reply(3, Reply::Sent { delivered: false });
    assert_eq!(
        effects,
        [Effect::sent(ANNA, queued), Effect::recorded(ACCEPTED)]
    );
    assert_eq!(server.connect(BEN), []);
    let effects = server.message(BEN, request(1, Request::Login { name: "ben" }));
    assert_eq!(effects[1], Effect::sent(BEN, pushed(mailbox, 1)));
    assert_eq!(effects[2], Effect::recorded(JOINED));
}

#[test]
fn a_deleted_account_loses_its_waiting_messages() {
    let mut server = server("");
    let mailbox = joins(&mut server, ANNA, "anna");
    for number in 1..=3 {
        server.message(ANNA, request(2 + number, send(number.into(), "anna")));
    }
    let effects = server.message(ANNA, request(6, Request::Delete));
    let deleted = reply(6, Reply::Deleted { discarded: 3 });
    assert_eq!(
        effects,
        [Effect::sent(ANNA, deleted), Effect::recorded(DELETED)]
    );
    assert_eq!(server.get(MAILBOX), Some(mailbox));
    assert_eq!(
        (server.get(WAITING), server.get(ACCOUNTS)),
        (Some(0), Some(0))
    );
}

#[test]
fn a_malformed_frame_has_an_error_as_reply_and_is_recorded() {
    let mut server = server("");
    for (frame, code) in [
        (&b"\xff\xff\xff"[..], 2),
        (b"", 1),
        (b"\x01\x09\0\0\0\x01", 3),
    ] {
        let effects = server.message(ANNA, frame);
        assert_eq!(effects.len(), 2);
        assert_eq!(effects[1], Effect::recorded(REFUSED));
        assert_eq!(server.get(CODE), Some(code));
    }
    joins(&mut server, BEN, "ben");
    assert_eq!(server.get(CODE), None);
}

#[test]
fn limits_are_those_of_the_config() {
    let mut server = server("max_waiting = 1\nmax_accounts = 2\nwindow = 1");
    joins(&mut server, ANNA, "anna");
    joins(&mut server, BEN, "ben");
    server.message(ANNA, request(3, send(1, "ben")));
    server.message(ANNA, request(4, send(2, "ben")));
    assert_eq!(server.get(CODE), Some(13));
    server.message(ANNA, request(5, Request::Create { name: "carl" }));
    assert_eq!(server.get(CODE), Some(14));
    let found = problems::<ChatServer>("window = 0");
    assert_eq!(found[0].path, "window");
}

fn persistent(folder: &std::path::Path) -> Kit<ChatServer> {
    let setup = node::<ChatServer>().name("server").peers(["anna", "ben"]);
    let setup = setup.run_folder(folder.to_str().unwrap());
    setup.config("persist = true").create()
}

#[test]
fn with_persist_accounts_and_waiting_messages_survive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = persistent(folder.path());
    server.start();
    server.connect(ANNA);
    server.connect(BEN);
    let mailbox = joins(&mut server, BEN, "ben");
    joins(&mut server, ANNA, "anna");
    server.disconnect(BEN);
    for number in 1..4 {
        server.message(ANNA, request(2 + number as u32, send(number, "ben")));
    }
    // A crash: `stop` is not called.
    drop(server);
    let mut server = persistent(folder.path());
    assert_eq!(server.get(ACCOUNTS), Some(2));
    assert_eq!(
        (server.get(WAITING), server.get(ONLINE)),
        (Some(3), Some(0))
    );
    server.start();
    server.connect(BEN);
    let joined = server.message(BEN, request(1, Request::Login { name: "ben" }));
    let pushes: Vec<_> = (1..4)
        .map(|id| Effect::sent(BEN, pushed(mailbox, id)))
        .collect();
    assert_eq!(joined[1..4], pushes);
    // The number of a message is known, too: none is accepted twice.
    server.connect(ANNA);
    server.message(ANNA, request(1, Request::Login { name: "anna" }));
    server.message(ANNA, request(2, send(3, "ben")));
    assert_eq!(server.get(CODE), Some(12));
}

#[test]
fn persist_without_a_folder_is_refused() {
    let refused = node::<ChatServer>().config("persist = true").try_create();
    let text = format!("{:?}", refused.err());
    assert!(text.contains("--state DIR"), "{text}");
}
