//! An author's notes are in the report where the author wants them, with their pictures,
//! whatever the notes hold; and the report can be printed.

use std::fs;

use crate::harness::{LAB, Lab};
use crate::waiting::{is_running, until};

/// The smallest picture: one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";

const NOTES: &str = "\
# Notebook

Some *text* with `code`[^1].

## In short {#top}

Clocks jump.

## Decisions {#run .before}

| what | why |
|---|---|
| a<br>b | <script>alert(1)</script> |

## Mine {#jumps}

![The board](img/board.png)

## Beside {#jumps .after}

Beside it.

## Lost {#jmups}

Kept.

[^1]: A footnote.
";

fn noted() -> Lab {
    let lab = Lab::new();
    lab.write("in/scenario.toml", &format!("notes = \"notes.md\"\n{LAB}"));
    lab.write("in/notes.md", NOTES);
    fs::create_dir(lab.path("in/img")).unwrap();
    fs::write(lab.path("in/img/board.png"), PNG).unwrap();
    lab.runner(&["in/scenario.toml", "--out", "out", "--quiet"])
        .passes();
    lab
}

/// Fails unless the texts come in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let at = text[from..].find(part);
        from += at.unwrap_or_else(|| panic!("no {part:?} there:\n{}", &text[from..])) + part.len();
    }
}

#[test]
fn pieces_of_notes_are_in_the_sections_that_their_anchors_name() {
    let lab = noted();
    let markdown = lab.read("out/report.md");
    in_order(
        &markdown,
        &[
            "Clocks jump.",
            "## At a glance",
            "## Decisions",
            "a<br>b|\\<script>alert(1)\\</script>",
            "## What was run",
            "## How large are the jumps of the clocks?",
            "### Mine",
            "![The board](plots/notes-1-board.png)",
            "clocks.svg",
            "## Beside",
            "## How far do the clocks drift apart?",
            "## Notes",
            "Some *text* with `code`[^1].",
            "#### Lost",
        ],
    );
    assert!(markdown.contains("sections that this report has not: `jmups`"));
    let page = lab.read("out/report.html");
    in_order(
        &page,
        &[
            "<p>Clocks jump.</p>",
            "At a glance",
            "href=\"#notes-3\">Decisions</a>",
            "<h2>Decisions</h2>",
            "a<br>b</td><td>&lt;script&gt;alert(1)",
            "id=\"run\"",
            "id=\"jumps\"",
            "<h3>Mine</h3>",
            "src=\"data:image/png;base64,iVBORw0KGgo",
            "<h2>Beside</h2>",
            "id=\"drift\"",
            "id=\"notes\"",
            "<h4>Lost</h4>",
        ],
    );
    assert_eq!(
        fs::read(lab.path("out/plots/notes-1-board.png")).unwrap(),
        PNG
    );
}

#[test]
fn a_report_elsewhere_has_the_pictures_though_their_files_are_gone() {
    let lab = noted();
    fs::remove_dir_all(lab.path("in")).unwrap();
    lab.runner(&["report", "out", "--out", "again"]).passes();
    for file in ["report.md", "report.html", "plots/notes-1-board.png"] {
        let of = |folder: &str| fs::read(lab.path(&format!("{folder}/{file}"))).unwrap();
        assert_eq!(of("again"), of("out"), "{file}");
    }
}

#[test]
fn other_notes_take_the_place_of_those_of_the_run_also_in_a_comparison() {
    let lab = noted();
    lab.write(
        "later.md",
        "# Later {#top}\n\nWritten later. ![no](gone.png)\n",
    );
    let options = ["report", "out", "--out", "again", "--notes", "later.md"];
    let said = lab.runner(&options).ends(0).err;
    assert!(
        said.contains("the picture `gone.png` is not a file beside"),
        "{said}"
    );
    let markdown = lab.read("again/report.md");
    assert!(markdown.contains("Written later.") && !markdown.contains("## Decisions"));
    assert!(
        markdown.contains("\\[picture, missing: no, gone.png\\]"),
        "{markdown}"
    );
    let other = [
        "in/scenario.toml",
        "--seed",
        "9",
        "--out",
        "other",
        "--quiet",
    ];
    lab.runner(&other).passes();
    let options = [
        "report", "out", "other", "--out", "both", "--notes", "later.md",
    ];
    lab.runner(&options).ends(0);
    assert!(lab.read("both/report.md").contains("Written later."));
}

