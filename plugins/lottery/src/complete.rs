//! Whether every bet was stored once, and the right ones won.
//!
//! # The idea
//! Nobody needs to know the bets. A batch is known by the digest of its lines,
//! agency included; the agency records it when it hands the batch in and when it has
//! the answer, the central when it stores it. Two digests alike are the same bets
//! to the letter, so
//!
//! - no digest is stored twice,
//! - what was acknowledged was stored before,
//! - what an agency has handed in is stored or was refused, once it has ended,
//! - and nothing is stored for an agency of the run that it has not handed in.
//!
//! The winners are known twice, too: when a batch is stored the central records how
//! many of its bets win, with a digest of their documents that adds up over batches.
//! What an agency is told later comes from the draw, which reads the file. Sums and
//! answer must agree, and so must what the central said and what the agency heard.
//!
//! Where the run keeps files, `bets.csv` is then held against the batches that the records
//! say are in it, in their order.
//!
//! What is kept in memory: an entry per batch.

mod audit;
#[cfg(test)]
mod tests;

use crate::bet::number;
use crate::digest::Digest;
use crate::sheet;
use crate::store::BETS;
use audit::{Audit, Fact, Finding, Winners};
use runner_sdk::{Check, Found, NoConfig, Record, Result, RunInfo, Verdict};
use std::fs::File;
use std::path::{Path, PathBuf};

/// `lottery.complete`.
pub struct Complete {
    audit: Audit<Found>,
    /// Where the run keeps its files, if it does.
    folder: Option<PathBuf>,
}

impl Check for Complete {
    type Config = NoConfig;
    const NAME: &'static str = "complete";
    const DOCS: &'static str = "Every batch that was acknowledged is stored, once; what an agency \
        handed in was stored or refused; the winners are those of the bets that were stored; and \
        `bets.csv`, where the run keeps files, has these bets and no others. Unknown without a draw.";

    fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
        Ok(Complete {
            audit: Audit::default(),
            folder: run.folder().map(PathBuf::from),
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some(fact) = fact(record) {
            self.audit.note(record.found(note(record)), fact);
        }
    }

    fn finish(self) -> Verdict {
        match self.audit.finish() {
            Finding::Wrong { reason, rows } => {
                rows.into_iter().fold(Verdict::fail(reason), Verdict::row)
            }
            Finding::Unknown { reason } => Verdict::unknown(reason),
            Finding::Complete => {
                let stored = &self.audit.stored;
                let file = self
                    .folder
                    .as_deref()
                    .map(|folder| held_against(folder, stored));
                match file {
                    Some(Err(difference)) => Verdict::fail(difference),
                    _ => {
                        let bets: u64 = stored.iter().map(|(_, bets)| bets).sum();
                        let batches = stored.len();
                        Verdict::passed(format!(
                            "{bets} bets in {batches} batches, each stored once"
                        ))
                    }
                }
            }
        }
    }
}

/// Whether the file has what the records say.
fn held_against(folder: &Path, stored: &[(Digest, u64)]) -> Result<(), String> {
    let file = File::open(folder.join(BETS)).map_err(|error| error.to_string());
    let found = file.and_then(|file| sheet::verify(file, stored));
    found.map_err(|difference| format!("{BETS} is not what was stored: {difference}"))
}

/// What matters in a row.
fn note(record: &Record<'_>) -> String {
    let batch = ["batch", "handed_in", "answered"];
    let batch = batch.iter().find_map(|column| record.text(column));
    let agency = record.text("agency").unwrap_or("");
    match batch {
        Some(batch) => format!("agency {agency}, batch {batch}"),
        None => format!("agency {agency}"),
    }
}

/// What a record tells, if it tells anything.
fn fact(record: &Record<'_>) -> Option<Fact> {
    let event = record.event();
    let tells = matches!(
        event,
        "start"
            | "hands_in"
            | "acknowledged"
            | "rejected"
            | "informed"
            | "stored"
            | "drawn"
            | "told"
    );
    if !tells {
        return None;
    }
    let agency = || number(record.text("agency")?)?.try_into().ok();
    let digest = |column| Digest::parse(record.text(column)?);
    let winners = || {
        Some(Winners {
            count: record.number("winners")?,
            documents: digest("documents")?,
        })
    };
    Some(match event {
        "start" => Fact::Agency { agency: agency()? },
        "hands_in" => Fact::HandedIn {
            agency: agency()?,
            batch: digest("handed_in")?,
        },
        "acknowledged" => Fact::Acknowledged {
            agency: agency()?,
            batch: digest("answered")?,
        },
        "rejected" => Fact::Rejected {
            agency: agency()?,
            batch: digest("answered")?,
        },
        "informed" => Fact::Informed {
            agency: agency()?,
            winners: winners()?,
        },
        "stored" => Fact::Stored {
            agency: agency()?,
            batch: digest("batch")?,
            bets: record.number("bets")?,
            winners: winners()?,
        },
        "told" => Fact::Told {
            agency: agency()?,
            winners: winners()?,
        },
        _ => Fact::Drawn,
    })
}
