//! The config references in the README match the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "kv",
        &[
            ("server", runner_sdk::reference::<Server>()),
            ("client", runner_sdk::reference::<Client>()),
            (
                "linearizable",
                runner_sdk::check_reference::<Linearizable>(),
            ),
        ],
    );
}
