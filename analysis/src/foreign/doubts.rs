//! What cannot be, or is doubtful, in the logs of another program; and what they do not
//! tell. All of it is said before the numbers.

use std::path::Path;

use super::format::{Format, Lines};
use super::names::FileName;
use super::survey::Survey;
use super::words::{Times, What};
use crate::log::EventId;
use crate::render::number::{count, short, whole};

/// A rate of steps beyond which a unit of time must be wrong [steps/s].
const MAX_RATE: f64 = 10_000_000.0;
/// A time between the steps of a node beyond which a unit of time must be wrong `[s]`.
const MAX_BETWEEN: f64 = 86_400.0;
/// Maximum number of files in a warning.
const NAMED: usize = 5;

/// How often something happened at a node of a run.
#[derive(Clone, Debug, Default)]
pub struct NodeCounts {
    /// Rows of the log.
    pub rows: u64,
    /// Steps.
    pub steps: u64,
    /// Messages handled.
    pub received: u64,
    /// Messages sent.
    pub sent: u64,
    /// Rows with a sending.
    pub sendings: u64,
    /// Messages lost.
    pub dropped: u64,
}

impl NodeCounts {
    /// Counts an event that happened some times in one row.
    pub fn row(&mut self, event: EventId, times: u32) {
        self.rows += 1;
        let times = u64::from(times);
        match event {
            EventId::RECEIVE => self.received += times,
            EventId::SEND => {
                self.sent += times;
                self.sendings += 1;
            }
            EventId::DROP => self.dropped += times,
            _ => {}
        }
    }
}

/// Something that happened in several rows, and where first.
#[derive(Clone, Debug)]
struct Often {
    count: u64,
    first: String,
}

/// What is doubtful.
#[derive(Clone, Debug, Default)]
pub struct Doubts {
    back: Option<Often>,
    falls: Option<Often>,
    /// Receptions whose message is known.
    pub linked: u64,
    /// What cannot be.
    pub warnings: Vec<String>,
    /// What the logs do not tell.
    pub notes: Vec<String>,
}

impl Doubts {
    /// The time of a row is before that of the row before it.
    pub fn time_back(&mut self, (path, line): (&Path, u64), by_ns: u64) {
        let by = short(by_ns as f64 / 1e9);
        let first = || format!("{}:{line}, by {by} s", path.display());
        often(&mut self.back, first);
    }

    /// A clock is below that of the step before.
    pub fn clock_falls(&mut self, (path, line): (&Path, u64), before: i128, now: i128) {
        let first = || format!("{}:{line}, from {before} to {now}", path.display());
        often(&mut self.falls, first);
    }

    /// Says everything, after the last row.
    pub fn judge(
        &mut self,
        format: &Format,
        survey: &Survey,
        files: &[FileName],
        counts: &[Vec<NodeCounts>],
    ) {
        self.lines(survey, files);
        if let Some(back) = &self.back {
            self.warnings.push(format!(
                "Time goes back in {}: first at {}. Such rows are taken at the time of the row before them, in the order of the file.",
                count(back.count, "row"), back.first
            ));
        }
        if let Some(falls) = &self.falls {
            self.warnings.push(format!(
                "A clock falls in {}: first at {}. A logical clock never falls.",
                count(falls.count, "row"),
                falls.first
            ));
        }
        self.warnings.extend(survey.renamed.iter().cloned());
        self.messages(format, survey, counts);
        self.rates(format, survey, counts);
        self.untold(format, survey);
        for (run, found) in survey.runs.iter().enumerate() {
            let missing = (0..survey.nodes.len() as u32).filter(|node| !found.nodes.contains(node));
            let missing: Vec<&str> = missing
                .map(|it| survey.nodes[it as usize].as_str())
                .collect();
            if !missing.is_empty() {
                let names: Vec<&str> = missing.iter().take(NAMED).copied().collect();
                self.warnings.push(format!(
                    "Run {} has no rows of {}.",
                    run + 1,
                    names.join(", ")
                ));
            }
        }
    }

    /// Lines that are not understood.
    fn lines(&mut self, survey: &Survey, files: &[FileName]) {
        for (file, found) in files.iter().zip(&survey.files) {
            let path = file.path.display();
            if found.not > 0 {
                let of = found.not + found.rows + found.ignored;
                let first = found.first_not.iter();
                let first: Vec<String> = first
                    .map(|(line, text, why)| format!("line {line} ({why}): `{text}`"))
                    .collect();
                self.warnings.push(format!(
                    "{path}: {} of {} not understood and left out. {}.",
                    whole(found.not),
                    count(of, "line"),
                    first.join("; ")
                ));
            }
            if found.rows == 0 && found.not == 0 {
                let why = if found.ignored > 0 {
                    "all its lines are ignored"
                } else {
                    "it is empty"
                };
                self.warnings.push(format!("{path} has no rows: {why}."));
            }
            if found.not_utf8 > 0 {
                self.warnings.push(format!(
                    "{path}: {} with bytes that are no UTF-8; they are shown as �.",
                    count(found.not_utf8, "line")
                ));
            }
            if !found.doubled.is_empty() {
                self.warnings.push(format!(
                    "{path}: the header has two columns `{}`; the first is read.",
                    found.doubled.join("`, `")
                ));
            }
            if found.ignored > 0 && found.rows > 0 {
                self.notes.push(format!(
                    "{path}: {} ignored: a header, or as the format says.",
                    count(found.ignored, "line")
                ));
            }
        }
    }

