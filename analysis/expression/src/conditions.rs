//! Several conditions about one record, evaluated together.
//!
//! # The problem
//!
//! A tree (module `quick`) costs a call and some jumps for each of its parts, and five
//! properties are five trees. Nearly always, all that comes out is that everything is as it
//! should be.
//!
//! # The idea
//!
//! The conditions of the records of one kind of node and one event are known before the run,
//! and so is what each of them is to be. So they become one short program with one question:
//! is each as wanted? It has two parts.
//!
//! 1. Numbers: each that a condition reads gets a register, once for all conditions.
//! 2. Tests. Every comparison of whole numbers asks whether the difference of two registers
//!    is in a range: `a > b` is `a - b` in `1..=MAX`, and `x <= 7` is `x - 0` in `MIN..=7`.
//!    So all tests are the same few machine instructions. Most conditions are tests that
//!    all have to hold. In the others, a test says where to go on if it holds and if it does
//!    not (short-circuit code; Aho, Sethi, Ullman, Compilers, 8.4).
//!
//! A test on a number that is absent does not hold, and neither does its opposite. So what
//! comes to the end is as wanted, by the rules of [`crate`] for absent values. Of what does
//! not, nothing is known yet: the record is looked at again, by the trees.
//!
//! A number that does not fit into 64 bits is *unsure*. A condition that reads it is left to
//! the trees, too. Parts for which there is no test (real numbers, texts) are trees within
//! the program.

mod draft;

use analysis_log::NO_PEER;

use crate::evaluate::{At, Record};
use crate::memory::Memory;
use crate::operand::{Arithmetic, Comparison, Truth, Whole, WholeColumn};
use crate::program::Condition;
use crate::value::Quick;

/// Number of registers: a bit of a `u64` each.
const REGISTERS: usize = u64::BITS as usize;
/// The registers that every program has: zero, and the standard columns.
const ZERO: u8 = 0;
const TIME: u8 = 1;
const STEP: u8 = 2;
const MESSAGE: u8 = 3;
const BYTES: u8 = 4;
const QUEUE: u8 = 5;
/// Their number.
const FIXED: usize = 6;
/// Greatest number of tests. What is longer than that is evaluated as a tree.
const TESTS: usize = 1024;
/// In place of a next test: the condition is not as wanted, or that is not known.
const FAILED: u16 = u16::MAX;

/// Conditions that are evaluated together.
#[derive(Clone, Debug)]
pub struct Conditions {
    all: Vec<Wanted>,
    /// By register, from [`FIXED`] on.
    numbers: Vec<Number>,
    columns: Vec<Column>,
    lasts: Vec<Last>,
    /// The registers of the other numbers.
    others: Vec<u8>,
    /// Tests that have to hold.
    plain: Vec<Test>,
    /// Tests that say where to go on.
    jumping: Vec<Jump>,
    /// Truths that are evaluated as they are: the index of the memory, and what it is to be.
    trees: Vec<(u32, Truth, bool)>,
    /// By register: the registers that it is computed of, and itself, as bits.
    needs: Vec<u64>,
    /// By register: the number, for the record that is evaluated. As long as what a `u8` can
    /// say, so that no index is out of bounds.
    values: Box<[i64; 256]>,
    /// The registers with a value for this record, as bits.
    present: u64,
    /// The registers that are unsure for this record, as bits.
    unsure: u64,
}

/// A condition, and what it is to be.
#[derive(Clone, Debug)]
struct Wanted {
    condition: Condition,
    /// The index of its memory.
    memory: u32,
    truth: bool,
    /// Its tests in [`Conditions::plain`].
    plain: [usize; 2],
    /// Its tests in [`Conditions::jumping`].
    jumping: [u16; 2],
    /// The registers that it reads, as bits.
    needs: u64,
}

/// A column of whole numbers that is read into a register.
#[derive(Clone, Copy, Debug)]
struct Column {
    register: u8,
    of: WholeColumn,
}

/// A `last` that is read into a register.
#[derive(Clone, Copy, Debug)]
struct Last {
    register: u8,
    memory: u32,
    index: usize,
}

/// What is in a register.
#[derive(Clone, Debug, PartialEq)]
enum Number {
    Column(WholeColumn),
    Last {
        memory: u32,
        index: usize,
    },
    Const(i64),
    Node,
    Peer,
    /// A column of truths, as 0 or 1.
    Truth(usize),
    Negate(u8),
    Abs(u8),
    Arithmetic(Arithmetic, u8, u8),
    Tree(Box<(u32, Whole)>),
}

/// Whether the difference of two registers, `a - b`, is in a range.
#[derive(Clone, Copy, Debug)]
struct Test {
    /// The registers that matter, as bits.
    needs: u64,
    /// Those of them that have to have a value; the others must have none.
    present: u64,
    range: Range,
    a: u8,
    b: u8,
}

/// A question, and where to go on.
#[derive(Clone, Copy, Debug)]
struct Jump {
    test: Test,
    /// A tree that is asked instead.
    tree: Option<u16>,
    /// The next one, if this one holds, and if it does not.
    next: [u16; 2],
}

