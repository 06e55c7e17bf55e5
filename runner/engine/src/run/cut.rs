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
