//! The loop of the debugger: draw, wait for a key, act.

use std::io::{self, BufWriter, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{self, Event};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use os::terminal::Screen;
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use crate::app::{App, Flow};
use crate::view;
use crate::view::style::Style;

/// How long to wait for a key before looking whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// How long to wait for another key that came together with one.
const NEXT: Duration = Duration::from_millis(1);

/// Room for a whole frame, so that a slow line gets it in one piece `[bytes]`.
const FRAME: usize = 64 << 10;

/// A terminal whose whole screen is drawn on.
pub type Canvas = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Takes the screen. From now on a change of its size is an event; one that comes before the
/// first frame or during it is there after it.
///
/// # Errors
///
/// If there is no terminal, or the system refuses.
pub fn open() -> io::Result<(Screen, Canvas)> {
    let screen = Screen::open()?;
    // The first look is what has the system tell of changes.
    event::poll(Duration::ZERO)?;
    let out = BufWriter::with_capacity(FRAME, io::stdout());
    let canvas = Terminal::new(CrosstermBackend::new(out))?;
    Ok((screen, canvas))
}

fn draw(canvas: &mut Canvas, app: &App<'_>, style: Style) -> io::Result<()> {
    frame(canvas, |frame| view::draw(frame, app, style))
}

/// Draws a frame, which a terminal that can do so shows in one piece.
///
/// # Errors
///
/// If the terminal cannot be written.
pub fn frame(canvas: &mut Canvas, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
    queue!(canvas.backend_mut(), BeginSynchronizedUpdate)?;
    canvas.draw(render)?;
    execute!(canvas.backend_mut(), EndSynchronizedUpdate)
}

/// Shows the debugger until the person ends it, or a signal does.
///
/// # Errors
///
/// If the terminal cannot be written or read.
pub fn show(app: &mut App<'_>, style: Style, stop: &AtomicBool) -> io::Result<()> {
    let (_screen, mut canvas) = open()?;
    let mut is_stale = true;
    while !stop.load(Ordering::Relaxed) {
        if is_stale {
            draw(&mut canvas, app, style)?;
            is_stale = false;
        }
        if !event::poll(LOOK)? {
            continue;
        }
        // On a slow line many keys may wait: all of them before the next frame.
        while event::poll(NEXT)? {
            is_stale = true;
            let Event::Key(key) = event::read()? else {
                continue;
            };
            match app.key(key) {
                Flow::Stay => {}
                Flow::Quit => return Ok(()),
                Flow::Work => {
                    draw(&mut canvas, app, style)?;
                    app.work();
                }
            }
        }
    }
    Ok(())
}
