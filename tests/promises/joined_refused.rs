//! Bad input of `run --coordinator` and `node --join`: who may not join is refused with the
//! reason on both sides and exit code 2, and what does not come is waited for within a bound.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::harness::Lab;
use crate::joined::{ECHO, Node, Together, node};
use crate::real_live::{Beside, Live};
use crate::waiting::{own_host, until};

/// Waits until the coordinator has printed this, too.
fn told(together: &Together, what: &str) {
    until(&format!("the coordinator says {what}"), || {
        together.live.lab.read("errors").contains(what)
    });
}

/// Lets the run of [`ECHO`] end, with these processes and the rest.
fn end_well(together: Together, joined: &mut [&mut Node], missing: &[&str]) {
    let mut more: Vec<Node> = missing
        .iter()
        .map(|name| together.node(&["--name", name]))
        .collect();
    let mut live = together.live;
    live.end().ends(0);
    for node in joined.iter_mut().map(|it| &mut **it).chain(&mut more) {
        node.end().passes();
    }
}

#[test]
fn a_node_that_is_taken_or_beyond_the_count_is_refused_on_both_sides() {
    let together = Together::begin(ECHO, &["--count-from", "client=CLIENTS"]);
    let mut first = together.node(&["--name", "client-1"]);
    first.process.told("client-1 joined the coordinator");
    let mut second = together.node(&["--group", "client"]);
    second.process.told("client-2 joined the coordinator");
    for (asked, reason) in [
        (
            ["--name", "client-1"],
            "there is a process for node `client-1` already",
        ),
        (
            ["--group", "client"],
            "group `client` has 2 nodes, and each has its process already\n  their number is set by the environment variable CLIENTS of the coordinator",
        ),
        (
            ["--name", "client-3"],
            "group `client` has 2 nodes, and no `client-3`",
        ),
        (
            ["--group", "clients"],
            "the scenario has no group `clients`\n  groups: server, client",
        ),
        (["--name", "x"], "nodes: server, client-1, client-2"),
    ] {
        together.node(&asked).end().ends(2).says(&[reason]);
        told(&together, reason.lines().next().unwrap());
    }
    end_well(together, &mut [&mut first, &mut second], &["server"]);
}

#[test]
fn a_wrong_secret_or_none_is_refused_on_both_sides() {
    let lab = Lab::new();
    let secret = lab.write("secret", "open sesame\n").display().to_string();
    let wrong = lab.write("wrong", "open sesam!\n").display().to_string();
    let together = Together::begin(ECHO, &["--secret-file", &secret]);
    let client = ["--group", "client"];
    let asks = |more: &[&str]| together.node(&[&client, more].concat());
    asks(&["--secret-file", &wrong])
        .end()
        .ends(2)
        .says(&["the secret is wrong"]);
    told(&together, "cannot join: the secret is wrong");
    asks(&[])
        .end()
        .ends(2)
        .says(&["the coordinator requires a secret", "RUNNER_SECRET"]);
    told(&together, "cannot join: the coordinator requires a secret");
    let mut nodes: Vec<Node> = ["server", "client-1", "client-2"]
        .map(|name| together.node(&["--name", name, "--secret-file", &secret]))
        .into();
    let mut live = together.live;
    live.end().ends(0);
    nodes.iter_mut().for_each(|node| drop(node.end().passes()));
}

#[test]
fn a_secret_that_cannot_be_used_is_refused_before_anything_runs() {
    let lab = Lab::with(ECHO);
    let short = lab.write("short", "abc\n").display().to_string();
    let run = |address: &str, more: &[&str]| {
        let arguments = ["scenario.toml", "--coordinator", address];
        let mut command = lab.command(&[&arguments[..], more].concat());
        lab.answer(command.env_remove("RUNNER_SECRET")).ends(2)
    };
    run("0.0.0.0:0", &[]).says(&[
        "--coordinator 0.0.0.0:0: a secret is required, since others can reach this address",
    ]);
    run("127.0.0.1:0", &["--secret-file", &short])
        .says(&["the secret has 3 characters, expected at least 8"]);
    run("127.0.0.1:0", &["--secret-file", "missing"])
        .says(&["--secret-file missing: the file cannot be read: No such file"]);
    let away = ["--join", "192.0.2.1:7700", "--group", "client"];
    node(&lab, &away)
        .end()
        .ends(2)
        .says(&["--join 192.0.2.1:7700: a secret is required"]);
}

