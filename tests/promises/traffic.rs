//! The traffic plugin in virtual time: exact phases, every kind of press, and checks that
//! find a controller that breaks a rule. (`traffic_live`: the same in real time.)

use std::collections::BTreeMap;

use crate::harness::{Lab, Table};

/// A second `[ns]`.
pub const S: u64 = 1_000_000_000;

/// A scenario of the repository, run once in virtual time, without a report.
fn shipped(name: &str) -> Lab {
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let lab = Lab::new();
    lab.runner(&[&file, "--no-report", "--quiet", "--out", "out"])
        .passes();
    lab
}

/// The log of a node in the first run.
pub fn log(lab: &Lab, node: &str) -> Table {
    lab.table(&format!("out/runs/0001/{node}.csv"))
}

/// The colours that a light received, and when `[ns]`.
fn colours(lab: &Lab, light: &str) -> Vec<(u64, String)> {
    let received = log(lab, light).only("event", "receive");
    let times = received.texts("time_ns").into_iter();
    let colours = received.texts("colour").into_iter();
    times
        .zip(colours)
        .map(|(time, colour)| (time.parse().unwrap(), colour.to_owned()))
        .collect()
}

/// When each phase of a crossing begins `[ns]`, and its name, the colours that both lights
/// show: `GR` is east-west green.
fn phases(lab: &Lab, east_west: &str, north_south: &str) -> Vec<(u64, String)> {
    let mut changes: BTreeMap<u64, [Option<String>; 2]> = BTreeMap::new();
    for (road, light) in [east_west, north_south].into_iter().enumerate() {
        for (time, colour) in colours(lab, light) {
            changes.entry(time).or_default()[road] = Some(colour);
        }
    }
    let mut shown = ["R".to_owned(), "R".to_owned()];
    let changes = changes.into_iter().map(|(time, change)| {
        for (shown, change) in shown.iter_mut().zip(change) {
            *shown = change.unwrap_or_else(|| shown.clone());
        }
        (time, shown.concat())
    });
    changes.collect()
}

/// The length of each north-south green `[ns]`. Fails if another phase, except the last one,
/// has a wrong length.
fn greens(phases: &[(u64, String)]) -> Vec<u64> {
    let mut greens = Vec::new();
    for (index, pair) in phases.windows(2).enumerate() {
        let lasted = pair[1].0 - pair[0].0;
        let (phase, expected) = [
            ("GR", Some(30 * S)),
            ("YR", Some(5 * S)),
            ("RG", None),
            ("RY", Some(5 * S)),
        ][index % 4];
        assert_eq!(pair[0].1, phase, "at {} ns", pair[0].0);
        match expected {
            Some(expected) => assert_eq!(lasted, expected, "{phase} at {} ns", pair[0].0),
            None => greens.push(lasted),
        }
    }
    greens
}

/// A scenario of a crossing: `top`, the config of the controller, TOML for the button, and
/// more TOML before the links.
pub fn crossing(top: &str, controller: &str, button: &str, more: &str) -> String {
    format!(
        "name = \"crossing\"\n{top}\n\
         [nodes.controller]\nbehavior = \"traffic.controller\"\nconfig = {{ {controller} }}\n\
         [nodes.east_west]\nbehavior = \"traffic.light\"\n\
         [nodes.north_south]\nbehavior = \"traffic.light\"\n\
         [nodes.button]\nbehavior = \"traffic.button\"\n{button}\n{more}\n\
         [[links]]\nbetween = [\"controller\", \"*\"]\n"
    )
}

#[test]
fn the_effect_of_a_press_depends_on_its_time() {
    let lab = shipped("traffic-presses");
    let found = greens(&phases(&lab, "east_west", "north_south"));
    let ms = [
        30_000, 30_000, 30_000, 30_001, 40_000, 60_000, 60_000, 60_000, 30_000,
    ];
    assert_eq!(found, ms.map(|ms| ms * 1_000_000));
    let controller = log(&lab, "controller");
    let count = |word: &str| controller.only("event", word).rows.len();
    assert_eq!(
        (count("press"), count("ignored"), count("remembered")),
        (6, 4, 0)
    );
    let ends = controller.only("event", "change");
    let ends: Vec<&str> = ends.texts("north_south_green_ns");
    let told: Vec<u64> = ends.iter().filter_map(|it| it.parse().ok()).collect();
    assert_eq!(told, found);
}

