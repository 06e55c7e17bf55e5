//! The author's notes in a report: as HTML, and as Markdown that no longer depends on where it
//! stands.
//!
//! The notes are parsed once, as a whole, then cut into pieces (`crate::notes::placed`). Both
//! outputs are made of the parser's events, so that a fence that is never closed cannot
//! swallow the rest of a report. Raw HTML is text, comments are left out, and links lead to
//! the web, to mail, or to files beside the report.

use std::collections::HashMap;

use maud::{Markup, PreEscaped, html};
use pulldown_cmark::html::push_html;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Tag, TagEnd, TextMergeStream};
use pulldown_cmark_to_cmark::{Options as Form, cmark_with_options};

use super::prose::escape_markdown;
use crate::notes::placed::{OPTIONS, Piece, Spot, pieces};
use crate::notes::{Picture, anchors, is_elsewhere};
use crate::report::Report;

/// The notes of a report, ready to be put where they belong.
pub(super) struct Placed<'a> {
    pieces: Vec<Piece<'a>>,
    pictures: &'a [Picture],
    /// The numbers of footnotes, in the order in which they are referred to.
    footnotes: HashMap<String, usize>,
    /// Whether the result is HTML; else Markdown.
    html: bool,
}

impl<'a> Placed<'a> {
    /// The notes of this report; without any, there is nothing to place.
    pub(super) fn of(report: &'a Report, html: bool) -> Placed<'a> {
        let notes = report.notes.as_ref();
        let text = notes.map_or("", |notes| &*notes.text);
        let pieces = pieces(text, &anchors(report));
        let mut footnotes = HashMap::new();
        for event in pieces.iter().flat_map(|piece| &piece.events) {
            if let Event::FootnoteReference(label) = event {
                let next = footnotes.len() + 1;
                footnotes.entry(label.to_string()).or_insert(next);
            }
        }
        Placed {
            pieces,
            pictures: notes.map_or(&[], |notes| &notes.pictures),
            footnotes,
            html,
        }
    }

    /// The text within the section with this anchor; empty if there is none.
    pub(super) fn within(&self, anchor: &str) -> Vec<String> {
        let here = |it: &&Piece<'_>| matches!(&it.spot, Spot::Within(at) if at == anchor);
        let pieces = self.pieces.iter().filter(here);
        pieces.map(|piece| self.write(piece, 3, true)).collect()
    }

    /// The sections before and after that with this anchor: anchor, title, text.
    pub(super) fn beside(&self, anchor: &str, before: bool) -> Vec<(String, String, String)> {
        let here = |spot: &Spot| match spot {
            Spot::Before(at) => before && at == anchor,
            Spot::After(at) => !before && at == anchor,
            _ => false,
        };
        let numbered = self.pieces.iter().enumerate();
        numbered
            .filter(|(_, piece)| here(&piece.spot))
            .map(|(index, piece)| {
                let title = match &*piece.title {
                    "" => "Notes".to_owned(),
                    title => title.to_owned(),
                };
                let text = self.write(piece, 2, false);
                (format!("notes-{}", index + 1), title, text)
            })
            .collect()
    }

    /// The text of the notes' own section; `None` if there is none.
    pub(super) fn own(&self) -> Option<String> {
        let own = self.pieces.iter().filter(|piece| piece.spot.is_own());
        let all: Vec<String> = own
            .map(|piece| match piece.title.is_empty() {
                true => self.write(piece, 2, true),
                false => self.write(piece, piece.level + 2, true),
            })
            .collect();
        (!all.is_empty()).then(|| all.join(if self.html { "" } else { "\n\n" }))
    }

    /// The number of a footnote; 0 if nothing refers to it.
    fn number(&self, label: &str) -> usize {
        self.footnotes.get(label).copied().unwrap_or(0)
    }

    /// A piece whose heading has the level `at` in the report; with its title as that heading,
    /// or without it.
    fn write(&self, piece: &Piece<'_>, at: usize, with_title: bool) -> String {
        let mut events = Vec::with_capacity(piece.events.len() + 3);
        // A piece without a title has headings of level 1 at most.
        let shift = match piece.title.is_empty() {
            true => at as isize,
            false => at as isize - piece.level as isize,
        };
        if with_title && !piece.title.is_empty() {
            let level = heading_level(at as isize);
            events.push(Event::Start(heading(level)));
            events.push(Event::Text(piece.title.clone().into()));
            events.push(Event::End(TagEnd::Heading(level)));
        }
        let mut writing = Writing {
            placed: self,
            shift,
            out: events,
            html_block: None,
            picture: None,
            unsafe_links: Vec::new(),
        };
        for event in &piece.events {
            writing.take(event.clone());
        }
        let events = TextMergeStream::new(writing.out.into_iter());
        if !self.html {
            return markdown(events);
        }
        let mut text = String::new();
        push_html(&mut text, events);
        text
    }
}

/// The deepest nesting that is written as Markdown. The time that it takes grows with the square
/// of the depth; people write four or five.
const DEEPEST: usize = 24;
/// The largest block that is written as Markdown [bytes], for the same reason.
const LARGEST: usize = 64 << 10;

/// What stands for the marks of a footnote while a block is written: characters that no text has.
const FOOTNOTE: [char; 2] = ['\u{f8f0}', '\u{f8f1}'];

/// Events as Markdown. A block that has no form in Markdown stands there as HTML.
fn markdown<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let (mut out, mut block) = (String::new(), Vec::new());
    let (mut depth, mut deepest, mut size) = (0_usize, 0, 0);
    for event in events {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(text) | Event::Code(text) | Event::Html(text) => size += text.len(),
            _ => {}
        }
        deepest = deepest.max(depth);
        block.push(event);
        if depth > 0 {
            continue;
        }
        let mut text = String::new();
        let is_plain = deepest <= DEEPEST && size <= LARGEST;
        if !is_plain || cmark_with_options(block.iter(), &mut text, OPTIONS, form()).is_err() {
            text.clear();
            push_html(&mut text, block.iter().cloned());
        }
        let text = text.replace(FOOTNOTE[0], "[^").replace(FOOTNOTE[1], "]");
        out.push_str(text.trim_matches('\n'));
        out.push_str("\n\n");
        block.clear();
        (deepest, size) = (0, 0);
    }
    out
}

