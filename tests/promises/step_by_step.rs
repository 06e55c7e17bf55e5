//! "A failure, step by step": each command of the document gives the answer that stands below it,
//! and the pictures are those that the commands draw.
//!
//! `UPDATE_DOCS=1` writes the pictures anew.

use std::fs;
use std::path::PathBuf;

use crate::harness::Lab;

fn scenarios() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// The blocks of a document: the language, and the text.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let parts = document.split("\n```").skip(1).step_by(2);
    parts.filter_map(|part| part.split_once('\n')).collect()
}

/// Whether a line is the one that a document shows: `...` stands for any text.
fn is_line(shown: &str, line: &str) -> bool {
    let mut rest = line;
    let mut parts = shown.split("...").peekable();
    let Some(begin) = parts.next().and_then(|first| rest.strip_prefix(first)) else {
        return false;
    };
    rest = begin;
    let mut is_whole = true;
    while let Some(part) = parts.next() {
        is_whole = false;
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    !is_whole || rest.is_empty()
}

/// Fails unless these are the lines that a document shows; a line `...` stands for any lines.
#[track_caller]
fn is_as_shown(shown: &str, out: &str) {
    let mut lines = out.lines();
    let mut skips = false;
    for line in shown.lines() {
        if line == "..." {
            skips = true;
            continue;
        }
        let found = match skips {
            true => lines.any(|it| is_line(line, it)),
            false => lines.next().is_some_and(|it| is_line(line, it)),
        };
        assert!(found, "shown, and not there: {line}\n--- the answer\n{out}");
        skips = false;
    }
    let more = lines.next();
    assert!(
        skips || more.is_none(),
        "there, and not shown: {more:?}\n{out}"
    );
}

#[test]
fn each_command_answers_as_the_document_shows() {
    let document = fs::read_to_string(scenarios().join("a-failure.md")).unwrap();
    let lab = Lab::new();
    for file in ["canary-kv-rare.toml", "scenario.schema.json"] {
        let text = fs::read_to_string(scenarios().join(file)).unwrap();
        lab.write(&format!("scenarios/{file}"), &text);
    }
    let mut answer = String::new();
    let mut commands = 0;
    for (language, text) in blocks(&document) {
        match language {
            "sh" => {
                let script = format!("runner() {{ \"$RUNNER\" \"$@\"; }}\n{text}");
                answer = lab.shell(&script).out;
                commands += text.lines().count();
            }
            "text" => is_as_shown(text, &answer),
            other => panic!("a block of {other}"),
        }
    }
    assert_eq!(commands, 7);
    for (picture, drawn) in [
        ("why.svg", "results/canary-kv-rare/latest/why/run-0011.svg"),
        (
            "odds.svg",
            "results/canary-kv-rare/latest/why/odds-0011.svg",
        ),
        ("diff.svg", "broken/why/diff-0001-0001.svg"),
    ] {
        let file = scenarios().join("pictures").join(picture);
        let drawn = lab.read(drawn);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &drawn).unwrap();
        }
        assert!(document.contains(&format!("](pictures/{picture})")));
        let there = fs::read_to_string(&file).unwrap();
        assert!(
            there == drawn,
            "{picture} is another one: UPDATE_DOCS=1 writes it anew"
        );
    }
}

#[test]
fn what_a_document_leaves_out_may_be_anything_and_nothing_else() {
    assert!(is_line("a ... c", "a b c") && is_line("abc", "abc") && is_line("...", ""));
    assert!(is_line("a...b...c", "a1b2c") && !is_line("a...b...c", "a1c"));
    assert!(!is_line("abc", "abcd") && !is_line("a...c", "a b"));
}
