//! `runner new scenario NAME --lab`: the lab about scale models and logical clocks, whole. The
//! scenario with five runs of a minute, the two variations that the lab asks for, and a notebook
//! with its questions, which all three reports contain.

use std::fs;
use std::path::Path;

use super::{NewError, name, write};
use crate::cli::arguments::NewScenario;

const SCENARIO: &str = include_str!("lab/scenario.toml");
const NOTES: &str = include_str!("lab/notes.md");

/// One scenario of the lab.
struct Variant {
    /// What its name has after that of the lab.
    suffix: &'static str,
    title: &'static str,
    what: &'static str,
    description: &'static str,
    /// The least and the greatest number of ticks per second.
    rates: &'static str,
    /// Faces of the die.
    faces: &'static str,
}

const VARIANTS: [Variant; 3] = [
    Variant {
        suffix: "",
        title: "Scale models and logical clocks",
        what: "Rates differ widely.",
        description: "Three machines with Lamport clocks make 1 to 6 ticks per second, drawn anew in each of\n\
                      five runs. The die has ten faces: seven of ten idle ticks are internal events.",
        rates: "[1, 6]",
        faces: "10",
    },
    Variant {
        suffix: "-narrow-rates",
        title: "A smaller range of rates",
        what: "First variation: rates differ little.",
        description: "As the five runs of the lab, with 3 or 4 ticks per second instead of 1 to 6.",
        rates: "[3, 4]",
        faces: "10",
    },
    Variant {
        suffix: "-fewer-internal",
        title: "Fewer internal events",
        what: "Second variation: fewer internal events.",
        description: "As the five runs of the lab, with a die of four faces instead of ten: one of four idle\n\
                      ticks is an internal event.",
        rates: "[1, 6]",
        faces: "4",
    },
];

/// Writes all files of the lab, or none. Returns what to type next.
pub(super) fn write_lab(wanted: &NewScenario) -> Result<String, NewError> {
    let lab = name::of_scenario(&wanted.name)?;
    let scenarios = VARIANTS
        .iter()
        .map(|variant| format!("{lab}{}", variant.suffix));
    for scenario in scenarios {
        name::of_scenario(&scenario)?;
    }
    let files = files(lab);
    if let Some((path, _)) = files.iter().find(|(path, _)| Path::new(path).exists()) {
        return Err(NewError::Exists(path.into()));
    }
    for (index, (path, text)) in files.iter().enumerate() {
        if let Err(error) = write(Path::new(path), text) {
            // These were made here, and this one if it did not exist.
            let incomplete = usize::from(!matches!(error, NewError::Exists(_)));
            for (path, _) in &files[..index + incomplete] {
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
    }
    Ok(next_steps(lab, &files))
}

/// The files: path, text.
fn files(lab: &str) -> Vec<(String, String)> {
    let notes = format!("{lab}-notes.md");
    let scenario = |variant: &Variant| {
        let name = format!("{lab}{}", variant.suffix);
        let file = format!("{name}.toml");
        let text = SCENARIO
            .replace("@WHAT@", variant.what)
            .replace("@TITLE@", variant.title)
            .replace("@DESCRIPTION@", variant.description)
            .replace("@RATES@", variant.rates)
            .replace("@FACES@", variant.faces)
            .replace("@PAD@", &" ".repeat(2 - variant.faces.len()))
            .replace("@NOTES@", &notes)
            .replace("@FILE@", &typed(&file))
            .replace("@NAME@", &name);
        (file, text)
    };
    let mut files: Vec<_> = VARIANTS.iter().map(scenario).collect();
    files.push((notes, NOTES.replace("@NAME@", lab)));
    files
}

/// A file as an argument: a name that begins with a dash would be an option.
fn typed(file: &str) -> String {
    match file.starts_with('-') {
        true => format!("./{file}"),
        false => file.to_owned(),
    }
}

fn next_steps(lab: &str, files: &[(String, String)]) -> String {
    let names: Vec<String> = files.iter().map(|(path, _)| typed(path)).collect();
    let (notes, scenarios) = names.split_last().expect("the notes are a file");
    let results = VARIANTS.map(|variant| format!("results/{lab}{}/latest", variant.suffix));
    format!(
        "wrote {}\n\
         run the lab and its two variations, and read the reports:\n  \
         runner {}\n\
         put them side by side:\n  \
         runner report {} --out results/{lab}-compared\n\
         write your notebook into {notes}, and build the report again with it, also as PDF for the hand-in:\n  \
         runner report results/{lab}/latest --notes {notes} --pdf {}\n",
        names.join(", "),
        scenarios.join(" "),
        results.join(" "),
        typed(&format!("{lab}.pdf")),
    )
}
