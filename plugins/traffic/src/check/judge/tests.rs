//! The checks on logs as the runner writes them.

use super::*;

const PLAN: &str = "east_west_green=30s north_south_green=1m yellow=5s north_south_min_green=30s remember_press=false";

/// The rows of logs, `TIME[s] NODE EVENT PEER EAST_WEST NORTH_SOUTH COLOUR` each,
/// `-` for an empty cell. The `start` row of a node with colours for both roads has the plan.
fn rows(text: &str) -> Vec<Entry<'_, usize>> {
    let lines = text.lines().map(str::trim).filter(|it| !it.is_empty());
    let entries = lines.enumerate().map(|(row, line)| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let cell = |index: usize| Some(cells[index]).filter(|it| *it != "-");
        Entry {
            row,
            time_ns: (cells[0].parse::<f64>().unwrap() * 1e9) as u64,
            node: cells[1],
            event: cells[2],
            peer: cell(3),
            east_west: cell(4),
            north_south: cell(5),
            colour: cell(6),
            plan: (cells[2] == "start" && cell(4).is_some()).then_some(PLAN),
        }
    });
    entries.collect()
}

fn timing(config: &CheckConfig, text: &str) -> Finding<usize> {
    let mut judge = TimingJudge::new(config);
    rows(text).iter().for_each(|entry| judge.entry(entry));
    judge.finish()
}

fn safe(config: &CheckConfig, ours: &[&str], text: &str) -> Finding<usize> {
    let mut judge = SafeJudge::new(config, |name| ours.contains(&name));
    rows(text).iter().for_each(|entry| judge.entry(entry));
    judge.finish()
}

const LIGHTS: [&str; 2] = ["east_west", "north_south"];

/// A press 10 s after the begin of north-south green, and a press that ends a green at once.
/// Messages of the lights are no presses.
const RUN: &str = "
    0     controller  start    -           G R -
    0     controller  send     east_west   G R -
    0     east_west   start    -           - - R
    0     north_south start    -           - - R
    0     east_west   receive  controller  - - G
    1     controller  receive  east_west   G R -
    30    controller  timer    -           Y R -
    30    east_west   receive  controller  - - Y
    35    controller  timer    -           R G -
    35    east_west   receive  controller  - - R
    35    north_south receive  controller  - - G
    40    controller  receive  north_south R G -
    45    controller  receive  127.0.0.1:7 R G -
    65    controller  timer    -           R Y -
    65    north_south receive  controller  - - Y
    70    controller  timer    -           G R -
    70    north_south receive  controller  - - R
    70    east_west   receive  controller  - - G
    100   controller  timer    -           Y R -
    105   controller  timer    -           R G -
    106   controller  receive  north_south R G -
    145.5 controller  receive  button      R Y -
    147   controller  stop     -           R Y -
";

#[test]
fn a_correct_run_passes() {
    assert_eq!(timing(&CheckConfig::default(), RUN), Finding::Pass);
    for ours in [&LIGHTS[..], &[]] {
        assert_eq!(safe(&CheckConfig::default(), ours, RUN), Finding::Pass);
    }
}

#[test]
fn a_press_counts_before_the_change_that_it_causes() {
    let late = RUN.replace(
        "145.5 controller  receive  button ",
        "145.5 controller  timer    -      ",
    );
    let Finding::Fail { reason, rows } = timing(&CheckConfig::default(), &late) else {
        panic!("it was judged to be right");
    };
    assert_eq!(
        reason,
        "at 145.5 s north-south green since 105 s, lasted 40.5 s, expected 60 s"
    );
    assert_eq!(rows, [19, 21]);
}

#[test]
fn lights_are_checked_by_their_logs_and_programs_by_the_messages_to_them() {
    let both = "
        0  controller  start    -          G R -
        0  east_west   receive  controller - - G
        3  north_south receive  somebody   - - G
        9  controller  stop     -          G R -
    ";
    let found = safe(&CheckConfig::default(), &LIGHTS, both);
    let expected = Finding::Fail {
        reason: "at 3 s east-west showed green and north-south green".to_owned(),
        rows: vec![1, 2],
    };
    assert_eq!(found, expected);
    // As programs, the lights have no log; the controller sent green to one of them only.
    assert_eq!(safe(&CheckConfig::default(), &[], both), Finding::Pass);
    let mixed = safe(&CheckConfig::default(), &LIGHTS[1..], both);
    assert_eq!(
        mixed,
        Finding::Fail {
            reason: "at 3 s east-west showed green and north-south green".to_owned(),
            rows: vec![0, 2],
        }
    );
}

#[test]
fn lights_and_controllers_may_have_other_names() {
    let text = RUN
        .replace("east_west", "ew")
        .replace("north_south", "ns")
        .replace("controller", "boss");
    let config = CheckConfig {
        east_west: "ew".to_owned(),
        north_south: "ns".to_owned(),
        ..CheckConfig::default()
    };
    assert_eq!(timing(&config, &text), Finding::Pass);
    // With the default names, the messages of the lights are presses.
    assert_ne!(timing(&CheckConfig::default(), &text), Finding::Pass);
}

#[test]
fn of_several_controllers_one_must_be_named() {
    let text = format!("0 other start - G R -\n{RUN}");
    let Finding::Unknown { reason } = timing(&CheckConfig::default(), &text) else {
        panic!("it was judged");
    };
    assert_eq!(
        reason,
        "`other` and `controller` are controllers: say which, `controller = \"...\"`"
    );
    let named = |name: &str| CheckConfig {
        controller: Some(name.to_owned()),
        ..CheckConfig::default()
    };
    assert_eq!(timing(&named("controller"), &text), Finding::Pass);
    let unknown = Finding::Unknown {
        reason: "no controller wrote what was configured".to_owned(),
    };
    assert_eq!(timing(&named("nobody"), &text), unknown);
}
