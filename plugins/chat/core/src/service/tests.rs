//! The rules of the service, one by one.

use super::*;

/// The pushes as `session: from id text`.
fn shown(pushes: &mut Pushes) -> Vec<String> {
    let line = |(session, push): (Session, Push)| match push {
        Push::Message(it) => format!("{session}: {} {} {}", it.from, it.id, it.text),
        Push::Elsewhere { .. } => format!("{session}: elsewhere"),
    };
    pushes.drain(..).map(line).collect()
}

struct Chat {
    service: Service,
    pushes: Pushes,
}

impl Chat {
    fn with(limits: Limits, names: &[&str]) -> Chat {
        let mut service = Service::new(limits);
        for name in names {
            service.create(name, 1000).unwrap();
        }
        let pushes = Vec::new();
        Chat { service, pushes }
    }

    fn of(names: &[&str]) -> Chat {
        Chat::with(Limits::default(), names)
    }

    fn login(&mut self, session: Session, name: &str) -> Result<LoggedIn, Refusal> {
        self.service.login(session, name, &mut self.pushes)
    }

    fn send(&mut self, session: Session, to: &str, number: u64) -> Result<Accepted, Refusal> {
        let text = format!("text {number}");
        self.service
            .send(session, to, number, &text, &mut self.pushes)
    }

    fn acknowledge(&mut self, session: Session, mailbox: u64, id: u64) -> Option<u64> {
        let taken = self
            .service
            .acknowledge(session, mailbox, id, &mut self.pushes);
        taken.map(|(_, id)| id)
    }

    fn shown(&mut self) -> Vec<String> {
        shown(&mut self.pushes)
    }
}

#[test]
fn logged_in_users_get_messages_at_once_and_others_later() {
    let mut chat = Chat::of(&["anna", "ben"]);
    chat.login(1, "anna").unwrap();
    let queued = chat.send(1, "ben", 1).unwrap();
    assert_eq!((queued.id, queued.delivered), (1, false));
    assert_eq!(chat.shown(), [""; 0]);
    let answer = chat.login(2, "ben").unwrap();
    assert_eq!((answer.acknowledged, answer.waiting), (0, 1));
    assert_eq!(chat.shown(), ["2: anna 1 text 1"]);
    let at_once = chat.send(1, "ben", 2).unwrap();
    assert_eq!((at_once.id, at_once.delivered), (2, true));
    assert_eq!(chat.shown(), ["2: anna 2 text 2"]);
    // A message to the own account.
    assert!(chat.send(1, "anna", 3).unwrap().delivered);
    assert_eq!(chat.shown(), ["1: anna 1 text 3"]);
    assert_eq!(chat.service.waiting(), 3);
}

#[test]
fn a_lost_connection_loses_no_message() {
    let mut chat = Chat::of(&["anna", "ben"]);
    chat.login(1, "anna").unwrap();
    let mailbox = chat.login(2, "ben").unwrap().mailbox;
    for number in 1..=3 {
        chat.send(1, "ben", number).unwrap();
    }
    assert_eq!(chat.acknowledge(2, mailbox, 1), Some(1));
    chat.shown();
    assert_eq!(chat.service.logout(2).as_deref(), Ok("ben"));
    let answer = chat.login(3, "ben").unwrap();
    assert_eq!((answer.acknowledged, answer.waiting), (1, 2));
    assert_eq!(chat.shown(), ["3: anna 2 text 2", "3: anna 3 text 3"]);
}

#[test]
fn a_new_login_ends_the_old_one() {
    let mut chat = Chat::of(&["anna", "ben"]);
    chat.login(1, "anna").unwrap();
    chat.send(1, "anna", 1).unwrap();
    chat.shown();
    chat.login(2, "anna").unwrap();
    assert_eq!(chat.shown(), ["1: elsewhere", "2: anna 1 text 1"]);
    assert_eq!(chat.send(1, "ben", 2), Err(Refusal::NotLoggedIn));
    assert_eq!(chat.login(2, "ben"), Err(Refusal::AlreadyLoggedIn));
    // A login to the same account: messages without an acknowledgement are pushed again.
    chat.login(2, "anna").unwrap();
    assert_eq!(chat.shown(), ["2: anna 1 text 1"]);
    assert_eq!(chat.service.online(), 1);
}

#[test]
fn no_more_than_the_window_is_pushed_without_an_acknowledgement() {
    let limits = Limits {
        window: 2,
        ..Limits::default()
    };
    let mut chat = Chat::with(limits, &["anna", "ben"]);
    chat.login(1, "anna").unwrap();
    let mailbox = chat.login(2, "ben").unwrap().mailbox;
    let sent: Vec<bool> = (1..=5)
        .map(|number| chat.send(1, "ben", number).unwrap().delivered)
        .collect();
    assert_eq!(sent, [true, true, false, false, false]);
    assert_eq!(chat.shown(), ["2: anna 1 text 1", "2: anna 2 text 2"]);
    // Messages that were not pushed, or are in another mailbox, cannot be acknowledged.
    assert_eq!(chat.acknowledge(2, mailbox + 1, 1), None);
    assert_eq!(chat.acknowledge(1, mailbox, 1), None);
    assert_eq!(chat.acknowledge(3, mailbox, 1), None);
    assert_eq!(chat.acknowledge(2, mailbox, 5), Some(2));
    assert_eq!(chat.shown(), ["2: anna 3 text 3", "2: anna 4 text 4"]);
    assert_eq!(chat.acknowledge(2, mailbox, 2), None);
    // Requested messages are pushed again.
    let pushes = &mut chat.pushes;
    let (count, taken) = chat.service.receive(2, mailbox, 3, pushes).unwrap();
    assert_eq!((count, taken.map(|it| it.1)), (2, Some(3)));
    assert_eq!(chat.shown(), ["2: anna 4 text 4", "2: anna 5 text 5"]);
    assert_eq!(chat.service.waiting(), 2);
}

