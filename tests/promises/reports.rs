//! A report needs only the results folder: it can be built again, in another place,
//! and without the logs. Damaged results are refused, with file and line.

use std::fs;

use crate::harness::{LAB, Lab};

/// Results of the lab with a report, in `out`.
fn reported() -> Lab {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "-q", "--out", "out"])
        .passes();
    lab
}

/// The report's files, path and bytes.
fn report(lab: &Lab, folder: &str) -> Vec<(String, Vec<u8>)> {
    let parts = |name: &str| {
        let folders = ["report.", "plots/", "data/"];
        folders.iter().any(|it| name.starts_with(it))
    };
    let files = lab
        .files(folder)
        .into_iter()
        .filter(|(name, _)| parts(name));
    files.collect()
}

/// The rows of the tables of numbers.
fn rows(report: &str) -> Vec<&str> {
    let begin = report.find("\n## How").expect("there is a question");
    let rows = report[begin..]
        .lines()
        .filter(|line| line.starts_with("| "));
    let rows: Vec<&str> = rows.collect();
    assert!(rows.len() > 30, "{rows:?}");
    rows
}

#[test]
fn a_report_built_again_is_the_same_bytes() {
    let lab = reported();
    let first = report(&lab, "out");
    assert!(first.len() >= 6);
    let said = lab
        .runner(&["report", "out", "--out", "again"])
        .passes()
        .out;
    assert!(said.starts_with("report: again/report.html\n"), "{said}");
    assert_eq!(report(&lab, "again"), first);
    for (name, _) in &first {
        fs::remove_file(lab.path("out").join(name)).unwrap();
    }
    lab.runner(&["report", "out"]).passes();
    assert_eq!(report(&lab, "out"), first);
}

#[test]
fn own_events_are_counted_and_runs_that_stand_out_are_named() {
    // One of twenty machines is eighty times as fast.
    let rates = format!("tick_rate = {{ choice = [{}400] }}", "5, ".repeat(19));
    let text = LAB.replace("tick_rate = { uniform_int = [1, 6] }", &rates);
    let text = text
        .replace("count = 3", "count = 2")
        .replace("runs = 3", "runs = 40");
    let lab = Lab::with(&format!(
        "{text}[[expect]]\nmetric = \"internal_count\"\nat_least = 0\n"
    ));
    lab.runner(&["scenario.toml", "-q", "--out", "out"])
        .passes();
    let logs = lab.read("out/runs/0001/machine-1.csv");
    let internal = logs
        .lines()
        .filter(|row| row.contains(",internal,"))
        .count();
    let summary = lab.read("out/summary.csv");
    let mut lines = summary.lines();
    assert!(lines.next().unwrap().ends_with(",internal_count"));
    let first = lines.next().unwrap();
    assert!(first.ends_with(&format!(",{internal}")), "{first}");
    let report = lab.read("out/report.md");
    let begin = report.find("## Which runs stand out?").expect("some do");
    let section = &report[begin..report[begin + 2..].find("\n## ").unwrap() + begin];
    assert!(section.contains("stands out: its "), "{section}");
    let run = section.lines().find_map(|line| line.strip_prefix("- run "));
    let run: u64 = run
        .and_then(|it| it.split(' ').next()?.parse().ok())
        .unwrap();
    // It is in the diagram.
    let html = lab.read("out/report.html");
    assert!(
        html.contains(&format!("\"run\":{run},\"seed\"")),
        "run {run}"
    );
    assert!(report.contains("## What happened how often?"));
}

#[test]
fn rows_that_are_too_large_for_the_page_are_beside_it() {
    let lab = Lab::with(&LAB.replace("60s", "3000s"));
    lab.runner(&["scenario.toml", "-q", "--out", "out"])
        .passes();
    let files = report(&lab, "out");
    let data: Vec<&String> = files
        .iter()
        .map(|it| &it.0)
        .filter(|it| it.starts_with("data/"))
        .collect();
    assert_eq!(data.first().map(|it| it.as_str()), Some("data/run-0001.js"));
    assert!(!lab.read("out/report.html").contains("notebook.open({"));
    lab.runner(&["report", "out", "--out", "again"]).passes();
    assert_eq!(report(&lab, "again"), files);
    lab.runner(&["report", "out", "--one-file", "--out", "one"])
        .passes();
    assert!(!lab.path("one/data").exists());
    let one = lab.read("one/report.html");
    assert_eq!(one.matches("notebook.open({").count(), data.len());
    // An older report's rows are removed, and nothing else in their folder.
    fs::write(lab.path("again/data/mine.js"), "").unwrap();
    lab.runner(&["report", "out", "--one-file", "--out", "again"])
        .passes();
    let left: Vec<_> = lab.files("again/data").into_keys().collect();
    assert_eq!(left, ["mine.js"]);
}

