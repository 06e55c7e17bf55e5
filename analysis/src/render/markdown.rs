//! `report.md`: Markdown that is readable as plain text and on a code host.

use std::fmt::Write;

use base::harmless;

use super::notes::{Placed, add_block, add_sections};
use super::prose::{escape_markdown, paragraphs};
use crate::notes;
use crate::report::{Align, Figure, Report, Table};

/// The report as Markdown; its pictures are `plots/STEM.svg`.
pub fn render(report: &Report) -> String {
    let placed = Placed::of(report, false);
    let mut out = format!("# {}\n\n", escape_markdown(&report.title));
    for paragraph in paragraphs(&report.description) {
        let _ = write!(out, "{}\n\n", escape_markdown(&paragraph));
    }
    for warning in &report.warnings {
        let _ = write!(out, "> **Mind:** {}\n\n", escape_markdown(warning));
    }
    add_block(&mut out, &placed.within(notes::TOP));
    if !report.key.is_empty() {
        out.push_str("## At a glance\n\n");
        bullets(&mut out, &report.key);
    }
    add_sections(&mut out, &placed.beside(notes::RUN, true));
    out.push_str("## What was run\n\n");
    add_block(&mut out, &placed.within(notes::RUN));
    if !report.facts.is_empty() {
        out.push_str("| | |\n|:--|:--|\n");
        for (name, value) in &report.facts {
            let _ = writeln!(
                out,
                "| {} | {} |",
                escape_markdown(name),
                escape_markdown(value)
            );
        }
        out.push('\n');
    }
    for setting in &report.setting {
        table(&mut out, setting);
    }
    if let Some((file, text)) = &report.source {
        let fence = fence(text);
        let _ = write!(
            out,
            "<details>\n<summary>The {}, {}</summary>\n\n{fence}toml\n{}\n{fence}\n\n</details>\n\n",
            report.source_is,
            escape_markdown(file),
            text.trim_end()
        );
    }
    add_sections(&mut out, &placed.beside(notes::RUN, false));
    for section in &report.sections {
        add_sections(&mut out, &placed.beside(&section.id, true));
        let _ = write!(out, "## {}\n\n", escape_markdown(&section.title));
        bullets(&mut out, &section.observations);
        add_block(&mut out, &placed.within(&section.id));
        for picture in &section.figures {
            figure(&mut out, picture);
        }
        for numbers in &section.tables {
            table(&mut out, numbers);
        }
        if !section.definitions.is_empty() {
            out.push_str("<details>\n<summary>Definitions</summary>\n\n");
            for (name, text) in &section.definitions {
                let _ = writeln!(out, "- `{name}`: {}", escape_markdown(text));
            }
            out.push_str("\n</details>\n\n");
        }
        add_sections(&mut out, &placed.beside(&section.id, false));
    }
    if let Some(text) = placed.own() {
        let _ = write!(out, "## Notes\n\n{}\n\n", text.trim());
    }
    if !report.left_out.is_empty() {
        add_sections(&mut out, &placed.beside(notes::LEFT_OUT, true));
        out.push_str("## What is left out\n\n");
        bullets(&mut out, &report.left_out);
        add_block(&mut out, &placed.within(notes::LEFT_OUT));
        add_sections(&mut out, &placed.beside(notes::LEFT_OUT, false));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    // Names, reasons and texts of others stand in many places; here is all of them.
    harmless::lines(&out).into_owned()
}

fn bullets(out: &mut String, lines: &[String]) {
    for line in lines {
        let _ = writeln!(out, "- {}", escape_markdown(line));
    }
    if !lines.is_empty() {
        out.push('\n');
    }
}

fn figure(out: &mut String, figure: &Figure) {
    let title = escape_markdown(&figure.title);
    let _ = write!(
        out,
        "![{title}](plots/{}.svg)\n\n*{title}.* {}\n\n",
        figure.stem,
        escape_markdown(&figure.caption)
    );
}

fn table(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let caption = escape_markdown(&table.caption);
    if table.folded {
        let _ = write!(out, "<details>\n<summary>{caption}</summary>\n\n");
    } else {
        let _ = write!(out, "**{caption}**\n\n");
    }
    if !table.finding.is_empty() {
        let _ = write!(out, "{}\n\n", escape_markdown(&table.finding));
    }
    let heads = table.columns.iter().map(|column| match column.align {
        Align::Left if column.name.is_empty() => " ".to_owned(),
        _ => escape_markdown(&column.name),
    });
    let _ = writeln!(out, "| {} |", heads.collect::<Vec<_>>().join(" | "));
    let rules = table.columns.iter().map(|column| match column.align {
        Align::Right => "--:",
        Align::Left | Align::Code | Align::Link => ":--",
    });
    let _ = writeln!(out, "|{}|", rules.collect::<Vec<_>>().join("|"));
    for row in &table.rows {
        let cells = row
            .iter()
            .zip(&table.columns)
            .map(|(cell, column)| match column.align {
                Align::Link => match cell.split_once('\t') {
                    Some((shown, address)) => format!("[{}](<{address}>)", escape_markdown(shown)),
                    None => escape_markdown(cell),
                },
                Align::Code if !cell.is_empty() => {
                    format!("`{}`", cell.replace(['`', '|', '\n', '\r'], " "))
                }
                _ => escape_markdown(cell),
            });
        let _ = writeln!(out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    out.push('\n');
    if !table.note.is_empty() {
        let _ = write!(out, "{}\n\n", escape_markdown(&table.note));
    }
    if table.folded {
        out.push_str("</details>\n\n");
    }
}

/// A fence longer than any in the text.
fn fence(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    fence
}
