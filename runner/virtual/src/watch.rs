//! Which descriptors of a program are ready: `poll`, `select` and `epoll_wait`, done with
//! copies of its descriptors, without waiting.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use crate::kernel::{self, Notification, Process};

/// The descriptors that a call waits for, where they are in the program's memory.
#[derive(Clone, Copy, Debug)]
pub enum Watch {
    /// `poll`: an array of `struct pollfd`.
    Poll { address: u64, count: u64 },
    /// `select`: sets for reading, writing, exceptions; 0 for none.
    Select { count: u64, sets: [u64; 3] },
    /// `epoll_wait`: a descriptor, and an array of `struct epoll_event`.
    Epoll {
        descriptor: i32,
        events: u64,
        most: u64,
    },
}

/// More descriptors than this are refused, as the kernel does.
const MOST: u64 = 1 << 20;
/// What a set of `select` for reading, writing or exceptions looks for.
const LOOKS_FOR: [i16; 3] = [libc::POLLIN, libc::POLLOUT, libc::POLLPRI];
/// What counts as readable, writable or exceptional.
const COUNTS: [i16; 3] = [
    libc::POLLIN | libc::POLLHUP | libc::POLLERR,
    libc::POLLOUT | libc::POLLERR,
    libc::POLLPRI,
];

impl Watch {
    /// What a call waits for; none if it is no such call.
    pub fn of(call: &Notification) -> Option<Watch> {
        let [first, second, third, fourth, ..] = call.arguments;
        Some(match i64::from(call.call) {
            libc::SYS_poll | libc::SYS_ppoll => Watch::Poll {
                address: first,
                count: second,
            },
            libc::SYS_select | libc::SYS_pselect6 => Watch::Select {
                count: first.min(1024),
                sets: [second, third, fourth],
            },
            libc::SYS_epoll_wait | libc::SYS_epoll_pwait | libc::SYS_epoll_pwait2 => Watch::Epoll {
                descriptor: first as i32,
                events: second,
                most: third,
            },
            _ => return None,
        })
    }

    /// How many descriptors are ready, and writes which into the program's memory; none if
    /// none is ready, unless it is the `last` look.
    ///
    /// # Errors
    ///
    /// The error that the call has.
    pub fn look(&self, process: &Process, last: bool) -> io::Result<Option<i64>> {
        match *self {
            Watch::Poll { address, count } => look_poll(process, address, count, last),
            Watch::Select { count, sets } => look_select(process, count, sets, last),
            Watch::Epoll {
                descriptor,
                events,
                most,
            } => {
                let most = i32::try_from(most).ok().filter(|&most| most > 0);
                let most = most.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
                let copy = process.descriptor(descriptor)?;
                let bytes = kernel::epoll_events(&copy, most.min(4096) as usize)?;
                process.write(events, &bytes)?;
                let ready = bytes.len() / size_of::<libc::epoll_event>();
                Ok((ready > 0 || last).then_some(ready as i64))
            }
        }
    }
}

fn look_poll(process: &Process, address: u64, count: u64, last: bool) -> io::Result<Option<i64>> {
    const SIZE: usize = size_of::<libc::pollfd>();
    if count > MOST {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let mut bytes = vec![0; count as usize * SIZE];
    process.read(address, &mut bytes)?;
    let mut copies: Vec<OwnedFd> = Vec::new();
    let mut polled = Vec::new();
    for entry in bytes.chunks_exact(SIZE) {
        let number = i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]);
        let copy = (number >= 0).then(|| process.descriptor(number));
        let invalid = matches!(copy, Some(Err(_)));
        let copy = copy.and_then(Result::ok);
        polled.push(libc::pollfd {
            fd: copy.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            events: i16::from_ne_bytes([entry[4], entry[5]]),
            revents: if invalid { libc::POLLNVAL } else { 0 },
        });
        copies.extend(copy);
    }
    let invalid: Vec<i16> = polled.iter().map(|it| it.revents).collect();
    kernel::poll(&mut polled, Duration::ZERO)?;
    let mut ready = 0;
    for (index, (entry, invalid)) in polled.iter().zip(invalid).enumerate() {
        let happened = entry.revents | invalid;
        ready += i64::from(happened != 0);
        bytes[index * SIZE + 6..(index + 1) * SIZE].copy_from_slice(&happened.to_ne_bytes());
    }
    if ready == 0 && !last {
        return Ok(None);
    }
    process.write(address, &bytes)?;
    Ok(Some(ready))
}

fn look_select(
    process: &Process,
    count: u64,
    sets: [u64; 3],
    last: bool,
) -> io::Result<Option<i64>> {
    // The kernel reads and writes whole words.
    let size = count.div_ceil(64) as usize * 8;
    let mut asked: [Vec<u8>; 3] = Default::default();
    for (bits, &address) in asked.iter_mut().zip(&sets) {
        if address != 0 {
            bits.resize(size, 0);
            process.read(address, bits)?;
        }
    }
    let has = |bits: &[u8], number: u64| {
        bits.get(number as usize / 8)
            .is_some_and(|byte| byte & (1 << (number % 8)) != 0)
    };
    let mut copies: Vec<OwnedFd> = Vec::new();
    let mut polled = Vec::new();
    let mut numbers = Vec::new();
    for number in 0..count {
        let wanted = asked.iter().zip(LOOKS_FOR);
        let events = wanted.fold(0, |all, (bits, event)| {
            all | if has(bits, number) { event } else { 0 }
        });
        if events != 0 {
            let copy = process
                .descriptor(number as i32)
                .map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
            polled.push(libc::pollfd {
                fd: copy.as_raw_fd(),
                events,
                revents: 0,
            });
            numbers.push(number);
            copies.push(copy);
        }
    }
    kernel::poll(&mut polled, Duration::ZERO)?;
    let mut found: [Vec<u8>; 3] = asked.each_ref().map(|bits| vec![0; bits.len()]);
    let mut ready = 0;
    for (entry, &number) in polled.iter().zip(&numbers) {
        for ((bits, found), counts) in asked.iter().zip(&mut found).zip(COUNTS) {
            if has(bits, number) && entry.revents & counts != 0 {
                found[number as usize / 8] |= 1 << (number % 8);
                ready += 1;
            }
        }
    }
    if ready == 0 && !last {
        return Ok(None);
    }
    for (bits, &address) in found.iter().zip(&sets) {
        process.write(address, bits)?;
    }
    Ok(Some(ready))
}
