//! The config references in the README match the code.

use super::*;
use runner_sdk::{check_reference, reference};

#[test]
fn the_readme_has_the_reference_of_each_config() {
    runner_sdk::testkit::check_readme(
        env!("CARGO_MANIFEST_DIR"),
        "maelstrom",
        &[
            ("client", reference::<Client>()),
            ("node", reference::<Reference>()),
            ("lin-kv", check_reference::<Judged<check::LinKv>>()),
            (
                "txn-list-append",
                check_reference::<Judged<txn::ListAppend>>(),
            ),
            (
                "txn-rw-register",
                check_reference::<Judged<txn::RwRegister>>(),
            ),
            (
                "availability",
                check_reference::<Judged<check::Availability>>(),
            ),
        ],
    );
}
