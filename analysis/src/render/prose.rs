//! Our own sentences: text with inline code, as HTML and as Markdown.

use maud::{Markup, html};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
