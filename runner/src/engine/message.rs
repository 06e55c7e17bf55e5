//! Messages under way: in flight on a link, or waiting in an inbox.
//!
//! A message has one place in a slab from its sending to its handling; links and
//! inboxes pass its [`MessageId`] around. Up to 16 bytes lie in that place
//! itself, more in a block of their own.

/// Where a message lies in the [`Messages`] slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageId(u32);

/// The bytes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload {
    /// At most [`INLINE`] bytes.
    Inline {
        /// How many of them count.
        len: u8,
        /// The bytes, then zeros.
        bytes: [u8; INLINE],
    },
    /// More than that.
    Block(Box<[u8]>),
}

/// The most bytes that lie inline: a clock value in any encoding, and what still
/// keeps a message at 48 bytes.
pub const INLINE: usize = 16;

impl Payload {
    fn new(bytes: &[u8]) -> Payload {
        if bytes.len() > INLINE {
            return Payload::Block(bytes.into());
        }
        let mut inline = [0; INLINE];
        inline[..bytes.len()].copy_from_slice(bytes);
        Payload::Inline {
            len: bytes.len() as u8,
            bytes: inline,
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Payload::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Payload::Block(bytes) => bytes,
        }
    }
}

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Who sent it: a node index.
    pub from: u32,
    /// Its number among the sender's messages, from 1.
    pub number: u64,
    /// What it says.
    pub payload: Payload,
}

/// Every message under way in a run.
#[derive(Debug, Default)]
pub struct Messages {
    slab: Vec<Place>,
    /// Head of the list of free places.
    free: u32,
    live: usize,
}

#[derive(Debug)]
struct Place {
    message: Message,
    /// The next in the same inbox, or the next free place.
    next: u32,
}

/// No place: the end of a list.
const NONE: u32 = u32::MAX;

impl Messages {
    /// No messages.
    pub fn new() -> Messages {
        Messages {
            slab: Vec::new(),
            free: NONE,
            live: 0,
        }
    }

    /// Number of messages under way.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Lays down a message.
    pub fn add(&mut self, from: u32, number: u64, bytes: &[u8]) -> MessageId {
        let place = Place {
            message: Message {
                from,
                number,
                payload: Payload::new(bytes),
            },
            next: NONE,
        };
        self.live += 1;
        if self.free == NONE {
            let id = u32::try_from(self.slab.len()).expect("under 2^32 messages under way");
            self.slab.push(place);
            return MessageId(id);
        }
        let id = self.free;
        self.free = self.slab[id as usize].next;
        self.slab[id as usize] = place;
        MessageId(id)
    }

    /// The message in its place.
    pub fn get(&self, id: MessageId) -> &Message {
        &self.slab[id.0 as usize].message
    }

    /// Takes a message away.
    pub fn take(&mut self, id: MessageId) -> Message {
        let place = &mut self.slab[id.0 as usize];
        place.next = self.free;
        self.free = id.0;
        self.live -= 1;
        std::mem::replace(
            &mut place.message,
            Message {
                from: 0,
                number: 0,
                payload: Payload::Inline {
                    len: 0,
                    bytes: [0; INLINE],
                },
            },
        )
    }
}

/// One node's inbox: messages in the order of their arrival. The list runs
/// through the slab, so an empty inbox is 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Inbox {
    head: u32,
    tail: u32,
    len: u32,
}

impl Inbox {
    /// Nothing waits.
    pub const EMPTY: Inbox = Inbox {
        head: NONE,
        tail: NONE,
        len: 0,
    };

    /// Number of messages that wait.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A message arrives.
    pub fn push(&mut self, id: MessageId, messages: &mut Messages) {
        if self.tail == NONE {
            self.head = id.0;
        } else {
            messages.slab[self.tail as usize].next = id.0;
        }
        self.tail = id.0;
        self.len += 1;
    }

    /// Takes the message that came first.
    pub fn pop(&mut self, messages: &mut Messages) -> Option<Message> {
        if self.head == NONE {
            return None;
        }
        let id = self.head;
        self.head = messages.slab[id as usize].next;
        if self.head == NONE {
            self.tail = NONE;
        }
        self.len -= 1;
        Some(messages.take(MessageId(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inboxes_that_share_a_slab_keep_their_own_order() {
        let mut messages = Messages::new();
        let mut inboxes = [Inbox::EMPTY; 2];
        for round in 0..3u64 {
            for (number, inbox) in (0..10u64).zip([0, 1].into_iter().cycle()) {
                let id = messages.add(7, round * 10 + number, &[number as u8; 20]);
                inboxes[inbox].push(id, &mut messages);
            }
            for (start, inbox) in inboxes.iter_mut().enumerate() {
                for number in (start as u64..10).step_by(2) {
                    let message = inbox.pop(&mut messages).unwrap();
                    assert_eq!((message.from, message.number), (7, round * 10 + number));
                    assert_eq!(message.payload.as_slice(), [number as u8; 20]);
                }
                assert!(inbox.pop(&mut messages).is_none());
            }
        }
        assert!(messages.is_empty());
        assert_eq!(messages.slab.len(), 10, "places are used again");
    }

    #[test]
    fn payloads_of_every_size_come_back() {
        let bytes: Vec<u8> = (0..100).collect();
        for size in [0, 1, INLINE - 1, INLINE, INLINE + 1, 100] {
            assert_eq!(Payload::new(&bytes[..size]).as_slice(), &bytes[..size]);
        }
    }

    #[test]
    fn a_message_takes_at_most_48_bytes() {
        assert!(size_of::<Place>() <= 48);
    }
}
