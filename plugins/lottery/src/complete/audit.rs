//! The heart of the check: takes what records tell, one after the other, and answers
//! what it comes to.

#[cfg(test)]
mod tests;

use crate::digest::Digest;
use std::collections::BTreeMap;
use std::fmt;

/// What a record tells, in the order in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An agency of ours exists: what it does is recorded.
    Agency {
        /// Its number.
        agency: u32,
    },
    /// An agency hands in a batch.
    HandedIn {
        /// Whose.
        agency: u32,
        /// Which.
        batch: Digest,
    },
    /// It learns that the batch is stored.
    Acknowledged {
        /// Whose.
        agency: u32,
        /// Which.
        batch: Digest,
    },
    /// It learns that the batch was refused.
    Rejected {
        /// Whose.
        agency: u32,
        /// Which.
        batch: Digest,
    },
    /// It knows its winners.
    Informed {
        /// Which.
        agency: u32,
        /// Who has won.
        winners: Winners,
    },
    /// The central stores a batch.
    Stored {
        /// Whose.
        agency: u32,
        /// Which.
        batch: Digest,
        /// How many bets it has.
        bets: u64,
        /// Which of its bets win.
        winners: Winners,
    },
    /// The central draws.
    Drawn,
    /// The central tells an agency its winners.
    Told {
        /// Which.
        agency: u32,
        /// Who has won.
        winners: Winners,
    },
}

/// How many have won, and a digest of their documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Winners {
    /// How many.
    pub count: u64,
    /// Of their documents, whatever their order.
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

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<Row> {
    /// All is there, once, and the winners are right.
    Complete,
    /// Something is not.
    Wrong {
        /// What.
        reason: String,
        /// The records that show it.
        rows: Vec<Row>,
    },
    /// There is nothing to judge, or not all of it.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What has been seen so far; `Row` is what names a record.
#[derive(Clone, Debug)]
pub struct Audit<Row> {
    batches: BTreeMap<(u32, Digest), Batch<Row>>,
    agencies: BTreeMap<u32, Agency<Row>>,
    /// Batches in the order in which they were stored, with their numbers of bets.
    pub stored: Vec<(Digest, u64)>,
    drawn: bool,
    /// The first thing that is wrong; later ones may only follow from it.
    wrong: Option<(String, Vec<Row>)>,
}

#[derive(Clone, Debug)]
struct Batch<Row> {
    handed_in: Option<Row>,
    stored: Option<Row>,
    rejected: bool,
}

#[derive(Clone, Debug)]
struct Agency<Row> {
    /// Whether its node is one of the run's.
    ours: bool,
    /// By what was stored.
    winners: Winners,
    told: Option<(Row, Winners)>,
    informed: bool,
}

impl<Row: Clone> Default for Audit<Row> {
    fn default() -> Self {
        Audit {
            batches: BTreeMap::new(),
            agencies: BTreeMap::new(),
            stored: Vec::new(),
            drawn: false,
            wrong: None,
        }
    }
}

impl<Row: Clone> Audit<Row> {
    /// Takes what a record tells.
    pub fn note(&mut self, row: Row, fact: Fact) {
        if self.wrong.is_none()
            && let Err((reason, earlier)) = self.take(row.clone(), fact)
        {
            let rows = earlier.into_iter().chain([row]).collect();
            self.wrong = Some((reason, rows));
        }
    }

    /// Takes a fact in.
    ///
    /// # Errors
    /// What is wrong with it, and the record before that shows it.
    fn take(&mut self, row: Row, fact: Fact) -> Result<(), (String, Option<Row>)> {
        match fact {
            Fact::Agency { agency } => self.agency(agency).ours = true,
            Fact::HandedIn { agency, batch } => {
                self.agency(agency).ours = true;
                self.batch(agency, batch).handed_in.get_or_insert(row);
            }
            Fact::Stored {
                agency,
                batch,
                bets,
                winners,
            } => {
                let ours = self.agency(agency).ours;
                let entry = self.batch(agency, batch);
                if let Some(earlier) = entry.stored.clone() {
                    let what = format!("batch {batch} of agency {agency} was stored twice");
                    return Err((what, Some(earlier)));
                }
                if ours && entry.handed_in.is_none() {
                    let what = format!(
                        "batch {batch} was stored for agency {agency}, which never handed it in"
                    );
                    return Err((what, None));
                }
                entry.stored = Some(row);
                self.stored.push((batch, bets));
                let sum = &mut self.agency(agency).winners;
                *sum = sum.and(winners);
            }
            Fact::Acknowledged { agency, batch } => {
                let entry = self.batch(agency, batch);
                if entry.stored.is_none() {
                    let what =
                        format!("batch {batch} of agency {agency} was acknowledged unstored");
                    return Err((what, entry.handed_in.clone()));
                }
            }
            Fact::Rejected { agency, batch } => self.batch(agency, batch).rejected = true,
            Fact::Drawn => self.drawn = true,
            Fact::Told { agency, winners } => {
                let drawn = self.drawn;
                let entry = self.agency(agency);
                if !drawn {
                    let what = format!("agency {agency} was told winners before the draw");
                    return Err((what, None));
                }
                if winners != entry.winners {
                    let what = format!(
                        "agency {agency} was told {winners} winners, and {} were stored",
                        entry.winners
                    );
                    return Err((what, None));
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
                        return Err((what, earlier));
                    }
                }
            }
        }
        Ok(())
    }

    /// What all of it comes to, at the end of the run.
    pub fn finish(&self) -> Finding<Row> {
        let unknown = |reason: String| Finding::Unknown { reason };
        if let Some((reason, rows)) = self.wrong.clone() {
            return Finding::Wrong { reason, rows };
        }
        if self.agencies.is_empty() {
            return unknown("no agency has handed in anything".to_owned());
        }
        if !self.drawn {
            return unknown("the run ended before the draw".to_owned());
        }
        // After the draw all agencies have ended, so all has an answer.
        for ((agency, batch), entry) in &self.batches {
            if let (Some(row), None, false) = (&entry.handed_in, &entry.stored, entry.rejected) {
                return Finding::Wrong {
                    reason: format!(
                        "batch {batch} of agency {agency} was handed in and never stored"
                    ),
                    rows: vec![row.clone()],
                };
            }
        }
        let waits = self.agencies.iter().find(|(_, it)| it.ours && !it.informed);
        match waits {
            Some((agency, _)) => unknown(format!("agency {agency} never heard of its winners")),
            None => Finding::Complete,
        }
    }

    fn agency(&mut self, agency: u32) -> &mut Agency<Row> {
        self.agencies.entry(agency).or_insert_with(|| Agency {
            ours: false,
            winners: Winners::default(),
            told: None,
            informed: false,
        })
    }

    fn batch(&mut self, agency: u32, batch: Digest) -> &mut Batch<Row> {
        let entry = self.batches.entry((agency, batch));
        entry.or_insert_with(|| Batch {
            handed_in: None,
            stored: None,
            rejected: false,
        })
    }
}
