//! What was never answered has not passed: replies that a script expects, requests as a
//! metric, and runs in which nothing happened.

use crate::harness::{Answer, Lab, needs_python};

/// A scenario of `tests/fixtures/cases`.
fn case(name: &str) -> Lab {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/cases");
    Lab::with(&std::fs::read_to_string(format!("{folder}/{name}.toml")).unwrap())
}

/// Runs `scenario.toml` into `out`, without a report.
fn run(lab: &Lab, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "--no-report", "--out", "out"];
    lab.runner(&[&arguments[..], more].concat())
}

/// A node's value of a metric in the first run; empty if there is none.
fn metric(lab: &Lab, node: &str, name: &str) -> String {
    let summary = lab.table("out/summary.csv").only("run", "1");
    summary.only("node", node).texts(name)[0].to_owned()
}

/// The verdicts of a judge: run, name, verdict.
fn verdicts(lab: &Lab, judge: &str) -> Vec<[String; 3]> {
    let table = lab.table("out/verdicts.csv").only("judge", judge);
    let columns = ["run", "name", "verdict"].map(|name| table.texts(name));
    (0..table.rows.len())
        .map(|row| [0, 1, 2].map(|column: usize| columns[column][row].to_owned()))
        .collect()
}

/// A kv client with this script and these config keys, a server, and more TOML.
fn kv(script: &str, more: &str) -> Lab {
    Lab::with(&format!(
        "name = \"kv\"\nduration = \"10s\"\n[nodes.client]\nbehavior = \"kv.client\"\n\
         config = {{ script = [{script}] }}\n[nodes.server]\nbehavior = \"kv.server\"\n{more}"
    ))
}

const ALL_LOST: &str = "[[links]]\nbetween = [\"client\", \"server\"]\nloss = 1.0\n";
const IDLE: &str = "no node did a step and no program exchanged a message";

#[test]
fn a_script_whose_expected_reply_is_lost_fails() {
    let lab = case("c6");
    run(&lab, &[])
        .ends(1)
        .says(&["expected replies never came: 1 to `client`", "repeat: "]);
    assert_eq!(metric(&lab, "client", "unanswered"), "1");
    assert_eq!(metric(&lab, "client", "unmet"), "1");
    assert_eq!(metric(&lab, "server", "unanswered"), "");
}

#[test]
fn an_echo_client_that_ends_at_the_last_reply_fails_without_it() {
    let lab = case("ec");
    run(&lab, &[])
        .ends(1)
        .says(&["expected replies never came: 2 to `client`"]);
    assert_eq!(metric(&lab, "client", "unanswered"), "1");
}

