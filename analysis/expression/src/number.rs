//! Arithmetic that says when it has no result, and comparisons that are exact.

use std::cmp::Ordering;

use crate::evaluate::Why;

/// Compares a whole number with a real one, exactly: no rounding of large whole numbers.
///
/// `None` if the real number is not a number.
pub fn compare(whole: i128, real: f64) -> Option<Ordering> {
    /// 2^127: at and above it, a real number is larger than every whole one.
    const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;
    if real.is_nan() {
        return None;
    }
    if real >= BEYOND {
        return Some(Ordering::Less);
    }
    if real < -BEYOND {
        return Some(Ordering::Greater);
    }
    let floor = real.floor();
    Some(whole.cmp(&(floor as i128)).then(match floor < real {
        true => Ordering::Less,
        false => Ordering::Equal,
    }))
}

/// A real result; fails if it is no number or beyond the range.
pub fn finite(result: f64) -> Result<f64, Why> {
    match result {
        result if result.is_finite() => Ok(result),
        result if result.is_nan() => Err(Why::NotANumber),
        _ => Err(Why::TooLarge),
    }
}

/// The nearest whole number; a half is rounded away from zero.
pub fn rounded(real: f64) -> Result<i128, Why> {
    let rounded = finite(real)?.round();
    match rounded.abs() < 1.7e38 {
        true => Ok(rounded as i128),
        false => Err(Why::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_real_numbers_are_compared_without_rounding() {
        let large = (1_i128 << 53) + 1;
        assert_eq!(
            compare(large, (1_u64 << 53) as f64),
            Some(Ordering::Greater)
        );
        assert_eq!(compare(3, 3.5), Some(Ordering::Less));
        assert_eq!(compare(-3, -3.5), Some(Ordering::Greater));
        assert_eq!(compare(4, 3.5), Some(Ordering::Greater));
        assert_eq!(compare(0, -0.0), Some(Ordering::Equal));
        assert_eq!(compare(i128::MAX, f64::INFINITY), Some(Ordering::Less));
        assert_eq!(
            compare(i128::MIN, f64::NEG_INFINITY),
            Some(Ordering::Greater)
        );
        assert_eq!(compare(i128::MAX, 2f64.powi(127)), Some(Ordering::Less));
        assert_eq!(compare(i128::MIN, -(2f64.powi(127))), Some(Ordering::Equal));
        assert_eq!(compare(0, f64::NAN), None);
    }
}
