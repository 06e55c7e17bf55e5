//! The service: accounts, logins and mailboxes.
//!
//! Every account has a mailbox. A sent message is put into the recipient's mailbox, under the
//! mailbox's next number, and stays there until the recipient has acknowledged it. While the
//! recipient is logged in, messages are *pushed* to it, at most [`Limits::window`] without an
//! acknowledgement, so a recipient that does not read has few messages in flight. The end of a
//! login (a logout, a lost connection, a login of the same account in another session) removes
//! no message: the next login gets all messages without an acknowledgement.
//!
//! The number of a mailbox is never reused: an account that is deleted and created again is
//! another account, whose messages are numbered from 1.

use account::{Account, Waiting};

pub use record::Record;

use crate::{Refusal, check_name, check_pattern, matches};
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

mod account;
mod record;
#[cfg(test)]
mod tests;

/// Maximum size of a text `[bytes of UTF-8]`. Arbitrary: about a page.
pub const MAX_TEXT: usize = 4096;

/// The number of a session: a connection or a stream with at most one login.
pub type Session = u64;

/// The limits of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of pushed messages without an acknowledgement; at least 1.
    pub window: usize,
    /// Maximum number of waiting messages in a mailbox.
    pub mailbox: usize,
    /// Maximum number of accounts.
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
    /// The number of the mailbox.
    pub mailbox: u64,
    /// The message's number in it, from 1.
    pub id: u64,
    /// The sender.
    pub from: Arc<str>,
    /// The text of the message.
    pub text: Arc<str>,
}

/// An event that the service sends to a session without a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// A message for the account that is logged in.
    Message(Delivery),
    /// The account with this mailbox was logged in over another session, which ended the login
    /// of this session.
    Elsewhere {
        /// The mailbox.
        mailbox: u64,
    },
}

/// Pushes in the order of their sending, each with its session.
pub type Pushes = Vec<(Session, Push)>;

/// The result of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedIn {
    /// The number of the account's mailbox.
    pub mailbox: u64,
    /// The number of the last message that the account sent.
    pub last_number: u64,
    /// The last acknowledged message; those after it are pushed.
    pub acknowledged: u64,
    /// Number of waiting messages.
    pub waiting: u32,
}

/// The account whose messages were acknowledged, and the last of these messages.
pub type Acknowledged = (Arc<str>, u64);

/// The result of sending a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The sender.
    pub from: Arc<str>,
    /// The recipient's mailbox.
    pub mailbox: u64,
    /// The message's number in it.
    pub id: u64,
    /// Whether the message was pushed at once; else it waits.
    pub delivered: bool,
}

/// The service.
#[derive(Debug)]
pub struct Service {
    limits: Limits,
    accounts: BTreeMap<Arc<str>, Account>,
    /// The account of each session. Never iterated: the order of a `HashMap` varies.
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

    /// Creates an account. `now_ns` is the time of a clock that does not go back: it makes the
    /// numbers of mailboxes unique even if the service restarts.
    ///
    /// # Errors
    /// If the name is invalid or taken, or there are too many accounts.
    pub fn create(&mut self, name: &str, now_ns: u64) -> Result<(), Refusal> {
        check_name(name)?;
        if self.accounts.contains_key(name) {
            return Err(Refusal::NameTaken);
        }
        if self.accounts.len() >= self.limits.accounts {
            return Err(Refusal::ServiceFull);
        }
        self.newest = now_ns.max(self.newest + 1);
        self.accounts.insert(name.into(), Account::new(self.newest));
        Ok(())
    }

    /// Logs a session in; the waiting messages are pushed after the reply. If another session is
    /// logged in to the account, its login ends: it may belong to a broken connection whose
    /// end is not yet known.
    ///
    /// # Errors
    /// If the account does not exist, or the session is logged in to another one.
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
        let logged_in = LoggedIn {
            mailbox: account.mailbox,
            last_number: account.last_number,
            acknowledged: account.acknowledged,
            waiting: account.waiting.len() as u32,
        };
        account.reset_pushed();
        account.push(self.limits.window, pushes);
        Ok(logged_in)
    }

    /// Logs a session out; the account remains. Returns the account's name.
    ///
    /// # Errors
    /// If the session is not logged in.
    pub fn logout(&mut self, session: Session) -> Result<Arc<str>, Refusal> {
        let name = self.online.remove(&session).ok_or(Refusal::NotLoggedIn)?;
        if let Some(account) = self.accounts.get_mut(&name) {
            account.session = None;
            account.reset_pushed();
        }
        Ok(name)
    }

    /// The names that match a pattern and follow the name `after`, in the order of their bytes.
    ///
    /// # Errors
    /// If the pattern is invalid.
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

    /// Sends a message from the account that is logged in. `number` is the sender's number for
    /// the message; it must be above the number of the sender's last message.
    ///
    /// # Errors
    /// If the session is not logged in, the number was used, the text is too long, the recipient
    /// does not exist, or its mailbox is full. Then the number is not used.
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

    /// Removes all messages up to `id` from the mailbox of the account that is logged in, and
    /// pushes the next ones. Returns the account and the last removed message; `None` if
    /// no message was removed, or the account has another mailbox.
    pub fn acknowledge(
        &mut self,
        session: Session,
        mailbox: u64,
        id: u64,
        pushes: &mut Pushes,
    ) -> Option<Acknowledged> {
        let name = self.online.get(&session)?;
        let account = self.accounts.get_mut(name)?;
        let removed = match account.mailbox == mailbox {
            true => account.acknowledge(id),
            false => 0,
        };
        self.waiting -= removed;
        account.push(self.limits.window, pushes);
        (removed > 0).then(|| (name.clone(), account.acknowledged))
    }

    /// Like [`acknowledge`](Service::acknowledge), and pushes again all pushed messages without
    /// an acknowledgement, for clients whose transport loses messages. Returns the number of
    /// waiting messages.
    ///
    /// # Errors
    /// If the session is not logged in.
    pub fn receive(
        &mut self,
        session: Session,
        mailbox: u64,
        id: u64,
        pushes: &mut Pushes,
    ) -> Result<(u32, Option<Acknowledged>), Refusal> {
        let name = self.online.get(&session).ok_or(Refusal::NotLoggedIn)?;
        let name = name.clone();
        let acknowledged = self.acknowledge(session, mailbox, id, &mut Vec::new());
        let account = self.accounts.get_mut(&name).ok_or(Refusal::NotLoggedIn)?;
        account.reset_pushed();
        account.push(self.limits.window, pushes);
        Ok((account.waiting.len() as u32, acknowledged))
    }

    /// Deletes the account that is logged in, and its waiting messages; the messages that it sent
    /// remain. Returns its name, its mailbox, and the number of deleted messages.
    ///
    /// # Errors
    /// If the session is not logged in.
    pub fn delete(&mut self, session: Session) -> Result<(Arc<str>, u64, u32), Refusal> {
        let name = self.logout(session)?;
        let account = self.accounts.remove(&name).ok_or(Refusal::NotLoggedIn)?;
        self.waiting -= account.waiting.len();
        Ok((name, account.mailbox, account.waiting.len() as u32))
    }
}
