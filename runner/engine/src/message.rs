//! Messages under way: in flight on a link, or waiting in an inbox.
//!
//! A message has one place in a slab from its sending to its handling; links and
//! inboxes pass its [`MessageId`] around. Up to 15 bytes lie in that place
//! itself, more in a block of their own. Two places fill a cache line: with a
//! million nodes, each message costs one walk to memory and not two.

/// Where a message lies in the [`Messages`] slab; never 0.
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

/// The most bytes that lie inline: a clock value in any encoding up to 10^15,
/// and what still keeps a message at 32 bytes.
pub const INLINE: usize = 15;

impl Payload {
    /// The bytes.
    #[inline]
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
#[derive(Debug)]
pub struct Messages {
    /// The first place is nobody's: the end of every list, so that lists are
    /// joined without asking whether they are empty.
    slab: Vec<StoredMessage>,
    /// Head of the list of free places.
    free: u32,
    live: usize,
    /// Longer payloads; empty where there is none.
    blocks: Vec<Box<[u8]>>,
    free_blocks: Vec<u32>,
}

/// A message in its place: half a cache line, and never across two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct StoredMessage {
    number: u64,
    from: u32,
    /// The next in the same inbox, or the next free place.
    next: u32,
    /// How many of the bytes count, or [`IN_BLOCK`].
    len: u8,
    /// The payload, or the index of its block.
    bytes: [u8; INLINE],
}

/// [`StoredMessage::len`] of a payload that lies in a block.
const IN_BLOCK: u8 = u8::MAX;

/// The first place: the end of a list.
const NONE: u32 = 0;

impl Default for Messages {
    fn default() -> Messages {
        Messages::new()
    }
}

impl Messages {
    /// No messages.
    pub fn new() -> Messages {
        let nobodys = StoredMessage {
            number: 0,
            from: 0,
            next: NONE,
            len: 0,
            bytes: [0; INLINE],
        };
        Messages {
            slab: vec![nobodys],
            free: NONE,
            live: 0,
            blocks: Vec::new(),
            free_blocks: Vec::new(),
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
    #[inline]
    pub fn add(&mut self, from: u32, number: u64, payload: &[u8]) -> MessageId {
        let mut bytes = [0; INLINE];
        let len = match payload.len() {
            // The most common length: a number.
            8 => {
                bytes[..8].copy_from_slice(&payload[..8]);
                8
            }
            len @ 0..=INLINE => {
                bytes[..len].copy_from_slice(payload);
                len as u8
            }
            _ => {
                bytes[..4].copy_from_slice(&self.add_block(payload).to_le_bytes());
                IN_BLOCK
            }
        };
        let place = StoredMessage {
            number,
            from,
            next: NONE,
            len,
            bytes,
        };
        self.live += 1;
        let id = self.free;
        if id == NONE {
            let id = u32::try_from(self.slab.len()).expect("under 2^32 messages under way");
            self.slab.push(place);
            return MessageId(id);
        }
        let free = &mut self.slab[id as usize];
        self.free = free.next;
        *free = place;
        MessageId(id)
    }

    fn add_block(&mut self, payload: &[u8]) -> u32 {
        match self.free_blocks.pop() {
            Some(block) => {
                self.blocks[block as usize] = payload.into();
                block
            }
            None => {
                self.blocks.push(payload.into());
                self.blocks.len() as u32 - 1
            }
        }
    }

    fn take_block(&mut self, place: &StoredMessage) -> Box<[u8]> {
        let [a, b, c, d, ..] = place.bytes;
        let block = u32::from_le_bytes([a, b, c, d]);
        self.free_blocks.push(block);
        std::mem::take(&mut self.blocks[block as usize])
    }

    /// Takes a message away.
    #[inline]
    pub fn take(&mut self, id: MessageId) -> Message {
        let free = self.free;
        let place = &mut self.slab[id.0 as usize];
        let taken = *place;
        place.next = free;
        self.free = id.0;
        self.live -= 1;
        let payload = match taken.len {
            IN_BLOCK => Payload::Block(self.take_block(&taken)),
            len => Payload::Inline {
                len,
                bytes: taken.bytes,
            },
        };
        Message {
            from: taken.from,
            number: taken.number,
            payload,
        }
    }

    /// Where the message at the head of an inbox lies, for a look ahead; nobody's
    /// place if the inbox is empty.
    #[inline]
    pub fn first_message(&self, inbox: &Inbox) -> &impl Sized {
        &self.slab[inbox.head as usize]
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
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether none waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a message of this sender waits; looks at each.
    pub fn holds_one_of(&self, from: u32, messages: &Messages) -> bool {
        let mut at = self.head;
        while at != NONE && messages.slab[at as usize].from != from {
            at = messages.slab[at as usize].next;
        }
        at != NONE
    }

    /// A message arrives.
    #[inline]
    pub fn push(&mut self, id: MessageId, messages: &mut Messages) {
        // No branch: whether a random node's inbox is empty is anybody's guess,
        // and a wrong one would wait for memory.
        messages.slab[self.tail as usize].next = id.0;
        self.head = if self.head == NONE { id.0 } else { self.head };
        self.tail = id.0;
        self.len += 1;
    }

    /// Takes the message that came first.
    #[inline]
    pub fn pop(&mut self, messages: &mut Messages) -> Option<Message> {
        if self.head == NONE {
            return None;
        }
        let id = self.head;
        self.head = messages.slab[id as usize].next;
        self.tail = if self.head == NONE { NONE } else { self.tail };
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
                    assert_eq!(inbox.holds_one_of(7, &messages), number < 8);
                    assert!(!inbox.holds_one_of(6, &messages));
                }
                assert!(inbox.pop(&mut messages).is_none());
            }
        }
        assert!(messages.is_empty());
        assert_eq!(messages.slab.len(), 11, "places are used again");
        assert_eq!(messages.blocks.len(), 10, "blocks are used again");
    }

    #[test]
    fn payloads_of_every_size_come_back() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut messages = Messages::new();
        for size in [0, 1, 8, INLINE - 1, INLINE, INLINE + 1, 100] {
            let id = messages.add(1, 2, &bytes[..size]);
            let message = messages.take(id);
            assert_eq!((message.from, message.number), (1, 2));
            assert_eq!(message.payload.as_slice(), &bytes[..size]);
        }
        assert!(messages.is_empty());
    }

    #[test]
    fn a_message_takes_32_bytes() {
        assert_eq!(size_of::<StoredMessage>(), 32);
    }
}
