//! The inbox of the selected node.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::style::Style;
use super::{message, pane};
use crate::app::App;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let (history, state) = (explorer.history(), explorer.state());
    let node = explorer.node;
    let title = format!(
        "inbox of {} ({})",
        history.name(node),
        state.inbox_len(node)
    );
    let inner = pane(frame, area, &title, false, style);
    let messages = state.inboxes.get(&node).into_iter().flatten();
    let lines = messages.take(usize::from(inner.height)).map(|&at| {
        let own = history.message(at);
        let (name, bytes) = (own.name, message::bytes(history.bytes_of(own)));
        Line::raw(format!(
            "from {} #{} {bytes}",
            history.name(name.from),
            name.number
        ))
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}
