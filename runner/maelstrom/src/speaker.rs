//! What a program is told of itself and of its cluster, and the requests that tell it.

use crate::ids::Ids;
use crate::topology::Neighbours;

/// What a program is told of itself and of its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Its own id.
    pub id: String,
    /// The ids of its cluster, its own included, in the order of the nodes.
    pub cluster: Vec<String>,
    /// The ids of all nodes: of these it may pass on messages.
    pub all: Ids,
    /// The id from which it is greeted.
    pub greeter: String,
    /// For each of the cluster, the ids of its neighbours; none if it is not told.
    pub topology: Option<Vec<Vec<String>>>,
}

impl Speaker {
    /// A program that is `node`, in a cluster of these nodes.
    pub fn new(node: u32, cluster: impl IntoIterator<Item = u32>, ids: &Ids) -> Speaker {
        let cluster = cluster.into_iter().map(|it| ids.id(it).to_owned());
        Speaker {
            id: ids.id(node).to_owned(),
            cluster: cluster.collect(),
            all: ids.clone(),
            greeter: ids.greeter(),
            topology: None,
        }
    }

    /// The program is told neighbours, too. `linked` tells whether the scenario has a link
    /// between two of the cluster, by their places in it.
    pub fn with_topology(mut self, by: Neighbours, linked: impl Fn(u32, u32) -> bool) -> Speaker {
        let count = self.cluster.len() as u32;
        let ids = |of: u32| {
            let neighbours = by.of(of, count, |other| linked(of, other));
            let ids = neighbours
                .into_iter()
                .map(|it| self.cluster[it as usize].clone());
            ids.collect()
        };
        self.topology = Some((0..count).map(ids).collect());
        self
    }

    /// The body of `init`.
    pub(crate) fn init(&self) -> String {
        format!(
            "{{\"type\":\"init\",\"msg_id\":1,\"node_id\":\"{}\",\"node_ids\":{}}}",
            self.id,
            list(&self.cluster)
        )
    }

    /// The body of `topology`, with these neighbours.
    pub(crate) fn topology(&self, neighbours: &[Vec<String>]) -> String {
        let entries = self.cluster.iter().zip(neighbours);
        let entries: Vec<String> = entries
            .map(|(id, neighbours)| format!("\"{id}\":{}", list(neighbours)))
            .collect();
        format!(
            "{{\"type\":\"topology\",\"msg_id\":2,\"topology\":{{{}}}}}",
            entries.join(",")
        )
    }
}

/// Ids have no letter that JSON escapes.
fn list(ids: &[String]) -> String {
    format!("[\"{}\"]", ids.join("\",\"")).replace("[\"\"]", "[]")
}
