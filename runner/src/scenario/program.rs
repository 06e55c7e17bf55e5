//! Nodes that are programs: the keys `external` and `command`, the keys that belong
//! to them (`framing`, `max_message`, `exit`, `ends_run`, `stdio`, `protocol` and what belongs to
//! it), and the keys that contradict them.
//!
//! A node has a behavior or is a program, so the keys of one contradict the keys of
//! the other. A program with `external` is one node, because the runner
//! distinguishes such nodes by their addresses (`listen` checks that).

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::listen::check_fixed_size;
use super::reader::{Mistakes, Written};
use super::resolve::or;
use super::resolved::{ExitRule, External, Program, Protocol, StandardStreams, Transport};
use super::source::Place;
use super::values;
use super::written::{GroupEntry, ProgramKeys};
use framing::{DEFAULT_MAX_MESSAGE, Framing};
use model::INIT_WITHIN;

fn overridden<T>(key: &Option<Written<T>>) -> bool {
    key.as_ref().is_some_and(|it| it.place.overrides())
}

/// Removes a key unless an override wrote it.
fn drop_written<T>(key: &mut Option<Written<T>>) {
    if !overridden(key) {
        *key = None;
    }
}

impl GroupEntry {
    /// Removes keys of the file that contradict an override: `--set
    /// nodes.light.external=udp://127.0.0.1:10000` replaces a behavior by a program,
    /// `--set nodes.light.behavior=traffic.light` a program by a behavior.
    pub fn settle_overridden_program(&mut self) {
        if overridden(&self.program.external) || overridden(&self.program.command) {
            drop_written(&mut self.behavior);
            drop_written(&mut self.config);
            drop_written(&mut self.inbox_limit);
            drop_written(&mut self.offset);
            drop_written(&mut self.drift);
            drop_written(&mut self.state);
            drop_written(&mut self.listen);
            let timing = &mut self.timing;
            drop_written(&mut timing.tick_rate);
            drop_written(&mut timing.tick_interval);
            drop_written(&mut timing.tick_phase);
            drop_written(&mut timing.service_time);
            if overridden(&self.program.external) && self.program.is_udp() {
                drop_written(&mut self.program.framing);
            }
        } else if overridden(&self.behavior) {
            drop_written(&mut self.program.external);
            drop_written(&mut self.program.image);
            drop_written(&mut self.program.framing);
            drop_written(&mut self.program.max_message);
            drop_written(&mut self.program.command);
            drop_written(&mut self.program.exit);
            drop_written(&mut self.program.ends_run);
            drop_written(&mut self.program.stdio);
            drop_written(&mut self.program.protocol);
            drop_written(&mut self.program.topology);
            drop_written(&mut self.program.init_within);
            drop_written(&mut self.program.in_virtual_time);
        }
    }
}

impl ProgramKeys {
    /// The key that makes the nodes programs, and its place; `None` if they are not
    /// programs.
    pub fn makes_program(&self) -> Option<(&'static str, Place)> {
        let external = self.external.as_ref().map(|it| ("external", it.key));
        external.or_else(|| self.command.as_ref().map(|it| ("command", it.key)))
    }

    /// Whether any of the keys is written.
    pub fn any(&self) -> bool {
        self.makes_program().is_some()
            || self.image.is_some()
            || self.framing.is_some()
            || self.max_message.is_some()
            || self.exit.is_some()
            || self.ends_run.is_some()
            || self.stdio.is_some()
            || self.protocol.is_some()
            || self.topology.is_some()
            || self.init_within.is_some()
            || self.in_virtual_time.is_some()
    }

    fn is_udp(&self) -> bool {
        let external = self.external.as_ref().and_then(|it| it.value);
        external.is_some_and(|(transport, _)| transport == Transport::Udp)
    }

    /// Reports keys that contradict one another, or that need others.
    pub fn check(&self, mistakes: &Mistakes) {
        if self.command.is_none() {
            let exit = self.exit.as_ref().map(|it| ("exit", it.key));
            let ends_run = self.ends_run.as_ref().map(|it| ("ends_run", it.key));
            let stdio = self.stdio.as_ref().map(|it| ("stdio", it.key));
            let protocol = self.protocol.as_ref().map(|it| ("protocol", it.key));
            let keys = exit.into_iter().chain(ends_run).chain(stdio);
            for (name, place) in keys.chain(protocol) {
                mistakes.add_with_help(
                    place,
                    format!("`{name}` without `command`"),
                    "the runner sees the end of a program, and speaks with it, only if it starts it: write `command = [\"PROGRAM\", \"ARGUMENT\"]`; a group that extends another takes all keys of a program, or sets all of them",
                );
            }
        }
        self.check_stdio(mistakes);
        self.check_protocol(mistakes);
        let Some(external) = &self.external else {
            let framing = self.framing.as_ref().map(|it| ("framing", it.key));
            let size = self.max_message.as_ref().map(|it| ("max_message", it.key));
            let size = size.filter(|_| self.stdio.is_none() && self.protocol.is_none());
            if let Some(image) = &self.image {
                mistakes.add_with_help(
                    image.key,
                    "`image` without `external`",
                    "the address says at which port the program in the container listens: `external = \"tcp://127.0.0.1:15000\"`; a group that extends another takes all keys of a program, or sets all of them",
                );
            }
            for (name, place) in framing.into_iter().chain(size) {
                mistakes.add_with_help(
                    place,
                    format!("`{name}` without `external`"),
                    "for a node that listens, write it in [[nodes.NAME.listen]]; a group that extends another takes all keys of a program, or sets all of them",
                );
            }
            return;
        };
        check_fixed_size(self.framing.as_ref(), self.max_message.as_ref(), mistakes);
        match (external.value, &self.framing) {
            (Some((Transport::Tcp, _)), None) => mistakes.add_with_help(
                external.place,
                "`external` over tcp without `framing`",
                values::framings(""),
            ),
            (Some((Transport::Udp, _)), Some(framing)) => mistakes.add_with_help(
                framing.key,
                "`framing` with `external` over udp",
                "each datagram is one message: leave `framing` out",
            ),
            _ => {}
        }
    }

