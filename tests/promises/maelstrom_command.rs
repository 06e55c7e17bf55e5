//! `runner maelstrom test`: Maelstrom's options, its exit codes, and a last line in words.

use crate::harness::{Answer, Lab, needs_python};

/// A node of the workload `echo`, with a line for what it does with an echo.
fn node(answer: &str) -> String {
    format!(
        "import json, sys\n\
         for line in sys.stdin:\n    \
             message = json.loads(line)\n    \
             body = message['body']\n    \
             reply = {{'type': body['type'] + '_ok', 'in_reply_to': body['msg_id']}}\n    \
             if body['type'] == 'echo':\n        {answer}\n    \
             print('heard', body['type'], file=sys.stderr)\n    \
             print(json.dumps({{'src': message['dest'], 'dest': message['src'], 'body': reply}}), flush=True)\n"
    )
}

const ECHOES: &str = "reply['echo'] = body['echo']";

const ECHO: [&str; 14] = [
    "maelstrom",
    "test",
    "-w",
    "echo",
    "--bin",
    "python3",
    "--node-count",
    "2",
    "--time-limit",
    "0.4",
    "--rate",
    "40",
    "--no-report",
    "-q",
];

fn test(lab: &Lab, options: &[&str]) -> Answer {
    lab.runner(&[&ECHO[..], options, &["--", "node.py"]].concat())
}

fn last_line(answer: &Answer) -> &str {
    answer.out.lines().last().unwrap_or("")
}

#[test]
fn a_right_program_looks_good_and_the_scenario_says_the_same() {
    needs_python!();
    let lab = Lab::new();
    lab.write("node.py", &node(ECHOES));
    let printed = test(
        &lab,
        &[
            "--print-scenario",
            "--latency",
            "5",
            "--nemesis",
            "partition",
        ],
    );
    let printed = printed.ends(0).out.clone();
    assert!(
        printed.contains("# runner maelstrom test -w echo --bin python3"),
        "{printed}"
    );
    assert!(!lab.path("maelstrom-echo.toml").exists());
    let answer = test(
        &lab,
        &["--log-stderr", "--latency", "5", "--nemesis", "partition"],
    );
    let answer = answer.ends(0);
    assert_eq!(last_line(&answer), "Everything looks good!");
    assert!(
        answer.out.contains("run 1: node-2: heard init\n"),
        "{}",
        answer.out
    );
    let text = |scenario: &str| {
        let lines = scenario.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(text(&lab.read("maelstrom-echo.toml")), text(&printed));
    lab.write("mine.toml", &printed);
    lab.runner(&["run", "mine.toml", "-q", "--no-report"])
        .ends(0);
    // A file of somebody's own stays.
    lab.write("maelstrom-echo.toml", "name = \"mine\"\n");
    test(&lab, &[])
        .ends(255)
        .says(&["maelstrom-echo.toml is not a file that this command wrote"]);
    assert_eq!(lab.read("maelstrom-echo.toml"), "name = \"mine\"\n");
}

#[test]
fn each_way_to_fail_has_its_code_and_its_words() {
    needs_python!();
    for (answer, code, told) in [
        (
            "reply['echo'] = 'no'",
            1,
            "Analysis invalid: the clients saw what they must not see.",
        ),
        (
            "continue",
            2,
            "Nothing wrong was found, but not everything could be judged.",
        ),
        (
            "print('hello')",
            255,
            "The test could not be done to its end.",
        ),
    ] {
        let lab = Lab::new();
        lab.write("node.py", &node(answer));
        let answer = test(&lab, &[]);
        let answer = answer.ends(code);
        assert_eq!(last_line(&answer), told);
    }
}

#[test]
fn the_time_in_which_a_program_starts_is_no_time_of_the_run() {
    needs_python!();
    let lab = Lab::new();
    let late = "import time\ntime.sleep(0.6)\n";
    lab.write("node.py", &format!("{late}{}", node(ECHOES)));
    let answer = test(&lab, &[]).ends(0);
    assert_eq!(last_line(&answer), "Everything looks good!");
}

#[test]
fn wrong_arguments_end_with_254_and_say_what_was_expected() {
    let lab = Lab::new();
    lab.write("node.py", &node(ECHOES));
    for (options, told) in [
        (&["--concurrency", "n4"][..], "4n for four for each node"),
        (&["--latency=-1"], "a number from 0 to 1000000"),
        (
            &["--nemesis", "flood"],
            "[possible values: partition, kill]",
        ),
        (&["--nodes", "3"], "--node-count"),
        (&["-w", "brodcast"], "broadcast"),
        (
            &["--bin", "./no-such"],
            "there is no such file, expected the program that runs a node",
        ),
    ] {
        let mut words: Vec<&str> = ["maelstrom", "test", "--bin", "sh"].to_vec();
        if options[0] == "--bin" {
            words.truncate(2);
        }
        words.extend(options);
        lab.runner(&words).ends(254).says(&[told]);
    }
    lab.runner(&["maelstrom", "test"])
        .ends(254)
        .says(&["--bin <FILE>"]);
    lab.runner(&["maelstrom"]).ends(254);
    lab.runner(&["maelstrom", "test", "--help"]).ends(0);
    // A model that the check does not know is found when the scenario is planned.
    let words = [
        "maelstrom",
        "test",
        "-w",
        "txn-list-append",
        "--bin",
        "sh",
        "--consistency-models",
        "serialisable",
    ];
    let answer = lab
        .runner(&words)
        .ends(254)
        .says(&["expected one of strict-serializable"])
        .out
        .clone();
    assert_eq!(
        answer,
        "Nothing was run: the scenario of these arguments has mistakes.\n"
    );
}
