//! The client against a server, frame by frame.

use super::*;
use crate::{Limits, Outbox, Server};

/// A client and a server, and the frames between them.
struct Pair {
    client: Client,
    server: Server,
    /// Frames in flight to the client.
    back: Vec<Vec<u8>>,
    notices: Vec<Notice>,
    nonce: u64,
}

impl Pair {
    fn new() -> Pair {
        let mut pair = Pair {
            client: Client::new(),
            server: Server::new(Limits::default()),
            back: Vec::new(),
            notices: Vec::new(),
            nonce: 0,
        };
        pair.other("create ben");
        pair.connect();
        pair
    }

    fn connect(&mut self) {
        self.nonce += 1000;
        let mut out = Outgoing::default();
        self.client.connected(self.nonce, &mut out);
        self.carry(out);
    }

    /// Delivers frames in both directions until none is in flight.
    fn carry(&mut self, out: Outgoing) {
        self.notices.extend(out.notices);
        self.reach_server(&out.frames);
        while !self.back.is_empty() {
            let frame = self.back.remove(0);
            let mut out = Outgoing::default();
            self.client.frame(&frame, &mut out);
            self.notices.extend(out.notices);
            self.reach_server(&out.frames);
        }
    }

    fn reach_server(&mut self, frames: &[Vec<u8>]) {
        let mut outbox = Outbox::default();
        for frame in frames {
            self.server.frame(1, frame, 1000, &mut outbox);
        }
        let to_client = outbox.iter().filter(|it| it.0 == 1);
        self.back.extend(to_client.map(|it| it.1.to_vec()));
    }

    fn begin(&mut self, line: &str) -> Outgoing {
        let mut out = Outgoing::default();
        self.client.command(Command::parse(line).unwrap(), &mut out);
        out
    }

    /// Executes a command. Returns the lines that the user sees.
    fn says(&mut self, line: &str) -> Vec<String> {
        let out = self.begin(line);
        self.carry(out);
        self.lines()
    }

    fn lines(&mut self) -> Vec<String> {
        self.notices.drain(..).filter_map(|it| it.line()).collect()
    }

    /// Executes a command of another user and ignores the reply; pushes stay in flight.
    fn other(&mut self, line: &str) {
        let mut other = Client::new();
        let mut outbox = Outbox::default();
        let mut out = Outgoing::default();
        self.nonce += 1;
        other.connected(self.nonce, &mut out);
        let lines = ["login ben", line];
        let mut lines = lines.iter().skip(usize::from(line.starts_with("create")));
        while !out.frames.is_empty() {
            for frame in std::mem::take(&mut out.frames) {
                self.server.frame(2, &frame, 1000, &mut outbox);
            }
            for (to, frame) in outbox.iter() {
                match to {
                    2 => other.frame(frame, &mut out),
                    _ => self.back.push(frame.to_vec()),
                }
            }
            outbox.clear();
            if !other.is_busy()
                && out.frames.is_empty()
                && let Some(line) = lines.next()
            {
                other.command(Command::parse(line).unwrap(), &mut out);
            }
        }
    }

    /// Loses the connection with all frames in flight.
    fn cut(&mut self) {
        self.server.forget(1);
        self.client.disconnected();
        self.back.clear();
    }
}

#[test]
fn every_command_is_executed_and_its_result_is_shown() {
    let mut anna = Pair::new();
    for (line, shown) in [
        ("create anna", "created"),
        ("create anna", "error: `anna`: this name is taken"),
        ("send ben hi", "error: `ben`: not logged in"),
        ("login nobody", "error: `nobody`: no account has this name"),
        ("login anna", "logged in"),
        ("list", "anna ben"),
        ("list x*", "no names"),
        ("send ben hi", "queued"),
        (
            "send nobody hi",
            "error: `nobody`: no account has this name",
        ),
        ("receive", "0 messages waiting"),
        ("logout", "logged out"),
        ("logout", "error: not logged in"),
        ("login anna", "logged in"),
        ("delete", "deleted"),
        ("login anna", "error: `anna`: no account has this name"),
    ] {
        assert_eq!(anna.says(line), [shown], "{line}");
    }
    assert_eq!(anna.server.service().waiting(), 1);
}

