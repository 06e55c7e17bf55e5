//! Operations as clients recorded them, and the items that the search derives from them. An
//! item must or may happen within a span of time.

use super::Evidence;
use std::collections::HashMap;

/// An operation on a key as its client recorded it.
#[derive(Clone, Debug)]
pub(super) struct Operation<R> {
    pub(super) client: String,
    pub(super) command: String,
    pub(super) value: String,
    /// Times of the sendings `[ns]`; not empty.
    pub(super) sent_ns: Vec<u64>,
    /// Time of the return `[ns]`, and the result.
    pub(super) returned: Option<(u64, String)>,
    /// When no message of the operation was in flight any more `[ns]`.
    pub(super) settled_ns: Option<u64>,
    /// The records of the sendings and the return.
    pub(super) rows: Vec<R>,
    /// The record that it was settled.
    pub(super) settled_row: Option<R>,
}

/// The state of a key: the number of its value, by the order of the values' first use.
pub(super) type State = u32;

/// The state of a key that does not exist.
pub(super) const MISSING: State = 0;

/// Something that must or may happen within a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The earliest time at which the item can happen `[ns]`.
    pub(super) start_ns: u64,
    /// The latest time `[ns]`; [`NEVER`] if there is none.
    pub(super) end_ns: u64,
    pub(super) effect: Effect,
    /// Whether the item must happen.
    pub(super) required: bool,
    /// Index of the operation from which the item is derived.
    pub(super) operation: usize,
}

/// The end of an item without a latest time.
pub(super) const NEVER: u64 = u64::MAX;

/// What an item does to the state, or requires of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Sets the state.
    Write(State),
    /// A delete with the reply `ok`: sets the state to [`MISSING`], and requires another one
    /// before.
    Remove,
    /// Requires one of these two states, and does not change it.
    Read(State, State),
}

impl<R: Clone> Operation<R> {
    /// The operation as evidence, as far as it is known at a time `[ns]`. `settled`: with the
    /// record that it was settled.
    pub(super) fn evidence(&self, at_ns: u64, settled: bool) -> Evidence<R> {
        let returned = self.returned.clone();
        Evidence {
            client: self.client.clone(),
            command: self.command.clone(),
            value: self.value.clone(),
            invoked_ns: self.sent_ns[0],
            sendings: self.sent_ns.iter().filter(|&&sent| sent <= at_ns).count(),
            returned: returned.filter(|(time, _)| *time <= at_ns),
            rows: self.rows.clone(),
            settled: self.settled_row.clone().filter(|_| settled),
        }
    }
}

/// The items of operations, as far as they are known at a time `[ns]`.
pub(super) fn items<R>(operations: &[Operation<R>], at_ns: u64) -> Vec<Item> {
    let values = Values::of(operations);
    let mut items = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let Some(known) = Known::at(operation, index, at_ns) else {
            continue;
        };
        match operation.command.as_str() {
            "get" => items.extend(known.get(&values)),
            "set" => known.set(values.number(&operation.value), &mut items),
            "delete" => known.delete(&mut items),
            _ => {}
        }
    }
    items
}

/// Changes the items as if it were not known that this operation was settled.
pub(super) fn without_settled<R>(items: &mut [Item], index: usize, operation: &Operation<R>) {
    // The return of a command that was sent once ends it, too.
    if operation.sent_ns.len() == 1 && operation.returned.is_some() {
        return;
    }
    for item in items.iter_mut().filter(|item| item.operation == index) {
        if !item.required {
            item.end_ns = NEVER;
        }
    }
}

/// The values that operations set, numbered from 1.
struct Values<'a>(HashMap<&'a str, State>);

