//! Journals that are complete, cut off at each byte, damaged, of another format, or large.

use super::*;
use crate::store::{Limits, Reply, Store};

const LIMITS: Limits = Limits {
    max_key: 100,
    max_value: 1 << 20,
};

fn open(path: &Path) -> Result<Store, JournalError> {
    Store::open(LIMITS, Journal::open(path)?)
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
fn an_incomplete_record_is_cut_off_at_any_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    apply(&mut store, b"set a 1");
    let first = fs::metadata(&path).unwrap().len() as usize;
    apply(&mut store, b"set a 2");
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let mut store = open(&path).unwrap();
        let expected = (end >= first).then_some(&b"1"[..]);
        assert_eq!(value(&mut store, "a").as_deref(), expected, "{end}");
        apply(&mut store, b"set b 3");
        drop(store);
        let mut store = open(&path).unwrap();
        assert_eq!(value(&mut store, "a").as_deref(), expected, "{end}");
        assert_eq!(value(&mut store, "b").as_deref(), Some(&b"3"[..]), "{end}");
    }
}

#[test]
fn a_damaged_record_is_an_error_unless_it_is_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    let mut store = open(&path).unwrap();
    apply(&mut store, b"set a 1");
    let first = fs::metadata(&path).unwrap().len() as usize;
    apply(&mut store, b"set a 2");
    let whole = fs::read(&path).unwrap();
    // Each byte of the first record except its sizes, which determine where it ends.
    for at in (8..first).filter(|at| !(17..25).contains(at)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("the record at byte 8 is damaged"));
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let mut bytes = whole.clone();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        value(&mut open(&path).unwrap(), "a").as_deref(),
        Some(&b"1"[..])
    );
}

#[test]
fn a_file_that_is_not_a_journal_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.kv");
    fs::write(&path, "time_ns,step\n").unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.ends_with("the file is not the journal of a store"));
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
    store.journal.as_mut().unwrap().file = File::open(&path).unwrap();
    for command in [&b"set a 2"[..], b"set b 2", b"delete a"] {
        let refused = store.apply(Command::parse(command).unwrap()).unwrap_err();
        assert!(refused.to_string().starts_with("not done: "), "{refused}");
    }
    assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert_eq!((store.keys(), store.bytes()), (1, 2));
    drop(store);
    let mut store = open(&path).unwrap();
    assert_eq!(value(&mut store, "a").as_deref(), Some(&b"1"[..]));
    assert_eq!(store.keys(), 1);
}
