//! The service: accounts, who is logged in, and what waits for whom.
//!
//! Every account has a mailbox. A message that is sent goes into the recipient's
//! mailbox, under the mailbox's next number, and stays there until the recipient
//! has acknowledged it. While the recipient is logged in, messages are *pushed* to
//! it, at most [`Limits::window`] without an acknowledgement, so that somebody who
//! does not read is not flooded. Whatever ends a login (a logout, a lost connection,
//! a login of the same account elsewhere) only sets back what was pushed: the next
//! login gets all that is not acknowledged.
//!
//! A mailbox has a number that no other one has or had: an account that is deleted
//! and made again is another account, whose messages count from 1.

use account::{Account, Waiting};

use crate::{Refusal, check_name, check_pattern, matches};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

mod account;
#[cfg(test)]
mod tests;

/// The longest text `[bytes of UTF-8]`. Arbitrary: a page.
pub const MAX_TEXT: usize = 4096;

/// Who talks to the service, one at a time: a connection, a stream.
pub type Session = u64;

/// How much the service keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages pushed to a recipient without an acknowledgement; at least 1.
    pub window: usize,
    /// Messages that may wait in a mailbox.
    pub mailbox: usize,
    /// Accounts that there may be.
    pub accounts: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            window: 64,
            mailbox: 10_000,
            accounts: 100_000,
        }
    }
}

/// A message in its mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The mailbox's number.
    pub mailbox: u64,
    /// The message's number in it, from 1.
    pub id: u64,
    /// Who sent it.
    pub from: Arc<str>,
    /// What it says.
    pub text: Arc<str>,
}

/// Something that a session is told without having asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A message for the account that is logged in.
    Message(Delivery),
    /// The account with this mailbox was logged in elsewhere, which ended the
    /// login here.
    Elsewhere {
        /// The mailbox.
        mailbox: u64,
    },
}

/// Pushes in the order in which they go out.
pub type Pushes = Vec<(Session, Push)>;

/// The answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The number of the account's mailbox.
    pub mailbox: u64,
    /// The number of the last message that the account sent.
    pub last_number: u64,
    /// The last message that was acknowledged; those after it are pushed.
    pub acknowledged: u64,
    /// How many messages wait.
    pub waiting: u32,
}

/// Whose messages were acknowledged, and up to which.
pub type Taken = (Arc<str>, u64);

/// What became of a message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Who sent it.
    pub from: Arc<str>,
    /// The recipient's mailbox.
    pub mailbox: u64,
    /// The message's number in it.
    pub id: u64,
    /// Whether it was pushed at once; else it waits.
    pub delivered: bool,
}

/// The service.
#[derive(Debug)]
pub struct Service {
    limits: Limits,
    accounts: BTreeMap<Arc<str>, Account>,
    /// Who is logged in, by session. Looked into, never iterated.
    online: HashMap<Session, Arc<str>>,
    /// The number of the newest mailbox.
    newest: u64,
    waiting: usize,
}

impl Service {
    /// A service without accounts.
    pub fn new(limits: Limits) -> Service {
        let window = limits.window.max(1);
        Service {
            limits: Limits { window, ..limits },
            accounts: BTreeMap::new(),
            online: HashMap::new(),
            newest: 0,
            waiting: 0,
        }
    }

    /// Number of accounts.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Number of accounts that are logged in.
    pub fn online(&self) -> usize {
        self.online.len()
    }

    /// Number of messages that are not acknowledged, in all mailboxes.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The account that a session is logged in to.
    pub fn user(&self, session: Session) -> Option<&Arc<str>> {
        self.online.get(&session)
    }

    /// Makes an account. `now_ns` is any clock that does not go back, so that a
    /// service that starts anew gives its mailboxes other numbers than before.
    ///
    /// # Errors
    /// When the name is none or taken, or there is no room.
    pub fn create(&mut self, name: &str, now_ns: u64) -> Result<(), Refusal> {
        check_name(name)?;
        if self.accounts.contains_key(name) {
            return Err(Refusal::NameTaken);
        }
        if self.accounts.len() >= self.limits.accounts {
            return Err(Refusal::ServiceFull);
        }
        self.newest = now_ns.max(self.newest + 1);
        let account = Account {
            mailbox: self.newest,
            session: None,
            last_number: 0,
            acknowledged: 0,
            pushed: 0,
            waiting: Default::default(),
        };
        self.accounts.insert(name.into(), account);
        Ok(())
    }

    /// Logs a session in; what waits is pushed after the answer. Where the account is
    /// logged in elsewhere, that login ends: the newest counts, since the older
    /// one may be a connection that is dead and does not know it yet.
    ///
    /// # Errors
    /// When there is no such account, or the session is logged in to another one.
    pub fn login(
        &mut self,
        session: Session,
        name: &str,
        pushes: &mut Pushes,
    ) -> Result<LoggedIn, Refusal> {
        if self.user(session).is_some_and(|user| **user != *name) {
            return Err(Refusal::AlreadyLoggedIn);
        }
        let Some((name, _)) = self.accounts.get_key_value(name) else {
            return Err(Refusal::NoSuchAccount);
        };
        let name = name.clone();
        let account = self.accounts.get_mut(&name).expect("it was just found");
        if let Some(before) = account.session.replace(session)
            && before != session
        {
            self.online.remove(&before);
            let mailbox = account.mailbox;
            pushes.push((before, Push::Elsewhere { mailbox }));
        }
        self.online.insert(session, name);
        let answer = LoggedIn {
            mailbox: account.mailbox,
            last_number: account.last_number,
            acknowledged: account.acknowledged,
            waiting: account.waiting.len() as u32,
        };
        account.set_back();
        account.push(self.limits.window, pushes);
        Ok(answer)
    }

