//! `--processes` runs each node in a process of its own: the results are those of one
//! process, a behavior that fails ends the run for all, a process that dies is one failed
//! node while the others go on, and no process is left behind, however the run ends.

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Answer, Lab};
use crate::real_live::{Live, address_in};
use crate::waiting::{until, whole_lines};

/// Three machines with scripted rolls. Their ticks are at least 80 ms apart, so that a
/// message arrives before the next machine ticks.
const SCRIPTED: &str = "\
name = \"scripted\"
time = \"real\"
duration = \"2500ms\"
[nodes.machine-1]
behavior = \"clock.machine\"
tick_rate = 4
tick_phase = \"20ms\"
config = { script = [1, 4, 2, 4, 3, 4] }
[nodes.machine-2]
extends = \"machine-1\"
tick_rate = 4
tick_phase = \"100ms\"
[nodes.machine-3]
extends = \"machine-1\"
tick_rate = 4
tick_phase = \"180ms\"
";

/// The machines without an end; the run stops once the file `enough` exists.
fn until_enough() -> String {
    let stops = "[nodes.stops]\nbehavior = \"misbehaving.stops\"\ntick_rate = 20\n\
                 config = { file = \"enough\" }\n\
                 [[links]]\nbetween = [\"machine-*\", \"machine-*\"]\n";
    SCRIPTED.replace("duration = \"2500ms\"\n", "") + stops
}

/// A runner that is at work, its nodes in processes of their own.
struct Apart {
    live: Live,
}

impl Apart {
    fn start(scenario: &str, more: &[&str]) -> Apart {
        let live = Live::with(scenario, &[&["--processes"], more].concat());
        Apart { live }
    }

    /// The path of a node's log while the run lasts.
    fn log(&self, node: &str) -> std::path::PathBuf {
        let name = format!("out/runs/0001.partial/{node}.csv");
        self.live.lab.path(&name)
    }

    /// The node processes, each with its name.
    fn nodes(&self) -> Vec<(Pid, String)> {
        let mut nodes = Vec::new();
        for entry in fs::read_dir("/proc").unwrap() {
            let folder = entry.unwrap().path();
            let Some(pid) = folder.file_name().and_then(|it| it.to_str()?.parse().ok()) else {
                continue;
            };
            // A process may be gone by now.
            let Ok(stat) = fs::read_to_string(folder.join("stat")) else {
                continue;
            };
            let after_name = stat.rsplit(')').next().unwrap();
            let parent = after_name.split_whitespace().nth(1).unwrap();
            if parent != self.live.runner.pid().to_string() {
                continue;
            }
            let line = fs::read_to_string(folder.join("cmdline")).unwrap_or_default();
            let mut words = line.split('\0').skip(1);
            if words.next() == Some("node-process") {
                let who = words.next().unwrap().to_owned();
                nodes.push((Pid::from_raw(pid).unwrap(), who));
            }
        }
        nodes
    }

    /// Waits until each node has written a row; returns the node processes.
    fn is_under_way(&self, nodes: &[&str]) -> Vec<(Pid, String)> {
        until("every node has written a row", || {
            nodes.iter().all(|node| whole_lines(&self.log(node)) > 1)
        });
        let found = self.nodes();
        assert_eq!(found.len(), nodes.len(), "{found:?}");
        found
    }

    fn signal(&self, signal: Signal) {
        self.live.runner.signal(signal);
    }

    /// Stops the run of a scenario whose `misbehaving.stops` waits for `enough`.
    fn stop(&self) {
        self.live.lab.write("enough", "");
    }

    /// Waits for the end of the runner and of the processes `nodes`.
    fn end(mut self, nodes: &[(Pid, String)]) -> (Lab, Answer) {
        let answer = self.live.end();
        all_gone(nodes);
        (self.live.lab, answer)
    }
}

#[track_caller]
fn all_gone(nodes: &[(Pid, String)]) {
    for (pid, who) in nodes {
        let line = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        until(&format!("the process of {who} is gone"), || {
            // The system may give the number to another process.
            !fs::read_to_string(&line).is_ok_and(|line| line.contains("node-process"))
        });
    }
}