#[test]
fn with_remember_press_an_early_press_counts_for_the_next_green() {
    let lab = shipped("traffic-presses-remembered");
    let found = greens(&phases(&lab, "east_west", "north_south"));
    let ms = [
        30_000, 30_000, 30_000, 30_001, 40_000, 60_000, 30_000, 30_000, 60_000, 30_000,
    ];
    assert_eq!(found, ms.map(|ms| ms * 1_000_000));
    let controller = log(&lab, "controller");
    let count = |word: &str| controller.only("event", word).rows.len();
    assert_eq!(
        (count("press"), count("ignored"), count("remembered")),
        (5, 2, 3)
    );
}

#[test]
fn random_presses_change_the_length_of_north_south_green_only() {
    let lab = shipped("traffic-hour");
    let found = greens(&phases(&lab, "east_west", "north_south"));
    assert!(found.iter().all(|green| (30 * S..=60 * S).contains(green)));
    // The shortest and the longest are among them, and several between.
    assert!(found.contains(&(30 * S)) && found.contains(&(60 * S)));
    let between = found.iter().filter(|&&it| it != 30 * S && it != 60 * S);
    assert!(between.count() > 3, "{found:?}");
    let summary = lab.table("out/summary.csv").only("node", "controller");
    let mean = summary.numbers("north_south_green_ns_mean")[0];
    let expected = found.iter().sum::<u64>() as f64 / found.len() as f64;
    assert!((mean - expected).abs() < 1e3, "{mean} against {expected}");
}

#[test]
fn a_press_at_the_instant_of_a_change_comes_after_the_change() {
    // East-west yellow ends at 35 s, north-south green at 95 s.
    for (press, remember, expected) in [
        ("35s", "false", vec![30, 60]),
        ("95s", "false", vec![60, 60]),
        ("95s", "true", vec![60, 30]),
        ("65s", "false", vec![30, 60]),
    ] {
        let lab = Lab::with(&crossing(
            "duration = \"5m\"",
            &format!("remember_press = {remember}"),
            &format!("config = {{ times = [\"{press}\"] }}"),
            "",
        ));
        lab.run_into("out", &[]);
        let found = greens(&phases(&lab, "east_west", "north_south"));
        let expected: Vec<u64> = expected.into_iter().map(|seconds| seconds * S).collect();
        assert_eq!(found[..2], expected, "{press}, remembered: {remember}");
    }
}

#[test]
fn a_slow_link_delays_the_colours_and_changes_no_phase() {
    let scenario = crossing("duration = \"200s\"", "", "", "") + "latency = \"2s\"\n";
    let lab = Lab::with(&scenario);
    lab.run_into("out", &[]);
    let found = phases(&lab, "east_west", "north_south");
    assert_eq!(found[0], (2 * S, "GR".to_owned()));
    assert_eq!(greens(&found), [60 * S, 60 * S]);
}

#[test]
fn contradictory_timings_are_refused_with_their_place() {
    let lab = Lab::with(&crossing(
        "",
        "north_south_green = \"20s\", north_south_min_green = \"25s\", yellow = \"0s\"",
        "config = { times = [\"1s\"], gap = \"1s\" }",
        "",
    ));
    let answer = lab.runner(&["check", "scenario.toml"]);
    answer.ends(2).says(&[
        "scenario.toml:5:63: `north_south_min_green` is 25s, more than `north_south_green`, which is 20s: expected at most that",
        "scenario.toml:5:79: `yellow` is 0, expected more than 0",
        "scenario.toml:12:34: `gap` is set, and so are `times`: expected one of the two",
    ]);
}