    fn messages(&mut self, format: &Format, survey: &Survey, counts: &[Vec<NodeCounts>]) {
        let sum = |of: fn(&NodeCounts) -> u64| counts.iter().flatten().map(of).sum::<u64>();
        let (received, sent, sendings) = (
            sum(|it| it.received),
            sum(|it| it.sent),
            sum(|it| it.sendings),
        );
        if received == 0 {
            let why = match format.read.event.is_none()
                && format.flags.is_empty()
                && !is_sentences(format)
            {
                true => "no column is read as `event`",
                false => {
                    "no word is known as a reception; `[events]` in the format file names one, or --event \"GOT=receive\""
                }
            };
            self.warnings.push(format!(
                "No row is a reception, so nothing is known about queues and latencies: {why}."
            ));
        }
        let untold =
            sendings > 0 && survey.nodes.len() > 2 && sent == sendings && !tells_several(format);
        if untold {
            self.notes.push(
                "The logs do not tell a broadcast from a single message: `sent` counts the rows with a sending, each as one message.".to_owned(),
            );
        }
        for (run, nodes) in counts.iter().enumerate() {
            let of = |of: fn(&NodeCounts) -> u64| nodes.iter().map(of).sum::<u64>();
            let (received, sent) = (of(|it| it.received), of(|it| it.sent));
            if sent > 0 && received > sent {
                let where_ = match counts.len() {
                    1 => String::new(),
                    _ => format!(" in run {}", run + 1),
                };
                let why = match untold {
                    true => " A broadcast is probably one row.",
                    false => " A log is missing, or a word is read as the wrong event.",
                };
                self.warnings.push(format!(
                    "More messages were handled than sent{where_}: {} and {}.{why}",
                    whole(received),
                    whole(sent)
                ));
            }
        }
    }

    fn rates(&mut self, format: &Format, survey: &Survey, counts: &[Vec<NodeCounts>]) {
        for (run, nodes) in counts.iter().enumerate() {
            let found = &survey.runs[run];
            let span = (found.last_ns - found.first_ns) as f64 / 1e9;
            let steps = nodes.iter().map(|it| it.steps).max().unwrap_or(0);
            if steps < 2 {
                continue;
            }
            let form = &format.form;
            if span == 0.0 {
                self.warnings.push(format!(
                    "All rows of run {} have one time: is the right column read as time?",
                    run + 1
                ));
            } else if steps as f64 / span > MAX_RATE {
                self.warnings.push(format!(
                    "A node does {} steps a second in run {}: is \"{form}\" the right unit of time?",
                    short(steps as f64 / span), run + 1
                ));
            } else if span / steps as f64 > MAX_BETWEEN {
                self.warnings.push(format!(
                    "Run {} takes {} days, with at most {} at a node: is \"{form}\" the right unit of time?",
                    run + 1, short(span / 86_400.0), count(steps, "step")
                ));
            }
        }
    }

    /// What the logs do not tell.
    fn untold(&mut self, format: &Format, survey: &Survey) {
        if survey.whole_seconds {
            self.notes.push("All times are whole seconds; the rows of one second are in the order of the file, and those of different nodes in one second in no known order.".to_owned());
        }
        match survey.with_queue {
            (0, _) if format.read.queue.is_none() => {
                self.notes
                    .push("No column is read as `queue`: nothing is said about queues.".to_owned());
            }
            (with, of) if with < of => {
                self.notes.push(format!(
                    "{} of {} have a length of the queue; between them, the last one is shown, and no mean over time is told.",
                    whole(with), count(of, "row")
                ));
            }
            _ => {}
        }
        if format.read.own("clock").is_none() {
            self.notes
                .push("No column is read as `clock`: nothing is said about clocks.".to_owned());
        }
        if survey.words.len() >= 100 {
            self.warnings.push(format!(
                "{} different events: is `event` the right column? `[events]` in the format file maps words.",
                survey.words.len()
            ));
        }
    }
}

fn often(often: &mut Option<Often>, first: impl FnOnce() -> String) {
    match often {
        Some(often) => often.count += 1,
        None => {
            *often = Some(Often {
                count: 1,
                first: first(),
            })
        }
    }
}

fn is_sentences(format: &Format) -> bool {
    matches!(format.lines, Lines::Sentences(_))
}

/// Whether a format has a word for several messages, or the rows name the other ends.
fn tells_several(format: &Format) -> bool {
    let several = |what: &What| match what {
        What::Ignore => false,
        What::Events(events) => events
            .iter()
            .any(|it| it.word == "send" && it.times != Times::Count(1)),
    };
    let in_sentence = match &format.lines {
        Lines::Sentences(all) => all.iter().filter_map(|it| it.what.as_ref()).any(several),
        _ => false,
    };
    in_sentence
        || format.read.peer.is_some()
        || format.events.values().any(several)
        || format.flags.iter().any(|(_, what)| several(what))
}
