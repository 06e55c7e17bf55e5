//! A person's way through a recorded run: where they are, what is selected, where they stop,
//! and what they do by hand. Knows no terminal.

use analysis::causes::indices_of_past;
use analysis_log::{EventId, Row};
use base::time::{SimDuration, SimTime};
use engine::follow::{Act, Intervention};

use crate::by_hand::{ByHand, Done};
use crate::history::{Cause, History};
use crate::live::Part;
use crate::scene::Scene;
use crate::state::{Moving, State};
use crate::stop::{StopAt, next, next_with};
use crate::tape::Recording;

/// Executes the run again.
pub trait Execute {
    /// Executes the run from the start, with these interventions.
    ///
    /// # Errors
    ///
    /// With a text for people if it cannot be executed.
    fn execute(&mut self, by_hand: &ByHand) -> Result<Recorded, String>;

    /// Writes what was done into a file; returns what was written, for people.
    ///
    /// # Errors
    ///
    /// With a text for people if it cannot be written.
    fn save(&mut self, file: &str, by_hand: &ByHand) -> Result<String, String>;
}

/// An execution of a run, recorded and judged.
#[derive(Debug)]
pub struct Recorded {
    /// What happened.
    pub recording: Recording,
    /// Its failures, each with the entries that prove it.
    pub failures: Vec<Failing>,
    /// How it ended, in a few words.
    pub verdict: String,
}

/// A failure of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failing {
    /// What failed, and how.
    pub text: String,
    /// Where the scenario asks for it: `file:line:column`, and the text of the line.
    pub line: Option<(String, String)>,
    /// The entries that prove it, sorted, each with a note.
    pub entries: Vec<(usize, String)>,
}

/// What a list of the view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The nodes.
    Nodes,
    /// The messages on links.
    UnderWay,
}

/// A person's way through a run.
pub struct Explorer<'a> {
    /// What is the same in every execution: names, links, faults.
    pub scene: Scene,
    recorded: Recorded,
    moving: Moving,
    position: usize,
    /// The selected node.
    pub node: u32,
    /// The pane that the arrow keys act on.
    pub pane: Pane,
    /// The selected message among those under way.
    pub message: usize,
    /// Breakpoints and watches.
    pub stops: Vec<StopAt>,
    /// The entries that happened before one, and itself, while only these are looked at.
    pub why: Option<Vec<usize>>,
    by_hand: ByHand,
    /// Whether what was done by hand is in a file.
    pub is_saved: bool,
    execute: &'a mut dyn Execute,
}

