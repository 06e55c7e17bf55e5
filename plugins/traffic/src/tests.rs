//! The config references in the README are those of the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    // Stands once for both.
    assert_eq!(
        runner_sdk::check_reference::<TrafficSafe>(),
        runner_sdk::check_reference::<TrafficTiming>()
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let found = std::fs::read_to_string(path).unwrap();
    let mut expected = found.clone();
    for (behavior, reference) in [
        ("controller", runner_sdk::reference::<Controller>()),
        ("button", runner_sdk::reference::<Button>()),
        ("safe", runner_sdk::check_reference::<TrafficSafe>()),
    ] {
        let begin = format!("<!-- config of traffic.{behavior}: generated -->\n");
        let (before, rest) = expected.split_once(&begin).unwrap();
        let (_, after) = rest.split_once("<!-- config: end -->").unwrap();
        expected = format!("{before}{begin}{reference}<!-- config: end -->{after}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert_eq!(
            found, expected,
            "README.md is stale; regenerate it: UPDATE_DOCS=1 cargo test -p traffic"
        );
    }
}
