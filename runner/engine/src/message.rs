//! Messages that are on a link or in an inbox.
//!
//! A message has one entry in a slab from its sending to its handling; events and
//! inboxes refer to it by its [`MessageId`]. The entry holds up to 15 bytes; a longer
//! payload has a block of its own. Two entries fill a cache line: with a million nodes,
//! each message costs one cache miss and not two.

use base::time::SimTime;

/// The index of a message in the [`Messages`] slab; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(u32);

/// The bytes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload {
    /// At most [`INLINE`] bytes.
    Inline(Short),
    /// More than that.
    Block(Box<[u8]>),
}

/// The most bytes that an entry holds: enough for a clock value up to 10^15 in any
/// encoding, and so few that an entry has 32 bytes.
pub const INLINE: usize = 15;

/// At most [`INLINE`] bytes. Aligned, so that it is copied by one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Short {
    /// The bytes, followed by zeros; or the index of a block.
    bytes: [u8; INLINE],
    /// The number of bytes, or [`IN_BLOCK`].
    len: u8,
}

impl Payload {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Payload::Inline(short) => &short.bytes[..usize::from(short.len)],
            Payload::Block(bytes) => bytes,
        }
    }
}

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Its sender: the index of a node or an external peer.
    pub from: u32,
    /// Its number among the sender's messages, from 1.
    pub number: u64,
    /// Its bytes.
    pub payload: Payload,
}

/// A message that was removed from the slab.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Its sender.
    pub from: u32,
    /// Its number among the sender's messages.
    pub number: u64,
    payload: Short,
}

impl Taken {
    /// Its bytes; none if they are in a block.
    #[inline(always)]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.payload.bytes.get(..usize::from(self.payload.len))
    }
}

/// All messages of a run that are on links and in inboxes.
#[derive(Debug)]
pub struct Messages {
    /// The first entry is no message: it ends every list, so that lists are joined
    /// without a check for empty ones.
    slab: Vec<StoredMessage>,
    /// Head of the list of free entries.
    free: u32,
    live: usize,
    /// Longer payloads; empty boxes are free.
    blocks: Vec<Box<[u8]>>,
    free_blocks: Vec<u32>,
    /// Size of all `blocks` `[bytes]`.
    block_bytes: u64,
    /// By entry: when the message reached its inbox. Empty until the first message is
    /// stamped.
    stamps: Vec<SimTime>,
}

/// A message in the slab: half a cache line, and never across two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct StoredMessage {
    number: u64,
    from: u32,
    /// The next message in the same inbox, or the next free entry.
    next: u32,
    payload: Short,
}

/// [`Short::len`] of a payload in a block.
const IN_BLOCK: u8 = u8::MAX;

/// The first entry: the end of a list.
const NONE: u32 = 0;

impl Default for Messages {
    fn default() -> Messages {
        Messages::new()
    }
}

impl Messages {
    /// No messages.
    pub fn new() -> Messages {
        let end = StoredMessage {
            number: 0,
            from: 0,
            next: NONE,
            payload: Short {
                bytes: [0; INLINE],
                len: 0,
            },
        };
        Messages {
            slab: vec![end],
            free: NONE,
            live: 0,
            blocks: Vec::new(),
            free_blocks: Vec::new(),
            block_bytes: 0,
            stamps: Vec::new(),
        }
    }

    /// Sets when a message reached its inbox.
    #[inline(always)]
    pub fn stamp(&mut self, id: MessageId, now: SimTime) {
        let index = id.0 as usize;
        if index >= self.stamps.len() {
            self.stamps.resize(self.slab.len(), SimTime::ZERO);
        }
        self.stamps[index] = now;
    }

