//! What faults do outside the engine: a node that crashes has no connections to
//! anybody outside, and a program that the runner started is killed, stopped, let
//! go on, or started again.

use super::{READ, RealTime, Socket};
use crate::programs;
use engine::behaviors::Behaviors;
use engine::run::ExternalFault;
use engine::sink::Sink;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Does to what is outside what faults have done to nodes.
    pub(super) fn share_ordeals(&mut self) {
        for (node, ordeal) in self.run.take_external_faults() {
            match self.run.world.is_program(node) {
                true => self.program_ordeal(node, ordeal),
                false if ordeal == ExternalFault::Crash => self.cut_off(node),
                false => {}
            }
        }
    }

    /// Lets go of a node's guests, and of its ways to programs.
    fn cut_off(&mut self, node: u32) {
        self.departing.remove(&node);
        let mut guests = Vec::new();
        for (token, socket) in self.sockets.iter_mut() {
            if matches!(socket, Socket::Guest(guest) if guest.node == node) {
                guests.push(token);
            }
        }
        for token in guests {
            self.part(token);
        }
        let lines = self.lines.range((node, 0)..=(node, u32::MAX));
        let lines: Vec<_> = lines.map(|(ends, token)| (*ends, *token)).collect();
        for (ends, token) in lines {
            self.lines.remove(&ends);
            if let Some(Socket::Line(line)) = self.sockets.remove(token) {
                self.heard.insert(ends, line.received);
            }
        }
    }

    fn program_ordeal(&mut self, node: u32, ordeal: ExternalFault) {
        if ordeal == ExternalFault::Restart {
            return self.start_again(node);
        }
        let running = self.running.iter_mut().find(|it| it.node == node);
        if let Some(running) = running {
            match ordeal {
                ExternalFault::Pause => running.pause(true),
                ExternalFault::Resume => running.pause(false),
                _ => running.kill(),
            }
        }
    }

    fn start_again(&mut self, node: u32) {
        let roster = self.run.world.roster().clone();
        let group = &roster.groups()[roster.group_of(node)];
        let command = group.program.as_ref().and_then(|it| it.command.as_ref());
        let Some(words) = command else {
            return;
        };
        self.running.retain(|running| running.node != node);
        let started = programs::start(node, words, &roster, &self.all_places);
        let watched = started.and_then(|(running, outputs)| {
            self.running.push(running);
            for output in outputs {
                self.watch(Socket::Output(output), READ)?;
            }
            Ok(())
        });
        if let Err(error) = watched {
            self.run.world.print_for(node, &error.to_string());
            self.remarks.push(error.to_string());
        }
    }
}
