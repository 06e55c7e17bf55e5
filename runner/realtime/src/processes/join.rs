//! How a process joins a coordinator: both say who they are, and prove that they know the
//! secret, before either does anything for the other.
//!
//! ```text
//! joining process                           coordinator
//!   Hello: version           ───────────▶
//!                            ◀───────────   Reply: a challenge, or the reason of a refusal
//!   Request: what it wants to be, its own
//!   challenge, its proof     ───────────▶
//!                            ◀───────────   Reply: its node, the plugins, a proof; or a refusal
//!   Decision: it has the same plugins,
//!   or not                   ───────────▶
//! ```
//!
//! Then the process is one of the run's ([`processes`](super)). Until then a frame has at
//! most [`FRAME_MAX`] bytes and the whole exchange [`PATIENCE`], so that who knows no
//! secret costs neither memory nor time.

use std::io;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::control::Control;
use super::seats::Wanted;
use super::secret::{Challenge, Proof, Secret, Side};

/// The version of the runner. Frames hold no names, so both sides must have the same.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (protocol 3)");

/// The first bytes of a process that joins.
const MAGIC: [u8; 8] = *b"RUNNERJ1";

/// The longest value until both sides know each other `[bytes]`.
pub const FRAME_MAX: usize = 16 << 10;

/// How long the exchange may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Serialize, Deserialize)]
struct Hello {
    magic: [u8; 8],
    version: String,
}

/// The reply of a coordinator.
#[derive(Debug, Serialize, Deserialize)]
enum Reply<T> {
    /// It goes on.
    Go(T),
    /// It does not, for this reason.
    Refused(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Invitation {
    challenge: Challenge,
    needs_secret: bool,
}

/// What a process asks a coordinator for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What it wants to be; none only looks whether a coordinator is there.
    pub wanted: Option<Wanted>,
    /// How other nodes reach it, if not by the address that it comes from.
    pub advertised: Option<String>,
    /// It has joined before, and its connection is lost.
    pub again: Option<Again>,
}

/// A process that joined before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Its [`Welcome::ticket`].
    pub ticket: Ticket,
    /// Number of frames that it has taken since it joined.
    pub taken: u64,
}

/// A secret number by which a process is known again.
pub type Ticket = [u8; 16];

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    asked: Asked,
    challenge: Challenge,
    proof: Option<Proof>,
}

/// What a coordinator tells a process that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The node that the process is.
    pub node: String,
    /// The plugins of the scenario: name, and SHA-256 of the file.
    pub plugins: Vec<(String, String)>,
    /// Which clock the coordinator reads: equal numbers are the same clock.
    pub clock: String,
    /// By which the process is known, should it have to connect again.
    pub ticket: Ticket,
    /// Number of frames that the coordinator has taken since the process joined.
    pub taken: u64,
}

/// Whether the process can be that node.
#[derive(Debug, Serialize, Deserialize)]
enum Decision {
    /// It can.
    Joined,
    /// It cannot, for this reason.
    Declined(String),
}

/// Why a process cannot join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The connection fails; it may be tried again.
    #[error("{0}")]
    Connection(#[from] io::Error),
    /// The coordinator, or this process, refuses.
    #[error("{0}")]
    Refused(String),
}

/// Bytes of what is asked for, which a proof is about.
fn bytes(asked: &Asked) -> io::Result<Vec<u8>> {
    Ok(super::frames::encode(asked)?)
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the other side has closed the connection",
    )
}

/// A process asks a coordinator at the other end of `control`. `check` says why the process
/// cannot be the node, if it cannot. None: it only looked whether a coordinator is there.
///
/// # Errors
///
/// If the connection fails, or one of both refuses.
pub fn ask(
    control: &mut Control,
    asked: Asked,
    secret: Option<&Secret>,
    patience: Duration,
    check: impl FnOnce(&Welcome) -> Result<(), String>,
) -> Result<Option<Welcome>, JoinError> {
    let until = Instant::now() + patience;
    control.limit_frames(FRAME_MAX);
    control.send(&Hello {
        magic: MAGIC,
        version: VERSION.to_owned(),
    })?;
    let invitation: Invitation = reply(control, until).map_err(|error| match error {
        JoinError::Connection(error) => JoinError::Connection(no_coordinator(&error)),
        refused => refused,
    })?;
    if asked.wanted.is_none() {
        return Ok(None);
    }
    if secret.is_some() && !invitation.needs_secret {
        // Whoever listens at this address could have it run anything.
        return Err(JoinError::Refused(
            "this process has a secret, and the coordinator has none\n  give the coordinator the same secret: --secret-file FILE or RUNNER_SECRET".to_owned(),
        ));
    }
    let challenge = os::random::bytes()?;
    let challenges = [invitation.challenge, challenge];
    let about = bytes(&asked)?;
    let proof = secret.map(|secret| secret.prove(Side::Joining, &challenges, &about));
    control.send(&Request {
        asked,
        challenge,
        proof,
    })?;
    let (welcome, proof): (Welcome, Option<Proof>) = reply(control, until)?;
    if let Some(secret) = secret {
        let proof = proof.unwrap_or_default();
        if !secret.accepts(&proof, Side::Coordinator, &challenges, &about) {
            return Err(JoinError::Refused(
                "who listens there does not know the secret: it is not the coordinator".to_owned(),
            ));
        }
    }
    if let Err(why) = check(&welcome) {
        control.send(&Decision::Declined(why.clone()))?;
        return Err(JoinError::Refused(why));
    }
    control.send(&Decision::Joined)?;
    control.limit_frames(super::frames::MAX_BODY);
    control.set_patience(None, None)?;
    Ok(Some(welcome))
}

