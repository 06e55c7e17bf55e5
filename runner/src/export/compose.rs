//! A folder with a Compose file: one service per group of nodes, and one for the
//! coordinator, which hands out the scenario and writes the results.
//!
//! [`Deployment`] is what the scenario needs as containers; a scenario that cannot be
//! split into containers is refused here. `yaml` writes it as a Compose file, and
//! [`folder`] writes the whole folder: Compose file, Dockerfiles, the runner, its
//! plugins, the libraries of both, and the files that the scenario names.
//!
//! One file serves Compose 1.29, Compose 2 and `docker stack deploy`: it is of version
//! 3.8 and uses only keys that all three know.

mod environment;
pub mod folder;
mod inputs;
mod names;
mod yaml;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::plan::{Plan, nearest};
use crate::scenario::{External, Group, Scenario, Transport};
use framing::Framing;
use names::Names;

/// The port of the coordinator inside the network of the containers. Arbitrary.
const PORT: u16 = 7700;

/// What a user asks for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// `PATH=VALUE` of each `--set`, for the coordinator.
    pub set: &'a [String],
    /// The group whose number of nodes `CLIENTS` sets at the start; `None`: the only group
    /// with `count`, or the group `client`.
    pub clients: Option<&'a str>,
}

/// A scenario as containers.
#[derive(Debug)]
pub struct Deployment {
    /// Name of the scenario.
    pub name: String,
    /// Name of the scenario file, without folders.
    pub file: String,
    /// Name of the coordinator's service.
    pub coordinator: String,
    /// The settings of the coordinator: `PATH=VALUE`.
    pub settings: Vec<String>,
    /// The services of the nodes, in the order of the file.
    pub services: Vec<Service>,
    /// Variables of the environment that behaviors read, with their present values.
    pub variables: BTreeMap<String, Option<String>>,
    /// Whether nodes write into the scenario's folder.
    pub has_state: bool,
    /// The group whose number of nodes `CLIENTS` sets, and its number without it; none if
    /// the scenario has no number.
    pub scaled: Option<(String, Option<u32>)>,
    /// Whether there are groups with a number of nodes, and `CLIENTS` sets none of them.
    pub is_choice_open: bool,
    /// What `check` asks, if a node can be asked.
    pub listener: Option<Listener>,
}

/// The service of a group.
#[derive(Debug)]
pub struct Service {
    /// Its name, by which other containers reach it.
    pub name: String,
    /// Name of the group.
    pub group: String,
    /// Number of nodes.
    pub count: u32,
    /// What runs there.
    pub program: ServiceProgram,
}

/// What runs in the containers of a service.
#[derive(Debug)]
pub enum ServiceProgram {
    /// A node with a behavior.
    Node,
    /// Somebody else's program.
    Image {
        /// The image that it is in.
        image: String,
        /// Its address by the name of the service: `tcp://NAME:PORT`.
        address: String,
    },
}

/// A node that can be asked over TCP.
#[derive(Debug, PartialEq, Eq)]
pub struct Listener {
    /// Name of its service.
    pub service: String,
    /// Its port.
    pub port: u16,
    /// How messages are framed.
    pub framing: Framing,
}

