//! The description of a run's nodes for the checks of plugins.

use std::sync::Arc;

use analysis_log::RunSchema;
use runner_abi as abi;

use crate::plugin::column_number;

/// The nodes of a run in the form of the ABI, built once for all runs of a schema.
pub struct Description {
    /// The owner of the names that the tables point to.
    pub(super) schema: Arc<RunSchema>,
    behaviors: Vec<String>,
    columns: Vec<Vec<abi::Column>>,
    events: Vec<Vec<abi::EventWord>>,
    pub(super) nodes: Vec<abi::CheckedNode>,
}

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Description").finish_non_exhaustive()
    }
}

// SAFETY: the pointers are to what the description owns and never changes.
#[allow(unsafe_code)]
unsafe impl Send for Description {}
#[allow(unsafe_code)]
// SAFETY: as above.
unsafe impl Sync for Description {}

impl Description {
    /// The description of runs of this schema; for each group, `groups` has the name of its
    /// behavior (empty for external programs) and the number of its nodes.
    pub fn new(
        schema: &Arc<RunSchema>,
        groups: impl IntoIterator<Item = (String, u32)>,
    ) -> Description {
        let mut description = Description {
            schema: schema.clone(),
            behaviors: Vec::new(),
            columns: Vec::new(),
            events: Vec::new(),
            nodes: Vec::with_capacity(schema.nodes.len()),
        };
        let mut first = 0;
        for (behavior, count) in groups {
            let end = first + count as usize;
            description.add_group(first..end.min(schema.nodes.len()), behavior);
            first = end;
        }
        description
    }

    fn add_group(&mut self, nodes: std::ops::Range<usize>, behavior: String) {
        let schema = self.schema.clone();
        let nodes = &schema.nodes[nodes];
        let Some(like) = nodes.first() else { return };
        let columns = like.columns.iter().map(|column| abi::Column {
            name: abi::Text::lend(&column.name),
            docs: abi::Text::lend(&column.docs),
            kind: column_number(column.kind),
            reserved: 0,
        });
        let columns: Vec<_> = columns.collect();
        let events = like.events.iter().map(|word| abi::EventWord {
            name: abi::Text::lend(word),
            docs: abi::Text::lend(""),
        });
        let events: Vec<_> = events.collect();
        self.nodes.extend(nodes.iter().map(|node| {
            abi::CheckedNode {
                name: abi::Text::lend(&node.name),
                // The bytes of a moved `String` or `Vec` stay where they are.
                behavior: abi::Text::lend(&behavior),
                columns: columns.as_ptr(),
                column_count: columns.len() as u64,
                events: events.as_ptr(),
                event_count: events.len() as u64,
            }
        }));
        self.behaviors.push(behavior);
        self.columns.push(columns);
        self.events.push(events);
    }
}
