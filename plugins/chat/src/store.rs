//! The file of a server that must survive a crash: `NODE.chat`, a journal with a record for each
//! change of an account or a mailbox.
//!
//! Once the file has grown to more than twice its size after the last rewriting, and by more than a
//! mebibyte, it is rewritten with the records of the present state.

use chat_core::{Change, Limits, Record, Service};
use runner_sdk::journal::{Journal, JournalError};
use std::io;
use std::path::Path;

/// The first bytes of the file.
const KIND: &[u8; 8] = b"chat log";

/// The growth after which the file is rewritten `[bytes]`; arbitrary.
const MIN_GROWTH: u64 = 1 << 20;

/// The file.
#[derive(Debug)]
pub(crate) struct Store {
    journal: Journal,
    /// Size of the file after it was rewritten `[bytes]`; 0 if it was not.
    rewritten: u64,
    /// Buffer for a record.
    record: Vec<u8>,
}

impl Store {
    /// Opens the file, creates it if it does not exist, and returns the service with all changes
    /// in it.
    ///
    /// # Errors
    /// If the file cannot be read, is not the file of a chat server or is damaged.
    pub fn open(limits: Limits, path: &Path) -> Result<(Service, Store), JournalError> {
        let mut service = Service::new(limits);
        let journal = Journal::open(path, KIND, |record| {
            Record::decode(record).is_some_and(|record| service.restore(&record))
        })?;
        let store = Store {
            journal,
            rewritten: 0,
            record: Vec::new(),
        };
        Ok((service, store))
    }

    /// Writes a change, the last one of this service.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&mut self, service: &Service, change: &Change) -> io::Result<()> {
        let Some(record) = service.record(change) else {
            return Ok(());
        };
        record.encode(&mut self.record);
        self.journal.append(&self.record)?;
        if self.journal.size() > 2 * self.rewritten + MIN_GROWTH {
            self.journal.rewrite(service.records().map(|record| {
                let mut bytes = Vec::new();
                record.encode(&mut bytes);
                bytes
            }));
            self.rewritten = self.journal.size();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A change, with its record already made in the service.
    fn created(service: &mut Service, name: &str) -> Change {
        service.create(name, 1000).unwrap();
        let name = name.to_owned();
        Change::Created { name }
    }

    #[test]
    fn a_file_that_has_grown_is_rewritten_with_the_present_state() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.chat");
        let (mut service, mut store) = Store::open(Limits::default(), &path).unwrap();
        let change = created(&mut service, "anna");
        store.keep(&service, &change).unwrap();
        service.login(1, "anna", &mut Vec::new()).unwrap();
        let text = "x".repeat(4000);
        let mut largest = 0;
        for number in 1..2000 {
            let sent = service.send(1, "anna", number, &text, &mut Vec::new());
            let sent = sent.unwrap();
            let change = Change::Accepted {
                from: sent.from,
                to: "anna".to_owned(),
                number,
                mailbox: sent.mailbox,
                id: sent.id,
                delivered: sent.delivered,
            };
            store.keep(&service, &change).unwrap();
            let taken = service.acknowledge(1, sent.mailbox, number - 1, &mut Vec::new());
            if let Some((to, id)) = taken {
                let mailbox = sent.mailbox;
                let change = Change::Acknowledged { to, mailbox, id };
                store.keep(&service, &change).unwrap();
            }
            largest = largest.max(fs::metadata(&path).unwrap().len());
        }
        assert!(largest < MIN_GROWTH + 50_000, "{largest}");
        drop(store);
        let (again, _) = Store::open(Limits::default(), &path).unwrap();
        assert!(again.records().eq(service.records()));
        assert_eq!(again.waiting(), 1);
    }

    #[test]
    fn a_file_of_another_kind_is_refused_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.chat");
        fs::write(&path, "kv log 2").unwrap();
        let error = Store::open(Limits::default(), &path).unwrap_err();
        assert!(error.to_string().contains("expected `chat log`"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"kv log 2");
    }
}
