//! External faults: what the faults of a scenario do outside the engine. A node that
//! crashes loses its connections to clients and programs; a program that the runner
//! started is killed, paused, resumed, or started again.

use super::RealTime;
use super::sockets::Socket;
use crate::programs::process;
use engine::behaviors::Behaviors;
use engine::run::ExternalFault;
use engine::sink::Sink;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Applies what faults have done to nodes since the last call.
    pub(super) fn apply_external_faults(&mut self) {
        for (node, fault) in self.run.take_external_faults() {
            match self.run.world.has_process(node) {
                true => self.apply_to_program(node, fault),
                false if fault == ExternalFault::Crash => self.disconnect_all(node),
                false => {}
            }
        }
    }

    /// Closes a node's connections to clients and programs.
    fn disconnect_all(&mut self, node: u32) {
        self.clients.ended.remove(&node);
        let mut clients = Vec::new();
        for (token, socket) in self.sockets.iter_mut() {
            if matches!(socket, Socket::Client(client) if client.node == node) {
                clients.push(token);
            }
        }
        for token in clients {
            self.remove_client(token);
        }
        let connections = &self.programs.connections;
        let connections = connections.range((node, 0)..=(node, u32::MAX));
        let connections: Vec<_> = connections.map(|(pair, token)| (*pair, *token)).collect();
        for (pair, token) in connections {
            self.programs.connections.remove(&pair);
            if let Some(Socket::Program(program)) = self.sockets.remove(token) {
                self.programs.received.insert(pair, program.received);
            }
        }
    }

    fn apply_to_program(&mut self, node: u32, fault: ExternalFault) {
        // A program that has ended by itself was not killed by the fault.
        self.look_at_programs();
        if fault == ExternalFault::Restart {
            return self.restart_program(node);
        }
        let mut processes = self.programs.processes.iter_mut();
        if let Some(process) = processes.find(|it| it.node == node) {
            match fault {
                ExternalFault::Pause => process.pause(true),
                ExternalFault::Resume => process.pause(false),
                _ => {
                    process.kill();
                    self.remove_speaker(node);
                }
            }
        }
    }

    fn restart_program(&mut self, node: u32) {
        let roster = self.run.world.roster().clone();
        let group = &roster.groups()[roster.group_of(node)];
        let Some(program) = &group.program else {
            return;
        };
        if program.command.is_none() {
            return;
        }
        let programs = &mut self.programs;
        programs.processes.retain(|process| process.node != node);
        let started = process::start(node, program, &roster, &programs.listening);
        let watched = started.and_then(|started| Ok(self.add_program(started)?));
        if let Err(error) = watched {
            self.run.world.print_for(node, &error.to_string());
            self.programs.ends.failures.push(error.to_string());
        }
    }
}
