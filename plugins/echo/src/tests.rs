//! The config references in the README are those of the code.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "echo",
        &[
            ("server", runner_sdk::reference::<Server>()),
            ("client", runner_sdk::reference::<Client>()),
            ("stage", runner_sdk::reference::<Stage>()),
            ("producer", runner_sdk::reference::<Producer>()),
            ("consumer", runner_sdk::reference::<Consumer>()),
        ],
    );
}
