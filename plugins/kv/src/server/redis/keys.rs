//! Commands about keys.

use super::glob::matches;
use super::number::integer;
use super::session::{Call, Done, Fault, SYNTAX};

/// `DEL KEY [KEY ...]`
pub fn del(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let deleted = call.store.transaction(|store| {
        let mut count = 0;
        for key in words {
            count += u64::from(store.delete(key)?);
        }
        Ok::<u64, crate::Refusal>(count)
    })??;
    call.count(deleted)
}

/// `EXISTS KEY [KEY ...]`
pub fn exists(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let found = words.iter().filter(|key| call.store.get(key).is_some());
    let found = found.count() as u64;
    call.count(found)
}

/// `DBSIZE`
pub fn dbsize(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    let keys = call.store.keys();
    call.count(keys)
}

/// `FLUSHALL [ASYNC|SYNC]`, `FLUSHDB`
pub fn flush(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let is_mode =
        |word: &[u8]| word.eq_ignore_ascii_case(b"ASYNC") || word.eq_ignore_ascii_case(b"SYNC");
    match words {
        [] => {}
        [mode] if is_mode(mode) => {}
        _ => return Err(SYNTAX),
    }
    call.store.clear()?;
    call.ok()
}

/// `TYPE KEY`
pub fn kind(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let kind = match call.store.get(words[0]) {
        Some(_) => "string",
        None => "none",
    };
    call.reply.simple(kind);
    Ok(())
}

/// `KEYS PATTERN`: sorted.
pub fn keys(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let mut found = call.store.sorted_keys();
    found.retain(|key| matches(words[0], key));
    call.reply.array(found.len());
    for key in found {
        call.reply.bulk(key);
    }
    Ok(())
}

/// Number of keys that `SCAN` looks at without `COUNT`.
const COUNT: u64 = 10;

/// `SCAN CURSOR [MATCH PATTERN] [COUNT NUMBER] [TYPE TYPE]`
pub fn scan(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    let cursor = std::str::from_utf8(words[0]).ok();
    let cursor: Option<u64> = cursor.and_then(|text| text.parse().ok());
    let cursor = cursor.ok_or(Fault::of("ERR invalid cursor"))?;
    let (mut pattern, mut count, mut strings): (Option<&[u8]>, _, _) = (None, COUNT, true);
    let mut rest = words[1..].iter();
    while let Some(word) = rest.next() {
        let option = word.to_ascii_uppercase();
        let argument = *rest.next().ok_or(SYNTAX)?;
        match &option[..] {
            b"MATCH" => pattern = Some(argument),
            b"COUNT" => {
                let number = integer(argument)?;
                count = u64::try_from(number)
                    .ok()
                    .filter(|&it| it > 0)
                    .ok_or(SYNTAX)?;
            }
            b"TYPE" => strings = argument.eq_ignore_ascii_case(b"string"),
            _ => return Err(SYNTAX),
        }
    }
    let (next, mut found) = call.store.scan(cursor, count);
    found.retain(|key| strings && pattern.is_none_or(|pattern| matches(pattern, key)));
    call.reply.array(2);
    call.reply.bulk(next.to_string().as_bytes());
    call.reply.array(found.len());
    for key in found {
        call.reply.bulk(&key);
    }
    Ok(())
}
