//! No file replaces another: not within a run, whatever nodes and behaviors are called, and
//! not in a folder that holds files of somebody else.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use crate::harness::{Answer, LAB, Lab};

/// `runner check` refuses a scenario at this place, with these words.
#[track_caller]
fn refused(scenario: &str, place: &str, words: &str) {
    let lab = Lab::with(scenario);
    let answer = lab.runner(&["check", "scenario.toml"]).ends(2);
    answer.says(&[&format!("scenario.toml:{place}: "), words, "another name"]);
}

#[test]
fn a_node_named_after_a_file_of_the_run_is_refused() {
    refused(
        include_str!("../fixtures/cases/central-named-bets.toml"),
        "2:8",
        "`lottery.central` of node `bets` writes `bets.csv`, which is the log of node `bets`",
    );
    refused(
        include_str!("../fixtures/cases/node-named-faults.toml"),
        "3:8",
        "the log of node `faults` would be `faults.csv`, a file of the runner's",
    );
    refused(
        include_str!("../fixtures/cases/node-named-lag.toml"),
        "3:8",
        "the log of node `lag` would be `lag.csv`, a file of the runner's",
    );
    refused(
        "name = \"e\"\nduration = \"1s\"\n[nodes.events]\nbehavior = \"clock.machine\"\ntick_rate = 1\n",
        "3:8",
        "the log of node `events` would be `events.csv`",
    );
    // The node that has the name of the file need not be the one that writes it.
    refused(
        "name = \"b\"\n[nodes.central]\nbehavior = \"lottery.central\"\n\
         [nodes.batches]\nbehavior = \"lottery.agency\"\n\
         config = { generate = 1, announce = \"none\" }\n",
        "4:8",
        "`lottery.central` of node `central` writes `batches.csv`, which is the log of node `batches`",
    );
}

#[test]
fn two_nodes_that_write_one_file_are_refused() {
    refused(
        "name = \"two\"\n[nodes.central]\ncount = 2\nbehavior = \"lottery.central\"\n",
        "2:8",
        "`lottery.central` of node `central-2` writes `bets.csv`, and so does `lottery.central` of node `central-1`",
    );
    refused(
        "name = \"two\"\n[nodes.north]\nbehavior = \"lottery.central\"\n\
         [nodes.south]\nbehavior = \"lottery.central\"\n",
        "4:8",
        "and so does `lottery.central` of node `north`",
    );
}

#[test]
fn nodes_with_files_of_their_own_names_are_no_mistake() {
    let lab = Lab::with(
        "name = \"stores\"\n[nodes.store]\ncount = 3\nbehavior = \"kv.server\"\n\
         [nodes.kv]\nbehavior = \"kv.server\"\n",
    );
    lab.runner(&["check", "scenario.toml"]).passes();
}

/// Nodes and what is warned of: where, and which two files.
const TWINS: [(&str, &str, &str); 6] = [
    (
        "[nodes.A]\nbehavior = \"echo.server\"\n[nodes.a]\nbehavior = \"echo.server\"\n",
        "2:8",
        "the log of node `A` is `A.csv`, and that of node `a` is `a.csv`",
    ),
    (
        "[nodes.a]\ncount = 3\nbehavior = \"echo.server\"\n[nodes.A-2]\nbehavior = \"echo.server\"\n",
        "5:8",
        "the log of node `A-2` is `A-2.csv`, and that of node `a-2` is `a-2.csv`",
    ),
    (
        "[nodes.m]\ncount = 2\nbehavior = \"echo.server\"\n[nodes.M]\ncount = 9\nbehavior = \"echo.server\"\n",
        "2:8",
        "the log of node `m-1` is `m-1.csv`, and that of node `M-1` is `M-1.csv`",
    ),
    (
        "[nodes.Faults]\nbehavior = \"echo.server\"\n",
        "2:8",
        "the log of node `Faults` is `Faults.csv`, and a file of the runner's is `faults.csv`",
    ),
    (
        "[nodes.central]\nbehavior = \"lottery.central\"\n[nodes.Bets]\nbehavior = \"echo.server\"\n",
        "2:8",
        "`lottery.central` of node `central` writes `bets.csv`, and a file of node `Bets` has its name",
    ),
    (
        "[nodes.s]\nbehavior = \"kv.server\"\n[nodes.S]\nbehavior = \"kv.server\"\n",
        "4:8",
        "`kv.server` of node `S` writes `S.kv`, and `kv.server` of node `s` writes `s.kv`",
    ),
];

#[test]
fn files_that_differ_by_case_alone_are_warned_of() {
    for (nodes, place, what) in TWINS {
        let lab = Lab::with(&format!("name = \"case\"\n{nodes}"));
        lab.runner(&["check", "scenario.toml"]).ends(0).says(&[
            &format!("scenario.toml:{place}: "),
            what,
            "do not tell upper from lower case",
        ]);
    }
    let apart = "[nodes.a]\ncount = 3\nbehavior = \"echo.server\"\n\
                 [nodes.A-4]\nbehavior = \"echo.server\"\n[nodes.A-02]\nbehavior = \"echo.server\"\n";
    let lab = Lab::with(&format!("name = \"case\"\n{apart}"));
    lab.runner(&["check", "scenario.toml"]).passes();
}

