//! What was sent between nodes before the end of a run and has not arrived, and whether it
//! still moves. A large message takes as long as it takes: what ends the wait for it is
//! time in which nothing moves.
//!
//! Messages that nodes send after the end do not count. Two nodes may reply to each other
//! without end.

use std::time::Duration;

use super::RealTime;
use super::sockets::Socket;
use engine::behaviors::Behaviors;
use engine::sink::Sink;
use os::poller::Token;

/// What has not arrived.
#[derive(Debug, Default)]
pub struct Transfer {
    connections: Vec<Owed>,
    last: Left,
    /// For how long nothing has moved, without the time in which this process was at work.
    still: Duration,
}

/// What one end of a connection had sent when the run ended.
#[derive(Debug)]
struct Owed {
    near: Token,
    /// The other end, if this process has it.
    far: Option<Token>,
    /// Bytes that will have left the queue then.
    written: u64,
    /// Frames that the other end will have received then.
    frames: u64,
}

/// What is left of all that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Left {
    /// Bytes in queues.
    unwritten: u64,
    /// Frames that have not been received in this process.
    frames: u64,
    /// Nodes of other processes that have not ended.
    unended: usize,
    /// Bytes that arrived of frames that are not whole.
    arriving: usize,
}

impl Transfer {
    /// What has not arrived now.
    pub fn begin<B: Behaviors, S: Sink>(real: &mut RealTime<B, S>) -> Transfer {
        let ends = &real.links.connections;
        let connections = real.sockets.iter_mut().filter_map(|(near, socket)| {
            let Socket::Link(link) = socket else {
                return None;
            };
            Some(Owed {
                near,
                far: ends.get(&(link.far, link.near)).copied(),
                written: link.stream.progress().0,
                frames: link.frames_sent,
            })
        });
        let mut transfer = Transfer {
            connections: connections.collect(),
            ..Transfer::default()
        };
        transfer.last = transfer.left(real);
        transfer
    }

    /// Whether something has not arrived, and has moved within this time.
    pub fn goes_on(&self, patience: Duration) -> bool {
        let Left {
            unwritten,
            frames,
            unended,
            ..
        } = self.last;
        (unwritten > 0 || frames > 0 || unended > 0) && self.still < patience
    }

    /// The process has waited for so long, and then handled what was ready.
    pub fn waited<B: Behaviors, S: Sink>(&mut self, waited: Duration, real: &mut RealTime<B, S>) {
        let left = self.left(real);
        match left == self.last {
            true => self.still += waited,
            false => self.still = Duration::ZERO,
        }
        self.last = left;
    }

    /// What is left. What has arrived, or is on a connection that is closed, is not looked
    /// at again.
    fn left<B: Behaviors, S: Sink>(&mut self, real: &mut RealTime<B, S>) -> Left {
        let (sockets, links) = (&mut real.sockets, &real.links);
        let mut left = Left {
            unended: links.unended.len(),
            ..Left::default()
        };
        self.connections.retain(|owed| {
            let Some(near) = sockets.link(owed.near) else {
                return false;
            };
            let unwritten = owed.written.saturating_sub(near.stream.progress().1);
            let far = owed.far.and_then(|token| sockets.link(token));
            let (received, arriving) = far.map_or((owed.frames, 0), |far| {
                (far.frames_received, far.stream.arriving().len())
            });
            let frames = owed.frames.saturating_sub(received);
            if unwritten == 0 && frames == 0 {
                return false;
            }
            left.unwritten += unwritten;
            left.frames += frames;
            left.arriving += arriving;
            true
        });
        let unended = links.unended.iter();
        let tokens = unended.filter_map(|pair| links.connections.get(pair));
        for token in tokens {
            let link = sockets.link(*token);
            left.arriving += link.map_or(0, |it| it.stream.arriving().len());
        }
        left
    }
}
