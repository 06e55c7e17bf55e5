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
use realtime::processes::control::{Control, Line};
use realtime::processes::join::{self, Again, Asked, JoinError, Welcome};
use realtime::processes::seats::Wanted;
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
        let error = match attempt(joining, &joining.asked, until) {
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

/// How long a coordinator is looked for whose machine says that nobody listens there.
const REFUSED_PATIENCE: Duration = Duration::from_secs(3);

/// Connects again as a node, after the connection `control` was lost, and goes on with it.
///
/// # Errors
///
/// The reason, if the coordinator is not reached by `until`, or goes on without this process.
pub(super) fn reach_again(
    joining: &Joining,
    welcome: &Welcome,
    control: &mut Control,
    until: Instant,
) -> Result<(), String> {
    let Some(line) = control.line().filter(Line::is_open) else {
        return Err("it has closed the connection".to_owned());
    };
    control.lose();
    let taken = line.taken();
    let asked = Asked {
        wanted: Some(Wanted::Name(welcome.node.clone())),
        advertised: joining.asked.advertised.clone(),
        again: Some(Again {
            ticket: welcome.ticket,
            taken,
        }),
    };
    let mut refused_since = None;
    loop {
        let error = match attempt(joining, &asked, until) {
            Ok((other, Some(again))) => {
                other
                    .set_patience(control.patience(), Some(joining.silence))
                    .map_err(|error| error.to_string())?;
                line.go_on(other, again.taken, taken);
                control.renew();
                return Ok(());
            }
            Ok((_, None)) => return Err("it does not say who it is".to_owned()),
            Err(JoinError::Refused(why)) => return Err(why),
            Err(JoinError::Connection(error)) => error,
        };
        let now = Instant::now();
        let is_refused = error.kind() == io::ErrorKind::ConnectionRefused;
        refused_since = is_refused.then(|| refused_since.unwrap_or(now));
        let has_ended = refused_since.is_some_and(|since| now - since > REFUSED_PATIENCE);
        if has_ended || now + RETRY_INTERVAL >= until {
            return Err(error.to_string());
        }
        thread::sleep(RETRY_INTERVAL);
    }
}

/// Neither connecting nor asking takes much longer than `until`.
fn attempt(
    joining: &Joining,
    asked: &Asked,
    until: Instant,
) -> Result<(Control, Option<Welcome>), JoinError> {
    let left = until.saturating_duration_since(Instant::now());
    let patience = |longest: Duration| left.max(RETRY_INTERVAL).min(longest);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    // A name may have no address yet, or several.
    for address in joining.address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience(CONNECT_PATIENCE)) {
            Ok(socket) => {
                let mut control = Control::over(socket)?;
                let check = |welcome: &Welcome| check_plugins(welcome, &joining.search);
                let secret = joining.secret.as_ref();
                let patience = patience(join::PATIENCE);
                let welcome = join::ask(&mut control, asked.clone(), secret, patience, check)?;
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
