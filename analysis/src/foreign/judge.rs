//! What is judged of the logs of another program: properties, as in a scenario, and
//! `clock.lamport`, as far as the columns allow.

use std::sync::Arc;

use base::time::SimDuration;

use super::lamport::{LAMPORT, Lamport};
use super::toml_table::{At, Mistake, Mistakes, Table};
use crate::expect::selects;
use crate::log::{Columns, Row, RunSchema};
use crate::properties::expression::{Expression, Scope, Span};
use crate::properties::{Claim, Properties, Property, PropertyRule};
use crate::results::Judgement;

/// What is judged.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Whether `clock.lamport` is asked for: then it counts if it is unknown, too.
    pub lamport: bool,
    /// The properties, with the places of their expressions.
    pub properties: Vec<(PropertyRule, Vec<Place>)>,
}

/// Where an expression is written.
#[derive(Clone, Debug)]
pub struct Place {
    file: String,
    line: usize,
    /// The column of its first letter.
    column: usize,
}

impl Place {
    /// The place of a part of the expression, if it is written in one line.
    fn of(&self, span: Span) -> String {
        let column = self.column + span.range().start;
        format!("{}:{}:{column}", self.file, self.line)
    }

    fn mistake(&self, span: Span, text: String) -> Mistake {
        Mistake {
            file: self.file.clone(),
            line: self.line,
            column: self.column + span.range().start,
            text,
        }
    }
}

impl Asked {
    /// Adds what another file asks for.
    pub fn join(&mut self, other: Asked) {
        self.lamport |= other.lamport;
        self.properties.extend(other.properties);
    }
}

/// Reads `[[check]]` and `[[property]]`.
pub fn asked(table: &mut Table<'_>, file: &str, mistakes: &mut Mistakes<'_>) -> Asked {
    let mut asked = Asked::default();
    for mut check in table.tables("check", mistakes) {
        if let Some(name) = check.required("check", mistakes) {
            match name.value.as_str() {
                LAMPORT => asked.lamport = true,
                other => mistakes.push(
                    name.at,
                    format!("`{other}`: logs of other programs are judged by properties, and by the check `{LAMPORT}`"),
                ),
            }
        }
        check.finish(mistakes);
    }
    for property in table.tables("property", mistakes) {
        let at = property.at();
        if let Some((rule, places)) = rule(property, file, mistakes) {
            let has = asked
                .properties
                .iter()
                .any(|(other, _)| other.name == rule.name);
            if has {
                mistakes.push(at, format!("two properties have the name `{}`", rule.name));
            }
            asked.properties.push((rule, places));
        }
    }
    asked
}

fn rule(
    mut table: Table<'_>,
    file: &str,
    mistakes: &mut Mistakes<'_>,
) -> Option<(PropertyRule, Vec<Place>)> {
    let at = table.at();
    let name = table.required("name", mistakes);
    let claims = ["always", "never", "eventually", "sometimes", "leads_to"];
    let texts = claims.map(|claim| (claim, table.texts(claim, mistakes)));
    let within = duration(table.text("within", mistakes), mistakes);
    let from = duration(table.text("from", mistakes), mistakes);
    let nodes = table.text("nodes", mistakes);
    let global = table.flag("global", mistakes).unwrap_or(false);
    table.finish(mistakes);
    let mut given = texts.into_iter().filter(|(_, texts)| !texts.is_empty());
    let (Some((claim, texts)), None) = (given.next(), given.next()) else {
        mistakes.push(at, format!("a property has one of: {}", claims.join(", ")));
        return None;
    };
    let wanted = if claim == "leads_to" { 2 } else { 1 };
    if texts.len() != wanted {
        mistakes.push(
            texts[0].at,
            format!("`{claim}`: {} expressions, expected {wanted}", texts.len()),
        );
        return None;
    }
    let mut places = Vec::new();
    let mut expressions = Vec::new();
    for text in &texts {
        // A place is that of the first letter, after the quote.
        let before = mistakes.found.len();
        mistakes.push(text.at + 1, String::new());
        let Mistake { line, column, .. } = mistakes.found.remove(before);
        let place = Place {
            file: file.to_owned(),
            line,
            column,
        };
        match Expression::parse(&text.value) {
            Ok(expression) => expressions.push(expression),
            Err(mistake) => mistakes
                .found
                .push(place.mistake(mistake.span, said(&mistake.message, &mistake.help))),
        }
        places.push(place);
    }
    let mut expressions = expressions.into_iter();
    let first = expressions.next()?;
    let claim = match claim {
        "always" => Claim::Always(first),
        "never" => Claim::Never(first),
        "sometimes" => Claim::Sometimes(first),
        "eventually" => Claim::Eventually {
            what: first,
            from: from.unwrap_or(SimDuration::ZERO),
            within,
        },
        _ => {
            let Some(within) = within else {
                mistakes.push(at, "`leads_to` needs `within = \"1s\"`");
                return None;
            };
            Claim::LeadsTo {
                trigger: first,
                response: expressions.next()?,
                within,
            }
        }
    };
    let rule = PropertyRule {
        name: name?.value,
        nodes: nodes.map(|it| it.value),
        global,
        claim,
    };
    Some((rule, places))
}