/// Numbers from `first` on, past the greatest one to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: i64,
    /// Number of those after the first.
    more: u64,
}

impl Conditions {
    /// None yet.
    pub fn new() -> Conditions {
        Conditions {
            all: Vec::new(),
            numbers: Vec::new(),
            columns: Vec::new(),
            lasts: Vec::new(),
            others: Vec::new(),
            plain: Vec::new(),
            jumping: Vec::new(),
            trees: Vec::new(),
            needs: (0..FIXED).map(|register| 1 << register).collect(),
            values: Box::new([0; 256]),
            present: 0,
            unsure: 0,
        }
    }

    /// Adds a condition that is to be `wanted`, with the index of its memory. Returns
    /// `false`, and adds nothing, if there is no room for it beside the others.
    pub fn add(&mut self, condition: &Condition, memory: u32, wanted: bool) -> bool {
        let (plain, jumping) = (self.plain.len(), self.jumping.len());
        if !self.draft(condition.truth(), memory, wanted) {
            return false;
        }
        let jumps = self.jumping[jumping..].iter().map(|it| it.test.needs);
        let tests = self.plain[plain..].iter().map(|it| it.needs);
        let own = tests.chain(jumps).fold(0, |all, needs| all | needs);
        let needs = (0..).zip(&self.needs);
        let needs = needs.filter(|(register, _)| bit(own, *register));
        self.all.push(Wanted {
            needs: needs.fold(0, |all, (_, needs)| all | needs),
            condition: condition.clone(),
            memory,
            truth: wanted,
            plain: [plain, self.plain.len()],
            jumping: [jumping as u16, self.jumping.len() as u16],
        });
        true
    }

    /// Removes all conditions but those that this is true of, by the order in which they
    /// were added.
    pub fn retain(&mut self, is_kept: impl Fn(usize) -> bool) {
        let all = std::mem::take(self).all;
        for (index, it) in all.into_iter().enumerate() {
            if is_kept(index) {
                let added = self.add(&it.condition, it.memory, it.truth);
                debug_assert!(added, "fewer need no more room");
            }
        }
    }

    /// Evaluates the conditions for a record. Returns whether each of them is as wanted.
    // In a function of its own, its variables stay in machine registers.
    #[inline(never)]
    pub fn all_as_wanted(&mut self, memories: &[Memory], record: &Record<'_>) -> bool {
        self.read(memories, record);
        self.unsure == 0
            && self.holds(&self.plain)
            && (self.jumping.is_empty()
                || self.passes([0, self.jumping.len() as u16], memories, record))
    }

    /// Whether a condition is as wanted, for the record that was evaluated last.
    pub fn as_wanted(&self, index: usize, memories: &[Memory], record: &Record<'_>) -> Quick<bool> {
        let it = &self.all[index];
        if it.needs & self.unsure == 0
            && self.holds(&self.plain[it.plain[0]..it.plain[1]])
            && self.passes(it.jumping, memories, record)
        {
            return Quick::Is(true);
        }
        let memory = &memories[it.memory as usize];
        let truth = it.condition.truth().quick(&At { record, memory });
        truth.map(|truth| truth == it.truth)
    }

    /// Finds the numbers of a record.
    #[inline(always)]
    fn read(&mut self, memories: &[Memory], record: &Record<'_>) {
        let row = record.row;
        (self.present, self.unsure) = (1 << ZERO, 0);
        let fixed = [row.time_ns, row.step, row.message, row.bytes, row.queue];
        for (register, number) in (TIME..).zip(fixed) {
            self.values[usize::from(register)] = number as i64;
        }
        if fixed.iter().fold(0, |all, number| all | number) > i64::MAX as u64 {
            self.unsure = unsure_of(fixed);
        }
        self.present |= 1 << TIME | 1 << STEP | 1 << QUEUE;
        if row.message > 0 {
            self.present |= 1 << MESSAGE | 1 << BYTES;
        }
        for column in &self.columns {
            let Some(raw) = record.columns.raw(column.of.index) else {
                continue;
            };
            if column.of.signed || raw <= i64::MAX as u64 {
                self.values[usize::from(column.register)] = raw as i64;
                self.present |= register_bit(column.register);
            } else {
                self.unsure |= register_bit(column.register);
            }
        }
        for last in &self.lasts {
            match memories[last.memory as usize].quick_last(last.index, row) {
                Quick::Is(number) => {
                    self.values[usize::from(last.register)] = number;
                    self.present |= register_bit(last.register);
                }
                Quick::Absent => {}
                Quick::Unsure => self.unsure |= register_bit(last.register),
            }
        }
        for register in &self.others {
            let number = &self.numbers[usize::from(*register) - FIXED];
            match number.value(&self.values, self.present, memories, record) {
                Quick::Is(number) => {
                    self.values[usize::from(*register)] = number;
                    self.present |= register_bit(*register);
                }
                Quick::Absent => {}
                Quick::Unsure => self.unsure |= register_bit(*register),
            }
        }
    }

