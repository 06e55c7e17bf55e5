//! What a server has acknowledged outlives the runner: clients of these tests load a lottery, a
//! store and a chat server, the runner is killed with SIGKILL, and the next one goes on, with
//! `--resume` or with a state folder. `KILLS=50` kills it 50 times.

mod clients;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::process::Signal;

use crate::harness::Lab;
use crate::real_live::{Beside, address_in, listen, until};
use crate::waiting::own_host;
use clients::{Chatter, Client, Gambler, Keeper, chat_box, check_bets, check_box, check_keys};

/// How a runner goes on with what the one before it has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GoesOn {
    /// The same run, with `--resume`.
    Resumed,
    /// A new run with the same state folder.
    OnState,
    /// The same, with the run in a process of its own.
    OnStateIsolated,
}

impl GoesOn {
    /// The runner that follows `before` others.
    fn runner(self, lab: &Lab, before: u64) -> Beside {
        let out = format!("out-{before}");
        let common = ["scenario.toml", "--no-report", "--state", "kept", "--out"];
        let arguments: Vec<&str> = match self {
            GoesOn::Resumed if before == 0 => vec!["scenario.toml", "--no-report", "--out", "out"],
            GoesOn::Resumed => vec!["scenario.toml", "--no-report", "--out", "out", "--resume"],
            GoesOn::OnState => [&common[..], &[&out]].concat(),
            GoesOn::OnStateIsolated => [&common[..], &[&out, "--isolate"]].concat(),
        };
        Beside::start(lab.command(&arguments).stderr(Stdio::null()))
    }

    /// The folder in which the server's files are while it runs.
    fn files(self, lab: &Lab) -> PathBuf {
        lab.path(match self {
            GoesOn::Resumed => "out/runs/0001.partial",
            GoesOn::OnState | GoesOn::OnStateIsolated => "kept/server",
        })
    }
}

/// How often a runner is killed.
fn kills() -> u64 {
    let kills = std::env::var("KILLS").ok();
    kills.map_or(4, |kills| kills.parse().expect("KILLS is a number"))
}

/// A moment to kill: after this number of acknowledgements of a round (splitmix64).
fn moment(round: u64) -> u64 {
    let mut mixed = (round + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    1 + (mixed ^ (mixed >> 31)) % 400
}

/// Kills the runner again and again while clients load its server. `check` looks at what the
/// clients know before each load, with the server's address and files.
fn storm<C: Client>(
    goes_on: GoesOn,
    scenario: &str,
    mut clients: Vec<C>,
    mut check: impl FnMut(&str, &PathBuf, &[C]),
) -> Lab {
    let lab = Lab::with(scenario);
    for round in 0..=kills() {
        let mut runner = goes_on.runner(&lab, round);
        let address = address_in(&runner.told("server listens on "));
        check(&address, &goes_on.files(&lab), &clients);
        if round == kills() {
            runner.signal(Signal::INT);
            assert_eq!(runner.end().0, Some(130));
            break;
        }
        let acknowledged = AtomicU64::new(0);
        thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(|| load(client, &address, &acknowledged));
            }
            until("enough is acknowledged", || {
                acknowledged.load(Ordering::Relaxed) >= moment(round)
            });
            runner.signal(Signal::KILL);
            runner.end();
        });
    }
    lab
}