#[test]
fn messages_are_shown_once_and_acknowledged() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.other("send anna one");
    anna.back.clear();
    assert_eq!(
        anna.says("login anna"),
        ["logged in, 1 message waiting", "ben: one"]
    );
    assert_eq!(anna.server.service().waiting(), 0);
    anna.other("send anna two");
    let frame = anna.back[0].clone();
    anna.back.push(frame);
    anna.carry(Outgoing::default());
    assert_eq!(anna.lines(), ["ben: two"]);
    // Queued, since she has logged out.
    anna.says("logout");
    anna.other("send anna three");
    anna.other("send anna four");
    let shown = ["logged in, 2 messages waiting", "ben: three", "ben: four"];
    assert_eq!(anna.says("login anna"), shown);
}

#[test]
fn a_lost_acknowledgement_shows_nothing_twice() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.says("login anna");
    anna.other("send anna one");
    let mut out = Outgoing::default();
    let frame = anna.back.remove(0);
    anna.client.frame(&frame, &mut out);
    assert_eq!(out.notices.len(), 1);
    anna.cut();
    assert_eq!(anna.server.service().waiting(), 1);
    anna.connect();
    assert_eq!(anna.client.user(), Some("anna"));
    assert_eq!(anna.notices, [Notice::Repeated]);
    assert_eq!(anna.server.service().waiting(), 0);
}

#[test]
fn a_lost_message_is_requested_again() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.says("login anna");
    for text in ["one", "two", "three"] {
        anna.other(&format!("send anna {text}"));
    }
    anna.back.remove(0);
    anna.carry(Outgoing::default());
    assert_eq!(anna.lines(), ["ben: one", "ben: two", "ben: three"]);
    // Only a poll shows that the last message is missing.
    anna.other("send anna four");
    anna.back.clear();
    let mut out = Outgoing::default();
    anna.client.poll(&mut out);
    anna.carry(out);
    assert_eq!(anna.lines(), ["ben: four"]);
    assert_eq!(anna.server.service().waiting(), 0);
}

#[test]
fn a_message_in_flight_at_the_loss_of_the_connection_is_sent_once() {
    for taken in [true, false] {
        let mut anna = Pair::new();
        anna.says("create anna");
        anna.says("login anna");
        let out = anna.begin("send ben hi");
        if taken {
            anna.reach_server(&out.frames);
        }
        anna.cut();
        anna.connect();
        let shown = if taken { "sent" } else { "queued" };
        assert_eq!(anna.lines(), [shown]);
        assert_eq!(anna.server.service().waiting(), 1);
        assert_eq!(anna.says("send ben again"), ["queued"]);
        assert_eq!(anna.server.service().waiting(), 2);
    }
}

#[test]
fn other_commands_are_finished_after_the_loss_of_the_connection() {
    for taken in [true, false] {
        for (line, shown) in [
            ("logout", "logged out"),
            ("delete", "deleted"),
            ("list", "anna ben"),
            ("login anna", "logged in"),
        ] {
            let mut anna = Pair::new();
            anna.says("create anna");
            anna.says("login anna");
            let out = anna.begin(line);
            if taken {
                anna.reach_server(&out.frames);
            }
            anna.cut();
            anna.connect();
            assert_eq!(anna.lines(), [shown], "{line}");
            assert!(!anna.client.is_busy());
        }
    }
}

#[test]
fn a_request_without_a_reply_is_sent_again_and_executed_once() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.says("login anna");
    let out = anna.begin("send ben hi");
    assert_eq!(anna.client.pending_request(), Some(4));
    anna.reach_server(&out.frames);
    anna.back.clear();
    let mut out = Outgoing::default();
    anna.client.resend(&mut out);
    anna.carry(out);
    assert_eq!(anna.lines(), ["queued"]);
    assert_eq!(anna.client.pending_request(), None);
    assert_eq!(anna.server.service().waiting(), 1);
}

