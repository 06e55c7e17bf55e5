//! How the run failed, and the line of the scenario that asks for it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::style::Style;
use crate::app::App;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let position = explorer.position();
    // The failure that the present event proves, or else the first one.
    let proves = |it: &&crate::explorer::Failing| it.entries.iter().any(|at| at.0 == position);
    let failures = explorer.failures();
    let Some(failing) = failures.iter().find(proves).or(failures.first()) else {
        return;
    };
    let first = failing.text.lines().next().unwrap_or_default();
    let count = match failures.len() {
        1 => String::new(),
        count => format!(" ({count} failures)"),
    };
    let mut lines = vec![Line::styled(
        format!("{}{count}", base::harmless::line(first)),
        style.bad(),
    )];
    if let Some((place, text)) = &failing.line {
        lines.push(Line::raw(format!(
            "  {place}: {}",
            base::harmless::line(text.trim())
        )));
    }
    let here = failing.entries.iter().find(|it| it.0 == position);
    lines.push(match (here, failing.entries.first()) {
        (Some((_, note)), _) => Line::styled(format!("  here: {note}"), style.fault()),
        (None, Some(_)) => Line::styled("  f goes to the records that prove it", style.dim()),
        (None, None) => Line::styled("  no single record proves it", style.dim()),
    });
    frame.render_widget(Paragraph::new(lines), area);
}
