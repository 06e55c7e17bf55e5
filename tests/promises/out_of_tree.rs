//! A plugin can be built outside the repository: the plugin of `plugins/README.md`, exactly
//! as printed there, builds, passes its tests and runs with an unchanged runner.
//!
//! The plugin is built in a folder of the target folder, which is kept, so a second test run
//! need not build it again. It needs only crates that the workspace has, so nothing is
//! downloaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::Lab;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The files in a page: each is the block after `<!-- file: NAME -->`.
fn files(page: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for part in page.split("<!-- file: ").skip(1) {
        let (name, rest) = part.split_once(" -->\n").expect("the mark ends its line");
        let (_, block) = rest.split_once("```").expect("a block follows the mark");
        let (_, body) = block.split_once('\n').expect("the block has a language");
        let (text, _) = body.split_once("\n```").expect("the block ends");
        files.push((name.to_owned(), format!("{text}\n")));
    }
    files
}

/// Writes a file unless it has this text already. The file keeps its time, and a test run
/// beside this one never sees half of it.
pub fn put(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, path).unwrap();
}

/// The folder for the builds of these tests, in the target folder.
pub fn folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().join("out-of-tree")
}

/// Gives the crate in this folder the versions of the workspace, which are downloaded
/// already. Cargo removes entries from the copy of Cargo.lock, so `workspace.lock` keeps
/// the original to compare with.
pub fn lock(source: &Path) {
    let lock = fs::read_to_string(format!("{REPOSITORY}/Cargo.lock")).unwrap();
    let original = source.join("workspace.lock");
    if fs::read_to_string(&original).ok().as_ref() != Some(&lock) {
        put(&source.join("Cargo.lock"), &lock);
        put(&original, &lock);
    }
}

/// Runs a cargo command in this folder; it must succeed without a warning.
pub fn cargo(source: &Path, command: &str) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([command, "--offline", "--quiet"])
        .current_dir(source)
        .env("CARGO_TARGET_DIR", folder().join("target"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {command}: {said}");
    assert!(!said.contains("warning"), "cargo {command}: {said}");
}

#[test]
fn the_plugin_of_the_readme_builds_and_runs_outside_the_repository() {
    let page = fs::read_to_string(format!("{REPOSITORY}/plugins/README.md")).unwrap();
    let source = folder().join("pingpong");
    let lab = Lab::new();
    let mut names = Vec::new();
    for (name, text) in files(&page) {
        match &*name {
            "Cargo.toml" => {
                let sdk = fs::canonicalize(format!("{REPOSITORY}/plugins/sdk")).unwrap();
                let path = "../runner/plugins/sdk";
                assert!(text.contains(path));
                // Otherwise cargo searches the parent folders and finds this workspace.
                let text = text.replace(path, sdk.to_str().unwrap()) + "\n[workspace]\n";
                put(&source.join("Cargo.toml"), &text);
            }
            "pingpong.toml" => drop(lab.write(&name, &text)),
            // With its check, as a later section of the page shows.
            "src/lib.rs" => {
                let one = "behaviors: [Player] }\n";
                assert!(text.contains(one));
                let both = "behaviors: [Player], checks: [one_ball::OneBall] }\n\nmod one_ball;\n";
                put(&source.join(&name), &text.replace(one, both));
            }
            source_file => put(&source.join(source_file), &text),
        }
        names.push(name);
    }
    assert_eq!(
        names,
        [
            "Cargo.toml",
            "src/lib.rs",
            "pingpong.toml",
            "src/tests.rs",
            "src/one_ball.rs"
        ]
    );
    lock(&source);
    cargo(&source, "build");
    cargo(&source, "test");

    let built = folder().join("target/debug");
    let plugins = built.to_str().unwrap();
    let run = ["pingpong.toml", "--plugin-path", plugins, "--out", "out"];
    let said = lab.runner(&run).passes().out;
    assert!(said.contains("anna") && said.contains("ben"), "{said}");
    let log = lab.table("out/runs/0001/anna.csv");
    // A ball takes 0.2 s to 0.4 s each way, and the run lasts 10 s.
    let hits = *log.numbers("hits").last().unwrap();
    assert!((12.0..=25.0).contains(&hits), "{hits}");
    assert_eq!(log.only("event", "receive").rows.len() as f64, hits);

    let check = "[[check]]\ncheck = \"pingpong.one-ball\"\n";
    assert!(page.contains(check));
    let checked = lab.read("pingpong.toml") + check;
    lab.write("checked.toml", &checked);
    let run = ["checked.toml", "--plugin-path", plugins, "--quiet"];
    lab.runner(&run).passes();
    // With a second ball the check fails.
    lab.write(
        "two.toml",
        &checked.replace("[nodes.ben]", "[nodes.ben]\nconfig = { serves = true }"),
    );
    let run = ["two.toml", "--plugin-path", plugins, "--quiet"];
    lab.runner(&run)
        .ends(1)
        .says(&["check `pingpong.one-ball` failed: 2 balls in the air"]);

    let described = ["plugins", "pingpong.player", "--plugin-path", plugins];
    let described = lab.runner(&described).passes().out;
    for part in [
        "serves",
        "Whether this player has the ball at the start",
        "hits",
    ] {
        assert!(described.contains(part), "{described}");
    }
    lab.write(
        "wrong.toml",
        &lab.read("pingpong.toml").replace("= true", "= 1"),
    );
    lab.runner(&["check", "wrong.toml", "--plugin-path", plugins])
        .ends(2)
        .says(&["wrong.toml:6:", "expected true or false"]);
}
