//! Nodes in processes of their own: what a run comes to is what it comes to in
//! one process; a process that dies is a failed node and the others go on; and no
//! process is left, whichever way it ends.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Answer, Lab};
use crate::real_live::address_in;

/// Three machines that each throw what is written, at instants a good while apart:
/// a message is there before the next machine looks, on a busy computer, too.
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

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A runner that is at work, its nodes in processes of their own.
struct Apart {
    lab: Lab,
    runner: Child,
    out: BufReader<ChildStdout>,
}

impl Apart {
    fn start(scenario: &str, more: &[&str]) -> Apart {
        let lab = Lab::with(scenario);
        let arguments = ["run", "scenario.toml", "--processes", "--out", "out"];
        let mut runner = lab
            .command(&[&arguments[..], &["--no-report"], more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(runner.stdout.take().unwrap());
        Apart { lab, runner, out }
    }

    /// The process of each node, by what it is called.
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
            if parent != self.runner.id().to_string() {
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

    /// Waits until so many processes have written something down.
    fn is_under_way(&self, nodes: &[&str]) -> Vec<(Pid, String)> {
        until("every node has written a row", || {
            nodes.iter().all(|node| {
                let log = self.lab.path(&format!("out/runs/0001.partial/{node}.csv"));
                fs::read_to_string(log).is_ok_and(|text| text.lines().count() > 1)
            })
        });
        let found = self.nodes();
        assert_eq!(found.len(), nodes.len(), "{found:?}");
        found
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.runner), signal).unwrap();
    }

    /// The rest of a line that begins so.
    fn told(&mut self, start: &str) -> String {
        let mut line = String::new();
        while self.out.read_line(&mut line).unwrap() > 0 {
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim_end().to_owned();
            }
            line.clear();
        }
        panic!("never said: {start}");
    }

    /// Its answer, once it has ended; none of `nodes` is left then.
    fn end(self, nodes: &[(Pid, String)]) -> (Lab, Answer) {
        let folder = self.lab.path("").display().to_string();
        let mut out = self.out;
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut rest).unwrap();
        let mut output = self.runner.wait_with_output().unwrap();
        output.stdout = rest;
        all_gone(nodes);
        (self.lab, Answer::new(output, folder.trim_end_matches('/')))
    }
}

#[track_caller]
fn all_gone(nodes: &[(Pid, String)]) {
    for (pid, who) in nodes {
        let line = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
        until(&format!("the process of {who} is gone"), || {
            // A number may be given again, to somebody else.
            !fs::read_to_string(&line).is_ok_and(|line| line.contains("node-process"))
        });
    }
}

/// A node's rows without their times, line by line.
fn rows(lab: &Lab, out: &str, node: &str) -> Vec<String> {
    let log = lab.read(&format!("{out}/runs/0001/{node}.csv"));
    let untimed = |line: &str| line.split_once(',').unwrap().1.to_owned();
    log.lines().map(untimed).collect()
}

/// The scenario run in one process and in several.
fn both(scenario: &str) -> Lab {
    let lab = Lab::with(scenario);
    run_into(&lab, "one", &[]);
    run_into(&lab, "several", &["--processes"]);
    lab
}

