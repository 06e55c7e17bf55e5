//! Tests of the state machine without a runner. Each call returns the effects of the
//! behavior, in order.

use super::*;
use runner_sdk::testkit::{Effect, node, problems};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_beat_goes_to_every_peer_and_the_next_one_is_due_an_interval_later() {
    let mut anna = node::<Pulse>()
        .peers(["ben", "carl"])
        .config("patience = '3s'")
        .create();
    assert_eq!(
        anna.start(),
        [
            Effect::timer_set(BEAT, SECOND),
            Effect::timer_set(PATIENCE, 3 * SECOND),
        ]
    );
    assert_eq!(
        anna.timer(BEAT),
        [
            Effect::timer_set(BEAT, SECOND),
            Effect::sent(0, "alive"),
            Effect::sent(1, "alive"),
        ]
    );
}

#[test]
fn a_message_sets_the_timer_again() {
    let mut anna = node::<Pulse>()
        .peers(["ben"])
        .config("patience = '3s'")
        .create();
    anna.start();
    assert_eq!(
        anna.message(0, "alive"),
        [Effect::timer_set(PATIENCE, 3 * SECOND)]
    );
    assert_eq!(anna.get(HEARD), Some(1));
}

#[test]
fn a_silence_is_recorded() {
    let mut anna = node::<Pulse>().peers(["ben"]).create();
    anna.start();
    assert_eq!(anna.timer(PATIENCE), [Effect::recorded(SILENCE)]);
    assert_eq!(anna.get(HEARD), Some(0));
}

#[test]
fn a_config_that_makes_no_sense_is_refused() {
    assert!(problems::<Pulse>("interval = '1s'").is_empty());
    for (config, path) in [
        ("interval = '0s'", "interval"),
        ("patience = 'long'", "patience"),
        ("intervall = '1s'", "intervall"),
    ] {
        assert_eq!(problems::<Pulse>(config)[0].path, path);
    }
}
