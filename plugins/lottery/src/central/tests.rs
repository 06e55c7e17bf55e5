//! The central as a state machine: the reply to each message, and what is stored.

use super::*;
use runner_sdk::testkit::{Call, Effect, Kit, node, problems};
use std::fs;
use std::path::Path;

const ANA: [&str; 5] = ["Ana", "Ño", "30904465", "1999-03-17", "7574"];
const BEA: [&str; 5] = ["Bea", "Gil, y Roa", "25000111", "1980-02-29", "12"];

fn bets(agency: &str, bets: &[[&str; 5]]) -> Vec<u8> {
    let bets = bets.iter().copied().map(Bet::from_fields).collect();
    Frame::Bets { agency, bets }.encode()
}

fn end(agency: &str) -> Vec<u8> {
    Frame::End { agency }.encode()
}

fn ask(agency: &str) -> Vec<u8> {
    Frame::Ask { agency }.encode()
}

/// A central that stores in this folder, with two agencies.
fn central(folder: &Path, config: &str) -> Kit<Central> {
    let setup = node::<Central>()
        .name("central")
        .peers(["agency-1", "agency-2"]);
    setup
        .run_folder(folder.to_str().unwrap())
        .config(config)
        .create()
}

fn stored(folder: &Path) -> String {
    fs::read_to_string(folder.join("bets.csv")).unwrap()
}

/// The reason in the `E` that was sent; requires that there is no other effect.
#[track_caller]
fn refusal(effects: &[Effect], closes: bool) -> String {
    let (sent, closed) = match effects {
        [Effect::Recorded("refused"), sent] => (sent, false),
        [Effect::Recorded("refused"), sent, Effect::Closed(_)] => (sent, true),
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert_eq!(closed, closes, "{effects:?}");
    match sent {
        Effect::Sent { bytes, .. } => match Frame::decode(bytes) {
            Ok(Frame::Error(text)) => text.to_owned(),
            other => panic!("expected an error, found {other:?}"),
        },
        other => panic!("expected a message, found {other:?}"),
    }
}

#[test]
fn the_reply_to_a_single_bet_has_document_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "");
    assert_eq!(central.start(), []);
    let done = central.message(0, bets("1", &[ANA]));
    let line = "action: apuesta_almacenada | result: success | dni: 30904465 | numero: 7574";
    assert_eq!(
        done,
        [
            Effect::recorded(BATCH_STORED),
            Effect::printed(line),
            Effect::sent(0, b"0\0\0\0\x0830904465\0\0\0\x047574"),
        ]
    );
    assert_eq!(
        stored(folder.path()),
        "1,Ana,Ño,30904465,1999-03-17,7574\r\n"
    );
    assert_eq!(central.get(WINNERS), Some(1));
    assert_eq!(central.text(AGENCY), Some("1"));
}

#[test]
fn the_reply_to_a_batch_has_its_count_and_the_bets_are_stored_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "announce = 'single'");
    let done = central.message(1, bets("2", &[ANA, BEA]));
    assert_eq!(
        done,
        [
            Effect::recorded(BATCH_STORED),
            Effect::sent(1, b"0\0\0\0\x012")
        ]
    );
    assert_eq!(
        stored(folder.path()),
        "2,Ana,Ño,30904465,1999-03-17,7574\r\n2,Bea,\"Gil, y Roa\",25000111,1980-02-29,12\r\n"
    );
    assert_eq!((central.get(BETS), central.get(STORED)), (Some(2), Some(2)));
}

#[test]
fn a_repeated_batch_is_acknowledged_again_and_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = central(folder.path(), "");
    before.message(0, bets("1", &[ANA, BEA]));
    before.message(0, bets("1", &[BEA]));
    before.message(0, end("1"));
    let file = stored(folder.path());
    // A restarted central knows the stored batches.
    for central in [before, central(folder.path(), "")].iter_mut() {
        for (batch, answer) in [
            (&[ANA, BEA][..], &b"0\0\0\0\x012"[..]),
            (&[BEA], b"0\0\0\0\x0825000111\0\0\0\x0212"),
        ] {
            let done = central.message(1, bets("1", batch));
            assert_eq!(done, [Effect::recorded(REPEATED), Effect::sent(1, answer)]);
        }
        // A new batch is refused: the agency has ended.
        let said = refusal(&central.message(1, bets("1", &[ANA])), false);
        assert_eq!(said, "agency 1 has ended");
        assert_eq!(stored(folder.path()), file);
    }
    // Equal bets of another agency are other bets.
    let mut central = central(folder.path(), "announce = 'none'");
    assert_eq!(central.get(STORED), Some(3));
    let done = central.message(1, bets("2", &[ANA, BEA]));
    assert_eq!(done[0], Effect::recorded(BATCH_STORED));
    assert_eq!(central.get(STORED), Some(5));
}

