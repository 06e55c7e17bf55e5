//! The source of an agency's bets, and the batches that are built from it: one at a time, so a
//! file of any size needs no more memory than one batch.

use super::AgencyConfig;
use super::config::file_of;
use crate::bet::Bet;
use crate::bets_file;
use crate::digest::Digest;
use crate::generate;
use crate::wire::{self, Frame};
use std::fs::File;

/// The fields of a bet.
type Fields = [String; 5];

/// The bets of an agency, one after the other.
pub(super) struct Source {
    from: From,
    /// A bet that did not fit in the previous batch.
    left: Option<Fields>,
    /// Parts of rejected batches, the next one last.
    parts: Vec<Vec<Fields>>,
    count: u64,
}

enum From {
    /// At most one bet.
    One(Option<Fields>),
    Generated(generate::Bets),
    File(Box<Lines>),
}

struct Lines {
    path: String,
    reader: csv::Reader<File>,
    line: csv::StringRecord,
}

/// Bets that are handed in together.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    /// The message.
    pub message: Vec<u8>,
    pub bets: u64,
    /// Whether its bets are part of a rejected batch.
    pub is_part: bool,
    /// Digest of the batch's lines in `bets.csv`.
    pub digest: Digest,
    lines: Vec<u8>,
}

impl Batch {
    /// Size of the frame with one more bet `[bytes]`.
    fn size_with(&self, fields: &Fields) -> usize {
        let size: usize = fields.iter().map(|field| wire::field_size(field)).sum();
        wire::LENGTH + self.message.len() + size
    }

    fn push(&mut self, agency: &str, fields: &Fields) {
        let bet = Bet::from_fields(fields.each_ref().map(String::as_str));
        for field in bet.fields() {
            wire::push_field(&mut self.message, field);
        }
        bets_file::push_line(&mut self.lines, agency, &bet);
        self.bets += 1;
    }

    /// Whether a reply acknowledges this batch.
    pub fn is_acknowledged_by(&self, reply: &Frame<'_>) -> bool {
        match *reply {
            Frame::Stored(count) => count == self.bets,
            Frame::StoredOne { document, number } => match Frame::decode(&self.message) {
                Ok(Frame::Bets { bets, .. }) => {
                    let same = |bet: &Bet<'_>| bet.document == document && bet.number == number;
                    bets.len() == 1 && bets.iter().all(same)
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl Source {
    /// The source of this agency.
    ///
    /// # Errors
    /// If the file cannot be opened, or the environment has no bet.
    pub fn open(config: &AgencyConfig, agency: &str) -> Result<Source, String> {
        let from = match (&config.file, &config.bet, config.generate) {
            (Some(path), ..) => {
                let path = file_of(path, agency);
                let file = File::open(&path).map_err(|error| {
                    format!("cannot read the bets of agency {agency}: {path}: {error}")
                })?;
                From::File(Box::new(Lines {
                    path,
                    reader: csv::ReaderBuilder::new()
                        .has_headers(false)
                        .flexible(true)
                        .buffer_capacity(1 << 14)
                        .from_reader(file),
                    line: csv::StringRecord::new(),
                }))
            }
            (None, Some(bet), _) => From::One(Some(bet.fields().map_err(|problems| {
                let problems = problems.iter();
                let problems = problems.map(|it| format!("`{}`: {}", it.path, it.message));
                problems.collect::<Vec<String>>().join("; ")
            })?)),
            (None, None, count) => {
                let count = count.unwrap_or(0);
                From::Generated(generate::Bets::new(count, config.seed, agency))
            }
        };
        Ok(Source {
            from,
            left: None,
            parts: Vec::new(),
            count: 0,
        })
    }

    /// Hands in the halves of a rejected batch next, each as a batch.
    pub fn split(&mut self, batch: &Batch) {
        if let Ok(Frame::Bets { bets, .. }) = Frame::decode(&batch.message) {
            let fields = |bet: &Bet<'_>| bet.fields().map(str::to_owned);
            let (first, second) = bets.split_at(bets.len() / 2);
            for half in [second, first] {
                self.parts.push(half.iter().map(fields).collect());
            }
        }
    }

    /// Has no more bets from now on.
    pub fn end(&mut self) {
        self.from = From::One(None);
        self.left = None;
        self.parts.clear();
    }

    /// Fills a batch with the next bets. Returns whether there are any.
    ///
    /// # Errors
    /// If the file cannot be read, or a bet does not fit in a frame.
    pub fn fill(
        &mut self,
        batch: &mut Batch,
        config: &AgencyConfig,
        agency: &str,
    ) -> Result<bool, String> {
        batch.message.clear();
        batch.message.push(b'B');
        wire::push_field(&mut batch.message, agency);
        batch.lines.clear();
        batch.bets = 0;
        batch.is_part = false;
        if let Some(part) = self.parts.pop() {
            batch.is_part = true;
            part.iter().for_each(|fields| batch.push(agency, fields));
        }
        while !batch.is_part && batch.bets < u64::from(config.batch) {
            let Some(fields) = self.next()? else { break };
            let whole = batch.size_with(&fields);
            if whole > config.max_bytes as usize {
                if batch.bets == 0 {
                    return Err(format!(
                        "bet {} takes a frame of {whole} bytes, expected at most {} (`max_bytes`)",
                        self.count, config.max_bytes
                    ));
                }
                self.left = Some(fields);
                break;
            }
            batch.push(agency, &fields);
        }
        batch.digest = Digest::of(&batch.lines);
        Ok(batch.bets > 0)
    }

    fn next(&mut self) -> Result<Option<Fields>, String> {
        if let Some(left) = self.left.take() {
            return Ok(Some(left));
        }
        self.count += 1;
        match &mut self.from {
            From::One(bet) => Ok(bet.take()),
            From::Generated(bets) => Ok(bets.next()),
            From::File(lines) => lines.next(self.count),
        }
    }
}

impl Lines {
    fn next(&mut self, count: u64) -> Result<Option<Fields>, String> {
        let Lines { path, reader, line } = self;
        match reader.read_record(line) {
            Ok(false) => Ok(None),
            Ok(true) => match bets_file::cells::<5>(line) {
                Some(cells) => Ok(Some(cells.map(str::to_owned))),
                None => Err(format!(
                    "{path}: bet {count} has {} fields, expected 5: first name, last name, document, \
                     birthdate, number",
                    line.len()
                )),
            },
            Err(error) => Err(format!("{path}: bet {count}: {error}")),
        }
    }
}
