use super::*;
use crate::bet::Bet;
use std::fs;

fn lines(agency: &str, numbers: &[&str]) -> Vec<u8> {
    let mut lines = Vec::new();
    for number in numbers {
        let bet = Bet::from_fields(["Ana", "Ño, y\r\n", number, "1999-03-17", number]);
        bets_file::push_line(&mut lines, agency, &bet);
    }
    lines
}

fn add(store: &mut Store, agency: u32, numbers: &[&str]) -> Digest {
    let lines = lines(&agency.to_string(), numbers);
    let digest = Digest::of(&lines);
    store
        .add(agency, numbers.len() as u64, &lines, digest)
        .unwrap();
    digest
}

fn open(folder: &Path) -> Store {
    Store::open(Some(folder), "central").unwrap()
}

/// A folder with two batches and the end of an agency, and the digests of the batches.
fn filled() -> (tempfile::TempDir, [Digest; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let batches = [
        add(&mut store, 1, &["1", "7"]),
        add(&mut store, 2, &["7", "9"]),
    ];
    assert!(store.end(1).unwrap());
    assert!(!store.end(1).unwrap());
    (folder, batches)
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn stored_batches_survive_a_crash() {
    let (folder, batches) = filled();
    let before = bytes(folder.path(), BETS);
    assert_eq!(
        before,
        [lines("1", &["1", "7"]), lines("2", &["7", "9"])].concat()
    );
    let mut store = open(folder.path());
    assert!(batches.iter().all(|it| store.has(*it)));
    assert_eq!((store.bets(), store.is_drawn()), (4, false));
    assert_eq!(store.ended(), &BTreeSet::from([1]));
    let winners = store.winners(7).unwrap();
    assert_eq!(
        winners,
        Winners::from([(1, vec!["7".into()]), (2, vec!["7".into()])])
    );
    store.end(2).unwrap();
    store.draw().unwrap();
    store.sync().unwrap();
    assert!(open(folder.path()).is_drawn());
    assert_eq!(bytes(folder.path(), BETS), before);
}

#[test]
fn an_incomplete_batch_is_cut_off_at_any_size() {
    let (folder, [first, second]) = filled();
    let third = {
        let mut store = open(folder.path());
        add(&mut store, 2, &["10", "11", "12"])
    };
    let [bets, journal] = [BETS, JOURNAL].map(|name| bytes(folder.path(), name));
    let last_line = journal[..journal.len() - 1]
        .iter()
        .rposition(|it| *it == b'\n')
        .unwrap()
        + 1;
    let last_bets = bets.len() - lines("2", &["10", "11", "12"]).len();
    // A crash between the write of the bets and the write of the line.
    let cuts = (last_bets..=bets.len()).map(|end| (end, last_line));
    let cuts = cuts.chain((last_line..journal.len()).map(|end| (bets.len(), end)));
    // After a power failure, one file may be on the disk and the other not.
    let cuts = cuts.chain((last_bets..bets.len()).map(|end| (end, journal.len())));
    for (bets_end, journal_end) in cuts {
        fs::write(folder.path().join(BETS), &bets[..bets_end]).unwrap();
        fs::write(folder.path().join(JOURNAL), &journal[..journal_end]).unwrap();
        let mut store = open(folder.path());
        assert!(store.has(first) && store.has(second) && !store.has(third));
        assert_eq!(store.bets(), 4);
        assert_eq!(bytes(folder.path(), BETS), bets[..last_bets]);
        assert_eq!(add(&mut store, 2, &["10", "11", "12"]), third);
        assert_eq!(bytes(folder.path(), BETS), bets);
        assert_eq!(bytes(folder.path(), JOURNAL), journal);
    }
}

#[test]
fn a_store_that_crashed_during_its_creation_is_created_again() {
    let (folder, _) = filled();
    let journal = bytes(folder.path(), JOURNAL);
    let head = journal::HEAD.len() + Entry::begun("central").line().len();
    for end in 0..head {
        fs::write(folder.path().join(JOURNAL), &journal[..end]).unwrap();
        fs::remove_file(folder.path().join(BETS)).unwrap();
        let mut store = open(folder.path());
        assert_eq!(store.bets(), 0);
        add(&mut store, 1, &["1", "7"]);
        let now = bytes(folder.path(), JOURNAL);
        assert!(
            journal.starts_with(&now),
            "{end}: {}",
            String::from_utf8(now).unwrap()
        );
    }
}

#[test]
fn a_missing_acknowledged_batch_is_an_error() {
    let (folder, _) = filled();
    let mut bets = bytes(folder.path(), BETS);
    bets[2] ^= 1;
    fs::write(folder.path().join(BETS), &bets).unwrap();
    let error = Store::open(Some(folder.path()), "central").unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StoreError::Damaged { .. }), "{said}");
    assert!(
        said.contains("the batch of line 3 is not as it was"),
        "{said}"
    );
    assert_eq!(bytes(folder.path(), BETS), bets);
}

#[test]
fn the_store_of_another_central_and_foreign_files_are_refused() {
    let (folder, _) = filled();
    let said = Store::open(Some(folder.path()), "other")
        .unwrap_err()
        .to_string();
    assert!(
        said.starts_with("`central` already stores its bets in this run's bets.csv"),
        "{said}"
    );
    for name in [BETS, JOURNAL] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), "time_ns,step,event\n").unwrap();
        let error = Store::open(Some(folder.path()), "central").unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    let nowhere = folder.path().join("nowhere");
    let error = Store::open(Some(&nowhere), "central").unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
}

#[test]
fn a_store_without_a_folder_counts_bets() {
    let mut store = Store::open(None, "central").unwrap();
    let batch = add(&mut store, 1, &["7"]);
    assert!(store.has(batch) && store.bets() == 1);
    store.end(1).unwrap();
    store.draw().unwrap();
    store.sync().unwrap();
    assert!(store.is_drawn() && store.winners(7).unwrap().is_empty());
}

#[test]
fn a_batch_that_cannot_be_written_is_not_stored() {
    let (folder, _) = filled();
    let mut store = open(folder.path());
    let before = [BETS, JOURNAL].map(|name| bytes(folder.path(), name));
    // The journal cannot be written: the bets are written, and cut off again.
    let files = store.files.as_mut().unwrap();
    let journal = std::mem::replace(
        &mut files.journal,
        OpenOptions::new().append(true).open("/dev/full").unwrap(),
    );
    let lines = lines("2", &["10"]);
    let batch = Digest::of(&lines);
    assert!(store.add(2, 1, &lines, batch).is_err());
    assert!(!store.has(batch) && store.bets() == 4);
    assert_eq!(bytes(folder.path(), BETS), before[0]);
    let files = store.files.as_mut().unwrap();
    (files.journal, files.broken) = (journal, false);
    store.add(2, 1, &lines, batch).unwrap();
    assert_eq!(open(folder.path()).bets(), 5);
}
