//! Where programs cannot be held: not Linux, or not x86-64.

use crate::{Fault, Start, StartError, Step};

/// No program: none can be started.
#[derive(Debug)]
pub enum Program {}

impl Program {
    /// Fails.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn start(_: &Start<'_>) -> Result<Program, StartError> {
        Err(StartError::Unsupported(
            "programs are held in virtual time on Linux on x86-64 alone".to_owned(),
        ))
    }

    /// Gives it bytes on its standard input.
    pub fn feed(&mut self, _: &[u8]) {
        match *self {}
    }

    /// Lets it go on until it rests.
    ///
    /// # Errors
    ///
    /// Never: there is no such program.
    pub fn run(&mut self, _: u64) -> Result<Step, Fault> {
        match *self {}
    }

    /// Kills it.
    pub fn kill(&mut self) {
        match *self {}
    }
}
