//! The values for `last`: of each node, that after its latest step with a value, and that
//! after the step before.
//!
//! Nearly every record reads and changes the two values of its node. So both are in 32
//! bytes, which lie in one cache line. A text, a number beyond 64 bits and a failure do not
//! fit there; they have a place of their own, which a run without them does not make.

use crate::value::{Quick, Value};

/// The values of all `last`s of an expression.
#[derive(Clone, Debug)]
pub struct Lasts {
    /// Number of `last`s.
    count: usize,
    /// By node, then by `last`.
    pairs: Vec<Pair>,
    /// By pair: the values that do not fit into it, now and before. Empty as long as all fit.
    large: Vec<[Option<Value>; 2]>,
}

/// The value after the last step in which there was one, and after the one before.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Pair {
    /// The step of the value of now.
    step: u64,
    /// 64 bits each.
    now: u64,
    before: u64,
    now_is: Form,
    before_is: Form,
}

/// What 64 bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Nothing,
    Truth,
    Whole,
    Real,
    /// Not used: the value is in [`Lasts::large`].
    Large,
}

/// A value after an earlier step.
#[derive(Clone, Copy, Debug)]
pub enum Kept<'a> {
    Nothing,
    Truth(bool),
    Whole(i64),
    Real(f64),
    /// A value of another form.
    Large(&'a Value),
}

impl Lasts {
    /// Before the first record, for this number of `last`s and of nodes.
    pub fn new(count: usize, nodes: usize) -> Lasts {
        Lasts {
            count,
            pairs: vec![Pair::EMPTY; count * nodes],
            large: Vec::new(),
        }
    }

    /// The value of a `last` for a record of this step of a node.
    #[inline]
    pub fn before(&self, node: u32, index: usize, step: u64) -> Kept<'_> {
        let at = self.at(node, index);
        let pair = &self.pairs[at];
        match pair.step == step {
            true => self.kept(at, pair.before, pair.before_is, 1),
            // There is no value in the present step.
            false => self.kept(at, pair.now, pair.now_is, 0),
        }
    }

    /// As [`Lasts::before`], of a whole number of 64 bits.
    #[inline(always)]
    pub fn whole_before(&self, node: u32, index: usize, step: u64) -> Quick<i64> {
        let pair = &self.pairs[self.at(node, index)];
        let (bits, form) = match pair.step == step {
            true => (pair.before, pair.before_is),
            false => (pair.now, pair.now_is),
        };
        match form {
            Form::Whole => Quick::Is(bits as i64),
            Form::Nothing => Quick::Absent,
            _ => Quick::Unsure,
        }
    }

    /// The latest value.
    pub fn now(&self, node: u32, index: usize) -> Kept<'_> {
        let at = self.at(node, index);
        self.kept(at, self.pairs[at].now, self.pairs[at].now_is, 0)
    }

    #[inline]
    fn kept(&self, at: usize, bits: u64, form: Form, which: usize) -> Kept<'_> {
        match form {
            Form::Whole => Kept::Whole(bits as i64),
            Form::Nothing => Kept::Nothing,
            Form::Truth => Kept::Truth(bits != 0),
            Form::Real => Kept::Real(f64::from_bits(bits)),
            Form::Large => match self.large.get(at).and_then(|it| it[which].as_ref()) {
                Some(value) => Kept::Large(value),
                None => Kept::Nothing,
            },
        }
    }

    /// Sets the value after a step of a node to a whole number.
    #[inline]
    pub fn set_whole(&mut self, node: u32, index: usize, step: u64, number: i64) {
        let at = self.at(node, index);
        if self.pairs[at].now_is == Form::Large {
            self.make_room(at, step);
        }
        self.pairs[at].set(step, number as u64, Form::Whole);
    }

    /// Sets the value after a step of a node.
    pub fn set(&mut self, node: u32, index: usize, step: u64, value: Value) {
        let at = self.at(node, index);
        let (bits, form) = match value {
            Value::Whole(number) => (number as u64, Form::Whole),
            Value::Truth(truth) => (truth.into(), Form::Truth),
            Value::Real(number) => (number.to_bits(), Form::Real),
            Value::Text(_) | Value::Wide(_) | Value::Failed(_) => (0, Form::Large),
        };
        if form == Form::Large || self.pairs[at].now_is == Form::Large {
            self.make_room(at, step);
        }
        if form == Form::Large {
            self.large[at][0] = Some(value);
        }
        self.pairs[at].set(step, bits, form);
    }

    /// Makes the large value of now the one of before, if the step is a new one.
    #[cold]
    fn make_room(&mut self, at: usize, step: u64) {
        if self.large.is_empty() {
            self.large = vec![[None, None]; self.pairs.len()];
        }
        let pair = &self.pairs[at];
        if pair.now_is == Form::Large && pair.step != step {
            self.large[at][1] = self.large[at][0].take();
        }
    }

    /// Forgets all values of a node.
    pub fn forget(&mut self, node: u32) {
        for index in 0..self.count {
            let at = self.at(node, index);
            self.pairs[at] = Pair::EMPTY;
        }
    }

    #[inline]
    fn at(&self, node: u32, index: usize) -> usize {
        node as usize * self.count + index
    }
}

