//! What the runner promises to its users, one module for each promise. Three modules hold
//! no tests: `harness` (start the runner, read its results), `real_live` (a runner in real
//! time) and `waiting` (wait for a condition). See `tests/README.md`.

mod harness;
mod waiting;

mod abi;
mod bad_input;
mod chat;
mod chat_live;
mod clock;
mod commands;
mod determinism;
mod determinism_check;
mod docs;
mod echo;
mod failures;
mod faults;
mod framing;
mod golden;
mod hostile;
mod isolate;
mod judges;
mod junit;
mod kv;
mod kv_live;
mod lab_model;
mod loader;
mod logs;
mod lottery;
mod matrix;
mod new;
mod one_build;
mod out_of_tree;
mod parts;
mod plugin_exit;
mod processes;
mod programs_end;
mod queueing;
mod real_agrees;
mod real_bad_clients;
mod real_clients;
mod real_live;
mod real_losses;
mod real_programs;
mod real_stops;
mod reports;
mod results;
mod resume;
mod scenario_errors;
mod scenario_schema;
mod send;
mod stuck;
mod traffic;
mod traffic_live;
mod units;
mod verbosity;
