//! Serves the chat service over gRPC, or chats with such a server.

use anyhow::{Context, Result, anyhow};
use chat_grpc::client::Grpc;
use chatclient::Options;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serve the chat service of chat.proto over gRPC, until stopped by Ctrl-C or SIGTERM.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,

    /// Address to listen on. With port 0, a free port is used and printed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:15150")]
    address: SocketAddr,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Chat with a server on this terminal, as `chatclient --grpc` does.
    #[command(after_help = chatclient::help())]
    Client {
        /// Log in to this account; it is created if it does not exist.
        name: Option<String>,

        /// Address of the server.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:15150")]
        address: String,

        /// Let `send NAME` without a text send an empty message.
        #[arg(long)]
        allow_empty: bool,
    },
}

fn main() -> ExitCode {
    let Arguments { action, address } = Arguments::parse();
    match action {
        Some(Action::Client {
            name,
            address,
            allow_empty,
        }) => chatclient::main(Grpc::new(&address), &Options { name, allow_empty }),
        None => serve(address).unwrap_or_else(|error| chatclient::fails(&error)),
    }
}

/// Serves until a signal. Returns the exit code of a program that this signal has ended.
#[tokio::main]
async fn serve(address: SocketAddr) -> Result<ExitCode> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    say(&format!("listens on {}", listener.local_addr()?));
    let mut code = 0;
    let end = async {
        let (name, number) = tokio::select! {
            _ = interrupt.recv() => ("SIGINT", 2),
            _ = terminate.recv() => ("SIGTERM", 15),
        };
        say(&format!("{name}: closing"));
        code = 128 + number;
    };
    let served = chat_grpc::serve(listener, end, |closed| say(&closed.to_string())).await;
    served.map_err(|error| anyhow!(error))?;
    Ok(ExitCode::from(code))
}

/// Prints a line at once. A closed standard output is ignored.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let line = base::harmless::line(line);
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
