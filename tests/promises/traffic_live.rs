//! The traffic plugin in real time: the phases are those of virtual time, lights and button
//! may be programs, and standard input or a keyboard may be the button.

use std::fs;

use crate::harness::Lab;
use crate::real_live::{Beside, Live, program, python};
use crate::traffic::{S, crossing, log};
use crate::waiting::{own_host, until};

#[test]
fn the_phases_are_those_of_virtual_time_at_a_reduced_scale() {
    // A round of 100 s takes 5 s; 20 s are 1 s.
    let scenario = crossing(
        "duration = \"210s\"",
        "",
        "config = { times = [\"10s\", \"45s\", \"140s\"] }",
        "",
    );
    let lab = Lab::with(&scenario);
    lab.run_into("virtual", &[]);
    // At this speed the run is late, measured in its own time, and warns.
    let real = ["--time", "real", "--set", "speed=20.0"];
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
    let presses = |folder: &str| {
        let log = lab.table(&format!("{folder}/runs/0001/controller.csv"));
        log.only("event", "press").numbers("time_ns")
    };
    let (exact, real) = (changes("virtual"), changes("out"));
    let seconds: Vec<u64> = exact.0.iter().map(|ns| ns / S).collect();
    assert_eq!(seconds, [0, 30, 35, 65, 70, 100, 105, 140, 145, 175, 180]);
    assert_eq!((&real.1, &real.2), (&exact.1, &exact.2));
    // A phase is too long by at most what a timer was late, or by what its press was late,
    // which also the button, its message or a busy machine may be the reason of.
    let lag = lab.table("out/runs/0001/lag.csv").numbers("lag_max_ns")[0] as u64;
    let (due, pressed) = (presses("virtual"), presses("out"));
    assert_eq!(due.len(), pressed.len());
    let press_late = due.iter().zip(&pressed).map(|(due, at)| at - due);
    let press_late = press_late.fold(0.0, f64::max) as u64;
    for (pair, real) in exact.0.windows(2).zip(real.0.windows(2)) {
        let (expected, lasted) = (pair[1] - pair[0], real[1] - real[0]);
        let late = 5 * S + 2 * lag + press_late;
        assert!(
            lasted + late >= expected && lasted <= expected + late,
            "{expected} ns lasted {lasted} ns; timers were {lag} ns late, presses {press_late} ns"
        );
    }
}

/// The durations of the tests in real time.
const QUICK: &str = "east_west_green = \"200ms\", yellow = \"100ms\", \
                     north_south_green = \"40s\", north_south_min_green = \"300ms\"";

/// The first four phases in a controller's log: the name of each, and its length `[ns]`.
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

/// Fails unless a press has shortened the first round.
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
fn lights_and_button_may_be_external_programs() {
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
    // The replies of the lights are no presses.
    let received = log(&live.lab, "controller").only("event", "receive");
    assert!(received.texts("peer").contains(&"east_west"));
}

#[test]
fn the_programs_in_scenarios_are_lights_and_a_button() {
    crate::harness::needs_python!();
    // The runner starts the programs, so the scenario names their ports.
    let host = own_host();
    let programs = format!("{}/../scenarios/programs", env!("CARGO_MANIFEST_DIR"));
    let light = |name: &str, port: u16| {
        format!(
            "[nodes.{name}]\nexternal = \"udp://{host}:{port}\"\n\
             command = [\"python3\", \"-B\", \"{programs}/light.py\", \"{name}\", \
             \"{port}\", \"{host}\"]\n"
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
        light("east_west", 10_000),
        light("north_south", 11_000),
    ));
    // A light misses the messages that come before it listens, and no others.
    for light in ["east_west", "north_south"] {
        live.runner.told(&format!("{light} | {light}: R"));
        for colour in ["G", "Y", "R"] {
            live.runner.told(&format!("{light} | {light}: {colour}"));
        }
    }
    live.runner.told("button | pressed");
    let controller = live.lab.path("out/runs/0001.partial/controller.csv");
    until("the press is received", || {
        fs::read_to_string(&controller).is_ok_and(|log| log.contains(",receive,"))
    });
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
    // Two lines, the last one without a newline. The second press is ignored.
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
    // Colours are for terminals only.
    assert!(!lab.read("said").contains('\x1b'));
    assert_eq!(lab.read("out/runs/0001/north_south.log")[..6], *"R\nG\nY\n");
}

/// Starts the runner on a terminal that follows `script`; see `terminal.py`.
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
        "a typed key is not shown"
    );
    terminal.ends_well();
    is_shortened(&lab);
    // One key, of two bytes. The log has no colours.
    let received = log(&lab, "button").only("event", "receive");
    assert_eq!(received.texts("bytes"), ["2"]);
    assert_eq!(
        lab.read("out/runs/0001/east_west.log")[..8],
        *"R\nG\nY\nR\n"
    );
}

#[test]
fn color_never_prints_no_colours_and_ctrl_d_disconnects_the_keyboard() {
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
fn the_terminal_is_restored_when_a_second_signal_ends_the_runner_at_once() {
    crate::harness::needs_python!();
    // A program that ignores SIGTERM: the first signal alone does not end the runner soon.
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
fn standard_input_and_processes_exclude_each_other() {
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
