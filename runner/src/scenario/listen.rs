//! `[[nodes.NAME.listen]]`: where nodes listen, and that no two of them (nor a
//! program that somebody else wrote) are at one address, or both at the standard
//! input.

use std::net::{IpAddr, SocketAddr};

use super::reader::{Mistakes, Written};
use super::resolved::{Listen, Transport};
use super::source::Place;
use super::values;
use super::written::{GroupEntry, ListenEntry};
use framing::{DEFAULT_MAX_MESSAGE, Framing};

impl ListenEntry {
    /// Drops the file's address where an override says another: `--set
    /// nodes.server.listen.0.udp=127.0.0.1:0`.
    pub fn settle_overrides(&mut self) {
        let overridden =
            |key: &Option<Written<SocketAddr>>| key.as_ref().is_some_and(|it| it.place.overrides());
        match (overridden(&self.tcp), overridden(&self.udp)) {
            (true, false) => self.udp = None,
            (false, true) => {
                self.tcp = None;
                self.framing.take_if(|it| !it.place.overrides());
            }
            _ => {}
        }
    }

    /// The address, of tcp first, and its place.
    fn address(&self) -> Option<(Transport, SocketAddr, Place)> {
        let of = |transport, key: &Option<Written<SocketAddr>>| {
            let key = key.as_ref()?;
            Some((transport, key.value?, key.place))
        };
        of(Transport::Tcp, &self.tcp).or_else(|| of(Transport::Udp, &self.udp))
    }

    /// Reports keys that lack one another or contradict one another.
    pub fn check(&self, mistakes: &Mistakes) {
        if self.stdin.is_some() {
            return self.check_stdin(mistakes);
        }
        match (&self.tcp, &self.udp) {
            (Some(tcp), Some(udp)) => mistakes.add_with_help(
                tcp.key.max(udp.key),
                "`tcp` and `udp` in one listen entry",
                "write a [[nodes.NAME.listen]] for each; a node may have several",
            ),
            (None, None) => mistakes.add_with_help(
                self.place,
                "the listen entry has no address",
                "write, for example, `tcp = \"127.0.0.1:0\"`, or `udp`; port 0 takes any free one",
            ),
            (Some(tcp), None) if self.framing.is_none() => {
                mistakes.add_with_help(tcp.key, "`tcp` without `framing`", values::framings(""));
            }
            (None, Some(_)) => {
                if let Some(framing) = &self.framing {
                    mistakes.add_with_help(
                        framing.key,
                        "`framing` with `udp`",
                        "a datagram is a message by itself: leave it out",
                    );
                }
            }
            _ => {}
        }
    }

    /// Reports keys beside `stdin`: it is one peer, and has no address.
    fn check_stdin(&self, mistakes: &Mistakes) {
        let place = |key: &str| match key {
            "tcp" => self.tcp.as_ref().map(|it| it.key),
            "udp" => self.udp.as_ref().map(|it| it.key),
            "framing" => self.framing.as_ref().map(|it| it.key),
            "max_peers" => self.max_peers.as_ref().map(|it| it.key),
            _ => self.max_message.as_ref().map(|it| it.key),
        };
        for key in ["tcp", "udp", "framing", "max_peers", "max_message"] {
            if let Some(place) = place(key) {
                mistakes.add_with_help(
                    place,
                    format!("`{key}` with `stdin`"),
                    "standard input is one peer, whose messages are lines or keys; write a [[nodes.NAME.listen]] of its own for an address",
                );
            }
        }
    }

    /// The entry resolved; none if a value of it is wrong or missing, which is
    /// reported.
    pub fn listen(&self) -> Option<Listen> {
        let (transport, address, _) = self.address()?;
        Some(Listen {
            transport,
            address,
            framing: match transport {
                Transport::Tcp => self.framing.as_ref()?.value?,
                Transport::Udp => Framing::Raw,
            },
            max_peers: match &self.max_peers {
                Some(peers) => Some(peers.value?.try_into().ok()?),
                None => None,
            },
            max_message: match &self.max_message {
                Some(size) => size.value?,
                None => DEFAULT_MAX_MESSAGE,
            },
        })
    }
}

