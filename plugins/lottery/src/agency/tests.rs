//! The agency as a state machine: what it sends, what it waits for, and when it retries.

use super::*;
use crate::generate;
use crate::wire::{LENGTH, MAX_FRAME};
use runner_sdk::testkit::{Call, Effect, Kit, Setup, node, problems};
use std::fs;

const ONE: &str = "bet = { first_name = 'Ana', last_name = 'Ño', document = 30904465, \
                   birthdate = 1999-03-17, number = 7574 }";

/// The message with that bet.
const ONE_BYTES: &[u8] = b"B\0\0\0\x017\0\0\0\x03Ana\0\0\0\x03\xc3\x91o\0\0\0\x0830904465\
    \0\0\0\x0a1999-03-17\0\0\0\x047574";

const SECOND: Duration = Duration::from_secs(1);

fn agency(config: &str) -> Setup<Agency> {
    let setup = node::<Agency>()
        .name("agency-7")
        .peers(["agency-8", "central"]);
    setup.config(config)
}

/// An agency with generated bets, in batches of two.
fn in_twos(bets: u32, more: &str) -> Kit<Agency> {
    let config = format!("generate = {bets}\nbatch = 2\nannounce = 'none'\n{more}");
    agency(&config).create()
}

/// The message to the central; requires that it is the only one.
#[track_caller]
fn said(effects: &[Effect]) -> Vec<u8> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Sent { to: Peer(1), bytes } => Some(bytes.clone()),
        Effect::Sent { to, .. } => panic!("{to:?} is not the central"),
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.len(), 1, "{effects:?}");
    sent.concat()
}

/// The duration of the pause that began.
#[track_caller]
fn pause(effects: &[Effect]) -> Duration {
    match effects {
        [.., Effect::TimerSet { tag: PAUSE, after }] => *after,
        other => panic!("expected a pause, found {other:?}"),
    }
}

const FINISHED: &[u8] = b"F\0\0\0\x017";
const QUESTION: &[u8] = b"Q\0\0\0\x017";

#[test]
fn a_single_bet_is_handed_in_and_its_winners_are_received() {
    let mut agency = agency(ONE).create();
    let started = agency.start();
    assert_eq!(
        started,
        [Effect::recorded(HANDS_IN), Effect::sent(1, ONE_BYTES)]
    );
    assert_eq!(agency.text(AGENCY), Some("7"));
    let line = "action: apuesta_enviada | result: success | dni: 30904465 | numero: 7574";
    assert_eq!(
        agency.message(1, b"0\0\0\0\x0830904465\0\0\0\x047574"),
        [
            Effect::recorded(ACKNOWLEDGED),
            Effect::printed(line),
            Effect::recorded(ENDS),
            Effect::sent(1, FINISHED),
        ]
    );
    assert_eq!(agency.get(BETS), Some(1));
    let asked = [Effect::recorded(ASKS), Effect::sent(1, QUESTION)];
    assert_eq!(agency.disconnect(1), asked);
    // A query before the draw is repeated; each pause is twice as long.
    for seconds in [1, 2, 4, 8] {
        assert_eq!(agency.message(1, b"Q"), []);
        assert_eq!(
            agency.disconnect(1),
            [Effect::timer_set(PAUSE, SECOND * seconds)]
        );
        assert_eq!(agency.timer(PAUSE), asked);
    }
    assert_eq!(agency.get(RETRIES), Some(0));
    assert_eq!(agency.message(1, b"W\0\0\0\x0830904465"), []);
    let line = "action: consulta_ganadores | result: success | cant_ganadores: 1";
    let informed = [Effect::recorded(INFORMED), Effect::printed(line)];
    assert_eq!(agency.disconnect(1), informed);
    assert_eq!(agency.get(WINNERS), Some(1));
    // The agency is finished.
    assert_eq!(agency.disconnect(1), []);
    assert_eq!(agency.stop(), []);
}