const NEEDS_SECRET: &str = "the coordinator requires a secret\n  give this process the same one: --secret-file FILE or RUNNER_SECRET";

/// What listens there does not answer as a coordinator does.
fn no_coordinator(error: &io::Error) -> io::Error {
    let how = match error.kind() {
        io::ErrorKind::TimedOut => "something listens there and does not answer",
        io::ErrorKind::InvalidData => "what listens there is another program",
        _ => return io::Error::new(error.kind(), error.to_string()),
    };
    io::Error::new(error.kind(), how)
}

fn reply<T: serde::de::DeserializeOwned>(
    control: &mut Control,
    until: Instant,
) -> Result<T, JoinError> {
    match control.receive_by(until)?.ok_or_else(closed)? {
        Reply::Go(value) => Ok(value),
        Reply::Refused(why) => Err(JoinError::Refused(why)),
    }
}

/// A coordinator answers the process at the other end of `control`. `choose` returns the
/// node that the process gets; if it declines, nothing is kept of it. None: the process
/// only looked whether a coordinator is there, or it is no process of the runner.
///
/// # Errors
///
/// If the connection fails, or one of both refuses.
pub fn answer<C: AsRef<Welcome>>(
    control: &mut Control,
    secret: Option<&Secret>,
    choose: impl FnOnce(&Asked) -> Result<C, String>,
) -> Result<Option<(Asked, C)>, JoinError> {
    let until = Instant::now() + PATIENCE;
    control.limit_frames(FRAME_MAX);
    control.set_patience(None, Some(PATIENCE))?;
    let Ok(Some(hello)) = control.receive_by::<Hello>(until) else {
        return Ok(None);
    };
    if hello.magic != MAGIC {
        return Ok(None);
    }
    if hello.version != VERSION {
        let theirs: String = hello.version.chars().take(60).collect();
        return refuse::<Invitation, _>(
            control,
            format!(
                "the coordinator has version {VERSION}, and the process version {theirs}\n  install the same version on both machines"
            ),
        );
    }
    let mine = os::random::bytes()?;
    control.send(&Reply::Go(Invitation {
        challenge: mine,
        needs_secret: secret.is_some(),
    }))?;
    let Some(request) = control.receive_by::<Request>(until)? else {
        // It looked whether a coordinator is there, or it refuses; it says so itself.
        return Ok(None);
    };
    let challenges = [mine, request.challenge];
    let about = bytes(&request.asked)?;
    let mut proof = None;
    if let Some(secret) = secret {
        let Some(theirs) = request.proof else {
            return refuse::<Invitation, _>(control, NEEDS_SECRET.to_owned());
        };
        if !secret.accepts(&theirs, Side::Joining, &challenges, &about) {
            return refuse::<Invitation, _>(control, "the secret is wrong\n  coordinator and process need the same one: --secret-file FILE or RUNNER_SECRET".to_owned());
        }
        proof = Some(secret.prove(Side::Coordinator, &challenges, &about));
    }
    let chosen = match choose(&request.asked) {
        Ok(chosen) => chosen,
        Err(why) => return refuse::<(Welcome, Option<Proof>), _>(control, why),
    };
    let welcome: &Welcome = chosen.as_ref();
    control.send(&Reply::Go((welcome, proof)))?;
    match control.receive_by(until)?.ok_or_else(closed)? {
        Decision::Joined => {}
        Decision::Declined(why) => return Err(JoinError::Refused(why)),
    }
    control.limit_frames(super::frames::MAX_BODY);
    Ok(Some((request.asked, chosen)))
}