/// The rows of a node, each without its time.
fn rows(lab: &Lab, out: &str, node: &str) -> Vec<String> {
    let log = lab.read(&format!("{out}/runs/0001/{node}.csv"));
    let untimed = |line: &str| line.split_once(',').unwrap().1.to_owned();
    log.lines().map(untimed).collect()
}

/// Runs the scenario in one process and in several, again until no tick of either run was
/// so late that another tick was due meanwhile.
fn both(scenario: &str) -> Lab {
    for _ in 0..20 {
        let lab = Lab::with(scenario);
        run_into(&lab, "one", &[]);
        run_into(&lab, "several", &["--processes"]);
        let lag = |out: &str| lab.table(&format!("{out}/runs/0001/lag.csv"));
        let lags = ["one", "several"].map(|out| lag(out).texts("lag_max_ns")[0].to_owned());
        let in_time = |lag: &String| lag.is_empty() || lag.parse::<u64>().unwrap() < 60_000_000;
        if lags.iter().all(in_time) {
            return lab;
        }
    }
    panic!("in 20 runs, this machine was late by more than 60 ms in each");
}

/// A run that passes; the only warning may be that the run was late.
fn run_into(lab: &Lab, out: &str, more: &[&str]) {
    let arguments = ["scenario.toml", "--no-report", "--quiet", "--out", out];
    let answer = lab.runner(&[&arguments[..], more].concat()).ends(0);
    let late = "warning: run 1: ticks and timers were late: ";
    assert!(
        answer.err.lines().all(|line| line.starts_with(late)),
        "{}",
        answer.err
    );
}

fn names(lab: &Lab, out: &str) -> BTreeSet<String> {
    lab.files(out).into_keys().collect()
}

#[test]
fn results_are_the_same_in_one_process_and_in_several() {
    let talker = "[nodes.talker]\nbehavior = \"misbehaving.talks\"\ntick_rate = 7\n\
                  [[links]]\nbetween = [\"machine-*\", \"machine-*\"]\n";
    let scenario = format!("{SCRIPTED}{talker}");
    let lab = both(&scenario);
    assert_eq!(names(&lab, "one"), names(&lab, "several"));
    for node in ["machine-1", "machine-2", "machine-3"] {
        let log = rows(&lab, "several", node);
        assert_eq!(rows(&lab, "one", node), log, "{node}");
        assert!(log.iter().any(|row| row.contains(",receive,machine-")));
    }
    let printed = lab.read("several/runs/0001/talker.log");
    assert!(printed.lines().count() > 3);
    let [one, several] = ["one", "several"].map(|out| lab.table(&format!("{out}/runs.csv")));
    for column in ["run", "case", "seed", "status", "events", "messages"] {
        assert_eq!(one.texts(column), several.texts(column), "{column}");
    }
    let [one, several] = ["one", "several"].map(|out| lab.table(&format!("{out}/summary.csv")));
    for column in ["node", "received", "sent", "clock_final", "clock_jump_mean"] {
        assert_eq!(one.texts(column), several.texts(column), "{column}");
    }
    let lag = lab.table("several/runs/0001/lag.csv");
    assert!(lag.numbers("due")[0] >= 30.0, "{lag:?}");
}

#[test]
fn nodes_that_answer_each_other_do_not_say_after_each_message_that_they_have_nothing_to_do() {
    let lab = Lab::with(
        "name = \"answers\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\n\
         config = { sizes = [1, 1, 1, 200_000], repeat = 100 }\n",
    );
    let arguments = [
        "scenario.toml",
        "--processes",
        "--no-report",
        "--out",
        "out",
    ];
    let mut command = lab.command(&arguments);
    let answer = lab.answer(command.env("RUNNER_LOG", "realtime=debug"));
    let answer = answer.ends(0);
    let asked = answer
        .err
        .matches("of asking whether that stays so")
        .count();
    // It ends, because nothing can happen any more.
    assert!((1..100).contains(&asked), "{asked} rounds of 400 messages");
    let verified = rows(&lab, "out", "client");
    let verified = verified.iter().filter(|row| row.contains(",verified,"));
    assert_eq!(verified.count(), 400);
}

