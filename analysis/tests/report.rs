//! What people read: the report of a small run, word by word; and what they are
//! told when a results folder is broken.

use std::fs;
use std::path::{Path, PathBuf};

use analysis::report::{Error, build};

fn fixture() -> PathBuf {
    results("clock-small")
}

fn results(name: &str) -> PathBuf {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/results");
    results.join(name)
}

/// A copy of the fixture that a test may break.
fn copy() -> tempfile::TempDir {
    copy_of("clock-small")
}

fn copy_of(name: &str) -> tempfile::TempDir {
    fn copy_all(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy_all(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy_all(&results(name), folder.path());
    folder
}

/// The message of the error that building the report of `folder` ends with.
fn refusal(folder: &Path) -> String {
    let error = build(folder, folder).expect_err("the folder is broken");
    error
        .to_string()
        .replace(&folder.display().to_string(), "RESULTS")
}

fn edit(file: PathBuf, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(&file).unwrap();
    fs::write(file, change(text)).unwrap();
}

/// Whether each element is closed, in order; void elements excepted.
fn assert_well_formed(text: &str) {
    const VOID: [&str; 5] = ["meta", "link", "br", "hr", "img"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "a bare `<` before `{tag}`");
        if tag.starts_with('!') || tag.ends_with('/') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            let name = tag.split_whitespace().next().unwrap();
            if !VOID.contains(&name) {
                open.push(name);
            }
            // The text of a script is no markup.
            if name == "script" {
                rest = &rest[rest.find("</script>").expect("a script ends")..];
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

#[test]
fn the_report_of_a_small_run_reads_well() {
    let out = tempfile::tempdir().unwrap();
    let outputs = build(&fixture(), out.path()).unwrap();
    insta::assert_snapshot!(fs::read_to_string(&outputs.markdown).unwrap());
}

#[test]
fn a_report_of_real_time_says_how_late_it_was_and_names_no_folders() {
    let out = tempfile::tempdir().unwrap();
    let outputs = build(&results("echo-open"), out.path()).unwrap();
    let text = fs::read_to_string(&outputs.markdown).unwrap();
    assert!(!text.contains("/home/"), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_stopped_counts_in_real_time_alone() {
    let folder = copy_of("echo-open");
    let manifest = folder.path().join("manifest.json");
    let warnings = || analysis::report::report(folder.path()).unwrap().warnings;
    let late = |warnings: &[String]| warnings.iter().any(|text| text.contains("was late"));
    // How a run without a duration ends is nothing to mind.
    assert!(warnings().len() == 1 && late(&warnings()));
    edit(manifest.clone(), |text| {
        text.replace("\"duration_s\": null", "\"duration_s\": 9.0")
    });
    assert_eq!(
        warnings()[0],
        "Run 1 was stopped before its end; its numbers are of the time until then."
    );
    assert!(late(&warnings()));
    edit(manifest, |text| text.replace("\"real\"", "\"virtual\""));
    assert_eq!(
        warnings(),
        [
            "Run 1 was stopped before its end; its numbers are left out below.",
            "1 of 1 run is missing: 1.",
            "No run came to its end, so there is nothing to measure."
        ]
    );
}

#[test]
fn lags_within_the_bound_are_told_without_a_warning() {
    let folder = copy_of("echo-open");
    let lag = folder.path().join("runs/0001/lag.csv");
    edit(lag.clone(), |text| text.replace("12393488", "9393488"));
    let report = analysis::report::report(folder.path()).unwrap();
    assert_eq!(report.warnings, Vec::<String>::new());
    let section = report.sections.iter().find(|section| section.id == "lag");
    assert_eq!(
        section.unwrap().observations,
        [
            "Of 5 ticks and timers, 99 in a hundred were done within 9.39 ms of their time; the latest was 9.39 ms late."
        ]
    );
    // Nothing was due: a server that only answers.
    fs::write(
        &lag,
        "due,lag_p50_ns,lag_p99_ns,lag_max_ns,bound_ns\n0,,,,10000000\n",
    )
    .unwrap();
    let report = analysis::report::report(folder.path()).unwrap();
    let section = report.sections.iter().find(|section| section.id == "lag");
    assert_eq!(
        section.unwrap().tables[0].rows,
        [["1", "0", "–", "–", "–", "–", "–", "–", "10"]]
    );
    edit(lag.clone(), |text| text.replace("0,,", "many,,"));
    assert!(refusal(folder.path()).starts_with("RESULTS/runs/0001/lag.csv:2:"));
    fs::remove_file(lag).unwrap();
    let report = analysis::report::report(folder.path()).unwrap();
    assert!(report.sections.iter().all(|section| section.id != "lag"));
}

#[test]
fn a_plot_is_the_same_bytes_each_time() {
    let out = tempfile::tempdir().unwrap();
    build(&fixture(), out.path()).unwrap();
    let plot = out.path().join("plots/space-time.svg");
    let text = fs::read_to_string(&plot).unwrap();
    build(&fixture(), out.path()).unwrap();
    assert_eq!(text, fs::read_to_string(&plot).unwrap());
    insta::assert_snapshot!(text);
}

#[test]
fn the_page_and_the_plots_are_well_formed_and_need_no_network() {
    let out = tempfile::tempdir().unwrap();
    let outputs = build(&fixture(), out.path()).unwrap();
    let page = fs::read_to_string(&outputs.html).unwrap();
    assert_well_formed(&page);
    assert!(page.contains("Three clocks, &lt;small&gt; &amp; fast"));
    assert!(page.contains("<em>slow</em>"));
    assert!(!page.contains("http"), "the page names another place");
    assert!(page.contains("prefers-color-scheme:dark"));
    // Scripts may compute with it.
    let shown = page.split("<script>").next().unwrap();
    assert!(!shown.contains("NaN"));
    assert!(outputs.plots.len() >= 5);
    for plot in &outputs.plots {
        let text = fs::read_to_string(plot).unwrap();
        assert_well_formed(&text);
        // Many viewers of files know no style sheet; the page alone follows the reader's mode.
        assert!(!text.contains("<style") && !text.contains("NaN"));
    }
}

#[test]
fn summary_csv_stands_for_the_logs() {
    // The same numbers from either: the tables and sentences agree.
    let folder = copy();
    let from_logs = analysis::report::report(folder.path()).unwrap();
    let manifest = fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let schema = analysis::results::Manifest::from_json(&manifest)
        .unwrap()
        .run_schema("default");
    let mut log =
        analysis::log::RunLog::open(&folder.path().join("runs/0001"), Some(&schema)).unwrap();
    let mut metrics = analysis::metrics::RunMetrics::new(&schema);
    while let Some((row, columns)) = log.next().unwrap() {
        metrics.row(&row, &columns);
    }
    let nodes = metrics.finish(12_000_000_000);
    let columns = analysis::metrics::summary::SummaryColumns::new([&schema]);
    let mut csv = Vec::new();
    columns.header(&mut csv);
    columns.rows(1, "default", &schema, &nodes, &mut csv);
    fs::write(folder.path().join("summary.csv"), csv).unwrap();
    let from_summary = analysis::report::report(folder.path()).unwrap();
    assert_eq!(from_logs.key, from_summary.key);
    assert_eq!(from_logs.sections, from_summary.sections);
    assert!(from_logs.left_out.len() > from_summary.left_out.len());
}

#[test]
fn a_folder_without_a_manifest_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(refusal(empty.path()));
    insta::assert_snapshot!(refusal(&empty.path().join("nowhere")));
}

#[test]
fn a_manifest_that_was_cut_short_is_refused_with_its_place() {
    let folder = copy();
    edit(folder.path().join("manifest.json"), |text| {
        text[..text.len() / 2].to_owned()
    });
    let message = refusal(folder.path());
    assert!(message.starts_with("RESULTS/manifest.json:"), "{message}");
    assert!(message.contains("cut short"), "{message}");
}

#[test]
fn results_of_a_newer_format_are_refused() {
    let folder = copy();
    edit(folder.path().join("manifest.json"), |text| {
        text.replacen("\"format\": 1", "\"format\": 9", 1)
    });
    insta::assert_snapshot!(refusal(folder.path()));
}

#[test]
fn a_broken_list_of_runs_is_refused_with_its_line() {
    let folder = copy();
    let runs = folder.path().join("runs.csv");
    edit(runs.clone(), |text| text.replace("complete", "perfect"));
    insta::assert_snapshot!(refusal(folder.path()));
    fs::write(&runs, "colour,taste\nred,sweet\n").unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
    fs::write(&runs, "").unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
    // Only the header: the runner was stopped before its first run ended.
    fs::write(&runs, analysis::results::runs_header(false, [])).unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
}

#[test]
fn a_broken_summary_is_refused_with_its_line() {
    let folder = copy();
    let summary = folder.path().join("summary.csv");
    fs::write(&summary, "run,case,node,sent\n1,default,machine-1,many\n").unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
    fs::write(&summary, "run,case,node,sent\n1,default,mach").unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
    fs::write(&summary, "run,case,node,sent\n").unwrap();
    insta::assert_snapshot!(refusal(folder.path()));
}

#[test]
fn a_manifest_with_more_nodes_than_memory_is_refused() {
    let folder = copy();
    edit(folder.path().join("manifest.json"), |text| {
        text.replacen("\"count\": 3", "\"count\": 4294967295", 1)
    });
    assert!(refusal(folder.path()).contains("4294967295 nodes"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_damage_to_a_file_makes_the_report_panic(
        file in proptest::sample::select(vec!["manifest.json", "runs.csv", "runs/0001/machine-1.csv"]),
        at in 0.0..1.0_f64,
        cut in 0..40_usize,
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..12),
    ) {
        let folder = copy();
        let path = folder.path().join(file);
        let mut text = fs::read(&path).unwrap();
        let start = (at * text.len() as f64) as usize;
        let end = (start + cut).min(text.len());
        text.splice(start..end, bytes);
        fs::write(&path, text).unwrap();
        // Whole or refused, with the place; never a panic, never half a report.
        match build(folder.path(), folder.path()) {
            Ok(outputs) => assert_well_formed(&fs::read_to_string(outputs.html).unwrap()),
            Err(error) => {
                proptest::prop_assert!(error.to_string().starts_with(&folder.path().display().to_string()), "{error}");
                proptest::prop_assert!(!folder.path().join("report.html").exists());
            }
        }
    }
}

#[test]
fn a_failing_rebuild_leaves_the_old_report() {
    let folder = copy();
    let outputs = build(folder.path(), folder.path()).unwrap();
    let before = fs::read(&outputs.html).unwrap();
    let log = folder.path().join("runs/0001/machine-2.csv");
    edit(log, |text| text[..text.len() / 2].to_owned());
    let message = refusal(folder.path());
    assert!(
        message.starts_with("RESULTS/runs/0001/machine-2.csv:"),
        "{message}"
    );
    assert_eq!(before, fs::read(&outputs.html).unwrap());
}

#[test]
fn a_report_that_cannot_be_written_says_where() {
    let folder = copy();
    let out = folder.path().join("runs.csv");
    let error = build(folder.path(), &out).expect_err("a file is no folder");
    assert!(matches!(error, Error::Write { .. }), "{error}");
}

#[test]
fn runs_that_did_not_finish_are_said_first() {
    let folder = copy();
    edit(folder.path().join("runs.csv"), |text| {
        let second = text
            .lines()
            .nth(1)
            .unwrap()
            .replacen('1', "2", 1)
            .replace("complete", "failed");
        format!("{text}{second}\n")
    });
    let report = analysis::report::report(folder.path()).unwrap();
    assert_eq!(
        report.warnings,
        ["Run 2 failed; its numbers are left out below."]
    );
}

/// Runs the `analysis` command; returns its exit code and standard error.
fn command(arguments: &[&std::ffi::OsStr]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_analysis"));
    let output = command.args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), text)
}

#[test]
fn the_command_ends_with_4_if_runs_are_missing() {
    let folder = copy_of("echo-open");
    let path = folder.path().as_os_str();
    assert_eq!(command(&[path]).0, Some(0));
    edit(folder.path().join("manifest.json"), |text| {
        let one = "\"runs_per_case\": 1";
        assert!(text.contains(one), "{text}");
        text.replace(one, "\"runs_per_case\": 3")
            .replace("\"runs_planned\": 1", "\"runs_planned\": 3")
    });
    let junit = folder.path().join("junit.xml");
    let (code, said) = command(&[path, "--junit".as_ref(), junit.as_os_str()]);
    assert_eq!(code, Some(4));
    assert!(
        said.contains("error: 2 of 3 runs are missing: 2, 3\n"),
        "{said}"
    );
    let text = std::fs::read_to_string(junit).unwrap();
    assert_eq!(text.matches("missing: the run is not").count(), 4);
    assert_eq!(command(&[path, "--partial".as_ref()]).0, Some(0));
}
