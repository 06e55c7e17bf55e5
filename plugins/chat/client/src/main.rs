//! Chats from a terminal: lines of input are commands, messages are shown as they
//! come.
//!
//! Two threads read, one what is typed and one what the server sends, and hand it to
//! the one that does the talking ([`talk`]). What to say when, and what to do after a
//! lost connection, is up to [`chat_core::Client`].

mod connection;
mod talk;

use anyhow::Result;
use clap::Parser;
use std::process::ExitCode;

/// Chat with a server that speaks the protocol of PROTOCOL.md.
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
struct Arguments {
    /// Log in as this; the account is made if there is none.
    name: Option<String>,

    /// Where the server listens.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:15100")]
    address: String,
}

const AFTER_HELP: &str = "\
Type, a line each:
  create NAME      make an account
  login NAME       log in; what waits for you follows
  logout           log out
  list [PATTERN]   the names that fit (* any characters, ? one)
  send NAME TEXT   send a message
  receive          ask for what waits
  delete           delete your account, with what waits for it
  help             these lines
  quit             the end, as is the end of the input

A server to try it with: runner scenarios/chat-listen.toml";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    talk::talk(&arguments.address, arguments.name.as_deref())
}
