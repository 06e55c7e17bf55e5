//! How often each small value was recorded. The least of them, which are most, are counted
//! beside the histogram itself: of many nodes, each place that is elsewhere is in no cache.

/// Values below this are counted here. Chosen, not tuned.
const FEW: usize = 4;

/// The counts of small values, by value; the last one may be 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Small {
    few: [u32; FEW],
    /// Of the values from [`FEW`] on.
    more: Box<[u32]>,
}

impl Small {
    /// The number of values that have a count.
    #[inline]
    pub fn len(&self) -> usize {
        FEW + self.more.len()
    }

    /// The count of a value, if it has one.
    #[inline]
    pub fn get(&self, value: u64) -> Option<&u32> {
        match self.few.get(value as usize) {
            None => self.more.get((value as usize).wrapping_sub(FEW)),
            count => count,
        }
    }

    /// As [`Small::get`].
    #[inline]
    pub fn get_mut(&mut self, value: u64) -> Option<&mut u32> {
        match self.few.get_mut(value as usize) {
            None => self.more.get_mut((value as usize).wrapping_sub(FEW)),
            count => count,
        }
    }

    /// Has a value counted, and those below it.
    pub fn lengthen(&mut self, value: u64) {
        if value < self.len() as u64 {
            return;
        }
        let length = (value as usize + 1).next_power_of_two() - FEW;
        let mut longer = vec![0; length].into_boxed_slice();
        longer[..self.more.len()].copy_from_slice(&self.more);
        self.more = longer;
    }

    /// All counts, by value.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.few.iter().chain(&self.more).copied()
    }
}
