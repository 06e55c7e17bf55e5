//! `runner new` writes a scenario that runs, or a plugin that builds, passes its tests and
//! runs. It overwrites no file.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::Value;

use crate::harness::Lab;
use crate::out_of_tree::{cargo, folder, lock, put};

#[test]
fn a_new_scenario_passes_check_and_runs() {
    let lab = Lab::new();
    let said = lab.runner(&["new", "scenario", "demo"]).passes().out;
    assert_eq!(said, "wrote demo.toml\nrun it:\n  runner demo.toml\n");
    assert!(!has_mark(&lab.read("demo.toml")));
    let said = lab.runner(&["check", "demo.toml"]).passes().out;
    assert_eq!(said, "demo.toml: ok (4 nodes, 1 case, 3 runs)\n");
    lab.runner(&["demo.toml", "--quiet"]).passes();
    let summary = lab.table("results/demo/latest/summary.csv");
    // A line for each of four nodes in each of three runs.
    assert_eq!(summary.rows.len(), 12);
    let sent: f64 = summary.numbers("sent").iter().sum();
    assert!(sent > 0.0);
}

/// The commands that `new` tells, and those of scenarios/README.md, do what they say.
#[test]
fn a_new_lab_is_run_varied_and_compared_as_it_says() {
    let lab = Lab::new();
    let said = lab
        .runner(&["new", "scenario", "mylab", "--lab"])
        .passes()
        .out;
    let readme = include_str!("../../scenarios/README.md");
    let compare = "runner report results/mylab/latest results/mylab-narrow-rates/latest \
                   results/mylab-fewer-internal/latest --out results/mylab-compared";
    assert!(said.contains(compare) && readme.contains(compare), "{said}");
    let run = "runner mylab.toml mylab-narrow-rates.toml mylab-fewer-internal.toml";
    assert!(said.contains(run), "{said}");
    for (name, rates, faces) in [
        ("mylab", "[1, 6]", "10"),
        ("mylab-narrow-rates", "[3, 4]", "10"),
        ("mylab-fewer-internal", "[1, 6]", "4"),
    ] {
        let text = lab.read(&format!("{name}.toml"));
        assert!(!text.contains('@'), "{text}");
        assert!(text.contains(&format!("tick_rate = {{ uniform_int = {rates} }}")));
        assert!(text.contains(&format!("config = {{ faces = {faces} }}")));
    }
    let typed = |command: &str| -> Vec<String> {
        let words = command.split(' ').skip(1);
        words.map(str::to_owned).collect()
    };
    let with = |more: &[&str], command: &str| {
        let words = typed(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        lab.runner(&[&words[..], more].concat()).passes()
    };
    with(&["--quiet"], run);
    // Five runs of a minute each, whose report has the notebook.
    let runs = lab.table("results/mylab-narrow-rates/latest/runs.csv");
    assert_eq!(runs.texts("duration_s"), ["60"; 5]);
    assert_eq!(runs.texts("verdict"), ["passed"; 5]);
    let report = lab.read("results/mylab/latest/report.html");
    assert!(report.contains("Design decisions") && report.contains("mylab-narrow-rates"));
    // Five runs with drawn rates are too few to rank by.
    with(&[], compare);
    let compared = lab.read("results/mylab-compared/report.md");
    for part in [
        "| plan | runs | failed | clock_jump_mean | clock_gap_total | clock_drift_max | queue_max |",
        "| `nodes.machine.tick_rate.uniform_int` | `[1, 6]` | `[3, 4]` |",
        "| `nodes.machine.config.faces` | `10` | `4` |",
        "- These runs do not tell which case has the highest or lowest",
    ] {
        assert!(compared.contains(part), "{part}\n{compared}");
    }
}

#[test]
fn a_lab_is_written_whole_or_not_at_all() {
    let lab = Lab::new();
    lab.write("mylab-fewer-internal.toml", "mine");
    lab.runner(&["new", "scenario", "mylab", "--lab"])
        .ends(2)
        .says(&["`mylab-fewer-internal.toml` exists, and is left as it is"]);
    assert_eq!(lab.read("mylab-fewer-internal.toml"), "mine");
    assert!(!lab.path("mylab.toml").exists() && !lab.path("mylab-notes.md").exists());
    // The name of a variation would be too long.
    let long = "a".repeat(60);
    lab.runner(&["new", "scenario", &long, "--lab"])
        .ends(2)
        .says(&["is a name of 73 characters, expected at most 64"]);
    assert!(!lab.path(&format!("{long}.toml")).exists());
}

#[test]
fn each_commented_key_of_a_new_scenario_can_be_uncommented() {
    let lab = Lab::new();
    lab.runner(&["new", "scenario", "demo"]).passes();
    lab.write("notes.md", "Notes.\n");
    let text = lab.read("demo.toml");
    let switches = switches(&text);
    assert!(switches.len() > 8, "{switches:?}");
    for switch in switches {
        let on: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(number, line)| match switch.contains(&number) {
                true => line[1..].to_owned(),
                false if replaced(&text, &switch, line) => format!("#{line}"),
                false => line.to_owned(),
            })
            .collect();
        lab.write("on.toml", &(on.join("\n") + "\n"));
        let real = ["check", "on.toml", "--set", "time=\"real\""];
        lab.runner(&real).passes();
    }
}

