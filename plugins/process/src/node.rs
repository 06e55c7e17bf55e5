//! The behavior: each callback is a line to the program, and its answer the effects.

use crate::child::{Child, END_PATIENCE, End, How, MAX_ANSWER, MAX_SAID, NoAnswer};
use crate::config::Config;
use crate::effects::{self, Effect};
use crate::idle;
use crate::request::{PROTOCOL, Payload, Request};
use runner_sdk::{
    Behavior, Cell, Context, Node, Peer, Problem, Rejected, Result, Shape, ShapedColumn, ShapedKind,
};
use serde_json::Value;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

/// A node that is a program.
pub struct Process {
    /// None after a failure.
    child: Option<Child>,
    /// The folder in which it runs, and its words.
    command: (PathBuf, Vec<String>),
    /// Whether it can begin anew for another run.
    resets: bool,
    /// Whether it has answered `stop`.
    stopped: bool,
    /// The line that is written; kept for its memory.
    line: Vec<u8>,
    peers: HashMap<String, Peer>,
    columns: HashMap<String, u32>,
    events: HashMap<String, u32>,
    timers: Timers,
}

/// The names of timers. The runner knows them by number.
#[derive(Default)]
struct Timers {
    names: Vec<Value>,
    numbers: HashMap<String, u64>,
}

impl Timers {
    /// The number of a name.
    fn number(&mut self, name: &Value) -> u64 {
        // `"7"` and `7` are two names.
        let key = name.to_string();
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let number = self.names.len() as u64;
        self.names.push(name.clone());
        self.numbers.insert(key, number);
        number
    }
}

impl Behavior for Process {
    type Config = Config;
    const NAME: &'static str = "node";
    const DOCS: &'static str = "A program in any language: for each callback it gets one line of \
        JSON on standard input and answers with one line of effects on standard output. Its columns \
        and words for `event` are those of the config. What it writes to standard error goes into \
        the node's log.";
    const CLOCKED: bool = true;
    const CONNECTS: bool = true;

    fn check(config: &Config) -> Vec<Problem> {
        config.problems()
    }

    fn shape(config: &Config) -> Option<Shape> {
        Some(config.shape())
    }

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let config = node.config();
        let folder = node.scenario_folder().to_owned();
        let mut child = match idle::take(&folder, &config.program) {
            Some(child) => child,
            None => started(node, &config.program)?,
        };
        let real = node.time_of_day().is_some();
        child.begin_run(real);
        let mut process = Process {
            child: Some(child),
            command: (folder, config.program.clone()),
            resets: false,
            stopped: false,
            line: Vec::new(),
            peers: node
                .peers()
                .map(|it| (node.peer_name(it).to_owned(), it))
                .collect(),
            columns: numbered(config.columns.iter().map(|column| &column.name)),
            events: numbered(config.events.iter()),
            timers: Timers::default(),
        };
        let random = node.random().0.map(|word| format!("{word:016x}"));
        let init = Request::Init {
            protocol: PROTOCOL,
            time: node.now_ns(),
            node: node.name(),
            peers: node.peers().map(|peer| node.peer_name(peer)).collect(),
            columns: config.columns.iter().map(|column| &*column.name).collect(),
            events: &config.events,
            parameters: &config.parameters,
            random,
            real,
        };
        process.resets = process.ask(config, &init, effects::read_init)?;
        Ok(process)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let time = node.now_ns();
        self.call(node, &Request::Start { time })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let name = node.peer_name(from);
        if from.0 >= node.peer_count() {
            // A connection from outside: the program answers to this name.
            self.peers.insert(name.to_owned(), from);
        }
        let request = Request::Message {
            time: node.now_ns(),
            from: name,
            bytes: Payload::of(bytes),
        };
        self.call(node, &request)
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> Result {
        let Some(timer) = self.timers.names.get(tag as usize).cloned() else {
            return Err(format!("timer {tag} was never set").into());
        };
        let request = Request::Timer {
            time: node.now_ns(),
            timer: &timer,
        };
        self.call(node, &request)
    }

    fn tick(&mut self, node: &mut Context<Self>) -> Result {
        let time = node.now_ns();
        self.call(node, &Request::Tick { time })
    }

