//! `[[property]]`, as written and resolved. The plugins' columns are not known here: names
//! and types of expressions are checked when a case is bound
//! ([`plan`](crate::plan)), their syntax is checked here.

use std::collections::HashMap;
use std::sync::Arc;

use analysis::properties::expression::{Expression, Mistake, Span};
use analysis::properties::{Claim, PropertyRule};
use base::time::SimDuration;

use super::diagnostic::Diagnostic;
use super::document::{Table, Value};
use super::judges::selected;
use super::keys::PROPERTY;
use super::names::Names;
use super::parts::PropertyExpressions;
use super::reader::{Field, Mistakes, TableReader, listed};
use super::resolved::PropertyPart;
use super::source::{Place, Source};
use super::text_place;
use super::values;
use super::written::{OptionalKey, Selector, array_of_tables, selector};

/// One `[[property]]` entry as written.
#[derive(Debug)]
pub struct PropertyEntry {
    place: Place,
    name: OptionalKey<String>,
    nodes: OptionalKey<Selector>,
    global: OptionalKey<bool>,
    always: OptionalKey<Placed>,
    never: OptionalKey<Placed>,
    eventually: OptionalKey<Placed>,
    leads_to: OptionalKey<[Option<Placed>; 2]>,
    sometimes: OptionalKey<Placed>,
    within: OptionalKey<SimDuration>,
    from: OptionalKey<SimDuration>,
}

/// An expression, and where its text is written.
#[derive(Clone, Debug)]
struct Placed {
    expression: Expression,
    place: Place,
}

/// Where the expressions of a property are written.
#[derive(Clone, Debug)]
pub struct PropertyOrigin {
    source: Arc<Source>,
    expressions: Vec<(Place, String)>,
}

/// Reads `[[property]]`.
pub fn properties(field: Field<'_>) -> Option<Vec<PropertyEntry>> {
    let read = |table: &Table, place| {
        let mut reader = TableReader::new(table, place, &PROPERTY, field.mistakes);
        let entry = PropertyEntry {
            place,
            name: reader.required("name", name),
            always: reader.optional("always", expression),
            never: reader.optional("never", expression),
            eventually: reader.optional("eventually", expression),
            leads_to: reader.optional("leads_to", two_expressions),
            sometimes: reader.optional("sometimes", expression),
            within: reader.optional("within", values::delay),
            from: reader.optional("from", values::delay),
            nodes: reader.optional("nodes", selector),
            global: reader.optional("global", values::flag),
        };
        reader.finish();
        entry
    };
    array_of_tables(field, "[[property]]", read)
}

fn name(field: Field<'_>) -> Option<String> {
    let text = field.text()?;
    match text.trim().is_empty() || text.chars().any(char::is_control) {
        true => field.expected("a name of one line, for example \"clocks grow\""),
        false => Some(text.to_owned()),
    }
}

fn expression(field: Field<'_>) -> Option<Placed> {
    let text = field.text()?;
    let place = field.value.place;
    match Expression::parse(text) {
        Ok(expression) => Some(Placed { expression, place }),
        Err(mistake) => {
            let source = &field.mistakes.source;
            field
                .mistakes
                .push(diagnostic(source, place, text, &mistake));
            None
        }
    }
}

/// Two expressions; `None` for one that is wrong, which is reported.
fn two_expressions(field: Field<'_>) -> Option<[Option<Placed>; 2]> {
    const EXPECTED: &str = "an array of two expressions: [\"what is first\", \"what follows\"]";
    match field.array(EXPECTED)? {
        [one, other] => {
            let read = |value: &Value| expression(field.part(value));
            Some([read(one), read(other)])
        }
        values => field.wrong(format!(
            "`{}` is an array of {}, expected two expressions",
            field.key,
            values.len()
        )),
    }
}

