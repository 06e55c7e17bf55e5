//! The check `lottery.complete`: every bet was stored once, and the winners are right.
//!
//! # The idea
//! The check needs only digests. A batch is identified by the digest of its lines, which include
//! the agency. The agency records the digest when it hands the batch in and when it receives
//! the reply; the central records it when it stores the batch. Equal digests mean equal
//! bets. The check requires that
//!
//! - no digest is stored twice,
//! - an acknowledged batch was stored before,
//! - after the draw, each batch that was handed in is stored or was refused,
//! - and nothing is stored for an agency of the run that this agency has not handed in.
//!
//! The numbers of bets are counted, too: what an agency handed in is stored, was rejected, or is in
//! a batch that is equal to an earlier one. The verdict tells these numbers.
//!
//! The winners are recorded twice. When the central stores a batch, it records the number of
//! winning bets and a digest of their documents; these digests add up over batches. The winners
//! that an agency receives later come from the draw, which reads the file. The sums must equal
//! the winners that the central sent, and these must equal the winners that the agency received.
//!
//! A central that is a program of somebody else records nothing. What its agencies hand in cannot
//! be judged: the verdict is unknown.
//!
//! A central that starts with the bets of an earlier run (`state`, `--resume`) is not judged: their
//! batches have no records in this run.
//!
//! If the run keeps files, `bets.csv` is compared with the batches of the records, in their
//! order.
//!
//! Memory: one entry per batch.

mod audit;
#[cfg(test)]
mod tests;

use crate::agency::{HANDED_IN, OFFERED, REJECTED_BETS};
use crate::bet::number;
use crate::bets_file;
use crate::central::STORED;
use crate::digest::Digest;
use crate::store::BETS;
use audit::{Audit, Fact, Finding, Tally, Winners};
use runner_sdk::{Check, Found, NoConfig, Record, Result, RunInfo, Verdict};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// `lottery.complete`.
pub struct Complete {
    audit: Audit<Found>,
    /// For each node, whether it is an agency, and whether it is a program.
    nodes: Vec<(bool, bool)>,
    /// Number of bets that the central had when it first started.
    earlier: u64,
    /// The run's folder; `None` if the run keeps no files.
    folder: Option<PathBuf>,
}

impl Check for Complete {
    type Config = NoConfig;
    const NAME: &'static str = "complete";
    const DOCS: &'static str = "Every batch that was acknowledged is stored, once; what an agency \
        handed in was stored or rejected, which the verdict counts; the winners are those of the bets that were stored; and \
        `bets.csv`, where the run keeps files, has these bets and no others. Unknown without a draw, or if \
        the central is a program: nothing records what it stores.";

    fn new(_: &NoConfig, run: &RunInfo) -> Result<Self> {
        let nodes = 0..run.node_count() as u32;
        let kind = |node| {
            let is_agency = run.has_column(node, HANDED_IN.info().name);
            (is_agency, run.behavior(node).is_empty())
        };
        Ok(Complete {
            audit: Audit::default(),
            nodes: nodes.map(kind).collect(),
            earlier: 0,
            folder: run.folder().map(PathBuf::from),
        })
    }

    fn record(&mut self, record: &Record<'_>) {
        if let Some((agency, central)) = self.foreign_central(record) {
            self.audit.goes_elsewhere(agency, central);
        }
        // Only a central has the column.
        if record.event() == "start" {
            let bets = record.number(STORED.info().name).unwrap_or(0);
            self.earlier = self.earlier.max(bets);
        }
        if let Some(fact) = fact(record) {
            self.audit.note(record.found(note(record)), fact);
        }
    }

    fn finish(self) -> Verdict {
        if self.earlier > 0 {
            return Verdict::unknown(format!(
                "the central began with {} bets of an earlier run, which have no records here",
                self.earlier
            ));
        }
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
                    .map(|folder| verify_file(folder, stored));
                match file {
                    Some(Err(difference)) => Verdict::fail(difference),
                    _ => Verdict::passed(account(&self.audit.tallies(), stored.len())),
                }
            }
        }
    }
}