#[test]
fn files_that_differ_by_case_alone_are_refused_where_case_is_ignored() {
    let run = |nodes: &str, more: &[&str], ignores_case: bool| {
        let lab = Lab::with(&format!("name = \"case\"\nduration = \"1s\"\n{nodes}"));
        fs::create_dir(lab.path("out")).unwrap();
        if ignores_case {
            // On such a file system, the journal is found by this name, too.
            symlink("runs.journal", lab.path("out/RUNS.JOURNAL")).unwrap();
        }
        let arguments = ["scenario.toml", "--no-report", "--out", "out"];
        let answer = lab.runner(&[&arguments[..], more].concat());
        assert_eq!(lab.path("out/runs.csv").exists(), answer.code != Some(2));
        answer
    };
    for (nodes, _, what) in TWINS {
        let why = "this file system does not tell upper from lower case, and ";
        for more in [&[][..], &["--resume"], &["--log", "combined"]] {
            run(nodes, more, true)
                .ends(2)
                .says(&["error: out: ", why, what, "--out DIR"]);
        }
        assert_ne!(run(nodes, &[], false).code, Some(2));
        // Without files of runs, there is nothing to replace.
        assert_ne!(run(nodes, &["--log", "off"], true).code, Some(2));
    }
    let one = "[nodes.a]\nbehavior = \"echo.server\"\n";
    assert_ne!(run(one, &[], true).code, Some(2));
}

#[test]
fn a_runner_that_is_refused_leaves_the_junit_file_of_the_other_as_it_was() {
    let lab = Lab::with(LAB);
    let arguments = [
        "scenario.toml",
        "--no-report",
        "--out",
        "out",
        "--junit",
        "j.xml",
    ];
    lab.runner(&arguments).passes();
    changes_nothing(&lab, &arguments, &["holds results already"]);
    let seed = [&arguments[..], &["--resume", "--seed", "9"]].concat();
    changes_nothing(&lab, &seed, &["another plan"]);
    // A file of an earlier process does not outlive the start of this one.
    let again = [&arguments[..3], &["two", "--junit", "j.xml", "--run", "2"]].concat();
    let before = lab.read("j.xml");
    lab.runner(&again).passes();
    assert_ne!(lab.read("j.xml"), before);
}

#[test]
fn a_file_that_a_behavior_has_not_declared_never_replaces_a_log() {
    for (node, file, when) in [
        ("writer", "writer.csv", "at_start"),
        ("writer", "other.csv", "at_stop"),
        ("writer", "faults.csv", "at_start"),
    ] {
        let lab = Lab::with(&format!(
            "name = \"w\"\nduration = \"2s\"\n[nodes.{node}]\nbehavior = \"misbehaving.writes\"\n\
             config = {{ file = \"{file}\", {when} = true }}\n\
             [nodes.other]\nbehavior = \"clock.machine\"\ntick_rate = 1\n\
             [[faults]]\nat = \"1s\"\nfor = \"1s\"\npause = [\"other\"]\n"
        ));
        let answer = lab.runner(&["scenario.toml", "--out", "out", "--no-report"]);
        answer
            .ends(3)
            .says(&[file, "something else writes into it"]);
    }
    // A name of its own is nobody's business.
    let lab = Lab::with(
        "name = \"w\"\nduration = \"1s\"\n[nodes.writer]\nbehavior = \"misbehaving.writes\"\n\
         config = { file = \"mine.txt\", at_start = true, at_stop = true }\n",
    );
    // It does no step, so nothing is tested.
    lab.runner(&["scenario.toml", "--out", "out", "--no-report"])
        .ends(4);
    assert_eq!(lab.read("out/runs/0001/mine.txt"), "start\nstop\n");
}

/// Fails unless the command is refused with these words and leaves all files as they were.
#[track_caller]
fn changes_nothing(lab: &Lab, arguments: &[&str], words: &[&str]) {
    let before = lab.files(".");
    lab.runner(arguments).ends(2).says(words);
    assert_eq!(lab.files("."), before);
}

