//! The machine in the SDK's test kit: each rule and each config key.

use super::*;
use crate::Encoding;
use runner_sdk::testkit::{Call, Effect, Failure, Kit, Setup, node, problems};
use std::collections::BTreeSet;

/// The first of `count` machines.
fn first_of(count: usize) -> Setup<Machine> {
    node::<Machine>()
        .name("machine-1")
        .peers((2..=count).map(|i| format!("machine-{i}")))
}

/// The first of `count` machines, with scripted rolls.
fn scripted(count: usize, script: &str) -> Kit<Machine> {
    let config = format!("encoding = 'text'\nscript = {script}");
    first_of(count).config(&config).create()
}

fn internal() -> Vec<Effect> {
    vec![Effect::recorded(INTERNAL)]
}

/// The peers that a tick sent to.
fn receivers(effects: Vec<Effect>) -> Vec<u32> {
    effects
        .into_iter()
        .map(|effect| match effect {
            Effect::Sent { to, .. } => to.0,
            other => panic!("expected messages alone, found {other:?}"),
        })
        .collect()
}

#[test]
fn the_clock_stands_at_zero_before_the_first_step() {
    let mut machine = first_of(3).create();
    assert_eq!(machine.get(CLOCK), Some(0));
    assert_eq!(machine.start(), []);
    assert_eq!(machine.get(CLOCK), Some(0));
}

#[test]
fn three_machines_send_to_the_next_the_one_after_it_or_both() {
    let mut machine = scripted(3, "[1, 2, 3, 4]");
    assert_eq!(machine.tick(), [Effect::sent(0, "1")]);
    assert_eq!(machine.tick(), [Effect::sent(1, "2")]);
    assert_eq!(machine.tick(), [Effect::sent(0, "3"), Effect::sent(1, "3")]);
    assert_eq!(machine.tick(), internal());
    assert_eq!(machine.get(CLOCK), Some(4));
}

#[test]
fn with_two_machines_every_roll_up_to_3_reaches_the_other_once() {
    let mut machine = scripted(2, "[1, 2, 3, 4]");
    for clock in ["1", "2", "3"] {
        assert_eq!(machine.tick(), [Effect::sent(0, clock)]);
    }
    assert_eq!(machine.tick(), internal());
}

#[test]
fn alone_a_machine_has_internal_events_only() {
    let mut machine = scripted(1, "[1, 2, 3, 4]");
    for clock in 1..=4 {
        assert_eq!(machine.tick(), internal());
        assert_eq!(machine.get(CLOCK), Some(clock));
    }
}

#[test]
fn a_receipt_sets_the_clock_above_both() {
    let mut machine = scripted(3, "[4]");
    assert_eq!(machine.message(1, "41"), []);
    assert_eq!(machine.get(CLOCK), Some(42));
    assert_eq!(machine.message(0, "7"), []);
    assert_eq!(machine.get(CLOCK), Some(43));
    assert_eq!(machine.message(0, "43"), []);
    assert_eq!(machine.get(CLOCK), Some(44));
}

#[test]
fn more_machines_send_to_random_others() {
    let mut machine = scripted(10, "[1, 2, 3]");
    let mut reached = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for _ in 0..2_000 {
        for _ in 0..2 {
            let to = receivers(machine.tick());
            assert_eq!(to.len(), 1);
            reached.extend(to);
        }
        let to = receivers(machine.tick());
        assert_eq!(to.len(), 2);
        assert_ne!(to[0], to[1]);
        pairs.insert((to[0], to[1]));
    }
    assert_eq!(reached, (0..9).collect());
    // Every ordered pair: 2000 draws miss one of 72 with a probability below 1e-10.
    assert_eq!(pairs.len(), 9 * 8);
}

#[test]
fn broadcast_all_sends_a_3_to_all_others_and_1_and_2_to_one() {
    let mut machine = first_of(5)
        .config("broadcast = 'all'\nscript = [1, 2, 3]")
        .create();
    assert_eq!(receivers(machine.tick()).len(), 1);
    assert_eq!(receivers(machine.tick()).len(), 1);
    assert_eq!(receivers(machine.tick()), [0, 1, 2, 3]);
}

#[test]
fn send_before_increment_sends_the_old_clock() {
    let mut machine = first_of(3)
        .config("encoding = 'text'\nsend_before_increment = true\nscript = [3, 1]")
        .create();
    assert_eq!(machine.tick(), [Effect::sent(0, "0"), Effect::sent(1, "0")]);
    assert_eq!(machine.get(CLOCK), Some(1));
    assert_eq!(machine.tick(), [Effect::sent(0, "1")]);
    assert_eq!(machine.get(CLOCK), Some(2));
}

#[test]
fn a_script_begins_again_after_its_last_roll() {
    let mut machine = scripted(3, "[1, 4]");
    for _ in 0..3 {
        assert_eq!(receivers(machine.tick()), [0]);
        assert_eq!(machine.tick(), internal());
    }
}

#[test]
fn a_receipt_uses_no_roll() {
    let mut machine = scripted(3, "[4, 1]");
    assert_eq!(machine.tick(), internal());
    machine.message(0, "9");
    assert_eq!(machine.tick(), [Effect::sent(0, "11")]);
}

