//! The bytes of every frame as in `PROTOCOL.md`, and arbitrary bytes.

use super::*;
use crate::Refusal;
use proptest::prelude::*;

/// The example bytes of a frame in `PROTOCOL.md`: hexadecimal, in a line that ends with the
/// frame's name.
fn golden(name: &str) -> Vec<u8> {
    let page = include_str!("../../../PROTOCOL.md");
    let end = format!("  # {name}");
    let mut lines = page.lines().filter_map(|line| line.strip_suffix(&end));
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("no example `{name}`"));
    assert_eq!(lines.next(), None, "two examples `{name}`");
    let pairs = line.split_whitespace();
    let byte = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    pairs.map(byte).collect()
}

#[test]
fn client_frames_have_the_bytes_of_the_specification() {
    let request = FromClient::Request;
    for (name, frame) in [
        (
            "hello",
            request(
                1,
                Request::Hello {
                    nonce: 0x0102_0304_0506_0708,
                },
            ),
        ),
        ("create", request(2, Request::Create { name: "anna" })),
        ("login", request(3, Request::Login { name: "anna" })),
        ("logout", request(4, Request::Logout)),
        (
            "list",
            request(
                5,
                Request::List {
                    pattern: "a*",
                    after: "",
                },
            ),
        ),
        (
            "send",
            request(
                6,
                Request::Send {
                    number: 1,
                    to: "Søren",
                    text: "Hi!",
                },
            ),
        ),
        (
            "receive",
            request(
                7,
                Request::Receive {
                    mailbox: 1000,
                    id: 2,
                },
            ),
        ),
        ("delete", request(8, Request::Delete)),
        (
            "acknowledge",
            FromClient::Acknowledge {
                mailbox: 1000,
                id: 3,
            },
        ),
    ] {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        assert_eq!(bytes, golden(name), "{name}");
        assert_eq!(FromClient::decode(&bytes), Ok(frame), "{name}");
    }
}

#[test]
fn server_frames_have_the_bytes_of_the_specification() {
    let reply = FromServer::Reply;
    let logged_in = Reply::LoggedIn {
        mailbox: 1000,
        last_number: 7,
        acknowledged: 2,
        waiting: 1,
    };
    let names = vec!["anna", "Søren"];
    let refused = Reply::Error {
        code: 9,
        text: "no account has this name",
    };
    for (name, frame) in [
        ("done", reply(1, Reply::Done)),
        ("logged in", reply(3, logged_in)),
        ("names", reply(5, Reply::Names { more: false, names })),
        ("sent", reply(6, Reply::Sent { delivered: true })),
        ("waiting", reply(7, Reply::Waiting { count: 1 })),
        ("deleted", reply(8, Reply::Deleted { discarded: 1 })),
        ("error", reply(9, refused)),
        (
            "message",
            FromServer::Message {
                mailbox: 1000,
                id: 3,
                from: "anna",
                text: "Hi!",
            },
        ),
        ("elsewhere", FromServer::Elsewhere { mailbox: 1000 }),
    ] {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        assert_eq!(bytes, golden(name), "{name}");
        assert_eq!(FromServer::decode(&bytes), Ok(frame), "{name}");
    }
}

#[test]
fn every_code_is_in_the_specification() {
    let page = include_str!("../../../PROTOCOL.md");
    for refusal in Refusal::ALL {
        let row = format!("\n| {} | {refusal}", refusal.code());
        assert!(page.contains(&row), "no row {row:?}");
    }
}

#[track_caller]
fn refused(frame: &[u8], request: u32, refusal: Refusal, what: &str) {
    let error = FromClient::decode(frame).unwrap_err();
    assert_eq!((error.request, error.refusal), (request, refusal));
    assert_eq!(error.what, what);
}

