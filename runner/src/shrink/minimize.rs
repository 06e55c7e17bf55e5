//! How sets and numbers become smaller, whatever they stand for.
//!
//! Sets: delta debugging, the algorithm *ddmin* of A. Zeller and R. Hildebrandt,
//! "Simplifying and Isolating Failure-Inducing Input" (IEEE Transactions on Software
//! Engineering 28(2), 2002). The set is cut into `n` parts. If one part alone still fails,
//! it is the new set; otherwise, if the rest without one part still fails, that is; otherwise
//! `n` doubles, until the parts are single elements. The result is 1-minimal: no single
//! element can be left out.
//!
//! Numbers: the special minimum is tried first, then numbers that double, so a number that
//! hardly matters takes few tries, and one that matters takes a logarithm of its size.

/// The parts of a set that ddmin tries next: first each part alone, then the set without
/// each part.
pub fn parts<T: Clone>(set: &[T], count: usize) -> Vec<(Vec<T>, usize)> {
    let chunk = |index: usize| set.len() * index / count..set.len() * (index + 1) / count;
    let mut all = Vec::new();
    for index in 0..count {
        all.push((set[chunk(index)].to_vec(), 2));
    }
    if count > 2 {
        for index in 0..count {
            let range = chunk(index);
            let rest = [&set[..range.start], &set[range.end..]].concat();
            all.push((rest, (count - 1).max(2)));
        }
    }
    all
}

/// Makes a set smaller. `first` tries sets in their order, and returns the index of the
/// first that still fails, or none. The empty set is tried first.
pub fn ddmin<T: Clone>(set: Vec<T>, mut first: impl FnMut(&[Vec<T>]) -> Option<usize>) -> Vec<T> {
    if set.is_empty() || first(&[Vec::new()]).is_some() {
        return Vec::new();
    }
    let (mut set, mut count) = (set, 2);
    while set.len() >= 2 {
        count = count.min(set.len());
        let candidates = parts(&set, count);
        let sets: Vec<Vec<T>> = candidates.iter().map(|(set, _)| set.clone()).collect();
        match first(&sets) {
            Some(index) => (set, count) = candidates[index].clone(),
            None if count == set.len() => break,
            None => count *= 2,
        }
    }
    set
}

/// Smaller values to try in place of a whole number above 0: 0, 1, then powers of two.
pub fn smaller(number: i64) -> Vec<i64> {
    let doubled = (0..62).map(|power| 1_i64 << power);
    std::iter::once(0)
        .chain(doubled)
        .take_while(|it| *it < number)
        .collect()
}

/// Round numbers to try in place of one above 0: 0, 1, 2, 5, 10, 20, and so on. Each has one
/// digit, so the number that works is not less round than a larger one.
pub fn rounder(number: u64) -> Vec<u64> {
    let tens = (0..19).map(|power| 10_u64.pow(power));
    let series = tens.flat_map(|ten| [1, 2, 5].map(|part| ten * part));
    let mut all: Vec<u64> = std::iter::once(0)
        .chain(series)
        .take_while(|it| *it < number)
        .collect();
    for count in 1..=2 {
        all.extend([rounded_down(number, count), rounded_up(number, count)]);
    }
    all.retain(|it| {
        *it != number && (digits(*it) <= 1 && *it < number || digits(*it) < digits(number))
    });
    all
}

/// A number rounded up to so many significant decimal digits.
pub fn rounded_up(number: u64, digits: u32) -> u64 {
    let unit = unit(number, digits);
    number.div_ceil(unit).saturating_mul(unit)
}

/// A number rounded down to so many significant decimal digits.
pub fn rounded_down(number: u64, digits: u32) -> u64 {
    let unit = unit(number, digits);
    number / unit * unit
}

fn unit(number: u64, digits: u32) -> u64 {
    let length = number.checked_ilog10().unwrap_or(0) + 1;
    10_u64.pow(length.saturating_sub(digits))
}

/// The number of significant decimal digits.
pub fn digits(mut number: u64) -> u32 {
    while number != 0 && number.is_multiple_of(10) {
        number /= 10;
    }
    number.checked_ilog10().map_or(0, |length| length + 1)
}

/// Shorter times to try in place of one `[ns]`: 0, then rising and round, in whole
/// milliseconds, or finer if the time is; at last the same time with fewer digits.
pub fn shorter(time: u64) -> Vec<u64> {
    let unit = [1_000_000, 1_000, 1].into_iter().find(|unit| time > *unit);
    let unit = unit.unwrap_or(1);
    let mut all: Vec<u64> = rounder(time / unit)
        .into_iter()
        .map(|number| number * unit)
        .collect();
    all.extend((1..=2).flat_map(|count| [rounded_down(time, count), rounded_up(time, count)]));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|it| {
        let rounder = digits(*it) < digits(time) || digits(*it) <= 1 && *it < time;
        rounder && *it != time && seen.insert(*it)
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn minimal(set: Vec<u32>, fails: impl Fn(&[u32]) -> bool) -> (Vec<u32>, usize) {
        let mut tries = 0;
        let kept = ddmin(set, |sets| {
            let found = sets.iter().position(|set| fails(set));
            tries += found.map_or(sets.len(), |at| at + 1);
            found
        });
        (kept, tries)
    }

    #[test]
    fn a_single_cause_is_found_in_a_logarithm_of_tries() {
        let (kept, tries) = minimal((0..1024).collect(), |set| set.contains(&777));
        assert_eq!(kept, [777]);
        assert!(tries < 40, "{tries}");
        assert_eq!(minimal(vec![1, 2], |_| true), (vec![], 1));
    }

    proptest! {
        #[test]
        fn the_result_fails_and_no_element_can_be_left_out(
            size in 1..40u32,
            needed in proptest::collection::btree_set(0..40u32, 0..6),
        ) {
            let needed: Vec<u32> = needed.into_iter().filter(|it| *it < size).collect();
            let fails = |set: &[u32]| needed.iter().all(|it| set.contains(it));
            let (kept, _) = minimal((0..size).collect(), fails);
            prop_assert_eq!(kept, needed);
        }
    }

    #[test]
    fn numbers_begin_at_their_minimum_and_become_round() {
        assert_eq!(smaller(5), [0, 1, 2, 4]);
        assert_eq!(smaller(1), [0]);
        assert_eq!(rounder(7), [0, 1, 2, 5]);
        assert_eq!(rounder(256)[..5], [0, 1, 2, 5, 10]);
        assert!(rounder(256).ends_with(&[200, 300, 250, 260]));
        assert!(rounder(300).iter().all(|it| *it < 300));
        assert_eq!(rounded_up(5_509_974_026, 1), 6_000_000_000);
        assert_eq!(rounded_down(5_509_974_026, 2), 5_500_000_000);
        assert_eq!(rounded_up(0, 1), 0);
        assert_eq!(digits(5_500), 2);
        assert_eq!(shorter(5_000_000), [0, 1_000_000, 2_000_000]);
        assert_eq!(shorter(1_000_000)[..3], [0, 1_000, 2_000]);
        assert!(shorter(12_345).contains(&12_000));
        assert_eq!(shorter(2), [0, 1]);
        assert!(shorter(0).is_empty());
    }
}
