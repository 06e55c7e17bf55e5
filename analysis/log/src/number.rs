//! Numbers in the cells of a log, fast and exact.

/// The unsigned integer at `at` and where its digits end; `None` if there is no
/// digit, the number has more than 64 bits, or fewer than 8 bytes follow a digit.
///
/// Eight digits at a time: a byte is a digit when its high half is 3 and its low
/// half at most 9; their values are combined pairwise, three multiplications for
/// eight digits (Lemire, "Quickly parsing eight digits", 2018).
#[inline]
pub(super) fn unsigned(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    const ONES: u64 = u64::MAX / 255;
    let mut end = at;
    let mut value = 0u64;
    loop {
        let chunk = u64::from_le_bytes(bytes.get(end..end + 8)?.try_into().ok()?);
        let digits = chunk ^ (ONES * 0x30);
        // The high bit of each byte that is no digit. A carry changes only bytes
        // after the first of these.
        let others = (digits.wrapping_add(ONES * 0x76) | digits) & (ONES << 7);
        let count = others.trailing_zeros() as usize / 8;
        if count > 0 {
            // Shifted to the high end: the bytes before them are zeros.
            let part = eight_digits(digits << (64 - 8 * count));
            value = match end == at {
                true => part,
                false => value.checked_mul(TENS[count])?.checked_add(part)?,
            };
        }
        end += count;
        if count < 8 {
            return (end > at).then_some((value, end));
        }
    }
}

/// 10^0 to 10^8.
const TENS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

/// The number of eight digits 0 to 9, the first in the lowest byte.
#[inline]
fn eight_digits(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// A decimal number of units of `unit_ns` `[ns]` in whole nanoseconds, rounded down;
/// `None` if it is no such number, is negative, or has more than 64 bits.
pub(super) fn decimal_ns(text: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let whole: u64 = match whole {
        "" => 0,
        _ => whole.parse().ok()?,
    };
    let mut ns = whole.checked_mul(unit_ns)?;
    let mut place = unit_ns;
    for digit in fraction.bytes() {
        place /= 10;
        ns = ns.checked_add(u64::from(digit - b'0') * place)?;
    }
    Some(ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<(u64, usize)> {
        unsigned(format!("{text}\0\0\0\0\0\0\0\0").as_bytes(), 0)
    }

    #[test]
    fn digits_end_at_anything_else() {
        assert_eq!(read("7,8"), Some((7, 1)));
        assert_eq!(read("12345678,"), Some((12_345_678, 8)));
        assert_eq!(read("123456789012\n"), Some((123_456_789_012, 12)));
        assert_eq!(read("18446744073709551615"), Some((u64::MAX, 20)));
        for none in [
            "",
            ",",
            "-1",
            "18446744073709551616",
            "99999999999999999999999",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
        for (byte, code) in (0..=255u8).map(|code| (code as char, code)) {
            let mut bytes = [0; 16];
            (bytes[0], bytes[1]) = (b'4', code);
            let expected = match byte.to_digit(10) {
                Some(digit) => (40 + u64::from(digit), 2),
                None => (4, 1),
            };
            assert_eq!(unsigned(&bytes, 0), Some(expected), "byte {code}");
        }
    }

    #[test]
    fn decimals_are_exact_and_cut_at_the_nanosecond() {
        const MS: u64 = 1_000_000;
        assert_eq!(decimal_ns("12.5", MS), Some(12_500_000));
        assert_eq!(decimal_ns("0.0000019", MS), Some(1));
        assert_eq!(decimal_ns(".5", 1_000_000_000), Some(500_000_000));
        for bad in ["", ".", "-1", "1e3", "1.2.3", "18446744073709551615"] {
            assert_eq!(decimal_ns(bad, MS), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_was_written(value: u64, shift in 0u32..64, rest in "[,\n][0-9,]{0,9}") {
            let value = value >> shift;
            let text = value.to_string();
            prop_assert_eq!(read(&format!("{text}{rest}")), Some((value, text.len())));
        }
    }
}