#[test]
fn another_build_of_a_plugin_is_refused_on_both_sides() {
    let together = Together::begin(ECHO, &[]);
    let folder = Path::new(env!("CARGO_BIN_EXE_runner")).parent().unwrap();
    let mut bytes = fs::read(folder.join("deps/libecho.so")).unwrap();
    // It loads all the same.
    bytes.push(0);
    let other = together.live.lab.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("libecho.so"), bytes).unwrap();
    let other = other.display().to_string();
    let asked = ["--group", "server", "--plugin-path", &other];
    together.node(&asked).end().ends(2).says(&[
        "plugin `echo` is another build here: ",
        "copy the plugin of the coordinator",
    ]);
    told(
        &together,
        "cannot join: plugin `echo` is another build here",
    );
    // The node is free again.
    end_well(together, &mut [], &["server", "client-1", "client-2"]);
}

#[test]
fn a_coordinator_that_is_not_there_is_looked_for_within_a_bound() {
    let lab = Lab::new();
    // Nothing listens at this port.
    let nowhere = "127.0.0.1:1";
    let arguments = ["--join", nowhere, "--group", "client", "--wait", "300ms"];
    node(&lab, &arguments).end().ends(2).says(&[
        &format!("no coordinator at {nowhere} within 300ms: Connection refused"),
        "start it there: runner run",
    ]);
    let probe = ["--join", nowhere, "--probe", "--wait", "300ms"];
    node(&lab, &probe).end().ends(2);
    // Whoever listens there is no coordinator.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let closes = std::thread::spawn(move || drop(silent.accept().unwrap()));
    let arguments = ["--join", &address, "--group", "client", "--wait", "300ms"];
    node(&lab, &arguments)
        .end()
        .ends(2)
        .says(&[&format!("no coordinator at {address} within 300ms")]);
    closes.join().unwrap();
    for (says, how) in [
        (&b""[..], "something listens there and does not answer"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "what listens there is another program",
        ),
    ] {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap().to_string();
        // Too short for a second attempt.
        let arguments = ["--join", &address, "--group", "client", "--wait", "200ms"];
        let mut node = node(&lab, &arguments);
        let (mut connection, _) = other.accept().unwrap();
        connection.write_all(says).unwrap();
        node.end()
            .ends(2)
            .says(&[&format!("no coordinator at {address} within 200ms: {how}")]);
    }
}

#[test]
fn a_coordinator_is_found_by_a_probe_and_by_a_node_that_came_first() {
    let lab = Lab::with(ECHO);
    let address = format!("{}:7700", own_host());
    let mut first = node(&lab, &["--join", &address, "--name", "server"]);
    let mut clients = [1, 2].map(|_| node(&lab, &["--join", &address, "--group", "client"]));
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--out",
        "out",
        "--coordinator",
    ];
    let mut runner = lab.command(&[&arguments[..], &[&address]].concat());
    let mut runner = crate::real_live::Beside::start(&mut runner);
    runner.told("coordinator listens on ");
    node(&lab, &["--join", &address, "--probe"]).end().passes();
    runner.ends_well();
    first.end().passes();
    clients.iter_mut().for_each(|it| drop(it.end().passes()));
}

#[test]
fn nodes_that_do_not_come_are_named() {
    let together = Together::begin(ECHO, &["--wait", "2s"]);
    let mut server = together.node(&["--group", "server"]);
    let mut live = together.live;
    live.end().ends(3).says(&[
        "no process has joined within 2s for client-1, client-2",
        "start `runner node --join ADDRESS` for each of them",
    ]);
    server.end().passes();
}

