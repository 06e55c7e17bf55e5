//! The faults of the scenario, those that hold marked; then the links of the selected node.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::pane;
use super::style::Style;
use crate::app::App;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let state = explorer.state();
    let name = explorer.history().name(explorer.node);
    let title = format!("faults, links of {name}");
    let inner = pane(frame, area, &title, false, style);
    let height = usize::from(inner.height);
    let mut faults = explorer.scene.faults(state);
    // Those that hold come first, in a pane that has no room for all.
    faults.sort_by_key(|it| !it.1);
    let faults = faults.into_iter().map(|(text, holds)| match holds {
        true => Line::styled(format!("! {text}"), style.fault()),
        false => Line::styled(format!("  {text}"), style.dim()),
    });
    let links = explorer.scene.links(explorer.node, state, height);
    let links = links.into_iter().map(|text| match text.ends_with("CUT") {
        true => Line::styled(text, style.bad()),
        false => Line::raw(text),
    });
    let lines: Vec<Line<'_>> = faults.chain(links).take(height).collect();
    frame.render_widget(Paragraph::new(lines), inner);
}
