//! The server, frame by frame: each request is executed once, and bad frames have no effect.

use super::*;
use crate::wire::MAX_FRAME;
use proptest::prelude::*;

/// A server and its outgoing frames.
struct Chat {
    server: Server,
    out: Outbox,
}

impl Chat {
    fn new() -> Chat {
        let (server, out) = (Server::new(Limits::default()), Outbox::default());
        Chat { server, out }
    }

    /// The change that a frame makes, and the frames that are sent.
    fn bytes(&mut self, session: Session, frame: &[u8]) -> (Change, Vec<(Session, Vec<u8>)>) {
        self.out.clear();
        let change = self.server.frame(session, frame, 1000, &mut self.out);
        let sent = self.out.iter().map(|(to, frame)| (to, frame.to_vec()));
        (change, sent.collect())
    }

    fn ask(
        &mut self,
        session: Session,
        number: u32,
        request: Request<'_>,
    ) -> Vec<(Session, Vec<u8>)> {
        let mut frame = Vec::new();
        request.encode(number, &mut frame);
        self.bytes(session, &frame).1
    }

    /// The error code in the reply to a request.
    fn code(&mut self, session: Session, number: u32, request: Request<'_>) -> u8 {
        let sent = self.ask(session, number, request);
        match FromServer::decode(&sent[0].1) {
            Ok(FromServer::Reply(to, Reply::Error { code, .. })) if to == number => code,
            other => panic!("expected an error, found {other:?}"),
        }
    }

    /// Creates an account and logs in.
    fn joins(&mut self, session: Session, name: &str) {
        self.ask(session, 1, Request::Create { name });
        self.ask(session, 2, Request::Login { name });
    }
}

fn send(number: u64) -> Request<'static> {
    let (to, text) = ("ben", "hi");
    Request::Send { number, to, text }
}

#[test]
fn the_last_request_is_executed_once_and_its_reply_is_sent_again() {
    let mut chat = Chat::new();
    chat.joins(1, "anna");
    chat.joins(2, "ben");
    let first = chat.ask(1, 3, send(1));
    assert_eq!(first.len(), 2, "an answer and a push");
    assert_eq!(first[1].0, 2);
    // The reply is sent again, the push is not.
    assert_eq!(chat.ask(1, 3, send(1)), first[..1]);
    assert_eq!(chat.server.service().waiting(), 1);
    assert_eq!(chat.code(1, 2, Request::Logout), Refusal::OldRequest.code());
    assert_eq!(chat.server.service().online(), 2);
    // The account is deleted once; the reply is sent again.
    let gone = chat.ask(2, 3, Request::Delete);
    assert_eq!(chat.ask(2, 3, Request::Delete), gone);
    assert_eq!(
        chat.code(2, 4, Request::Delete),
        Refusal::NotLoggedIn.code()
    );
}

#[test]
fn a_hello_begins_a_new_session_and_only_once() {
    let mut chat = Chat::new();
    chat.joins(1, "anna");
    let hello = |nonce| Request::Hello { nonce };
    let done = chat.ask(1, 1, hello(7));
    assert_eq!(chat.server.service().online(), 0);
    let name = "anna";
    chat.ask(1, 2, Request::Login { name });
    // A copy of the hello changes nothing.
    assert_eq!(chat.code(1, 1, hello(7)), Refusal::OldRequest.code());
    chat.ask(1, 3, hello(7));
    assert_eq!(chat.server.service().online(), 1);
    assert_eq!(chat.ask(1, 1, hello(8)), done);
    assert_eq!(chat.server.service().online(), 0);
}

#[test]
fn a_lost_connection_logs_out_and_its_requests_begin_at_one_again() {
    let mut chat = Chat::new();
    chat.joins(1, "anna");
    assert_eq!(chat.server.forget(1).as_deref(), Some("anna"));
    assert_eq!(chat.server.forget(1), None);
    chat.ask(1, 1, Request::Login { name: "anna" });
    assert_eq!(chat.server.service().online(), 1);
}

