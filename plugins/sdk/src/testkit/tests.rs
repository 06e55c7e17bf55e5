//! The boundary through the kit: effects in order, failures caught.

use super::*;
use crate::{ColumnInfo, Context, Event, Node, Peer};
use schemars::JsonSchema;
use serde::Deserialize;
use std::rc::Rc;

/// Does what a message tells it to.
struct Puppet {
    alive: Rc<()>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Settings {
    refuse: bool,
    greeting: String,
}

const COUNT: Column<u64> = Column::new(0, "count", "messages so far");
const DEPTH: Column<i64> = Column::new(1, "depth", "below zero [m]");
const SHARE: Column<f64> = Column::new(2, "share", "a share");
const ON: Column<bool> = Column::new(3, "on", "whether it is on");
const SAID: Column<str> = Column::new(4, "said", "the last message");
const FOREIGN: Column<u64> = Column::new(5, "foreign", "of another behavior");
const FIRST: Event = Event::new(0, "first", "one word");
const SECOND: Event = Event::new(1, "second", "another word");

impl Behavior for Puppet {
    type Config = Settings;
    const NAME: &'static str = "puppet";
    const DOCS: &'static str = "Does what a message tells it to.";
    const COLUMNS: &'static [ColumnInfo] = &[
        COUNT.info(),
        DEPTH.info(),
        SHARE.info(),
        ON.info(),
        SAID.info(),
    ];
    const EVENTS: &'static [Event] = &[FIRST, SECOND];
    const CLOCKED: bool = true;
    const CONNECTS: bool = true;

    fn new(node: &mut Node<Self>) -> crate::Result<Self> {
        if node.config().refuse {
            return Err("as told".into());
        }
        node.set(COUNT, 0);
        Ok(Puppet { alive: Rc::new(()) })
    }

