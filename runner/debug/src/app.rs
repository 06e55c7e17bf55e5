//! The debugger without its screen: keys go in, and what to show comes out.

use analysis_log::EventId;
use base::duration;
use base::time::SimTime;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use engine::follow::Act;

use crate::explorer::{Explorer, Pane};
use crate::keys::{self, Action};
use crate::live::Hand;

/// The debugger.
pub struct App<'a> {
    /// Where the person is.
    pub explorer: Explorer<'a>,
    /// What is asked, and what was typed so far.
    pub prompt: Option<Prompt>,
    /// Whether the keys are shown.
    pub help: bool,
    /// What was said last.
    pub note: String,
    /// What a person does to a run in real time; none for a recorded one.
    hand: Option<Box<dyn Hand>>,
    /// Whether the last event is shown whenever there is a new one.
    pub follows: bool,
    /// What takes a while, to be done once the screen says so.
    work: Option<Work>,
}

/// What executes the run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Act(Act),
    Undo,
    /// The answer to the question.
    Answer,
}

/// A question on the last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked for.
    pub asks: Asks,
    /// What was typed.
    pub text: String,
}

/// What a person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A time.
    Time,
    /// The number of an event.
    Event,
    /// A breakpoint.
    Stop,
    /// A node.
    Node,
    /// For how long a node crashes.
    Crash,
    /// A file.
    File,
    /// A message to the selected node.
    Message,
}

impl Asks {
    /// The question.
    pub fn question(self) -> &'static str {
        match self {
            Asks::Time => "run to (1.5s): ",
            Asks::Event => "event number: ",
            Asks::Stop => "stop where (an expression, or a column that changes): ",
            Asks::Node => "node: ",
            Asks::Crash => "crash for (1s; empty: to the end of the run): ",
            Asks::Message => "send to the selected node: ",
            Asks::File => "write to (NAME.toml: scenario; NAME.replay.toml: replay file): ",
        }
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Stay,
    /// Draw, and then call [`App::work`].
    Work,
    /// End.
    Quit,
}

