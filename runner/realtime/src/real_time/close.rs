//! After a run: what is between nodes arrives, what was sent goes out, programs
//! end, and every socket closes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracing::debug;

use super::{DRAIN, PARTING, RealTime, SILENCE, Socket, rewatch};
use crate::guests::Guest;
use crate::links::Wire;
use crate::programs::{END_PATIENCE, Heard, Line, LineSocket};
use crate::sockets::Sockets;
use crate::wire::{Head, Kind};
use engine::behaviors::{Behaviors, Failure};
use engine::sink::Sink;
use os::poller::Ready;

/// Turns of reading for what a program has still to say: a pipe holds less, and
/// what it started may write on without end.
const LAST_WORDS: usize = 32;

impl<B: Behaviors, S: Sink> RealTime<B, S> {
    /// After the end: what is between two nodes arrives.
    pub(super) fn drain(
        &mut self,
        ready: &mut Vec<Ready>,
        stop: &AtomicBool,
    ) -> Result<(), Failure> {
        let apart = self.run.world.wires.is_apart();
        if apart {
            self.say_farewell();
        }
        let until = Instant::now() + if apart { PARTING } else { DRAIN };
        loop {
            let more = match apart {
                true => !self.unended.is_empty() && !stop.load(Ordering::Relaxed),
                false => self.in_flight > 0 || self.under_way,
            };
            if !more || Instant::now() >= until {
                break;
            }
            self.under_way = false;
            self.poll(Some(Duration::from_millis(10)), ready)?;
            self.take_in(ready)?;
            self.carry_out()?;
        }
        // Nobody tells which datagram of another process is the last.
        while apart && !self.datagrams.is_empty() && Instant::now() < until {
            self.poll(Some(SILENCE), ready)?;
            if ready.is_empty() {
                break;
            }
            self.take_in(ready)?;
            self.carry_out()?;
        }
        Ok(())
    }

    /// Tells the nodes of other processes that no more will come from here.
    pub(super) fn say_farewell(&mut self) {
        for ((near, far), token) in self.wires.iter().chain(&self.quiet) {
            if let Some(Socket::Wire(wire)) = self.sockets.get_mut(*token) {
                let head = Head {
                    kind: Kind::End,
                    from: *near,
                    to: *far,
                    number: 0,
                };
                wire.stream.send_parts(&head.with_length(0), &[], &[]);
                rewatch(&self.poller, *token, &mut wire.stream);
            }
        }
    }

    /// Prints what programs have written by now.
    fn hear_programs(&mut self) {
        let mut words = Vec::new();
        for (_, socket) in self.sockets.iter_mut() {
            if let Socket::Output(output) = socket {
                let node = output.node;
                for _ in 0..LAST_WORDS {
                    let heard = output.read(|line| words.push((node, line.to_owned())));
                    if heard != Heard::Some {
                        break;
                    }
                }
            }
        }
        for (node, line) in words {
            self.run.world.print_for(node, &line);
        }
    }

    /// What could not be sent to programs and guests in time never will be.
    fn count_what_is_left(&mut self) {
        let mut left = Vec::new();
        for (_, socket) in self.sockets.iter_mut() {
            let (from, to, unsent) = match socket {
                Socket::Guest(guest) => (guest.node, guest.stranger, guest.stream.take_unsent()),
                Socket::Line(line) => (line.node, line.program, line.take_unsent()),
                _ => continue,
            };
            left.extend(unsent.into_iter().map(|unsent| (from, to, unsent)));
        }
        for (from, to, unsent) in left {
            self.run.lose_outside(from, to, unsent.number, unsent.bytes);
        }
        // Those for programs of other processes go there.
        let _ = self.carry_out();
    }

    /// Sends what is still to be sent, ends the programs and closes every socket.
    pub(super) fn close(&mut self, in_order: bool) {
        // A behavior may say farewell in `stop`.
        let _ = self.carry_out();
        let apart = self.run.world.wires.is_apart();
        if apart && in_order {
            self.say_farewell();
        }
        // What a program has written before it is asked to end comes before what
        // it answers, whichever of its outputs that is on.
        self.hear_programs();
        for running in &mut self.running {
            running.ask_to_end();
        }
        let until = Instant::now() + DRAIN;
        let mut ready = Vec::new();
        loop {
            let mut waiting = 0;
            for (_, socket) in self.sockets.iter_mut() {
                if let Socket::Wire(Wire { stream, .. }) = socket
                    && apart
                {
                    stream.flush();
                    waiting += stream.waiting();
                }
                if let Socket::Guest(Guest { stream, .. })
                | Socket::Line(Line {
                    socket: LineSocket::Tcp(stream),
                    ..
                }) = socket
                {
                    stream.flush();
                    waiting += stream.waiting();
                }
            }
            if waiting == 0 || Instant::now() >= until {
                break;
            }
            ready.clear();
            let _ = self.poller.wait(Some(Duration::from_millis(5)), &mut ready);
        }
        self.count_what_is_left();
        self.sum_up_complaints();
        let until = Instant::now() + END_PATIENCE;
        for running in &mut self.running {
            let _ = running.end(until);
        }
        // Their last words.
        self.hear_programs();
        debug!(
            sockets = self.sockets.len(),
            programs = self.running.len(),
            "closed everything"
        );
        self.sockets = Sockets::default();
        self.run.world.wires.close_outlets();
        self.running.clear();
    }
}
