//! Messages arrive whole, whatever the pieces in which their bytes arrive, and no
//! bytes harm the decoder.
//!
//! `PROPTEST_CASES=100000` runs more cases than the few hundred of a normal run.

use std::io::{self, Read};

use framing::{Decoder, Envelope, Framing, FramingError, encode};
use proptest::prelude::*;

/// Maximum size of the messages of these tests `[bytes]`.
const MAX: u64 = 1 << 20;

/// The framings that separate messages of any size: all but `raw` and `fixed:N`.
fn framings() -> impl Iterator<Item = Framing> {
    Framing::without_parameter().filter(|framing| *framing != Framing::Raw)
}

/// All framings, with several sizes of `fixed:N`.
fn all() -> impl Iterator<Item = Framing> {
    let sizes = [1, 3, 8, 70_000].map(Framing::Fixed);
    Framing::without_parameter().chain(sizes)
}

/// Decodes pieces. Returns the messages, and the result of the end of the stream.
fn decode<'a>(
    framing: Framing,
    max_message: u64,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Vec<u8>>, Result<(), FramingError>) {
    let mut decoder = Decoder::new(framing, max_message);
    let mut messages = Vec::new();
    let mut most = 0;
    for piece in pieces {
        most = most.max(decoder.waiting() + piece.len());
        decoder.push(piece);
        while let Ok(Some(message)) = decoder.next_message() {
            messages.push(message.to_vec());
        }
        let bound = 4 * most + (64 << 10);
        assert!(decoder.capacity() <= bound, "{} bytes", decoder.capacity());
    }
    loop {
        match decoder.finish() {
            Ok(Some(message)) => messages.push(message.to_vec()),
            Ok(None) => return (messages, Ok(())),
            Err(error) => {
                // Later bytes do not change the error.
                decoder.push(b"        0\n");
                assert_eq!(decoder.next_message(), Err(error.clone()));
                return (messages, Err(error));
            }
        }
    }
}

/// Cuts bytes into pieces of these sizes, repeated. Size 0 is the rest.
fn cut<'a>(bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = match *sizes.next().unwrap() {
            0 => rest.len(),
            size => size.min(rest.len()),
        };
        let (piece, after) = rest.split_at(size);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A message that the framing can express, made from any bytes.
fn carried(framing: Framing, mut bytes: Vec<u8>) -> Vec<u8> {
    match framing {
        Framing::TypedU32be => bytes.insert(0, b'B'),
        Framing::Line => bytes.retain(|byte| *byte != b'\n'),
        Framing::Fixed(size) => bytes.resize(size as usize, b'x'),
        Framing::Resp => {
            let mut value = format!("*2\r\n:7\r\n${}\r\n", bytes.len()).into_bytes();
            value.append(&mut bytes);
            value.extend(b"\r\n");
            return value;
        }
        _ => {}
    }
    bytes
}

fn wire(framing: Framing, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = Vec::new();
    for message in messages {
        encode(framing, message, &mut wire).unwrap();
    }
    wire
}

fn any_framing() -> impl Strategy<Value = Framing> {
    proptest::sample::select(all().collect::<Vec<_>>())
}

fn any_pieces() -> impl Strategy<Value = Vec<usize>> {
    let size = prop_oneof![Just(0), Just(1), 1..12_usize, 1..3000_usize];
    proptest::collection::vec(size, 1..20)
}