#[test]
fn a_node_that_starts_late_connects_to_other_processes() {
    // `late` and `last` connect to their peers when they start.
    let lab = both(
        "name = \"late\"\ntime = \"real\"\nduration = \"3s\"\n\
         [nodes.server]\nbehavior = \"echo.time\"\n\
         [nodes.early]\nbehavior = \"echo.consumer\"\n\
         [nodes.late]\nbehavior = \"echo.consumer\"\nstart_at = \"1s\"\n\
         [nodes.last]\nbehavior = \"echo.stage\"\nstart_at = \"2s\"\n\
         config = { next = \"late\" }\n\
         [[links]]\nbetween = [\"server\", \"early\"]\n\
         [[links]]\nbetween = [\"server\", \"late\"]\n\
         [[links]]\nbetween = [\"last\", \"late\"]\n",
    );
    for node in ["server", "early", "late", "last"] {
        let log = rows(&lab, "several", node);
        assert_eq!(rows(&lab, "one", node), log, "{node}");
    }
    let connects = |node: &str| {
        let rows = rows(&lab, "several", node);
        let connects = rows.iter().filter(|row| row.contains(",connect,"));
        connects.count()
    };
    assert_eq!(connects("server"), 2);
    assert_eq!(connects("last"), 1);
}

#[test]
fn every_message_is_received_or_dropped_over_each_transport() {
    for transport in ["tcp", "udp", "channel"] {
        // The producer sends for a second, so that no message is in flight at the end.
        let lab = Lab::with(&format!(
            "name = \"lossy\"\ntime = \"real\"\nduration = \"3s\"\n\
             [nodes.from]\nbehavior = \"echo.producer\"\n\
             config = {{ interval = \"5ms\", count = 199 }}\n\
             [nodes.to]\nbehavior = \"echo.consumer\"\nconfig = {{ stop = false }}\n\
             [[links]]\nfrom = \"from\"\nto = \"to\"\nloss = 0.4\ntransport = \"{transport}\"\n"
        ));
        run_into(&lab, "one", &[]);
        run_into(&lab, "several", &["--processes"]);
        for out in ["one", "several"] {
            let summary = lab.table(&format!("{out}/summary.csv"));
            let of = |node: &str, metric: &str| summary.only("node", node).numbers(metric)[0];
            let sent = of("from", "sent");
            let dropped = of("to", "dropped");
            assert_eq!(sent, 200.0);
            assert_eq!(of("to", "received") + dropped, sent, "{transport}");
            assert!((50.0..110.0).contains(&dropped), "{dropped}");
            let drops: Vec<String> = lab
                .table(&format!("{out}/runs/0001/to.csv"))
                .only("event", "drop")
                .texts("message")
                .iter()
                .map(|it| (*it).to_owned())
                .collect();
            let other = lab.table("one/runs/0001/to.csv").only("event", "drop");
            assert_eq!(drops, other.texts("message"), "{transport}");
        }
    }
}

#[test]
fn a_killed_process_is_a_failed_node_and_the_other_nodes_go_on() {
    for (signal, told) in [
        (Signal::KILL, "9 (SIGKILL)"),
        (Signal::ABORT, "6 (SIGABRT)"),
    ] {
        let apart = Apart::start(&until_enough(), &["--quiet"]);
        let nodes = apart.is_under_way(&["machine-1", "machine-2", "machine-3", "stops"]);
        let (pid, _) = nodes
            .iter()
            .find(|(_, who)| who == "node `machine-2`")
            .unwrap();
        kill_process(*pid, signal).unwrap();
        let others = ["machine-1", "machine-3"].map(|node| apart.log(node));
        let lines = || others.each_ref().map(|log| whole_lines(log));
        // The second write of a log holds only rows that were recorded after the first.
        for _ in 1..=2 {
            let before = lines();
            until("the others go on", || {
                lines()
                    .iter()
                    .zip(before)
                    .all(|(now, before)| *now > before)
            });
        }
        apart.stop();
        let (lab, answer) = apart.end(&nodes);
        answer
            .ends(3)
            .says(&["error: run 1: the process of node `machine-2` ended early: signal: "])
            .says(&[
                told,
                "\n  repeat: runner scenario.toml --seed 1 --run 1 --processes\n",
            ]);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["failed"]);
        let log = |node: &str| lab.table(&format!("out/runs/0001.partial/{node}.csv"));
        for node in ["machine-1", "machine-3"] {
            assert_eq!(log(node).texts("event").last(), Some(&"stop"), "{node}");
        }
        let dead = log("machine-2");
        assert!(!dead.rows.is_empty());
        assert!(!dead.texts("event").contains(&"stop"));
    }
}

