//! Names of services. A service's name is also its name in the network, so it is shorter
//! and of fewer characters than a group's.

use std::collections::BTreeSet;

/// Longest name `[characters]`: the parts of a name in a network have at most 63, and
/// `docker stack deploy` puts the name of the stack before it.
const LONGEST: usize = 40;

/// The names that are taken.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// Returns a name that no other service has: the group's own where it is possible.
    pub fn service(&mut self, group: &str) -> String {
        let allowed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let plain: String = group.chars().map(allowed).take(LONGEST).collect();
        let plain = match plain.trim_matches('-').to_ascii_lowercase() {
            none if none.is_empty() => "node".to_owned(),
            plain => plain,
        };
        let numbered = (2..).map(|number| format!("{plain}-{number}"));
        let mut names = std::iter::once(plain.clone()).chain(numbered);
        let name = names.find(|it| !self.0.contains(it));
        let name = name.expect("one of infinitely many names is free");
        self.0.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_name_of_its_group_where_a_network_can_have_it() {
        let mut names = Names::default();
        assert_eq!(names.service("agency"), "agency");
        assert_eq!(names.service("Server_A.1"), "server-a-1");
        assert_eq!(names.service("server-a-1"), "server-a-1-2");
        assert_eq!(names.service("-_"), "node");
        assert_eq!(names.service(&"x".repeat(64)).len(), LONGEST);
    }

    #[test]
    fn a_group_may_be_called_coordinator() {
        let mut names = Names::default();
        assert_eq!(names.service("coordinator"), "coordinator");
        assert_eq!(names.service("coordinator"), "coordinator-2");
    }
}