#[test]
fn malformed_frames_are_refused_with_a_reason() {
    use Refusal::{Malformed, UnknownType, UnsupportedVersion};
    refused(
        b"",
        0,
        Malformed,
        "version: 1 bytes, expected at most the 0 that are left",
    );
    refused(
        b"\x01",
        0,
        Malformed,
        "type: 1 bytes, expected at most the 0 that are left",
    );
    refused(
        b"\x02\x02\0\0\0\x01\x04anna",
        0,
        UnsupportedVersion,
        "version 2, expected 1",
    );
    refused(
        b"GET / HTTP/1.1",
        0,
        UnsupportedVersion,
        "version 71, expected 1",
    );
    refused(b"\x01\x09\0\0\0\x07", 7, UnknownType, "type 0x09");
    refused(b"\x01\x80\0\0\0\x07", 0, UnknownType, "type 0x80");
    refused(
        b"\x01\x04\0\0\0\0",
        0,
        Malformed,
        "request: 0, expected a number from 1",
    );
    refused(
        b"\x01\x04\0\0\x07",
        0,
        Malformed,
        "request: 4 bytes, expected at most the 3 that are left",
    );
    refused(
        b"\x01\x04\0\0\0\x07more",
        7,
        Malformed,
        "4 bytes behind the last field",
    );
    refused(
        b"\x01\x02\0\0\0\x07\xffanna",
        7,
        Malformed,
        "name: 255 bytes, expected at most the 4 that are left",
    );
    refused(
        b"\x01\x02\0\0\0\x07\x02\xc3\x28",
        7,
        Malformed,
        "name: no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)",
    );
    let long = [&b"\x01\x08\0\0\0\x07"[..], &[0; MAX_FRAME]].concat();
    refused(&long, 0, Malformed, "8198 bytes, expected at most 8192");
    let flag = FromServer::decode(b"\x01\x86\0\0\0\x07\x02").unwrap_err();
    assert_eq!(flag.what, "delivered: 2, expected 0 or 1");
}

#[test]
fn a_text_too_long_for_its_field_is_cut_at_a_character() {
    let name = "é".repeat(200);
    let mut bytes = Vec::new();
    Request::Create { name: &name }.encode(1, &mut bytes);
    let cut = Request::Create { name: &name[..254] };
    assert_eq!(FromClient::decode(&bytes), Ok(FromClient::Request(1, cut)));
}

/// A request of any kind.
fn any_request(kind: u8, number: u64, id: u64, short: &str, long: &str) -> Request<'static> {
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    match kind {
        0 => Request::Hello { nonce: number },
        1 => Request::Create { name: leak(short) },
        2 => Request::Login { name: leak(short) },
        3 => Request::Logout,
        4 => Request::List {
            pattern: leak(short),
            after: leak(&short.to_uppercase()),
        },
        5 => Request::Send {
            number,
            to: leak(short),
            text: leak(long),
        },
        6 => Request::Receive {
            mailbox: number,
            id,
        },
        _ => Request::Delete,
    }
}

proptest! {
    #[test]
    fn requests_are_decoded_unchanged(
        kind in 0..9_u8, number: u64, id: u64, request in 1..=u32::MAX,
        short in "\\PC{0,20}", long in "\\PC{0,300}",
    ) {
        let frame = match kind {
            8 => FromClient::Acknowledge { mailbox: number, id },
            _ => FromClient::Request(request, any_request(kind, number, id, &short, &long)),
        };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        prop_assert_eq!(FromClient::decode(&bytes), Ok(frame));
        // A truncated frame is an error.
        for end in 0..bytes.len() {
            prop_assert!(FromClient::decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn replies_are_decoded_unchanged(
        kind in 0..9_u8, request: u32, a: u64, b: u64, c: u64, count: u32, flag: bool,
        names in proptest::collection::vec("\\PC{0,20}", 0..20), text in "\\PC{0,300}",
    ) {
        let reply = match kind {
            0 => Reply::Done,
            1 => Reply::LoggedIn { mailbox: a, last_number: b, acknowledged: c, waiting: count },
            2 => Reply::Names { more: flag, names: names.iter().map(|it| &**it).collect() },
            3 => Reply::Sent { delivered: flag },
            4 => Reply::Waiting { count },
            5 => Reply::Deleted { discarded: count },
            _ => Reply::Error { code: count as u8, text: &text },
        };
        let frame = match kind {
            7 => FromServer::Message { mailbox: a, id: b, from: "anna", text: &text },
            8 => FromServer::Elsewhere { mailbox: a },
            _ => FromServer::Reply(request, reply),
        };
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        prop_assert_eq!(FromServer::decode(&bytes), Ok(frame));
        for end in 0..bytes.len() {
            prop_assert!(FromServer::decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = FromClient::decode(&bytes);
        let _ = FromServer::decode(&bytes);
    }

    #[test]
    fn any_fields_after_a_correct_head_are_a_frame_or_an_error(
        kind in 0..=255_u8, bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let frame = [&[VERSION, kind][..], &bytes].concat();
        let mistakes = [FromClient::decode(&frame).err(), FromServer::decode(&frame).err()];
        prop_assert!(mistakes.iter().flatten().all(|it| !it.what.is_empty()));
        // A decoded frame is encoded to the same bytes.
        if let Ok(read) = FromClient::decode(&frame) {
            let mut written = Vec::new();
            read.encode(&mut written);
            prop_assert_eq!(written, frame);
        }
    }
}
