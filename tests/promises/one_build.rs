//! All processes of a plan run the plugin bytes whose sum stands in the manifest, whatever
//! happens to the plugin's file while the plan runs.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::harness::{Answer, Lab};
use crate::loader::built;
use crate::waiting::until;

/// Six runs that wait at their beginning for the file `go`. Some abort, after which an
/// isolated run needs a new process.
const RUNS: &str = "\
name = \"build\"
runs = 6
seed = 3
duration = \"10s\"
[nodes.gate]
behavior = \"misbehaving.waits\"
tick_rate = 1
config = { file = \"go\" }
[nodes.ill]
behavior = \"misbehaving.crashes\"
tick_rate = { choice = [0.1, 80] }
config = { how = \"HOW\", at = 300 }
";

const PLUGIN: &str = "plugins/libmisbehaving.so";

/// What happens to the file of the plugin.
const HAPPENINGS: [fn(&Path); 4] = [
    |file| fs::remove_file(file).unwrap(),
    |file| overwrite(file, &vec![0; fs::metadata(file).unwrap().len() as usize]),
    |file| {
        OpenOptions::new()
            .write(true)
            .open(file)
            .unwrap()
            .set_len(0)
            .unwrap()
    },
    // Another plugin that loads, under the same name.
    |file| {
        fs::remove_file(file).unwrap();
        fs::copy(built("clock"), file).unwrap();
    },
];

/// Writes over the bytes of a file that stays the same file, as `cp` does.
fn overwrite(file: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(file).unwrap();
    file.write_all(bytes).unwrap();
}

/// Runs a scenario with a copy of the plugin; `happens` to the copy when the first run has
/// begun and waits.
fn disturbed(scenario: &str, more: &[&str], happens: fn(&Path)) -> (Lab, Answer) {
    let lab = Lab::with(scenario);
    fs::create_dir(lab.path("plugins")).unwrap();
    fs::copy(built("misbehaving"), lab.path(PLUGIN)).unwrap();
    let arguments = ["scenario.toml", "-q", "--no-report", "--out", "out"];
    let path = ["--plugin-path", "plugins"];
    let mut command = lab.command(&[&arguments[..], &path, more].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let begun = lab.path("out/runs/0001.partial");
    until("the first run begins", || begun.exists());
    happens(&lab.path(PLUGIN));
    lab.write("go", "");
    let answer = Answer::new(child.wait_with_output().unwrap(), "nowhere");
    (lab, answer)
}

/// The sum and size of the plugin in the manifest are those of the file at the beginning.
#[track_caller]
fn names_the_build(lab: &Lab) {
    let mut sum = lab.program("sha256sum");
    let sum = lab.answer(sum.arg(built("misbehaving"))).passes().out;
    let sum = sum.split(' ').next().unwrap();
    let size = fs::metadata(built("misbehaving")).unwrap().len();
    let manifest = lab.read("out/manifest.json");
    assert!(manifest.contains(sum), "{manifest}");
    assert!(manifest.contains(&format!("\"bytes\": {size}")));
}

#[test]
fn isolated_runs_are_of_the_build_in_the_manifest() {
    let scenario = RUNS.replace("HOW", "abort");
    let calm = Lab::with(&scenario);
    calm.write("go", "");
    let arguments = [
        "scenario.toml",
        "-q",
        "--no-report",
        "--out",
        "out",
        "--isolate",
    ];
    calm.runner(&arguments).ends(3);
    let calm_runs = calm.table("out/runs.csv");
    let statuses = calm_runs.texts("status");
    let first = statuses.iter().position(|it| *it == "failed").unwrap();
    assert!(statuses[first + 1..].contains(&"complete"), "{statuses:?}");
    for happens in HAPPENINGS {
        let (lab, answer) = disturbed(&scenario, &["--isolate", "-j1"], happens);
        answer.ends(3);
        assert_eq!(lab.table("out/runs.csv").texts("status"), statuses);
        for (file, bytes) in calm.files("out/runs") {
            if !file.contains(".partial/") {
                assert!(lab.files("out/runs")[&file] == bytes, "{file}");
            }
        }
        names_the_build(&lab);
    }
}

#[test]
fn runs_in_this_process_are_of_the_build_in_the_manifest() {
    for happens in HAPPENINGS {
        let scenario = RUNS.replace("HOW", "slow");
        let (lab, answer) = disturbed(&scenario, &["-j1"], happens);
        answer.ends(0);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["complete"; 6]);
        names_the_build(&lab);
    }
}

#[test]
fn the_processes_of_nodes_are_of_the_build_in_the_manifest() {
    let scenario = "name = \"build\"\ntime = \"real\"\nruns = 2\n\
        [nodes.gate]\nbehavior = \"misbehaving.stops\"\ntick_rate = 20\nconfig = { file = \"go\" }\n\
        [nodes.other]\nbehavior = \"misbehaving.stops\"\ntick_rate = 20\nconfig = { file = \"go\" }\n";
    for happens in HAPPENINGS {
        let (lab, answer) = disturbed(scenario, &["--processes"], happens);
        answer.ends(0);
        assert_eq!(lab.table("out/runs.csv").texts("status"), ["complete"; 2]);
        names_the_build(&lab);
    }
}