#[test]
fn the_html_report_is_one_file_that_needs_no_network() {
    let lab = reported();
    let html = lab.read("out/report.html");
    let foreign = [
        "src=\"http",
        "href=\"http",
        "url(http",
        "@import",
        "<link",
        "<script src",
    ];
    for part in foreign.into_iter().chain(["src=\"plots", "href=\"plots"]) {
        assert!(!html.contains(part), "{part}");
    }
    assert!(html.contains("<svg") && html.contains("prefers-color-scheme"));
}

#[test]
fn the_markdown_report_shows_every_plot_and_defines_every_metric() {
    let lab = reported();
    let text = lab.read("out/report.md");
    let shown: Vec<&str> = text
        .split("](plots/")
        .skip(1)
        .map(|rest| rest.split_once(')').unwrap().0)
        .collect();
    let files = lab.files("out/plots");
    assert!(files.len() >= 4);
    for file in files.keys() {
        assert!(shown.contains(&&**file), "{file} is not shown");
    }
    assert_eq!(shown.len(), files.len());
    for metric in [
        "clock_jump_mean",
        "clock_gap_total",
        "clock_drift_final",
        "queue_max",
    ] {
        assert!(text.matches(metric).count() > 1, "{metric}");
    }
    // The report has the numbers of the log.
    let summary = lab.table("out/summary.csv");
    let greatest = summary.numbers("queue_max").into_iter().fold(0.0, f64::max);
    assert!(text.contains(&format!("| {greatest} |")), "{greatest}");
}

#[test]
fn combined_logs_give_the_same_report() {
    let lab = reported();
    lab.runner(&["scenario.toml", "-q", "--log", "combined", "--out", "one"])
        .passes();
    let text = |out: &str| lab.read(&format!("{out}/report.md"));
    assert_eq!(rows(&text("out")), rows(&text("one")));
    let plots = |out: &str| {
        let mut files = report(&lab, out);
        files.retain(|(name, _)| name.ends_with(".svg"));
        files
    };
    assert_eq!(plots("out"), plots("one"));
}

#[test]
fn summary_may_be_gone() {
    let lab = reported();
    let before = lab.read("out/report.md");
    fs::remove_file(lab.path("out/summary.csv")).unwrap();
    lab.runner(&["report", "out", "--out", "bare"]).passes();
    let after = lab.read("bare/report.md");
    assert_eq!(rows(&after), rows(&before));
    assert!(after.contains("`summary.csv` is missing; the metrics were computed from the logs"));
}

#[test]
fn logs_that_were_not_kept_are_said_to_be_missing() {
    let lab = reported();
    lab.runner(&["scenario.toml", "-q", "--log", "off", "--out", "off"])
        .passes();
    let report = lab.read("off/report.md");
    // The numbers come from `summary.csv`; there is nothing to draw.
    assert_eq!(rows(&report), rows(&lab.read("out/report.md")));
    assert!(report.contains("--log"), "{report}");
    // What the runs come to is known; what happened over time is not.
    let plots: Vec<&str> = report.matches(".svg").collect();
    assert_eq!(plots.len(), report.matches("(plots/runs-").count());
    assert!(!plots.is_empty());
}

#[test]
fn logs_that_have_been_removed_are_left_out_and_said_to_be() {
    let lab = reported();
    fs::remove_dir_all(lab.path("out/runs/0002")).unwrap();
    lab.runner(&["report", "out"]).passes();
    let text = fs::read_to_string(lab.path("out/report.md")).unwrap();
    assert!(text.contains("The logs of 1 run are gone"), "{text}");
    // Without `summary.csv` there are no numbers of this run.
    fs::remove_file(lab.path("out/summary.csv")).unwrap();
    lab.runner(&["report", "out"])
        .ends(2)
        .says(&["error: out/runs/0002: no log here"]);
}

