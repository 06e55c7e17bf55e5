//! What the debugger shows: a title, panes, the event log, failures, and a last line for
//! notes and questions.
//!
//! Everything is drawn from an [`App`], whatever the size of the screen: a pane that has no
//! room is cut off, and nothing here fails.

mod failures;
mod help;
mod inbox;
mod links;
mod log;
mod message;
mod nodes;
pub mod style;
#[cfg(test)]
pub(crate) use log::text as log_text;
mod under_way;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Paragraph};

use crate::app::App;
use crate::explorer::Pane;
use style::Style;

/// Draws the debugger.
pub fn draw(frame: &mut Frame<'_>, app: &App<'_>, style: Style) {
    let area = frame.area();
    let failures = match app.explorer.failures() {
        [] => 0,
        _ => 3,
    };
    let last_lines = match &app.prompt {
        Some(_) if !app.note.is_empty() => 2,
        _ => 1,
    };
    let log = (area.height / 3).max(4);
    let [title, panes, log, failing, last] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(3),
        Constraint::Length(log),
        Constraint::Length(failures),
        Constraint::Length(last_lines),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(title_line(app, style)), title);
    if app.help {
        help::draw(frame, panes.union(log).union(failing), app.is_live(), style);
    } else {
        draw_panes(frame, panes, app, style);
        log::draw(frame, log, app, style);
    }
    if !app.help {
        failures::draw(frame, failing, app, style);
    }
    frame.render_widget(Paragraph::new(last_text(app, style)), last);
    if let Some(prompt) = &app.prompt {
        let typed = prompt.asks.question().chars().count() + prompt.text.chars().count();
        let x = last.x
            + u16::try_from(typed)
                .unwrap_or(u16::MAX)
                .min(last.width.saturating_sub(1));
        frame.set_cursor_position((x, last.y));
    }
}

fn draw_panes(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(50), Constraint::Percentage(50)]).areas(area);
    let [under_way, inbox, links] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Fill(1),
    ])
    .areas(right);
    nodes::draw(frame, left, app, style);
    under_way::draw(frame, under_way, app, style);
    inbox::draw(frame, inbox, app, style);
    links::draw(frame, links, app, style);
}

fn title_line(app: &App<'_>, style: Style) -> Line<'static> {
    let explorer = &app.explorer;
    let last = explorer.history().len() - 1;
    let mut text = format!(
        " {} | event {}/{last} | {} | {}",
        explorer.scene.title,
        explorer.position(),
        explorer.now(),
        explorer.verdict()
    );
    if app.is_live() && !app.follows {
        text += " | looking back: end follows again";
    }
    match explorer.by_hand().all.len() {
        0 => {}
        count => text += &format!(" | {count} by hand"),
    }
    if let Some(cut) = &explorer.history().cut {
        text += &format!(" | {cut}");
    }
    Line::styled(text, style.title())
}

/// A note, or a question and what was typed; below it, what is wrong with that.
fn last_text(app: &App<'_>, style: Style) -> Text<'static> {
    let Some(prompt) = &app.prompt else {
        return Text::raw(app.note.clone());
    };
    let asked = Span::styled(prompt.asks.question(), style.strong());
    let question = Line::from(vec![asked, Span::raw(prompt.text.clone())]);
    let note = Line::styled(app.note.clone(), style.bad());
    Text::from(vec![question, note])
}

/// A pane with a title. Returns the area inside.
pub(crate) fn pane(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    has_focus: bool,
    style: Style,
) -> Rect {
    let title_style = match has_focus {
        true => style.focus(),
        false => style.strong(),
    };
    let title = Span::styled(format!(" {title} "), title_style);
    let block = Block::bordered().border_style(style.dim()).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    inner
}

/// The first of the lines to show, so that the selected one is among them.
pub(crate) fn first_shown(selected: usize, count: usize, height: usize) -> usize {
    let half = height / 2;
    selected
        .saturating_sub(half)
        .min(count.saturating_sub(height))
}

/// Whether the arrow keys act on a pane.
fn has_focus(app: &App<'_>, pane: Pane) -> bool {
    app.explorer.pane == pane
}
