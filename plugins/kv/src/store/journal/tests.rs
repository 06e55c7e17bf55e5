//! Journals that are complete, of another format, or large. The SDK tests those that are cut
//! off or damaged.

use super::*;
use crate::Command;
use crate::store::{Limits, Reply, Store};
use std::fs::{self, File};

const LIMITS: Limits = Limits {
    max_key: 100,
    max_value: 1 << 20,
};

fn open(path: &Path) -> Result<Store, JournalError> {
    Store::open(LIMITS, path, 0)
}

fn apply(store: &mut Store, command: &[u8]) {
    store.apply(Command::parse(command).unwrap()).unwrap();
}

fn value(store: &mut Store, key: &str) -> Option<Vec<u8>> {
    let key = key.as_bytes();
    match store.apply(Command::Get { key }).unwrap() {
        Reply::Value(value) => Some(value.to_vec()),
        _ => None,
    }
}

#[test]
fn a_reopened_store_has_all_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    for command in [
        &b"set a 1"[..],
        b"set b \x00\xff\n",
        b"set c 3",
        b"set a 2",
        b"delete c",
    ] {
        apply(&mut store, command);
    }
    for _ in 0..2 {
        drop(store);
        store = open(&path).unwrap();
        assert_eq!(value(&mut store, "a").as_deref(), Some(&b"2"[..]));
        assert_eq!(value(&mut store, "b").as_deref(), Some(&b"\x00\xff\n"[..]));
        assert_eq!(value(&mut store, "c"), None);
        assert_eq!((store.keys(), store.bytes()), (2, 6));
        apply(&mut store, b"set a 2");
    }
}

#[test]
fn a_file_that_is_not_a_journal_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    fs::write(&path, "time_ns,step\n").unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("expected `kv log 2`"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "time_ns,step\n");
    let missing = folder.path().join("no/n.kv");
    assert!(matches!(open(&missing), Err(JournalError::File(..))));
}

#[test]
fn a_file_that_is_mostly_obsolete_is_rewritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    let mut largest = 0;
    for round in 0..2000 {
        apply(
            &mut store,
            format!("set k{} {:>5000}", round % 10, round).as_bytes(),
        );
        largest = largest.max(fs::metadata(&path).unwrap().len());
    }
    assert!(largest < 2 * 50_500 + MIN_OBSOLETE + 10_000, "{largest}");
    drop(store);
    let mut store = open(&path).unwrap();
    assert_eq!(store.keys(), 10);
    let last = format!("{:>5000}", 1999);
    assert_eq!(value(&mut store, "k9").as_deref(), Some(last.as_bytes()));
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn a_command_that_cannot_be_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    apply(&mut store, b"set a 1");
    // A read-only handle simulates a full disk.
    let journal = store.journal.as_mut().unwrap();
    journal.file.write_to(File::open(&path).unwrap());
    for command in [&b"set a 2"[..], b"set b 2", b"delete a"] {
        let refused = store.apply(Command::parse(command).unwrap()).unwrap_err();
        assert!(refused.to_string().starts_with("not done: "), "{refused}");
    }
    assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert_eq!((store.keys(), store.bytes()), (1, 2));
    // A transaction is undone as a whole.
    let done = store.transaction(|store| {
        store.set(b"a", b"5", Some(9)).unwrap();
        store.clear().unwrap();
        store.set(b"b", b"6", None).unwrap();
    });
    assert!(done.unwrap_err().to_string().starts_with("not done: "));
    assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert_eq!((store.keys(), store.bytes(), store.expiring()), (1, 2, 0));
    drop(store);
    let mut store = open(&path).unwrap();
    assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert_eq!(store.keys(), 1);
}

#[test]
fn a_transaction_is_in_the_file_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    apply(&mut store, b"set a 1");
    let before = fs::read(&path).unwrap().len();
    let two = |store: &mut Store| {
        store.clear().unwrap();
        store.set(b"b", b"2", Some(1000)).unwrap();
        store.expire(b"b", None).unwrap();
    };
    store.transaction(two).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut store = open(&path).unwrap();
    assert_eq!(value(&mut store, "b").as_deref(), Some(&b"2"[..]));
    assert_eq!((store.keys(), store.expiring()), (1, 0));
    drop(store);
    // Killed during the write.
    for end in before..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let mut store = open(&path).unwrap();
        assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]), "{end}");
        assert_eq!(store.keys(), 1);
    }
}
