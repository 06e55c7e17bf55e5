//! The second pass over the logs: writes them as results of ours, a folder that the
//! report and all other commands read.

use std::io;
use std::path::{Path, PathBuf};

use super::doubts::{Doubts, NodeCounts};
use super::format::Format;
use super::judge::Bound;
use super::linked::{LinkColumns, Links};
use super::names::{self, FileName};
use super::results;
use super::rows::{Entry, Outcome, Rows, absent, whole};
use super::survey::{Survey, real};
use super::words::Times;
use crate::log::tables::files::{RUNS_FOLDER, run_folder};
use crate::log::{ColumnKind, Columns, EventId, NO_PEER, NodeLogs, Row, STANDARD_EVENTS};
use crate::metrics::CLOCK_COLUMN;
use crate::report::Error;

/// Reads logs as a format says, and writes them as results into `out`.
///
/// # Errors
/// A file cannot be read, holds nothing of this format, or `out` has other results.
pub fn import(
    paths: &[PathBuf],
    format: &Format,
    command: &[String],
    out: &Path,
) -> Result<(), Error> {
    results::vacant(out)?;
    let files = names::files(paths).map_err(Error::foreign)?;
    let mut files = names::assign(&files, &format.node).map_err(Error::foreign)?;
    let survey = Survey::of(&mut files, format).map_err(Error::foreign)?;
    if survey.rows() == 0 {
        return Err(Error::foreign(nothing(&files, &survey, format)));
    }
    let bound = Bound::new(&format.asked, &survey.schema).map_err(Error::mistakes)?;
    let partial = out.join(format!("{RUNS_FOLDER}.partial"));
    let of_partial = |source: io::Error| Error::write(&partial)(source);
    if partial.exists() {
        std::fs::remove_dir_all(&partial).map_err(of_partial)?;
    }
    std::fs::create_dir_all(&partial).map_err(of_partial)?;
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|&index| survey.files[index].span_begin());
    let mut writer = Writer::new(format, &survey, &partial)?;
    if LinkColumns::of(format).is_some() {
        // Sendings first: the file of a receiver may come before that of the sender.
        for &index in &order {
            writer.file(&files[index], Pass::Sendings)?;
        }
        writer
            .nodes
            .iter_mut()
            .flatten()
            .for_each(|node| *node = Node::default());
    }
    for index in order {
        writer.file(&files[index], Pass::Rows)?;
    }
    let (counts, doubts) = writer.finish(&files)?;
    let results = results::Results {
        format,
        survey: &survey,
        files: &files,
        command,
        counts: &counts,
        doubts,
        bound: &bound,
    };
    results.write(&partial, out)
}

/// Why there is nothing to read.
fn nothing(files: &[FileName], survey: &Survey, format: &Format) -> String {
    let mut text = format!("no row of any file is of the format {}", format.file);
    for (file, found) in files.iter().zip(&survey.files).take(5) {
        let path = file.path.display();
        match found.first_not.first() {
            Some((line, shown, why)) => {
                text.push_str(&format!("\n  {path}:{line}: {why}: {shown}"))
            }
            None if found.ignored > 0 => {
                text.push_str(&format!("\n  {path}: all lines are ignored"))
            }
            None => text.push_str(&format!("\n  {path}: the file is empty")),
        }
    }
    text.push_str("\n  propose a format: analysis guess FILE...");
    text
}

/// A node of a run, after its rows so far.
#[derive(Clone, Debug, Default)]
struct Node {
    step: u64,
    time_ns: u64,
    queue: u64,
    clock: Option<i128>,
    /// The time and the clock of the last row, if it belongs to a step.
    last: Option<(i128, String)>,
    sent: u64,
    counts: NodeCounts,
}

/// What is done with the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Sendings are kept, so that receptions find them.
    Sendings,
    /// All are written.
    Rows,
}

struct Writer<'a> {
    format: &'a Format,
    survey: &'a Survey,
    logs: Vec<NodeLogs>,
    nodes: Vec<Vec<Node>>,
    links: Vec<Links>,
    link_columns: Option<LinkColumns>,
    doubts: Doubts,
    cells: Cells,
}

