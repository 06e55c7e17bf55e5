//! Clients and a server over a network that loses, duplicates and reorders frames and breaks
//! connections. In every case, each message is shown once and in order.

use chat_core::delivery::{Delivery, Event, Judgement};
use chat_core::{Change, Client, Command, Limits, Notice, Outbox, Outcome, Outgoing, Server};
use proptest::prelude::*;
use std::collections::VecDeque;

const NAMES: [&str; 4] = ["anna", "ben", "carl", "dora"];

/// A random step.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A user begins a command, unless another one is not finished.
    Command(usize, u8),
    /// The first frame arrives, at the server (`true`) or at the user.
    Arrival(usize, bool),
    /// The first frame is lost.
    Loss(usize, bool),
    /// The first frame arrives, and a copy arrives later.
    Duplicate(usize, bool),
    /// The first frame is moved behind the others.
    Reorder(usize, bool),
    /// A user's timeout fires.
    Resend(usize),
    /// A user requests missing messages.
    Poll(usize),
    /// A connection is lost with all its frames, and opened again.
    Disconnect(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let user = || 0..NAMES.len();
    prop_oneof![
        4 => (user(), 0..16_u8).prop_map(|(user, what)| Step::Command(user, what)),
        12 => (user(), any::<bool>()).prop_map(|(user, up)| Step::Arrival(user, up)),
        1 => (user(), any::<bool>()).prop_map(|(user, up)| Step::Loss(user, up)),
        1 => (user(), any::<bool>()).prop_map(|(user, up)| Step::Duplicate(user, up)),
        1 => (user(), any::<bool>()).prop_map(|(user, up)| Step::Reorder(user, up)),
        2 => user().prop_map(Step::Resend),
        1 => user().prop_map(Step::Poll),
        1 => user().prop_map(Step::Disconnect),
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
        self.handle_output(user, out);
    }

    /// Sends a client's frames and judges its notices.
    fn handle_output(&mut self, user: usize, out: Outgoing) {
        self.users[user].to_server.extend(out.frames);
        for notice in out.notices {
            self.now += 1;
            let event = match &notice {
                Notice::Submitted { from, to, number } => Event::Submitted {
                    from,
                    to,
                    number: *number,
                },
                Notice::Message {
                    mailbox, id, from, ..
                } => Event::Received {
                    from,
                    mailbox: *mailbox,
                    id: *id,
                },
                Notice::Answered { outcome, .. } => {
                    match outcome {
                        Outcome::Sent { .. } => self.sent += 1,
                        Outcome::Refused { .. } => self.refused += 1,
                        _ => {}
                    }
                    continue;
                }
                _ => continue,
            };
            self.delivery.add(self.now, event);
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
        self.begin(user, &line);
    }

    fn begin(&mut self, user: usize, line: &str) {
        let mut out = Outgoing::default();
        let command = Command::parse(line).unwrap();
        self.users[user].client.command(command, &mut out);
        self.handle_output(user, out);
    }

    fn server_receives(&mut self, user: usize, frame: &[u8]) {
        self.now += 1;
        self.outbox.clear();
        let now = self.now;
        let session = user as u64;
        let change = self.server.frame(session, frame, now, &mut self.outbox);
        let delivery = &mut self.delivery;
        match &change {
            Change::Accepted {
                from,
                to,
                number,
                mailbox,
                id,
                ..
            } => {
                let (number, mailbox, id) = (*number, *mailbox, *id);
                let event = Event::Accepted {
                    from,
                    to,
                    number,
                    mailbox,
                    id,
                };
                delivery.add(now, event);
            }
            &Change::Acknowledged { mailbox, id, .. } => {
                let outside = false;
                let event = Event::Acknowledged {
                    mailbox,
                    id,
                    outside,
                };
                delivery.add(now, event);
            }
            Change::Deleted { name, mailbox, .. } => {
                let mailbox = *mailbox;
                delivery.add(now, Event::Deleted { name, mailbox });
            }
            _ => {}
        }
        for (to, frame) in self.outbox.iter() {
            self.users[to as usize].to_user.push_back(frame.to_vec());
        }
    }

    fn user_receives(&mut self, user: usize, frame: &[u8]) {
        let mut out = Outgoing::default();
        self.users[user].client.frame(frame, &mut out);
        self.handle_output(user, out);
    }

    fn queue(&mut self, user: usize, up: bool) -> &mut VecDeque<Vec<u8>> {
        let user = &mut self.users[user];
        match up {
            true => &mut user.to_server,
            false => &mut user.to_user,
        }
    }

    fn deliver(&mut self, user: usize, up: bool) {
        if let Some(frame) = self.queue(user, up).pop_front() {
            match up {
                true => self.server_receives(user, &frame),
                false => self.user_receives(user, &frame),
            }
        }
    }

    fn execute(&mut self, step: Step) {
        match step {
            Step::Command(user, what) => self.command(user, what),
            Step::Arrival(user, up) => self.deliver(user, up),
            Step::Loss(user, up) => drop(self.queue(user, up).pop_front()),
            Step::Duplicate(user, up) => {
                if let Some(frame) = self.queue(user, up).front().cloned() {
                    self.queue(user, up).push_back(frame);
                }
                self.deliver(user, up);
            }
            Step::Reorder(user, up) => {
                if let Some(frame) = self.queue(user, up).pop_front() {
                    self.queue(user, up).push_back(frame);
                }
            }
            Step::Resend(user) => {
                let mut out = Outgoing::default();
                self.users[user].client.resend(&mut out);
                self.handle_output(user, out);
            }
            Step::Poll(user) => {
                let mut out = Outgoing::default();
                self.users[user].client.poll(&mut out);
                self.handle_output(user, out);
            }
            Step::Disconnect(user) => {
                self.server.forget(user as u64);
                self.users[user].client.disconnected();
                self.users[user].to_server.clear();
                self.users[user].to_user.clear();
                self.connect(user);
            }
        }
    }

    /// Delivers all frames and resends lost ones, until no frame is in flight.
    fn settle(&mut self) {
        for _ in 0..40 {
            for user in 0..NAMES.len() {
                while !self.users[user].to_server.is_empty() || !self.users[user].to_user.is_empty()
                {
                    self.deliver(user, true);
                    self.deliver(user, false);
                }
                self.execute(Step::Resend(user));
                self.execute(Step::Poll(user));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn each_message_is_shown_once_and_in_order(steps in proptest::collection::vec(step(), 0..600)) {
        let mut network = Network::new();
        for (user, name) in NAMES.iter().enumerate() {
            network.begin(user, &format!("create {name}"));
        }
        network.settle();
        for step in steps {
            network.execute(step);
        }
        network.settle();
        for (user, name) in network.users.iter().zip(NAMES) {
            prop_assert!(!user.client.is_busy(), "{} waits forever", name);
        }
        // After a last login of every user, no message is waiting.
        for (user, name) in NAMES.iter().enumerate() {
            network.begin(user, &format!("create {name}"));
            network.settle();
            network.begin(user, &format!("login {name}"));
            network.settle();
            prop_assert_eq!(network.users[user].client.user(), Some(*name));
        }
        network.settle();
        prop_assert_eq!(network.server.service().waiting(), 0);
        let now = network.now;
        network.delivery.add(now, Event::Waiting { count: 0 });
        match network.delivery.finish() {
            Judgement::Correct { .. } => prop_assert!(network.sent > 0),
            Judgement::Unknown { .. } => prop_assert_eq!(network.sent, 0),
            Judgement::Broken { reason, rows } => prop_assert!(false, "{} {:?}", reason, rows),
        }
    }
}