    fn connect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let name = node.peer_name(peer);
        self.peers.insert(name.to_owned(), peer);
        let time = node.now_ns();
        self.call(node, &Request::Connect { time, peer: name })
    }

    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        let name = node.peer_name(peer);
        let time = node.now_ns();
        self.call(node, &Request::Disconnect { time, peer: name })?;
        if peer.0 >= node.peer_count() {
            self.peers.remove(name);
        }
        Ok(())
    }

    fn stop(&mut self, node: &mut Context<Self>) -> Result {
        let time = node.now_ns();
        self.call(node, &Request::Stop { time })?;
        self.stopped = true;
        match self.child.take() {
            Some(child) if self.resets && child.unfinished().is_empty() => {
                self.child = Some(child);
                Ok(())
            }
            Some(child) => {
                let next = child.answers() + 1;
                ended_well(child.end(), next)
            }
            None => Ok(()),
        }
    }
}

impl Process {
    /// Asks the program, and does what it answers.
    fn call(&mut self, node: &mut Context<Self>, request: &Request) -> Result {
        let effects = self.ask(node.config(), request, effects::read)?;
        let done = self.act_all(node, request, effects);
        done.map_err(|refused| match refused {
            Refused::Wrong(what) => self
                .failed(node.config(), request, Wrong::Answer(what))
                .into(),
            Refused::Asked(error) => error,
        })?;
        // Behind the effects: a word that is recorded takes the place of `tick` only as the
        // first effect.
        let said = self.child.as_mut().map(Child::take_said);
        said.unwrap_or_default()
            .iter()
            .for_each(|line| node.print(line));
        Ok(())
    }

