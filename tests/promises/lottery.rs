//! The lottery through the runner: the shipped scenarios, Python agencies that implement the
//! protocol, and the same `bets.csv` under all faults.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::harness::{Lab, Table};
use crate::real_live::{Live, listen, python, until};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");

/// Runs a scenario of the repository, without a report, into `out`.
fn shipped(name: &str, more: &[&str]) -> Lab {
    let lab = Lab::new();
    let file = format!("{FOLDER}/{name}.toml");
    let arguments = [&file, "--no-report", "--quiet", "--out", "out"];
    // On a busy machine, a run in real time may be late, which is a warning.
    lab.runner(&[&arguments[..], more].concat()).ends(0);
    lab
}

/// The lines of `bets.csv`, sorted.
fn bets(lab: &Lab) -> Vec<String> {
    let text = lab.read("out/runs/0001/bets.csv");
    assert!(text.ends_with("\r\n"));
    // No generated name contains a line break.
    let mut lines: Vec<String> = text.split_terminator("\r\n").map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The log of a node in the first run.
fn log(lab: &Lab, node: &str) -> Table {
    lab.table(&format!("out/runs/0001/{node}.csv"))
}

/// A central with a listener, for this number of agencies.
fn central(agencies: u32) -> Live {
    Live::start(&format!(
        "name = \"live\"\ntime = \"real\"\n[nodes.central]\nbehavior = \"lottery.central\"\n\
         config = {{ agencies = {agencies} }}\n{}[[check]]\ncheck = \"lottery.complete\"\n",
        listen("central", "typed-u32be")
    ))
}

/// Runs a Python agency of this kind. Returns its output.
#[track_caller]
fn agency(live: &mut Live, kind: &str) -> String {
    let address = live.address("central");
    python(&["agency.py", kind, &address]).ends_well()
}

fn file(live: &Live) -> Vec<u8> {
    std::fs::read(live.lab.path("out/runs/0001/bets.csv")).unwrap()
}

#[test]
fn a_python_client_hands_in_two_bets_ends_and_gets_the_winners() {
    crate::harness::needs_python!();
    let mut live = central(1);
    // The bets as Python's csv module writes them.
    let expected = agency(&mut live, "whole");
    live.stop();
    let hex: String = file(&live)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, expected.trim());
    let stored = |document, number| {
        format!(
            "action: apuesta_almacenada | result: success | dni: {document} | numero: {number}\n"
        )
    };
    let (ana, bea) = (stored("30904465", "7574"), stored("25000111", "12"));
    assert_eq!(
        live.lab.read("out/runs/0001/central.log"),
        format!("{ana}{ana}{bea}{bea}action: sorteo | result: success\n")
    );
    let verdicts = live.lab.table("out/verdicts.csv").only("judge", "check");
    assert_eq!(
        verdicts.texts("measured"),
        ["4 bets in 3 batches, each stored once"]
    );
}

#[test]
fn a_batch_whose_reply_was_lost_is_stored_once() {
    crate::harness::needs_python!();
    let mut live = central(1);
    agency(&mut live, "again");
    live.stop();
    let text = String::from_utf8(file(&live)).unwrap();
    assert_eq!(
        text,
        "1,Ana,Muñoz,30904465,1999-03-17,7574\r\n\
         1,Bea,\"Gil, \"\"la\"\"\",25000111,1980-02-29,12\r\n\
         1,Bea,\"Gil, \"\"la\"\"\",25000111,1980-02-29,12\r\n"
    );
    let log = live.lab.table("out/runs/0001/central.csv");
    assert_eq!(log.only("event", "repeated").rows.len(), 5);
    let verdicts = live.lab.table("out/verdicts.csv").only("judge", "check");
    assert_eq!(verdicts.texts("verdict"), ["passed"]);
}

#[test]
fn bad_input_is_refused_and_does_not_affect_others() {
    crate::harness::needs_python!();
    let mut live = central(2);
    agency(&mut live, "bad");
    live.stop();
    let text = String::from_utf8(file(&live)).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.starts_with("1,Ana") && text.contains("\n1,Bea"));
}

#[test]
fn a_slow_agency_delays_only_the_draw() {
    crate::harness::needs_python!();
    let mut live = central(20);
    agency(&mut live, "crowd");
    live.stop();
    let text = String::from_utf8(file(&live)).unwrap();
    assert_eq!(text.lines().count(), 20, "{text}");
}

