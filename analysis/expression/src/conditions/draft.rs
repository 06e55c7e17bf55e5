//! Making the program of [`Conditions`].

use super::{
    BYTES, Column, Conditions, FAILED, FIXED, Jump, Last, MESSAGE, Number, QUEUE, REGISTERS, Range,
    STEP, TESTS, TIME, Test, ZERO, register_bit,
};
use crate::operand::{Arithmetic, Cell, Comparison, Operand, Truth, Whole};

/// The tests of one condition, while they are made.
struct Draft<'a> {
    of: &'a mut Conditions,
    /// The index of its memory.
    memory: u32,
    /// By label: the index of a test. Until the draft is ready, tests go on at labels.
    labels: Vec<u16>,
}

/// Where to go on: a label, or [`FAILED`].
#[derive(Clone, Copy)]
struct Next {
    if_so: u16,
    if_not: u16,
}

impl Conditions {
    /// Adds the tests of a condition. Returns `false`, and adds nothing, if there is no room
    /// beside the others. A condition that is too large to have any is one tree.
    pub(super) fn draft(&mut self, truth: &Truth, memory: u32, wanted: bool) -> bool {
        let (numbers, jumping, trees) = (self.numbers.len(), self.jumping.len(), self.trees.len());
        let drawn = self.drawn(memory, |draft, next| draft.truth(truth, wanted, next));
        if drawn.is_none() {
            let is_known = |register: u8| usize::from(register) < FIXED + numbers;
            self.numbers.truncate(numbers);
            self.needs.truncate(FIXED + numbers);
            self.columns.retain(|it| is_known(it.register));
            self.lasts.retain(|it| is_known(it.register));
            self.others.retain(|register| is_known(*register));
            self.jumping.truncate(jumping);
            self.trees.truncate(trees);
            let tree = |draft: &mut Draft<'_>, next| draft.tree(truth, wanted, next);
            if !self.all.is_empty() || self.drawn(memory, tree).is_none() {
                return false;
            }
        }
        self.make_plain(jumping);
        true
    }

    /// Adds tests that come to their end if a condition is as wanted. `None` if there is no
    /// room; some of them may be there.
    fn drawn(
        &mut self,
        memory: u32,
        tests: impl FnOnce(&mut Draft<'_>, Next) -> Option<()>,
    ) -> Option<()> {
        let first = self.jumping.len();
        let mut draft = Draft {
            of: self,
            memory,
            labels: Vec::new(),
        };
        let end = draft.label();
        let next = Next {
            if_so: end,
            if_not: FAILED,
        };
        tests(&mut draft, next)?;
        draft.place(end);
        let labels = draft.labels;
        for next in self.jumping[first..].iter_mut().flat_map(|it| &mut it.next) {
            if let Some(test) = labels.get(usize::from(*next)) {
                *next = *test;
            }
        }
        Some(())
    }

    /// If all tests from `first` on have to hold, they need not say where to go on.
    fn make_plain(&mut self, first: usize) {
        let own = &self.jumping[first..];
        let mut after = (first as u16 + 1)..;
        let is_plain =
            |it: &Jump| it.tree.is_none() && Some(it.next) == after.next().map(|at| [at, FAILED]);
        if own.iter().all(is_plain) {
            self.plain.extend(own.iter().map(|it| it.test));
            self.jumping.truncate(first);
        }
    }
}

impl Draft<'_> {
    fn label(&mut self) -> u16 {
        self.labels.push(FAILED);
        self.labels.len() as u16 - 1
    }

    /// The next test is that of a label.
    fn place(&mut self, label: u16) {
        self.labels[usize::from(label)] = self.of.jumping.len() as u16;
    }