    /// Reports what contradicts `stdio`.
    fn check_stdio(&self, mistakes: &Mistakes) {
        let Some(stdio) = &self.stdio else {
            return;
        };
        if self.external.is_some() {
            mistakes.add_with_help(
                stdio.key,
                "`stdio` and `external` contradict each other",
                "a program has one connection: its standard input and output, or one to an address",
            );
        }
        check_fixed_size(Some(stdio), self.max_message.as_ref(), mistakes);
    }

    /// Reports what contradicts `protocol`, and what needs it.
    fn check_protocol(&self, mistakes: &Mistakes) {
        let Some(protocol) = &self.protocol else {
            let topology = self.topology.as_ref().map(|it| ("topology", it.key));
            let init_within = self.init_within.as_ref().map(|it| ("init_within", it.key));
            let held = self.in_virtual_time.as_ref().map(|it| ("virtual", it.key));
            for (name, place) in topology.into_iter().chain(init_within).chain(held) {
                mistakes.add_with_help(
                    place,
                    format!("`{name}` without `protocol`"),
                    "it is for programs that speak Maelstrom's protocol: write `protocol = \"maelstrom\"`; a group that extends another takes all keys of a program, or sets all of them",
                );
            }
            return;
        };
        let stdio = self.stdio.as_ref().map(|_| "stdio");
        let external = self.external.as_ref().map(|_| "external");
        for other in stdio.into_iter().chain(external) {
            mistakes.add_with_help(
                protocol.key,
                format!("`protocol` and `{other}` contradict each other"),
                "a program that speaks the protocol does so over its standard input and output, in lines of JSON",
            );
        }
    }

    /// The protocol that the program speaks; `Some(None)`: none. `None` if a value is wrong.
    fn protocol(&self, max_message: u64) -> Option<Option<Protocol>> {
        let Some(written) = &self.protocol else {
            return Some(None);
        };
        written.value?;
        Some(Some(Protocol {
            topology: match &self.topology {
                Some(written) => Some(written.value?),
                None => None,
            },
            max_message,
            init_within: match &self.init_within {
                Some(written) => Duration::from_nanos(written.value?.0),
                None => INIT_WITHIN,
            },
            in_virtual_time: match &self.in_virtual_time {
                Some(written) => Some(written.value?),
                None => None,
            },
        }))
    }

    /// The program; `None` if a value is wrong or missing, which is reported.
    /// `folder` is the folder of the scenario.
    pub fn program(&self, folder: &Path) -> Option<Program> {
        let max_message = match &self.max_message {
            Some(size) => size.value?,
            None => DEFAULT_MAX_MESSAGE,
        };
        let external = match &self.external {
            None => None,
            Some(written) => {
                let (transport, address) = written.value?;
                Some(External {
                    transport,
                    address,
                    framing: match (transport, &self.framing) {
                        (Transport::Tcp, framing) => framing.as_ref()?.value?,
                        (Transport::Udp, _) => Framing::Raw,
                    },
                    max_message,
                })
            }
        };
        let command = match &self.command {
            None => None,
            Some(written) => Some(written.value.clone()?),
        };
        let stdio = match &self.stdio {
            None => None,
            Some(written) => Some(StandardStreams {
                framing: written.value?,
                max_message,
            }),
        };
        Some(Program {
            external,
            stdio,
            image: match &self.image {
                Some(written) => Some(written.value.clone()?),
                None => None,
            },
            command,
            folder: folder.to_owned(),
            protocol: self.protocol(max_message)?,
            exit: or(&self.exit, || match self.protocol {
                Some(_) => ExitRule::Never,
                None => ExitRule::default(),
            })?,
            ends_run: or(&self.ends_run, || false)?,
        })
    }
}