/// How Markdown is written: as most people do.
fn form() -> Form<'static> {
    Form {
        list_token: '-',
        increment_ordered_list_bullets: true,
        code_block_token_count: 3,
        ..Form::default()
    }
}

/// A heading without an anchor of its own: it could be one of the report's.
fn heading(level: HeadingLevel) -> Tag<'static> {
    Tag::Heading {
        level,
        id: None,
        classes: Vec::new(),
        attrs: Vec::new(),
    }
}

/// From 3, the first below the report's own sections, to 6.
fn heading_level(level: isize) -> HeadingLevel {
    match level {
        ..=3 => HeadingLevel::H3,
        4 => HeadingLevel::H4,
        5 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

/// A piece while its events are written.
struct Writing<'a, 'p> {
    placed: &'p Placed<'p>,
    /// What is added to the level of headings.
    shift: isize,
    out: Vec<Event<'a>>,
    /// The text of the block of raw HTML that the events are in.
    html_block: Option<String>,
    /// The picture that the events are in: its address, and its alternative text.
    picture: Option<(String, String)>,
    /// For each link that the events are in, whether it is left out.
    unsafe_links: Vec<bool>,
}

impl<'a> Writing<'a, '_> {
    fn take(&mut self, event: Event<'a>) {
        if self.in_picture(&event) || self.in_html(&event) {
            return;
        }
        let html = self.placed.html;
        let event = match event {
            Event::Start(Tag::Heading { level, .. }) => {
                Event::Start(heading(heading_level(level as isize + self.shift)))
            }
            Event::End(TagEnd::Heading(level)) => {
                Event::End(TagEnd::Heading(heading_level(level as isize + self.shift)))
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            }) => {
                let is_safe = link_type == LinkType::Email || is_safe(&dest_url);
                self.unsafe_links.push(!is_safe);
                if !is_safe {
                    return;
                }
                Event::Start(link(link_type, dest_url, title))
            }
            Event::End(TagEnd::Link) if self.unsafe_links.pop() == Some(true) => return,
            Event::InlineHtml(text) if is_break(&text) => Event::InlineHtml("<br>".into()),
            Event::InlineHtml(text) if text.starts_with("<!--") => return,
            Event::InlineHtml(text) => Event::Text(text),
            Event::InlineMath(text) if html => math(&text, "$"),
            Event::DisplayMath(text) if html => math(&text, "$$"),
            Event::TaskListMarker(done) if html => {
                Event::Text(if done { "\u{2611} " } else { "\u{2610} " }.into())
            }
            Event::FootnoteReference(label) => self.footnote(&label),
            Event::Start(Tag::FootnoteDefinition(label)) if !html => {
                let number = self.placed.number(&label);
                Event::Start(Tag::FootnoteDefinition(number.to_string().into()))
            }
            Event::Start(Tag::FootnoteDefinition(label)) if html => {
                let number = self.placed.number(&label);
                raw(html! { sup { (number) } }).prefixed(&format!(
                    "<div class=\"footnote\" id=\"footnote-{number}\">"
                ))
            }
            Event::End(TagEnd::CodeBlock) => {
                // A fence that is never closed may end without a line break, and would then not
                // be closed here, too.
                if !matches!(self.out.last(), Some(Event::Text(text)) if text.ends_with('\n')) {
                    self.out.push(Event::Text("\n".into()));
                }
                event
            }
            Event::End(TagEnd::FootnoteDefinition) if html => Event::Html("</div>\n".into()),
            Event::Start(Tag::Table(_)) if html => {
                self.out.push(Event::Html("<div class=\"scroll\">".into()));
                event
            }
            Event::End(TagEnd::Table) if html => {
                self.out.push(event);
                Event::Html("</div>\n".into())
            }
            other => other,
        };
        self.out.push(event);
    }

    fn footnote(&self, label: &str) -> Event<'a> {
        let number = self.placed.number(label);
        if !self.placed.html {
            // Its definition may be in another block, and so it would be refused as a reference.
            let [open, close] = FOOTNOTE;
            return Event::Text(format!("{open}{number}{close}").into());
        }
        raw(html! { sup { a href=(format!("#footnote-{number}")) { (number) } } }).0
    }

    /// Whether the event belongs to a picture, which is written at its end.
    fn in_picture(&mut self, event: &Event<'a>) -> bool {
        if let Event::Start(Tag::Image { dest_url, .. }) = event
            && self.picture.is_none()
        {
            self.picture = Some((dest_url.to_string(), String::new()));
            return true;
        }
        let Some((address, alternative)) = &mut self.picture else {
            return false;
        };
        match event {
            Event::Text(text) | Event::Code(text) => alternative.push_str(text),
            Event::SoftBreak | Event::HardBreak => alternative.push(' '),
            Event::End(TagEnd::Image) => {
                let (address, alternative) = (std::mem::take(address), std::mem::take(alternative));
                self.picture = None;
                self.write_picture(address, alternative);
            }
            _ => {}
        }
        true
    }

    fn write_picture(&mut self, address: String, alternative: String) {
        let pictures = self.placed.pictures;
        let found = pictures.iter().position(|it| it.path == address);
        let lower = address.to_ascii_lowercase();
        let inside = lower.starts_with("data:image/");
        let shown: CowStr<'a> = match found {
            Some(at) if self.placed.html => pictures[at].inside().into(),
            Some(at) => format!("plots/{}", pictures[at].file(at + 1)).into(),
            None if inside => address.into(),
            None => {
                let what = if is_elsewhere(&address) {
                    "picture"
                } else {
                    "picture, missing"
                };
                let text = match &*alternative {
                    "" => format!("[{what}: {address}]"),
                    alternative => format!("[{what}: {alternative}, {address}]"),
                };
                let is_link = is_elsewhere(&address) && is_safe(&address);
                if is_link {
                    let start = link(LinkType::Inline, address.into(), "".into());
                    self.out.push(Event::Start(start));
                }
                self.out.push(Event::Text(text.into()));
                if is_link {
                    self.out.push(Event::End(TagEnd::Link));
                }
                return;
            }
        };
        self.out.push(Event::Start(Tag::Image {
            link_type: LinkType::Inline,
            dest_url: shown,
            title: "".into(),
            id: "".into(),
        }));
        self.out.push(Event::Text(alternative.into()));
        self.out.push(Event::End(TagEnd::Image));
    }

    /// Whether the event belongs to a block of raw HTML, which is written as a paragraph of
    /// text at its end.
    fn in_html(&mut self, event: &Event<'a>) -> bool {
        match (event, &mut self.html_block) {
            (Event::Start(Tag::HtmlBlock), block) => *block = Some(String::new()),
            (Event::Html(text) | Event::Text(text), Some(block)) => block.push_str(text),
            (Event::End(TagEnd::HtmlBlock), block) => {
                let text = without_comments(&block.take().unwrap_or_default());
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                let mut lines = lines
                    .map(|line| Event::Text(line.to_owned().into()))
                    .peekable();
                if lines.peek().is_some() {
                    self.out.push(Event::Start(Tag::Paragraph));
                    while let Some(line) = lines.next() {
                        self.out.push(line);
                        if lines.peek().is_some() {
                            self.out.push(Event::SoftBreak);
                        }
                    }
                    self.out.push(Event::End(TagEnd::Paragraph));
                }
            }
            (_, block) => return block.is_some(),
        }
        true
    }
}