    /// Adds the tests for whether a truth is as wanted.
    fn truth(&mut self, truth: &Truth, wanted: bool, next: Next) -> Option<()> {
        match truth {
            Truth::Not(inner) => self.truth(inner, !wanted, next),
            Truth::And(both) if wanted => self.all((truth, true), both, [true, true], next),
            Truth::And(both) => self.any(both, [false, false], next),
            Truth::Or(both) if wanted => self.any(both, [true, true], next),
            Truth::Or(both) => self.all((truth, false), both, [false, false], next),
            Truth::Implies(both) if wanted => self.any(both, [false, true], next),
            Truth::Implies(both) => self.all((truth, false), both, [true, false], next),
            Truth::Column(column) => self.equals(Number::Truth(*column), 1, wanted, next),
            Truth::NodeIs(node) => self.equals(Number::Node, (*node).into(), wanted, next),
            Truth::PeerIs(node) => self.equals(Number::Peer, (*node).into(), wanted, next),
            Truth::CompareColumn(comparison, column, constant) => {
                match Range::of(comparison.or_opposite(wanted), *constant) {
                    Some(range) => {
                        let column = self.number(Number::Column(*column))?;
                        self.test([column, ZERO], range, next)
                    }
                    None => self.tree(truth, wanted, next),
                }
            }
            Truth::CompareWhole(comparison, both) => {
                match self.compare(comparison.or_opposite(wanted), both)? {
                    Some((registers, range)) => self.test(registers, range, next),
                    None => self.tree(truth, wanted, next),
                }
            }
            Truth::Has(inner) => match &**inner {
                Operand::Whole(inner) | Operand::Duration(inner) => {
                    let needs = register_bit(self.whole(inner)?);
                    let always = Range::new(0, 0);
                    let present = if wanted { needs } else { 0 };
                    self.push_test(needs, present, always, [ZERO; 2], next)
                }
                Operand::Truth(_) | Operand::Real(_) | Operand::Text(_) => {
                    self.tree(truth, wanted, next)
                }
            },
            Truth::Const(_)
            | Truth::Cell(_)
            | Truth::Same(_)
            | Truth::CompareReal(..)
            | Truth::CompareMixed(..)
            | Truth::EqualText(_)
            | Truth::EventIs(_) => self.tree(truth, wanted, next),
        }
    }

    /// Adds the tests for whether any of two truths is as wanted.
    fn any(&mut self, both: &[Truth; 2], wanted: [bool; 2], next: Next) -> Option<()> {
        let second = self.label();
        let if_not = second;
        self.truth(&both[0], wanted[0], Next { if_not, ..next })?;
        self.place(second);
        self.truth(&both[1], wanted[1], next)
    }

    /// Adds the tests for whether both parts of a truth are as wanted; then `whole` is, too.
    fn all(
        &mut self,
        whole: (&Truth, bool),
        both: &[Truth; 2],
        wanted: [bool; 2],
        next: Next,
    ) -> Option<()> {
        let (tests, trees) = (self.of.jumping.len(), self.of.trees.len());
        let second = self.label();
        let if_so = second;
        self.truth(&both[0], wanted[0], Next { if_so, ..next })?;
        self.place(second);
        let trees_of_first = self.of.trees.len();
        self.truth(&both[1], wanted[1], next)?;
        // If the first one is absent, the second one is not looked at, but it would fail.
        let mut of_second = self.of.trees[trees_of_first..].iter();
        if next.if_not != FAILED && !of_second.all(|(_, tree, _)| tree.never_fails()) {
            self.of.jumping.truncate(tests);
            self.of.trees.truncate(trees);
            return self.tree(whole.0, whole.1, next);
        }
        Some(())
    }

    /// Adds a test for whether a number is this one.
    fn equals(&mut self, number: Number, other: i64, wanted: bool, next: Next) -> Option<()> {
        let comparison = Comparison::Equal.or_opposite(wanted);
        let range = Range::of(comparison, other)?;
        let register = self.number(number)?;
        self.test([register, ZERO], range, next)
    }

    /// The registers for a comparison, and the range of their difference. The inner `None`:
    /// there is no such range.
    fn compare(
        &mut self,
        comparison: Comparison,
        both: &[Whole; 2],
    ) -> Option<Option<([u8; 2], Range)>> {
        let [a, b] = both;
        let (whole, comparison, constant) = match (constant(a), constant(b)) {
            (_, Some(b)) => (a, comparison, b),
            (Some(a), None) => (b, comparison.mirrored(), a),
            (None, None) => {
                let registers = [self.whole(a)?, self.whole(b)?];
                return Some(Range::of(comparison, 0).map(|range| (registers, range)));
            }
        };
        let registers = match whole {
            Whole::Arithmetic(Arithmetic::Subtract, both, _) => {
                [self.whole(&both[0])?, self.whole(&both[1])?]
            }
            whole => [self.whole(whole)?, ZERO],
        };
        Some(Range::of(comparison, constant).map(|range| (registers, range)))
    }