#[test]
fn acknowledged_bets_survive_a_kill() {
    crate::harness::needs_python!();
    let mut live = central(1);
    let address = live.address("central");
    let mut agency = python(&["agency.py", "until-it-dies", &address]);
    let path = live.lab.path("out/runs/0001.partial/bets.csv");
    until("a hundred batches", || {
        std::fs::read(&path).is_ok_and(|it| it.len() > 40_000)
    });
    live.runner.signal(Signal::KILL);
    let acknowledged: usize = agency.ends_well().trim().parse().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let stored: Vec<&str> = text.split_terminator("\r\n").collect();
    // One more batch may be stored, since its reply was lost, or its lines may be written without
    // the journal's line; a restarted central cuts them off.
    let lengths = acknowledged..=acknowledged + 10;
    assert!(
        acknowledged >= 1000 && lengths.contains(&stored.len()),
        "{}",
        stored.len()
    );
    for (number, line) in stored.iter().enumerate() {
        assert_eq!(*line, format!("1,Ana,Muñoz,{number},1999-03-17,7574"));
    }
}

#[test]
fn five_agencies_have_every_bet_stored_once_in_virtual_and_in_real_time() {
    let lab = shipped("lottery-five", &[]);
    let bets_in_virtual_time = bets(&lab);
    assert_eq!(bets_in_virtual_time.len(), 80_000);
    let distinct: BTreeSet<&String> = bets_in_virtual_time.iter().collect();
    assert_eq!(distinct.len(), 80_000);
    // The winners, read from the file without the plugin.
    for agency in 1..=5 {
        let start = format!("{agency},");
        let theirs = bets_in_virtual_time
            .iter()
            .filter(|it| it.starts_with(&start));
        let won = theirs.filter(|line| line.ends_with(",7574")).count();
        let told = lab.read(&format!("out/runs/0001/agency-{agency}.log"));
        let line =
            format!("action: consulta_ganadores | result: success | cant_ganadores: {won}\n");
        assert_eq!(told, line);
    }
    assert_eq!(
        lab.read("out/runs/0001/central.log"),
        "action: sorteo | result: success\n"
    );
    let real = shipped("lottery-five", &["--time", "real"]);
    assert!(bets(&real) == bets_in_virtual_time);
}

#[test]
fn crashes_of_agency_and_central_lose_and_duplicate_no_bet() {
    let whole = bets(&shipped("lottery-five", &[]));
    for time in ["virtual", "real"] {
        let lab = shipped("lottery-dies", &["--time", time]);
        assert!(bets(&lab) == whole, "in {time} time");
        let central = log(&lab, "central");
        assert_eq!(central.only("event", "restart").rows.len(), 2);
        assert!(!central.only("event", "repeated").rows.is_empty());
        assert_eq!(log(&lab, "agency-2").only("event", "crash").rows.len(), 1);
        let verdicts = lab
            .table("out/verdicts.csv")
            .only("judge", "check")
            .only("name", "lottery.complete");
        assert_eq!(verdicts.texts("verdict"), ["passed"]);
    }
}

#[test]
fn the_number_of_agencies_is_set_by_one_key() {
    let more = ["nodes.agency.count=23", "nodes.agency.config.generate=200"];
    let lab = shipped("lottery-five", &["--set", more[0], "--set", more[1]]);
    assert_eq!(bets(&lab).len(), 23 * 200);
    let told = log(&lab, "central").only("event", "told");
    let agencies: BTreeSet<&str> = told.texts("agency").into_iter().collect();
    assert_eq!(agencies.len(), 23);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = || {
        shipped(
            "lottery-five",
            &["--set", "nodes.agency.config.generate=500"],
        )
    };
    assert_eq!(run().files("out/runs"), run().files("out/runs"));
}