#[test]
fn a_client_that_was_logged_out_without_a_notice_logs_in_again() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.says("login anna");
    // The server has lost the connection, and the client does not know it.
    anna.server.forget(1);
    assert_eq!(anna.says("send ben hi"), ["queued"]);
    // The client continues in a session for which the server has seen higher numbers.
    let mut frame = Vec::new();
    Request::Logout.encode(u32::MAX, &mut frame);
    anna.reach_server(&[frame]);
    anna.back.clear();
    assert_eq!(anna.says("send ben again"), ["queued"]);
    assert_eq!(anna.client.user(), Some("anna"));
}

#[test]
fn a_login_elsewhere_and_a_lost_account_are_shown() {
    let mut anna = Pair::new();
    anna.says("create anna");
    anna.says("login anna");
    let frame = |request: Request<'_>, number| {
        let mut frame = Vec::new();
        request.encode(number, &mut frame);
        frame
    };
    let mut outbox = Outbox::default();
    let login = frame(Request::Login { name: "anna" }, 1);
    anna.server.frame(7, &login, 0, &mut outbox);
    let pushed = outbox.iter().find(|it| it.0 == 1).unwrap();
    anna.back.push(pushed.1.to_vec());
    anna.carry(Outgoing::default());
    assert_eq!(
        anna.lines(),
        ["logged in elsewhere, and so logged out here"]
    );
    assert_eq!(anna.says("send ben hi"), ["error: `ben`: not logged in"]);
    anna.says("login anna");
    anna.cut();
    anna.server.frame(
        7,
        &frame(Request::Login { name: "anna" }, 2),
        0,
        &mut outbox,
    );
    anna.server
        .frame(7, &frame(Request::Delete, 3), 0, &mut outbox);
    anna.connect();
    assert_eq!(anna.lines(), ["logged out: no account has this name"]);
}

#[test]
fn malformed_frames_are_shown_and_change_nothing() {
    let mut anna = Pair::new();
    let mut out = Outgoing::default();
    anna.client.frame(b"\x01\x80", &mut out);
    anna.client.frame(b"\x01\x80\0\0\0\x63", &mut out);
    assert_eq!(out.notices.len(), 1);
    assert!(
        out.notices[0]
            .line()
            .unwrap()
            .starts_with("error: the server sent a malformed frame")
    );
    assert_eq!(anna.says("create anna"), ["created"]);
}

#[test]
fn a_login_counts_only_messages_that_were_not_shown() {
    let mut pair = Pair::new();
    pair.says("create anna");
    pair.says("login anna");
    pair.other("send anna one");
    // The message is shown, and the connection is lost with its acknowledgement.
    let frame = pair.back.remove(0);
    let mut out = Outgoing::default();
    pair.client.frame(&frame, &mut out);
    assert_eq!(out.notices.len(), 1);
    pair.client.disconnected();
    pair.server.forget(1);
    pair.other("send anna two");
    pair.client.login_name = None;
    pair.connect();
    assert_eq!(
        pair.says("login anna"),
        ["logged in, 1 message waiting", "ben: two"]
    );
}

#[test]
fn a_user_who_leaves_sees_what_is_under_way_and_the_rest_waits() {
    let mut pair = Pair::new();
    pair.says("create anna");
    pair.says("login anna");
    pair.other("send anna under way");
    let mut out = Outgoing::default();
    pair.client.leave(&mut out);
    pair.reach_server(&out.frames);
    // The message, the reply to the last request, and the message again, as the request wants.
    assert_eq!(pair.back.len(), 3);
    pair.other("send anna late");
    assert!(!pair.client.has_left());
    pair.carry(Outgoing::default());
    assert!(pair.client.has_left());
    assert_eq!(pair.lines(), ["ben: under way"]);
    assert_eq!(pair.server.service().user(1), None);
    // The shown message is acknowledged, the late one waits.
    pair.client = Client::new();
    pair.connect();
    assert_eq!(
        pair.says("login anna"),
        ["logged in, 1 message waiting", "ben: late"]
    );
}