/// Sends requests until the connection breaks.
fn load(client: &mut impl Client, address: &str, acknowledged: &AtomicU64) {
    let Ok(mut connection) = TcpStream::connect(address) else {
        return;
    };
    let mut ready = client.begin(&mut connection);
    while ready.is_ok() {
        ready = client.request(&mut connection);
        if ready.is_ok() {
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn scenario(behavior: &str, config: &str, framing: &str) -> String {
    format!(
        "name = \"kept\"\ntime = \"real\"\n[nodes.server]\nbehavior = \"{behavior}\"\n\
         config = {{ {config} }}\n{}",
        listen("server", framing)
    )
}

fn lottery(goes_on: GoesOn) -> Lab {
    let agencies = (1..=3).map(Gambler::new).collect();
    let scenario = scenario(
        "lottery.central",
        "agencies = 3, announce = \"none\"",
        "typed-u32be",
    );
    storm(goes_on, &scenario, agencies, |address, files, agencies| {
        check_bets(address, files, agencies);
    })
}

fn store(goes_on: GoesOn) -> Lab {
    let clients = (1..=3).map(Keeper::new).collect();
    let scenario = scenario("kv.server", "persist = true", "decimal10");
    storm(goes_on, &scenario, clients, |address, _, clients| {
        check_keys(address, clients);
    })
}

fn chat(goes_on: GoesOn) -> Lab {
    let clients = (1..=3).map(Chatter::new).collect();
    let scenario = scenario("chat.server", "persist = true", "u32be");
    let mut mailbox = chat_box();
    storm(goes_on, &scenario, clients, |address, _, clients| {
        check_box(&mut mailbox, address, clients);
    })
}

#[test]
fn bets_that_were_acknowledged_survive_kills_and_resume() {
    let lab = lottery(GoesOn::Resumed);
    // The last run was stopped by a signal, so it is finished.
    assert!(lab.path("out/runs/0001/bets.csv").exists());
    let resumed = lab.runner(&["scenario.toml", "--out", "out", "--resume", "--no-report"]);
    resumed.ends(0);
}

#[test]
fn bets_that_were_acknowledged_survive_kills_in_a_state_folder() {
    let lab = lottery(GoesOn::OnState);
    assert!(!lab.path("out-0/runs/0001.partial/bets.csv").exists());
}

#[test]
fn values_that_were_acknowledged_survive_kills_and_resume() {
    store(GoesOn::Resumed);
}

#[test]
fn values_that_were_acknowledged_survive_kills_in_a_state_folder() {
    store(GoesOn::OnStateIsolated);
}

#[test]
fn messages_that_were_acknowledged_survive_kills_and_resume() {
    chat(GoesOn::Resumed);
}

#[test]
fn messages_that_were_acknowledged_survive_kills_in_a_state_folder() {
    chat(GoesOn::OnState);
}

/// Sends a command to a store, which replies so.
#[track_caller]
fn send(lab: &Lab, address: &str, command: &str, reply: &str) {
    let address = format!("tcp://{}", address_in(address));
    let answer = lab.runner(&["send", &address, command, "--framing", "decimal10"]);
    assert_eq!(answer.passes().out, format!("{reply}\n"));
}

#[test]
fn a_resume_that_cannot_begin_keeps_what_was_acknowledged() {
    let place = format!("{}:15000", own_host());
    let text = scenario("kv.server", "persist = true", "decimal10");
    let lab = Lab::with(&text.replace("127.0.0.1:0", &place));
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    let mut runner = Beside::start(&mut lab.command(&arguments));
    let address = runner.told("server listens on ");
    send(&lab, &address, "set a 1", "ok");
    runner.signal(Signal::KILL);
    runner.end();
    let before = lab.files("out/runs/0001.partial");
    let taken = TcpListener::bind(&place).unwrap();
    for more in [&[][..], &["--isolate"], &["--processes"]] {
        let resumed = lab.runner(&[&arguments[..], &["--resume"], more].concat());
        resumed.ends(2).says(&["node `server` cannot listen"]);
        let after = lab.files("out/runs/0001.partial");
        assert_eq!(before["server.kv"], after["server.kv"]);
    }
    drop(taken);
    let mut runner = Beside::start(&mut lab.command(&[&arguments[..], &["--resume"]].concat()));
    let address = runner.told("server listens on ");
    send(&lab, &address, "get a", "1");
    runner.signal(Signal::INT);
    runner.end();
}

#[test]
fn a_resumed_run_of_a_process_per_node_goes_on() {
    let lab = Lab::with(&scenario("kv.server", "persist = true", "decimal10"));
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--processes",
        "--out",
        "out",
    ];
    let mut runner = Beside::start(&mut lab.command(&arguments));
    let address = runner.told("server listens on ");
    send(&lab, &address, "set a 1", "ok");
    runner.signal(Signal::KILL);
    runner.end();
    let mut runner = Beside::start(&mut lab.command(&[&arguments[..], &["--resume"]].concat()));
    let address = runner.told("server listens on ");
    send(&lab, &address, "get a", "1");
    runner.signal(Signal::INT);
    runner.end();
}

#[test]
fn a_server_goes_on_with_the_state_that_its_scenario_names() {
    // The group's own folder, and that of all groups; a path is relative to the scenario.
    for (state, more) in [
        ("[nodes.server]\nstate = \"deep/data\"", &[][..]),
        ("state = \"deep/data\"", &["--processes"]),
    ] {
        let text = scenario("kv.server", "persist = true", "decimal10");
        let text = match state.strip_prefix("[nodes.server]") {
            Some(key) => text.replace("[nodes.server]", &format!("[nodes.server]{key}")),
            None => format!("{state}\n{text}"),
        };
        let lab = Lab::new();
        lab.write("below/scenario.toml", &text);
        for (round, reply) in ["not found", "0", "1"].into_iter().enumerate() {
            let out = format!("out-{round}");
            let arguments = ["below/scenario.toml", "--no-report", "--out", &out];
            let mut runner = Beside::start(&mut lab.command(&[&arguments[..], more].concat()));
            let address = runner.told("server listens on ");
            send(&lab, &address, "get a", reply);
            send(&lab, &address, &format!("set a {round}"), "ok");
            runner.signal(Signal::INT);
            assert_eq!(runner.end().0, Some(130));
        }
        assert!(lab.path("below/deep/data/server/server.kv").exists());
    }
}

#[test]
fn a_state_folder_has_one_owner() {
    let lab = Lab::with(&scenario("kv.server", "persist = true", "decimal10"));
    let run = |out| {
        [
            "scenario.toml",
            "--no-report",
            "--state",
            "kept",
            "--out",
            out,
        ]
    };
    let mut first = Beside::start(&mut lab.command(&run("one")));
    let address = first.told("server listens on ");
    // Without the lock it would run until its duration is over, and pass.
    let second = lab.runner(&[&run("two")[..], &["--duration", "20s"]].concat());
    second.ends(2).says(&[
        "node `server`: its state folder",
        "belongs to another run, which has not ended",
        "--state DIR",
    ]);
    assert!(!lab.path("two").exists());
    send(&lab, &address, "set a 1", "ok");
    first.signal(Signal::KILL);
    first.end();
    let mut third = Beside::start(&mut lab.command(&run("three")));
    let address = third.told("server listens on ");
    send(&lab, &address, "get a", "1");
    third.signal(Signal::INT);
    third.end();
}

#[test]
fn checks_find_the_files_of_a_state_folder() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/lottery-single.toml"
    ));
    let lab = Lab::with(&text.unwrap());
    let run = |out| {
        let options = [
            "scenario.toml",
            "--time",
            "real",
            "--runs",
            "1",
            "--no-report",
        ];
        lab.runner(&[&options[..], &["--state", "kept", "--out", out]].concat())
    };
    run("one").ends(0);
    assert!(lab.path("one/runs/0001/state/central/bets.csv").exists());
    // The second run begins with all bets: the check says that it cannot judge it.
    run("two").ends(4);
    let verdicts = lab.read("two/verdicts.csv");
    assert!(verdicts.contains("bets of an earlier run"), "{verdicts}");
}

