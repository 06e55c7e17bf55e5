//! The program `chatclient`: reads its arguments and starts [`chatclient::main`], or with `--grpc`
//! the client in the program `chat-grpc`. That program stands apart so that this one builds in
//! seconds: gRPC needs a hundred crates.

use anyhow::anyhow;
use chatclient::{Options, Tcp};
use clap::{CommandFactory, Parser};
use std::env::consts::EXE_SUFFIX;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// Chat with a server that speaks the protocol of PROTOCOL.md, or with one over gRPC.
#[derive(Debug, Parser)]
#[command(version, after_help = after_help())]
struct Arguments {
    /// Log in to this account; it is created if it does not exist.
    name: Option<String>,

    /// Address of the server. Default: 127.0.0.1:15100, with `--grpc` 127.0.0.1:15150.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,

    /// Let `send NAME` without a text send an empty message.
    #[arg(long)]
    allow_empty: bool,

    /// Speak gRPC (chat.proto). Needs the program `chat-grpc` beside this one.
    #[arg(long)]
    grpc: bool,
}

fn after_help() -> String {
    format!(
        "{}\n\nTo start a server: runner scenarios/chat-listen.toml; over gRPC: chat-grpc",
        chatclient::help()
    )
}

fn main() -> ExitCode {
    if let Some(code) = help::written_if_asked(Arguments::command) {
        return code;
    }
    let arguments = Arguments::parse();
    match arguments.grpc {
        true => chatclient::fails(&grpc(&arguments)),
        false => {
            let address = arguments.address.as_deref().unwrap_or("127.0.0.1:15100");
            let options = Options {
                name: arguments.name,
                allow_empty: arguments.allow_empty,
            };
            chatclient::main(Tcp::new(address), &options)
        }
    }
}

/// Goes on as `chat-grpc client` in this process. Returns only an error.
fn grpc(arguments: &Arguments) -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(here) => here.with_file_name(format!("chat-grpc{EXE_SUFFIX}")),
        Err(error) => return anyhow!("this program does not know where it is: {error}"),
    };
    if !program.exists() {
        let release = program.parent().is_some_and(|it| it.ends_with("release"));
        let release = if release { " --release" } else { "" };
        return anyhow!(
            "`--grpc` needs the program chat-grpc beside this one\n  build it: cargo build -p \
             chat-grpc{release}"
        );
    }
    let mut command = Command::new(&program);
    command.arg("client");
    if let Some(address) = &arguments.address {
        command.args(["--address", address]);
    }
    if arguments.allow_empty {
        command.arg("--allow-empty");
    }
    if let Some(name) = &arguments.name {
        command.args(["--", name]);
    }
    let error = command.exec();
    anyhow!("{} does not start: {error}", program.display())
}
