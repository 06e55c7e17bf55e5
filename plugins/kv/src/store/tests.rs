use super::*;

const LIMITS: Limits = Limits {
    max_key: 3,
    max_value: 5,
};

fn apply<'store>(store: &'store mut Store, command: &'store str) -> Reply<'store> {
    let command = Command::parse(command.as_bytes()).unwrap();
    store.apply(command).unwrap()
}

#[test]
fn a_value_is_stored_until_it_is_deleted() {
    let mut store = Store::new(LIMITS);
    assert_eq!(apply(&mut store, "get a"), Reply::NotFound);
    assert_eq!(apply(&mut store, "set a 1"), Reply::Done);
    assert_eq!(apply(&mut store, "get a"), Reply::Value(b"1"));
    assert_eq!(apply(&mut store, "set a 234"), Reply::Done);
    assert_eq!(apply(&mut store, "get a"), Reply::Value(b"234"));
    assert_eq!((store.keys(), store.bytes()), (1, 4));
    assert_eq!(apply(&mut store, "set b "), Reply::Done);
    assert_eq!(apply(&mut store, "get b"), Reply::Value(b""));
    assert_eq!(apply(&mut store, "delete a"), Reply::Done);
    assert_eq!(apply(&mut store, "delete a"), Reply::NotFound);
    assert_eq!(apply(&mut store, "get a"), Reply::NotFound);
    assert_eq!((store.keys(), store.bytes()), (1, 1));
}

#[test]
fn a_refused_set_changes_nothing() {
    let mut store = Store::new(LIMITS);
    apply(&mut store, "set abc 12345");
    let mut refused = |command: &str| {
        let command = Command::parse(command.as_bytes()).unwrap();
        store.apply(command).unwrap_err().to_string()
    };
    assert_eq!(
        refused("set abcd 1"),
        "a key of 4 bytes, at most 3 are kept"
    );
    assert_eq!(
        refused("set abc 123456"),
        "a value of 6 bytes, at most 5 are kept"
    );
    assert_eq!(apply(&mut store, "get abc"), Reply::Value(b"12345"));
    assert_eq!(apply(&mut store, "get abcd"), Reply::NotFound);
    assert_eq!((store.keys(), store.bytes()), (1, 8));
}
