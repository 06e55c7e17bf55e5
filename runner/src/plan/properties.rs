//! Binds the properties of a scenario to the columns of its nodes, and reports the names
//! and types that are wrong.

use std::sync::Arc;

use analysis::properties::Property;
use analysis::properties::expression::{Group, Mistake, Program, Scope, Shape, Span};

use super::binding::BoundNodes;
use crate::scenario::{Diagnostic, Origins, Parts, PropertyExpressions, PropertyOrigin};

/// A property whose names and types are right.
#[derive(Clone, Debug)]
pub struct BoundProperty {
    /// The property.
    pub property: Arc<Property>,
    origin: PropertyOrigin,
}

impl BoundProperty {
    /// Where a part of its expression with this index is written, for people.
    pub fn place_of(&self, expression: usize, span: Span) -> String {
        self.origin.place_of(expression, span)
    }
}

/// Binds the properties, and adds their mistakes to `mistakes`. `nodes` are the nodes of
/// each group.
pub(super) fn bind(
    parts: &Parts,
    origins: &Origins,
    nodes: &[BoundNodes],
    mistakes: &mut Vec<Diagnostic>,
) -> Vec<BoundProperty> {
    if parts.properties.is_empty() {
        return Vec::new();
    }
    let groups: Vec<Group> = parts
        .groups
        .iter()
        .zip(nodes)
        .map(|(group, bound)| Group {
            name: group.name.clone(),
            numbered: group.numbered,
            nodes: group.nodes.clone(),
            shape: shape(bound),
        })
        .collect();
    let mut scope = Scope {
        groups,
        ..Scope::default()
    };
    let mut bound = Vec::new();
    for (index, part) in parts.properties.iter().enumerate() {
        scope.selected.clone_from(&part.nodes);
        let origin = origins.property(index);
        let Some(whole) = &part.whole else {
            let found = of_broken(part, &mut scope);
            let found = found.iter();
            mistakes.extend(found.map(|(expression, it)| origin.problem(*expression, it)));
            continue;
        };
        scope.global = whole.rule.global;
        match Property::new(whole.rule.clone(), &scope) {
            Ok(Some(property)) => bound.push(BoundProperty {
                property: Arc::new(property),
                origin: origin.clone(),
            }),
            // The nodes are wrong, which is reported.
            Ok(None) => {}
            Err(found) => {
                let found = found.iter();
                mistakes.extend(found.map(|(expression, it)| origin.problem(*expression, it)));
            }
        }
    }
    bound
}

/// The mistakes in the expressions of a property in which something else is wrong. Where it
/// is not known whether the property is `global`, only those that it has in both cases.
fn of_broken(part: &PropertyExpressions, scope: &mut Scope) -> Vec<(usize, Mistake)> {
    let mut found = Vec::new();
    for (index, expression) in part.expressions.iter().enumerate() {
        let mut of = |global: bool| {
            scope.global = global;
            Program::new(expression, scope).err().unwrap_or_default()
        };
        let mut mistakes = of(part.global.unwrap_or(false));
        if part.global.is_none() {
            let also = of(true);
            mistakes.retain(|it| also.contains(it));
        }
        found.extend(mistakes.into_iter().map(|it| (index, it)));
    }
    found
}

/// What the rows of nodes have; `None` if that is not known.
fn shape(nodes: &BoundNodes) -> Option<Shape> {
    match nodes {
        BoundNodes::Behavior(behavior) => Some(Shape {
            columns: behavior.columns.clone(),
            events: behavior.events.clone(),
            program: false,
        }),
        BoundNodes::Program => Some(Shape {
            program: true,
            ..Shape::default()
        }),
        BoundNodes::Speaker => Some(Shape::default()),
        BoundNodes::Unknown => None,
    }
}
