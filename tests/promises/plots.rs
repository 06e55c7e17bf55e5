//! The plots as files: every viewer draws them alike. Many know no style sheet in an SVG, or no
//! custom property, and fill with black what they do not understand.

use std::process::Command;

use crate::harness::Lab;

/// Lines with many runs and nodes, histograms, space-time; columns of other behaviors.
const SCENARIOS: [&str; 4] = ["clock-5runs", "clock-ten", "lottery-five", "queue-mm1"];

/// The results of a scenario, with its report.
fn reported(name: &str) -> Lab {
    let lab = Lab::new();
    let file = format!("{}/../scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    lab.runner(&[&file, "--quiet", "--out", "out"]).ends(0);
    lab
}

#[test]
fn a_plot_file_has_plain_attributes_and_needs_no_style_sheet() {
    let lab = reported("clock-5runs");
    let plots = lab.files("out/plots");
    assert_eq!(plots.len(), 11);
    for (name, bytes) in plots {
        let text = String::from_utf8(bytes).unwrap();
        for foreign in [
            "<style",
            "class=",
            "style=",
            "var(",
            "currentColor",
            "paint-order",
        ] {
            assert!(!text.contains(foreign), "{name}: {foreign}");
        }
        assert!(
            text.contains("<rect fill=\"#ffffff\" width=\"960\""),
            "{name}"
        );
        assert!(text.contains("\"#0072b2\""), "{name}");
        assert!(text.contains("sans-serif\""), "{name}");
    }
    // The page follows the mode of the reader.
    let html = lab.read("out/report.html");
    for part in [
        "prefers-color-scheme:dark",
        "stroke:var(--s0)",
        "class=\"pl c0\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

/// Agencies and central have a column `bets` with another meaning, and only the central has
/// `stored`.
#[test]
fn a_plot_says_what_its_column_means_and_names_only_the_lines_that_it_has() {
    let lab = reported("lottery-five");
    let report = lab.read("out/report.md");
    for part in [
        "The column `bets` after each step, over true time. central: number of bets of the batch; \
         agency-1 to agency-5: bets acknowledged so far.",
        "The column `stored` after each step, over true time: bets stored so far.",
    ] {
        assert!(report.contains(part), "{part}");
    }
    let legend = |plot: &str| {
        let text = lab.read(&format!("out/plots/{plot}.svg"));
        (text.contains(">central<"), text.contains(">agency-1<"))
    };
    assert_eq!(legend("column-1"), (true, true));
    assert_eq!(legend("column-3"), (true, false));
}

#[test]
fn plots_have_their_colours_in_resvg_and_in_cairosvg() {
    let Some(python) = python() else { return };
    for name in SCENARIOS {
        let lab = reported(name);
        let program = format!(
            "{}/../tests/fixtures/programs/plots.py",
            env!("CARGO_MANIFEST_DIR")
        );
        let answer = Command::new(&python)
            .args([program.as_ref(), lab.path("out/plots").as_os_str()])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "{name}: {errors}");
        let seen: usize = String::from_utf8_lossy(&answer.stdout)
            .trim()
            .parse()
            .unwrap();
        assert_eq!(seen, lab.files("out/plots").len());
    }
}

#[test]
fn the_plots_beside_readmes_have_their_colours_too() {
    let Some(python) = python() else { return };
    let root = format!("{}/..", env!("CARGO_MANIFEST_DIR"));
    let program = format!("{root}/tests/fixtures/programs/plots.py");
    let folder = format!("{root}/plugins/chat");
    let answer = Command::new(&python).args([program, folder]).output();
    let answer = answer.unwrap();
    let errors = String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "1\n");
}

/// A Python with both renderers: that of `PLOT_PYTHON`, else `python3`; `None` if it has
/// them not.
fn python() -> Option<String> {
    let python = std::env::var("PLOT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python)
        .args(["-c", "import cairosvg, resvg_py, PIL"])
        .output();
    let found = import.is_ok_and(|it| it.status.success());
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{python} has no cairosvg, resvg_py and pillow, and CI is set: no test may be skipped"
    );
    found.then_some(python)
}