#[test]
fn a_batch_is_handed_in_after_the_acknowledgement_of_the_previous_one() {
    let mut agency = in_twos(5, "");
    let mut sizes = Vec::new();
    let mut sent = said(&agency.start());
    while let Ok(Frame::Bets { bets, agency: "7" }) = Frame::decode(&sent) {
        let answer = match &bets[..] {
            [bet] => Frame::StoredOne {
                document: bet.document,
                number: bet.number,
            },
            bets => Frame::Stored(bets.len() as u64),
        };
        sizes.push(bets.len());
        let answer = answer.encode();
        sent = said(&agency.message(1, answer));
        assert_eq!(agency.get(BETS), Some(sizes.iter().sum::<usize>() as u64));
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(sent, FINISHED);
}

#[test]
fn a_batch_fills_its_frame_up_to_the_limit() {
    for (max_bytes, least) in [(4000, 3900), (500, 400)] {
        let config = format!("generate = 1000\nmax_bytes = {max_bytes}\nannounce = 'none'");
        let mut agency = agency(&config).create();
        let sent = said(&agency.start());
        assert!(
            (least..=max_bytes).contains(&(LENGTH + sent.len())),
            "{}",
            sent.len()
        );
    }
    let mut small = agency("generate = 1\nmax_bytes = 64").create();
    let failure = small.call(Call::Start).unwrap_err().to_string();
    assert!(failure.starts_with("bet 1 takes a frame of "), "{failure}");
    assert!(
        failure.ends_with("bytes, expected at most 64 (`max_bytes`)"),
        "{failure}"
    );
    assert_eq!(MAX_FRAME, 8192);
}

#[test]
fn a_refused_batch_is_printed_and_the_next_one_is_handed_in() {
    let mut agency = in_twos(3, "");
    agency.start();
    let done = agency.message(1, Frame::Error("no").encode());
    assert_eq!(
        done[..2],
        [
            Effect::recorded(REJECTED),
            Effect::printed("the central says: no")
        ]
    );
    assert!(matches!(Frame::decode(&said(&done)), Ok(Frame::Bets { bets, .. }) if bets.len() == 1));
    assert_eq!(agency.get(BETS), Some(0));
    assert_eq!(agency.get(REJECTED_BETS), Some(2));
    assert_eq!(agency.get(OFFERED), Some(3));
}

/// Hands in all bets to a central that rejects batches with a document of these. Returns the
/// acknowledged documents, and the number of batches.
fn hand_in_all(agency: &mut Kit<Agency>, bad: &[&str]) -> (Vec<String>, usize) {
    let (mut stored, mut batches) = (Vec::new(), 0);
    let mut sent = said(&agency.start());
    while let Ok(Frame::Bets { bets, .. }) = Frame::decode(&sent) {
        batches += 1;
        let reply = match &bets[..] {
            bets if bets.iter().any(|bet| bad.contains(&bet.document)) => Frame::Error("no"),
            [bet] => Frame::StoredOne {
                document: bet.document,
                number: bet.number,
            },
            bets => Frame::Stored(bets.len() as u64),
        };
        if !matches!(reply, Frame::Error(_)) {
            stored.extend(bets.iter().map(|bet| bet.document.to_owned()));
        }
        let reply = reply.encode();
        sent = said(&agency.message(1, reply));
    }
    assert_eq!(sent, FINISHED);
    assert_eq!(agency.get(BETS), Some(stored.len() as u64));
    (stored, batches)
}

#[test]
fn a_bad_bet_costs_its_batch_or_itself_or_the_rest() {
    let documents: Vec<String> = generate::Bets::new(300, 1, "7")
        .map(|bet| bet[2].clone())
        .collect();
    let bad = [&*documents[10], &documents[129], &documents[130]];
    let run = |on_bad_bet| {
        let config = format!("generate = 300\nannounce = 'none'\n{on_bad_bet}");
        let mut agency = agency(&config).create();
        let (stored, batches) = hand_in_all(&mut agency, &bad);
        let counts = [OFFERED, REJECTED_BETS].map(|column| agency.get(column).unwrap());
        (stored, batches, counts)
    };
    for default in ["", "on_bad_bet = 'skip-batch'"] {
        let (stored, batches, counts) = run(default);
        assert_eq!(stored, documents[260..]);
        assert_eq!((batches, counts), (3, [300, 260]));
    }
    let (stored, batches, counts) = run("on_bad_bet = 'skip-bet'");
    let good = documents.iter().filter(|it| !bad.contains(&&***it));
    assert!(stored.iter().eq(good), "in order, without the bad ones");
    assert_eq!(counts, [300, 3]);
    assert!((30..=45).contains(&batches), "{batches}");
    let (stored, batches, counts) = run("on_bad_bet = 'stop'");
    assert_eq!((stored.len(), batches, counts), (0, 1, [130, 130]));
}

#[test]
fn with_stop_the_run_ends_when_the_agency_has_its_winners_or_will_not() {
    let stops = |reply: &[u8]| {
        let mut agency = agency(&format!("{ONE}\nstop = true")).create();
        agency.start();
        agency.message(1, b"0\0\0\0\x0830904465\0\0\0\x047574");
        agency.disconnect(1);
        [agency.message(1, reply), agency.disconnect(1)].concat()
    };
    let ended = |how: &str| Effect::StoppedRun(format!("agency-7 {how}"));
    assert!(stops(b"W").contains(&ended("has its winners")));
    assert!(stops(b"E\0\0\0\x02no").contains(&ended("was refused")));
    assert!(matches!(stops(b"Q")[..], [Effect::TimerSet { .. }]));
}

#[test]
fn many_bets_fill_the_frame_to_its_last_byte() {
    let folder = tempfile::tempdir().unwrap();
    // A bet takes 20 bytes of lengths and 20 of texts; with the last one, the frame has 8192.
    let mut lines = "a,b,1234,1999-03-17,7574\n".repeat(203);
    lines.push_str(
        "long,name,12345678,1999-03-17,7574\n"
            .replace("long", &"x".repeat(16))
            .as_str(),
    );
    lines.push_str("a,b,1234,1999-03-17,7574\n");
    let file = folder.path().join("bets.csv");
    fs::write(&file, lines).unwrap();
    let config = format!(
        "file = '{}'\nbatch = 1000\nannounce = 'none'",
        file.display()
    );
    let mut agency = agency(&config).create();
    let sent = said(&agency.start());
    assert_eq!(LENGTH + sent.len(), MAX_FRAME);
    let sent = said(&agency.message(1, b"0\0\0\0\x03204"));
    assert!(matches!(Frame::decode(&sent), Ok(Frame::Bets { bets, .. }) if bets.len() == 1));
}

#[test]
fn an_unexpected_message_changes_nothing() {
    let mut agency = in_twos(2, "");
    agency.start();
    let stray = [Effect::recorded(STRAY)];
    // From another node, for another batch, for another query, malformed.
    assert_eq!(agency.message(0, b"0\0\0\0\x012"), stray);
    for message in [
        &b"0\0\0\0\x013"[..],
        b"0\0\0\0\x011\0\0\0\x011",
        b"Q",
        b"W",
        b"",
        b"0\xff",
        b"X",
    ] {
        assert_eq!(agency.message(1, message), stray, "{message:?}");
    }
    assert_eq!(said(&agency.message(1, b"0\0\0\0\x012")), FINISHED);
    assert_eq!(agency.message(1, b"0\0\0\0\x012"), stray);
    assert_eq!(agency.disconnect(0), []);
}

#[test]
fn after_a_broken_connection_the_batch_is_handed_in_again() {
    let mut agency = in_twos(4, "backoff = '250ms'");
    let first = said(&agency.start());
    for factor in [1, 2, 4] {
        assert_eq!(pause(&agency.disconnect(1)), SECOND / 4 * factor);
        assert_eq!(said(&agency.timer(PAUSE)), first);
    }
    assert_eq!(agency.get(RETRIES), Some(3));
    // Four acknowledgements may arrive: after the reply to a query there are no more.
    assert_eq!(said(&agency.message(1, b"0\0\0\0\x012")), QUESTION);
    assert_eq!(
        agency.message(1, b"0\0\0\0\x012"),
        [Effect::recorded(STRAY)]
    );
    assert_eq!(agency.message(1, b"Q"), []);
    let second = said(&agency.disconnect(1));
    assert!(second != first && second[0] == b'B');
    // The next pause is short again.
    assert_eq!(pause(&agency.disconnect(1)), SECOND / 4);
}

#[test]
fn a_message_without_a_reply_is_sent_again_on_a_new_connection() {
    let mut agency = in_twos(2, "timeout = '3s'");
    let closed = Effect::Closed(Peer(1));
    let armed = Effect::timer_set(TIMEOUT, SECOND * 3);
    // Replies to messages from before a crash may still arrive.
    let started = agency.start();
    assert_eq!(
        (said(&started), started[0].clone()),
        (QUESTION.to_vec(), armed.clone())
    );
    assert_eq!(
        agency.message(1, b"0\0\0\0\x012"),
        [Effect::recorded(STRAY)]
    );
    agency.message(1, b"Q");
    let first = agency.disconnect(1);
    assert!(first.contains(&armed));
    let late = agency.timer(TIMEOUT);
    assert_eq!(late[0], closed);
    assert_eq!(pause(&late), SECOND);
    assert_eq!(said(&agency.timer(PAUSE)), said(&first));
    agency.message(1, b"0\0\0\0\x012");
    // The query has a reply; the missing close changes nothing.
    agency.message(1, b"Q");
    let ended = agency.timer(TIMEOUT);
    assert_eq!(
        (ended[0].clone(), said(&ended)),
        (closed.clone(), FINISHED.to_vec())
    );
    // The end is lost.
    assert_eq!(pause(&agency.timer(TIMEOUT)), SECOND);
    assert_eq!(said(&agency.timer(PAUSE)), FINISHED);
    assert_eq!(said(&agency.disconnect(1)), QUESTION);
    // Before the draw: the central may have crashed without the end.
    agency.message(1, b"Q");
    assert_eq!(pause(&agency.disconnect(1)), SECOND);
    assert_eq!(said(&agency.timer(PAUSE)), FINISHED);
    assert_eq!(said(&agency.disconnect(1)), QUESTION);
    agency.message(1, b"W");
    let informed = agency.timer(TIMEOUT);
    assert_eq!(informed[0], closed);
    assert!(informed.contains(&Effect::recorded(INFORMED)));
    assert_eq!(agency.get(WINNERS), Some(0));
}

#[test]
fn after_a_query_without_a_reply_the_end_is_sent_again() {
    let mut agency = in_twos(0, "");
    assert_eq!(said(&agency.start()), FINISHED);
    assert_eq!(said(&agency.disconnect(1)), QUESTION);
    assert_eq!(pause(&agency.disconnect(1)), SECOND);
    assert_eq!(said(&agency.timer(PAUSE)), FINISHED);
    assert_eq!(said(&agency.disconnect(1)), QUESTION);
}

#[test]
fn winners_may_arrive_in_several_frames() {
    let mut agency = in_twos(0, "");
    agency.start();
    agency.disconnect(1);
    agency.message(1, b"W\0\0\0\x011\0\0\0\x012");
    agency.message(1, b"W\0\0\0\x013");
    assert_eq!(agency.get(WINNERS), None);
    // The run ends before the close.
    assert_eq!(agency.stop()[0], Effect::recorded(INFORMED));
    assert_eq!(agency.get(WINNERS), Some(3));
    assert_eq!(
        agency.text(DOCUMENTS),
        Some(&*Digest::of_all(["1", "2", "3"]).to_string())
    );
}

#[test]
fn an_agency_that_is_unknown_to_the_central_gives_up() {
    let mut agency = in_twos(0, "");
    agency.start();
    let told = agency.message(
        1,
        Frame::Error("unknown agency `7`, expected 1 to 5").encode(),
    );
    let line = "the central says: unknown agency `7`, expected 1 to 5";
    assert_eq!(told, [Effect::recorded(REJECTED), Effect::printed(line)]);
    assert_eq!(agency.disconnect(1), []);
}

#[test]
fn bets_are_read_from_the_file_of_the_agency() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agency-{agency}.csv");
    let config = format!("file = '{}'\nannounce = 'none'", path.display());
    let write = |text: &[u8]| fs::write(folder.path().join("agency-7.csv"), text).unwrap();
    let missing = agency(&config).try_create().err().unwrap().to_string();
    assert!(
        missing.starts_with("cannot read the bets of agency 7: "),
        "{missing}"
    );
    write("Ana,\"Ño, \"\"la\"\"\",30904465,1999-03-17,7574\r\nBea,,1,2000-01-01,1\n".as_bytes());
    let sent = said(&agency(&config).create().start());
    let Ok(Frame::Bets { bets, .. }) = Frame::decode(&sent) else {
        panic!("{sent:?}");
    };
    assert_eq!(
        bets[0].fields(),
        ["Ana", "Ño, \"la\"", "30904465", "1999-03-17", "7574"]
    );
    assert_eq!(bets[1].fields(), ["Bea", "", "1", "2000-01-01", "1"]);
    for (text, expected) in [
        (
            &b"a,b,1,2000-01-01,1\na,b,1\n"[..],
            "agency-7.csv: bet 2 has 3 fields, expected 5",
        ),
        (b"a,\xff,1,2000-01-01,1\n", "agency-7.csv: bet 1: "),
    ] {
        write(text);
        let failure = agency(&config)
            .create()
            .call(Call::Start)
            .unwrap_err()
            .to_string();
        assert!(failure.contains(expected), "{failure}");
    }
}