#[test]
fn a_single_bet_prints_the_four_lines() {
    let lines = |lab: &Lab| {
        let told = ["agency", "central"].map(|node| lab.read(&format!("out/runs/0001/{node}.log")));
        told.join("")
    };
    let expected = |document, number, winners| {
        format!(
            "action: apuesta_enviada | result: success | dni: {document} | numero: {number}\n\
             action: consulta_ganadores | result: success | cant_ganadores: {winners}\n\
             action: apuesta_almacenada | result: success | dni: {document} | numero: {number}\n\
             action: sorteo | result: success\n"
        )
    };
    let lab = shipped("lottery-single", &[]);
    assert_eq!(lines(&lab), expected("30904465", "7574", 1));
    assert_eq!(
        bets(&lab),
        ["1,Santiago Lionel,Lorca,30904465,1999-03-17,7574"]
    );
    // From the environment.
    let lab = Lab::new();
    let file = format!("{FOLDER}/lottery-single.toml");
    let set = "nodes.agency.config.bet=\"env\"";
    let mut command = lab.command(&[&file, "--no-report", "-q", "--out", "out", "--set", set]);
    let run = |command: &mut std::process::Command| lab.answer(command);
    run(&mut command).ends(2).says(&[
        "`bet` is \"env\", but in the environment NOMBRE is not set, APELLIDO is not set, \
         DOCUMENTO is not set, NACIMIENTO is not set, NUMERO is not set",
    ]);
    let mut command = lab.command(&[&file, "--no-report", "-q", "--out", "out", "--set", set]);
    command.envs([("NOMBRE", "Ana"), ("DOCUMENTO", ""), ("NUMERO", "x")]);
    run(&mut command).ends(2).says(&[
        "`bet` is \"env\", but in the environment APELLIDO is not set, \
         DOCUMENTO is wrong: the document is empty, NACIMIENTO is not set, NUMERO is wrong: number `x` is none",
    ]);
    let mut command = lab.command(&[&file, "--no-report", "-q", "--out", "again", "--set", set]);
    command.envs([
        ("NOMBRE", "Ana"),
        ("APELLIDO", "Ruiz"),
        ("DOCUMENTO", "25000111"),
        ("NACIMIENTO", "1980-02-29"),
        ("NUMERO", "12"),
    ]);
    run(&mut command).passes();
    let told = lab.read("again/runs/0001/agency.log");
    assert!(
        told.starts_with(
            "action: apuesta_enviada | result: success | dni: 25000111 | numero: 12\n"
        )
    );
    assert_eq!(
        lab.read("again/runs/0001/bets.csv"),
        "1,Ana,Ruiz,25000111,1980-02-29,12\r\n"
    );
}

#[test]
fn bets_come_from_a_file_for_each_agency() {
    let lab = Lab::with(
        "name = \"files\"\n[nodes.central]\nbehavior = \"lottery.central\"\n\
         [nodes.agency]\ncount = 2\nbehavior = \"lottery.agency\"\n\
         config = { file = \"bets/agency-{agency}.csv\", batch = 2 }\n\
         [[links]]\nbetween = [\"agency\", \"central\"]\n\
         [[check]]\ncheck = \"lottery.complete\"\n",
    );
    lab.write(
        "bets/agency-1.csv",
        "Ana,Ruiz,1,1999-03-17,7\nBea,\"Gil, y\",2,1999-03-17,8\nCid,Paz,3,1999-03-17,9\n",
    );
    lab.runner(&["scenario.toml", "--no-report", "-q", "--out", "out"])
        .ends(3)
        .says(&["node `agency-2` failed in `new`"])
        .says(&["cannot read the bets of agency 2: bets/agency-2.csv"]);
    // A batch with an invalid date is refused, and all other batches are stored.
    lab.write(
        "bets/agency-2.csv",
        "Dan,Paz,4,1999-02-30,7\nEva,Paz,5,1999-03-17,8\nFay,Paz,6,1999-03-17,9\n",
    );
    std::fs::remove_dir_all(lab.path("out")).unwrap();
    lab.runner(&["scenario.toml", "--no-report", "-q", "--out", "out"])
        .ends(0);
    let mut expected = vec![
        "1,Ana,Ruiz,1,1999-03-17,7",
        "1,Bea,\"Gil, y\",2,1999-03-17,8",
        "1,Cid,Paz,3,1999-03-17,9",
        "2,Fay,Paz,6,1999-03-17,9",
    ];
    expected.sort_unstable();
    assert_eq!(bets(&lab), expected);
    let told = lab.read("out/runs/0001/agency-2.log");
    assert!(told.starts_with("the central says: bet 1 of 2: birthdate `1999-02-30` is no date"));
}

#[test]
fn lost_messages_are_sent_again_and_stored_once() {
    let lab = shipped(
        "lottery-five",
        &[
            "--set",
            "links.0.loss=0.1",
            "--set",
            "nodes.agency.config.timeout=\"200ms\"",
            "--set",
            "nodes.agency.config.backoff=\"20ms\"",
            "--set",
            "nodes.agency.config.generate=3000",
        ],
    );
    assert_eq!(bets(&lab).len(), 15_000);
    assert!(
        !log(&lab, "central")
            .only("event", "repeated")
            .rows
            .is_empty()
    );
    let retries: f64 = (1..=5)
        .map(|agency| {
            *log(&lab, &format!("agency-{agency}"))
                .numbers("retries")
                .last()
                .unwrap()
        })
        .sum();
    assert!(retries > 20.0, "{retries}");
}

#[test]
fn without_files_there_is_a_draw_and_a_verdict() {
    let lab = shipped(
        "lottery-five",
        &["--log", "off", "--set", "nodes.agency.config.generate=500"],
    );
    assert_eq!(
        lab.table("out/verdicts.csv")
            .only("judge", "check")
            .texts("verdict"),
        ["passed"]
    );
    assert!(lab.files("out/runs").is_empty());
}