#[test]
fn the_peers_of_a_process_that_dies_are_disconnected() {
    let scenario = "name = \"dies\"\ntime = \"real\"\n\
                    [nodes.stage]\nbehavior = \"echo.stage\"\n\
                    [nodes.ill]\nbehavior = \"echo.server\"\n\
                    [nodes.stops]\nbehavior = \"misbehaving.stops\"\ntick_rate = 10\n\
                    config = { file = \"enough\" }\n\
                    [[links]]\nbetween = [\"stage\", \"ill\"]\n";
    let apart = Apart::start(scenario, &["--quiet"]);
    let nodes = apart.is_under_way(&["stage", "ill", "stops"]);
    let (pid, _) = nodes.iter().find(|(_, who)| who == "node `ill`").unwrap();
    kill_process(*pid, Signal::KILL).unwrap();
    let stage = apart.log("stage");
    until("the peer is disconnected", || {
        fs::read_to_string(&stage).is_ok_and(|log| log.contains(",disconnect,"))
    });
    apart.stop();
    let (lab, answer) = apart.end(&nodes);
    answer
        .ends(3)
        .says(&["the process of node `ill` ended early"]);
    let log = lab.table("out/runs/0001.partial/stage.csv");
    assert_eq!(log.only("event", "disconnect").texts("peer"), ["ill"]);
    assert_eq!(log.texts("event").last(), Some(&"stop"));
}

#[test]
fn a_behavior_that_fails_ends_the_run_at_once_in_every_process() {
    let panics = "behavior = \"misbehaving.panics\"\ntick_rate = 10\n";
    let in_tick = format!("{panics}config = {{ in = \"tick\", at = 3 }}\n");
    let in_start = format!("{panics}config = {{ in = \"start\" }}\n");
    let to_nobody = "behavior = \"misbehaving.sends_to_nobody\"\n";
    for (ill, told) in [
        (&*in_tick, "node `ill` panicked in `tick` at "),
        (&in_start, "node `ill` panicked in `start` at "),
        (to_nobody, "node `ill` failed in `start` at "),
    ] {
        let lab = Lab::with(&format!(
            "name = \"fails\"\ntime = \"real\"\nduration = \"40s\"\n\
             [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 20\n\
             [nodes.ill]\n{ill}\
             [[links]]\nfrom = \"well\"\nto = \"ill\"\n"
        ));
        for (out, more) in [("one", &[][..]), ("several", &["--processes"])] {
            let arguments = ["scenario.toml", "--no-report", "--out", out];
            lab.runner(&[&arguments[..], more].concat())
                .ends(3)
                .says(&[&format!("error: run 1: {told}"), "\n  repeat: "]);
            let runs = lab.table(&format!("{out}/runs.csv"));
            assert_eq!(runs.texts("status"), ["failed"]);
            let duration = runs.numbers("duration_s")[0];
            assert!(duration < 20.0, "{out}: {duration} s, {told}");
        }
        let log = lab.table("several/runs/0001.partial/well.csv");
        assert_eq!(log.texts("event").last(), Some(&"stop"));
    }
}

#[test]
fn a_behavior_that_stops_the_run_stops_every_process() {
    let lab = Lab::with(
        "name = \"stops\"\ntime = \"real\"\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 20\n\
         [nodes.stops]\nbehavior = \"misbehaving.stops\"\ntick_rate = 10\n\
         config = { after = 5 }\n",
    );
    run_into(&lab, "out", &["--processes"]);
    let runs = lab.table("out/runs.csv");
    assert_eq!(runs.texts("status"), ["complete"]);
    assert!(runs.numbers("duration_s")[0] < 60.0);
    let log = lab.table("out/runs/0001/well.csv");
    assert_eq!(log.texts("event").last(), Some(&"stop"));
}

