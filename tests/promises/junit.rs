//! `--junit` writes a file for CI services: Python's XML parser reads it, and it follows the
//! rules of the common JUnit schema.

use std::process::Command;

use crate::failures::SOME_FAIL;
use crate::harness::{LAB, Lab, needs_python};

/// Checks a file against the rules of the common JUnit schema: the elements and their
/// places, the required attributes, the sums. Prints a line for each test case: suite,
/// name, outcome, message.
const JUDGE: &str = r#"
import sys, re
import xml.etree.ElementTree as tree

root = tree.parse(sys.argv[1]).getroot()
assert root.tag == "testsuites", root.tag
sums = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
for suite in root:
    assert suite.tag == "testsuite", suite.tag
    for needed in ["name", "tests", "failures", "errors", "time", "timestamp"]:
        assert needed in suite.attrib, needed
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
    found = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    total = 0.0
    names = set()
    order = [child.tag for child in suite]
    assert order == sorted(order, key=["properties", "testcase"].index), order
    for prop in suite.findall("properties/property"):
        assert prop.get("name") and prop.get("value") is not None
    for case in suite.findall("testcase"):
        assert case.get("name") and case.get("classname"), case.attrib
        assert case.get("name") not in names
        names.add(case.get("name"))
        total += float(case.get("time", 0))
        found["tests"] += 1
        outcome, message = "passed", ""
        for child in case:
            assert child.tag in ["properties", "error", "failure", "skipped", "system-out", "system-err"]
            if child.tag in ["error", "failure", "skipped"]:
                assert outcome == "passed"
                outcome, message = child.tag, child.get("message")
                found[{"error": "errors", "failure": "failures"}.get(child.tag, child.tag)] += 1
                if child.tag != "skipped":
                    assert child.get("type") and child.text.strip()
                    of_run = case.get("name").startswith("run ")
                    assert not of_run or "\nrepeat: runner " in child.text, child.text
        print(suite.get("name"), case.get("name"), outcome, message, sep="|")
    for name, count in found.items():
        assert int(suite.get(name)) == count, name
        sums[name] += count
    assert abs(float(suite.get("time")) - total) < 0.01 * found["tests"] + 0.01
for name, count in sums.items():
    assert int(root.get(name)) == count, name
"#;

/// The test cases of a file, as `suite|name|outcome|message`.
pub fn judged(lab: &Lab, file: &str) -> Vec<String> {
    let mut command = Command::new("python3");
    command.args(["-c", JUDGE]).arg(lab.path(file));
    let answer = lab.answer(&mut command).passes();
    answer.out.lines().map(str::to_owned).collect()
}

/// The scenario of which some runs fail, with another name.
fn ill() -> String {
    SOME_FAIL.replacen("some fail", "ill", 1)
}

#[test]
fn several_scenarios_are_suites_of_one_file() {
    needs_python!();
    let lab = Lab::with(LAB);
    lab.write("ill.toml", &ill());
    let arguments = ["scenario.toml", "ill.toml", "--no-report", "-q"];
    lab.runner(&[&arguments[..], &["--junit", "deep/junit.xml"]].concat())
        .ends(3);
    let cases = judged(&lab, "deep/junit.xml");
    assert_eq!(cases.len(), 3 + 6);
    assert_eq!(
        cases[..3],
        [
            "lab|run 1|passed|",
            "lab|run 2|passed|",
            "lab|run 3|passed|"
        ]
    );
    let runs = lab.table("results/ill/latest/runs.csv");
    for (case, status) in cases[3..].iter().zip(runs.texts("status")) {
        let outcome = match status {
            "complete" => "|passed|",
            _ => "|error|node `ill` panicked in `tick` at 750 ms (step ",
        };
        assert!(
            case.starts_with("ill|run ") && case.contains(outcome),
            "{case}"
        );
    }
    let text = lab.read("deep/junit.xml");
    assert!(text.contains("records: results/ill/"), "{text}");
    assert!(
        text.contains("<property name=\"seed\" value=\"3\"/>"),
        "{text}"
    );
}

#[test]
fn runs_that_were_not_begun_are_skipped() {
    needs_python!();
    let lab = Lab::with(&ill());
    let arguments = ["scenario.toml", "--no-report", "-q", "-j1", "--out", "out"];
    lab.runner(&[&arguments[..], &["--fail-fast", "--junit", "junit.xml"]].concat())
        .ends(3);
    let cases = judged(&lab, "junit.xml");
    assert_eq!(cases.len(), 6);
    let begun = lab.table("out/runs.csv").rows.len();
    assert!(begun < 6);
    for case in &cases[begun..] {
        assert!(
            case.ends_with("|skipped|not begun: a run before it failed (--fail-fast)"),
            "{case}"
        );
    }
    // After `--resume` the file has all runs, the earlier ones too.
    lab.runner(&[&arguments[..], &["--resume", "--junit", "junit.xml"]].concat())
        .ends(3);
    let cases = judged(&lab, "junit.xml");
    assert!(cases.len() == 6 && cases.iter().all(|case| !case.contains("|skipped|")));
}

#[test]
fn special_characters_of_xml_are_escaped() {
    needs_python!();
    let lab = Lab::with(
        "name = \"odd\"\nduration = \"1s\"\ntitle = \"<&\\\"\"\n[nodes.a]\n\
         behavior = \"misbehaving.refuses\"\n",
    );
    lab.write("a & <b>.toml", &lab.read("scenario.toml"));
    lab.runner(&["a & <b>.toml", "-q", "--no-report", "--junit", "j.xml"])
        .ends(3);
    let cases = judged(&lab, "j.xml");
    assert_eq!(
        cases,
        ["odd|run 1|error|node `a` failed in `new` at 0 s (step 0): a will not be a node"]
    );
}

#[test]
fn a_file_that_cannot_be_written_is_reported_before_anything_runs() {
    let lab = Lab::with(LAB);
    lab.write("file", "");
    lab.runner(&["scenario.toml", "--out", "out", "--junit", "file/j.xml"])
        .ends(2)
        .says(&["error: file: cannot write the results: "]);
    assert!(!lab.path("out").exists());
}

#[test]
fn whatever_text_an_error_holds_the_file_is_xml() {
    needs_python!();
    let case = include_str!("../fixtures/cases/junit-fffe.toml");
    for text in [
        "\\ufffe",
        "\\uffff",
        "\\u0001\\u001b[31m\\u000b",
        "]]><a&b>\\u0000",
        "\\U0010fffe",
    ] {
        let lab = Lab::with(&case.replace("\\ufffe", text));
        let answer = lab.runner(&["scenario.toml", "--no-report", "-q", "--junit", "j.xml"]);
        assert_ne!(answer.code, Some(0));
        let cases = judged(&lab, "j.xml");
        assert_eq!(cases.len(), 1, "{cases:?}");
        let file = lab.read("j.xml");
        let is_allowed =
            |it: char| (' '..'\u{fffe}').contains(&it) || it > '\u{ffff}' || "\t\n\r".contains(it);
        assert!(file.chars().all(is_allowed), "{file}");
    }
}