#[test]
fn the_agency_is_the_number_at_the_end_of_its_nodes_name() {
    let number = |name: &str, config: &str| {
        let setup = node::<Agency>()
            .name(name)
            .peers(["central"])
            .config(config);
        let mut agency = setup.try_create().map_err(|failure| failure.to_string())?;
        agency.start();
        Ok::<_, String>(agency.text(AGENCY).unwrap().to_owned())
    };
    assert_eq!(number("agency-12", "generate = 1"), Ok("12".to_owned()));
    assert_eq!(
        number("north", "generate = 1\nagency = 3"),
        Ok("3".to_owned())
    );
    let failure = number("north", "generate = 1").unwrap_err();
    assert!(
        failure.contains("`north` does not end with a number"),
        "{failure}"
    );
}

#[test]
fn mistakes_in_a_config_have_their_key() {
    let found = |config: &str| {
        let problems = problems::<Agency>(config);
        let told = problems
            .iter()
            .map(|it| format!("{}: {}", it.path, it.message));
        told.collect::<Vec<_>>()
    };
    let none = "the agency has no bets, expected one of `file`, `bet` and `generate`";
    assert_eq!(found(""), [format!(": {none}")]);
    let two = "generate: is set together with `file`, expected one of them";
    assert_eq!(found("file = 'a'\ngenerate = 1"), [two]);
    assert_eq!(
        found("generate = 1\nbackoff = '0s'\ntimeout = '0s'"),
        [
            "backoff: is 0, expected more than 0",
            "timeout: is 0, expected more than 0"
        ]
    );
    assert_eq!(
        found("generate = 1\nbatch = 0\nmax_bytes = 8193"),
        [
            "batch: expected a whole number of at least 1, found 0",
            "max_bytes: expected a whole number from 64 to 8192, found 8193",
        ]
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agency-7.csv");
    let [path, pattern] = ["7", "{agency}"].map(|it| path.to_str().unwrap().replace('7', it));
    let missing = format!("file: `{path}` cannot be read: No such file or directory (os error 2)");
    assert_eq!(found(&format!("file = '{path}'")), [&*missing]);
    assert_eq!(found(&format!("file = '{pattern}'\nagency = 7")), [missing]);
    // Only the node knows its number.
    assert_eq!(found(&format!("file = '{pattern}'")), [""; 0]);
    fs::write(&path, "").unwrap();
    assert_eq!(found(&format!("file = '{path}'")), [""; 0]);
    let bad = ONE.replace("1999-03-17", "'17.3.1999'");
    let bad = found(&bad.replace("number = 7574", "number = -1"));
    assert_eq!(
        bad,
        [
            "bet.birthdate: birthdate `17.3.1999` is no date, expected YYYY-MM-DD",
            "bet.number: number `-1` is none, expected digits that make at most 18446744073709551615",
        ]
    );
    for (config, expected) in [
        ("bet = 'file'", "\"env\" or a table"),
        ("bet = { first_name = 'Ana' }", "last_name"),
        ("bet = { name = 'Ana' }", "name"),
    ] {
        let found = found(config);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    }
    let alone = node::<Agency>()
        .name("agency-1")
        .config("generate = 1")
        .try_create();
    let failure = alone.err().unwrap().to_string();
    assert_eq!(
        failure,
        "`agency-1` has no peers: link it to a server (without [[links]], two nodes that both listen are not linked)"
    );
    let failure = agency("generate = 1\ncentral = 'centre'")
        .try_create()
        .err()
        .unwrap();
    let expected =
        "`central` is `centre`, which this node has no link to (its peers: agency-8, central)";
    assert_eq!(failure.to_string(), expected);
}
