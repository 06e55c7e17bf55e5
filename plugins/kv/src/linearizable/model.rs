//! What the commands do to one key: the model of a correct store.
//!
//! `set`, `get` and `delete` alone are judged by `search`, which knows their laws. A key on which
//! a client used any other command of this table is judged by `general`, which only executes them.
//! What is not in the table is not judged; then nothing passes.

/// The value of a key; `None`: it does not exist.
pub(super) type Value = Option<Vec<u8>>;

/// What a command is for the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `set`, `get` or `delete`.
    Plain,
    /// Another command that the model executes.
    Rich,
    /// It has nothing to do with keys.
    Harmless,
    /// It reads keys in a way that is not modelled.
    UnknownRead,
    /// It may write, in a way that is not modelled.
    Unknown,
}

/// What a command with this name is. `has_key`: it uses exactly one key.
pub(super) fn kind(command: &str, has_key: bool) -> Kind {
    match command {
        "set" | "get" | "delete" if has_key => Kind::Plain,
        "set nx" | "set xx" | "set get" | "set nx get" | "set xx get" | "setnx" | "getset"
        | "getdel" | "incr" | "decr" | "incrby" | "decrby" | "append" | "strlen" | "exists"
        | "type" | "touch"
            if has_key =>
        {
            Kind::Rich
        }
        "ping" | "echo" | "select" | "hello" | "command" | "client" | "config" | "info"
        | "quit" => Kind::Harmless,
        "get" | "mget" | "keys" | "scan" | "dbsize" | "exists" | "touch" | "type" | "strlen"
        | "ttl" | "pttl" => Kind::UnknownRead,
        _ => Kind::Unknown,
    }
}

/// Whether a command never changes the key.
pub(super) fn is_read(command: &str) -> bool {
    matches!(command, "get" | "strlen" | "exists" | "type" | "touch")
}

/// Whether the reply to a command is the value that it found, if there was one.
pub(super) fn replies_with_value(command: &str) -> bool {
    matches!(
        command,
        "get" | "set get" | "set nx get" | "set xx get" | "getset" | "getdel"
    )
}

/// The value after a command with this argument, and its reply; `None`: the store refuses it.
pub(super) fn execute(command: &str, argument: &[u8], value: &Value) -> Option<(Value, Vec<u8>)> {
    let exists = value.is_some();
    let text = |text: &str| text.as_bytes().to_vec();
    let yes = |is: bool| text(if is { "1" } else { "0" });
    let old = || value.clone().unwrap_or_else(|| text("not found"));
    let new = Some(argument.to_vec());
    let (missing, present) = (text("not found"), value.clone());
    Some(match command {
        "set" => (new, text("ok")),
        "set nx" if exists => (present, missing),
        "set xx" if !exists => (None, missing),
        "set nx" | "set xx" => (new, text("ok")),
        "set nx get" if exists => (present, old()),
        "set xx get" if !exists => (None, missing),
        "set get" | "set nx get" | "set xx get" | "getset" => (new, old()),
        "setnx" if exists => (present, yes(false)),
        "setnx" => (new, yes(true)),
        "get" => (present, old()),
        "getdel" => (None, old()),
        "delete" => (None, text(if exists { "ok" } else { "not found" })),
        "append" => {
            let joined = [&value.clone().unwrap_or_default()[..], argument].concat();
            let size = joined.len().to_string().into_bytes();
            (Some(joined), size)
        }
        "strlen" => {
            let size = value.as_ref().map_or(0, Vec::len);
            (present, size.to_string().into_bytes())
        }
        "exists" | "touch" => (present, yes(exists)),
        "type" => (present, text(if exists { "string" } else { "none" })),
        "incr" => add(value, 1)?,
        "decr" => add(value, -1)?,
        "incrby" => add(value, integer(argument)?)?,
        "decrby" => add(value, integer(argument)?.checked_neg()?)?,
        _ => return None,
    })
}

fn add(value: &Value, more: i64) -> Option<(Value, Vec<u8>)> {
    let old = value.as_deref().map_or(Some(0), integer)?;
    let sum = old.checked_add(more)?.to_string().into_bytes();
    Some((Some(sum.clone()), sum))
}

/// An integer in its shortest form.
fn integer(text: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == text).then_some(number)
}

/// What a write tells of the value that it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The value.
    Value(Value),
    /// It changed nothing.
    Unchanged,
    /// Nothing.
    Nothing,
}

/// What the reply to a write tells of the value that it left.
pub(super) fn told(command: &str, argument: &[u8], reply: &[u8]) -> Told {
    match (command, reply) {
        ("set nx" | "set xx", b"ok") | ("setnx", b"1") => Told::Value(Some(argument.to_vec())),
        ("set nx" | "set xx", _) | ("setnx", _) => Told::Unchanged,
        ("incr" | "decr" | "incrby" | "decrby", _) => Told::Value(Some(reply.to_vec())),
        _ => left(command, argument),
    }
}

/// What a write always leaves, whatever it found.
pub(super) fn left(command: &str, argument: &[u8]) -> Told {
    match command {
        "set" | "set get" | "getset" => Told::Value(Some(argument.to_vec())),
        "delete" | "getdel" => Told::Value(None),
        _ => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_do_what_the_store_does() {
        let mut store = crate::Store::new(crate::store::Limits {
            max_key: 10,
            max_value: 100,
        });
        let mut session = crate::server::RedisSession::default();
        let mut value: Value = None;
        // Each command in many states: a fixed sequence that mixes them well.
        let commands = [
            "SET k 5",
            "INCR k",
            "GET k",
            "SET k x NX",
            "APPEND k 7",
            "STRLEN k",
            "DECRBY k 3",
            "GETSET k ab",
            "INCR k",
            "SETNX k z",
            "EXISTS k",
            "TYPE k",
            "GETDEL k",
            "EXISTS k",
            "TYPE k",
            "SET k 1 XX",
            "SETNX k 9",
            "INCRBY k -4",
            "SET k q GET",
            "SET k r NX GET",
            "SET k s XX GET",
            "DEL k",
            "SET k t XX GET",
            "SET k u NX GET",
            "DEL k",
            "DEL k",
            "STRLEN k",
            "DECR k",
            "TOUCH k",
            "INCRBY k 01",
        ];
        let wire = crate::Wire {
            protocol: crate::WireProtocol::Resp,
            ..crate::Wire::default()
        };
        for step in 0..20 * commands.len() {
            let line = commands[step * (step / commands.len() + 1) % commands.len()];
            let request = wire.request(line.as_bytes()).unwrap();
            let reply = crate::server::redis_answer(&mut store, &mut session, &request.message);
            let reply = wire.reply(&request.name, &reply).canonical();
            let argument = request.value.unwrap_or_default();
            match execute(&request.name, &argument, &value) {
                Some((after, expected)) => {
                    assert_eq!(reply, expected, "{line} of {value:?}");
                    match told(&request.name, &argument, &reply) {
                        Told::Value(told) => assert_eq!(told, after, "{line} of {value:?}"),
                        Told::Unchanged => assert_eq!(value, after, "{line}"),
                        Told::Nothing => {}
                    }
                    assert!(!is_read(&request.name) || after == value);
                    value = after;
                }
                None => assert!(reply.starts_with(b"error: "), "{line} of {value:?}"),
            }
            assert_eq!(store.get(b"k"), value.as_deref(), "{line}");
        }
    }
}
