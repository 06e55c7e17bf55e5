//! Decimal numbers with a unit, read exactly: the parts of a duration or a size.

/// Why a decimal number is no whole count of the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecimalError {
    /// It is not digits with at most one point between them.
    Malformed,
    /// It has digits below the smallest unit.
    TooFine,
    /// It exceeds 64 bits.
    TooLarge,
}

/// A unit with all its names, the usual one first.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// The names that are read as this unit.
    pub names: &'static [&'static str],
    /// Its size in the smallest unit.
    pub scale: u64,
}

/// The unit with this name.
pub fn unit<'u>(units: &'u [Unit], name: &str) -> Option<&'u Unit> {
    units.iter().find(|unit| unit.names.contains(&name))
}

/// All names as alternatives of a regular expression: `d|day|days|h`.
pub fn alternatives(units: &[Unit]) -> String {
    let names: Vec<&str> = units.iter().flat_map(|unit| unit.names).copied().collect();
    names.join("|")
}

/// Splits after the longest prefix of characters that satisfy `fits`.
pub fn split(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !fits(c)).unwrap_or(text.len()))
}

/// A decimal number times `scale`, exactly.
///
/// # Errors
/// If the product is no whole number of 64 bits.
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
    let whole: u64 = whole.parse().map_err(|_| DecimalError::TooLarge)?;
    let whole = whole.checked_mul(scale).ok_or(DecimalError::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    // Keeps the product below within 128 bits.
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
    whole
        .checked_add((part / ten) as u64)
        .ok_or(DecimalError::TooLarge)
}
