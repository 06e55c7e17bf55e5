//! A program that fails is a failed node: the run has failed, and the error says how the
//! program ended and what it wrote last. `exit` says how it may end, `ends_run` that its
//! end is the end of the run.

use crate::harness::{Answer, Lab, needs_python};
use crate::real_live::{Live, echo_server};
use crate::waiting::own_host;

/// An echo server that listens, and a program: this script of `sh`, and more keys.
fn server_and(script: &str, keys: &str) -> Lab {
    Lab::with(&scenario(script, keys))
}

fn scenario(script: &str, keys: &str) -> String {
    let program = format!(
        "[nodes.program]\ncommand = [\"sh\", \"-c\", {script:?}, \"sh\", \"{{address:server}}\"]\n{keys}\n"
    );
    format!(
        "{}[nodes.clock]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 100\n\
         [[links]]\nbetween = [\"clock\", \"clock\"]\n",
        echo_server("line", &program)
    )
}

/// Runs `scenario.toml` into `out`, for at most so long.
fn run(lab: &Lab, duration: &str, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], &["--duration", duration], more].concat())
}

fn status(lab: &Lab) -> String {
    lab.table("out/runs.csv").texts("status")[0].to_owned()
}

#[test]
fn a_program_that_ends_with_another_code_fails_the_run() {
    let script = "echo one; echo two >&2; exit 3";
    for more in [&[][..], &["--isolate"], &["--processes"]] {
        let lab = server_and(script, "");
        run(&lab, "5m", more).ends(3).says(&[
            "run 1: node `program` failed at ",
            "its program ended by itself with exit status: 3",
            "    one\n",
            "    two\n",
            "if it may end so, give the node `exit = \"any\"`",
            "repeat: ",
        ]);
        assert_eq!(status(&lab), "failed", "{more:?}");
    }
}

#[test]
fn a_program_that_a_signal_ends_fails_the_run() {
    let lab = server_and("kill -SEGV $$", "");
    run(&lab, "5m", &["--junit", "junit.xml"])
        .ends(3)
        .says(&["with signal: 11 (SIGSEGV)", "it wrote nothing"]);
    let junit = lab.read("junit.xml");
    assert!(
        junit.contains("SIGSEGV") && junit.contains("<error"),
        "{junit}"
    );
}

#[test]
fn of_a_traceback_the_last_lines_are_in_the_error() {
    needs_python!();
    let script = "exec python3 -c 'for n in range(50): print(n, flush=True)\nimport nothing_here'";
    let answer = run(&server_and(script, ""), "5m", &[]).ends(3);
    let answer = answer.says(&[
        "    49\n",
        "ModuleNotFoundError: No module named 'nothing_here'",
    ]);
    assert!(!answer.err.contains("    5\n"), "{}", answer.err);
    // Control characters of a terminal do not reach it.
    let lab = server_and("printf 'red \\033[31m\\n'; exit 1", "");
    run(&lab, "5m", &[])
        .ends(3)
        .says(&["    red \\u{1b}[31m\n"]);
}

#[test]
fn a_program_that_fails_before_it_accepts_is_not_waited_for() {
    let host = own_host();
    for (port, more) in [(15000, &[][..]), (15001, &["--processes"])] {
        let address = format!("tcp://{host}:{port}");
        let lab = Lab::with(&format!(
            "name = \"early\"\ntime = \"real\"\nduration = \"5m\"\n\
             [nodes.client]\nbehavior = \"echo.client\"\nconfig = {{ texts = [\"a\"] }}\n\
             [nodes.program]\nexternal = \"{address}\"\nframing = \"line\"\n\
             command = [\"sh\", \"-c\", \"echo no such module; exit 1\"]\n"
        ));
        run(&lab, "5m", more).ends(3).says(&[
            "node `program` failed at 0 s: its program ended by itself with exit status: 1",
            "    no such module\n",
        ]);
    }
}

#[test]
fn a_program_that_ends_before_it_accepts_is_not_waited_for_whatever_its_end() {
    let host = own_host();
    for (port, script) in [(15000, "echo no such module; exit 1"), (15001, "echo done")] {
        let lab = Lab::with(&format!(
            "name = \"early\"\ntime = \"real\"\nduration = \"5m\"\n\
             [nodes.client]\nbehavior = \"echo.client\"\nconfig = {{ texts = [\"a\"] }}\n\
             [nodes.program]\nexternal = \"tcp://{host}:{port}\"\nframing = \"line\"\n\
             command = [\"sh\", \"-c\", \"{script}\"]\nexit = \"any\"\n"
        ));
        let begin = std::time::Instant::now();
        run(&lab, "5m", &[]).ends(3).says(&[
            "node `program`: its program ended (exit status: ",
            &format!(") before it accepted a connection at {host}:{port}\n"),
            &format!(
                "    {}\n",
                script
                    .split("echo ")
                    .last()
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
            ),
        ]);
        // It would be waited for 10 s.
        assert!(begin.elapsed().as_secs() < 9);
    }
}

