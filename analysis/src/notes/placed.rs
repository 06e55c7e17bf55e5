//! Where the pieces of notes belong. A heading with an anchor, `## Jumps {#jumps}`, begins a
//! piece. It goes on to the next heading with an anchor, or of the same or a higher level.
//! With `.before` or `.after` beside the anchor, the piece is a section of its own there.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{LEFT_OUT, OWN, RUN, TOP};

/// What is understood beyond CommonMark.
pub(crate) const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS)
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_MATH)
    .union(Options::ENABLE_HEADING_ATTRIBUTES);

/// Where a piece of notes belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    /// In the notes' own section.
    Own,
    /// In the section with this anchor.
    Within(String),
    /// A section of its own, before that with this anchor.
    Before(String),
    /// A section of its own, after that with this anchor.
    After(String),
    /// The report has no section with this anchor.
    Unknown(String),
}

impl Spot {
    /// Whether the piece is in the notes' own section.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Spot::Own | Spot::Unknown(_))
    }
}

/// A piece of notes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece<'a> {
    /// Where it belongs.
    pub spot: Spot,
    /// The level of its first heading; 1 if it begins with none.
    pub level: usize,
    /// The text of the heading that placed it; empty if no heading did.
    pub title: String,
    /// Its text. The heading that placed it is not among it.
    pub events: Vec<Event<'a>>,
}

/// The pieces of notes, in their order. `anchors` are those of the report.
pub(crate) fn pieces<'a>(text: &'a str, anchors: &[&str]) -> Vec<Piece<'a>> {
    let own = || Piece {
        spot: Spot::Own,
        level: 1,
        title: String::new(),
        events: Vec::new(),
    };
    let mut pieces = vec![own()];
    let mut depth = 0_usize;
    // Within the heading that places a piece, which is its title.
    let mut in_title = false;
    for event in Parser::new_ext(text, OPTIONS) {
        if let Event::Start(Tag::Heading {
            level, id, classes, ..
        }) = &event
            && depth == 0
        {
            let level = *level as usize;
            let placed = &pieces[pieces.len() - 1];
            if let Some(anchor) = id {
                let class = |name: &str| classes.iter().any(|it| **it == *name);
                pieces.push(Piece {
                    spot: spot(anchor, class("before"), class("after"), anchors),
                    level,
                    ..own()
                });
                in_title = true;
            } else if placed.spot != Spot::Own && level <= placed.level {
                pieces.push(own());
            }
        }
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        let last = pieces.len() - 1;
        let piece = &mut pieces[last];
        if in_title {
            in_title = !matches!(event, Event::End(TagEnd::Heading(_)));
            if let Event::Text(text) | Event::Code(text) | Event::InlineMath(text) = &event {
                piece.title.push_str(text);
            }
            continue;
        }
        piece.events.push(event);
    }
    pieces.retain(|piece| !piece.events.is_empty() || !piece.title.is_empty());
    pieces
}

fn spot(anchor: &str, before: bool, after: bool, anchors: &[&str]) -> Spot {
    let named = anchor.to_owned();
    let is_known = anchors.contains(&anchor);
    match (is_known, before, after) {
        // Nothing stands above the title, and `left-out` may be empty.
        _ if anchor == OWN => Spot::Own,
        (false, true, _) if anchor == LEFT_OUT => Spot::Own,
        (false, ..) => Spot::Unknown(named),
        (true, true, _) if anchor == TOP => Spot::Within(named),
        (true, _, true) if anchor == TOP => Spot::Before(RUN.to_owned()),
        (true, true, _) => Spot::Before(named),
        (true, false, true) => Spot::After(named),
        (true, false, false) => Spot::Within(named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(text: &str) -> Vec<(Spot, String, usize)> {
        let pieces = pieces(text, &["top", "run", "jumps", "drift", "notes"]);
        let places = pieces.into_iter();
        places
            .map(|it| (it.spot, it.title, it.events.len()))
            .collect()
    }

    #[test]
    fn a_heading_with_an_anchor_places_its_text_up_to_the_next_of_its_level() {
        let text = "Begin.\n\n## Jumps {#jumps}\n\nLarge.\n\n### Detail\n\nMore.\n\n## Rest\n\nEnd.\n\n\
                    ### D {#drift .after}\n\nFar.\n\n# Last\n";
        let within = |anchor: &str| Spot::Within(anchor.to_owned());
        assert_eq!(
            placed(text),
            [
                (Spot::Own, String::new(), 3),
                (within("jumps"), "Jumps".to_owned(), 9),
                (Spot::Own, String::new(), 6),
                (Spot::After("drift".to_owned()), "D".to_owned(), 3),
                (Spot::Own, String::new(), 3),
            ]
        );
    }

    #[test]
    fn an_anchor_in_a_quote_or_in_code_places_nothing() {
        let text = "> ## A {#jumps}\n\n```\n## B {#jumps}\n```\n\n- ## C {#jumps}\n";
        let all = placed(text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, Spot::Own);
    }

    #[test]
    fn an_anchor_that_is_not_there_is_known_as_such() {
        let found: Vec<Spot> = placed("# A {#jmps}\n# B {#notes}\n# C {#top .after}\n")
            .into_iter()
            .map(|it| it.0)
            .collect();
        let expected = [
            Spot::Unknown("jmps".to_owned()),
            Spot::Own,
            Spot::Before("run".to_owned()),
        ];
        assert_eq!(found, expected);
    }
}
