//! The messages on links, by the time of their arrival.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::style::Style;
use super::{first_shown, has_focus, message, pane};
use crate::app::App;
use crate::explorer::Pane;
use base::time::SimTime;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let (history, state) = (explorer.history(), explorer.state());
    let count = state.under_way.len();
    let has_focus = has_focus(app, Pane::UnderWay);
    let title = format!("under way ({count})");
    let inner = pane(frame, area, &title, has_focus, style);
    let height = usize::from(inner.height);
    let first = first_shown(explorer.message, count, height);
    let now = explorer.now();
    let messages = state.under_way.iter().enumerate().skip(first).take(height);
    let lines = messages.map(|(index, &(arrives, at))| {
        let own = history.message(at);
        let due = match arrives {
            SimTime::NEVER => String::new(),
            _ => format!("in {} ", arrives - now),
        };
        let look = match (index == explorer.message && has_focus, own.sent as usize) {
            (true, _) => style.selected(),
            (false, _) if index == explorer.message => style.strong(),
            (false, sent) if sent == explorer.position() => style.fresh(),
            _ => Default::default(),
        };
        Line::styled(format!("{due}{}", message::text(history, own)), look)
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}