#[test]
fn a_program_that_fails_in_the_last_moment_has_failed() {
    needs_python!();
    // Its child sends the message that ends the run once the program is dead.
    let script = "import os, socket, sys\nparent, (h, p) = os.getpid(), sys.argv[1].split(':')\n\
        if os.fork(): os._exit(7)\n\
        while open(f'/proc/{parent}/stat').read().rsplit(')', 1)[1].split()[0] != 'Z': pass\n\
        socket.create_connection((h, int(p))).sendall(b'end\\n')\n";
    let lab = Lab::with(
        "name = \"last\"\ntime = \"real\"\n\
         [nodes.server]\nbehavior = \"echo.consumer\"\nconfig = { end = \"end\" }\n\
         [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n\
         [nodes.program]\ncommand = [\"python3\", \"program.py\", \"{address:server}\"]\n",
    );
    lab.write("program.py", script);
    run(&lab, "5m", &[]).ends(3).says(&["exit status: 7"]);
}

#[test]
fn exit_says_how_a_program_may_end() {
    let cases = [
        ("exit 0", "", true),
        ("exit 0", "exit = \"success\"", true),
        ("exit 3", "exit = \"any\"", true),
        ("kill -KILL $$", "exit = \"any\"", true),
        ("exit 0", "exit = \"never\"", false),
        ("exit 3", "exit = \"never\"", false),
    ];
    for (script, keys, may) in cases {
        let lab = server_and(script, keys);
        let duration = if may { "300ms" } else { "5m" };
        let answer = run(&lab, duration, &[]);
        match may {
            true => drop(answer.ends(0)),
            false => drop(answer.ends(3).says(&["and `exit` is \"never\""])),
        }
    }
    // The end of the run is the runner's doing.
    let deaf = server_and("exec sleep 300", "exit = \"never\"");
    run(&deaf, "300ms", &[]).ends(0);
    assert_eq!(status(&deaf), "complete");
}

#[test]
fn a_run_ends_when_all_programs_that_end_it_have_ended() {
    let two = |second: &str| {
        format!(
            "{}[nodes.second]\ncommand = [\"sh\", \"-c\", {second:?}]\nends_run = true\n",
            scenario("true", "ends_run = true")
        )
    };
    for more in [&[][..], &["--processes"]] {
        let lab = Lab::with(&two("sleep 0.3; echo done"));
        run(&lab, "5m", more).ends(0);
        assert_eq!(status(&lab), "complete");
        assert!(lab.read("out/runs/0001/second.log").contains("done\n"));
    }
    // One that fails has failed the run, also if it would have ended it.
    run(&Lab::with(&two("exit 4")), "5m", &[]).ends(3);
    // One that does not end the run does not keep it from ending either.
    let lab = Lab::with(&format!(
        "{}[nodes.endless]\ncommand = [\"sleep\", \"300\"]\n",
        two("true")
    ));
    run(&lab, "5m", &[]).ends(0);
}

#[test]
fn what_programs_sent_before_their_end_is_handled() {
    needs_python!();
    let script = "exec python3 -c 'import socket, sys\nh, p = sys.argv[1].split(\":\")\n\
                  socket.create_connection((h, int(p))).sendall(b\"x\\n\" * 500)' \"$1\"";
    let lab = server_and(script, "ends_run = true");
    run(&lab, "5m", &[]).ends(0);
    let log = lab.table("out/runs/0001/server.csv");
    assert_eq!(log.only("event", "receive").rows.len(), 500);
}

