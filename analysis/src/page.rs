//! The scripts and the style of what moves in `report.html`: the space-time diagram with its
//! tracks, the cases of a plan as the reader arranges them, and tables that are sorted by a
//! click.
//!
//! They are plain JavaScript, without a library and without a build step: a file per idea in
//! `page/`, in the order of [`SCRIPTS`], joined into one function so that the page has one
//! name more, `notebook`. Start reading in `page/start.js`. Tests in a real browser:
//! `tests/browser/`.

/// The style of the parts that scripts make.
pub(crate) const STYLE: &str = include_str!("page/notebook.css");

/// The scripts. A file uses the names of those before it while it is loaded, and any name
/// once the page is there.
const SCRIPTS: [&str; 20] = [
    include_str!("page/numbers.js"),
    include_str!("page/rows.js"),
    include_str!("page/messages.js"),
    include_str!("page/cone.js"),
    include_str!("page/expression.js"),
    include_str!("page/evaluate.js"),
    include_str!("page/filter.js"),
    include_str!("page/view.js"),
    include_str!("page/paint.js"),
    include_str!("page/tracks.js"),
    include_str!("page/record.js"),
    include_str!("page/controls.js"),
    include_str!("page/input.js"),
    include_str!("page/tables.js"),
    include_str!("page/matrix.js"),
    include_str!("page/pivot.js"),
    include_str!("page/curves.js"),
    include_str!("page/spread.js"),
    include_str!("page/print.js"),
    include_str!("page/start.js"),
];

/// All scripts as one.
pub(crate) fn script() -> String {
    let files = SCRIPTS.concat();
    format!("const notebook = (() => {{\n\"use strict\";\n{files}return exported;\n}})();\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_files_declare_the_same_name() {
        let mut seen = std::collections::BTreeSet::new();
        for line in SCRIPTS.iter().flat_map(|it| it.lines()) {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let word = words.next().unwrap_or_default();
            // What is inside a function is indented.
            if let ("function" | "const" | "let" | "class", Some(name)) = (word, words.next()) {
                assert!(seen.insert(name), "{name}");
            }
        }
        assert!(seen.len() > 100);
    }

    #[test]
    fn no_script_ends_itself_in_a_page_or_refers_to_the_network() {
        let all = script();
        for part in ["</script", "<!--", "http://", "https://", "import("] {
            assert!(!all.contains(part), "{part}");
        }
        assert!(all.is_ascii());
    }
}
