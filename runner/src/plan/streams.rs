//! Programs whose standard input and output are a connection (`stdio`): there is one such
//! connection, so each has a link to one node, which has a behavior.

use engine::topology::Topology;
use model::roster::Roster;

use crate::scenario::{Diagnostic, Group, LinkRule, Origins};

/// How many nodes an error names.
const SHOWN: usize = 5;

/// The mistakes of groups with `stdio` that are not linked to one node.
pub(super) fn mistakes(groups: &[Group], links: &[LinkRule], origins: &Origins) -> Vec<Diagnostic> {
    let has_stdio = |group: &Group| group.program.as_ref().is_some_and(|it| it.stdio.is_some());
    if !groups.iter().any(has_stdio) {
        return Vec::new();
    }
    let roster = &Roster::new(groups);
    let topology = Topology::new(roster.len(), links, &roster.listeners());
    let is_program = |node: &u32| groups[roster.group_of(*node)].is_outside();
    let mut mistakes = Vec::new();
    for (index, _) in groups
        .iter()
        .enumerate()
        .filter(|(_, group)| has_stdio(group))
    {
        let mut nodes = (0..roster.len()).filter(|&node| roster.group_of(node) == index);
        let wrong = nodes.find_map(|node| {
            let linked: Vec<u32> = topology
                .linked(node, roster.len())
                .take(SHOWN + 1)
                .collect();
            match &linked[..] {
                [other] if !is_program(other) => None,
                _ => Some((node, linked)),
            }
        });
        if let Some((node, linked)) = wrong {
            mistakes.push(mistake(roster, origins, (index, node), &linked));
        }
    }
    mistakes
}

fn mistake(
    roster: &Roster,
    origins: &Origins,
    (group, node): (usize, u32),
    linked: &[u32],
) -> Diagnostic {
    let name = |node: u32| roster.name(node).unwrap_or_default();
    let mut names: Vec<String> = linked.iter().take(SHOWN).map(|&it| name(it)).collect();
    if linked.len() > SHOWN {
        names.push("..".to_owned());
    }
    let found = match names.is_empty() {
        true => "to none".to_owned(),
        false => format!("to {}", names.join(", ")),
    };
    let what = format!(
        "`{}` has one connection, its standard input and output, and links {found}; expected a link to one node with a behavior",
        name(node)
    );
    origins.behavior_problem(group, &what).help(format!(
        "name its peer: [[links]] with between = [\"{}\", \"NODE\"] (without any [[links]], all nodes are linked)",
        name(node)
    ))
}
