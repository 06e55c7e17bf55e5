//! The way to a coordinator: it is looked for, both sides prove who they are, and the
//! plugins that are found here are compared with its own.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::JoinEnd;
use host::search::SearchPath;
use os::signals::StopSignals;
use realtime::processes::control::Control;
use realtime::processes::join::{self, Asked, JoinError, Welcome};
use realtime::processes::secret::Secret;

/// The time between two attempts to reach the coordinator.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The limit of one attempt.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// How to join.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The coordinator: host and port.
    pub address: String,
    /// What is asked for.
    pub asked: Asked,
    /// What both sides have to know; none on loopback alone.
    pub secret: Option<Secret>,
    /// How long the coordinator is looked for.
    pub wait: Duration,
    /// A coordinator from which nothing comes for this long is lost.
    pub silence: Duration,
    /// The folder that stands for the scenario's; none: the scenario's own, if there is
    /// one of that path here, or else the working folder.
    pub folder: Option<PathBuf>,
    /// Where plugins are looked for.
    pub search: SearchPath,
    /// Prints what nodes print.
    pub print_line: fn(&str),
}

/// Asks until the coordinator answers. None: nothing else was asked.
pub(super) fn reach(
    joining: &Joining,
    signals: &StopSignals,
) -> Result<Option<(Control, Welcome)>, JoinEnd> {
    let until = Instant::now() + joining.wait;
    loop {
        let error = match attempt(joining) {
            Ok((control, welcome)) => return Ok(welcome.map(|welcome| (control, welcome))),
            Err(JoinError::Refused(why)) => return Err(JoinEnd::Refused(why)),
            Err(JoinError::Connection(error)) => error,
        };
        if let Some(signal) = signals.signal() {
            return Err(JoinEnd::Signal(signal));
        }
        if Instant::now() + RETRY_INTERVAL >= until {
            return Err(JoinEnd::Refused(format!(
                "no coordinator at {} within {:?}: {error}\n  start it there: runner run SCENARIO --time real --coordinator ADDRESS; or wait longer with --wait",
                joining.address, joining.wait
            )));
        }
        thread::sleep(RETRY_INTERVAL);
    }
}

fn attempt(joining: &Joining) -> Result<(Control, Option<Welcome>), JoinError> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    // A name may have no address yet, or several.
    for address in joining.address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_PATIENCE) {
            Ok(socket) => {
                let mut control = Control::over(socket)?;
                let check = |welcome: &Welcome| check_plugins(welcome, &joining.search);
                let asked = joining.asked.clone();
                let welcome = join::ask(&mut control, asked, joining.secret.as_ref(), check)?;
                return Ok((control, welcome));
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

/// Checks that the plugins that are found here are those of the coordinator.
pub(super) fn check_plugins(welcome: &Welcome, search: &SearchPath) -> Result<(), String> {
    let wrong = welcome.plugins.iter().filter_map(|(name, sum)| {
        let build = match search.build(name) {
            None => {
                return Some(format!(
                    "plugin `{name}` is not found here\n  name its folder with --plugin-path DIR or RUNNER_PLUGIN_PATH"
                ));
            }
            Some(Err(error)) => return Some(error.to_string()),
            Some(Ok(build)) => build,
        };
        (build.sha256 != *sum).then(|| {
            format!(
                "plugin `{name}` is another build here: {}, with SHA-256 {}..., and {}... at the coordinator\n  copy the plugin of the coordinator, or build both from the same source",
                build.path.display(),
                &build.sha256[..12],
                sum.get(..12).unwrap_or_default()
            )
        })
    });
    let wrong: Vec<String> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}
