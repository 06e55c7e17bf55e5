use super::*;
use proptest::prelude::*;

/// A message after the length of its payload: the bytes on the wire.
fn framed(message: &[u8]) -> Vec<u8> {
    let length = (message.len() - 1) as u32;
    [&length.to_be_bytes(), message].concat()
}

fn ana() -> Bet<'static> {
    Bet::from_fields(["Ana", "Ño", "30904465", "1999-03-17", "7574"])
}

/// Each frame and its expected bytes.
fn golden() -> Vec<(Frame<'static>, &'static [u8])> {
    vec![
        (
            Frame::Bets {
                agency: "1",
                bets: vec![ana()],
            },
            b"\0\0\0\x35B\0\0\0\x011\0\0\0\x03Ana\0\0\0\x03\xc3\x91o\0\0\0\x0830904465\
              \0\0\0\x0a1999-03-17\0\0\0\x047574",
        ),
        (Frame::End { agency: "1" }, b"\0\0\0\x05F\0\0\0\x011"),
        (Frame::Ask { agency: "12" }, b"\0\0\0\x06Q\0\0\0\x0212"),
        (Frame::Stored(130), b"\0\0\0\x070\0\0\0\x03130"),
        (
            Frame::StoredOne {
                document: "30904465",
                number: "7574",
            },
            b"\0\0\0\x140\0\0\0\x0830904465\0\0\0\x047574",
        ),
        (Frame::Error("no"), b"\0\0\0\x06E\0\0\0\x02no"),
        (Frame::NotYet, b"\0\0\0\0Q"),
        (
            Frame::Winners(vec!["30904465", "7"]),
            b"\0\0\0\x11W\0\0\0\x0830904465\0\0\0\x017",
        ),
        (Frame::Winners(vec![]), b"\0\0\0\0W"),
    ]
}

#[test]
fn every_frame_has_these_bytes() {
    for (frame, bytes) in golden() {
        assert_eq!(framed(&frame.encode()), bytes, "{frame:?}");
        assert_eq!(Frame::decode(&bytes[LENGTH..]), Ok(frame));
    }
}

#[test]
fn a_truncated_message_is_not_the_complete_frame() {
    for (frame, bytes) in golden() {
        let message = &bytes[LENGTH..];
        for end in 0..message.len() {
            let found = Frame::decode(&message[..end]);
            // A message with fewer fields may be a frame, but a different one.
            assert_ne!(found.as_ref(), Ok(&frame), "{end} bytes of {frame:?}");
        }
    }
}

#[test]
fn the_error_for_a_malformed_message_states_the_reason() {
    let told = |message: &[u8]| Frame::decode(message).unwrap_err().to_string();
    let one = "B\0\0\0\x011\0\0\0\x01a\0\0\0\x01b\0\0\0\x01c\0\0\0\x01d\0\0\0\x01e";
    for (message, expected) in [
        (&b""[..], "the message is empty, expected a type byte"),
        (b"X", "unknown type `X`, expected one of B, F, Q"),
        (b"\xff", "unknown type `\\xff`, expected one of B, F, Q"),
        (b"F", "field 1 is missing"),
        (b"F\0\0", "field 1 has 2 bytes of a length of 4"),
        (b"F\0\0\0\x021", "field 1 claims 2 bytes, 1 are there"),
        (
            b"F\xff\xff\xff\xff1",
            "field 1 claims 4294967295 bytes, 1 are there",
        ),
        (b"F\0\0\0\x02\xc3\x28", "field 1 is no UTF-8"),
        (b"F\0\0\0\x011!", "1 bytes after the last field"),
        (b"B\0\0\0\x011", "a batch without bets"),
        (&one.as_bytes()[..one.len() - 5], "field 6 is missing"),
        (b"0\0\0\0\x02-1", "count `-1` is no number"),
        (b"0", "field 1 is missing"),
    ] {
        assert_eq!(told(message), expected);
    }
    assert_eq!(
        told(&[b'B'; 8189]),
        "the frame takes 8193 bytes, expected at most 8192"
    );
    // The bytes alone limit the number of bets: 6 bytes, and 25 for each of these.
    let bet = &one.as_bytes()[6..];
    let many = |count: usize| [&one.as_bytes()[..6], &bet.repeat(count)].concat();
    assert!(Frame::decode(&many(327)).is_ok());
    assert_eq!(
        told(&many(328)),
        "the frame takes 8210 bytes, expected at most 8192"
    );
}

#[test]
fn winners_take_as_many_frames_as_they_need() {
    assert_eq!(winners([]), [b"W"]);
    // A document takes 12 bytes: 682 of them and 5 bytes are a frame of 8189 bytes.
    let documents: Vec<String> = (0..1500).map(|n| format!("{:08}", n)).collect();
    let messages = winners(documents.iter().map(String::as_str));
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|it| LENGTH + it.len() <= MAX_FRAME));
    let told = messages
        .iter()
        .flat_map(|message| match Frame::decode(message) {
            Ok(Frame::Winners(documents)) => documents,
            other => panic!("{other:?}"),
        });
    assert!(told.eq(documents.iter().map(String::as_str)));
}

fn frames() -> impl Strategy<Value = (u8, Vec<String>)> {
    let texts = proptest::collection::vec(".{0,20}", 0..40);
    (0u8..8, texts)
}

/// A frame of some type, made of these texts.
fn frame(kind: u8, texts: &[String]) -> Frame<'_> {
    let text = |index: usize| texts.get(index).map_or("x", String::as_str);
    match kind {
        0 => Frame::Bets {
            agency: text(0),
            bets: (0..=texts.len() / FIELDS)
                .map(|bet| Bet::from_fields(std::array::from_fn(|field| text(bet + field))))
                .collect(),
        },
        1 => Frame::End { agency: text(0) },
        2 => Frame::Ask { agency: text(0) },
        3 => Frame::Stored(texts.len() as u64),
        4 => Frame::StoredOne {
            document: text(0),
            number: text(1),
        },
        5 => Frame::Error(text(0)),
        6 => Frame::NotYet,
        _ => Frame::Winners(texts.iter().map(String::as_str).collect()),
    }
}

proptest! {
    #[test]
    fn an_encoded_frame_is_decoded_unchanged((kind, texts) in frames()) {
        let frame = frame(kind, &texts);
        let message = frame.encode();
        prop_assert_eq!(Frame::decode(&message), Ok(frame));
    }

    #[test]
    fn any_bytes_are_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Frame::decode(&bytes);
    }

    #[test]
    fn a_changed_frame_is_another_frame_or_an_error(
        (kind, texts) in frames(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut message = frame(kind, &texts).encode();
        for (at, byte) in changes {
            let at = at.index(message.len());
            message[at] = byte;
        }
        if let Ok(found) = Frame::decode(&message) {
            // A count may have leading zeros; all other frames have one encoding.
            if !matches!(found, Frame::Stored(_)) {
                prop_assert_eq!(found.encode(), message);
            }
        }
    }
}
