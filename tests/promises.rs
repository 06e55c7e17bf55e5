//! The promises, a module for each: what a user may hold the runner to.

#[path = "promises/harness.rs"]
mod harness;

#[path = "promises/abi.rs"]
mod abi;
#[path = "promises/bad_input.rs"]
mod bad_input;
#[path = "promises/chat.rs"]
mod chat;
#[path = "promises/clock.rs"]
mod clock;
#[path = "promises/commands.rs"]
mod commands;
#[path = "promises/determinism.rs"]
mod determinism;
#[path = "promises/docs.rs"]
mod docs;
#[path = "promises/echo.rs"]
mod echo;
#[path = "promises/failures.rs"]
mod failures;
#[path = "promises/framing.rs"]
mod framing;
#[path = "promises/isolate.rs"]
mod isolate;
#[path = "promises/judges.rs"]
mod judges;
#[path = "promises/junit.rs"]
mod junit;
#[path = "promises/kv.rs"]
mod kv;
#[path = "promises/kv_live.rs"]
mod kv_live;
#[path = "promises/lab_model.rs"]
mod lab_model;
#[path = "promises/loader.rs"]
mod loader;
#[path = "promises/logs.rs"]
mod logs;
#[path = "promises/lottery.rs"]
mod lottery;
#[path = "promises/matrix.rs"]
mod matrix;
#[path = "promises/new.rs"]
mod new;
#[path = "promises/out_of_tree.rs"]
mod out_of_tree;
#[path = "promises/parts.rs"]
mod parts;
#[path = "promises/processes.rs"]
mod processes;
#[path = "promises/real_agrees.rs"]
mod real_agrees;
#[path = "promises/real_clients.rs"]
mod real_clients;
#[path = "promises/real_guests.rs"]
mod real_guests;
#[path = "promises/real_live.rs"]
mod real_live;
#[path = "promises/real_losses.rs"]
mod real_losses;
#[path = "promises/real_programs.rs"]
mod real_programs;
#[path = "promises/real_stops.rs"]
mod real_stops;
#[path = "promises/reports.rs"]
mod reports;
#[path = "promises/results.rs"]
mod results;
#[path = "promises/resume.rs"]
mod resume;
#[path = "promises/scenario_errors.rs"]
mod scenario_errors;
#[path = "promises/scenario_schema.rs"]
mod scenario_schema;
#[path = "promises/send.rs"]
mod send;
#[path = "promises/traffic.rs"]
mod traffic;
#[path = "promises/twice.rs"]
mod twice;
