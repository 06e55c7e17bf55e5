//! Operations as clients recorded them, and what they come to for the search: items that
//! must or may happen within a span of time.

use super::Evidence;
use std::collections::HashMap;

/// An operation on a key as its client recorded it.
#[derive(Clone, Debug)]
pub(super) struct Operation<R> {
    pub(super) client: String,
    pub(super) command: String,
    pub(super) value: String,
    /// When it was sent, again and again `[ns]`; never empty.
    pub(super) sent_ns: Vec<u64>,
    /// When it returned `[ns]`, and what.
    pub(super) returned: Option<(u64, String)>,
    /// When nothing of it was under way any more `[ns]`.
    pub(super) settled_ns: Option<u64>,
    pub(super) rows: Vec<R>,
}

/// A state of a key, or a value: numbered as they come.
pub(super) type State = u32;

/// There is no such key.
pub(super) const MISSING: State = 0;

/// Something that must or may happen within a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Not before `[ns]`.
    pub(super) start_ns: u64,
    /// Not after `[ns]`; [`NEVER`] where there is no end.
    pub(super) end_ns: u64,
    pub(super) effect: Effect,
    /// Whether it must happen.
    pub(super) required: bool,
    /// The index of the operation that it comes from.
    pub(super) operation: usize,
}

/// No end.
pub(super) const NEVER: u64 = u64::MAX;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The state becomes this, whatever it was.
    Write(State),
    /// The state becomes [`MISSING`], and was not so before: a delete that was answered `ok`.
    Take,
    /// The state is one of these two, and stays.
    Read(State, State),
}

impl<R: Clone> Operation<R> {
    /// As evidence, with what was known at a time.
    pub(super) fn evidence(&self, at_ns: u64) -> Evidence<R> {
        let returned = self.returned.clone();
        Evidence {
            client: self.client.clone(),
            command: self.command.clone(),
            value: self.value.clone(),
            invoked_ns: self.sent_ns[0],
            sendings: self.sent_ns.iter().filter(|&&sent| sent <= at_ns).count(),
            returned: returned.filter(|(time, _)| *time <= at_ns),
            rows: self.rows.clone(),
        }
    }
}

/// What operations come to, as far as is known at a time `[ns]`.
pub(super) fn items<R>(operations: &[Operation<R>], at_ns: u64) -> Vec<Item> {
    let mut items = Vec::new();
    // Only what is set can be read, or else nothing that is in the store.
    let mut values = HashMap::new();
    for operation in operations.iter().filter(|it| it.command == "set") {
        let next = values.len() as State + 1;
        values.entry(operation.value.as_str()).or_insert(next);
    }
    let stranger = values.len() as State + 1;
    for (index, operation) in operations.iter().enumerate() {
        let known = |time: u64| if time <= at_ns { time } else { NEVER };
        let sent: Vec<u64> = operation
            .sent_ns
            .iter()
            .copied()
            .filter(|&it| it <= at_ns)
            .collect();
        let Some(&begin) = sent.first() else {
            continue;
        };
        let returned = operation
            .returned
            .as_ref()
            .filter(|(time, _)| *time <= at_ns);
        let settled = known(operation.settled_ns.unwrap_or(NEVER));
        let mut add = |start_ns: u64, end_ns: u64, effect: Effect, required: bool| {
            items.push(Item {
                start_ns,
                end_ns,
                effect,
                required,
                operation: index,
            });
        };
        let result = returned.map(|(time, result)| (*time, result.as_str()));
        match (operation.command.as_str(), result) {
            ("get", None) => {}
            ("get", Some((end, "not found"))) => {
                // Unless somebody stored these very words.
                let words = values.get("not found").copied().unwrap_or(MISSING);
                add(begin, end, Effect::Read(MISSING, words), true);
            }
            ("get", Some((end, result))) => match values.get(result) {
                Some(&value) => add(begin, end, Effect::Read(value, value), true),
                // An error tells nothing about the store.
                None if result.starts_with("error: ") => {}
                None => add(begin, end, Effect::Read(stranger, stranger), true),
            },
            ("set", result) => {
                let effect = Effect::Write(values[operation.value.as_str()]);
                let more = match result {
                    // The first that took effect is the one that must have.
                    Some((end, "ok")) => {
                        add(begin, end, effect, true);
                        &sent[1..]
                    }
                    _ => &sent[..],
                };
                let end = match result {
                    Some((end, _)) if sent.len() == 1 => end,
                    _ => settled,
                };
                more.iter()
                    .for_each(|&start| add(start, end, effect, false));
            }
            ("delete", result) => {
                // Which sending was answered, nobody knows: the others came first.
                let more = match result {
                    Some((end, "ok")) => {
                        add(begin, end, Effect::Take, true);
                        &sent[..sent.len() - 1]
                    }
                    Some((end, "not found")) => {
                        add(begin, end, Effect::Read(MISSING, MISSING), true);
                        &sent[..sent.len() - 1]
                    }
                    _ => &sent[..],
                };
                let end = match result {
                    Some((end, _)) if sent.len() == 1 => end,
                    _ => settled,
                };
                let effect = Effect::Write(MISSING);
                more.iter()
                    .for_each(|&start| add(start, end, effect, false));
            }
            _ => {}
        }
    }
    items
}
