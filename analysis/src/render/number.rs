//! Numbers as text for readers: significant digits only, commas between thousands.

/// A value with `decimals` places and commas between thousands. `-0` is `0`;
/// from 10^15, it has an exponent.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value.abs() >= 1e15 {
        return format!("{value:.2e}");
    }
    let text = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let zero = text.bytes().all(|byte| byte == b'0' || byte == b'.');
    let mut out = String::with_capacity(text.len() + 8);
    if value < 0.0 && !zero {
        out.push('\u{2212}');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

/// A whole number with commas between thousands.
pub fn whole(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + 6);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The number of decimals with which these numbers have three significant digits; 0 if
/// all of them are whole.
pub fn decimals(values: impl IntoIterator<Item = f64>) -> usize {
    let (mut largest, mut all_whole) = (0.0_f64, true);
    for value in values.into_iter().filter(|value| value.is_finite()) {
        largest = largest.max(value.abs());
        all_whole &= value.fract() == 0.0;
    }
    if all_whole || largest >= 1000.0 {
        0
    } else if largest >= 100.0 {
        1
    } else if largest >= 0.1 {
        2
    } else {
        // The first significant digit and two more, up to nine places.
        ((2.0 - largest.log10().floor()) as usize).min(9)
    }
}

/// A number for a sentence: at most three significant digits, unless it is whole; no
/// trailing zeros.
pub fn short(value: f64) -> String {
    let places = if value.fract() == 0.0 || value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        decimals([value])
    };
    let text = fixed(value, places);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A share in percent, with at most two decimals: 93.75, 97.85, 50.
pub fn percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1 run`, `2 runs`, `12,000 runs`.
pub fn count(value: u64, noun: &str) -> String {
    if value == 1 {
        format!("1 {noun}")
    } else {
        format!("{} {noun}s", whole(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart_and_minus_zero_is_zero() {
        assert_eq!(fixed(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(fixed(-1234.0, 0), "\u{2212}1,234");
        assert_eq!(fixed(-0.001, 2), "0.00");
        assert_eq!(fixed(f64::NAN, 2), "–");
        assert_eq!(fixed(-2.5e300, 2), "-2.50e300");
        assert_eq!(whole(999), "999");
        assert_eq!(whole(1_000_000), "1,000,000");
    }

    #[test]
    fn a_column_shows_three_significant_digits() {
        assert_eq!(decimals([1.0, 1500.0]), 0);
        assert_eq!(decimals([1.5, 2.0]), 2);
        assert_eq!(decimals([0.001_234]), 5);
        assert_eq!(decimals([f64::NAN]), 0);
    }

    #[test]
    fn a_number_in_a_sentence_has_no_trailing_zeros() {
        let shown: Vec<_> = [1.4, 46.0, 3.999_9, 237.6, 0.05, 12.25, 2e-7]
            .map(short)
            .into();
        assert_eq!(
            shown,
            ["1.4", "46", "4", "238", "0.05", "12.2", "0.0000002"]
        );
    }

    #[test]
    fn nouns_agree_with_their_number() {
        assert_eq!(count(1, "run"), "1 run");
        assert_eq!(count(12_000, "node"), "12,000 nodes");
    }
}