/// A run that passes; on a busy computer it may be late, and say so.
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
fn a_run_comes_to_the_same_in_one_process_and_in_several() {
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
fn what_connects_late_is_told_of_in_other_processes_too() {
    // The server has no peer but the late ones; they begin to hear it then.
    let lab = both(
        "name = \"late\"\ntime = \"real\"\nduration = \"900ms\"\n\
         [nodes.server]\nbehavior = \"echo.time\"\n\
         [nodes.early]\nbehavior = \"echo.consumer\"\n\
         [nodes.late]\nbehavior = \"echo.consumer\"\nstart_at = \"200ms\"\n\
         [nodes.last]\nbehavior = \"echo.stage\"\nstart_at = \"400ms\"\n\
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
        let lab = both(&format!(
            "name = \"lossy\"\ntime = \"real\"\nduration = \"1s\"\n\
             [nodes.from]\nbehavior = \"clock.machine\"\ntick_rate = 200\n\
             config = {{ faces = 1 }}\n\
             [nodes.to]\nbehavior = \"echo.consumer\"\n\
             [[links]]\nfrom = \"from\"\nto = \"to\"\nloss = 0.4\ntransport = \"{transport}\"\n"
        ));
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
fn a_process_that_is_killed_is_a_failed_node_and_the_others_go_on() {
    for (signal, told) in [
        (Signal::KILL, "9 (SIGKILL)"),
        (Signal::ABORT, "6 (SIGABRT)"),
    ] {
        let scenario = SCRIPTED.to_owned();
        let apart = Apart::start(&scenario, &["--quiet"]);
        let nodes = apart.is_under_way(&["machine-1", "machine-2", "machine-3"]);
        let (pid, _) = nodes
            .iter()
            .find(|(_, who)| who == "node `machine-2`")
            .unwrap();
        kill_process(*pid, signal).unwrap();
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
            let log = log(node);
            assert_eq!(log.texts("event").last(), Some(&"stop"), "{node}");
            assert_eq!(log.numbers("step").last(), Some(&10.0), "{node}");
        }
        let dead = log("machine-2");
        let steps = dead.numbers("step").last().copied().unwrap();
        assert!((2.0..10.0).contains(&steps), "{steps}");
        assert!(!dead.texts("event").contains(&"stop"));
    }
}

#[test]
fn the_peers_of_a_process_that_dies_are_disconnected() {
    let scenario = "name = \"dies\"\ntime = \"real\"\n\
                    [nodes.stage]\nbehavior = \"echo.stage\"\n\
                    [nodes.ill]\nbehavior = \"echo.server\"\n\
                    [nodes.stops]\nbehavior = \"misbehaving.stops\"\ntick_rate = 10\n\
                    config = { after = 25 }\n\
                    [[links]]\nbetween = [\"stage\", \"ill\"]\n";
    let apart = Apart::start(scenario, &["--quiet"]);
    let nodes = apart.is_under_way(&["stage", "ill", "stops"]);
    let (pid, _) = nodes.iter().find(|(_, who)| who == "node `ill`").unwrap();
    kill_process(*pid, Signal::KILL).unwrap();
    let (lab, answer) = apart.end(&nodes);
    answer
        .ends(3)
        .says(&["the process of node `ill` ended early"]);
    let log = lab.table("out/runs/0001.partial/stage.csv");
    assert_eq!(log.only("event", "disconnect").texts("peer"), ["ill"]);
    assert_eq!(log.texts("event").last(), Some(&"stop"));
}

#[test]
fn a_behavior_that_panics_fails_its_node_alone() {
    let lab = Lab::with(
        "name = \"panics\"\ntime = \"real\"\nduration = \"1s\"\n\
         [nodes.well]\nbehavior = \"clock.machine\"\ntick_rate = 20\n\
         [nodes.ill]\nbehavior = \"misbehaving.panics\"\ntick_rate = 10\n\
         config = { in = \"tick\", at = 3 }\n\
         [[links]]\nfrom = \"well\"\nto = \"ill\"\n",
    );
    lab.runner(&[
        "scenario.toml",
        "--processes",
        "--out",
        "out",
        "--no-report",
    ])
    .ends(3)
    .says(&["error: run 1: node `ill` panicked in `tick` at "]);
    let log = lab.table("out/runs/0001.partial/well.csv");
    assert_eq!(log.numbers("step").last(), Some(&20.0));
    assert_eq!(log.texts("event").last(), Some(&"stop"));
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
    assert!(runs.numbers("duration_s")[0] < 5.0);
    let log = lab.table("out/runs/0001/well.csv");
    assert_eq!(log.texts("event").last(), Some(&"stop"));
}

#[test]
fn a_signal_to_the_runner_ends_every_process_in_good_order() {
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
fn what_listens_and_what_is_started_find_one_another() {
    let scenario = "name = \"outside\"\ntime = \"real\"\n\
        [nodes.server]\nbehavior = \"echo.server\"\n\
        [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n\
        [nodes.program]\n\
        command = [\"sh\", \"-c\", \"echo found $RUNNER_ADDRESS_SERVER {port:server}; exec cat /dev/zero > /dev/null\"]\n";
    let mut apart = Apart::start(scenario, &[]);
    let address = address_in(&apart.told("server listens on "));
    let port = address.rsplit(':').next().unwrap();
    assert_eq!(apart.told("program | found "), format!("{address} {port}"));
    let nodes = apart.nodes();
    let whose: Vec<&str> = nodes.iter().map(|(_, who)| &**who).collect();
    assert_eq!(whose.len(), 2);
    assert!(whose.contains(&"the programs") && whose.contains(&"node `server`"));
    let reply = apart
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
fn a_port_in_use_is_told_before_anything_runs() {
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
fn what_processes_cannot_do_is_refused_before_anything_runs() {
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
            "513 nodes would need 513 processes, and 512 may be",
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