impl Complete {
    /// The agency that exchanges a message with a program, and the program's name.
    fn foreign_central<'a>(&self, record: &Record<'a>) -> Option<(u32, &'a str)> {
        let is_message = matches!(record.event(), "send" | "receive");
        let (is_agency, _) = *self.nodes.get(record.node() as usize)?;
        let peer = record.peer().filter(|_| is_message && is_agency)?;
        let is_program = self.nodes.get(peer as usize).is_none_or(|it| it.1);
        let agency = number(record.text("agency")?)?.try_into().ok()?;
        is_program.then(|| (agency, record.peer_name()))
    }
}

/// How many agencies a verdict names.
const NAMED: usize = 5;

/// What became of the bets that were handed in.
fn account(tallies: &BTreeMap<u32, Tally>, batches: usize) -> String {
    let sum = |of: fn(&Tally) -> u64| tallies.values().map(of).sum::<u64>();
    let (handed_in, stored) = (sum(|it| it.handed_in), sum(|it| it.stored));
    if handed_in == stored {
        return format!("{stored} bets in {batches} batches, each stored once");
    }
    let mut text = format!(
        "of {handed_in} bets handed in, {stored} are stored, in {batches} batches, each once"
    );
    let of_agency = |(agency, tally): (&u32, &Tally)| {
        let stopped = if tally.gave_up {
            ", which then handed in no more"
        } else {
            ""
        };
        format!("{} of agency {agency}{stopped}", tally.rejected)
    };
    let losers = tallies.iter().filter(|it| it.1.rejected > 0);
    let mut named: Vec<String> = losers.clone().take(NAMED).map(of_agency).collect();
    if losers.clone().count() > NAMED {
        let rest: u64 = losers.skip(NAMED).map(|it| it.1.rejected).sum();
        named.push(format!("{rest} of other agencies"));
    }
    if !named.is_empty() {
        text.push_str(&format!("; rejected: {}", named.join(", ")));
    }
    let equal = sum(|it| it.equal());
    if equal > 0 {
        text.push_str(&format!(
            "; {equal} are in batches equal to an earlier one of their agency, which count once"
        ));
    }
    text
}

/// Compares the file with the batches of the records.
fn verify_file(folder: &Path, stored: &[(Digest, u64)]) -> Result<(), String> {
    let file = File::open(bets_file(folder)).map_err(|error| error.to_string());
    let found = file.and_then(|file| bets_file::verify(file, stored));
    found.map_err(|difference| format!("{BETS} is not what was stored: {difference}"))
}

/// The file of bets: in the run's folder, or in its copy of the central's state folder.
fn bets_file(folder: &Path) -> PathBuf {
    let here = folder.join(BETS);
    let copies = std::fs::read_dir(folder.join("state"))
        .into_iter()
        .flatten();
    let mut copies = copies.flatten().map(|node| node.path().join(BETS));
    match here.exists() {
        true => here,
        false => copies.find(|file| file.exists()).unwrap_or(here),
    }
}

/// The note on a row: its agency, batch and winners.
fn note(record: &Record<'_>) -> String {
    let batch = ["batch", "handed_in", "answered"];
    let batch = batch.iter().find_map(|column| record.text(column));
    let agency = record.text("agency").unwrap_or("");
    let mut note = match batch {
        _ if record.event() == "drawn" => "the draw".to_owned(),
        Some(batch) => format!("agency {agency}, batch {batch}"),
        None => format!("agency {agency}"),
    };
    let tells = matches!(record.event(), "stored" | "told" | "informed");
    if let (true, Some(count), Some(documents)) =
        (tells, record.number("winners"), record.text("documents"))
        && (count > 0 || record.event() != "stored")
    {
        note.push_str(&format!(", {count} winners ({documents})"));
    }
    note
}

/// The fact of a record; `None` if the check does not need the record.
fn fact(record: &Record<'_>) -> Option<Fact> {
    let event = record.event();
    let is_fact = matches!(
        event,
        "start"
            | "hands_in"
            | "acknowledged"
            | "rejected"
            | "informed"
            | "ends"
            | "refused"
            | "gives_up"
            | "stored"
            | "drawn"
            | "told"
    );
    if !is_fact {
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
        "ends" => Fact::Ended {
            agency: agency()?,
            handed_in: record.number(OFFERED.info().name)?,
            rejected: record.number(REJECTED_BETS.info().name)?,
        },
        "gives_up" => Fact::GaveUp { agency: agency()? },
        "refused" => Fact::Refused {
            agency: agency()?,
            batch: digest("batch")?,
            bets: record.number("bets")?,
        },
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
