//! Every measured figure in a README, and in the page about speed, was written by the command
//! that measured it.
//!
//! `tests/figures.py` writes figures between marks, and seals them with hashes of the text, of the
//! files that decide what is measured, and of the plot. A table that somebody edited, or
//! whose measurement has changed since, is found here. What is the same on every machine (bytes,
//! lines of code) is measured again by `plugins/chat/grpc/tests/figures.rs`.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every README of the repository, and the page about speed.
fn readmes() -> Vec<PathBuf> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name.starts_with('.') || name == "target" || name == "results" => {}
                true => gather(&path, found),
                false if ["README.md", "PERFORMANCE.md"].contains(&&*name) => found.push(path),
                false => {}
            }
        }
    }
    let mut found = Vec::new();
    gather(&root(), &mut found);
    found.sort();
    assert!(found.len() > 8, "{found:?}");
    found
}

fn digest(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    sum.iter().take(8).map(|it| format!("{it:02x}")).collect()
}

/// Figures between their marks.
#[derive(Clone, Debug)]
struct Figures {
    name: String,
    command: String,
    text: String,
    /// What the end mark says: hashes and files.
    seal: String,
}

/// The figures in a text.
///
/// # Errors
/// If a mark has no counterpart.
fn figures(text: &str) -> Result<Vec<Figures>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<!-- figures ") {
        let (mark, after) = after.split_once(" -->\n").ok_or("a mark has no end")?;
        let (name, command) = mark.split_once(": ").ok_or("a mark has no command")?;
        let end = format!("<!-- figures {name}: end; ");
        let (inside, after) = after
            .split_once(&end)
            .ok_or_else(|| format!("the figures `{name}` have no end"))?;
        let (seal, after) = after.split_once(" -->").ok_or("a mark has no end")?;
        found.push(Figures {
            name: name.to_owned(),
            command: command.to_owned(),
            text: inside.to_owned(),
            seal: seal.to_owned(),
        });
        rest = after;
    }
    Ok(found)
}

/// The cells of the rows of the tables in a text, by table.
fn tables(text: &str) -> Vec<Vec<Vec<&str>>> {
    let mut tables: Vec<Vec<Vec<&str>>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let row = line.strip_prefix('|').and_then(|it| it.strip_suffix('|'));
        if let Some(row) = row {
            if !inside {
                tables.push(Vec::new());
            }
            let cells = row.split('|').map(str::trim).collect();
            tables.last_mut().expect("a table").push(cells);
        }
        inside = row.is_some();
    }
    tables
}

/// Whether a cell is a number, perhaps with a unit.
fn is_number(cell: &str) -> bool {
    let end = cell.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',');
    let (number, unit) = cell.split_at(end.unwrap_or(cell.len()));
    let units = [
        "", "%", "ns", "us", "ms", "s", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB",
    ];
    number.starts_with(|c: char| c.is_ascii_digit()) && units.contains(&unit.trim())
}

/// What is wrong with figures in a README of this folder.
fn mistakes(figures: &Figures, folder: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!(
                "figures `{}`: {what}\n  write them again: {}",
                figures.name, figures.command
            ));
        }
    };
    let mut parts = figures.seal.split("; ");
    let seal = parts.next().unwrap_or_default();
    let words: Vec<&str> = seal.split(' ').collect();
    let [text, sources, files @ ..] = &words[..] else {
        return vec![format!("figures `{}`: no hashes", figures.name)];
    };
    check(
        *text == format!("text={}", digest(figures.text.as_bytes())),
        "the text is not what the command wrote",
    );
    let mut bytes = Vec::new();
    for file in files {
        match fs::read(root().join(file)) {
            Ok(content) => bytes.extend(content),
            Err(_) => check(false, &format!("`{file}` does not exist")),
        }
    }
    check(
        !files.is_empty() && *sources == format!("sources={}", digest(&bytes)),
        "how they are measured has changed",
    );
    check(
        figures.command.split(' ').any(|word| files.contains(&word)),
        "the command is none of the files that decide what is measured",
    );
    for plot in parts {
        let (hash, file) = plot.split_once(' ').unwrap_or((plot, ""));
        let content = fs::read(folder.join(file)).unwrap_or_default();
        check(
            hash == format!("plot={}", digest(&content)),
            "the plot is not what the command wrote",
        );
        check(
            figures.text.contains(&format!("]({file})")),
            "the plot is not shown",
        );
    }
    let machine = figures.text.trim_start().lines().next().unwrap_or_default();
    let parts = [" core", " on ", ", rustc ", "; 20"];
    check(
        parts.iter().all(|part| machine.contains(part)) && !machine.contains('/'),
        "the first line does not name the machine",
    );
    let tables = tables(&figures.text);
    // A bench prints its tables as text.
    let is_printed = figures.text.contains("\n```text\n");
    check(!tables.is_empty() || is_printed, "there is no table");
    for table in &tables {
        let head = &table[0];
        check(table.len() > 2, "a table has no rows");
        check(
            table.iter().all(|row| row.len() == head.len()),
            "a row has not as many cells as the head",
        );
        for row in &table[2.min(table.len())..] {
            for (title, cell) in head.iter().zip(row).skip(1) {
                let is_ratio = title.contains(" / ");
                let fits = match is_ratio {
                    true => cell.is_empty() || cell.parse::<f64>().is_ok_and(|it| it > 0.0),
                    false => cell.is_empty() || cell.contains(|c: char| c.is_ascii_digit()),
                };
                check(fits, &format!("`{title}` is `{cell}`"));
            }
        }
    }
    wrong
}

