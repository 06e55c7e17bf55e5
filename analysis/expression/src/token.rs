//! The words of an expression: names, texts, numbers, durations and signs.

use base::duration;

use crate::mistake::Mistake;
use crate::syntax::Span;

/// One token, and the bytes of the text that it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A name or a word of the language: `clock`, `and`.
    Word(String),
    /// A name in backticks, which is no word of the language.
    Name(String),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Whole(i128),
    /// A number with a fraction or an exponent; finite.
    Real(f64),
    /// A number with a unit of time `[ns]`.
    Duration(u64),
    /// A sign: `<=`, `(`.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// The signs, the longer of those with the same beginning first.
const SIGNS: [&str; 17] = [
    "==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "%",
];

/// Signs of other languages, and what to write here.
const FOREIGN: [(&str, &str); 17] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("&", "write `and`"),
    ("|", "write `or`"),
    ("!", "write `not`"),
    ("=>", "write `implies`"),
    ("->", "write `implies`"),
    ("<>", "write `!=`"),
    ("=", "write `==`"),
    ("\u{2260}", "write `!=`"),
    ("\u{2264}", "write `<=`"),
    ("\u{2265}", "write `>=`"),
    ("\u{201c}", "write plain quotes: '...'"),
    ("\u{201d}", "write plain quotes: '...'"),
    ("\u{2018}", "write plain quotes: '...'"),
    ("\u{2019}", "write plain quotes: '...'"),
    (";", "an expression is one line without `;`"),
];

/// The tokens of a text; the last one is [`TokenKind::End`].
pub fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            tokens.push(Token {
                kind: TokenKind::End,
                span: Span::new(at, at),
            });
            return Ok(tokens);
        };
        let (kind, length) = match first {
            '\'' | '"' | '`' => quoted(rest, first, at)?,
            '0'..='9' => number(rest, at)?,
            first if first.is_alphabetic() || first == '_' => {
                let length = word_length(rest);
                (TokenKind::Word(rest[..length].to_owned()), length)
            }
            _ => sign(rest, first, at)?,
        };
        let span = Span::new(at, at + length);
        tokens.push(Token { kind, span });
        at += length;
    }
}

/// The length of the word that a text begins with.
fn word_length(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    end.unwrap_or(text.len())
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(TokenKind, usize), Mistake> {
    let Some(length) = rest[1..].find(quote) else {
        let span = Span::new(at, at + rest.len());
        return Err(Mistake::new(span, format!("a {quote} without an end")));
    };
    let inner = rest[1..=length].to_owned();
    let kind = match quote {
        '`' if inner.is_empty() => {
            let span = Span::new(at, at + 2);
            return Err(Mistake::new(
                span,
                "a name is missing between the backticks",
            ));
        }
        '`' => TokenKind::Name(inner),
        _ => TokenKind::Text(inner),
    };
    Ok((kind, length + 2))
}

fn sign(rest: &str, first: char, at: usize) -> Result<(TokenKind, usize), Mistake> {
    let here = |length: usize| Span::new(at, at + length);
    let known = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    let foreign = FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign));
    match (known, foreign) {
        (Some(known), Some((sign, _))) if known.len() >= sign.len() => {
            Ok((TokenKind::Sign(known), known.len()))
        }
        (_, Some((sign, help))) => {
            Err(Mistake::new(here(sign.len()), format!("`{sign}` is no operator here")).help(*help))
        }
        (Some(known), None) => Ok((TokenKind::Sign(known), known.len())),
        (None, None) => {
            let what = format!("{first:?} is not part of an expression");
            Err(Mistake::new(here(first.len_utf8()), what))
        }
    }
}

/// A number, or a duration if a unit follows at once.
fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), Mistake> {
    let digits =
        |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut length = digits(rest);
    let mut is_real = false;
    if rest[length..].starts_with('.') && digits(&rest[length + 1..]) > 0 {
        length += 1 + digits(&rest[length + 1..]);
        is_real = true;
    }
    let unit_follows = |length: usize| rest[length..].starts_with(char::is_alphabetic);
    if rest[length..].starts_with(['e', 'E']) {
        let after = &rest[length + 1..];
        let sign = usize::from(after.starts_with(['+', '-']));
        let exponent = digits(&after[sign..]);
        if exponent > 0 {
            length += 1 + sign + exponent;
            is_real = true;
        }
    }
    if unit_follows(length) {
        return span_of_time(rest, at);
    }
    let text = &rest[..length];
    let here = Span::new(at, at + length);
    let kind = match is_real {
        true => text
            .parse()
            .ok()
            .filter(|it: &f64| it.is_finite())
            .map(TokenKind::Real),
        false => text.parse().ok().map(TokenKind::Whole),
    };
    match kind {
        Some(kind) => Ok((kind, length)),
        None => Err(Mistake::new(here, "the number is too large")),
    }
}

fn span_of_time(rest: &str, at: usize) -> Result<(TokenKind, usize), Mistake> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_');
    let text = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
    match duration::parse(text) {
        Ok(duration) => Ok((TokenKind::Duration(duration.0), text.len())),
        Err(error) => {
            let here = Span::new(at, at + text.len());
            let what = format!("`{text}` is no duration, expected {}", error.expected());
            let units = "units: ns, us, ms, s, m, h, d; for example `250ms` or `1m30s`";
            Err(Mistake::new(here, what).help(units))
        }
    }
}
