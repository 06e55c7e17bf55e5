//! `[[nodes.NAME.listen]]`: where nodes listen. No two nodes listen at the same
//! address, no node at the address of a program, and only one node reads standard
//! input.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::reader::{Mistakes, Written};
use super::resolved::{Group, Listen, TimeMode, Transport};
use super::source::Place;
use super::values;
use super::written::{GroupEntry, ListenEntry, OptionalKey, ScenarioFile};
use base::size;
use framing::{DEFAULT_MAX_MESSAGE, Framing};
use realtime::real_time::DEFAULT_BUDGET;

impl ListenEntry {
    /// Removes the file's address if an override sets one of the other transport:
    /// `--set nodes.server.listen.0.udp=127.0.0.1:0`.
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

    /// The address with its transport and its place. `tcp` comes before `udp`.
    fn address(&self) -> Option<(Transport, SocketAddr, Place)> {
        let of = |transport, key: &Option<Written<SocketAddr>>| {
            let key = key.as_ref()?;
            Some((transport, key.value?, key.place))
        };
        of(Transport::Tcp, &self.tcp).or_else(|| of(Transport::Udp, &self.udp))
    }

    /// Reports keys that contradict one another, or that need others.
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
                        "each datagram is one message: leave `framing` out",
                    );
                }
            }
            _ => {}
        }
        check_fixed_size(self.framing.as_ref(), self.max_message.as_ref(), mistakes);
    }

    /// Reports keys that contradict `stdin`.
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
                    "standard input has no address and no framing; write another [[nodes.NAME.listen]] entry for an address",
                );
            }
        }
    }

    /// The resolved entry; `None` if a value is wrong or missing, which is reported.
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

/// Reports a framing whose messages are all longer than the longest that is accepted.
pub fn check_fixed_size(
    framing: Option<&Written<Framing>>,
    max_message: Option<&Written<u64>>,
    mistakes: &Mistakes,
) {
    let Some((framing, size)) = framing.and_then(|it| Some((it, it.value?.fixed_size()?))) else {
        return;
    };
    let most = max_message.map_or(Some(DEFAULT_MAX_MESSAGE), |it| it.value);
    if let Some(most) = most.filter(|most| size > *most) {
        mistakes.add_with_help(
            framing.place,
            format!("each message of `fixed:{size}` is longer than `max_message`, {most} bytes"),
            format!("write `max_message = {size}`, or a smaller number in `framing`"),
        );
    }
}

/// The value of `max_buffered`, or its default; `None` if it is wrong, which is reported.
pub fn max_buffered(key: &OptionalKey<u64>, groups: &[Option<Group>]) -> Option<u64> {
    if let Some(written) = key {
        return written.value;
    }
    let groups = groups.iter().flatten();
    let sizes = groups.flat_map(|group| {
        let listen = group.listen.iter().map(|it| it.max_message);
        let program = group.program.iter().filter_map(|it| it.external.as_ref());
        listen.chain(program.map(|it| it.max_message))
    });
    // A buffer may be twice as large as what is in it, and a reply as large as the request.
    let largest = sizes.max().unwrap_or(0).saturating_mul(4);
    Some(largest.max(DEFAULT_BUDGET))
}

/// Reports a message that may be longer than what connections may hold.
pub fn check_buffered(file: &ScenarioFile, mistakes: &Mistakes) {
    let Some(most) = file.max_buffered.as_ref().and_then(|it| it.value) else {
        return;
    };
    let groups = file.groups.iter();
    let sizes = groups.flat_map(|group| {
        let listen = group.listen.as_ref().and_then(|it| it.value.as_ref());
        let listen = listen.into_iter().flatten().flat_map(|it| &it.max_message);
        listen.chain(&group.program.max_message)
    });
    for size in sizes.filter(|size| size.value.is_some_and(|it| it > most)) {
        mistakes.add_with_help(
            size.place,
            format!("`max_message` is more than `max_buffered`, {}", size::to_text(most)),
            "a connection that holds so much would be closed: make `max_buffered` several times as large",
        );
    }
}

/// An address that a node or a program has.
struct Taken<'a> {
    transport: Transport,
    address: SocketAddr,
    place: Place,
    group: &'a GroupEntry,
    /// What the group does at this address, for messages.
    role: &'static str,
}

/// Reports addresses that two nodes would have. The groups have the keys of their
/// bases. Any number of nodes may listen at port 0.
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

/// Warns of nodes that would listen, in virtual time: no client can reach them.
pub fn warn_in_virtual_time(groups: &[GroupEntry], time: Option<TimeMode>, mistakes: &Mistakes) {
    if time != Some(TimeMode::Virtual) {
        return;
    }
    let mut warned = BTreeSet::new();
    for group in groups {
        if let Some(listen) = &group.listen
            && listen.value.as_ref().is_none_or(|it| !it.is_empty())
            && warned.insert(listen.key)
        {
            mistakes.warn(
                listen.key,
                format!(
                    "`listen` of group `{}` opens no address in virtual time: nothing comes from outside",
                    group.name
                ),
                "run with `--time real`, or write `time = \"real\"` at the top of the file",
            );
        }
    }
}

/// Reports standard input of several nodes: only one node can read it.
pub fn check_stdin(groups: &[GroupEntry], mistakes: &Mistakes) {
    let mut taken: Option<&str> = None;
    for group in groups {
        let entries = group.listen.iter().filter_map(|it| it.value.as_ref());
        for stdin in entries.flatten().filter_map(|it| it.stdin.as_ref()) {
            let count = group.count.as_ref().and_then(|it| it.value).unwrap_or(1);
            let other = match taken {
                Some(other) => format!("group `{other}` reads it already"),
                None if count > 1 => format!("group `{}` has {count} nodes", group.name),
                None => {
                    taken = Some(&group.name);
                    continue;
                }
            };
            mistakes.add_with_help(stdin.key, "only one node can read standard input", other);
        }
    }
}

fn report_clashes(mut taken: Vec<Taken<'_>>, mistakes: &Mistakes) {
    // The mistake is at the later place of two. The sort is stable: groups that
    // inherit one place keep their order.
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
        // If the address is inherited, the mistake is the extending group's.
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
    /// Whether two sockets cannot have these addresses at the same time: the ports
    /// are the same, and the IP addresses are the same or one is unspecified.
    fn clashes(&self, other: &Taken<'_>) -> bool {
        let all = |ip: IpAddr| ip.is_unspecified();
        let (one, two) = (self.address.ip(), other.address.ip());
        self.transport == other.transport
            && self.address.port() == other.address.port()
            && (one == two || (one.is_ipv4() == two.is_ipv4() && (all(one) || all(two))))
    }
}