#[test]
fn a_signal_to_the_runner_stops_every_node() {
    let endless = SCRIPTED.replace("duration = \"2500ms\"\n", "");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let apart = Apart::start(&endless, &["--quiet"]);
        let machines = ["machine-1", "machine-2", "machine-3"];
        let nodes = apart.is_under_way(&machines);
        apart.signal(signal);
        let (lab, answer) = apart.end(&nodes);
        answer.ends(code);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["stopped"]);
        for node in machines {
            let log = lab.table(&format!("out/runs/0001/{node}.csv"));
            assert_eq!(log.texts("event").last(), Some(&"stop"), "{node}");
        }
        assert_eq!(lab.table("out/summary.csv").rows.len(), 3);
    }
}

#[test]
fn no_process_outlives_a_runner_that_is_killed() {
    let endless = SCRIPTED.replace("duration = \"2500ms\"\n", "");
    let apart = Apart::start(&endless, &["--quiet"]);
    let nodes = apart.is_under_way(&["machine-1", "machine-2", "machine-3"]);
    apart.signal(Signal::KILL);
    let (_, answer) = apart.end(&nodes);
    assert_eq!(answer.code, None);
}

#[test]
fn a_program_gets_the_address_of_a_node_in_another_process() {
    let scenario = "name = \"outside\"\ntime = \"real\"\n\
        [nodes.server]\nbehavior = \"echo.server\"\n\
        [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n\
        [nodes.program]\n\
        command = [\"sh\", \"-c\", \"echo found $RUNNER_ADDRESS_SERVER {port:server}; exec cat /dev/zero > /dev/null\"]\n";
    let mut apart = Apart::start(scenario, &[]);
    let address = address_in(&apart.live.runner.told("server listens on "));
    let port = address.rsplit(':').next().unwrap();
    assert_eq!(
        apart.live.runner.told("program | found "),
        format!("{address} {port}")
    );
    let nodes = apart.nodes();
    let whose: Vec<&str> = nodes.iter().map(|(_, who)| &**who).collect();
    assert_eq!(whose.len(), 2);
    assert!(whose.contains(&"the programs") && whose.contains(&"node `server`"));
    let reply = apart
        .live
        .lab
        .runner(&["send", &format!("tcp://{address}"), "hello"]);
    assert_eq!(reply.passes().out, "hello\n");
    apart.signal(Signal::INT);
    let (lab, answer) = apart.end(&nodes);
    answer.ends(130);
    let log = lab.table("out/runs/0001/server.csv");
    assert_eq!(log.only("event", "receive").rows.len(), 1);
    assert!(lab.path("out/runs/0001/program.csv").exists());
    assert!(
        lab.read("out/runs/0001/program.log")
            .starts_with("found 127.0.0.1:")
    );
}

#[test]
fn a_port_in_use_is_reported_before_anything_runs() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let lab = Lab::with(&format!(
        "name = \"taken\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"echo.server\"\n\
         [[nodes.server.listen]]\ntcp = \"{address}\"\nframing = \"line\"\n\
         [nodes.other]\nbehavior = \"echo.server\"\n"
    ));
    lab.runner(&["scenario.toml", "--processes", "--out", "out"])
        .ends(2)
        .says(&[
            "node `server` cannot listen on 127.0.0.1:",
            "port 0 takes any free one",
        ]);
    assert!(!lab.path("out/runs.csv").exists());
}

#[test]
fn options_that_processes_do_not_support_are_refused_before_anything_runs() {
    let lab = Lab::with(SCRIPTED);
    for (more, told) in [
        (
            &["--time", "virtual"][..],
            "`scripted` runs in virtual time",
        ),
        (&["--log", "combined"], "so --log combined is not possible"),
        (&["--log", "off"], "so --log off is not possible"),
        (
            &["--set", "nodes.machine-3.count=511"],
            "513 nodes would need 513 processes, expected at most 512",
        ),
    ] {
        let arguments = ["run", "scenario.toml", "--processes", "--out", "out"];
        lab.runner(&[&arguments[..], more].concat())
            .ends(2)
            .says(&[told]);
        assert!(!lab.path("out").exists(), "{more:?}");
    }
    lab.runner(&["node-process", "mine"])
        .ends(3)
        .says(&["only the runner starts it: runner run --processes SCENARIO"]);
    let help = lab.runner(&["--help"]).passes().out;
    assert!(!help.contains("node-process"), "{help}");
}