#[test]
fn state_without_real_time_is_refused_with_its_place() {
    let text = scenario("kv.server", "persist = true", "decimal10").replace("real", "virtual");
    for (state, more, place) in [
        (
            "state = \"kept\"\n",
            &[][..],
            "scenario.toml:1:1: `state` in virtual time",
        ),
        ("", &["--state", "kept"], "--state "),
        (
            "",
            &["--set", "nodes.server.state=kept"],
            "--set nodes.server.state=kept",
        ),
    ] {
        let lab = Lab::with(&format!("{state}{text}"));
        let answer = lab.runner(&[&["scenario.toml"][..], more].concat());
        answer.ends(2).says(&[place, "`state` in virtual time"]);
        assert!(!lab.path("kept").exists());
    }
    // `--time virtual` on a file made for real time: as for `listen`, without effect.
    let lab = Lab::with(&format!(
        "state = \"kept\"\n{}",
        text.replace("virtual", "real")
    ));
    let answer = lab.runner(&["scenario.toml", "--time", "virtual", "--no-report"]);
    assert_ne!(answer.code, Some(2), "{answer:?}");
    assert!(!lab.path("kept").exists());
}

#[test]
fn runs_side_by_side_cannot_share_a_state_folder() {
    let lab = Lab::with(&scenario("kv.server", "persist = true", "decimal10"));
    let more = ["--state", "kept", "--runs", "2", "--jobs", "2"];
    let answer = lab.runner(&[&["scenario.toml"][..], &more].concat());
    answer
        .ends(2)
        .says(&["--jobs 2: the nodes of `server` have a state folder"]);
}
