//! The core of the check: takes the facts of the records, one after the other, and returns the
//! finding.

#[cfg(test)]
mod tests;

use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt;

/// The fact that a record states. Facts are in the order in which they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An agency is a node of the run: its actions are recorded.
    Agency {
        /// The agency's number.
        agency: u32,
    },
    /// An agency of the run reported its end.
    Ended {
        /// Number of the agency.
        agency: u32,
        /// Number of bets that it handed in, each counted once.
        handed_in: u64,
        /// Number of these bets that were rejected.
        rejected: u64,
    },
    /// An agency hands in no more bets after a rejected batch.
    GaveUp {
        /// Number of the agency.
        agency: u32,
    },
    /// An agency handed in a batch.
    HandedIn {
        /// Number of the agency.
        agency: u32,
        /// Digest of the batch.
        batch: Digest,
    },
    /// The agency received the acknowledgement of a batch.
    Acknowledged {
        /// Number of the agency.
        agency: u32,
        /// Digest of the batch.
        batch: Digest,
    },
    /// The agency received the refusal of a batch.
    Rejected {
        /// Number of the agency.
        agency: u32,
        /// Digest of the batch.
        batch: Digest,
    },
    /// The agency received its winners.
    Informed {
        /// Number of the agency.
        agency: u32,
        /// The winners of the agency.
        winners: Winners,
    },
    /// The central stored a batch.
    Stored {
        /// Number of the agency.
        agency: u32,
        /// Digest of the batch.
        batch: Digest,
        /// Number of bets in the batch.
        bets: u64,
        /// The winning bets of the batch.
        winners: Winners,
    },
    /// The central refused a batch.
    Refused {
        /// Number of the agency.
        agency: u32,
        /// Digest of the batch.
        batch: Digest,
        /// Number of bets in the batch.
        bets: u64,
    },
    /// The central made the draw.
    Drawn,
    /// The central sent the winners to an agency.
    Told {
        /// Number of the agency.
        agency: u32,
        /// The winners of the agency.
        winners: Winners,
    },
}

/// The number of winning bets, and a digest of their documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Winners {
    /// Number of winning bets.
    pub count: u64,
    /// Digest of their documents, independent of their order.
    pub documents: Digest,
}

impl Winners {
    fn and(self, other: Winners) -> Winners {
        Winners {
            count: self.count + other.count,
            documents: self.documents.and(other.documents),
        }
    }
}

impl fmt::Display for Winners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.count, self.documents)
    }
}

/// The result of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<Row> {
    /// Every batch is stored once, and the winners are right.
    Complete,
    /// Something is wrong.
    Wrong {
        /// What is wrong.
        reason: String,
        /// The records that show it.
        rows: Vec<Row>,
    },
    /// The records are not sufficient for a verdict.
    Unknown {
        /// What is missing.
        reason: String,
    },
}

/// The bets of one agency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bets that the agency handed in.
    pub handed_in: u64,
    /// Bets that are stored.
    pub stored: u64,
    /// Bets that were rejected.
    pub rejected: u64,
    /// Whether the agency handed in no more bets after a rejected batch.
    pub gave_up: bool,
}

impl Tally {
    /// Bets in batches that are equal to an earlier batch of the agency, which count once.
    pub fn equal(self) -> u64 {
        let accounted = self.stored + self.rejected;
        self.handed_in.saturating_sub(accounted)
    }
}

/// The facts so far. `Row` identifies a record.
#[derive(Clone, Debug)]
pub struct Audit<Row> {
    batches: BTreeMap<(u32, Digest), Batch<Row>>,
    agencies: BTreeMap<u32, Agency<Row>>,
    /// Agencies whose central is a program, and its name: nothing records what it stores.
    elsewhere: BTreeMap<u32, String>,
    /// The stored batches in order, with their numbers of bets.
    pub stored: Vec<(Digest, u64)>,
    /// The record of the draw.
    drawn: Option<Row>,
    /// The first mistake: later ones may be its consequences.
    wrong: Option<(String, Vec<Row>)>,
}

#[derive(Clone, Debug)]
struct Batch<Row> {
    handed_in: Option<Row>,
    stored: Option<Row>,
    rejected: bool,
    /// Number of bets that the central refused.
    refused: u64,
}

