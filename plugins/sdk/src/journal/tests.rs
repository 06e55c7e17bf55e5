//! Journals that are complete, cut off at each byte, damaged, or of another kind.

use super::*;

const THIS: &[u8; 8] = b"test log";

fn open(path: &Path) -> Result<(Journal, Vec<Vec<u8>>), JournalError> {
    let mut records = Vec::new();
    let journal = Journal::open(path, THIS, |record| {
        records.push(record.to_vec());
        true
    })?;
    Ok((journal, records))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("n.log");
    (folder, path)
}

#[test]
fn a_reopened_journal_has_its_records_in_order() {
    let (_folder, path) = place();
    let all = [&b"one"[..], b"", b"\x00\xff\n"];
    let (mut journal, before) = open(&path).unwrap();
    assert!(before.is_empty());
    all.iter().for_each(|it| journal.append(it).unwrap());
    drop(journal);
    let (journal, records) = open(&path).unwrap();
    assert_eq!(records, all);
    assert_eq!(journal.size(), fs::metadata(&path).unwrap().len());
}

#[test]
fn an_incomplete_record_is_cut_off_at_any_size() {
    let (_folder, path) = place();
    let (mut journal, _) = open(&path).unwrap();
    journal.append(b"one").unwrap();
    let first = journal.size() as usize;
    journal.append(b"two").unwrap();
    let whole = fs::read(&path).unwrap();
    for end in 0..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (mut journal, records) = open(&path).unwrap();
        let kept = usize::from(end >= first);
        assert_eq!(records.len(), kept, "{end}");
        journal.append(b"three").unwrap();
        let (_, records) = open(&path).unwrap();
        assert_eq!(records.len(), kept + 1, "{end}");
        assert_eq!(records[kept], b"three");
    }
}

#[test]
fn a_damaged_record_is_an_error_unless_it_is_the_last() {
    let (_folder, path) = place();
    let (mut journal, _) = open(&path).unwrap();
    journal.append(b"one").unwrap();
    let first = journal.size() as usize;
    journal.append(b"two").unwrap();
    let whole = fs::read(&path).unwrap();
    // Each byte of the first record except its size, which determines where it ends.
    for at in (8..first).filter(|at| !(16..20).contains(at)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("the record at byte 8 is damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let mut bytes = whole;
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(open(&path).unwrap().1, [b"one"]);
}

#[test]
fn a_record_that_makes_no_sense_is_damaged() {
    let (_folder, path) = place();
    open(&path).unwrap().0.append(b"one").unwrap();
    let refused = Journal::open(&path, THIS, |_| false);
    assert!(matches!(refused, Err(JournalError::Damaged(_, 8))));
}

#[test]
fn a_file_of_another_kind_is_not_changed() {
    let (folder, path) = place();
    fs::write(&path, "time_ns,step\n").unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("expected `test log`"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "time_ns,step\n");
    let missing = folder.path().join("no/n.log");
    assert!(matches!(open(&missing), Err(JournalError::File(..))));
}

#[test]
fn a_rewritten_journal_has_the_new_records_and_goes_on() {
    let (folder, path) = place();
    let (mut journal, _) = open(&path).unwrap();
    (0..100).for_each(|_| journal.append(b"old").unwrap());
    journal.rewrite([b"new"]);
    journal.append(b"more").unwrap();
    assert_eq!(journal.size(), fs::metadata(&path).unwrap().len());
    assert_eq!(open(&path).unwrap().1, [&b"new"[..], b"more"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_record_that_cannot_be_written_is_not_in_the_file() {
    let (_folder, path) = place();
    let (mut journal, _) = open(&path).unwrap();
    journal.append(b"one").unwrap();
    // A read-only handle simulates a full disk.
    journal.write_to(File::open(&path).unwrap());
    journal.append(b"two").unwrap_err();
    assert_eq!(open(&path).unwrap().1, [b"one"]);
}