#[test]
fn a_report_never_replaces_that_of_another_plan() {
    let lab = Lab::with(LAB);
    lab.write("other.toml", &LAB.replace("seed = 7", "seed = 8"));
    lab.run_into("one", &[]);
    lab.runner(&["other.toml", "--no-report", "--quiet", "--out", "two"])
        .passes();
    lab.runner(&["report", "one", "--out", "book"]).passes();
    let why = ["is not a report of this plan", "--out DIR"];
    changes_nothing(&lab, &["report", "two", "--out", "book"], &why);
    changes_nothing(&lab, &["report", "one", "two", "--out", "book"], &why);
    let why = ["one: it holds the results of another plan"];
    changes_nothing(&lab, &["report", "two", "--out", "one"], &why);
    // The same plan may replace its own report.
    lab.runner(&["report", "one", "--out", "book"]).passes();
    lab.runner(&["report", "one"]).passes();
    lab.runner(&["report", "one"]).passes();
    for file in ["report.md", "report.html", "plots/drift.svg"] {
        let lab = Lab::with(LAB);
        lab.run_into("out", &[]);
        lab.write(&format!("mine/{file}"), "my own\n");
        let arguments = ["report", "out", "--out", "mine"];
        match lab.path("out").join(file).exists() || file != "plots/drift.svg" {
            true => changes_nothing(&lab, &arguments, &["nothing is ever overwritten"]),
            false => drop(lab.runner(&arguments)),
        }
        assert_eq!(lab.read(&format!("mine/{file}")), "my own\n");
    }
}

#[test]
fn results_are_never_written_over_files_of_somebody_else() {
    for file in [
        "report.md",
        "report.html",
        "plots/a.svg",
        "summary.csv",
        "evidence.csv",
        "manifest.json",
        "runs/0001/a.csv",
    ] {
        let lab = Lab::with(LAB);
        lab.write(&format!("out/{file}"), "my own\n");
        for more in [&[][..], &["--resume"]] {
            let arguments = [&["scenario.toml", "--out", "out"][..], more].concat();
            changes_nothing(&lab, &arguments, &["name another folder"]);
        }
    }
}

#[test]
fn something_else_in_place_of_the_link_to_the_newest_results_is_left_alone() {
    for (file, what) in [
        ("latest/mine.txt", "it is a folder"),
        ("latest", "it is a file"),
    ] {
        let lab = Lab::with(LAB);
        lab.write(&format!("results/lab/{file}"), "my own\n");
        for more in [&[][..], &["--resume"]] {
            let arguments = [&["scenario.toml", "--no-report"][..], more].concat();
            changes_nothing(
                &lab,
                &arguments,
                &["results/lab/latest: ", what, "--out DIR"],
            );
        }
    }
}

#[test]
fn of_runners_started_at_once_on_one_folder_exactly_one_goes_on() {
    for more in [&[][..], &["--resume"]] {
        let lab = Lab::with(LAB);
        let start = |seed: u32| {
            let seed = seed.to_string();
            let arguments = [
                "scenario.toml",
                "--no-report",
                "--out",
                "out",
                "--seed",
                &seed,
            ];
            let mut command = lab.command(&[&arguments[..], more].concat());
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            (seed, command.spawn().unwrap())
        };
        let children: Vec<_> = (1..=8).map(start).collect();
        let ended = children.into_iter().map(|(seed, child)| {
            let output = child.wait_with_output().unwrap();
            (seed, Answer::new(output, "no folder"))
        });
        let ended: Vec<(String, Answer)> = ended.collect();
        let (went_on, refused): (Vec<_>, Vec<_>) = ended
            .into_iter()
            .partition(|(_, answer)| answer.code == Some(0));
        let [(seed, _)] = went_on.as_slice() else {
            panic!("{} went on", went_on.len());
        };
        for (_, answer) in refused {
            assert_eq!(answer.code, Some(2), "{}", answer.err);
        }
        let manifest = lab.read("out/manifest.json");
        assert!(
            manifest.contains(&format!("\"seed\": {seed},")),
            "{manifest}"
        );
        let alone = Lab::with(LAB);
        alone.run_into("out", &["--seed", seed]);
        assert_eq!(lab.files("out/runs"), alone.files("out/runs"));
        assert_eq!(lab.read("out/summary.csv"), alone.read("out/summary.csv"));
    }
}

#[test]
fn a_damaged_manifest_is_written_again_when_results_are_continued() {
    let lab = Lab::with(LAB);
    lab.run_into("out", &[]);
    let whole = lab.read("out/manifest.json");
    let resume = ["scenario.toml", "--no-report", "--out", "out", "--resume"];
    // A manifest that is as it was is kept to the byte.
    lab.runner(&resume).ends(0);
    assert_eq!(lab.read("out/manifest.json"), whole);
    let half = &whole[..whole.len() / 2];
    let other_seed = whole.replace("\"seed\": 7", "\"seed\": 9");
    assert_ne!(other_seed, whole);
    for (index, damaged) in [half, "", "{}\n", &other_seed].into_iter().enumerate() {
        lab.write("out/manifest.json", damaged);
        lab.runner(&resume)
            .ends(0)
            .says(&["manifest.json is damaged", "written again"]);
        let end = if index == 0 {
            String::new()
        } else {
            format!("-{}", index + 1)
        };
        assert_eq!(
            lab.read(&format!("out/manifest.json.damaged{end}")),
            damaged
        );
        lab.runner(&resume).ends(0);
        lab.runner(&["report", "out"]).passes();
    }
    fs::remove_file(lab.path("out/manifest.json")).unwrap();
    lab.runner(&resume)
        .ends(0)
        .says(&["manifest.json is missing", "written again"]);
    lab.runner(&["report", "out"]).passes();
}
