//! A behavior that writes a file into the run's folder, and has not declared it.

use runner_sdk::{Behavior, Context, Node, Result};
use schemars::JsonSchema;
use serde::Deserialize;
use std::fs::OpenOptions;
use std::io::Write;

/// Appends a line to a file when it starts, and another one when it stops.
pub struct Writes;

/// The config of the behavior.
#[derive(Deserialize, JsonSchema)]
pub struct Config {
    /// Name of the file.
    file: String,
    /// Whether it writes at the start.
    #[serde(default)]
    at_start: bool,
    /// Whether it writes at the stop.
    #[serde(default)]
    at_stop: bool,
}

impl Behavior for Writes {
    type Config = Config;
    const NAME: &'static str = "writes";
    const DOCS: &'static str = "Writes a file that it has not declared.";

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Writes)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        match node.config().at_start {
            true => append(node, "start"),
            false => Ok(()),
        }
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        match node.config().at_stop {
            true => append(node, "stop"),
            false => Ok(()),
        }
    }
}

fn append(node: &mut Context<Writes>, line: &str) -> Result {
    let folder = node.run_folder().ok_or("this run has no folder")?;
    let path = folder.join(&node.config().file);
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    Ok(writeln!(file, "{line}")?)
}
