//! A chat client for the terminal: each line of input is a command, and messages are printed
//! when they arrive.
//!
//! [`chat_core::Client`] decides what to send, also after a lost connection. It knows the frames of
//! the wire protocol alone. How they reach the server is the business of a [`Protocol`]: over TCP
//! ([`Tcp`]), or as calls of gRPC (the crate `chat-grpc`, whose program `chatclient --grpc`
//! starts). Start reading at [`run`].

mod connection;
mod terminal;

pub use connection::{Connection, Incoming, Protocol, Tcp};
pub use terminal::{Options, run};

use chat_core::Command;
use std::process::ExitCode;

/// What the help of a client says about its commands.
pub fn help() -> String {
    let commands = Command::HELP.replace('\n', "\n  ");
    format!(
        "Commands, one per line:\n  {commands}\n  \
         help             show the commands\n  \
         quit             quit, as at the end of the input"
    )
}

/// Chats on this terminal, and prints an error. Returns the exit code.
pub fn main(protocol: impl Protocol, options: &Options) -> ExitCode {
    match run(protocol, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fails(&error),
    }
}

/// Prints an error. Returns the exit code.
pub fn fails(error: &anyhow::Error) -> ExitCode {
    let text = format!("error: {error:#}");
    eprintln!("{}", base::harmless::lines(&text));
    ExitCode::FAILURE
}