/// Somebody at an address.
struct Taken<'a> {
    transport: Transport,
    address: SocketAddr,
    place: Place,
    group: &'a GroupEntry,
    /// What the group does there.
    role: &'static str,
}

/// Reports addresses that two nodes would have, for groups into which their
/// bases were merged. A port of 0 is as many as are needed.
pub fn check_addresses(groups: &[GroupEntry], mistakes: &Mistakes) {
    let mut taken: Vec<Taken<'_>> = Vec::new();
    for group in groups {
        let entries = group.listen.iter().filter_map(|it| it.value.as_ref());
        for (transport, address, place) in entries.flatten().filter_map(ListenEntry::address) {
            if address.port() == 0 {
                continue;
            }
            let count = group.count.as_ref().and_then(|it| it.value).unwrap_or(1);
            if count > 1 {
                mistakes.add_with_help(
                    place,
                    format!(
                        "the {count} nodes of group `{}` cannot all listen at {address}",
                        group.name
                    ),
                    format!(
                        "\"{}\" takes a free port for each, and prints it",
                        SocketAddr::new(address.ip(), 0)
                    ),
                );
            }
            taken.push(Taken {
                transport,
                address,
                place,
                group,
                role: "listens",
            });
        }
        let external = group.program.external.as_ref();
        if let Some((external, (transport, address))) =
            external.and_then(|it| Some((it, it.value?)))
        {
            taken.push(Taken {
                transport,
                address,
                place: external.place,
                group,
                role: "is the program",
            });
        }
    }
    report_clashes(taken, mistakes);
}

/// Reports standard input that several nodes would have: there is one.
pub fn check_stdin(groups: &[GroupEntry], mistakes: &Mistakes) {
    let mut taken: Option<&str> = None;
    for group in groups {
        let entries = group.listen.iter().filter_map(|it| it.value.as_ref());
        for stdin in entries.flatten().filter_map(|it| it.stdin.as_ref()) {
            let count = group.count.as_ref().and_then(|it| it.value).unwrap_or(1);
            let other = match taken {
                Some(other) => format!("group `{other}` has it already"),
                None if count > 1 => format!("group `{}` has {count} nodes", group.name),
                None => {
                    taken = Some(&group.name);
                    continue;
                }
            };
            mistakes.add_with_help(
                stdin.key,
                "only one node can have the standard input",
                other,
            );
        }
    }
}

fn report_clashes(mut taken: Vec<Taken<'_>>, mistakes: &Mistakes) {
    // Told at the later of two, and stable: groups that inherit one place keep
    // their order.
    taken.sort_by_key(|it| it.place);
    for (at, later) in taken.iter().enumerate() {
        let mut clashing = taken[..at].iter().filter(|it| it.clashes(later));
        let inherited = clashing.clone().find(|it| it.place == later.place);
        let Some(earlier) = inherited.or_else(|| clashing.next()) else {
            continue;
        };
        let other = match earlier.group.name == later.group.name {
            true => format!("the same group {} there", earlier.role),
            false => format!("group `{}` {} there", earlier.group.name, earlier.role),
        };
        let line = match earlier.place {
            Place::File { start, .. } => format!(" (line {})", mistakes.source.line(start)),
            _ => String::new(),
        };
        // An address that came with the base is the derived group's mistake.
        let place = match later.place == earlier.place {
            true => later.group.place,
            false => later.place,
        };
        mistakes.add_with_help(
            place,
            format!(
                "group `{}` cannot have {}: it is taken",
                later.group.name, later.address
            ),
            match later.role {
                "listens" => format!("{other}{line}; choose another port, or 0 for any free one"),
                _ => format!("{other}{line}; one address is one node"),
            },
        );
    }
}

impl Taken<'_> {
    /// Whether one socket keeps the other from its address: the same port at
    /// the same IP address, or one of them at all addresses of the kind.
    fn clashes(&self, other: &Taken<'_>) -> bool {
        let all = |ip: IpAddr| ip.is_unspecified();
        let (one, two) = (self.address.ip(), other.address.ip());
        self.transport == other.transport
            && self.address.port() == other.address.port()
            && (one == two || (one.is_ipv4() == two.is_ipv4() && (all(one) || all(two))))
    }
}
