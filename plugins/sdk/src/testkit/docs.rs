//! Keeps the generated parts of a plugin's README as the code has them.

/// Compares a plugin's README with its config references, `(what, table)` each: the table
/// of `clock.machine` stands between `<!-- config of clock.machine: generated -->` and
/// `<!-- config: end -->`. If the environment has `UPDATE_DOCS`, it writes them instead.
///
/// ```text
/// testkit::check_readme(
///     env!("CARGO_MANIFEST_DIR"),
///     "clock",
///     &[("machine", reference::<Machine>())],
/// );
/// ```
///
/// # Panics
/// When a table is stale or has no place, or a place has no table; when the README cannot be read
/// or written.
#[track_caller]
pub fn check_readme(crate_folder: &str, plugin: &str, references: &[(&str, String)]) {
    const END: &str = "<!-- config: end -->";
    let path = format!("{crate_folder}/README.md");
    let found = match std::fs::read_to_string(&path) {
        Ok(found) => found,
        Err(error) => panic!("{path}: {error}"),
    };
    let mut expected = found.clone();
    for (what, reference) in references {
        let begin = format!("<!-- config of {plugin}.{what}: generated -->\n");
        let parts = expected.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(END)?;
            Some(format!("{before}{begin}{reference}{END}{after}"))
        });
        expected = match parts {
            Some(text) => text,
            None => panic!(
                "{path} has no place for it: `{}` ... `{END}`",
                begin.trim_end()
            ),
        };
    }
    for place in found.split(&format!("<!-- config of {plugin}.")).skip(1) {
        let (what, _) = place.split_once(':').unwrap_or((place, ""));
        assert!(
            references.iter().any(|(name, _)| *name == what),
            "{path} has a place for `{plugin}.{what}`, which the test gives no table for"
        );
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        if let Err(error) = std::fs::write(&path, expected) {
            panic!("{path}: {error}");
        }
    } else {
        assert!(
            found == expected,
            "{path} is stale; regenerate it: UPDATE_DOCS=1 cargo test -p {plugin}"
        );
    }
}