impl<'a> Values<'a> {
    fn of<R>(operations: &'a [Operation<R>]) -> Values<'a> {
        let mut numbers = HashMap::new();
        for operation in operations.iter().filter(|it| it.command == "set") {
            let next = numbers.len() as State + 1;
            numbers.entry(operation.value.as_str()).or_insert(next);
        }
        Values(numbers)
    }

    /// The number of a value. All values that no operation sets share one.
    fn number(&self, value: &str) -> State {
        let unknown = self.0.len() as State + 1;
        self.0.get(value).copied().unwrap_or(unknown)
    }

    fn contains(&self, value: &str) -> bool {
        self.0.contains_key(value)
    }
}

/// What is known of an operation at some time.
struct Known<'a> {
    /// Index of the operation.
    index: usize,
    /// Times of the sendings `[ns]`; not empty.
    sent_ns: Vec<u64>,
    /// Time of the return `[ns]`, and the result.
    returned: Option<(u64, &'a str)>,
    /// When no message of the operation was in flight any more `[ns]`; else [`NEVER`].
    settled_ns: u64,
}

impl<'a> Known<'a> {
    /// What is known at a time `[ns]`; `None` before the first sending.
    fn at<R>(operation: &'a Operation<R>, index: usize, at_ns: u64) -> Option<Known<'a>> {
        let sendings = operation.sent_ns.iter().copied();
        let sent_ns: Vec<u64> = sendings.filter(|&sent| sent <= at_ns).collect();
        let returned = operation.returned.as_ref();
        let returned = returned.map(|(time, result)| (*time, result.as_str()));
        let settled_ns = operation.settled_ns.filter(|&time| time <= at_ns);
        (!sent_ns.is_empty()).then(|| Known {
            index,
            sent_ns,
            returned: returned.filter(|(time, _)| *time <= at_ns),
            settled_ns: settled_ns.unwrap_or(NEVER),
        })
    }

    /// The item of a `get`; `None` without a value as result.
    fn get(&self, values: &Values<'_>) -> Option<Item> {
        let (end_ns, result) = self.returned?;
        let effect = match result {
            // A client may also have stored the text `not found`.
            "not found" if values.contains(result) => Effect::Read(MISSING, values.number(result)),
            "not found" => Effect::Read(MISSING, MISSING),
            // An error contains no information about the store.
            _ if result.starts_with("error: ") && !values.contains(result) => return None,
            _ => Effect::Read(values.number(result), values.number(result)),
        };
        Some(self.required(end_ns, effect))
    }

    /// Adds the items of a `set`.
    fn set(&self, value: State, items: &mut Vec<Item>) {
        let effect = Effect::Write(value);
        let optional = match self.returned {
            // The required item is the first sending that took effect.
            Some((end_ns, "ok")) => {
                items.push(self.required(end_ns, effect));
                &self.sent_ns[1..]
            }
            _ => &self.sent_ns[..],
        };
        items.extend(self.optional(optional, effect));
    }

    /// Adds the items of a `delete`.
    fn delete(&self, items: &mut Vec<Item>) {
        let required = match self.returned {
            Some((end_ns, "ok")) => Some((end_ns, Effect::Remove)),
            Some((end_ns, "not found")) => Some((end_ns, Effect::Read(MISSING, MISSING))),
            _ => None,
        };
        let mut optional = &self.sent_ns[..];
        if let Some((end_ns, effect)) = required {
            items.push(self.required(end_ns, effect));
            // To which sending the reply belongs is unknown: any other one may be earlier.
            optional = &optional[..optional.len() - 1];
        }
        items.extend(self.optional(optional, Effect::Write(MISSING)));
    }

    /// The item that must happen between the first sending and the return.
    fn required(&self, end_ns: u64, effect: Effect) -> Item {
        Item {
            start_ns: self.sent_ns[0],
            end_ns,
            effect,
            required: true,
            operation: self.index,
        }
    }

    /// An item for each of these sendings that may happen or not.
    fn optional(&self, sendings: &[u64], effect: Effect) -> impl Iterator<Item = Item> {
        let end_ns = match self.returned {
            Some((end_ns, _)) if self.sent_ns.len() == 1 => end_ns,
            _ => self.settled_ns,
        };
        let operation = self.index;
        sendings.iter().map(move |&start_ns| Item {
            start_ns,
            end_ns,
            effect,
            required: false,
            operation,
        })
    }
}
