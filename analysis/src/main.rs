//! The `analysis` command.
fn main() {}
