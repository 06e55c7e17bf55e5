//! The keys, on the screen.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pane;
use super::style::Style;
use crate::keys::keys;

/// The width of a column of keys, with what they do. The longest is cut off on 80 columns.
const WIDTH: u16 = 66;

pub fn draw(frame: &mut Frame<'_>, area: Rect, is_live: bool, style: Style) {
    let all = keys(is_live);
    let inner = pane(frame, area, "keys (? or esc: back)", true, style);
    let columns = match inner.width >= 2 * WIDTH {
        true => 2,
        false => 1,
    };
    let per_column = all.len().div_ceil(columns);
    let areas = Layout::horizontal(vec![Constraint::Fill(1); columns]).split(inner);
    for (keys, area) in all.chunks(per_column).zip(areas.iter()) {
        let lines = keys.iter().map(|key| {
            let shown = Span::styled(format!("{:<22}", key.shown), style.strong());
            Line::from(vec![shown, Span::raw(key.does)])
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), *area);
    }
}