#[test]
fn the_newest_results_of_a_scenario_are_meant_by_its_folder() {
    let lab = Lab::with(LAB);
    lab.runner(&["scenario.toml", "-q"]).passes();
    lab.runner(&["report", "results/lab", "--out", "again"])
        .passes();
    assert_eq!(report(&lab, "again"), report(&lab, "results/lab/latest"));
}

#[test]
fn what_is_no_result_is_refused() {
    let lab = reported();
    lab.runner(&["report", "nowhere"])
        .ends(2)
        .says(&["error: nowhere: ", "there is no such folder"]);
    lab.runner(&["report", "scenario.toml"])
        .ends(2)
        .says(&["error: scenario.toml"]);
    fs::create_dir(lab.path("empty")).unwrap();
    lab.runner(&["report", "empty"])
        .ends(2)
        .says(&["no `manifest.json`", "results/NAME/latest"]);
    lab.runner(&["report", "out", "out"])
        .ends(2)
        .says(&["name one with --out DIR"]);
    lab.runner(&["report", "out", "--out", "scenario.toml/x"])
        .ends(2)
        .says(&["scenario.toml/x", "cannot be written"]);
    assert_eq!(lab.read("scenario.toml"), LAB);
}

/// Changes one file of the results. The report must be refused at this place, and the
/// report that exists must not change.
fn damaged(file: &str, change: impl Fn(&str) -> String, place: &str) {
    let lab = reported();
    let before = report(&lab, "out");
    let name = format!("out/{file}");
    lab.write(&name, &change(&lab.read(&name)));
    lab.runner(&["report", "out"])
        .ends(2)
        .says(&[&format!("error: out/{place}")]);
    assert_eq!(report(&lab, "out"), before, "{file}");
}

#[test]
fn a_truncated_table_is_refused_with_file_and_line() {
    let half = |text: &str| text[..text.trim_end().len() - 3].to_owned();
    damaged("summary.csv", half, "summary.csv:10: ");
    damaged(
        "runs.csv",
        |text| text[..text.len() - 30].to_owned(),
        "runs.csv:4: ",
    );
    damaged(
        "manifest.json",
        |text| text[..text.len() / 2].to_owned(),
        "manifest.json:",
    );
}

#[test]
fn a_truncated_log_is_refused_with_file_and_line() {
    let lab = reported();
    let name = "out/runs/0002/machine-3.csv";
    let text = lab.read(name);
    let lines = text.lines().count();
    lab.write(name, &text[..text.len() - 4]);
    let place = format!("error: {name}:{lines}: ");
    lab.runner(&["report", "out"])
        .ends(2)
        .says(&[&place, "the last line is cut off"]);
}

#[test]
fn a_foreign_table_is_refused_with_file_and_line() {
    let foreign = |_: &str| "time;event;value\n1;start;2\n".to_owned();
    damaged("summary.csv", foreign, "summary.csv:1: ");
    damaged("runs.csv", foreign, "runs.csv:1: ");
    damaged(
        "runs/0001/machine-1.csv",
        foreign,
        "runs/0001/machine-1.csv:1: ",
    );
    damaged("manifest.json", |_| "{}".to_owned(), "manifest.json:1:");
}

#[test]
fn a_cell_that_is_not_what_it_should_be_is_refused_with_file_and_line() {
    let word = |text: &str| text.replacen(",complete,", ",finished,", 1);
    damaged("runs.csv", word, "runs.csv:2: ");
    let log = "runs/0001/machine-2.csv";
    let place = format!("{log}:3: ");
    // The third line's step, and then its event.
    let broken = |text: &str, column: usize| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut cells: Vec<&str> = lines[2].split(',').collect();
        cells[column] = "what?";
        lines[2] = cells.join(",");
        lines.join("\n") + "\n"
    };
    damaged(log, |text| broken(text, 1), &place);
    damaged(log, |text| broken(text, 2), &place);
}

#[test]
fn results_of_a_newer_format_are_refused() {
    let newer = |text: &str| text.replacen("\"format\": 1", "\"format\": 3", 1);
    damaged(
        "manifest.json",
        newer,
        "manifest.json: the results are of format 3",
    );
}