fn duration(text: Option<At<String>>, mistakes: &mut Mistakes<'_>) -> Option<SimDuration> {
    let text = text?;
    match base::duration::parse(&text.value) {
        Ok(duration) => Some(duration),
        Err(error) => {
            mistakes.push(
                text.at,
                format!("found {:?}, expected {}", text.value, error.expected()),
            );
            None
        }
    }
}

fn said(message: &str, help: &[String]) -> String {
    let mut text = message.to_owned();
    for line in help {
        text.push_str(&format!("\n  {line}"));
    }
    text
}

/// The properties, bound to the columns of the logs.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    properties: Vec<Arc<Property>>,
    places: Vec<Vec<Place>>,
    /// Properties that cannot be bound, and why: they are unknown.
    unbound: Vec<(String, String)>,
}

impl Bound {
    /// Binds properties to the columns of the logs. A property that names a column that
    /// the logs do not have is unknown.
    ///
    /// # Errors
    /// All mistakes that are none of the logs: a node that does not exist.
    pub fn new(asked: &Asked, schema: &RunSchema) -> Result<Bound, Vec<Mistake>> {
        let mut bound = Bound::default();
        let mut found = Vec::new();
        for (rule, places) in &asked.properties {
            let mut scope = Scope::of(schema);
            scope.global = rule.global;
            if let Some(nodes) = &rule.nodes {
                let selected = (0..).zip(&schema.nodes);
                let selected =
                    selected.filter(|(_, node)| selects(nodes, &node.name, &Default::default()));
                let selected: Vec<_> = selected.map(|(index, _)| index..index + 1).collect();
                if selected.is_empty() {
                    let text = format!(
                        "`nodes`: no node is `{nodes}`\n  nodes here: {}",
                        scope.some_nodes().join(", ")
                    );
                    found.push(places[0].mistake(Span::new(0, 0), text));
                    continue;
                }
                scope.selected = Some(selected);
            }
            match Property::new(rule.clone(), &scope) {
                Ok(Some(property)) => {
                    bound.properties.push(Arc::new(property));
                    bound.places.push(places.clone());
                }
                Ok(None) => {}
                Err(mistakes) => {
                    let missing = mistakes.iter().all(|(_, it)| it.known.is_some());
                    if missing {
                        let texts: Vec<&str> =
                            mistakes.iter().map(|(_, it)| it.message.as_str()).collect();
                        bound.unbound.push((rule.name.clone(), texts.join("; ")));
                        continue;
                    }
                    for (expression, mistake) in mistakes {
                        let text = said(&mistake.message, &mistake.help);
                        found.push(places[expression].mistake(mistake.span, text));
                    }
                }
            }
        }
        match found.is_empty() {
            true => Ok(bound),
            false => Err(found),
        }
    }

    /// Before the first row of a run.
    pub fn begin(&self, schema: &Arc<RunSchema>, received: Option<usize>) -> Judging<'_> {
        Judging {
            bound: self,
            properties: Properties::begin(&self.properties, schema),
            lamport: Lamport::new(schema, received),
        }
    }
}

/// The judges of one run.
pub struct Judging<'b> {
    bound: &'b Bound,
    properties: Properties,
    lamport: Option<Lamport>,
}

impl Judging<'_> {
    /// Takes the next row in.
    pub fn row(&mut self, row: &Row, columns: Columns<'_>, schema: &RunSchema) {
        self.properties.row(row, &columns);
        if let Some(lamport) = &mut self.lamport {
            lamport.row(row, columns, schema);
        }
    }

    /// The judgements of a run that ended at this time `[ns]`.
    pub fn finish(self, end_ns: u64) -> Vec<Judgement> {
        let places = &self.bound.places;
        let mut judgements = self
            .properties
            .finish(end_ns, |property, expression, span| {
                places[property][expression].of(span)
            });
        judgements.extend(self.bound.unbound.iter().map(|(name, why)| Judgement {
            judge: crate::results::Judge::Property,
            name: name.clone(),
            verdict: crate::results::Verdict::Unknown,
            measured: String::new(),
            reason: format!("the logs do not have what it names: {why}"),
            evidence: Vec::new(),
        }));
        judgements.extend(self.lamport.map(Lamport::finish));
        judgements
    }
}