    /// Writes a request and reads the answer.
    fn ask<T>(
        &mut self,
        config: &Config,
        request: &Request,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T> {
        request.write(&mut self.line)?;
        let Some(child) = &mut self.child else {
            return Err("the program has ended".into());
        };
        let found = match child.ask(&self.line, config.limit.duration()) {
            Ok(answer) => read(answer).map_err(Wrong::Answer),
            Err(why) => Err(Wrong::None(why)),
        };
        found.map_err(|wrong| self.failed(config, request, wrong).into())
    }

    /// Ends the program, which has not answered as it should. Returns what is wrong.
    fn failed(&mut self, config: &Config, request: &Request, wrong: Wrong) -> String {
        let Some(child) = self.child.take() else {
            return String::new();
        };
        let program = config.program.join(" ");
        let limit = config.limit;
        let callback = request.name();
        let number = child.answers();
        let unfinished = match child.unfinished() {
            [] => String::new(),
            begun => format!("; {} has no line end", effects::shown_bytes(begun)),
        };
        let late = format!("did not answer `{callback}` within {limit} (key `limit`)");
        let what = match wrong {
            Wrong::None(NoAnswer::Ended) => {
                let End { how, words, .. } = child.end_of_closed();
                let how = match how {
                    How::Itself(ended) => format!("ended with {ended}"),
                    How::Killed => "closed its standard output, runs on,".to_owned(),
                };
                return format!(
                    "`{program}` {how} and did not answer `{callback}`{unfinished}{words}"
                );
            }
            Wrong::None(NoAnswer::Late) => {
                let End { how, words, .. } = child.kill();
                let why = match how {
                    How::Itself(ended) => format!(
                        "`{program}` ended with {ended} and {late}; a process that it has started \
                         holds its standard output open"
                    ),
                    How::Killed => format!(
                        "`{program}` {late}; an answer is a line, which ends with a line end and is flushed"
                    ),
                };
                return format!("{why}{unfinished}{words}");
            }
            Wrong::Answer(what) => format!(
                "line {number} of the standard output of `{program}`, the answer to `{callback}`: {what}"
            ),
            Wrong::None(NoAnswer::Early) => {
                let begun = effects::shown_bytes(first_line(child.unfinished()));
                early(&format!("of `{program}`"), number + 1, &begun)
            }
            Wrong::None(NoAnswer::Deaf) => {
                format!("`{program}` did not read `{callback}` within {limit} (key `limit`)")
            }
            Wrong::None(NoAnswer::Long) => format!(
                "`{program}` answered `{callback}` with more than {MAX_ANSWER} bytes and no line end, \
                 expected one line"
            ),
            Wrong::None(NoAnswer::Loud) => format!(
                "`{program}` wrote more than {MAX_SAID} bytes to standard error before it answered \
                 `{callback}`"
            ),
            Wrong::None(NoAnswer::System(error)) => {
                format!("`{program}` cannot be asked for `{callback}`: {error}")
            }
        };
        format!("{what}{}", child.kill().words)
    }

    /// Has the effects, in their order.
    fn act_all(
        &mut self,
        node: &mut Context<Self>,
        request: &Request,
        effects: Vec<Effect>,
    ) -> Result<(), Refused> {
        let rejects = effects.iter().any(|it| matches!(it, Effect::Reject(_)));
        if rejects && effects.len() > 1 {
            let what = "the program rejected a message and did more, expected `reject` alone";
            return Err(Refused::Wrong(what.to_owned()));
        }
        effects
            .into_iter()
            .try_for_each(|effect| self.act(node, request, effect))
    }

    /// Has one effect.
    fn act(
        &mut self,
        node: &mut Context<Self>,
        request: &Request,
        effect: Effect,
    ) -> Result<(), Refused> {
        match effect {
            Effect::Send(peer, bytes) => {
                let peer = self.peer(&peer)?;
                node.send(peer, &bytes).map_err(Refused::Asked)?;
            }
            Effect::Timer(name, after) => {
                let number = self.timers.number(&name);
                node.set_timer(number, after.duration());
            }
            Effect::Cancel(name) => {
                let number = self.timers.number(&name);
                node.cancel_timer(number);
            }
            Effect::Record(word) => match self.events.get(&word) {
                Some(&event) => node.record_shaped(event),
                None => return Err(unknown("word for `event`", "events", &word, &self.events)),
            },
            Effect::Set(name, value) => {
                let Some(&column) = self.columns.get(&name) else {
                    return Err(unknown("column", "columns", &name, &self.columns));
                };
                let shape = node.shape().map_or(&[][..], Shape::columns);
                let Some(shaped) = shape.get(column as usize) else {
                    let what = "this runner has no columns that a config decides";
                    return Err(Refused::Asked(what.into()));
                };
                node.set_shaped(column, cell(shaped, &value)?);
            }
            Effect::Print(line) => node.print(line),
            Effect::Close(peer) => {
                let peer = self.peer(&peer)?;
                node.close(peer);
            }
            Effect::Stop(reason) => node.stop_run(reason),
            Effect::Fail(reason) if reason.is_empty() => {
                let what = "the program failed the run, and gave no reason";
                return Err(Refused::Asked(what.into()));
            }
            Effect::Fail(reason) => return Err(Refused::Asked(reason.into())),
            Effect::Reject(reason) if matches!(request, Request::Message { .. }) => {
                return Err(Refused::Asked(Rejected::because(reason)));
            }
            Effect::Reject(_) => {
                let callback = request.name();
                let what = format!("`reject` as an answer to `{callback}`, expected to a message");
                return Err(Refused::Wrong(what));
            }
        }
        Ok(())
    }

    fn peer(&self, name: &str) -> Result<Peer, Refused> {
        self.peers.get(name).copied().ok_or_else(|| {
            let mut peers: Vec<&str> = self.peers.keys().map(String::as_str).collect();
            peers.sort_unstable();
            let more = if peers.len() > PEERS_SHOWN {
                ", .."
            } else {
                ""
            };
            peers.truncate(PEERS_SHOWN);
            let peers = match peers.is_empty() {
                true => "none".to_owned(),
                false => peers.join(", "),
            };
            Refused::Wrong(format!(
                "the program sent to `{name}`, to which its node has no link (its peers: {peers}{more})"
            ))
        })
    }
}

/// Why an effect was not had.
enum Refused {
    /// It is none that the program can have: this is wrong.
    Wrong(String),
    /// The program asked for this error, or the runner has it.
    Asked(runner_sdk::Error),
}

/// The number of peers that an error names.
const PEERS_SHOWN: usize = 10;

impl Drop for Process {
    fn drop(&mut self) {
        if let (Some(child), true) = (self.child.take(), self.stopped && self.resets) {
            let (folder, words) = &self.command;
            idle::keep(folder, words, child);
        }
    }
}

/// Whether a program has ended as it should after its `stop`. Its next line has this number.
fn ended_well(end: End, next: u64) -> Result {
    let End {
        how,
        words,
        unasked,
    } = end;
    if !unasked.is_empty() {
        let begun = effects::shown_bytes(first_line(&unasked));
        return Err(format!("{}{words}", early("of the program", next, &begun)).into());
    }
    match how {
        How::Itself(ended) if ended.code() != Some(0) => {
            Err(format!("the program ended with {ended} after `stop`{words}").into())
        }
        How::Itself(_) => Ok(()),
        How::Killed => Err(format!(
            "the program still ran {} s after `stop` and the end of its input, and was killed; \
             expected that it ends with exit code 0{words}",
            END_PATIENCE.as_secs()
        )
        .into()),
    }
}

/// The error of a line that nobody has asked for.
fn early(of: &str, number: u64, line: &str) -> String {
    format!(
        "line {number} of the standard output {of}: found {line}, which is more lines than it was asked \
         for; standard output has one answer for each line of input: write what is for people to \
         standard error"
    )
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == b'\n').next().unwrap_or(bytes)
}

