//! Commands about the time that a key has. It is the local time of the node, in whole
//! milliseconds: a key exists until the millisecond of its deadline is over.

use super::number::integer;
use super::session::{Call, Done, Fault};

/// The unit of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// `[ms]`
    fn milliseconds(self) -> i64 {
        match self {
            Unit::Seconds => 1000,
            Unit::Milliseconds => 1,
        }
    }
}

/// The deadline of a key that lasts so long from now on `[ms]`; more than 0.
pub fn deadline_of(call: &Call<'_>, command: &str, text: &[u8], unit: Unit) -> Result<u64, Fault> {
    let span = integer(text)?;
    let invalid = || Fault::from(format!("ERR invalid expire time in '{command}' command"));
    let span = span.checked_mul(unit.milliseconds()).filter(|&it| it > 0);
    let now = call.store.now_ms() as i64;
    let deadline = span.and_then(|span| now.checked_add(span));
    deadline.map(|it| it as u64).ok_or_else(invalid)
}

/// `EXPIRE KEY SECONDS [NX|XX|GT|LT]`
pub fn expire(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    expire_in(call, "expire", words, Unit::Seconds)
}

/// `PEXPIRE KEY MILLISECONDS [NX|XX|GT|LT]`
pub fn pexpire(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    expire_in(call, "pexpire", words, Unit::Milliseconds)
}

fn expire_in(call: &mut Call<'_>, name: &str, words: &[&[u8]], unit: Unit) -> Done {
    let (key, now) = (words[0], call.store.now_ms() as i64);
    let options = Options::of(&words[2..])?;
    let span = integer(words[1])?.checked_mul(unit.milliseconds());
    let deadline = span.and_then(|span| now.checked_add(span));
    let deadline =
        deadline.ok_or_else(|| format!("ERR invalid expire time in '{name}' command"))?;
    if call.store.get(key).is_none() || !options.allow(call.store.deadline_ms(key), deadline) {
        return call.count(0);
    }
    match deadline > now {
        true => call.store.expire(key, Some(deadline as u64))?,
        // It is over already.
        false => drop(call.store.delete(key)?),
    }
    call.count(1)
}

/// When `EXPIRE` does something.
#[derive(Default)]
struct Options {
    /// If the key has no deadline.
    without: bool,
    /// If it has one.
    with: bool,
    /// If the new deadline is later; no deadline is the latest one.
    later: bool,
    /// If the new deadline is earlier.
    earlier: bool,
}

impl Options {
    fn of(words: &[&[u8]]) -> Result<Options, Fault> {
        let mut options = Options::default();
        for word in words {
            match &word.to_ascii_uppercase()[..] {
                b"NX" => options.without = true,
                b"XX" => options.with = true,
                b"GT" => options.later = true,
                b"LT" => options.earlier = true,
                _ => {
                    let text = [b"ERR Unsupported option ", *word].concat();
                    return Err(Fault(text.into()));
                }
            }
        }
        if options.without && (options.with || options.later || options.earlier) {
            return Err(Fault::of(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if options.later && options.earlier {
            return Err(Fault::of(
                "ERR GT and LT options at the same time are not compatible",
            ));
        }
        Ok(options)
    }

    fn allow(&self, old: Option<u64>, new: i64) -> bool {
        let new = new.max(0) as u64;
        !(self.without && old.is_some()
            || self.with && old.is_none()
            || self.later && old.is_none_or(|old| new <= old)
            || self.earlier && old.is_some_and(|old| new >= old))
    }
}

/// `PERSIST KEY`
pub fn persist(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if call.store.deadline_ms(words[0]).is_none() {
        return call.count(0);
    }
    call.store.expire(words[0], None)?;
    call.count(1)
}

/// `TTL KEY`
pub fn ttl(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let left = left_ms(call, words[0]);
    call.reply.integer(match left {
        0.. => (left + 500) / 1000,
        _ => left,
    });
    Ok(())
}

/// `PTTL KEY`
pub fn pttl(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let left = left_ms(call, words[0]);
    call.reply.integer(left);
    Ok(())
}

/// The span that a key has left `[ms]`; -1 if it does not expire, -2 if it does not exist.
fn left_ms(call: &Call<'_>, key: &[u8]) -> i64 {
    match (call.store.get(key), call.store.deadline_ms(key)) {
        (None, _) => -2,
        (Some(_), None) => -1,
        (Some(_), Some(deadline)) => deadline.saturating_sub(call.store.now_ms()) as i64,
    }
}
