//! Promises.

#[path = "promises/scenario_errors.rs"]
mod scenario_errors;
