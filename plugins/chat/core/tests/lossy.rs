//! Clients and a server over a network that loses, repeats and delays frames and
//! cuts connections: whatever it does, each message is shown once and in order.

use chat_core::delivery::{Delivery, Judgement, Seen};
use chat_core::{Client, Command, Happened, Limits, Outbox, Outcome, Outgoing, Server, Told};
use proptest::prelude::*;
use std::collections::VecDeque;

const NAMES: [&str; 4] = ["anna", "ben", "carl", "dora"];

/// Something that happens next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// A user begins a command, if it has none under way.
    Command(usize, u8),
    /// The frame in front arrives, at the server (true) or at the user.
    Arrives(usize, bool),
    /// It is lost.
    Lost(usize, bool),
    /// It arrives, and will again.
    Twice(usize, bool),
    /// It goes behind the others.
    Late(usize, bool),
    /// A user's patience ends.
    Again(usize),
    /// A user asks for what may be missing.
    Poll(usize),
    /// A connection is cut, with all that is under way, and made anew.
    Cut(usize),
}

fn next() -> impl Strategy<Value = Next> {
    let user = || 0..NAMES.len();
    prop_oneof![
        4 => (user(), 0..16_u8).prop_map(|(user, what)| Next::Command(user, what)),
        12 => (user(), any::<bool>()).prop_map(|(user, there)| Next::Arrives(user, there)),
        1 => (user(), any::<bool>()).prop_map(|(user, there)| Next::Lost(user, there)),
        1 => (user(), any::<bool>()).prop_map(|(user, there)| Next::Twice(user, there)),
        1 => (user(), any::<bool>()).prop_map(|(user, there)| Next::Late(user, there)),
        2 => user().prop_map(Next::Again),
        1 => user().prop_map(Next::Poll),
        1 => user().prop_map(Next::Cut),
    ]
}

struct User {
    client: Client,
    to_server: VecDeque<Vec<u8>>,
    to_user: VecDeque<Vec<u8>>,
}

struct Network {
    server: Server,
    users: Vec<User>,
    outbox: Outbox,
    delivery: Delivery<u64>,
    now: u64,
    nonce: u64,
    sent: u64,
    refused: u64,
}

impl Network {
    fn new() -> Network {
        let user = |_: &&str| User {
            client: Client::new(),
            to_server: VecDeque::new(),
            to_user: VecDeque::new(),
        };
        let limits = Limits {
            window: 3,
            ..Limits::default()
        };
        let mut network = Network {
            server: Server::new(limits),
            users: NAMES.iter().map(user).collect(),
            outbox: Outbox::default(),
            delivery: Delivery::default(),
            now: 0,
            nonce: 0,
            sent: 0,
            refused: 0,
        };
        (0..NAMES.len()).for_each(|user| network.connect(user));
        network
    }

    fn connect(&mut self, user: usize) {
        self.nonce += 1_000_000;
        let mut out = Outgoing::default();
        self.users[user].client.connected(self.nonce, &mut out);
        self.takes(user, out);
    }

    /// What a client wants is done, and what it tells is judged.
    fn takes(&mut self, user: usize, out: Outgoing) {
        self.users[user].to_server.extend(out.frames);
        for told in out.told {
            self.now += 1;
            let seen = match &told {
                Told::Submitted { from, to, number } => Seen::Submitted {
                    from,
                    to,
                    number: *number,
                },
                Told::Message {
                    mailbox, id, from, ..
                } => Seen::Got {
                    from,
                    mailbox: *mailbox,
                    id: *id,
                },
                Told::Answered { outcome, .. } => {
                    match outcome {
                        Outcome::Sent { .. } => self.sent += 1,
                        Outcome::Refused { .. } => self.refused += 1,
                        _ => {}
                    }
                    continue;
                }
                _ => continue,
            };
            self.delivery.see(self.now, seen);
        }
    }

    fn command(&mut self, user: usize, what: u8) {
        let client = &self.users[user].client;
        if client.is_busy() {
            return;
        }
        let (own, other) = (NAMES[user], NAMES[usize::from(what) % NAMES.len()]);
        let line = match what {
            0 => "logout".to_owned(),
            1 => "delete".to_owned(),
            2 => "list".to_owned(),
            3 => "receive".to_owned(),
            4 => format!("create {own}"),
            5 => format!("login {own}"),
            _ if client.user().is_some() => format!("send {other} hi"),
            _ => format!("login {own}"),
        };
        self.say(user, &line);
    }

    fn say(&mut self, user: usize, line: &str) {
        let mut out = Outgoing::default();
        let command = Command::parse(line).unwrap();
        self.users[user].client.command(command, &mut out);
        self.takes(user, out);
    }