/// The columns of our own, in binary.
struct Cells {
    kinds: Vec<ColumnKind>,
    clock: Option<usize>,
    present: u64,
    values: Vec<u64>,
    texts: Vec<String>,
}

impl<'a> Writer<'a> {
    fn new(format: &'a Format, survey: &'a Survey, partial: &Path) -> Result<Writer<'a>, Error> {
        let mut logs = Vec::new();
        for run in 1..=survey.runs.len() as u64 {
            let folder = partial.join(run_folder(run));
            std::fs::create_dir_all(&folder).map_err(Error::write(&folder))?;
            logs.push(NodeLogs::create(&folder, &survey.schema));
        }
        let node_count = survey.nodes.len();
        let columns = survey.schema.nodes.first().map(|it| it.columns.clone());
        let kinds: Vec<ColumnKind> = columns
            .iter()
            .flat_map(|it| it.iter())
            .map(|it| it.kind)
            .collect();
        Ok(Writer {
            format,
            survey,
            logs,
            nodes: vec![vec![Node::default(); node_count]; survey.runs.len()],
            links: survey.runs.iter().map(|_| Links::default()).collect(),
            link_columns: LinkColumns::of(format),
            doubts: Doubts::default(),
            cells: Cells {
                clock: format.read.own(CLOCK_COLUMN),
                present: 0,
                values: vec![0; kinds.len()],
                texts: vec![String::new(); kinds.len()],
                kinds,
            },
        })
    }

    fn file(&mut self, file: &FileName, pass: Pass) -> Result<(), Error> {
        let mut rows = Rows::open(file, self.format).map_err(Error::foreign)?;
        while let Some(outcome) = rows.next().map_err(Error::foreign)? {
            if let Outcome::Row = outcome {
                self.cells.fill(&rows, self.format);
                let entry = std::mem::take(&mut rows.entry);
                self.entry(file, &entry, pass);
            }
        }
        Ok(())
    }

    fn entry(&mut self, file: &FileName, entry: &Entry, pass: Pass) {
        let Some((run, node)) = self.survey.place(&entry.run, &entry.node) else {
            return;
        };
        let place = (file.path.as_path(), entry.line);
        let first_ns = self.survey.runs[run].first_ns;
        let state = &mut self.nodes[run][node as usize];
        let time_ns = (entry.time_ns - first_ns).clamp(0, u64::MAX.into()) as u64;
        if time_ns < state.time_ns && pass == Pass::Rows {
            self.doubts.time_back(place, state.time_ns - time_ns);
        }
        state.time_ns = state.time_ns.max(time_ns);
        state.queue = entry.queue.unwrap_or(state.queue);
        let clock = self.cells.clock();
        let stamp = clock.map(|clock| (entry.time_ns, clock.to_string()));
        let others = self.survey.runs[run].nodes.len().saturating_sub(1) as u32;
        let mut in_step = false;
        for event in &entry.events {
            let id = event_id(&event.word, &self.survey.words);
            let is_part = id == EventId::SEND && stamp.is_some() && stamp == state.last;
            if id.in_step() && !in_step && !(is_part && entry.step.is_none()) {
                state.step = entry.step.unwrap_or(state.step + 1);
                state.counts.steps += 1;
                if let (Some(clock), Some(before)) = (clock, state.clock)
                    && clock < before
                    && pass == Pass::Rows
                {
                    self.doubts.clock_falls(place, before, clock);
                }
                state.clock = clock.or(state.clock);
            }
            in_step |= id.in_step();
            let times = match event.times {
                Times::Count(count) => count,
                Times::Others => others,
            };
            state.counts.row(id, times);
            let peers = peers(
                entry,
                node,
                times,
                others,
                &self.survey.nodes,
                &self.survey.runs[run].nodes,
            );
            for index in 0..times as usize {
                let peer = peers.get(index).copied().unwrap_or(NO_PEER);
                let mut row = Row {
                    time_ns: state.time_ns,
                    step: state.step,
                    node,
                    event: id,
                    peer,
                    message: entry.message.unwrap_or(0),
                    bytes: entry.bytes.unwrap_or(0),
                    queue: state.queue,
                };
                if id == EventId::SEND {
                    state.sent += 1;
                }
                let (links, columns) = (&mut self.links[run], self.cells.columns());
                let (sent, kinds) = (state.sent, &self.cells.kinds);
                match (self.link_columns, pass) {
                    (Some(at), Pass::Sendings) if id == EventId::SEND => {
                        links.keep(&row, sent, at, columns, kinds);
                    }
                    (_, Pass::Sendings) => continue,
                    (Some(at), Pass::Rows) => links.number(&mut row, sent, at, columns, kinds),
                    (None, Pass::Rows) => {}
                }
                if pass == Pass::Rows {
                    self.logs[run].row(&row, &columns);
                }
            }
        }
        state.last = if in_step { stamp } else { None };
    }

    /// Closes the logs. Returns what each node of each run did, and what is doubtful.
    fn finish(self, files: &[FileName]) -> Result<(Vec<Vec<NodeCounts>>, Doubts), Error> {
        for logs in self.logs {
            logs.finish()
                .map_err(|error| Error::write(&error.path)(error.source))?;
        }
        let counts: Vec<Vec<NodeCounts>> = self
            .nodes
            .into_iter()
            .map(|nodes| nodes.into_iter().map(|node| node.counts).collect())
            .collect();
        let mut doubts = self.doubts;
        doubts.linked = self.links.iter().map(|it| it.linked).sum();
        doubts.judge(self.format, self.survey, files, &counts);
        Ok((counts, doubts))
    }
}

