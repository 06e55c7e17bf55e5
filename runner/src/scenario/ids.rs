//! What the nodes are called in Maelstrom's protocol (`ids`): every node of a scenario with
//! programs that speak it has an id of its own.

use super::reader::Mistakes;
use super::resolved::Group;
use super::written::GroupEntry;
use model::roster::Roster;
use runner_maelstrom::IdRule;

/// Reports an id for several nodes, and nodes with the same id. `groups` are what the
/// entries resolve to.
pub fn check(entries: &[GroupEntry], groups: &[Option<Group>], mistakes: &Mistakes) {
    for (entry, group) in entries.iter().zip(groups) {
        let (Some(written), Some(group)) = (&entry.ids, group) else {
            continue;
        };
        if let (Some(IdRule::Exact(id)), 2..) = (&group.ids, group.count) {
            mistakes.add_with_help(
                written.place,
                format!(
                    "`ids` is {id:?}, the id of one node, and group `{}` has {} nodes",
                    group.name, group.count
                ),
                format!("end it with the number of the first node, as in `ids = \"{id}0\"`"),
            );
            return;
        }
    }
    let groups: Option<Vec<Group>> = groups.iter().cloned().collect();
    let Some(groups) = groups.filter(|groups| groups.iter().any(speaks)) else {
        return;
    };
    let roster = Roster::new(&groups);
    let Err(same) = roster.ids() else {
        return;
    };
    let [first, second] = [same.first, same.second].map(|it| roster.name(it).unwrap_or_default());
    let entry = &entries[roster.group_of(same.second)];
    let own = entry.ids.as_ref().map(|it| it.place);
    let place = own.or_else(|| Some(entry.program.makes_program()?.1));
    mistakes.add_with_help(
        place.unwrap_or(entry.place),
        format!(
            "`{first}` and `{second}` have the same id in the protocol: {:?}",
            same.id
        ),
        "write `ids` for one of the groups: text that ends in a number counts up from there, as in `ids = \"n3\"`",
    );
}

fn speaks(group: &Group) -> bool {
    let program = group.program.as_ref();
    program.is_some_and(|it| it.protocol.is_some())
}
