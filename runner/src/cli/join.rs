//! `runner node`: joins a coordinator and runs a node for it.

use std::net::ToSocketAddrs;

use super::coordinator::secret;
use crate::cli::Exit;
use crate::cli::arguments::NodeOptions;
use crate::reporter::console::{Console, line_printer};
use crate::reporter::logging;
use crate::session::joined::{JoinEnd, Joining, join as join_coordinator};
use host::search::SearchPath;
use os::signals::StopSignals;
use realtime::processes::join::Asked;
use realtime::processes::seats::Wanted;

/// Joins a coordinator, and runs a node until there are no more runs.
///
/// # Errors
///
/// Fails if signals cannot be caught.
pub fn join(options: &NodeOptions) -> anyhow::Result<Exit> {
    let console = Console::new(options.color.color);
    let bad_input = |why: &str| {
        console.error(why);
        Ok(Exit::BadInput)
    };
    if let Err(why) = logging::begin(&console, options.verbose) {
        return bad_input(&why);
    }
    let secret = match secret(&options.secret) {
        Ok(secret) => secret,
        Err(why) => return bad_input(&why),
    };
    if secret.is_none() && !options.probe && is_elsewhere(&options.join) {
        return bad_input(&format!(
            "--join {}: a secret is required, since this is not an address of loopback\n  name a file that holds it with --secret-file, or set RUNNER_SECRET; the coordinator needs the same one",
            options.join
        ));
    }
    let wanted = match (&options.group, &options.name) {
        (Some(group), _) => Some(Wanted::Group(group.clone())),
        (None, Some(name)) => Some(Wanted::Name(name.clone())),
        (None, None) => None,
    };
    let signals = StopSignals::catch(os::terminal::restore)?;
    let joining = Joining {
        address: options.join.clone(),
        asked: Asked {
            wanted,
            advertised: options.advertise.clone(),
            again: None,
        },
        secret,
        wait: options.wait,
        silence: options.silence,
        folder: options.folder.clone(),
        search: SearchPath::with(&options.plugin_path),
        print_line: line_printer(console.has_color_out()),
    };
    Ok(match join_coordinator(&joining, signals) {
        JoinEnd::Over => Exit::Passed,
        JoinEnd::Signal(signal) => Exit::Signal(signal),
        JoinEnd::Refused(why) => {
            console.error(&why);
            Exit::BadInput
        }
        JoinEnd::Failed(why) => {
            console.error(&why);
            Exit::Failed
        }
    })
}

/// Whether an address is known not to be one of loopback. A name may not be known yet.
fn is_elsewhere(address: &str) -> bool {
    let mut found = address.to_socket_addrs().into_iter().flatten();
    found.any(|address| !address.ip().is_loopback())
}
