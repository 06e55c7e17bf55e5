//! Commands about values.

use super::expiry::{Unit, deadline_of};
use super::number::integer;
use super::session::{Call, Done, Fault, SYNTAX};
use super::table::wrong_arity;

/// `GET KEY`
pub fn get(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    call.value(words[0]);
    Ok(())
}

/// The options of `SET`.
#[derive(Default)]
struct Options<'a> {
    /// Only if the key is missing (`NX`).
    missing: bool,
    /// Only if the key exists (`XX`).
    exists: bool,
    /// The reply is the old value (`GET`).
    old: bool,
    /// The deadline stays (`KEEPTTL`).
    keep: bool,
    /// The time that the key has (`EX`, `PX`).
    lasts: Option<(&'a [u8], Unit)>,
}

/// `SET KEY VALUE [NX|XX] [GET] [EX SECONDS|PX MILLISECONDS|KEEPTTL]`
pub fn set(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let &[key, value, ref rest @ ..] = words else {
        return Err(SYNTAX);
    };
    let options = options(rest)?;
    let lasts = options
        .lasts
        .map(|(text, unit)| deadline_of(call, "set", text, unit));
    let lasts = lasts.transpose()?;
    let deadline = match options.keep {
        true => call.store.deadline_ms(key),
        false => lasts,
    };
    let exists = call.store.get(key).is_some();
    if options.old {
        call.value(key);
    }
    if options.missing && exists || options.exists && !exists {
        if !options.old {
            call.null();
        }
        return Ok(());
    }
    call.store.set(key, value, deadline)?;
    match options.old {
        true => Ok(()),
        false => call.ok(),
    }
}

fn options<'a>(words: &[&'a [u8]]) -> Result<Options<'a>, Fault> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match &word.to_ascii_uppercase()[..] {
            b"NX" if !options.exists => options.missing = true,
            b"XX" if !options.missing => options.exists = true,
            b"GET" => options.old = true,
            b"KEEPTTL" if options.lasts.is_none() => options.keep = true,
            unit @ (b"EX" | b"PX") if !options.keep && options.lasts.is_none() => {
                let unit = match unit {
                    b"EX" => Unit::Seconds,
                    _ => Unit::Milliseconds,
                };
                options.lasts = Some((words.next().ok_or(SYNTAX)?, unit));
            }
            // Local time begins with the run, so a moment of the calendar means nothing.
            b"EXAT" | b"PXAT" => {
                return Err(Fault::of(
                    "ERR EXAT and PXAT are not supported: the store's time begins with the run",
                ));
            }
            _ => return Err(SYNTAX),
        }
    }
    Ok(options)
}

/// `SETEX KEY SECONDS VALUE`
pub fn setex(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    set_for(call, "setex", words, Unit::Seconds)
}

/// `PSETEX KEY MILLISECONDS VALUE`
pub fn psetex(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    set_for(call, "psetex", words, Unit::Milliseconds)
}

fn set_for(call: &mut Call<'_>, name: &str, words: &[&[u8]], unit: Unit) -> Done {
    let deadline = deadline_of(call, name, words[1], unit)?;
    call.store.set(words[0], words[2], Some(deadline))?;
    call.ok()
}

/// `SETNX KEY VALUE`
pub fn setnx(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if call.store.get(words[0]).is_some() {
        return call.count(0);
    }
    call.store.set(words[0], words[1], None)?;
    call.count(1)
}

/// `GETSET KEY VALUE`
pub fn getset(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    call.value(words[0]);
    call.store.set(words[0], words[1], None)?;
    Ok(())
}

/// `GETDEL KEY`
pub fn getdel(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    call.value(words[0]);
    call.store.delete(words[0])?;
    Ok(())
}

/// `MGET KEY [KEY ...]`
pub fn mget(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    call.reply.array(words.len());
    for key in words {
        call.value(key);
    }
    Ok(())
}

/// `MSET KEY VALUE [KEY VALUE ...]`
pub fn mset(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if !words.len().is_multiple_of(2) {
        return Err(wrong_arity("mset"));
    }
    set_all(call, words)?;
    call.ok()
}

/// `MSETNX KEY VALUE [KEY VALUE ...]`
pub fn msetnx(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if !words.len().is_multiple_of(2) {
        return Err(wrong_arity("msetnx"));
    }
    if words
        .chunks(2)
        .any(|pair| call.store.get(pair[0]).is_some())
    {
        return call.count(0);
    }
    set_all(call, words)?;
    call.count(1)
}

/// Sets all pairs or none.
fn set_all(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    for pair in words.chunks(2) {
        call.store.fits(pair[0], pair[1])?;
    }
    call.store.transaction(|store| {
        let mut pairs = words.chunks(2);
        pairs.try_for_each(|pair| store.set(pair[0], pair[1], None))
    })??;
    Ok(())
}

/// `INCR KEY`
pub fn incr(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    add(call, words[0], 1)
}

/// `DECR KEY`
pub fn decr(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    add(call, words[0], -1)
}

/// `INCRBY KEY INTEGER`
pub fn incrby(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    add(call, words[0], integer(words[1])?)
}

/// `DECRBY KEY INTEGER`
pub fn decrby(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let less = integer(words[1])?.checked_neg();
    let less = less.ok_or(Fault::of("ERR decrement would overflow"))?;
    add(call, words[0], less)
}

fn add(call: &mut Call<'_>, key: &[u8], more: i64) -> Done {
    let old = call.store.get(key).map_or(Ok(0), integer)?;
    let sum = old.checked_add(more);
    let sum = sum.ok_or(Fault::of("ERR increment or decrement would overflow"))?;
    let deadline = call.store.deadline_ms(key);
    call.store.set(key, sum.to_string().as_bytes(), deadline)?;
    call.reply.integer(sum);
    Ok(())
}

/// `APPEND KEY VALUE`
pub fn append(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let value = [call.store.get(words[0]).unwrap_or_default(), words[1]].concat();
    let deadline = call.store.deadline_ms(words[0]);
    call.store.set(words[0], &value, deadline)?;
    call.count(value.len() as u64)
}

/// `STRLEN KEY`
pub fn strlen(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let size = call.store.get(words[0]).map_or(0, <[u8]>::len);
    call.count(size as u64)
}