    /// Logs a session out; its account stays.
    ///
    /// # Errors
    /// When it is not logged in.
    pub fn logout(&mut self, session: Session) -> Result<Arc<str>, Refusal> {
        let name = self.online.remove(&session).ok_or(Refusal::NotLoggedIn)?;
        if let Some(account) = self.accounts.get_mut(&name) {
            account.session = None;
            account.set_back();
        }
        Ok(name)
    }

    /// The names that fit a pattern, in their order (that of their bytes), after
    /// the name `after`.
    ///
    /// # Errors
    /// When the pattern is none.
    pub fn list<'a>(
        &'a self,
        pattern: &'a str,
        after: &str,
    ) -> Result<impl Iterator<Item = &'a str>, Refusal> {
        check_pattern(pattern)?;
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let names = self.accounts.range::<str, _>(range);
        Ok(names
            .map(|(name, _)| &**name)
            .filter(|it| matches(pattern, it)))
    }

    /// Takes a message from the account that is logged in. `number` is its own
    /// number for it, above that of its last one.
    ///
    /// # Errors
    /// When it is not logged in, the number was used, the text is too long, or there
    /// is no such account or no room in its mailbox. Then the number is still free.
    pub fn send(
        &mut self,
        session: Session,
        to: &str,
        number: u64,
        text: &str,
        pushes: &mut Pushes,
    ) -> Result<Accepted, Refusal> {
        let from = self.user(session).ok_or(Refusal::NotLoggedIn)?.clone();
        let last_number = self.accounts.get(&from).map_or(0, |it| it.last_number);
        if number <= last_number {
            return Err(Refusal::NumberUsed);
        }
        if text.len() > MAX_TEXT {
            return Err(Refusal::TextTooLong);
        }
        let recipient = self.accounts.get_mut(to).ok_or(Refusal::NoSuchAccount)?;
        if recipient.waiting.len() >= self.limits.mailbox {
            return Err(Refusal::MailboxFull);
        }
        recipient.waiting.push_back(Waiting {
            from: from.clone(),
            text: text.into(),
        });
        self.waiting += 1;
        recipient.push(self.limits.window, pushes);
        let id = recipient.acknowledged + recipient.waiting.len() as u64;
        let accepted = Accepted {
            from: from.clone(),
            mailbox: recipient.mailbox,
            id,
            delivered: recipient.pushed == id,
        };
        if let Some(sender) = self.accounts.get_mut(&from) {
            sender.last_number = number;
        }
        Ok(accepted)
    }

    /// Takes all messages up to `id` out of the mailbox of the account that is logged
    /// in, and pushes what follows. Answers whose it was and up to where; none if
    /// there was nothing to take, or the mailbox is another one.
    pub fn acknowledge(
        &mut self,
        session: Session,
        mailbox: u64,
        id: u64,
        pushes: &mut Pushes,
    ) -> Option<Taken> {
        let name = self.online.get(&session)?;
        let account = self.accounts.get_mut(name)?;
        let taken = match account.mailbox == mailbox {
            true => account.acknowledge(id),
            false => 0,
        };
        self.waiting -= taken;
        account.push(self.limits.window, pushes);
        (taken > 0).then(|| (name.clone(), account.acknowledged))
    }

    /// As [`acknowledge`](Service::acknowledge), then pushes again what was pushed and is
    /// not acknowledged: for those whose carrier loses messages. Answers how many
    /// wait.
    ///
    /// # Errors
    /// When it is not logged in.
    pub fn receive(
        &mut self,
        session: Session,
        mailbox: u64,
        id: u64,
        pushes: &mut Pushes,
    ) -> Result<(u32, Option<Taken>), Refusal> {
        let name = self.online.get(&session).ok_or(Refusal::NotLoggedIn)?;
        let name = name.clone();
        let taken = self.acknowledge(session, mailbox, id, &mut Vec::new());
        let account = self.accounts.get_mut(&name).ok_or(Refusal::NotLoggedIn)?;
        account.set_back();
        account.push(self.limits.window, pushes);
        Ok((account.waiting.len() as u32, taken))
    }

    /// Deletes the account that is logged in, with what waits for it; what it sent
    /// stays where it is. Answers its name, its mailbox, and how many messages went.
    ///
    /// # Errors
    /// When it is not logged in.
    pub fn delete(&mut self, session: Session) -> Result<(Arc<str>, u64, u32), Refusal> {
        let name = self.logout(session)?;
        let account = self.accounts.remove(&name).ok_or(Refusal::NotLoggedIn)?;
        self.waiting -= account.waiting.len();
        Ok((name, account.mailbox, account.waiting.len() as u32))
    }
}
