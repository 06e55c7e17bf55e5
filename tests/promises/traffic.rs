//! The traffic plugin through the runner: exact phases and presses of every kind
//! in virtual time, the same in real time, and lights and buttons that are programs
//! or a keyboard.

use std::collections::BTreeMap;

use crate::harness::{Lab, Table};
use crate::real_live::{Beside, Live, program, python};

const S: u64 = 1_000_000_000;

/// A scenario of the repository, run once in virtual time, without a report.
fn shipped(name: &str) -> Lab {
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let lab = Lab::new();
    lab.runner(&[&file, "--no-report", "--quiet", "--out", "out"])
        .passes();
    lab
}

fn log(lab: &Lab, node: &str) -> Table {
    lab.table(&format!("out/runs/0001/{node}.csv"))
}

/// The colours of a light and since when it had them `[ns]`, without what it was
/// at the start before it was told anything.
fn colours(lab: &Lab, light: &str) -> Vec<(u64, String)> {
    let received = log(lab, light).only("event", "receive");
    let times = received.texts("time_ns").into_iter();
    let colours = received.texts("colour").into_iter();
    times
        .zip(colours)
        .map(|(time, colour)| (time.parse().unwrap(), colour.to_owned()))
        .collect()
}

/// The instants `[ns]` at which a crossing's phases begin, by what both its
/// lights show, and the name of each: `GR` is east-west green.
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

/// How long each north-south green was `[ns]`; all other phases are as long as
/// they should be, but for the last.
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