/// The folder of a scenario file, in which its programs run.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Reports a command with a path that is there from the current folder and not from the
/// folder of the scenario, in which the program runs.
fn check_paths(words: &Written<Vec<String>>, folder: &Path, mistakes: &Mistakes) {
    let Some(texts) = &words.value else { return };
    for (index, word) in texts.iter().enumerate() {
        // `--file=a/b.csv`: the part behind the sign.
        let path = Path::new(word.rsplit('=').next().unwrap_or(word));
        // The system looks for a program without a slash on its search path.
        let may_be_path = match path.components().count() {
            _ if path.is_absolute() => false,
            1 if index == 0 => word.contains('/'),
            1 => path.extension().is_some() && path.is_file(),
            _ => true,
        };
        if !may_be_path || folder.join(path).exists() || !path.exists() {
            continue;
        }
        let within = path.strip_prefix(plain(folder)).map(Path::to_owned);
        let instead = within.or_else(|_| std::path::absolute(path));
        let instead = instead.unwrap_or_else(|_| path.to_owned());
        mistakes.add_with_help(
            words.place,
            format!(
                "`command` has the path {:?}, which is there from the current folder, but not from the folder of the scenario",
                path.display().to_string()
            ),
            format!(
                "a program runs in the folder of its scenario: write {:?}",
                instead.display().to_string()
            ),
        );
    }
}

/// A path without `.` at its begin.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|it| *it != Component::CurDir)
        .collect()
}

/// Reports programs that have keys of a behavior, `external` programs of several
/// nodes, paths that are none from `folder`, and, with `in_virtual_time`, all programs.
/// The groups have the keys of their bases.
pub fn check(groups: &[GroupEntry], in_virtual_time: bool, folder: &Path, mistakes: &Mistakes) {
    let mut reported = BTreeSet::new();
    let mut commands = BTreeSet::new();
    for group in groups {
        let Some((program, place)) = group.program.makes_program() else {
            continue;
        };
        let held = group.program.in_virtual_time.is_some();
        if in_virtual_time && !held && reported.insert((place, program)) {
            const REAL: &str =
                "write `time = \"real\"` at the top of the file, or run with `--time real`";
            let speaks = group.program.protocol.is_some();
            mistakes.add_with_help(
                place,
                format!("`{program}` in virtual time: a program runs only in real time"),
                match speaks {
                    true => format!(
                        "{REAL}; or write `virtual = \"experimental\"` beside `protocol`: a single process whose world is its standard input, its output and the clock can be held in virtual time"
                    ),
                    false => REAL.to_owned(),
                },
            );
        }
        if in_virtual_time
            && held
            && reported.insert((place, "virtual"))
            && let Err(reason) = virtual_program::supported()
        {
            let (what, help) = reason.split_once("\n  ").unwrap_or((&reason, ""));
            let help = format!("{help}; or run with `--time real`");
            mistakes.warn(place, what, help.trim_start_matches("; or "));
        }
        if in_virtual_time
            && held
            && let Some(ends_run) = &group.program.ends_run
            && ends_run.value == Some(true)
            && reported.insert((ends_run.key, "ends_run"))
        {
            mistakes.add_with_help(
                ends_run.key,
                "`ends_run` in virtual time: a run ends when nothing is left to happen",
                "leave it out, or run with `--time real`",
            );
        }
        if let Some(words) = &group.program.command
            && commands.insert(words.key)
        {
            check_paths(words, folder, mistakes);
        }
        for (name, key) in behavior_keys(group).filter(|it| !held || !OF_HELD.contains(&it.0)) {
            // A mistake in a base is reported once.
            if reported.insert((key, name)) {
                mistakes.add_with_help(
                    key,
                    format!("`{name}` and `{program}` contradict each other"),
                    "a node has a behavior or is a program; a program has no `config`, timing, clock, `inbox_limit`, `state` or `listen` (with `virtual`, it may have a clock and an `inbox_limit`)",
                );
            }
        }
        let external = group.program.external.as_ref();
        let count = group.count.as_ref().and_then(|it| it.value);
        if let (Some(external), Some(count @ 2..)) = (external, count) {
            mistakes.add_with_help(
                external.place,
                format!(
                    "`external` is one program, and group `{}` has {count} nodes",
                    group.name
                ),
                "write a group for each program",
            );
        }
    }
}

/// The keys that a program in virtual time may have like a behavior.
const OF_HELD: [&str; 3] = ["drift", "inbox_limit", "offset"];

/// The keys of a group that need a behavior.
fn behavior_keys(group: &GroupEntry) -> impl Iterator<Item = (&'static str, Place)> {
    fn key<T>(name: &'static str, key: &Option<Written<T>>) -> Option<(&'static str, Place)> {
        key.as_ref().map(|it| (name, it.key))
    }
    let timing = &group.timing;
    [
        key("behavior", &group.behavior),
        key("config", &group.config),
        key("tick_rate", &timing.tick_rate),
        key("tick_interval", &timing.tick_interval),
        key("tick_phase", &timing.tick_phase),
        key("service_time", &timing.service_time),
        key("inbox_limit", &group.inbox_limit),
        key("offset", &group.offset),
        key("drift", &group.drift),
        key("state", &group.state),
        key("listen", &group.listen),
    ]
    .into_iter()
    .flatten()
}