#[test]
fn replies_that_an_echo_client_expects_or_waits_for_in_vain_fail() {
    // The first reply comes, the second message is lost.
    let cut = |config: &str| {
        Lab::with(&format!(
            "name = \"echo\"\nduration = \"3s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
             config = {{ texts = [\"a\", \"b\"]{config} }}\n\
             [nodes.server]\nbehavior = \"echo.server\"\n\
             [[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"500ms\"\n\
             [[faults]]\nat = \"900ms\"\npartition = [[\"client\"], [\"server\"]]\n"
        ))
    };
    let never = &["expected replies never came: 1 to `client`"][..];
    for (config, code, words) in [
        ("", 0, &[][..]),
        (", expect = \"any\"", 0, &[]),
        (", expect = \"same\"", 1, never),
        (", timeout = \"600ms\"", 1, never),
        (", timeout = \"600ms\", expect = \"any\"", 1, never),
        // The timeout is not over at the end.
        (", timeout = \"5s\", expect = \"same\"", 0, &[]),
    ] {
        let lab = cut(config);
        let answer = run(&lab, &[]);
        assert_eq!(answer.code, Some(code), "{config}: {}", answer.err);
        answer.says(words);
        assert_eq!(metric(&lab, "client", "unanswered"), "1", "{config}");
    }
    let lab = cut(", expect = \"same\"");
    let stopped = "[nodes.other]\nbehavior = \"echo.producer\"\nconfig = { count = 1 }\n\
                   [nodes.end]\nbehavior = \"echo.consumer\"\n\
                   [[links]]\nbetween = [\"other\", \"end\"]\nlatency = \"1s\"\n";
    lab.write(
        "scenario.toml",
        &format!("{}{stopped}", lab.read("scenario.toml")),
    );
    run(&lab, &[])
        .ends(4)
        .says(&["the run was stopped before expected replies came (1 to `client`)"]);
}

#[test]
fn replies_that_are_cut_off_in_the_middle_of_a_script_fail() {
    let step = "{ send = \"set a 1\", expect = \"ok\" }";
    let cut = "[[faults]]\nat = \"1500ms\"\npartition = [[\"client\"], [\"server\"]]\n";
    let slow = "[[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"500ms\"\n";
    let lab = kv(&[step; 3].join(", "), &format!("{slow}{cut}"));
    run(&lab, &[])
        .ends(1)
        .says(&["expected replies never came: 2 to `client`"]);
    assert_eq!(metric(&lab, "client", "unanswered"), "1");
    // The same for an echo client: one reply came, two did not.
    let lab = Lab::with(&format!(
        "name = \"echo\"\nduration = \"10s\"\n[nodes.client]\nbehavior = \"echo.client\"\n\
         config = {{ texts = [\"a\", \"b\", \"c\"], stop = true }}\n\
         [nodes.server]\nbehavior = \"echo.server\"\n{slow}{cut}"
    ));
    run(&lab, &[])
        .ends(1)
        .says(&["expected replies never came: 2 to `client`"]);
}

#[test]
fn a_reply_that_is_still_under_way_at_the_end_has_not_come() {
    let late = "[[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"9s\"\n";
    let lab = kv("{ send = \"get a\", expect = \"not found\" }", late);
    run(&lab, &["--isolate"]).ends(1);
    assert_eq!(metric(&lab, "client", "unanswered"), "1");
    // With enough time it comes.
    run_into_another(&lab, &["--duration", "20s"]).passes();
}

/// Runs `scenario.toml` into another folder.
fn run_into_another(lab: &Lab, more: &[&str]) -> Answer {
    let arguments = ["scenario.toml", "--no-report", "--out", "other"];
    lab.runner(&[&arguments[..], more].concat())
}

#[test]
fn a_run_that_another_node_stopped_first_is_unknown() {
    let lab = kv(
        "{ send = \"get a\", expect = \"not found\" }",
        "[nodes.other]\nbehavior = \"kv.client\"\nconfig = { operations = 1, stop = true }\n\
         [[links]]\nbetween = [\"client\", \"server\"]\nlatency = \"9s\"\n\
         [[links]]\nbetween = [\"other\", \"server\"]\n",
    );
    run(&lab, &[]).ends(4).says(&[
        "the run was stopped before expected replies came (1 to `client`): other has done",
    ]);
}

#[test]
fn a_chat_script_that_awaits_a_message_in_vain_fails() {
    let lab = Lab::with(
        "name = \"chat\"\nduration = \"10s\"\n[nodes.ann]\nbehavior = \"chat.client\"\n\
         config = { script = [\"create ann\", \"login ann\", \"await 1\"] }\n\
         [nodes.server]\nbehavior = \"chat.server\"\n",
    );
    run(&lab, &[])
        .ends(1)
        .says(&["expected replies never came: 1 to `ann`"]);
    assert_eq!(metric(&lab, "ann", "unanswered"), "0");
    assert_eq!(metric(&lab, "ann", "unmet"), "1");
}

#[test]
fn unanswered_requests_are_a_metric_that_can_be_expected() {
    let expect = "[[expect]]\nmetric = \"unanswered\"\nequals = 0\n";
    let kv = kv("\"set a 1\"", &format!("{ALL_LOST}{expect}"));
    run(&kv, &["--log", "off"])
        .ends(1)
        .says(&["unanswered is not equal to 0 at `client`"]);
    let chat = Lab::with(&format!(
        "name = \"chat\"\nduration = \"10s\"\n[nodes.client]\nbehavior = \"chat.client\"\n\
         config = {{ actions = 5, timeout = \"1s\" }}\n\
         [nodes.server]\nbehavior = \"chat.server\"\n{ALL_LOST}{expect}"
    ));
    run(&chat, &[]).ends(1);
    assert_eq!(metric(&chat, "client", "unanswered"), "1");
    // Given up is not answered; and the report says what the metric is.
    let given_up = Lab::with(
        "name = \"kv\"\nduration = \"10s\"\n[nodes.client]\nbehavior = \"kv.client\"\n\
         config = { operations = 3, timeout = \"1s\", retries = 0 }\n\
         [nodes.server]\nbehavior = \"kv.server\"\n\
         [[links]]\nfrom = \"server\"\nto = \"client\"\n\
         [[links]]\nfrom = \"client\"\nto = \"server\"\n\
         [[faults]]\nat = \"0s\"\nfor = \"20s\"\ncrash = [\"server\"]\n",
    );
    given_up.runner(&["scenario.toml", "--out", "out"]).ends(0);
    let report = given_up.read("out/report.md");
    assert!(
        report.contains("Requests of the node that had no reply at the end of the run"),
        "{report}"
    );
}

#[test]
fn requests_without_a_reply_at_a_crash_stay_unanswered() {
    let lab = kv(
        "\"set a 1\"",
        &format!("{ALL_LOST}[[faults]]\nat = \"2s\"\nfor = \"1s\"\ncrash = [\"client\"]\n"),
    );
    run(&lab, &[]).ends(4);
    assert_eq!(metric(&lab, "client", "unanswered"), "2");
}

#[test]
fn the_linearizability_of_too_few_answers_is_unknown() {
    // One client loses all, so half of the operations are answered.
    let check = |config: &str| {
        Lab::with(&format!(
            "name = \"kv\"\nduration = \"10s\"\n\
             [nodes.lucky]\nbehavior = \"kv.client\"\nconfig = {{ operations = 1 }}\n\
             [nodes.client]\nbehavior = \"kv.client\"\nconfig = {{ operations = 1 }}\n\
             [nodes.server]\nbehavior = \"kv.server\"\n\
             [[links]]\nbetween = [\"lucky\", \"server\"]\n{ALL_LOST}\
             [[check]]\ncheck = \"kv.linearizable\"\nconfig = {{ {config} }}\n"
        ))
    };
    let lab = check("");
    run(&lab, &[]).ends(0);
    let measured = lab.table("out/verdicts.csv").only("judge", "check");
    assert_eq!(
        measured.texts("measured"),
        ["1 of 2 operations answered, on 2 keys, all explained"]
    );
    run(&check("min_answered = 0.6"), &[])
        .ends(4)
        .says(&["1 of 2 operations answered, expected at least the share 0.6"]);
    let none = kv(
        "\"set a 1\"",
        &format!("{ALL_LOST}[[check]]\ncheck = \"kv.linearizable\"\n"),
    );
    run(&none, &[])
        .ends(4)
        .says(&["0 of 1 operations answered: there is nothing to judge"]);
}

#[test]
fn a_case_in_which_nothing_happened_is_unknown() {
    let clock = "name = \"still\"\nduration = \"5s\"\nruns = 3\n[nodes.m]\ncount = 3\n\
                 behavior = \"clock.machine\"\n[[expect]]\nmetric = \"dropped\"\nequals = 0\n";
    let lab = Lab::with(clock);
    run(&lab, &[]).ends(4).says(&[
        &format!("{IDLE} in any of its 3 runs: nothing was tested"),
        "`clock.machine` acts on ticks, and group `m` has no `tick_rate`",
    ]);
    let of_case = ["", "all runs", "unknown"].map(str::to_owned);
    assert!(verdicts(&lab, "activity").contains(&of_case));
    // What was lost did nothing at the other end.
    run(&kv("\"set a 1\"", ALL_LOST), &[]).ends(4).says(&[IDLE]);
}

#[test]
fn of_several_cases_the_one_in_which_nothing_happened_is_named() {
    let lab = kv(
        "\"set a 1\"",
        &format!("{ALL_LOST}[matrix.axes.loss]\npath = \"links.0.loss\"\nvalues = [0.0, 1.0]\n"),
    );
    let answer = run(&lab, &["--junit", "junit.xml"]).ends(4);
    let answer = answer.says(&["over the runs of loss=1", IDLE]);
    assert!(!answer.err.contains("loss=0"), "{}", answer.err);
    assert!(lab.read("junit.xml").contains("over all runs: all runs"));
    run_into_another(&lab, &["--case", "loss=0*"]).ends(0);
}

#[test]
fn single_runs_in_which_nothing_happened_are_counted() {
    let lab = kv(
        "\"set a 1\"",
        "[[links]]\nbetween = [\"client\", \"server\"]\nloss = 0.3\n\
         [[expect]]\nmetric = \"sent\"\nnodes = \"client\"\nequals = 1\n",
    );
    let arguments = ["scenario.toml", "--runs", "20", "--out", "out"];
    let answer = lab.runner(&arguments).ends(0);
    let idle = verdicts(&lab, "activity");
    assert!(!idle.is_empty() && idle.len() < 20, "{idle:?}");
    let counted = format!(
        "in {} of 20 runs {IDLE}, first in run {}",
        idle.len(),
        idle[0][0]
    );
    answer.says(&[&counted]);
    // Only one of them, it proves nothing.
    run_into_another(&lab, &["--runs", "20", "--run", &idle[0][0]]).ends(4);
    let report = lab.read("out/report.md").to_lowercase();
    assert!(report.contains(&counted), "{report}");
}

#[test]
fn parts_of_a_case_in_which_nothing_happened_are_unknown_when_they_are_merged() {
    let lab = Lab::with(
        "name = \"still\"\nduration = \"5s\"\nruns = 8\n[nodes.m]\ncount = 3\n\
         behavior = \"clock.machine\"\n",
    );
    for shard in ["1/2", "2/2"] {
        let out = format!("part-{}", &shard[..1]);
        let arguments = ["scenario.toml", "--no-report", "--shard", shard];
        lab.runner(&[&arguments[..], &["--out", &out]].concat())
            .ends(0);
    }
    lab.runner(&["report", "part-1", "part-2", "--out", "whole"])
        .ends(4)
        .says(&[IDLE]);
    run(&lab, &[]).ends(4);
    assert_eq!(lab.read("whole/verdicts.csv"), lab.read("out/verdicts.csv"));
}

#[test]
fn a_program_that_exchanges_messages_is_activity() {
    needs_python!();
    // The server sends the time on connect, which is no step.
    let scenario = |client: &str| {
        format!(
            "name = \"time\"\ntime = \"real\"\nduration = \"30s\"\n\
             [nodes.server]\nbehavior = \"echo.time\"\n\
             [[nodes.server.listen]]\ntcp = \"127.0.0.1:0\"\nframing = \"line\"\n\
             [nodes.client]\ncommand = [{client}]\nends_run = true\n"
        )
    };
    let read = "\"python3\", \"-c\", \"import sys, socket; \
                socket.create_connection((sys.argv[1], int(sys.argv[2]))).recv(9)\", \
                \"{host:server}\", \"{port:server}\"";
    run(&Lab::with(&scenario(read)), &[]).ends(0);
    run(&Lab::with(&scenario("\"true\"")), &[])
        .ends(4)
        .says(&[IDLE]);
}