    /// The register of a number; `None` if there is none left.
    fn whole(&mut self, whole: &Whole) -> Option<u8> {
        let memory = self.memory;
        let number = match whole {
            Whole::Time => return Some(TIME),
            Whole::Step => return Some(STEP),
            Whole::Message => return Some(MESSAGE),
            Whole::Bytes => return Some(BYTES),
            Whole::Queue => return Some(QUEUE),
            Whole::Column(column) => Number::Column(*column),
            Whole::Cell(Cell::Last(index)) => Number::Last {
                memory,
                index: *index,
            },
            Whole::Negate(inner, _) => Number::Negate(self.whole(inner)?),
            Whole::Abs(inner, _) => Number::Abs(self.whole(inner)?),
            Whole::Arithmetic(operator, both, _) => {
                Number::Arithmetic(*operator, self.whole(&both[0])?, self.whole(&both[1])?)
            }
            Whole::Const(_) | Whole::Cell(_) | Whole::Rounded(..) => match constant(whole) {
                Some(number) => Number::Const(number),
                None => Number::Tree(Box::new((memory, whole.clone()))),
            },
        };
        self.number(number)
    }

    fn number(&mut self, number: Number) -> Option<u8> {
        let of = &mut *self.of;
        if let Some(known) = of.numbers.iter().position(|it| *it == number) {
            return Some((FIXED + known) as u8);
        }
        let register = Some(of.needs.len()).filter(|it| *it < REGISTERS)? as u8;
        let needs = |inner: u8| of.needs[usize::from(inner)];
        let inner = match number {
            Number::Negate(a) | Number::Abs(a) => needs(a),
            Number::Arithmetic(_, a, b) => needs(a) | needs(b),
            _ => 0,
        };
        match number {
            Number::Column(column) => of.columns.push(Column {
                register,
                of: column,
            }),
            Number::Last { memory, index } => of.lasts.push(Last {
                register,
                memory,
                index,
            }),
            _ => of.others.push(register),
        }
        of.needs.push(inner | register_bit(register));
        of.numbers.push(number);
        Some(register)
    }

    /// Adds a test for whether the difference of two registers is in a range.
    fn test(&mut self, registers: [u8; 2], range: Range, next: Next) -> Option<()> {
        let needs = registers
            .map(register_bit)
            .iter()
            .fold(0, |all, it| all | it);
        self.push_test(needs, needs, range, registers, next)
    }

    fn push_test(
        &mut self,
        needs: u64,
        present: u64,
        range: Range,
        [a, b]: [u8; 2],
        next: Next,
    ) -> Option<()> {
        let test = Test {
            needs,
            present,
            range,
            a,
            b,
        };
        self.push(test, None, next)
    }

    /// Adds a test for a truth that is evaluated as it is.
    fn tree(&mut self, truth: &Truth, wanted: bool, next: Next) -> Option<()> {
        let tree = self.of.trees.len() as u16;
        self.of.trees.push((self.memory, truth.clone(), wanted));
        let unused = Test {
            needs: 0,
            present: 0,
            range: Range::new(0, 0),
            a: ZERO,
            b: ZERO,
        };
        self.push(unused, Some(tree), next)
    }

    fn push(&mut self, test: Test, tree: Option<u16>, next: Next) -> Option<()> {
        if self.of.jumping.len() + self.of.plain.len() >= TESTS {
            return None;
        }
        self.of.jumping.push(Jump {
            test,
            tree,
            next: [next.if_so, next.if_not],
        });
        Some(())
    }
}

/// The constant, if it is one of 64 bits.
fn constant(whole: &Whole) -> Option<i64> {
    match whole {
        Whole::Const(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}