    fn at_server(&mut self, user: usize, frame: &[u8]) {
        self.now += 1;
        self.outbox.clear();
        let now = self.now;
        let session = user as u64;
        let happened = self.server.frame(session, frame, now, &mut self.outbox);
        let delivery = &mut self.delivery;
        match &happened {
            Happened::Accepted {
                from,
                to,
                number,
                mailbox,
                id,
                ..
            } => {
                let (number, mailbox, id) = (*number, *mailbox, *id);
                let seen = Seen::Accepted {
                    from,
                    to,
                    number,
                    mailbox,
                    id,
                };
                delivery.see(now, seen);
            }
            &Happened::Acknowledged { mailbox, id, .. } => {
                let outside = false;
                let seen = Seen::Acknowledged {
                    mailbox,
                    id,
                    outside,
                };
                delivery.see(now, seen);
            }
            Happened::Deleted { name, mailbox, .. } => {
                let mailbox = *mailbox;
                delivery.see(now, Seen::Deleted { name, mailbox });
            }
            _ => {}
        }
        for (to, frame) in self.outbox.iter() {
            self.users[to as usize].to_user.push_back(frame.to_vec());
        }
    }

    fn at_user(&mut self, user: usize, frame: &[u8]) {
        let mut out = Outgoing::default();
        self.users[user].client.frame(frame, &mut out);
        self.takes(user, out);
    }

    fn way(&mut self, user: usize, there: bool) -> &mut VecDeque<Vec<u8>> {
        let user = &mut self.users[user];
        match there {
            true => &mut user.to_server,
            false => &mut user.to_user,
        }
    }

    fn arrives(&mut self, user: usize, there: bool) {
        if let Some(frame) = self.way(user, there).pop_front() {
            match there {
                true => self.at_server(user, &frame),
                false => self.at_user(user, &frame),
            }
        }
    }

    fn happens(&mut self, next: Next) {
        match next {
            Next::Command(user, what) => self.command(user, what),
            Next::Arrives(user, there) => self.arrives(user, there),
            Next::Lost(user, there) => drop(self.way(user, there).pop_front()),
            Next::Twice(user, there) => {
                if let Some(frame) = self.way(user, there).front().cloned() {
                    self.way(user, there).push_back(frame);
                }
                self.arrives(user, there);
            }
            Next::Late(user, there) => {
                if let Some(frame) = self.way(user, there).pop_front() {
                    self.way(user, there).push_back(frame);
                }
            }
            Next::Again(user) => {
                let mut out = Outgoing::default();
                self.users[user].client.resend(&mut out);
                self.takes(user, out);
            }
            Next::Poll(user) => {
                let mut out = Outgoing::default();
                self.users[user].client.poll(&mut out);
                self.takes(user, out);
            }
            Next::Cut(user) => {
                self.server.forget(user as u64);
                self.users[user].client.disconnected();
                self.users[user].to_server.clear();
                self.users[user].to_user.clear();
                self.connect(user);
            }
        }
    }

    /// Everything under way arrives, and what was lost is asked for again, until all
    /// is quiet.
    fn settle(&mut self) {
        for _ in 0..40 {
            for user in 0..NAMES.len() {
                while !self.users[user].to_server.is_empty() || !self.users[user].to_user.is_empty()
                {
                    self.arrives(user, true);
                    self.arrives(user, false);
                }
                self.happens(Next::Again(user));
                self.happens(Next::Poll(user));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn each_message_is_shown_once_and_in_order(all in proptest::collection::vec(next(), 0..600)) {
        let mut network = Network::new();
        for (user, name) in NAMES.iter().enumerate() {
            network.say(user, &format!("create {name}"));
        }
        network.settle();
        for next in all {
            network.happens(next);
        }
        network.settle();
        for (user, name) in network.users.iter().zip(NAMES) {
            prop_assert!(!user.client.is_busy(), "{} waits forever", name);
        }
        // Everybody comes back once more: nothing is left waiting.
        for (user, name) in NAMES.iter().enumerate() {
            network.say(user, &format!("create {name}"));
            network.settle();
            network.say(user, &format!("login {name}"));
            network.settle();
            prop_assert_eq!(network.users[user].client.user(), Some(*name));
        }
        network.settle();
        prop_assert_eq!(network.server.service().waiting(), 0);
        let now = network.now;
        network.delivery.see(now, Seen::Waiting { count: 0 });
        match network.delivery.finish() {
            Judgement::Kept { .. } => prop_assert!(network.sent > 0),
            Judgement::Unknown { .. } => prop_assert_eq!(network.sent, 0),
            Judgement::Broken { reason, rows } => prop_assert!(false, "{} {:?}", reason, rows),
        }
    }
}