#[test]
fn every_figure_was_written_by_its_command() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in readmes() {
        let text = fs::read_to_string(&path).unwrap();
        let found = figures(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for it in found {
            count += 1;
            let mistakes = mistakes(&it, path.parent().unwrap());
            wrong.extend(
                mistakes
                    .iter()
                    .map(|it| format!("{}: {it}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 5, "only {count} tables of figures");
}

/// The lines of a README in which a measured figure may stand nowhere but between marks: without
/// figures, generated references and code.
fn prose(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut is_code = false;
    let mut is_generated = false;
    for line in text.lines() {
        if line.starts_with("<!-- ") {
            is_generated = !line.contains(" end");
        } else if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code && !is_generated {
            lines.push(line);
        }
    }
    lines
}

/// Why a line looks as if it had measured figures.
fn looks_measured(line: &str) -> Option<&'static str> {
    if let [table] = &tables(line)[..] {
        let numbers = table[0].iter().filter(|cell| is_number(cell)).count();
        return (numbers >= 2).then_some("a row of figures");
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let large = |word: &&str| is_number(word) && word.contains(',');
    let has_rate = line.contains("per second") && words.iter().any(large);
    has_rate.then_some("a measured rate")
}

#[test]
fn no_figure_stands_outside_of_its_marks() {
    let mut wrong = Vec::new();
    for path in readmes() {
        let text = fs::read_to_string(&path).unwrap();
        for line in prose(&text) {
            if let Some(why) = looks_measured(line) {
                wrong.push(format!("{}: {why}: {line}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "a command must write these (tests/figures.py):\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_figure_that_was_written_by_hand_is_found() {
    let path = root().join("plugins/chat/README.md");
    let text = fs::read_to_string(&path).unwrap();
    let folder = path.parent().unwrap();
    let whole = figures(&text).unwrap();
    let it = whole.iter().find(|it| it.name == "comparison").unwrap();
    assert_eq!(mistakes(it, folder), [""; 0]);
    let changed = |change: &dyn Fn(&mut Figures)| {
        let mut it = it.clone();
        change(&mut it);
        mistakes(&it, folder).join("\n")
    };
    let digit = it.text.rfind(|c: char| c.is_ascii_digit()).unwrap();
    let by_hand = changed(&|it| it.text.replace_range(digit..=digit, "x"));
    assert!(by_hand.contains("not what the command wrote"), "{by_hand}");
    assert!(by_hand.contains("write them again: python3 "), "{by_hand}");
    let measured_otherwise = changed(&|it| it.seal = it.seal.replace("sources=", "sources=0"));
    assert!(measured_otherwise.contains("has changed"));
    let plot = changed(&|it| it.seal = it.seal.replace("plot=", "plot=0"));
    assert!(plot.contains("the plot is not what"), "{plot}");
    let nobody = changed(&|it| it.command = "python3 by_hand.py".to_owned());
    assert!(nobody.contains("none of the files"), "{nobody}");
    assert!(figures("<!-- figures a: b -->\n| 1 | 2 |\n").is_err());
    for line in [
        "| 1 | 7,800 | 41 us |",
        "It does 400,000 requests per second.",
    ] {
        assert!(looks_measured(line).is_some(), "{line}");
    }
    for line in [
        "| 0 | everything passed |",
        "At 1 tick per second.",
        "| `poll` | a duration | 4 |",
    ] {
        assert!(looks_measured(line).is_none(), "{line}");
    }
}

/// A plot is shown by viewers that know no CSS variables.
#[test]
fn plots_beside_readmes_have_plain_colors() {
    let mut count = 0;
    for path in readmes() {
        let folder = path.parent().unwrap();
        for it in figures(&fs::read_to_string(&path).unwrap()).unwrap() {
            for plot in it.seal.split("; ").skip(1) {
                let file = plot.split_once(' ').unwrap().1;
                let svg = fs::read_to_string(folder.join(file)).unwrap();
                for never in ["var(", "<style", "class=", "href=", "font-face"] {
                    assert!(!svg.contains(never), "{file} has {never}");
                }
                assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
                // The plot shows the numbers of the table.
                for table in tables(&it.text).iter().filter(|it| it[0][0] == "simulator") {
                    for row in &table[2..] {
                        let label = format!(">{}<", row.last().unwrap());
                        assert!(svg.contains(&label), "{label}");
                    }
                }
                for table in tables(&it.text).iter().filter(|it| it[0][0] == "operation") {
                    assert!(svg.contains(" times the "), "{file}");
                    for row in &table[2..] {
                        let number = |index: usize| row[index].parse::<f64>().unwrap();
                        for (side, ours, grpc) in [("client", 3, 5), ("server", 4, 6)] {
                            let ratio = number(grpc) / number(ours);
                            let label = format!(">{ratio:.1} times the bytes of the {side}<");
                            assert!(svg.contains(&label), "{label}");
                        }
                    }
                }
                count += 1;
            }
        }
    }
    assert!(count > 0);
}
