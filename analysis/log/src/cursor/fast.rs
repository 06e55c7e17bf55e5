//! The fast path: a row as our own writer makes it, read directly from the window.

use super::{Cursor, Names, OwnCells, OwnColumn, cell_bits};
use crate::number::unsigned;
use crate::record::{ColumnKind, EventId, NO_PEER, Row};

impl Cursor {
    /// Reads the next row. Returns `None` for anything unusual; the slow path then
    /// reads the row again and replaces what was written here.
    #[inline]
    pub(super) fn fast<const COMBINED: bool>(&mut self, names: &mut Names) -> Option<()> {
        let source = &self.records.source;
        if source.at >= source.whole {
            return None;
        }
        let bytes = source.window();
        let (time_ns, mut at) = unsigned(bytes, source.at)?;
        at = expect(bytes, at, b',')?;
        let mut node = self.row.node;
        if COMBINED {
            let (found, end) = names.peers.find(bytes, at)?;
            node = found;
            at = expect(bytes, end, b',')?;
        }
        let shape = *names.shape_of.get(node as usize)? as usize;
        let (step, end) = unsigned(bytes, at)?;
        at = expect(bytes, end, b',')?;
        let (event, end) = names.events[shape].find(bytes, at)?;
        at = expect(bytes, end, b',')?;
        let (mut peer, mut message, mut size) = (NO_PEER, 0, 0);
        if bytes[at] != b',' {
            (peer, at) = names.peers.find(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        if bytes[at] != b',' {
            (message, at) = unsigned(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        if bytes[at] != b',' {
            (size, at) = unsigned(bytes, at)?;
        }
        at = expect(bytes, at, b',')?;
        let (queue, at) = unsigned(bytes, at)?;
        let at = self.own.read(&names.columns[shape], bytes, at)?;
        let at = expect(bytes, at, b'\n')?;
        self.row = Row {
            time_ns,
            step,
            node,
            event: EventId(event as u16),
            peer,
            message,
            bytes: size,
            queue,
        };
        self.records.source.at = at;
        self.records.line += 1;
        Some(())
    }
}

impl OwnCells {
    /// Reads the cells of a behavior's columns, each after a comma. Returns where
    /// they end.
    #[inline(always)]
    fn read(&mut self, columns: &[OwnColumn], bytes: &[u8], mut at: usize) -> Option<usize> {
        self.present = 0;
        for column in columns {
            at = expect(bytes, at, b',')?;
            if matches!(bytes[at], b',' | b'\n') {
                continue;
            }
            let (index, kind) = (*column)?;
            self.present |= 1 << index;
            self.values[index] = match kind {
                ColumnKind::U64 => {
                    let (value, end) = unsigned(bytes, at)?;
                    at = end;
                    value
                }
                ColumnKind::I64 if bytes[at] != b'-' => {
                    let (value, end) = unsigned(bytes, at)?;
                    at = end;
                    i64::try_from(value).ok()? as u64
                }
                _ => {
                    let end = at + memchr::memchr2(b',', b'\n', &bytes[at..])?;
                    let cell = std::str::from_utf8(&bytes[at..end]).ok()?;
                    if bytes[at] == b'"' || bytes[end - 1] == b'\r' {
                        return None;
                    }
                    at = end;
                    if kind == ColumnKind::Text {
                        self.put_text(index, cell);
                        continue;
                    }
                    cell_bits(cell, kind)?
                }
            };
        }
        Some(at)
    }
}

/// The index after this byte; `None` if another byte is there.
#[inline]
fn expect(bytes: &[u8], at: usize, byte: u8) -> Option<usize> {
    (*bytes.get(at)? == byte).then_some(at + 1)
}
