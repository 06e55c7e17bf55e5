//! The keys of the debugger, once: for the keyboard, for the help on the screen, and for the
//! table in the documents.

use crossterm::event::KeyCode;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Goes to the next or the previous event.
    Step(bool),
    /// Goes to an event of the selected node.
    StepOfNode(bool),
    /// Goes to a record `send`.
    StepToSend(bool),
    /// Goes to a record `receive`.
    StepToReceive(bool),
    /// Goes to a record that proves a failure.
    StepToFailure(bool),
    /// Goes to a breakpoint or watch.
    Continue(bool),
    /// Goes to the first event.
    First,
    /// Goes to the last event.
    Last,
    /// Asks for a time.
    AskTime,
    /// Asks for the number of an event.
    AskEvent,
    /// Asks for a breakpoint or a column to watch.
    AskStop,
    /// Removes all breakpoints and watches.
    ClearStops,
    /// Looks only at what happened before this event, or at everything again.
    Why,
    /// Selects another line of the pane.
    Select(i64),
    /// The other pane.
    OtherPane,
    /// Asks for the name of a node.
    AskNode,
    /// Delivers the selected message.
    Deliver,
    /// Drops the selected message.
    Drop,
    /// Asks for how long the selected node crashes.
    AskCrash,
    /// Takes the last intervention back.
    Undo,
    /// Asks for the name of a file.
    AskSave,
    /// Asks for a message to the selected node.
    AskSend,
    /// Presses a key for the node that reads standard input.
    Press,
    /// Cuts all links of the selected node.
    CutOff,
    /// Ends all cuts.
    Heal,
    /// Shows or hides the keys.
    Help,
    /// Ends.
    Quit,
}

/// The runs that a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// All.
    All,
    /// Those that can be executed again.
    Recorded,
    /// Those in real time.
    Live,
}

impl For {
    fn holds(self, is_live: bool) -> bool {
        match self {
            For::All => true,
            For::Recorded => !is_live,
            For::Live => is_live,
        }
    }
}

/// A line of the table of keys.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The keys, as people read them.
    pub shown: &'static str,
    /// Each key, and what it does.
    pub codes: &'static [(KeyCode, Action)],
    /// What they do, for people.
    pub does: &'static str,
    /// The runs that they are for.
    pub of: For,
}

use Action as A;
use KeyCode as K;

