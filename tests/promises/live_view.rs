//! `runner run --live` shows a run in real time while it happens, lets a person act on it, and
//! shows the runs of a sweep as they end. Where there is no terminal, the output is plain.

use rustix::process::Signal;

use crate::harness::Lab;
use crate::tty::Tty;

/// A crossing in real time whose north-south green is long, unless the button is pressed.
const CROSSING: &str = "\
name = \"crossing\"
time = \"real\"
[nodes.controller]
behavior = \"traffic.controller\"
config = { east_west_green = \"200ms\", yellow = \"100ms\", north_south_green = \"300s\", \
           north_south_min_green = \"100ms\" }
[nodes.east_west]
behavior = \"traffic.light\"
[nodes.north_south]
behavior = \"traffic.light\"
[nodes.button]
behavior = \"traffic.button\"
listen = [{ stdin = \"keys\" }]
[[links]]
between = [\"controller\", \"*\"]
";

/// A chain of echoes in real time.
const ECHO: &str = "\
name = \"echoes\"
time = \"real\"
[nodes.server]
behavior = \"echo.server\"
config = { transform = \"upper\" }
[[nodes.server.listen]]
tcp = \"127.0.0.1:0\"
framing = \"line\"
";

/// Machines in real time that send to each other all the time.
const MACHINES: &str = "\
name = \"machines\"
time = \"real\"
[nodes.machine]
count = 2
behavior = \"clock.machine\"
tick_rate = 20
config = { faces = 3 }
";

const SWEEP: &str = "\
name = \"sweep\"
runs = 40
duration = \"20s\"
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = { uniform_int = [1, 6] }
[[expect]]
metric = \"queue_max\"
nodes = \"machine\"
at_most = 12
[matrix.axes.faces]
path = \"nodes.machine.config.faces\"
values = [10, 5]
";

fn live(scenario: &str) -> (Lab, Tty) {
    let lab = Lab::with(scenario);
    let run = [
        "run",
        "scenario.toml",
        "--live",
        "--no-report",
        "--out",
        "out",
    ];
    let tty = Tty::start(&lab, &run, 30, 120);
    tty.shows("event ");
    (lab, tty)
}

/// The number of the event on the first line.
fn event(screen: &str) -> usize {
    let first = screen.lines().next().unwrap_or_default();
    let after = first.split("event ").nth(1).unwrap_or_default();
    after
        .split('/')
        .next()
        .unwrap_or_default()
        .parse()
        .unwrap_or(0)
}

#[test]
fn the_button_is_pressed_in_the_view_and_the_lights_change() {
    let (lab, mut tty) = live(CROSSING);
    tty.shows_when("all nodes up", |screen| screen.matches(" up ").count() >= 4);
    // North-south is green, and would be for minutes.
    tty.shows_when("the green of north-south", |screen| {
        screen.contains("north_south=G")
    });
    tty.types(" ");
    // Yellow and red are short; the next green stays.
    tty.shows_when("the next green of north-south", |screen| {
        screen.contains("north_south up   step 5 colour=G")
    });
    tty.types("q");
    let (code, screen) = tty.ends();
    assert_eq!(code, 130, "{screen}");
    assert!(screen.contains("results: out"), "the usual end: {screen}");
    let log = lab
        .table("out/runs/0001/controller.csv")
        .only("event", "press");
    assert_eq!(log.rows.len(), 1);
    let light = lab.table("out/runs/0001/north_south.csv");
    assert_eq!(light.texts("colour"), ["R", "R", "G", "Y", "R", "G", "G"]);
}

#[test]
fn a_message_is_sent_by_hand_and_the_reply_is_shown() {
    let (lab, mut tty) = live(ECHO);
    tty.after("ehello there\r", "HELLO THERE");
    tty.after("esecond\r", "SECOND");
    // Looking back stops the view, and the end follows again.
    tty.after("\x1b[H", "looking back");
    tty.types("\x1b[F");
    tty.shows_when("the last event", |screen| !screen.contains("looking back"));
    tty.after("d", "a run in real time cannot be executed again");
    let help = tty.after("?", "send a message to the selected node");
    assert!(!help.contains("drop the selected message"), "{help}");
    tty.signal(Signal::TERM);
    assert_eq!(tty.ends().0, 143);
    let log = lab.table("out/runs/0001/server.csv");
    assert_eq!(
        log.only("event", "receive").texts("peer"),
        ["by-hand", "by-hand"]
    );
    assert!(lab.read("out/runs/0001/server.log").contains("HELLO THERE"));
}

#[test]
fn a_node_is_cut_off_and_linked_again_by_a_key() {
    let (lab, mut tty) = live(MACHINES);
    tty.shows_when("messages", |screen| event(screen) > 20);
    tty.after("X", "machine-1 is cut off");
    tty.shows_when("a message that is lost", |screen| {
        screen.contains("drop from")
    });
    tty.after("H", "all are linked again");
    let at = event(&tty.screen());
    tty.shows_when("a later event", |screen| {
        event(screen) > at + 20 && screen.contains("receive from") && !screen.contains("drop from")
    });
    tty.types("\x03");
    assert_eq!(tty.ends().0, 130);
    let log = lab.read("out/runs/0001/machine-1.log");
    assert!(
        log.contains("by hand: cut off") && log.contains("linked again"),
        "{log}"
    );
}

#[test]
fn a_sweep_shows_its_cases_and_ends_with_the_usual_summary() {
    let lab = Lab::with(SWEEP);
    let run = [
        "run",
        "scenario.toml",
        "--live",
        "--no-report",
        "--jobs",
        "1",
        "--log",
        "off",
        "--out",
        "out",
    ];
    let tty = Tty::start(&lab, &run, 24, 80);
    let (_, screen) = {
        tty.shows_when("the sweep, or its end", |screen| {
            screen.contains("cases (2") || screen.contains("results: out")
        });
        tty.ends()
    };
    assert!(screen.contains("results: out"), "{screen}");
    let lab = Lab::with(&SWEEP.replace("runs = 40", "runs = 4000"));
    let mut tty = Tty::start(&lab, &run, 24, 80);
    let screen = tty.shows_when("some runs", |screen| {
        screen.contains("% failed [") && screen.contains("slowest") && screen.contains("runs/s")
    });
    assert!(screen.contains("of 8000 runs"), "{screen}");
    tty.resize(50, 200);
    tty.shows_when("200 columns", |screen| screen.lines().count() == 50);
    tty.types("q");
    let (code, screen) = tty.ends();
    assert_eq!(code, 130, "{screen}");
}

#[test]
fn without_a_terminal_the_output_is_plain_and_this_is_said_once() {
    let lab = Lab::with(&SWEEP.replace("runs = 40", "runs = 2"));
    let plain = ["scenario.toml", "--no-report", "--out", "plain"];
    let usual = lab.runner(&plain);
    let run = ["scenario.toml", "--live", "--no-report", "--out", "live"];
    let answer = lab.runner(&run);
    assert_eq!(
        answer.err.matches("--live: no terminal to draw on").count(),
        1
    );
    let lines = |text: &str| text.lines().count();
    assert_eq!(lines(&answer.out), lines(&usual.out));
    assert!(!answer.out.contains('\u{1b}'));
}
