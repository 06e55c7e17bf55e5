//! How runs in real time end: by a signal, a kill, or never. What stops them before they
//! begin: a port in use, too many sockets. And a run that is late warns.

use std::fs;
use std::io::Write;
use std::net::TcpListener;

use rustix::process::Signal;

use crate::harness::{Answer, Lab};
use crate::real_live::{
    Beside, Live, address_in, echo_server, is_running, listen, program, python, until,
};

/// Three machines, a time server and a program, without an end.
fn endless() -> String {
    format!(
        "name = \"endless\"\ntime = \"real\"\n\
         [nodes.machine]\ncount = 3\nbehavior = \"clock.machine\"\ntick_rate = 100\n\
         [nodes.server]\nbehavior = \"echo.time\"\nconfig = {{ format = \"%s.%N\" }}\n{}\
         [nodes.program]\ncommand = [\"python3\", \"-B\", {:?}, \"polite\"]\n\
         [[links]]\nbetween = [\"machine\", \"machine\"]\n",
        listen("server", "line"),
        program("stubborn.py")
    )
}

/// The time of day `[s]`, from the time server of the run.
fn now(live: &Live, address: &str) -> f64 {
    live.client("time", address, "").trim().parse().unwrap()
}

/// Waits until a run has lasted so many seconds. Returns how long it has lasted at least.
fn reaches(live: &Live, address: &str, seconds: f64) -> f64 {
    let begin = now(live, address);
    let lasted = || now(live, address) - begin;
    until("the run goes on", || lasted() >= seconds);
    lasted()
}

#[test]
fn a_signal_stops_the_run_and_keeps_its_results() {
    crate::harness::needs_python!();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut live = Live::start(&endless());
        let address = live.address("server");
        let pid = live.runner.told("program | pid ");
        reaches(&live, &address, 0.3);
        live.runner.signal(signal);
        let answer = live.end().ends(code);
        assert!(answer.out.contains("results: out\n"), "{}", answer.out);
        assert!(!is_running(&pid));
        let runs = live.lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["stopped"]);
        for node in ["machine-1", "machine-2", "machine-3", "server"] {
            let log = live.lab.table(&format!("out/runs/0001/{node}.csv"));
            let events = log.texts("event");
            assert_eq!(events.first(), Some(&"start"));
            assert_eq!(events.last(), Some(&"stop"));
        }
        let log = live.lab.table("out/runs/0001/machine-1.csv");
        let steps = log.numbers("step").last().copied().unwrap();
        assert!(steps >= 29.0, "{steps}");
        assert!(live.lab.path("out/runs/0001/lag.csv").exists());
    }
}

#[test]
fn a_second_signal_ends_the_runner_at_once() {
    crate::harness::needs_python!();
    let deaf = format!(
        "[nodes.program]\ncommand = [\"python3\", \"-B\", {:?}, \"deaf\"]",
        program("stubborn.py")
    );
    let mut live = Live::start(&echo_server("line", &deaf));
    let address = live.address("server");
    let pid = live.runner.told("program | pid ");
    live.runner.signal(Signal::INT);
    // The runner has begun to end once it serves no more clients.
    until("it begins to end", || {
        let asked = ["send", &format!("tcp://{address}"), "?", "--timeout", "1s"];
        live.lab.runner(&asked).code != Some(0)
    });
    // What comes right after the first signal is the first one again.
    until("the second signal ends it", || {
        live.runner.signal(Signal::INT);
        !is_running(&live.runner.pid().to_string())
    });
    live.end().ends(130);
    until("its program is gone", || !is_running(&pid));
}

#[test]
fn signals_that_come_at_once_are_one() {
    crate::harness::needs_python!();
    for count in [2, 5] {
        let mut live = Live::start(&endless());
        let address = live.address("server");
        reaches(&live, &address, 0.1);
        for _ in 0..count {
            live.runner.signal(Signal::INT);
        }
        let answer = live.end().ends(130);
        assert!(answer.out.contains("results: out\n"), "{}", answer.out);
        let runs = live.lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["stopped"]);
    }
}

/// Presses Ctrl-C on a terminal that runs a command, once it has printed an address.
const CTRL_C: &str = "
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
out, pressed = b'', False
while True:
    try: piece = os.read(terminal, 65536)
    except OSError: break
    if not piece: break
    out += piece
    if b'listens on' in out and b'pid ' in out and not pressed:
        pressed = True
        os.write(terminal, b'\\x03')