/// Why an answer is none.
enum Wrong {
    None(NoAnswer),
    Answer(String),
}

/// Starts the program.
fn started(node: &mut Node<Process>, words: &[String]) -> Result<Child> {
    let child = node.start_program(words).and_then(Child::new);
    child.map_err(|error| {
        let program = words.join(" ");
        let folder = node.scenario_folder();
        let file = words.first().map(|word| folder.join(word));
        let hint = file.map_or("", |file| hint(&file, &error));
        let folder = folder.display();
        format!("`{program}` cannot be started in {folder}: {error}{hint}").into()
    })
}

/// What may be wrong with a file that cannot be started.
fn hint(file: &Path, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound if file.is_file() => {
            "; the file is there, but not the interpreter that its first line names"
        }
        io::ErrorKind::PermissionDenied if file.is_dir() => "; it is a folder",
        io::ErrorKind::PermissionDenied if file.is_file() => {
            "; it is not executable: chmod +x, or write its interpreter before it"
        }
        _ => "",
    }
}

/// The index of each name.
fn numbered<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, u32> {
    (0..)
        .zip(names)
        .map(|(index, name)| (name.clone(), index))
        .collect()
}

/// The error of a name that the config does not have.
fn unknown(what: &str, key: &str, found: &str, known: &HashMap<String, u32>) -> Refused {
    let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
    names.sort_unstable();
    let names = match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    Refused::Wrong(format!(
        "the program has no {what} `{found}`; key `{key}` of its config has: {names}"
    ))
}

/// A value of JSON for a column.
fn cell<'a>(column: &ShapedColumn, value: &'a Value) -> Result<Cell<'a>, Refused> {
    let cell = match (column.kind, value) {
        (_, Value::Null) => Some(Cell::Empty),
        (ShapedKind::U64, value) => value.as_u64().map(Cell::U64),
        (ShapedKind::I64, value) => value.as_i64().map(Cell::I64),
        (ShapedKind::F64, value) => value.as_f64().map(Cell::F64),
        (ShapedKind::Bool, value) => value.as_bool().map(Cell::Bool),
        (ShapedKind::Text, value) => value.as_str().map(Cell::Text),
    };
    cell.ok_or_else(|| {
        let kind = match column.kind {
            ShapedKind::U64 => "a whole number from 0 to 2^64 - 1",
            ShapedKind::I64 => "a whole number",
            ShapedKind::F64 => "a number",
            ShapedKind::Bool => "true or false",
            ShapedKind::Text => "text",
        };
        Refused::Wrong(format!(
            "the program set column `{}` to {value}, expected {kind}, or null for an empty column",
            column.name
        ))
    })
}