#[test]
fn a_deleted_account_loses_its_waiting_messages_but_not_those_it_sent() {
    let mut chat = Chat::of(&["anna", "ben"]);
    chat.login(1, "anna").unwrap();
    chat.send(1, "ben", 1).unwrap();
    chat.send(1, "anna", 2).unwrap();
    let (name, old, discarded) = chat.service.delete(1).unwrap();
    assert_eq!((&*name, discarded), ("anna", 1));
    assert_eq!(chat.service.waiting(), 1);
    assert_eq!(chat.login(1, "anna"), Err(Refusal::NoSuchAccount));
    assert_eq!(chat.service.delete(1), Err(Refusal::NotLoggedIn));
    chat.shown();
    chat.login(2, "ben").unwrap();
    assert_eq!(chat.shown(), ["2: anna 1 text 1"]);
    assert_eq!(chat.send(2, "anna", 1), Err(Refusal::NoSuchAccount));
    // The name is free; the new account is a different one.
    chat.service.create("anna", 0).unwrap();
    let new = chat.login(1, "anna").unwrap();
    assert!(new.mailbox > old);
    assert_eq!((new.last_number, new.acknowledged, new.waiting), (0, 0, 0));
}

#[test]
fn a_message_is_accepted_once_by_its_number() {
    let mut chat = Chat::of(&["anna", "ben"]);
    assert_eq!(chat.send(1, "ben", 1), Err(Refusal::NotLoggedIn));
    chat.login(1, "anna").unwrap();
    assert_eq!(chat.send(1, "ben", 0), Err(Refusal::NumberUsed));
    chat.send(1, "ben", 7).unwrap();
    assert_eq!(chat.send(1, "ben", 7), Err(Refusal::NumberUsed));
    // A refused message does not use its number.
    assert_eq!(chat.send(1, "nobody", 9), Err(Refusal::NoSuchAccount));
    let long = "x".repeat(MAX_TEXT + 1);
    let sent = chat.service.send(1, "ben", 9, &long, &mut chat.pushes);
    assert_eq!(sent, Err(Refusal::TextTooLong));
    assert_eq!(chat.send(1, "ben", 8).unwrap().id, 2);
    assert_eq!(chat.login(2, "anna").unwrap().last_number, 8);
}

#[test]
fn names_are_checked_unique_and_limited_in_number() {
    let limits = Limits {
        accounts: 2,
        mailbox: 1,
        ..Limits::default()
    };
    let mut chat = Chat::with(limits, &["anna"]);
    assert_eq!(chat.service.create("anna", 0), Err(Refusal::NameTaken));
    assert_eq!(chat.service.create("", 0), Err(Refusal::BadName));
    assert_eq!(
        chat.service.create(&"n".repeat(65), 0),
        Err(Refusal::BadName)
    );
    chat.service.create("ben", 0).unwrap();
    assert_eq!(chat.service.create("carl", 0), Err(Refusal::ServiceFull));
    chat.login(1, "anna").unwrap();
    chat.send(1, "ben", 1).unwrap();
    assert_eq!(chat.send(1, "ben", 2), Err(Refusal::MailboxFull));
}

#[test]
fn names_are_listed_in_order_after_a_name() {
    let chat = Chat::of(&["carl", "anna", "Ben", "annika"]);
    let list = |pattern: &str, after: &str| -> Result<Vec<String>, Refusal> {
        let names = chat.service.list(pattern, after)?;
        Ok(names.map(str::to_owned).collect())
    };
    assert_eq!(list("*", "").unwrap(), ["Ben", "anna", "annika", "carl"]);
    assert_eq!(list("*", "anna").unwrap(), ["annika", "carl"]);
    assert_eq!(list("ann*", "b").unwrap(), [""; 0]);
    assert_eq!(list("????", "").unwrap(), ["anna", "carl"]);
    assert_eq!(list("", ""), Err(Refusal::BadPattern));
}

#[test]
fn a_restarted_service_uses_new_mailbox_numbers() {
    let mut before = Chat::of(&["anna"]);
    let old = before.login(1, "anna").unwrap().mailbox;
    let mut service = Service::new(Limits::default());
    service.create("anna", 2000).unwrap();
    let new = service.login(1, "anna", &mut Vec::new()).unwrap();
    assert!(new.mailbox > old);
}
