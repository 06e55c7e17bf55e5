//! The documents are complete: they list every framing and every scenario, and each file
//! that they link to exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use framing::Framing;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The names in backticks in the first column of the table that begins with `head`.
fn first_cells(text: &str, head: &str) -> BTreeSet<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with(head));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn the_table_of_framings_lists_every_framing() {
    let listed = first_cells(
        &read("scenarios/README.md"),
        "| `framing` | bytes of a message |",
    );
    let names: BTreeSet<String> = Framing::names().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(listed, names, "left: scenarios/README.md, right: the code");
}

#[test]
fn the_table_of_scenarios_lists_every_scenario() {
    let text = read("scenarios/README.md");
    let mut count = 0;
    for entry in fs::read_dir(root().join("scenarios")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "toml") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let row = format!("\n| [{name}]({name}.toml) |");
            assert!(
                text.contains(&row),
                "`{name}` is not in scenarios/README.md"
            );
            count += 1;
        }
    }
    let listed = text.matches(".toml) |").count();
    assert_eq!(
        listed, count,
        "the table lists a scenario that does not exist"
    );
}

#[test]
fn each_file_that_a_document_links_to_exists() {
    for document in [
        "README.md",
        "CHANGELOG.md",
        "scenarios/README.md",
        "scenarios/a-failure.md",
        "plugins/README.md",
        "runner/ARCHITECTURE.md",
    ] {
        let text = read(document);
        let folder = root().join(document).parent().unwrap().to_owned();
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap();
            if !target.contains("://") && !target.is_empty() {
                let there = folder.join(target).exists();
                assert!(there, "{document} links to {target}, which does not exist");
            }
        }
    }
}

#[test]
fn each_file_that_the_architecture_names_exists() {
    let text = read("runner/ARCHITECTURE.md");
    let mut count = 0;
    for name in text.split('`').skip(1).step_by(2) {
        let is_file = name.ends_with(".rs") && !name.contains(' ');
        if !is_file || !name.contains('/') || name.contains('*') {
            continue;
        }
        let folders = ["", "runner", "runner/src"];
        let exists = folders
            .iter()
            .any(|folder| root().join(folder).join(name).is_file());
        assert!(
            exists,
            "ARCHITECTURE.md names {name}, which does not exist in {folders:?}"
        );
        count += 1;
    }
    assert!(count > 60, "{count} files found: are they in backticks?");
}
