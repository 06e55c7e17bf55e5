//! The heart of the check: takes what records tell, one after the other, and answers
//! what it comes to.

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

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Digest = Digest(1);
    const OTHER: Digest = Digest(2);

    fn won(count: u64) -> Winners {
        Winners {
            count,
            documents: Digest(10 * count),
        }
    }

    /// A run as it should be, with two batches of agency 1.
    fn run() -> Vec<Fact> {
        let (agency, winners) = (1, won(1));
        vec![
            Fact::Agency { agency },
            Fact::HandedIn {
                agency,
                batch: BATCH,
            },
            Fact::Stored {
                agency,
                batch: BATCH,
                bets: 2,
                winners,
            },
            // The answer was lost, the batch came again and was recognized.
            Fact::HandedIn {
                agency,
                batch: BATCH,
            },
            Fact::Acknowledged {
                agency,
                batch: BATCH,
            },
            Fact::HandedIn {
                agency,
                batch: OTHER,
            },
            Fact::Stored {
                agency,
                batch: OTHER,
                bets: 2,
                winners,
            },
            Fact::Acknowledged {
                agency,
                batch: OTHER,
            },
            Fact::Drawn,
            Fact::Told {
                agency,
                winners: won(2),
            },
            Fact::Informed {
                agency,
                winners: won(2),
            },
        ]
    }

    fn judge(facts: &[Fact]) -> Finding<usize> {
        let mut audit = Audit::default();
        facts
            .iter()
            .enumerate()
            .for_each(|(row, fact)| audit.note(row, *fact));
        audit.finish()
    }

    /// The reason and the records of what is wrong with a run that was changed.
    #[track_caller]
    fn wrong(change: impl FnOnce(&mut Vec<Fact>)) -> (String, Vec<usize>) {
        let mut facts = run();
        change(&mut facts);
        match judge(&facts) {
            Finding::Wrong { reason, rows } => (reason, rows),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn unknown(change: impl FnOnce(&mut Vec<Fact>)) -> String {
        let mut facts = run();
        change(&mut facts);
        match judge(&facts) {
            Finding::Unknown { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_as_it_should_be_is_complete() {
        assert_eq!(judge(&run()), Finding::Complete);
        // An agency from outside records nothing of what it does.
        let outside = [
            Fact::Stored {
                agency: 9,
                batch: OTHER,
                bets: 2,
                winners: won(3),
            },
            Fact::Drawn,
            Fact::Told {
                agency: 9,
                winners: won(3),
            },
        ];
        assert_eq!(judge(&outside), Finding::Complete);
    }

    #[test]
    fn a_batch_that_is_stored_twice_is_found_with_both_records() {
        let (reason, rows) = wrong(|facts| facts.insert(8, facts[2]));
        assert_eq!(
            reason,
            "batch 0000000000000001 of agency 1 was stored twice"
        );
        assert_eq!(rows, [2, 8]);
    }

    #[test]
    fn what_is_acknowledged_or_left_and_not_stored_is_found() {
        let (reason, rows) = wrong(|facts| {
            facts.remove(6);
        });
        assert_eq!(
            reason,
            "batch 0000000000000002 of agency 1 was acknowledged unstored"
        );
        assert_eq!(rows, [5, 6]);
        let (reason, rows) = wrong(|facts| {
            facts.drain(6..8);
            let winners = won(1);
            facts[7] = Fact::Told { agency: 1, winners };
            facts[8] = Fact::Informed { agency: 1, winners };
        });
        assert_eq!(
            reason,
            "batch 0000000000000002 of agency 1 was handed in and never stored"
        );
        assert_eq!(rows, [5]);
    }

    #[test]
    fn what_was_refused_need_not_be_stored() {
        let mut facts = run();
        facts.drain(6..8);
        facts.insert(
            6,
            Fact::Rejected {
                agency: 1,
                batch: OTHER,
            },
        );
        facts[8] = Fact::Told {
            agency: 1,
            winners: won(1),
        };
        facts[9] = Fact::Informed {
            agency: 1,
            winners: won(1),
        };
        assert_eq!(judge(&facts), Finding::Complete);
    }

    #[test]
    fn what_nobody_handed_in_must_not_be_stored() {
        let (reason, rows) = wrong(|facts| {
            facts.remove(5);
        });
        assert_eq!(
            reason,
            "batch 0000000000000002 was stored for agency 1, which never handed it in"
        );
        assert_eq!(rows, [5]);
    }

    #[test]
    fn wrong_winners_are_found_wherever_they_went_wrong() {
        let (reason, rows) = wrong(|facts| {
            facts[9] = Fact::Told {
                agency: 1,
                winners: won(1),
            }
        });
        let sum = "2 (0000000000000014)";
        assert_eq!(
            reason,
            format!("agency 1 was told 1 (000000000000000a) winners, and {sum} were stored")
        );
        assert_eq!(rows, [9]);
        // As many, and others.
        let others = Winners {
            count: 2,
            documents: Digest(7),
        };
        let (reason, rows) = wrong(|facts| {
            facts[10] = Fact::Informed {
                agency: 1,
                winners: others,
            }
        });
        assert_eq!(
            reason,
            format!("agency 1 heard 2 (0000000000000007) winners, and was told {sum}")
        );
        assert_eq!(rows, [9, 10]);
        let (reason, _) = wrong(|facts| facts.swap(8, 9));
        assert_eq!(reason, "agency 1 was told winners before the draw");
    }

    #[test]
    fn a_run_that_came_to_no_end_is_not_judged() {
        assert_eq!(unknown(Vec::clear), "no agency has handed in anything");
        assert_eq!(
            unknown(|facts| facts.truncate(8)),
            "the run ended before the draw"
        );
        assert_eq!(
            unknown(|facts| facts.truncate(9)),
            "agency 1 never heard of its winners"
        );
    }
}
