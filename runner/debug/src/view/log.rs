//! The event log around the present event: what comes later is dim.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::style::Style;
use super::{first_shown, pane};
use crate::app::App;
use crate::history::{Cause, History};
use crate::scene::Scene;
use analysis_log::{EventId, NO_PEER, Row};

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App<'_>, style: Style) {
    let explorer = &app.explorer;
    let history = explorer.history();
    let stops: Vec<&str> = explorer.stops.iter().map(|it| &*it.text).collect();
    let what = match &explorer.why {
        None => "events".to_owned(),
        Some(why) => {
            let last = why.last().copied().unwrap_or(0);
            format!("why event {last}: the events that led to it")
        }
    };
    let title = match stops.is_empty() {
        true => what,
        false => format!("{what}; stops: {}", stops.join(", ")),
    };
    let inner = pane(frame, area, &title, false, style);
    let height = usize::from(inner.height);
    let all = match &explorer.why {
        None => history.len(),
        Some(why) => why.len(),
    };
    let present = match &explorer.why {
        None => explorer.position(),
        Some(why) => why.partition_point(|&entry| entry < explorer.position()),
    };
    let first = first_shown(present, all, height);
    let shown = first..(first + height).min(all);
    let shown = shown.map(|index| explorer.why.as_ref().map_or(index, |why| why[index]));
    let failing = |entry: usize| {
        let mut all = explorer.failures().iter().flat_map(|it| &it.entries);
        all.any(|it| it.0 == entry)
    };
    let lines = shown.map(|entry| {
        let is_stop = explorer
            .stops
            .iter()
            .any(|it| it.entries.binary_search(&entry).is_ok());
        let mark = match (failing(entry), is_stop) {
            (true, _) => "!",
            (false, true) => "*",
            _ => " ",
        };
        let look = match entry {
            _ if entry == explorer.position() => style.selected(),
            _ if entry > explorer.position() => style.dim(),
            _ => Default::default(),
        };
        let text = format!(
            "{entry:>6}  {}  {}",
            history.time(entry),
            text(history, &explorer.scene, entry)
        );
        Line::from(vec![
            Span::styled(mark, style.bad()),
            Span::styled(text, look),
        ])
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
}

/// What happened in an entry: `client: receive server #3; send server #4`.
pub fn text(history: &History, scene: &Scene, entry: usize) -> String {
    let cause = history.cause(entry);
    let mut parts = Vec::new();
    let mut last = None;
    for row in history.rows(entry).take(MOST_ROWS) {
        let what = row_text(history, row);
        match last == Some(row.node) {
            true => parts.push(what),
            false => parts.push(format!("{}: {what}", history.name(row.node))),
        }
        last = Some(row.node);
    }
    for (node, line) in history.printed(entry).take(MOST_ROWS) {
        parts.push(format!(
            "{} | {}",
            history.name(node),
            base::harmless::line(&without_styles(line))
        ));
    }
    let more = history.row_range(entry).len().saturating_sub(MOST_ROWS);
    if more > 0 {
        parts.push(format!("and {more} more records"));
    }
    let rows = parts.join("; ");
    match (cause, rows.is_empty()) {
        (Cause::FaultBegins(fault) | Cause::FaultEnds(fault), _) => {
            let fault = scene.fault_text(fault as usize);
            format!("{}: {fault} {rows}", cause.word())
        }
        (Cause::Begin | Cause::End, _) => format!("[{}] {rows}", cause.word()),
        (Cause::DeliveredByHand(node) | Cause::DroppedByHand(node), is_empty) => {
            // The arrival at an inbox has no record.
            let rows = if is_empty { history.name(node) } else { &rows };
            format!("[{}] {rows}", cause.word())
        }
        (_, false) => rows,
        (_, true) => {
            let node = cause.node().map_or("", |node| history.name(node));
            format!("{node}: ({})", cause.word())
        }
    }
}

/// The most records of an event that are shown in its line.
const MOST_ROWS: usize = 6;

fn row_text(history: &History, row: &Row) -> String {
    let mut text = history.word(row).to_owned();
    if row.peer != NO_PEER {
        let direction = match row.event {
            EventId::SEND => "to ",
            EventId::RECEIVE | EventId::DROP => "from ",
            _ => "",
        };
        text += &format!(" {direction}{}", history.name(row.peer));
    }
    if row.message > 0 {
        text += &format!(" #{}", row.message);
    }
    text
}

/// A line that a node printed, without its own colours.
fn without_styles(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic());
        rest = end.map_or("", |end| &after[end + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::without_styles;

    #[test]
    fn colours_of_a_printed_line_are_left_out() {
        assert_eq!(without_styles("a \x1b[1;32mG\x1b[0m b"), "a G b");
        assert_eq!(without_styles("plain"), "plain");
        assert_eq!(without_styles("cut \x1b[1;3"), "cut ");
    }
}
