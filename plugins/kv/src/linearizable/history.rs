//! The operations of all clients, as their records tell them.

use super::Evidence;
use super::doubt::Doubts;
use super::item::Operation;
use super::model::{self, Kind};
use std::collections::HashMap;

/// The operations of all clients, built from their records in the order of time. `R` identifies a
/// record.
#[derive(Debug)]
pub struct History<R> {
    /// Each key with its operations, in the order of the keys' first use.
    keys: Vec<(String, Vec<Operation<R>>)>,
    by_name: HashMap<String, usize>,
    /// The operations of each client that may get further records, by their numbers.
    clients: HashMap<String, HashMap<u64, Place>>,
    doubts: Doubts,
}

/// Where an operation is kept, by its indexes.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// An operation on a key.
    Key { key: usize, operation: usize },
    /// A command that is not modelled.
    Unmodelled(usize),
}

/// Names an operation: its client, and the number that the client has given it.
#[derive(Clone, Copy, Debug)]
pub struct Id<'a> {
    /// The client.
    pub client: &'a str,
    /// The number; 0 for a client that gives none, and then has one operation at a time.
    pub number: u64,
}

/// A command as a client recorded it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its name with its options: `set`, `incr`, `set nx`; `other` for what is no command.
    pub command: &'a str,
    /// The only key that it uses, which may be empty; `None`: none, or several.
    pub key: Option<&'a str>,
    /// The value that it writes; what follows the name of a command without a key.
    pub value: &'a str,
}

impl<R> Default for History<R> {
    fn default() -> History<R> {
        History {
            keys: Vec::new(),
            by_name: HashMap::new(),
            clients: HashMap::new(),
            doubts: Doubts::default(),
        }
    }
}

impl<R: Clone> History<R> {
    /// Adds an operation that a client began. A command that has nothing to do with keys is
    /// ignored.
    pub fn invoke(&mut self, id: Id<'_>, time_ns: u64, row: R, asked: Asked<'_>) {
        let own = self.clients.entry(id.client.to_owned()).or_default();
        own.remove(&id.number);
        let Asked {
            command,
            key,
            value,
        } = asked;
        let kind = model::kind(command, key.is_some());
        let place = match (kind, key) {
            (Kind::Harmless, _) => return,
            (Kind::Plain | Kind::Rich, Some(key)) => {
                let operation = Operation {
                    client: id.client.to_owned(),
                    command: command.to_owned(),
                    value: value.to_owned(),
                    sent_ns: vec![time_ns],
                    returned: None,
                    settled_ns: None,
                    rows: vec![row],
                    settled_row: None,
                };
                self.add(operation, key)
            }
            _ => {
                let named = if command == "other" { value } else { command };
                let may_write = kind != Kind::UnknownRead;
                Place::Unmodelled(self.doubts.unmodelled(id.client, named, may_write))
            }
        };
        if let Some(own) = self.clients.get_mut(id.client) {
            own.insert(id.number, place);
        }
    }

    /// Adds an operation to those of its key.
    fn add(&mut self, operation: Operation<R>, key: &str) -> Place {
        let index = match self.by_name.get(key) {
            Some(&index) => index,
            None => {
                self.keys.push((key.to_owned(), Vec::new()));
                self.by_name.insert(key.to_owned(), self.keys.len() - 1);
                self.keys.len() - 1
            }
        };
        let operations = &mut self.keys[index].1;
        operations.push(operation);
        Place::Key {
            key: index,
            operation: operations.len() - 1,
        }
    }

    fn place(&self, id: Id<'_>) -> Option<Place> {
        self.clients.get(id.client)?.get(&id.number).copied()
    }

    fn operation(&mut self, id: Id<'_>) -> Option<&mut Operation<R>> {
        match self.place(id)? {
            Place::Key { key, operation } => Some(&mut self.keys[key].1[operation]),
            Place::Unmodelled(_) => None,
        }
    }

    fn forget(&mut self, id: Id<'_>) {
        if let Some(own) = self.clients.get_mut(id.client) {
            own.remove(&id.number);
        }
    }

    /// Adds a repeated sending to an operation.
    pub fn retry(&mut self, id: Id<'_>, time_ns: u64, row: R) {
        if let Some(operation) = self.operation(id) {
            operation.sent_ns.push(time_ns);
            operation.rows.push(row);
        }
    }

    /// Adds the reply to an operation.
    pub fn returned(&mut self, id: Id<'_>, time_ns: u64, row: R, result: &str) {
        if let Some(Place::Unmodelled(index)) = self.place(id) {
            self.doubts.answered(index, result);
        }
        let Some(operation) = self.operation(id) else {
            return;
        };
        operation.returned = Some((time_ns, result.to_owned()));
        operation.rows.push(row);
        let command = operation.command.clone();
        // Of an operation that was sent once, nothing more is known later.
        if operation.sent_ns.len() == 1 {
            self.forget(id);
        }
        self.doubts.result(id.client, &command, result);
    }

    /// Notes that no message of an operation is in flight any more.
    pub fn settled(&mut self, id: Id<'_>, time_ns: u64, row: R) {
        if let Some(operation) = self.operation(id)
            && operation.settled_ns.is_none()
        {
            operation.settled_ns = Some(time_ns);
            operation.settled_row = Some(row);
        }
        self.forget(id);
    }

    /// Why the check cannot be sure although the history is linearizable; `None` if it can.
    pub fn doubt(&self) -> Option<String> {
        self.doubts.doubt()
    }

    /// What may explain a history that is not linearizable, beside a mistake of the store.
    pub fn excuse(&self) -> Option<String> {
        self.doubts.excuse()
    }

    /// Number of operations that were answered, and of all that began.
    pub fn answered(&self) -> (usize, usize) {
        let all = || self.keys.iter().flat_map(|(_, operations)| operations);
        let answered = all().filter(|operation| operation.returned.is_some());
        (answered.count(), all().count())
    }

    /// A result among these that no client wrote to the key, where all that clients did was `set`,
    /// `get` and `delete`.
    pub fn unwritten<'a>(&self, key: &str, evidence: &'a [Evidence<R>]) -> Option<&'a str> {
        let (_, operations) = &self.keys[*self.by_name.get(key)?];
        let is_plain = |it: &Operation<R>| model::kind(&it.command, true) == Kind::Plain;
        if !operations.iter().all(is_plain) {
            return None;
        }
        let read = evidence.iter().filter(|it| it.command == "get");
        let mut read = read.filter_map(|it| Some(it.returned.as_ref()?.1.as_str()));
        read.find(|result| {
            *result != "not found" && operations.iter().all(|it| it.value != *result)
        })
    }

    /// Each key with its operations, in the order of the keys' first use.
    pub(super) fn keys(&self) -> &[(String, Vec<Operation<R>>)] {
        &self.keys
    }
}
