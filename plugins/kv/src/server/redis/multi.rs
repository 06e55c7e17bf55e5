//! Transactions: `MULTI`, commands that wait, `EXEC`.
//!
//! `EXEC` executes the commands as one step of the node, and writes their changes to the journal
//! as one record: no other client sees a part of them, and no crash leaves a part.

use super::session::{Call, Done, Fault, Queue};
use super::table::{self, Command};

/// Maximum size of the commands that wait for an `EXEC` `[bytes]`; arbitrary. What a client
/// claims must not fill the memory.
const MAX_QUEUED: usize = 64 << 20;

/// Queues a command, if a transaction is open and the command waits. Returns whether the command
/// is done with.
pub fn queues(call: &mut Call<'_>, command: &Command, words: &[&[u8]]) -> bool {
    let Some(queue) = &mut call.session.queue else {
        return false;
    };
    if matches!(
        command.name,
        "exec" | "discard" | "multi" | "watch" | "quit" | "reset"
    ) {
        return false;
    }
    queue.bytes += words.iter().map(|word| word.len() + 16).sum::<usize>();
    if queue.bytes > MAX_QUEUED {
        queue.spoiled = true;
        queue.commands.clear();
        call.reply
            .error(b"ERR the commands of the transaction take more than 64 MiB");
        return true;
    }
    queue
        .commands
        .push(words.iter().map(|word| word.to_vec()).collect());
    call.reply.simple("QUEUED");
    true
}

/// `MULTI`
pub fn multi(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    if call.session.queue.is_some() {
        return Err(Fault::of("ERR MULTI calls can not be nested"));
    }
    call.session.queue = Some(Queue::default());
    call.ok()
}

/// `DISCARD`
pub fn discard(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    if call.session.queue.take().is_none() {
        return Err(Fault::of("ERR DISCARD without MULTI"));
    }
    call.session.watched.clear();
    call.ok()
}

/// `EXEC`
pub fn exec(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    let queue = call.session.queue.take();
    let queue = queue.ok_or(Fault::of("ERR EXEC without MULTI"))?;
    let watched = std::mem::take(&mut call.session.watched);
    if queue.spoiled {
        return Err(Fault::of(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    let changed = |(key, version): &(Vec<u8>, _)| call.store.version(key) != *version;
    if watched.iter().any(changed) {
        call.null_array();
        return Ok(());
    }
    call.reply.array(queue.commands.len());
    let (session, client, reply) = (&mut *call.session, call.client, &mut *call.reply.0);
    let after = &mut call.after;
    call.store.transaction(|store| {
        let mut inner = Call {
            store,
            session,
            client,
            reply: super::Reply(reply),
            after: *after,
        };
        for words in &queue.commands {
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            // It was found when it was queued.
            if let Ok(command) = table::find(words[0], &words[1..]) {
                super::execute(&mut inner, command, &words[1..]);
            }
        }
        *after = inner.after;
    })?;
    Ok(())
}

/// `WATCH KEY [KEY ...]`
pub fn watch(call: &mut Call<'_>, words: &[&[u8]]) -> Done {
    if call.session.queue.is_some() {
        return Err(Fault::of("ERR WATCH inside MULTI is not allowed"));
    }
    for &key in words {
        let watched = &mut call.session.watched;
        if watched.iter().all(|(other, _)| other != key) {
            watched.push((key.to_vec(), call.store.version(key)));
        }
    }
    call.ok()
}

/// `UNWATCH`
pub fn unwatch(call: &mut Call<'_>, _: &[&[u8]]) -> Done {
    call.session.watched.clear();
    call.ok()
}
