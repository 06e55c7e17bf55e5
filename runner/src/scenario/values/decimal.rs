//! Decimal numbers with a unit, read exactly: what a text of a duration or a
//! size is made of.

/// What keeps a decimal number from being a whole count of the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// It is not digits, or digits around one point.
    Malformed,
    /// It has digits beyond the smallest unit.
    TooFine,
    /// It is more than 64 bits hold.
    TooLarge,
}

/// Splits behind the first characters that all fit.
pub fn split(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

/// A decimal number times `scale`, exactly.
///
/// # Errors
/// Where the product is no whole number of 64 bits.
pub fn scaled(number: &str, scale: u64) -> Result<u64, DecimalError> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(DecimalError::Malformed),
        Some(parts) => parts,
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(DecimalError::Malformed);
    }
    let mut total: u64 = 0;
    for digit in whole.bytes() {
        total = total
            .checked_mul(10)
            .and_then(|total| total.checked_add(u64::from(digit - b'0')))
            .ok_or(DecimalError::TooLarge)?;
    }
    total = total.checked_mul(scale).ok_or(DecimalError::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    // Keeps the product below within 128 bits; nobody writes more.
    if fraction.len() > 20 {
        return Err(DecimalError::TooFine);
    }
    let digits: u128 = match fraction {
        "" => 0,
        digits => digits.parse().map_err(|_| DecimalError::Malformed)?,
    };
    let ten = 10_u128.pow(fraction.len() as u32);
    let part = digits * u128::from(scale);
    if !part.is_multiple_of(ten) {
        return Err(DecimalError::TooFine);
    }
    // Less than `scale`, since the fraction is less than 1.
    total
        .checked_add((part / ten) as u64)
        .ok_or(DecimalError::TooLarge)
}