impl<'a> App<'a> {
    /// The debugger at the start of a run.
    pub fn new(explorer: Explorer<'a>) -> App<'a> {
        App {
            explorer,
            prompt: None,
            help: false,
            note: "? shows the keys".to_owned(),
            hand: None,
            follows: false,
            work: None,
        }
    }

    /// The view of a run that goes on.
    pub fn live(explorer: Explorer<'a>, hand: Box<dyn Hand>) -> App<'a> {
        App {
            hand: Some(hand),
            follows: true,
            ..App::new(explorer)
        }
    }

    /// Whether the run goes on.
    pub fn is_live(&self) -> bool {
        self.hand.is_some()
    }

    /// Goes to the last event, unless the person looks at another one.
    pub fn follow(&mut self) {
        if self.follows {
            self.explorer.go(usize::MAX);
        }
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Flow {
        if key.kind == KeyEventKind::Release {
            return Flow::Stay;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Flow::Quit,
                _ => Flow::Stay,
            };
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            // Esc and another key, typed so quickly that they came together.
            self.key(KeyEvent::from(KeyCode::Esc));
            return self.key(KeyEvent::from(key.code));
        }
        if self.prompt.is_some() {
            self.type_into_prompt(key.code);
            return self.flow();
        }
        let Some(action) = keys::action(key.code) else {
            if key.code == KeyCode::Esc {
                self.help = false;
            }
            return Flow::Stay;
        };
        self.note.clear();
        match action {
            Action::Quit => return Flow::Quit,
            Action::Help => self.help = !self.help,
            action => self.act(action),
        }
        self.flow()
    }

    fn flow(&self) -> Flow {
        match self.work {
            Some(_) => Flow::Work,
            None => Flow::Stay,
        }
    }

    fn later(&mut self, work: Work) {
        self.note = "the run is executed again ...".to_owned();
        self.work = Some(work);
    }

    /// Does what takes a while.
    pub fn work(&mut self) {
        let done = match self.work.take() {
            None => return,
            Some(Work::Act(act)) => self.explorer.act(act),
            Some(Work::Undo) => self.explorer.undo(),
            Some(Work::Answer) => return self.accept(),
        };
        self.note = done.unwrap_or_else(|why| why);
    }

    fn act(&mut self, action: Action) {
        if !keys::is_of(action, self.is_live()) {
            self.note = match self.is_live() {
                true => "a run in real time cannot be executed again".to_owned(),
                false => "only for a run in real time: runner run --live".to_owned(),
            };
            return;
        }
        let stays = matches!(
            action,
            Action::Select(_)
                | Action::OtherPane
                | Action::AskNode
                | Action::AskStop
                | Action::ClearStops
                | Action::AskSend
                | Action::Press
                | Action::CutOff
                | Action::Heal
        );
        self.follows = self.is_live() && (stays && self.follows || action == Action::Last);
        let node = self.explorer.node;
        if let Some(hand) = &mut self.hand {
            let name = self.explorer.history().name(node);
            match action {
                Action::Press => {
                    hand.press(node, b" ".to_vec());
                    self.note = "pressed".to_owned();
                    return;
                }
                Action::CutOff => {
                    hand.cut(node);
                    self.note = format!("{name} is cut off; H heals");
                    return;
                }
                Action::Heal => {
                    hand.heal();
                    self.note = "all are linked again".to_owned();
                    return;
                }
                _ => {}
            }
        }
        let explorer = &mut self.explorer;
        let moved = match action {
            Action::Step(forward) => explorer.step(forward),
            Action::StepOfNode(forward) => explorer.step_of_node(forward),
            Action::StepToSend(forward) => explorer.step_to(EventId::SEND, forward),
            Action::StepToReceive(forward) => explorer.step_to(EventId::RECEIVE, forward),
            Action::StepToFailure(forward) => explorer.step_to_failure(forward),
            Action::Continue(forward) => match explorer.step_to_stop(forward) {
                Ok(text) => {
                    self.note = format!("stopped: {text}");
                    Ok(())
                }
                Err(why) => Err(why),
            },
            Action::First => {
                explorer.go(0);
                Ok(())
            }
            Action::Last => {
                explorer.go(usize::MAX);
                Ok(())
            }
            Action::ClearStops => {
                explorer.stops.clear();
                Err("no more stops".to_owned())
            }
            Action::Why if explorer.why.is_some() => {
                explorer.why = None;
                Ok(())
            }
            Action::Why => explorer.ask_why().and_then(|count| {
                Err(match count {
                    1 => "nothing led to it: it is the first of its kind".to_owned(),
                    _ => format!("{} of the events before led to it", count - 1),
                })
            }),
            Action::Select(by) => {
                explorer.select(by);
                Ok(())
            }
            Action::OtherPane => {
                explorer.pane = match explorer.pane {
                    Pane::Nodes => Pane::UnderWay,
                    Pane::UnderWay => Pane::Nodes,
                };
                Ok(())
            }
            Action::Deliver => return self.later(Work::Act(Act::Deliver)),
            Action::Drop => return self.later(Work::Act(Act::Drop)),
            Action::Undo => return self.later(Work::Undo),
            Action::AskTime => return self.ask(Asks::Time),
            Action::AskEvent => return self.ask(Asks::Event),
            Action::AskStop => return self.ask(Asks::Stop),
            Action::AskNode => return self.ask(Asks::Node),
            Action::AskCrash => match explorer.can_crash() {
                Ok(()) => return self.ask(Asks::Crash),
                Err(why) => Err(why),
            },
            Action::AskSave => return self.ask(Asks::File),
            Action::AskSend => return self.ask(Asks::Message),
            Action::Press | Action::CutOff | Action::Heal => Ok(()),
            Action::Help | Action::Quit => Ok(()),
        };
        if let Err(note) = moved {
            self.note = note;
        }
    }

    fn ask(&mut self, asks: Asks) {
        self.prompt = Some(Prompt {
            asks,
            text: String::new(),
        });
    }

    fn type_into_prompt(&mut self, code: KeyCode) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        match code {
            KeyCode::Esc => {
                self.prompt = None;
                self.note.clear();
            }
            KeyCode::Backspace => drop(prompt.text.pop()),
            KeyCode::Char(c) => prompt.text.push(c),
            KeyCode::Enter => match prompt.asks {
                Asks::Crash | Asks::File => self.later(Work::Answer),
                _ => self.accept(),
            },
            _ => {}
        }
    }

    fn accept(&mut self) {
        let Some(Prompt { asks, text }) = self.prompt.clone() else {
            return;
        };
        match self.answer(asks, text.trim()) {
            Ok(note) => {
                self.note = note;
                self.prompt = None;
            }
            // What was typed stays, to be put right.
            Err(why) => self.note = why,
        }
    }

    fn answer(&mut self, asks: Asks, text: &str) -> Result<String, String> {
        let span = |text: &str| {
            let of = |error: duration::DurationError| {
                format!(
                    "`{text}` is no time: expected {}, as 1.5s",
                    error.expected()
                )
            };
            duration::parse(text).map_err(of)
        };
        let explorer = &mut self.explorer;
        match asks {
            Asks::Time => explorer.go_to_time(SimTime(span(text)?.0)),
            Asks::Event => {
                let last = explorer.history().len() - 1;
                let number: usize = match text.parse() {
                    Ok(number) if number <= last => number,
                    _ => return Err(format!("`{text}` is no event: expected 0 to {last}")),
                };
                explorer.go(number);
            }
            Asks::Stop => {
                let count = explorer.add_stop(text)?;
                return Ok(match count {
                    0 => "no event of this run stops there".to_owned(),
                    1 => "1 event stops there; c goes to it".to_owned(),
                    _ => format!("{count} events stop there; c goes to the next"),
                });
            }
            Asks::Node => {
                explorer.pane = Pane::Nodes;
                explorer.select_named(text)?;
            }
            Asks::Crash => {
                let span = match text {
                    "" => None,
                    text => Some(span(text)?),
                };
                return explorer.crash(span);
            }
            Asks::Message => {
                let node = explorer.node;
                if let Some(hand) = &mut self.hand {
                    hand.send(node, text.as_bytes().to_vec());
                }
                let name = explorer.history().name(node);
                return Ok(format!("sent to {name}: {text}"));
            }
            Asks::File => match text {
                "" => return Err("type the name of a file, or press esc".to_owned()),
                text => return explorer.save(text),
            },
        }
        Ok(String::new())
    }
}
