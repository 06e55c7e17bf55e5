//! Which nodes of a scenario a process can join as, and which are still free.

use serde::{Deserialize, Serialize};

/// What a process wants to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// The next free node of a group.
    Group(String),
    /// The node of this name.
    Name(String),
}

/// The nodes of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatGroup {
    /// The name of the group.
    pub name: String,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// What sets their number, for people: an environment variable or a key.
    pub set_by: String,
    /// Whether the coordinator runs them itself: they are programs.
    pub is_program: bool,
}

/// The nodes that processes can join as, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Seats(pub Vec<SeatGroup>);

impl Seats {
    /// The names of all nodes that need a process.
    pub fn nodes(&self) -> impl Iterator<Item = &str> {
        let groups = self.0.iter().filter(|group| !group.is_program);
        groups.flat_map(|group| group.nodes.iter().map(String::as_str))
    }

    /// The node that a process gets.
    ///
    /// # Errors
    ///
    /// If there is no such node, or it is taken: the reason for people.
    pub fn choose(
        &self,
        wanted: &Wanted,
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        match wanted {
            Wanted::Group(name) => {
                let group = self.0.iter().find(|group| group.name == *name);
                let group = group.ok_or_else(|| self.no_group(name))?;
                refuse_program(group, name)?;
                let free = group.nodes.iter().find(|node| !is_taken(node));
                free.cloned().ok_or_else(|| beyond(group))
            }
            Wanted::Name(name) => {
                let has = |group: &&SeatGroup| group.nodes.contains(name);
                let group = self.0.iter().find(has);
                let group = group.ok_or_else(|| self.no_node(name))?;
                refuse_program(group, name)?;
                match is_taken(name) {
                    false => Ok(name.clone()),
                    true => Err(format!(
                        "there is a process for node `{name}` already\n  end it, or join as another node"
                    )),
                }
            }
        }
    }

    fn no_group(&self, name: &str) -> String {
        let groups: Vec<&str> = self.0.iter().map(|group| &*group.name).collect();
        format!(
            "the scenario has no group `{name}`\n  groups: {}",
            groups.join(", ")
        )
    }

    fn no_node(&self, name: &str) -> String {
        // `client-8` of five: what to change is the count of `client`.
        let mut group = self.0.iter().rev().filter(|group| {
            let number = name.strip_prefix(&*group.name);
            let number = number.and_then(|rest| rest.strip_prefix('-'));
            number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        });
        match group.next() {
            Some(group) => format!(
                "group `{}` has {}, and no `{name}`\n  their number is set by {}",
                group.name,
                nodes(group.nodes.len()),
                group.set_by
            ),
            None => {
                let names: Vec<&str> = self.nodes().take(12).collect();
                format!(
                    "the scenario has no node `{name}`\n  nodes: {}{}",
                    names.join(", "),
                    if self.nodes().nth(12).is_some() {
                        ", ..."
                    } else {
                        ""
                    }
                )
            }
        }
    }
}

fn nodes(count: usize) -> String {
    match count {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    }
}

fn beyond(group: &SeatGroup) -> String {
    format!(
        "group `{}` has {}, and each has its process already\n  their number is set by {}",
        group.name,
        nodes(group.nodes.len()),
        group.set_by
    )
}

fn refuse_program(group: &SeatGroup, name: &str) -> Result<(), String> {
    match group.is_program {
        false => Ok(()),
        true => Err(format!(
            "`{name}` is a program, which the coordinator starts or connects to itself"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats() -> Seats {
        let group = |name: &str, nodes: &[&str], is_program| SeatGroup {
            name: name.to_owned(),
            nodes: nodes.iter().map(|node| (*node).to_owned()).collect(),
            set_by: format!("`nodes.{name}.count`"),
            is_program,
        };
        Seats(vec![
            group("server", &["server"], false),
            group("client", &["client-1", "client-2"], false),
            group("light", &["light"], true),
        ])
    }

    fn chosen(wanted: Wanted, taken: &[&str]) -> Result<String, String> {
        seats().choose(&wanted, |node| taken.contains(&node))
    }

    #[test]
    fn a_group_gives_its_next_free_node() {
        let group = |name: &str| Wanted::Group(name.to_owned());
        assert_eq!(chosen(group("client"), &[]).unwrap(), "client-1");
        assert_eq!(chosen(group("client"), &["client-1"]).unwrap(), "client-2");
        assert_eq!(chosen(group("client"), &["client-2"]).unwrap(), "client-1");
        assert_eq!(chosen(group("server"), &[]).unwrap(), "server");
        let beyond = chosen(group("client"), &["client-1", "client-2"]).unwrap_err();
        assert!(
            beyond.contains("has 2 nodes") && beyond.contains("`nodes.client.count`"),
            "{beyond}"
        );
        let unknown = chosen(group("clients"), &[]).unwrap_err();
        assert!(unknown.contains("groups: server, client, light"));
        let program = chosen(group("light"), &[]).unwrap_err();
        assert!(program.contains("is a program"));
    }

    #[test]
    fn a_name_gives_this_node_or_says_what_to_change() {
        let name = |name: &str| Wanted::Name(name.to_owned());
        assert_eq!(chosen(name("client-2"), &[]).unwrap(), "client-2");
        let taken = chosen(name("client-2"), &["client-2"]).unwrap_err();
        assert!(taken.contains("a process for node `client-2` already"));
        let beyond = chosen(name("client-3"), &[]).unwrap_err();
        assert!(beyond.contains("`nodes.client.count`"), "{beyond}");
        let unknown = chosen(name("clients-x"), &[]).unwrap_err();
        assert!(
            unknown.contains("nodes: server, client-1, client-2"),
            "{unknown}"
        );
    }
}
