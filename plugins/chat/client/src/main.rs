//! A chat client for the terminal: each line of input is a command, and messages are printed
//! when they arrive.
//!
//! One thread reads the input and one reads the frames of the server. Both pass what they read to
//! the main thread ([`terminal`]). [`chat_core::Client`] decides which frames to send, also
//! after a lost connection.

mod connection;
mod terminal;

use anyhow::Result;
use chat_core::Command;
use clap::Parser;
use std::process::ExitCode;

/// Chat with a server that speaks the protocol of PROTOCOL.md.
#[derive(Debug, Parser)]
#[command(after_help = after_help())]
struct Arguments {
    /// Log in to this account; it is created if it does not exist.
    name: Option<String>,

    /// Address of the server.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:15100")]
    address: String,
}

fn after_help() -> String {
    let commands = Command::HELP.replace('\n', "\n  ");
    format!(
        "Commands, one per line:\n  {commands}\n  \
         help             show the commands\n  \
         quit             quit, as at the end of the input\n\n\
         To start a server: runner scenarios/chat-listen.toml"
    )
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = format!("error: {error:#}");
            eprintln!("{}", base::harmless::lines(&text));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    terminal::run(&arguments.address, arguments.name.as_deref())
}
