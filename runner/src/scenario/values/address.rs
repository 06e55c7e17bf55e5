//! Addresses of sockets: `127.0.0.1:15000`, `[::1]:15000`, and with a scheme
//! `udp://127.0.0.1:10000`.
//!
//! An address is an IP address and a port. Host names are refused: their meaning
//! differs from machine to machine (`localhost` may be `127.0.0.1` or `::1`), and a
//! scenario must do the same on each.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::super::document::ValueKind as Kind;
use super::super::reader::Field;
use super::super::resolved::Transport;

/// Where to listen; port 0 takes any free one.
pub fn address(field: Field<'_>) -> Option<SocketAddr> {
    let text = match &field.value.kind {
        Kind::Text(text) => text.as_str(),
        Kind::Integer(Some(port)) => {
            return field
                .expected_with_help("an address and a port", way_out("", &port.to_string()));
        }
        _ => return field.expected_with_help("an address and a port", examples("")),
    };
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => match text.split_once("://") {
            Some((_, rest)) => field.expected_with_help(
                "an address and a port",
                match rest.parse::<SocketAddr>() {
                    Ok(_) => format!("the key names the transport: write \"{rest}\""),
                    Err(_) => way_out("", rest),
                },
            ),
            None => field.expected_with_help("an address and a port", way_out("", text)),
        },
    }
}

/// Where a program is: `tcp://ADDRESS:PORT` or `udp://ADDRESS:PORT`.
pub fn endpoint(field: Field<'_>) -> Option<(Transport, SocketAddr)> {
    const WHAT: &str = "tcp://ADDRESS:PORT or udp://ADDRESS:PORT";
    let Kind::Text(text) = &field.value.kind else {
        return field.expected_with_help(WHAT, examples("udp://"));
    };
    let Some((scheme, rest)) = text.split_once("://") else {
        let help = match text.parse::<SocketAddr>() {
            Ok(_) => format!("write \"tcp://{text}\" or \"udp://{text}\""),
            Err(_) => examples("udp://"),
        };
        return field.expected_with_help(WHAT, help);
    };
    let transport = match scheme {
        "tcp" => Transport::Tcp,
        "udp" => Transport::Udp,
        _ => {
            let help = match scheme.to_ascii_lowercase().as_str() {
                small @ ("tcp" | "udp") => format!("write \"{small}://{rest}\""),
                _ => format!("a program is reached over tcp or udp, not over `{scheme}`"),
            };
            return field.expected_with_help(WHAT, help);
        }
    };
    let address: SocketAddr = match rest.parse() {
        Ok(address) => address,
        Err(_) => return field.expected_with_help(WHAT, way_out(&format!("{scheme}://"), rest)),
    };
    if address.port() == 0 {
        return field.expected("the port that the program listens at, which is never 0");
    }
    if address.ip().is_unspecified() {
        return field.expected_with_help(
            "the address that the program is reached at",
            "0.0.0.0 and [::] are only listened at; on this machine it is 127.0.0.1 or [::1]"
                .to_owned(),
        );
    }
    Some((transport, address))
}

fn examples(scheme: &str) -> String {
    format!("for example \"{scheme}127.0.0.1:15000\" or \"{scheme}[::1]:15000\"")
}

/// What to write in place of text that is no address, behind `scheme`, which is
/// empty where one listens.
fn way_out(scheme: &str, text: &str) -> String {
    if let Ok(ip) = text.parse::<IpAddr>() {
        // `::1:15000` reads as an address without a port.
        return match ip {
            IpAddr::V4(ip) => format!("write its port, too: \"{scheme}{ip}:15000\""),
            IpAddr::V6(_) => format!(
                "an IPv6 address stands in brackets before its port: \"{scheme}[::1]:15000\""
            ),
        };
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return match text.parse::<u16>() {
            Ok(port) => format!("write \"{scheme}127.0.0.1:{port}\""),
            Err(_) => examples(scheme),
        };
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let fine = bare.parse::<IpAddr>().is_ok();
    match port.parse::<u16>() {
        Err(_) if fine && !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit()) => {
            "a port is 0 to 65535".to_owned()
        }
        Err(_) => examples(scheme),
        Ok(port) if scheme.is_empty() && (host.is_empty() || host == "*") => {
            format!(
                "write \"{scheme}127.0.0.1:{port}\", or \"0.0.0.0:{port}\" to be reached from elsewhere"
            )
        }
        Ok(port) if host.eq_ignore_ascii_case("localhost") => {
            format!("host names are not looked up: write \"{scheme}127.0.0.1:{port}\"")
        }
        Ok(port) if bare.parse::<Ipv6Addr>().is_ok() => {
            format!(
                "an IPv6 address stands in brackets before its port: \"{scheme}[{bare}]:{port}\""
            )
        }
        Ok(_) if host.contains(|c: char| c.is_ascii_alphabetic()) => {
            "host names are not looked up: write the IP address".to_owned()
        }
        Ok(_) => examples(scheme),
    }
}
