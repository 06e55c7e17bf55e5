//! Commands and replies in all dialects.

use super::*;

fn text(dialect: Dialect) -> Wire {
    Wire {
        dialect,
        ..Wire::default()
    }
}

fn resp() -> Wire {
    Wire {
        protocol: WireProtocol::Resp,
        ..Wire::default()
    }
}

#[test]
fn commands_are_written_in_the_words_of_the_dialect() {
    for (wire, set, delete) in [
        (text(Dialect::Space), "set a two words", "delete a"),
        (text(Dialect::Colon), "set:a=two words", "delete:a"),
        (text(Dialect::Comma), "SET,a,two words", "DELETE,a"),
        (
            resp(),
            "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9\r\ntwo words\r\n",
            "*2\r\n$3\r\nDEL\r\n$1\r\na\r\n",
        ),
    ] {
        let command = Command::Set {
            key: b"a",
            value: b"two words",
        };
        assert_eq!(wire.encode(command).unwrap(), set.as_bytes());
        let command = Command::Delete { key: b"a" };
        assert_eq!(wire.encode(command).unwrap(), delete.as_bytes());
    }
}

#[test]
fn a_key_that_the_dialect_cannot_express_is_refused() {
    let get = |wire: Wire, key| wire.encode(Command::Get { key });
    let space = || text(Dialect::Space);
    assert_eq!(get(space(), b""), Err(Unwritable::EmptyKey));
    assert_eq!(get(space(), b"a b"), Err(Unwritable::SeparatorInKey(b' ')));
    assert_eq!(
        get(text(Dialect::Colon), b"a=b"),
        Err(Unwritable::SeparatorInKey(b'='))
    );
    assert_eq!(
        get(text(Dialect::Comma), b"a,b"),
        Err(Unwritable::SeparatorInKey(b','))
    );
    assert!(get(text(Dialect::Comma), b"a b").is_ok() && get(resp(), b"").is_ok());
}

#[test]
fn a_line_of_a_script_is_a_redis_command_with_its_options_in_its_name() {
    for (line, name, key, value) in [
        ("set a 1", "set", Some("a"), Some("1")),
        ("SET a 'x y' GET NX", "set nx get", Some("a"), Some("x y")),
        ("SET a 1 EX 10", "set ex 10", Some("a"), Some("1")),
        ("delete a", "delete", Some("a"), None),
        ("INCRBY n 5", "incrby", Some("n"), Some("5")),
        ("incr n", "incr", Some("n"), None),
        ("DEL a b", "del", None, Some("a b")),
        ("mset a 1 b 2", "mset", None, Some("a 1 b 2")),
        ("PING", "ping", None, None),
    ] {
        let request = resp().request(line.as_bytes()).unwrap();
        let owned = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        assert_eq!(request.name, name);
        assert_eq!(
            (request.key, request.value),
            (owned(key), owned(value)),
            "{line}"
        );
    }
    assert_eq!(resp().request(b"SET a \"b"), Err(Unwritable::OpenQuote));
    assert_eq!(resp().request(b"  "), Err(Unwritable::Empty));
}

#[test]
fn replies_are_understood_by_the_words_of_the_store() {
    let mut wire = text(Dialect::Space);
    wire.words = Words {
        ok: "STORED".to_owned(),
        not_found: "nil".to_owned(),
        error: "ERR".to_owned(),
    };
    assert_eq!(wire.reply("set", b"STORED"), Reply::Ok);
    assert_eq!(wire.reply("set", b"ok"), Reply::Other(b"ok"));
    assert_eq!(wire.reply("get", b"STORED"), Reply::Value(b"STORED"));
    assert_eq!(wire.reply("get", b"nil"), Reply::NotFound);
    assert_eq!(wire.reply("delete", b"nil"), Reply::NotFound);
    assert_eq!(wire.reply("get", b"ERR no"), Reply::Refused(b" no"));
    assert_eq!(wire.probed(b"ERR what is sync-12?"), Some(12));
    assert_eq!(wire.probed(b"sync-12"), None);
}

#[test]
fn replies_of_redis_are_understood() {
    let wire = resp();
    for (name, reply, expected) in [
        ("set", "+OK\r\n", Reply::Ok),
        ("set nx", "$-1\r\n", Reply::NotFound),
        ("delete", ":1\r\n", Reply::Ok),
        ("delete", ":0\r\n", Reply::NotFound),
        ("get", "$-1\r\n", Reply::NotFound),
        ("get", "$4\r\na\r\nb\r\n", Reply::Value(b"a\r\nb")),
        ("get", ":5\r\n", Reply::Other(b":5\r\n")),
        ("incr", ":5\r\n", Reply::Value(b"5")),
        ("type", "+string\r\n", Reply::Value(b"string")),
        ("set", "-ERR no\r\n", Reply::Refused(b"ERR no")),
        ("mget", "*0\r\n", Reply::Other(b"*0\r\n")),
    ] {
        assert_eq!(wire.reply(name, reply.as_bytes()), expected, "{name}");
    }
    assert_eq!(wire.probe(3), b"*1\r\n$6\r\nsync-3\r\n");
    let error = b"-ERR unknown command 'sync-3', with args beginning with: \r\n";
    assert_eq!(wire.probed(error), Some(3));
}
