//! A partition with `cut`: what is under way between its sides when it begins is lost.
//!
//! In virtual time, that is every message whose arrival is pending. In real time it is what
//! still waits for its latency, and what a socket hands over while the partition holds:
//! it was sent before, since nothing is sent then.

use super::Run;
use crate::behaviors::Behaviors;
use crate::follow::Move;
use crate::message::MessageId;
use crate::queue::Event;
use crate::sink::Sink;
use crate::world::World;
use model::FaultKind;

impl<B: Behaviors, S: Sink> Run<B, S> {
    /// Drops the messages that are under way between the sides of partitions with `cut`.
    /// The `drop` rows are in the order in which the messages would have arrived.
    pub(super) fn cut_under_way(&mut self) {
        let world = &mut self.world;
        let (messages, transport, network) =
            (&world.messages, &world.transport, &mut world.network);
        let removed = world.events.remove(|event| match event {
            Event::Arrival { node, message } => {
                network.cuts_under_way(messages.sender(message), node)
            }
            Event::Depart { delayed } => transport
                .delayed_message(delayed)
                .is_some_and(|(from, to, _)| network.cuts_under_way(from, to)),
            _ => false,
        });
        for event in removed {
            match event {
                Event::Arrival { node, message } => world.lose_message(node, message),
                Event::Depart { delayed } => {
                    if let Some((_, to, message)) = world.transport.delayed_message(delayed) {
                        world.transport.forget(delayed);
                        world.lose_message(to, message);
                    }
                }
                _ => {}
            }
            world.end_step(&self.behaviors);
        }
    }

    /// Prepares the run for [`Run::cut_by_hand`]. Call this before it starts.
    pub fn expect_cuts(&mut self) {
        self.world.network.expect_faults();
    }

    /// Cuts all links of a node to other nodes, for a person, until
    /// [`Run::heal_by_hand`].
    pub fn cut_by_hand(&mut self, node: u32) {
        if self.cut_off.insert(node) {
            let side = std::iter::once(node..node + 1).collect();
            let kind = FaultKind::Partition {
                sides: vec![side],
                cut: false,
            };
            let index = self.index_of_cut(node);
            self.world.network.begin_fault(index, 0, &kind);
        }
    }

    /// Ends all cuts by a person. Returns the nodes that were cut off.
    pub fn heal_by_hand(&mut self) -> Vec<u32> {
        let nodes: Vec<u32> = std::mem::take(&mut self.cut_off).into_iter().collect();
        for &node in &nodes {
            let index = self.index_of_cut(node);
            self.world.network.end_fault(index);
        }
        nodes
    }

    /// The index of a cut by a person: behind those of the scenario's faults.
    fn index_of_cut(&self, node: u32) -> usize {
        self.faults.states.len() + node as usize
    }

    /// Drops a message that is under way to a node.
    pub(crate) fn lose_under_way(&mut self, node: u32, message: MessageId) {
        self.world.lose_message(node, message);
        self.world.end_step(&self.behaviors);
    }
}

impl<S: Sink> World<S> {
    fn lose_message(&mut self, node: u32, message: MessageId) {
        if S::FOLLOWS {
            self.sink.moves(Move::Lost { message });
        }
        let lost = self.messages.take(message);
        let size = lost.payload.as_slice().len() as u64;
        self.lose(node, lost.from, lost.number, size);
    }
}
