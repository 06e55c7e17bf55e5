//! A program that the runner starts ends with the runner, and so does all that the program
//! has started: also a daemon that has left its group, and also if the runner is killed.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::Signal;

use crate::harness::needs_python;
use crate::real_live::{Live, echo_server, is_running, until};

/// An echo server with a node that is this shell script.
fn server_and(script: &str) -> String {
    let node = format!("[nodes.program]\ncommand = [\"sh\", \"-c\", {script:?}]");
    echo_server("line", &node)
}

/// Starts the runner, and returns the processes that the script names with `pid N`.
fn live(script: &str, count: usize) -> (Live, Vec<String>) {
    let mut live = Live::start(&server_and(script));
    let pids = (0..count).map(|_| live.runner.told("program | pid "));
    let pids: Vec<String> = pids.collect();
    for pid in &pids {
        assert!(is_running(pid), "{pid}");
    }
    (live, pids)
}

#[track_caller]
fn all_end(pids: &[String]) {
    for pid in pids {
        until(&format!("{pid} is gone"), || !is_running(pid));
    }
}

/// A program that ignores SIGTERM, a child, and a daemon in a session of its own.
const FAMILY: &str = "trap '' TERM HUP; echo pid $$; sleep 600 & echo pid $!; \
    setsid sh -c 'trap \"\" TERM HUP; echo pid $$; sleep 600 & echo pid $!; wait' & wait";

/// A daemon whose parent has ended, so that no one but the system knows whose it is.
const DAEMON: &str = "echo pid $$; (setsid sh -c 'echo pid $$; exec sleep 600' &); exec sleep 600";

/// A program that has left its process group, in which a child of it still runs.
const ELSEWHERE: &str = "sleep 600 & echo pid $!; \
    exec python3 -c 'import os, time; os.setpgid(0, os.getpgid(os.getppid())); print(\"pid\", os.getpid(), flush=True); time.sleep(600)'";

/// A program that stops itself: no signal but SIGKILL ends it.
const STOPPED: &str = "echo pid $$; kill -STOP $$; exec sleep 600";

#[test]
fn a_killed_runner_leaves_no_program_and_no_child_of_one() {
    let (live, pids) = live(FAMILY, 4);
    live.runner.signal(Signal::KILL);
    all_end(&pids);
}

#[test]
fn a_killed_runner_leaves_no_daemon() {
    let (live, pids) = live(DAEMON, 2);
    live.runner.signal(Signal::KILL);
    all_end(&pids);
}

#[test]
fn a_killed_runner_leaves_no_program_that_is_stopped() {
    let (live, pids) = live(STOPPED, 1);
    live.runner.signal(Signal::KILL);
    all_end(&pids);
}

#[test]
fn a_program_that_has_left_its_group_ends_with_it() {
    needs_python!();
    let (live, pids) = live(ELSEWHERE, 2);
    live.runner.signal(Signal::KILL);
    all_end(&pids);
}

#[test]
fn a_second_signal_ends_programs_and_their_daemons() {
    let (live, pids) = live(FAMILY, 4);
    live.runner.signal(Signal::INT);
    live.runner.signal(Signal::TERM);
    all_end(&pids);
}

#[test]
fn the_end_of_a_run_ends_daemons() {
    for script in [FAMILY, DAEMON] {
        let count = script.matches("pid").count();
        let (mut live, pids) = live(script, count);
        live.stop();
        for pid in pids {
            assert!(!is_running(&pid), "{pid} of {script}");
        }
    }
}

#[test]
fn what_an_ended_program_has_left_goes_on_until_the_run_ends() {
    let script = "(setsid sh -c 'echo pid $$; exec sleep 600' &)";
    let mut live = Live::start(&server_and(script));
    let pid = live.runner.told("program | pid ");
    live.runner.told("program | the program ended");
    assert!(is_running(&pid));
    live.stop();
    assert!(!is_running(&pid));
}

#[test]
fn a_killed_keeper_takes_its_program_along() {
    let (mut live, pids) = live("echo pid $$; exec sleep 600", 1);
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pids[0])).unwrap();
    let keeper = status.rsplit(')').next().unwrap().split_whitespace().nth(1);
    let keeper = keeper.unwrap().to_owned();
    assert_ne!(keeper, live.runner.pid().to_string());
    live.lab.shell(&format!("kill -KILL {keeper}")).passes();
    all_end(&pids);
    live.stop();
}

#[test]
fn a_process_that_has_the_number_of_an_ended_program_is_left_alone() {
    let script = "(setsid sh -c 'echo pid $$; exec sleep 600' &); echo was $$";
    let mut live = Live::start(&server_and(script));
    let number: u32 = live.runner.told("program | was ").parse().unwrap();
    live.runner.told("program | the program ended");
    let Some(mut another) = sleep_with_number(number) else {
        return;
    };
    live.stop();
    let ended = another.try_wait().unwrap();
    another.kill().unwrap();
    another.wait().unwrap();
    assert_eq!(ended, None);
}

/// A process with this number, in a group of its own; none if this system does not let one
/// choose.
fn sleep_with_number(number: u32) -> Option<Child> {
    for _ in 0..1000 {
        std::fs::write("/proc/sys/kernel/ns_last_pid", (number - 1).to_string()).ok()?;
        let mut command = Command::new("sleep");
        let mut child = command.arg("600").process_group(0).spawn().unwrap();
        if child.id() == number {
            return Some(child);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    None
}
