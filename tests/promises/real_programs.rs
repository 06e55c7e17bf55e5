//! Programs as nodes: the runner connects to a program with `external`, and starts and ends
//! a program with `command`.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use rustix::net::{AddressFamily, SocketType};

use crate::harness::Lab;
use crate::real_live::{Live, echo_server, is_running, program, python};

/// A client that sends to a program at this address.
fn client(config: &str, address: &str) -> String {
    format!(
        "name = \"live\"\ntime = \"real\"\nduration = \"60s\"\n\
         [nodes.client]\nbehavior = \"echo.client\"\nconfig = {{ {config}, stop = true }}\n\
         [nodes.other]\nexternal = \"{address}\"\n"
    )
}

/// An echo server with a node that is a command in Python.
fn server_and(words: &[&str]) -> String {
    let script = program("stubborn.py");
    let words: Vec<String> = ["python3", "-B", &script]
        .iter()
        .chain(words)
        .map(|word| format!("{word:?}"))
        .collect();
    let command = format!("[nodes.program]\ncommand = [{}]", words.join(", "));
    echo_server("line", &command)
}

#[test]
fn a_program_over_udp_receives_messages_and_replies() {
    crate::harness::needs_python!();
    let mut light = python(&["light.py"]);
    let address = format!("udp://127.0.0.1:{}", light.told(""));
    let config = "texts = [\"R\", \"G\", \"Y\"], repeat = 2, timeout = \"5s\"";
    let mut live = Live::start(&client(config, &address));
    live.end().ends(0);
    for colour in ["R", "G", "Y", "R", "G", "Y"] {
        assert_eq!(light.told(""), colour);
    }
    let log = live.lab.table("out/runs/0001/client.csv");
    assert_eq!(log.only("event", "verified").rows.len(), 6);
    let received = log.only("event", "receive");
    assert_eq!(received.texts("peer"), ["other"; 6]);
    assert_eq!(received.texts("message"), ["1", "2", "3", "4", "5", "6"]);
}

#[test]
fn a_client_talks_to_a_program_over_tcp() {
    crate::harness::needs_python!();
    let mut server = python(&["echo_server.py", "tcp"]);
    let address = format!(
        "tcp://127.0.0.1:{}\"\nframing = \"decimal10",
        server.told("")
    );
    let mut live = Live::start(&client("repeat = 2, window = 3", &address));
    live.end().ends(0);
    let log = live.lab.table("out/runs/0001/client.csv");
    let verified = log.only("event", "verified");
    assert_eq!(verified.rows.len(), 16);
    assert_eq!(verified.texts("size")[7], "10000000");
}

#[test]
fn the_runner_connects_again_to_a_program_that_closes() {
    crate::harness::needs_python!();
    let mut server = python(&["echo_server.py", "once"]);
    let address = format!(
        "tcp://127.0.0.1:{}\"\nframing = \"decimal10",
        server.told("")
    );
    // A message that is sent while the program closes is lost, and sent again.
    let config = "texts = [\"a\", \"b\", \"c\"], timeout = \"5s\", pause = \"200ms\"";
    let mut live = Live::start(&client(config, &address));
    live.end().ends(0);
    let log = live.lab.table("out/runs/0001/client.csv");
    assert_eq!(log.only("event", "verified").rows.len(), 3);
    let numbers = log.only("event", "receive");
    assert_eq!(numbers.texts("message"), ["1", "2", "3"]);
}

#[test]
fn an_address_without_a_listener_is_reported_before_anything_runs() {
    crate::harness::needs_python!();
    // Bound and not listening: connections are refused, and no other process has the port.
    let free = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&free, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let bound = SocketAddr::try_from(rustix::net::getsockname(&free).unwrap()).unwrap();
    let port = bound.port();
    let taken = Lab::with(&client(
        "texts = [\"a\"]",
        &format!("tcp://127.0.0.1:{port}\"\nframing = \"line"),
    ));
    let answer = taken.runner(&["scenario.toml", "--no-report", "--out", "out"]);
    answer.ends(2).says(&[
        &format!("node `other`: no program accepts connections at 127.0.0.1:{port} after "),
        "start the program first, or let the runner start it with `command`",
    ]);
    assert!(!taken.path("out").exists());
}

#[test]
fn a_command_gets_addresses_and_ends_at_sigterm() {
    crate::harness::needs_python!();
    let scenario = server_and(&["polite", "{port:server}", "at {address:server}"]);
    let mut live = Live::start(&scenario);
    let address = live.address("server");
    let pid = live.runner.told("program | pid ");
    assert!(is_running(&pid));
    live.stop();
    assert!(!is_running(&pid));
    let port = address.rsplit(':').next().unwrap();
    let log = live.lab.read("out/runs/0001/program.log");
    let mut lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.pop(), Some("farewell"));
    for expected in [
        &*format!("told {port} at {address}"),
        "node program",
        &format!("server {address}"),
        "complaint",
        &format!("pid {pid}"),
    ] {
        assert!(lines.contains(&expected), "no {expected:?} in {lines:?}");
    }
    assert_eq!(lines.len(), 5);
    assert!(!live.lab.read("errors").contains("early"));
}

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    crate::harness::needs_python!();
    let mut live = Live::start(&server_and(&["deaf"]));
    let pid = live.runner.told("program | pid ");
    live.stop();
    assert!(!is_running(&pid));
    let log = live.lab.read("out/runs/0001/program.log");
    assert!(
        log.contains("complaint") && !log.contains("farewell"),
        "{log}"
    );
}