#[derive(Clone, Debug)]
struct Agency<Row> {
    /// The first record of the agency, if it is a node of the run.
    ours: Option<Row>,
    /// The winning bets of its stored batches.
    winners: Winners,
    /// The records of its stored batches with winning bets.
    won: Vec<Row>,
    told: Option<(Row, Winners)>,
    informed: bool,
    /// Number of stored bets.
    stored: u64,
    /// The last end of the agency: its record, and the numbers of bets that it handed in, and
    /// that were rejected.
    end: Option<(Row, u64, u64)>,
    gave_up: bool,
}

impl<Row: Clone> Default for Audit<Row> {
    fn default() -> Self {
        Audit {
            batches: BTreeMap::new(),
            agencies: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            stored: Vec::new(),
            drawn: None,
            wrong: None,
        }
    }
}

impl<Row: Clone> Audit<Row> {
    /// Notes that an agency talks to a central that is a program.
    pub fn goes_elsewhere(&mut self, agency: u32, central: &str) {
        let entry = self.elsewhere.entry(agency);
        entry.or_insert_with(|| central.to_owned());
    }

    /// Adds the fact of a record.
    pub fn note(&mut self, row: Row, fact: Fact) {
        if self.wrong.is_none()
            && let Err((reason, mut rows)) = self.take(row.clone(), fact)
        {
            rows.push(row);
            self.wrong = Some((reason, rows));
        }
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// If the fact contradicts earlier ones: what is wrong, and the earlier records that
    /// prove it.
    fn take(&mut self, row: Row, fact: Fact) -> Result<(), (String, Vec<Row>)> {
        match fact {
            Fact::Agency { agency } => {
                self.agency(agency).ours.get_or_insert(row);
            }
            Fact::HandedIn { agency, batch } => {
                self.agency(agency).ours.get_or_insert(row.clone());
                self.batch(agency, batch).handed_in.get_or_insert(row);
            }
            Fact::Stored {
                agency,
                batch,
                bets,
                winners,
            } => {
                let ours = self.agency(agency).ours.clone();
                let entry = self.batch(agency, batch);
                if let Some(earlier) = entry.stored.clone() {
                    let what = format!("batch {batch} of agency {agency} was stored twice");
                    return Err((what, vec![earlier]));
                }
                if let (Some(ours), None) = (ours, &entry.handed_in) {
                    let what = format!(
                        "batch {batch} was stored for agency {agency}, which never handed it in"
                    );
                    return Err((what, vec![ours]));
                }
                entry.stored = Some(row.clone());
                self.stored.push((batch, bets));
                let of = self.agency(agency);
                of.winners = of.winners.and(winners);
                of.stored += bets;
                if winners.count > 0 {
                    of.won.push(row);
                }
            }
            Fact::Acknowledged { agency, .. } | Fact::Informed { agency, .. }
                if self.elsewhere.contains_key(&agency) => {}
            Fact::Acknowledged { agency, batch } => {
                let entry = self.batch(agency, batch);
                if entry.stored.is_none() {
                    let what =
                        format!("batch {batch} of agency {agency} was acknowledged unstored");
                    return Err((what, entry.handed_in.clone().into_iter().collect()));
                }
            }
            Fact::Rejected { agency, batch } => self.batch(agency, batch).rejected = true,
            Fact::Refused {
                agency,
                batch,
                bets,
            } => {
                self.agency(agency);
                self.batch(agency, batch).refused = bets;
            }
            Fact::GaveUp { agency } => self.agency(agency).gave_up = true,
            Fact::Ended {
                agency,
                handed_in,
                rejected,
            } => self.agency(agency).end = Some((row, handed_in, rejected)),
            Fact::Drawn => self.drawn = Some(row),
            Fact::Told { agency, winners } => {
                let drawn = self.drawn.is_some();
                let entry = self.agency(agency);
                if !drawn {
                    let what = format!("agency {agency} was told winners before the draw");
                    return Err((what, Vec::new()));
                }
                if winners != entry.winners {
                    let what = format!(
                        "agency {agency} was told {winners} winners, and {} were stored",
                        entry.winners
                    );
                    return Err((what, entry.won.clone()));
                }
                entry.told = Some((row, winners));
            }
            Fact::Informed { agency, winners } => {
                let entry = self.agency(agency);
                match entry.told.clone() {
                    Some((_, told)) if told == winners => entry.informed = true,
                    told => {
                        let (earlier, told) = told.unzip();
                        let told = told.map_or("none".to_owned(), |told| told.to_string());
                        let what =
                            format!("agency {agency} heard {winners} winners, and was told {told}");
                        return Err((what, earlier.into_iter().collect()));
                    }
                }
            }
        }
        Ok(())
    }

    /// The finding at the end of the run.
    pub fn finish(&self) -> Finding<Row> {
        let unknown = |reason: String| Finding::Unknown { reason };
        if let Some((reason, rows)) = self.wrong.clone() {
            return Finding::Wrong { reason, rows };
        }
        if self.agencies.is_empty() {
            return unknown("no agency has handed in anything".to_owned());
        }
        // What is elsewhere cannot be judged, and no draw here can tell.
        if self
            .agencies
            .keys()
            .all(|it| self.elsewhere.contains_key(it))
            && let Some(reason) = self.elsewhere_reason()
        {
            return unknown(reason);
        }
        let Some(drawn) = &self.drawn else {
            return unknown("the run ended before the draw".to_owned());
        };
        // After the draw all agencies have ended, so each batch has a reply.
        for ((agency, batch), entry) in &self.batches {
            if self.elsewhere.contains_key(agency) {
                continue;
            }
            if let (Some(row), None, false) = (&entry.handed_in, &entry.stored, entry.rejected) {
                return Finding::Wrong {
                    reason: format!(
                        "batch {batch} of agency {agency} was handed in and never stored"
                    ),
                    rows: vec![row.clone(), drawn.clone()],
                };
            }
        }
        for (agency, entry) in &self.agencies {
            if let Some((row, handed_in, rejected)) = &entry.end
                && !self.elsewhere.contains_key(agency)
                && entry.stored + rejected > *handed_in
            {
                return Finding::Wrong {
                    reason: format!(
                        "agency {agency} handed in {handed_in} bets, of which {rejected} were rejected, and {} are stored",
                        entry.stored
                    ),
                    rows: vec![row.clone(), drawn.clone()],
                };
            }
        }
        if let Some(reason) = self.elsewhere_reason() {
            return unknown(reason);
        }
        let waits = self
            .agencies
            .iter()
            .find(|(_, it)| it.ours.is_some() && !it.informed);
        match waits {
            Some((agency, _)) => unknown(format!("agency {agency} never heard of its winners")),
            None => Finding::Complete,
        }
    }

    /// The bets of each agency, by its number. What an agency outside of the run handed in is known
    /// from the central alone.
    pub fn tallies(&self) -> BTreeMap<u32, Tally> {
        let mut refused: BTreeMap<u32, u64> = BTreeMap::new();
        for ((agency, _), batch) in &self.batches {
            if batch.stored.is_none() {
                *refused.entry(*agency).or_default() += batch.refused;
            }
        }
        let tally = |(agency, entry): (&u32, &Agency<Row>)| {
            let refused = refused.get(agency).copied().unwrap_or(0);
            let (handed_in, rejected) = match entry.end {
                Some((_, handed_in, rejected)) => (handed_in, rejected),
                None => (entry.stored + refused, refused),
            };
            let stored = entry.stored;
            let tally = Tally {
                handed_in,
                stored,
                rejected,
                gave_up: entry.gave_up,
            };
            (*agency, tally)
        };
        self.agencies.iter().map(tally).collect()
    }

    /// Why the bets of an agency cannot be judged; `None` if all can.
    fn elsewhere_reason(&self) -> Option<String> {
        let (agency, central) = self.elsewhere.iter().next()?;
        Some(format!(
            "the central of agency {agency} is the program `{central}`: nothing records what it stores"
        ))
    }

    fn agency(&mut self, agency: u32) -> &mut Agency<Row> {
        self.agencies.entry(agency).or_insert_with(|| Agency {
            ours: None,
            winners: Winners::default(),
            won: Vec::new(),
            told: None,
            informed: false,
            stored: 0,
            end: None,
            gave_up: false,
        })
    }

    fn batch(&mut self, agency: u32, batch: Digest) -> &mut Batch<Row> {
        let entry = self.batches.entry((agency, batch));
        entry.or_insert_with(|| Batch {
            handed_in: None,
            stored: None,
            rejected: false,
            refused: 0,
        })
    }
}
