//! The lines of the journal, `batches.csv`.
//!
//! The columns are `what,who,bets,bytes,digest`. A line is a `batch` of an agency with its number
//! of bets, the length of `bets.csv` after the batch and the digest of its lines; the `end` of
//! an agency; or the `draw`. The first entry, `begun`, names the central's node.

use crate::digest::Digest;

/// The first line.
pub(super) const HEAD: &str = "what,who,bets,bytes,digest\n";

/// An entry: each line after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub kind: EntryKind,
    /// The number of an agency, or the name of a node.
    pub subject: String,
    /// Number of bets of the batch.
    pub bets: u64,
    /// Length of `bets.csv` `[bytes]`.
    pub size: u64,
    /// Digest of the batch's lines.
    pub digest: Digest,
}

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// The store was created.
    Begun,
    /// A batch was stored.
    Batch,
    /// An agency has ended.
    End,
    /// The draw happened.
    Draw,
}

impl EntryKind {
    const ALL: [(EntryKind, &'static str); 4] = [
        (EntryKind::Begun, "begun"),
        (EntryKind::Batch, "batch"),
        (EntryKind::End, "end"),
        (EntryKind::Draw, "draw"),
    ];
}

impl Entry {
    /// The entry for a new store of this node.
    pub fn begun(owner: &str) -> Entry {
        Entry {
            kind: EntryKind::Begun,
            subject: owner.to_owned(),
            bets: 0,
            size: 0,
            digest: Digest::default(),
        }
    }

    /// The line of the entry.
    pub fn line(&self) -> String {
        let word = EntryKind::ALL.iter().find(|(kind, _)| *kind == self.kind);
        let word = word.map_or("", |(_, word)| word);
        let Entry {
            subject,
            bets,
            size,
            digest,
            ..
        } = self;
        format!("{word},{subject},{bets},{size},{digest}\n")
    }

    /// Parses a line; `None` if the line is incomplete.
    pub fn parse(line: &[u8]) -> Option<Entry> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut cells = line.split(',');
        let word = cells.next()?;
        let (kind, _) = *EntryKind::ALL.iter().find(|(_, it)| *it == word)?;
        let entry = Entry {
            kind,
            subject: cells.next()?.to_owned(),
            bets: crate::bet::number(cells.next()?)?,
            size: crate::bet::number(cells.next()?)?,
            digest: Digest::parse(cells.next()?)?,
        };
        cells.next().is_none().then_some(entry)
    }

    /// The number of the agency; `None` if the subject is not a number.
    pub fn agency(&self) -> Option<u32> {
        u32::try_from(crate::bet::number(&self.subject)?).ok()
    }
}
