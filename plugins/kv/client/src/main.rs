//! `kvclient`: sets, gets and deletes the values of a key-value store that listens on a TCP port.
//!
//! One command, one connection, one reply. Messages are plain text (see the README of the
//! plugin `kv`) in any of the runner's framings, in one of a few dialects. With `--framing resp`
//! they are messages of the Redis protocol, so this client works with Redis, too.

mod connection;
mod protocol;

use base::harmless;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand};
use connection::ConnectionError;
use framing::Framing;
use kv::Dialect;
use protocol::{Answer, Protocol, RequestError};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::time::Duration;

/// Sets, gets and deletes the values of a key-value store.
///
/// Exit codes: 0 success; 1 the key does not exist; 2 the command is wrong, or the
/// store refused it; 3 no connection to a store, or no valid reply.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Address of the store.
    #[arg(
        long,
        global = true,
        default_value = "127.0.0.1:12345",
        value_name = "HOST:PORT"
    )]
    address: String,

    /// Framing of the store's listener.
    #[arg(long, global = true, default_value = "decimal10", value_parser = framing())]
    framing: Framing,

    /// How commands are written: `set K V` (space), `set:K=V` (colon), `SET,K,V` (comma).
    #[arg(long, global = true, default_value = "space", value_parser = dialect())]
    dialect: Dialect,

    /// How long to wait for the reply.
    #[arg(long, global = true, default_value = "10s", value_name = "SPAN", value_parser = duration)]
    timeout: Duration,

    #[command(subcommand)]
    command: Command,
}

/// A duration of more than 0: the system waits forever, or not at all, for one of 0.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = base::duration::parse(text).map_err(|error| error.to_string())?;
    match Duration::from(duration) {
        Duration::ZERO => Err("expected more than 0".to_owned()),
        duration => Ok(duration),
    }
}

fn framing() -> impl TypedValueParser<Value = Framing> {
    // Replies have many sizes, so `fixed:N` is left out.
    let names = Framing::names().map(|(name, _)| name);
    let names = names.filter(|name| Framing::from_name(name).is_some());
    PossibleValuesParser::new(names).map(|name| {
        // The parser accepts only names from the list, so the default is not used.
        Framing::from_name(&name).unwrap_or(Framing::Decimal10)
    })
}

fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::NAMES.map(|(name, _)| name)).map(|name| {
        let found = Dialect::NAMES.into_iter().find(|(own, _)| *own == name);
        // The parser accepts only names from the list, so the default is not used.
        found.map_or(Dialect::Space, |(_, dialect)| dialect)
    })
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Stores a value under a key, and prints `ok`.
    Set {
        /// The key.
        key: OsString,
        /// The value; if it is missing, standard input is read.
        value: Option<OsString>,
    },
    /// Prints the value of a key: its bytes and nothing else, or on a terminal as a line.
    Get {
        /// The key.
        key: OsString,
    },
    /// Deletes a key and its value, and prints `ok`.
    Delete {
        /// The key.
        key: OsString,
    },
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
enum ClientError {
    #[error("not found")]
    NotFound,
    #[error("the store refused: {0}")]
    Refused(String),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("cannot read standard input: {0}")]
    Input(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}

impl ClientError {
    fn code(&self) -> u8 {
        match self {
            ClientError::NotFound => 1,
            ClientError::Refused(_) | ClientError::Input(_) => 2,
            ClientError::Request(RequestError::Foreign(_)) => 3,
            ClientError::Request(_) => 2,
            ClientError::Connection(ConnectionError::Unframed(_)) => 2,
            ClientError::Connection(_) | ClientError::Output(_) => 3,
        }
    }
}

fn main() -> ExitCode {
    if let Some(code) = help::written_if_asked(Options::command) {
        return code;
    }
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // A closed pipe is not an error.
        Err(ClientError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            // A failure of this write cannot be reported.
            let _ = match error {
                ClientError::NotFound => writeln!(io::stderr(), "{error}"),
                _ => {
                    let text = format!("error: {error}");
                    writeln!(io::stderr(), "{}", harmless::lines(&text))
                }
            };
            ExitCode::from(error.code())
        }
    }
}

fn run(options: Options) -> Result<(), ClientError> {
    let (key, value) = match &options.command {
        Command::Set { key, value } => {
            let value = match value {
                Some(value) => value.as_bytes().to_vec(),
                None => input().map_err(ClientError::Input)?,
            };
            (key, value)
        }
        Command::Get { key } | Command::Delete { key } => (key, Vec::new()),
    };
    let (key, value) = (key.as_bytes(), &value[..]);
    let command = match options.command {
        Command::Set { .. } => kv::Command::Set { key, value },
        Command::Get { .. } => kv::Command::Get { key },
        Command::Delete { .. } => kv::Command::Delete { key },
    };
    let protocol = Protocol::of(options.framing, options.dialect);
    let request = protocol.request(command)?;
    let (address, framing) = (&options.address, options.framing);
    let reply = connection::exchange(address, framing, options.timeout, &request)?;
    match protocol.answer(command, &reply)? {
        Answer::Value(value) => print_value(value).map_err(ClientError::Output),
        Answer::Done(text) => print_line(text).map_err(ClientError::Output),
        Answer::NotFound => Err(ClientError::NotFound),
        Answer::Refused(reason) => Err(ClientError::Refused(reason)),
    }
}

fn input() -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    io::stdin().lock().read_to_end(&mut value)?;
    Ok(value)
}

/// Prints a value: exactly its bytes, unless a person reads it.
fn print_value(value: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        return print_line(value);
    }
    out.write_all(value)?;
    out.flush()
}

fn print_line(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Somebody else may have written the text, and a terminal obeys some characters.
    let text = String::from_utf8_lossy(text);
    out.write_all(harmless::lines(&text).as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}