/// Whether the text still has a placeholder.
fn has_mark(text: &str) -> bool {
    ["@NAME@", "@FILE@", "@SDK@"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// The line numbers of each commented part: a key, or a table with its keys.
fn switches(text: &str) -> Vec<Vec<usize>> {
    let mut switches: Vec<Vec<usize>> = Vec::new();
    let mut in_table = false;
    for (number, line) in text.lines().enumerate() {
        let off = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '['));
        match (off, switches.last_mut()) {
            (Some(rest), Some(table)) if in_table && !rest.starts_with('[') => table.push(number),
            (Some(rest), _) => {
                in_table = rest.starts_with('[');
                switches.push(vec![number]);
            }
            (None, _) => in_table = false,
        }
    }
    switches
}

/// Whether a line is the key that the commented part replaces.
fn replaced(text: &str, switch: &[usize], line: &str) -> bool {
    let key = text
        .lines()
        .nth(switch[0])
        .and_then(|it| it.split_once("in place of `"))
        .and_then(|(_, rest)| rest.split_once('`'));
    // Of a timing key only that of the first group; the other one has other timing keys.
    key.is_some_and(|(key, _)| match key {
        "runs" => line.starts_with("runs = "),
        _ => line.starts_with(&format!("{key} = {{")),
    })
}

#[test]
fn a_new_scenario_explains_every_key() {
    let lab = Lab::new();
    lab.runner(&["new", "scenario", "demo"]).passes();
    let text = lab.read("demo.toml");
    let schema = lab.runner(&["schema"]).passes().out;
    let mut keys = BTreeSet::new();
    gather(&serde_json::from_str(&schema).unwrap(), &mut keys);
    assert!(keys.contains("latency") && keys.contains("sigma"));
    for key in keys {
        let named = [
            format!("{key} = "),
            format!("[{key}."),
            format!("[{key}]"),
            format!(".{key}]"),
        ];
        assert!(
            named.iter().any(|it| text.contains(it)),
            "runner/src/cli/new/scenario.toml does not have the key `{key}`"
        );
    }
}

/// The keys of all tables that a JSON schema describes.
fn gather(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                keys.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| gather(value, keys));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, keys)),
        _ => {}
    }
}

#[test]
fn a_new_plugin_builds_passes_its_tests_and_runs() {
    let lab = Lab::new();
    let said = lab.runner(&["new", "plugin", "beacon"]).passes().out;
    let run = "runner beacon/beacon.toml --plugin-path beacon/target/debug";
    assert!(said.contains(run), "{said}");
    // The folder is kept, so a second test run need not build the plugin again.
    let source = folder().join("beacon");
    let files = lab.files("beacon");
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        [
            ".gitignore",
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "beacon.toml",
            "src/lib.rs",
            "src/tests.rs"
        ]
    );
    for (name, bytes) in files {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!has_mark(&text), "{name}: {text}");
        if name == "Cargo.lock" {
            // Cargo removes what the plugin does not need, so the copy is not always new.
            assert_eq!(text, include_str!("../../Cargo.lock"));
            continue;
        }
        put(&source.join(name), &text);
    }
    lock(&source);
    cargo(&source, "build");
    cargo(&source, "test");
    symlink(folder().join("target"), lab.path("beacon/target")).unwrap();

    let run: Vec<&str> = run.split(' ').skip(1).collect();
    lab.runner(&["check", run[0], run[1], run[2]]).passes();
    lab.runner(&run).passes();
    let results = "results/beacon/latest";
    let heard = lab.table(&format!("{results}/runs/0001/node-1.csv"));
    let last = *heard.numbers("heard").last().unwrap();
    // Each of two other nodes sends 59 or 60 heartbeats; a share of 0.7 arrives.
    assert!((60.0..=108.0).contains(&last), "{last}");
    let silences: usize = (1..=3)
        .flat_map(|run| (1..=3).map(move |node| (run, node)))
        .map(|(run, node)| {
            let log = lab.table(&format!("{results}/runs/000{run}/node-{node}.csv"));
            log.only("event", "silence").rows.len()
        })
        .sum();
    assert!(silences > 0);

    let described = ["plugins", "beacon.pulse", run[1], run[2]];
    let described = lab.runner(&described).passes().out;
    for part in [
        "interval",
        "The time between two heartbeats",
        "heard",
        "silence",
    ] {
        assert!(described.contains(part), "{described}");
    }
}