#[test]
fn processes_that_a_program_started_end_with_the_program() {
    crate::harness::needs_python!();
    let mut live = Live::start(&server_and(&["parent"]));
    let child = live.runner.told("program | child ");
    live.runner.told("program | pid ");
    assert!(is_running(&child));
    live.stop();
    crate::real_live::until("the child is gone", || !is_running(&child));
    assert!(
        live.lab
            .read("out/runs/0001/program.log")
            .contains("farewell")
    );
}

#[test]
fn a_program_that_may_end_in_any_way_ends_and_the_other_nodes_go_on() {
    crate::harness::needs_python!();
    let scenario = echo_server(
        "decimal10",
        "[nodes.program]\ncommand = [\"sh\", \"-c\", \"echo last words; exit 3\"]\n\
         exit = \"any\"",
    );
    let mut live = Live::start(&scenario);
    let address = live.address("server");
    assert_eq!(live.runner.told("program | last"), " words");
    live.runner
        .told("program | the program ended: exit status: 3");
    live.client("in-a-row", &address, "10");
    live.stop();
    let log = live.lab.read("out/runs/0001/program.log");
    assert!(log.starts_with("last words\n"), "{log}");
}

#[test]
fn the_working_folder_of_a_program_is_that_of_the_scenario() {
    let lab = Lab::new();
    let command = |words: &str| {
        let program = format!("[nodes.program]\ncommand = [{words}]\nends_run = true\n");
        echo_server("line", &program)
    };
    lab.write("deep/say.sh", "#!/bin/sh\necho in ${PWD##*/}\n");
    let script = lab.path("deep/say.sh");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, mode).unwrap();
    lab.write("here.sh", "true\n");
    for (out, words) in [("a", "\"sh\", \"say.sh\""), ("b", "\"./say.sh\"")] {
        lab.write("deep/scenario.toml", &command(words));
        let arguments = ["deep/scenario.toml", "--no-report", "--out", out];
        lab.runner(&arguments).ends(4);
        let log = lab.read(&format!("{out}/runs/0001/program.log"));
        assert!(log.starts_with("in deep\n"), "{log}");
    }
    // A path that is there from the folder of the caller alone.
    for (words, path, instead) in [
        ("\"sh\", \"deep/say.sh\"", "deep/say.sh", "say.sh"),
        ("\"./deep/say.sh\"", "./deep/say.sh", "say.sh"),
        (
            "\"sh\", \"--init-file=deep/say.sh\"",
            "deep/say.sh",
            "say.sh",
        ),
        ("\"sh\", \"here.sh\"", "here.sh", "/here.sh"),
    ] {
        lab.write("deep/scenario.toml", &command(words));
        let path = format!("`command` has the path \"{path}\", which is there from the current");
        let instead = format!("{instead}\"\n");
        lab.runner(&["check", "deep/scenario.toml"]).ends(2).says(&[
            "deep/scenario.toml:",
            &path,
            "write \"",
            &instead,
        ]);
    }
    // Other words are not paths, whatever is here.
    std::fs::create_dir(lab.path("hello")).unwrap();
    lab.write(
        "deep/scenario.toml",
        &command("\"echo\", \"hello\", \"/\", \"a/b\""),
    );
    lab.runner(&["check", "deep/scenario.toml"]).passes();
}

#[test]
fn a_command_that_does_not_exist_is_bad_input() {
    crate::harness::needs_python!();
    let lab = Lab::with(&echo_server(
        "line",
        "[nodes.program]\ncommand = [\"no-such-program\"]",
    ));
    let answer = lab.runner(&["scenario.toml", "--no-report", "--out", "out"]);
    answer
        .ends(2)
        .says(&["node `program`: `no-such-program` cannot be started"]);
    assert!(!lab.path("out").exists());
}

#[test]
fn a_program_that_prints_without_end_does_not_hold_up_the_other_nodes() {
    let loud = "[nodes.loud]\ncommand = [\"sh\", \"-c\", \"exec yes\"]\n";
    let mut live = Live::start(&echo_server("line", loud));
    let address = format!("tcp://{}", live.address("server"));
    live.runner.told("loud | y");
    for _ in 0..20 {
        let reply = live.lab.runner(&["send", &address, "hello"]);
        assert_eq!(reply.passes().out, "hello\n");
    }
    live.stop();
    assert!(
        live.lab
            .read("out/runs/0001/loud.log")
            .starts_with("y\ny\n")
    );
}

#[test]
fn the_tables_have_no_numbers_for_a_program_without_messages() {
    let scenario = "name = \"tables\"\ntime = \"real\"\n\
        [nodes.client]\nbehavior = \"echo.client\"\nconfig = { texts = [\"a\"], stop = true }\n\
        [nodes.server]\nbehavior = \"echo.server\"\n\
        [nodes.program]\ncommand = [\"sh\", \"-c\", \"exec cat /dev/zero > /dev/null\"]\n\
        [[links]]\nbetween = [\"client\", \"server\"]\n";
    let lab = Lab::with(scenario);
    lab.runner(&["scenario.toml", "--out", "out"]).passes();
    let summary = lab.read("out/summary.csv");
    let line = |node: &str| {
        let start = format!("1,default,{node},");
        let line = summary.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {node}: {summary}"))
            .to_owned()
    };
    assert!(line("client").contains(",1,1,0,1,"), "{summary}");
    assert_eq!(line("program").replace(',', ""), "", "{summary}");
    // The report names the program among the nodes, and in no other table.
    let report = lab.read("out/report.md");
    let rows = report
        .lines()
        .filter(|line| line.starts_with("| program |"));
    assert_eq!(rows.count(), 1, "{report}");
}
