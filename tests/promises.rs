//! Promises.

#[path = "promises/abi.rs"]
mod abi;
#[path = "promises/scenario_errors.rs"]
mod scenario_errors;
#[path = "promises/scenario_schema.rs"]
mod scenario_schema;
