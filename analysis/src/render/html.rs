//! `report.html`: one page that needs no network. It needs no other file, except the rows of
//! large runs.
//!
//! The page is complete without scripts: text, tables and still plots. Scripts
//! (`page/`) add what can be moved and clicked.

use base::harmless;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::notes::{Placed, block, sections};
use super::prose::{paragraphs, sentence};
use super::rows::script;
use super::{palette, plot};
use crate::notes;
use crate::page;
use crate::report::{Align, Figure, Report, RunScript, Section, Table};

/// The style of the page; colours come from the palette.
const STYLE: &str = include_str!("page.css");

/// Where the rows of runs stand, if they are in the page.
pub(crate) const ROWS: &str = "<!-- rows -->\n";
/// The section of the diagram.
const DIAGRAM: &str = "space-time";
/// The section of the cases.
const MATRIX: &str = "cases";

/// The report as one page, without rows of runs.
pub fn render(report: &Report) -> String {
    render_with(report, &[]).replace(ROWS, "")
}

/// The report as it is printed: no scripts, and all that is folded is open.
pub fn printed(report: &Report) -> String {
    let page = render(report);
    // Text has no `<`, so these are marks of the page itself.
    let still = match (page.find("<script>"), page.rfind("</script>")) {
        (Some(from), Some(to)) => format!("{}{}", &page[..from], &page[to + "</script>".len()..]),
        _ => page,
    };
    still.replace("<details>", "<details open>")
}

/// The report as one page, with the place of the rows of these runs at [`ROWS`].
pub(crate) fn render_with(report: &Report, scripts: &[RunScript]) -> String {
    let placed = Placed::of(report, true);
    let own = placed.own();
    let style = format!("{}{STYLE}{}", palette::style(), page::STYLE);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.title) }
                style { (PreEscaped(style)) }
            }
            body {
                main {
                    header {
                        h1 { (report.title) }
                        @for paragraph in paragraphs(&report.description) { p class="lead" { (sentence(&paragraph)) } }
                    }
                    @if !report.warnings.is_empty() {
                        aside class="warning" role="note" {
                            @for warning in &report.warnings { p { strong { "Mind: " } (sentence(warning)) } }
                        }
                    }
                    (block(&placed.within(notes::TOP)))
                    @if !report.key.is_empty() {
                        section class="key" aria-label="At a glance" {
                            h2 { "At a glance" }
                            (bullets(&report.key))
                        }
                    }
                    (contents(report, &placed, own.is_some()))
                    @let of_setting = block(&placed.within(notes::RUN));
                    (among(&placed, notes::RUN, &setting(report, &of_setting)))
                    @for section in &report.sections {
                        @let own = block(&placed.within(&section.id));
                        (among(&placed, &section.id, &question(section, scripts, report.matrix.is_some(), &own)))
                    }
                    @if let Some(text) = &own {
                        section id=(notes::OWN) class="mine" { h2 { "Notes" } (PreEscaped(text)) }
                    }
                    @if !report.left_out.is_empty() {
                        (among(&placed, notes::LEFT_OUT, &html! {
                            section id=(notes::LEFT_OUT) {
                                h2 { "What is left out" }
                                (bullets(&report.left_out))
                                (block(&placed.within(notes::LEFT_OUT)))
                            }
                        }))
                    }
                }
                (scripts_of(report, scripts))
            }
        }
    }
    .into_string()
        + "\n";
    // As in `report.md`: what a page would obey is written out.
    harmless::lines(&page).into_owned()
}

/// The scripts of the page, and the place of the rows.
fn scripts_of(report: &Report, scripts: &[RunScript]) -> Markup {
    let runs = report.diagram.iter().flat_map(|diagram| &diagram.runs);
    let runs: Vec<serde_json::Value> = runs
        .zip(scripts)
        .map(|(run, of)| {
            serde_json::json!({
                "run": run.run,
                "case": run.case,
                "seed": run.seed,
                "verdict": run.verdict,
                "file": of.file,
                "bytes": of.bytes,
            })
        })
        .collect();
    let runs = script(&serde_json::Value::Array(runs));
    html! {
        @if let Some(matrix) = report.matrix.as_ref().and_then(|it| serde_json::to_value(it).ok()) {
            // Read when the page is there: a browser reads data faster than scripts.
            script type="application/json" id="matrix-data" { (PreEscaped(script(&matrix))) }
        }
        script { (PreEscaped("\n")) (PreEscaped(page::script())) }
        (PreEscaped("\n")) (PreEscaped(ROWS))
        script { (PreEscaped(format!("notebook.start({runs});"))) }
        (PreEscaped("\n"))
    }
}

