//! The tables in the README are generated from the code: `UPDATE_DOCS=1 cargo test -p echo`.

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
            ("time", runner_sdk::reference::<Time>()),
            ("producer", runner_sdk::reference::<Producer>()),
            ("consumer", runner_sdk::reference::<Consumer>()),
        ],
    );
}