impl Deployment {
    /// Splits a plan into containers.
    ///
    /// # Errors
    ///
    /// Fails with everything that cannot be in containers.
    pub fn new(plan: &Plan, wanted: &Wanted<'_>) -> Result<Deployment, Vec<String>> {
        let scenario = &plan.loaded.scenario;
        let mut mistakes = different_groups(plan);
        let mut names = Names::default();
        let numbered = scenario.groups.iter().filter(|it| it.numbered).count();
        let mut services = Vec::new();
        let mut settings = wanted.set.to_vec();
        let mut listeners = Vec::new();
        for group in &scenario.groups {
            mistakes.extend(mistake(group));
            let name = names.service(&group.name);
            for (index, listen) in group.listen.iter().enumerate() {
                if let Some(address) = within_network(listen.address) {
                    let transport = transport(listen.transport);
                    settings.push(format!(
                        "nodes.{}.listen.{index}.{transport}={address}",
                        key(&group.name)
                    ));
                }
                if listen.transport == Transport::Tcp && listen.address.port() != 0 {
                    listeners.push(Listener {
                        service: name.clone(),
                        port: listen.address.port(),
                        framing: listen.framing,
                    });
                }
            }
            services.push(Service {
                program: program(group, &name),
                name,
                group: group.name.clone(),
                count: group.count,
            });
        }
        let scaled = scaled(scenario, wanted.clients).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            None
        });
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        // A setting would win over CLIENTS, which has this number by default.
        if let Some((group, _)) = &scaled {
            let counts = [
                format!("nodes.{group}.count"),
                format!("nodes.\"{group}\".count"),
            ];
            let path = |setting: &String| setting.split('=').next().map(|it| it.trim().to_owned());
            settings.retain(|it| !path(it).is_some_and(|path| counts.contains(&path)));
        }
        let names_of_variables = environment::variables(plan);
        let value = |name: String| {
            let value = std::env::var(&name).ok();
            (name, value)
        };
        Ok(Deployment {
            name: scenario.name.clone(),
            file: inputs::file_name(plan),
            coordinator: names.service("coordinator"),
            settings,
            services,
            variables: names_of_variables.into_iter().map(value).collect(),
            has_state: scenario.groups.iter().any(|it| it.state.is_some()),
            is_choice_open: scaled.is_none() && numbered > 0,
            scaled,
            listener: askable(listeners),
        })
    }

    /// The arguments of the coordinator.
    fn coordinator_arguments(&self) -> Vec<String> {
        // Containers begin in `/lab`. The same words work in the folder `scenario`, so that
        // the line which repeats a run does, too.
        let mut words: Vec<String> = ["run", &self.file].map(str::to_owned).to_vec();
        words.extend(["--time", "real"].map(str::to_owned));
        words.extend(["--coordinator".to_owned(), format!("0.0.0.0:{PORT}")]);
        words.extend(["--secret-file", SECRET].map(str::to_owned));
        if let Some((group, _)) = &self.scaled {
            words.extend(["--count-from".to_owned(), format!("{group}=CLIENTS")]);
        }
        for setting in &self.settings {
            words.extend(["--set".to_owned(), setting.clone()]);
        }
        for service in &self.services {
            if let ServiceProgram::Image { address, .. } = &service.program {
                words.extend([
                    "--address".to_owned(),
                    format!("{}={address}", service.group),
                ]);
            }
        }
        words
    }

    /// The arguments of the nodes of a group.
    fn node_arguments(&self, service: &Service) -> Vec<String> {
        let join = format!("{}:{PORT}", self.coordinator);
        [
            "node",
            "--join",
            &join,
            "--group",
            &service.group,
            "--secret-file",
            SECRET,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

/// Where a container has the secret.
const SECRET: &str = "/run/secrets/runner";

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

/// The address to listen at in a container, if it is another one: no other container
/// reaches a loopback address.
fn within_network(address: SocketAddr) -> Option<SocketAddr> {
    let all = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let is_loopback = address.ip().is_loopback();
    is_loopback.then(|| SocketAddr::new(all, address.port()))
}

/// A group's name as a key of a path.
fn key(name: &str) -> String {
    match name.contains('.') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}

/// What runs in the containers of a group without mistakes.
fn program(group: &Group, service: &str) -> ServiceProgram {
    let program = group.program.as_ref();
    let Some((image, external)) =
        program.and_then(|it| Some((it.image.clone()?, it.external.as_ref()?)))
    else {
        return ServiceProgram::Node;
    };
    let address = format!(
        "{}://{service}:{}",
        transport(external.transport),
        external.address.port()
    );
    ServiceProgram::Image { image, address }
}

/// Why a group cannot be in containers, if it cannot.
fn mistake(group: &Group) -> Option<String> {
    let name = &group.name;
    if group.stdin.is_some() {
        return Some(format!(
            "`{name}` reads standard input, which a container does not have\n  leave out the listen entry with `stdin`, or add one with `tcp`"
        ));
    }
    let program = group.program.as_ref()?;
    if program.command.is_some() {
        return Some(format!(
            "`{name}` is a program that the runner starts (`command`), and a container has one program\n  put the program into an image, and write `external` and `image` instead of `command`"
        ));
    }
    let External { address, .. } = program.external.as_ref()?;
    (program.image.is_none() && address.ip().is_loopback()).then(|| {
        format!(
            "`{name}` is a program at {address}, which in a container is the container itself\n  write `image = \"..\"` for a container of the program, or an address that containers reach"
        )
    })
}

/// Why the cases of a plan cannot share their containers, if they cannot.
fn different_groups(plan: &Plan) -> Vec<String> {
    let shape = |scenario: &Scenario| {
        let groups = scenario.groups.iter();
        groups
            .map(|it| (it.name.clone(), it.count))
            .collect::<Vec<_>>()
    };
    let first = shape(&plan.cases[0].scenario);
    let other = plan.cases.iter().find(|it| shape(&it.scenario) != first);
    let mistake = other.map(|case| {
        format!(
            "case `{}` has other nodes than case `{}`, and all cases run in the same containers\n  leave the axis out of the matrix, and change the number by CLIENTS",
            case.id, plan.cases[0].id
        )
    });
    mistake.into_iter().collect()
}

/// The group whose number of nodes can be set at the start.
fn scaled(
    scenario: &Scenario,
    wanted: Option<&str>,
) -> Result<Option<(String, Option<u32>)>, String> {
    let with_behavior = || scenario.groups.iter().filter(|it| it.program.is_none());
    let of = |group: &Group| (group.name.clone(), group.numbered.then_some(group.count));
    let Some(name) = wanted else {
        let numbered: Vec<&Group> = with_behavior().filter(|it| it.numbered).collect();
        let named = || numbered.iter().find(|it| it.name == "client");
        return Ok(match numbered[..] {
            [only] => Some(of(only)),
            _ => named().map(|it| of(it)),
        });
    };
    if let Some(group) = with_behavior().find(|it| it.name == name) {
        return Ok(Some(of(group)));
    }
    let names: Vec<String> = with_behavior().map(|it| it.name.clone()).collect();
    let meant = nearest(name, &names).map(|it| format!(" (did you mean `{it}`?)"));
    Err(format!(
        "--clients {name}: there is no such group with a behavior{}\n  groups here: {}",
        meant.unwrap_or_default(),
        names.join(", ")
    ))
}

/// The listener that `check` asks: one with messages that a shell can write, lines first.
fn askable(mut listeners: Vec<Listener>) -> Option<Listener> {
    let rank = |it: &Listener| {
        ASKABLE
            .iter()
            .position(|name| *name == it.framing.to_string())
    };
    listeners.retain(|it| rank(it).is_some());
    listeners.sort_by_key(rank);
    listeners.into_iter().next()
}

/// The framings that the script `check` writes, best first.
const ASKABLE: [&str; 4] = ["line", "decimal10", "decimal12", "raw"];
