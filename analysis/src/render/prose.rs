//! Text: inline code in our own sentences, and the author's notes, which are Markdown.
//!
//! The notes are rendered by a small reader of the common subset (headings,
//! paragraphs, lists, quotes, fenced code, rules; code, bold, italic and links
//! inline). Raw HTML is shown as text, never passed on.

use maud::{Markup, PreEscaped, html};

/// A sentence of the report: text between backticks is code.
pub(super) fn sentence(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Text as Markdown, escaped; text between backticks is code.
pub(super) fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push('`');
            out.push_str(&part.replace('|', "\\|").replace(['\n', '\r'], " "));
            out.push('`');
            continue;
        }
        let mut before = ' ';
        for c in part.chars() {
            // An underscore or hyphen within a word has no meaning in Markdown.
            if matches!(c, '\\' | '*' | '<' | '[' | ']' | '|' | '~')
                || (c == '_' && !before.is_alphanumeric())
            {
                out.push('\\');
            }
            out.push(if matches!(c, '\n' | '\r') { ' ' } else { c });
            before = c;
        }
    }
    out
}

/// Paragraphs divided by empty lines.
pub(super) fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            paragraphs.push(String::new());
        } else if let Some(last) = paragraphs.last_mut() {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(line.trim());
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// The author's Markdown as HTML. Its headings are below those of the report.
pub(super) fn notes(text: &str) -> Markup {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        if let Some(fence) = ["```", "~~~"].into_iter().find(|f| trimmed.starts_with(f)) {
            let mut code = String::new();
            for line in lines
                .by_ref()
                .take_while(|line| !line.trim().starts_with(fence))
            {
                code.push_str(line);
                code.push('\n');
            }
            out.push_str(&html! { pre { code { (code) } } }.into_string());
        } else if let Some((level, title)) = heading(trimmed) {
            let title = inline(title);
            let block = match level {
                1 | 2 => html! { h3 { (title) } },
                _ => html! { h4 { (title) } },
            };
            out.push_str(&block.into_string());
        } else if trimmed.len() >= 3
            && (trimmed.bytes().all(|b| b == b'-') || trimmed.bytes().all(|b| b == b'*'))
        {
            out.push_str("<hr>");
        } else if let Some((ordered, first)) = item(trimmed) {
            let mut items = vec![first.to_owned()];
            while let Some(next) = lines.peek() {
                let next = next.trim();
                match item(next) {
                    Some((same, text)) if same == ordered => items.push(text.to_owned()),
                    None if !next.is_empty() && heading(next).is_none() => {
                        if let Some(last) = items.last_mut() {
                            last.push(' ');
                            last.push_str(next);
                        }
                    }
                    _ => break,
                }
                lines.next();
            }
            let items = html! { @for item in &items { li { (inline(item)) } } };
            let block = if ordered {
                html! { ol { (items) } }
            } else {
                html! { ul { (items) } }
            };
            out.push_str(&block.into_string());
        } else {
            let quote = trimmed.starts_with('>');
            let strip = |line: &str| line.trim_start_matches('>').trim().to_owned();
            let mut paragraph = strip(trimmed);
            while let Some(next) = lines.peek().map(|next| next.trim()) {
                let ends = next.is_empty()
                    || heading(next).is_some()
                    || item(next).is_some()
                    || next.starts_with("```");
                if ends || next.starts_with('>') != quote {
                    break;
                }
                paragraph.push(' ');
                paragraph.push_str(&strip(next));
                lines.next();
            }
            let block = html! { p { (inline(&paragraph)) } };
            let block = if quote {
                html! { blockquote { (block) } }
            } else {
                block
            };
            out.push_str(&block.into_string());
        }
    }
    PreEscaped(out)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    let title = line.get(level..)?.strip_prefix(' ')?;
    (1..=6).contains(&level).then_some((level, title.trim()))
}

/// A list item: whether it is numbered, and its text.
fn item(line: &str) -> Option<(bool, &str)> {
    for bullet in ["- ", "* ", "+ "] {
        if let Some(text) = line.strip_prefix(bullet) {
            return Some((false, text));
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let text = line.get(digits..)?.strip_prefix(". ")?;
    (digits > 0).then_some((true, text))
}

/// Code, bold, italic and links of one paragraph. A mark that is not closed is text.
fn inline(text: &str) -> Markup {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let closed = |open: &str| {
            let inner = rest.strip_prefix(open)?;
            let end = inner.find(open).filter(|&end| end > 0)?;
            // A mark beside a space is a character, as in `2 * 3`.
            if inner[..end].starts_with(' ') || inner[..end].ends_with(' ') {
                return None;
            }
            Some((&inner[..end], &inner[end + open.len()..]))
        };
        let (piece, after) = if let Some((code, after)) = closed("`") {
            (html! { code { (code) } }, after)
        } else if let Some((bold, after)) = closed("**") {
            (html! { strong { (inline(bold)) } }, after)
        } else if let Some((italic, after)) = closed("*") {
            (html! { em { (inline(italic)) } }, after)
        } else if let Some((label, target, after)) = link(rest) {
            (html! { a href=(target) { (label) } }, after)
        } else {
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| matches!(c, '`' | '*' | '['));
            let (plain, after) = rest.split_at(end.map_or(rest.len(), |(index, _)| index));
            (html! { (plain) }, after)
        };
        out.push_str(&piece.into_string());
        rest = after;
    }
    PreEscaped(out)
}

/// `[label](target)`; `None` if the target is not an address or a path.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (target, rest) = rest.split_once(')')?;
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    let safe = scheme.is_none_or(|scheme| matches!(scheme, "http" | "https" | "mailto"));
    (safe && !label.contains(['[', ']'])).then_some((label, target, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_render_the_common_subset_and_no_raw_html() {
        let text = "# Title\n\nSome *text* with `code`,\n**bold** and [a link](https://example.org).\n\n- one\n- two\n  more\n\n1. first\n\n> said\n\n```\nx < y\n```\n<script>alert(1)</script> [x](javascript:alert(1))";
        assert_eq!(
            notes(text).into_string(),
            "<h3>Title</h3><p>Some <em>text</em> with <code>code</code>, <strong>bold</strong> and \
             <a href=\"https://example.org\">a link</a>.</p><ul><li>one</li><li>two more</li></ul>\
             <ol><li>first</li></ol><blockquote><p>said</p></blockquote><pre><code>x &lt; y\n</code></pre>\
             <p>&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:alert(1))</p>"
        );
    }

    #[test]
    fn markdown_means_just_the_text() {
        assert_eq!(
            escape_markdown("a|b *c* queue_max _x_ `d|e`"),
            "a\\|b \\*c\\* queue_max \\_x_ `d\\|e`"
        );
        assert_eq!(escape_markdown("<b> [x]"), "\\<b> \\[x\\]");
        // A line stays one, or the rest would be Markdown of its own.
        assert_eq!(escape_markdown("a\n# b `c\n# d`"), "a # b `c # d`");
    }

    #[test]
    fn unclosed_marks_are_text() {
        assert_eq!(inline("2 * 3 ** `x").into_string(), "2 * 3 ** `x");
    }
}
