//! The view of `--live`, in a thread of its own: a run in real time, or the runs of a sweep.

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyCode, KeyModifiers};

use crate::app::{App, Flow};
use crate::by_hand::ByHand;
use crate::explorer::{Execute, Explorer, Recorded};
use crate::live::{Beginning, Item};
use crate::screen::{frame, open};
use crate::sweep::Sweep;
use crate::tape::Recording;
use crate::view;
use crate::view::style::Style;

/// How often the view is drawn at most.
const EVERY: Duration = Duration::from_millis(50);

/// The most events of a run that a view keeps.
const MOST: usize = 2_000_000;

/// A run in real time is executed once.
struct Once;

impl Execute for Once {
    fn execute(&mut self, _: &ByHand) -> Result<Recorded, String> {
        Err("a run in real time cannot be executed again".to_owned())
    }

    fn save(&mut self, _: &str, _: &ByHand) -> Result<String, String> {
        Err("a run in real time cannot be executed again".to_owned())
    }
}

/// Shows what is told until [`Item::End`]. `stop` ends the runs; it is called when the person
/// wants that, and the view stays until they have ended.
///
/// # Errors
///
/// If the terminal cannot be written or read. The runs go on.
pub fn watch(items: &Receiver<Item>, style: Style, stop: &dyn Fn()) -> io::Result<()> {
    let (_screen, mut canvas) = open()?;
    let begun = Instant::now();
    let mut sweep = Sweep::default();
    let mut pending: Option<Box<Beginning>> = None;
    loop {
        // A run in real time has a view of its own until the next one begins.
        if let Some(beginning) = pending.take() {
            match watch_run(*beginning, items, &mut sweep, &mut canvas, style, stop)? {
                Next::End => return Ok(()),
                Next::Run(next) => pending = Some(next),
            }
            continue;
        }
        frame(&mut canvas, |frame| {
            sweep.draw(frame, begun.elapsed().as_secs_f64(), style);
        })?;
        let until = Instant::now() + EVERY;
        while event::poll(until.saturating_duration_since(Instant::now()))? {
            if let Event::Key(key) = event::read()?
                && is_end(key.code, key.modifiers)
            {
                stop();
            }
        }
        loop {
            match items.try_recv() {
                Ok(Item::End) | Err(TryRecvError::Disconnected) => return Ok(()),
                Ok(Item::Begins(beginning)) => {
                    pending = Some(beginning);
                    break;
                }
                Ok(item) => sweep.take(item),
                Err(TryRecvError::Empty) => break,
            }
        }
    }
}

fn is_end(code: KeyCode, modifiers: KeyModifiers) -> bool {
    match code {
        KeyCode::Char('q') => true,
        KeyCode::Char('c') => modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// What follows a run.
enum Next {
    /// Another one.
    Run(Box<Beginning>),
    /// Nothing.
    End,
}

fn watch_run(
    beginning: Beginning,
    items: &Receiver<Item>,
    sweep: &mut Sweep,
    canvas: &mut crate::screen::Canvas,
    style: Style,
    stop: &dyn Fn(),
) -> io::Result<Next> {
    let recorded = Recorded {
        recording: Recording::new(&beginning.schema, MOST),
        failures: Vec::new(),
        verdict: "live".to_owned(),
    };
    let mut once = Once;
    let explorer = Explorer::new(beginning.scene, recorded, ByHand::default(), &mut once);
    let mut app = App::live(explorer, beginning.hand);
    let mut is_stale = true;
    loop {
        if is_stale {
            app.follow();
            frame(canvas, |frame| view::draw(frame, &app, style))?;
            is_stale = false;
        }
        let until = Instant::now() + EVERY;
        while event::poll(until.saturating_duration_since(Instant::now()))? {
            is_stale = true;
            let Event::Key(key) = event::read()? else {
                continue;
            };
            match app.key(key) {
                Flow::Stay => {}
                Flow::Work => app.work(),
                Flow::Quit => {
                    app.note = "the run is being ended ...".to_owned();
                    stop();
                }
            }
        }
        loop {
            match items.try_recv() {
                Ok(Item::Recorded(part)) => {
                    app.explorer.record(part);
                    is_stale = true;
                }
                Ok(Item::Begins(next)) => return Ok(Next::Run(next)),
                Ok(Item::End) | Err(TryRecvError::Disconnected) => return Ok(Next::End),
                Ok(item) => sweep.take(item),
                Err(TryRecvError::Empty) => break,
            }
        }
        app.explorer.settle();
    }
}
