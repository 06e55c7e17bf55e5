//! The budget of memory for the connections of a run to clients and programs.
//!
//! A client that sends a part of a message, and a client that does not read its replies,
//! each hold memory of the runner. One of them holds little. Thousands of them together
//! would hold everything, and each is within its own limits. So all connections share a
//! budget: `max_buffered` of the scenario.
//!
//! If the budget is exceeded, the connections that hold the most are closed, until a
//! quarter of the budget is free. An honest client holds its memory for a moment, an
//! attacker for long, so this rarely hits an honest one, and the others are served on.
//! Whole messages that wait in inboxes have a budget of the same size; there, the runner
//! stops reading instead, because the nodes will handle them.

use std::cmp::Reverse;

use crate::programs::connection::ProgramSocket;
use crate::real_time::RealTime;
use crate::real_time::sockets::Socket;
use base::size;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::Token;

/// Default of the budget `[bytes]`.
pub const DEFAULT: u64 = 256 << 20;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Closes the connections that hold the most memory if all hold too much.
    #[inline]
    pub(in crate::real_time) fn keep_budget(&mut self) -> Result<(), Failure> {
        match self.sockets.held() > self.budget {
            true => self.free_memory(),
            false => Ok(()),
        }
    }

    #[cold]
    fn free_memory(&mut self) -> Result<(), Failure> {
        let mut holders = self.sockets.shrink();
        // If little is freed by that, the next byte would end here again.
        if self.sockets.held() <= self.budget / 8 * 7 {
            return Ok(());
        }
        holders.sort_unstable_by_key(|&(held, token)| (Reverse(held), token));
        for (_, token) in holders {
            if self.sockets.held() <= self.budget / 4 * 3 {
                break;
            }
            self.close_holder(token)?;
        }
        Ok(())
    }

    fn close_holder(&mut self, token: Token) -> Result<(), Failure> {
        let (node, peer, stream) = match self.sockets.get_mut(token) {
            Some(Socket::Client(client)) => (client.node, client.peer, &client.stream),
            Some(Socket::Program(program)) => match &program.socket {
                ProgramSocket::Stream(stream) => (program.node, program.program, stream),
                ProgramSocket::Udp(_) => return Ok(()),
            },
            _ => return Ok(()),
        };
        let why = format!(
            "it held the most memory of all connections, {} unread by it and {} of a message that is not whole; all may hold {} (`max_buffered`)",
            size::to_text(stream.unsent() as u64),
            size::to_text(stream.half_received() as u64),
            size::to_text(self.budget as u64),
        );
        let is_client = peer >= self.run.world.roster().len();
        let name = match is_client {
            true => self.run.world.external_peer_name(peer).to_owned(),
            false => self.run.world.roster().name(peer).unwrap_or_default(),
        };
        self.print_disconnected(node, &format!("disconnected {name}: {why}"));
        let was_open = match is_client {
            true => {
                let client = self.sockets.client(token);
                let was_open = client.is_some_and(|client| !client.stream.is_closing());
                self.remove_client(token);
                was_open
            }
            false => {
                let current = self.programs.connections.get(&(node, peer)) == Some(&token);
                self.remove_program_connection(token);
                current
            }
        };
        match was_open {
            true => self.run.disconnect(node, peer),
            false => Ok(()),
        }
    }

    /// Why a peer that does not read is disconnected.
    pub(in crate::real_time) fn too_much_unread(&self) -> String {
        let most = size::to_text(self.budget as u64);
        format!("it left more than {most} unread (`max_buffered`)")
    }
}