#[test]
fn a_user_that_is_not_logged_in_or_not_connected_leaves_at_once() {
    let mut pair = Pair::new();
    let mut out = Outgoing::default();
    pair.client.leave(&mut out);
    assert!(pair.client.has_left() && out.frames.is_empty());
    let mut pair = Pair::new();
    pair.says("create anna");
    pair.says("login anna");
    pair.client.leave(&mut out);
    pair.client.disconnected();
    assert!(pair.client.has_left());
}

/// The numbers and results of messages that were sent without waiting.
fn results(pair: &mut Pair) -> Vec<(u64, String)> {
    let found = pair.notices.drain(..).filter_map(|notice| match notice {
        Notice::MessageAnswered { number, outcome } => Some((number, outcome.to_string())),
        _ => None,
    });
    found.collect()
}

/// A client that is logged in as `anna` and has sent so many messages without waiting; their
/// frames are in the result.
fn with_messages(count: u64) -> (Pair, Outgoing) {
    let mut anna = Pair::new();
    let mut out = Outgoing::default();
    assert_eq!(anna.client.send("ben".into(), "no".into(), &mut out), None);
    anna.says("create anna");
    anna.says("login anna");
    for number in 1..=count {
        let text = format!("text {number}");
        assert_eq!(anna.client.send("ben".into(), text, &mut out), Some(number));
    }
    assert_eq!(out.frames.len() as u64, count);
    assert_eq!(out.notices.len() as u64, count);
    (anna, out)
}

#[test]
fn messages_are_sent_without_waiting_and_each_has_its_result() {
    let (mut anna, mut out) = with_messages(2);
    assert_eq!(
        anna.client.send("nobody".into(), "x".into(), &mut out),
        Some(3)
    );
    // A command between them has its own reply.
    anna.client
        .command(Command::parse("list").unwrap(), &mut out);
    assert_eq!(
        anna.client.send("ben".into(), "x".into(), &mut out),
        Some(4)
    );
    anna.carry(out);
    let listed = anna.notices.iter().filter_map(Notice::line).next();
    assert_eq!(listed.as_deref(), Some("anna ben"));
    let (queued, refused) = ("queued".to_owned(), "no account has this name".to_owned());
    let expected = [
        (1, queued.clone()),
        (2, queued.clone()),
        (3, refused),
        (4, queued),
    ];
    assert_eq!(results(&mut anna), expected);
    assert_eq!(anna.server.service().waiting(), 3);
}

#[test]
fn after_a_lost_connection_only_messages_that_were_not_accepted_are_sent_again() {
    for accepted in 0..=4_u64 {
        let (mut anna, out) = with_messages(4);
        anna.reach_server(&out.frames[..accepted as usize]);
        anna.cut();
        assert!(!anna.client.can_send());
        anna.connect();
        let expected = (1..=4).map(|number| {
            let shown = if number <= accepted { "sent" } else { "queued" };
            (number, shown.to_owned())
        });
        assert_eq!(results(&mut anna), expected.collect::<Vec<_>>());
        assert_eq!(anna.server.service().waiting(), 4);
    }
}

#[test]
fn messages_wait_for_a_login_if_the_server_has_logged_the_user_out() {
    let (mut anna, out) = with_messages(3);
    // The server has lost the connection, and the client does not know it.
    anna.server.forget(1);
    anna.carry(out);
    let queued = |number| (number, "queued".to_owned());
    assert_eq!(results(&mut anna), [1, 2, 3].map(queued));
    assert_eq!(anna.server.service().waiting(), 3);
}

#[test]
fn the_messages_of_an_account_that_is_gone_are_refused() {
    let (mut anna, _) = with_messages(2);
    anna.server = Server::new(Limits::default());
    anna.cut();
    anna.connect();
    assert_eq!(anna.lines(), ["logged out: no account has this name"]);
    // The account is created first here, so it has another mailbox.
    for line in ["create anna", "login anna"] {
        let out = anna.begin(line);
        anna.carry(out);
    }
    let gone = "the account that sent it does not exist any more";
    assert_eq!(
        results(&mut anna),
        [1, 2].map(|number| (number, gone.to_owned()))
    );
    assert_eq!(anna.server.service().waiting(), 0);
}
