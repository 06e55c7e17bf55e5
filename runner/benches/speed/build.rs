//! The runner lies beside this program; the modules of the benches ask for it by this variable.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    // target/PROFILE/build/PACKAGE/out
    let profile = Path::new(&out).ancestors().nth(3).expect("a target folder");
    let runner = profile.join("runner");
    println!("cargo:rustc-env=CARGO_BIN_EXE_runner={}", runner.display());
}