/// A crossing with durations of its own, a button, and more.
fn crossing(top: &str, controller: &str, button: &str, more: &str) -> String {
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
fn each_press_does_what_its_moment_says() {
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
fn the_same_presses_where_they_are_remembered() {
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
fn an_hour_of_random_presses_changes_north_south_green_alone() {
    let lab = shipped("traffic-hour");
    let found = greens(&phases(&lab, "east_west", "north_south"));
    assert!(found.iter().all(|green| (30 * S..=60 * S).contains(green)));
    // Both ends are there, and much between them.
    assert!(found.contains(&(30 * S)) && found.contains(&(60 * S)));
    let between = found.iter().filter(|&&it| it != 30 * S && it != 60 * S);
    assert!(between.count() > 3, "{found:?}");
    let summary = lab.table("out/summary.csv").only("node", "controller");
    let mean = summary.numbers("north_south_green_ns_mean")[0];
    let expected = found.iter().sum::<u64>() as f64 / found.len() as f64;
    assert!((mean - expected).abs() < 1e3, "{mean} against {expected}");
}

#[test]
fn a_press_in_the_instant_of_a_change_comes_after_it() {
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
fn a_slow_link_delays_what_a_light_shows_and_no_phase() {
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
        "scenario.toml:5:63: is 25s, more than `north_south_green`, which is 20s: expected at most that",
        "scenario.toml:5:79: is 0, expected more than 0",
        "scenario.toml:12:34: is set, and so are `times`: expected one of the two",
    ]);
}

#[test]
fn a_light_that_is_not_there_fails_the_run_and_names_who_is() {
    let scenario = crossing("duration = \"1s\"", "east_west = \"east\"", "", "");
    let answer = Lab::with(&scenario).runner(&["scenario.toml", "--no-report"]);
    answer.ends(3).says(&[
        "`east_west` is the light `east`, and no peer has that name; peers here: east_west, north_south, button",
    ]);
}

#[test]
fn the_same_in_real_time_at_a_reduced_scale() {
    // A round of 100 s takes 2 s; what lies 20 s apart is 400 ms apart.
    let scenario = crossing(
        "duration = \"210s\"",
        "",
        "config = { times = [\"10s\", \"45s\", \"140s\"] }",
        "",
    );
    let lab = Lab::with(&scenario);
    lab.run_into("virtual", &[]);
    // So fast, it is late by the measure of its own time, and says so.
    let real = ["--time", "real", "--set", "speed=50.0"];
    let into = ["scenario.toml", "--no-report", "--quiet", "--out", "out"];
    lab.runner(&[&into[..], &real].concat()).ends(0);
    let changes = |folder: &str| {
        let log = lab.table(&format!("{folder}/runs/0001/controller.csv"));
        let changes = log.only("event", "change");
        let times = changes.texts("time_ns").into_iter();
        let times: Vec<u64> = times.map(|it| it.parse().unwrap()).collect();
        let colours = |column| changes.texts(column).concat();
        (times, colours("east_west"), colours("north_south"))
    };
    let (exact, real) = (changes("virtual"), changes("out"));
    let seconds: Vec<u64> = exact.0.iter().map(|ns| ns / S).collect();
    assert_eq!(seconds, [0, 30, 35, 65, 70, 100, 105, 140, 145, 175, 180]);
    assert_eq!((&real.1, &real.2), (&exact.1, &exact.2));
    for (pair, real) in exact.0.windows(2).zip(real.0.windows(2)) {
        let (expected, lasted) = (pair[1] - pair[0], real[1] - real[0]);
        // Never too short, but for a press that comes when it comes.
        let late = 15 * S;
        assert!(lasted + late >= expected && lasted <= expected + late);
    }
}

/// The durations of tests in real time.
const QUICK: &str = "east_west_green = \"200ms\", yellow = \"100ms\", \
                     north_south_green = \"40s\", north_south_min_green = \"300ms\"";

/// The phases up to the first north-south yellow and one more, by a controller's
/// log: what began, and how long it lasted `[ns]`.
fn first_round(lab: &Lab) -> Vec<(String, u64)> {
    let changes = log(lab, "controller").only("event", "change");
    let times: Vec<u64> = changes
        .texts("time_ns")
        .into_iter()
        .map(|it| it.parse().unwrap())
        .collect();
    let colours = changes.texts("east_west").into_iter();
    let colours = colours.zip(changes.texts("north_south"));
    let colours: Vec<String> = colours.map(|(one, other)| one.to_owned() + other).collect();
    let lasted = times.windows(2).map(|pair| pair[1] - pair[0]);
    colours.into_iter().zip(lasted).take(4).collect()
}

/// A round that a press at some moment has shortened.
#[track_caller]
fn is_shortened(lab: &Lab) {
    let round = first_round(lab);
    let names: Vec<&str> = round.iter().map(|it| &*it.0).collect();
    assert_eq!(names, ["GR", "YR", "RG", "RY"]);
    let ms: Vec<u64> = round.iter().map(|it| it.1 / 1_000_000).collect();
    assert!(ms[0] >= 200 && ms[1] >= 100 && ms[3] >= 100, "{ms:?}");
    assert!((300..40_000).contains(&ms[2]), "{ms:?}");
}

#[test]
fn lights_and_button_may_be_programs_of_others() {
    crate::harness::needs_python!();
    let mut lights = [python(&["light.py"]), python(&["light.py"])];
    let ports = [0, 1].map(|light: usize| lights[light].told(""));
    let mut live = Live::start(&format!(
        "name = \"crossing\"\ntime = \"real\"\n\
         [nodes.controller]\nbehavior = \"traffic.controller\"\nconfig = {{ {QUICK} }}\n\
         listen = [{{ udp = \"127.0.0.1:0\" }}]\n\
         [nodes.east_west]\nexternal = \"udp://127.0.0.1:{}\"\n\
         [nodes.north_south]\nexternal = \"udp://127.0.0.1:{}\"\n\
         [[check]]\ncheck = \"traffic.safe\"\n",
        ports[0], ports[1]
    ));
    let address = live.address("controller");
    for (light, colour) in [(0, "G"), (0, "Y"), (0, "R"), (1, "R"), (1, "G")] {
        assert_eq!(lights[light].told(""), colour);
    }
    let button = format!(
        "{}/../scenarios/programs/button.py",
        env!("CARGO_MANIFEST_DIR")
    );
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut command = live.lab.program("python3");
    let mut button = Beside::start(command.args(["-B", &button, host, port, "0"]));
    assert_eq!(button.told(""), "pressed");
    for (light, colour) in [(1, "Y"), (1, "R"), (0, "G")] {
        assert_eq!(lights[light].told(""), colour);
    }
    let answer = live.stop();
    assert!(!answer.err.contains("traffic.safe"), "{}", answer.err);
    is_shortened(&live.lab);
    let presses = log(&live.lab, "controller").only("event", "press");
    assert_eq!(presses.rows.len(), 1);
    // What the lights answered was no press.
    let received = log(&live.lab, "controller").only("event", "receive");
    assert!(received.texts("peer").contains(&"east_west"));
}

#[test]
fn the_shipped_programs_are_lights_and_a_button() {
    crate::harness::needs_python!();
    // The runner starts them: at ports that were free a moment ago.
    let free = [0, 1].map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    let ports = free.map(|socket| socket.local_addr().unwrap().port());
    let programs = format!("{}/../scenarios/programs", env!("CARGO_MANIFEST_DIR"));
    let light = |name: &str, port: u16| {
        format!(
            "[nodes.{name}]\nexternal = \"udp://127.0.0.1:{port}\"\n\
             command = [\"python3\", \"-B\", \"{programs}/light.py\", \"{name}\", \"{port}\"]\n"
        )
    };
    let mut live = Live::start(&format!(
        "name = \"crossing\"\ntime = \"real\"\n\
         [nodes.controller]\nbehavior = \"traffic.controller\"\nstart_at = \"500ms\"\n\
         config = {{ {} }}\nlisten = [{{ udp = \"127.0.0.1:0\" }}]\n{}{}\
         [nodes.button]\ncommand = [\"python3\", \"-B\", \"{programs}/button.py\", \
         \"{{host:controller}}\", \"{{port:controller}}\", \"1.5\"]\n\
         [[links]]\nbetween = [\"controller\", \"*_*\"]\n",
        QUICK.replace("\"40s\"", "\"300ms\""),
        light("east_west", ports[0]),
        light("north_south", ports[1]),
    ));
    // They miss what they are told before they are there, and no more than that.
    for light in ["east_west", "north_south"] {
        live.runner.told(&format!("{light} | {light}: R"));
        for colour in ["G", "Y", "R"] {
            live.runner.told(&format!("{light} | {light}: {colour}"));
        }
    }
    live.runner.told("button | pressed");
    live.stop();
    let controller = log(&live.lab, "controller");
    assert_eq!(controller.only("event", "receive").rows.len(), 1);
}

#[test]
fn lines_of_standard_input_are_presses() {
    let scenario = crossing(
        "time = \"real\"",
        QUICK,
        "listen = [{ stdin = \"keys\" }]",
        "",
    );
    let lab = Lab::with(&scenario);
    // Two lines, of which the last lacks its newline: the second press is ignored.
    let answer = lab.shell(
        "mkfifo in; $RUNNER scenario.toml --no-report --out out --duration 60s <in >said & \
         exec 3>in; until grep -q 'north_south | G' said; do sleep 0.01; done; \
         printf 'x\\ny' >&3; exec 3>&-; \
         until [ $(grep -c 'east_west | G' said) -gt 1 ]; do sleep 0.01; done; kill -INT $!; wait $!",
    );
    answer.ends(130);
    is_shortened(&lab);
    let button = log(&lab, "button");
    let received = button.only("event", "receive");
    assert_eq!(received.texts("peer"), ["stdin", "stdin"]);
    assert_eq!(received.texts("bytes"), ["1", "1"]);
    let events = button.texts("event");
    assert!(events.contains(&"connect") && events.contains(&"disconnect"));
    // No colour but on a terminal.
    assert!(!lab.read("said").contains('\x1b'));
    assert_eq!(lab.read("out/runs/0001/north_south.log")[..6], *"R\nG\nY\n");
}

/// What a terminal showed and how it was left, after `script`; see `terminal.py`.
fn at_a_terminal(lab: &Lab, script: &str, more: &[&str]) -> Beside {
    let mut command = lab.program("python3");
    let arguments = [
        env!("CARGO_BIN_EXE_runner"),
        "scenario.toml",
        "--no-report",
        "--out",
        "out",
    ];
    command
        .arg("-B")
        .arg(program("terminal.py"))
        .arg(script)
        .args(arguments)
        .args(more);
    Beside::start(&mut command)
}

#[test]
fn on_a_terminal_a_key_is_the_button_and_the_lights_show_in_colour() {
    crate::harness::needs_python!();
    let lab = Lab::with(&crossing(
        "time = \"real\"",
        QUICK,
        "listen = [{ stdin = \"keys\" }]",
        "",
    ));
    let script = r#"[["see", "button | listening to the keyboard"],
        ["see", "north_south | \u001b[1;32mG\u001b[0m"], ["modes"], ["type", "\u00e4"],
        ["see", "north_south | \u001b[1;33mY\u001b[0m"],
        ["see", "north_south | \u001b[1;31mR\u001b[0m"], ["type", "\u0003"]]"#;
    let mut terminal = at_a_terminal(&lab, script, &[]);
    assert_eq!(terminal.told("before "), "lines=True echo=True");
    assert_eq!(terminal.told("during "), "lines=False echo=False");
    assert_eq!(terminal.told("code "), "130");
    assert_eq!(terminal.told("after "), "lines=True echo=True");
    assert!(
        !terminal.told("shown ").contains("\\u00e4"),
        "it is not echoed"
    );
    terminal.ends_well();
    is_shortened(&lab);
    // One key, of two bytes; the log is plain.
    let received = log(&lab, "button").only("event", "receive");
    assert_eq!(received.texts("bytes"), ["2"]);
    assert_eq!(
        lab.read("out/runs/0001/east_west.log")[..8],
        *"R\nG\nY\nR\n"
    );
}

#[test]
fn a_terminal_without_colour_gets_none_and_ctrl_d_takes_the_keyboard_away() {
    crate::harness::needs_python!();
    let lab = Lab::with(&crossing(
        "time = \"real\"",
        QUICK,
        "listen = [{ stdin = \"keys\" }]",
        "",
    ));
    let script = r#"[["see", "keyboard"], ["see", "north_south | G"], ["type", "\u0004"],
        ["until", "lines=True echo=True"], ["type", "\u0003"]]"#;
    let more = ["--color", "never"];
    let mut terminal = at_a_terminal(&lab, script, &more);
    assert_eq!(terminal.told("code "), "130");
    assert_eq!(terminal.told("after "), "lines=True echo=True");
    assert!(!terminal.told("shown ").contains("\\u001b"));
    terminal.ends_well();
    let button = log(&lab, "button");
    assert_eq!(button.only("event", "receive").rows.len(), 0);
    assert_eq!(button.only("event", "disconnect").rows.len(), 1);
}