impl Pair {
    const EMPTY: Pair = Pair {
        step: 0,
        now: 0,
        before: 0,
        now_is: Form::Nothing,
        before_is: Form::Nothing,
    };

    #[inline]
    fn set(&mut self, step: u64, now: u64, form: Form) {
        if self.now_is == Form::Nothing || self.step != step {
            self.before = self.now;
            self.before_is = self.now_is;
            self.step = step;
        }
        self.now = now;
        self.now_is = form;
    }
}

impl Kept<'_> {
    /// As a value of its own; `None` if there is none.
    pub fn value(self) -> Option<Value> {
        match self {
            Kept::Nothing => None,
            Kept::Truth(truth) => Some(Value::Truth(truth)),
            Kept::Whole(number) => Some(Value::Whole(number)),
            Kept::Real(number) => Some(Value::Real(number)),
            Kept::Large(value) => Some(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{Failure, Why};
    use crate::syntax::Span;
    use proptest::prelude::*;

    /// Both values as they are said in the head of the module.
    #[derive(Default)]
    struct Plain {
        step: u64,
        now: Option<Value>,
        before: Option<Value>,
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Whole),
            any::<bool>().prop_map(Value::Truth),
            (-9.0..9.0).prop_map(Value::Real),
            "[ab]".prop_map(|text| Value::Text(text.into())),
            Just(Value::whole(i128::MAX)),
            Just(Value::Failed(Failure {
                why: Why::TooLarge,
                span: Span::new(0, 1),
            })),
        ]
    }

    proptest! {
        /// Two nodes with two `last`s; a node forgets when it gets no value.
        #[test]
        fn values_of_every_form_are_kept_for_one_step(
            told in prop::collection::vec(
                (0_u32..2, 0_usize..2, any::<bool>(), prop::option::weighted(0.9, value())),
                0..30,
            ),
        ) {
            let mut lasts = Lasts::new(2, 2);
            let mut plain: [Plain; 4] = Default::default();
            let mut step = 1;
            for (node, index, next, value) in told {
                step += u64::from(next);
                match value {
                    None => {
                        lasts.forget(node);
                        plain[node as usize * 2] = Plain::default();
                        plain[node as usize * 2 + 1] = Plain::default();
                    }
                    Some(value) => {
                        let of = &mut plain[node as usize * 2 + index];
                        if of.now.is_none() || of.step != step {
                            of.before = of.now.take();
                        }
                        (of.step, of.now) = (step, Some(value.clone()));
                        match value {
                            Value::Whole(number) => lasts.set_whole(node, index, step, number),
                            other => lasts.set(node, index, step, other),
                        }
                    }
                }
                for (at, of) in plain.iter().enumerate() {
                    let (node, index) = (at as u32 / 2, at % 2);
                    prop_assert_eq!(lasts.now(node, index).value(), of.now.clone());
                    for asked in [step, step + 1] {
                        let expected = match of.step == asked {
                            true => &of.before,
                            false => &of.now,
                        };
                        let found = lasts.before(node, index, asked).value();
                        prop_assert_eq!(found, expected.clone());
                    }
                }
            }
        }
    }

    #[test]
    fn two_values_are_in_half_a_cache_line() {
        assert_eq!((size_of::<Pair>(), align_of::<Pair>()), (32, 32));
    }
}
