//! The promises, a module for each: what a user may hold the runner to.

#[path = "promises/harness.rs"]
mod harness;

#[path = "promises/abi.rs"]
mod abi;
#[path = "promises/determinism.rs"]
mod determinism;
#[path = "promises/scenario_errors.rs"]
mod scenario_errors;
#[path = "promises/scenario_schema.rs"]
mod scenario_schema;