#[test]
fn a_long_list_is_split_into_pages() {
    let mut chat = Chat::new();
    let name = |index: usize| format!("{index:0>64}");
    for index in 0..300 {
        chat.ask(1, index as u32 + 1, Request::Create { name: &name(index) });
    }
    let (mut found, mut number) = (Vec::<String>::new(), 1000);
    loop {
        let after = found.last().cloned().unwrap_or_default();
        number += 1;
        let list = Request::List {
            pattern: "0*",
            after: &after,
        };
        let sent = chat.ask(1, number, list);
        assert!(sent[0].1.len() <= MAX_FRAME);
        let Ok(FromServer::Reply(_, Reply::Names { more, names })) = FromServer::decode(&sent[0].1)
        else {
            panic!("no page of names");
        };
        found.extend(names.iter().map(|&it| it.to_owned()));
        if !more {
            break;
        }
    }
    assert_eq!(found, (0..300).map(name).collect::<Vec<_>>());
    assert_eq!(number, 1003);
}

#[test]
fn bad_requests_have_error_codes_as_replies_and_no_effect() {
    let mut chat = Chat::new();
    chat.joins(1, "anna");
    chat.joins(2, "ben");
    let long = "n".repeat(65);
    let text = "x".repeat(4097);
    for (request, refusal) in [
        (Request::Create { name: "" }, Refusal::BadName),
        (Request::Create { name: &long }, Refusal::BadName),
        (Request::Create { name: "ben" }, Refusal::NameTaken),
        (Request::Login { name: "ben" }, Refusal::AlreadyLoggedIn),
        (
            Request::List {
                pattern: "",
                after: "",
            },
            Refusal::BadPattern,
        ),
        (
            Request::Send {
                number: 1,
                to: "",
                text: "hi",
            },
            Refusal::NoSuchAccount,
        ),
        (
            Request::Send {
                number: 1,
                to: "nobody",
                text: "hi",
            },
            Refusal::NoSuchAccount,
        ),
        (
            Request::Send {
                number: 1,
                to: "ben",
                text: &text,
            },
            Refusal::TextTooLong,
        ),
        (
            Request::Send {
                number: 0,
                to: "ben",
                text: "hi",
            },
            Refusal::NumberUsed,
        ),
    ] {
        let number = chat.server.sessions[&1].last + 1;
        assert_eq!(chat.code(1, number, request), refusal.code(), "{request:?}");
    }
    for request in [send(1), Request::Logout, Request::Delete] {
        let number = chat.server.sessions.get(&3).map_or(0, |it| it.last) + 1;
        assert_eq!(chat.code(3, number, request), Refusal::NotLoggedIn.code());
    }
    for frame in [
        &b""[..],
        b"\x01",
        b"\x01\x06\0\0",
        b"GET /",
        &[255; 100],
        &[1; 9000],
    ] {
        let (change, sent) = chat.bytes(1, frame);
        assert!(matches!(change, Change::Refused(_)));
        assert_eq!(sent.len(), 1);
    }
    // The server still works for all users.
    assert_eq!(chat.ask(1, 100, send(1)).len(), 2);
}

proptest! {
    #[test]
    fn the_server_works_after_any_frames(
        frames in proptest::collection::vec(
            (0..3_u64, 0..0x43_u8, 0..4_u8, proptest::collection::vec(0..4_u8, 0..30)),
            0..60,
        ),
    ) {
        let mut chat = Chat::new();
        for (session, kind, number, rest) in frames {
            let frame = [&[1, kind, 0, 0, 0, number][..], &rest].concat();
            chat.bytes(session, &frame);
        }
        // The random frames have created no account, since names have no control characters.
        prop_assert_eq!(chat.server.service().accounts(), 0);
        chat.joins(10, "anna");
        chat.joins(11, "ben");
        let sent = chat.ask(10, 3, send(1));
        prop_assert_eq!(sent.iter().map(|it| it.0).collect::<Vec<_>>(), [10, 11]);
    }
}