/// Random bytes that often look like frames.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let headers: Vec<Vec<u8>> = [
        &b"         5"[..],
        b"        -5",
        b"9999999999",
        b"           5",
        b"5:",
        b"18446744073709551615:",
        b"\0\0\0\x05",
        b"\0\0\0\0\0\0\0\x05",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\0\0\0\0",
        b"\r\n",
        b"\n",
        b"*2\r\n",
        b"*-1\r\n",
        b"$5\r\n",
        b"$-1\r\n",
        b"$9223372036854775807\r\n",
        b"*1000000\r\n",
        b":1\r\n",
        b"+OK\r\n",
        b"PING\r\n",
    ]
    .iter()
    .map(|header| header.to_vec())
    .collect();
    let part = prop_oneof![
        3 => proptest::sample::select(headers),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
        1 => Just(b"hello".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..5000),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn messages_are_decoded_as_they_were_encoded_in_any_pieces(
        framing in any_framing(),
        bytes in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                proptest::collection::vec(any::<u8>(), 0..9000),
            ],
            0..12,
        ),
        sizes in any_pieces(),
    ) {
        let messages: Vec<Vec<u8>> =
            bytes.into_iter().map(|bytes| carried(framing, bytes)).collect();
        let wire = wire(framing, &messages);
        let (read, end) = decode(framing, MAX, cut(&wire, &sizes));
        prop_assert_eq!(end, Ok(()));
        if framing == Framing::Raw {
            prop_assert_eq!(read.concat(), wire);
        } else {
            prop_assert_eq!(read, messages);
        }
    }

    #[test]
    fn any_bytes_decode_to_the_same_messages_in_any_pieces(
        framing in any_framing(),
        stream in any_stream(),
        sizes in any_pieces(),
        max_message in prop_oneof![Just(0), 0..20_u64, 0..10_000_u64, Just(u64::MAX)],
    ) {
        let (messages, end) = decode(framing, max_message, cut(&stream, &sizes));
        let longest = max_message.max(u64::from(framing == Framing::Raw));
        for message in &messages {
            prop_assert!(message.len() as u64 <= longest);
        }
        if framing == Framing::Raw {
            prop_assert_eq!(messages.concat(), stream);
            prop_assert!(end.is_ok());
        } else {
            let (at_once, end_at_once) = decode(framing, max_message, cut(&stream, &[0]));
            prop_assert_eq!(messages, at_once);
            // The pieces decide how early an error is found, not whether it is found.
            prop_assert_eq!(end.is_ok(), end_at_once.is_ok(), "{:?} {:?}", end, end_at_once);
        }
    }

    #[test]
    fn a_frame_that_is_cut_off_is_reported_after_the_messages_before_it(
        framing in any_framing(),
        first in proptest::collection::vec(any::<u8>(), 0..200),
        second in proptest::collection::vec(any::<u8>(), 0..200),
        kept in any::<usize>(),
    ) {
        // A frame of one byte cannot be cut.
        if [Framing::Raw, Framing::Line, Framing::Fixed(1)].contains(&framing) {
            return Ok(());
        }
        let [first, second] = [first, second].map(|bytes| carried(framing, bytes));
        let frame = wire(framing, std::slice::from_ref(&second));
        let mut wire = wire(framing, std::slice::from_ref(&first));
        wire.extend(&frame[..1 + kept % (frame.len() - 1)]);
        let (messages, end) = decode(framing, MAX, [&wire[..]]);
        prop_assert_eq!(messages, [first]);
        let unfinished = matches!(end, Err(FramingError::Unfinished { .. }));
        prop_assert!(unfinished, "{:?}", end);
    }
}

/// A source of bytes like a non-blocking socket: at most `size` bytes per read, and
/// none in every third read.
struct Trickle<'a> {
    bytes: &'a [u8],
    size: usize,
    reads: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if self.reads.is_multiple_of(3) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let size = self.size.min(room.len()).min(self.bytes.len());
        room[..size].copy_from_slice(&self.bytes[..size]);
        self.bytes = &self.bytes[size..];
        Ok(size)
    }
}

#[test]
fn messages_from_nothing_to_ten_megabytes_are_read_from_a_source_that_does_not_block() {
    let payloads = (0..=7).map(|power| vec![b'0' + power as u8; 10_usize.pow(power)]);
    let payloads: Vec<Vec<u8>> = std::iter::once(Vec::new()).chain(payloads).collect();
    for framing in framings() {
        let carry = |bytes: &Vec<u8>| carried(framing, bytes.clone());
        let messages: Vec<Vec<u8>> = payloads.iter().map(carry).collect();
        let wire = wire(framing, &messages);
        let mut source = Trickle {
            bytes: &wire,
            size: 100_000,
            reads: 0,
        };
        let mut decoder = Decoder::new(framing, 16 << 20);
        let mut expected = messages.iter();
        loop {
            match decoder.read_from(&mut source) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
            while let Some(message) = decoder.next_message().unwrap() {
                assert!(message == expected.next().unwrap(), "{framing}");
            }
        }
        assert_eq!(decoder.finish(), Ok(None));
        assert_eq!(expected.next(), None, "{framing}");
    }
}

#[test]
fn a_message_arrives_one_byte_at_a_time() {
    for framing in framings() {
        let message = carried(framing, vec![b'x'; 100_000]);
        let wire = wire(framing, &[message.clone(), message.clone()]);
        let (messages, end) = decode(framing, MAX, wire.chunks(1));
        assert_eq!(end, Ok(()));
        assert!(messages == [message.clone(), message], "{framing}");
    }
}