impl<'a> Explorer<'a> {
    /// At the start of a run.
    pub fn new(
        scene: Scene,
        recorded: Recorded,
        by_hand: ByHand,
        execute: &'a mut dyn Execute,
    ) -> Explorer<'a> {
        let moving = Moving::new(recorded.recording.history());
        let mut explorer = Explorer {
            scene,
            recorded,
            moving,
            position: 0,
            node: 0,
            pane: Pane::Nodes,
            message: 0,
            stops: Vec::new(),
            why: None,
            by_hand,
            // It came from a file.
            is_saved: true,
            execute,
        };
        explorer.scene.by_hand(&explorer.by_hand);
        explorer.go(0);
        explorer
    }

    /// Adds a part of a run that goes on. Call [`Explorer::settle`] after the last of them.
    pub fn record(&mut self, part: Part) {
        self.moving.leave_last(self.recorded.recording.history());
        self.recorded.recording.add(part);
    }

    /// The state is again that of the present entry.
    pub fn settle(&mut self) {
        let history = self.recorded.recording.history();
        self.moving.go(self.position, history);
    }

    /// The recorded run.
    pub fn history(&self) -> &History {
        self.recorded.recording.history()
    }

    /// How the run failed.
    pub fn failures(&self) -> &[Failing] {
        &self.recorded.failures
    }

    /// How the run ended.
    pub fn verdict(&self) -> &str {
        &self.recorded.verdict
    }

    /// What was done by hand.
    pub fn by_hand(&self) -> &ByHand {
        &self.by_hand
    }

    /// The entry at which the person is.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The time of that entry.
    pub fn now(&self) -> SimTime {
        self.history().time(self.position)
    }

    /// The state after that entry.
    pub fn state(&self) -> &State {
        self.moving.state()
    }

    /// Goes to an entry, at most the last.
    pub fn go(&mut self, entry: usize) {
        self.position = entry.min(self.history().len() - 1);
        self.moving
            .go(self.position, self.recorded.recording.history());
        self.message = 0;
    }

    /// Goes to the next entry, or the one before. Returns what to say if there is none.
    pub fn step(&mut self, forward: bool) -> Result<(), String> {
        if let Some(why) = &self.why {
            let at = self.position;
            let to = match forward {
                true => why.iter().find(|it| **it > at),
                false => why.iter().rfind(|it| **it < at),
            };
            return self.go_if(to.copied(), forward, "event of its past");
        }
        let to = next(self.history(), self.position, forward, |_| true);
        self.go_if(to, forward, "event")
    }

    /// Looks only at what happened before the present entry: at its node, at the senders of
    /// its messages, and so on. Returns how many entries that are.
    pub fn ask_why(&mut self) -> Result<usize, String> {
        let history = self.history();
        let Some(last) = history.row_range(self.position).next_back() else {
            return Err("this event has no record, so nothing to ask about".to_owned());
        };
        let rows: Vec<Row> = history.rows[..=last].iter().map(|it| it.row).collect();
        let past = indices_of_past(&rows, last).into_iter();
        let mut entries: Vec<usize> = past.map(|row| history.entry_of_row(row)).collect();
        entries.sort_unstable();
        entries.dedup();
        let count = entries.len();
        self.why = Some(entries);
        Ok(count)
    }

    /// Goes to the next entry of the selected node.
    pub fn step_of_node(&mut self, forward: bool) -> Result<(), String> {
        let (history, node) = (self.history(), self.node);
        let to = next(history, self.position, forward, |it| {
            history.concerns(it, node)
        });
        let what = format!("event of {}", history.name(node));
        self.go_if(to, forward, &what)
    }

    /// Goes to the next entry with a record of this event, and selects its node.
    pub fn step_to(&mut self, event: EventId, forward: bool) -> Result<(), String> {
        let to = next_with(self.history(), self.position, event, forward);
        let word = match event {
            EventId::SEND => "send",
            _ => "receive",
        };
        self.go_if(to, forward, word)?;
        let found = {
            let mut rows = self.history().rows(self.position);
            rows.find(|row| row.event == event).map(|row| row.node)
        };
        self.node = found.unwrap_or(self.node);
        Ok(())
    }

    /// Goes to the next entry that proves a failure, and selects its node.
    pub fn step_to_failure(&mut self, forward: bool) -> Result<(), String> {
        if self.failures().is_empty() {
            return Err("the run has no failure".to_owned());
        }
        let entries = self.failures().iter().flat_map(|it| &it.entries);
        let entries = entries.map(|it| it.0);
        let position = self.position;
        let to = match forward {
            true => entries.filter(|&it| it > position).min(),
            false => entries.filter(|&it| it < position).max(),
        };
        self.go_if(to, forward, "record of a failure")?;
        if let Some(node) = self.main_node(self.position) {
            self.node = node;
        }
        Ok(())
    }

    /// Goes to the next entry at which a breakpoint or watch stops. Returns its text.
    pub fn step_to_stop(&mut self, forward: bool) -> Result<String, String> {
        if self.stops.is_empty() {
            return Err("no breakpoint is set: type b".to_owned());
        }
        let position = self.position;
        let stops = self.stops.iter();
        let found = match forward {
            true => stops
                .filter_map(|it| Some((it.after(position)?, it)))
                .min_by_key(|it| it.0),
            false => stops
                .filter_map(|it| Some((it.before(position)?, it)))
                .max_by_key(|it| it.0),
        };
        let text = found.map(|it| it.1.text.clone()).unwrap_or_default();
        self.go_if(found.map(|it| it.0), forward, "stop at a breakpoint")?;
        if let Some(node) = self.main_node(self.position) {
            self.node = node;
        }
        Ok(text)
    }

    /// Goes to the last entry at or before a time.
    pub fn go_to_time(&mut self, time: SimTime) {
        let entries = &self.history().entries;
        let after = entries.partition_point(|entry| entry.time <= time);
        self.go(after.saturating_sub(1));
    }

    /// The node that an entry is about.
    pub fn main_node(&self, entry: usize) -> Option<u32> {
        let of_rows = || Some(self.history().rows(entry).next()?.node);
        self.history().cause(entry).node().or_else(of_rows)
    }

    fn go_if(&mut self, to: Option<usize>, forward: bool, what: &str) -> Result<(), String> {
        match to {
            Some(to) => {
                self.go(to);
                Ok(())
            }
            None => Err(match forward {
                true => format!("no further {what}"),
                false => format!("no earlier {what}"),
            }),
        }
    }

    /// Selects the node this many places further.
    pub fn select(&mut self, by: i64) {
        let move_by = |at: usize, count: usize| {
            let last = count.saturating_sub(1) as i64;
            (at as i64 + by).clamp(0, last) as usize
        };
        match self.pane {
            Pane::Nodes => {
                let count = self.history().schema.nodes.len();
                self.node = move_by(self.node as usize, count) as u32;
            }
            Pane::UnderWay => {
                let count = self.state().under_way.len();
                self.message = move_by(self.message, count);
            }
        }
    }

    /// Selects the first node whose name has this text, from the selected one on.
    pub fn select_named(&mut self, text: &str) -> Result<(), String> {
        let nodes = &self.history().schema.nodes;
        let count = nodes.len();
        let from = self.node as usize;
        let exact = nodes.iter().position(|it| it.name == text);
        let mut order = (1..=count).map(|by| (from + by) % count);
        let part = || order.find(|&at| nodes[at].name.contains(text));
        match exact.or_else(part) {
            Some(found) => {
                self.node = found as u32;
                Ok(())
            }
            None => Err(format!("no node has `{text}` in its name")),
        }
    }

    /// Adds a breakpoint or a watch. Returns at how many entries it stops.
    pub fn add_stop(&mut self, text: &str) -> Result<usize, String> {
        let stop = StopAt::parse(text, self.history())?;
        let count = stop.entries.len();
        self.stops.retain(|it| it.text != stop.text);
        self.stops.push(stop);
        Ok(count)
    }

    /// The message under way that is selected.
    pub fn selected_message(&self) -> Option<u32> {
        let selected = self.message;
        let under_way = &self.state().under_way;
        under_way.iter().nth(selected).map(|it| it.1)
    }

    /// Delivers or drops the selected message, after the present entry.
    pub fn act(&mut self, act: Act) -> Result<String, String> {
        let Some(message) = self.selected_message() else {
            return Err("no message is under way here".to_owned());
        };
        if self.history().cause(self.position) == Cause::End {
            return Err("the run has ended here".to_owned());
        }
        let before = self.position + 1;
        let name = self.history().message(message).name;
        let what = Intervention { message: name, act };
        self.intervene(Done::Message { before, what }, self.position + 1)
    }

    /// Whether the selected node can crash here.
    pub fn can_crash(&self) -> Result<(), String> {
        match self.state().up.get(self.node as usize) {
            Some(true) => Ok(()),
            _ => Err(format!("{} is down here", self.history().name(self.node))),
        }
    }

    /// Crashes the selected node after all events of the present instant.
    pub fn crash(&mut self, span: Option<SimDuration>) -> Result<String, String> {
        let node = self.node;
        self.can_crash()?;
        if span == Some(SimDuration(0)) {
            return Err("a crash lasts longer than 0 s".to_owned());
        }
        let at = SimTime(self.now().0 + 1);
        let now = self.now();
        let history = self.history();
        let entries = history.entries.len();
        let to = (self.position..entries).find(|&entry| history.time(entry) > now);
        let to = to.unwrap_or(entries - 1);
        self.intervene(Done::Crash { node, at, span }, to)
    }

    fn intervene(&mut self, done: Done, go_to: usize) -> Result<String, String> {
        let mut by_hand = self.by_hand.clone();
        let forgotten = by_hand.add(done, self.position, self.now());
        self.again(by_hand)?;
        self.go(go_to);
        Ok(match forgotten {
            0 => "executed again".to_owned(),
            _ => format!("executed again, without {forgotten} later interventions"),
        })
    }

    /// Takes the last intervention back.
    pub fn undo(&mut self) -> Result<String, String> {
        let mut by_hand = self.by_hand.clone();
        if by_hand.all.pop().is_none() {
            return Err("nothing was done by hand".to_owned());
        }
        let position = self.position;
        self.again(by_hand)?;
        self.go(position);
        Ok("the last intervention is taken back".to_owned())
    }

    fn again(&mut self, by_hand: ByHand) -> Result<(), String> {
        let recorded = self.execute.execute(&by_hand)?;
        self.moving = Moving::new(recorded.recording.history());
        self.recorded = recorded;
        self.by_hand = by_hand;
        self.why = None;
        self.is_saved = false;
        self.scene.by_hand(&self.by_hand);
        for stop in &mut self.stops {
            let text = stop.text.clone();
            if let Ok(new) = StopAt::parse(&text, self.recorded.recording.history()) {
                *stop = new;
            }
        }
        Ok(())
    }

    /// Writes what was done by hand into a file.
    pub fn save(&mut self, file: &str) -> Result<String, String> {
        if self.by_hand.all.is_empty() {
            return Err("nothing was done by hand".to_owned());
        }
        let saved = self.execute.save(file, &self.by_hand)?;
        self.is_saved = true;
        Ok(saved)
    }
}