/// A mistake in an expression, at its place in the file.
fn diagnostic(source: &Arc<Source>, place: Place, text: &str, mistake: &Mistake) -> Diagnostic {
    let exact = text_place::within(source, place, text, mistake.span.range());
    let mut diagnostic = Diagnostic::new(source, exact.unwrap_or(place), mistake.message.as_str());
    if exact.is_none() {
        // An option has no line that could be shown.
        let before = text.get(..mistake.span.start as usize).unwrap_or_default();
        let marked = text.get(mistake.span.range()).unwrap_or_default();
        let (blank, carets) = (before.chars().count(), marked.chars().count().max(1));
        let line = format!("{}{}", " ".repeat(blank), "^".repeat(carets));
        diagnostic = diagnostic.help(text).help(line);
    }
    for line in &mistake.help {
        diagnostic = diagnostic.help(line);
    }
    if let Some(known) = &mistake.known {
        let names = known.names.iter().map(String::as_str);
        diagnostic = diagnostic.help(format!("{}: {}", known.what, listed(&known.found, names)));
    }
    diagnostic
}

impl PropertyOrigin {
    /// A mistake in the expression with this index.
    pub fn problem(&self, expression: usize, mistake: &Mistake) -> Diagnostic {
        let (place, text) = &self.expressions[expression];
        diagnostic(&self.source, *place, text, mistake)
    }

    /// Its first expression.
    pub fn whole(&self) -> Diagnostic {
        let place = self.expressions.first().map_or(Place::Whole, |it| it.0);
        Diagnostic::new(&self.source, place, "")
    }

    /// Where a part of an expression is written, for people: `line 12, column 20`, or the
    /// option.
    pub fn place_of(&self, expression: usize, span: Span) -> String {
        let (place, text) = &self.expressions[expression];
        let exact = text_place::within(&self.source, *place, text, span.range());
        let diagnostic = Diagnostic::new(&self.source, exact.unwrap_or(*place), "");
        match diagnostic.line_column() {
            Some((line, column)) => format!("line {line}, column {column} of the scenario"),
            None => diagnostic.place_text(),
        }
    }
}

impl PropertyEntry {
    /// What the columns of the nodes decide of it, and its places. Mistakes are reported.
    pub fn part(
        &self,
        names: &Names<'_>,
        mistakes: &Mistakes,
    ) -> (PropertyExpressions, PropertyOrigin) {
        let nodes = selected(&self.nodes, "property: `nodes`", names, mistakes);
        let ranges = nodes.iter().flatten().next().map(|(_, it)| it.clone());
        let global = match &self.global {
            Some(written) => written.value,
            None => Some(false),
        };
        let claim = self.claim(mistakes);
        let rule = || {
            Some(PropertyRule {
                name: self.name.as_ref()?.value.clone()?,
                nodes: nodes?.map(|(text, _)| text),
                global: global?,
                claim: claim?,
            })
        };
        let nodes_of = |rule| PropertyPart {
            rule,
            nodes: ranges.clone(),
        };
        let written = self.expressions();
        let origin = PropertyOrigin {
            source: mistakes.source.clone(),
            expressions: written
                .iter()
                .map(|it| (it.place, it.expression.text().to_owned()))
                .collect(),
        };
        let part = PropertyExpressions {
            whole: rule().map(nodes_of),
            expressions: written
                .into_iter()
                .map(|it| it.expression.clone())
                .collect(),
            nodes: ranges,
            global,
        };
        (part, origin)
    }

    /// Its expressions that can be read. If it says one thing, these are those of its claim.
    fn expressions(&self) -> Vec<&Placed> {
        let single = [&self.always, &self.never, &self.eventually, &self.sometimes];
        let single = single.into_iter().flatten().map(|it| &it.value);
        let pair = self.leads_to.iter().flat_map(|it| &it.value).flatten();
        single.chain(pair).flatten().collect()
    }