#[test]
fn notes_that_cannot_be_read_are_an_error_and_leave_the_report() {
    let lab = noted();
    let before = lab.read("out/report.md");
    lab.runner(&["report", "out", "--notes", "gone.md"])
        .ends(2)
        .says(&["--notes gone.md: cannot be read", "name a Markdown file"]);
    fs::write(lab.path("latin.md"), b"Z\xfcrich").unwrap();
    lab.runner(&["report", "out", "--notes", "latin.md"])
        .ends(2)
        .says(&["--notes latin.md: is not UTF-8 text"]);
    assert_eq!(lab.read("out/report.md"), before);
}

/// A browser of ours: a shell script in `bin`.
fn browser(lab: &Lab, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let path = lab.write("bin/chromium", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn without_a_browser_the_way_out_is_named_and_nothing_is_built() {
    let lab = noted();
    fs::remove_file(lab.path("out/report.md")).unwrap();
    fs::create_dir(lab.path("empty")).unwrap();
    let mut command = lab.command(&["report", "out", "--pdf", "a.pdf"]);
    command
        .env("PATH", lab.path("empty"))
        .env_remove("RUNNER_CHROMIUM");
    lab.answer(&mut command).ends(2).says(&[
        "no browser to print with",
        "apt install chromium",
        "RUNNER_CHROMIUM",
    ]);
    let mut command = lab.command(&["report", "out", "--pdf", "a.pdf"]);
    command.env("RUNNER_CHROMIUM", "/nowhere/chromium");
    lab.answer(&mut command)
        .ends(3)
        .says(&["/nowhere/chromium cannot be started"]);
    assert!(!lab.path("a.pdf").exists());
}

#[test]
fn a_browser_gets_a_page_without_scripts_and_its_pdf_is_kept() {
    let lab = noted();
    // It keeps what it was given, and writes a PDF as Chromium would.
    let script = "for it; do case $it in --print-to-pdf=*) pdf=${it#*=};; --user-data-dir=*) profile=${it#*=};; esac; done\n\
                  cp \"${it#file://}\" \"$KEPT\"; mkdir \"$profile\"; echo '%PDF-1.4' >\"$pdf\"; dirname \"$profile\" >\"$KEPT.profile\"";
    let mut command = lab.command(&["report", "out", "--pdf", "to/a.pdf"]);
    command.env("RUNNER_CHROMIUM", browser(&lab, script));
    command.env("KEPT", lab.path("kept"));
    let said = lab.answer(&mut command).passes().out;
    assert!(said.contains("pdf:    to/a.pdf"), "{said}");
    assert_eq!(lab.read("to/a.pdf"), "%PDF-1.4\n");
    let page = lab.read("kept");
    assert!(page.contains("<details open>") && !page.contains("<details>"));
    assert!(!page.contains("<script>") && page.contains("data:image/png"));
    let temporary = lab.read("kept.profile");
    assert!(!std::path::Path::new(temporary.trim()).exists());
}

#[test]
fn a_browser_that_prints_nothing_is_an_error_with_what_it_said() {
    let lab = noted();
    let mut command = lab.command(&["report", "out", "--pdf", "a.pdf"]);
    command.env(
        "RUNNER_CHROMIUM",
        browser(&lab, "echo no display >&2; exit 7"),
    );
    lab.answer(&mut command)
        .ends(3)
        .says(&["wrote no PDF (exit status: 7)", "it said: no display"]);
}

#[test]
fn what_a_browser_leaves_running_is_ended() {
    let lab = noted();
    let script = "for it; do case $it in --print-to-pdf=*) pdf=${it#*=};; esac; done\n\
                  setsid sh -c 'echo $$ >\"$KEPT\"; exec sleep 1000' &\n\
                  while [ ! -s \"$KEPT\" ]; do :; done\necho '%PDF-1.4' >\"$pdf\"";
    let mut command = lab.command(&["report", "out", "--pdf", "a.pdf"]);
    command.env("RUNNER_CHROMIUM", browser(&lab, script));
    command.env("KEPT", lab.path("kept"));
    lab.answer(&mut command).passes();
    let process = lab.read("kept").trim().to_owned();
    until("the process has ended", || !is_running(&process));
}