/// All keys, in the order in which people learn them.
pub const KEYS: &[Key] = &[
    Key {
        shown: "right, n | left, p",
        codes: &[
            (K::Right, A::Step(true)),
            (K::Char('n'), A::Step(true)),
            (K::Left, A::Step(false)),
            (K::Char('p'), A::Step(false)),
        ],
        does: "next, previous event",
        of: For::All,
    },
    Key {
        shown: ". | ,",
        codes: &[
            (K::Char('.'), A::StepOfNode(true)),
            (K::Char(','), A::StepOfNode(false)),
        ],
        does: "next, previous event of the selected node",
        of: For::All,
    },
    Key {
        shown: "s | S",
        codes: &[
            (K::Char('s'), A::StepToSend(true)),
            (K::Char('S'), A::StepToSend(false)),
        ],
        does: "next, previous send",
        of: For::All,
    },
    Key {
        shown: "r | R",
        codes: &[
            (K::Char('r'), A::StepToReceive(true)),
            (K::Char('R'), A::StepToReceive(false)),
        ],
        does: "next, previous receive",
        of: For::All,
    },
    Key {
        shown: "f | F",
        codes: &[
            (K::Char('f'), A::StepToFailure(true)),
            (K::Char('F'), A::StepToFailure(false)),
        ],
        does: "next, previous record that proves a failure",
        of: For::All,
    },
    Key {
        shown: "home | end",
        codes: &[(K::Home, A::First), (K::End, A::Last)],
        does: "first, last event",
        of: For::All,
    },
    Key {
        shown: "t",
        codes: &[(K::Char('t'), A::AskTime)],
        does: "run to a time: 1.5s",
        of: For::All,
    },
    Key {
        shown: "g",
        codes: &[(K::Char('g'), A::AskEvent)],
        does: "go to the event with a number",
        of: For::All,
    },
    Key {
        shown: "b | B",
        codes: &[(K::Char('b'), A::AskStop), (K::Char('B'), A::ClearStops)],
        does: "stop where an expression is true (queue > 5) or a column changes (clock); no more stops",
        of: For::All,
    },
    Key {
        shown: "c | C",
        codes: &[
            (K::Char('c'), A::Continue(true)),
            (K::Char('C'), A::Continue(false)),
        ],
        does: "continue to the next, the previous stop",
        of: For::All,
    },
    Key {
        shown: "w",
        codes: &[(K::Char('w'), A::Why)],
        does: "why: only the events that led to this one; again: all events",
        of: For::All,
    },
    Key {
        shown: "down, j | up, k",
        codes: &[
            (K::Down, A::Select(1)),
            (K::Char('j'), A::Select(1)),
            (K::Up, A::Select(-1)),
            (K::Char('k'), A::Select(-1)),
            (K::PageDown, A::Select(10)),
            (K::PageUp, A::Select(-10)),
        ],
        does: "select the next, the previous line; page down and up: by ten",
        of: For::All,
    },
    Key {
        shown: "tab",
        codes: &[(K::Tab, A::OtherPane)],
        does: "select nodes, or messages under way",
        of: For::All,
    },
    Key {
        shown: "/",
        codes: &[(K::Char('/'), A::AskNode)],
        does: "select a node by its name, or a part of it",
        of: For::All,
    },
    Key {
        shown: "d",
        codes: &[(K::Char('d'), A::Deliver)],
        does: "deliver the selected message now, before everything else",
        of: For::Recorded,
    },
    Key {
        shown: "x",
        codes: &[(K::Char('x'), A::Drop)],
        does: "drop the selected message",
        of: For::Recorded,
    },
    Key {
        shown: "K",
        codes: &[(K::Char('K'), A::AskCrash)],
        does: "crash the selected node after the events of this time",
        of: For::Recorded,
    },
    Key {
        shown: "u",
        codes: &[(K::Char('u'), A::Undo)],
        does: "take the last of d, x, K back",
        of: For::Recorded,
    },
    Key {
        shown: "o",
        codes: &[(K::Char('o'), A::AskSave)],
        does: "write what was done by hand: a scenario with faults, or a replay file",
        of: For::Recorded,
    },
    Key {
        shown: "e",
        codes: &[(K::Char('e'), A::AskSend)],
        does: "send a message to the selected node",
        of: For::Live,
    },
    Key {
        shown: "space",
        codes: &[(K::Char(' '), A::Press)],
        does: "press a key for the node that reads the keyboard (the button), or send it to the selected node",
        of: For::Live,
    },
    Key {
        shown: "X | H",
        codes: &[(K::Char('X'), A::CutOff), (K::Char('H'), A::Heal)],
        does: "cut the selected node off from all others; heal all cuts",
        of: For::Live,
    },
    Key {
        shown: "?",
        codes: &[(K::Char('?'), A::Help)],
        does: "show or hide these keys",
        of: For::All,
    },
    Key {
        shown: "q, ctrl-c",
        codes: &[(K::Char('q'), A::Quit)],
        does: "end",
        of: For::All,
    },
];

/// What a key does; nothing for any other key.
pub fn action(code: KeyCode) -> Option<Action> {
    let mut all = KEYS.iter().flat_map(|key| key.codes);
    all.find(|(own, _)| *own == code).map(|it| it.1)
}

/// The keys for a run in real time, or for a recorded one.
pub fn keys(is_live: bool) -> Vec<&'static Key> {
    let all = KEYS.iter().filter(|key| key.of.holds(is_live));
    all.collect()
}

/// Whether an action is for such a run.
pub fn is_of(action: Action, is_live: bool) -> bool {
    let is_own = |key: &&Key| key.codes.iter().any(|it| it.1 == action);
    let key = KEYS.iter().find(is_own);
    key.is_some_and(|key| key.of.holds(is_live))
}

/// The table of keys for a document.
pub fn table() -> String {
    let mut text = "| key | does | in |\n|---|---|---|\n".to_owned();
    for key in KEYS {
        let each = key.shown.split(" | ").map(|group| {
            let one = group.split(", ").map(|key| format!("`{key}`"));
            one.collect::<Vec<_>>().join(" ")
        });
        let shown = each.collect::<Vec<_>>().join(", ");
        let of = match key.of {
            For::All => "both",
            For::Recorded => "`debug`",
            For::Live => "`--live`",
        };
        text += &format!("| {shown} | {} | {of} |\n", key.does);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_does_two_things() {
        let codes = KEYS.iter().flat_map(|key| key.codes).map(|it| it.0);
        let codes: Vec<KeyCode> = codes.collect();
        let distinct: HashSet<KeyCode> = codes.iter().copied().collect();
        assert_eq!(codes.len(), distinct.len());
        assert!(action(KeyCode::Char('~')).is_none());
    }

    /// The marks around the table in the document.
    const MARKS: [&str; 2] = ["<!-- keys -->\n", "<!-- keys end -->\n"];

    #[test]
    fn the_table_in_the_document_is_that_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once(MARKS[0]).expect("a mark before the table");
        let (written, after) = rest.split_once(MARKS[1]).expect("a mark after the table");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let new = [before, MARKS[0], &table(), MARKS[1], after].concat();
            return std::fs::write(path, new).unwrap();
        }
        assert_eq!(written, table(), "UPDATE_DOCS=1 cargo test -p runner-debug");
    }
}
