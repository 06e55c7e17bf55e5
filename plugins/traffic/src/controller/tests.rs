//! The controller in the SDK's test kit: which colour it sends to which light, and when.

use super::*;
use runner_sdk::testkit::{Effect, Failure, Kit, node, problems};

/// The peers: two lights and a button.
const EW: u32 = 0;
const NS: u32 = 1;
const BUTTON: u32 = 2;

fn controller(config: &str) -> Kit<Controller> {
    let peers = ["east_west", "north_south", "button"];
    node::<Controller>().peers(peers).config(config).create()
}

fn wait(seconds: u64) -> Effect {
    Effect::timer_set(END_OF_PHASE, Duration::from_secs(seconds))
}

fn change() -> Effect {
    Effect::recorded(CHANGE)
}

/// A controller at the beginning of north-south green, 35 s.
fn in_green(config: &str) -> Kit<Controller> {
    let mut it = controller(config);
    it.start();
    for seconds in [30, 35] {
        it.at(Duration::from_secs(seconds)).timer(END_OF_PHASE);
    }
    assert_eq!(it.text(NORTH_SOUTH), Some("G"));
    it
}

fn press(it: &mut Kit<Controller>, seconds: u64) -> Vec<Effect> {
    it.at(Duration::from_secs(seconds)).message(BUTTON, "press")
}

#[test]
fn the_phases_follow_one_another_and_only_changes_are_sent() {
    let mut it = controller("");
    let start = [change(), Effect::sent(NS, "R"), Effect::sent(EW, "G")];
    assert_eq!(it.start(), [&start[..], &[wait(30)]].concat());
    let plan = Timings::default().to_string();
    assert_eq!(it.text(PLAN), Some(&*plan));
    let colours = |it: &Kit<Controller>| {
        let of = |column| it.text(column).unwrap().to_owned();
        of(EAST_WEST) + &of(NORTH_SOUTH)
    };
    assert_eq!(colours(&it), "GR");
    for (at, sent, lasts, expected) in [
        (30, vec![(EW, "Y")], 5, "YR"),
        (35, vec![(EW, "R"), (NS, "G")], 60, "RG"),
        (95, vec![(NS, "Y")], 5, "RY"),
        (100, vec![(NS, "R"), (EW, "G")], 30, "GR"),
        (130, vec![(EW, "Y")], 5, "YR"),
    ] {
        let sent = sent.iter().map(|(to, colour)| Effect::sent(*to, colour));
        let effects: Vec<Effect> = [change()].into_iter().chain(sent).collect();
        let did = it.at(Duration::from_secs(at)).timer(END_OF_PHASE);
        assert_eq!(did, [&effects[..], &[wait(lasts)]].concat(), "at {at} s");
        assert_eq!(colours(&it), expected);
        assert_eq!(it.text(PLAN), None);
        let green = (at == 95).then_some(60_000_000_000);
        assert_eq!(it.get(GREEN), green);
    }
    assert_eq!(it.get(PRESSES), Some(0));
}

#[test]
fn a_press_10_s_into_green_turns_it_at_30_s() {
    let mut it = in_green("");
    let waits = [Effect::recorded(PRESS), wait(20)];
    assert_eq!(press(&mut it, 45), waits);
    let turns = [change(), Effect::sent(NS, "Y"), wait(5)];
    assert_eq!(it.at(Duration::from_secs(65)).timer(END_OF_PHASE), turns);
    assert_eq!(it.get(GREEN), Some(30_000_000_000));
    assert_eq!(it.get(PRESSES), Some(1));
}

#[test]
fn a_press_40_s_into_green_turns_it_at_once_and_so_does_one_at_30_s() {
    for seconds in [30, 40] {
        let mut it = in_green("");
        let effects = press(&mut it, 35 + seconds);
        let turns = [change(), Effect::sent(NS, "Y"), wait(5)];
        assert_eq!(effects, [&[Effect::recorded(PRESS)], &turns[..]].concat());
        assert_eq!(it.get(GREEN), Some(seconds * 1_000_000_000));
    }
}