#[test]
fn encodings_set_the_bytes_of_messages() {
    let cases: [(&str, &[u8]); 4] = [
        ("bincode", &[1, 0, 0, 0, 0, 0, 0, 0]),
        ("u64be", &[0, 0, 0, 0, 0, 0, 0, 1]),
        ("i32le", &[1, 0, 0, 0]),
        ("text", b"1"),
    ];
    for (encoding, bytes) in cases {
        let config = format!("encoding = '{encoding}'\nscript = [1]");
        let mut machine = first_of(3).config(&config).create();
        assert_eq!(machine.tick(), [Effect::sent(0, bytes)]);
        machine.message(0, bytes);
        assert_eq!(machine.get(CLOCK), Some(2));
    }
}

#[test]
fn without_a_config_ten_faces_roll_and_bincode_is_sent() {
    let mut machine = first_of(3).create();
    let mut messages = [0u32; 2];
    let mut internals = 0;
    for _ in 0..10_000 {
        for effect in machine.tick() {
            match effect {
                Effect::Sent { to, bytes } => {
                    messages[to.0 as usize] += 1;
                    let clock = Encoding::Bincode.decode(&bytes).unwrap();
                    assert_eq!(Some(clock), machine.get(CLOCK));
                }
                Effect::Recorded("internal") => internals += 1,
                other => panic!("unexpected {other:?}"),
            }
        }
    }
    // Binomial: 7000 internal events (deviation 46) and 2000 messages to each (deviation 40),
    // within five deviations.
    assert!((6_770..=7_230).contains(&internals), "{internals}");
    for count in messages {
        assert!((1_800..=2_200).contains(&count), "{messages:?}");
    }
}

#[test]
fn faces_set_how_often_a_machine_sends() {
    let mut machine = first_of(3).config("faces = 3").create();
    for _ in 0..100 {
        assert!(!receivers(machine.tick()).is_empty());
    }
}

#[test]
fn a_seed_repeats_a_machine() {
    let ticks = |seed| {
        let mut machine = first_of(10).seed(seed).create();
        (0..50).map(|_| machine.tick()).collect::<Vec<_>>()
    };
    assert_eq!(ticks(7), ticks(7));
    assert_ne!(ticks(7), ticks(8));
}

#[test]
fn a_malformed_message_is_rejected() {
    let mut machine = scripted(3, "[4]");
    assert_eq!(
        machine.call(Call::Message(0, b"ten")),
        Err(Failure::Rejected(
            "expected a clock as decimal digits (encoding \"text\"), found 3 bytes: \"ten\"".into()
        ))
    );
}

#[test]
fn a_clock_near_the_end_of_its_range_is_rejected_from_outside() {
    for (encoding, most) in [("i32le", 1_u64 << 30), ("text", 1 << 63)] {
        let bytes = |clock: u64| match encoding {
            "i32le" => (clock as u32).to_le_bytes().to_vec(),
            _ => clock.to_string().into_bytes(),
        };
        let config = format!("encoding = '{encoding}'");
        let mut machine = first_of(3).config(&config).create();
        // Machines 0 and 1 are those of the scenario.
        let refused = machine.call(Call::Message(2, &bytes(most + 1)));
        assert!(matches!(&refused, Err(Failure::Rejected(_))), "{refused:?}");
        assert_eq!(machine.get(CLOCK), Some(0));
        assert_eq!(machine.call(Call::Message(2, &bytes(most))), Ok(vec![]));
        assert_eq!(machine.get(CLOCK), Some(most + 1));
        assert_eq!(machine.call(Call::Message(1, &bytes(most + 7))), Ok(vec![]));
        assert_eq!(machine.get(CLOCK), Some(most + 8));
    }
}

#[test]
fn a_clock_at_its_greatest_value_is_an_error() {
    let mut machine = scripted(3, "[4]");
    assert_eq!(
        machine.call(Call::Message(0, u64::MAX.to_string().as_bytes())),
        Err(Failure::Refused(
            "the clock is at its greatest value, 2^64 - 1".into()
        ))
    );
}

#[test]
fn each_mistake_of_a_config_is_reported_with_its_place() {
    let found = problems::<Machine>(
        "face = 10\nfaces = 0\nbroadcast = 'al'\nencoding = 7\nscript = [1, 'two', 0]",
    );
    let lines: Vec<String> = found
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.message))
        .collect();
    let expected = [
        "face: unknown key `face`, known are: broadcast, encoding, faces, script, send_before_increment (did you mean `faces`?)",
        "faces: expected a whole number of at least 1, found 0",
        "script[1]: expected a whole number of at least 1, found text \"two\"",
        "script[2]: expected a whole number of at least 1, found 0",
        "broadcast: expected one of \"two\", \"all\", found text \"al\" (did you mean \"all\"?)",
        "encoding: expected one of \"bincode\", \"u64be\", \"i32le\", \"text\", found 7",
    ];
    for line in expected {
        assert!(
            lines.iter().any(|found| found == line),
            "{line}\n{lines:#?}"
        );
    }
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
}

#[test]
fn a_script_must_fit_the_die() {
    let found = problems::<Machine>("faces = 5\nscript = [5, 6]");
    assert_eq!(
        found,
        [Problem::at(
            "script[1]",
            "a roll of 6 with a die of 5 faces, expected 1 to 5"
        )]
    );
}

#[test]
fn an_instance_takes_16_bytes() {
    assert_eq!(size_of::<Machine>(), 16);
}

/// The table between the markers is generated: `UPDATE_DOCS=1 cargo test -p clock`.
#[test]
fn the_readme_lists_the_config_as_it_is() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "clock",
        &[("machine", runner_sdk::reference::<Machine>())],
    );
}
