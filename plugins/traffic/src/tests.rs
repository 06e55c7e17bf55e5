//! The tables in the README are generated from the code: `UPDATE_DOCS=1 cargo test -p
//! traffic`.

use super::*;

#[test]
fn the_readme_has_the_reference_of_each_config() {
    // One table for both checks.
    assert_eq!(
        runner_sdk::check_reference::<TrafficSafe>(),
        runner_sdk::check_reference::<TrafficTiming>()
    );
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "traffic",
        &[
            ("controller", runner_sdk::reference::<Controller>()),
            ("button", runner_sdk::reference::<Button>()),
            ("safe", runner_sdk::check_reference::<TrafficSafe>()),
        ],
    );
}