/// A section between those that the author put before and after it.
fn among(placed: &Placed<'_>, anchor: &str, section: &Markup) -> Markup {
    html! {
        (sections(&placed.beside(anchor, true)))
        (section)
        (sections(&placed.beside(anchor, false)))
    }
}

fn contents(report: &Report, placed: &Placed<'_>, has_own: bool) -> Markup {
    let mut all = vec![(notes::RUN, "What was run")];
    let sections = report.sections.iter();
    all.extend(sections.map(|section| (&*section.id, &*section.title)));
    if has_own {
        all.push((notes::OWN, "Notes"));
    }
    if !report.left_out.is_empty() {
        all.push((notes::LEFT_OUT, "What is left out"));
    }
    let authors = |anchor: &str, before: bool| {
        html! {
            @for (anchor, title, _) in placed.beside(anchor, before) { a href=(format!("#{anchor}")) { (title) } }
        }
    };
    html! {
        nav aria-label="Contents" {
            @for (anchor, title) in all {
                (authors(anchor, true))
                a href=(format!("#{anchor}")) { (title) }
                (authors(anchor, false))
            }
        }
    }
}

/// What was run, with the author's text about it.
fn setting(report: &Report, own: &Markup) -> Markup {
    html! {
        section id="run" {
            h2 { "What was run" }
            (own)
            @if !report.facts.is_empty() {
                dl {
                    @for (name, value) in &report.facts { dt { (name) } dd { (sentence(value)) } }
                }
            }
            @for setting in &report.setting { (table(setting)) }
            @if let Some((file, text)) = &report.source {
                details {
                    summary { "The " (report.source_is) ", " code { (file) } }
                    pre { code { (text) } }
                }
            }
        }
    }
}

/// A section, with the author's text in it.
fn question(section: &Section, scripts: &[RunScript], has_matrix: bool, own: &Markup) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            (bullets(&section.observations))
            (own)
            @if section.id == DIAGRAM && !scripts.is_empty() { div id="diagram" hidden {} }
            @if section.id == MATRIX && has_matrix { div id="matrix" hidden {} }
            @for picture in &section.figures { (figure(picture)) }
            @for numbers in &section.tables { (table(numbers)) }
            @if !section.definitions.is_empty() {
                dl class="definitions" {
                    @for (name, text) in &section.definitions { dt { code { (name) } } dd { (sentence(text)) } }
                }
            }
        }
    }
}

fn bullets(lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() { ul { @for line in lines { li { (sentence(line)) } } } }
    }
}

fn figure(figure: &Figure) -> Markup {
    html! {
        figure {
            div class="plot" { (PreEscaped(plot::inline(figure))) }
            figcaption { strong { (figure.title) "." } " " (sentence(&figure.caption)) }
        }
    }
}

fn table(table: &Table) -> Markup {
    let body = html! {
        div class="scroll" {
            table {
                thead { tr {
                    @for column in &table.columns { th scope="col" class=[class(column.align)] { (column.name) } }
                } }
                tbody {
                    @for (index, row) in table.rows.iter().enumerate() {
                        @let group = index > 0 && row.first().is_some_and(|cell| !cell.is_empty())
                            && table.rows.iter().any(|row| row.first().is_some_and(String::is_empty));
                        tr class=[group.then_some("group")] {
                            @for (cell, column) in row.iter().zip(&table.columns) {
                                td class=[class(column.align).or((cell.len() > 40).then_some("w"))] {
                                    @if column.align == Align::Code { code { (cell) } }
                                    @else if let (Align::Link, Some((shown, address))) = (column.align, cell.split_once('\t')) { a href=(address) { (shown) } }
                                    @else { (sentence(cell)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if !table.note.is_empty() { p class="note" { (sentence(&table.note)) } }
    };
    html! {
        @if table.rows.is_empty() {
        } @else if table.folded {
            details {
                summary {
                    (table.caption)
                    @if !table.finding.is_empty() { " " span class="finding" { (sentence(&table.finding)) } }
                }
                (body)
            }
        } @else {
            h3 { (table.caption) }
            @if !table.finding.is_empty() { p class="finding" { (sentence(&table.finding)) } }
            (body)
        }
    }
}

fn class(align: Align) -> Option<&'static str> {
    (align == Align::Right).then_some("r")
}