    fn stamp_of(&self, id: u32) -> SimTime {
        self.stamps.get(id as usize).copied().unwrap_or_default()
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Memory of the payloads that are longer than [`INLINE`] `[bytes]`.
    #[inline]
    pub fn block_bytes(&self) -> u64 {
        self.block_bytes
    }

    /// Adds a message and returns its index.
    #[inline(always)]
    pub fn add(&mut self, from: u32, number: u64, payload: &[u8]) -> MessageId {
        let id = self.free;
        // The most common length: a number.
        let (&[a, b, c, d, e, f, g, h], true) = (payload, id != NONE) else {
            return self.add_any(from, number, payload);
        };
        // Field by field: an entry that is made elsewhere and copied is read back before it
        // is written, which takes longer than all else here.
        let entry = &mut self.slab[id as usize];
        self.free = entry.next;
        self.live += 1;
        entry.number = number;
        entry.from = from;
        entry.next = NONE;
        entry.payload.bytes = [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0];
        entry.payload.len = 8;
        MessageId(id)
    }

    /// Adds a message of any size, whether an entry is free or not.
    #[inline(never)]
    fn add_any(&mut self, from: u32, number: u64, payload: &[u8]) -> MessageId {
        let payload = self.store(payload);
        let message = StoredMessage {
            number,
            from,
            next: NONE,
            payload,
        };
        self.live += 1;
        let id = self.free;
        if id == NONE {
            let id = u32::try_from(self.slab.len()).expect("at most 2^32 messages in flight");
            self.slab.push(message);
            return MessageId(id);
        }
        let free = &mut self.slab[id as usize];
        self.free = free.next;
        *free = message;
        MessageId(id)
    }

    /// The payload as an entry holds it.
    fn store(&mut self, payload: &[u8]) -> Short {
        let mut bytes = [0; INLINE];
        let len = match payload.len() {
            len @ 0..=INLINE => {
                bytes[..len].copy_from_slice(payload);
                len as u8
            }
            _ => {
                bytes[..4].copy_from_slice(&self.add_block(payload).to_le_bytes());
                IN_BLOCK
            }
        };
        Short { bytes, len }
    }

    fn add_block(&mut self, payload: &[u8]) -> u32 {
        self.block_bytes += payload.len() as u64;
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

    #[cold]
    fn take_block(&mut self, payload: &Short) -> Box<[u8]> {
        let [a, b, c, d, ..] = payload.bytes;
        let block = u32::from_le_bytes([a, b, c, d]);
        self.free_blocks.push(block);
        let taken = std::mem::take(&mut self.blocks[block as usize]);
        self.block_bytes -= taken.len() as u64;
        taken
    }

    /// The sender of a message.
    pub fn sender(&self, id: MessageId) -> u32 {
        self.slab[id.0 as usize].from
    }

    /// The sender's number for a message.
    pub fn number(&self, id: MessageId) -> u64 {
        self.slab[id.0 as usize].number
    }

    /// Removes a message and returns it.
    #[inline]
    pub fn take(&mut self, id: MessageId) -> Message {
        let taken = self.take_entry(id.0);
        self.message(taken)
    }

    /// Removes an entry.
    #[inline(always)]
    fn take_entry(&mut self, id: u32) -> Taken {
        let entry = &mut self.slab[id as usize];
        let taken = Taken {
            number: entry.number,
            from: entry.from,
            payload: entry.payload,
        };
        entry.next = self.free;
        self.free = id;
        self.live -= 1;
        taken
    }

    /// A message that was taken, with its payload wherever it was.
    #[inline]
    pub fn message(&mut self, taken: Taken) -> Message {
        let payload = match taken.payload.len {
            IN_BLOCK => Payload::Block(self.take_block(&taken.payload)),
            _ => Payload::Inline(taken.payload),
        };
        Message {
            from: taken.from,
            number: taken.number,
            payload,
        }
    }

    /// The entry of an inbox's first message, to be prefetched; the first entry of the
    /// slab if the inbox is empty.
    #[inline]
    pub fn first_message(&self, inbox: &Inbox) -> &impl Sized {
        &self.slab[inbox.head as usize]
    }
}

/// One node's inbox: messages in the order of their arrival. The list links entries of
/// the slab, so an inbox has 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Inbox {
    head: u32,
    tail: u32,
    len: u32,
}

impl Inbox {
    /// An empty inbox.
    pub const EMPTY: Inbox = Inbox {
        head: NONE,
        tail: NONE,
        len: 0,
    };

    /// Number of messages in it.
    #[inline]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it holds a message of this sender; linear in its length.
    pub fn holds_one_of(&self, from: u32, messages: &Messages) -> bool {
        let mut at = self.head;
        while at != NONE && messages.slab[at as usize].from != from {
            at = messages.slab[at as usize].next;
        }
        at != NONE
    }

    /// When the first message reached this inbox; must have been stamped.
    #[inline]
    pub fn first_stamp(&self, messages: &Messages) -> SimTime {
        messages.stamp_of(self.head)
    }

    /// When each of its messages reached it, the first one first.
    pub fn stamps<'a>(&self, messages: &'a Messages) -> impl Iterator<Item = SimTime> + use<'a> {
        let mut at = self.head;
        std::iter::from_fn(move || {
            let this = (at != NONE).then_some(at)?;
            at = messages.slab[this as usize].next;
            Some(messages.stamp_of(this))
        })
    }

    /// Adds a message at the end.
    #[inline]
    pub fn push(&mut self, id: MessageId, messages: &mut Messages) {
        // No branch: the processor cannot predict whether a random node's inbox is
        // empty, and a wrong prediction would wait for memory.
        messages.slab[self.tail as usize].next = id.0;
        self.head = if self.head == NONE { id.0 } else { self.head };
        self.tail = id.0;
        self.len += 1;
    }

    /// Removes the first message and returns it.
    #[inline]
    pub fn pop(&mut self, messages: &mut Messages) -> Option<Message> {
        let taken = self.take_first(messages)?;
        Some(messages.message(taken))
    }

    /// As [`Inbox::pop`]; a long payload is still in its block, and [`Messages::message`]
    /// must be called.
    #[inline(always)]
    pub fn take_first(&mut self, messages: &mut Messages) -> Option<Taken> {
        if self.head == NONE {
            return None;
        }
        let id = self.head;
        self.head = messages.slab[id as usize].next;
        self.tail = if self.head == NONE { NONE } else { self.tail };
        self.len -= 1;
        Some(messages.take_entry(id))
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
        assert_eq!(messages.slab.len(), 11, "entries are used again");
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
