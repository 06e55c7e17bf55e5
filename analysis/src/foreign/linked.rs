//! Which message is which: numbers for messages that the logs do not number.
//!
//! A log often tells with which clock a message came (`received_clock`). The message is
//! then one that another node sent at this clock. If exactly one sending fits (by its
//! clock, its addressee where it is known, and the sender where the reception names it),
//! the two rows are of one message, and get the number that it has among the messages of
//! its sender. If several fit, none is taken: nothing is invented.

use std::collections::HashMap;

use super::format::{Format, RECEIVED_CLOCK};
use crate::log::{Cell, ColumnKind, Columns, EventId, NO_PEER, Row};
use crate::metrics::CLOCK_COLUMN;

/// The messages of one run.
#[derive(Debug, Default)]
pub struct Links {
    /// By clock: the sendings at it that no reception has.
    sent: HashMap<i128, Vec<Sending>>,
    /// Number of receptions whose sending is known.
    pub linked: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sending {
    from: u32,
    /// [`NO_PEER`] if it is not known.
    to: u32,
    number: u64,
}

/// The columns that tell which message is which.
#[derive(Clone, Copy, Debug)]
pub struct LinkColumns {
    clock: usize,
    received: usize,
}

impl LinkColumns {
    /// `None` if the logs do not tell.
    pub fn of(format: &Format) -> Option<LinkColumns> {
        let is_numbered = format.read.message.is_some();
        let clock = format.read.own(CLOCK_COLUMN)?;
        let received = format.read.own(RECEIVED_CLOCK)?;
        (!is_numbered).then_some(LinkColumns { clock, received })
    }
}

impl Links {
    /// Keeps a sending.
    pub fn keep(
        &mut self,
        row: &Row,
        number: u64,
        at: LinkColumns,
        columns: Columns<'_>,
        kinds: &[ColumnKind],
    ) {
        if let Some(clock) = integer(columns, at.clock, kinds[at.clock]) {
            self.sent.entry(clock).or_default().push(Sending {
                from: row.node,
                to: row.peer,
                number,
            });
        }
    }

    /// Numbers the message of a row, if it is known; `number` is that of a sending.
    pub fn number(
        &mut self,
        row: &mut Row,
        number: u64,
        at: LinkColumns,
        columns: Columns<'_>,
        kinds: &[ColumnKind],
    ) {
        if row.event == EventId::SEND {
            row.message = number;
        }
        if row.event != EventId::RECEIVE {
            return;
        }
        let Some(clock) = integer(columns, at.received, kinds[at.received]) else {
            return;
        };
        let Some(sent) = self.sent.get_mut(&clock) else {
            return;
        };
        let fits = |it: &Sending| {
            (it.to == row.node || it.to == NO_PEER && it.from != row.node)
                && (row.peer == NO_PEER || row.peer == it.from)
        };
        let mut fitting = sent.iter().enumerate().filter(|(_, it)| fits(it));
        let Some((first, &message)) = fitting.next() else {
            return;
        };
        // Several messages of one broadcast are alike; those of two senders are not.
        if fitting.any(|(_, it)| it.from != message.from) {
            return;
        }
        row.peer = message.from;
        row.message = message.number;
        self.linked += 1;
        sent.remove(first);
    }
}

/// The whole number in a column.
pub fn integer(columns: Columns<'_>, index: usize, kind: ColumnKind) -> Option<i128> {
    match columns.cell(index, kind) {
        Cell::U64(value) => Some(value.into()),
        Cell::I64(value) => Some(value.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ColumnKind; 2] = [ColumnKind::U64; 2];
    const AT: LinkColumns = LinkColumns {
        clock: 0,
        received: 1,
    };

    fn row(node: u32, event: EventId, peer: u32) -> Row {
        Row {
            time_ns: 0,
            step: 1,
            node,
            event,
            peer,
            message: 0,
            bytes: 0,
            queue: 0,
        }
    }

    fn received(links: &mut Links, node: u32, clock: u64) -> (u32, u64) {
        let mut row = row(node, EventId::RECEIVE, NO_PEER);
        let cells = [99, clock];
        let columns = Columns {
            present: 3,
            cells: &cells,
            texts: &[],
        };
        links.number(&mut row, 0, AT, columns, &KINDS);
        (row.peer, row.message)
    }

    #[test]
    fn a_reception_has_the_only_message_that_fits_it() {
        let mut links = Links::default();
        let mut send = |from, to, number, clock: u64| {
            let cells = [clock, 0];
            let columns = Columns {
                present: 1,
                cells: &cells,
                texts: &[],
            };
            links.keep(&row(from, EventId::SEND, to), number, AT, columns, &KINDS);
        };
        send(0, 1, 1, 5);
        send(2, NO_PEER, 1, 6);
        send(2, NO_PEER, 2, 6);
        send(0, 1, 2, 7);
        send(2, 1, 3, 7);
        assert_eq!(received(&mut links, 1, 5), (0, 1));
        // It was taken.
        assert_eq!(received(&mut links, 1, 5), (NO_PEER, 0));
        assert_eq!(received(&mut links, 0, 6), (2, 1));
        assert_eq!(received(&mut links, 1, 6), (2, 2));
        // Two senders sent to this node at this clock.
        assert_eq!(received(&mut links, 1, 7), (NO_PEER, 0));
        assert_eq!(links.linked, 3);
    }
}