#[test]
fn a_second_press_is_ignored() {
    let mut it = in_green("");
    press(&mut it, 45);
    assert_eq!(press(&mut it, 50), [Effect::recorded(IGNORED)]);
    assert_eq!(it.get(PRESSES), Some(1));
}

#[test]
fn a_press_while_north_south_is_not_green_counts_only_if_it_is_remembered() {
    for (config, word) in [("", IGNORED), ("remember_press = true", REMEMBERED)] {
        let mut it = controller(config);
        it.start();
        assert_eq!(press(&mut it, 10), [Effect::recorded(word)]);
        it.at(Duration::from_secs(30)).timer(END_OF_PHASE);
        // In yellow: a press is remembered already.
        assert_eq!(press(&mut it, 32), [Effect::recorded(IGNORED)]);
        let green = it.at(Duration::from_secs(35)).timer(END_OF_PHASE);
        let lasts = if word == IGNORED { 60 } else { 30 };
        assert_eq!(green.last(), Some(&wait(lasts)));
        // This press is the first one of this green, or the second one.
        let word = if word == IGNORED { PRESS } else { IGNORED };
        assert_eq!(press(&mut it, 40)[0], Effect::recorded(word));
    }
}

#[test]
fn any_message_is_a_press_unless_a_light_sent_it() {
    for (from, bytes) in [(BUTTON, ""), (3, "x"), (17, "R")] {
        let mut it = in_green("");
        let did = it.at(Duration::from_secs(80)).message(from, bytes);
        assert_eq!(did[0], Effect::recorded(PRESS));
    }
    let mut it = in_green("");
    for light in [EW, NS] {
        assert_eq!(it.at(Duration::from_secs(80)).message(light, "G"), []);
    }
}

#[test]
fn the_lights_may_have_other_names() {
    let setup = node::<Controller>().peers(["b", "a"]);
    let config = "east_west = 'a'\nnorth_south = 'b'\neast_west_green = '1500ms'";
    let mut it = setup.config(config).create();
    let began = it.start();
    assert_eq!(began[1..3], [Effect::sent(0, "R"), Effect::sent(1, "G")]);
    let wait = Effect::timer_set(END_OF_PHASE, Duration::from_millis(1500));
    assert_eq!(began[3], wait);
}

#[test]
fn a_light_that_is_no_peer_fails_the_node() {
    for (peers, said) in [
        (vec![], "it has no links"),
        (vec!["ew", "button"], "peers here: ew, button"),
    ] {
        let failure = node::<Controller>().peers(peers).try_create().err();
        let expected =
            format!("`east_west` is the light `east_west`, and no peer has that name; {said}");
        assert_eq!(failure, Some(Failure::Refused(expected)));
    }
}

#[test]
fn contradictory_timings_are_refused_with_their_place() {
    let refused = |config: &str| {
        let found = problems::<Controller>(config);
        let told = found.iter().map(|it| format!("{} {}", it.path, it.message));
        told.collect::<Vec<String>>()
    };
    assert_eq!(
        refused("north_south_min_green = '70s'"),
        [
            "north_south_min_green is 1m10s, more than `north_south_green`, which is 1m: expected at most that"
        ]
    );
    // The default of one key is greater than the value of the other.
    assert_eq!(refused("north_south_green = '20s'").len(), 1);
    assert_eq!(
        refused("north_south_green = '20s'\nnorth_south_min_green = '20s'").len(),
        0
    );
    for key in ["east_west_green", "yellow", "north_south_min_green"] {
        let found = refused(&format!("{key} = '0s'"));
        assert_eq!(found, [format!("{key} is 0, expected more than 0")]);
    }
    assert_eq!(refused("north_south_green = '0s'").len(), 2);
    assert_eq!(
        refused("east_west = 'north_south'"),
        ["north_south is `north_south`, and so is `east_west`: expected two lights"]
    );
    assert_eq!(refused("yellow = '-1s'").len(), 1);
    assert_eq!(refused("yellow = 5").len(), 1);
    assert_eq!(refused("remember_press = 'yes'").len(), 1);
}
