//! `runner debug` shows a run forward and back, and executes it again only for what a person
//! does by hand. It leaves the terminal as it was.

use rustix::process::Signal;

use crate::harness::Lab;
use crate::tty::Tty;

/// Machines that send over slow links, a crash, and a property that fails.
const SCENARIO: &str = "\
name = \"lab\"
duration = \"5s\"
seed = 7
[nodes.machine]
count = 3
behavior = \"clock.machine\"
tick_rate = 4
[[links]]
between = [\"machine\", \"machine\"]
latency = \"300ms\"
[[faults]]
at = \"2s\"
for = \"1s\"
crash = [\"machine-2\"]
[[property]]
name = \"small\"
always = \"clock < 9\"
";

/// The events of the run in the order of their times, as its logs have them: time, node,
/// event.
fn logged(lab: &Lab, scenario: &str) -> Vec<(u64, String, String)> {
    let arguments = [scenario, "--no-report", "--quiet", "--out", "out"];
    lab.runner(&arguments);
    let mut rows = Vec::new();
    for node in ["machine-1", "machine-2", "machine-3"] {
        let log = lab.table(&format!("out/runs/0001/{node}.csv"));
        let times = log.texts("time_ns").into_iter();
        for (time, event) in times.zip(log.texts("event")) {
            rows.push((time.parse().unwrap(), node.to_owned(), event.to_owned()));
        }
    }
    std::fs::remove_dir_all(lab.path("out")).unwrap();
    rows.sort_by_key(|row| row.0);
    rows
}

/// The number of the event on the first line, and its time `[ns]`.
fn position(screen: &str) -> (usize, u64) {
    let first = screen.lines().next().unwrap();
    let mut parts = first.split(" | ");
    let number = parts.nth(1).unwrap().trim_start_matches("event ");
    let number = number.split('/').next().unwrap().parse().unwrap();
    let (time, unit) = parts.next().unwrap().split_once(' ').unwrap();
    let scale = match unit {
        "s" => 1e9,
        "ms" => 1e6,
        "us" => 1e3,
        _ => 1.0,
    };
    let time: f64 = time.parse().unwrap();
    (number, (time * scale).round() as u64)
}

/// The line of the event log that has the number of the present event.
fn present(screen: &str) -> String {
    let (number, _) = position(screen);
    let is_own = |line: &&str| {
        let line = line.trim_start_matches(['\u{2502}', '!', '*', ' ']);
        line.starts_with(&format!("{number}  "))
    };
    screen.lines().find(is_own).unwrap_or_default().to_owned()
}

/// Types a key that goes to another event, and returns the screen there.
fn goes(tty: &mut Tty, keys: &str) -> String {
    let before = position(&tty.screen()).0;
    tty.types(keys);
    tty.shows_when("another event", |screen| {
        screen.lines().count() > 3 && position(screen).0 != before && !present(screen).is_empty()
    })
}

fn started(lab: &Lab) -> Tty {
    let tty = Tty::start(lab, &["debug", "scenario.toml"], 30, 120);
    tty.shows("event 0/");
    tty
}

#[test]
fn each_key_goes_to_its_event_forward_and_back() {
    let lab = Lab::with(SCENARIO);
    let rows = logged(&lab, "scenario.toml");
    let first = |event: &str| rows.iter().find(|row| row.2 == event).unwrap().clone();
    let last = |event: &str| rows.iter().rfind(|row| row.2 == event).unwrap().clone();
    let mut tty = started(&lab);
    // Events.
    assert_eq!(position(&goes(&mut tty, "n")).0, 1);
    assert_eq!(position(&goes(&mut tty, "\x1b[C")).0, 2);
    assert_eq!(position(&goes(&mut tty, "p")).0, 1);
    assert_eq!(position(&goes(&mut tty, "\x1b[D")).0, 0);
    // Sends and receives.
    for (forward, back, event) in [("s", "S", "send"), ("r", "R", "receive")] {
        let screen = goes(&mut tty, forward);
        let (time, node, _) = first(event);
        assert_eq!(position(&screen).1, time);
        assert!(
            present(&screen).contains(&format!("{node}: {event}")),
            "{screen}"
        );
        let screen = goes(&mut tty, "\x1b[F");
        assert_eq!(position(&screen).1, 5_000_000_000);
        let screen = goes(&mut tty, back);
        let (time, _, _) = last(event);
        assert_eq!(position(&screen).1, time);
        goes(&mut tty, "\x1b[H");
    }
    // Failures, with the line of the scenario.
    let screen = goes(&mut tty, "f");
    assert!(screen.contains("property `small` failed"), "{screen}");
    assert!(
        screen.contains("scenario.toml:17:10: always = \"clock < 9\""),
        "{screen}"
    );
    assert!(
        screen.contains("here:") && screen.contains("clock=9"),
        "{screen}"
    );
    let failing = position(&screen).0;
    tty.after("f", "no further record of a failure");
    goes(&mut tty, "\x1b[F");
    assert_eq!(position(&goes(&mut tty, "F")).0, failing);
    // Of a node.
    goes(&mut tty, "\x1b[H");
    tty.after("/machine-2\r", "inbox of machine-2");
    let screen = goes(&mut tty, ".");
    assert!(present(&screen).contains("machine-2"), "{screen}");
    let screen = goes(&mut tty, "\x1b[F");
    assert!(position(&screen).0 > 0);
    let screen = goes(&mut tty, ",");
    assert!(present(&screen).contains("machine-2"), "{screen}");
    // To a time and to a number.
    let screen = goes(&mut tty, "t2.5s\r");
    assert!(position(&screen).1 <= 2_500_000_000);
    assert!(screen.contains("machine-2 down"), "{screen}");
    assert!(
        screen.contains("! crash machine-2 at 2 s for 1 s"),
        "{screen}"
    );
    assert_eq!(position(&goes(&mut tty, "g17\r")).0, 17);
    tty.after("g99999\r", "`99999` is no event: expected 0 to");
    tty.types("\x1b");
    tty.shows_when("no question", |screen| !screen.contains("event number"));
    tty.after("tsoon\r", "`soon` is no time");
    tty.types("\x1b");
    tty.shows_when("no question", |screen| !screen.contains("run to"));
    // Stops.
    goes(&mut tty, "\x1b[H");
    tty.after(
        "bclock == 5 and node == 'machine-3'\r",
        "1 event stops there",
    );
    let screen = goes(&mut tty, "c");
    assert!(
        screen.contains("machine-3") && screen.contains("clock=5"),
        "{screen}"
    );
    assert!(screen.contains("stopped: clock == 5"), "{screen}");
    let stop = position(&screen).0;
    tty.after("c", "no further stop");
    goes(&mut tty, "\x1b[F");
    assert_eq!(position(&goes(&mut tty, "C")).0, stop);
    tty.after("bclck > 1\r", "column 1: ");
    tty.types("\x1b");
    tty.after("B", "no more stops");
    // Why.
    goes(&mut tty, "\x1b[Hr");
    let at = position(&tty.screen()).0;
    let screen = tty.after("w", "of the events before led to it");
    assert!(screen.contains(&format!("why event {at}: ")), "{screen}");
    let screen = goes(&mut tty, "p");
    assert!(position(&screen).0 < at);
    tty.types("w");
    tty.shows_when("all events", |screen| !screen.contains("why event"));
    // Selection, the other pane, help.
    tty.after("/machine-1\r", "inbox of machine-1");
    tty.after("j", "inbox of machine-2");
    tty.after("\x1b[B", "inbox of machine-3");
    tty.after("k", "inbox of machine-2");
    tty.after("\x1b[A", "inbox of machine-1");
    tty.after("\x1b[6~", "inbox of machine-3");
    tty.after("\x1b[5~", "inbox of machine-1");
    tty.after("?", "deliver the selected message now");
    tty.types("?");
    tty.shows("under way");
    tty.types("q");
    assert_eq!(tty.ends().0, 0);
}

#[test]
fn inboxes_and_messages_under_way_are_those_of_the_event() {
    let lab = Lab::with(SCENARIO);
    let mut tty = started(&lab);
    let screen = goes(&mut tty, "s");
    assert!(!screen.contains("under way (0)"), "{screen}");
    assert!(screen.contains("in 300 ms machine-"), "{screen}");
    // The first message arrives after 300 ms, and waits for the next tick.
    let (_, sent) = position(&screen);
    let screen = goes(&mut tty, &format!("t{}ns\r", sent + 300_000_000));
    assert_eq!(position(&screen).1, sent + 300_000_000);
    assert!(screen.contains("inbox 1"), "{screen}");
    let screen = goes(&mut tty, "r");
    assert!(position(&screen).1 > sent + 300_000_000);
    tty.types("q");
    tty.ends();
}

#[test]
fn what_is_done_by_hand_is_executed_saved_and_done_again() {
    let lab = Lab::with(SCENARIO);
    let mut tty = started(&lab);
    let sent = goes(&mut tty, "s");
    let first = present(&sent);
    tty.types("\t");
    // Drop, undo, and drop again.
    let dropped = goes(&mut tty, "x");
    assert!(present(&dropped).contains("[dropped by hand]"), "{dropped}");
    assert!(dropped.contains("1 by hand"), "{dropped}");
    let at = position(&dropped).0;
    tty.after("u", "the last intervention is taken back");
    tty.after("u", "nothing was done by hand");
    goes(&mut tty, &format!("g{}\r", at - 1));
    assert_eq!(
        present(&tty.screen()),
        first,
        "what was before is as it was"
    );
    goes(&mut tty, "x");
    // Crash.
    goes(&mut tty, "t1s\r");
    tty.types("/machine-3\r");
    tty.shows("inbox of machine-3");
    let crashed = goes(&mut tty, "K500ms\r");
    assert!(crashed.contains("machine-3 down"), "{crashed}");
    assert!(crashed.contains("by hand"), "{crashed}");
    tty.after("K", "machine-3 is down here");
    // A replay file and a scenario.
    tty.after("ohand.replay.toml\r", "written: hand.replay.toml");
    let saved = tty.after("ohand.toml\r", "it has the same records");
    assert!(!saved.contains("the same records up to"), "{saved}");
    tty.after("ohand.toml\r", "hand.toml exists");
    tty.types("\x1b");
    tty.shows_when("no question", |screen| !screen.contains("write to"));
    let end = goes(&mut tty, "\x1b[F");
    tty.types("q");
    let (code, left) = tty.ends();
    assert_eq!(code, 0);
    assert!(
        !left.contains("[[intervention]]"),
        "it is in a file: {left}"
    );
    let replay = ["debug", "scenario.toml", "--replay", "hand.replay.toml"];
    let mut tty = Tty::start(&lab, &replay, 30, 120);
    tty.shows("2 by hand");
    let again = goes(&mut tty, "\x1b[F");
    let first = |screen: &str| screen.lines().next().unwrap().trim_end().to_owned();
    assert_eq!(first(&again), first(&end));
    assert_eq!(present(&again), present(&end));
    tty.types("q");
    tty.ends();
    // The scenario runs without the debugger, and has the crash.
    let rows = logged(&lab, "hand.toml");
    let crash = |row: &&(u64, String, String)| row.2 == "crash" && row.1 == "machine-3";
    assert_eq!(rows.iter().filter(crash).count(), 1);
    assert!(rows.iter().any(|row| row.2 == "drop"));
}

#[test]
fn a_message_is_delivered_first() {
    let lab = Lab::with(SCENARIO);
    let mut tty = started(&lab);
    let sent = goes(&mut tty, "s");
    tty.types("\t");
    let delivered = goes(&mut tty, "d");
    assert_eq!(position(&delivered).1, position(&sent).1, "at once");
    assert!(
        present(&delivered).contains("[delivered by hand]"),
        "{delivered}"
    );
    tty.after(
        "ofirst.toml\r",
        "a scenario cannot say that a message is delivered first",
    );
    tty.types("\x1b");
    tty.shows_when("no question", |screen| !screen.contains("write to"));
    // It is in no file: it is printed at the end.
    tty.types("q");
    let (_, left) = tty.ends();
    assert!(
        left.contains("[[intervention]]") && left.contains("deliver = {"),
        "{left}"
    );
}

#[test]
fn the_view_fits_every_size_and_follows_a_change_of_it() {
    let lab = Lab::with(SCENARIO);
    let mut tty = Tty::start(&lab, &["debug", "scenario.toml"], 24, 80);
    let screen = tty.shows("shows the keys");
    for pane in [
        "nodes (3)",
        "under way (0)",
        "inbox of",
        "faults, links",
        "events",
        "small",
    ] {
        assert!(screen.contains(pane), "{pane}: {screen}");
    }
    assert_eq!(screen.lines().count(), 24);
    tty.resize(50, 200);
    let screen = tty.shows_when("200 columns", |screen| {
        screen.lines().count() == 50 && screen.lines().any(|line| line.chars().count() == 200)
    });
    assert!(screen.contains("faults, links of machine-1"), "{screen}");
    // Too small for anything: nothing breaks.
    tty.resize(3, 12);
    tty.types("nnn");
    tty.resize(24, 80);
    tty.shows("event 3/");
    tty.types("q");
    tty.ends();
}

/// Whether there is a sequence that sets a colour.
fn has_color(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let sets = text
        .split("\x1b[")
        .skip(1)
        .filter_map(|it| it.split_once('m'));
    let mut numbers = sets
        .flat_map(|it| it.0.split(';'))
        .filter_map(|it| it.parse::<u32>().ok());
    numbers.any(|it| (30..=38).contains(&it) || (40..=48).contains(&it) || it >= 90)
}

#[test]
fn colours_follow_the_environment_and_the_option() {
    let lab = Lab::with(SCENARIO);
    let shown = |arguments: &[&str], environment: &[(&str, &str)]| {
        let arguments = [&["debug", "scenario.toml"], arguments].concat();
        let mut tty = Tty::with(&lab, &arguments, 24, 80, environment);
        tty.shows("event 0/");
        tty.after("f", "here:");
        let bytes = tty.bytes();
        tty.types("q");
        tty.ends();
        has_color(&bytes)
    };
    assert!(shown(&[], &[]));
    assert!(!shown(&[], &[("NO_COLOR", "1")]));
    assert!(!shown(&["--color", "never"], &[]));
}

#[test]
fn a_slow_line_gets_the_last_frame_and_not_each() {
    let lab = Lab::with(SCENARIO);
    let mut tty = Tty::start(&lab, &["debug", "scenario.toml"], 50, 200);
    tty.shows("event 0/");
    tty.after("\x1b[F", "the run ends");
    tty.after("\x1b[H", "event 0/");
    let frames = |tty: &Tty| {
        let bytes = tty.bytes();
        let begins = b"\x1b[?2026h";
        bytes
            .windows(begins.len())
            .filter(|it| it == begins)
            .count()
    };
    let before = frames(&tty);
    tty.hold(true);
    for _ in 0..10 {
        tty.types("nnnnn\x1b[F\x1b[H");
    }
    tty.types("nnn");
    tty.hold(false);
    tty.shows("event 3/");
    // There were 73 keys.
    let drawn = frames(&tty) - before;
    assert!(drawn < 40, "{drawn} frames");
    tty.types("q");
    tty.ends();
}

/// More than the system keeps of what a program writes to a terminal that nobody reads
/// `[bytes]`: 4,096 for the reader and 8,192 on the way, rounded up to pages.
const KEPT: usize = 20_000;

#[test]
fn a_change_of_size_and_a_key_during_a_frame_are_not_lost() {
    let lab = Lab::with(SCENARIO);
    let is_wide = |cols: usize| {
        move |screen: &str| screen.lines().map(|line| line.chars().count()).max() == Some(cols)
    };
    // The first frame: nothing but the change says that there is something to draw.
    let mut tty = Tty::held_in_frame(&lab, &["debug", "scenario.toml"], 400, 900);
    let read = tty.until_held();
    tty.resize(390, 880);
    tty.hold(false);
    tty.shows_when("880 columns", is_wide(880));
    let frame = tty.bytes().len() - read;
    assert!(frame > KEPT, "a frame of {frame} bytes is written at once");
    // Another frame: the change, and a key after it.
    tty.hold_in_frame();
    tty.resize(400, 900);
    let read = tty.until_held();
    tty.resize(380, 860);
    tty.has_taken_signals();
    tty.types("n");
    tty.hold(false);
    tty.shows("event 1/");
    tty.shows_when("860 columns", is_wide(860));
    let frame = tty.bytes().len() - read;
    assert!(frame > KEPT, "a frame of {frame} bytes is written at once");
    tty.types("q");
    tty.ends();
}

#[test]
fn however_it_ends_the_terminal_is_as_it_was() {
    let lab = Lab::with(SCENARIO);
    let mut tty = started(&lab);
    tty.types("\x03");
    assert_eq!(tty.ends().0, 130, "ctrl-c");
    let tty = started(&lab);
    tty.signal(Signal::TERM);
    assert_eq!(tty.ends().0, 143, "SIGTERM");
    let mut tty = started(&lab);
    tty.types("q");
    assert_eq!(tty.ends().0, 0, "q");
}

/// Set in the process of the test below that panics.
const PANICS: &str = "VIEW_PANICS";

#[test]
fn a_panic_leaves_the_terminal_as_it_was_and_its_message_readable() {
    if std::env::var_os(PANICS).is_some() {
        let (_screen, _canvas) = debug::screen::open().unwrap();
        panic!("a mistake in the view");
    }
    let own = std::env::current_exe().unwrap();
    let name = "debug::a_panic_leaves_the_terminal_as_it_was_and_its_message_readable";
    let tty = Tty::program(
        &Lab::new(),
        own.to_str().unwrap(),
        &["--exact", name, "--nocapture"],
        (24, 80),
        &[(PANICS, "1"), ("RUST_BACKTRACE", "0")],
    );
    let (code, screen) = tty.ends();
    assert_ne!(code, 0);
    assert!(screen.contains("a mistake in the view"), "{screen}");
}

#[test]
fn what_cannot_be_shown_is_refused_with_a_way_out() {
    let lab = Lab::with(SCENARIO);
    lab.runner(&["debug", "scenario.toml"])
        .ends(2)
        .says(&["no terminal to draw on"]);
    let real = ["debug", "scenario.toml", "--time", "real"];
    lab.runner(&real)
        .ends(2)
        .says(&["runs in real time", "--time virtual", "--live"]);
    lab.runner(&["debug", "."])
        .ends(2)
        .says(&["name one scenario file"]);
    let many = ["debug", "scenario.toml", "--run", "9"];
    lab.runner(&many).ends(2).says(&["`lab` has 1 run"]);
    lab.write(
        "bad.replay.toml",
        "[[intervention]]\nat = \"1s\"\ncrash = \"machine-9\"\n[[intervention]]\ndrop = { from = \"machine-1\", message = 1, to = \"nobody\" }\n",
    );
    let replay = ["debug", "scenario.toml", "--replay", "bad.replay.toml"];
    lab.runner(&replay).ends(2).says(&[
        "bad.replay.toml:3:9: the run has no node `machine-9`",
        "bad.replay.toml:5:",
        "the run has no node `nobody`",
    ]);
    let none = ["debug", "scenario.toml", "--replay", "none.toml"];
    lab.runner(&none)
        .ends(2)
        .says(&["none.toml: cannot be read"]);
}