/// The id of an event's word.
fn event_id(word: &str, own: &[String]) -> EventId {
    if let Some(index) = STANDARD_EVENTS.iter().position(|it| *it == word) {
        return EventId(index as u16);
    }
    // A word beyond the limit is a tick: it is said that there are too many.
    let index = own.iter().position(|it| it == word);
    index.map_or(EventId::TICK, |index| EventId::own(index as u32))
}

/// The other ends of an entry's messages.
fn peers(
    entry: &Entry,
    node: u32,
    times: u32,
    others: u32,
    nodes: &[String],
    here: &std::collections::BTreeSet<u32>,
) -> Vec<u32> {
    if entry.peers.is_empty() {
        // A message to each other node.
        return match times > 1 && times == others {
            true => here.iter().copied().filter(|it| *it != node).collect(),
            false => Vec::new(),
        };
    }
    let peers = entry.peers.iter();
    peers
        .map(|name| names::peer(name, nodes).unwrap_or(NO_PEER))
        .collect()
}

impl Cells {
    fn fill(&mut self, rows: &Rows<'_>, format: &Format) {
        self.present = 0;
        for index in 0..self.kinds.len() {
            let Some(text) = rows.own(index).filter(|it| !absent(it)) else {
                continue;
            };
            let bits = match self.kinds[index] {
                ColumnKind::U64 => whole(text),
                ColumnKind::I64 => match text.strip_prefix('-') {
                    Some(rest) => whole(rest)
                        .and_then(|it| i64::try_from(it).ok())
                        .map(|it| (-it) as u64),
                    None => whole(text),
                },
                ColumnKind::F64 => real(text, format.decimal_comma).map(f64::to_bits),
                ColumnKind::Bool => Some(u64::from(text.eq_ignore_ascii_case("true"))),
                ColumnKind::Text => {
                    self.texts[index].clear();
                    self.texts[index].push_str(text);
                    Some(index as u64)
                }
            };
            if let Some(bits) = bits {
                self.values[index] = bits;
                self.present |= 1 << index;
            }
        }
    }

    fn columns(&self) -> Columns<'_> {
        Columns {
            present: self.present,
            cells: &self.values,
            texts: &self.texts,
        }
    }

    /// The clock of this record.
    fn clock(&self) -> Option<i128> {
        let index = self.clock?;
        super::linked::integer(self.columns(), index, self.kinds[index])
    }
}