    /// Whether all of these tests hold.
    #[inline(always)]
    fn holds(&self, tests: &[Test]) -> bool {
        for test in tests {
            let (difference, overflows) = self.difference(test);
            if !self.is_about(test) || overflows || !test.range.has(difference) {
                return false;
            }
        }
        true
    }

    /// Whether tests, which say where to go on, come to the end.
    #[inline]
    fn passes(&self, [mut at, end]: [u16; 2], memories: &[Memory], record: &Record<'_>) -> bool {
        // Each goes on at a later one, or fails.
        while at < end {
            let Some(jump) = self.jumping.get(usize::from(at)) else {
                return false;
            };
            let holds = if let Some(tree) = jump.tree {
                let (memory, truth, wanted) = &self.trees[usize::from(tree)];
                let memory = &memories[*memory as usize];
                match truth.quick(&At { record, memory }) {
                    Quick::Is(truth) => truth == *wanted,
                    Quick::Absent => false,
                    Quick::Unsure => return false,
                }
            } else if self.is_about(&jump.test) {
                let (difference, overflows) = self.difference(&jump.test);
                if overflows {
                    return false;
                }
                jump.test.range.has(difference)
            } else {
                false
            };
            at = jump.next[usize::from(!holds)];
        }
        at == end
    }

    /// Whether the registers of a test have values, or none, as they should.
    #[inline(always)]
    fn is_about(&self, test: &Test) -> bool {
        self.present & test.needs == test.present
    }

    #[inline(always)]
    fn difference(&self, test: &Test) -> (i64, bool) {
        let [a, b] = [test.a, test.b].map(|register| self.values[usize::from(register)]);
        a.overflowing_sub(b)
    }
}

impl Default for Conditions {
    fn default() -> Conditions {
        Conditions::new()
    }
}

#[inline(always)]
fn register_bit(register: u8) -> u64 {
    1 << (usize::from(register) % REGISTERS)
}

#[inline]
fn bit(bits: u64, register: u8) -> bool {
    bits & register_bit(register) != 0
}

/// Of the standard columns, those that do not fit.
#[cold]
fn unsure_of(fixed: [u64; FIXED - 1]) -> u64 {
    let unsure = (TIME..).zip(fixed).filter(|(register, number)| {
        let is_there = *register != BYTES || fixed[usize::from(MESSAGE - TIME)] > 0;
        is_there && *number > i64::MAX as u64
    });
    unsure.fold(0, |all, (register, _)| all | register_bit(register))
}

impl Number {
    /// The numbers that are not read by lists of their own. A number of which a part is
    /// absent or unsure is absent.
    fn value(
        &self,
        values: &[i64; 256],
        present: u64,
        memories: &[Memory],
        record: &Record<'_>,
    ) -> Quick<i64> {
        let row = record.row;
        let value = |register: &u8| values[usize::from(*register)];
        match self {
            // Read before.
            Number::Column(_) | Number::Last { .. } => Quick::Unsure,
            Number::Const(number) => Quick::Is(*number),
            Number::Node => Quick::Is(row.node.into()),
            Number::Peer if row.peer == NO_PEER => Quick::Absent,
            Number::Peer => Quick::Is(row.peer.into()),
            Number::Truth(column) => match record.columns.raw(*column) {
                Some(raw) => Quick::Is((raw != 0).into()),
                None => Quick::Absent,
            },
            Number::Negate(a) | Number::Abs(a) if !bit(present, *a) => Quick::Absent,
            Number::Negate(a) => Quick::sure(value(a).checked_neg()),
            Number::Abs(a) => Quick::sure(value(a).checked_abs()),
            Number::Arithmetic(_, a, b) if !(bit(present, *a) && bit(present, *b)) => Quick::Absent,
            Number::Arithmetic(operator, a, b) => {
                Quick::sure(operator.in_64_bits(value(a), value(b)))
            }
            Number::Tree(tree) => {
                let (memory, whole) = &**tree;
                let memory = &memories[*memory as usize];
                whole.quick(&At { record, memory })
            }
        }
    }
}

impl Range {
    const fn new(first: i64, last: i64) -> Range {
        Range {
            first,
            more: last.wrapping_sub(first) as u64,
        }
    }

    /// The numbers that are in this order to another one; `None` if there are none.
    fn of(comparison: Comparison, other: i64) -> Option<Range> {
        let (below, above) = (other.checked_sub(1), other.checked_add(1));
        Some(match comparison {
            Comparison::Less => Range::new(i64::MIN, below?),
            Comparison::AtMost => Range::new(i64::MIN, other),
            Comparison::Equal => Range::new(other, other),
            Comparison::AtLeast => Range::new(other, i64::MAX),
            Comparison::Greater => Range::new(above?, i64::MAX),
            // All but one.
            Comparison::Unequal => Range::new(other.wrapping_add(1), other.wrapping_sub(1)),
        })
    }

    #[inline(always)]
    fn has(self, number: i64) -> bool {
        number.wrapping_sub(self.first) as u64 <= self.more
    }
}