/// HTML of ours among the events.
struct Raw<'a>(Event<'a>);

impl<'a> Raw<'a> {
    fn prefixed(self, before: &str) -> Event<'a> {
        match self.0 {
            Event::InlineHtml(text) => Event::Html(format!("{before}{text} ").into()),
            other => other,
        }
    }
}

fn raw<'a>(markup: Markup) -> Raw<'a> {
    Raw(Event::InlineHtml(markup.into_string().into()))
}

fn math<'a>(text: &str, mark: &str) -> Event<'a> {
    raw(html! { code class="math" { (mark) (text) (mark) } }).0
}

fn link<'a>(link_type: LinkType, dest_url: CowStr<'a>, title: CowStr<'a>) -> Tag<'a> {
    // What a reference leads to may be in another piece.
    let link_type = match link_type {
        LinkType::Email | LinkType::Autolink => link_type,
        _ => LinkType::Inline,
    };
    Tag::Link {
        link_type,
        dest_url,
        title,
        id: "".into(),
    }
}

fn is_break(html: &str) -> bool {
    let name = html.trim_matches(['<', '>', '/', ' ']);
    name.eq_ignore_ascii_case("br")
}

/// Whether an address leads to the web, to mail, or is relative. Browsers pass over blanks and
/// control characters in it.
fn is_safe(address: &str) -> bool {
    let plain: String = address.chars().filter(|&c| c > ' ').collect();
    let before = plain.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = before.split_once(':').map(|(scheme, _)| scheme);
    let known = ["http", "https", "mailto"];
    scheme.is_none_or(|it| known.iter().any(|known| it.eq_ignore_ascii_case(known)))
}