#[test]
fn an_invalid_name_is_refused() {
    let lab = Lab::new();
    let wrong = [
        ("scenario", "a/b", "working folder"),
        ("scenario", ".hidden", "begins with `.`"),
        ("scenario", "", "an empty name"),
        ("plugin", "ping-pong", "did you mean `ping_pong`?"),
        ("plugin", "Echo", "did you mean `echo`?"),
        ("plugin", "2nd", "begin with a letter"),
        ("plugin", "match", "a word of Rust's"),
        ("plugin", "../up", "a name with '/'"),
    ];
    for (what, name, said) in wrong {
        lab.runner(&["new", what, name]).ends(2).says(&[said]);
    }
    let long = "x".repeat(65);
    for what in ["scenario", "plugin"] {
        let answer = lab.runner(&["new", what, &long]).ends(2);
        answer.says(&["a name of 65 characters, expected at most 64"]);
    }
    lab.runner(&["new"]).ends(2);
    lab.runner(&["new", "planet", "mars"]).ends(2);
    assert!(lab.files("").is_empty());
}

#[test]
fn existing_files_are_not_changed() {
    let lab = Lab::new();
    lab.write("demo.toml", "mine");
    lab.write("beacon/notes.txt", "mine");
    lab.write("blip", "mine");
    symlink("nowhere", lab.path("dangling.toml")).unwrap();
    for (what, name, path) in [
        ("scenario", "demo", "`demo.toml` exists"),
        ("scenario", "demo.toml", "`demo.toml` exists"),
        ("scenario", "dangling", "`dangling.toml` exists"),
        ("plugin", "beacon", "`beacon` exists"),
        ("plugin", "blip", "`blip` exists"),
    ] {
        let answer = lab.runner(&["new", what, name]).ends(2);
        answer.says(&[path, "choose another name"]);
    }
    assert!(lab.path("dangling.toml").is_symlink());
    assert!(!lab.path("nowhere").exists());
    std::fs::remove_file(lab.path("dangling.toml")).unwrap();
    let files = lab.files("");
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["beacon/notes.txt", "blip", "demo.toml"]
    );
    assert!(files.values().all(|bytes| bytes == b"mine"));
}

#[test]
fn a_file_that_cannot_be_written_whole_is_removed() {
    let lab = Lab::new();
    // A limit of 0 bytes on each file.
    for (what, made) in [("scenario", "demo.toml"), ("plugin", "demo")] {
        let script = format!("trap '' XFSZ; ulimit -f 0; exec \"$RUNNER\" new {what} demo");
        lab.shell(&script).ends(2).says(&["cannot be written"]);
        assert!(!lab.path(made).exists(), "{made}");
    }
}

#[test]
fn sdk_must_name_the_folder_of_the_sdk() {
    let lab = Lab::new();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let wrong = repository.to_str().unwrap();
    let answer = lab.runner(&["new", "plugin", "beacon", "--sdk", wrong]);
    answer.ends(2).says(&["is not the SDK", "did you mean"]);
    assert!(!lab.path("beacon").exists());

    symlink(repository.join("plugins/sdk"), lab.path("sdk")).unwrap();
    let right = ["new", "plugin", "beacon", "--sdk", "sdk"];
    lab.runner(&right).passes();
    let manifest: toml::Table = lab.read("beacon/Cargo.toml").parse().unwrap();
    let sdk = repository.join("plugins/sdk").canonicalize().unwrap();
    let written = &manifest["dependencies"]["runner-sdk"]["path"];
    assert_eq!(written.as_str(), sdk.to_str());

    // The path of an SDK, and of the crates beside it, is quoted as TOML wants it.
    let odd = lab.path("a \"b\" \\ 'c'\n");
    let sdk = odd.join("plugins/sdk");
    std::fs::create_dir_all(&sdk).unwrap();
    std::fs::copy(
        repository.join("plugins/sdk/Cargo.toml"),
        sdk.join("Cargo.toml"),
    )
    .unwrap();
    let words = ["new", "plugin", "blip", "--sdk", sdk.to_str().unwrap()];
    let offline = [&words[..], &["--offline"]].concat();
    let answer = lab.runner(&offline).ends(2);
    answer.says(&["has no crates beside it", "without `--offline`"]);
    assert!(!lab.path("blip").exists());
    std::fs::create_dir(odd.join("vendor")).unwrap();
    lab.runner(&offline).passes();
    let manifest: toml::Table = lab.read("blip/Cargo.toml").parse().unwrap();
    let written = &manifest["dependencies"]["runner-sdk"]["path"];
    assert_eq!(written.as_str(), sdk.canonicalize().unwrap().to_str());
    let config: toml::Table = lab.read("blip/.cargo/config.toml").parse().unwrap();
    let written = &config["source"]["of-the-runner"]["directory"];
    let crates = odd.canonicalize().unwrap().join("vendor");
    assert_eq!(written.as_str(), crates.to_str());
}

#[test]
fn a_runner_without_an_sdk_says_where_it_looked() {
    let lab = Lab::new();
    std::fs::create_dir(lab.path("bin")).unwrap();
    let runner = lab.path("bin/runner");
    std::fs::copy(env!("CARGO_BIN_EXE_runner"), &runner).unwrap();
    let mut command = lab.program(runner.to_str().unwrap());
    lab.answer(command.args(["new", "plugin", "beacon"]))
        .ends(2)
        .says(&["LAB/share/runner/sdk/plugins/sdk", "--sdk PATH"]);
    assert!(!lab.path("beacon").exists());
}