    fn start(&mut self, node: &mut Context<Self>) -> crate::Result {
        let greeting = &node.config().greeting;
        node.print(format!("{greeting} {} at {:?}", node.name(), node.now()));
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> crate::Result {
        node.set(COUNT, node.get(COUNT).unwrap_or(0) + 1);
        match std::str::from_utf8(bytes)? {
            "everything" => {
                node.record(FIRST);
                node.send(from, b"one")?;
                node.record(SECOND);
                node.set_timer(7, Duration::from_millis(5));
                node.cancel_timer(8);
                node.close(from);
                node.print("two");
                node.stop_run("enough");
                Ok(())
            }
            "columns" => {
                node.set(DEPTH, -3);
                node.set(SHARE, 0.25);
                node.set(ON, true);
                node.set_text(SAID, "a, b");
                Ok(())
            }
            "clear" => {
                node.clear(DEPTH);
                node.clear_text(SAID);
                Ok(())
            }
            "nobody" => node.send(Peer(2), b"?"),
            "nobody, unnoticed" => {
                let _ = node.send(Peer(2), b"?");
                Ok(())
            }
            "foreign" => {
                node.set(FOREIGN, 1);
                Ok(())
            }
            "panic" => panic!("told by {}", node.peer_name(from)),
            "panic oddly" => std::panic::panic_any(7),
            told => Err(format!("cannot do `{told}`").into()),
        }
    }

    fn timer(&mut self, node: &mut Context<Self>, tag: u64) -> crate::Result {
        node.print(format!(
            "timer {tag}, {} owners",
            Rc::strong_count(&self.alive)
        ));
        Ok(())
    }

    fn tick(&mut self, node: &mut Context<Self>) -> crate::Result {
        node.send_all(b"tick")
    }
}

fn puppet() -> Kit<Puppet> {
    node::<Puppet>().name("p").peers(["a", "b"]).create()
}

fn told(words: &str) -> Result<Vec<Effect>, Failure> {
    puppet().call(Call::Message(0, words.as_bytes()))
}

#[test]
fn effects_are_told_in_order() {
    assert_eq!(
        puppet().message(1, "everything"),
        [
            Effect::recorded(FIRST),
            Effect::sent(1, "one"),
            Effect::recorded(SECOND),
            Effect::timer_set(7, Duration::from_millis(5)),
            Effect::TimerCancelled(8),
            Effect::Closed(Peer(1)),
            Effect::printed("two"),
            Effect::StoppedRun("enough".into()),
        ]
    );
}

#[test]
fn names_time_and_config_are_the_nodes() {
    let mut puppet = node::<Puppet>()
        .name("p")
        .config("greeting = 'hi'")
        .create();
    assert_eq!(
        puppet.at(Duration::from_secs(2)).start(),
        [Effect::printed("hi p at 2s")]
    );
}

#[test]
fn columns_hold_every_kind_until_they_are_cleared() {
    let mut puppet = puppet();
    assert_eq!((puppet.get(COUNT), puppet.get(DEPTH)), (Some(0), None));
    puppet.message(0, "columns");
    assert_eq!((puppet.get(COUNT), puppet.get(DEPTH)), (Some(1), Some(-3)));
    assert_eq!(
        (puppet.get(SHARE), puppet.get(ON)),
        (Some(0.25), Some(true))
    );
    assert_eq!(puppet.text(SAID), Some("a, b"));
    puppet.message(0, "clear");
    assert_eq!((puppet.get(DEPTH), puppet.text(SAID)), (None, None));
    assert_eq!(puppet.get(SHARE), Some(0.25));
}

#[test]
fn an_error_is_the_failure() {
    assert_eq!(told("fly"), Err(Failure::Refused("cannot do `fly`".into())));
    let refused = node::<Puppet>().config("refuse = true").try_create().err();
    assert_eq!(refused, Some(Failure::Refused("as told".into())));
}

#[test]
fn sending_without_a_link_fails_noticed_or_not() {
    for words in ["nobody", "nobody, unnoticed"] {
        assert_eq!(
            told(words),
            Err(Failure::Refused(
                "sent a message to peer 2, which this node has no link to".into()
            ))
        );
    }
}

#[test]
fn a_panic_is_caught_with_its_words() {
    assert_eq!(told("panic"), Err(Failure::Panicked("told by a".into())));
    assert_eq!(
        told("panic oddly"),
        Err(Failure::Panicked("a panic without words".into()))
    );
}

#[test]
fn another_behaviors_column_panics_instead_of_writing_elsewhere() {
    assert_eq!(
        told("foreign"),
        Err(Failure::Panicked(
            "the column is not one of this behavior's COLUMNS".into()
        ))
    );
}

#[test]
fn callbacks_that_were_not_written_do_nothing() {
    let mut puppet = puppet();
    assert_eq!(puppet.connect(0), []);
    assert_eq!(puppet.disconnect(0), []);
    assert_eq!(puppet.stop(), []);
}

#[test]
fn an_instance_ends_with_its_node() {
    let puppet = puppet();
    let alive = Rc::downgrade(&puppet.host.instance().alive);
    assert!(alive.upgrade().is_some());
    drop(puppet);
    assert!(alive.upgrade().is_none());
}

#[test]
fn every_peer_gets_what_is_sent_to_all() {
    assert_eq!(
        puppet().tick(),
        [Effect::sent(0, "tick"), Effect::sent(1, "tick")]
    );
}

#[test]
fn only_who_says_so_is_told_of_connections() {
    struct Deaf;
    impl Behavior for Deaf {
        type Config = crate::NoConfig;
        const NAME: &'static str = "deaf";
        const DOCS: &'static str = "Hears of no connection.";
        fn new(_: &mut Node<Self>) -> crate::Result<Self> {
            Ok(Deaf)
        }
    }
    let both = runner_abi::HANDLES_CONNECT | runner_abi::HANDLES_DISCONNECT;
    assert_eq!(crate::export::behavior::<Puppet>().handles & both, both);
    assert_eq!(crate::export::behavior::<Deaf>().handles & both, 0);
}