#[test]
fn a_terminal_is_given_back_when_a_second_signal_ends_the_runner_at_once() {
    crate::harness::needs_python!();
    // A program that does not end when asked keeps the first signal's end busy.
    let deaf = format!(
        "[nodes.deaf]\ncommand = [\"python3\", \"-B\", {:?}, \"deaf\"]",
        program("stubborn.py")
    );
    let lab = Lab::with(&crossing(
        "time = \"real\"",
        QUICK,
        "listen = [{ stdin = \"keys\" }]",
        &deaf,
    ));
    let script = r#"[["see", "deaf | pid"], ["modes"], ["type", "\u0003\u0003"]]"#;
    let mut terminal = at_a_terminal(&lab, script, &[]);
    assert_eq!(terminal.told("during "), "lines=False echo=False");
    assert_eq!(terminal.told("code "), "130");
    assert_eq!(terminal.told("after "), "lines=True echo=True");
    terminal.ends_well();
}

#[test]
fn standard_input_and_processes_of_their_own_do_not_go_together() {
    let lab = Lab::with(&crossing(
        "time = \"real\"",
        QUICK,
        "listen = [{ stdin = \"keys\" }]",
        "",
    ));
    let answer = lab.runner(&["scenario.toml", "--processes"]);
    answer
        .ends(2)
        .says(&["--processes: `button` reads standard input, which only the runner has"]);
}

/// A crossing that both checks judge, with a controller of `reckless`.
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
fn a_controller_that_breaks_a_rule_is_found_and_its_rows_are_named() {
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
fn a_check_of_lights_that_are_not_there_says_so() {
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
fn links_that_vary_make_a_right_controller_unsafe() {
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
