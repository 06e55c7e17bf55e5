//! The lines of the journal, `batches.csv`.
//!
//! `what,who,bets,bytes,digest`: a `batch` of an agency with its number of bets,
//! the length of `bets.csv` once it was stored and the digest of its lines; an `end`
//! of an agency; the `draw`. The first entry, `begun`, names the central's node.

use crate::digest::Digest;

/// The first line.
pub(super) const HEAD: &str = "what,who,bets,bytes,digest\n";

/// A line after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub what: What,
    /// An agency, or the name of a node.
    pub who: String,
    /// Bets of the batch.
    pub bets: u64,
    /// Length of `bets.csv` `[bytes]`.
    pub size: u64,
    /// Of the batch's lines.
    pub digest: Digest,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The first central of this name.
    Begun,
    /// A batch was stored.
    Batch,
    /// An agency has ended.
    End,
    /// The draw.
    Draw,
}

impl What {
    const ALL: [(What, &'static str); 4] = [
        (What::Begun, "begun"),
        (What::Batch, "batch"),
        (What::End, "end"),
        (What::Draw, "draw"),
    ];
}

impl Entry {
    /// A store of this node begins.
    pub fn begun(owner: &str) -> Entry {
        Entry {
            what: What::Begun,
            who: owner.to_owned(),
            bets: 0,
            size: 0,
            digest: Digest::default(),
        }
    }

    /// Its line.
    pub fn line(&self) -> String {
        let word = What::ALL.iter().find(|(what, _)| *what == self.what);
        let word = word.map_or("", |(_, word)| word);
        let Entry {
            who,
            bets,
            size,
            digest,
            ..
        } = self;
        format!("{word},{who},{bets},{size},{digest}\n")
    }

    /// The entry of a line; none if it was not written to its end.
    pub fn parse(line: &[u8]) -> Option<Entry> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let mut cells = line.split(',');
        let word = cells.next()?;
        let (what, _) = *What::ALL.iter().find(|(_, it)| *it == word)?;
        let entry = Entry {
            what,
            who: cells.next()?.to_owned(),
            bets: crate::bet::number(cells.next()?)?,
            size: crate::bet::number(cells.next()?)?,
            digest: Digest::parse(cells.next()?)?,
        };
        cells.next().is_none().then_some(entry)
    }

    /// Whose it is.
    pub fn agency(&self) -> Option<u32> {
        u32::try_from(crate::bet::number(&self.who)?).ok()
    }
}