sys.stdout.write(out.decode().replace('\\r', ''))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)";

#[test]
fn one_ctrl_c_is_one_signal_under_timeout_make_and_a_script() {
    crate::harness::needs_python!();
    let runner = env!("CARGO_BIN_EXE_runner");
    let run = format!("{runner} scenario.toml --no-report --out");
    for (what, command) in [
        ("alone", format!("exec {run} out")),
        ("script", format!("{run} out\nexit $?")),
        ("timeout", format!("exec timeout --foreground 5m {run} out")),
        (
            "make",
            format!("printf 'all:\\n\\t{run} out\\n' > Makefile; exec make"),
        ),
    ] {
        let lab = Lab::with(&endless());
        let mut python = lab.program("python3");
        lab.answer(python.args(["-c", CTRL_C, "sh", "-c", &command]));
        let runs = lab.table("out/runs.csv");
        assert_eq!(runs.texts("status"), ["stopped"], "{what}");
        assert!(lab.path("out/runs/0001/machine-1.csv").exists(), "{what}");
    }
    // `timeout` signals the runner, and then its whole process group.
    let lab = Lab::with(&endless());
    let answer = lab.shell(&format!("timeout -s INT 2 {run} out"));
    answer.ends(124);
    assert_eq!(lab.table("out/runs.csv").texts("status"), ["stopped"]);
}

#[test]
fn each_thing_that_is_closed_has_a_line_in_order() {
    crate::harness::needs_python!();
    let arguments = ["-v"];
    let mut live = Live::with(&endless(), &arguments);
    let address = live.address("server");
    live.runner.told("program | pid ");
    let idle = std::net::TcpStream::connect(&address).unwrap();
    let peer = idle.local_addr().unwrap().to_string();
    // The server closes the connection after the time; this one stays open until then.
    reaches(&live, &address, 0.1);
    live.runner.signal(Signal::TERM);
    let answer = live.end().ends(143);
    let at = |words: &str| {
        let found = answer.err.find(words);
        found.unwrap_or_else(|| panic!("{words}: {}", answer.err))
    };
    let places = [
        at("closed the listener of server: tcp "),
        at("ended the program of program: "),
        at("closed the connection between machine-1 and machine-2"),
        at("closed the file machine-1.csv: "),
        at("worker thread 1 of 1 has ended"),
    ];
    assert!(places.is_sorted(), "{}", answer.err);
    assert_eq!(
        answer
            .err
            .matches("between machine-1 and machine-2")
            .count(),
        1
    );
    drop((idle, peer));
}

#[test]
fn connections_that_are_open_at_the_end_have_a_disconnect_row() {
    let mut live = Live::with(&echo_server("line", ""), &["-v"]);
    let address = live.address("server");
    let open = std::net::TcpStream::connect(&address).unwrap();
    let peer = open.local_addr().unwrap().to_string();
    let closed = std::net::TcpStream::connect(&address).unwrap();
    let gone = closed.local_addr().unwrap().to_string();
    drop(closed);
    let log = live.lab.path("out/runs/0001.partial/server.csv");
    until("both are in the log", || {
        let log = fs::read_to_string(&log).unwrap_or_default();
        log.contains(&format!("connect,{peer}")) && log.contains(&format!("disconnect,{gone}"))
    });
    live.runner.signal(Signal::TERM);
    live.end().ends(143).says(&[&format!(
        "closed the connection of server to {peer}: all messages to it were sent"
    )]);
    let log = live.lab.table("out/runs/0001/server.csv");
    for peer in [&peer, &gone] {
        let events = log.only("peer", peer);
        assert_eq!(events.texts("event"), ["connect", "disconnect"]);
    }
    assert_eq!(log.texts("event").last(), Some(&"disconnect"));
}