fn without_comments(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Text within a section of the page.
pub(super) fn block(texts: &[String]) -> Markup {
    html! { @for text in texts { div class="mine" { (PreEscaped(text)) } } }
}

/// Sections of the page.
pub(super) fn sections(sections: &[(String, String, String)]) -> Markup {
    html! {
        @for (anchor, title, text) in sections {
            section id=(anchor) class="mine" { h2 { (title) } (PreEscaped(text)) }
        }
    }
}

/// Adds text within a section of `report.md`.
pub(super) fn add_block(out: &mut String, texts: &[String]) {
    for text in texts {
        out.push_str(text.trim());
        out.push_str("\n\n");
    }
}

/// Adds sections to `report.md`.
pub(super) fn add_sections(out: &mut String, sections: &[(String, String, String)]) {
    for (_, title, text) in sections {
        out.push_str(&format!(
            "## {}\n\n{}\n\n",
            escape_markdown(title),
            text.trim()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notes::Notes;
    use crate::report::Section;

    fn report(text: &str) -> Report {
        Report {
            notes: Some(Notes {
                text: text.to_owned(),
                pictures: vec![Picture {
                    path: "img/a.png".to_owned(),
                    media: "image/png".to_owned(),
                    data: "AAAA".to_owned(),
                }],
            }),
            sections: vec![Section {
                id: "jumps".to_owned(),
                ..Section::default()
            }],
            ..Report::default()
        }
    }

    fn own(text: &str, html: bool) -> String {
        let report = report(text);
        Placed::of(&report, html).own().unwrap_or_default()
    }

    #[test]
    fn common_marks_and_the_tables_of_code_hosts_are_shown() {
        let text = "# Title\n\nSome *text*, `code`, **bold**, ~~no~~ and [a link](https://example.org).\n\n\
                    - one\n  - two\n\n1. first\n\n> said\n\n| a | b |\n|--|--:|\n| `x` | 1 |\n\n\
                    - [x] done\n\n```py\nx < y\n```\n\n$a_1 * b_1$";
        let expected = "<h3>Title</h3>\n<p>Some <em>text</em>, <code>code</code>, <strong>bold</strong>, <del>no</del> and \
             <a href=\"https://example.org\">a link</a>.</p>\n<ul>\n<li>one\n<ul>\n<li>two</li>\n</ul>\n</li>\n</ul>\n\
             <ol>\n<li>first</li>\n</ol>\n<blockquote>\n<p>said</p>\n</blockquote>\n\
             <div class=\"scroll\"><table><thead><tr><th>a</th><th style=\"text-align: right\">b</th></tr></thead>\
             <tbody>\n<tr><td><code>x</code></td><td style=\"text-align: right\">1</td></tr>\n</tbody></table>\n</div>\n\
             <ul>\n<li>\u{2611} done</li>\n</ul>\n<pre><code class=\"language-py\">x &lt; y\n</code></pre>\n\
             <p><code class=\"math\">$a_1 * b_1$</code></p>\n";
        assert_eq!(own(text, true), expected);
        let markdown = own(text, false);
        for line in [
            "### Title",
            "  - two",
            "1. first",
            "- [x] done",
            "$a_1 * b_1$",
            "|`x`|1|",
        ] {
            assert!(markdown.contains(line), "{line}\n{markdown}");
        }
    }

    #[test]
    fn nothing_in_notes_becomes_a_part_of_the_page() {
        let text = "<script>alert(1)</script>\n\na <b onclick=x>b</b> <!-- hidden -->c<br>d\n\n<!-- all\n\nhidden -->\n\n\
                    [x](javascript:alert(1)) [y](&#106;ava&#115;cript:alert(1)) [z](<java\tscript:a>) [d](data:text/html,a)\n\n\
                    ![p](javascript:alert(1)) ![q](\"onerror=alert(1))\n\n```\"><script>\nx\n```\n\n\
                    [ok](runs/0001/a.csv) <a@b.org>";
        let html = own(text, true);
        for part in [
            "<script",
            "<b ",
            "hidden",
            "href=\"java",
            "href=\"data",
            "<img",
        ] {
            assert!(!html.contains(part), "{part}\n{html}");
        }
        for part in [
            "&lt;script&gt;",
            "c<br>d",
            "href=\"runs/0001/a.csv\"",
            "href=\"mailto:a@b.org\"",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        let markdown = own(text, false);
        assert!(markdown.contains("\\<script>"), "{markdown}");
        assert!(!markdown.contains("hidden"), "{markdown}");
    }

    #[test]
    fn pictures_are_inside_the_page_and_beside_the_markdown() {
        let text =
            "![A *board*](img/a.png \"title\") ![no](img/b.png) ![far](https://example.org/c.png)";
        let html = own(text, true);
        assert!(
            html.contains("<img src=\"data:image/png;base64,AAAA\" alt=\"A board\" />"),
            "{html}"
        );
        assert!(html.contains("[picture, missing: no, img/b.png]"), "{html}");
        assert!(
            html.contains("<a href=\"https://example.org/c.png\">[picture: far,"),
            "{html}"
        );
        let markdown = own(text, false);
        assert!(
            markdown.contains("![A board](plots/notes-1-a.png)"),
            "{markdown}"
        );
    }

    #[test]
    fn footnotes_have_one_numbering_over_all_pieces() {
        let report =
            report("A[^b].\n\n# J {#jumps}\n\nB[^a] and[^b].\n\n[^a]: One.\n\n[^b]: Two.\n");
        let placed = Placed::of(&report, true);
        let own = placed.own().unwrap_or_default();
        assert!(own.contains("<a href=\"#footnote-1\">1</a>"), "{own}");
        let within = placed.within("jumps").concat();
        assert!(within.contains("<a href=\"#footnote-2\">2</a>"), "{within}");
        assert!(
            within.contains("id=\"footnote-1\"><sup>1</sup> \n<p>Two.</p>"),
            "{within}"
        );
    }

    #[test]
    fn a_fence_that_is_never_closed_ends_with_the_notes() {
        let markdown = own("# A\n\n```\nopen", false);
        assert_eq!(markdown.matches("```").count(), 2, "{markdown}");
    }

    #[test]
    fn brackets_and_quotes_without_an_end_take_no_time() {
        let began = std::time::Instant::now();
        for piece in ["[", "> ", "*a ", "![", "`", "<a", "- ", "$", "| a "] {
            let text = piece.repeat(100_000 / piece.len());
            own(&text, true);
            own(&text, false);
        }
        assert!(began.elapsed().as_secs() < 20);
    }
}
