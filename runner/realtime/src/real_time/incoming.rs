//! Reads the sockets that are ready, each by its kind of peer.

use std::sync::atomic::{AtomicBool, Ordering};

use super::RealTime;
use super::sockets::Socket;
use crate::programs::connection::ProgramSocket;
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::Ready;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// Passes the engine what has arrived, and writes queues to sockets that take more.
    /// Ends early if `stop` is set: what is left is ready again at the next wait.
    pub(super) fn receive(
        &mut self,
        ready: &mut Vec<Ready>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        for event in ready.drain(..) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let token = event.token;
            match self.sockets.get_mut(token) {
                None => {}
                Some(Socket::Listener(_)) => self.receive_from_listener(token)?,
                Some(Socket::Datagrams(_)) => self.receive_datagrams(token)?,
                Some(Socket::Output(_)) => self.read_output(token),
                Some(Socket::SpeakerOutput(_)) => self.hear(token),
                Some(Socket::SpeakerInput(_)) => self.flush_speaker(token),
                Some(Socket::Hand(hand)) => hand.wake_up(),
                Some(Socket::Input(_)) => self.receive_from_input(token)?,
                Some(Socket::Link(link)) => {
                    if event.writable {
                        link.stream.flush();
                    }
                    if event.readable {
                        self.receive_from_node(token)?;
                    }
                }
                Some(Socket::Client(client)) => {
                    if event.writable {
                        client.stream.flush();
                    }
                    if client.stream.is_closed() {
                        self.remove_client(token);
                    } else if event.readable {
                        self.receive_from_client(token)?;
                    }
                }
                Some(Socket::Program(program)) => {
                    if let ProgramSocket::Stream(stream) = &mut program.socket
                        && event.writable
                    {
                        stream.flush();
                    }
                    if event.readable {
                        self.receive_from_program(token)?;
                    }
                }
            }
            self.sockets.settle(token);
            self.keep_budget()?;
        }
        Ok(())
    }
}