fn refuse<T: Serialize, U>(control: &mut Control, why: String) -> Result<U, JoinError> {
    control.send(&Reply::<T>::Refused(why.clone()))?;
    Err(JoinError::Refused(why))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::thread;

    use super::*;

    fn pair() -> (Control, Control) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        (Control::over(near).unwrap(), Control::over(far).unwrap())
    }

    fn asked() -> Asked {
        Asked {
            wanted: Some(Wanted::Group("client".to_owned())),
            advertised: None,
            again: None,
        }
    }

    struct Chosen(Welcome);

    impl AsRef<Welcome> for Chosen {
        fn as_ref(&self) -> &Welcome {
            &self.0
        }
    }

    fn choose(asked: &Asked) -> Result<Chosen, String> {
        assert_eq!(*asked, self::asked());
        Ok(Chosen(Welcome {
            node: "client-1".to_owned(),
            plugins: vec![("echo".to_owned(), "00".to_owned())],
            clock: "clock".to_owned(),
            ticket: [0; 16],
            taken: 0,
        }))
    }

    /// What both sides say, each with its secret.
    fn met(
        joining: Option<&str>,
        coordinator: Option<&str>,
        check: fn(&Welcome) -> Result<(), String>,
    ) -> [Result<String, String>; 2] {
        let (mut near, mut far) = pair();
        let secret = coordinator.and_then(Secret::new);
        let answering = thread::spawn(move || {
            let answered = answer(&mut far, secret.as_ref(), choose);
            answered.map(|it| it.map_or_else(String::new, |(_, it)| it.0.node))
        });
        let secret = joining.and_then(Secret::new);
        let asked = ask(&mut near, asked(), secret.as_ref(), PATIENCE, check);
        drop(near);
        let text = |error: JoinError| error.to_string();
        [
            asked.map(|it| it.unwrap().node).map_err(text),
            answering.join().unwrap().map_err(text),
        ]
    }

    #[test]
    fn who_knows_the_secret_is_let_in() {
        for secret in [None, Some("open sesame")] {
            let both = met(secret, secret, |_| Ok(()));
            assert_eq!(both, [Ok("client-1".to_owned()), Ok("client-1".to_owned())]);
        }
    }

    #[test]
    fn who_does_not_is_refused_and_both_sides_know_why() {
        for (joining, reason) in [
            (Some("open sesam"), "the secret is wrong"),
            (None, "the coordinator requires a secret"),
        ] {
            for side in met(joining, Some("open sesame"), |_| Ok(())) {
                assert!(side.unwrap_err().contains(reason));
            }
        }
        let [near, far] = met(Some("open sesame"), None, |_| Ok(()));
        assert!(near.unwrap_err().contains("the coordinator has none"));
        assert_eq!(far, Ok(String::new()));
    }

    #[test]
    fn a_process_with_other_plugins_declines_and_both_sides_know_why() {
        for side in met(None, None, |_| Err("plugin `echo` is another".to_owned())) {
            assert_eq!(side, Err("plugin `echo` is another".to_owned()));
        }
    }

    #[test]
    fn another_version_is_refused_with_both_versions() {
        let (mut near, mut far) = pair();
        let hello = Hello {
            magic: MAGIC,
            version: "0.0.1 (protocol 9)".to_owned(),
        };
        near.send(&hello).unwrap();
        let refused = answer(&mut far, None, choose).err().unwrap().to_string();
        let until = Instant::now() + PATIENCE;
        let Some(Reply::Refused(told)) = near.receive_by::<Reply<Invitation>>(until).unwrap()
        else {
            panic!("not refused");
        };
        assert_eq!(told, refused);
        assert!(
            told.contains(VERSION) && told.contains("0.0.1 (protocol 9)"),
            "{told}"
        );
    }

    #[test]
    fn a_listener_that_does_not_know_the_secret_gets_no_process() {
        let (mut near, mut far) = pair();
        let secret = Secret::new("open sesame");
        let asking =
            thread::spawn(move || ask(&mut near, asked(), secret.as_ref(), PATIENCE, |_| Ok(())));
        // It wants a secret, and accepts any.
        let until = Instant::now() + PATIENCE;
        let _: Hello = far.receive_by(until).unwrap().unwrap();
        let invitation = Invitation {
            challenge: [0; 32],
            needs_secret: true,
        };
        far.send(&Reply::Go(invitation)).unwrap();
        let request: Request = far.receive_by(until).unwrap().unwrap();
        // It can only send back what it got.
        let welcome = choose(&request.asked).ok().unwrap().0;
        far.send(&Reply::Go((welcome, request.proof))).unwrap();
        let error = asking.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("it is not the coordinator"), "{error}");
    }

    #[test]
    fn whoever_says_no_hello_is_left_alone() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"\0\0\0\x02ab",
            b"\xff\xff\xff\xff",
        ] {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            std::io::Write::write_all(&mut near, bytes).unwrap();
            drop(near);
            let mut far = Control::over(listener.accept().unwrap().0).unwrap();
            assert!(answer(&mut far, None, choose).unwrap().is_none());
        }
    }
}
