//! The options of `node`, and those that it shares with `run --coordinator`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use super::{ColorOption, timeout};
use realtime::processes::coordinator::SILENCE_LEAST;

/// Options of `node`.
///
/// The process waits for the coordinator (`runner run SCENARIO --time real --coordinator
/// ADDRESS`), gets its part of the scenario from it, runs its node, and hands over what the node
/// recorded. It finds the plugins of the scenario by itself.
#[derive(Args, Debug)]
pub struct NodeOptions {
    /// The coordinator
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub join: String,
    /// Be the next free node of this group
    #[arg(
        long,
        value_name = "GROUP",
        conflicts_with = "name",
        required_unless_present_any = ["name", "probe"]
    )]
    pub group: Option<String>,
    /// Be this node
    #[arg(long, value_name = "NODE")]
    pub name: Option<String>,
    /// Only look whether a coordinator is there
    #[arg(long, conflicts_with_all = ["group", "name", "advertise", "folder"])]
    pub probe: bool,
    /// Name or address at which other nodes reach this one; default: where the coordinator sees it
    #[arg(long, value_name = "HOST")]
    pub advertise: Option<String>,
    #[command(flatten)]
    /// What both sides have to know.
    pub secret: SecretOption,
    /// How long to look for the coordinator
    #[arg(long, value_name = "D", default_value = "1m", value_parser = timeout)]
    pub wait: Duration,
    /// A coordinator from which nothing comes for this long is lost
    #[arg(long, value_name = "D", default_value = "30s", value_parser = silence)]
    pub silence: Duration,
    /// Folder that stands for the scenario's, for the files that the scenario names; default: the
    /// folder of the same path, or else the working folder
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Folder to search for plugins first
    #[arg(long, value_name = "DIR")]
    pub plugin_path: Vec<PathBuf>,
    /// Log what happens; -vv: details, -vvv: everything
    #[arg(long, short, action = ArgAction::Count)]
    pub verbose: u8,
    #[command(flatten)]
    /// When to use color.
    pub color: ColorOption,
}

/// What a coordinator and its nodes have to know.
#[derive(Args, Clone, Debug, Default)]
pub struct SecretOption {
    /// File with the secret that coordinator and nodes share; default: the environment variable
    /// RUNNER_SECRET. Required, unless the address is loopback
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// How long nothing may come from the other side: a few times the interval at which each
/// shows that it is there.
pub(super) fn silence(text: &str) -> Result<Duration, String> {
    match timeout(text)? {
        short if short < SILENCE_LEAST => Err(format!("expected at least {SILENCE_LEAST:?}")),
        long => Ok(long),
    }
}

/// `HOST:PORT`, without looking the host up.
pub(super) fn address(text: &str) -> Result<String, String> {
    let expected = || "expected HOST:PORT, as 127.0.0.1:7700 or coordinator:7700".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
    let is_host = !host.is_empty() && (!host.contains(':') || host.starts_with('['));
    match port.parse::<u16>() {
        Ok(_) if is_host => Ok(text.to_owned()),
        _ => Err(expected()),
    }
}

/// Where the program of a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramAddress {
    /// The node, which is its group.
    pub node: String,
    /// `tcp` or `udp`.
    pub transport: String,
    /// `HOST:PORT`.
    pub host: String,
}

/// `NODE=tcp://HOST:PORT`.
pub(super) fn program_address(text: &str) -> Result<ProgramAddress, String> {
    let parts = text.split_once('=').and_then(|(node, rest)| {
        let (transport, host) = rest.split_once("://")?;
        let is_known = ["tcp", "udp"].contains(&transport);
        (is_known && !node.is_empty()).then_some((node, transport, host))
    });
    let expected = "expected NODE=tcp://HOST:PORT or NODE=udp://HOST:PORT";
    let (node, transport, host) = parts.ok_or_else(|| expected.to_owned())?;
    Ok(ProgramAddress {
        node: node.to_owned(),
        transport: transport.to_owned(),
        host: address(host)?,
    })
}

/// `GROUP=VARIABLE`.
pub(super) fn count_from(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((group, variable)) if !group.is_empty() && !variable.is_empty() => {
            Ok((group.to_owned(), variable.to_owned()))
        }
        _ => Err("expected GROUP=VARIABLE, as client=CLIENTS".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_program_has_its_node_and_transport() {
        let found = program_address("a.b=udp://lights:10000").unwrap();
        assert_eq!(found.node, "a.b");
        assert_eq!(found.transport, "udp");
        assert_eq!(found.host, "lights:10000");
        for text in ["", "a", "a=b:1", "=tcp://b:1", "a=http://b:1", "a=tcp://b"] {
            assert!(program_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for text in ["127.0.0.1:0", "coordinator:7700", "[::1]:80"] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        for text in ["", "7700", "host", "host:", ":7700", "::1:80", "host:70000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
