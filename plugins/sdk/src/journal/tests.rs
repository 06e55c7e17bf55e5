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

/// The folder of a journal that this process fills, if it was started to do that.
const FULL: &str = "RUNNER_TEST_FULL";

#[test]
fn a_record_that_cannot_be_written_is_not_in_the_file() {
    if let Some(path) = std::env::var_os(FULL) {
        return fill(Path::new(&path));
    }
    let (_folder, path) = place();
    // A file of this process and those after it may have 512 bytes, or 1024; where a disk is
    // full, too, a part of the record is written before that is known.
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    let this = std::env::current_exe().unwrap();
    command.args(["-c", limited]).arg(this).env(FULL, &path);
    let name = "a_record_that_cannot_be_written_is_not_in_the_file";
    let output = command.args(["--test-threads=1", name]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (_, records) = open(&path).unwrap();
    let (last, first) = records.split_last().unwrap();
    assert!(first.len() > 3 && first.iter().all(|it| *it == [7; 100]));
    assert_eq!(last, b"fits");
}

/// Appends records until one does not fit, and then one that does.
fn fill(path: &Path) {
    let (mut journal, _) = open(path).unwrap();
    let full = (0..20).any(|_| journal.append(&[7; 100]).is_err());
    assert!(full, "there is no limit");
    assert_eq!(journal.size(), fs::metadata(path).unwrap().len());
    journal.append(b"fits").unwrap();
}
