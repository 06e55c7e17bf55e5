//! The coordinator of `runner run --coordinator`: its options checked, and the nodes that
//! processes can join as.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::arguments::{PlacesOptions, ProgramAddress, RunOptions, SecretOption};
use crate::plan::Plan;
use realtime::processes::Setting;
use realtime::processes::coordinator::{Coordinator, Rules};
use realtime::processes::seats::{SeatGroup, Seats};
use realtime::processes::secret::{LEAST, Secret};

/// The environment variable that holds the secret, if no file is named.
const SECRET_VARIABLE: &str = "RUNNER_SECRET";

/// The secret of the options or of the environment; none without one.
///
/// # Errors
///
/// Fails if there is one that cannot be used.
pub fn secret(option: &SecretOption) -> Result<Option<Secret>, String> {
    let (place, text) = match &option.secret_file {
        Some(path) => {
            let place = format!("--secret-file {}", path.display());
            let text = fs::read_to_string(path)
                .map_err(|error| format!("{place}: the file cannot be read: {error}"))?;
            (place, text)
        }
        None => match std::env::var(SECRET_VARIABLE) {
            Ok(text) if !text.is_empty() => (SECRET_VARIABLE.to_owned(), text),
            Ok(_) | Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(error) => return Err(format!("{SECRET_VARIABLE}: {error}")),
        },
    };
    match Secret::new(&text) {
        Some(secret) if secret.size() >= LEAST => Ok(Some(secret)),
        found => Err(format!(
            "{place}: the secret has {} characters, expected at least {LEAST}\n  make one with: head -c 24 /dev/urandom | base64",
            found.map_or(0, |it| it.size())
        )),
    }
}

/// The settings of `--count-from`, from the environment.
///
/// # Errors
///
/// Fails if a variable holds no number.
pub fn counts(options: &PlacesOptions) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    for (group, variable) in &options.count_from {
        let value = match std::env::var(variable) {
            Ok(value) if !value.trim().is_empty() => value,
            Ok(_) | Err(std::env::VarError::NotPresent) => continue,
            Err(error) => return Err(format!("--count-from {group}={variable}: {error}")),
        };
        match value.trim().parse::<u32>() {
            Ok(1..) => settings.push(Setting::Set(format!(
                "nodes.\"{group}\".count={}",
                value.trim()
            ))),
            _ => {
                return Err(format!(
                    "--count-from {group}={variable}: the environment variable {variable} is `{value}`, expected a whole number of 1 or more"
                ));
            }
        }
    }
    Ok(settings)
}

/// The settings of `--address`: the hosts are looked up until they are known, since a
/// container has a name from its start on.
///
/// # Errors
///
/// Fails if a host is still unknown after [`LOOK_UP`].
pub fn addresses(options: &PlacesOptions) -> Result<Vec<Setting>, String> {
    let end = Instant::now() + LOOK_UP;
    let setting = |program: &ProgramAddress| {
        let address = loop {
            match look_up(&program.host) {
                Ok(address) => break address,
                Err(_) if Instant::now() < end => std::thread::sleep(BETWEEN_LOOK_UPS),
                Err(error) => {
                    return Err(format!(
                        "--address {}={}://{}: the host is not found: {error}",
                        program.node, program.transport, program.host
                    ));
                }
            }
        };
        Ok(Setting::Set(format!(
            "nodes.\"{}\".external={}://{address}",
            program.node, program.transport
        )))
    };
    options.address.iter().map(setting).collect()
}

/// How long hosts of programs are looked up: a container has started after some seconds.
const LOOK_UP: Duration = Duration::from_secs(30);

/// The time between two look-ups. Arbitrary.
const BETWEEN_LOOK_UPS: Duration = Duration::from_millis(200);

/// An address of a host, the one of IPv4 if there is one.
fn look_up(host: &str) -> io::Result<SocketAddr> {
    let found: Vec<SocketAddr> = host.to_socket_addrs()?.collect();
    let first = found.iter().find(|it| it.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Begins to listen for the nodes of a plan.
///
/// # Errors
///
/// Fails if the address cannot be used, or a secret is missing.
pub fn listen(
    address: &str,
    options: &RunOptions,
    plan: &Plan,
    say: Option<fn(&str)>,
) -> Result<Arc<Coordinator>, String> {
    let flag = format!("--coordinator {address}");
    let secret = secret(&options.places.secret)?;
    let found = address.to_socket_addrs();
    let found = found.map_err(|error| format!("{flag}: the host is not found: {error}"))?;
    let is_open = found.into_iter().any(|it| !it.ip().is_loopback());
    if is_open && secret.is_none() {
        return Err(format!(
            "{flag}: a secret is required, since others can reach this address\n  name a file that holds it with --secret-file, or set {SECRET_VARIABLE}: head -c 24 /dev/urandom | base64"
        ));
    }
    let rules = Rules {
        seats: seats(plan, &options.places),
        plugins: plan.builds().iter().map(|build| build.sum()).collect(),
        secret,
        wait: options.places.wait,
        silence: options.places.silence,
        say,
    };
    let coordinator = Coordinator::listen(address, rules).map_err(|error| {
        let way_out = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "end the program that uses it, or take another port; port 0 takes any free one"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need special rights: use a higher one"
            }
            _ => "name an address of this machine; 0.0.0.0 stands for all of them",
        };
        format!("{flag}: cannot listen there: {error}\n  {way_out}")
    })?;
    if let Some(say) = say {
        say(&format!("coordinator listens on {}", coordinator.address()));
    }
    Ok(Arc::new(coordinator))
}

/// The nodes of all cases; a group has as many as in the case with the most.
fn seats(plan: &Plan, options: &PlacesOptions) -> Seats {
    let mut groups: Vec<SeatGroup> = Vec::new();
    let mut known = BTreeMap::new();
    for group in plan.cases.iter().flat_map(|case| &case.scenario.groups) {
        let nodes: Vec<String> = (0..group.count).map(|node| group.node_name(node)).collect();
        let at = *known.entry(group.name.clone()).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(seats) if seats.nodes.len() < nodes.len() => seats.nodes = nodes,
            Some(_) => {}
            None => groups.push(SeatGroup {
                name: group.name.to_string(),
                nodes,
                set_by: set_by(&group.name, options),
                is_program: group.behavior.is_none(),
            }),
        }
    }
    Seats(groups)
}

/// What sets the number of nodes of a group.
fn set_by(group: &str, options: &PlacesOptions) -> String {
    let mut counts = options.count_from.iter();
    match counts.find(|(name, _)| name == group) {
        Some((_, variable)) => {
            format!("the environment variable {variable} of the coordinator")
        }
        None => format!("`nodes.{group}.count` of the scenario"),
    }
}