    /// What it says; `None` if that is wrong, which is reported.
    fn claim(&self, mistakes: &Mistakes) -> Option<Claim> {
        let key = |key: &OptionalKey<Placed>| key.as_ref().map(|it| it.key);
        let given = [
            ("always", key(&self.always)),
            ("never", key(&self.never)),
            ("eventually", key(&self.eventually)),
            ("leads_to", self.leads_to.as_ref().map(|it| it.key)),
            ("sometimes", key(&self.sometimes)),
        ];
        let claims = given.into_iter();
        let claims: Vec<(&str, Place)> =
            claims.filter_map(|(word, at)| Some((word, at?))).collect();
        let fits = self.check_times(&claims, mistakes);
        let word = match claims.as_slice() {
            [] => {
                let what = "the property says nothing, expected `always`, `never`, `eventually`, `leads_to` or `sometimes`";
                let help = "for example `always = \"queue <= 50\"`";
                mistakes.add_with_help(self.place, what, help);
                return None;
            }
            [(word, _)] => *word,
            [(word, _), (other, place), ..] => {
                let what = format!("`{word}` and `{other}` in one property, expected one of them");
                mistakes.add_with_help(*place, what, "write a property for each");
                return None;
            }
        };
        let single = |written: &OptionalKey<Placed>| {
            let placed = written.as_ref()?.value.as_ref()?;
            Some(placed.expression.clone())
        };
        let time = |written: &OptionalKey<SimDuration>| match written {
            Some(written) => written.value.map(Some),
            None => Some(None),
        };
        let (within, from) = (time(&self.within), time(&self.from));
        fits?;
        Some(match word {
            "always" => Claim::Always(single(&self.always)?),
            "never" => Claim::Never(single(&self.never)?),
            "sometimes" => Claim::Sometimes(single(&self.sometimes)?),
            "eventually" => Claim::Eventually {
                what: single(&self.eventually)?,
                from: from?.unwrap_or_default(),
                within: within?,
            },
            _ => {
                let [trigger, response] = self.leads_to.as_ref()?.value.clone()?;
                Claim::LeadsTo {
                    trigger: trigger?.expression,
                    response: response?.expression,
                    within: within??,
                }
            }
        })
    }

    /// Reports `within` and `from` where they have no meaning with what is claimed, or
    /// `within` is missing.
    fn check_times(&self, claims: &[(&str, Place)], mistakes: &Mistakes) -> Option<()> {
        let takes = |word: &str, time: &str| match word {
            "eventually" => true,
            "leads_to" => time == "within",
            _ => false,
        };
        let mut fits = Some(());
        for (time, written) in [("within", &self.within), ("from", &self.from)] {
            let (Some(written), Some((word, _))) = (written, claims.first()) else {
                continue;
            };
            if claims.iter().any(|(word, _)| takes(word, time)) {
                continue;
            }
            let help = match time {
                "from" => {
                    "`from` is for `eventually`; in an expression, the time is `time`: `time < 5s or ..`"
                }
                _ => "`within` is for `eventually` and `leads_to`",
            };
            let what = format!("`{time}` has no meaning with `{word}`");
            mistakes.add_with_help(written.key, what, help);
            fits = None;
        }
        let leads_to = claims.iter().find(|(word, _)| *word == "leads_to");
        if let (Some((_, key)), None) = (leads_to, &self.within) {
            let what = "`leads_to` needs `within`: how long it may take";
            mistakes.add_with_help(*key, what, "for example `within = \"30s\"`");
            fits = None;
        }
        fits
    }
}

/// Reports names that two properties have, or a property and a check.
pub fn check_names<'a>(
    entries: &[PropertyEntry],
    checks: impl Iterator<Item = &'a str>,
    mistakes: &Mistakes,
) {
    let mut known: HashMap<&str, Option<Place>> = checks.map(|name| (name, None)).collect();
    for entry in entries {
        let Some(written) = &entry.name else { continue };
        let Some(name) = &written.value else { continue };
        match known.insert(name, Some(written.place)) {
            None => {}
            Some(None) => {
                let what = format!("the property has the name of the check `{name}`");
                mistakes.add_with_help(written.place, what, "give it a name of its own");
            }
            Some(Some(first)) => {
                let what = format!("two properties have the name `{name}`");
                let help = match first {
                    Place::File { start, .. } => {
                        let line = mistakes.source.line(start);
                        format!("the other is on line {line}; verdicts are told apart by the name")
                    }
                    _ => "verdicts are told apart by the name".to_owned(),
                };
                mistakes.add_with_help(written.place, what, help);
            }
        }
    }
}