#[test]
fn the_draw_happens_at_the_last_end_and_each_reply_closes_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "announce = 'none'");
    central.message(0, bets("1", &[ANA, BEA]));
    let closed = |peer| Effect::Closed(Peer(peer));
    assert_eq!(
        central.message(0, end("1")),
        [Effect::recorded(OVER), closed(0)]
    );
    // The agency may repeat its end.
    assert_eq!(central.message(0, end("1")), [closed(0)]);
    let early = [Effect::recorded(PUT_OFF), Effect::sent(0, b"Q"), closed(0)];
    assert_eq!(central.message(0, ask("1")), early);
    assert_eq!(
        central.message(1, end("2")),
        [
            Effect::recorded(OVER),
            Effect::recorded(DRAWN),
            Effect::printed("action: sorteo | result: success"),
            closed(1),
        ]
    );
    let one = [
        Effect::recorded(TOLD),
        Effect::sent(0, b"W\0\0\0\x0830904465"),
        closed(0),
    ];
    assert_eq!(central.message(0, ask("1")), one);
    assert_eq!(central.get(WINNERS), Some(1));
    let none = [Effect::recorded(TOLD), Effect::sent(1, b"W"), closed(1)];
    assert_eq!(central.message(1, ask("2")), none);
    assert_eq!(central.get(WINNERS), Some(0));
}

#[test]
fn a_restarted_central_has_drawn_or_draws() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = central(folder.path(), "");
    first.message(0, bets("1", &[ANA]));
    first.message(0, end("1"));
    first.message(1, end("2"));
    let mut second = central(folder.path(), "");
    assert_eq!(second.start(), []);
    assert_eq!(
        second.message(0, ask("1"))[1],
        Effect::sent(0, b"W\0\0\0\x0830904465")
    );
    // A central that crashed between the last end and the draw.
    let journal = folder.path().join("batches.csv");
    let text = fs::read_to_string(&journal).unwrap();
    let draw = text.find("draw,").unwrap();
    fs::write(&journal, &text[..draw]).unwrap();
    let drawn = [
        Effect::recorded(DRAWN),
        Effect::printed("action: sorteo | result: success"),
    ];
    assert_eq!(central(folder.path(), "").start(), drawn);
}

#[test]
fn a_batch_with_one_bad_bet_is_refused_completely() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "");
    let bad = |field: usize, text| {
        let mut fields = BEA;
        fields[field] = text;
        fields
    };
    for (bet, said) in [
        (bad(2, ""), "bet 2 of 3: the document is empty"),
        (
            bad(3, "1999-02-30"),
            "bet 2 of 3: birthdate `1999-02-30` is no date, expected YYYY-MM-DD",
        ),
        (
            bad(4, "x"),
            "bet 2 of 3: number `x` is none, expected digits that make at most 18446744073709551615",
        ),
    ] {
        let done = central.message(0, bets("1", &[ANA, bet, BEA]));
        assert_eq!(refusal(&done, false), said);
    }
    assert_eq!(stored(folder.path()), "");
    assert_eq!(central.get(STORED), Some(0));
    assert_eq!(central.get(REFUSED_BETS), Some(9));
    central.message(0, b"X");
    assert_eq!(central.get(REFUSED_BETS), Some(10));
    // The central continues normally.
    assert_eq!(
        central.message(0, bets("1", &[BEA]))[0],
        Effect::recorded(BATCH_STORED)
    );
}