#[test]
fn a_program_that_a_crash_fault_kills_has_not_failed() {
    let fault = "[[faults]]\nat = \"200ms\"\nfor = \"200ms\"\ncrash = [\"program\"]\n";
    let lab = Lab::with(&format!(
        "{}{fault}",
        scenario("exec sleep 300", "exit = \"never\"")
    ));
    run(&lab, "600ms", &[]).ends(0);
    let faults = lab.table("out/runs/0001/faults.csv");
    assert_eq!(faults.texts("touched")[0], "1");
    // Nor has it ended: it ends the run after it started again.
    let script = "test -e began && exit; touch began; exec sleep 300";
    let lab = Lab::with(&format!("{}{fault}", scenario(script, "ends_run = true")));
    run(&lab, "5m", &[]).ends(0);
    assert_eq!(status(&lab), "complete");
    // One that fails after it started again has failed.
    let script = "test -e began && exit 5; touch began; exec sleep 300";
    let lab = Lab::with(&format!("{}{fault}", scenario(script, "")));
    run(&lab, "5m", &[]).ends(3).says(&["exit status: 5"]);
}

#[test]
fn a_program_that_cannot_be_started_again_is_a_failed_node() {
    let lab = Lab::with(
        "name = \"gone\"\ntime = \"real\"\n[nodes.clock]\nbehavior = \"clock.machine\"\n\
         tick_rate = 100\n[nodes.program]\ncommand = [\"./program\"]\n\
         [[faults]]\nat = \"200ms\"\nfor = \"200ms\"\ncrash = [\"program\"]\n",
    );
    let path = lab.write("program", "#!/bin/sh\nrm program\nexec sleep 300\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
    run(&lab, "5m", &[])
        .ends(3)
        .says(&["node `program`: `./program` cannot be started"]);
}

#[test]
fn a_user_who_stops_a_run_ends_its_programs_without_a_failure() {
    let mut live = Live::start(&scenario("echo here; exec sleep 300", "exit = \"never\""));
    live.runner.told("program | here");
    let answer = live.stop();
    assert!(!answer.err.contains("failed"), "{}", answer.err);
}

#[test]
fn exit_and_ends_run_need_a_command() {
    let lab = Lab::with(
        "name = \"wrong\"\ntime = \"real\"\n\
         [nodes.a]\nexternal = \"udp://127.0.0.1:9\"\nexit = \"any\"\n\
         [nodes.b]\nbehavior = \"echo.server\"\nends_run = true\n\
         [nodes.c]\ncommand = [\"true\"]\nexit = \"sucess\"\n",
    );
    lab.runner(&["check", "scenario.toml"]).ends(2).says(&[
        "scenario.toml:5:1: `exit` without `command`",
        "scenario.toml:8:1: `ends_run` without `command`",
        "scenario.toml:11:8: `exit`",
        "success",
    ]);
}

#[test]
fn a_lottery_with_a_central_of_somebody_else_is_unknown() {
    needs_python!();
    let host = own_host();
    let central = "import socket, struct, sys\n\
        s = socket.create_server((sys.argv[1], 15001))\n\
        def read(c, n):\n\x20b = b''\n\x20while len(b) < n:\n\x20\x20d = c.recv(n - len(b))\n\
        \x20\x20if not d: return None\n\x20\x20b += d\n\x20return b\n\
        def frame(t, *fields):\n\x20p = b''.join(struct.pack('>I', len(f)) + f for f in fields)\n\
        \x20return struct.pack('>I', len(p)) + t + p\n\
        while True:\n\x20c, _ = s.accept()\n\x20while True:\n\x20\x20head = read(c, 5)\n\
        \x20\x20if not head: break\n\x20\x20body = read(c, struct.unpack('>I', head[:4])[0])\n\
        \x20\x20t = head[4:]\n\
        \x20\x20if t == b'B': c.sendall(frame(b'0', b'1'))\n\
        \x20\x20if t == b'Q': c.sendall(frame(b'W'))\n\
        \x20\x20if t in b'FQ': break\n\x20c.close()\n";
    let lab = Lab::with(&format!(
        "name = \"foreign\"\ntime = \"real\"\nduration = \"2s\"\n\
         [nodes.central]\nexternal = \"tcp://{host}:15001\"\nframing = \"typed-u32be\"\n\
         command = [\"python3\", \"central.py\", \"{host}\"]\n\
         [nodes.agency]\nbehavior = \"lottery.agency\"\n[nodes.agency.config]\nagency = 1\n\
         bet = {{ first_name = \"Ana\", last_name = \"Gil\", document = 30904465, \
         birthdate = 1999-03-17, number = 7574 }}\n\
         [[check]]\ncheck = \"lottery.complete\"\n"
    ));
    lab.write("central.py", central);
    run(&lab, "2s", &[]).ends(4).says(&[
        "the central of agency 1 is the program `central`: nothing records what it stores",
    ]);
}