#[test]
fn a_kill_costs_at_most_the_rows_of_the_last_second() {
    crate::harness::needs_python!();
    let mut live = Live::start(&endless());
    let address = live.address("server");
    live.runner.told("program | pid ");
    let before = reaches(&live, &address, 5.0);
    live.runner.signal(Signal::KILL);
    let (code, _) = live.runner.end();
    assert_eq!(code, None);
    assert!(!live.lab.path("out/runs/0001").exists());
    for node in ["machine-1", "machine-2", "machine-3"] {
        let text = live.lab.read(&format!("out/runs/0001.partial/{node}.csv"));
        // The last line may be incomplete.
        let whole = &text[..text.rfind('\n').unwrap() + 1];
        let log = crate::harness::Table::parse(whole);
        let last = log.numbers("time_ns").last().unwrap() / 1e9;
        // One second, one tick, and as much as a busy machine is late.
        assert!(last > before - 3.0, "{node}: {last} of {before}");
        assert!(log.rows.len() as f64 >= (before - 3.0) * 99.0);
    }
}

#[test]
fn a_killed_run_is_reported_as_unfinished() {
    let mut live = Live::start(
        "name = \"killed\"\ntime = \"real\"\n[nodes.machine]\nbehavior = \"clock.machine\"\n\
         count = 2\ntick_rate = 100\n",
    );
    let log = "out/runs/0001.partial/machine-2.csv";
    let path = live.lab.path(log);
    until("rows are on disk", || {
        fs::metadata(&path).is_ok_and(|file| file.len() > 1000)
    });
    live.runner.signal(Signal::KILL);
    assert_eq!(live.runner.end().0, None);
    // An incomplete last line, as a kill may leave it.
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"9999999").unwrap();
    live.lab
        .runner(&["report", "out", "--out", "again"])
        .ends(4)
        .says(&["1 of 1 run is missing: 1"]);
    let report = live.lab.read("again/report.md");
    for part in [
        "Run 1 is unfinished",
        "rows in `runs/0001.partial`",
        "| machine-1 |",
    ] {
        assert!(report.contains(part), "no {part:?} in {report}");
    }
    // `report` changes no log.
    assert!(live.lab.read(log).ends_with("9999999"));
    // The report says so if there are no rows.
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    fs::create_dir(path.parent().unwrap()).unwrap();
    live.lab.runner(&["report", "out", "--out", "more"]).ends(4);
    let report = live.lab.read("more/report.md");
    assert!(
        report.contains("what it wrote is in `runs/0001.partial`"),
        "{report}"
    );
}

#[test]
fn a_port_in_use_names_the_node_and_what_to_change() {
    crate::harness::needs_python!();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let scenario = echo_server("line", "").replace("127.0.0.1:0", &address.to_string());
    let lab = Lab::with(&scenario);
    let answer = lab.runner(&["scenario.toml"]).ends(2).says(&[
        &format!("node `server` cannot listen on {address}: Address already in use"),
        "end the program that uses it, or change the node's `listen`; port 0 takes any free one",
    ]);
    assert_eq!(answer.out, "");
    assert!(!lab.path("results/live/latest").exists());
    let left = std::fs::read_dir(lab.path("results/live")).map_or(0, |it| it.count());
    assert_eq!(left, 0);
}

/// Runs `count` linked machines for 100 ms, with at most 400 file descriptors.
fn mesh(count: u32, links: &str) -> Answer {
    let lab = Lab::with(&format!(
        "name = \"mesh\"\ntime = \"real\"\nduration = \"100ms\"\n\
         [nodes.machine]\ncount = {count}\nbehavior = \"clock.machine\"\n\
         tick_rate = 50\n{links}\n"
    ));
    lab.shell("ulimit -n 400; \"$RUNNER\" scenario.toml --no-report --out out")
}

#[test]
fn more_links_than_file_descriptors_are_refused_and_channels_need_none() {
    crate::harness::needs_python!();
    // Thirty nodes, 435 pairs, two ends each.
    mesh(30, "").ends(2).says(&[
        "the links between 30 nodes need 870 sockets, and this process may open ",
        "give the links transport = \"channel\", or raise the limit (ulimit -n)",
    ]);
    let with = |transport| {
        format!("[[links]]\nbetween = [\"machine\", \"machine\"]\ntransport = \"{transport}\"")
    };
    mesh(30, &with("channel")).ends(0);
    mesh(30, &with("udp")).ends(0);
    // One UDP socket for each of 500 nodes is too many.
    mesh(500, &with("channel")).ends(0);
    mesh(500, &with("udp")).ends(2).says(&[
        "the links between 500 nodes need 500 sockets",
        "transport = \"channel\"",
    ]);
}