#[test]
fn an_invalid_message_is_refused_without_other_effects() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "");
    let mut said = |message: &[u8], closes| refusal(&central.message(1, message), closes);
    assert_eq!(
        said(b"", false),
        "the message is empty, expected a type byte"
    );
    assert_eq!(
        said(b"X", false),
        "unknown type `X`, expected one of B, F, Q"
    );
    assert_eq!(
        said(b"F\0\0\0\x091", false),
        "field 1 claims 9 bytes, 1 are there"
    );
    assert_eq!(said(b"F\0\0\0\x01\xff", false), "field 1 is no UTF-8");
    assert_eq!(said(&bets("1", &[]), false), "a batch without bets");
    let huge = "x".repeat(9000);
    let long = bets("1", &[[&huge, "b", "1", "1999-03-17", "1"]]);
    assert_eq!(
        said(&long, false),
        "the frame takes 9043 bytes, expected at most 8192"
    );
    for answer in [&b"0\0\0\0\x011"[..], b"E\0\0\0\x011", b"W"] {
        assert_eq!(said(answer, false), "this is what a central answers");
    }
    assert_eq!(said(b"Q", true), "a question without an agency");
    for agency in ["0", "3", "01", "", "one", "-1", "4294967297"] {
        let expected = format!("unknown agency `{agency}`, expected 1 to 2");
        assert_eq!(said(&bets(agency, &[ANA]), false), expected);
        assert_eq!(said(&ask(agency), true), expected);
        assert_eq!(said(&end(agency), true), expected);
    }
    assert_eq!(stored(folder.path()), "");
}

#[test]
fn with_sync_the_replies_to_batches_that_arrive_together_wait_for_one_flush() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "sync = true\nannounce = 'none'");
    let at_once = Effect::timer_set(FLUSH, Duration::ZERO);
    let kept = Effect::recorded(BATCH_STORED);
    assert_eq!(
        central.message(0, bets("1", &[ANA])),
        [kept.clone(), at_once]
    );
    assert_eq!(central.message(1, bets("2", &[ANA, BEA])), [kept]);
    assert_eq!(central.message(0, end("1")), [Effect::recorded(OVER)]);
    assert_eq!(
        central.timer(FLUSH),
        [
            Effect::sent(0, b"0\0\0\0\x0830904465\0\0\0\x047574"),
            Effect::sent(1, b"0\0\0\0\x012"),
            Effect::Closed(Peer(0)),
        ]
    );
}

#[test]
fn without_files_the_winners_are_known_and_bets_are_not_stored() {
    let mut central = node::<Central>()
        .peers(["a"])
        .config("announce = 'none'")
        .create();
    central.message(0, bets("1", &[ANA, BEA]));
    central.message(0, end("1"));
    let winners = Effect::sent(0, b"W\0\0\0\x0830904465");
    assert_eq!(central.message(0, ask("1"))[1], winners);
}

#[test]
fn the_number_of_agencies_is_configured_or_the_number_of_peers() {
    let refused = |mut central: Kit<Central>| refusal(&central.message(0, ask("99")), true);
    let of = |peers: &[&str]| node::<Central>().peers(peers.iter().copied());
    let alone = node::<Central>()
        .peers(["a"])
        .config("agencies = 7")
        .create();
    assert!(refused(alone).ends_with("expected 1 to 7"));
    assert!(refused(of(&["a", "b", "c"]).create()).ends_with("expected 1 to 3"));
    let found = problems::<Central>("agencies = 0\nwinner = -1");
    let paths: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["agencies", "winner"]);
}

#[test]
fn a_folder_of_another_central_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let _first = central(folder.path(), "");
    let second = node::<Central>()
        .name("other")
        .run_folder(folder.path().to_str().unwrap());
    let failure = second.try_create().err().unwrap().to_string();
    assert!(
        failure.starts_with("`central` already stores its bets"),
        "{failure}"
    );
}

#[test]
fn a_file_that_is_lost_before_the_draw_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut central = central(folder.path(), "agencies = 1");
    central.message(0, bets("1", &[ANA]));
    fs::remove_file(folder.path().join("bets.csv")).unwrap();
    let failure = central
        .call(Call::Message(0, &end("1")))
        .unwrap_err()
        .to_string();
    assert!(failure.starts_with("cannot store bets in "), "{failure}");
}