#[test]
fn a_port_in_use_is_reported_before_anything_runs() {
    let together = Together::begin(ECHO, &[]);
    let lab = &together.live.lab;
    let arguments = ["scenario.toml", "--out", "two", "--coordinator"];
    let answer = lab.runner(&[&arguments[..], &[&together.address]].concat());
    answer.ends(2).says(&[
        &format!("--coordinator {}: cannot listen there", together.address),
        "end the program that uses it",
    ]);
    assert!(!lab.path("two").exists());
    end_well(together, &mut [], &["server", "client-1", "client-2"]);
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let lab = Lab::with(ECHO);
    for (more, reason) in [
        (
            &["--time", "virtual"][..],
            "--coordinator: `echo` runs in virtual time",
        ),
        (&["--jobs", "2"], "do one run at a time"),
        (
            &["--log", "off"],
            "--coordinator: each process writes the log",
        ),
        (&["--processes"], "cannot be used with"),
        (&["--silence", "1s"], "expected at least 2s"),
        (&["scenario.toml"], "there are 2 scenarios"),
    ] {
        let arguments = ["run", "scenario.toml", "--coordinator", "127.0.0.1:0"];
        let answer = lab.runner(&[&arguments[..], more].concat());
        answer.ends(2).says(&[reason]);
    }
    let answer = lab.runner(&["run", "scenario.toml", "--coordinator", "7700"]);
    answer.ends(2).says(&["expected HOST:PORT"]);
    for (arguments, reason) in [
        (&["--join", "a:1"][..], "required"),
        (
            &["--join", "a:1", "--group", "x", "--name", "x-1"],
            "cannot be used with",
        ),
    ] {
        node(&lab, arguments).end().ends(2).says(&[reason]);
    }
}

#[test]
fn an_environment_variable_sets_the_number_of_nodes() {
    let lab = Lab::with(&ECHO.replace("count = 2\n", "count = 9\n"));
    let list = |value: Option<&str>, more: &[&str]| {
        let arguments = [
            "scenario.toml",
            "--no-report",
            "--count-from",
            "client=CLIENTS",
        ];
        let mut command = lab.command(&[&arguments[..], more].concat());
        match value {
            Some(value) => command.env("CLIENTS", value),
            None => command.env_remove("CLIENTS"),
        };
        lab.answer(&mut command)
    };
    for (value, out, nodes) in [
        (Some("3"), "three", 4),
        (None, "nine", 10),
        (Some(""), "none", 10),
    ] {
        list(value, &["--out", out]).ends(0);
        assert_eq!(lab.table(&format!("{out}/summary.csv")).rows.len(), nodes);
    }
    for wrong in ["0", "-1", "many", "3.5"] {
        list(Some(wrong), &["--out", "wrong"]).ends(2).says(&[&format!(
            "the environment variable CLIENTS is `{wrong}`, expected a whole number of 1 or more"
        )]);
    }
    // What is typed wins.
    let set = ["--set", "nodes.client.count=1", "--out", "one"];
    list(Some("3"), &set).ends(0);
    assert_eq!(lab.table("one/summary.csv").rows.len(), 2);
}

/// A scenario that needs a file beside it.
const WITH_FILE: &str = "\
name = \"file\"
time = \"real\"
[nodes.central]
behavior = \"lottery.central\"
config = { agencies = 1 }
[nodes.agency]
behavior = \"lottery.agency\"
config = { agency = 1, file = \"bets.csv\" }
[[links]]
between = [\"agency\", \"central\"]
";

#[test]
fn a_file_that_is_missing_here_alone_is_named_with_what_to_do() {
    let lab = Lab::with(WITH_FILE);
    lab.write("bets.csv", "Ana,Perez,30904465,1999-03-17,7574\n");
    lab.write("empty/file", "");
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    let mut command = lab.command(&[&arguments[..], &["--coordinator", "127.0.0.1:0"]].concat());
    let errors = fs::File::create(lab.path("errors")).unwrap();
    let runner = Beside::start(command.stderr(errors));
    let mut live = Live { lab, runner };
    let address = live.runner.told("coordinator listens on ");
    let start = |name: &str| {
        let mut command = live
            .lab
            .command(&["node", "--join", &address, "--name", name]);
        command.current_dir(live.lab.path("empty"));
        Beside::start(command.env_remove("RUNNER_SECRET"))
    };
    // The central needs no bets, and makes the whole plan all the same.
    let mut nodes = ["central", "agency"].map(start);
    live.end().ends(2).says(&[
        "`bets.csv` cannot be read",
        "this machine differs",
        "the working folder, ",
        "--folder DIR",
    ]);
    for node in &mut nodes {
        assert_eq!(node.end().0, Some(2));
    }
}
