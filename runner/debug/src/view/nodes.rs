//! The nodes: whether each is up, its step, its inbox, its columns.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::style::Style;
use super::{first_shown, has_focus, pane};
use crate::app::App;
use crate::explorer::Pane;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let nodes = explorer.history().schema.nodes.len();
    let title = format!("nodes ({nodes})");
    let inner = pane(frame, area, &title, has_focus(app, Pane::Nodes), style);
    let height = usize::from(inner.height);
    let first = first_shown(explorer.node as usize, nodes, height);
    let shown = first..(first + height).min(nodes);
    let wide = shown
        .clone()
        .map(|node| explorer.history().name(node as u32).chars().count());
    let wide = wide.max().unwrap_or(0).min(20);
    let lines = shown.map(|node| line(app, node as u32, wide, style));
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}

fn line(app: &App<'_>, node: u32, wide: usize, style: Style) -> Line<'static> {
    let explorer = &app.explorer;
    let (history, state) = (explorer.history(), explorer.state());
    let is_up = state.up[node as usize];
    let (word, look) = match (is_up, explorer.scene.is_paused(node, state)) {
        (false, _) => ("down", style.bad()),
        (true, true) => ("paused", style.fault()),
        (true, false) => ("up", style.dim()),
    };
    let acts = history.concerns(explorer.position(), node);
    let mark = if acts { ">" } else { " " };
    let name = match (node == explorer.node, acts) {
        (true, _) => style.selected(),
        (false, true) => style.fresh(),
        (false, false) => Default::default(),
    };
    let latest = history.latest(node, explorer.position());
    let step = latest.map_or(0, |row| row.step);
    let inbox = state.inbox_len(node);
    let inbox = match inbox {
        0 => String::new(),
        _ => format!(" inbox {inbox}"),
    };
    let columns = history.columns(node, explorer.position());
    let columns = columns.iter().filter(|it| !it.1.is_empty());
    let columns = columns.map(|(name, value)| format!(" {name}={}", base::harmless::line(value)));
    Line::from(vec![
        Span::raw(mark),
        Span::styled(format!("{:<wide$}", history.name(node)), name),
        Span::styled(format!(" {word:<4}"), look),
        Span::styled(format!(" step {step}"), style.dim()),
        Span::styled(inbox, style.fault()),
        Span::raw(columns.collect::<String>()),
    ])
}