#[test]
fn clients_beyond_the_file_descriptors_wait_and_the_others_are_served() {
    crate::harness::needs_python!();
    let lab = Lab::with(&echo_server("decimal10", ""));
    let mut command = lab.program("sh");
    let script = "ulimit -n 60; exec \"$RUNNER\" scenario.toml --no-report --out out";
    let runner = env!("CARGO_BIN_EXE_runner");
    let mut live = Beside::start(command.args(["-c", script]).env("RUNNER", runner));
    let address = address_in(&live.told("server listens on "));
    let mut good = python(&["clients.py", "good", &address]);
    good.told("good");
    let mut idle = python(&["clients.py", "idle", &address, "100"]);
    idle.told("idle");
    let out = good.ends_well();
    assert!(out.contains("served "), "{out}");
    // Some of the idle clients have no connection yet and would wait: all of them close.
    drop(idle);
    python(&["clients.py", "in-a-row", &address, "100"]).ends_well();
    live.signal(Signal::INT);
    assert_eq!(live.end().0, Some(130));
    // The log could be written.
    let log = lab.table("out/runs/0001/server.csv");
    assert!(log.only("event", "receive").rows.len() >= 60);
}

#[test]
fn a_late_run_warns() {
    crate::harness::needs_python!();
    let lab = Lab::with(
        "name = \"late\"\ntime = \"real\"\nspeed = 100000\nduration = \"60s\"\n\
         [nodes.machine]\ncount = 400\nbehavior = \"clock.machine\"\ntick_rate = 6\n\
         [[links]]\nbetween = [\"machine\", \"machine\"]\ntransport = \"channel\"\n",
    );
    lab.runner(&["scenario.toml", "--no-report", "-q", "--out", "out"])
        .ends(0)
        .says(&[
            "warning: run 1: ticks and timers were late: one in a hundred by ",
            "; late nodes: machine-1, machine-2, machine-3, 397 more\n",
        ]);
    let lag = lab.table("out/runs/0001/lag.csv");
    // No tick was left out.
    assert!(lag.numbers("due")[0] >= 400.0 * 360.0);
    let [p50, p99, max, bound] =
        ["lag_p50_ns", "lag_p99_ns", "lag_max_ns", "bound_ns"].map(|column| lag.numbers(column)[0]);
    assert!(p50 <= p99 && p99 <= max && bound < p99);
}

#[test]
fn lags_and_durations_are_told_in_wall_time_and_for_each_node() {
    // A run stops for 50 ms of wall time: 5 s of its own time, in which 100 ticks of
    // each of two nodes and the only timer of a third fall due.
    let lab = Lab::with(
        "name = \"fast\"\ntime = \"real\"\nspeed = 100\nduration = \"30s\"\n\
         [nodes.machine]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 20\n\
         [nodes.quiet]\nbehavior = \"clock.machine\"\n\
         [[links]]\nbetween = [\"machine\", \"machine\"]\n",
    );
    lab.runner(&["scenario.toml", "--out", "out"]).ends(0);
    let lag = lab.table("out/runs/0001/lag.csv");
    assert_eq!(lag.texts("node"), ["", "machine-1", "machine-2"]);
    assert_eq!(lag.numbers("due"), [1200.0, 600.0, 600.0]);
    // The whole run takes 300 ms, so nothing can be later than that by the wall clock,
    // unless the machine is very busy; in the time of the run, 1 ms is 100 ms.
    let wall = lab.table("out/runs.csv").numbers("wall_s")[0];
    assert!(wall >= 0.3);
    assert!(lag.numbers("lag_max_ns")[0] <= wall * 1e9);
    let report = lab.read("out/report.md");
    for words in [
        "30 s each, at 100 times real time: 0.3 s by the wall clock",
        "| wall \\[s\\] |",
        "Did the machine keep up?",
        "| machine-2 | 1 | 600 |",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
}

#[test]
fn a_run_without_an_end_goes_on_until_it_is_stopped() {
    crate::harness::needs_python!();
    let mut live = Live::start(&echo_server("decimal10", ""));
    let address = live.address("server");
    live.client("in-a-row", &address, "10");
    let mut good = python(&["clients.py", "good", &address]);
    good.told("good");
    good.ends_well();
    live.stop();
}