#[test]
fn an_announced_length_takes_no_memory_before_its_bytes_arrive() {
    for (framing, header) in [
        (Framing::U64be, &b"\x7f\xff\xff\xff\xff\xff\xff\xff"[..]),
        (Framing::U32be, b"\xff\xff\xff\xff"),
        (Framing::TypedU32be, b"\xff\xff\xff\xff"),
        (Framing::Decimal10, b"9999999999"),
        (Framing::Decimal12, b"999999999999"),
        (Framing::DigitsColon, b"9223372036854775807:"),
        (Framing::Resp, b"$9223372036854775807\r\n"),
        (Framing::Resp, b"*3000000000000000000\r\n"),
    ] {
        let mut source = header;
        let mut decoder = Decoder::new(framing, u64::MAX);
        while decoder.read_from(&mut source).unwrap() > 0 {
            assert_eq!(decoder.next_message(), Ok(None), "{framing}");
        }
        assert!(decoder.capacity() <= 16 << 10, "{framing}");
        let error = decoder.finish().unwrap_err();
        assert!(matches!(error, FramingError::Unfinished { .. }), "{error}");
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_at_its_header() {
    for (framing, header, message) in [
        (
            Framing::Decimal10,
            &b"      1001"[..],
            "`decimal10` message takes 1001 bytes, expected at most 1000 (`max_message`)",
        ),
        (
            Framing::U32be,
            b"\0\0\x03\xe9",
            "`u32be` message takes 1001 bytes, expected at most 1000 (`max_message`)",
        ),
        (
            Framing::U64be,
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            "`u64be` message takes 18446744073709551615 bytes, expected at most 1000 (`max_message`)",
        ),
        (
            // The type byte is part of the message.
            Framing::TypedU32be,
            b"\0\0\x03\xe8",
            "`typed-u32be` message takes 1001 bytes, expected at most 1000 (`max_message`)",
        ),
        (
            Framing::DigitsColon,
            b"1001:",
            "`digits-colon` message takes 1001 bytes, expected at most 1000 (`max_message`)",
        ),
        (
            Framing::Line,
            &[b'x'; 1001],
            "`line` message goes on past the limit, expected at most 1000 (`max_message`)",
        ),
    ] {
        let (messages, end) = decode(framing, 1000, [header]);
        assert_eq!(messages.len(), 0);
        assert_eq!(end.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_message_of_exactly_the_limit_is_accepted() {
    for framing in framings() {
        let message = carried(framing, vec![b'x'; 1000]);
        let wire = wire(framing, std::slice::from_ref(&message));
        for pieces in [vec![&wire[..]], wire.chunks(1).collect()] {
            let limit = message.len() as u64;
            let (messages, end) = decode(framing, limit, pieces.clone());
            assert_eq!((messages.len(), end), (1, Ok(())), "{framing}");
            let (messages, end) = decode(framing, limit - 1, pieces);
            assert_eq!(messages.len(), 0);
            assert!(
                matches!(end, Err(FramingError::TooLong { .. })),
                "{framing}"
            );
        }
    }
}

#[test]
fn the_error_of_an_unfinished_frame_has_the_number_of_missing_bytes() {
    for (framing, stream, message) in [
        (
            Framing::Decimal10,
            &b"         5hel"[..],
            "the stream ended within a `decimal10` frame, after 13 of 15 bytes: b\"         5hel\"",
        ),
        (
            Framing::Decimal10,
            b"   ",
            "the stream ended within a `decimal10` frame, after 3 of an unknown number of bytes: b\"   \"",
        ),
        (
            Framing::Resp,
            b"*1\r\n$5\r\nhe",
            "the stream ended within a `resp` frame, after 10 of an unknown number of bytes: b\"*1\\r\\n$5\\r\\nhe\"",
        ),
    ] {
        let (_, end) = decode(framing, MAX, [stream]);
        assert_eq!(end.unwrap_err().to_string(), message);
    }
}

#[test]
fn the_last_line_needs_no_newline_and_keeps_its_carriage_return() {
    let (messages, end) = decode(Framing::Line, MAX, [&b"R\nG\r\n\nY"[..]]);
    assert_eq!(messages, [&b"R"[..], b"G\r", b"", b"Y"]);
    assert_eq!(end, Ok(()));
}

#[test]
fn what_arrives_in_one_read_is_a_raw_message() {
    let (messages, _) = decode(Framing::Raw, 4, [&b"one"[..], b"three", b"", b"two"]);
    assert_eq!(messages, [&b"one"[..], b"thre", b"e", b"two"]);
}

#[test]
fn commands_and_replies_of_redis_are_messages_as_they_stand() {
    let stream = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n$-1\r\nPING\r\n*1\r\n*1\r\n:42\r\n-ERR no\r\n";
    let (messages, end) = decode(Framing::Resp, MAX, stream.chunks(1));
    let expected: [&[u8]; 5] = [
        b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n",
        b"$-1\r\n",
        b"PING\r\n",
        b"*1\r\n*1\r\n:42\r\n",
        b"-ERR no\r\n",
    ];
    assert_eq!(messages, expected);
    assert_eq!(end, Ok(()));
}

#[test]
fn a_deeply_nested_array_ends_in_an_error_or_a_message_never_in_an_overflow() {
    let depth = 200_000;
    let mut value = b"*1\r\n".repeat(depth);
    value.extend(b":1\r\n");
    let (messages, end) = decode(Framing::Resp, MAX, value.chunks(1000));
    assert_eq!(end, Ok(()));
    assert!(messages == [value]);
}

#[test]
fn an_envelope_and_its_message_are_the_frame() {
    for framing in all() {
        let message = carried(framing, b"hello".to_vec());
        let envelope = Envelope::new(framing, &message).unwrap();
        let parts = [envelope.head(), &message, envelope.tail()].concat();
        assert_eq!(parts, wire(framing, &[message]), "{framing}");
    }
}