#[test]
fn a_light_that_is_no_peer_fails_the_run_and_the_peers_are_named() {
    let scenario = crossing("duration = \"1s\"", "east_west = \"east\"", "", "");
    let answer = Lab::with(&scenario).runner(&["scenario.toml", "--no-report"]);
    answer.ends(3).says(&[
        "`east_west` is the light `east`, and no peer has that name; peers here: east_west, north_south, button",
    ]);
}

/// A crossing with both checks and a controller of `reckless`.
fn judged(breaks: &str, times: &str) -> Lab {
    Lab::with(&format!(
        "{}[[check]]\ncheck = \"traffic.safe\"\n[[check]]\ncheck = \"traffic.timing\"\n",
        crossing(
            "duration = \"150s\"",
            &format!("breaks = \"{breaks}\""),
            &format!("config = {{ times = [{times}] }}"),
            "",
        )
        .replace("traffic.controller", "reckless.controller")
    ))
}

#[test]
fn the_checks_find_a_controller_that_breaks_a_rule() {
    let timing = |reason: &str| Some(format!("traffic.timing: {reason}"));
    let safe = |reason: &str| Some(format!("traffic.safe: {reason}"));
    for (breaks, times, said) in [
        ("nothing", "", vec![]),
        ("nothing", "\"45s\"", vec![]),
        (
            "skips_yellow",
            "",
            vec![timing(
                "at 30 s east-west green is followed by north-south green, expected east-west yellow",
            )],
        ),
        (
            "short_yellow",
            "",
            vec![timing(
                "at 34.9 s east-west yellow since 30 s, lasted 4.9 s, expected 5 s",
            )],
        ),
        (
            "both_green",
            "",
            vec![
                safe("at 35 s east-west showed green and north-south green"),
                timing(
                    "at 35 s east-west is to show green and north-south green: no phase has that",
                ),
            ],
        ),
        (
            "goes_before_stops",
            "",
            vec![safe(
                "at 35 s east-west showed yellow and north-south green",
            )],
        ),
        (
            "deaf",
            "\"45s\"",
            vec![timing(
                "at 95 s north-south green since 35 s, pressed 10 s after that, lasted 60 s, expected 30 s",
            )],
        ),
        (
            "stuck",
            "",
            vec![timing(
                "at 150 s north-south green goes on since 35 s, expected to end at 95 s",
            )],
        ),
    ] {
        let lab = judged(breaks, times);
        let answer = lab.runner(&["scenario.toml", "--no-report", "--out", "out"]);
        let answer = answer.ends(if said.is_empty() { 0 } else { 1 });
        let shown = format!("{}{}", answer.out, answer.err);
        for said in said.into_iter().flatten() {
            let (check, reason) = said.split_once(": ").unwrap();
            assert!(
                shown.contains(check) && shown.contains(reason),
                "{breaks}: {shown}"
            );
        }
    }
}

#[test]
fn a_check_of_lights_that_do_not_exist_fails_the_run() {
    let lab = Lab::with(
        &(crossing("duration = \"1s\"", "", "", "")
            + "[[check]]\ncheck = \"traffic.safe\"\nconfig = { east_west = \"west\" }\n"),
    );
    let answer = lab.runner(&["scenario.toml", "--no-report"]);
    answer
        .ends(3)
        .says(&["`east_west` is `west`, and no node has that name"]);
}

#[test]
fn links_with_varying_latency_make_a_correct_controller_unsafe() {
    let scenario = crossing("duration = \"1h\"", "", "", "")
        + "latency = { uniform = [\"0s\", \"2s\"] }\n[[check]]\ncheck = \"traffic.safe\"\n";
    let lab = Lab::with(&scenario);
    let answer = lab.runner(&["scenario.toml", "--no-report"]).ends(1);
    assert!(format!("{}{}", answer.out, answer.err).contains("traffic.safe"));
    let tolerant = scenario + "config = { tolerance = \"2s\" }\n";
    Lab::with(&tolerant)
        .runner(&["scenario.toml", "--no-report"])
        .passes();
}
