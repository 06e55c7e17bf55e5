//! Properties that judge the same records together.

use analysis_expression::{Condition, Conditions, Quick};

use super::super::watch::{Context, Watch};

/// Properties whose expressions are evaluated together. *Always* wants its expression to be
/// true. For *never* and *sometimes*, a record is nothing special if it is false.
#[derive(Debug, Default)]
pub struct Line {
    conditions: Conditions,
    /// The watch of each condition.
    watches: Vec<u32>,
    /// Number of records in which all were as wanted. Not yet added to the watches.
    as_wanted: u64,
}

impl Line {
    /// Adds a property to the last of these lines, or to a new one if that has no room.
    pub fn add(
        lines: &mut Vec<Line>,
        watch: u32,
        memory: u32,
        condition: &Condition,
        wanted: bool,
    ) {
        if let Some(last) = lines.last_mut()
            && last.conditions.add(condition, memory, wanted)
        {
            return last.watches.push(watch);
        }
        let mut line = Line::default();
        let added = line.conditions.add(condition, memory, wanted);
        debug_assert!(added, "there is room for one");
        line.watches.push(watch);
        lines.push(line);
    }

    /// Judges a record. Returns whether no later record concerns one of the properties.
    #[inline]
    pub fn judge(&mut self, watches: &mut [Watch], context: Context<'_>) -> bool {
        let all = self
            .conditions
            .all_as_wanted(context.memories, context.record);
        if all {
            self.as_wanted += 1;
            return false;
        }
        self.judge_each(watches, context)
    }

    /// Judges a record in which not all is as wanted.
    #[inline(never)]
    fn judge_each(&self, watches: &mut [Watch], context: Context<'_>) -> bool {
        let mut is_done = false;
        for (index, watch) in self.watches.iter().enumerate() {
            let watch = &mut watches[*watch as usize];
            let found = self
                .conditions
                .as_wanted(index, context.memories, context.record);
            match found {
                Quick::Is(true) => watch.add_evaluated(1),
                Quick::Absent => {}
                Quick::Is(false) | Quick::Unsure => {
                    watch.judge(context);
                    is_done |= watch.is_done();
                }
            }
        }
        is_done
    }

    /// Adds what was counted to the watches, and removes those that this is true of. Returns
    /// whether any are left.
    pub fn settle(&mut self, watches: &mut [Watch], which: impl Fn(&Watch) -> bool) -> bool {
        let settles = |watches: &[Watch], it: &u32| which(&watches[*it as usize]);
        if self.watches.iter().any(|it| settles(watches, it)) {
            let as_wanted = std::mem::take(&mut self.as_wanted);
            for it in &self.watches {
                watches[*it as usize].add_evaluated(as_wanted);
            }
            let own = &self.watches;
            self.conditions
                .retain(|index| !settles(watches, &own[index]));
            self.watches.retain(|it| !settles(watches, it));
        }
        !self.watches.is_empty()
    }
}