/// Two agencies with files of bets; the second has a bad bet among its 300.
fn with_a_bad_bet(more: &str) -> Lab {
    let lab = Lab::with(&format!(
        "name = \"bad\"\n[nodes.central]\nbehavior = \"lottery.central\"\n\
         config = {{ announce = \"none\" }}\n\
         [nodes.agency]\ncount = 2\nbehavior = \"lottery.agency\"\n\
         config = {{ file = \"agency-{{agency}}.csv\", announce = \"none\"{more} }}\n\
         [[links]]\nbetween = [\"agency\", \"central\"]\n\
         [[check]]\ncheck = \"lottery.complete\"\n"
    ));
    for agency in 1..=2 {
        let line = |number| match (agency, number) {
            (2, 77) => "Bad,Bet,13,1999-02-30,7\n".to_owned(),
            _ => format!("Ana,Ruiz,{agency}{number:05},1999-03-17,8\n"),
        };
        let lines: String = (0..300).map(line).collect();
        lab.write(&format!("agency-{agency}.csv"), &lines);
    }
    lab
}

#[test]
fn a_bad_bet_is_said_where_people_look() {
    for (more, stored, rejected, verdict) in [
        (
            "",
            470,
            130,
            "of 600 bets handed in, 470 are stored, in 5 batches, each once; rejected: 130 of agency 2",
        ),
        (
            ", on_bad_bet = \"skip-bet\"",
            599,
            1,
            "of 600 bets handed in, 599 are stored, in 12 batches, each once; rejected: 1 of agency 2",
        ),
        (
            ", on_bad_bet = \"stop\"",
            300,
            130,
            "of 430 bets handed in, 300 are stored, in 3 batches, each once; rejected: 130 of agency 2, \
             which then handed in no more",
        ),
    ] {
        let lab = with_a_bad_bet(more);
        let answer = lab.runner(&["scenario.toml", "--out", "out"]);
        answer.ends(0).says(&[&format!(
            "run 1: what nodes handed in was rejected: {rejected} of `agency-2` (metric `rejected`)"
        )]);
        assert_eq!(bets(&lab).len(), stored);
        let summary = lab.table("out/summary.csv");
        let counts = summary.texts("rejected");
        assert_eq!(counts, ["", "0", &rejected.to_string()]);
        assert_eq!(
            lab.table("out/verdicts.csv")
                .only("judge", "check")
                .texts("measured"),
            [verdict]
        );
        let report = lab.read("out/report.md");
        let sentence = format!(
            "- Not all that was handed in was accepted (`rejected`): {rejected} of agency-2.\n"
        );
        assert!(report.contains(&sentence), "{report}");
    }
    // It is a failure if it is expected not to be.
    let lab = with_a_bad_bet("");
    let expect = "[[expect]]\nmetric = \"rejected\"\nequals = 0\n";
    let text = lab.read("scenario.toml") + expect;
    lab.write("scenario.toml", &text);
    lab.runner(&["scenario.toml", "-q", "--no-report", "--out", "out"])
        .ends(1)
        .says(&["rejected is not equal to 0 at `agency-2`"]);
}

#[test]
fn what_a_central_refuses_programs_outside_is_a_warning_of_its_own() {
    crate::harness::needs_python!();
    let mut live = central(2);
    agency(&mut live, "bad");
    live.stop().says(&[
        "what others handed in was refused: ",
        " by `central` (metric `refused`)",
    ]);
}

#[test]
fn agencies_end_when_they_have_their_winners_from_a_central_outside() {
    crate::harness::needs_python!();
    let mut central = python(&["central.py", "127.0.0.1:0", "2"]);
    let lab = with_a_bad_bet(", on_bad_bet = \"skip-bet\", batch = 1000, backoff = \"20ms\"");
    let text = lab.read("scenario.toml").replace(
        "behavior = \"lottery.central\"\nconfig = { announce = \"none\" }\n",
        &format!(
            "external = \"tcp://{}\"\nframing = \"typed-u32be\"\n",
            central.told("")
        ),
    );
    lab.write("scenario.toml", &("time = \"real\"\n".to_owned() + &text));
    // Without a duration; the check is unknown, since nothing records what the program stores.
    lab.runner(&["scenario.toml", "--no-report", "--out", "out"])
        .ends(4)
        .says(&["rejected: 1 of `agency-2`", "the program `central`"]);
    for agency in ["agency-1", "agency-2"] {
        let log = log(&lab, agency);
        assert_eq!(log.only("event", "informed").rows.len(), 1);
        assert_eq!(log.numbers("offered").last(), Some(&300.0));
    }
    let stored = central.ends_well();
    assert_eq!(
        stored.lines().filter(|line| line.contains(",Ana,")).count(),
        599
    );
}
