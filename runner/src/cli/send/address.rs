//! The address of `runner send`: `tcp://127.0.0.1:15000`, `udp://[::1]:15000`.
//!
//! Unlike in the addresses of a scenario, the host may be a name, which this machine
//! resolves.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// The address of a listening node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The transport.
    pub transport: Transport,
    host: String,
    port: u16,
}

/// The transport of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// On a connection.
    Tcp,
    /// As datagrams.
    Udp,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// Fails with the expected form.
    pub fn parse(text: &str) -> Result<Address, String> {
        const EXPECTED: &str = "expected tcp://HOST:PORT or udp://HOST:PORT";
        let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
        let transport = match scheme {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            _ => return Err(EXPECTED.to_owned()),
        };
        let (host, port) = rest.rsplit_once(':').ok_or("expected a port: HOST:PORT")?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(bare) if bare.parse::<Ipv6Addr>().is_ok() => bare,
            Some(_) => return Err("expected an IPv6 address between the brackets".to_owned()),
            None if host.contains(':') => {
                return Err("expected an IPv6 address in brackets: [::1]:PORT".to_owned());
            }
            None => host,
        };
        let sound = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if host.is_empty() || !host.chars().all(sound) {
            return Err("expected a host, such as 127.0.0.1, [::1] or localhost".to_owned());
        }
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(port) if digits && port > 0 => Ok(Address {
                transport,
                host: host.to_owned(),
                port,
            }),
            _ => Err("expected a port of 1 to 65535".to_owned()),
        }
    }

    /// Resolves the host; returns at least one address.
    ///
    /// # Errors
    ///
    /// Fails if the host is unknown.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<SocketAddr> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        match found.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(found),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
        };
        match self.host.parse() {
            Ok(IpAddr::V6(host)) => write!(f, "{scheme}://[{host}]:{}", self.port),
            _ => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_printed_as_they_are_read() {
        for text in [
            "tcp://127.0.0.1:15000",
            "udp://127.0.0.1:65535",
            "tcp://[::1]:15000",
            "udp://localhost:1",
            "tcp://server-1.lab:12345",
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_says_what_was_expected() {
        for (text, expected) in [
            ("", "tcp://HOST:PORT"),
            ("127.0.0.1:15000", "tcp://HOST:PORT"),
            ("http://127.0.0.1:15000", "tcp://HOST:PORT"),
            ("TCP://127.0.0.1:15000", "tcp://HOST:PORT"),
            ("tcp://127.0.0.1", "a port"),
            ("tcp://127.0.0.1:", "1 to 65535"),
            ("tcp://127.0.0.1:0", "1 to 65535"),
            ("tcp://127.0.0.1:65536", "1 to 65535"),
            ("tcp://127.0.0.1:+80", "1 to 65535"),
            ("tcp://127.0.0.1:80/path", "1 to 65535"),
            ("tcp://:15000", "a host"),
            ("tcp://a b:15000", "a host"),
            ("tcp://::1:15000", "in brackets"),
            ("tcp://[::1:15000", "in brackets"),
            ("tcp://[127.0.0.1]:15000", "between the brackets"),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
